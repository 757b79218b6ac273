//! The steps of a refresh between two rounds. Each runs once, when all it needs has arrived.

use std::collections::BTreeMap;
use std::mem;

use k256::ProjectivePoint;
use zeroize::{Zeroize as _, Zeroizing};

use super::RefreshError;
use super::kept::{KeptCommitments, KeptProofs};
use super::renewal::{Basis, Renewal, State};
use crate::engine::{AffinePoint, PartyIndex, ProofCommitment, PublicKeyPackage};
use crate::outgoing::Outgoing;
use crate::party::PartyId;
use crate::share::KeyShare;
use crate::talk::echo;

const OUTCOME: &[u8] = b"countersign/refresh outcome/1";
const TRANSCRIPT: &[u8] = b"countersign/refresh transcript/1";

impl Renewal {
    /// Refresh 2: draws a polynomial whose value at zero is zero, and gives everybody its point.
    pub(crate) fn start(&mut self, basis: Basis) -> Result<Vec<Outgoing>, RefreshError> {
        if !matches!(self.state, State::Waiting) {
            return Err(RefreshError::Over);
        }
        let points = Zeroizing::new(basis.party.refresh_complete_phase1());
        let mut ours = None;
        let mut outgoing = Vec::with_capacity(points.len());
        for (member, point) in self.talk.committee.members().zip(points.iter()) {
            if member == self.talk.me {
                ours = Some(Zeroizing::new(*point));
            } else {
                outgoing.push(self.talk.direct(1, member, point)?);
            }
        }
        let ours = ours.ok_or(RefreshError::Engine("a polynomial without our point"))?;
        self.state = State::Fragments { basis, ours };
        outgoing.extend(self.advance()?);
        Ok(outgoing)
    }

    /// Refresh 3: all points of our correction are in. Proves knowledge of it and commits to the proof.
    pub(super) fn commit(&mut self) -> Result<Vec<Outgoing>, RefreshError> {
        let ready = matches!(self.state, State::Fragments { .. })
            && self.fragments.holds(self.talk.peers());
        if !ready {
            return Ok(Vec::new());
        }
        let State::Fragments { basis, ours } = mem::replace(&mut self.state, State::Over) else {
            return Err(RefreshError::Over);
        };
        let mut points = Zeroizing::new(Vec::with_capacity(self.talk.peers().saturating_add(1)));
        points.push(*ours);
        points.extend(self.fragments.take().into_values().map(|point| *point));
        let (correction, proof, kept, zero_commits) =
            basis.party.refresh_complete_phase2(self.talk.session.as_bytes(), &points);
        let (correction, kept) = (Zeroizing::new(correction), KeptCommitments(kept));
        let mut outgoing = Vec::new();
        for message in &zero_commits {
            let to = PartyId::from_engine(message.parties.receiver);
            outgoing.push(self.talk.direct(2, to, message)?);
        }
        outgoing.push(self.talk.broadcast(2, &proof.commitment)?);
        self.state = State::Commitments { basis, correction, proof, kept };
        Ok(outgoing)
    }

    /// Refresh 4: all commitments are in. Opens ours and sets up the multiplications.
    pub(super) fn reveal(&mut self) -> Result<Vec<Outgoing>, RefreshError> {
        let ready = matches!(self.state, State::Commitments { .. })
            && self.zero_commits.holds(self.talk.peers())
            && self.commitments.holds(self.talk.peers());
        if !ready {
            return Ok(Vec::new());
        }
        let State::Commitments { basis, correction, proof, kept } =
            mem::replace(&mut self.state, State::Over)
        else {
            return Err(RefreshError::Over);
        };
        let (zero, zero_reveals, multiply, setups) =
            basis.party.refresh_complete_phase3(self.talk.session.as_bytes(), &kept.0);
        let kept = KeptProofs { zero, multiply };
        let mut outgoing = Vec::new();
        for mut setup in zero_reveals.into_iter().zip(setups) {
            let to = PartyId::from_engine(setup.0.parties.receiver);
            let sent = self.talk.direct(3, to, &setup);
            setup.0.seed.zeroize();
            outgoing.push(sent?);
        }
        outgoing.push(self.talk.broadcast(3, &proof.proof)?);
        self.state = State::Proofs { basis, correction, proof, kept };
        Ok(outgoing)
    }

    /// Refresh 5: everything is in. Makes the new share and says what we heard.
    pub(super) fn assemble(&mut self) -> Result<Vec<Outgoing>, RefreshError> {
        let ready = matches!(self.state, State::Proofs { .. })
            && self.setups.holds(self.talk.peers())
            && self.reveals.holds(self.talk.peers());
        if !ready {
            return Ok(Vec::new());
        }
        let State::Proofs { basis, correction, proof, kept } =
            mem::replace(&mut self.state, State::Over)
        else {
            return Err(RefreshError::Over);
        };
        let mut proofs = vec![proof];
        let mut commitments = self.commitments.take();
        for (from, proof) in self.reveals.take() {
            let commitment =
                commitments.remove(&from).ok_or(RefreshError::Engine("a lost commitment"))?;
            proofs.push(ProofCommitment { index: from.to_engine(), proof, commitment });
        }
        let zero_commits: Vec<_> = self.zero_commits.take().into_values().collect();
        let (mut zero_reveals, setups): (Vec<_>, Vec<_>) = self.setups.take().into_values().unzip();
        let made = basis
            .party
            .refresh_complete_phase4(
                self.talk.session.as_bytes(),
                &correction,
                &proofs,
                &kept.zero,
                &zero_commits,
                &zero_reveals,
                &kept.multiply,
                &setups,
            )
            .map_err(|abort| RefreshError::from_abort(&abort, self.talk.me));
        zero_reveals.iter_mut().for_each(|reveal| reveal.seed.zeroize());
        let party = made?;
        let package = corrected(&basis, &proofs)?;
        let domain = [OUTCOME, &basis.origin].concat();
        let outcome = echo::outcome(&domain, &party, &package);
        let transcript = self.talk.transcript(TRANSCRIPT, &outcome);
        let share = KeyShare::checked(party, package, basis.epoch, transcript)?;
        let outgoing = vec![self.talk.echo(4, outcome)?];
        self.state = State::Echo { share, outcome };
        Ok(outgoing)
    }

    /// Refresh 6: all echoes are in. Everybody must have heard what we heard and made what we made.
    pub(super) fn compare(&mut self) -> Result<(), RefreshError> {
        let ready =
            matches!(self.state, State::Echo { .. }) && self.echoes.holds(self.talk.peers());
        if !ready {
            return Ok(());
        }
        let State::Echo { share, outcome } = mem::replace(&mut self.state, State::Over) else {
            return Err(RefreshError::Over);
        };
        for (from, echo) in self.echoes.take() {
            self.talk.compare(from, &echo.heard)?;
            if echo.outcome != outcome {
                return Err(RefreshError::FalseEcho { peer: from });
            }
        }
        self.state = State::Done(share);
        Ok(())
    }
}

/// The public shares to come: the old ones, each with the correction that its party proved.
fn corrected(basis: &Basis, proofs: &[ProofCommitment]) -> Result<PublicKeyPackage, RefreshError> {
    let mut shares: BTreeMap<PartyIndex, AffinePoint> = BTreeMap::new();
    for proof in proofs {
        let old = basis.package.verifying_share(proof.index);
        let old = old.ok_or(RefreshError::Engine("a public share is missing"))?;
        let new: AffinePoint = add(old, &proof.proof.point);
        shares.insert(proof.index, new);
    }
    Ok(PublicKeyPackage::new(basis.party.pk, shares, basis.party.parameters.clone()))
}

#[expect(clippy::arithmetic_side_effects, reason = "a sum in the group does not overflow")]
fn add(left: &AffinePoint, right: &AffinePoint) -> AffinePoint {
    (ProjectivePoint::from(*left) + right).into()
}

//! The steps of keygen between two rounds. Each runs once, when all it needs has arrived.

use std::collections::BTreeMap;
use std::mem;

use zeroize::{Zeroize as _, Zeroizing};

use super::{Keygen, KeygenError, State};
use crate::engine::ProofCommitment;
use crate::frame::body::{Commitments, Reveals};
use crate::outgoing::Outgoing;
use crate::party::PartyId;
use crate::share::KeyShare;
use crate::talk::echo;

const OUTCOME: &[u8] = b"countersign/keygen outcome/1";
const TRANSCRIPT: &[u8] = b"countersign/keygen transcript/1";

impl Keygen {
    /// Keygen 2: all points of our share are in. Proves knowledge of it and commits to the proof.
    pub(super) fn commit(&mut self) -> Result<Vec<Outgoing>, KeygenError> {
        let ready = matches!(self.state, State::Fragments { .. })
            && self.fragments.holds(self.talk.peers());
        if !ready {
            return Ok(Vec::new());
        }
        let State::Fragments { mut engine, ours } = mem::replace(&mut self.state, State::Over)
        else {
            return Err(KeygenError::Over);
        };
        let mut points = Zeroizing::new(vec![*ours]);
        points.extend(self.fragments.take().into_values().map(|point| *point));
        let (proof, zero_commits, chain_code) = engine
            .phase2(&points)
            .map_err(|abort| KeygenError::from_abort(&abort, self.talk.me))?;
        let mut outgoing = Vec::new();
        for message in &zero_commits {
            let to = PartyId::from_engine(message.parties.receiver);
            outgoing.push(self.talk.direct(2, to, message)?);
        }
        let body: Commitments = (proof.commitment, chain_code.clone());
        outgoing.push(self.talk.broadcast(2, &body)?);
        self.state = State::Commitments { engine, proof, chain_code };
        Ok(outgoing)
    }

    /// Keygen 3: all commitments are in. Opens ours and sets up the multiplications.
    pub(super) fn reveal(&mut self) -> Result<Vec<Outgoing>, KeygenError> {
        let ready = matches!(self.state, State::Commitments { .. })
            && self.zero_commits.holds(self.talk.peers())
            && self.commitments.holds(self.talk.peers());
        if !ready {
            return Ok(Vec::new());
        }
        let State::Commitments { mut engine, proof, chain_code } =
            mem::replace(&mut self.state, State::Over)
        else {
            return Err(KeygenError::Over);
        };
        let (zero_reveals, setups, opened) =
            engine.phase3().map_err(|abort| KeygenError::from_abort(&abort, self.talk.me))?;
        let mut outgoing = Vec::new();
        for mut setup in zero_reveals.into_iter().zip(setups) {
            let to = PartyId::from_engine(setup.0.parties.receiver);
            let sent = self.talk.direct(3, to, &setup);
            setup.0.seed.zeroize();
            outgoing.push(sent?);
        }
        let body: Reveals = (proof.proof.clone(), opened.clone());
        outgoing.push(self.talk.broadcast(3, &body)?);
        self.state = State::Proofs { engine, proof, chain_code: (chain_code, opened) };
        Ok(outgoing)
    }

    /// Keygen 4: everything is in. Makes the share and says what we heard.
    pub(super) fn assemble(&mut self) -> Result<Vec<Outgoing>, KeygenError> {
        let ready = matches!(self.state, State::Proofs { .. })
            && self.setups.holds(self.talk.peers())
            && self.reveals.holds(self.talk.peers());
        if !ready {
            return Ok(Vec::new());
        }
        let State::Proofs { engine, proof, chain_code } =
            mem::replace(&mut self.state, State::Over)
        else {
            return Err(KeygenError::Over);
        };
        let me = self.talk.me.to_engine();
        let mut proofs = vec![proof];
        let mut chain_commits = BTreeMap::from([(me, chain_code.0)]);
        let mut chain_reveals = BTreeMap::from([(me, chain_code.1)]);
        let mut commitments = self.commitments.take();
        for (from, reveal) in self.reveals.take() {
            let committed =
                commitments.remove(&from).ok_or(KeygenError::Engine("a lost commitment"))?;
            let index = from.to_engine();
            let (commitment, chain_commit) = committed;
            let (proof, chain_reveal) = reveal;
            proofs.push(ProofCommitment { index, proof, commitment });
            chain_commits.insert(index, chain_commit);
            chain_reveals.insert(index, chain_reveal);
        }
        let zero_commits: Vec<_> = self.zero_commits.take().into_values().collect();
        let (mut zero_reveals, setups): (Vec<_>, Vec<_>) = self.setups.take().into_values().unzip();
        let made = engine
            .phase4(
                &proofs,
                &zero_commits,
                &zero_reveals,
                &setups,
                &chain_commits,
                &chain_reveals,
                |_| String::new(),
            )
            .map_err(|abort| KeygenError::from_abort(&abort, self.talk.me));
        zero_reveals.iter_mut().for_each(|reveal| reveal.seed.zeroize());
        let (party, package) = made?;
        let outcome = echo::outcome(OUTCOME, &party, &package);
        let transcript = self.talk.transcript(TRANSCRIPT, &outcome);
        let share = KeyShare::checked(party, package, 0, transcript)?;
        let outgoing = vec![self.talk.echo(4, outcome)?];
        self.state = State::Echo { share, outcome };
        Ok(outgoing)
    }

    /// Keygen 5: all echoes are in. Everybody must have heard what we heard and made what we made.
    pub(super) fn compare(&mut self) -> Result<(), KeygenError> {
        let ready =
            matches!(self.state, State::Echo { .. }) && self.echoes.holds(self.talk.peers());
        if !ready {
            return Ok(());
        }
        let State::Echo { share, outcome } = mem::replace(&mut self.state, State::Over) else {
            return Err(KeygenError::Over);
        };
        for (from, echo) in self.echoes.take() {
            self.talk.compare(from, &echo.heard)?;
            if echo.outcome != outcome {
                return Err(KeygenError::FalseEcho { peer: from });
            }
        }
        self.state = State::Done(share);
        Ok(())
    }
}

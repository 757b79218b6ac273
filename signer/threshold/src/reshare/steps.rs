//! The steps of a reshare between the deals and the refresh that follows. Each runs once.

use super::judge::{Bench, Judgement, Verdict};
use super::{Reshare, ReshareError, State};
use crate::outgoing::Outgoing;
use crate::party::PartyId;
use crate::talk::echo::Lie;

const DEALT: &[u8] = b"countersign/reshare deals/1";

impl Reshare {
    /// Reshare 3 and 4: all deals are in. Judges them and tells the others.
    pub(super) fn judge(&mut self) -> Result<Vec<Outgoing>, ReshareError> {
        let dealers = self.handover.dealers().len();
        let ready = matches!(self.state, State::Deals)
            && self.deals.holds(dealers)
            && self.points.holds(dealers);
        if !ready {
            return Ok(Vec::new());
        }
        self.take_state();
        let (deals, points) = (self.deals.take(), self.points.take());
        let outcome = self.old.transcript(DEALT, &self.handover.digest());
        let bench = Bench {
            handover: &self.handover,
            me: self.new.me,
            known: self.known.as_ref(),
            deals: &deals,
            points: &points,
        };
        let found = bench.judge(outcome);
        let verdict = bench.verdict(&found, outcome)?;
        let outgoing = vec![self.new.echo_of(&self.old, 2, verdict)?];
        self.state = State::Verdicts(Box::new(Judgement { deals, outcome, found }));
        Ok(outgoing)
    }

    /// Reshare 5: all verdicts are in. Whoever lied is named; if nobody did, the refresh starts.
    pub(super) fn compare(&mut self) -> Result<Vec<Outgoing>, ReshareError> {
        let ready =
            matches!(self.state, State::Verdicts(_)) && self.verdicts.holds(self.new.peers());
        if !ready {
            return Ok(Vec::new());
        }
        let State::Verdicts(judgement) = self.take_state() else {
            return Err(ReshareError::Over);
        };
        let verdicts = self.verdicts.take();
        // What we judged must be what all judged, before anybody is blamed for it.
        for (from, verdict) in &verdicts {
            self.old.compare(*from, &verdict.heard).map_err(|lie| match lie {
                Lie::Equivocation { peer, .. } => ReshareError::Equivocation { dealer: peer },
                Lie::FalseEcho { peer } => ReshareError::FalseVerdict { member: peer },
            })?;
        }
        if judgement.found.is_ok() {
            for (from, verdict) in &verdicts {
                self.check_verdict(*from, &verdict.outcome, &judgement)?;
            }
        }
        let outgoing = self.renewal.start(judgement.found?)?;
        self.state = State::Renewal;
        Ok(outgoing)
    }

    /// We found nothing wrong: neither may `from`, unless it proves it.
    fn check_verdict(
        &self,
        from: PartyId,
        verdict: &Verdict,
        judgement: &Judgement,
    ) -> Result<(), ReshareError> {
        let lie = ReshareError::FalseVerdict { member: from };
        match verdict {
            Verdict::Good(outcome) if *outcome == judgement.outcome => Ok(()),
            Verdict::Good(_) | Verdict::Bad => Err(lie),
            Verdict::WrongPoint { dealer, point, signature } => {
                let Ok(dealer) = PartyId::new(*dealer) else { return Err(lie) };
                let proven = judgement.proves(from, dealer, point, |point| {
                    self.old.has_signed(1, dealer, from, point, signature)
                });
                Err(if proven { ReshareError::WrongPoint { dealer, receiver: from } } else { lie })
            }
        }
    }
}

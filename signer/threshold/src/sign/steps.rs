//! The steps of signing between two rounds. Each runs once, when every peer's message has arrived.

use std::mem;

use super::{SignError, SignRound, Signing, State, error};
use crate::engine::{Phase1, Phase2};
use crate::outgoing::Gated;

impl Signing {
    /// Sign 5: checks the peers' first messages and answers each.
    pub(super) fn answer_first(&mut self) -> Result<Vec<Gated>, SignError> {
        if !self.first.holds(self.counterparties.len()) {
            return Ok(Vec::new());
        }
        let State::AwaitFirst { unique, kept } = mem::replace(&mut self.state, State::Over) else {
            return Err(SignError::Over);
        };
        let received: Vec<Phase1> = self.first.take().into_values().collect();
        let (unique, kept, messages) = self
            .party
            .sign_phase2(&self.data, unique, kept, &received)
            .map_err(|abort| error::from_abort(&abort, &self.gates, &self.counterparties))?;
        let outgoing = messages
            .iter()
            .map(|message| self.gated(SignRound::Second, message.parties.receiver, message))
            .collect::<Result<_, _>>()?;
        self.state = State::AwaitSecond { unique, kept };
        Ok(outgoing)
    }

    /// Sign 6: checks the peers' second messages and gives each our share of the signature.
    pub(super) fn answer_second(&mut self) -> Result<Vec<Gated>, SignError> {
        let ready = matches!(self.state, State::AwaitSecond { .. })
            && self.second.holds(self.counterparties.len());
        if !ready {
            return Ok(Vec::new());
        }
        let State::AwaitSecond { unique, kept } = mem::replace(&mut self.state, State::Over) else {
            return Err(SignError::Over);
        };
        let received: Vec<Phase2> = self.second.take().into_values().collect();
        let (r, ours) = self
            .party
            .sign_phase3(&self.data, unique, kept, &received)
            .map_err(|abort| error::from_abort(&abort, &self.gates, &self.counterparties))?;
        let outgoing = self
            .data
            .counterparties
            .iter()
            .map(|peer| self.gated(SignRound::Last, *peer, &ours))
            .collect::<Result<_, _>>()?;
        self.state = State::AwaitLast { r, ours };
        Ok(outgoing)
    }
}

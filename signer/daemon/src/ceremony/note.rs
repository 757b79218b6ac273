//! What is kept of a ceremony that came to nothing, for peers that ask.

use countersign_protocol::wire;
use serde::{Deserialize, Serialize};

use super::CeremonyError;
use super::statement::SignedStatement;

/// Who proposed it, and what was said against it: our own word that we never acknowledged, or the
/// rejections that gave the key up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Note {
    pub(super) proposer: u8,
    pub(super) statements: Vec<SignedStatement>,
}

impl Note {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, CeremonyError> {
        serde_json::from_slice(bytes).map_err(CeremonyError::Malformed)
    }

    pub(super) fn bytes(&self) -> Result<Vec<u8>, CeremonyError> {
        serde_json::to_vec(self).map_err(CeremonyError::Malformed)
    }

    pub(super) fn into_reply(self) -> wire::OutcomeReply {
        wire::OutcomeReply {
            state: "discarded".to_owned(),
            acks: Vec::new(),
            rejects: self.statements.into_iter().map(SignedStatement::into_wire).collect(),
        }
    }
}

//! What parties say in a ceremony, signed with their identities: whoever says two things to two
//! parties has signed both.

use countersign_protocol::{CommitteeFile, Identity, IdentitySignature, wire};
use countersign_threshold::{PartyId, Witness};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

use super::CeremonyError;
use super::manifest::CeremonyId;

const STATEMENT: &str = "ceremony statement 1";
const PROPOSAL: &str = "ceremony proposal 1";
const BROADCAST: &str = "keygen broadcast 1";
/// No honest body is longer, in bytes.
const BODY_MAX: usize = 4096;
/// Nor any reason, in characters.
const REASON_MAX: usize = 200;

/// A statement with its author's signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedStatement {
    party: u8,
    body: String,
    signature: IdentitySignature,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Statement {
    pub(super) ceremony: CeremonyId,
    pub(super) says: Says,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum Says {
    /// Our operator agrees.
    Confirm,
    /// Our share of the key with this transcript is stored.
    Ack {
        #[serde(with = "hex::serde")]
        transcript: [u8; 32],
    },
    /// We never acknowledged it and never will.
    Discard { reason: String },
    /// We acknowledged the key with this transcript, and never use it.
    Reject {
        #[serde(with = "hex::serde")]
        transcript: [u8; 32],
    },
}

/// What a peer says in words, fit to be printed and said on: bounded, in one line.
pub(super) fn words(said: &str) -> String {
    said.chars().filter(|c| !c.is_control()).take(REASON_MAX).collect()
}

impl SignedStatement {
    pub(super) fn make(
        identity: &Identity,
        me: PartyId,
        statement: &Statement,
    ) -> Result<Self, CeremonyError> {
        let body = serde_json::to_string(statement).map_err(CeremonyError::Malformed)?;
        Ok(Self::sign(identity, me, STATEMENT, body))
    }

    pub(super) fn proposal(identity: &Identity, me: PartyId, manifest: String) -> Self {
        Self::sign(identity, me, PROPOSAL, manifest)
    }

    fn sign(identity: &Identity, me: PartyId, domain: &str, body: String) -> Self {
        let signature = identity.sign(domain, body.as_bytes());
        Self { party: me.index(), body, signature }
    }

    /// Who says what, if the signature is theirs and it is about this ceremony.
    pub(super) fn open(
        &self,
        committee: &CommitteeFile,
        ceremony: CeremonyId,
    ) -> Result<(PartyId, Says), CeremonyError> {
        let party = self.author(committee, STATEMENT)?;
        let statement: Statement =
            serde_json::from_str(&self.body).map_err(CeremonyError::Malformed)?;
        if statement.ceremony != ceremony {
            return Err(CeremonyError::Forged { party });
        }
        let says = match statement.says {
            Says::Discard { reason } => Says::Discard { reason: words(&reason) },
            other => other,
        };
        Ok((party, says))
    }

    /// The signed text, to show it as a proof.
    pub(super) fn body(&self) -> &str {
        &self.body
    }

    /// The manifest inside a proposal, if its author signed it.
    pub(super) fn open_proposal(
        &self,
        committee: &CommitteeFile,
    ) -> Result<(PartyId, &str), CeremonyError> {
        Ok((self.author(committee, PROPOSAL)?, &self.body))
    }

    fn author(&self, committee: &CommitteeFile, domain: &str) -> Result<PartyId, CeremonyError> {
        let stranger = || CeremonyError::Unfit("it is signed by nobody of the committee");
        let party = PartyId::new(self.party).map_err(|_| stranger())?;
        let member = committee.party(self.party).ok_or_else(stranger)?;
        if member.identity.verifies(domain, self.body.as_bytes(), &self.signature) {
            Ok(party)
        } else {
            Err(CeremonyError::Forged { party })
        }
    }

    pub(super) fn into_wire(self) -> wire::SignedBytes {
        wire::SignedBytes {
            party: u32::from(self.party),
            body: self.body.into_bytes(),
            signature: self.signature.as_bytes().to_vec(),
        }
    }

    pub(super) fn from_wire(message: wire::SignedBytes) -> Result<Self, CeremonyError> {
        let malformed = || CeremonyError::Unfit("a statement is malformed");
        if message.body.len() > BODY_MAX {
            return Err(CeremonyError::Unfit("a statement is too long"));
        }
        Ok(Self {
            party: u8::try_from(message.party).map_err(|_| malformed())?,
            body: String::from_utf8(message.body).map_err(|_| malformed())?,
            signature: message.signature.as_slice().try_into().map_err(|_| malformed())?,
        })
    }
}

/// The identities of the committee, as the engine wants them for its broadcasts.
pub(super) struct Identities {
    pub(super) identity: Identity,
    pub(super) committee: Arc<CommitteeFile>,
}

impl Witness for Identities {
    fn sign(&self, statement: &[u8; 32]) -> Vec<u8> {
        self.identity.sign(BROADCAST, statement).as_bytes().to_vec()
    }

    fn verify(&self, party: PartyId, statement: &[u8; 32], signature: &[u8]) -> bool {
        let Ok(signature) = IdentitySignature::try_from(signature) else { return false };
        self.committee
            .party(party.index())
            .is_some_and(|member| member.identity.verifies(BROADCAST, statement, &signature))
    }
}

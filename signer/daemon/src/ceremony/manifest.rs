//! What a ceremony is about: the same bytes at every party, signed by the proposer.

use std::fmt;

use countersign_protocol::{KeyName, KeyPurpose};
use countersign_threshold::{Committee, ENGINE, SessionId};
use rand::TryRngCore as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::CeremonyError;

const VERSION: u32 = 1;

/// The name of a ceremony: the hash of its manifest, which holds fresh randomness.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CeremonyId(#[serde(with = "hex::serde")] pub [u8; 32]);

impl CeremonyId {
    /// The session under which its frames travel.
    pub(super) const fn session(self) -> [u8; 32] {
        self.0
    }
}

impl fmt::Display for CeremonyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for CeremonyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A keygen that an operator proposes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    version: u32,
    engine: String,
    pub(crate) key: KeyName,
    pub(crate) purpose: KeyPurpose,
    pub(crate) threshold: u8,
    pub(crate) parties: u8,
    pub(crate) proposer: u8,
    #[serde(with = "hex::serde")]
    pub(crate) committee: [u8; 32],
    /// Seconds since 1970.
    pub(crate) created_at: u64,
    /// How long operators have to confirm.
    pub(crate) confirm_within_ms: u64,
    #[serde(with = "hex::serde")]
    nonce: [u8; 32],
}

/// What an operator chooses.
pub(super) struct Proposal {
    pub(super) key: KeyName,
    pub(super) purpose: KeyPurpose,
    pub(super) threshold: u8,
    pub(super) confirm_within_ms: u64,
}

impl Manifest {
    pub(super) fn new(
        proposal: Proposal,
        parties: u8,
        proposer: u8,
        committee: [u8; 32],
        created_at: u64,
    ) -> Result<Self, CeremonyError> {
        let mut nonce = [0_u8; 32];
        rand::rngs::OsRng
            .try_fill_bytes(&mut nonce)
            .map_err(|_| CeremonyError::Internal("no randomness"))?;
        let Proposal { key, purpose, threshold, confirm_within_ms } = proposal;
        Ok(Self {
            version: VERSION,
            engine: ENGINE.to_owned(),
            key,
            purpose,
            threshold,
            parties,
            proposer,
            committee,
            created_at,
            confirm_within_ms,
            nonce,
        })
    }

    /// Parses a manifest and gives its id.
    pub(super) fn parse(text: &str) -> Result<(Self, CeremonyId), CeremonyError> {
        let manifest: Self = serde_json::from_str(text).map_err(CeremonyError::Malformed)?;
        if manifest.version != VERSION {
            return Err(CeremonyError::Unfit("its format is unknown"));
        }
        if manifest.engine != ENGINE {
            return Err(CeremonyError::Unfit("its engine is another than ours"));
        }
        manifest.committee()?;
        Ok((manifest, Self::id_of(text)))
    }

    pub(super) fn text(&self) -> Result<String, CeremonyError> {
        serde_json::to_string(self).map_err(CeremonyError::Malformed)
    }

    pub(super) fn id_of(text: &str) -> CeremonyId {
        let mut hash = Sha256::new();
        hash.update(b"countersign ceremony 1\0");
        hash.update(text.as_bytes());
        CeremonyId(hash.finalize().into())
    }

    /// The committee that it wants; keys that own accounts need quorums that overlap.
    pub(super) fn committee(&self) -> Result<Committee, CeremonyError> {
        let committee = match self.purpose {
            KeyPurpose::Accounts | KeyPurpose::Plain => {
                Committee::for_accounts(self.parties, self.threshold)
            }
            KeyPurpose::Paymaster => Committee::new(self.parties, self.threshold),
        };
        committee.map_err(CeremonyError::Committee)
    }
}

/// The session id of the key generation engine: bound to the manifest, and to nothing else's.
pub(super) fn engine_session(id: CeremonyId) -> SessionId {
    let mut hash = Sha256::new();
    hash.update(b"countersign keygen session 1\0");
    hash.update(id.0);
    SessionId::new(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use countersign_protocol::KeyPurpose;

    use super::{CeremonyError, Manifest, Proposal, VERSION};

    fn manifest(threshold: u8) -> Manifest {
        let purpose = KeyPurpose::Accounts;
        let key = "main".parse().unwrap();
        let proposal = Proposal { key, purpose, threshold, confirm_within_ms: 1 };
        Manifest::new(proposal, 3, 1, [0; 32], 1).unwrap()
    }

    #[test]
    fn a_manifest_reads_back_under_the_hash_of_its_bytes() {
        let text = manifest(2).text().unwrap();
        let (read, id) = Manifest::parse(&text).unwrap();
        assert_eq!((read.text().unwrap(), id), (text.clone(), Manifest::id_of(&text)));
        assert_ne!(
            id,
            Manifest::id_of(&manifest(2).text().unwrap()),
            "each has a nonce of its own"
        );
    }

    #[test]
    fn another_format_another_engine_and_an_impossible_committee_are_refused() {
        let refused = |manifest: Manifest| Manifest::parse(&manifest.text().unwrap()).unwrap_err();
        let format = refused(Manifest { version: VERSION + 1, ..manifest(2) });
        assert!(format.to_string().contains("format"), "{format}");
        let engine = refused(Manifest { engine: "another".into(), ..manifest(2) });
        assert!(engine.to_string().contains("engine"), "{engine}");
        let committee = refused(manifest(1));
        assert!(matches!(committee, CeremonyError::Committee(_)), "{committee}");
        let extra = manifest(2).text().unwrap().replacen('{', r#"{"more":1,"#, 1);
        assert!(matches!(Manifest::parse(&extra), Err(CeremonyError::Malformed(_))));
    }
}

//! The committee file: who the cosigners are, where they answer, which gateways may ask them; and
//! every party's signature under all of it.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::identity::{Identity, IdentityKey, IdentitySignature};
use countersign_userop::canonical_json;

const VERSION: u32 = 1;
const DOMAIN: &str = "committee file 1";
const MAX_PARTIES: usize = 32;

/// A committee and its gateways. Every party signs the same body; a daemon trusts the file only
/// when all signatures hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommitteeFile {
    version: u32,
    parties: Vec<CommitteeParty>,
    #[serde(default)]
    gateways: Vec<GatewayEntry>,
    #[serde(default)]
    signatures: BTreeMap<u8, IdentitySignature>,
}

/// One cosigner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommitteeParty {
    /// Its place in the committee, from 1.
    pub index: u8,
    /// Its name, for people.
    pub name: String,
    /// Where it answers, `host:port`.
    pub addr: String,
    /// The key that it is known by.
    pub identity: IdentityKey,
    /// What its operator vouches for.
    #[serde(default)]
    pub facts: PartyFacts,
}

/// Facts about a party that its peers vouch for by signing the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PartyFacts {
    /// Who runs it.
    pub operator: String,
    /// Under which law.
    pub jurisdiction: String,
    /// On whose machines.
    pub provider: String,
    /// Where.
    pub region: String,
}

/// A gateway that may ask for signatures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayEntry {
    /// Its name, for people and for the audit log.
    pub name: String,
    /// The key that it is known by.
    pub identity: IdentityKey,
}

/// SHA-256 of a committee file's body: what sessions and ceremonies bind themselves to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CommitteeHash([u8; 32]);

impl CommitteeHash {
    /// The hash's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for CommitteeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl CommitteeFile {
    /// A file that nobody signed yet. Parties get their indices in the order given.
    ///
    /// # Errors
    /// If two parties or gateways share a name, an address or a key, or there are too few or many.
    pub fn draft(
        parties: Vec<CommitteeParty>,
        gateways: Vec<GatewayEntry>,
    ) -> Result<Self, CommitteeFileError> {
        let parties = (1_u8..=u8::MAX)
            .zip(parties)
            .map(|(index, party)| CommitteeParty { index, ..party })
            .collect();
        let file = Self { version: VERSION, parties, gateways, signatures: BTreeMap::new() };
        file.check_shape()?;
        Ok(file)
    }

    /// Reads a file; it may still lack signatures.
    ///
    /// # Errors
    /// If it cannot be read or is malformed.
    pub fn load(path: &Path) -> Result<Self, CommitteeFileError> {
        let text = std::fs::read_to_string(path).map_err(CommitteeFileError::Io)?;
        Self::from_json(&text)
    }

    /// Parses a file; it may still lack signatures.
    ///
    /// # Errors
    /// If it is malformed.
    pub fn from_json(text: &str) -> Result<Self, CommitteeFileError> {
        let file: Self = serde_json::from_str(text)?;
        if file.version != VERSION {
            return Err(CommitteeFileError::UnknownVersion { version: file.version });
        }
        file.check_shape()?;
        Ok(file)
    }

    /// The file as text.
    ///
    /// # Errors
    /// Never for a file that was drafted or parsed.
    pub fn to_json(&self) -> Result<String, CommitteeFileError> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }

    /// Adds the signature of the party that `identity` belongs to, and says which it is.
    ///
    /// # Errors
    /// If no party has this identity.
    pub fn sign(&mut self, identity: &Identity) -> Result<u8, CommitteeFileError> {
        let key = identity.public();
        let party = self.party_by_key(&key).ok_or(CommitteeFileError::NotAParty)?;
        let index = party.index;
        self.signatures.insert(index, identity.sign(DOMAIN, &self.body()?));
        Ok(index)
    }

    /// Takes over the signatures of another copy of the same file.
    ///
    /// # Errors
    /// If the two say different things.
    pub fn merge(&mut self, other: &Self) -> Result<(), CommitteeFileError> {
        if self.body()? != other.body()? {
            return Err(CommitteeFileError::Different);
        }
        self.signatures.extend(other.signatures.iter().map(|(index, s)| (*index, *s)));
        Ok(())
    }

    /// Whether every party signed this very body.
    ///
    /// # Errors
    /// Names the first party whose signature is missing or wrong.
    pub fn verify(&self) -> Result<(), CommitteeFileError> {
        self.check_shape()?;
        let body = self.body()?;
        for party in &self.parties {
            let name = || party.name.clone();
            let signature = self
                .signatures
                .get(&party.index)
                .ok_or_else(|| CommitteeFileError::Unsigned { name: name() })?;
            if !party.identity.verifies(DOMAIN, &body, signature) {
                return Err(CommitteeFileError::BadSignature { name: name() });
            }
        }
        Ok(())
    }

    /// What sessions and ceremonies bind themselves to.
    ///
    /// # Errors
    /// Never for a file that was drafted or parsed.
    pub fn hash(&self) -> Result<CommitteeHash, CommitteeFileError> {
        Ok(CommitteeHash(Sha256::digest(self.body()?).into()))
    }

    /// The parties, in the order of their indices.
    #[must_use]
    pub fn parties(&self) -> &[CommitteeParty] {
        &self.parties
    }

    /// The gateways that may ask.
    #[must_use]
    pub fn gateways(&self) -> &[GatewayEntry] {
        &self.gateways
    }

    /// Indices of the parties whose signatures are in the file, whether right or wrong.
    pub fn signed_by(&self) -> impl Iterator<Item = u8> + '_ {
        self.signatures.keys().copied()
    }

    /// The party with this index.
    #[must_use]
    pub fn party(&self, index: u8) -> Option<&CommitteeParty> {
        self.parties.iter().find(|party| party.index == index)
    }

    /// The party with this key.
    #[must_use]
    pub fn party_by_key(&self, key: &IdentityKey) -> Option<&CommitteeParty> {
        self.parties.iter().find(|party| party.identity == *key)
    }

    /// The gateway with this key.
    #[must_use]
    pub fn gateway_by_key(&self, key: &IdentityKey) -> Option<&GatewayEntry> {
        self.gateways.iter().find(|gateway| gateway.identity == *key)
    }

    fn body(&self) -> Result<Vec<u8>, CommitteeFileError> {
        let body = serde_json::json!({
            "version": self.version,
            "parties": serde_json::to_value(&self.parties)?,
            "gateways": serde_json::to_value(&self.gateways)?,
        });
        Ok([b"countersign committee\0".as_slice(), &canonical_json(&body)].concat())
    }

    fn check_shape(&self) -> Result<(), CommitteeFileError> {
        let count = self.parties.len();
        if !(2..=MAX_PARTIES).contains(&count) {
            return Err(CommitteeFileError::Size { count });
        }
        if !(1_u8..).zip(&self.parties).all(|(index, party)| party.index == index) {
            return Err(CommitteeFileError::Indices);
        }
        let names = self.parties.iter().map(|p| &p.name);
        let names = names.chain(self.gateways.iter().map(|g| &g.name));
        unique(names.map(String::as_str), "name")?;
        unique(self.parties.iter().map(|p| p.addr.as_str()), "address")?;
        let keys = self.parties.iter().map(|p| p.identity);
        unique(keys.chain(self.gateways.iter().map(|g| g.identity)), "identity")
    }
}

fn unique<T: Eq + std::hash::Hash>(
    items: impl Iterator<Item = T>,
    what: &'static str,
) -> Result<(), CommitteeFileError> {
    let mut seen = HashSet::new();
    for item in items {
        if !seen.insert(item) {
            return Err(CommitteeFileError::Shared { what });
        }
    }
    Ok(())
}

/// Why a committee file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommitteeFileError {
    /// The file could not be read.
    #[error("the committee file could not be read")]
    Io(#[source] std::io::Error),
    /// The file is malformed.
    #[error("the committee file is malformed: {0}")]
    Json(#[from] serde_json::Error),
    /// A format of another time.
    #[error("committee file format {version} is unknown")]
    UnknownVersion {
        /// What was given.
        version: u32,
    },
    /// Too few or too many parties.
    #[error("a committee has 2 to {MAX_PARTIES} parties, not {count}")]
    Size {
        /// How many there are.
        count: usize,
    },
    /// Indices out of order.
    #[error("parties must be numbered 1, 2, 3 … in order")]
    Indices,
    /// Two entries share what must be their own.
    #[error("two entries share the same {what}")]
    Shared {
        /// What they share.
        what: &'static str,
    },
    /// The identity belongs to no party.
    #[error("this identity is no party of the committee")]
    NotAParty,
    /// Two copies that say different things.
    #[error("the files name different committees and cannot be merged")]
    Different,
    /// A signature is missing.
    #[error("party {name:?} has not signed the committee file")]
    Unsigned {
        /// Whose.
        name: String,
    },
    /// A signature is wrong.
    #[error("the signature of party {name:?} does not fit the committee file")]
    BadSignature {
        /// Whose.
        name: String,
    },
}

#[cfg(test)]
mod tests {
    use super::{CommitteeFile, CommitteeFileError, CommitteeParty, GatewayEntry, PartyFacts};
    use crate::identity::Identity;

    fn must_draft(identities: &[Identity]) -> CommitteeFile {
        let parties = identities.iter().enumerate().map(|(at, identity)| CommitteeParty {
            index: 0,
            name: format!("party-{at}"),
            addr: format!("127.0.0.1:{}", 7000 + at),
            identity: identity.public(),
            facts: PartyFacts::default(),
        });
        let gateway = Identity::generate().unwrap().public();
        let gateways = vec![GatewayEntry { name: "gateway".into(), identity: gateway }];
        CommitteeFile::draft(parties.collect(), gateways).unwrap()
    }

    fn must_identities() -> Vec<Identity> {
        (0..3).map(|_| Identity::generate().unwrap()).collect()
    }

    #[test]
    fn a_file_holds_only_when_every_party_signed_it() {
        let identities = must_identities();
        let draft = must_draft(&identities);
        let mut merged = draft.clone();
        for (at, identity) in identities.iter().enumerate() {
            let error = merged.verify().unwrap_err();
            assert!(matches!(error, CommitteeFileError::Unsigned { .. }), "{at}: {error}");
            let mut copy = draft.clone();
            assert_eq!(usize::from(copy.sign(identity).unwrap()), at + 1);
            merged.merge(&copy).unwrap();
        }
        merged.verify().unwrap();
        let again = CommitteeFile::from_json(&merged.to_json().unwrap()).unwrap();
        again.verify().unwrap();
        assert_eq!(again.hash().unwrap(), draft.hash().unwrap());
    }

    #[test]
    fn a_changed_field_breaks_the_signatures() {
        let identities = must_identities();
        let mut file = must_draft(&identities);
        for identity in &identities {
            file.sign(identity).unwrap();
        }
        let text = file.to_json().unwrap().replace("127.0.0.1:7001", "127.0.0.1:9999");
        let error = CommitteeFile::from_json(&text).unwrap().verify().unwrap_err();
        assert!(matches!(error, CommitteeFileError::BadSignature { .. }), "{error}");
    }

    #[test]
    fn strangers_cannot_sign_and_twins_cannot_sit_together() {
        let mut identities = must_identities();
        let mut file = must_draft(&identities);
        let stranger = Identity::generate().unwrap();
        assert!(matches!(file.sign(&stranger), Err(CommitteeFileError::NotAParty)));
        identities[1] = identities[0].clone();
        let twin = |identity: &Identity, name: &str| CommitteeParty {
            index: 0,
            name: name.into(),
            addr: format!("{name}:1"),
            identity: identity.public(),
            facts: PartyFacts::default(),
        };
        let twins = vec![twin(&identities[0], "a"), twin(&identities[1], "b")];
        let error = CommitteeFile::draft(twins, vec![]).unwrap_err();
        assert!(matches!(error, CommitteeFileError::Shared { what: "identity" }), "{error}");
    }
}

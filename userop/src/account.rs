//! The smart accounts we drive: where they live, how they are called, what their owner signs.
//!
//! One file a kind; [`AccountSpec`] is what gateway and cosigners use, so that both agree.

mod countersign;
mod error;
mod proxy;
mod simple;

use std::{fmt, str::FromStr};

use alloy::{
    primitives::{Address, B256, Bytes, U256, b256, eip191_hash_message},
    sol,
    sol_types::{SolCall, SolValue},
};
use serde::{Deserialize, Serialize};

pub use error::AccountError;

use crate::{EntryPointVersion, Factory, Signature65, UserOpHash, decode::canonical};

sol! {
    function createAccount(address owner, uint256 salt) external returns (address);
    function owner() external view returns (address);
}

/// Where an ERC-1967 proxy keeps its implementation.
pub const IMPLEMENTATION_SLOT: B256 =
    b256!("360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc");

/// The kinds of account that we know how to drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AccountKind {
    /// `CountersignAccount`, for EntryPoint 0.7 to 0.9.
    #[serde(rename = "countersign")]
    Countersign,
    /// `SimpleAccount` of the EntryPoint's authors, for EntryPoint 0.6 to 0.8.
    #[serde(rename = "simple")]
    SimpleAccount,
}

/// One kind of account on one EntryPoint of one chain, as one factory makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "RawSpec")]
#[non_exhaustive]
pub struct AccountSpec {
    /// Which kind.
    pub kind: AccountKind,
    /// Which EntryPoint it obeys.
    #[serde(rename = "entry_point_version")]
    pub version: EntryPointVersion,
    /// The contract that deploys it.
    pub factory: Address,
    /// The code behind its proxy.
    pub implementation: Address,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSpec {
    kind: AccountKind,
    entry_point_version: EntryPointVersion,
    factory: Address,
    implementation: Address,
}

/// One call that an account makes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Call {
    /// Who is called.
    pub to: Address,
    /// Wei sent along.
    pub value: U256,
    /// Call data.
    pub data: Bytes,
}

impl AccountSpec {
    /// Describes an account.
    ///
    /// # Errors
    /// When the kind has no implementation for the version.
    pub fn new(
        kind: AccountKind,
        version: EntryPointVersion,
        factory: Address,
        implementation: Address,
    ) -> Result<Self, AccountError> {
        let known = match kind {
            AccountKind::Countersign => version != EntryPointVersion::V0_6,
            AccountKind::SimpleAccount => version != EntryPointVersion::V0_9,
        };
        match known {
            true => Ok(Self { kind, version, factory, implementation }),
            false => Err(AccountError::NoSuchAccount { kind, version }),
        }
    }

    /// Where the factory deploys the account of this owner and salt, deployed or not.
    pub fn address(&self, owner: Address, salt: U256) -> Address {
        match self.kind {
            AccountKind::Countersign => countersign::address(self, owner, salt),
            AccountKind::SimpleAccount => simple::address(self, owner, salt),
        }
    }

    /// What goes into the account's first operation to deploy it.
    pub fn factory_call(&self, owner: Address, salt: U256) -> Factory {
        let data = createAccountCall { owner, salt }.abi_encode();
        Factory::contract(self.factory, data.into())
    }

    /// Owner and salt of the account that an operation deploys.
    ///
    /// # Errors
    /// When it is another factory or another call.
    pub fn parse_factory(&self, factory: &Factory) -> Result<(Address, U256), AccountError> {
        if factory.address != self.factory {
            let (expected, found) = (self.factory, factory.address);
            return Err(AccountError::OtherFactory { expected, found });
        }
        create_account(&factory.data).ok_or(AccountError::NotCreateAccount)
    }

    /// Call data that makes the account do these calls, all or none. No calls are empty call data.
    ///
    /// # Errors
    /// Only SimpleAccount 0.6 has something it cannot do: wei inside a batch.
    pub fn encode_calls(&self, calls: &[Call]) -> Result<Bytes, AccountError> {
        match (calls, self.kind) {
            ([], _) => Ok(Bytes::new()),
            (calls, AccountKind::Countersign) => Ok(countersign::encode_calls(calls)),
            (calls, AccountKind::SimpleAccount) => simple::encode_calls(self.version, calls),
        }
    }

    /// The calls that the account would do, when called with `call_data`.
    ///
    /// Only the canonical encoding is understood: what our decoder and the chain's could read
    /// differently is an error.
    ///
    /// # Errors
    /// When the account is called otherwise than to execute calls.
    pub fn decode_calls(&self, call_data: &[u8]) -> Result<Vec<Call>, AccountError> {
        match (call_data, self.kind) {
            ([], _) => Ok(Vec::new()),
            (data, AccountKind::Countersign) => countersign::decode_calls(data),
            (data, AccountKind::SimpleAccount) => simple::decode_calls(self.version, data),
        }
    }

    /// The 32 bytes that the owner signs: the EIP-191 form of the hash up to 0.7, later the hash.
    pub fn owner_digest(&self, hash: UserOpHash) -> B256 {
        match self.version {
            EntryPointVersion::V0_6 | EntryPointVersion::V0_7 => {
                eip191_hash_message(hash.as_b256().as_slice())
            }
            EntryPointVersion::V0_8 | EntryPointVersion::V0_9 => *hash.as_b256(),
        }
    }

    /// An operation's `signature` for estimates, in the real one's form and length.
    pub fn stub_signature(&self) -> Bytes {
        self.signature(&Signature65::stub())
    }

    /// An operation's `signature` from the owner's.
    pub fn signature(&self, signature: &Signature65) -> Bytes {
        match self.kind {
            AccountKind::Countersign | AccountKind::SimpleAccount => {
                Bytes::copy_from_slice(signature.as_bytes())
            }
        }
    }

    /// The code of every deployed account of this kind: a proxy, without its implementation.
    pub fn runtime_code(&self) -> Bytes {
        match self.kind {
            AccountKind::Countersign => Bytes::from_static(&proxy::SOLADY_RUNTIME),
            AccountKind::SimpleAccount => Bytes::from_static(simple::proxy(self.version).runtime()),
        }
    }

    /// Whether an account with this code and this word in [`IMPLEMENTATION_SLOT`] is of this kind.
    /// Its owner is what [`AccountSpec::owner_call`] answers.
    pub fn recognises(&self, code: &[u8], implementation: B256) -> bool {
        code == &self.runtime_code()[..] && implementation == self.implementation.into_word()
    }

    /// Call data that asks a deployed account for its owner; the answer is one address word.
    pub fn owner_call(&self) -> Bytes {
        ownerCall {}.abi_encode().into()
    }

    /// Reads the answer to [`AccountSpec::owner_call`].
    pub fn read_owner(&self, answer: &[u8]) -> Option<Address> {
        Address::abi_decode_validate(answer).ok()
    }
}

impl TryFrom<RawSpec> for AccountSpec {
    type Error = AccountError;

    fn try_from(raw: RawSpec) -> Result<Self, Self::Error> {
        Self::new(raw.kind, raw.entry_point_version, raw.factory, raw.implementation)
    }
}

/// Owner and salt in the call that both kinds' factories take.
pub(crate) fn create_account(data: &[u8]) -> Option<(Address, U256)> {
    canonical::<createAccountCall>(data).map(|call| (call.owner, call.salt))
}

/// The calls in an account's call data when its kind is unknown, and the function's name. At most
/// one kind understands it: the selectors differ wherever the arguments do.
pub(crate) fn decode_any_account(data: &[u8]) -> Option<(&'static str, Vec<Call>)> {
    if let Ok(calls) = countersign::decode_calls(data) {
        return Some(("execute", calls));
    }
    EntryPointVersion::ALL
        .into_iter()
        .find_map(|version| simple::decode_calls(version, data).ok())
        .map(|calls| (simple::function(data), calls))
}

/// The first four bytes, for messages.
fn selector(data: &[u8]) -> String {
    format!("0x{}", hex::encode(&data[..data.len().min(4)]))
}

impl fmt::Display for AccountKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Countersign => "countersign",
            Self::SimpleAccount => "simple",
        })
    }
}

impl FromStr for AccountKind {
    type Err = AccountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "countersign" => Ok(Self::Countersign),
            "simple" => Ok(Self::SimpleAccount),
            other => Err(AccountError::UnknownKind(other.chars().take(32).collect())),
        }
    }
}

//! What is signed: UserOperations, their hashes, their calls and the accounts they drive. Pure.
//!
//! - [`UserOperation`] is one operation on any [`EntryPointVersion`] from 0.6 to 0.9: read from and
//!   written to JSON as ERC-7769 has it, [packed](UserOperation::pack) for the chain, and
//!   [hashed](UserOperation::hash) as its EntryPoint hashes it.
//! - [`AccountSpec`] is one kind of smart account: its counterfactual address, how its calls are
//!   encoded and decoded, which digest its owner signs.
//! - [`preview()`] shows what an operation does, to the last call inside its batches;
//!   [`preview_operation`] says where too, and has the [canonical form](CanonicalPreview) whose hash
//!   names what was shown. [`Effects`] are what rules ask of it.
//! - [`TypedData`], [`Message`], [`Authorization`], [`Transaction`], [`OwnerProof`] and [`Canary`] are
//!   what else may be signed, each with its digest, its preview and its [slot](OnceSlot).
//! - [`Descriptors`] (ERC-7730) add words for people, which nothing else sees.
//! - [`sponsor_approval_digest`] is what our paymaster's signer signs.
//!
//! ```
//! use countersign_userop::{ChainId, EntryPointVersion, UserOperation};
//!
//! let op = serde_json::json!({
//!     "sender": "0x1111111111111111111111111111111111111111", "nonce": "0x0", "callData": "0x",
//!     "callGasLimit": "0x0", "verificationGasLimit": "0x0", "preVerificationGas": "0x0",
//!     "maxFeePerGas": "0x0", "maxPriorityFeePerGas": "0x0", "signature": "0x",
//! });
//! let version = EntryPointVersion::V0_8;
//! let op = UserOperation::from_json(version, &op)?;
//! let hash = op.hash(version.canonical_address(), ChainId::new(1));
//! assert_eq!(op.to_json()["nonce"], "0x0");
//! assert_ne!(hash, op.hash(version.canonical_address(), ChainId::new(8453)));
//! # Ok::<(), countersign_userop::ParseError>(())
//! ```
//!
//! # Limits
//!
//! A byte field has at most [`MAX_FIELD_BYTES`]; gas values and fees have at most 128 bits, which the
//! EntryPoints demand too. An operation of unknown fields is refused: one of them might change what it
//! means. Preview looks into 16 levels of batches, and names no call whose arguments are encoded
//! otherwise than the compiler would. Typed data has at most 64 types, 8 levels of structs and 4096
//! values; a message has at most [`MAX_MESSAGE_BYTES`]. The hash of an EIP-7702 sender needs the
//! authorization beside it, because nothing here asks a chain for the sender's delegate.
//!
//! Nothing here does I/O: the gateway, the cosigners and the bundler client all stand on it, so
//! that each of them can recompute what another one claims.

mod abi;
mod account;
mod canonical;
mod chain;
mod decode;
mod descriptors;
mod effects;
mod eip7702;
mod error;
mod factory;
mod fields;
mod gas;
mod hash;
mod listing;
mod operation;
mod ordered;
mod pack;
mod paymaster;
mod preview;
mod signable;
mod signature;
mod sponsor;
mod version;
pub mod versioned;

pub use abi::{IEntryPoint, IEntryPointV06, PackedUserOperation, UnpackedUserOperation};
pub use account::{AccountError, AccountKind, AccountSpec, Call, IMPLEMENTATION_SLOT};
pub use canonical::{CanonicalPreview, PreviewHash};
pub use chain::ChainId;
pub use decode::{
    Action, AdminChange, AdminClass, EntryPointCall, Permit2Allowance, Permit2Call, Permit2Pair,
    Permit2Transfer,
};
pub use descriptors::{Descriptors, WordedField, Words};
pub use effects::{AdminEffect, Asset, CalledFunction, Direction, Effects, Extent, Flow};
pub use eip7702::Eip7702Auth;
pub use error::{ParseError, Problem};
pub use factory::Factory;
pub use fields::MAX_FIELD_BYTES;
pub use gas::{Fees, GasLimits};
pub use hash::UserOpHash;
pub use listing::{ListedOperation, ListingError, hash_vectors, list_operations, preview_vectors};
pub use operation::UserOperation;
pub use ordered::{canonical_json, ordered};
pub use pack::PackedOp;
pub use paymaster::Paymaster;
pub use preview::{Deployment, OperationPreview, Preview, PreviewCall, preview, preview_operation};
pub(crate) use preview::{call_body, call_lines, decimal as preview_decimal};
pub use signable::{
    Authorization, Canary, ChainlessDomain, MAX_MESSAGE_BYTES, Message, OnceSlot, OwnerProof,
    Permit, PermitShape, Signable, SignableKind, SponsorshipPreview, Transaction, TypedData,
    TypedDomain, TypedField, TypedValue, preview_sponsorship,
};
pub use signature::{Signature65, SignatureError};
pub use sponsor::{
    SponsorData, SponsorWindow, WindowError, sponsor_approval_digest, sponsor_paymaster_data,
    sponsor_paymaster_stub,
};
pub use version::{EntryPointVersion, UnknownVersion};

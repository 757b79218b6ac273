//! What typed data must not be: something that has a kind of its own, or an account's own wrapping
//! of a hash, behind which anything could hide.

use super::{TypedDomain, struct_types::Types};
use crate::{EntryPointVersion, ParseError, Problem};

/// Types by which an EntryPoint, a Safe, another smart account or a contract of ours takes its
/// owner's word.
const TYPES: [&str; 18] = [
    "PackedUserOperation",
    "UserOperation",
    "SafeTx",
    "SafeMessage",
    "SafeOp",
    "TypedDataSign",
    "PersonalSign",
    "OwnerProof",
    "SponsorApproval",
    "CountersignIntent",
    "CountersignApproval",
    "Kernel",
    "KernelWrapper",
    "CoinbaseSmartWalletMessage",
    "LightAccountMessage",
    "ReplaySafeHash",
    "AccountMessage",
    "MessageHash",
];

pub(super) fn refuse(domain: &TypedDomain, types: &Types) -> Result<(), ParseError> {
    let refuse = |field: &str, why| Err(ParseError::new(field, Problem::Invalid(why)));
    let name = domain.name.as_deref().unwrap_or_default().trim().to_ascii_lowercase();
    if name == "erc4337" {
        return refuse("domain.name", "is the EntryPoint's, whose operations are their own kind");
    }
    if name.starts_with("countersign") {
        return refuse("domain.name", "is one of ours, which are their own kinds");
    }
    let entry_points = EntryPointVersion::ALL.map(EntryPointVersion::canonical_address);
    if domain.verifying_contract.is_some_and(|contract| entry_points.contains(&contract)) {
        return refuse("domain.verifyingContract", "is an EntryPoint");
    }
    if let Some(name) = types.names().find(|name| TYPES.contains(name)) {
        return refuse(&format!("types.{name}"), "is by what an account takes its owner's word");
    }
    Ok(())
}

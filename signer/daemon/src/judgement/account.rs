//! Which kinds of account: kind, factory, EntryPoint version and implementation are the operator's to name.

use countersign_protocol::UserOperationRequest;
use countersign_userop::AccountSpec;

use super::{Refusal, Rule, Ruling};
use crate::config::ChainConfig;

/// The configured account that the request claims its sender to be.
pub(super) fn account<'a>(
    chain: &'a ChainConfig,
    request: &UserOperationRequest,
) -> Ruling<&'a AccountSpec> {
    let claim = &request.account;
    let found = chain.accounts.iter().find(|spec| {
        spec.kind == claim.kind && spec.factory == claim.factory && spec.version == request.version
    });
    found.ok_or_else(|| {
        let message = format!(
            "no {} account of factory {} for EntryPoint {} is configured on chain {}",
            claim.kind, claim.factory, request.version, chain.id
        );
        Refusal::new(Rule::Account, message)
    })
}

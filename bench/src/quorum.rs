//! One call of a gateway to the members of a quorum.

use std::time::{Duration, Instant};

use alloy::primitives::{Address, Bytes, U256};
use anyhow::{Context, bail, ensure};
use countersign_protocol::{
    AccountClaim, Attempt, ChildNumber, KeyName, Request, SignCall, SignReply, SignedReply,
    UserOperationRequest,
};
use countersign_userop::{
    AccountKind, AccountSpec, Call, ChainId, EntryPointVersion, Fees, GasLimits, UserOperation,
};

use crate::committee::Committee;

/// Runs before the measured ones: connections are made and caches filled.
pub(crate) const WARM_UP: u32 = 20;
/// The quorum of what is measured one at a time.
pub(crate) const QUORUM: [u8; 2] = [1, 2];
/// The chain of all requests.
pub(crate) const CHAIN: u64 = 31337;
/// How long a quorum has.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

/// The kind of account that all requests are about. Its senders are counterfactual: no node is asked.
///
/// # Errors
/// If there is no such account on this EntryPoint.
pub(crate) fn account() -> anyhow::Result<AccountSpec> {
    Ok(AccountSpec::new(
        AccountKind::Countersign,
        EntryPointVersion::V0_8,
        Address::repeat_byte(0xfa),
        Address::repeat_byte(0x1a),
    )?)
}

/// A native transfer of one wei by `owner`'s account, under this nonce.
///
/// # Errors
/// If the account cannot encode it.
pub(crate) fn request(
    account: &AccountSpec,
    owner: Address,
    nonce: u32,
) -> anyhow::Result<Request> {
    let call = Call { to: Address::repeat_byte(0xbe), value: U256::from(1), data: Bytes::new() };
    let sender = account.address(owner, U256::ZERO);
    let op = UserOperation::new(
        account.version,
        sender,
        U256::from(nonce),
        account.encode_calls(&[call])?,
    )
    .with_gas(GasLimits { call: 100_000, verification: 150_000, pre_verification: 50_000 })
    .with_fees(Fees { max_fee_per_gas: 2_000_000_000, max_priority_fee_per_gas: 1_000_000_000 });
    Ok(Request::UserOperation(UserOperationRequest {
        entry_point: account.version.canonical_address(),
        chain: ChainId::new(CHAIN),
        version: account.version,
        account: AccountClaim { kind: account.kind, factory: account.factory, salt: U256::ZERO },
        op,
        intent: None,
    }))
}

/// The gateway's call for it, with an attempt of its own.
pub(crate) fn call(
    key: &KeyName,
    child: ChildNumber,
    request: Request,
    quorum: [u8; 2],
) -> SignCall {
    SignCall {
        key: key.clone(),
        child: Some(child),
        request,
        quorum: quorum.to_vec(),
        attempt: Attempt(rand::random()),
        approvals: Vec::new(),
        traceparent: None,
        deadline: DEADLINE,
    }
}

/// One signature of a quorum of two: its milliseconds, and the answer of each member.
///
/// # Errors
/// If a member refuses or fails, or the two give different signatures.
pub(crate) async fn quorum_call(
    committee: &Committee,
    call: &SignCall,
) -> anyhow::Result<(f64, [SignedReply; 2])> {
    let member = |place: usize| {
        let index = call.quorum.get(place).context("no quorum of two")?;
        committee.clients().get(usize::from(*index) - 1).context("no such party")
    };
    let (first, second) = (member(0)?, member(1)?);
    let started = Instant::now();
    let (one, two) = tokio::try_join!(first.sign(call), second.sign(call))?;
    let ms = millis(started);
    let (one, two) = (signed(one)?, signed(two)?);
    ensure!(one.signature == two.signature, "the members of the quorum gave different signatures");
    Ok((ms, [one, two]))
}

/// The signature, or an error that says why there is none.
///
/// # Errors
/// If the reply is a refusal or a failure.
pub(crate) fn signed(reply: SignReply) -> anyhow::Result<SignedReply> {
    match reply {
        SignReply::Signed(signed) => Ok(signed),
        other => bail!("no signature: {other:?}"),
    }
}

/// Milliseconds since then.
pub(crate) fn millis(started: Instant) -> f64 {
    started.elapsed().as_secs_f64() * 1000.0
}

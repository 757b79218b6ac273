//! Taking an intent in: from then on it survives any crash.

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use countersign_userop::{EntryPointVersion, ParseError, UserOperation};
use serde_json::{Map, Value, json};

use super::{
    fault,
    stage::{Draft, Fixed, Intent, Stage},
    worker::entry,
};
use crate::{
    service::{Caller, SendCalls, SendUserOperation, Sent, ServiceError, SponsorChoice},
    store::{Admission, NewOperation},
    wallet,
    world::World,
};

/// EIP-5792's bound on ids.
const MAX_ID: usize = 4_096;

/// More call data than a block would take at 16 gas a byte.
const MAX_CALL_DATA: usize = 128 * 1024;

/// Takes in calls that one of the caller's wallets shall make.
pub(crate) async fn admit_calls(
    world: &World,
    caller: &Caller,
    ask: SendCalls,
) -> Result<Sent, ServiceError> {
    let wallet = wallet::find(world, caller, ask.chain, ask.from).await?;
    if ask.calls.is_empty() {
        return Err(ServiceError::invalid("calls", "there are none"));
    }
    let call_data = wallet
        .account
        .encode_calls(&ask.calls)
        .map_err(|error| ServiceError::invalid("calls", error.to_string()))?;
    let body = json!({
        "method": "calls", "chain": ask.chain, "from": ask.from, "calls": ask.calls,
        "sponsor": ask.sponsor, "nonceKey": ask.nonce_key,
    });
    let op = UserOperation::new(wallet.account.version, wallet.address, U256::ZERO, call_data);
    let fixed = Fixed { lane: ask.nonce_key, ..Fixed::default() };
    let id = id(ask.id)?;
    let intent = Intent { caller: caller.clone(), id, wallet, sponsor: ask.sponsor, fixed };
    admit(world, intent, op, &body).await
}

/// Takes in an operation that the caller built.
pub(crate) async fn admit_operation(
    world: &World,
    caller: &Caller,
    ask: SendUserOperation,
) -> Result<Sent, ServiceError> {
    let version = world.version(ask.chain, ask.entry_point)?;
    let (op, fixed) = complete(version, &ask.op)?;
    let wallet = wallet::find(world, caller, ask.chain, op.sender()).await?;
    if wallet.entry_point != ask.entry_point {
        let text = format!("the wallet answers to {}", wallet.entry_point);
        return Err(ServiceError::invalid("entryPoint", text));
    }
    sponsor_is_clear(&ask.sponsor, fixed)?;
    let body = json!({
        "method": "operation", "chain": ask.chain, "entryPoint": ask.entry_point, "op": ask.op,
        "sponsor": ask.sponsor,
    });
    let id = id(ask.id)?;
    let intent = Intent { caller: caller.clone(), id, wallet, sponsor: ask.sponsor, fixed };
    admit(world, intent, op, &body).await
}

/// An operation of which parts may be missing, for methods that only look at it.
pub(crate) fn parse_operation(
    version: EntryPointVersion,
    op: &Value,
) -> Result<UserOperation, ServiceError> {
    Ok(complete(version, op)?.0)
}

async fn admit(
    world: &World,
    intent: Intent,
    op: UserOperation,
    body: &Value,
) -> Result<Sent, ServiceError> {
    if op.call_data().len() > MAX_CALL_DATA {
        return Err(ServiceError::TooLarge(format!("{} bytes of calls", op.call_data().len())));
    }
    let id = intent.id.clone();
    let admitted = entry("admit", 0, json!({ "sender": op.sender(), "id": id }));
    let new = NewOperation {
        intent,
        body_hash: body_hash(body),
        stage: Stage::Draft(Draft { op }),
        entry: admitted,
    };
    match world.store.admit(new).await.map_err(ServiceError::internal)? {
        Admission::New => {
            fault::reach("draft");
            world.work.notify_one();
            Ok(Sent { id })
        }
        Admission::Same => Ok(Sent { id }),
        Admission::Conflict => Err(ServiceError::DuplicateId(id)),
    }
}

/// `serde_json` keeps the keys of objects sorted, so equal bodies give equal text.
fn body_hash(body: &Value) -> B256 {
    keccak256(body.to_string())
}

fn id(wanted: Option<String>) -> Result<String, ServiceError> {
    match wanted {
        Some(id) if id.is_empty() || id.len() > MAX_ID => {
            Err(ServiceError::invalid("id", format!("must have 1 to {MAX_ID} bytes")))
        }
        Some(id) => Ok(id),
        None => Ok(B256::from(rand::random::<[u8; 32]>()).to_string()),
    }
}

fn sponsor_is_clear(sponsor: &SponsorChoice, fixed: Fixed) -> Result<(), ServiceError> {
    let asks = matches!(sponsor, SponsorChoice::Own | SponsorChoice::Service { .. });
    if fixed.paymaster && asks {
        return Err(ServiceError::invalid("paymaster", "the operation names one already"));
    }
    Ok(())
}

/// Fills what is missing with what stands for nothing, and says what was there.
fn complete(
    version: EntryPointVersion,
    op: &Value,
) -> Result<(UserOperation, Fixed), ServiceError> {
    let Some(given) = op.as_object() else {
        return Err(ServiceError::invalid("userOperation", "is not an object"));
    };
    let has = |name: &str| given.get(name).is_some_and(|value| !value.is_null());
    let filled = |name: &str| has(name) && given.get(name) != Some(&json!("0x"));
    let gas = ["callGasLimit", "verificationGasLimit", "preVerificationGas"];
    let fees = ["maxFeePerGas", "maxPriorityFeePerGas"];
    let fixed = Fixed {
        nonce: has("nonce"),
        gas: gas.into_iter().all(has),
        fees: fees.into_iter().all(has),
        factory: filled("factory") || filled("initCode"),
        paymaster: filled("paymaster") || filled("paymasterAndData"),
        lane: None,
    };
    let mut whole: Map<String, Value> = given.clone();
    for name in gas.into_iter().chain(fees).chain(["nonce"]).filter(|name| !has(name)) {
        whole.insert(name.to_owned(), json!("0x0"));
    }
    for name in empty_fields(version).iter().chain(&["signature", "callData"]) {
        if !has(name) {
            whole.insert((*name).to_owned(), json!("0x"));
        }
    }
    let op = UserOperation::from_json(version, &Value::Object(whole)).map_err(malformed)?;
    if op.sender() == Address::ZERO {
        return Err(ServiceError::invalid("sender", "is zero"));
    }
    Ok((op.with_signature(Bytes::new()), fixed))
}

const fn empty_fields(version: EntryPointVersion) -> &'static [&'static str] {
    match version {
        EntryPointVersion::V0_6 => &["initCode", "paymasterAndData"],
        _ => &[],
    }
}

fn malformed(error: ParseError) -> ServiceError {
    ServiceError::invalid("userOperation", error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENDER: &str = "0x00000000000000000000000000000000000000aa";

    #[test]
    fn an_operation_may_leave_out_what_the_gateway_fills_in() {
        for version in EntryPointVersion::ALL {
            let (op, fixed) =
                complete(version, &json!({ "sender": SENDER, "callData": "0x1234" })).unwrap();
            assert_eq!(op.call_data().as_ref(), [0x12, 0x34]);
            assert!(!fixed.nonce && !fixed.gas && !fixed.fees && !fixed.factory);
        }
    }

    #[test]
    fn what_the_caller_set_is_known_to_be_set() {
        let given = json!({
            "sender": SENDER, "callData": "0x", "nonce": "0x3", "callGasLimit": "0x1",
            "verificationGasLimit": "0x2", "preVerificationGas": "0x3",
            "maxFeePerGas": "0x4", "maxPriorityFeePerGas": "0x1",
        });
        let (op, fixed) = complete(EntryPointVersion::V0_7, &given).unwrap();
        assert!(fixed.nonce && fixed.gas && fixed.fees);
        assert!(!fixed.paymaster && !fixed.factory);
        assert_eq!(op.nonce(), U256::from(3));
    }

    #[test]
    fn a_malformed_field_is_named() {
        let error = complete(EntryPointVersion::V0_7, &json!({ "sender": SENDER, "nonce": "3" }))
            .unwrap_err();
        assert!(error.to_string().contains("nonce"), "{error}");
    }

    #[test]
    fn equal_bodies_hash_alike_whatever_the_order_of_their_keys() {
        let one: Value = serde_json::from_str(r#"{"a":1,"b":{"c":2,"d":3}}"#).unwrap();
        let two: Value = serde_json::from_str(r#"{"b":{"d":3,"c":2},"a":1}"#).unwrap();
        assert_eq!(body_hash(&one), body_hash(&two));
        assert_ne!(body_hash(&one), body_hash(&json!({ "a": 1 })));
    }
}

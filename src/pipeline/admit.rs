//! Taking an intent in: from then on it survives any crash.

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use countersign_userop::canonical_json;
use countersign_userop::{AccountError, EntryPointVersion, ParseError, UserOperation};
use serde_json::{Map, Value, json};

use super::{
    fault,
    stage::{Draft, Fixed, FixedGas, Intent, Stage},
    worker::entry,
};
use crate::{
    paymaster_services,
    service::{
        Caller, CallerSignature, SendCalls, SendUserOperation, Sent, ServiceError, SponsorChoice,
        Wallet, check_id,
    },
    store::{Admission, NewOperation},
    trace::TraceContext,
    wallet,
    world::World,
};

/// Sequences are stored as signed integers; no account ever comes near.
const MAX_SEQUENCE: u64 = i64::MAX as u64 - 1;

/// More call data than a block would take at 16 gas a byte.
const MAX_CALL_DATA: usize = 128 * 1024;

/// Takes in calls that one of the caller's wallets shall make.
pub(crate) async fn admit_calls(
    world: &World,
    caller: &Caller,
    ask: SendCalls,
) -> Result<Sent, ServiceError> {
    let wallet = wallet::find(world, caller, ask.chain, ask.from).await?;
    is_on(world, &wallet, &ask.sponsor)?;
    if ask.calls.is_empty() {
        return Err(ServiceError::invalid("calls", "there are none"));
    }
    let call_data = wallet.account.encode_calls(&ask.calls).map_err(|error| match error {
        AccountError::ValueInBatch => ServiceError::NotAtomic(error.to_string()),
        error => ServiceError::invalid("calls", error.to_string()),
    })?;
    sponsor_may_be_asked(world, &ask.sponsor)?;
    let body = json!({
        "method": "calls", "chain": ask.chain, "from": ask.from, "calls": ask.calls,
        "sponsor": ask.sponsor, "nonceKey": ask.nonce_key, "signature": ask.signature,
    });
    if let Some(lane) = ask.nonce_key {
        lane_fits(lane).map_err(|text| ServiceError::invalid("nonceKey", text))?;
    }
    let op = UserOperation::new(wallet.account.version, wallet.address, U256::ZERO, call_data);
    let fixed = Fixed { lane: ask.nonce_key, ..Fixed::default() };
    let (id, signature) = (signed_id(ask.id, ask.signature.as_ref())?, ask.signature);
    let trace = Some(caller.trace().cloned().unwrap_or_else(TraceContext::fresh));
    let (caller, sponsor) = (caller.clone(), ask.sponsor);
    let intent = Intent { caller, id, wallet, sponsor, fixed, signature, trace };
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
    is_on(world, &wallet, &ask.sponsor)?;
    sponsor_is_clear(&ask.sponsor, fixed)?;
    sponsor_may_be_asked(world, &ask.sponsor)?;
    if op.nonce().as_limbs()[0] > MAX_SEQUENCE {
        let text = format!("its sequence, the low 64 bits, may be at most {MAX_SEQUENCE:#x}");
        return Err(ServiceError::invalid("userOperation.nonce", text));
    }
    let body = json!({
        "method": "operation", "chain": ask.chain, "entryPoint": ask.entry_point, "op": ask.op,
        "sponsor": ask.sponsor, "signature": ask.signature,
    });
    let (id, signature) = (signed_id(ask.id, ask.signature.as_ref())?, ask.signature);
    let trace = Some(caller.trace().cloned().unwrap_or_else(TraceContext::fresh));
    let (caller, sponsor) = (caller.clone(), ask.sponsor);
    let intent = Intent { caller, id, wallet, sponsor, fixed, signature, trace };
    admit(world, intent, op, &body).await
}

/// Nothing is taken in of which we know already that it is off.
fn is_on(world: &World, wallet: &Wallet, sponsor: &SponsorChoice) -> Result<(), ServiceError> {
    let features = world.features.current();
    features.allow_operation(wallet.chain, wallet.account.kind)?;
    if matches!(sponsor, SponsorChoice::Own | SponsorChoice::Service { .. }) {
        features.allow_sponsorship(wallet.chain)?;
    }
    Ok(())
}

/// An operation of which parts may be missing, for methods that only look at it.
pub(crate) fn parse_operation(
    version: EntryPointVersion,
    op: &Value,
) -> Result<UserOperation, ServiceError> {
    Ok(complete(version, op)?.0)
}

/// A signature is over an id that its caller chose; without one it would be over nothing.
fn signed_id(
    given: Option<String>,
    signature: Option<&CallerSignature>,
) -> Result<String, ServiceError> {
    if given.is_none() && signature.is_some() {
        return Err(ServiceError::invalid("id", "an intent is signed over an id: give it here"));
    }
    id(given)
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

/// A nonce is one word: 192 bits of key, 64 bits of sequence.
fn lane_fits(lane: U256) -> Result<(), &'static str> {
    if lane.bit_len() > 192 { Err("has more than 192 bits") } else { Ok(()) }
}

/// `serde_json` keeps the keys of objects sorted, so equal bodies give equal text.
fn body_hash(body: &Value) -> B256 {
    keccak256(canonical_json(body))
}

fn id(wanted: Option<String>) -> Result<String, ServiceError> {
    match wanted {
        Some(id) => match check_id(&id) {
            Ok(()) => Ok(id),
            Err(problem) => Err(ServiceError::invalid("id", problem)),
        },
        None => Ok(B256::from(rand::random::<[u8; 32]>()).to_string()),
    }
}

fn sponsor_may_be_asked(world: &World, sponsor: &SponsorChoice) -> Result<(), ServiceError> {
    let SponsorChoice::Service { url, .. } = sponsor else { return Ok(()) };
    paymaster_services::reach(&world.config, url)
        .map(drop)
        .map_err(|error| ServiceError::invalid("paymasterService.url", error.to_string()))
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
    let fixed = Fixed {
        nonce: has("nonce"),
        gas: FixedGas {
            call: has("callGasLimit"),
            verification: has("verificationGasLimit"),
            pre_verification: has("preVerificationGas"),
            paymaster_verification: has("paymasterVerificationGasLimit"),
            paymaster_post_op: has("paymasterPostOpGasLimit"),
        },
        max_fee: has("maxFeePerGas"),
        tip: has("maxPriorityFeePerGas"),
        factory: filled("factory") || filled("initCode"),
        paymaster: filled("paymaster") || filled("paymasterAndData"),
        lane: None,
    };
    let mut whole: Map<String, Value> = given.clone();
    if !fixed.nonce {
        whole.insert("nonce".to_owned(), json!("0x0"));
    }
    let op =
        UserOperation::from_unpriced_json(version, &Value::Object(whole)).map_err(malformed)?;
    if op.sender() == Address::ZERO {
        return Err(ServiceError::invalid("userOperation.sender", "is zero"));
    }
    Ok((op.with_signature(Bytes::new()), fixed))
}

fn malformed(error: ParseError) -> ServiceError {
    let field = format!("userOperation.{}", error.field());
    ServiceError::invalid(field, error.problem().to_string())
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
            assert!(!fixed.nonce && !fixed.max_fee && !fixed.tip && !fixed.factory);
            assert_eq!(fixed.gas, FixedGas::default());
        }
    }

    #[test]
    fn what_the_caller_set_is_known_to_be_set() {
        let given = json!({
            "sender": SENDER, "callData": "0x", "nonce": "0x3", "callGasLimit": "0x1",
            "preVerificationGas": "0x3", "maxFeePerGas": "0x4",
        });
        let (op, fixed) = complete(EntryPointVersion::V0_7, &given).unwrap();
        assert!(fixed.nonce && fixed.gas.call && fixed.gas.pre_verification && fixed.max_fee);
        assert!(!fixed.gas.verification && !fixed.tip && !fixed.paymaster && !fixed.factory);
        assert_eq!((op.nonce(), op.gas().call), (U256::from(3), 1));
    }

    #[test]
    fn a_paymasters_gas_may_be_left_out() {
        let given = json!({
            "sender": SENDER, "callData": "0x", "paymaster": SENDER, "paymasterData": "0x01",
        });
        let (op, fixed) = complete(EntryPointVersion::V0_7, &given).unwrap();
        assert!(fixed.paymaster && !fixed.gas.paymaster_verification);
        assert_eq!(op.paymaster().unwrap().verification_gas_limit, 0);
    }

    #[test]
    fn an_operation_without_call_data_is_refused_by_that_name() {
        for version in EntryPointVersion::ALL {
            let error = complete(version, &json!({ "sender": SENDER })).unwrap_err();
            let ServiceError::Invalid { field, .. } = error else { panic!("{error}") };
            assert_eq!(field, "userOperation.callData");
        }
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

//! Signatures on what stands alone: typed data, messages, authorizations, transactions of a key's child.
//!
//! Nothing of it is kept here. What may be signed once is the cosigners' to know: the same request asked again is a
//! signature of the same digest again, and another request in its place is refused by their journals.

use alloy::{
    consensus::SignableTransaction as _, eips::eip2718::Encodable2718 as _, primitives::Address,
};
use countersign_protocol::{Request, SignableRequest, SignedIntent};
use countersign_userop::{
    Authorization, ChainlessDomain, Message, ParseError, Signable, Signature65, Transaction,
    TypedData,
};
use serde_json::{Value, json};

use crate::{
    quorum::Ask,
    service::{Caller, CreateSigner, GivenSignature, ServiceError, SignRequest, Signer, ToSign},
    trace::TraceContext,
    wallet,
    world::World,
};

/// Gives the caller a child of a key, or finds the one that it names.
pub(crate) async fn create_signer(
    world: &World,
    caller: &Caller,
    ask: CreateSigner,
) -> Result<Signer, ServiceError> {
    let key = wallet::key_name(&ask.key)?;
    // Before an index is spent, somebody must know the key.
    world.quorum.key(&key).await?;
    let index = wallet::take_child(world, caller, &key, ask.index).await?;
    let address = world.quorum.derive_owner(&key, Some(wallet::child(index)?)).await?;
    Ok(Signer { key: ask.key, index, address })
}

/// Has a quorum sign.
pub(crate) async fn sign(
    world: &World,
    caller: &Caller,
    ask: SignRequest,
) -> Result<GivenSignature, ServiceError> {
    let signer = create_signer(world, caller, ask.signer).await?;
    let signable = read(ask.what, signer.address)?;
    let digest = signable.digest();
    let intent = ask.intent.map(|(id, signed)| SignedIntent {
        id,
        expiry: signed.expiry,
        signer: signed.signer,
        signature: signed.signature,
    });
    let signed = world
        .quorum
        .sign(&Ask {
            key: wallet::key_name(&signer.key)?,
            child: Some(wallet::child(signer.index)?),
            request: Request::Signable(SignableRequest { signable: signable.clone(), intent }),
            digest,
            signer: signer.address,
            approvals: Vec::new(),
            trace: Some(caller.trace().cloned().unwrap_or_else(TraceContext::fresh)),
        })
        .await?;
    let transaction = raw(&signable, &signed.signature)?;
    Ok(GivenSignature {
        signer: signer.address,
        kind: signable.kind(),
        digest,
        signature: signed.signature.as_bytes().to_vec().into(),
        shown: signable.lines(),
        transaction,
    })
}

/// Reads what is to be signed, with the signer's own address where it has to stand.
fn read(what: ToSign, signer: Address) -> Result<Signable, ServiceError> {
    let (field, read) = match what {
        ToSign::TypedData(json) => {
            let read = TypedData::from_json(&json, ChainlessDomain::Granted);
            ("typedData", read.map(Signable::TypedData))
        }
        ToSign::Message(bytes) => {
            let read = Message::from_json(&json!({ "message": bytes }));
            ("message", read.map(Signable::Message))
        }
        ToSign::Authorization(json) => {
            let read = Authorization::from_json(&with(json, "authority", signer));
            ("authorization", read.map(Signable::Authorization))
        }
        ToSign::Transaction(json) => {
            let read = Transaction::from_json(&with(json, "from", signer));
            ("transaction", read.map(Signable::Transaction))
        }
    };
    let signable = read.map_err(|error| invalid(field, &error))?;
    let named = match &signable {
        Signable::Authorization(one) => ("authority", one.authority),
        Signable::Transaction(one) => ("from", one.from),
        _ => return Ok(signable),
    };
    if named.1 != signer {
        let field = format!("{field}.{}", named.0);
        return Err(ServiceError::invalid(field, format!("is not the signer's address {signer}")));
    }
    Ok(signable)
}

/// The object with this member, unless it has one.
fn with(mut json: Value, member: &str, address: Address) -> Value {
    if let Some(object) = json.as_object_mut() {
        object.entry(member).or_insert_with(|| json!(address));
    }
    json
}

fn invalid(field: &str, error: &ParseError) -> ServiceError {
    match error.field() {
        whole if whole == field => ServiceError::invalid(field, error.problem().to_string()),
        inner => ServiceError::invalid(format!("{field}.{inner}"), error.problem().to_string()),
    }
}

/// A transaction as it is sent.
fn raw(signable: &Signable, signature: &Signature65) -> Result<Option<Vec<u8>>, ServiceError> {
    let Signable::Transaction(one) = signable else { return Ok(None) };
    let signature = alloy::primitives::Signature::from_raw(signature.as_bytes())
        .map_err(ServiceError::internal)?;
    Ok(Some(one.unsigned().into_signed(signature).encoded_2718()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNER: Address = Address::repeat_byte(0x55);

    fn transaction(from: Option<Address>) -> Value {
        let mut json = json!({
            "chainId": "0x1", "nonce": "0x0", "to": SIGNER, "gas": "0x5208",
            "maxFeePerGas": "0x2", "maxPriorityFeePerGas": "0x1",
        });
        if let Some(from) = from {
            json["from"] = json!(from);
        }
        json
    }

    #[test]
    fn the_signer_stands_where_the_caller_left_it_out_and_nobody_else_may() {
        let read_it = |from| read(ToSign::Transaction(transaction(from)), SIGNER);
        let left_out = read_it(None).unwrap();
        assert_eq!(left_out, read_it(Some(SIGNER)).unwrap());
        let other = read_it(Some(Address::ZERO)).unwrap_err().to_string();
        assert!(other.starts_with("transaction.from: "), "{other}");
    }

    #[test]
    fn what_cannot_be_read_names_its_field() {
        let word = ToSign::Message(vec![1; 32].into());
        let error = read(word, SIGNER).unwrap_err().to_string();
        assert!(error.starts_with("message: is 32 bytes"), "{error}");
        let mut json = transaction(None);
        json["gasPrice"] = json!("0x1");
        let error = read(ToSign::Transaction(json), SIGNER).unwrap_err().to_string();
        assert!(error.starts_with("transaction.gasPrice: "), "{error}");
    }
}

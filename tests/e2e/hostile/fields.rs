//! An operation that was signed, with one bit of one field changed: no such operation is signed under its nonce.

use countersign_protocol::{SignReply, UserOperationRequest};
use countersign_userop::{EntryPointVersion, UserOperation};
use serde_json::Value;

use super::liar::Liar;
use crate::shared::scene;

/// The last digit of a hex string, with its lowest bit the other way; where there are none, one byte more.
fn flipped(hex: &str) -> String {
    if hex == "0x" {
        return "0x01".to_owned();
    }
    let (head, last) = hex.split_at(hex.len() - 1);
    let digit = u8::from_str_radix(last, 16).unwrap() ^ 1;
    format!("{head}{digit:x}")
}

/// The operation with one bit changed, of each field that the journal's slot does not name.
fn changed(truth: &UserOperationRequest) -> Vec<(String, UserOperationRequest)> {
    let whole = truth.op.to_json();
    let fields = whole.as_object().unwrap().iter();
    // The nonce is the slot: the next one is another operation. The signature is what is asked for.
    let fields = fields.filter(|(name, _)| !["nonce", "signature"].contains(&name.as_str()));
    fields
        .filter_map(|(name, value)| {
            let mut one = whole.clone();
            one[name] = Value::String(flipped(value.as_str()?));
            let op = UserOperation::from_json(truth.version, &one).ok()?;
            Some((name.clone(), UserOperationRequest { op, ..truth.clone() }))
        })
        .collect()
}

async fn no_field_can_be_changed(version: EntryPointVersion) {
    let scene = scene().await;
    let liar = Liar::among(scene.manifest.clone(), scene.gateway_dir(), version).await;
    let truth = liar.truth(11);
    liar.must_be_signed(&liar.call(&[1, 2], truth.clone())).await;
    let changed = changed(&truth);
    assert!(changed.len() >= 8, "{:?}", changed.iter().map(|(name, _)| name).collect::<Vec<_>>());
    for (field, request) in changed {
        let call = liar.call(&[1, 2], request);
        for reply in liar.ask(&[1, 2], &call).await {
            match reply {
                SignReply::Refused { rule, message } => {
                    let rules = ["journal", "sender", "init-code", "calls", "account", "targets"];
                    assert!(rules.contains(&rule.as_str()), "{field}: {rule}: {message}");
                }
                other => panic!("{field}: {other:?}"),
            }
        }
    }
    let honest = Liar::new(scene).await;
    honest.must_leave_the_honest_gateway_served(&format!("after changed fields, {version}")).await;
}

#[tokio::test]
async fn no_field_of_a_signed_operation_can_be_changed_on_entry_point_0_6() {
    no_field_can_be_changed(EntryPointVersion::V0_6).await;
}

#[tokio::test]
async fn no_field_of_a_signed_operation_can_be_changed_on_entry_point_0_7() {
    no_field_can_be_changed(EntryPointVersion::V0_7).await;
}

#[tokio::test]
async fn no_field_of_a_signed_operation_can_be_changed_on_entry_point_0_8() {
    no_field_can_be_changed(EntryPointVersion::V0_8).await;
}

#[tokio::test]
async fn no_field_of_a_signed_operation_can_be_changed_on_entry_point_0_9() {
    no_field_can_be_changed(EntryPointVersion::V0_9).await;
}

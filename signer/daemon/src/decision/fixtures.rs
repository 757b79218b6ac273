//! Entries for tests of the journal, the audit and the commit.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use alloy::primitives::{Address, B256, U256};

use super::Entry;
use countersign_policy::{Asset, CallFacts, DEVELOPMENT, Facts, Flow, Policy, Time};
use countersign_protocol::{Slot, SlotDomain};
use countersign_userop::{ChainId, SignableKind};

use crate::journal::{Claim, GasTerms, KeySlot, OperationTerms, Terms};
use crate::weighing::Weighing;

static ATTEMPTS: AtomicU64 = AtomicU64::new(1);

/// The terms of every claim here.
pub(crate) fn operation_terms() -> OperationTerms {
    OperationTerms {
        init_code: B256::repeat_byte(0xc0),
        calls: B256::repeat_byte(0xca),
        delegate: None,
        paymaster: None,
        gas: GasTerms { call: 100_000, verification: 200_000, ..GasTerms::default() },
        max_fee_per_gas: 2_000_000_000,
        max_priority_fee_per_gas: 1_000_000_000,
    }
}

/// A claim of one and the same slot, by the digest of `byte`.
pub(crate) fn claim(byte: u8) -> Claim {
    Claim {
        slot: KeySlot {
            slot: Slot {
                kind: SignableKind::UserOperation,
                chain: Some(ChainId::new(31_337)),
                domain: SlotDomain::Contract(Address::repeat_byte(0xe0)),
                subject: Some(Address::repeat_byte(0x5e)),
                nonce: U256::from(7),
            },
            key: "treasury".parse().unwrap(),
        },
        digest: B256::repeat_byte(byte),
        request_hash: B256::repeat_byte(byte),
        terms: Terms::Operation(operation_terms()),
    }
}

/// An operation that sends a hundred wei, before a policy.
pub(crate) fn weighing(policy: Policy) -> Weighing {
    let sends = CallFacts {
        target: Address::repeat_byte(0xbe),
        function: "send".into(),
        selector: None,
        sends_value: true,
        depth: 0,
        from: None,
        recipient: None,
        spender: None,
        unlimited: false,
        needs: Vec::new(),
    };
    let facts = Facts {
        kind: SignableKind::UserOperation,
        caller: "desk".into(),
        intent_signed: false,
        key: "treasury".into(),
        purpose: "accounts".into(),
        chain: 31_337,
        account: Some(Address::repeat_byte(0x5e)),
        account_kind: Some("countersign".into()),
        entry_point: Some(Address::repeat_byte(0xe0)),
        entry_point_version: Some("0.8".into()),
        deploys: false,
        sponsor: None,
        calls: vec![sends],
        needs: Vec::new(),
        flows: vec![Flow { asset: Asset::Native, amount: U256::from(100) }],
        fee_ceiling: U256::from(1_000),
        time: Time { hour: 12, weekday: 3 },
        typed_data: None,
    };
    Weighing { policy: Arc::new(policy), facts, approved: BTreeMap::new(), intent: None }
}

/// An allowed entry with a fresh attempt.
pub(crate) fn entry(claim: Claim) -> Entry {
    let mut attempt = [0; 16];
    attempt[8..].copy_from_slice(&ATTEMPTS.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    Entry {
        caller: "gateway-1".into(),
        key: claim.slot.key.to_string(),
        child: Some(3),
        attempt: Some(attempt),
        traceparent: None,
        request_hash: claim.request_hash,
        operation: None,
        preview: vec!["send 1 wei to 0x01".into()],
        slot: Some(claim.slot.clone()),
        claim: Some(claim),
        preview_hash: None,
        weighing: Some(weighing(Policy::parse(DEVELOPMENT).unwrap())),
        exposure: None,
        verdict: Ok(()),
    }
}

//! Permits are approvals, whatever they look like.

use alloy::primitives::{Address, B256, U256};
use countersign_userop::{Asset, Direction, Extent, OnceSlot, PermitShape, TypedData};
use serde_json::{Map, Value, json};

use super::read;

const TOKEN: Address = Address::repeat_byte(0x70);
const OWNER: Address = Address::repeat_byte(0x0a);
const SPENDER: Address = Address::repeat_byte(0x5e);

/// Typed data of a type whose members are written as `type name`.
fn typed(types: &[(&str, &[&str])], message: Value) -> TypedData {
    let member = |text: &&str| {
        let (kind, name) = text.split_once(' ').expect("type and name");
        json!({ "name": name, "type": kind })
    };
    let all: Map<_, _> = types
        .iter()
        .map(|(name, members)| ((*name).to_owned(), members.iter().map(member).collect()))
        .collect();
    let json = json!({
        "types": all, "primaryType": types[0].0, "message": message,
        "domain": { "name": "T", "chainId": 1, "verifyingContract": format!("{TOKEN:#x}") },
    });
    read(&json).expect("well formed")
}

const ERC2612: &[&str] =
    &["address owner", "address spender", "uint256 value", "uint256 nonce", "uint256 deadline"];
const DETAILS: &[&str] = &["address token", "uint160 amount", "uint48 expiration", "uint48 nonce"];
const TOKENS: &[&str] = &["address token", "uint256 amount"];

fn erc2612(value: U256) -> TypedData {
    let message = json!({ "owner": OWNER, "spender": SPENDER, "value": value.to_string(),
        "nonce": 4, "deadline": 9 });
    typed(&[("Permit", ERC2612)], message)
}

#[test]
fn an_erc2612_permit_is_an_approval_with_its_nonce_as_slot() {
    let data = erc2612(U256::from(5));
    let permit = data.permit().expect("a permit");
    assert_eq!(permit.shape, PermitShape::Erc2612);
    let [flow] = permit.flows[..] else { panic!("{permit:?}") };
    assert_eq!(flow.asset, Asset::Token { token: TOKEN });
    assert_eq!((flow.holder, flow.counterparty), (Some(OWNER), SPENDER));
    assert_eq!((flow.amount, flow.extent), (U256::from(5), Extent::Limited));
    let (chain, contract, holder) = (data.chain(), Some(TOKEN), Some(OWNER));
    assert_eq!(data.slot(), OnceSlot::Nonce { chain, contract, holder, nonce: U256::from(4) });
    let unlimited = erc2612(U256::MAX);
    assert_eq!(unlimited.effects().unlimited_approvals().count(), 1);
    assert!(
        unlimited
            .lines()
            .iter()
            .any(|line| line.contains("APPROVAL") && line.contains("unlimited"))
    );
    assert_eq!(data.slot(), unlimited.slot());
}

#[test]
fn a_dai_permit_is_everything_or_nothing() {
    let members =
        &["address holder", "address spender", "uint256 nonce", "uint256 expiry", "bool allowed"];
    for allowed in [true, false] {
        let message = json!({ "holder": OWNER, "spender": SPENDER, "nonce": 1, "expiry": 2,
            "allowed": allowed });
        let data = typed(&[("Permit", members)], message);
        assert_eq!(data.permit().map(|p| p.shape), Some(PermitShape::Dai));
        assert_eq!(data.effects().unlimited_approvals().count() == 1, allowed);
    }
}

#[test]
fn permit2_permits_name_each_token() {
    let details = |amount: U256| {
        json!({ "token": OWNER, "amount": amount.to_string(),
        "expiration": 1, "nonce": 2 })
    };
    let limit = (U256::ONE << 160) - U256::ONE;
    let single = typed(
        &[
            ("PermitSingle", &["PermitDetails details", "address spender", "uint256 sigDeadline"]),
            ("PermitDetails", DETAILS),
        ],
        json!({ "details": details(limit), "spender": SPENDER, "sigDeadline": 1 }),
    );
    assert_eq!(single.permit().map(|p| p.shape), Some(PermitShape::Permit2Single));
    assert_eq!(single.effects().unlimited_approvals().count(), 1);
    let batch = typed(
        &[
            ("PermitBatch", &["PermitDetails[] details", "address spender", "uint256 sigDeadline"]),
            ("PermitDetails", DETAILS),
        ],
        json!({ "details": [details(limit), details(U256::ONE)], "spender": SPENDER, "sigDeadline": 1 }),
    );
    assert_eq!(batch.permit().map(|p| p.shape), Some(PermitShape::Permit2Batch));
    assert_eq!(batch.effects().approvals().count(), 2);
    assert_eq!(batch.effects().unlimited_approvals().count(), 1);
}

#[test]
fn permit2_transfers_with_or_without_witness_are_approvals_with_a_slot() {
    let permitted = json!({ "token": OWNER, "amount": "7" });
    let plain =
        &["TokenPermissions permitted", "address spender", "uint256 nonce", "uint256 deadline"][..];
    let several = &[
        "TokenPermissions[] permitted",
        "address spender",
        "uint256 nonce",
        "uint256 deadline",
    ][..];
    let witness: Vec<_> = [plain, &["Order witness"]].concat();
    let batch_witness: Vec<_> = [several, &["Order witness"]].concat();
    let tokens = ("TokenPermissions", TOKENS);
    let order = ("Order", &["uint256 id"][..]);
    let message = |permitted: Value| {
        json!({ "permitted": permitted, "spender": SPENDER, "nonce": 3,
        "deadline": 4 })
    };
    let with_witness = |permitted: Value| {
        let mut message = message(permitted);
        message["witness"] = json!({ "id": 1 });
        message
    };
    let list = json!([permitted, permitted]);
    let (one, many) = (PermitShape::Permit2Transfer, PermitShape::Permit2BatchTransfer);
    let cases = [
        (typed(&[("PermitTransferFrom", plain), tokens], message(permitted.clone())), one),
        (typed(&[("PermitBatchTransferFrom", several), tokens], message(list.clone())), many),
        (
            typed(
                &[("PermitWitnessTransferFrom", &witness), tokens, order],
                with_witness(permitted),
            ),
            one,
        ),
        (
            typed(
                &[("PermitBatchWitnessTransferFrom", &batch_witness), tokens, order],
                with_witness(list),
            ),
            many,
        ),
    ];
    for (data, shape) in cases {
        let permit = data.permit().expect("a permit");
        assert_eq!(permit.shape, shape);
        assert!(permit.flows.iter().all(|f| f.amount == U256::from(7)));
        let (chain, contract) = (data.chain(), Some(TOKEN));
        let slot = OnceSlot::Nonce { chain, contract, holder: None, nonce: U256::from(3) };
        assert_eq!(data.slot(), slot);
    }
}

#[test]
fn an_erc3009_authorization_is_a_transfer() {
    let members = &[
        "address from",
        "address to",
        "uint256 value",
        "uint256 validAfter",
        "uint256 validBefore",
        "bytes32 nonce",
    ];
    let message = json!({ "from": OWNER, "to": SPENDER, "value": "8", "validAfter": 0,
        "validBefore": 1, "nonce": B256::repeat_byte(1) });
    let data = typed(&[("TransferWithAuthorization", members)], message);
    let flow = data.effects().flows[0];
    assert_eq!((flow.direction, flow.amount), (Direction::Out, U256::from(8)));
}

#[test]
fn what_only_looks_like_a_permit_counts_as_an_approval_of_everything() {
    let other_members = typed(
        &[("Permit", &["address spender", "uint256 tokenId", "uint256 nonce", "uint256 deadline"])],
        json!({ "spender": SPENDER, "tokenId": 1, "nonce": 1, "deadline": 1 }),
    );
    let reordered = typed(
        &[(
            "Permit",
            &[
                "address spender",
                "address owner",
                "uint256 value",
                "uint256 nonce",
                "uint256 deadline",
            ],
        )],
        json!({ "spender": SPENDER, "owner": OWNER, "value": 1, "nonce": 1, "deadline": 1 }),
    );
    let inside = typed(
        &[("Order", &["MyPermit permit"]), ("MyPermit", &["address operator"])],
        json!({ "permit": { "operator": SPENDER } }),
    );
    for data in [other_members, reordered, inside] {
        assert_eq!(data.permit().map(|p| p.shape), Some(PermitShape::Lookalike));
        assert_eq!(data.effects().unlimited_approvals().count(), 1);
        assert!(matches!(data.slot(), OnceSlot::Digest { .. }));
    }
}

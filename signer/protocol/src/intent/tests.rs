//! Intents verify for what they were made for and nothing else.

use alloy::dyn_abi::TypedData;
use alloy::primitives::U256;
use alloy::signers::SignerSync;
use alloy::signers::local::PrivateKeySigner;
use ed25519_dalek::{Signer as _, SigningKey};

use super::*;

const NOW: u64 = 1_000;
const SENDER: Address = Address::repeat_byte(0xac);

fn calls() -> Vec<Call> {
    let call = |byte, value| Call {
        to: Address::repeat_byte(byte),
        value: U256::from(value),
        data: Bytes::from(vec![byte; 5]),
    };
    vec![call(1, 7), call(2, 0)]
}

fn intent(calls: &[Call]) -> Intent<'_> {
    Intent { id: "pay-rent", chain: ChainId::new(5), sender: SENDER, calls, expiry: NOW }
}

fn by_wallet(wallet: &PrivateKeySigner) -> SignedIntent {
    let calls = calls();
    let signature = wallet.sign_hash_sync(&intent(&calls).digest()).unwrap();
    SignedIntent {
        id: "pay-rent".into(),
        expiry: NOW,
        signer: IntentKey::Wallet(wallet.address()),
        signature: signature.as_bytes().into(),
    }
}

fn by_backend(key: &SigningKey) -> SignedIntent {
    let calls = calls();
    let signature = key.sign(&intent(&calls).ed25519_message());
    SignedIntent {
        id: "pay-rent".into(),
        expiry: NOW,
        signer: IntentKey::Ed25519(key.verifying_key().to_bytes().into()),
        signature: signature.to_bytes().to_vec().into(),
    }
}

fn both() -> [SignedIntent; 2] {
    [by_wallet(&PrivateKeySigner::random()), by_backend(&SigningKey::from_bytes(&[7; 32]))]
}

#[test]
fn a_wallet_and_a_backend_can_sign_an_intent() {
    for signed in both() {
        let signer = signed.verify(ChainId::new(5), SENDER, &calls(), NOW).unwrap();
        assert_eq!(signer, signed.signer);
    }
}

#[test]
fn an_intent_verifies_for_nothing_but_what_it_was_made_for() {
    let calls = calls();
    let mut altered: Vec<Vec<Call>> = Vec::new();
    altered.push(calls[..1].to_vec());
    altered.push(calls.iter().rev().cloned().collect());
    altered.push(Vec::new());
    for change in [
        |call: &mut Call| call.to = Address::ZERO,
        |call: &mut Call| call.value = U256::from(8),
        |call: &mut Call| call.data = Bytes::new(),
    ] {
        let mut other = calls.clone();
        change(&mut other[0]);
        altered.push(other);
    }
    for signed in both() {
        let refused = |chain, sender, calls: &[Call], signed: &SignedIntent| {
            let error = signed.verify(ChainId::new(chain), sender, calls, NOW).unwrap_err();
            assert_eq!(error, IntentError::Signature { signer: signed.signer });
        };
        refused(6, SENDER, &calls, &signed);
        refused(5, Address::ZERO, &calls, &signed);
        for other in &altered {
            refused(5, SENDER, other, &signed);
        }
        refused(5, SENDER, &calls, &SignedIntent { id: "pay-twice".into(), ..signed.clone() });
        refused(5, SENDER, &calls, &SignedIntent { expiry: NOW + 1, ..signed.clone() });
        let mut spoiled = signed.signature.to_vec();
        spoiled[3] ^= 1;
        refused(5, SENDER, &calls, &SignedIntent { signature: spoiled.into(), ..signed.clone() });
        refused(5, SENDER, &calls, &SignedIntent { signature: Bytes::new(), ..signed.clone() });
    }
}

#[test]
fn an_expired_intent_is_refused_by_name() {
    for signed in both() {
        let error = signed.verify(ChainId::new(5), SENDER, &calls(), NOW + 1).unwrap_err();
        assert_eq!(error, IntentError::Expired { expiry: NOW, now: NOW + 1 });
    }
}

#[test]
fn an_id_has_a_length() {
    for signed in both() {
        for id in [String::new(), "x".repeat(MAX_ID + 1)] {
            let length = id.len();
            let signed = SignedIntent { id, ..signed.clone() };
            let error = signed.verify(ChainId::new(5), SENDER, &calls(), NOW).unwrap_err();
            assert_eq!(error, IntentError::Id { length });
        }
    }
}

#[test]
fn one_kind_of_key_does_not_pass_for_the_other() {
    let [wallet, backend] = both();
    let crossed = SignedIntent { signer: backend.signer, ..wallet.clone() };
    assert!(crossed.verify(ChainId::new(5), SENDER, &calls(), NOW).is_err());
    let crossed = SignedIntent { signer: wallet.signer, ..backend };
    assert!(crossed.verify(ChainId::new(5), SENDER, &calls(), NOW).is_err());
}

#[test]
fn the_typed_data_for_wallets_has_the_same_digest() {
    let calls = calls();
    let intent = intent(&calls);
    let typed: TypedData = serde_json::from_value(intent.typed_data()).unwrap();
    assert_eq!(typed.eip712_signing_hash().unwrap(), intent.digest());
}

fn signable(message: &'static [u8]) -> Signable {
    Signable::Message(countersign_userop::Message::new(Bytes::from_static(message)).unwrap())
}

#[test]
fn a_wish_for_a_signature_verifies_for_that_digest_and_signer_and_no_other() {
    let (wallet, backend) = (PrivateKeySigner::random(), SigningKey::from_bytes(&[7; 32]));
    let asked = signable(b"hello");
    let intent = SignableIntent::new("greet", &asked, SENDER, NOW);
    let of = |signer, signature: Bytes| SignedIntent {
        id: "greet".into(),
        expiry: NOW,
        signer,
        signature,
    };
    let by_wallet = wallet.sign_hash_sync(&intent.digest()).unwrap().as_bytes();
    let by_backend = backend.sign(&intent.ed25519_message()).to_bytes().to_vec();
    for signed in [
        of(IntentKey::Wallet(wallet.address()), by_wallet.into()),
        of(IntentKey::Ed25519(backend.verifying_key().to_bytes().into()), by_backend.into()),
    ] {
        assert_eq!(signed.verify_signable(&asked, SENDER, NOW), Ok(signed.signer));
        let refused = |asked: &Signable, signer, signed: &SignedIntent| {
            let error = signed.verify_signable(asked, signer, NOW).unwrap_err();
            assert_eq!(error, IntentError::Signature { signer: signed.signer });
        };
        refused(&signable(b"hallo"), SENDER, &signed);
        refused(&asked, Address::ZERO, &signed);
        refused(&asked, SENDER, &SignedIntent { id: "greet again".into(), ..signed.clone() });
        refused(&asked, SENDER, &SignedIntent { expiry: NOW + 1, ..signed.clone() });
        let late = signed.verify_signable(&asked, SENDER, NOW + 1).unwrap_err();
        assert_eq!(late, IntentError::Expired { expiry: NOW, now: NOW + 1 });
        assert!(signed.verify(ChainId::new(0), SENDER, &[], NOW).is_err());
    }
}

#[test]
fn the_typed_data_of_a_wish_for_a_signature_has_the_same_digest() {
    let asked = signable(b"hello");
    let intent = SignableIntent::new("greet", &asked, SENDER, NOW);
    let typed: TypedData = serde_json::from_value(intent.typed_data()).unwrap();
    assert_eq!(typed.eip712_signing_hash().unwrap(), intent.digest());
}

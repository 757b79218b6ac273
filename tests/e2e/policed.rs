//! Stories under a policy: callers sign what they want, and people approve large amounts.

mod approvals;
mod intents;

use std::time::{SystemTime, UNIX_EPOCH};

use alloy::dyn_abi::TypedData;
use alloy::primitives::{Address, U256};
use alloy::signers::{SignerSync as _, local::PrivateKeySigner};
use countersign_devnet::{JsonRpc, Wallet, World, WorldOptions};
use countersign_protocol::Intent;
use countersign_userop::{AccountKind, Call, ChainId, EntryPointVersion};
use serde_json::{Value, json};

use crate::ledger::Ledger;

/// Above so many wei two treasurers must approve.
const SMALL_WEI: u64 = 1_000;

/// A network whose policy knows one caller and three treasurers, the caller among them.
struct Policed {
    world: World,
    caller: PrivateKeySigner,
    treasurers: [PrivateKeySigner; 2],
    wallet: Wallet,
}

impl Policed {
    async fn start() -> Self {
        let caller = PrivateKeySigner::random();
        let treasurers = [PrivateKeySigner::random(), PrivateKeySigner::random()];
        let members = [caller.address(), treasurers[0].address(), treasurers[1].address()];
        let policy = Some(policy(caller.address(), &members));
        let mut world =
            World::start(WorldOptions { policy, ..WorldOptions::default() }).await.unwrap();
        let kind = AccountKind::Countersign;
        let wallet = world.create_wallet(kind, EntryPointVersion::V0_8).await.unwrap();
        Ledger::of(world.anvil().url()).must_fund(wallet.address).await;
        Self { world, caller, treasurers, wallet }
    }

    fn rpc(&self) -> JsonRpc {
        self.world.rpc().unwrap()
    }

    /// Calls of `wallet_sendCalls` with the caller's signature over `signed`.
    fn batch(&mut self, id: &str, wei: u64, signed: Signed) -> Value {
        let chain = ChainId::new(self.world.anvil().chain_id());
        signed_batch(&self.caller, chain, self.wallet.address, id, wei, signed)
    }

    async fn must_send(&mut self, id: &str, wei: u64, signed: Signed) {
        let batch = self.batch(id, wei, signed);
        self.rpc().call::<Value>("wallet_sendCalls", batch).await.unwrap();
    }
}

/// Calls of `wallet_sendCalls` that give so many wei away, with the caller's signature over `signed`.
pub(crate) fn signed_batch(
    caller: &PrivateKeySigner,
    chain: ChainId,
    from: Address,
    id: &str,
    wei: u64,
    signed: Signed,
) -> Value {
    let calls = [gift(signed.wei.unwrap_or(wei))];
    let intent = Intent { id, chain, sender: from, calls: &calls, expiry: signed.expiry };
    let signature = sign(caller, intent.typed_data());
    json!([{
        "version": "2.0.0", "id": id, "from": from, "chainId": chain,
        "atomicRequired": true, "calls": [gift(wei)],
        "capabilities": { "countersign": {
            "sponsor": "account",
            "intent": {
                "expiry": signed.expiry, "wallet": caller.address(), "signature": signature,
            },
        } },
    }])
}

/// What of the intent is signed otherwise than it is sent.
#[derive(Clone, Copy)]
pub(crate) struct Signed {
    expiry: u64,
    wei: Option<u64>,
}

impl Signed {
    pub(crate) fn truly() -> Self {
        Self { expiry: now() + 600, wei: None }
    }
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Signed as any wallet signs typed data.
pub(crate) fn sign(by: &PrivateKeySigner, typed: Value) -> String {
    let typed: TypedData = serde_json::from_value(typed).unwrap();
    let signature = by.sign_hash_sync(&typed.eip712_signing_hash().unwrap()).unwrap();
    alloy::hex::encode_prefixed(signature.as_bytes())
}

fn gift(wei: u64) -> Call {
    Call { to: HEIR, value: U256::from(wei), data: Default::default() }
}

const HEIR: Address = Address::repeat_byte(0xe1);

fn policy(caller: Address, treasurers: &[Address]) -> String {
    format!(
        r#"version = 1
policies = '''
@id("the shop asks")
permit (principal == Caller::"shop", action in [Action::"userOperation", Action::"call"], resource)
when {{ !context.undecodable }};

@id("large amounts need two treasurers")
forbid (principal, action, resource)
when {{ context.exceeded.contains("small") }}
unless {{ context.approvals.contains("treasurers:2") }};
'''

[groups]
treasurers = {treasurers:?}

[[callers]]
name = "shop"
wallet = "{caller}"

[[limits]]
name = "small"
asset = "native"
max = "{SMALL_WEI}"
"#,
        treasurers = treasurers.iter().map(ToString::to_string).collect::<Vec<_>>(),
    )
}

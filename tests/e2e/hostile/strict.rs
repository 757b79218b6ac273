//! A network whose policy waives nothing, and a gateway of ill will that its cosigners take for the honest one.
//!
//! One caller, the desk, signs what it wants: gifts of wei and transfers of tokens. Large gifts need two treasurers, and
//! a wallet gives away so much in a day.

use alloy::primitives::Address;
use alloy::signers::{SignerSync as _, local::PrivateKeySigner};
use countersign_devnet::{World, WorldOptions};
use countersign_protocol::{Intent, IntentKey, SignReply, SignedIntent, UserOperationRequest};
use countersign_userop::{Call, ChainId, EntryPointVersion};
use serde_json::Value;
use tokio::sync::{Mutex, MutexGuard, OnceCell};

use super::liar::{Liar, gift};
use crate::ledger::Ledger;
use crate::policed::{Signed, now, signed_batch};
use crate::shared::must_settle;

/// A larger gift needs two treasurers.
pub(super) const SMALL_WEI: u64 = 10_000;
/// A wallet gives no more away in a day.
pub(super) const DAILY_WEI: u64 = 10 * SMALL_WEI;

/// Who is given wei.
pub(super) const HEIR: Address = Address::repeat_byte(0xe1);

/// The network, its people, and whoever asks its members directly.
pub(super) struct Strict {
    pub(super) world: World,
    pub(super) liar: Liar,
    pub(super) desk: PrivateKeySigner,
    pub(super) treasurers: [PrivateKeySigner; 2],
    asked: u64,
}

/// The network, whole, one story at a time.
pub(super) async fn strict() -> MutexGuard<'static, Strict> {
    static WORLD: OnceCell<Mutex<Strict>> = OnceCell::const_new();
    let start = || async { Mutex::new(Strict::start().await) };
    let mut held = WORLD.get_or_init(start).await.lock().await;
    held.liar.reconnect();
    held
}

impl Strict {
    async fn start() -> Self {
        let desk = PrivateKeySigner::random();
        let treasurers = [PrivateKeySigner::random(), PrivateKeySigner::random()];
        let members = [desk.address(), treasurers[0].address(), treasurers[1].address()];
        let policy = Some(policy(desk.address(), &members));
        let mut world =
            World::start(WorldOptions { policy, ..WorldOptions::default() }).await.unwrap();
        let liar = liar(&mut world).await;
        Ledger::of(world.anvil().url()).must_fund(liar.sender()).await;
        Self { world, liar, desk, treasurers, asked: 0 }
    }

    /// Another wallet, and whoever lies about it.
    pub(super) async fn another_liar(&mut self) -> Liar {
        liar(&mut self.world).await
    }

    /// An operation under a nonce that no story used, which the desk signed for.
    pub(super) fn wish(&mut self, calls: &[Call]) -> UserOperationRequest {
        self.wish_until(calls, now() + 3_600)
    }

    /// The same, of a small gift, with another end of the desk's wish.
    pub(super) fn gift_until(&mut self, expiry: u64) -> UserOperationRequest {
        self.wish_until(&[gift(HEIR, 1)], expiry)
    }

    fn wish_until(&mut self, calls: &[Call], expiry: u64) -> UserOperationRequest {
        self.asked += 1;
        let request = self.liar.operation(self.asked, calls);
        let id = format!("wish {}", self.asked);
        signed_for(&self.desk, request, &id, calls, expiry)
    }

    /// Another operation under the nonce of this one, which the desk signed for too.
    pub(super) fn otherwise(&self, request: &UserOperationRequest) -> UserOperationRequest {
        let another = self.liar.another(request);
        let calls = self.liar.spec.decode_calls(another.op.call_data()).unwrap();
        signed_for(&self.desk, another, "otherwise", &calls, now() + 3_600)
    }

    /// Every member of the quorum signs it.
    pub(super) async fn must_sign(&self, quorum: &[u8], request: UserOperationRequest) {
        let call = self.liar.call(quorum, request);
        for reply in self.liar.ask(quorum, &call).await {
            assert!(matches!(reply, SignReply::Signed(_)), "{quorum:?}: {reply:?}");
        }
    }

    /// The honest gateway is served as ever: a gift of one wei lands.
    pub(super) async fn must_leave_the_honest_gateway_served(&mut self, id: &str) {
        let chain = ChainId::new(self.world.anvil().chain_id());
        let batch = signed_batch(&self.desk, chain, self.liar.sender(), id, 1, Signed::truly());
        let rpc = self.world.rpc().unwrap();
        rpc.call::<Value>("wallet_sendCalls", batch).await.unwrap();
        let status = must_settle(&rpc, id).await;
        assert_eq!(status["status"], 200, "{status:#}");
    }
}

/// The operation, with the desk's signature on these calls.
pub(super) fn signed_for(
    desk: &PrivateKeySigner,
    request: UserOperationRequest,
    id: &str,
    calls: &[Call],
    expiry: u64,
) -> UserOperationRequest {
    let intent = Intent { id, chain: request.chain, sender: request.op.sender(), calls, expiry };
    let signature = desk.sign_hash_sync(&intent.digest()).unwrap();
    let intent = SignedIntent {
        id: id.to_owned(),
        expiry,
        signer: IntentKey::Wallet(desk.address()),
        signature: signature.as_bytes().into(),
    };
    UserOperationRequest { intent: Some(intent), ..request }
}

async fn liar(world: &mut World) -> Liar {
    let gateway = world.gateway().config().parent().unwrap().to_owned();
    Liar::among(world.manifest(), &gateway, EntryPointVersion::V0_8).await
}

fn policy(desk: Address, treasurers: &[Address]) -> String {
    format!(
        r#"version = 1
policies = '''
@id("the desk asks")
permit (principal == Caller::"desk", action == Action::"userOperation", resource)
when {{ context.intentSigned }};

@id("the desk gives wei and transfers tokens")
permit (principal == Caller::"desk", action == Action::"call", resource)
when {{ context.function == "send" || context.function == "transfer" }};

@id("large gifts need two treasurers")
forbid (principal, action, resource)
when {{ context.exceeded.contains("small") }}
unless {{ context.approvals.contains("treasurers:2") }};

@id("no more in a day")
forbid (principal, action, resource)
when {{ context.exceeded.contains("daily") }};
'''

[groups]
treasurers = {treasurers:?}

[[callers]]
name = "desk"
wallet = "{desk}"

[[limits]]
name = "small"
asset = "native"
max = "{SMALL_WEI}"

[[limits]]
name = "daily"
asset = "native"
max = "{DAILY_WEI}"
window_s = 86400
per = "account"
"#,
        treasurers = treasurers.iter().map(ToString::to_string).collect::<Vec<_>>(),
    )
}

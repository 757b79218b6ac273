//! A network whose third member is of ill will.

use countersign_devnet::{World, WorldOptions};
use countersign_protocol::{FailureClass, SignCall, SignReply};
use countersign_userop::EntryPointVersion;
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard, OnceCell};

use super::liar::Liar;

/// The member of ill will.
pub(super) const GHOST: u8 = 3;
/// A quorum with it, and one without.
pub(super) const WITH_GHOST: [u8; 2] = [1, GHOST];
pub(super) const HONEST: [u8; 2] = [1, 2];

/// The network, and whoever asks its members directly.
pub(super) struct Haunted {
    pub(super) world: World,
    pub(super) liar: Liar,
    asked: u64,
}

/// The network for stories after which everybody still signs with everybody, one at a time.
pub(super) async fn haunted() -> MutexGuard<'static, Haunted> {
    static WORLD: OnceCell<Mutex<Haunted>> = OnceCell::const_new();
    let start = || async { Mutex::new(Haunted::start().await) };
    let mut held = WORLD.get_or_init(start).await.lock().await;
    held.liar.reconnect();
    held
}

impl Haunted {
    pub(super) async fn start() -> Self {
        let mut world = World::start(WorldOptions::default()).await.unwrap();
        let gateway = world.gateway().config().parent().unwrap().to_owned();
        let liar = Liar::among(world.manifest(), &gateway, EntryPointVersion::V0_8).await;
        world.cosigners()[usize::from(GHOST) - 1].turn_hostile().await.unwrap();
        Self { world, liar, asked: 0 }
    }

    /// How the ghost behaves from now on.
    pub(super) fn ghost(&mut self, manner: Value) {
        self.world.cosigners()[usize::from(GHOST) - 1].set_manner(&manner).unwrap();
    }

    /// A call for an operation under a nonce that no story used.
    pub(super) fn call(&mut self, quorum: &[u8]) -> SignCall {
        self.asked += 1;
        self.liar.call(quorum, self.liar.truth(self.asked))
    }

    /// What the honest member of a quorum with the ghost says to a new operation.
    pub(super) async fn must_fail_with_ghost(&mut self) -> Told {
        let call = self.call(&WITH_GHOST);
        self.must_fail(&call).await
    }

    /// What the honest member of a quorum with the ghost says to this call.
    pub(super) async fn must_fail(&self, call: &SignCall) -> Told {
        let replies = self.liar.ask(&WITH_GHOST, call).await;
        match replies.into_iter().next().unwrap() {
            SignReply::Failed { class, message, culprits, suspects, .. } => {
                Told { class, message, culprits, suspects }
            }
            other => panic!("{other:?}"),
        }
    }

    /// The ghost behaves again, and everybody signs with everybody; nobody is banned.
    pub(super) async fn must_end_well(&mut self) {
        self.ghost(json!({ "manner": "honest" }));
        for quorum in [WITH_GHOST, HONEST] {
            let call = self.call(&quorum);
            for reply in self.liar.ask(&quorum, &call).await {
                assert!(matches!(reply, SignReply::Signed(_)), "{quorum:?}: {reply:?}");
            }
        }
        for index in 1..=3 {
            let bans = self.liar.operator(index, &["bans"]);
            assert!(bans.lines().all(|line| line.contains("nothing is proven")), "{index}: {bans}");
        }
    }
}

/// Why no signature came out.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) class: FailureClass,
    pub(super) message: String,
    pub(super) culprits: Vec<u8>,
    pub(super) suspects: Vec<u8>,
}

impl Told {
    /// The ghost is named as the one who did not speak; it may find its own session dead first, and say so.
    pub(super) fn must_miss_ghost(&self) {
        assert_eq!(self.culprits, [GHOST], "{self:?}");
        let said = match self.class {
            FailureClass::Network => "did not answer in time",
            FailureClass::Peer => "gave up",
            _ => panic!("{self:?}"),
        };
        assert!(self.message.contains(said), "{self:?}");
    }

    /// The ghost is named as the one who did it.
    pub(super) fn must_name_ghost(&self, reason: &str) {
        assert_eq!(self.class, FailureClass::Peer, "{self:?}");
        assert_eq!(self.culprits, [GHOST], "{self:?}");
        assert!(self.message.contains(reason), "{reason}: {self:?}");
    }
}

//! Three daemons (or more) in one process: everything is real but the keys, which are dealt, the wires, which are
//! memory that a test may tap, and the node, which is a table.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alloy::primitives::{Address, B256, Bytes, U256};
use async_trait::async_trait;
use countersign_policy::{DEVELOPMENT, Policy};
use countersign_protocol::{
    AccountClaim, Attempt, ChildNumber, FeatureBook, Features, Identity, KeyName, KeyPurpose,
    PaymasterApprovalRequest, Request, SignCall, SignReply, UserOperationRequest,
};
use countersign_threshold::{
    BanLedger, ChildIndex, Committee, Gates, KeyShare, LedgerError, PartyId, fixtures,
};
use countersign_userop::{
    AccountKind, AccountSpec, Call, ChainId, Descriptors, EntryPointVersion, Fees, GasLimits,
    Paymaster, SponsorWindow, UserOperation,
};

use crate::accounts::{AccountReader, DeployedAccount, Fate, NonceAt, ReadError};
use crate::bans::KeyBans;
use crate::config::{ChainConfig, DaemonConfig, Deadlines, LimitsConfig, RulesConfig};
use crate::heads::Heads;
use crate::keys::{KeyRecord, Keys, LiveKey};
use crate::metrics::Metrics;
use crate::policy_book::PolicyBook;
use crate::signing::{Signer, SignerParts};
use crate::store::Store;
use crate::transport::{Frame, Inbox, PeerError, Peers};

pub(crate) const CHAIN: ChainId = ChainId::new(31_337);
pub(crate) const GATEWAY: &str = "gateway-1";
pub(crate) const CHILD: u32 = 3;

/// The keys that every party holds a share of.
const KEYS: [(&str, KeyPurpose); 3] = [
    ("treasury", KeyPurpose::Accounts),
    ("sponsor", KeyPurpose::Paymaster),
    ("purse", KeyPurpose::Plain),
];

const CONFIG: &str = r#"
data_dir = "data"
listen = "127.0.0.1:0"
committee = "committee.json"
[[chains]]
id = 31337
rpc = "http://127.0.0.1:1"
entry_points = ["0.7", "0.8", "0.9"]
delegates = ["0x7702770277027702770277027702770277027702"]
[[chains.accounts]]
kind = "countersign"
entry_point_version = "0.7"
factory = "0xfafafafafafafafafafafafafafafafafafafafa"
implementation = "0x1111111111111111111111111111111111111111"
[[chains.accounts]]
kind = "countersign"
entry_point_version = "0.8"
factory = "0xf8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8"
implementation = "0x8888888888888888888888888888888888888888"
[[chains.paymasters]]
address = "0x9999999999999999999999999999999999999999"
version = "0.7"
key = "sponsor"
max_outstanding_wei = "1000000000000000000"
"#;

pub(crate) fn party(index: u8) -> PartyId {
    PartyId::new(index).unwrap()
}

pub(crate) fn name(text: &str) -> KeyName {
    text.parse().unwrap()
}

pub(crate) fn paymaster() -> Address {
    Address::repeat_byte(0x99)
}

pub(crate) fn config() -> (Vec<ChainConfig>, RulesConfig) {
    let config = DaemonConfig::from_toml(CONFIG).unwrap();
    (config.chains, config.rules)
}

/// What becomes of a frame on the wire: it may be changed, doubled, or vanish.
type Tap = dyn Fn(PartyId, PartyId, Frame) -> Vec<Frame> + Send + Sync;

/// The wires of all parties.
struct Wires {
    inboxes: Mutex<BTreeMap<PartyId, Arc<Inbox>>>,
    heads: Mutex<BTreeMap<PartyId, Arc<Heads>>>,
    /// Whether nobody says what it knows of another's journal.
    forgetful: AtomicBool,
    tap: Mutex<Arc<Tap>>,
    carried: AtomicU64,
}

/// One party's end of the wires.
struct End {
    me: PartyId,
    wires: Arc<Wires>,
}

#[async_trait]
impl Peers for End {
    async fn connect(&self, _: PartyId) -> Result<(), PeerError> {
        Ok(())
    }

    fn push(&self, to: PartyId, frame: Frame) -> Result<(), PeerError> {
        let tap = Arc::clone(&self.wires.tap.lock().unwrap());
        self.wires.carried.fetch_add(1, Ordering::SeqCst);
        let inbox = self.wires.inboxes.lock().unwrap().get(&to).cloned();
        let inbox = inbox.ok_or(PeerError::Unreachable { party: to })?;
        tap(self.me, to, frame).into_iter().for_each(|frame| inbox.deliver(self.me, frame));
        Ok(())
    }

    async fn known_head(&self, to: PartyId) -> Result<Option<Vec<u8>>, PeerError> {
        if self.wires.forgetful.load(Ordering::SeqCst) {
            return Ok(None);
        }
        let heads = self.wires.heads.lock().unwrap().get(&to).cloned();
        let heads = heads.ok_or(PeerError::Unreachable { party: to })?;
        Ok(heads.known(self.me).map(|head| head.encode()))
    }
}

/// Says for each party whom it finds banned, beside what its ledger says.
type Script = dyn FnMut(PartyId, PartyId) -> bool + Send;

/// A ledger whose bans may also come from a test, as from another process.
struct Scripted {
    me: PartyId,
    bans: KeyBans,
    script: Arc<Mutex<Box<Script>>>,
}

impl BanLedger for Scripted {
    fn is_banned(&self, peer: PartyId) -> Result<bool, LedgerError> {
        Ok((self.script.lock().unwrap())(self.me, peer) || self.bans.is_banned(peer)?)
    }

    fn ban(&self, peer: PartyId, reason: &str) -> Result<(), LedgerError> {
        self.bans.ban(peer, reason)
    }
}

/// A node that says what a test wrote into it.
#[derive(Default)]
pub(crate) struct Node {
    pub(crate) accounts: Mutex<HashMap<Address, DeployedAccount>>,
    /// Nonces below which everything is used up, by account.
    pub(crate) consumed: Mutex<HashMap<Address, U256>>,
}

#[async_trait]
impl AccountReader for Node {
    async fn is_consumed(&self, at: NonceAt) -> Result<bool, ReadError> {
        let next = self.consumed.lock().unwrap().get(&at.sender).copied();
        Ok(next.is_some_and(|next| next > at.nonce))
    }

    async fn fate(&self, _: NonceAt, _: u64) -> Result<Fate, ReadError> {
        Ok(Fate::Unknown)
    }

    async fn read(
        &self,
        _: ChainId,
        account: Address,
        _: &AccountSpec,
    ) -> Result<DeployedAccount, ReadError> {
        self.accounts.lock().unwrap().get(&account).cloned().ok_or(ReadError::TimedOut)
    }
}

pub(crate) struct Daemon {
    pub(crate) signer: Signer,
    pub(crate) store: Store,
    pub(crate) keys: Arc<Keys>,
    pub(crate) heads: Arc<Heads>,
    pub(crate) metrics: Arc<Metrics>,
}

pub(crate) struct World {
    pub(crate) identities: BTreeMap<PartyId, Identity>,
    folder: tempfile::TempDir,
    /// Of daemons that were put on another one.
    databases: BTreeMap<u8, PathBuf>,
    wires: Arc<Wires>,
    script: Arc<Mutex<Box<Script>>>,
    pub(crate) node: Arc<Node>,
    pub(crate) daemons: BTreeMap<u8, Daemon>,
    pub(crate) deadlines: Deadlines,
    /// The policy of every daemon.
    pub(crate) policy: PolicyBook,
    pub(crate) limits: LimitsConfig,
    /// The features of every daemon.
    pub(crate) features: FeatureBook,
    /// The words that daemons started from now on have.
    pub(crate) descriptors: Arc<Descriptors>,
    attempts: AtomicU64,
}

impl World {
    pub(crate) async fn start() -> Self {
        let deadlines = Deadlines { round_ms: 1_500, session_ms: 4_000, ..Deadlines::default() };
        Self::start_with(deadlines, 3, 2).await
    }

    pub(crate) async fn start_with(deadlines: Deadlines, parties: u8, threshold: u8) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let wires = Arc::new(Wires {
            inboxes: Mutex::default(),
            heads: Mutex::default(),
            forgetful: AtomicBool::new(false),
            tap: Mutex::new(Arc::new(|_, _, frame| vec![frame])),
            carried: AtomicU64::new(0),
        });
        let identity = |index| (party(index), Identity::generate().unwrap());
        let mut world = Self {
            identities: (1..=parties).map(identity).collect(),
            folder,
            databases: BTreeMap::new(),
            wires,
            script: Arc::new(Mutex::new(Box::new(|_, _| false))),
            node: Arc::new(Node::default()),
            daemons: BTreeMap::new(),
            policy: PolicyBook::of(Policy::parse(DEVELOPMENT).unwrap()),
            deadlines,
            limits: LimitsConfig::default(),
            features: FeatureBook::of(Features::everything()),
            descriptors: Arc::default(),
            attempts: AtomicU64::new(1),
        };
        let committee = Committee::new(parties, threshold).unwrap();
        let mut dealt = KEYS.map(|(key, _)| fixtures::deal(committee, key).unwrap().into_iter());
        for index in 1..=parties {
            let shares = dealt.each_mut().map(|shares| shares.next().unwrap());
            world.boot(index, shares).await;
        }
        world
    }

    async fn boot(&mut self, index: u8, shares: [KeyShare; KEYS.len()]) {
        let store = Store::open(&self.database(index)).await.unwrap();
        let keys = Arc::new(Keys::default());
        for ((key, purpose), share) in KEYS.into_iter().zip(shares) {
            let bans = KeyBans::load(store.clone(), &share.public_key()).await.unwrap();
            let script = Arc::clone(&self.script);
            let ledger = Scripted { me: party(index), bans, script };
            keys.insert(live(key, purpose, share, ledger));
        }
        let parties = self.identities.iter().map(|(party, own)| (*party, own.public())).collect();
        let identity = self.identities[&party(index)].clone();
        let heads = Heads::load(identity, parties, store.clone()).await.unwrap();
        self.wires.heads.lock().unwrap().insert(party(index), Arc::clone(&heads));
        let inbox = Inbox::new();
        self.wires.inboxes.lock().unwrap().insert(party(index), Arc::clone(&inbox));
        let (chains, rules) = config();
        let metrics = Arc::new(Metrics::new().unwrap());
        let signer = Signer::new(SignerParts {
            me: party(index),
            committee: [0xcc; 32],
            gateways: BTreeSet::from([GATEWAY.to_owned(), "gateway-2".to_owned()]),
            chains,
            rules,
            policy: self.policy.clone(),
            features: self.features.clone(),
            descriptors: Arc::clone(&self.descriptors),
            limits: self.limits,
            deadlines: self.deadlines,
            keys: Arc::clone(&keys),
            peers: Arc::new(End { me: party(index), wires: Arc::clone(&self.wires) }),
            inbox,
            store: store.clone(),
            accounts: Arc::clone(&self.node) as Arc<dyn AccountReader>,
            heads: Arc::clone(&heads),
            metrics: Arc::clone(&metrics),
        });
        self.daemons.insert(index, Daemon { signer, store, keys, heads, metrics });
    }

    pub(crate) fn database(&self, index: u8) -> PathBuf {
        let first = || self.folder.path().join(format!("{index}.db"));
        self.databases.get(&index).cloned().unwrap_or_else(first)
    }

    /// Stops a daemon and starts it again on the same database and shares.
    pub(crate) async fn restart(&mut self, index: u8) {
        self.restart_on(index, self.database(index)).await;
    }

    /// A copy of a daemon's database as it is now.
    pub(crate) async fn copy(&self, index: u8) -> PathBuf {
        let copy = self.database(index).with_extension(format!("copy-{}", rand::random::<u64>()));
        self.daemons[&index].store.checkpoint().await.unwrap();
        std::fs::copy(self.database(index), &copy).unwrap();
        copy
    }

    /// Stops a daemon, puts the copy in the place of its database, and starts it again.
    pub(crate) async fn roll_back(&mut self, index: u8, copy: &Path) {
        // Connections close in the background: the old file is left to them.
        let restored = copy.with_extension(format!("restored-{}", rand::random::<u64>()));
        std::fs::copy(copy, &restored).unwrap();
        self.restart_on(index, restored).await;
    }

    /// From now on nobody says, or everybody does, what it knows of another's journal.
    pub(crate) fn forget_heads(&self, forgetful: bool) {
        self.wires.forgetful.store(forgetful, Ordering::SeqCst);
    }

    /// Stops a daemon and starts it again on another database.
    pub(crate) async fn restart_on(&mut self, index: u8, database: PathBuf) {
        self.wires.heads.lock().unwrap().remove(&party(index));
        let daemon = self.daemons.remove(&index).unwrap();
        let shares = KEYS.map(|(key, _)| {
            let live = daemon.keys.get(&name(key)).unwrap();
            KeyShare::decode(&live.share.encode().unwrap()).unwrap()
        });
        daemon.signer.drained().await;
        drop(daemon);
        self.databases.insert(index, database);
        self.boot(index, shares).await;
    }

    /// From now on every frame goes through `tap`.
    pub(crate) fn tap(
        &self,
        tap: impl Fn(PartyId, PartyId, Frame) -> Vec<Frame> + Send + Sync + 'static,
    ) {
        *self.wires.tap.lock().unwrap() = Arc::new(tap);
    }

    /// What hands a frame to a party, past the tap.
    pub(crate) fn deliver(&self) -> impl Fn(PartyId, PartyId, Frame) + Send + Sync + 'static {
        let wires = Arc::clone(&self.wires);
        move |from, to, frame| {
            let inbox = wires.inboxes.lock().unwrap().get(&to).cloned();
            inbox.unwrap().deliver(from, frame);
        }
    }

    /// From now on a party also finds banned whom `script` says.
    pub(crate) fn script(&self, script: impl FnMut(PartyId, PartyId) -> bool + Send + 'static) {
        *self.script.lock().unwrap() = Box::new(script);
    }

    /// How many frames were put on the wires so far.
    pub(crate) fn carried(&self) -> u64 {
        self.wires.carried.load(Ordering::SeqCst)
    }

    pub(crate) fn owner(&self) -> Address {
        self.address("treasury")
    }

    /// The address of the child that calls ask, of this key.
    pub(crate) fn address(&self, key: &str) -> Address {
        let daemon = self.daemons.values().next().unwrap();
        let key = daemon.keys.get(&name(key)).unwrap();
        Address::from(key.share.owner_address(ChildIndex::new(CHILD).ok()).unwrap())
    }

    /// A call for `request` with a fresh attempt.
    pub(crate) fn call(&self, quorum: &[u8], request: Request) -> SignCall {
        let mut attempt = [0; 16];
        attempt[8..].copy_from_slice(&self.attempts.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        let (key, child) = match request {
            Request::PaymasterApproval(_) => ("sponsor", None),
            _ => ("treasury", ChildNumber::new(CHILD)),
        };
        SignCall {
            key: name(key),
            child,
            request,
            quorum: quorum.to_vec(),
            attempt: Attempt(attempt),
            approvals: Vec::new(),
            traceparent: None,
            deadline: Duration::from_secs(8),
        }
    }

    /// Asks one daemon.
    pub(crate) async fn ask(&self, index: u8, call: &SignCall) -> SignReply {
        self.daemons[&index].signer.sign(GATEWAY, call.clone()).await
    }

    /// Asks every member of the call's quorum at once; answers in the order of the quorum.
    pub(crate) async fn ask_all(&self, call: &SignCall) -> Vec<SignReply> {
        let asked = call.quorum.iter().map(|index| self.ask(*index, call));
        futures::future::join_all(asked).await
    }

    /// An operation of the child's account that pays one wei, under `nonce`.
    pub(crate) fn operation(&self, nonce: u64) -> UserOperationRequest {
        let spec = spec();
        let calls =
            [Call { to: Address::repeat_byte(0xbe), value: U256::from(1), data: Bytes::new() }];
        let salt = U256::from(5);
        let sender = spec.address(self.owner(), salt);
        let op = UserOperation::new(
            spec.version,
            sender,
            U256::from(nonce),
            spec.encode_calls(&calls).unwrap(),
        );
        let gas = GasLimits { call: 100_000, verification: 300_000, pre_verification: 50_000 };
        let fees = Fees { max_fee_per_gas: 2_000_000_000, max_priority_fee_per_gas: 1_000_000_000 };
        let claim = AccountClaim { kind: spec.kind, factory: spec.factory, salt };
        UserOperationRequest {
            entry_point: spec.version.canonical_address(),
            chain: CHAIN,
            version: spec.version,
            account: claim,
            op: op.with_gas(gas).with_fees(fees),
            intent: None,
        }
    }

    /// An approval to pay for that operation during the next minute.
    pub(crate) fn approval(&self, nonce: u64) -> PaymasterApprovalRequest {
        let request = self.operation(nonce);
        let paymaster = Paymaster {
            address: paymaster(),
            verification_gas_limit: 100_000,
            post_op_gas_limit: 10_000,
            ..Paymaster::default()
        };
        PaymasterApprovalRequest {
            version: request.version,
            entry_point: request.entry_point,
            chain: request.chain,
            op: request.op.with_paymaster(Some(paymaster.clone())),
            paymaster: paymaster.address,
            delegate: Address::ZERO,
            window: SponsorWindow::new(crate::clock::now_s() + 60, 0).unwrap(),
        }
    }

    /// The digest that the account's owner signs.
    pub(crate) fn digest(&self, request: &UserOperationRequest) -> B256 {
        spec().owner_digest(request.op.hash(request.entry_point, request.chain))
    }
}

/// The account of EntryPoint 0.7 in the configuration.
pub(crate) fn spec() -> AccountSpec {
    AccountSpec::new(
        AccountKind::Countersign,
        EntryPointVersion::V0_7,
        Address::repeat_byte(0xfa),
        Address::repeat_byte(0x11),
    )
    .unwrap()
}

/// A key whose bans are in `ledger`.
fn live(key: &str, purpose: KeyPurpose, share: KeyShare, ledger: Scripted) -> LiveKey {
    let record = KeyRecord {
        name: name(key),
        purpose,
        threshold: share.committee().threshold(),
        parties: share.committee().parties(),
        epoch: share.epoch(),
        public_key: share.public_key(),
        address: share.address(),
        transcript: *share.transcript(),
        ceremony: [1; 32],
        committee: [0xcc; 32],
        created_at: 0,
    };
    LiveKey { record, share, gates: Gates::new(Arc::new(ledger)) }
}

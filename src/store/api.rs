//! The store's door: what must be durable, in the words of the pipeline.

use alloy::primitives::{Address, B256, U256};
use async_trait::async_trait;

use crate::{
    pipeline::{Intent, Stage},
    service::{Caller, TimelineEntry, Wallet},
};
use countersign_protocol::SignedApproval;
use countersign_userop::ChainId;

/// Everything that outlives the process. Each method is one transaction, durable when it returns.
#[async_trait]
pub(crate) trait Store: Send + Sync + std::fmt::Debug {
    /// Gives a child of a key to the caller, for good: the one that is named, or the next that nobody
    /// has. `None`: it belongs to another caller, or none is left.
    async fn claim_child(
        &self,
        caller: &Caller,
        key: &str,
        named: Option<u32>,
    ) -> Result<Option<u32>, StoreError>;

    /// Remembers a wallet. One address on one chain is one wallet; the first caller keeps it.
    async fn put_wallet(&self, caller: &Caller, wallet: &Wallet) -> Result<(), StoreError>;

    /// A wallet of the caller.
    async fn wallet(
        &self,
        caller: &Caller,
        chain: ChainId,
        address: Address,
    ) -> Result<Option<Wallet>, StoreError>;

    /// The caller's wallets that a question is about, oldest first, each with its place in that order.
    async fn wallets(
        &self,
        caller: &Caller,
        which: WalletQuery,
    ) -> Result<Vec<(i64, Wallet)>, StoreError>;

    /// Takes an intent in, unless its id is known.
    async fn admit(&self, new: NewOperation) -> Result<Admission, StoreError>;

    /// An operation of the caller by its id.
    async fn operation(
        &self,
        caller: &Caller,
        id: &str,
    ) -> Result<Option<StoredOperation>, StoreError>;

    /// An operation of the caller by any hash it ever had.
    async fn operation_by_hash(
        &self,
        caller: &Caller,
        hash: B256,
    ) -> Result<Option<StoredOperation>, StoreError>;

    /// Operations of whatever caller by an id, a hash they ever had, a transaction or a trace.
    async fn traced(&self, name: &str) -> Result<Vec<StoredOperation>, StoreError>;

    /// What happened to an operation, in order.
    async fn timeline(&self, seq: i64) -> Result<Vec<TimelineEntry>, StoreError>;

    /// Takes over whatever a previous process of this database left claimed.
    async fn adopt(&self) -> Result<(), StoreError>;

    /// Claims up to `limit` operations that are due, for `lease_ms`. A row that cannot be read is set
    /// aside and logged; it holds up no other.
    async fn claim(
        &self,
        now_ms: u64,
        lease_ms: u64,
        limit: usize,
    ) -> Result<Vec<Claimed>, StoreError>;

    /// Writes a step down. Fails with [`StoreError::LeaseLost`] when it was claimed again since.
    async fn save(&self, lease: &Lease, seq: i64, progress: Progress) -> Result<(), StoreError>;

    /// How an operation stands among the others of its sender.
    async fn lane_state(&self, seq: i64, lane: Option<U256>) -> Result<LaneState, StoreError>;

    /// Gives the operation a nonce in `lane`: the chain's next, or the one after the last that is
    /// in use here. Asking again gives the same. A sequence that the caller fixed must be just that.
    async fn reserve_nonce(
        &self,
        seq: i64,
        lane: U256,
        chain_next: u64,
        fixed: Option<u64>,
    ) -> Result<Reservation, StoreError>;

    /// Keeps a person's approval of an operation, which is due then. The one that holds longest counts.
    async fn put_approval(
        &self,
        seq: i64,
        approval: &SignedApproval,
        entry: &TimelineEntry,
    ) -> Result<Kept, StoreError>;

    /// The approvals of an operation in the form of this hash, in the order in which they came.
    async fn approvals(&self, seq: i64, hash: B256) -> Result<Vec<GivenApproval>, StoreError>;

    /// The caller's operations that wait for approvals, oldest first, behind a place in that order.
    async fn awaiting(
        &self,
        caller: &Caller,
        after: i64,
        limit: u32,
    ) -> Result<Vec<StoredOperation>, StoreError>;

    /// Gives back the nonce of an operation that no cosigner has seen.
    async fn free_nonce(&self, seq: i64) -> Result<(), StoreError>;
}

/// What came of asking for a nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reservation {
    /// The operation has this nonce.
    Given(U256),
    /// The sequence that the caller fixed was used before: the next is this.
    Used(u64),
    /// It would leave a gap: the next is this.
    Gap(u64),
    /// The lane's sequence is at its end.
    Exhausted,
}

/// Which wallets of a caller.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct WalletQuery {
    /// Only on this chain.
    pub(crate) chain: Option<ChainId>,
    /// Only with this address.
    pub(crate) address: Option<Address>,
    /// Only those behind this place.
    pub(crate) after: i64,
    /// No more than so many.
    pub(crate) limit: u32,
}

/// An intent to take in.
#[derive(Debug)]
pub(crate) struct NewOperation {
    pub(crate) intent: Intent,
    pub(crate) body_hash: B256,
    pub(crate) stage: Stage,
    pub(crate) entry: TimelineEntry,
}

/// What became of an intent that was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It is new, and ours to carry out.
    New,
    /// The same was handed in before.
    Same,
    /// Its id belongs to another body.
    Conflict,
}

/// One operation as it is stored.
#[derive(Debug)]
pub(crate) struct StoredOperation {
    pub(crate) seq: i64,
    pub(crate) intent: Intent,
    pub(crate) stage: Stage,
    pub(crate) nonce: Option<U256>,
}

/// A person's approval and its place in the order in which they came.
#[derive(Debug, Clone)]
pub(crate) struct GivenApproval {
    pub(crate) place: i64,
    pub(crate) approval: SignedApproval,
}

/// What became of an approval that was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    New,
    /// One of the same person, that holds as long, is there.
    Known,
    /// The operation has as many as can be shown to a cosigner.
    TooMany,
}

/// An operation that may be moved by whoever holds the lease.
#[derive(Debug)]
pub(crate) struct Claimed {
    pub(crate) operation: StoredOperation,
    pub(crate) attempts: u32,
    pub(crate) lease: Lease,
}

/// One claim, told from every other: also from a later one by the same process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lease(String);

impl Lease {
    /// A lease like no other.
    pub(crate) fn new() -> Self {
        Self(format!("{:032x}", rand::random::<u128>()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What one step did.
#[derive(Debug)]
pub(crate) struct Progress {
    pub(crate) stage: Stage,
    pub(crate) entry: Option<TimelineEntry>,
    /// When to look again; `None` keeps the claim.
    pub(crate) release_until_ms: Option<u64>,
    /// The claim is extended until then.
    pub(crate) lease_until_ms: u64,
    /// Tries of the step that did not work.
    pub(crate) attempts: u32,
    /// Its nonce may never be used: later operations of the wallet shall not wait for it.
    pub(crate) blocks_lane: bool,
}

/// How an operation stands among the others of its sender.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LaneState {
    /// The nonce it already has.
    pub(crate) reserved: Option<U256>,
    /// The nonce key to use: the one asked for, or the first that is not blocked for good.
    pub(crate) lane: U256,
    /// Nothing can follow in that lane.
    pub(crate) is_blocked: bool,
    /// Earlier operations that no bundler has yet; ours comes after them.
    pub(crate) unsent_before: u32,
    /// Earlier operations that no block has yet.
    pub(crate) pending_before: u32,
    /// Earlier operations that wait for people; they hold up nothing but their own lane.
    pub(crate) awaiting_before: u32,
    /// One of these is in that lane.
    pub(crate) is_held: bool,
}

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum StoreError {
    /// The database.
    #[error("database failure")]
    Database(#[from] sqlx::Error),
    /// Its schema could not be brought up to date.
    #[error("schema migration failed")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A row that this version cannot read.
    #[error("stored {what} cannot be read")]
    Corrupt {
        what: &'static str,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The operation was claimed again since.
    #[error("the claim on operation {0} ran out, and another was made")]
    LeaseLost(i64),
    /// Another process works on this database.
    #[error("another gateway process holds {0}")]
    Held(String),
    /// The URL names no database this build knows.
    #[error("unknown database {0}, expected sqlite://")]
    UnknownDatabase(String),
    /// The lock file cannot be used.
    #[error("cannot open {path}")]
    Lock {
        path: String,
        #[source]
        source: std::io::Error,
    },
}

impl StoreError {
    /// A row that cannot be read.
    pub(crate) fn corrupt(
        what: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Corrupt { what, source: source.into() }
    }
}

//! What the gateway remembers. One trait, so that another database can stand behind it.

mod api;
mod sqlite;

pub(crate) use api::{
    Admission, Claimed, GivenApproval, Kept, LaneState, Lease, NewOperation, Progress, Reservation,
    Store, StoreError, StoredOperation, WalletQuery,
};
pub(crate) use sqlite::SqliteStore;

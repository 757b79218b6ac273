//! What the gateway remembers. One trait, so that another database can stand behind it.

mod api;
mod sqlite;

pub(crate) use api::{
    Admission, Claimed, LaneState, NewOperation, Progress, Store, StoreError, StoredOperation,
};
pub(crate) use sqlite::SqliteStore;

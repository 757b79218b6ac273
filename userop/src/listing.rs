//! Many operations in one JSON document, as `countersign userop hash` and `decode` read them.
//!
//! A document is an array, or an object with one in `vectors`; each item has `version`, `chainId`,
//! `entryPoint` and `userOp`, and whatever else it likes.

use alloy::primitives::Address;
use serde_json::Value;

use crate::{
    ChainId, EntryPointVersion, ParseError, Preview, Problem, UserOpHash, UserOperation,
    fields::{self, Fields},
    preview,
};

/// What is wrong with a document of operations.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ListingError {
    /// It is neither an array nor an object with one.
    #[error("expected an array of operations, or an object that has one in `vectors`")]
    NoList,
    /// An item, counted from zero, has a bad field.
    #[error("item {index}: {source}")]
    Item {
        /// Its place in the array.
        index: usize,
        /// What is wrong with it.
        source: ParseError,
    },
}

/// One operation with the EntryPoint and the chain it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedOperation {
    /// The operation.
    pub op: UserOperation,
    /// Any EntryPoint, also one that nobody knows.
    pub entry_point: Address,
    /// Its chain.
    pub chain: ChainId,
}

impl ListedOperation {
    /// The operation's hash there.
    pub fn hash(&self) -> UserOpHash {
        self.op.hash(self.entry_point, self.chain)
    }
}

/// Reads a document of operations.
///
/// # Errors
/// Names the first bad item and its field.
pub fn list_operations(document: &Value) -> Result<Vec<ListedOperation>, ListingError> {
    let items = document.as_array().or_else(|| document.get("vectors")?.as_array());
    let items = items.ok_or(ListingError::NoList)?;
    let read =
        |(index, item)| read_item(item).map_err(|source| ListingError::Item { index, source });
    items.iter().enumerate().map(read).collect()
}

/// The hash of each operation in a document.
///
/// # Errors
/// As [`list_operations`].
pub fn hash_vectors(document: &Value) -> Result<Vec<UserOpHash>, ListingError> {
    Ok(list_operations(document)?.iter().map(ListedOperation::hash).collect())
}

/// What each operation in a document does; the kind of account is guessed.
///
/// # Errors
/// As [`list_operations`].
pub fn preview_vectors(document: &Value) -> Result<Vec<Preview>, ListingError> {
    Ok(list_operations(document)?.iter().map(|listed| preview(&listed.op, None)).collect())
}

fn read_item(item: &Value) -> Result<ListedOperation, ParseError> {
    let mut fields = Fields::of(item, "item")?;
    let version = fields.required("version", version)?;
    let chain = fields.required("chainId", fields::chain_id)?;
    let entry_point = fields.required("entryPoint", fields::address)?;
    let op = fields.take("userOp").ok_or_else(|| ParseError::new("userOp", Problem::Missing))?;
    let op = UserOperation::from_json(version, op).map_err(|error| match error.field() {
        "userOp" => error,
        _ => error.inside("userOp"),
    })?;
    Ok(ListedOperation { op, entry_point, chain })
}

fn version(value: &Value) -> Result<EntryPointVersion, Problem> {
    let text = value.as_str().ok_or(Problem::WrongType { expected: "a string" })?;
    text.parse().map_err(|_| Problem::Invalid("is none of 0.6, 0.7, 0.8, 0.9"))
}

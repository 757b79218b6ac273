//! The form of a record, and the link from one to the next.

use alloy::primitives::B256;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::AuditHead;
use crate::store::StoreError;

/// The version of the form of what is written now. Records of version 1 are still read.
pub const AUDIT_VERSION: u16 = 2;

/// Where a line stands in the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Place {
    /// The version of the line's form.
    pub v: u16,
    /// Counts from one, without gaps.
    pub seq: u64,
    /// The hash of the line before; zero for the first.
    pub prev: B256,
}

impl Place {
    /// The place after `head`, and `head` itself.
    pub(super) fn after(head: AuditHead) -> Result<(Self, AuditHead), StoreError> {
        let seq = head.count.checked_add(1).ok_or(StoreError::Corrupt { what: "audit head" })?;
        Ok((Self { v: AUDIT_VERSION, seq, prev: head.hash }, head))
    }
}

/// What was asked, by whom, and what we said. The stored form is this struct as one line of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditRecord {
    /// Where it stands in the chain.
    #[serde(flatten)]
    pub place: Place,
    /// Milliseconds since 1970.
    pub at_ms: i64,
    /// The gateway that asked.
    pub caller: String,
    /// The key that was asked for.
    pub key: String,
    /// The child of that key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub child: Option<u32>,
    /// The caller's attempt; empty if the message was no call.
    pub attempt: String,
    /// The W3C trace context that came with the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The hash of the whole request.
    pub request_hash: B256,
    /// The `userOpHash` of the operation that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<B256>,
    /// What would be signed, if the request got so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<B256>,
    /// The slot, if the request got so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
    /// What we said.
    pub decision: Decision,
    /// The rule that refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The hash of what it does, in the canonical form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview_hash: Option<B256>,
    /// The hash of what is [shown](super::Shown) of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown: Option<B256>,
}

/// What we said to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// We take part, for the first time in this slot or as a replacement.
    Allowed,
    /// We take part again in what was decided before.
    Repeated,
    /// We do not take part.
    Refused,
}

/// The hash that the next line carries. The domain makes it a hash of nothing else, and of no other version.
pub(crate) fn link(version: u16, prev: B256, line: &str) -> B256 {
    let domain = format!("countersign audit record v{version}");
    let hash = Sha256::new().chain_update(domain).chain_update(prev).chain_update(line).finalize();
    B256::from_slice(&hash)
}

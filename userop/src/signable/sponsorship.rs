//! Our paymaster's approval, as a person or a rule sees it: the operation, and the terms.

use alloy::primitives::{Address, B256};
use serde_json::json;

use super::SignableKind;
use crate::{
    CanonicalPreview, ChainId, OperationPreview, SponsorWindow, UserOperation, canonical,
    preview_operation, sponsor_approval_digest,
};

/// An operation and the terms on which a paymaster would pay for it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SponsorshipPreview {
    /// The operation. Its account's kind is not known here.
    pub operation: OperationPreview,
    /// The paymaster that would pay.
    pub paymaster: Address,
    /// The sender's effective EIP-7702 delegate, or zero.
    pub delegate: Address,
    /// When the approval holds.
    pub window: SponsorWindow,
    /// What is signed.
    pub digest: B256,
}

/// Takes a paymaster's approval apart.
pub fn preview_sponsorship(
    op: &UserOperation,
    paymaster: Address,
    entry_point: Address,
    chain: ChainId,
    delegate: Address,
    window: SponsorWindow,
) -> SponsorshipPreview {
    SponsorshipPreview {
        operation: preview_operation(op, entry_point, chain, None),
        paymaster,
        delegate,
        window,
        digest: sponsor_approval_digest(op, paymaster, entry_point, chain, delegate, window),
    }
}

impl SponsorshipPreview {
    /// The one byte string of what is shown.
    pub fn canonical(&self) -> CanonicalPreview {
        let body = json!({
            "digest": canonical::json(&self.digest),
            "operation": self.operation.body(),
            "paymaster": canonical::json(&self.paymaster),
            "delegate": canonical::json(&self.delegate),
            "validAfter": self.window.valid_after(),
            "validUntil": self.window.valid_until(),
        });
        CanonicalPreview::new(SignableKind::PaymasterApproval, body)
    }

    /// The approval for people.
    pub fn lines(&self) -> Vec<String> {
        let Self { paymaster, window, .. } = self;
        let (after, until) = (window.valid_after(), window.valid_until());
        let mut lines = vec![format!(
            "paymaster {paymaster} would pay, from second {after} until second {until}"
        )];
        if !self.delegate.is_zero() {
            lines.push(format!("only while the sender runs the code of {}", self.delegate));
        }
        lines.extend(self.operation.lines());
        lines
    }
}

//! Our own paymaster: an approval for one operation, signed by an MPC key.

use alloy::primitives::Address;
use countersign_protocol::{PaymasterApprovalRequest, Request};
use countersign_userop::{
    EntryPointVersion, Paymaster, SponsorData, SponsorWindow, UserOperation,
    sponsor_approval_digest, sponsor_paymaster_data, sponsor_paymaster_stub,
};

use crate::{
    chain::{Chain, ChainError},
    config::SponsorConfig,
    quorum::{Ask, Quorum, QuorumError, QuorumSignature},
    trace::TraceContext,
    wallet,
};

/// Seconds that a window opens before now: nodes' clocks differ.
const SLACK_S: u64 = 60;

/// Our paymaster on one chain for one EntryPoint version.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sponsor<'a> {
    node: &'a Chain,
    config: &'a SponsorConfig,
    paymaster: Address,
    version: EntryPointVersion,
}

/// Why there is no approval.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum SponsorError {
    #[error(transparent)]
    Quorum(#[from] QuorumError),
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The paymaster would not take what the key signs.
    #[error("paymaster {paymaster} takes approvals of {expected}, the key signs as {actual}")]
    WrongSigner { paymaster: Address, expected: Address, actual: Address },
    #[error("the sponsor's key has no valid name")]
    KeyName,
}

impl<'a> Sponsor<'a> {
    /// Our paymaster, if the chain has one for this version.
    pub(crate) fn of(node: &'a Chain, version: EntryPointVersion) -> Option<Self> {
        let config = node.config().sponsor.as_ref()?;
        let paymaster = *config.paymasters.get(&version)?;
        Some(Self { node, config, paymaster, version })
    }

    /// Where it is.
    pub(crate) const fn address(&self) -> Address {
        self.paymaster
    }

    /// The paymaster with data of the right form, to estimate with.
    pub(crate) fn stub(&self, window: SponsorWindow) -> Paymaster {
        self.paymaster(sponsor_paymaster_stub(self.version, window))
    }

    /// The window of an approval that is asked for now. The chain counts by its newest block and a
    /// bundler by its own clock: it must hold for both.
    pub(crate) async fn window(&self) -> Result<SponsorWindow, ChainError> {
        let block = self.node.head().await?.timestamp;
        let clock = crate::clock::unix_ms() / 1_000;
        let window = SponsorWindow::new(
            block.max(clock).saturating_add(self.config.window_s.max(1)),
            block.min(clock).saturating_sub(SLACK_S),
        );
        window.map_err(|error| ChainError::Malformed(format!("block time: {error}")))
    }

    /// Has the cosigners approve of the operation, which must be final but for this approval.
    pub(crate) async fn approve(
        &self,
        quorum: &Quorum,
        op: &UserOperation,
        window: SponsorWindow,
        trace: Option<&TraceContext>,
    ) -> Result<(Paymaster, QuorumSignature), SponsorError> {
        let key = wallet::key_name(&self.config.key).map_err(|_| SponsorError::KeyName)?;
        let signer = self.signer(quorum, &key).await?;
        let chain = self.node.config().id;
        let entry_point = self.node.config().entry_point(self.version);
        let delegate = self.node.delegate(op.sender()).await?;
        let digest =
            sponsor_approval_digest(op, self.paymaster, entry_point, chain, delegate, window);
        let request = Request::PaymasterApproval(PaymasterApprovalRequest {
            version: self.version,
            entry_point,
            chain,
            op: op.clone(),
            paymaster: self.paymaster,
            delegate,
            window,
        });
        let approvals = Vec::new();
        let trace = trace.cloned();
        let ask = Ask { key, child: None, request, digest, signer, approvals, trace };
        let signed = quorum.sign(&ask).await?;
        let data = sponsor_paymaster_data(self.version, window, &signed.signature);
        Ok((self.paymaster(data), signed))
    }

    /// The key's own address, which the paymaster must know as its signer.
    async fn signer(
        &self,
        quorum: &Quorum,
        key: &countersign_protocol::KeyName,
    ) -> Result<Address, SponsorError> {
        let actual = quorum.key(key).await?.address;
        let expected = self.node.paymaster_signer(self.paymaster).await?;
        if actual == expected {
            Ok(actual)
        } else {
            Err(SponsorError::WrongSigner { paymaster: self.paymaster, expected, actual })
        }
    }

    fn paymaster(&self, sponsored: SponsorData) -> Paymaster {
        Paymaster {
            address: self.paymaster,
            verification_gas_limit: self.config.verification_gas_limit.into(),
            post_op_gas_limit: self.config.post_op_gas_limit.into(),
            data: sponsored.data,
            signature: sponsored.signature,
        }
    }
}

//! The other members of the committee, as ceremonies speak with them.

use async_trait::async_trait;
use countersign_protocol::wire;
use countersign_threshold::PartyId;

use super::manifest::CeremonyId;
use super::statement::SignedStatement;
use crate::transport::{Links, PeerError, Peers};

/// The other members of the committee.
#[async_trait]
pub(crate) trait Colleagues: Peers {
    /// All of them, in order.
    fn parties(&self) -> Vec<PartyId>;

    /// Offers a ceremony to one.
    async fn propose(
        &self,
        to: PartyId,
        proposal: SignedStatement,
    ) -> Result<wire::ProposeReply, PeerError>;

    /// Asks one what became of the ceremony that was proposed by these words.
    async fn outcome(
        &self,
        to: PartyId,
        ceremony: CeremonyId,
        proposal: SignedStatement,
    ) -> Result<wire::OutcomeReply, PeerError>;
}

#[async_trait]
impl Colleagues for Links {
    fn parties(&self) -> Vec<PartyId> {
        Self::parties(self).collect()
    }

    async fn propose(
        &self,
        to: PartyId,
        proposal: SignedStatement,
    ) -> Result<wire::ProposeReply, PeerError> {
        Self::propose(self, to, proposal.into_wire()).await
    }

    async fn outcome(
        &self,
        to: PartyId,
        ceremony: CeremonyId,
        proposal: SignedStatement,
    ) -> Result<wire::OutcomeReply, PeerError> {
        let (ceremony, proposal) = (ceremony.0.to_vec(), Some(proposal.into_wire()));
        Self::outcome(self, to, wire::OutcomeRequest { ceremony, proposal }).await
    }
}

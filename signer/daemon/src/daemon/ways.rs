//! The ways to the other members: calls over the links, and frames by whatever way was put before the links.

use std::sync::Arc;

use async_trait::async_trait;
use countersign_protocol::wire;
use countersign_threshold::PartyId;

use crate::ceremony::{CeremonyId, Colleagues, SignedStatement};
use crate::transport::{Frame, Links, PeerError, Peers};

/// How a daemon reaches the others.
pub(super) struct Ways {
    /// Carries calls, and knows everybody.
    pub(super) links: Arc<Links>,
    /// Carries frames.
    pub(super) frames: Arc<dyn Peers>,
}

#[async_trait]
impl Peers for Ways {
    async fn connect(&self, to: PartyId) -> Result<(), PeerError> {
        self.frames.connect(to).await
    }

    async fn known_head(&self, to: PartyId) -> Result<Option<Vec<u8>>, PeerError> {
        self.frames.known_head(to).await
    }

    fn push(&self, to: PartyId, frame: Frame) -> Result<(), PeerError> {
        self.frames.push(to, frame)
    }
}

#[async_trait]
impl Colleagues for Ways {
    fn parties(&self) -> Vec<PartyId> {
        self.links.parties().collect()
    }

    async fn propose(
        &self,
        to: PartyId,
        proposal: SignedStatement,
    ) -> Result<wire::ProposeReply, PeerError> {
        Colleagues::propose(self.links.as_ref(), to, proposal).await
    }

    async fn outcome(
        &self,
        to: PartyId,
        ceremony: CeremonyId,
        proposal: SignedStatement,
    ) -> Result<wire::OutcomeReply, PeerError> {
        Colleagues::outcome(self.links.as_ref(), to, ceremony, proposal).await
    }
}

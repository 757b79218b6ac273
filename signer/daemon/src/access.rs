//! Who is calling: a connection's pinned key is a party's or a gateway's, never both.

use std::sync::Arc;

use countersign_protocol::{CommitteeFile, PeerConnection};
use countersign_threshold::PartyId;
use tonic::{Request, Status};

/// Tells callers apart by the committee file.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    committee: Arc<CommitteeFile>,
}

impl Access {
    pub(crate) const fn new(committee: Arc<CommitteeFile>) -> Self {
        Self { committee }
    }

    /// The party that calls.
    pub(crate) fn party<T>(&self, request: &Request<T>) -> Result<PartyId, Status> {
        let peer = connection(request)?;
        self.committee
            .party_by_key(&peer.key)
            .and_then(|party| PartyId::new(party.index).ok())
            .ok_or_else(|| refuse(&peer, "only a party of the committee may call this"))
    }

    /// The name of the gateway that calls.
    pub(crate) fn gateway<T>(&self, request: &Request<T>) -> Result<String, Status> {
        let peer = connection(request)?;
        self.committee
            .gateway_by_key(&peer.key)
            .map(|gateway| gateway.name.clone())
            .ok_or_else(|| refuse(&peer, "only a gateway of the committee file may call this"))
    }
}

fn connection<T>(request: &Request<T>) -> Result<PeerConnection, Status> {
    request
        .extensions()
        .get::<PeerConnection>()
        .copied()
        .ok_or_else(|| Status::unauthenticated("the connection has no identity"))
}

fn refuse(peer: &PeerConnection, message: &'static str) -> Status {
    tracing::warn!(fingerprint = %peer.key.fingerprint(), addr = ?peer.addr, "a call was refused: {message}");
    Status::permission_denied(message)
}

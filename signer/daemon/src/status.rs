//! What the daemon says of itself, to its operator and to gateways.

use std::sync::Arc;

use countersign_protocol::{CommitteeFile, wire};
use countersign_threshold::PartyId;
use tonic::Status;

use crate::ceremony::Ceremonies;
use crate::keys::Keys;
use crate::store::{Store, StoreError};
use crate::transport::Links;

/// Gathers what the daemon says of itself.
#[derive(Clone, Debug)]
pub(crate) struct StatusReport {
    pub(crate) me: PartyId,
    pub(crate) committee: Arc<CommitteeFile>,
    pub(crate) committee_hash: [u8; 32],
    pub(crate) links: Arc<Links>,
    pub(crate) ceremonies: Ceremonies,
    pub(crate) live: Arc<Keys>,
    pub(crate) store: Store,
}

impl StatusReport {
    pub(crate) async fn answer(&self) -> Result<wire::StatusResponse, Status> {
        let keys = self.ceremonies.keys().await.map_err(|error| {
            tracing::error!(%error, "the keys cannot be listed");
            Status::internal("the keys cannot be listed")
        })?;
        let peers: Vec<wire::PeerInfo> = self.links.status().into_iter().map(peer_info).collect();
        let reachable = peers.iter().filter(|peer| peer.connected).count().saturating_add(1);
        let enough = |key: &wire::KeyInfo| {
            let quorum = usize::try_from(key.threshold).unwrap_or(usize::MAX);
            key.state == "live" && reachable >= quorum
        };
        let spoiled = self.spoiled().await.map_err(|error| {
            tracing::error!(%error, "spoiled signatures cannot be counted");
            Status::internal("spoiled signatures cannot be counted")
        })?;
        let name = self.committee.party(self.me.index()).map(|party| party.name.clone());
        Ok(wire::StatusResponse {
            party: u32::from(self.me.index()),
            name: name.unwrap_or_default(),
            committee_hash: self.committee_hash.to_vec(),
            software: env!("CARGO_PKG_VERSION").to_owned(),
            ready: keys.iter().any(enough),
            keys,
            peers,
            spoiled,
        })
    }

    /// How often a signature of a key came out wrong with a party, without a culprit.
    async fn spoiled(&self) -> Result<Vec<wire::SpoiledInfo>, StoreError> {
        let mut all = Vec::new();
        for key in self.live.all() {
            for (party, count) in self.store.spoiled(&key.record.public_key).await? {
                let (key, party) = (key.record.name.to_string(), u32::from(party));
                all.push(wire::SpoiledInfo { key, party, count });
            }
        }
        Ok(all)
    }
}

fn peer_info(link: crate::transport::LinkStatus) -> wire::PeerInfo {
    wire::PeerInfo {
        party: u32::from(link.party.index()),
        name: link.name,
        addr: link.addr,
        connected: link.connected,
    }
}

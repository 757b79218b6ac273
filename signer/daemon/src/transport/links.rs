//! Our side of the connections to all peers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use countersign_protocol::wire::peer_client::PeerClient;
use countersign_protocol::{CommitteeFile, Identity, TlsError, pinned_channel, wire};
use countersign_threshold::PartyId;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use super::frame::{Frame, MAX_MESSAGE_BYTES};
use super::{PeerError, Peers};

/// Frames that may wait for the socket.
const QUEUED_FRAMES: usize = 1024;
/// How often a lost connection is tried again.
const RECONNECT: Duration = Duration::from_millis(500);

/// The connections to all peers, kept up while this exists.
#[derive(Debug)]
pub struct Links {
    links: BTreeMap<PartyId, Arc<Link>>,
    stop: CancellationToken,
}

#[derive(Debug)]
struct Link {
    party: PartyId,
    name: String,
    addr: String,
    calls: PeerClient<Channel>,
    limit: Duration,
    queue: Mutex<Option<mpsc::Sender<wire::Frame>>>,
    connecting: tokio::sync::Mutex<()>,
}

/// What is known of the connection to one peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkStatus {
    /// The peer.
    pub party: PartyId,
    /// Its name.
    pub name: String,
    /// Its address.
    pub addr: String,
    /// Whether frames can leave for it at this moment.
    pub connected: bool,
}

impl Links {
    /// Links to every party of `committee` but `me`. They connect in the background and again when
    /// they broke.
    ///
    /// # Errors
    /// If an address is malformed or the identity cannot be used.
    pub fn start(
        identity: &Identity,
        committee: &CommitteeFile,
        me: PartyId,
        limit: Duration,
    ) -> Result<Arc<Self>, TlsError> {
        let stop = CancellationToken::new();
        let mut links = BTreeMap::new();
        for party in committee.parties() {
            let Ok(id) = PartyId::new(party.index) else { continue };
            if id == me {
                continue;
            }
            let channel = pinned_channel(identity, party.identity, &party.addr, limit)?;
            let link = Arc::new(Link {
                party: id,
                name: party.name.clone(),
                addr: party.addr.clone(),
                calls: PeerClient::new(channel)
                    .max_decoding_message_size(MAX_MESSAGE_BYTES)
                    .max_encoding_message_size(MAX_MESSAGE_BYTES),
                limit,
                queue: Mutex::default(),
                connecting: tokio::sync::Mutex::default(),
            });
            tokio::spawn(keep_up(Arc::clone(&link), stop.clone()));
            links.insert(id, link);
        }
        Ok(Arc::new(Self { links, stop }))
    }

    /// All peers, in order.
    pub fn parties(&self) -> impl Iterator<Item = PartyId> + '_ {
        self.links.keys().copied()
    }

    /// The state of every connection.
    #[must_use]
    pub fn status(&self) -> Vec<LinkStatus> {
        let status = |link: &Arc<Link>| LinkStatus {
            party: link.party,
            name: link.name.clone(),
            addr: link.addr.clone(),
            connected: link.queue().is_some(),
        };
        self.links.values().map(status).collect()
    }

    /// Closes every connection and makes no new one.
    pub(crate) fn close(&self) {
        self.stop.cancel();
    }

    /// Offers a ceremony to a peer.
    pub(crate) async fn propose(
        &self,
        to: PartyId,
        proposal: wire::SignedBytes,
    ) -> Result<wire::ProposeReply, PeerError> {
        let link = self.link(to)?;
        let mut calls = link.calls.clone();
        link.within(calls.propose(proposal)).await
    }

    /// Asks a peer what became of a ceremony.
    pub(crate) async fn outcome(
        &self,
        to: PartyId,
        request: wire::OutcomeRequest,
    ) -> Result<wire::OutcomeReply, PeerError> {
        let link = self.link(to)?;
        let mut calls = link.calls.clone();
        link.within(calls.outcome(request)).await
    }

    fn link(&self, to: PartyId) -> Result<&Arc<Link>, PeerError> {
        self.links.get(&to).ok_or(PeerError::NoPeer { party: to })
    }
}

impl Drop for Links {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[async_trait]
impl Peers for Links {
    async fn connect(&self, to: PartyId) -> Result<(), PeerError> {
        self.link(to)?.connect().await
    }

    fn push(&self, to: PartyId, frame: Frame) -> Result<(), PeerError> {
        self.link(to)?.push(frame)
    }

    async fn known_head(&self, to: PartyId) -> Result<Option<Vec<u8>>, PeerError> {
        let link = self.link(to)?;
        let mut calls = link.calls.clone();
        Ok(link.within(calls.known_head(wire::KnownHeadRequest {})).await?.head)
    }
}

impl Link {
    fn queue(&self) -> Option<mpsc::Sender<wire::Frame>> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.clone().filter(|queue| !queue.is_closed())
    }

    fn set_queue(&self, queue: Option<mpsc::Sender<wire::Frame>>) {
        *self.queue.lock().unwrap_or_else(PoisonError::into_inner) = queue;
    }

    fn push(&self, frame: Frame) -> Result<(), PeerError> {
        use mpsc::error::TrySendError;
        let queue = self.queue().ok_or(PeerError::Unreachable { party: self.party })?;
        queue.try_send(frame.into_wire()).map_err(|error| match error {
            TrySendError::Full(_) => PeerError::Congested { party: self.party },
            TrySendError::Closed(_) => PeerError::Unreachable { party: self.party },
        })
    }

    /// Starts the long call if none is running, and returns once the peer accepted it.
    async fn connect(self: &Arc<Self>) -> Result<(), PeerError> {
        if self.queue().is_some() {
            return Ok(());
        }
        let _one_at_a_time = self.connecting.lock().await;
        if self.queue().is_some() {
            return Ok(());
        }
        let (queue, frames) = new_queue();
        let mut calls = self.calls.clone();
        let mut end = self.within(calls.deliver(ReceiverStream::new(frames))).await?;
        self.set_queue(Some(queue));
        tracing::info!(party = %self.party, name = self.name, "connected to a peer");
        let link = Arc::clone(self);
        tokio::spawn(async move {
            let cause = match end.message().await {
                Ok(_) => "it ended the call".to_owned(),
                Err(status) => status.code().to_string(),
            };
            link.set_queue(None);
            tracing::warn!(party = %link.party, name = link.name, cause, "a peer was lost");
        });
        Ok(())
    }

    async fn within<T>(
        &self,
        call: impl Future<Output = Result<tonic::Response<T>, tonic::Status>>,
    ) -> Result<T, PeerError> {
        let party = self.party;
        match tokio::time::timeout(self.limit, call).await {
            Ok(Ok(answer)) => Ok(answer.into_inner()),
            Ok(Err(status)) => {
                tracing::debug!(%party, code = %status.code(), "a peer refused a call");
                Err(PeerError::Unreachable { party })
            }
            Err(_) => Err(PeerError::Unreachable { party }),
        }
    }
}

fn new_queue() -> (mpsc::Sender<wire::Frame>, mpsc::Receiver<wire::Frame>) {
    mpsc::channel(QUEUED_FRAMES)
}

async fn keep_up(link: Arc<Link>, stop: CancellationToken) {
    loop {
        let attempt = async {
            // The next call tries again; a peer that is not up yet is no news.
            let _ = link.connect().await;
            tokio::time::sleep(RECONNECT).await;
        };
        tokio::select! {
            () = stop.cancelled() => break,
            () = attempt => {}
        }
    }
    link.set_queue(None);
}

#[cfg(test)]
mod tests {
    use countersign_threshold::SessionId;
    use tonic::transport::Endpoint;

    use super::*;
    use crate::transport::FrameKind;

    #[tokio::test]
    async fn a_peer_that_does_not_read_is_congested_and_one_that_left_is_unreachable() {
        let party = PartyId::new(2).unwrap();
        let channel = Endpoint::from_static("http://127.0.0.1:1").connect_lazy();
        let link = Link {
            party,
            name: String::new(),
            addr: String::new(),
            calls: PeerClient::new(channel),
            limit: Duration::from_millis(1),
            queue: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
        };
        let frame =
            || Frame { session: SessionId::new([1; 32]), kind: FrameKind::Round, payload: vec![1] };
        assert!(matches!(link.push(frame()), Err(PeerError::Unreachable { .. })));
        let (queue, frames) = new_queue();
        link.set_queue(Some(queue));
        for _ in 0..QUEUED_FRAMES {
            link.push(frame()).unwrap();
        }
        assert!(matches!(link.push(frame()), Err(PeerError::Congested { .. })));
        drop(frames);
        assert!(matches!(link.push(frame()), Err(PeerError::Unreachable { .. })));
    }
}

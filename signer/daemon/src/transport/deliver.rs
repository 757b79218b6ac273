//! The peers' side of their connections to us.

use std::pin::Pin;
use std::sync::Arc;

use countersign_protocol::wire;
use countersign_protocol::wire::peer_server::Peer;
use futures::Stream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use super::frame::Frame;
use super::inbox::Inbox;
use crate::access::Access;
use crate::ceremony::Ceremonies;
use crate::heads::Heads;

/// Takes what peers send.
#[derive(Debug)]
pub(crate) struct PeerService {
    pub(crate) access: Access,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) ceremonies: Ceremonies,
    pub(crate) heads: Arc<Heads>,
    /// Ends the long calls, which would otherwise outlast a request to stop. Sessions that still run
    /// live on them, so it comes last.
    pub(crate) hang_up: CancellationToken,
}

type Ends = Pin<Box<dyn Stream<Item = Result<wire::DeliverEnd, Status>> + Send>>;

#[tonic::async_trait]
impl Peer for PeerService {
    type DeliverStream = Ends;

    async fn deliver(
        &self,
        request: Request<Streaming<wire::Frame>>,
    ) -> Result<Response<Ends>, Status> {
        let from = self.access.party(&request)?;
        let mut frames = request.into_inner();
        let (inbox, hang_up) = (Arc::clone(&self.inbox), self.hang_up.clone());
        let (end, ends) = mpsc::channel(1);
        tokio::spawn(async move {
            let mut count = 0_u64;
            let outcome = loop {
                let next = tokio::select! {
                    next = frames.message() => next,
                    () = hang_up.cancelled() => break Ok(wire::DeliverEnd { frames: count }),
                    () = end.closed() => break Ok(wire::DeliverEnd { frames: count }),
                };
                match next {
                    Ok(Some(message)) => match Frame::from_wire(message) {
                        Ok(frame) => {
                            count = count.saturating_add(1);
                            inbox.deliver(from, frame);
                        }
                        Err(error) => {
                            tracing::warn!(party = %from, %error, "a malformed frame ended the call");
                            break Err(Status::invalid_argument(error.to_string()));
                        }
                    },
                    Ok(None) => break Ok(wire::DeliverEnd { frames: count }),
                    Err(status) => {
                        tracing::info!(party = %from, code = %status.code(), "a peer's call broke");
                        break Err(status);
                    }
                }
            };
            // Nobody may be listening any more.
            let _ = end.try_send(outcome);
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(ends))))
    }

    async fn propose(
        &self,
        request: Request<wire::SignedBytes>,
    ) -> Result<Response<wire::ProposeReply>, Status> {
        let from = self.access.party(&request)?;
        let reply = match self.ceremonies.consider(from, request.into_inner()).await {
            Ok(()) => wire::ProposeReply { accepted: true, reason: String::new() },
            Err(error) => {
                tracing::warn!(party = %from, %error, "a proposed ceremony was refused");
                wire::ProposeReply { accepted: false, reason: error.to_string() }
            }
        };
        Ok(Response::new(reply))
    }

    async fn known_head(
        &self,
        request: Request<wire::KnownHeadRequest>,
    ) -> Result<Response<wire::KnownHeadReply>, Status> {
        let from = self.access.party(&request)?;
        let head = self.heads.known(from).map(|head| head.encode());
        Ok(Response::new(wire::KnownHeadReply { head }))
    }

    async fn outcome(
        &self,
        request: Request<wire::OutcomeRequest>,
    ) -> Result<Response<wire::OutcomeReply>, Status> {
        let from = self.access.party(&request)?;
        let wire::OutcomeRequest { ceremony, proposal } = request.into_inner();
        let ceremony = ceremony.try_into().map_err(|_| Status::invalid_argument("ceremony"))?;
        match self.ceremonies.outcome(ceremony, proposal).await {
            Ok(reply) => Ok(Response::new(reply)),
            Err(error) => {
                tracing::warn!(party = %from, %error, "the outcome of a ceremony is not known");
                Err(Status::internal("the outcome is not known"))
            }
        }
    }
}

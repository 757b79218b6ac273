//! The operator's end of the socket, for the command line.

use std::path::{Path, PathBuf};

use countersign_protocol::wire::operator_client::OperatorClient as Calls;
use countersign_protocol::{KeyName, KeyPurpose, wire};
use tokio::net::UnixStream;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

/// Speaks to one's own daemon.
#[derive(Clone, Debug)]
pub struct OperatorClient {
    calls: Calls<Channel>,
}

impl OperatorClient {
    /// Connects to the daemon behind `socket`.
    ///
    /// # Errors
    /// If no daemon listens there.
    pub async fn connect(socket: &Path) -> Result<Self, OperatorError> {
        let path = socket.to_owned();
        let absent = |source| OperatorError::Absent { socket: socket.to_owned(), source };
        let connector = tower::service_fn(move |_: http::Uri| {
            let path = path.clone();
            async move { UnixStream::connect(path).await.map(hyper_util::rt::TokioIo::new) }
        });
        // The address is not used: the connector knows the socket.
        let endpoint = Endpoint::from_static("http://cosigner.invalid");
        let channel = endpoint.connect_with_connector(connector).await.map_err(absent)?;
        Ok(Self { calls: Calls::new(channel) })
    }

    /// Proposes a keygen; the events tell how it goes.
    ///
    /// # Errors
    /// If the daemon refuses at once.
    pub async fn keygen(
        &mut self,
        key: &KeyName,
        threshold: u8,
        purpose: KeyPurpose,
        confirm_within: std::time::Duration,
    ) -> Result<tonic::Streaming<wire::CeremonyEvent>, OperatorError> {
        let request = wire::KeygenRequest {
            key: key.to_string(),
            threshold: u32::from(threshold),
            purpose: purpose.to_string(),
            confirm_within_ms: u64::try_from(confirm_within.as_millis()).unwrap_or(u64::MAX),
        };
        Ok(self.calls.keygen(request).await?.into_inner())
    }

    /// Agrees to a waiting ceremony, or refuses it. Gives the key's name.
    ///
    /// # Errors
    /// If no such ceremony waits.
    pub async fn confirm(&mut self, ceremony: &[u8], agree: bool) -> Result<String, OperatorError> {
        let request = wire::ConfirmRequest { ceremony: ceremony.to_vec(), agree };
        Ok(self.calls.confirm(request).await?.into_inner().key)
    }

    /// The ceremonies that wait, run, or left a key that is not resolved.
    ///
    /// # Errors
    /// If the daemon does not answer.
    pub async fn ceremonies(&mut self) -> Result<Vec<wire::CeremonyInfo>, OperatorError> {
        Ok(self.calls.ceremonies(wire::CeremoniesRequest {}).await?.into_inner().ceremonies)
    }

    /// Rejects a key that not every party is known to have acknowledged. Gives how many parties
    /// rejected it so far, and how many must before it is given up.
    ///
    /// # Errors
    /// If there is no such key, or it is too late.
    pub async fn reject(&mut self, ceremony: &[u8]) -> Result<wire::RejectReply, OperatorError> {
        let request = wire::RejectRequest { ceremony: ceremony.to_vec() };
        Ok(self.calls.reject(request).await?.into_inner())
    }

    /// What the daemon says of itself.
    ///
    /// # Errors
    /// If the daemon does not answer.
    pub async fn status(&mut self) -> Result<wire::StatusResponse, OperatorError> {
        Ok(self.calls.status(wire::StatusRequest {}).await?.into_inner())
    }

    /// What the daemon would say to a request of this gateway.
    ///
    /// # Errors
    /// If the request is none.
    pub async fn explain(
        &mut self,
        gateway: &str,
        request: wire::SignRequest,
    ) -> Result<wire::ExplainReply, OperatorError> {
        let request = wire::ExplainRequest { request: Some(request), gateway: gateway.to_owned() };
        Ok(self.calls.explain(request).await?.into_inner())
    }

    /// Where this journal and those of the peers stand.
    ///
    /// # Errors
    /// If the daemon does not answer.
    pub async fn journal_heads(&mut self) -> Result<wire::JournalHeadsReply, OperatorError> {
        Ok(self.calls.journal_heads(wire::JournalHeadsRequest {}).await?.into_inner())
    }

    /// Lets the daemon sign though peers know a history of its journal that is not here. Gives the era that
    /// begins with it.
    ///
    /// # Errors
    /// If there is nothing to waive, or no reason.
    pub async fn waive_journal(&mut self, reason: &str) -> Result<u64, OperatorError> {
        let request = wire::WaiveJournalRequest { reason: reason.to_owned() };
        Ok(self.calls.waive_journal(request).await?.into_inner().era)
    }

    /// The parties that are signed with no more.
    ///
    /// # Errors
    /// If the daemon does not answer.
    pub async fn bans(&mut self) -> Result<Vec<wire::BanInfo>, OperatorError> {
        Ok(self.calls.bans(wire::BansRequest {}).await?.into_inner().bans)
    }
}

/// Why a command did not reach the daemon, or was refused by it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OperatorError {
    /// No daemon listens.
    #[error("no cosigner answers at {socket}; is `cosigner run` running?", socket = socket.display())]
    Absent {
        /// The socket.
        socket: PathBuf,
        /// What went wrong.
        source: tonic::transport::Error,
    },
    /// The daemon refused.
    #[error("{message}")]
    Refused {
        /// What it said.
        message: String,
    },
}

impl From<Status> for OperatorError {
    fn from(status: Status) -> Self {
        Self::Refused { message: status.message().to_owned() }
    }
}

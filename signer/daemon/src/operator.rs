//! The operator's socket: commands to one's own daemon, and to no other.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_protocol::wire::operator_server::Operator;
use countersign_protocol::{SignCall, wire};
use countersign_threshold::PartyId;
use tokio::net::UnixListener;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::audit::AuditHead;
use crate::ceremony::{Ceremonies, CeremonyError, CeremonyId};
use crate::heads::{Head, Heads, WaiveError};
use crate::signing::Signer;
use crate::status::StatusReport;
use crate::store::Store;

mod client;

pub use client::{OperatorClient, OperatorError};

/// Events that an operator may have unread.
const UNREAD_EVENTS: usize = 256;

/// Answers the operator.
#[derive(Debug)]
pub(crate) struct OperatorService {
    pub(crate) ceremonies: Ceremonies,
    pub(crate) status: StatusReport,
    pub(crate) signer: Signer,
    pub(crate) heads: Arc<Heads>,
    pub(crate) store: Store,
}

type Events =
    std::pin::Pin<Box<dyn tokio_stream::Stream<Item = Result<wire::CeremonyEvent, Status>> + Send>>;

#[tonic::async_trait]
impl Operator for OperatorService {
    type KeygenStream = Events;

    async fn keygen(
        &self,
        request: Request<wire::KeygenRequest>,
    ) -> Result<Response<Events>, Status> {
        let wanted = request.into_inner();
        let key = wanted.key.parse().map_err(invalid)?;
        let purpose =
            wanted.purpose.parse().map_err(|_| Status::invalid_argument("unknown purpose"))?;
        let threshold = u8::try_from(wanted.threshold).map_err(invalid)?;
        let (events, stream) = mpsc::channel(UNREAD_EVENTS);
        let within = wanted.confirm_within_ms;
        self.ceremonies
            .propose_keygen(key, purpose, threshold, within, events)
            .await
            .map_err(refusal)?;
        Ok(Response::new(Box::pin(ReceiverStream::new(stream).map(Ok))))
    }

    async fn confirm(
        &self,
        request: Request<wire::ConfirmRequest>,
    ) -> Result<Response<wire::ConfirmReply>, Status> {
        let word = request.into_inner();
        let id = word.ceremony.try_into().map_err(|_| Status::invalid_argument("ceremony"))?;
        let key = self.ceremonies.decide(CeremonyId(id), word.agree).await.map_err(refusal)?;
        Ok(Response::new(wire::ConfirmReply { key: key.to_string() }))
    }

    async fn ceremonies(
        &self,
        _request: Request<wire::CeremoniesRequest>,
    ) -> Result<Response<wire::CeremoniesReply>, Status> {
        let ceremonies = self.ceremonies.list().await.map_err(refusal)?;
        Ok(Response::new(wire::CeremoniesReply { ceremonies }))
    }

    async fn reject(
        &self,
        request: Request<wire::RejectRequest>,
    ) -> Result<Response<wire::RejectReply>, Status> {
        let id = request.into_inner().ceremony.try_into();
        let id = id.map_err(|_| Status::invalid_argument("ceremony"))?;
        let (have, need) = self.ceremonies.reject(CeremonyId(id)).await.map_err(refusal)?;
        let count = |count| u32::try_from(count).unwrap_or(u32::MAX);
        Ok(Response::new(wire::RejectReply { have: count(have), need: count(need) }))
    }

    async fn status(
        &self,
        _request: Request<wire::StatusRequest>,
    ) -> Result<Response<wire::StatusResponse>, Status> {
        self.status.answer().await.map(Response::new)
    }

    async fn explain(
        &self,
        request: Request<wire::ExplainRequest>,
    ) -> Result<Response<wire::ExplainReply>, Status> {
        let asked = request.into_inner();
        let message = asked.request.ok_or_else(|| Status::invalid_argument("no request"))?;
        let call = SignCall::from_wire(message).map_err(invalid)?;
        let (judged, rehearsed) =
            self.signer.explain(&asked.gateway, &call).await.map_err(|error| {
                tracing::error!(%error, "the totals cannot be read");
                Status::internal("the totals cannot be read")
            })?;
        let refusal = rehearsed.verdict.as_ref().err();
        let (policy, exceeded) = rehearsed.policy.clone().unzip();
        Ok(Response::new(wire::ExplainReply {
            allowed: refusal.is_none(),
            rule: refusal.map(|refusal| refusal.rule.name().to_owned()).unwrap_or_default(),
            message: refusal.map(|refusal| refusal.message.clone()).unwrap_or_default(),
            policy: policy.map(|verdict| verdict.to_string()).unwrap_or_default(),
            exceeded: exceeded.unwrap_or_default().into_iter().collect(),
            preview: judged.preview,
            preview_hash: judged
                .preview_hash
                .map(|hash| hash.as_b256().to_vec())
                .unwrap_or_default(),
        }))
    }

    async fn bans(
        &self,
        _request: Request<wire::BansRequest>,
    ) -> Result<Response<wire::BansReply>, Status> {
        Ok(Response::new(wire::BansReply { bans: self.ceremonies.bans() }))
    }

    async fn journal_heads(
        &self,
        _request: Request<wire::JournalHeadsRequest>,
    ) -> Result<Response<wire::JournalHeadsReply>, Status> {
        let report = self.heads.report();
        let at = self.store.audit_head().await.map_err(|error| {
            tracing::error!(%error, "the journal's head cannot be read");
            Status::internal("the journal's head cannot be read")
        })?;
        let party = |(party, head): &(PartyId, Head)| head_info(*party, head.era, head.at);
        Ok(Response::new(wire::JournalHeadsReply {
            era: report.era,
            head: Some(head_info(self.status.me, report.era, at)),
            missing: report.conflicts.iter().map(party).collect(),
            peers: report.known.iter().map(party).collect(),
        }))
    }

    async fn waive_journal(
        &self,
        request: Request<wire::WaiveJournalRequest>,
    ) -> Result<Response<wire::WaiveJournalReply>, Status> {
        match self.heads.waive(&request.into_inner().reason).await {
            Ok(era) => Ok(Response::new(wire::WaiveJournalReply { era })),
            Err(WaiveError::Store(error)) => {
                tracing::error!(%error, "a waiver could not be written down");
                Err(Status::internal("the waiver could not be written down"))
            }
            Err(error) => Err(Status::failed_precondition(error.to_string())),
        }
    }
}

fn head_info(party: PartyId, era: u64, head: AuditHead) -> wire::JournalHead {
    let AuditHead { count, hash } = head;
    wire::JournalHead { party: u32::from(party.index()), era, count, hash: hash.to_vec() }
}

fn invalid(error: impl std::fmt::Display) -> Status {
    Status::invalid_argument(error.to_string())
}

fn refusal(error: CeremonyError) -> Status {
    match error {
        CeremonyError::Unknown | CeremonyError::NoSuchKey => Status::not_found(error.to_string()),
        CeremonyError::NameTaken { .. } => Status::already_exists(error.to_string()),
        other => Status::failed_precondition(other.to_string()),
    }
}

/// Binds the socket with mode 0600. It is bound in a folder of its own that nobody else may enter, and
/// gets its name only after it got its mode. A socket left by a daemon that is gone is replaced.
pub(crate) fn bind(path: &Path) -> std::io::Result<UnixListener> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
    let folder: PathBuf = path.with_extension("new");
    clear(&folder)?;
    std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
    let temporary = folder.join("s");
    let listener = UnixListener::bind(&temporary)?;
    std::fs::set_permissions(&temporary, std::fs::Permissions::from_mode(0o600))?;
    std::fs::rename(&temporary, path)?;
    std::fs::remove_dir(&folder)?;
    Ok(listener)
}

/// Removes what a daemon left that died while it bound.
fn clear(folder: &Path) -> std::io::Result<()> {
    let removed = match std::fs::symlink_metadata(folder) {
        Ok(found) if found.is_dir() => std::fs::remove_dir_all(folder),
        Ok(_) => std::fs::remove_file(folder),
        Err(error) => Err(error),
    };
    removed.or_else(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::bind;

    #[tokio::test]
    async fn the_socket_is_its_owners_alone_and_replaces_what_a_dead_daemon_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cosigner.sock");
        std::fs::create_dir(folder.path().join("cosigner.new")).unwrap();
        std::fs::write(folder.path().join("cosigner.new").join("s"), b"").unwrap();
        for _ in 0..2 {
            drop(bind(&path).unwrap());
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else");
        }
    }
}

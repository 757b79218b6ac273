//! The whole daemon, from configuration to a graceful end.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use countersign_protocol::wire::MAX_MESSAGE_BYTES as MAX_CALL_BYTES;
use countersign_protocol::wire::cosigner_server::CosignerServer;
use countersign_protocol::wire::operator_server::OperatorServer;
use countersign_protocol::wire::peer_server::PeerServer;
use countersign_protocol::{
    CommitteeFile, CommitteeFileError, Identity, IdentityError, PinnedServer, PinnedStream,
    TlsError,
};
use countersign_threshold::PartyId;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_stream::wrappers::{ReceiverStream, UnixListenerStream};
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;

use crate::access::Access;
use crate::accounts::RpcAccounts;
use crate::ceremony::{Ceremonies, CeremonyError, CeremonyParts};
use crate::config::{DaemonConfig, PassphraseError};
use crate::data_dir::DataDir;
use crate::gateway::GatewayService;
use crate::keys::Keys;
use crate::operator::{self, OperatorService};
use crate::signing::{Signer, SignerParts};
use crate::status::StatusReport;
use crate::store::{Store, StoreError};
use crate::transport::{Inbox, Links, MAX_MESSAGE_BYTES, PeerService, Peers};
use crate::vault::{KdfStrength, Vault, VaultError};

/// How long a handshake may take, and how many may be under way.
const HANDSHAKE: Duration = Duration::from_secs(5);
const HANDSHAKES: usize = 256;
/// Flow-control windows that hold a whole signing round, so that no frame waits for credit.
const WINDOW_BYTES: u32 = 4 << 20;

/// A running daemon. Dropping it stops it at once; [`Daemon::stop`] stops it gracefully.
#[derive(Debug)]
pub struct Daemon {
    addr: SocketAddr,
    keys: Arc<Keys>,
    store: Store,
    socket: PathBuf,
    patience: Duration,
    stop: CancellationToken,
    tasks: JoinSet<()>,
    _held: std::fs::File,
}

impl Daemon {
    /// Starts everything: it returns once both sockets listen.
    ///
    /// # Errors
    /// Says what is missing or wrong: the committee file, the identity, the passphrase, the vault,
    /// the database, or an address that is taken.
    pub async fn start(config: DaemonConfig) -> Result<Self, StartError> {
        let data = DataDir::new(&config.data_dir);
        let identity = Identity::load(&data.identity())?;
        let committee = Arc::new(load_committee(&config)?);
        let me = our_place(&committee, &identity)?;
        let committee_hash = *committee.hash()?.as_bytes();
        data.create()?;
        let held =
            data.hold()?.ok_or_else(|| StartError::Held { path: config.data_dir.clone() })?;
        let vault = Arc::new(open_vault(&config, &data).await?);
        let store = Store::open(&data.database()).await?;
        let listener = TcpListener::bind(config.listen)
            .await
            .map_err(|source| StartError::Listen { at: config.listen.to_string(), source })?;
        let addr = listener.local_addr().map_err(StartError::Socket)?;
        let socket = config.socket();
        let operators = operator::bind(&socket)
            .map_err(|source| StartError::Listen { at: socket.display().to_string(), source })?;

        let (stop, keys, inbox) =
            (CancellationToken::new(), Arc::new(Keys::default()), Inbox::new());
        let links = Links::start(&identity, &committee, me, config.deadlines.connect())?;
        let parts = CeremonyParts {
            me,
            identity: identity.clone(),
            committee: Arc::clone(&committee),
            committee_hash,
            links: Arc::clone(&links),
            inbox: Arc::clone(&inbox),
            vault,
            keys: Arc::clone(&keys),
            store: store.clone(),
            deadlines: config.deadlines,
            dev: config.dev,
        };
        let ceremonies = Ceremonies::start(parts, stop.clone()).await?;
        let status = StatusReport {
            me,
            committee: Arc::clone(&committee),
            committee_hash,
            links: Arc::clone(&links),
            ceremonies: ceremonies.clone(),
        };
        let signer = Signer::new(SignerParts {
            me,
            committee: committee_hash,
            gateways: committee.gateways().iter().map(|gateway| gateway.name.clone()).collect(),
            accounts: Arc::new(RpcAccounts::new(&config.chains)),
            chains: config.chains,
            rules: config.rules,
            deadlines: config.deadlines,
            keys: Arc::clone(&keys),
            peers: Arc::clone(&links) as Arc<dyn Peers>,
            inbox: Arc::clone(&inbox),
            store: store.clone(),
        });
        let access = Access::new(Arc::clone(&committee));
        let gateway = GatewayService {
            access: access.clone(),
            signer,
            keys: Arc::clone(&keys),
            status: status.clone(),
        };
        let peer = PeerService { access, inbox, ceremonies: ceremonies.clone() };
        let operator = OperatorService { ceremonies, status };
        let tls = PinnedServer::new(&identity, known_keys(&committee))?;

        let mut tasks = JoinSet::new();
        tasks.spawn(serve_network(listener, tls, gateway, peer, stop.clone()));
        tasks.spawn(serve_operator(operators, operator, stop.clone()));
        tracing::info!(
            party = %me, %addr, committee = %hex::encode(committee_hash), keys = keys.all().len(),
            dev = config.dev, fingerprint = %identity.public().fingerprint(), "cosigner is up"
        );
        if config.dev {
            tracing::warn!("dev mode: ceremonies confirm themselves; never use it with value");
        }
        let patience = config.deadlines.shutdown();
        Ok(Self { addr, keys, store, socket, patience, stop, tasks, _held: held })
    }

    /// Where peers and gateways connect.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The keys that it can sign with.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Stops accepting, lets what runs come to its end for a bounded time, and closes the database.
    pub async fn stop(mut self) {
        self.stop.cancel();
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(self.patience, ended).await.is_err() {
            tracing::warn!("some calls did not end in time and were cut off");
        }
        self.tasks.shutdown().await;
        if let Err(error) = self.store.checkpoint().await {
            tracing::error!(%error, "the database could not be closed cleanly");
        }
        // A socket that is gone already is no trouble.
        let _ = std::fs::remove_file(&self.socket);
        tracing::info!("cosigner stopped");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn load_committee(config: &DaemonConfig) -> Result<CommitteeFile, StartError> {
    let file = CommitteeFile::load(&config.committee)?;
    file.verify()?;
    Ok(file)
}

fn our_place(committee: &CommitteeFile, identity: &Identity) -> Result<PartyId, StartError> {
    committee
        .party_by_key(&identity.public())
        .and_then(|party| PartyId::new(party.index).ok())
        .ok_or_else(|| StartError::NotInCommittee { key: identity.public().to_string() })
}

fn known_keys(
    committee: &CommitteeFile,
) -> impl Iterator<Item = countersign_protocol::IdentityKey> + '_ {
    let parties = committee.parties().iter().map(|party| party.identity);
    parties.chain(committee.gateways().iter().map(|gateway| gateway.identity))
}

async fn open_vault(config: &DaemonConfig, data: &DataDir) -> Result<Vault, StartError> {
    let passphrase = config.passphrase.read()?;
    let strength = kdf_strength(config);
    let folder = data.vault();
    let opened =
        tokio::task::spawn_blocking(move || Vault::open(&folder, &passphrase, strength)).await;
    Ok(opened.map_err(|_| StartError::Worker)??)
}

pub(crate) const fn kdf_strength(config: &DaemonConfig) -> KdfStrength {
    if config.dev { KdfStrength::Fast } else { KdfStrength::MemoryHard }
}

async fn serve_network(
    listener: TcpListener,
    tls: PinnedServer,
    gateway: GatewayService,
    peer: PeerService,
    stop: CancellationToken,
) {
    let gateway = CosignerServer::new(gateway)
        .max_decoding_message_size(MAX_CALL_BYTES)
        .max_encoding_message_size(MAX_CALL_BYTES);
    let peer = PeerServer::new(peer)
        .max_decoding_message_size(MAX_MESSAGE_BYTES)
        .max_encoding_message_size(MAX_MESSAGE_BYTES);
    let server = Server::builder()
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .max_concurrent_streams(1024)
        .http2_keepalive_interval(Some(Duration::from_secs(10)))
        .add_service(gateway)
        .add_service(peer);
    let connections = accept(listener, tls, stop.clone());
    let served = server.serve_with_incoming_shutdown(connections, stop.cancelled()).await;
    if let Err(error) = served {
        tracing::error!(%error, "the network server ended");
    }
}

/// Accepts sockets and performs the handshakes side by side, so that a slow one holds up nobody.
fn accept(
    listener: TcpListener,
    tls: PinnedServer,
    stop: CancellationToken,
) -> ReceiverStream<std::io::Result<PinnedStream>> {
    let (ready, connections) = mpsc::channel(HANDSHAKES);
    let slots = Arc::new(tokio::sync::Semaphore::new(HANDSHAKES));
    tokio::spawn(async move {
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = listener.accept() => accepted,
            };
            let (tcp, addr) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { break };
            let (tls, ready) = (tls.clone(), ready.clone());
            tokio::spawn(async move {
                match tls.accept(tcp, HANDSHAKE).await {
                    // If nobody serves any more, the connection just closes.
                    Ok(stream) => drop(ready.send(Ok(stream)).await),
                    Err(error) => {
                        tracing::warn!(%addr, error = &error as &dyn std::error::Error, "a handshake failed")
                    }
                }
                drop(slot);
            });
        }
    });
    ReceiverStream::new(connections)
}

async fn serve_operator(listener: UnixListener, service: OperatorService, stop: CancellationToken) {
    let served = Server::builder()
        .add_service(OperatorServer::new(service))
        .serve_with_incoming_shutdown(UnixListenerStream::new(listener), stop.cancelled())
        .await;
    if let Err(error) = served {
        tracing::error!(%error, "the operator's server ended");
    }
}

/// Why a daemon did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The committee file cannot be used.
    #[error(transparent)]
    Committee(#[from] CommitteeFileError),
    /// The identity cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// Our identity is nobody's in the committee file.
    #[error("our identity {key} is no party of the committee file")]
    NotInCommittee {
        /// Our public key.
        key: String,
    },
    /// Another daemon runs on the same data.
    #[error("another process holds the data directory {path}", path = path.display())]
    Held {
        /// The data directory.
        path: PathBuf,
    },
    /// There is no passphrase.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// The vault does not open.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database does not open.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The live keys cannot be loaded.
    #[error(transparent)]
    Ceremony(#[from] CeremonyError),
    /// The connections cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// An address is taken or not ours.
    #[error("cannot listen on {at}")]
    Listen {
        /// The address or socket.
        at: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A socket without an address.
    #[error("the socket has no address")]
    Socket(#[source] std::io::Error),
    /// A worker thread panicked.
    #[error("a worker thread panicked")]
    Worker,
}

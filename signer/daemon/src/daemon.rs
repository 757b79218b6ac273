//! The whole daemon, from configuration to a graceful end.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use countersign_protocol::{CommitteeFile, FeatureBook, Identity, IdentityKey, PinnedServer};
use countersign_threshold::PartyId;
use countersign_userop::Descriptors;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::access::Access;
use crate::accounts::RpcAccounts;
use crate::ceremony::{Ceremonies, CeremonyParts, Colleagues};
use crate::clock;
use crate::config::DaemonConfig;
use crate::data_dir::DataDir;
use crate::gateway::GatewayService;
use crate::heads::{Doubt, Heads};
use crate::keys::Keys;
use crate::metrics::{Metrics, Watched};
use crate::operator::{self, OperatorService};
use crate::policy_book::PolicyBook;
use crate::release::Release;
use crate::signing::{Signer, SignerParts};
use crate::status::StatusReport;
use crate::store::Store;
use crate::transport::{Inbox, Links, PeerService, Peers};
use crate::vault::{KdfStrength, Vault};
use crate::words;

mod error;
mod handshakes;
pub(crate) mod journal_name;
mod keeping;
mod serve;
mod ways;

pub use error::StartError;
use keeping::Keeper;
use serve::{serve_network, serve_operator};
use ways::Ways;

/// A running daemon. Dropping it stops it at once; [`Daemon::stop`] stops it gracefully.
#[derive(Debug)]
pub struct Daemon {
    addr: SocketAddr,
    metrics_addr: Option<SocketAddr>,
    keys: Arc<Keys>,
    links: Arc<Links>,
    ceremonies: Ceremonies,
    store: Store,
    identity: Identity,
    policy: PolicyBook,
    features: FeatureBook,
    socket: PathBuf,
    patience: Duration,
    /// Takes nothing new.
    stop: CancellationToken,
    /// Ends the peers' long calls, which sessions that still run need.
    hang_up: CancellationToken,
    signer: Signer,
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
        Self::start_through(config, |links| links).await
    }

    /// Starts everything, with `way` put before the links that carry this cosigner's frames to the others: for
    /// programs that play a cosigner of ill will or a bad network. What comes in is checked as ever.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_through(
        config: DaemonConfig,
        way: impl FnOnce(Arc<dyn Peers>) -> Arc<dyn Peers>,
    ) -> Result<Self, StartError> {
        let policy = PolicyBook::load(&config)?;
        let features = FeatureBook::load(config.features.as_deref(), config.dev)?;
        let descriptors = Arc::new(words::load(config.descriptors.as_deref())?);
        let ground = Ground::prepare(&config).await?;
        let listener = TcpListener::bind(config.listen)
            .await
            .map_err(|source| StartError::Listen { at: config.listen.to_string(), source })?;
        let addr = listener.local_addr().map_err(StartError::Socket)?;
        let socket = config.socket();
        let operators = operator::bind(&socket)
            .map_err(|source| StartError::Listen { at: socket.display().to_string(), source })?;
        let tls = PinnedServer::new(&ground.identity, known_keys(&ground.committee))?;
        let (stop, hang_up) = (CancellationToken::new(), CancellationToken::new());
        let keys = Arc::new(Keys::default());
        let (me, limit) = (ground.me, config.deadlines.connect());
        let links = Links::start(&ground.identity, &ground.committee, me, limit)?;
        let frames = way(Arc::clone(&links) as Arc<dyn Peers>);
        let ways = Arc::new(Ways { links: Arc::clone(&links), frames });
        let metrics = Arc::new(Metrics::new()?);
        let watched = Watched::bind(config.metrics).await?;
        let law = Law {
            policy: policy.clone(),
            features: features.clone(),
            descriptors,
            metrics: Arc::clone(&metrics),
        };
        let services = ground.services(&config, law, &ways, &keys, &stop, &hang_up).await?;
        let ceremonies = services.peer.ceremonies.clone();
        let signer = services.gateway.signer.clone();

        let mut tasks = JoinSet::new();
        let metrics_addr = watched.as_ref().map(Watched::addr);
        if let Some(watched) = watched {
            let ceremonies = ceremonies.clone();
            let bans = move || ceremonies.bans();
            tasks.spawn(watched.serve(Arc::clone(&metrics), bans, stop.clone()));
        }
        tasks.spawn(serve_network(listener, tls, services.gateway, services.peer, stop.clone()));
        tasks.spawn(serve_operator(operators, services.operator, stop.clone()));
        let archive = config.audit.archive.clone();
        let keeper = Keeper {
            store: ground.store.clone(),
            identity: ground.identity.clone(),
            config: config.audit.clone(),
            archive: archive.unwrap_or_else(|| DataDir::new(&config.data_dir).archive()),
        };
        tasks.spawn(keeper.run(stop.clone()));
        let release = Release {
            store: ground.store.clone(),
            accounts: Arc::new(RpcAccounts::new(&config.chains)),
            policy: policy.clone(),
        };
        tasks.spawn(release.run(stop.clone()));
        tasks.spawn(ask_around(Arc::clone(&ground.heads), Arc::clone(&links), stop.clone()));
        tracing::info!(
            party = %me, %addr, committee = %hex::encode(ground.committee_hash),
            keys = keys.all().len(), dev = config.dev,
            fingerprint = %ground.identity.public().fingerprint(), "cosigner is up"
        );
        if config.dev {
            tracing::warn!("dev mode: ceremonies confirm themselves; never use it with value");
        }
        let Ground { store, identity, held, .. } = ground;
        let patience = config.deadlines.shutdown();
        Ok(Self {
            addr,
            metrics_addr,
            keys,
            links,
            ceremonies,
            store,
            identity,
            policy,
            features,
            socket,
            patience,
            stop,
            hang_up,
            signer,
            tasks,
            _held: held,
        })
    }

    /// Where peers and gateways connect.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where its metrics are read, if anywhere.
    #[must_use]
    pub const fn metrics_addr(&self) -> Option<SocketAddr> {
        self.metrics_addr
    }

    /// The keys that it can sign with.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Reads the policy file again; a broken one changes nothing.
    pub fn reload_policy(&self) {
        match self.policy.reload() {
            Ok(()) => tracing::info!("the policy was read again"),
            Err(error) => {
                tracing::error!(%error, "the new policy cannot be used; the old one stays in force");
            }
        }
    }

    /// Reads the file of features again; a broken one changes nothing.
    pub fn reload_features(&self) {
        match self.features.reload() {
            Ok(()) => tracing::info!("the features were read again"),
            Err(error) => {
                tracing::error!(%error, "the new features cannot be used; the old ones stay in force");
            }
        }
    }

    /// Stops accepting, lets what runs come to its end for a bounded time, and closes the database.
    pub async fn stop(mut self) {
        self.stop.cancel();
        let patience = tokio::time::sleep(self.patience);
        tokio::pin!(patience);
        tokio::select! {
            () = self.signer.drained() => {}
            () = &mut patience => tracing::warn!("some sessions did not end in time"),
        }
        self.hang_up.cancel();
        tokio::select! {
            () = async { while self.tasks.join_next().await.is_some() {} } => {}
            () = &mut patience => tracing::warn!("some calls did not end in time and were cut off"),
        }
        self.tasks.shutdown().await;
        self.ceremonies.ended().await;
        self.links.close();
        if let Err(error) = self.store.seal(&self.identity, clock::now_ms()).await {
            tracing::error!(%error, "the audit chain could not be sealed");
        }
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
        self.hang_up.cancel();
        self.links.close();
    }
}

/// What a daemon stands on before it listens: nothing here speaks to anybody.
struct Ground {
    me: PartyId,
    identity: Identity,
    committee: Arc<CommitteeFile>,
    committee_hash: [u8; 32],
    vault: Arc<Vault>,
    store: Store,
    heads: Arc<Heads>,
    held: std::fs::File,
}

/// What a daemon decides by, beside its configuration, and where it counts.
struct Law {
    policy: PolicyBook,
    features: FeatureBook,
    descriptors: Arc<Descriptors>,
    metrics: Arc<Metrics>,
}

/// What a daemon answers with.
struct Services {
    gateway: GatewayService,
    peer: PeerService,
    operator: OperatorService,
}

impl Ground {
    async fn prepare(config: &DaemonConfig) -> Result<Self, StartError> {
        let data = DataDir::new(&config.data_dir);
        let identity = Identity::load(&data.identity())?;
        let committee = Arc::new(load_committee(config)?);
        let me = our_place(&committee, &identity)?;
        let committee_hash = *committee.hash()?.as_bytes();
        data.create()?;
        let held =
            data.hold()?.ok_or_else(|| StartError::Held { path: config.data_dir.clone() })?;
        let vault = Arc::new(open_vault(config, &data).await?);
        let store = Store::open(&data.database()).await?;
        journal_name::recognise(&data, &vault, &store).await?;
        let parties = Heads::parties_of(&committee);
        let heads = Heads::load(identity.clone(), parties, store.clone()).await?;
        Ok(Self { me, identity, committee, committee_hash, vault, store, heads, held })
    }

    async fn services(
        &self,
        config: &DaemonConfig,
        law: Law,
        ways: &Arc<Ways>,
        keys: &Arc<Keys>,
        stop: &CancellationToken,
        hang_up: &CancellationToken,
    ) -> Result<Services, StartError> {
        let (inbox, committee) = (Inbox::new(), &self.committee);
        let heads = Arc::clone(&self.heads);
        let parts = CeremonyParts {
            me: self.me,
            identity: self.identity.clone(),
            committee: Arc::clone(committee),
            committee_hash: self.committee_hash,
            peers: Arc::clone(ways) as Arc<dyn Colleagues>,
            inbox: Arc::clone(&inbox),
            vault: Arc::clone(&self.vault),
            keys: Arc::clone(keys),
            store: self.store.clone(),
            deadlines: config.deadlines,
            dev: config.dev,
        };
        let ceremonies = Ceremonies::start(parts, stop.clone()).await?;
        let status = StatusReport {
            me: self.me,
            committee: Arc::clone(committee),
            committee_hash: self.committee_hash,
            links: Arc::clone(&ways.links),
            ceremonies: ceremonies.clone(),
            live: Arc::clone(keys),
            store: self.store.clone(),
        };
        let signer = Signer::new(SignerParts {
            me: self.me,
            committee: self.committee_hash,
            gateways: committee.gateways().iter().map(|gateway| gateway.name.clone()).collect(),
            accounts: Arc::new(RpcAccounts::new(&config.chains)),
            chains: config.chains.clone(),
            rules: config.rules.clone(),
            policy: law.policy,
            features: law.features,
            descriptors: law.descriptors,
            limits: config.limits,
            deadlines: config.deadlines,
            keys: Arc::clone(keys),
            peers: Arc::clone(&ways.frames),
            inbox: Arc::clone(&inbox),
            store: self.store.clone(),
            heads: Arc::clone(&heads),
            metrics: law.metrics,
        });
        let access = Access::new(Arc::clone(committee));
        Ok(Services {
            gateway: GatewayService {
                access: access.clone(),
                signer: signer.clone(),
                keys: Arc::clone(keys),
                status: status.clone(),
            },
            peer: PeerService {
                access,
                inbox,
                ceremonies: ceremonies.clone(),
                heads: Arc::clone(&heads),
                hang_up: hang_up.clone(),
            },
            operator: OperatorService {
                ceremonies,
                status,
                signer,
                heads,
                store: self.store.clone(),
            },
        })
    }
}

/// How often peers that did not say what they know of us are asked again.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// Asks every peer what it knows of our journal, until all have answered. A session with one that has not is not begun
/// before it has; this is so that the operator hears of it at once.
async fn ask_around(heads: Arc<Heads>, links: Arc<Links>, stop: CancellationToken) {
    let mut missing: Vec<PartyId> = links.parties().collect();
    while !missing.is_empty() {
        let mut silent = Vec::new();
        for peer in missing {
            if let Err(Doubt::Silent(_)) = heads.assure(&[peer], links.as_ref()).await {
                silent.push(peer);
            }
        }
        missing = silent;
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(ASK_AGAIN) => {}
        }
    }
}

pub(crate) fn load_committee(config: &DaemonConfig) -> Result<CommitteeFile, StartError> {
    let file = CommitteeFile::load(&config.committee)?;
    file.verify()?;
    Ok(file)
}

pub(crate) fn our_place(
    committee: &CommitteeFile,
    identity: &Identity,
) -> Result<PartyId, StartError> {
    committee
        .party_by_key(&identity.public())
        .and_then(|party| PartyId::new(party.index).ok())
        .ok_or_else(|| StartError::NotInCommittee { key: identity.public().to_string() })
}

fn known_keys(committee: &CommitteeFile) -> impl Iterator<Item = IdentityKey> + '_ {
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

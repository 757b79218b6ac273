//! The parts that a request or a step may need, put together once.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use countersign_bundler_client::{BundlerClient, ClientOptions};
use countersign_protocol::{CommitteeFile, FeatureBook, Identity};
use countersign_userop::{ChainId, EntryPointVersion};
use tokio::sync::{Mutex, Notify};

use crate::{
    chain::Chain,
    config::GatewayConfig,
    limits::Limits,
    quorum::Quorum,
    service::{PartStatus, Readiness, ServiceError},
    store::{SqliteStore, Store},
};

/// Everything outside the process that the gateway leans on, and its own store.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) config: GatewayConfig,
    pub(crate) store: Box<dyn Store>,
    pub(crate) quorum: Quorum,
    /// What is switched on.
    pub(crate) features: FeatureBook,
    pub(crate) chains: HashMap<ChainId, ChainParts>,
    pub(crate) limits: Limits,
    /// Rung when there is work that nobody has claimed.
    pub(crate) work: Notify,
    readiness: Mutex<Option<(Instant, Readiness)>>,
}

/// How long an answer about the parts is given again.
const READINESS_HOLDS: Duration = Duration::from_secs(1);

/// One chain's node and bundlers.
#[derive(Debug)]
pub(crate) struct ChainParts {
    pub(crate) node: Chain,
    pub(crate) bundler: BundlerClient,
}

impl World {
    pub(crate) async fn open(config: GatewayConfig) -> Result<Arc<Self>, ServiceError> {
        let identity = Identity::load(&config.identity).map_err(ServiceError::internal)?;
        let committee = CommitteeFile::load(&config.committee).map_err(ServiceError::internal)?;
        let features = FeatureBook::load(config.features.as_deref(), config.dev)
            .map_err(ServiceError::internal)?;
        let quorum = Quorum::new(&identity, &committee, config.deadlines, features.clone())?;
        let store = SqliteStore::open(&config.database).await.map_err(ServiceError::internal)?;
        let mut chains = HashMap::new();
        for chain in &config.chains {
            let node = Chain::new(chain.clone(), config.deadlines.node());
            let timeout = config.deadlines.bundler();
            let options = ClientOptions { timeout, deadline: timeout, ..ClientOptions::default() };
            let bundler = BundlerClient::with_failover(&chain.bundlers, chain.id, options)
                .map_err(ServiceError::internal)?;
            chains.insert(chain.id, ChainParts { node, bundler });
        }
        let limits = Limits::new(&config.limits);
        Ok(Arc::new(Self {
            config,
            limits,
            store: Box::new(store),
            quorum,
            features,
            chains,
            work: Notify::new(),
            readiness: Mutex::default(),
        }))
    }

    pub(crate) fn chain(&self, id: ChainId) -> Result<&ChainParts, ServiceError> {
        self.chains.get(&id).ok_or(ServiceError::UnsupportedChain(id))
    }

    /// The chain's EntryPoint of this address, by its version.
    pub(crate) fn version(
        &self,
        chain: ChainId,
        entry_point: alloy::primitives::Address,
    ) -> Result<EntryPointVersion, ServiceError> {
        let config = self.chain(chain)?.node.config();
        config.version_at(entry_point).ok_or(ServiceError::UnsupportedEntryPoint(entry_point))
    }

    /// How the parts are, asked at most once a second however many want to know.
    pub(crate) async fn readiness(&self) -> Readiness {
        let mut last = self.readiness.lock().await;
        if let Some((at, known)) = &*last
            && at.elapsed() < READINESS_HOLDS
        {
            return known.clone();
        }
        let now = self.ask_readiness().await;
        *last = Some((Instant::now(), now.clone()));
        now
    }

    async fn ask_readiness(&self) -> Readiness {
        let mut parts = Vec::new();
        for (id, chain) in &self.chains {
            parts.push(part(format!("chain {id}"), chain.node.check().await));
            parts.push(part(format!("bundler of chain {id}"), bundler(chain, *id).await));
        }
        let (enough, cosigners) = self.quorum.readiness().await;
        let ready = enough && parts.iter().all(|part| part.ok);
        parts.extend(cosigners);
        Readiness { ready, parts }
    }
}

async fn bundler(chain: &ChainParts, id: ChainId) -> Result<(), String> {
    match chain.bundler.chain_id().await {
        Ok(found) if found == id => Ok(()),
        Ok(found) => Err(format!("it serves chain {found}")),
        Err(error) => Err(error.to_string()),
    }
}

/// What one part said.
pub(crate) fn part<E: std::fmt::Display>(name: String, said: Result<(), E>) -> PartStatus {
    match said {
        Ok(()) => PartStatus { name, ok: true, message: "answers".into() },
        Err(error) => PartStatus { name, ok: false, message: error.to_string() },
    }
}

//! The whole network: chain, bundler, cosigners with their keys, gateway with an API key.

mod cosigner;
mod files;
mod gateway;
mod manifest;

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use alloy::primitives::Address;
use anyhow::{Context, bail, ensure};
use countersign_userop::{AccountKind, EntryPointVersion};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Alto, AltoOptions, Anvil, AnvilOptions, Deployments, JsonRpc, LogDir, Process, Workspace,
    free_port,
};

pub use cosigner::CosignerProcess;
pub use gateway::GatewayProcess;
pub use manifest::{CosignerEntry, KeyNames, Manifest};

/// The MPC key whose children own wallets.
const ACCOUNTS_KEY: &str = "wallets";
/// The MPC key that approves what our paymaster pays for.
const SPONSOR_KEY: &str = "sponsor";

/// How the world is made.
#[derive(Debug, Clone)]
pub struct WorldOptions {
    /// Where everything is written, and stays; a temporary folder if none.
    pub dir: Option<PathBuf>,
    /// How many cosigners there are.
    pub cosigners: u8,
    /// How many of them sign.
    pub threshold: u8,
    /// Blocks until the gateway calls an operation included.
    pub confirmations: u64,
    /// Seconds for which an approval of our paymaster holds.
    pub sponsor_window: Duration,
    /// The policy file of every cosigner; the development policy if none.
    pub policy: Option<String>,
    /// The name of a key of the purpose `plain`, with all kinds of request that it may sign switched on; none if none.
    pub plain_key: Option<String>,
    /// The collector that the gateway and the cosigners tell their spans; none if none.
    pub collector: Option<String>,
    /// The chain.
    pub chain: AnvilOptions,
    /// The bundler.
    pub bundler: AltoOptions,
    /// Is told what is up, as soon as it is.
    pub announce: fn(&str),
}

impl Default for WorldOptions {
    fn default() -> Self {
        Self {
            dir: None,
            cosigners: 3,
            threshold: 2,
            confirmations: 1,
            sponsor_window: Duration::from_secs(600),
            policy: None,
            plain_key: None,
            collector: None,
            chain: AnvilOptions::default(),
            bundler: AltoOptions::default(),
            announce: |_| (),
        }
    }
}

/// A running network. Dropping it stops everything that it started.
#[derive(Debug)]
pub struct World {
    // Fields drop in this order: the gateway goes first, the chain last.
    gateway: GatewayProcess,
    cosigners: Vec<CosignerProcess>,
    alto: Alto,
    anvil: Anvil,
    deployments: Deployments,
    paymasters: BTreeMap<EntryPointVersion, Address>,
    api_key: String,
    logs: LogDir,
}

/// A wallet of the gateway.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wallet {
    /// Where it lives.
    pub address: Address,
    /// Who owns it.
    pub owner: Address,
    /// Which child of the key that is.
    pub index: u32,
    /// The EntryPoint that it answers to.
    pub entry_point: Address,
}

impl World {
    /// Starts everything, makes the keys, and waits until the gateway is ready.
    ///
    /// # Errors
    /// When a part does not come up: the message has the end of its log.
    pub async fn start(options: WorldOptions) -> anyhow::Result<Self> {
        let logs = match &options.dir {
            Some(dir) => LogDir::kept(dir)?,
            None => LogDir::temporary()?,
        };
        let anvil =
            Anvil::start_with(AnvilOptions { logs: Some(logs.clone()), ..options.chain.clone() })
                .await?;
        let deployments = anvil.deploy().await?;
        // The paymasters' addresses go into configurations before there is a key to approve with.
        let paymasters = anvil.deploy_paymasters(anvil.deployer()?).await?;
        (options.announce)("chain, EntryPoints, accounts and paymasters");
        let bundler = AltoOptions { logs: Some(logs.clone()), ..options.bundler.clone() };
        let chain =
            files::Chain { anvil: &anvil, deployments: &deployments, paymasters: &paymasters };
        let (alto, (cosigners, gateway_dir)) = tokio::try_join!(
            bundler_up(&options, &anvil, &deployments, bundler),
            committee(&options, &logs, &chain),
        )?;
        let first = cosigners.first().context("a committee needs parties")?;
        let keygen = async |name: &str, purpose: &str| {
            let made = first.keygen(name, purpose, options.threshold).await;
            let made = made.with_context(|| {
                format!("keygen of {name:?}; logs in {}", logs.path().display())
            })?;
            (options.announce)(&format!("key {name:?} for {purpose}: {made}"));
            anyhow::Ok(made)
        };
        keygen(ACCOUNTS_KEY, "accounts").await?;
        let sponsor = keygen(SPONSOR_KEY, "paymaster").await?;
        anvil.set_paymaster_signer(&paymasters, sponsor).await?;
        if let Some(name) = &options.plain_key {
            keygen(name, "plain").await?;
        }
        let features = files::features(&options, &chain)?;
        std::fs::write(gateway_dir.join("features.toml"), features)?;
        let config = files::gateway(&options, &chain, alto.url(), free_port()?)?;
        let gateway = GatewayProcess::start(&gateway_dir, &config, &logs).await?;
        let api_key = gateway.create_api_key("devnet")?;
        (options.announce)("gateway");
        Ok(Self { gateway, cosigners, alto, anvil, deployments, paymasters, api_key, logs })
    }

    /// The chain.
    pub fn anvil(&mut self) -> &mut Anvil {
        &mut self.anvil
    }

    /// The bundler.
    pub fn alto(&mut self) -> &mut Alto {
        &mut self.alto
    }

    /// The gateway.
    pub fn gateway(&mut self) -> &mut GatewayProcess {
        &mut self.gateway
    }

    /// The cosigners, in the order of the committee.
    pub fn cosigners(&mut self) -> &mut [CosignerProcess] {
        &mut self.cosigners
    }

    /// What is on the chain.
    pub fn deployments(&self) -> &Deployments {
        &self.deployments
    }

    /// Our paymasters.
    pub fn paymasters(&self) -> &BTreeMap<EntryPointVersion, Address> {
        &self.paymasters
    }

    /// A key of the gateway's callers.
    pub fn api_key(&self) -> &str {
        &self.api_key
    }

    /// Where everything is written.
    pub fn logs(&self) -> &LogDir {
        &self.logs
    }

    /// A client of the gateway that presents the API key.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn rpc(&self) -> anyhow::Result<JsonRpc> {
        Ok(JsonRpc::new(self.gateway.url())?.with_bearer(&self.api_key))
    }

    /// Makes a wallet with the next child of the accounts' key.
    ///
    /// # Errors
    /// When the gateway refuses.
    pub async fn create_wallet(
        &self,
        kind: AccountKind,
        version: EntryPointVersion,
    ) -> anyhow::Result<Wallet> {
        let wallet = json!({
            "key": ACCOUNTS_KEY,
            "chainId": format!("{:#x}", self.anvil.chain_id()),
            "kind": kind,
            "entryPointVersion": version,
        });
        let made: Value = self.rpc()?.call("countersign_createWallet", json!([wallet])).await?;
        serde_json::from_value(made.clone()).with_context(|| format!("no wallet: {made}"))
    }

    /// Starts another gateway on the same chain and bundler, with a database and an identity of its own, under
    /// the committee file that `committee` gives for its identity's key.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn gateway_beside(
        &self,
        name: &str,
        committee: impl AsyncFnOnce(&str) -> anyhow::Result<String>,
    ) -> anyhow::Result<GatewayProcess> {
        let dir = self.logs.path().join(name);
        let key = gateway::make_identity(&Workspace::locate()?, &dir)?;
        std::fs::write(dir.join("committee.json"), committee(&key).await?)?;
        let features = self.gateway.config().with_file_name("features.toml");
        std::fs::copy(features, dir.join("features.toml"))?;
        let mut config: toml::Table = std::fs::read_to_string(self.gateway.config())?.parse()?;
        config.insert("listen".to_owned(), format!("127.0.0.1:{}", free_port()?).into());
        GatewayProcess::start(&dir, &toml::to_string(&config)?, &self.logs).await
    }

    /// Ends, with an error, when a part of the world ends by itself.
    ///
    /// # Errors
    /// Always: names the part, and its log.
    pub async fn watch(&mut self) -> anyhow::Result<()> {
        loop {
            if let Some(dead) = self.dead() {
                bail!(
                    "{} ended; log {}:\n{}",
                    dead.name(),
                    dead.log_path().display(),
                    dead.log_tail(20)
                );
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// What to look at after a failure: which part ended, or what the gateway complained of last.
    pub fn troubles(&mut self) -> String {
        let dead = self.dead();
        let (part, how) = match dead {
            Some(dead) => (dead, "ended"),
            None => (self.gateway.process(), "may know why"),
        };
        format!("{} {how}; log {}:\n{}", part.name(), part.log_path().display(), part.log_tail(20))
    }

    fn dead(&mut self) -> Option<&mut Process> {
        let gone = |process: &mut Process| !process.is_running();
        self.processes().into_iter().find_map(|process| gone(process).then_some(process))
    }

    fn processes(&mut self) -> Vec<&mut Process> {
        let Self { gateway, cosigners, alto, anvil, .. } = self;
        let cosigners = cosigners.iter_mut().map(CosignerProcess::process);
        cosigners.chain([alto.process(), anvil.process(), gateway.process()]).collect()
    }

    /// Everything that a client needs to know.
    pub fn manifest(&self) -> Manifest {
        Manifest::new(self)
    }
}

async fn bundler_up(
    options: &WorldOptions,
    anvil: &Anvil,
    deployments: &Deployments,
    bundler: AltoOptions,
) -> anyhow::Result<Alto> {
    let alto = Alto::start_with(anvil, deployments, bundler).await?;
    (options.announce)("bundler");
    Ok(alto)
}

/// Makes every identity, has all parties sign the committee file, and starts the cosigners.
/// Gives the gateway's folder too, which holds its identity and the committee file.
async fn committee(
    options: &WorldOptions,
    logs: &LogDir,
    chain: &files::Chain<'_>,
) -> anyhow::Result<(Vec<CosignerProcess>, PathBuf)> {
    ensure!(options.cosigners >= options.threshold, "fewer cosigners than the threshold");
    let workspace = Workspace::locate()?;
    let gateway_dir = logs.path().join("gateway");
    let gateway_key = gateway::make_identity(&workspace, &gateway_dir)?;
    let mut drafts = Vec::new();
    for index in 1..=options.cosigners {
        let dir = logs.path().join(format!("cosigner-{index}"));
        drafts.push(cosigner::Draft::make(&workspace, index, dir, options, chain)?);
    }
    cosigner::sign_committee(&drafts, &gateway_key, &gateway_dir)?;
    let mut running = Vec::new();
    for draft in drafts {
        running.push(draft.run(logs).await?);
    }
    (options.announce)("cosigners, under a committee file that all of them signed");
    Ok((running, gateway_dir))
}

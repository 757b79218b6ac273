//! The bundler: alto, the one that Pimlico runs, as a process of its own.
//!
//! alto is GPL-3.0 and comes from npm: a tool for tests, linked by nothing of ours.

use std::{fs, path::PathBuf, time::Duration};

use alloy::primitives::Address;
use serde_json::{Value, json};

use crate::{Anvil, Deployments, JsonRpc, LogDir, Process, ProcessOptions, Workspace, free_port};

const START_DEADLINE: Duration = Duration::from_secs(60);
/// alto listens on every interface by itself; this makes it keep to the loopback.
const LOOPBACK_SHIM: &str = include_str!("../assets/loopback.cjs");
const EXECUTORS: usize = 4;

/// When the bundler sends what it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bundling {
    /// As soon as it may.
    #[default]
    Auto,
    /// When [`Alto::bundle_now`] is called.
    Manual,
}

/// How the bundler is started.
#[derive(Debug, Clone, Default)]
pub struct AltoOptions {
    /// Where the log goes; a folder of its own if none.
    pub logs: Option<LogDir>,
    /// When it sends bundles.
    pub bundling: Bundling,
    /// The port; a free one if none.
    pub port: Option<u16>,
    /// The name of its log, and of its keys: two bundlers on one chain need two names.
    pub name: Option<String>,
}

/// A running bundler.
#[derive(Debug)]
pub struct Alto {
    process: Process,
    rpc: JsonRpc,
}

impl Alto {
    /// Starts a bundler for every EntryPoint of `deployments`.
    ///
    /// # Errors
    /// When alto or Node is not installed, or it does not come up.
    pub async fn start(anvil: &Anvil, deployments: &Deployments) -> anyhow::Result<Self> {
        Self::start_with(anvil, deployments, AltoOptions::default()).await
    }

    /// Starts a bundler with options.
    ///
    /// # Errors
    /// When alto or Node is not installed, or it does not come up.
    pub async fn start_with(
        anvil: &Anvil,
        deployments: &Deployments,
        options: AltoOptions,
    ) -> anyhow::Result<Self> {
        let logs = match options.logs {
            Some(logs) => logs,
            None => LogDir::temporary()?,
        };
        let name = options.name.unwrap_or_else(|| "alto".to_owned());
        let port = match options.port {
            Some(port) => port,
            None => free_port()?,
        };
        let shim = write_shim(&logs)?;
        let alto = Workspace::locate()?.npm_file("@pimlico/alto/esm/cli/alto.js")?;
        let mut executors = Vec::new();
        for index in 0..EXECUTORS {
            executors.push(anvil.funded_key(&format!("{name} executor {index}")).await?.secret());
        }
        let utility = anvil.funded_key(&format!("{name} utility")).await?.secret();
        let entry_points = deployments.entry_points.values().map(Address::to_string);
        let start = ProcessOptions::new(name, "node")
            .arg("--require")
            .arg(shim)
            .arg(alto)
            .args(["run", "--rpc-url", anvil.url(), "--port", &port.to_string()])
            .args(["--entrypoints", &entry_points.collect::<Vec<_>>().join(",")])
            .args(["--executor-private-keys", &join(&executors)])
            .args(["--utility-private-key", &utility.to_string()])
            .args(FIXED_FLAGS)
            .args(match options.bundling {
                Bundling::Auto => ["--bundle-mode", "auto"],
                Bundling::Manual => ["--bundle-mode", "manual"],
            });
        let mut process = Process::start(start, &logs)?;
        let rpc = JsonRpc::new(format!("http://127.0.0.1:{port}"))?;
        process
            .ready(START_DEADLINE, || async {
                rpc.call::<Value>("eth_supportedEntryPoints", json!([])).await.ok()
            })
            .await?;
        Ok(Self { process, rpc })
    }

    /// Its JSON-RPC address.
    pub fn url(&self) -> &str {
        self.rpc.url()
    }

    /// A client for raw calls.
    pub fn rpc(&self) -> &JsonRpc {
        &self.rpc
    }

    /// Its process, to kill or to read the log of.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Changes when it sends bundles.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn set_bundling(&self, bundling: Bundling) -> anyhow::Result<()> {
        let mode = match bundling {
            Bundling::Auto => "auto",
            Bundling::Manual => "manual",
        };
        self.rpc.call::<Value>("debug_bundler_setBundlingMode", json!([mode])).await?;
        Ok(())
    }

    /// Forgets every operation that it holds.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn forget(&self) -> anyhow::Result<()> {
        self.rpc.call::<Value>("debug_bundler_clearState", json!([])).await?;
        Ok(())
    }

    /// Sends what it holds, now.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn bundle_now(&self) -> anyhow::Result<()> {
        self.rpc.call::<Value>("debug_bundler_sendBundleNow", json!([])).await?;
        Ok(())
    }
}

/// `safe-mode` needs a tracer that Anvil has not; the rest makes it quick and lets several
/// operations of one sender wait at once.
const FIXED_FLAGS: [&str; 30] = [
    "--safe-mode",
    "false",
    "--min-executor-balance",
    "1000000000000000000",
    "--enable-debug-endpoints",
    "true",
    "--deploy-simulations-contract",
    "true",
    "--min-bundle-interval",
    "50",
    "--max-bundle-interval",
    "200",
    "--enable-instant-bundling-endpoint",
    "true",
    "--mempool-max-queued-ops",
    "5",
    "--enforce-unique-senders-per-bundle",
    "false",
    "--block-time",
    "100",
    "--block-number-cache-ttl",
    "100",
    "--utility-wallet-monitor",
    "false",
    "--public-client-log-level",
    "warn",
    "--wallet-client-log-level",
    "warn",
    "--api-version",
    "v1",
];

fn join(keys: &[alloy::primitives::B256]) -> String {
    keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn write_shim(logs: &LogDir) -> anyhow::Result<PathBuf> {
    let path = logs.path().join("loopback.cjs");
    fs::write(&path, LOOPBACK_SHIM)?;
    Ok(path)
}

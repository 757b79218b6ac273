//! The gateway as a process.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use serde_json::Value;

use crate::{LogDir, Process, ProcessOptions, Workspace, process};

const READY_DEADLINE: Duration = Duration::from_secs(30);

/// A gateway, and what it takes to start it again.
#[derive(Debug)]
pub struct GatewayProcess {
    process: Process,
    config: PathBuf,
    url: String,
    logs: LogDir,
    envs: Vec<(String, String)>,
}

impl GatewayProcess {
    /// Writes the configuration into `dir` and starts the gateway on it.
    pub(super) async fn start(dir: &Path, config: &str, logs: &LogDir) -> anyhow::Result<Self> {
        let path = dir.join("gateway.toml");
        fs::write(&path, config)?;
        let listen = toml::from_str::<Value>(config)?["listen"]
            .as_str()
            .context("the gateway's configuration has no listen")?
            .to_owned();
        let mut gateway = Self {
            process: Process::start(command(&path, &[])?, logs)?,
            config: path,
            url: format!("http://{listen}"),
            logs: logs.clone(),
            envs: Vec::new(),
        };
        gateway.wait_until_ready().await?;
        Ok(gateway)
    }

    /// Where it serves JSON-RPC.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its configuration file.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// Its process, to kill or to read the log of.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Sets an environment variable for the next starts: `COUNTERSIGN_FAULT` names the point at which a
    /// debug build aborts.
    pub fn set_env(&mut self, key: &str, value: &str) {
        self.envs.retain(|(known, _)| known != key);
        self.envs.push((key.to_owned(), value.to_owned()));
    }

    /// Forgets what [`GatewayProcess::set_env`] set.
    pub fn clear_env(&mut self) {
        self.envs.clear();
    }

    /// Kills it if it runs, starts it again on the same state, and waits until it is ready.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.restart_unready()?;
        self.wait_until_ready().await
    }

    /// The same without waiting: for a start that is meant to fail.
    ///
    /// # Errors
    /// When the process cannot be started.
    pub fn restart_unready(&mut self) -> anyhow::Result<()> {
        self.process.kill()?;
        self.process = Process::start(command(&self.config, &self.envs)?, &self.logs)?;
        Ok(())
    }

    /// Waits until it says that it can serve.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build()?;
        let probe = format!("{}/health/ready", self.url);
        self.process
            .ready(READY_DEADLINE, || async {
                let response = http.get(&probe).send().await.ok()?;
                response.status().is_success().then_some(())
            })
            .await
    }

    /// Makes an API key by the command line.
    ///
    /// # Errors
    /// When the command fails.
    pub fn create_api_key(&self, name: &str) -> anyhow::Result<String> {
        let program = Workspace::locate()?.binary("countersign")?;
        let config = self.config.to_string_lossy();
        let out =
            process::output(&program, &["key", "create", name, "--json", "--config", &config])?;
        let made: Value = serde_json::from_str(&out)?;
        Ok(made["key"].as_str().context("`countersign key create` printed no key")?.to_owned())
    }
}

/// Makes the identity that cosigners know the gateway by, and gives its public key.
pub(super) fn make_identity(workspace: &Workspace, dir: &Path) -> anyhow::Result<String> {
    fs::create_dir_all(dir)?;
    let program = workspace.binary("countersign")?;
    let identity = dir.join("identity").to_string_lossy().into_owned();
    let out = process::output(&program, &["identity", "init", "--json", "--identity", &identity])?;
    let made: Value = serde_json::from_str(&out)?;
    Ok(made["key"].as_str().context("`countersign identity init` printed no key")?.to_owned())
}

fn command(config: &Path, envs: &[(String, String)]) -> anyhow::Result<ProcessOptions> {
    let program = Workspace::locate()?.binary("countersign")?;
    let start = ProcessOptions::new("gateway", program).args(["run", "--config"]).arg(config);
    Ok(envs.iter().fold(start, |start, (key, value)| start.env(key, value)))
}

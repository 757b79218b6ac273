//! A cosigner as a process, with its operator's commands.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use alloy::primitives::Address;
use anyhow::Context;
use serde_json::Value;

use super::{WorldOptions, files, manifest::CosignerEntry};
use crate::{LogDir, Process, ProcessOptions, Workspace, free_port, process};

const READY_DEADLINE: Duration = Duration::from_secs(30);
const KEYGEN_DEADLINE: Duration = Duration::from_secs(120);

/// A cosigner with an identity, before the committee file is signed.
pub(super) struct Draft {
    index: u8,
    dir: PathBuf,
    port: u16,
    program: PathBuf,
    /// Its public identity, as the committee file has it.
    key: String,
}

impl Draft {
    /// Makes a folder with a configuration, a passphrase and an identity.
    pub(super) fn make(
        workspace: &Workspace,
        index: u8,
        dir: PathBuf,
        options: &WorldOptions,
        chain: &files::Chain<'_>,
    ) -> anyhow::Result<Self> {
        fs::create_dir_all(&dir)?;
        let passphrase = dir.join("passphrase");
        fs::write(&passphrase, format!("devnet passphrase of cosigner {index}\n"))?;
        fs::set_permissions(&passphrase, fs::Permissions::from_mode(0o600))?;
        let port = free_port()?;
        fs::write(dir.join("features.toml"), files::features(options, chain)?)?;
        if let Some(policy) = &options.policy {
            fs::write(dir.join("policy.toml"), policy)?;
        }
        fs::write(dir.join("cosigner.toml"), files::cosigner(options, chain, port)?)?;
        let program = workspace.binary("cosigner")?;
        let config = dir.join("cosigner.toml");
        let out =
            process::output(&program, &["init", "--json", "--config", &config.to_string_lossy()])?;
        let made: Value = serde_json::from_str(&out)?;
        let key = made["key"].as_str().context("`cosigner init` printed no key")?.to_owned();
        Ok(Self { index, dir, port, program, key })
    }
}

/// Drafts the committee file and has every party sign it; each party and the gateway get a copy.
pub(super) fn sign_committee(
    drafts: &[Draft],
    gateway_key: &str,
    gateway_dir: &Path,
) -> anyhow::Result<()> {
    let first = drafts.first().context("a committee needs parties")?;
    let file = gateway_dir.join("committee.json");
    let path = file.to_string_lossy().into_owned();
    let mut args =
        vec!["committee".to_owned(), "draft".to_owned(), "--out".to_owned(), path.clone()];
    for draft in drafts {
        let Draft { index, port, key, .. } = draft;
        args.extend(["--party".to_owned(), format!("cosigner-{index},127.0.0.1:{port},{key}")]);
    }
    args.extend(["--gateway".to_owned(), format!("gateway,{gateway_key}")]);
    run(&first.program, &args)?;
    for draft in drafts {
        run(&draft.program, &["committee", "sign", &path, "--config", &draft.config_text()])?;
    }
    for draft in drafts {
        fs::copy(&file, draft.dir.join("committee.json"))?;
    }
    Ok(())
}

fn run<A: AsRef<str>>(program: &Path, args: &[A]) -> anyhow::Result<String> {
    process::output(program, &args.iter().map(AsRef::as_ref).collect::<Vec<_>>())
}

impl Draft {
    fn config_text(&self) -> String {
        self.dir.join("cosigner.toml").to_string_lossy().into_owned()
    }

    /// Starts the daemon and waits until its operator's socket answers.
    pub(super) async fn run(self, logs: &LogDir) -> anyhow::Result<CosignerProcess> {
        let config = self.dir.join("cosigner.toml");
        let process = Process::start(command(self.index, &self.program, &config, &[]), logs)?;
        let mut cosigner = CosignerProcess {
            index: self.index,
            address: format!("127.0.0.1:{}", self.port),
            runs: self.program.clone(),
            program: self.program,
            config,
            process,
            logs: logs.clone(),
            envs: Vec::new(),
        };
        cosigner.wait_until_ready().await?;
        Ok(cosigner)
    }
}

/// A running cosigner, and what it takes to start it again.
#[derive(Debug)]
pub struct CosignerProcess {
    index: u8,
    address: String,
    /// What its operator uses.
    program: PathBuf,
    /// What is started as the daemon.
    runs: PathBuf,
    config: PathBuf,
    process: Process,
    logs: LogDir,
    envs: Vec<(String, String)>,
}

impl CosignerProcess {
    /// Its place in the committee, from 1.
    pub fn index(&self) -> u8 {
        self.index
    }

    /// Where its peers and the gateway reach it.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Its configuration file; its data are beside it.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// Its process, to kill, freeze or read the log of.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Sets an environment variable for the next starts: `COUNTERSIGN_FAULT` names the point at
    /// which a debug build aborts.
    pub fn set_env(&mut self, key: &str, value: &str) {
        self.envs.retain(|(known, _)| known != key);
        self.envs.push((key.to_owned(), value.to_owned()));
    }

    /// Forgets what [`CosignerProcess::set_env`] set.
    pub fn clear_env(&mut self) {
        self.envs.clear();
    }

    /// Puts `hostile-cosigner` in its place, with its identity, its shares and its database. It behaves until
    /// [`Self::set_manner`] says otherwise.
    ///
    /// # Errors
    /// When the program is not built, or does not come up.
    pub async fn turn_hostile(&mut self) -> anyhow::Result<()> {
        self.runs = Workspace::locate()?.binary("hostile-cosigner")?;
        self.restart().await
    }

    /// How a hostile one treats what it sends from now on: see `tests/hostile/src/manner.rs`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn set_manner(&self, manner: &Value) -> anyhow::Result<()> {
        let next = self.config.with_file_name("manner.next");
        fs::write(&next, manner.to_string())?;
        Ok(fs::rename(next, self.config.with_file_name("manner.json"))?)
    }

    /// Kills it if it runs, starts it again on the same data, and waits until it answers.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.process.kill()?;
        let start = command(self.index, &self.runs, &self.config, &self.envs);
        self.process = Process::start(start, &self.logs)?;
        self.wait_until_ready().await
    }

    /// Runs one of the operator's commands and gives what it printed.
    ///
    /// # Errors
    /// When the command fails.
    pub fn operator(&self, args: &[&str]) -> anyhow::Result<String> {
        let config = self.config.to_string_lossy();
        process::output(&self.program, &[args, &["--config", &config]].concat())
    }

    /// Makes a key with the whole committee and gives its address.
    ///
    /// # Errors
    /// When the ceremony fails.
    pub async fn keygen(
        &self,
        name: &str,
        purpose: &str,
        threshold: u8,
    ) -> anyhow::Result<Address> {
        let (program, config) = (self.program.clone(), self.config.clone());
        let (name, purpose) = (name.to_owned(), purpose.to_owned());
        let work = tokio::task::spawn_blocking(move || {
            let threshold = threshold.to_string();
            let config = config.to_string_lossy();
            let args = ["keygen", "--key", &name, "--purpose", &purpose, "--threshold", &threshold];
            process::output(&program, &[&args[..], &["--json", "--config", &config]].concat())
        });
        let out = tokio::time::timeout(KEYGEN_DEADLINE, work)
            .await
            .context("the ceremony takes too long")???;
        let made: Value = serde_json::from_str(out.lines().last().unwrap_or_default())
            .with_context(|| format!("`cosigner keygen` printed {out:?}"))?;
        let address = made["address"].as_str().context("`cosigner keygen` printed no address")?;
        Ok(address.parse()?)
    }

    pub(super) fn entry(&self) -> CosignerEntry {
        CosignerEntry {
            index: self.index,
            address: self.address.clone(),
            config: self.config.to_string_lossy().into_owned(),
            log: self.process.log_path().to_string_lossy().into_owned(),
        }
    }

    async fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let (program, config) = (self.program.clone(), self.config.clone());
        self.process
            .ready(READY_DEADLINE, || async {
                let config = config.to_string_lossy();
                process::output(&program, &["status", "--config", &config]).ok().map(|_| ())
            })
            .await
    }
}

fn command(index: u8, program: &Path, config: &Path, envs: &[(String, String)]) -> ProcessOptions {
    let start = ProcessOptions::new(format!("cosigner-{index}"), program)
        .args(["run", "--config"])
        .arg(config);
    envs.iter().fold(start, |start, (key, value)| start.env(key, value))
}

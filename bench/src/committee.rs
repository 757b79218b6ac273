//! Three real cosigner processes on loopback with a key, and the gateway's clients of them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use countersign_protocol::{
    ClientOptions, CommitteeFile, CosignerClient, Identity, IdentityKey, KeyName,
};
use countersign_userop::AccountSpec;
use serde_json::json;
use tempfile::TempDir;

use crate::wire::{Counter, count_through};
use crate::{ROLE, core};

const PARTIES: u8 = 3;
const UP_WITHIN: Duration = Duration::from_secs(30);

/// Where the cosigners run.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Placing {
    /// Each stays on a core of its own, as far as there are enough: one signature at a time is measured.
    CoreEach,
    /// Wherever the kernel has them run: all cores are to be used up.
    Anywhere,
}

impl Placing {
    /// The core of the cosigner with this number, counted from zero.
    fn core_of(self, number: usize) -> Option<usize> {
        match self {
            Self::CoreEach => Some(number % core::cores()),
            Self::Anywhere => None,
        }
    }
}

/// A running committee. Dropping it stops its processes.
#[derive(Debug)]
pub(crate) struct Committee {
    processes: Vec<Child>,
    clients: Vec<CosignerClient>,
    gateway: Identity,
    _dir: TempDir,
}

impl Committee {
    /// Starts three cosigners that know `account` on chain `chain`, and makes a 2-of-3 key named `key`.
    ///
    /// # Errors
    /// If a process does not come up or the keygen fails.
    pub(crate) async fn start(
        chain: u64,
        account: &AccountSpec,
        key: &KeyName,
        placing: Placing,
    ) -> anyhow::Result<Self> {
        Self::start_through(chain, account, key, placing, None).await
    }

    /// The same, with every connection led through a proxy that counts what the receivers read, if there is a
    /// counter.
    ///
    /// # Errors
    /// If a process does not come up or the keygen fails.
    pub(crate) async fn start_through(
        chain: u64,
        account: &AccountSpec,
        key: &KeyName,
        placing: Placing,
        counter: Option<&Counter>,
    ) -> anyhow::Result<Self> {
        let dir = TempDir::new()?;
        let gateway = Identity::generate()?;
        let homes: Vec<PathBuf> =
            (1..=PARTIES).map(|index| dir.path().join(format!("cosigner-{index}"))).collect();
        let mut draft = vec!["committee".to_owned(), "draft".into(), "--out".into()];
        let file = dir.path().join("committee.json");
        draft.push(file.display().to_string());
        draft.extend(["--gateway".into(), format!("bench,{}", gateway.public())]);
        for (home, name) in homes.iter().zip(1..) {
            let port = free_port()?;
            write_config(home, port, chain, account)?;
            let made: serde_json::Value =
                serde_json::from_str(&cosigner(home, &["init", "--json"])?)?;
            let identity = made["key"].as_str().context("no identity key was printed")?;
            let addr = match counter {
                Some(counter) => count_through(port, counter.clone()).await?,
                None => format!("127.0.0.1:{port}"),
            };
            draft.extend(["--party".into(), format!("c{name},{addr},{identity}")]);
        }
        let draft: Vec<&str> = draft.iter().map(String::as_str).collect();
        cosigner(&homes[0], &draft)?;
        for home in &homes {
            cosigner(home, &["committee", "sign", &file.display().to_string()])?;
        }
        let mut committee = Self { processes: Vec::new(), clients: Vec::new(), gateway, _dir: dir };
        for (number, home) in homes.iter().enumerate() {
            fs::copy(&file, home.join("committee.json"))?;
            committee.processes.push(spawn(home, placing.core_of(number))?);
        }
        for home in &homes {
            wait_for(home)?;
        }
        let name = key.to_string();
        cosigner(&homes[0], &["keygen", "--key", &name, "--threshold", "2", "--json"])?;
        let file = CommitteeFile::load(&file)?;
        for party in file.parties() {
            let options = ClientOptions::default();
            committee.clients.push(CosignerClient::new(&committee.gateway, party, options)?);
        }
        Ok(committee)
    }

    /// The gateway's connections, by committee index.
    pub(crate) fn clients(&self) -> &[CosignerClient] {
        &self.clients
    }

    /// Who asks.
    pub(crate) const fn gateway(&self) -> &Identity {
        &self.gateway
    }

    /// The asker's public key.
    pub(crate) fn gateway_key(&self) -> IdentityKey {
        self.gateway.public()
    }

    /// The resident memory of the largest process, in megabytes.
    ///
    /// # Errors
    /// If the kernel does not say.
    pub(crate) fn largest_rss_mb(&self) -> anyhow::Result<f64> {
        let mut largest = 0.0_f64;
        for process in &self.processes {
            let status = fs::read_to_string(format!("/proc/{}/status", process.id()))?;
            let line =
                status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
            let kib: f64 = line.split_whitespace().nth(1).context("no VmRSS")?.parse()?;
            largest = largest.max(kib / 1024.0);
        }
        Ok((largest * 10.0).round() / 10.0)
    }

    /// The processor time that all processes together have used so far, in milliseconds.
    ///
    /// # Errors
    /// If the kernel does not say.
    pub(crate) fn cpu_ms(&self) -> anyhow::Result<f64> {
        self.processes.iter().map(|process| cpu_ms(process.id())).sum()
    }
}

impl Drop for Committee {
    fn drop(&mut self) {
        for process in &mut self.processes {
            // It may have ended already; there is nothing else to do then.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// What a process has run so far, by the scheduler's own account, which counts nanoseconds where `stat` counts ticks.
fn cpu_ms(process: u32) -> anyhow::Result<f64> {
    let mut nanos = 0.0;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        // A thread that ended meanwhile takes its time with it: the runtime keeps its threads for longer than a run.
        let Ok(stat) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
        let ran = stat.split_whitespace().next().context("an empty schedstat")?;
        nanos += ran.parse::<f64>()?;
    }
    Ok(nanos / 1e6)
}

fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn write_config(home: &Path, port: u16, chain: u64, account: &AccountSpec) -> anyhow::Result<()> {
    fs::create_dir_all(home)?;
    let passphrase = home.join("passphrase");
    fs::write(&passphrase, "a passphrase of the benchmark\n")?;
    fs::set_permissions(&passphrase, fs::Permissions::from_mode(0o600))?;
    let config = json!({
        "data_dir": "data",
        "listen": format!("127.0.0.1:{port}"),
        "dev": true,
        "passphrase": { "file": "passphrase" },
        "committee": "committee.json",
        "rules": { "max_cost_wei": "1000000000000000000" },
        // One gateway, which may use all places.
        "limits": { "sessions_per_gateway": 256 },
        "chains": [{
            "id": chain,
            // Counterfactual senders need no node; nothing listens here.
            "rpc": "http://127.0.0.1:9",
            "entry_points": [account.version],
            "accounts": [account],
        }],
    });
    fs::write(home.join("cosigner.toml"), countersign_devnet::toml_text(&config)?)?;
    Ok(())
}

fn command(home: &Path, args: &[&str]) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.env(ROLE, "cosigner").env("RUST_LOG", "warn").args(args);
    command.arg("--config").arg(home.join("cosigner.toml"));
    Ok(command)
}

fn cosigner(home: &Path, args: &[&str]) -> anyhow::Result<String> {
    let out = command(home, args)?.output()?;
    if !out.status.success() {
        bail!("cosigner {}: {}", args.join(" "), String::from_utf8_lossy(&out.stderr).trim());
    }
    Ok(String::from_utf8(out.stdout)?)
}

fn spawn(home: &Path, core: Option<usize>) -> anyhow::Result<Child> {
    let log = fs::File::create(home.join("log"))?;
    let mut command = command(home, &["run"])?;
    command.envs(core.map(core::setting));
    Ok(command.stdout(log.try_clone()?).stderr(log).stdin(Stdio::null()).spawn()?)
}

fn wait_for(home: &Path) -> anyhow::Result<()> {
    let give_up = Instant::now() + UP_WITHIN;
    while let Err(error) = cosigner(home, &["status"]) {
        if Instant::now() > give_up {
            let log = fs::read_to_string(home.join("log")).unwrap_or_default();
            bail!("a cosigner did not come up: {error:#}; its log:\n{log}");
        }
        std::thread::yield_now();
    }
    Ok(())
}

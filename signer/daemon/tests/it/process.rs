//! A committee of real `cosigner` processes, set up by its own commands.

use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use countersign_protocol::{CommitteeFile, Identity};
use serde_json::Value;
use tempfile::TempDir;

/// Three cosigners, each a process, and the identity of the gateway that may ask them.
pub(crate) struct Processes {
    pub(crate) gateway: Identity,
    folder: TempDir,
    running: Vec<Option<Child>>,
}

impl Processes {
    /// Sets up three cosigners by `init` and `committee`; none runs yet.
    pub(crate) fn set_up() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let gateway = Identity::generate().unwrap();
        let this = Self { gateway, folder, running: vec![None, None, None] };
        let ports: Vec<_> =
            (0..3).map(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let draft = this.folder.path().join("draft.json");
        let mut args = vec!["committee".to_owned(), "draft".into(), "--out".into()];
        args.push(draft.display().to_string());
        for (at, port) in ports.iter().enumerate() {
            let addr = port.local_addr().unwrap();
            this.write_config(at, &addr.to_string());
            let made = json(&this.command(at, &["init", "--json"]));
            let key = made["key"].as_str().unwrap();
            args.extend(["--party".into(), format!("party-{},{addr},{key},region=eu", at + 1)]);
        }
        args.extend(["--gateway".into(), format!("main,{}", this.gateway.public())]);
        let arguments: Vec<&str> = args.iter().map(String::as_str).collect();
        must_succeed(&this.command(0, &arguments));
        let mut copies = Vec::new();
        for at in 0..3 {
            let copy = this.folder.path().join(format!("signed-{at}.json"));
            std::fs::copy(&draft, &copy).unwrap();
            must_succeed(&this.command(at, &["committee", "sign", &copy.display().to_string()]));
            copies.push(copy.display().to_string());
        }
        let out = this.folder.path().join("committee.json").display().to_string();
        let merge = ["committee", "merge", &copies[0], &copies[1], &copies[2], "--out", &out];
        must_succeed(&this.command(0, &merge));
        must_succeed(&this.command(0, &["committee", "verify", &out]));
        this
    }

    /// Starts a cosigner and waits until its operator's socket answers.
    pub(crate) fn start(&mut self, at: usize, fault: Option<&str>) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cosigner"));
        command.args(["run", "--config"]).arg(self.config(at));
        command.stdout(Stdio::null()).stderr(Stdio::null()).env_remove("COUNTERSIGN_FAULT");
        if let Some(fault) = fault {
            command.env("COUNTERSIGN_FAULT", fault);
        }
        self.running[at] = Some(command.spawn().unwrap());
        must_become(|| self.command(at, &["status"]).status.success());
    }

    /// Kills a cosigner at once.
    pub(crate) fn kill(&mut self, at: usize) {
        let mut child = self.running[at].take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Asks a cosigner to stop, and returns once it accepts no more connections.
    pub(crate) fn ask_to_stop(&self, at: usize) {
        let child = self.running[at].as_ref().unwrap();
        let asked = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        assert!(asked.success());
        let addr = self.committee().parties()[at].addr.clone();
        must_become(|| std::net::TcpStream::connect(&addr).is_err());
    }

    /// Waits until a cosigner ended, and gives its exit code.
    pub(crate) fn exit_code(&mut self, at: usize) -> Option<i32> {
        let mut child = self.running[at].take().unwrap();
        must_become(|| child.try_wait().unwrap().is_some());
        child.wait().unwrap().code()
    }

    /// Waits until a cosigner died by itself.
    pub(crate) fn must_die(&mut self, at: usize) {
        let mut child = self.running[at].take().unwrap();
        must_become(|| child.try_wait().unwrap().is_some());
    }

    /// Runs one command of an operator.
    pub(crate) fn command(&self, at: usize, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cosigner"));
        command.args(args).arg("--config").arg(self.config(at)).output().unwrap()
    }

    /// Runs a keygen at the first cosigner.
    pub(crate) fn keygen(&self) -> Result<Value, String> {
        let output = self.command(0, &["keygen", "--key", "main", "--threshold", "2", "--json"]);
        if output.status.success() {
            return Ok(json(&output));
        }
        Err(String::from_utf8(output.stderr).unwrap())
    }

    /// Waits until the key has this state at the cosigner; `None`: until it is not there.
    pub(crate) fn await_state(&self, at: usize, state: Option<&str>) {
        must_become(|| {
            let status = json(&self.command(at, &["status", "--json"]));
            let key = status["keys"].as_array().unwrap().first().cloned();
            key.as_ref().and_then(|key| key["state"].as_str()) == state
        });
    }

    /// Waits until the first cosigner reaches all others.
    pub(crate) fn await_links(&self) {
        must_become(|| {
            let status = json(&self.command(0, &["status", "--json"]));
            status["peers"].as_array().unwrap().iter().all(|peer| peer["connected"] == true)
        });
    }

    /// The address of the key at a cosigner.
    pub(crate) fn address(&self, at: usize) -> String {
        let key = json(&self.command(at, &["keys", "--json"]));
        key["address"].as_str().unwrap().to_owned()
    }

    /// How many shares lie in a cosigner's vault that are not live.
    pub(crate) fn shares(&self, at: usize) -> usize {
        let pending = self.folder.path().join(at.to_string()).join("data/vault/pending");
        std::fs::read_dir(pending).unwrap().count()
    }

    /// A file or folder of a cosigner's data directory.
    pub(crate) fn data(&self, at: usize, name: &str) -> PathBuf {
        self.folder.path().join(at.to_string()).join("data").join(name)
    }

    /// The committee that all agreed on.
    pub(crate) fn committee(&self) -> CommitteeFile {
        CommitteeFile::load(&self.folder.path().join("committee.json")).unwrap()
    }

    pub(crate) fn passphrase(&self, at: usize) -> PathBuf {
        self.folder.path().join(at.to_string()).join("passphrase")
    }

    fn config(&self, at: usize) -> PathBuf {
        self.folder.path().join(at.to_string()).join("cosigner.toml")
    }

    fn write_config(&self, at: usize, listen: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::create_dir(self.folder.path().join(at.to_string())).unwrap();
        let text = format!(
            "data_dir = \"data\"\nlisten = {listen:?}\ndev = true\ncommittee = \"../committee.json\"\n\
             passphrase = {{ file = \"passphrase\" }}\n[deadlines]\nceremony_round_ms = 20000\n\
             round_ms = 6000\nshutdown_ms = 20000\n\
             [[chains]]\nid = 31337\nrpc = \"http://127.0.0.1:1\"\nentry_points = [\"0.7\"]\n\
             [[chains.accounts]]\nkind = \"countersign\"\nentry_point_version = \"0.7\"\n\
             factory = \"0xfafafafafafafafafafafafafafafafafafafafa\"\n\
             implementation = \"0x1111111111111111111111111111111111111111\"\n"
        );
        std::fs::write(self.config(at), text).unwrap();
        std::fs::write(self.passphrase(at), "correct horse\n").unwrap();
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(self.passphrase(at), private).unwrap();
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        for child in self.running.iter_mut().flatten() {
            // One that died already cannot be killed.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

pub(crate) fn must_become(mut state: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(90);
    while !state() {
        assert!(Instant::now() < deadline, "the state did not come about");
        std::thread::sleep(Duration::from_millis(50));
    }
}

pub(crate) fn must_succeed(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn json(output: &Output) -> Value {
    must_succeed(output);
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

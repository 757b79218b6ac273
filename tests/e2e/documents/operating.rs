//! docs/OPERATING.md, followed from top to bottom by three operators and a gateway, on real processes.
//!
//! Machines are folders: the absolute paths of the guide begin below one, its host names are ports of the
//! loopback interface, and systemd is played by what its units say.

use std::collections::VecDeque;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use countersign_devnet::{
    Alto, AltoOptions, Anvil, AnvilOptions, Deployments, LogDir, Process, ProcessOptions,
    Workspace, free_port,
};
use countersign_userop::EntryPointVersion;

use super::fences::{Fence, must_read};
use super::shell;

const PARTIES: [&str; 3] = ["alice", "bob", "carol"];
const DEADLINE: Duration = Duration::from_secs(120);
/// The chain that the guide's configurations name.
const CHAIN: u64 = 11_155_111;

/// The guide, of which each fence is used once, in order.
struct Guide(VecDeque<Fence>);

impl Guide {
    fn open() -> Self {
        Self(must_read("docs/OPERATING.md").into())
    }

    fn must_take(&mut self, tag: &str) -> String {
        let fence = self.0.pop_front().unwrap_or_else(|| panic!("the guide has no {tag} any more"));
        assert_eq!(fence.tag, tag, "{} is not what the story expects", fence.place);
        fence.text
    }

    fn must_be_over(&self) {
        assert!(self.0.is_empty(), "the story leaves out {:#?}", self.0);
    }
}

/// A machine: a folder in which the guide's absolute paths begin.
struct Machine {
    root: PathBuf,
    /// Where the operators put what they send to each other.
    exchange: PathBuf,
    /// What is written differently here than in the guide.
    words: Vec<(String, String)>,
    variables: Vec<(&'static str, String)>,
}

impl Machine {
    /// The text as it is meant on this machine.
    fn translate(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (there, here) in &self.words {
            text = text.replace(there, here);
        }
        for folder in
            ["/etc/cosigner", "/var/lib/cosigner", "/etc/countersign", "/var/lib/countersign"]
        {
            text = text.replace(folder, &format!("{}{folder}", self.root.display()));
        }
        text
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.translate(path), self.translate(text)).unwrap();
    }

    fn variables<'a>(&'a self, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let own = self.variables.iter().map(|(name, value)| (*name, value.as_str()));
        own.chain(more.iter().copied()).collect()
    }

    async fn must_run(&self, snippet: &str, more: &[(&str, &str)]) -> String {
        let variables = self.variables(more);
        shell::must_run(&self.translate(snippet), &self.exchange, &variables).await
    }

    /// Does with a unit what systemd does with it.
    fn must_start(&self, name: &str, unit: &str, logs: &LogDir) -> Process {
        let unit = self.translate(unit);
        let entry = |key: &str| unit.lines().find_map(|line| line.strip_prefix(key));
        let mut command = entry("ExecStart=").unwrap().split_whitespace();
        let mut start = ProcessOptions::new(name, command.next().unwrap()).args(command);
        if let Some(credential) = entry("LoadCredential=") {
            let (id, source) = credential.split_once(':').unwrap();
            let folder = self.root.join("run/credentials");
            fs::create_dir_all(&folder).unwrap();
            fs::copy(source, folder.join(id)).unwrap();
            fs::set_permissions(folder.join(id), fs::Permissions::from_mode(0o400)).unwrap();
            start = start.env("CREDENTIALS_DIRECTORY", folder);
        }
        Process::start(start, logs).unwrap()
    }

    /// Waits until a snippet succeeds.
    async fn must_become_ready(&self, process: &mut Process, snippet: &str) -> String {
        let (snippet, variables) = (self.translate(snippet), self.variables(&[]));
        let probe = || async {
            let out = shell::run(&snippet, &self.exchange, &variables).await;
            out.status.success().then(|| String::from_utf8(out.stdout).unwrap())
        };
        process.ready(DEADLINE, probe).await.unwrap()
    }
}

/// What a line that begins with `name` says.
fn must_find<'a>(printed: &'a str, name: &str) -> &'a str {
    let line = printed.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_else(|| panic!("no {name} in {printed}")).trim()
}

/// Three machines for cosigners and one for the gateway, which is the last.
fn must_make_machines(
    folder: &Path,
    anvil: &Anvil,
    bundler: &Alto,
    deployments: &Deployments,
) -> Vec<Machine> {
    let programs = Workspace::locate().unwrap().binary("cosigner").unwrap();
    let programs = programs.parent().unwrap().display().to_string();
    let account = &deployments.countersign[&EntryPointVersion::V0_8];
    let ports: Vec<_> = PARTIES.iter().map(|_| free_port().unwrap()).collect();
    let gateway = format!("127.0.0.1:{}", free_port().unwrap());
    let mut words = vec![
        ("/usr/local/bin".to_owned(), programs.clone()),
        ("http://127.0.0.1:8545".to_owned(), anvil.url().to_owned()),
        ("http://127.0.0.1:4337".to_owned(), bundler.url().to_owned()),
        (format!("0x{}", "1".repeat(40)), account.factory.to_string()),
        (format!("0x{}", "2".repeat(40)), account.implementation.to_string()),
        ("127.0.0.1:8650".to_owned(), gateway.clone()),
    ];
    for (party, port) in PARTIES.iter().zip(&ports) {
        words.push((format!("{party}.example:7443"), format!("127.0.0.1:{port}")));
    }
    let exchange = folder.join("exchange");
    fs::create_dir(&exchange).unwrap();
    let path = format!("{programs}:{}", std::env::var("PATH").unwrap());
    let machine = |name: &str, listen: Option<u16>| {
        let root = folder.join(name);
        for below in ["etc", "var/lib"] {
            fs::create_dir_all(root.join(below)).unwrap();
        }
        let mut words = words.clone();
        words.extend(listen.map(|port| ("0.0.0.0:7443".to_owned(), format!("127.0.0.1:{port}"))));
        let variables = vec![
            ("PATH", path.clone()),
            ("party", name.to_owned()),
            ("COUNTERSIGN_URL", format!("http://{gateway}")),
        ];
        Machine { root, exchange: exchange.clone(), words, variables }
    };
    let cosigners = PARTIES.iter().zip(ports).map(|(party, port)| machine(party, Some(port)));
    cosigners.chain([machine("gateway", None)]).collect()
}

/// Proposes a key on the first machine while the operators of the others look at it and agree.
async fn must_make_key(cosigners: &[Machine], keygen: &str, confirm: &str) {
    let [first, others @ ..] = cosigners else { panic!("no cosigners") };
    let agreed = async {
        let (list, _) = confirm.split_once('\n').unwrap();
        for operator in others {
            let deadline = Instant::now() + DEADLINE;
            let proposal = loop {
                let listed = operator.must_run(list, &[]).await;
                if let Some(line) = listed.lines().find(|line| line.contains("key wallets")) {
                    break line.to_owned();
                }
                assert!(Instant::now() < deadline, "nothing was proposed: {listed}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            };
            assert!(proposal.contains("threshold 2, proposed by party 1"), "{proposal}");
            let id = proposal.split_whitespace().next().unwrap();
            operator.must_run(confirm, &[("ceremony", id)]).await;
        }
    };
    let (made, ()) = tokio::join!(first.must_run(keygen, &[]), agreed);
    assert!(made.contains("wallets"), "{made}");
}

#[tokio::test]
async fn the_operators_guide_leads_to_a_committee_that_owns_a_wallet() {
    let logs = LogDir::temporary().unwrap();
    let chain =
        AnvilOptions { logs: Some(logs.clone()), chain_id: CHAIN, ..AnvilOptions::default() };
    let anvil = Anvil::start_with(chain).await.unwrap();
    let deployments = anvil.deploy().await.unwrap();
    let bundler = AltoOptions { logs: Some(logs.clone()), ..AltoOptions::default() };
    let bundler = Alto::start_with(&anvil, &deployments, bundler).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let machines = must_make_machines(folder.path(), &anvil, &bundler, &deployments);
    let [cosigners @ .., gateway] = machines.as_slice() else { panic!("no machines") };
    let mut guide = Guide::open();

    // 1. Each operator prepares a machine.
    let (prepare, config) = (guide.must_take("sh"), guide.must_take("toml"));
    let features = guide.must_take("toml");
    let (policy, check, init) =
        (guide.must_take("toml"), guide.must_take("sh"), guide.must_take("sh"));
    let (mut keys, mut fingerprints) = (Vec::new(), Vec::new());
    for operator in cosigners {
        operator.must_run(&prepare, &[]).await;
        operator.write("/etc/cosigner/cosigner.toml", &config);
        operator.write("/etc/cosigner/features.toml", &features);
        operator.write("/etc/cosigner/policy.toml", &policy);
        let said = operator.must_run(&check, &[]).await;
        assert!(said.contains("one ether a day") && said.contains("\"daily\""), "{said}");
        let printed = operator.must_run(&init, &[]).await;
        fingerprints.push(must_find(&printed, "fingerprint").to_owned());
        keys.push(must_find(&printed, "identity key").to_owned());
    }
    let printed = gateway.must_run(&guide.must_take("sh"), &[]).await;
    fingerprints.push(must_find(&printed, "fingerprint").to_owned());
    keys.push(must_find(&printed, "key").to_owned());

    // 2. They sign the committee file.
    let names = ["alice", "bob", "carol", "gateway"];
    let known: Vec<_> = names.into_iter().zip(keys.iter().map(String::as_str)).collect();
    cosigners[0].must_run(&guide.must_take("sh"), &known).await;
    let sign = guide.must_take("sh");
    for operator in cosigners {
        let shown = operator.must_run(&sign, &[]).await;
        // What they compared with each other by another way is what the file says.
        for fingerprint in &fingerprints {
            assert!(shown.contains(fingerprint), "{fingerprint} is not in {shown}");
        }
    }
    cosigners[1].must_run(&guide.must_take("sh"), &[]).await;
    let install = guide.must_take("sh");
    for operator in cosigners {
        operator.must_run(&install, &[]).await;
    }
    gateway.must_run(&guide.must_take("sh"), &[]).await;

    // 3. The cosigners run.
    let (unit, status) = (guide.must_take("ini"), guide.must_take("sh"));
    let mut running = Vec::new();
    for (operator, party) in cosigners.iter().zip(PARTIES) {
        let mut process = operator.must_start(party, &unit, &logs);
        let told = operator.must_become_ready(&mut process, &status).await;
        assert!(told.contains(party), "{told}");
        running.push(process);
    }

    // 4. They make a key, which all of them then have.
    let (keygen, confirm) = (guide.must_take("sh"), guide.must_take("sh"));
    must_make_key(cosigners, &keygen, &confirm).await;
    let list = guide.must_take("sh");
    let mut listed = Vec::new();
    for operator in cosigners {
        listed.push(operator.must_run(&list, &[]).await);
    }
    assert!(listed[0].contains("wallets"), "{listed:?}");
    let address = |line: &String| {
        line.split_whitespace().find(|word| word.starts_with("0x")).map(str::to_owned)
    };
    assert!(address(&listed[0]).is_some(), "{listed:?}");
    assert!(listed.iter().all(|line| address(line) == address(&listed[0])), "{listed:?}");

    // 5. The gateway runs.
    gateway.write("/etc/countersign/gateway.toml", &guide.must_take("toml"));
    gateway.write("/etc/countersign/features.toml", &features);
    gateway.must_run(&guide.must_take("sh"), &[]).await;
    let mut served = gateway.must_start("gateway", &guide.must_take("ini"), &logs);
    gateway.must_become_ready(&mut served, &guide.must_take("sh")).await;

    // 6. A caller and its first wallet.
    let key = gateway.must_run(&guide.must_take("sh"), &[]).await;
    let wallets =
        gateway.must_run(&guide.must_take("sh"), &[("COUNTERSIGN_API_KEY", key.trim())]).await;
    let made: Vec<_> = wallets.lines().filter(|line| line.starts_with("0x")).collect();
    assert_eq!(made.len(), 2, "made once, listed once: {wallets}");
    assert_eq!(made[0], made[1], "{wallets}");
    assert!(made[0].contains("wallets"), "{wallets}");

    // 7. Every day.
    let daily = guide.must_take("sh");
    for operator in cosigners {
        let told = operator.must_run(&daily, &[]).await;
        assert!(told.contains("wallets"), "{told}");
    }
    guide.must_be_over();
}

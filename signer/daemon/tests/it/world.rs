//! A committee of daemons in this process.

use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use countersign_cosigner::{Daemon, DaemonConfig, KdfStrength, OperatorClient, StartError, Vault};
use countersign_protocol::{
    ClientOptions, CommitteeFile, CommitteeParty, CosignerClient, GatewayEntry, Identity,
    KeyPurpose, PartyFacts, wire,
};
use tempfile::TempDir;

/// Whether ceremonies confirm themselves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Confirm {
    Itself,
    Operators,
}

/// A committee of three, each with its own folder, and a gateway's identity.
pub(crate) struct World {
    pub(crate) identities: Vec<Identity>,
    pub(crate) gateway: Identity,
    pub(crate) committee: CommitteeFile,
    pub(crate) daemons: Vec<Option<Daemon>>,
    folder: TempDir,
    confirm: Confirm,
}

impl World {
    pub(crate) async fn start(confirm: Confirm) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let identities: Vec<Identity> =
            (0..3).map(|at| must_init(folder.path().join(at.to_string()), confirm)).collect();
        let gateway = Identity::generate().unwrap();
        let committee = must_sign(&identities, &gateway);
        let path = folder.path().join("committee.json");
        std::fs::write(path, committee.to_json().unwrap()).unwrap();
        let daemons = (0..3).map(|_| None).collect();
        let mut world = Self { identities, gateway, committee, daemons, folder, confirm };
        for at in 0..3 {
            world.start_one(at).await.unwrap();
        }
        world.await_links(3).await;
        world
    }

    pub(crate) async fn start_one(&mut self, at: usize) -> Result<(), StartError> {
        let daemon = Daemon::start(self.config(at)).await?;
        self.daemons[at] = Some(daemon);
        Ok(())
    }

    pub(crate) async fn stop_one(&mut self, at: usize) {
        self.daemons[at].take().unwrap().stop().await;
    }

    /// A file in the data directory of a cosigner.
    pub(crate) fn data(&self, at: usize, file: &str) -> PathBuf {
        self.folder.path().join(at.to_string()).join(file)
    }

    pub(crate) fn config(&self, at: usize) -> DaemonConfig {
        let root = self.folder.path();
        let text = format!(
            "data_dir = {:?}\nlisten = {:?}\ndev = {}\npassphrase = {{ file = {:?} }}\n\
             committee = {:?}\npolicy = {:?}\nfeatures = {:?}\n[deadlines]\nceremony_round_ms = 60000\n",
            root.join(at.to_string()),
            self.committee.parties()[at].addr,
            self.confirm == Confirm::Itself,
            root.join(at.to_string()).join("passphrase"),
            root.join("committee.json"),
            policy(),
            features(),
        );
        DaemonConfig::from_toml(&text).unwrap()
    }

    pub(crate) async fn operator(&self, at: usize) -> OperatorClient {
        OperatorClient::connect(&self.config(at).socket()).await.unwrap()
    }

    /// A client that speaks as `identity` to the cosigner at `at`.
    pub(crate) fn client_as(&self, identity: &Identity, at: usize) -> CosignerClient {
        let party = &self.committee.parties()[at];
        CosignerClient::new(identity, party, ClientOptions::default()).unwrap()
    }

    /// Proposes a keygen at the first cosigner and waits for its end.
    pub(crate) async fn keygen(&self, name: &str) -> Result<wire::KeyInfo, String> {
        let mut operator = self.operator(0).await;
        let within = Duration::from_secs(60);
        let key = name.parse().unwrap();
        let mut events = operator
            .keygen(&key, 2, KeyPurpose::Accounts, within)
            .await
            .map_err(|error| error.to_string())?;
        while let Some(event) = events.message().await.unwrap() {
            match event.stage.as_str() {
                "failed" => return Err(event.message),
                "live" => return Ok(event.key.unwrap()),
                _ => {}
            }
        }
        panic!("the ceremony ended without an outcome");
    }

    /// Waits until the key has this state at the cosigner; `None`: until it is not there.
    pub(crate) async fn await_state(&self, at: usize, name: &str, state: Option<&str>) {
        let mut operator = self.operator(at).await;
        must_become(async || {
            let keys = operator.status().await.unwrap().keys;
            let found = keys.iter().find(|key| key.name == name).map(|key| key.state.clone());
            found.as_deref() == state
        })
        .await;
    }

    /// Waits until every running cosigner is connected to all `running` but itself.
    pub(crate) async fn await_links(&self, running: usize) {
        for at in (0..3).filter(|at| self.daemons[*at].is_some()) {
            let mut operator = self.operator(at).await;
            must_become(async || {
                let peers = operator.status().await.unwrap().peers;
                peers.iter().filter(|peer| peer.connected).count() + 1 == running
            })
            .await;
        }
    }
}

/// Polls until `state` holds.
pub(crate) async fn must_become(mut state: impl AsyncFnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    while !state().await {
        assert!(tokio::time::Instant::now() < deadline, "the state did not come about");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn must_init(folder: PathBuf, confirm: Confirm) -> Identity {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::create_dir(&folder).unwrap();
    let passphrase = folder.join("passphrase");
    std::fs::write(&passphrase, "correct horse\n").unwrap();
    std::fs::set_permissions(&passphrase, std::fs::Permissions::from_mode(0o600)).unwrap();
    let strength = match confirm {
        Confirm::Itself => KdfStrength::Fast,
        Confirm::Operators => KdfStrength::MemoryHard,
    };
    Vault::create(&folder.join("vault"), &"correct horse".to_owned().into(), strength).unwrap();
    Identity::create(&folder.join("identity.pem")).unwrap()
}

fn must_sign(identities: &[Identity], gateway: &Identity) -> CommitteeFile {
    let ports: Vec<_> =
        identities.iter().map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    let parties =
        identities.iter().zip(&ports).enumerate().map(|(at, (identity, port))| CommitteeParty {
            index: 0,
            name: format!("party-{}", at + 1),
            addr: port.local_addr().unwrap().to_string(),
            identity: identity.public(),
            facts: PartyFacts::default(),
        });
    let gateways = vec![GatewayEntry { name: "main".into(), identity: gateway.public() }];
    let mut file = CommitteeFile::draft(parties.collect(), gateways).unwrap();
    for identity in identities {
        file.sign(identity).unwrap();
    }
    file
}

/// The features of the example.
fn features() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../features.example.toml")
}

/// The policy for development, as a file that every daemon can name.
fn policy() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../policy/policies/development.toml")
}

//! Chain, bundler, stand-ins and a gateway in this process.

use std::time::{Duration, Instant};

use alloy::primitives::{Address, Bytes, U256};
use countersign::{
    ApiKeys, Caller, CreateWallet, Gateway, GatewayConfig, NewKey, Operation, RpcServer, SendCalls,
    SponsorChoice, StageName, Wallet,
};
use countersign_devnet::{Alto, Anvil, Deployments, HostileServer, Reply, toml_text};
use countersign_protocol::Identity;
use countersign_userop::{AccountKind, Call, ChainId, EntryPointVersion};
use serde_json::json;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::stand_in::{SPONSOR, StandIns, WALLETS, secret};

pub(crate) const CHAIN: ChainId = ChainId::new(31_337);
/// A chain that is configured with the same accounts, and on which nothing happens.
pub(crate) const OTHER_CHAIN: ChainId = ChainId::new(4_242);

/// What differs from story to story.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    pub(crate) confirmations: u64,
    pub(crate) window_s: u64,
    pub(crate) resubmit_s: u64,
    pub(crate) max_fee_per_gas_wei: u64,
    pub(crate) approval_wait_s: u64,
    /// Calls about one wallet in a second, and at once.
    pub(crate) wallet_rate: Option<u32>,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            confirmations: 1,
            window_s: 600,
            resubmit_s: 5,
            max_fee_per_gas_wei: 1_000_000_000_000,
            approval_wait_s: 3_600,
            wallet_rate: None,
        }
    }
}

pub(crate) struct World {
    pub(crate) gateway: Gateway,
    pub(crate) stand_ins: StandIns,
    pub(crate) anvil: Anvil,
    pub(crate) alto: Alto,
    /// What the gateway takes for its bundler; forwards to the real one until told otherwise.
    pub(crate) bundler: HostileServer,
    pub(crate) deployments: Deployments,
    config: GatewayConfig,
    stop: CancellationToken,
    running: Option<JoinHandle<()>>,
    pub(crate) dir: tempfile::TempDir,
}

impl World {
    pub(crate) async fn start(setting: Setting) -> Self {
        let anvil = Anvil::start().await.unwrap();
        let deployments = anvil.deploy().await.unwrap();
        let paymasters = anvil.deploy_paymasters(secret(SPONSOR, None).address()).await.unwrap();
        let alto = Alto::start(&anvil, &deployments).await.unwrap();
        let bundler = HostileServer::start(Reply::Forward(alto.url().into())).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let identity = Identity::create(&dir.path().join("identity")).unwrap();
        let stand_ins = StandIns::start(&identity).await;
        let committee = stand_ins.file.to_json().unwrap();
        std::fs::write(dir.path().join("committee.json"), committee).unwrap();
        let accounts = |kind: &'static str, of: &std::collections::BTreeMap<_, _>| {
            of.iter()
                .map(
                    |(version, account): (
                        &EntryPointVersion,
                        &countersign_devnet::AccountDeployment,
                    )| {
                        json!({
                            "kind": kind, "entry_point_version": version,
                            "factory": account.factory, "implementation": account.implementation,
                        })
                    },
                )
                .filter(|spec| spec["kind"] != "simple" || spec["entry_point_version"] != "0.9")
                .collect::<Vec<_>>()
        };
        let accounts = [
            accounts("simple", &deployments.simple),
            accounts("countersign", &deployments.countersign),
        ]
        .concat();
        let limits = match setting.wallet_rate {
            Some(rate) => json!({ "wallet": { "per_s": rate, "burst": rate } }),
            None => json!({}),
        };
        let config = toml_text(&json!({
            "listen": "127.0.0.1:0",
            "database": "sqlite://gateway.db",
            "identity": "identity",
            "committee": "committee.json",
            "features": "features.toml",
            "approval_wait_s": setting.approval_wait_s,
            "limits": limits,
            "http": { "connections": 4_096 },
            "deadlines": { "sign_ms": 6_000, "sign_attempt_ms": 1_500 },
            "chains": [{
                "id": anvil.chain_id(),
                "rpc": anvil.url(),
                "bundlers": [bundler.url()],
                "confirmations": setting.confirmations,
                "poll_ms": 50,
                "resubmit_s": setting.resubmit_s,
                "accounts": accounts,
                "gas": { "max_fee_per_gas_wei": setting.max_fee_per_gas_wei },
                "sponsor": {
                    "key": SPONSOR, "window_s": setting.window_s, "paymasters": paymasters,
                },
            }, {
                "id": OTHER_CHAIN, "rpc": anvil.url(), "bundlers": [alto.url()],
                "accounts": accounts,
            }],
        }))
        .unwrap();
        std::fs::write(dir.path().join("features.toml"), features("", true)).unwrap();
        let file = dir.path().join("gateway.toml");
        std::fs::write(&file, config).unwrap();
        let config = GatewayConfig::load(&file).unwrap();
        let gateway = Gateway::open(config.clone()).await.unwrap();
        let stop = CancellationToken::new();
        let mut world = Self {
            gateway,
            stand_ins,
            anvil,
            alto,
            bundler,
            deployments,
            config,
            stop,
            running: None,
            dir,
        };
        world.run();
        world
    }

    /// Answers JSON-RPC for the gateway of now; gives the server and a key of the caller.
    pub(crate) async fn serve(&self) -> (RpcServer, String) {
        let keys = ApiKeys::connect(&self.config.database).await.unwrap();
        let name = format!("key-{}", keys.list().await.unwrap().len());
        let caller = Some(Self::caller().as_str().to_owned());
        let new = NewKey { name, caller, ..NewKey::default() };
        let key = keys.create(new).await.unwrap().0.expose().to_owned();
        let server =
            RpcServer::start(self.gateway.clone(), keys, self.config.listen).await.unwrap();
        (server, key)
    }

    fn run(&mut self) {
        self.stop = CancellationToken::new();
        let (gateway, stop) = (self.gateway.clone(), self.stop.clone());
        self.running = Some(tokio::spawn(async move { gateway.run(stop).await.unwrap() }));
    }

    /// Stops the gateway where it is and opens another on the same state.
    pub(crate) async fn restart(&mut self) {
        self.stop.cancel();
        self.running.take().unwrap().await.unwrap();
        self.gateway = Gateway::open(self.config.clone()).await.unwrap();
        self.run();
    }

    /// Writes another file of features, and has the gateway read it.
    pub(crate) fn switch(&self, features: &str) {
        std::fs::write(self.config.features.as_ref().unwrap(), features).unwrap();
        self.gateway.reload_features();
    }

    pub(crate) fn caller() -> Caller {
        Caller::new("dapp")
    }

    /// A wallet of the next child, with an ether.
    pub(crate) async fn funded_wallet(&self, version: EntryPointVersion) -> Wallet {
        let wallet = self.empty_wallet(version).await;
        self.anvil.set_balance(wallet.address, U256::from(10).pow(U256::from(18))).await.unwrap();
        wallet
    }

    /// A wallet of the next child, without anything.
    pub(crate) async fn empty_wallet(&self, version: EntryPointVersion) -> Wallet {
        let kind = match version {
            EntryPointVersion::V0_9 => AccountKind::Countersign,
            _ => AccountKind::SimpleAccount,
        };
        let ask = CreateWallet {
            key: WALLETS.into(),
            kind,
            version,
            chain: CHAIN,
            salt: U256::ZERO,
            index: None,
        };
        self.gateway.create_wallet(&Self::caller(), ask).await.unwrap()
    }

    /// Sends calls and gives their id.
    pub(crate) async fn send(
        &self,
        wallet: &Wallet,
        calls: Vec<Call>,
        sponsor: SponsorChoice,
    ) -> String {
        let ask = SendCalls {
            id: None,
            chain: CHAIN,
            from: wallet.address,
            calls,
            sponsor,
            nonce_key: None,
            signature: None,
        };
        self.gateway.send_calls(&Self::caller(), ask).await.unwrap().id
    }

    pub(crate) async fn operation(&self, id: &str) -> Operation {
        self.gateway.operation(&Self::caller(), id).await.unwrap()
    }

    /// Waits until an operation stands somewhere in `stages`.
    pub(crate) async fn until(&self, id: &str, stages: &[StageName]) -> Operation {
        self.until_it(id, |operation| stages.contains(&operation.stage)).await
    }

    pub(crate) async fn until_it(&self, id: &str, holds: impl Fn(&Operation) -> bool) -> Operation {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let operation = self.operation(id).await;
            if holds(&operation) {
                return operation;
            }
            assert!(Instant::now() < deadline, "still {operation:#?}");
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// Waits until it is on chain and succeeded.
    pub(crate) async fn must_include(&self, id: &str) -> Operation {
        let ends = [StageName::Included, StageName::Reverted, StageName::Dropped];
        let operation = self.until(id, &ends).await;
        assert_eq!(operation.stage, StageName::Included, "{operation:#?}");
        operation
    }

    pub(crate) async fn balance(&self, address: Address) -> U256 {
        self.anvil.rpc().call("eth_getBalance", json!([address, "latest"])).await.unwrap()
    }
}

/// A file that switches everything on for both chains, but for what `off` says.
pub(crate) fn features(off: &str, sponsorship: bool) -> String {
    let on = |names: &[&str]| {
        let names = names.iter().filter(|name| **name != off);
        names.map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
    };
    let everywhere = on(&["message", "typedData"]);
    let requests =
        on(&["userOperation", "paymasterApproval", "typedData", "authorization", "transaction"]);
    let accounts = on(&["countersign", "simple"]);
    let chains = [CHAIN, OTHER_CHAIN].map(|chain| {
        format!(
            "[[chains]]\nid = {chain}\nrequests = [{requests}]\naccounts = [{accounts}]\n\
             sponsorship = {sponsorship}\n"
        )
    });
    format!("version = 1\neverywhere.requests = [{everywhere}]\n{}", chains.concat())
}

/// One call that sends a wei.
pub(crate) fn gift(to: u8) -> Call {
    Call { to: Address::repeat_byte(to), value: U256::ONE, data: Bytes::new() }
}

/// The steps of a timeline.
pub(crate) fn steps(operation: &Operation) -> Vec<&str> {
    operation.timeline.iter().map(|entry| entry.step.as_str()).collect()
}

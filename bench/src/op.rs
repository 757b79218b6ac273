//! From `wallet_sendCalls` to inclusion, with a quorum and with a local key. Both go through a gateway of the same
//! build, the same bundler and the same chain; the only difference is who holds the key.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use alloy::signers::local::PrivateKeySigner;
use anyhow::{Context, bail};
use countersign_devnet::{JsonRpc, World, WorldOptions};
use countersign_protocol::{CommitteeFile, CommitteeParty, GatewayEntry, Identity, PartyFacts};
use serde::Serialize;
use serde_json::{Value, json};

use crate::local_key::{self, KEY};
use crate::stats::Quantiles;

const INCLUDED_WITHIN: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(2);
/// Operations before the measured ones; the first deploys the account.
const WARM_UP: u32 = 3;

/// What `countersign-bench op` prints.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// The key is held by a committee of three, two of which sign.
    quorum_ms: Quantiles,
    /// The key is held by one process behind the same service.
    local_key_ms: Quantiles,
    /// `quorum_ms` by `local_key_ms`, at the median.
    ratio_to_local_key: f64,
    /// Where the time went: each step's median, with a quorum and with a local key.
    steps_ms: BTreeMap<String, StepTimes>,
    /// Measured operations of each sort.
    runs: u32,
}

/// A step of the pipeline, in milliseconds at the median, as the gateway's timeline has it.
#[derive(Debug, Default, Serialize)]
pub(crate) struct StepTimes {
    quorum: f64,
    local_key: f64,
}

/// Measures `runs` operations of each sort, in turn.
///
/// # Errors
/// If the devnet does not come up or one operation does not land.
pub(crate) async fn measure(runs: u32) -> anyhow::Result<Report> {
    let world = World::start(WorldOptions::default()).await?;
    let local = world.gateway_beside("local-key", local_committee).await?;
    let key = local.create_api_key("bench")?;
    let mut quorum = Caller::new(&world, world.rpc()?).await?;
    let mut single = Caller::new(&world, JsonRpc::new(local.url())?.with_bearer(&key)).await?;
    let (mut by_quorum, mut by_single) = (Vec::new(), Vec::new());
    for run in 0..runs + WARM_UP {
        let quorum_ms = quorum.send().await?;
        let single_ms = single.send().await?;
        if run >= WARM_UP {
            by_quorum.push(quorum_ms);
            by_single.push(single_ms);
        }
    }
    let quorum_ms = Quantiles::of(by_quorum).context("no runs")?;
    let local_key_ms = Quantiles::of(by_single).context("no runs")?;
    let ratio = quorum_ms.p50 / local_key_ms.p50;
    Ok(Report {
        steps_ms: steps(quorum.steps, single.steps),
        quorum_ms,
        local_key_ms,
        ratio_to_local_key: (ratio * 1000.0).round() / 1000.0,
        runs,
    })
}

/// The medians of the steps, side by side.
fn steps(quorum: Steps, local_key: Steps) -> BTreeMap<String, StepTimes> {
    let median = |times| Quantiles::of(times).map_or(0.0, |times| times.p50);
    let mut steps: BTreeMap<String, StepTimes> = BTreeMap::new();
    for (step, times) in quorum {
        steps.entry(step).or_default().quorum = median(times);
    }
    for (step, times) in local_key {
        steps.entry(step).or_default().local_key = median(times);
    }
    steps
}

/// A committee file whose three parties are one local key.
async fn local_committee(gateway: &str) -> anyhow::Result<String> {
    let gateway = GatewayEntry { name: "gateway".to_owned(), identity: gateway.parse()? };
    let key = PrivateKeySigner::random();
    let (mut identities, mut parties) = (Vec::new(), Vec::new());
    for name in ["one", "two", "three"] {
        let identity = Identity::generate()?;
        parties.push(CommitteeParty {
            index: 0,
            name: name.to_owned(),
            addr: local_key::serve(&identity, gateway.identity, key.clone()).await?,
            identity: identity.public(),
            facts: PartyFacts::default(),
        });
        identities.push(identity);
    }
    let mut file = CommitteeFile::draft(parties, vec![gateway])?;
    for identity in &identities {
        file.sign(identity)?;
    }
    Ok(file.to_json()?)
}

/// A wallet with funds, and the gateway that knows it.
struct Caller {
    rpc: JsonRpc,
    wallet: Value,
    chain: String,
    sent: u32,
    steps: Steps,
}

/// What each step of the measured operations took, in milliseconds.
type Steps = BTreeMap<String, Vec<f64>>;

impl Caller {
    async fn new(world: &World, rpc: JsonRpc) -> anyhow::Result<Self> {
        let manifest = world.manifest();
        let chain = format!("{:#x}", manifest.chain_id);
        let wanted = json!([{
            "key": KEY, "chainId": chain, "kind": "countersign", "entryPointVersion": "0.8",
        }]);
        let made: Value = rpc.call("countersign_createWallet", wanted).await?;
        let wallet = made["address"].clone();
        let node = JsonRpc::new(&manifest.rpc_url)?;
        node.call::<Value>("anvil_setBalance", json!([wallet, "0x56bc75e2d63100000"])).await?;
        Ok(Self { rpc, wallet, chain, sent: 0, steps: Steps::new() })
    }

    /// Sends one call and waits for its inclusion; gives the milliseconds.
    async fn send(&mut self) -> anyhow::Result<f64> {
        self.sent += 1;
        let id = format!("0x{:064x}", self.sent);
        let batch = json!([{
            "version": "2.0.0", "id": id, "from": self.wallet, "chainId": self.chain,
            "atomicRequired": true,
            "calls": [{ "to": "0xb0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0", "value": "0x1" }],
        }]);
        let started = Instant::now();
        self.rpc.call::<Value>("wallet_sendCalls", batch).await?;
        loop {
            let status: Value = self.rpc.call("wallet_getCallsStatus", json!([id])).await?;
            match status["status"].as_u64() {
                Some(100) if started.elapsed() < INCLUDED_WITHIN => tokio::time::sleep(POLL).await,
                Some(200) => break,
                _ => bail!("the operation did not land: {status}"),
            }
        }
        let took = started.elapsed().as_secs_f64() * 1000.0;
        if self.sent > WARM_UP {
            self.note_steps(&id).await?;
        }
        Ok(took)
    }

    async fn note_steps(&mut self, id: &str) -> anyhow::Result<()> {
        let operation: Value = self.rpc.call("countersign_getOperation", json!([id])).await?;
        for entry in operation["timeline"].as_array().context("no timeline")? {
            let step = entry["step"].as_str().context("a step without a name")?;
            let took = entry["tookMs"].as_f64().context("a step without a time")?;
            self.steps.entry(step.to_owned()).or_default().push(took);
        }
        Ok(())
    }
}

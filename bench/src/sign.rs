//! A quorum's signature over a whole operation, beside the bare library and a local key.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Context;
use countersign_protocol::{
    ChildNumber, ClientOptions, CommitteeParty, CosignerClient, Identity, KeyName, PartyFacts,
    SignReply,
};
use countersign_userop::AccountSpec;
use serde::Serialize;

use crate::bare_library::BareLibrary;
use crate::committee::{Committee, Placing};
use crate::local_key;
use crate::quorum::{CHAIN, QUORUM, WARM_UP, account, call, millis, quorum_call, request, signed};
use crate::stats::Quantiles;
use crate::wire::Counter;

/// Signatures whose bytes are counted.
const COUNTED: u32 = 50;

/// What `countersign-bench sign` prints.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// From the gateway's call to the answers of both members: judgement, journal, audit, rounds, verification.
    quorum_call_ms: Quantiles,
    /// Both signers of the bare library, one after the other on one thread.
    bare_library_ms: Quantiles,
    /// A single key behind the same service and the same TLS.
    local_key_ms: Quantiles,
    /// `quorum_call_ms` by `bare_library_ms`, at the median.
    ratio_to_library: f64,
    /// Resident memory of the largest cosigner after the runs.
    cosigner_rss_mb: f64,
    /// Processor time of all cosigners for one signature.
    cpu_ms_per_signature: f64,
    /// Where a member's time went, by stage, in milliseconds at the median.
    stages_ms: BTreeMap<String, f64>,
    /// Bytes between all processes for one signature, the gateway's calls included, TLS and HTTP/2 as well.
    bytes_per_signature: u64,
    /// Measured signatures of each sort.
    runs: u32,
}

/// Measures `runs` signatures of each sort, interleaved.
///
/// # Errors
/// If a process does not come up or one signature fails.
pub(crate) async fn measure(runs: u32) -> anyhow::Result<Report> {
    let account = account()?;
    let key: KeyName = "bench".parse()?;
    let committee = Committee::start(CHAIN, &account, &key, Placing::CoreEach).await?;
    let child = ChildNumber::new(0).context("a child")?;
    let owner = committee.clients()[0].derive_owner(&key, Some(child)).await?;
    let local = local_client(&committee).await?;
    let library = BareLibrary::deal()?;
    let (mut quorum, mut bare, mut single) = (Vec::new(), Vec::new(), Vec::new());
    let mut stages: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let mut cpu_before = 0.0;
    for run in 0..runs + WARM_UP {
        if run == WARM_UP {
            cpu_before = committee.cpu_ms()?;
        }
        let request = request(&account, owner, run)?;
        let hash = *request.hash().as_bytes();
        let call = call(&key, child, request, QUORUM);
        let (quorum_ms, [told, _]) = quorum_call(&committee, &call).await?;
        let bare_ms = tokio::task::block_in_place(|| library.sign(hash, session(run)))?;
        let single_ms = timed(local.sign(&call)).await?;
        if run >= WARM_UP {
            quorum.push(quorum_ms);
            for stage in told.stages {
                stages.entry(stage.name).or_default().push(stage.ms);
            }
            bare.push(bare_ms);
            single.push(single_ms);
        }
    }
    let cpu_ms = (committee.cpu_ms()? - cpu_before) / f64::from(runs);
    let quorum_call_ms = Quantiles::of(quorum).context("no runs")?;
    let bare_library_ms = Quantiles::of(bare).context("no runs")?;
    let ratio = quorum_call_ms.p50 / bare_library_ms.p50;
    Ok(Report {
        quorum_call_ms,
        bare_library_ms,
        local_key_ms: Quantiles::of(single).context("no runs")?,
        ratio_to_library: (ratio * 1000.0).round() / 1000.0,
        cosigner_rss_mb: committee.largest_rss_mb()?,
        cpu_ms_per_signature: (cpu_ms * 100.0).round() / 100.0,
        stages_ms: stages
            .into_iter()
            .filter_map(|(stage, times)| Some((stage, Quantiles::of(times)?.p50)))
            .collect(),
        bytes_per_signature: bytes(&account, &key).await?,
        runs,
    })
}

/// Bytes on the wire for one signature, with a committee of its own whose connections are counted.
async fn bytes(account: &AccountSpec, key: &KeyName) -> anyhow::Result<u64> {
    let counter = Counter::default();
    let committee =
        Committee::start_through(CHAIN, account, key, Placing::CoreEach, Some(&counter)).await?;
    let child = ChildNumber::new(0).context("a child")?;
    let owner = committee.clients()[0].derive_owner(key, Some(child)).await?;
    let mut before = 0;
    for run in 0..WARM_UP + COUNTED {
        if run == WARM_UP {
            before = counter.bytes();
        }
        quorum_call(&committee, &call(key, child, request(account, owner, run)?, QUORUM)).await?;
    }
    Ok((counter.bytes() - before) / u64::from(COUNTED))
}

async fn local_client(committee: &Committee) -> anyhow::Result<CosignerClient> {
    let identity = Identity::generate()?;
    let addr = local_key::serve(
        &identity,
        committee.gateway_key(),
        alloy::signers::local::PrivateKeySigner::random(),
    )
    .await?;
    let party = CommitteeParty {
        index: 1,
        name: "local".to_owned(),
        addr,
        identity: identity.public(),
        facts: PartyFacts::default(),
    };
    Ok(CosignerClient::new(committee.gateway(), &party, ClientOptions::default())?)
}

fn session(run: u32) -> [u8; 32] {
    let mut session = [0; 32];
    session[..4].copy_from_slice(&run.to_be_bytes());
    session
}

async fn timed(
    answer: impl Future<Output = Result<SignReply, countersign_protocol::ClientError>>,
) -> anyhow::Result<f64> {
    let started = Instant::now();
    signed(answer.await?)?;
    Ok(millis(started))
}

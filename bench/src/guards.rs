//! What the guards cost: the part of a quorum's signature that bare signers would not spend.
//!
//! Counted as guards, at the slower of the two members: judgement (recomputing, decoding, rules), the decision with
//! policy, journal and audit in its synced commit, and the openings in which the members make sure that they mean the
//! same; and once, libsecp256k1's verification, measured beside, since a member does it within its last round. The heads
//! of journals are written down while the rounds go on, and show in what the rounds take.

use std::collections::BTreeMap;
use std::time::Instant;

use alloy::primitives::Address;
use anyhow::{Context, bail};
use countersign_protocol::{ChildNumber, KeyName, Request, StageTime};
use countersign_threshold::{Digest, Signature};
use serde::Serialize;

use crate::committee::{Committee, Placing};
use crate::quorum::{CHAIN, QUORUM, WARM_UP, account, call, millis, quorum_call, request};
use crate::stats::Quantiles;

/// The stages of a member that are guards.
const GUARDS: [&str; 3] = ["judge", "journal", "open"];
/// What is measured beside, and counted once a signature.
const VERIFY: &str = "verify";

/// What `countersign-bench guards` prints.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// From the gateway's call to the answers of both members.
    signature_ms: Quantiles,
    /// What of it the guards took.
    guards_ms: Quantiles,
    /// The guards' share of the same signature, between 0 and 1, at the median of all signatures. Aim: at most 0.15.
    share_p50: f64,
    /// Each guard at the median, at the slower member.
    each_ms: BTreeMap<String, f64>,
    /// Measured signatures.
    runs: u32,
}

/// Measures `runs` signatures.
///
/// # Errors
/// If a process does not come up or one signature fails.
pub(crate) async fn measure(runs: u32) -> anyhow::Result<Report> {
    let account = account()?;
    let key: KeyName = "bench".parse()?;
    let committee = Committee::start(CHAIN, &account, &key, Placing::CoreEach).await?;
    let child = ChildNumber::new(0).context("a child")?;
    let owner = committee.clients()[0].derive_owner(&key, Some(child)).await?;
    let (mut whole, mut guards, mut shares) = (Vec::new(), Vec::new(), Vec::new());
    let mut each: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for run in 0..runs + WARM_UP {
        let request = request(&account, owner, run)?;
        let digest = digest(&request)?;
        let call = call(&key, child, request, QUORUM);
        let (signature_ms, [one, two]) = quorum_call(&committee, &call).await?;
        let verify_ms = verify(digest, owner, &one.signature)?;
        if run < WARM_UP {
            continue;
        }
        let slower = if total(&one.stages) >= total(&two.stages) { one } else { two }.stages;
        let guards_ms = total(&slower) + verify_ms;
        whole.push(signature_ms);
        guards.push(guards_ms);
        shares.push(guards_ms / signature_ms);
        each.entry(VERIFY.to_owned()).or_default().push(verify_ms);
        for stage in slower.into_iter().filter(is_guard) {
            each.entry(stage.name).or_default().push(stage.ms);
        }
    }
    Ok(Report {
        signature_ms: Quantiles::of(whole).context("no runs")?,
        guards_ms: Quantiles::of(guards).context("no runs")?,
        share_p50: Quantiles::of(shares).context("no runs")?.p50,
        each_ms: each
            .into_iter()
            .filter_map(|(guard, times)| Some((guard, Quantiles::of(times)?.p50)))
            .collect(),
        runs,
    })
}

fn is_guard(stage: &StageTime) -> bool {
    GUARDS.contains(&stage.name.as_str())
}

/// What the guards of one member took, in milliseconds.
fn total(stages: &[StageTime]) -> f64 {
    stages.iter().filter(|stage| is_guard(stage)).map(|stage| stage.ms).sum()
}

/// What the owner signs for it.
fn digest(request: &Request) -> anyhow::Result<[u8; 32]> {
    let Request::UserOperation(request) = request else { bail!("no operation") };
    Ok(request.op.hash(request.entry_point, request.chain).as_b256().0)
}

/// How many milliseconds libsecp256k1 takes for what a member asks of it before it answers.
fn verify(digest: [u8; 32], owner: Address, signature: &[u8; 65]) -> anyhow::Result<f64> {
    let (r, rest) = signature.split_first_chunk::<32>().context("a signature")?;
    let (s, v) = rest.split_first_chunk::<32>().context("a signature")?;
    let recovery_id = v.first().and_then(|v| v.checked_sub(27)).context("a signature")?;
    let started = Instant::now();
    Signature::verified(Digest::new(digest), &owner.into(), *r, *s, recovery_id)?;
    Ok(millis(started))
}

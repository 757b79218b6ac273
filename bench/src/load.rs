//! Many requests at once, on one key and on many of its children, beside the bare library on all cores.

use std::time::Instant;

use alloy::primitives::Address;
use anyhow::{Context, anyhow};
use countersign_protocol::{ChildNumber, KeyName, SignCall};
use countersign_userop::AccountSpec;
use futures::future::try_join_all;
use serde::Serialize;

use crate::bare_library::BareLibrary;
use crate::committee::{Committee, Placing};
use crate::core;
use crate::quorum::{CHAIN, WARM_UP, account, call, millis, quorum_call, request};
use crate::stats::{Quantiles, median};

/// The quorums of a committee of three, which requests take in turn.
const QUORUMS: [[u8; 2]; 3] = [[1, 2], [1, 3], [2, 3]];
/// The children that the second sort of load is spread over.
const CHILDREN: u32 = 100;

/// What `countersign-bench load` prints.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// All requests are for the same child of the key.
    one_key: Load,
    /// They are spread over a hundred children of it.
    hundred_children: Load,
    /// Signatures a second of the bare library, with as many threads as cores, each computing for both signers.
    bare_library_per_second: f64,
    /// Cores of this machine, which the cosigners and the caller share.
    cores: usize,
    /// Requests that were sent at once.
    requests: u32,
    /// How often each load and the library were measured, in turn; rates are medians.
    rounds: u32,
}

/// One sort of load.
#[derive(Debug, Serialize)]
pub(crate) struct Load {
    /// Signatures a second, from the first request to the last answer.
    per_second: f64,
    /// The same by the bare library's. Aim: at least 0.8.
    ratio_to_library: f64,
    /// How long a request took when it came together with all the others.
    latency_ms: Quantiles,
    /// The slowest request of all.
    slowest_ms: f64,
}

/// Measures `rounds` bursts of `requests` of each sort, in turn with the bare library.
///
/// # Errors
/// If a process does not come up or one request is not signed.
pub(crate) async fn measure(requests: u32, rounds: u32) -> anyhow::Result<Report> {
    let bench = Bench::start().await?;
    let library = BareLibrary::deal()?;
    let mut nonce = 0;
    bench.burst(WARM_UP, 1, &mut nonce).await?;
    let (mut one, mut hundred, mut bare) = (Series::default(), Series::default(), Vec::new());
    for _ in 0..rounds {
        one.add(bench.burst(requests, 1, &mut nonce).await?);
        hundred.add(bench.burst(requests, CHILDREN, &mut nonce).await?);
        bare.push(tokio::task::block_in_place(|| bare_rate(&library, requests))?);
    }
    let bare = median(bare).context("no rounds")?;
    Ok(Report {
        one_key: one.beside(bare)?,
        hundred_children: hundred.beside(bare)?,
        bare_library_per_second: rounded(bare),
        cores: core::cores(),
        requests,
        rounds,
    })
}

/// A committee, and the owners that it signs for.
struct Bench {
    committee: Committee,
    account: AccountSpec,
    key: KeyName,
    owners: Vec<(ChildNumber, Address)>,
}

impl Bench {
    async fn start() -> anyhow::Result<Self> {
        let account = account()?;
        let key: KeyName = "bench".parse()?;
        let committee = Committee::start(CHAIN, &account, &key, Placing::Anywhere).await?;
        let mut owners = Vec::new();
        for number in 0..CHILDREN {
            let child = ChildNumber::new(number).context("a child")?;
            owners.push((child, committee.clients()[0].derive_owner(&key, Some(child)).await?));
        }
        Ok(Self { committee, account, key, owners })
    }

    /// Sends `requests` at once, spread over so many children.
    async fn burst(&self, requests: u32, children: u32, nonce: &mut u32) -> anyhow::Result<Burst> {
        let mut calls = Vec::new();
        for number in 0..requests {
            calls.push(self.call(number, children, *nonce)?);
            *nonce += 1;
        }
        let started = Instant::now();
        let signed = calls.iter().map(|call| quorum_call(&self.committee, call));
        let signed = try_join_all(signed).await?;
        let seconds = started.elapsed().as_secs_f64();
        let latencies = signed.into_iter().map(|(ms, _)| ms).collect();
        Ok(Burst { per_second: f64::from(requests) / seconds, latencies })
    }

    fn call(&self, number: u32, children: u32, nonce: u32) -> anyhow::Result<SignCall> {
        let place = usize::try_from(number % children)?;
        let (child, owner) = *self.owners.get(place).context("no such child")?;
        let quorum = QUORUMS[usize::try_from(number)? % QUORUMS.len()];
        Ok(call(&self.key, child, request(&self.account, owner, nonce)?, quorum))
    }
}

struct Burst {
    per_second: f64,
    latencies: Vec<f64>,
}

/// The bursts of one sort.
#[derive(Default)]
struct Series {
    rates: Vec<f64>,
    latencies: Vec<f64>,
}

impl Series {
    fn add(&mut self, burst: Burst) {
        self.rates.push(burst.per_second);
        self.latencies.extend(burst.latencies);
    }

    fn beside(self, bare: f64) -> anyhow::Result<Load> {
        let per_second = median(self.rates).context("no rounds")?;
        let slowest = self.latencies.iter().copied().fold(0.0, f64::max);
        Ok(Load {
            per_second: rounded(per_second),
            ratio_to_library: rounded(per_second / bare),
            latency_ms: Quantiles::of(self.latencies).context("no requests")?,
            slowest_ms: rounded(slowest),
        })
    }
}

/// Signatures a second of the bare library on all cores.
fn bare_rate(library: &BareLibrary, requests: u32) -> anyhow::Result<f64> {
    let threads = u32::try_from(core::cores())?;
    let started = Instant::now();
    std::thread::scope(|scope| {
        let work = |thread: u32| {
            (thread..requests).step_by(threads as usize).try_for_each(|run| {
                let mut session = [0; 32];
                session[..4].copy_from_slice(&run.to_be_bytes());
                library.sign([7; 32], session).map(drop)
            })
        };
        let working: Vec<_> =
            (0..threads).map(|thread| scope.spawn(move || work(thread))).collect();
        working.into_iter().try_for_each(|thread| {
            thread.join().map_err(|_| anyhow!("a thread of the bare library died"))?
        })
    })?;
    Ok(f64::from(requests) * 1000.0 / millis(started))
}

fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

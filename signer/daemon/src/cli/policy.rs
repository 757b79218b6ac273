//! `cosigner policy`: what a policy file says, and what it would say to a request.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;
use countersign_policy::{Policy, network_bound};
use countersign_protocol::{CommitteeFile, wire};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::config::DaemonConfig;
use crate::operator::OperatorClient;
use crate::policy_book;

#[derive(Debug, Subcommand)]
pub(super) enum PolicyCommand {
    /// Check a policy file against the schema and itself, and say what it waives and what the network as a whole can
    /// sign within its limits.
    #[command(after_help = "Example:\n  cosigner policy check policy.toml")]
    Check {
        /// The policy file.
        file: PathBuf,
    },
    /// Ask the running daemon what it would say to a request, and why. Nothing is signed, and nothing is written.
    #[command(after_help = EXPLAIN_EXAMPLE)]
    Explain {
        /// The request as JSON.
        request: PathBuf,
    },
}

const EXPLAIN_EXAMPLE: &str = "\
Example:
  cosigner policy explain request.json

request.json has the key, its child, the gateway that would ask, and the request as gateways write it:
  { \"key\": \"wallets\", \"child\": 0, \"gateway\": \"main\", \"request\": { \"version\": 1, \"kind\": \"userOperation\", … } }
`quorum` (committee indices) and `approvals` may stand beside them.";

/// A request as `cosigner policy explain` reads it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    key: String,
    child: Option<u32>,
    gateway: String,
    request: Value,
    quorum: Option<Vec<u32>>,
    #[serde(default)]
    approvals: Vec<Value>,
}

pub(super) async fn explain(
    operator: &mut OperatorClient,
    path: &Path,
    as_json: bool,
) -> anyhow::Result<()> {
    let text =
        std::fs::read(path).with_context(|| format!("{} could not be read", path.display()))?;
    let question: Question = serde_json::from_slice(&text)
        .with_context(|| format!("{} is no request", path.display()))?;
    let status = operator.status().await?;
    let quorum = question.quorum.unwrap_or_else(|| quorum(&status, &question.key));
    let request = wire::SignRequest {
        version: wire::SIGN_REQUEST_VERSION,
        key: question.key,
        child: question.child,
        request: serde_json::to_vec(&question.request)?,
        quorum,
        attempt: vec![0; 16],
        approvals: question.approvals.iter().map(serde_json::to_vec).collect::<Result<_, _>>()?,
        traceparent: None,
        deadline_ms: 10_000,
    };
    let told = operator.explain(&question.gateway, request).await?;
    if as_json {
        println!(
            "{}",
            json!({
                "allowed": told.allowed,
                "rule": told.rule,
                "reason": told.message,
                "policy": told.policy,
                "exceeded": told.exceeded,
                "preview": told.preview,
                "previewHash": format!("0x{}", hex::encode(&told.preview_hash)),
            })
        );
        return Ok(());
    }
    told.preview.iter().for_each(|line| println!("{line}"));
    match told.allowed {
        true => println!("allowed: {}", told.policy),
        false => println!("refused by the rule {}: {}", told.rule, told.message),
    }
    Ok(())
}

/// Ourselves and as many others as the key asks for.
fn quorum(status: &wire::StatusResponse, key: &str) -> Vec<u32> {
    let threshold = status.keys.iter().find(|known| known.name == key).map_or(2, |k| k.threshold);
    let others = status.peers.iter().map(|peer| peer.party);
    let members = std::iter::once(status.party).chain(others);
    let mut quorum: Vec<u32> = members.take(usize::try_from(threshold).unwrap_or(2)).collect();
    quorum.sort_unstable();
    quorum
}

pub(super) fn check(file: &Path, config: &Path, as_json: bool) -> anyhow::Result<()> {
    let policy = policy_book::read(file)?;
    let parties = committee_size(config);
    if as_json {
        println!("{}", report(&policy, parties));
    } else {
        lines(&policy, parties).iter().for_each(|line| println!("{line}"));
    }
    Ok(())
}

/// How many parties there are, if the configuration and its committee file are at hand.
fn committee_size(config: &Path) -> Option<u8> {
    let config = DaemonConfig::load(config).ok()?;
    let file = CommitteeFile::load(&config.committee).ok()?;
    u8::try_from(file.parties().len()).ok()
}

fn lines(policy: &Policy, parties: Option<u8>) -> Vec<String> {
    let mut lines =
        vec![format!("{} policies: {}", policy.policy_ids().len(), policy.policy_ids().join(", "))];
    if policy.waives_intents() {
        lines.push("WAIVED: callers' signatures on their intents; a gateway may ask for whatever is allowed".into());
    }
    for caller in policy.callers() {
        lines.push(format!("caller {:?}", caller.name));
    }
    for (group, members) in policy.groups() {
        lines.push(format!("group {group:?}: {} people", members.len()));
    }
    for limit in policy.limits() {
        let window = limit
            .window_s
            .map_or_else(|| "in one request".to_owned(), |window| format!("in {window} s"));
        lines.push(format!(
            "limit {:?}: {} {} {window}, at each cosigner",
            limit.name, limit.max, limit.asset
        ));
        lines.extend(
            limit.window_s.and(parties).into_iter().flat_map(|parties| bounds(limit, parties)),
        );
    }
    if parties.is_none() && policy.limits().iter().any(|limit| limit.window_s.is_some()) {
        lines.push(
            "no committee file at hand: what the network can sign is the limit times (n-f)/(t-f)"
                .into(),
        );
    }
    lines
}

/// What all cosigners together can sign within one limit, for every threshold and number of malicious ones.
fn bounds(limit: &countersign_policy::Limit, parties: u8) -> Vec<String> {
    let thresholds = 2..parties;
    thresholds
        .flat_map(|threshold| (0..threshold).map(move |malicious| (threshold, malicious)))
        .filter_map(|(threshold, malicious)| {
            let most = network_bound(limit.max, parties, threshold, malicious)?;
            Some(format!(
                "  the network, {threshold} of {parties} with {malicious} malicious: at most {most}"
            ))
        })
        .collect()
}

fn report(policy: &Policy, parties: Option<u8>) -> Value {
    let limits = policy.limits().iter().map(|limit| {
        let bounds = limit.window_s.and(parties).map(|parties| bounds(limit, parties));
        json!({
            "name": limit.name,
            "asset": limit.asset.to_string(),
            "max": limit.max.to_string(),
            "windowS": limit.window_s,
            "network": bounds.unwrap_or_default().iter().map(|line| line.trim()).collect::<Vec<_>>(),
        })
    });
    json!({
        "policies": policy.policy_ids(),
        "waivesIntents": policy.waives_intents(),
        "callers": policy.callers().iter().map(|caller| &caller.name).collect::<Vec<_>>(),
        "groups": policy.groups(),
        "limits": limits.collect::<Vec<_>>(),
    })
}

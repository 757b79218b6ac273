//! `cosigner policy`: what a policy file says, and what it would say to a request.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use countersign_policy::{Policy, network_bound};
use countersign_protocol::CommitteeFile;
use serde_json::{Value, json};

use crate::config::DaemonConfig;
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
}

pub(super) fn execute(command: PolicyCommand, config: &Path, as_json: bool) -> anyhow::Result<()> {
    let PolicyCommand::Check { file } = command;
    let policy = policy_book::read(&file)?;
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

//! The configuration files of a world's daemons.

use std::collections::BTreeMap;

use alloy::primitives::Address;
use countersign_userop::EntryPointVersion;
use serde_json::{Value, json};

use super::{SPONSOR_KEY, WorldOptions};
use crate::{Anvil, Deployments, toml_text};

/// What configurations say about the chain.
pub(super) struct Chain<'a> {
    pub(super) anvil: &'a Anvil,
    pub(super) deployments: &'a Deployments,
    pub(super) paymasters: &'a BTreeMap<EntryPointVersion, Address>,
}

impl Chain<'_> {
    /// Every account that a wallet may be. There is no `SimpleAccount` for 0.9 that anyone uses.
    fn accounts(&self) -> Vec<Value> {
        let simple = self
            .deployments
            .simple
            .iter()
            .filter(|(version, _)| **version != EntryPointVersion::V0_9)
            .map(|(version, account)| ("simple", version, account));
        let ours = self
            .deployments
            .countersign
            .iter()
            .map(|(version, account)| ("countersign", version, account));
        simple
            .chain(ours)
            .map(|(kind, version, account)| {
                json!({
                    "kind": kind,
                    "entry_point_version": version,
                    "factory": account.factory,
                    "implementation": account.implementation,
                })
            })
            .collect()
    }
}

/// `features.toml`: what a world uses.
pub(super) fn features(options: &WorldOptions, chain: &Chain<'_>) -> anyhow::Result<String> {
    let mut everywhere = Vec::new();
    let mut requests = vec!["userOperation", "paymasterApproval"];
    if options.plain_key.is_some() {
        everywhere.push("message");
        requests.extend(["typedData", "authorization", "transaction"]);
    }
    toml_text(&json!({
        "version": 1,
        "everywhere": { "requests": everywhere },
        "chains": [{
            "id": chain.anvil.chain_id(),
            "requests": requests,
            "accounts": ["countersign", "simple"],
            "sponsorship": true,
        }],
    }))
}

/// `cosigner.toml`, for a folder that holds `passphrase`, `features.toml`, `committee.json` and the policy, if there is one.
pub(super) fn cosigner(
    options: &WorldOptions,
    chain: &Chain<'_>,
    port: u16,
) -> anyhow::Result<String> {
    let paymasters: Vec<Value> = chain
        .paymasters
        .iter()
        .map(|(version, address)| json!({"address": address, "version": version, "key": SPONSOR_KEY}))
        .collect();
    let mut file = json!({
        "data_dir": "data",
        "listen": format!("127.0.0.1:{port}"),
        "dev": true,
        "passphrase": {"file": "passphrase"},
        "committee": "committee.json",
        "features": "features.toml",
        "rules": {"max_cost_wei": "10000000000000000000"},
        "chains": [{
            "id": chain.anvil.chain_id(),
            "rpc": chain.anvil.url(),
            "entry_points": EntryPointVersion::ALL,
            "accounts": chain.accounts(),
            "paymasters": paymasters,
        }],
    });
    if options.policy.is_some() {
        file["policy"] = json!("policy.toml");
    }
    if let Some(collector) = &options.collector {
        file["telemetry"] = json!({ "otlp": collector });
    }
    toml_text(&file)
}

/// `gateway.toml`, for a folder that holds `identity`, `features.toml` and `committee.json`.
pub(super) fn gateway(
    options: &WorldOptions,
    chain: &Chain<'_>,
    bundler: &str,
    port: u16,
) -> anyhow::Result<String> {
    let mut file = json!({
        "listen": format!("127.0.0.1:{port}"),
        "database": "sqlite://gateway.db",
        "dev": true,
        "identity": "identity",
        "committee": "committee.json",
        "features": "features.toml",
        "chains": [{
            "id": chain.anvil.chain_id(),
            "rpc": chain.anvil.url(),
            "bundlers": [bundler],
            "confirmations": options.confirmations,
            "poll_ms": 50,
            "resubmit_s": 5,
            "accounts": chain.accounts(),
            "sponsor": {
                "key": SPONSOR_KEY,
                "window_s": options.sponsor_window.as_secs(),
                "paymasters": chain.paymasters,
            },
        }],
    });
    if let Some(collector) = &options.collector {
        file["telemetry"] = json!({ "otlp": collector });
    }
    toml_text(&file)
}

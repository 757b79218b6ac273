//! `devnet.json`: what a client of the world needs to know.

use std::{collections::BTreeMap, fs, path::Path};

use alloy::primitives::Address;
use countersign_userop::EntryPointVersion;
use serde::{Deserialize, Serialize};

use super::{ACCOUNTS_KEY, SPONSOR_KEY, World};

/// The addresses, URLs and names of a running world. Maps are keyed by EntryPoint version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The chain.
    pub chain_id: u64,
    /// Its node.
    pub rpc_url: String,
    /// The bundler (ERC-7769).
    pub bundler_url: String,
    /// Our paymaster service (ERC-7677), behind the same API key as the gateway.
    pub paymaster_url: String,
    /// The gateway.
    pub gateway_url: String,
    /// For `Authorization: Bearer`.
    pub api_key: String,
    /// The EntryPoints.
    pub entry_points: BTreeMap<EntryPointVersion, Address>,
    /// The factories of our account; on 0.6, for which there is none, of `SimpleAccount`.
    pub factories: BTreeMap<EntryPointVersion, Address>,
    /// The factories of `SimpleAccount`.
    pub simple_factories: BTreeMap<EntryPointVersion, Address>,
    /// Our paymasters.
    pub paymasters: BTreeMap<EntryPointVersion, Address>,
    /// The committee.
    pub cosigners: Vec<CosignerEntry>,
    /// The MPC keys.
    pub keys: KeyNames,
    /// An ERC-20 that anyone may mint.
    pub token: Address,
    /// A contract that counts calls and reverts on request.
    pub target: Address,
}

/// One cosigner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CosignerEntry {
    /// Its place in the committee.
    pub index: u8,
    /// Where its peers and the gateway reach it.
    pub address: String,
    /// Its configuration, for the operator's commands.
    pub config: String,
    /// Its log.
    pub log: String,
}

/// The names of the MPC keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyNames {
    /// Its children own wallets.
    pub accounts: String,
    /// It approves what our paymaster pays for.
    pub paymaster: String,
}

impl Manifest {
    pub(super) fn new(world: &World) -> Self {
        let factories = |of: &BTreeMap<EntryPointVersion, crate::AccountDeployment>| {
            of.iter().map(|(version, account)| (*version, account.factory)).collect()
        };
        let simple_factories: BTreeMap<_, _> = factories(&world.deployments.simple);
        let mut ours: BTreeMap<_, _> = factories(&world.deployments.countersign);
        for (version, factory) in &simple_factories {
            ours.entry(*version).or_insert(*factory);
        }
        Self {
            chain_id: world.anvil.chain_id(),
            rpc_url: world.anvil.url().to_owned(),
            bundler_url: world.alto.url().to_owned(),
            paymaster_url: world.gateway.url().to_owned(),
            gateway_url: world.gateway.url().to_owned(),
            api_key: world.api_key.clone(),
            entry_points: world.deployments.entry_points.clone(),
            factories: ours,
            simple_factories,
            paymasters: world.paymasters.clone(),
            cosigners: world.cosigners.iter().map(super::CosignerProcess::entry).collect(),
            keys: KeyNames { accounts: ACCOUNTS_KEY.to_owned(), paymaster: SPONSOR_KEY.to_owned() },
            token: world.deployments.token,
            target: world.deployments.target,
        }
    }

    /// Writes it, so that a reader sees the whole file or none; only its owner may read the key.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, file: &Path) -> anyhow::Result<()> {
        use std::os::unix::fs::PermissionsExt as _;
        let draft = file.with_extension("json.draft");
        fs::write(&draft, serde_json::to_vec_pretty(self)?)?;
        fs::set_permissions(&draft, fs::Permissions::from_mode(0o600))?;
        fs::rename(draft, file)?;
        Ok(())
    }
}

//! Contract artifacts: the creation code that the chain is given.

use std::{fs, path::Path};

use alloy::primitives::Bytes;
use anyhow::Context;
use countersign_userop::EntryPointVersion;
use serde::Deserialize;

use crate::Workspace;

/// What is needed of a compiled contract.
#[derive(Debug, Clone, Deserialize)]
pub struct Artifact {
    /// Its name in the source.
    #[serde(rename = "contractName")]
    pub contract_name: String,
    /// The creation code, without constructor arguments.
    pub bytecode: Bytes,
}

impl Artifact {
    /// Reads an artifact file.
    ///
    /// # Errors
    /// When the file is missing or of another form.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_slice(&text)
            .with_context(|| format!("{} is not a contract artifact", path.display()))
    }

    /// A contract of the reference implementation of ERC-4337, as published on npm.
    ///
    /// # Errors
    /// When the package is not installed.
    pub fn reference(
        workspace: &Workspace,
        version: EntryPointVersion,
        contract: &str,
    ) -> anyhow::Result<Self> {
        let package = match version {
            EntryPointVersion::V0_6 => "contracts-v06",
            EntryPointVersion::V0_7 => "contracts-v07",
            EntryPointVersion::V0_8 => "contracts-v08",
            EntryPointVersion::V0_9 => "contracts-v09",
        };
        let file = format!("@account-abstraction/{package}/artifacts/{contract}.json");
        Self::read(&workspace.npm_file(&file)?)
    }

    /// A contract of this repository, from `contracts/artifacts`.
    ///
    /// # Errors
    /// When there is no such artifact.
    pub fn ours(workspace: &Workspace, contract: &str) -> anyhow::Result<Self> {
        Self::read(&workspace.root().join(format!("contracts/artifacts/{contract}.json")))
    }

    /// The creation code followed by ABI-encoded constructor arguments.
    pub fn creation_code(&self, arguments: &[u8]) -> Bytes {
        [self.bytecode.as_ref(), arguments].concat().into()
    }
}

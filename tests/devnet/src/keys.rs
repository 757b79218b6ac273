//! Named keys for tests: the same name gives the same key on every run and machine.

use alloy::{
    primitives::{Address, B256, keccak256},
    signers::local::PrivateKeySigner,
};
use anyhow::Context;

/// A key that anyone can derive from its name. Never use one where value is at stake.
#[derive(Debug, Clone)]
pub struct DevKey {
    name: String,
    signer: PrivateKeySigner,
}

impl DevKey {
    /// The key of that name.
    ///
    /// # Errors
    /// When the hash of the name is no valid scalar, which no name is known to hit.
    pub fn named(name: impl Into<String>) -> anyhow::Result<Self> {
        let name = name.into();
        let secret = keccak256(format!("countersign devnet key: {name}"));
        let signer =
            PrivateKeySigner::from_bytes(&secret).context("the hash of a name is no scalar")?;
        Ok(Self { name, signer })
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address.
    pub fn address(&self) -> Address {
        self.signer.address()
    }

    /// The signer, to sign with.
    pub fn signer(&self) -> &PrivateKeySigner {
        &self.signer
    }

    /// The private key as tools take it on their command line.
    pub fn secret(&self) -> B256 {
        self.signer.to_bytes()
    }
}

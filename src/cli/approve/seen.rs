//! What a person is shown and signs, computed from the operation and compared with what the gateway says.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use alloy::primitives::{Address, B256, Bytes};
use anyhow::{Context as _, ensure};
use countersign_protocol::{ApprovalSubject, SignedApproval};
use countersign_userop::{
    AccountSpec, ChainId, EntryPointVersion, UserOperation, preview_operation,
};
use jsonrpsee::rpc_params;
use serde_json::{Value, json};

use crate::cli::endpoint::Endpoint;

/// How long an approval holds when nobody says otherwise, in seconds.
const HOLDS_S: u64 = 60 * 60;

/// One operation as this machine sees it.
#[derive(Debug)]
pub(super) struct Seen {
    id: String,
    sender: Address,
    subject: ApprovalSubject,
    lines: Vec<String>,
    expiry: u64,
}

impl Seen {
    /// Asks for the operation and the wallet, and computes hash and preview.
    pub(super) async fn ask(
        gateway: &Endpoint,
        id: &str,
        expiry: Option<u64>,
    ) -> anyhow::Result<Self> {
        let operation = gateway.ask("countersign_getOperation", rpc_params![id]).await?;
        let (sender, chain) = (&operation["sender"], &operation["chainId"]);
        let wallet = gateway.ask("countersign_getWallet", rpc_params![sender, chain]).await?;
        let request = gateway.ask("countersign_getApprovalRequest", rpc_params![id]).await?;
        let seen = Self::compute(&operation, &wallet, expiry.unwrap_or_else(in_an_hour))?;
        seen.agrees(&request)?;
        Ok(seen)
    }

    fn compute(operation: &Value, wallet: &Value, expiry: u64) -> anyhow::Result<Self> {
        let version: EntryPointVersion = field(operation, "entryPointVersion")?;
        let chain: ChainId = field(operation, "chainId")?;
        let entry_point: Address = field(operation, "entryPoint")?;
        let op = UserOperation::from_json(version, &operation["userOperation"])?;
        let spec: AccountSpec = serde_json::from_value(json!({
            "kind": wallet["kind"], "entry_point_version": wallet["entryPointVersion"],
            "factory": wallet["factory"], "implementation": wallet["implementation"],
        }))?;
        let shown = preview_operation(&op, entry_point, chain, Some(&spec));
        let hash = *op.hash(entry_point, chain).as_b256();
        Ok(Self {
            id: field(operation, "id")?,
            sender: op.sender(),
            subject: ApprovalSubject { chain, hash, preview: *shown.hash().as_b256() },
            lines: shown.lines(),
            expiry,
        })
    }

    /// The gateway shows to others, and would have them sign, what was computed here.
    fn agrees(&self, request: &Value) -> anyhow::Result<()> {
        let hash: B256 = field(request, "userOpHash")?;
        let preview: B256 = field(request, "previewHash")?;
        ensure!(
            hash == self.subject.hash && preview == self.subject.preview,
            "the gateway shows another operation than it tells of: {hash} and preview {preview}, computed were {} \
             and {}",
            self.subject.hash,
            self.subject.preview
        );
        Ok(())
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// What a wallet signs.
    pub(super) fn typed_data(&self) -> Value {
        self.subject.typed_data(self.expiry)
    }

    pub(super) fn digest(&self) -> B256 {
        self.subject.digest(self.expiry)
    }

    pub(super) fn approval(&self, approver: Address, signature: Bytes) -> SignedApproval {
        let ApprovalSubject { chain, hash, preview } = self.subject;
        let (chain_id, user_op_hash, expiry) = (chain, hash, self.expiry);
        SignedApproval { approver, chain_id, user_op_hash, preview, expiry, signature }
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "id": self.id, "sender": self.sender, "chainId": self.subject.chain,
            "userOpHash": self.subject.hash, "previewHash": self.subject.preview,
            "preview": self.lines, "expiry": self.expiry, "typedData": self.typed_data(),
        })
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "operation    {}", self.id)?;
        writeln!(f, "wallet       {} on chain {}", self.sender, self.subject.chain)?;
        writeln!(f, "userOpHash   {}", self.subject.hash)?;
        writeln!(f, "preview      {}", self.subject.preview)?;
        writeln!(f, "holds until  {} (seconds since 1970)", self.expiry)?;
        self.lines.iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}

fn in_an_hour() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.as_secs().saturating_add(HOLDS_S)
}

fn field<T: serde::de::DeserializeOwned>(value: &Value, name: &str) -> anyhow::Result<T> {
    serde_json::from_value(value[name].clone())
        .with_context(|| format!("the gateway's answer has no proper {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told() -> (Value, Value) {
        let sender = Address::repeat_byte(0xaa);
        let version = EntryPointVersion::V0_7;
        let op = UserOperation::new(version, sender, Default::default(), Bytes::new());
        let operation = json!({
            "id": "order-1", "entryPointVersion": "0.7", "chainId": "0x5", "sender": sender,
            "entryPoint": version.canonical_address(), "userOperation": op.to_json(),
        });
        let wallet = json!({
            "kind": "simple", "entryPointVersion": "0.7", "factory": Address::ZERO,
            "implementation": Address::ZERO,
        });
        (operation, wallet)
    }

    #[test]
    fn a_gateway_that_shows_another_operation_or_preview_is_found_out() {
        let (operation, wallet) = told();
        let seen = Seen::compute(&operation, &wallet, 7).unwrap();
        let mut request = seen.to_json();
        seen.agrees(&request).unwrap();
        for name in ["userOpHash", "previewHash"] {
            let truth = std::mem::replace(&mut request[name], json!(B256::ZERO));
            let error = seen.agrees(&request).unwrap_err().to_string();
            assert!(error.contains("another operation"), "{name}: {error}");
            request[name] = truth;
        }
    }

    #[test]
    fn what_is_signed_here_is_what_the_typed_data_says() {
        let (operation, wallet) = told();
        let seen = Seen::compute(&operation, &wallet, 7).unwrap();
        let typed: alloy::dyn_abi::TypedData = serde_json::from_value(seen.typed_data()).unwrap();
        assert_eq!(typed.eip712_signing_hash().unwrap(), seen.digest());
    }
}

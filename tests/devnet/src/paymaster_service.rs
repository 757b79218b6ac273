//! A paymaster service that is not ours: ERC-7677 with a key of its own, for the
//! `paymasterService` capability.

use std::collections::BTreeMap;

use alloy::{
    primitives::{Address, U256},
    signers::SignerSync,
};
use countersign_userop::{
    ChainId, EntryPointVersion, Signature65, SponsorData, SponsorWindow, UserOperation,
    sponsor_approval_digest, sponsor_paymaster_data, sponsor_paymaster_stub,
};
use serde_json::{Value, json};

use crate::{Answerer, Anvil, DevKey, HostileServer, Reply};

/// Enough for the validation of one signature.
const VERIFICATION_GAS: u64 = 60_000;
/// The contract asks for no `postOp`.
const POST_OP_GAS: u64 = 0;

/// A service with a paymaster on every EntryPoint from 0.7 on. It approves whatever it is asked.
#[derive(Debug)]
pub struct PaymasterService {
    server: HostileServer,
    paymasters: BTreeMap<EntryPointVersion, Address>,
    approve: Reply,
}

impl PaymasterService {
    /// Deploys its paymasters and starts the service.
    ///
    /// # Errors
    /// When a deployment fails, or no port is free.
    pub async fn start(anvil: &Anvil) -> anyhow::Result<Self> {
        let key = DevKey::named("somebody else's paymaster")?;
        let paymasters = anvil.deploy_paymasters(key.address()).await?;
        let block: Value =
            anvil.rpc().call("eth_getBlockByNumber", json!(["latest", false])).await?;
        let now: U256 = serde_json::from_value(block["timestamp"].clone())?;
        let desk = Desk {
            key,
            chain: ChainId::new(anvil.chain_id()),
            paymasters: paymasters.clone(),
            window: SponsorWindow::new(now.saturating_to::<u64>() + 86_400, 0)?,
        };
        let approve = Reply::Answer(Answerer::new(move |call| desk.answer(call)));
        let server = HostileServer::start(approve.clone()).await?;
        Ok(Self { server, paymasters, approve })
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Its paymasters.
    pub fn paymasters(&self) -> &BTreeMap<EntryPointVersion, Address> {
        &self.paymasters
    }

    /// The server, to see its calls or to make it misbehave.
    pub fn server(&self) -> &HostileServer {
        &self.server
    }

    /// From now on, stub data are given and final data are refused.
    pub fn refuse(&self) {
        let message = "this operation is not sponsored";
        let refusal = Reply::Error { status: 200, code: -32501, message, data: Value::Null };
        self.server.answer_method_with("pm_getPaymasterData", refusal);
    }

    /// From now on, everything is approved again.
    pub fn approve(&self) {
        self.server.answer_with(self.approve.clone());
    }
}

/// Where approvals are signed.
struct Desk {
    key: DevKey,
    chain: ChainId,
    paymasters: BTreeMap<EntryPointVersion, Address>,
    window: SponsorWindow,
}

impl Desk {
    fn answer(&self, call: &Value) -> Result<Value, (i64, String)> {
        let invalid = |what: &dyn std::fmt::Display| (-32602, what.to_string());
        let entry_point: Address =
            serde_json::from_value(call["params"][1].clone()).map_err(|error| invalid(&error))?;
        let version = EntryPointVersion::ALL
            .into_iter()
            .find(|version| version.canonical_address() == entry_point)
            .ok_or_else(|| invalid(&"unknown EntryPoint"))?;
        let paymaster =
            *self.paymasters.get(&version).ok_or_else(|| invalid(&"no paymaster there"))?;
        let data = match call["method"].as_str() {
            Some("pm_getPaymasterStubData") => sponsor_paymaster_stub(version, self.window),
            Some("pm_getPaymasterData") => {
                let op = UserOperation::from_json(version, &call["params"][0])
                    .map_err(|error| invalid(&error))?;
                self.sign(&op, paymaster, entry_point)
                    .map_err(|error| (-32603, error.to_string()))?
            }
            _ => return Err((-32601, "no such method".to_owned())),
        };
        let mut answer = json!({
            "paymaster": paymaster,
            "paymasterData": data.data,
            "paymasterVerificationGasLimit": U256::from(VERIFICATION_GAS),
            "paymasterPostOpGasLimit": U256::from(POST_OP_GAS),
            "sponsor": {"name": "Somebody else"},
        });
        if let Some(signature) = data.signature {
            answer["paymasterSignature"] = json!(signature);
        }
        Ok(answer)
    }

    fn sign(
        &self,
        op: &UserOperation,
        paymaster: Address,
        entry_point: Address,
    ) -> anyhow::Result<SponsorData> {
        let delegate = Address::ZERO;
        let digest =
            sponsor_approval_digest(op, paymaster, entry_point, self.chain, delegate, self.window);
        let signature = self.key.signer().sign_hash_sync(&digest)?;
        let signature = Signature65::new(signature.as_bytes())?;
        Ok(sponsor_paymaster_data(op.version(), self.window, &signature))
    }
}

//! The liar: whoever has taken over the gateway's machine.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use alloy::primitives::{Address, Bytes, U256};
use countersign_devnet::{JsonRpc, Manifest, Workspace};
use countersign_protocol::{
    AccountClaim, Attempt, ChildNumber, ClientOptions, CommitteeFile, CosignerClient, Identity,
    Request, SignCall, SignReply, UserOperationRequest, pinned_channel, wire,
};
use countersign_userop::{
    AccountKind, AccountSpec, Call, ChainId, EntryPointVersion, Factory, Fees, GasLimits,
    UserOperation,
};
use serde_json::{Value, json};

use crate::ledger::{call, mintCall};
use crate::shared::{Scene, batch, must_create_wallet, must_settle};

/// What every operation of these stories may use, and what it pays for that.
const GAS: GasLimits = GasLimits { call: 90_000, verification: 300_000, pre_verification: 50_000 };
const FEES: Fees = Fees { max_fee_per_gas: 2_000, max_priority_fee_per_gas: 1_000 };

/// A whole gateway's power over one wallet of an honest caller.
pub(super) struct Liar {
    manifest: Manifest,
    clients: Vec<CosignerClient>,
    identity: Identity,
    committee: CommitteeFile,
    wallet: Value,
    pub(super) spec: AccountSpec,
    pub(super) owner: Address,
    pub(super) salt: U256,
}

impl Liar {
    /// Takes the gateway's identity and a wallet that was made honestly.
    pub(super) async fn new(scene: &'static Scene) -> Self {
        Self::among(scene.manifest.clone(), scene.gateway_dir(), EntryPointVersion::V0_8).await
    }

    /// The same in any world, whose gateway's files are in `gateway`.
    pub(super) async fn among(
        manifest: Manifest,
        gateway: &Path,
        version: EntryPointVersion,
    ) -> Self {
        let rpc = honest(&manifest);
        let kind = match version {
            // Our own account has no form for it.
            EntryPointVersion::V0_6 => AccountKind::SimpleAccount,
            _ => AccountKind::Countersign,
        };
        let wallet = must_create_wallet(&manifest, &rpc, kind, version).await;
        let identity = Identity::load(&gateway.join("identity")).unwrap();
        let committee = CommitteeFile::load(&gateway.join("committee.json")).unwrap();
        let spec = json!({
            "kind": wallet["kind"], "entry_point_version": wallet["entryPointVersion"],
            "factory": wallet["factory"], "implementation": wallet["implementation"],
        });
        let clients = connect(&identity, &committee);
        Self {
            manifest,
            clients,
            identity,
            committee,
            spec: serde_json::from_value(spec).unwrap(),
            owner: serde_json::from_value(wallet["owner"].clone()).unwrap(),
            salt: serde_json::from_value(wallet["salt"].clone()).unwrap(),
            wallet,
        }
    }

    /// An operation that nothing is wrong with, in a lane of nonces that the honest gateway does not use.
    pub(super) fn truth(&self, sequence: u64) -> UserOperationRequest {
        self.operation(sequence, &[gift(Address::repeat_byte(0xbe), 1)])
    }

    /// An operation of the wallet that makes these calls, in that lane.
    pub(super) fn operation(&self, sequence: u64, calls: &[Call]) -> UserOperationRequest {
        let nonce = (U256::from(7) << 64) | U256::from(sequence);
        let data = self.spec.encode_calls(calls).unwrap();
        let op = UserOperation::new(self.spec.version, self.sender(), nonce, data)
            .with_factory(Some(self.spec.factory_call(self.owner, self.salt)))
            .with_gas(GAS)
            .with_fees(FEES);
        let claim =
            AccountClaim { kind: self.spec.kind, factory: self.spec.factory, salt: self.salt };
        UserOperationRequest {
            entry_point: self.spec.version.canonical_address(),
            chain: ChainId::new(self.manifest.chain_id),
            version: self.spec.version,
            account: claim,
            op,
            intent: None,
        }
    }

    /// Another operation under the same nonce, as good as this one by every other rule, and dearer, as a
    /// replacement is; but it pays somebody else.
    pub(super) fn another(&self, truth: &UserOperationRequest) -> UserOperationRequest {
        let calls = self.spec.encode_calls(&[gift(Address::repeat_byte(0x5a), 9)]).unwrap();
        let (sender, factory) = (truth.op.sender(), truth.op.factory().cloned());
        let request = retold(truth, sender, calls, factory);
        with_fees(request, 2 * FEES.max_fee_per_gas, 2 * FEES.max_priority_fee_per_gas)
    }

    /// The wallet.
    pub(super) fn sender(&self) -> Address {
        self.spec.address(self.owner, self.salt)
    }

    /// The call that asks `quorum` for that.
    pub(super) fn call(&self, quorum: &[u8], request: UserOperationRequest) -> SignCall {
        let index = u32::try_from(self.wallet["index"].as_u64().unwrap()).unwrap();
        SignCall {
            key: self.manifest.keys.accounts.parse().unwrap(),
            child: ChildNumber::new(index),
            request: Request::UserOperation(request),
            quorum: quorum.to_vec(),
            attempt: Attempt(rand::random()),
            approvals: Vec::new(),
            traceparent: None,
            deadline: Duration::from_secs(8),
        }
    }

    /// What these cosigners say to it, each asked at the same time.
    pub(super) async fn ask(&self, asked: &[u8], call: &SignCall) -> Vec<SignReply> {
        let answers = asked.iter().map(|index| self.clients[usize::from(*index) - 1].sign(call));
        futures::future::try_join_all(answers).await.unwrap()
    }

    /// The same power in another hand: a second gateway's worth of connections.
    pub(super) fn twin(&self) -> Self {
        Self {
            manifest: self.manifest.clone(),
            clients: connect(&self.identity, &self.committee),
            identity: self.identity.clone(),
            committee: self.committee.clone(),
            wallet: self.wallet.clone(),
            ..*self
        }
    }

    /// Connects anew: connections live as long as the story that made them.
    pub(super) fn reconnect(&mut self) {
        self.clients = connect(&self.identity, &self.committee);
    }

    /// What a cosigner says to bytes in the place of a call's request.
    pub(super) async fn ask_raw(&self, index: u8, call: &SignCall, request: Vec<u8>) -> SignReply {
        let party = &self.committee.parties()[usize::from(index) - 1];
        let patience = Duration::from_secs(5);
        let channel =
            pinned_channel(&self.identity, party.identity, &party.addr, patience).unwrap();
        let call = wire::SignRequest { request, ..call.to_wire() };
        let mut client = wire::cosigner_client::CosignerClient::new(channel);
        SignReply::from_wire(client.sign(call).await.unwrap().into_inner()).unwrap()
    }

    /// Both cosigners that are asked refuse by `rule`, and both have it on record.
    pub(super) async fn must_be_refused(&self, lie: &str, rule: &str, call: &SignCall) {
        self.must_be_refused_as(lie, rule, "", call).await;
    }

    /// The same, with these words in each one's reason.
    pub(super) async fn must_be_refused_as(
        &self,
        lie: &str,
        rule: &str,
        words: &str,
        call: &SignCall,
    ) {
        for (index, reply) in [1, 2].into_iter().zip(self.ask(&[1, 2], call).await) {
            match reply {
                SignReply::Refused { rule: named, message } => {
                    assert_eq!(named, rule, "{lie}: {message}");
                    assert!(message.contains(words), "{lie}: {message}");
                }
                other => panic!("{lie}: {other:?}"),
            }
            let record = self.record(index, call);
            assert_eq!(record["decision"], "refused", "{lie}: {record}");
            assert_eq!(record["rule"], rule, "{lie}: {record}");
            assert_eq!(record["caller"], "gateway", "{lie}: {record}");
            assert!(!record["reason"].as_str().unwrap().is_empty(), "{lie}: {record}");
        }
    }

    /// Both cosigners that are asked sign.
    pub(super) async fn must_be_signed(&self, call: &SignCall) {
        for reply in self.ask(&[1, 2], call).await {
            assert!(matches!(reply, SignReply::Signed(_)), "{reply:?}");
        }
    }

    /// What these cosigners say when each is shown a call of its own, all at the same time.
    pub(super) async fn ask_each(&self, shown: &[(u8, &SignCall)]) -> Vec<SignReply> {
        let answers =
            shown.iter().map(|(index, call)| self.clients[usize::from(*index) - 1].sign(call));
        futures::future::try_join_all(answers).await.unwrap()
    }

    /// What a command of a cosigner's operator prints.
    pub(super) fn operator(&self, index: usize, args: &[&str]) -> String {
        let config = &self.manifest.cosigners[index - 1].config;
        let program = Workspace::locate().unwrap().binary("cosigner").unwrap();
        let shown = Command::new(program).args(args).args(["--config", config]).output().unwrap();
        assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
        String::from_utf8(shown.stdout).unwrap()
    }

    /// What a cosigner's operator finds on record.
    pub(super) fn records(&self, index: usize) -> Vec<Value> {
        let lines = self.operator(index, &["audit", "show"]);
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The record that a cosigner's operator finds of this call.
    pub(super) fn record(&self, index: usize, call: &SignCall) -> Value {
        let attempt = alloy::hex::encode(call.attempt.0);
        let mut found = self.records(index).into_iter().filter(|at| at["attempt"] == attempt);
        let record = found.next();
        record.unwrap_or_else(|| panic!("cosigner {index} has no record of attempt {attempt}"))
    }

    /// The honest gateway is served as ever, for the same wallet: it mints a token, at a price that no other story
    /// can change meanwhile.
    pub(super) async fn must_leave_the_honest_gateway_served(&self, id: &str) {
        let rpc = honest(&self.manifest);
        let mint = mintCall { to: self.sender(), amount: U256::ONE };
        let calls = json!([call(self.manifest.token, &mint)]);
        let batch = batch(&self.manifest, &self.wallet["address"], id, calls);
        rpc.call::<Value>("wallet_sendCalls", batch).await.unwrap();
        let status = must_settle(&rpc, id).await;
        assert_eq!(status["status"], 200, "{status}");
    }
}

/// A call that gives wei away.
pub(super) fn gift(to: Address, wei: u64) -> Call {
    Call { to, value: U256::from(wei), data: Bytes::new() }
}

/// The same operation of another sender, with other calls or with another factory.
pub(super) fn retold(
    request: &UserOperationRequest,
    sender: Address,
    calls: Bytes,
    factory: Option<Factory>,
) -> UserOperationRequest {
    let op = UserOperation::new(request.version, sender, request.op.nonce(), calls)
        .with_factory(factory)
        .with_gas(GAS)
        .with_fees(FEES);
    UserOperationRequest { op, ..request.clone() }
}

/// The same operation at another price.
pub(super) fn with_fees(
    request: UserOperationRequest,
    max: u128,
    tip: u128,
) -> UserOperationRequest {
    let fees = Fees { max_fee_per_gas: max, max_priority_fee_per_gas: tip };
    UserOperationRequest { op: request.op.with_fees(fees), ..request }
}

/// The honest caller's way to the gateway.
fn honest(world: &Manifest) -> JsonRpc {
    JsonRpc::new(&world.gateway_url).unwrap().with_bearer(&world.api_key)
}

fn connect(identity: &Identity, committee: &CommitteeFile) -> Vec<CosignerClient> {
    let client = |party| CosignerClient::new(identity, party, ClientOptions::default());
    committee.parties().iter().map(client).collect::<Result<_, _>>().unwrap()
}

//! A gateway in this process, with an API key, whose node, bundler and cosigners do not answer.

use std::path::Path;

use countersign::{ApiKeys, Gateway, GatewayConfig, NewKey, RpcServer};
use countersign_protocol::{CommitteeFile, CommitteeParty, GatewayEntry, Identity, PartyFacts};
use jsonrpsee::http_client::{HeaderMap, HeaderValue};
use jsonrpsee::ws_client::{WsClient, WsClientBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The gateway; stops with the test's runtime.
pub(super) struct TestGateway {
    pub(super) keys: ApiKeys,
    pub(super) key: String,
    pub(super) folder: TempDir,
    server: RpcServer,
}

impl TestGateway {
    pub(super) async fn must_start() -> Self {
        Self::must_start_with("").await
    }

    /// With more lines in its configuration.
    pub(super) async fn must_start_with(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        must_configure(folder.path());
        let file = folder.path().join("gateway.toml");
        std::fs::write(&file, format!("{CONFIG}{more}")).unwrap();
        let config = GatewayConfig::load(&file).unwrap();
        let keys = ApiKeys::connect(&config.database).await.unwrap();
        let key = keys
            .create(NewKey { name: "shop".into(), ..NewKey::default() })
            .await
            .unwrap()
            .0
            .expose()
            .to_owned();
        let listen = config.listen;
        let gateway = Gateway::open(config).await.unwrap();
        let server = RpcServer::start(gateway, keys.clone(), listen).await.unwrap();
        Self { keys, key, folder, server }
    }

    pub(super) fn address(&self) -> std::net::SocketAddr {
        self.server.address()
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address())
    }

    /// Posts a body as it is; gives the HTTP status and the answer.
    pub(super) async fn must_post(&self, authorization: Option<&str>, body: &str) -> (u16, Value) {
        let mut request = reqwest::Client::new()
            .post(self.url("/"))
            .header("content-type", "application/json")
            .body(body.to_owned());
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Calls a method with the key; gives the answer without its envelope.
    pub(super) async fn must_call(&self, method: &str, params: Value) -> Value {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let bearer = format!("Bearer {}", self.key);
        let (status, mut answer) = self.must_post(Some(&bearer), &body.to_string()).await;
        assert_eq!(status, 200, "{answer}");
        match answer.get_mut("error") {
            Some(error) => json!({ "error": error.take() }),
            None => answer["result"].take(),
        }
    }

    /// A WebSocket that presents this key.
    pub(super) async fn connect(
        &self,
        key: &str,
    ) -> Result<WsClient, jsonrpsee::core::ClientError> {
        let bearer = HeaderValue::try_from(format!("Bearer {key}")).unwrap();
        let headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, bearer)]);
        let url = format!("ws://{}", self.server.address());
        WsClientBuilder::default().set_headers(headers).build(url).await
    }

    pub(super) async fn stop(self) {
        self.server.stop().await;
    }
}

/// Writes a configuration with its identity and committee.
pub(super) fn must_configure(folder: &Path) -> GatewayConfig {
    let identity = Identity::create(&folder.join("identity")).unwrap();
    let parties: Vec<_> = (1..=3).map(|_| Identity::generate().unwrap()).collect();
    let listed = parties.iter().zip(1u8..).map(|(party, index)| CommitteeParty {
        index,
        name: format!("party-{index}"),
        addr: format!("127.0.0.1:{index}"),
        identity: party.public(),
        facts: PartyFacts::default(),
    });
    let entry = GatewayEntry { name: "gateway".to_owned(), identity: identity.public() };
    let mut committee = CommitteeFile::draft(listed.collect(), vec![entry]).unwrap();
    for party in &parties {
        committee.sign(party).unwrap();
    }
    std::fs::write(folder.join("committee.json"), committee.to_json().unwrap()).unwrap();
    std::fs::write(folder.join("features.toml"), FEATURES).unwrap();
    let file = folder.join("gateway.toml");
    std::fs::write(&file, CONFIG).unwrap();
    GatewayConfig::load(&file).unwrap()
}

const FEATURES: &str = r#"
version = 1
everywhere.requests = ["message"]
[[chains]]
id = 31337
requests = ["userOperation", "paymasterApproval", "typedData", "authorization", "transaction"]
accounts = ["countersign", "simple"]
sponsorship = true
"#;

const CONFIG: &str = r#"
listen = "127.0.0.1:0"
database = "sqlite://gateway.db"
identity = "identity"
committee = "committee.json"
features = "features.toml"

[deadlines]
sign_ms = 500
sign_attempt_ms = 200
node_ms = 500
bundler_ms = 500
paymaster_ms = 500

[[chains]]
id = 31337
rpc = "http://127.0.0.1:1/v2/SECRET"
bundlers = ["http://127.0.0.1:2/v2/SECRET"]

[[chains.accounts]]
kind = "simple"
entry_point_version = "0.7"
factory = "0x91E60e0613810449d098b0b5Ec8b51A0FE8c8985"
implementation = "0x2aD93474CFa3210fa3d16b81fDC93a82b91fcc2A"
"#;

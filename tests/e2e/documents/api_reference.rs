//! The requests of docs/API.md, sent to a gateway, and its answers, compared with the documented ones.

use std::collections::BTreeSet;
use std::fs;

use countersign_devnet::{JsonRpc, Wallet, WorldOptions};
use countersign_userop::{AccountKind, EntryPointVersion};
use serde_json::{Value, json};

use super::fences::{must_read, root};
use crate::ledger::Ledger;
use crate::shared::{Scene, must_settle};

const DOCUMENT: &str = "docs/API.md";
/// What stands in the document for a reader's own wallet and key.
const WALLET: &str = "0x5fbe74a283f7954f10aa04c2edf55578811aeb03";
const KEY: &str = "treasury";

/// What is about operations that wait for people, which none does here: the story of approvals holds those answers
/// against the document.
const ABOUT_APPROVALS: [&str; 3] = [
    "countersign_listPendingApprovals",
    "countersign_getApprovalRequest",
    "countersign_sendApproval",
];

/// The key of a plain account, as the document has it.
const PLAIN_KEY: &str = "purse";

/// What lets such a key sign what the document asks of it.
const POLICY: &str = include_str!("plain-account.toml");

/// A documented request, and its answer.
struct Example {
    place: String,
    method: String,
    request: Value,
    answer: Value,
}

fn must_list_examples() -> Vec<Example> {
    let fences = must_read(DOCUMENT);
    let parsed: Vec<(String, Value)> = fences
        .into_iter()
        .filter(|fence| fence.tag == "json")
        .map(|fence| (fence.place, serde_json::from_str(&fence.text).unwrap()))
        .collect();
    assert!(parsed.len().is_multiple_of(2), "a request without its answer in {DOCUMENT}");
    let mut examples = Vec::new();
    for pair in parsed.chunks(2) {
        let [(place, request), (_, answer)] = pair else { unreachable!("chunks of two") };
        let method = request["method"].as_str();
        let method = method.unwrap_or_else(|| panic!("{place} is no request")).to_owned();
        examples.push(Example {
            place: place.clone(),
            method,
            request: request.clone(),
            answer: answer.clone(),
        });
    }
    examples
}

/// The names of all fields that the document's types have.
fn must_list_fields() -> BTreeSet<String> {
    let text = fs::read_to_string(root().join(DOCUMENT)).unwrap();
    let (_, types) = text.split_once("\n## Types\n").unwrap();
    let fields = types.lines().filter_map(|line| line.strip_prefix("- `")?.split_once("` ("));
    fields.map(|(name, _)| name.to_owned()).collect()
}

/// Every documented field is in the answer, in the same form; what else is there is one of `fields`, if they are given.
fn must_resemble(
    place: &str,
    documented: &Value,
    answer: &Value,
    fields: Option<&BTreeSet<String>>,
) {
    match (documented, answer) {
        (Value::Object(documented), Value::Object(answered)) => {
            for (key, value) in documented {
                let found = answered.get(key);
                let found = found.unwrap_or_else(|| panic!("{place}: no {key} in {answer}"));
                must_resemble(&format!("{place}.{key}"), value, found, fields);
            }
            // An object that is documented as empty stands for any.
            for key in answered.keys().filter(|_| !documented.is_empty()) {
                let is_known = documented.contains_key(key)
                    || fields.is_none_or(|fields| fields.contains(key));
                // Capabilities are keyed by chain.
                assert!(is_known || key.starts_with("0x"), "{place}: {key} is nowhere documented");
            }
        }
        (Value::Array(documented), Value::Array(answered)) => {
            let Some(first) = documented.first() else { return };
            assert!(!answered.is_empty(), "{place} is empty");
            for value in answered {
                must_resemble(place, first, value, fields);
            }
        }
        (Value::Null, _) => assert_eq!(answer, documented, "{place}"),
        (Value::String(_), Value::String(_))
        | (Value::Number(_), Value::Number(_))
        | (Value::Bool(_), Value::Bool(_)) => (),
        _ => panic!("{place}: {documented} is documented, {answer} was answered"),
    }
}

/// What a method answered is as the document has it.
pub(crate) fn must_be_as_documented(method: &str, answered: &Value) {
    let examples = must_list_examples();
    let example = examples.iter().find(|example| example.method == method).unwrap();
    must_resemble(method, &example.answer, answered, Some(&must_list_fields()));
}

async fn must_make_wallet(scene: &Scene, rpc: &JsonRpc) -> Wallet {
    let (kind, version) = (AccountKind::Countersign, EntryPointVersion::V0_8);
    let wallet = scene.must_create_wallet(rpc, kind, version).await;
    let wallet: Wallet = serde_json::from_value(wallet).unwrap();
    Ledger::of(&scene.manifest.rpc_url).must_fund(wallet.address).await;
    wallet
}

/// A wallet whose code is on chain while the first nonce of its usual lane is free.
async fn must_make_deployed(scene: &Scene, rpc: &JsonRpc) -> Wallet {
    let wallet = must_make_wallet(scene, rpc).await;
    let batch = json!([{
        "version": "2.0.0", "id": "deployed-by-another-lane", "from": wallet.address,
        "chainId": scene.chain(), "atomicRequired": true,
        "calls": [{ "to": scene.manifest.target, "data": "0xd09de08a" }],
        "capabilities": { "countersign": { "sponsor": "own", "nonceKey": "0x1" } },
    }]);
    rpc.call::<Value>("wallet_sendCalls", batch).await.unwrap();
    let status = must_settle(rpc, "deployed-by-another-lane").await;
    assert_eq!(status["status"], 200, "{status:#}");
    wallet
}

#[tokio::test]
async fn every_documented_request_is_answered_as_documented() {
    // The shared world has neither such a key nor its kinds of request, and stories that rely on that.
    let (policy, plain_key) = (Some(POLICY.to_owned()), Some(PLAIN_KEY.to_owned()));
    let options = WorldOptions { policy, plain_key, ..WorldOptions::default() };
    let scene = &Scene::must_start(options).await;
    // A caller of its own, whose ids and wallets are those of the document alone.
    let made = scene.must_key(&["create", "reader-of-the-reference"]);
    let rpc = scene.rpc_with(made["key"].as_str().unwrap());
    let fields = must_list_fields();
    let wallet = must_make_wallet(scene, &rpc).await;
    let built = must_make_wallet(scene, &rpc).await;
    let deployed = must_make_deployed(scene, &rpc).await;

    let mut sent = BTreeSet::new();
    for Example { place, method, request, answer } in must_list_examples() {
        if ABOUT_APPROVALS.contains(&method.as_str()) {
            sent.insert(method);
            continue;
        }
        let wallet = match method.as_str() {
            // It asks for the nonce that the batch before it takes.
            "countersign_sendUserOperation" => built.address,
            "eth_estimateUserOperationGas" => deployed.address,
            _ => wallet.address,
        };
        let params = request["params"].to_string();
        let params = params.replace(WALLET, &format!("{wallet:?}").to_lowercase());
        let params = params.replace(KEY, &scene.manifest.keys.accounts);
        let params: Value = serde_json::from_str(&params).unwrap();
        let answered = rpc.call::<Value>(&method, params.clone()).await;
        let answered = answered.unwrap_or_else(|why| panic!("{place}: {method} {params}: {why}"));
        // The names in an OpenRPC document are that standard's.
        let fields = (method != "rpc.discover").then_some(&fields);
        must_resemble(&format!("{place}: {method}"), &answer, &answered, fields);
        sent.insert(method);
    }

    // Every method has an example, and every example was a method.
    let document: Value = rpc.call("rpc.discover", json!([])).await.unwrap();
    let methods = document["methods"].as_array().unwrap();
    let methods: BTreeSet<_> =
        methods.iter().map(|method| method["name"].as_str().unwrap().to_owned()).collect();
    let undocumented: Vec<_> = methods.difference(&sent).collect();
    assert!(undocumented.is_empty(), "without an example: {undocumented:?}");
}

//! The command line as scripts use it.

use std::io::{Seek as _, Write as _};
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use super::gateway::{TestGateway, must_configure};

fn countersign(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_countersign")).args(args).current_dir(folder).output().unwrap()
}

fn must_print(folder: &Path, args: &[&str]) -> String {
    let output = countersign(folder, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn must_fail(folder: &Path, args: &[&str]) -> String {
    let output = countersign(folder, args);
    assert!(!output.status.success(), "{args:?} went well");
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn a_key_made_on_the_command_line_opens_the_running_gateway_until_it_is_revoked() {
    let gateway = TestGateway::must_start().await;
    let folder = gateway.folder.path();
    let made = must_print(folder, &["key", "create", "script", "--json"]);
    let made: Value = serde_json::from_str(&made).unwrap();
    let bearer = format!("Bearer {}", made["key"].as_str().unwrap());
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}"#;
    assert_eq!(gateway.must_post(Some(&bearer), call).await.0, 200);
    let listed = must_print(folder, &["key", "list"]);
    assert!(listed.contains("script") && listed.contains("shop"), "{listed}");
    assert!(!listed.contains("csk_"), "a secret was listed");
    must_print(folder, &["key", "revoke", "script"]);
    assert_eq!(gateway.must_post(Some(&bearer), call).await.0, 401);
    assert!(must_fail(folder, &["key", "revoke", "script"]).contains("countersign key list"));
    gateway.stop().await;
}

#[test]
fn an_identity_is_made_once_and_shown_alike() {
    let folder = tempfile::tempdir().unwrap();
    let made = must_print(folder.path(), &["identity", "init", "--identity", "id.pem", "--json"]);
    let shown = must_print(folder.path(), &["identity", "show", "--identity", "id.pem", "--json"]);
    assert_eq!(made, shown);
    let again = must_fail(folder.path(), &["identity", "init", "--identity", "id.pem"]);
    assert!(again.contains("id.pem"), "{again}");
}

#[test]
fn a_configuration_is_checked_before_it_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let missing = must_fail(folder.path(), &["config", "check"]);
    assert!(missing.contains("gateway.toml"), "{missing}");
    must_configure(folder.path());
    let good = must_print(folder.path(), &["config", "check"]);
    assert!(good.contains("simple 0.7"), "{good}");
    std::fs::write(folder.path().join("gateway.toml"), "listen = 7").unwrap();
    let bad = must_fail(folder.path(), &["config", "check"]);
    assert!(bad.contains("listen"), "{bad}");
}

#[test]
fn every_published_vector_hashes_as_published() {
    let vectors = concat!(env!("CARGO_MANIFEST_DIR"), "/userop/tests/vectors/userop_hashes.json");
    let document: Value = serde_json::from_str(&std::fs::read_to_string(vectors).unwrap()).unwrap();
    let expected: Vec<_> = document["vectors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|vector| vector["hash"].as_str().unwrap().to_owned())
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let printed = must_print(folder.path(), &["userop", "hash", vectors]);
    assert_eq!(printed.lines().collect::<Vec<_>>(), expected);
    let decoded = must_print(folder.path(), &["userop", "decode", vectors, "--json"]);
    let decoded: Vec<Value> = serde_json::from_str(&decoded).unwrap();
    assert_eq!(decoded.len(), expected.len());
    assert!(must_fail(folder.path(), &["userop", "hash", "absent.json"]).contains("absent.json"));
}

#[test]
fn operations_are_read_from_standard_input_when_no_file_is_named() {
    let vectors = concat!(env!("CARGO_MANIFEST_DIR"), "/userop/tests/vectors/userop_hashes.json");
    let folder = tempfile::tempdir().unwrap();
    let from_file = must_print(folder.path(), &["userop", "hash", vectors]);
    let piped = hash_of_input(&std::fs::read(vectors).unwrap());
    assert_eq!(String::from_utf8(piped.stdout).unwrap(), from_file);
    let nonsense = hash_of_input(b"{");
    assert!(!nonsense.status.success());
    assert!(String::from_utf8(nonsense.stderr).unwrap().contains("standard input"));
}

/// `countersign userop hash` with this on its standard input.
fn hash_of_input(input: &[u8]) -> Output {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(input).unwrap();
    file.rewind().unwrap();
    Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["userop", "hash"])
        .stdin(file)
        .output()
        .unwrap()
}

#[test]
fn the_command_line_prints_the_published_documents() {
    let folder = tempfile::tempdir().unwrap();
    let document: Value = serde_json::from_str(&must_print(folder.path(), &["openrpc"])).unwrap();
    assert_eq!(document, countersign::openrpc());
    assert_eq!(must_print(folder.path(), &["openrpc", "--markdown"]), countersign::markdown());
}

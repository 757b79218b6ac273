//! alto, on the EntryPoints of a fresh chain.

use std::collections::BTreeSet;

use alloy::primitives::Address;
use countersign_devnet::{Alto, Anvil};
use countersign_userop::EntryPointVersion;
use serde_json::json;

#[tokio::test]
async fn the_bundler_serves_every_entry_point_and_listens_on_the_loopback_only() {
    let anvil = Anvil::start().await.unwrap();
    let deployments = anvil.deploy().await.unwrap();

    let mut alto = Alto::start(&anvil, &deployments).await.unwrap();

    let served: Vec<Address> =
        alto.rpc().call("eth_supportedEntryPoints", json!([])).await.unwrap();
    let served: BTreeSet<Address> = served.into_iter().collect();
    assert_eq!(served, EntryPointVersion::ALL.map(EntryPointVersion::canonical_address).into());
    let id = alto.process().id();
    let listeners = must_listen(id);
    assert!(!listeners.is_empty());
    assert!(listeners.iter().all(|address| address.starts_with("0100007F:")), "{listeners:?}");
}

/// The local addresses (hexadecimal, as the kernel prints them) on which a process listens.
fn must_listen(id: u32) -> Vec<String> {
    let sockets: BTreeSet<String> = std::fs::read_dir(format!("/proc/{id}/fd"))
        .unwrap()
        .filter_map(|fd| std::fs::read_link(fd.ok()?.path()).ok())
        .filter_map(|link| {
            Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
        })
        .collect();
    ["tcp", "tcp6"]
        .iter()
        .flat_map(|family| {
            let table = std::fs::read_to_string(format!("/proc/{id}/net/{family}")).unwrap();
            table.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
        })
        .filter_map(|line| {
            let columns: Vec<&str> = line.split_whitespace().collect();
            let listening = columns.get(3) == Some(&"0A");
            (listening && sockets.contains(*columns.get(9)?)).then(|| columns[1].to_owned())
        })
        .collect()
}

//! The gas tables of the documents are what was measured last.

use std::{collections::BTreeMap, fs, path::Path};

const DOCUMENTS: [&str; 2] = ["README.md", "docs/BENCHMARKS.md"];
const HEADING: &str = "| operation | `CountersignAccount` | `SimpleAccount` |";

#[test]
fn the_documents_print_the_gas_of_the_snapshot() {
    let measured = must_read("contracts/snapshots/Gas.json");
    let measured: BTreeMap<String, String> = serde_json::from_str(&measured).unwrap();
    for document in DOCUMENTS {
        let printed = must_tabulate(&must_read(document));
        assert_eq!(printed, measured, "{document} differs from contracts/snapshots/Gas.json");
    }
}

fn must_read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The rows of the table, named as the snapshot names them.
fn must_tabulate(document: &str) -> BTreeMap<String, String> {
    let (_, table) = document.split_once(HEADING).expect("the table has this heading");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.flat_map(|row| {
        let mut cells = row.trim_matches('|').split('|').map(str::trim);
        let mut cell = || cells.next().expect("a row of three cells");
        let (operation, ours, theirs) = (cell(), cell(), cell());
        let figure = |account, gas: &str| (format!("{operation}: {account}"), gas.replace(',', ""));
        [figure("CountersignAccount", ours), figure("SimpleAccount", theirs)]
    })
    .collect()
}

//! Commands of the documents that the gate runs itself.

use std::fs;

use super::fences::root;

/// What a document tells the reader to run, and the file and line of the gate that runs it.
const COMMANDS: [(&str, &str, &str); 6] = [
    ("scripts/demo.sh", "scripts/test.sh", "step 'demo' demo"),
    ("scripts/devnet.sh", "scripts/test.sh", "step 'devnet' devnet"),
    ("scripts/test.sh", ".ci/run", "exec scripts/test.sh"),
    // The gate's own first steps, and a part of its tests.
    ("scripts/test.sh fast", "scripts/test.sh", "step 'lints' cargo clippy"),
    // The same compile, compared instead of written.
    ("scripts/artifacts.sh", "scripts/contracts.sh", "scripts/artifacts.sh check"),
    // The same run, compared instead of written.
    (
        r#"PATH="$PWD/scripts/node_modules/@foundry-rs/forge-linux-amd64/bin:$PATH" forge test --match-contract GasTest"#,
        "scripts/contracts.sh",
        "FORGE_SNAPSHOT_CHECK=true forge test",
    ),
];

/// The commands of a snippet, without what is said about them.
pub(super) fn commands(snippet: &str) -> impl Iterator<Item = &str> {
    let said = |line: &'_ str| line.find(" #").unwrap_or(line.len());
    snippet.lines().map(move |line| line[..said(line)].trim()).filter(|line| !line.is_empty())
}

/// Whether the gate runs this.
pub(super) fn runs(command: &str) -> bool {
    COMMANDS.iter().any(|(known, _, _)| *known == command)
}

#[test]
fn the_gate_runs_what_the_documents_leave_to_it() {
    for (command, file, line) in COMMANDS {
        let text = fs::read_to_string(root().join(file)).unwrap();
        let is_there = text.lines().any(|found| found.trim_start().contains(line));
        assert!(is_there, "{file} has no {line:?}, so nothing runs {command:?}");
    }
    // The steps that are only shell functions do what they are named for.
    let gate = fs::read_to_string(root().join("scripts/test.sh")).unwrap();
    for call in ["out=$(scripts/demo.sh)", "scripts/devnet.sh --dir"] {
        assert!(gate.contains(call), "scripts/test.sh does not call {call}");
    }
}

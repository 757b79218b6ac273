//! The five minutes that the readme promises, run word for word.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::shared::scene;

/// The shell snippets of a document, in order.
fn must_have_snippets(document: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    let text = fs::read_to_string(path).unwrap();
    let snippets: Vec<String> = text
        .split("\n```sh\n")
        .skip(1)
        .map(|rest| rest.split("\n```\n").next().unwrap().to_owned())
        .collect();
    assert!(!snippets.is_empty(), "{document} has no snippet");
    snippets
}

#[tokio::test]
async fn every_snippet_of_the_readme_runs_against_the_devnet() {
    // Given a folder as a reader has it while `scripts/devnet.sh` runs.
    let scene = scene().await;
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".devnet")).unwrap();
    fs::create_dir(folder.path().join("scripts")).unwrap();
    let manifest = serde_json::to_vec(&scene.manifest).unwrap();
    fs::write(folder.path().join(".devnet/devnet.json"), manifest).unwrap();
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/node_modules");
    symlink(modules, folder.path().join("scripts/node_modules")).unwrap();

    // When each snippet runs in a shell of its own.
    let mut printed = String::new();
    for snippet in must_have_snippets("README.md") {
        let out =
            tokio::process::Command::from(shell(&snippet, folder.path())).output().await.unwrap();
        let errors = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.success(), "{snippet}\n{errors}");
        printed.push_str(&String::from_utf8(out.stdout).unwrap());
    }

    // Then a wallet was made, and its operation is in a block.
    assert!(printed.contains(r#""address":"0x"#), "{printed}");
    assert!(printed.contains("status 200 transaction 0x"), "{printed}");
}

fn shell(snippet: &str, folder: &Path) -> Command {
    let mut shell = Command::new("bash");
    shell.args(["-euo", "pipefail", "-c", snippet]).current_dir(folder);
    shell
}

//! The five minutes that the readme promises, run word for word.

use std::fs;
use std::os::unix::fs::symlink;

use super::fences::{must_read, root};
use super::shell;
use crate::shared::scene;

#[tokio::test]
async fn every_snippet_of_the_readme_runs_against_the_devnet() {
    // Given a folder as a reader has it while `scripts/devnet.sh` runs.
    let scene = scene().await;
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".devnet")).unwrap();
    fs::create_dir(folder.path().join("scripts")).unwrap();
    let manifest = serde_json::to_vec(&scene.manifest).unwrap();
    fs::write(folder.path().join(".devnet/devnet.json"), manifest).unwrap();
    let modules = root().join("scripts/node_modules");
    symlink(modules, folder.path().join("scripts/node_modules")).unwrap();

    // When each snippet runs in a shell of its own.
    let snippets = must_read("README.md");
    let ours = snippets.iter().filter(|fence| fence.tag == "sh" && !fence.is_the_gates());
    let mut printed = String::new();
    for snippet in ours {
        printed.push_str(&shell::must_run(&snippet.text, folder.path(), &[]).await);
    }

    // Then a wallet was made, and its operation is in a block.
    assert!(printed.contains(r#""address":"0x"#), "{printed}");
    assert!(printed.contains("status 200 transaction 0x"), "{printed}");
}

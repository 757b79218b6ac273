//! Snippets, run as a reader runs them.

use std::path::Path;
use std::process::Output;

/// What a snippet prints. It runs in a shell of its own that stops at the first failure, in `folder`, with these
/// variables beside the environment's.
pub(super) async fn must_run(snippet: &str, folder: &Path, variables: &[(&str, &str)]) -> String {
    let out = run(snippet, folder, variables).await;
    let (printed, errors) =
        (String::from_utf8(out.stdout).unwrap(), String::from_utf8_lossy(&out.stderr).into_owned());
    assert!(out.status.success(), "{snippet}\n{printed}{errors}");
    printed
}

/// The same, whether it succeeds or not.
pub(super) async fn run(snippet: &str, folder: &Path, variables: &[(&str, &str)]) -> Output {
    tokio::process::Command::new("bash")
        .args(["-euo", "pipefail", "-c", snippet])
        .current_dir(folder)
        .envs(variables.iter().copied())
        .output()
        .await
        .unwrap()
}

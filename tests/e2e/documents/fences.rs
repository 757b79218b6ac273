//! The fenced blocks of the documents.

use std::fs;
use std::path::Path;

use super::gate;

/// The documents whose every snippet runs in a story of its own, but for what the gate runs.
const RUN: [&str; 3] = ["README.md", "docs/OPERATING.md", "docs/BACKUP.md"];

/// A fenced block.
#[derive(Debug)]
pub(super) struct Fence {
    /// What it says it is: `sh`, `json`, …
    pub(super) tag: String,
    pub(super) text: String,
    /// The document, and the line on which it begins.
    pub(super) place: String,
}

impl Fence {
    /// Whether every command of it is one that the gate runs.
    pub(super) fn is_the_gates(&self) -> bool {
        gate::commands(&self.text).all(gate::runs)
    }
}

/// The fences of a document, in order.
pub(super) fn must_read(document: &str) -> Vec<Fence> {
    let text = fs::read_to_string(root().join(document)).unwrap();
    let mut fences: Vec<Fence> = Vec::new();
    let mut open = false;
    for (number, line) in text.lines().enumerate() {
        match (open, line.trim_start().strip_prefix("```")) {
            (false, Some(tag)) => {
                open = true;
                let place = format!("{document}:{}", number + 1);
                fences.push(Fence { tag: tag.to_owned(), text: String::new(), place });
            }
            (true, Some("")) => open = false,
            (true, _) => {
                let fence = fences.last_mut().unwrap();
                fence.text.push_str(line);
                fence.text.push('\n');
            }
            (false, None) => (),
        }
    }
    assert!(!open, "{document} ends inside a fence");
    fences
}

pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every document that a reader of the project is sent to.
fn documents() -> Vec<String> {
    let markdown = |folder: &str| {
        let entries = fs::read_dir(root().join(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        names
            .filter(|name| name.ends_with(".md"))
            .map(|name| format!("{prefix}{name}"))
            .collect::<Vec<_>>()
    };
    let documents: Vec<_> = ["", "docs", "signer"].into_iter().flat_map(markdown).collect();
    for expected in ["README.md", "CONTRIBUTING.md", "docs/API.md", "signer/PROTOCOL.md"] {
        assert!(documents.iter().any(|found| found == expected), "{expected} is gone");
    }
    documents
}

#[test]
fn every_fence_says_what_it_is_and_is_run_or_read() {
    for document in documents() {
        for fence in must_read(&document) {
            let place = &fence.place;
            match fence.tag.as_str() {
                // Pictures, and what programs print.
                "text" => (),
                "sh" => {
                    let is_run = RUN.contains(&document.as_str()) || fence.is_the_gates();
                    assert!(is_run, "{place}: nothing runs this:\n{}", fence.text);
                }
                "json" => {
                    let parsed = serde_json::from_str::<serde_json::Value>(&fence.text);
                    assert!(parsed.is_ok(), "{place}: {parsed:?}");
                }
                "toml" => {
                    let parsed = fence.text.parse::<toml_edit::DocumentMut>();
                    assert!(parsed.is_ok(), "{place}: {parsed:?}");
                }
                // Units of systemd, which the story of the guide starts.
                "ini" => assert_eq!(document, "docs/OPERATING.md", "{place}: nothing reads this"),
                other => panic!("{place}: nothing knows what to do with a fence of {other:?}"),
            }
        }
    }
}

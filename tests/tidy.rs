//! Holds what ARCHITECTURE.md promises of the source tree: the arrows between the crates, the absences,
//! and the habits that a reviewer should not have to look for.

#![expect(clippy::unwrap_used, reason = "a test: a missing file is a failure")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use toml_edit::DocumentMut;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Package, folder, and the packages of ours that its shipped code may use.
const ARROWS: [(&str, &str, &[&str]); 9] = [
    ("countersign-userop", "userop", &[]),
    ("countersign-telemetry", "telemetry", &[]),
    ("countersign-threshold", "signer/threshold", &[]),
    ("countersign-backup", "signer/backup", &[]),
    ("countersign-policy", "signer/policy", &["countersign-userop"]),
    ("countersign-bundler-client", "bundler-client", &["countersign-userop"]),
    ("countersign-protocol", "signer/protocol", &["countersign-userop"]),
    (
        "countersign-cosigner",
        "signer/daemon",
        &[
            "countersign-backup",
            "countersign-policy",
            "countersign-protocol",
            "countersign-telemetry",
            "countersign-threshold",
            "countersign-userop",
        ],
    ),
    (
        "countersign",
        ".",
        &[
            "countersign-bundler-client",
            "countersign-protocol",
            "countersign-telemetry",
            "countersign-userop",
        ],
    ),
];

fn manifest(folder: &str) -> DocumentMut {
    let path = Path::new(ROOT).join(folder).join("Cargo.toml");
    std::fs::read_to_string(path).unwrap().parse().unwrap()
}

fn dependencies(folder: &str, table: &str) -> BTreeSet<String> {
    manifest(folder)
        .get(table)
        .and_then(|t| t.as_table())
        .map(|t| t.iter().map(|(name, _)| name.to_owned()).collect())
        .unwrap_or_default()
}

/// Every file that git would keep: tracked, or new and not ignored.
fn files() -> Vec<PathBuf> {
    let listed = std::process::Command::new("git")
        .args(["ls-files", "-co", "--exclude-standard"])
        .current_dir(ROOT)
        .output()
        .unwrap();
    assert!(listed.status.success(), "git ls-files failed");
    String::from_utf8(listed.stdout)
        .unwrap()
        .lines()
        .map(|line| Path::new(ROOT).join(line))
        .filter(|path| path.is_file())
        .collect()
}

fn sources(extension: &str) -> BTreeMap<PathBuf, String> {
    files()
        .into_iter()
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (path, text)
        })
        .collect()
}

fn below<'a>(
    sources: &'a BTreeMap<PathBuf, String>,
    folder: &str,
) -> impl Iterator<Item = (&'a PathBuf, &'a String)> {
    let folder = Path::new(ROOT).join(folder);
    sources.iter().filter(move |(path, _)| path.starts_with(&folder))
}

/// The text without its line comments, so that prose may name what code may not use.
fn code(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn crates_depend_on_each_other_only_along_the_arrows() {
    for (package, folder, allowed) in ARROWS {
        let ours: BTreeSet<_> = dependencies(folder, "dependencies")
            .into_iter()
            .filter(|d| d.starts_with("countersign"))
            .collect();
        let allowed: BTreeSet<_> = allowed.iter().map(|a| (*a).to_owned()).collect();
        let extra: Vec<_> = ours.difference(&allowed).collect();
        assert!(extra.is_empty(), "{package} may not depend on {extra:?}");
    }
}

#[test]
fn the_gateway_links_no_engine_and_no_vault() {
    let tree = std::process::Command::new(env!("CARGO"))
        .args(["tree", "-p", "countersign", "-e", "normal", "--prefix", "none", "--offline"])
        .current_dir(ROOT)
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).unwrap();
    for absent in
        ["countersign-threshold", "countersign-backup", "countersign-cosigner", "dkls23", "argon2"]
    {
        assert!(
            !tree.lines().any(|line| line.starts_with(absent)),
            "the gateway links {absent}: it must hold no key material"
        );
    }
}

#[test]
fn the_engine_does_no_io_and_knows_no_clock() {
    let forbidden =
        ["tokio", "std::fs", "std::net", "std::time", "alloy", "async fn", "SystemTime"];
    let sources = sources("rs");
    for (path, text) in below(&sources, "signer/threshold/src") {
        let code = code(text);
        for word in forbidden {
            assert!(!code.contains(word), "{} uses {word}", path.display());
        }
    }
    let dependencies = dependencies("signer/threshold", "dependencies");
    for word in ["tokio", "alloy", "sqlx", "tonic", "reqwest"] {
        assert!(!dependencies.contains(word), "the engine depends on {word}");
    }
}

#[test]
fn what_is_signed_what_is_allowed_and_what_is_backed_up_are_pure() {
    let sources = sources("rs");
    let pure = ["userop/src", "signer/policy/src", "signer/backup/src"];
    let pure = pure.iter().flat_map(|folder| below(&sources, folder));
    for (path, text) in pure.filter(|(path, _)| !path.ends_with("tests.rs")) {
        let code = code(text);
        for word in ["std::fs", "std::net", "std::time", "tokio", "async fn"] {
            assert!(!code.contains(word), "{} uses {word}", path.display());
        }
    }
}

#[test]
fn json_rpc_codes_live_in_one_file() {
    let sources = sources("rs");
    for (path, text) in below(&sources, "src") {
        if path.ends_with("rpc/error.rs") {
            continue;
        }
        let production = text.split("#[cfg(test)]").next().unwrap();
        for code_text in ["-3260", "-3250", "-3252", "5720", "5730"] {
            assert!(
                !code(production).contains(code_text),
                "{} spells the code {code_text}; codes live in rpc/error.rs",
                path.display()
            );
        }
    }
}

#[test]
fn only_the_engine_touches_its_library() {
    let sources = sources("rs");
    for (path, text) in &sources {
        let allowed = path.starts_with(Path::new(ROOT).join("signer/threshold"))
            || path.starts_with(Path::new(ROOT).join("bench"))
            || path.starts_with(Path::new(ROOT).join("tests/hostile"))
            || path.ends_with("tests/tidy.rs");
        assert!(allowed || !code(text).contains("dkls23"), "{} names the engine", path.display());
    }
}

#[test]
fn the_engine_that_peers_compare_is_the_one_that_is_locked_and_pinned() {
    let named =
        std::fs::read_to_string(Path::new(ROOT).join("signer/threshold/src/lib.rs")).unwrap();
    let lock = std::fs::read_to_string(Path::new(ROOT).join("Cargo.lock")).unwrap();
    let lock: DocumentMut = lock.parse().unwrap();
    let packages = lock["package"].as_array_of_tables().unwrap();
    let locked = |name: &str| -> Vec<String> {
        let named = packages.iter().filter(|package| package["name"].as_str() == Some(name));
        named.map(|package| package["version"].as_str().unwrap().to_owned()).collect()
    };
    let engine = locked("dkls23-secp256k1");
    assert_eq!(engine.len(), 1, "one engine: {engine:?}");
    assert_eq!(locked("dkls23-core"), engine, "the engine and its core are one release");
    let said = format!("ENGINE: &str = \"dkls23-secp256k1/{} ", engine[0]);
    assert!(named.contains(&said), "ENGINE does not name version {}", engine[0]);
    let pin = manifest(".")["workspace"]["dependencies"]["dkls23-secp256k1"].clone();
    assert_eq!(pin.as_str(), Some(format!("={}", engine[0]).as_str()), "the pin is not exact");
}

#[test]
fn every_test_that_the_security_notes_name_exists() {
    let notes = std::fs::read_to_string(Path::new(ROOT).join("SECURITY.md")).unwrap();
    let (_, table) = notes.split_once("the test that fails without it").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let names: Vec<&str> = table.split('`').skip(1).step_by(2).collect();
    assert!(names.len() > 50, "the table is not read: {} names", names.len());
    let sources = sources("rs");
    for name in names {
        let test = format!("fn {name}(");
        assert!(sources.values().any(|text| text.contains(&test)), "there is no test {name}");
    }
}

#[test]
fn every_module_opens_with_what_it_is_for() {
    for (path, text) in sources("rs") {
        assert!(text.starts_with("//!"), "{} has no //! header", path.display());
    }
}

#[test]
fn no_module_file_is_named_for_nothing() {
    let vague = ["mod.rs", "utils.rs", "util.rs", "helpers.rs", "common.rs", "types.rs", "misc.rs"];
    for path in files() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(!vague.contains(&name.as_str()), "{} has a vague name", path.display());
    }
}

#[test]
fn nothing_unfinished_is_left_in_the_source() {
    // Spelt in two halves so that this file passes its own test.
    let marks =
        [["todo", "!("], ["unimplemented", "!("], ["dbg", "!("], ["TO", "DO"], ["FIX", "ME"]]
            .map(|halves| halves.concat());
    for extension in ["rs", "sol", "sh"] {
        for (path, text) in sources(extension) {
            for mark in &marks {
                assert!(!text.contains(mark.as_str()), "{} contains {mark}", path.display());
            }
            for (number, line) in text.lines().enumerate() {
                let at = format!("{}:{}", path.display(), number + 1);
                assert!(line.trim_end() == line, "{at} ends in blanks");
                assert!(extension == "sh" || !line.contains('\t'), "{at} has a tab");
            }
        }
    }
}

#[test]
fn no_test_is_skipped() {
    let marks =
        [["#[ign", "ore"], ["it.sk", "ip"], ["test.sk", "ip"], ["vm.sk", "ip"]].map(|h| h.concat());
    for extension in ["rs", "sol", "ts", "js"] {
        for (path, text) in sources(extension) {
            for mark in &marks {
                assert!(!text.contains(mark.as_str()), "{} contains {mark}", path.display());
            }
        }
    }
}

#[test]
fn exceptions_to_lints_give_a_reason() {
    let bare = ["#[al", "low("].concat();
    let whole_file = ["#![al", "low("].concat();
    for (path, text) in sources("rs") {
        assert!(
            !text.contains(&bare) && !text.contains(&whole_file),
            "{} silences a lint without a reason: use expect(…, reason = …)",
            path.display()
        );
    }
}

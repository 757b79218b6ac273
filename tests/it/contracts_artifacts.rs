//! `contracts/artifacts` is what the sources compile to, byte by byte, with the settings of `foundry.toml`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use foundry_compilers::{
    ConfigurableArtifacts, ProjectBuilder, ProjectPathsConfig,
    artifacts::{BytecodeHash, EvmVersion, Settings, SettingsMetadata, remappings::Remapping},
    solc::{Solc, SolcCompiler, SolcSettings},
};
use serde_json::Value;
use toml_edit::DocumentMut;

/// Contracts that only tests deploy; their sources are not in `contracts/src`.
const TEST_CONTRACTS: [&str; 2] = ["Target", "TestToken"];

#[test]
fn committed_artifacts_are_what_the_sources_compile_to() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let committed = must_read_artifacts(&root.join("contracts/artifacts"));
    let names: BTreeSet<_> = committed.keys().cloned().collect();
    assert_eq!(names, must_find_deployable(root), "run scripts/artifacts.sh, and see its list");
    let scratch = tempfile::tempdir().expect("a scratch directory can be made");

    let output = ProjectBuilder::<SolcCompiler, ConfigurableArtifacts>::new(Default::default())
        .paths(
            ProjectPathsConfig::builder()
                .root(root)
                .sources(root.join("contracts/src"))
                .artifacts(scratch.path().join("out"))
                .cache(scratch.path().join("cache.json"))
                .build_infos(scratch.path().join("build-info"))
                .lib(root.join("scripts/node_modules"))
                .remappings(must_remappings(root))
                .build()
                .expect("the paths of the project are sound"),
        )
        .settings(must_settings(root))
        .set_offline(true)
        .set_cached(false)
        .set_no_artifacts(true)
        .build(SolcCompiler::Specific(
            Solc::new(root.join("scripts/solc"))
                .expect("scripts/solc answers; scripts/setup.sh was run"),
        ))
        .expect("the project is sound")
        .compile_files(committed.keys().map(|name| source_of(root, name)))
        .expect("the compiler runs");
    assert!(!output.has_compiler_errors(), "the contracts do not compile: {output}");

    for (name, artifact) in &committed {
        let fresh = output.find_first(name).unwrap_or_else(|| panic!("no contract {name}"));
        let abi = serde_json::from_value(artifact["abi"].clone()).expect("an ABI");
        assert_eq!(fresh.abi.as_ref(), Some(&abi), "the ABI of {name} is stale");
        let creation = fresh.bytecode.as_ref().and_then(|code| code.object.as_bytes());
        let runtime = fresh
            .deployed_bytecode
            .as_ref()
            .and_then(|code| code.bytecode.as_ref())
            .and_then(|code| code.object.as_bytes());
        for (field, code) in [("bytecode", creation), ("deployedBytecode", runtime)] {
            let code = code.map(ToString::to_string);
            assert!(code.as_deref() == artifact[field].as_str(), "{field} of {name} is stale");
        }
    }
}

/// The contracts that somebody deploys: those of `contracts/src` that are neither abstract nor a library nor
/// an interface, and those that only tests deploy.
fn must_find_deployable(root: &Path) -> BTreeSet<String> {
    let sources = fs::read_dir(root.join("contracts/src")).expect("contracts/src is there");
    let ours = sources
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sol"))
        .flat_map(|path| {
            let text = fs::read_to_string(path).expect("a source");
            let declared = text.lines().filter_map(|line| line.strip_prefix("contract "));
            declared
                .filter_map(|rest| rest.split_whitespace().next())
                .map(str::to_owned)
                .collect::<Vec<_>>()
        });
    ours.chain(TEST_CONTRACTS.map(str::to_owned)).collect()
}

fn source_of(root: &Path, name: &str) -> PathBuf {
    let folder =
        if TEST_CONTRACTS.contains(&name) { "contracts/test/support" } else { "contracts/src" };
    root.join(folder).join(name).with_extension("sol")
}

fn must_read_artifacts(folder: &Path) -> BTreeMap<String, Value> {
    fs::read_dir(folder)
        .expect("contracts/artifacts is there")
        .map(|entry| {
            let text = fs::read_to_string(entry.expect("an entry").path()).expect("a file");
            let artifact: Value = serde_json::from_str(&text).expect("an artifact is JSON");
            (artifact["contractName"].as_str().expect("a name").to_owned(), artifact)
        })
        .collect()
}

fn must_profile(root: &Path) -> toml_edit::Table {
    let text = fs::read_to_string(root.join("foundry.toml")).expect("foundry.toml is there");
    let document: DocumentMut = text.parse().expect("foundry.toml is TOML");
    document["profile"]["default"].as_table().expect("it has a default profile").clone()
}

fn must_remappings(root: &Path) -> Vec<Remapping> {
    must_profile(root)["remappings"]
        .as_array()
        .expect("remappings are a list")
        .iter()
        .map(|entry| {
            let mut remapping: Remapping =
                entry.as_str().expect("text").parse().expect("a remapping");
            remapping.path = root.join(&remapping.path).display().to_string();
            remapping
        })
        .collect()
}

fn must_settings(root: &Path) -> SolcSettings {
    let profile = must_profile(root);
    let mut settings = Settings::default();
    settings.optimizer.enabled = profile["optimizer"].as_bool();
    settings.optimizer.runs = profile["optimizer_runs"].as_integer().map(|runs| runs as usize);
    settings.evm_version = profile["evm_version"]
        .as_str()
        .map(|name| name.parse::<EvmVersion>().expect("a known EVM version"));
    assert_eq!(profile["bytecode_hash"].as_str(), Some("none"));
    assert_eq!(profile["cbor_metadata"].as_bool(), Some(false));
    settings.metadata = Some(SettingsMetadata::new(BytecodeHash::None, false));
    SolcSettings { settings, ..Default::default() }
}

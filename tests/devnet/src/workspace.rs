//! Where the tools, the contract artifacts and our own binaries are on this machine.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// Set to a directory, it is where `cosigner` and `countersign` are looked for first.
const BIN_DIR_ENV: &str = "COUNTERSIGN_BIN_DIR";
/// Set to a directory, it is taken for the root of the checkout.
const ROOT_ENV: &str = "COUNTERSIGN_ROOT";

/// The checkout that this code was built from.
#[derive(Debug, Clone)]
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// Finds the checkout: `COUNTERSIGN_ROOT` if set, else the place of the sources.
    ///
    /// # Errors
    /// When the place holds no `Cargo.toml`.
    pub fn locate() -> anyhow::Result<Self> {
        let root = match std::env::var_os(ROOT_ENV) {
            Some(root) => PathBuf::from(root),
            None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."),
        };
        let root = root
            .canonicalize()
            .with_context(|| format!("no workspace at {}; set {ROOT_ENV}", root.display()))?;
        if !root.join("Cargo.toml").is_file() {
            bail!("{} holds no Cargo.toml; set {ROOT_ENV}", root.display());
        }
        Ok(Self { root })
    }

    /// The root folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A file inside `scripts/node_modules`.
    ///
    /// # Errors
    /// When it is not installed; the message says how to install it.
    pub fn npm_file(&self, path: &str) -> anyhow::Result<PathBuf> {
        let file = self.root.join("scripts/node_modules").join(path);
        if !file.exists() {
            bail!("{} is missing; run `scripts/setup.sh run`", file.display());
        }
        Ok(file)
    }

    /// The Anvil binary from the pinned npm package of this platform.
    ///
    /// # Errors
    /// When the package is not installed.
    pub fn anvil(&self) -> anyhow::Result<PathBuf> {
        let arch = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        let os = if cfg!(target_os = "macos") { "darwin" } else { std::env::consts::OS };
        self.npm_file(&format!("@foundry-rs/anvil-{os}-{arch}/bin/anvil"))
    }

    /// One of our own binaries (`cosigner`, `countersign`): in `COUNTERSIGN_BIN_DIR` if set, else
    /// beside the running executable or in a folder above it (tests run from `target/debug/deps`).
    ///
    /// # Errors
    /// When it was not built; the message says how to build it.
    pub fn binary(&self, name: &str) -> anyhow::Result<PathBuf> {
        if let Some(dir) = std::env::var_os(BIN_DIR_ENV) {
            let path = PathBuf::from(dir).join(name);
            if path.is_file() {
                return Ok(path);
            }
            bail!("{} does not exist ({BIN_DIR_ENV} is set)", path.display());
        }
        let here = std::env::current_exe().context("the running executable has no path")?;
        here.ancestors()
            .skip(1)
            .take(3)
            .map(|dir| dir.join(name))
            .find(|path| path.is_file())
            .with_context(|| {
                format!("the binary `{name}` is not built; run `cargo build --bin {name}`")
            })
    }
}

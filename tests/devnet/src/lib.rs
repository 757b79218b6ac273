//! A whole world on this machine, for tests, the demo and benchmarks.
//!
//! Everything here is real: Anvil with the real EntryPoints, a real bundler (alto), and our own
//! binaries as processes of their own. Each part is a guard: what it started dies when the guard
//! drops, and also when this process is killed. Every process writes a log file, and a guard
//! dropped by a panic prints the end of it.
//!
//! - [`World`] is all of it: chain, bundler, cosigners with their keys, gateway with an API key.
//! - [`Anvil`] is the chain; [`Anvil::deploy`] puts the [`Deployments`] on it.
//! - [`Alto`] is the bundler for every EntryPoint on that chain.
//! - [`PaymasterService`] is somebody else's ERC-7677 service.
//! - [`HostileServer`] plays a bundler, paymaster service or node that means no good.
//! - [`Collector`] takes the spans that our processes tell.
//! - [`DevKey`] gives named, funded keys that are the same on every run.
//! - [`Process`], [`free_port`] and [`Workspace`] are what the parts are made of.

mod alto;
mod anvil;
mod artifacts;
mod collector;
mod deployments;
mod hostile;
mod keys;
mod paymaster_service;
mod ports;
mod process;
mod rpc;
mod spawner;
mod toml_text;
mod workspace;
mod world;

pub use alto::{Alto, AltoOptions, Bundling};
pub use anvil::{Anvil, AnvilOptions};
pub use artifacts::Artifact;
pub use collector::{Collector, ToldSpan};
pub use deployments::{AccountDeployment, CREATE2_DEPLOYER, Deployments};
pub use hostile::{Answerer, HostileServer, Reply};
pub use keys::DevKey;
pub use paymaster_service::PaymasterService;
pub use ports::free_port;
pub use process::{LogDir, Process, ProcessOptions};
pub use rpc::{JsonRpc, RpcFailure};
pub use toml_text::toml_text;
pub use workspace::Workspace;
pub use world::{
    CosignerEntry, CosignerProcess, GatewayProcess, KeyNames, Manifest, Wallet, World, WorldOptions,
};

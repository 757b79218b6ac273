//! The gateway: JSON-RPC in, UserOperation out. It holds no key.
//!
//! - [`Gateway`] is everything that the API offers, without JSON-RPC.
//! - [`RpcServer`] answers JSON-RPC for it, to holders of [`ApiKeys`].
//! - [`Cli`] is the command line over both.

mod chain;
mod cli;
mod clock;
mod config;
mod figures;
mod keys;
mod limits;
mod paymaster_services;
mod pipeline;
mod quorum;
mod rpc;
mod service;
mod signature;
mod sponsor;
mod store;
mod telemetry;
mod trace;
mod wallet;
mod world;

pub use cli::Cli;
pub use config::{
    ChainConfig, ConfigError, Deadlines, GasConfig, GatewayConfig, HttpConfig, LimitsConfig, Rate,
    SponsorConfig, TlsConfig,
};
pub use figures::{MetricsError, MetricsServer};
pub use keys::{
    ApiKey, ApiKeys, Denied, KeyHolder, KeyId, KeyRecord, KeysError, NewKey, Scope, TokenError,
};
pub use limits::Throttled;
pub use rpc::{ListenError, RpcServer, markdown, openrpc};
pub use service::{
    ApprovalPage, ApprovalRequest, AwaitedApproval, Caller, CallerSignature, CallsState,
    CallsStatus, Capabilities, ChainCapabilities, CreateSigner, CreateWallet, Failure, Gateway,
    GivenSignature, Inclusion, ListWallets, MissingApproval, OfferedAccount, Operation, PartStatus,
    Readiness, SendCalls, SendUserOperation, Sent, ServiceError, SignRequest, Signer,
    SponsorAnswer, SponsorChoice, StageName, Taken, TimelineEntry, ToSign, Wallet, WalletPage,
};
pub use trace::TraceContext;

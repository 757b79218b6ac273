//! The gateway: JSON-RPC in, UserOperation out. It holds no key.

mod config;
mod service;

pub use config::{ChainConfig, ConfigError, Deadlines, GasConfig, GatewayConfig, SponsorConfig};
pub use service::{
    Caller, CallsState, CallsStatus, Capabilities, ChainCapabilities, CreateWallet, Failure,
    Gateway, Inclusion, OfferedAccount, Operation, PartStatus, Readiness, SendCalls,
    SendUserOperation, Sent, ServiceError, SponsorAnswer, SponsorChoice, StageName, TimelineEntry,
    Wallet,
};

//! How it is sent: clients of ERC-7769 bundlers and ERC-7677 paymaster services.
//!
//! Neither service is trusted. An answer has a bounded size and must arrive in bounded time; a
//! redirect is not followed; a hash that a bundler names is compared with the one that we computed.
//!
//! - [`BundlerClient`] speaks to one bundler, or to several in order of preference. Questions are
//!   asked again, a bounded number of times; an operation is sent once. When nobody can say what
//!   became of it, [`BundlerError::Unconfirmed`] still carries its hash, by which to ask later.
//! - [`PaymasterClient`] asks for stub data to estimate with and for the data that is signed.
//! - [`BundlerError`] tells apart what was refused ([`Rejection`], with its [`RpcCode`] and the
//!   EntryPoint's own [`AaCode`]) from what never worked ([`Fault`]).
//!
//! ```no_run
//! use countersign_bundler_client::{BundlerClient, BundlerError, ClientOptions};
//! use countersign_userop::{ChainId, EntryPointVersion, UserOperation};
//!
//! async fn send(signed: UserOperation) -> Result<(), BundlerError> {
//!     let urls = ["https://bundler.example", "https://another.example"];
//!     let bundler =
//!         BundlerClient::with_failover(urls, ChainId::new(1), ClientOptions::default())?;
//!     let entry_point = EntryPointVersion::V0_7.canonical_address();
//!     let hash = match bundler.send_user_operation(&signed, entry_point).await {
//!         Ok(hash) => hash,
//!         // It may be on its way: it is looked for, not sent again.
//!         Err(BundlerError::Unconfirmed { hash, .. }) => hash,
//!         Err(refused) => return Err(refused),
//!     };
//!     println!("{:?}", bundler.receipt(hash).await?);
//!     Ok(())
//! }
//! ```

mod aa_code;
mod bundler;
mod endpoints;
mod error;
mod estimate;
mod included;
mod options;
mod paymaster;
mod quantity;
mod reach;
mod rpc_code;
mod transport;

pub use aa_code::{AaCode, Blame};
pub use alloy::rpc::types::state::{AccountOverride, StateOverride};
pub use bundler::BundlerClient;
pub use error::{BundlerError, Fault, Rejection};
pub use estimate::GasEstimate;
pub use included::{IncludedOperation, TransactionReceipt, UserOperationReceipt};
pub use options::ClientOptions;
pub use paymaster::{PaymasterClient, PaymasterData, PaymasterStub, Sponsor};
pub use reach::Reach;
pub use rpc_code::RpcCode;

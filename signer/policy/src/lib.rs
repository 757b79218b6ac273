//! What an operator allows, as a pure function: facts about one request go in, a verdict with its reasons comes out.
//!
//! - [`Policy`] is a parsed and checked policy file: Cedar policies, named limits, groups of people, callers.
//! - [`Facts`] is what a cosigner found out about a request by itself; [`CallFacts`] about one call in it.
//! - [`Policy::measures`] says how much of which [`Limit`] a request takes. The caller keeps the totals and says which
//!   limits are exceeded: amounts are compared as 256-bit integers, and Cedar sees names only.
//! - [`Policy::judge`] gives the [`Verdict`]. Default deny, forbid wins, and an error anywhere is a no.
//! - [`network_bound`] says what the network as a whole can sign within a limit that each cosigner keeps.
//!
//! ```
//! use countersign_policy::Policy;
//!
//! let policy = Policy::parse(r#"
//! version = 1
//! policies = '''
//! @id("transfers")
//! permit (principal, action, resource) when { !context.undecodable };
//! '''
//! "#)?;
//! assert_eq!(policy.policy_ids(), ["transfers"]);
//! # Ok::<(), countersign_policy::PolicyError>(())
//! ```
//!
//! What needs more than a permit is a [`Grant`]: undecodable call data, a change of owner, an upgrade. A policy gives one
//! by its name, in the annotation `@grants("…")`; a blanket permit gives none.
//!
//! Nothing here does I/O, reads a clock or knows an operation's type.

mod bound;
mod caller;
mod context;
mod error;
mod facts;
mod file;
mod grant;
mod judge;
mod limit;
mod lines;
mod policy;
mod verdict;

pub use bound::network_bound;
pub use caller::{Caller, CallerKey};
pub use error::PolicyError;
pub use facts::{CallFacts, Facts, Flow, Time};
pub use grant::Grant;
pub use limit::{Asset, Limit, Measure, Scope};
pub use policy::{Approver, Policy};
pub use verdict::{Denial, Missing, Verdict};

/// The policy of a development machine, where none is configured.
pub const DEVELOPMENT: &str = include_str!("../policies/development.toml");

/// The Cedar schema that every policy is checked against.
pub const SCHEMA: &str = include_str!("countersign.cedarschema");

//! Stories with real processes: a chain, a bundler, three cosigners, a gateway. One module a story.
//!
//! `cargo build --bins` first: the processes are the built `countersign` and `cosigner`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a story ends at the first thing amiss")]

mod api;
mod breakable;
mod documents;
mod hostile;
mod killed_gateway;
mod ledger;
mod operations;
mod policed;
mod shared;
mod signing;

//! What crosses crates and needs a chain: our arithmetic against the contracts' own.

#![expect(clippy::unwrap_used, reason = "a test ends at the first thing amiss")]

mod accounts;
mod api;
mod contracts_artifacts;
mod gas_tables;
mod gateway;
mod operations;
mod sponsorship;
mod user_op_hash;

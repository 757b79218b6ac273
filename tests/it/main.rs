//! What crosses crates and needs a chain: our arithmetic against the contracts' own.

mod accounts;
mod api;
mod contracts_artifacts;
mod gateway;
mod operations;
mod sponsorship;
mod user_op_hash;

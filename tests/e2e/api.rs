//! The API against a whole network.

mod calls;
mod keys;
mod operations;
mod sponsor;
mod wallets;

//! The crate through its public interface.

mod account;
mod vectors;

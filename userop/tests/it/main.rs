//! The crate through its public interface.

mod account;
mod listing;
mod malformed;
mod preview;
mod round_trip;
mod vectors;

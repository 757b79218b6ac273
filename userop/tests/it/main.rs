//! The crate through its public interface.

mod account;
mod canonical;
mod collisions;
mod descriptors;
mod effects;
mod entry_points;
mod listing;
mod malformed;
mod preview;
mod round_trip;
mod signable;
mod typed_data;
mod vectors;

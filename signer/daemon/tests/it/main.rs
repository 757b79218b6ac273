//! Daemons among themselves, over real sockets.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests: what does not hold is a failure, also in what they share"
)]

mod backup;
mod ceremony;
mod crash;
mod full_disk;
mod journal;
mod network;
mod process;
mod signing;
mod world;

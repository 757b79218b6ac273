//! Daemons among themselves, over real sockets.

mod ceremony;
mod crash;
mod network;
mod process;
mod world;

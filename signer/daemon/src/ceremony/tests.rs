//! Ceremonies among daemons in one process; see [`committee`] for what is real.

pub(super) mod committee;
mod proposals;
mod supersession;

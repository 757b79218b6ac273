//! The gateway's pipeline on a real chain with a real bundler. The cosigners are stand-ins that hold
//! an ordinary key, so that a test can have them lie, refuse or fall silent; the stories with the
//! real ones are in `tests/e2e`.

mod approvals;
mod durability;
mod features;
mod figures;
mod http;
mod lifecycle;
mod nonces;
mod quorum;
mod replaced;
mod signatures;
mod sponsored;
mod stand_in;
mod tenants;
mod traced;
mod world;

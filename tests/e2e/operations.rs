//! What an operation may be, and what its caller is told when it goes wrong.

mod bundler_garbage;
mod landed;
mod paymaster_service;
mod reverted;
mod stopped;
mod told;

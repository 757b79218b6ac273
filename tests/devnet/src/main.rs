//! A whole world on this machine: Anvil, EntryPoints, a real bundler, cosigners and the gateway. For tests, the demo and benchmarks.

fn main() {}

//! A core for each cosigner, as each has a machine of its own outside of a benchmark.
//!
//! Left alone, a kernel that wakes the receiver of a message on the sender's core has two cosigners take turns on one
//! core while another is idle.

use rustix::thread::{CpuSet, sched_setaffinity};

/// Says, to a cosigner process, which of the cores it stays on.
const CORE: &str = "COUNTERSIGN_BENCH_CORE";

/// How many there are for us.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The setting that keeps a cosigner process on this core.
pub(crate) fn setting(core: usize) -> (&'static str, String) {
    (CORE, core.to_string())
}

/// Stays on the core that the parent chose; where the kernel has none of it, anywhere.
pub(crate) fn take_mine() {
    let Ok(Ok(core)) = std::env::var(CORE).map(|core| core.parse()) else { return };
    let mut set = CpuSet::new();
    set.set(core);
    if let Err(error) = sched_setaffinity(None, &set) {
        eprintln!("no core of its own: {error}");
    }
}

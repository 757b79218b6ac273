//! The benchmark's program, run as its readers run it.

#![expect(clippy::unwrap_used, reason = "a test ends at the first thing amiss")]

mod sign;

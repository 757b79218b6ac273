//! Spans through the public API to a collector that speaks the real protocol.

#![expect(clippy::unwrap_used, reason = "a test ends at the first thing amiss")]

mod gone;
mod told;

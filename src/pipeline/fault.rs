//! Named points at which a test may have the process killed, in debug builds only.
//!
//! After a stage was written down its own name: `draft`, `priced`, `sponsored`, `sealed`, `signed`,
//! `submitted`, `included`, `reverted`, `dropped`; after a nonce was, `reserved`; after the terms of a
//! replacement were, `replaced`; after the operation went back
//! to an earlier generation, `returned`. Between an outside effect and its writing down: `approved` (a
//! paymaster agreed), `countersigned` (a quorum signed), `accepted` (a bundler took it).

/// Aborts the process when `COUNTERSIGN_FAULT` names this point. Release builds have no such thing.
pub(crate) fn reach(point: &str) {
    #[cfg(debug_assertions)]
    if std::env::var("COUNTERSIGN_FAULT").is_ok_and(|wanted| wanted == point) {
        tracing::error!(point, "aborting at a fault point");
        std::process::abort();
    }
    #[cfg(not(debug_assertions))]
    let _ = point;
}

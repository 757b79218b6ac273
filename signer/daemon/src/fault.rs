//! Named places at which a debug build can be made to die, for the tests that kill a daemon between two
//! steps. A release build has none of them.

/// Aborts the process if `COUNTERSIGN_FAULT` names this point. Does nothing in a release build.
pub(crate) fn point(name: &str) {
    #[cfg(debug_assertions)]
    if std::env::var("COUNTERSIGN_FAULT").is_ok_and(|wanted| wanted == name) {
        tracing::error!(point = name, "fault point reached, aborting");
        std::process::abort();
    }
    #[cfg(not(debug_assertions))]
    let _ = name;
}

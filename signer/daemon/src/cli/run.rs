//! `cosigner run`

use tokio::signal::unix::{SignalKind, signal};

use super::log;
use crate::config::DaemonConfig;
use crate::daemon::Daemon;

pub(super) async fn execute(config: DaemonConfig) -> anyhow::Result<()> {
    log::start(config.log);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let daemon = Daemon::start(config).await?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("asked to stop");
    daemon.stop().await;
    Ok(())
}

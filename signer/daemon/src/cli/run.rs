//! `cosigner run`

use tokio::signal::unix::{SignalKind, signal};

use super::log;
use crate::config::DaemonConfig;
use crate::daemon::Daemon;

pub(super) async fn execute(config: DaemonConfig) -> anyhow::Result<()> {
    log::start(config.log);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let daemon = Daemon::start(config).await?;
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hangup.recv() => {
                daemon.reload_policy();
                daemon.reload_features();
            }
        }
    }
    tracing::info!("asked to stop");
    daemon.stop().await;
    Ok(())
}

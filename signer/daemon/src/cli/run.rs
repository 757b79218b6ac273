//! `cosigner run`

use countersign_telemetry::Telemetry;
use tokio::signal::unix::{SignalKind, signal};

use super::log;
use crate::config::DaemonConfig;
use crate::daemon::Daemon;

pub(super) async fn execute(config: DaemonConfig) -> anyhow::Result<()> {
    let telemetry = match &config.telemetry {
        Some(told) => Some(Telemetry::start("cosigner", env!("CARGO_PKG_VERSION"), told)?),
        None => None,
    };
    log::start(config.log, telemetry.as_ref());
    let served = serve(config).await;
    if let Some(telemetry) = telemetry {
        telemetry.stop().await;
    }
    served
}

async fn serve(config: DaemonConfig) -> anyhow::Result<()> {
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

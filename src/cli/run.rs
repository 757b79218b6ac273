//! `countersign run`: the gateway process.

use anyhow::Context as _;
use clap::Args;
use countersign_telemetry::Telemetry;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::ConfigFile;
use crate::config::GatewayConfig;
use crate::figures::MetricsServer;
use crate::keys::ApiKeys;
use crate::rpc::RpcServer;
use crate::service::Gateway;
use crate::telemetry::{self, LogFormat};

const EXAMPLES: &str = "Examples:
  countersign run --config gateway.toml
  RUST_LOG=countersign=debug countersign run --log-format json

SIGHUP reads the file of features again.
SIGTERM and SIGINT let calls and operations reach a safe point, then end the process.";

/// Serve JSON-RPC and move operations until told to stop.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Run {
    #[command(flatten)]
    file: ConfigFile,
    /// How log lines are written, on standard error.
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

impl Run {
    pub(super) async fn execute(self) -> anyhow::Result<()> {
        let config = self.file.load()?;
        let telemetry = match &config.telemetry {
            Some(told) => Some(Telemetry::start("countersign", env!("CARGO_PKG_VERSION"), told)?),
            None => None,
        };
        telemetry::start(self.log_format, telemetry.as_ref())?;
        let served = serve(config).await;
        if let Some(telemetry) = telemetry {
            telemetry.stop().await;
        }
        served
    }
}

async fn serve(config: GatewayConfig) -> anyhow::Result<()> {
    let (listen, database) = (config.listen, config.database.clone());
    warn_of_waivers(&config);
    let _figures = match config.metrics {
        Some(address) => Some(MetricsServer::start(address).await?),
        None => None,
    };
    let stop = CancellationToken::new();
    let gateway = Gateway::open(config).await.context("cannot open the gateway")?;
    let keys = ApiKeys::connect(&database).await.context("cannot open the store of API keys")?;
    let server = RpcServer::start(gateway.clone(), keys, listen).await?;
    tracing::info!(address = %server.address(), "listening");
    let reloads = gateway.clone();
    let mut work = tokio::spawn({
        let (gateway, stop) = (gateway, stop.clone());
        async move { gateway.run(stop).await }
    });
    // Calls that nobody carries out must not be taken in: without the pipeline, stop.
    tokio::select! {
        told = told_to_stop(&reloads) => told?,
        ended = &mut work => {
            server.stop().await;
            ended.context("the pipeline failed")??;
            anyhow::bail!("the pipeline ended");
        }
    }
    tracing::info!("stopping");
    stop.cancel();
    server.stop().await;
    work.await.context("the pipeline failed")??;
    tracing::info!("stopped");
    Ok(())
}

/// What protects less than it could is said at every start.
fn warn_of_waivers(config: &GatewayConfig) {
    tracing::warn!(
        "where callers do not sign their intents (waived by a cosigner's policy), this gateway can spend what it allows"
    );
    if config.dev {
        tracing::warn!(
            "dev = true: callers may name paymaster services on any network, by plain http"
        );
    }
}

async fn told_to_stop(gateway: &Gateway) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(()),
            interrupted = tokio::signal::ctrl_c() => return Ok(interrupted?),
            _ = hangup.recv() => gateway.reload_features(),
        }
    }
}

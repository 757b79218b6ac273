//! A running gateway, as commands ask it.

use anyhow::Context as _;
use clap::Args;
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use jsonrpsee::core::client::ClientT;
use jsonrpsee::core::params::ArrayParams;
use jsonrpsee::http_client::HttpClient;
use serde_json::Value;

/// Which gateway is asked, and how its answer is printed.
#[derive(Debug, Args)]
pub(super) struct Endpoint {
    /// Where the gateway answers.
    #[arg(long, env = "COUNTERSIGN_URL", default_value = "http://127.0.0.1:8650")]
    url: String,
    /// The caller's key; better given by the environment than on the command line.
    #[arg(long, env = "COUNTERSIGN_API_KEY", hide_env_values = true)]
    api_key: String,
    /// Print the answer as JSON.
    #[arg(long)]
    pub(super) json: bool,
}

impl Endpoint {
    /// One call.
    pub(super) async fn ask(&self, method: &str, params: ArrayParams) -> anyhow::Result<Value> {
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", self.api_key))
            .context("the API key is no header value")?;
        bearer.set_sensitive(true);
        let headers = HeaderMap::from_iter([(AUTHORIZATION, bearer)]);
        let client = HttpClient::builder().set_headers(headers).build(&self.url)?;
        client.request(method, params).await.with_context(|| format!("{method} at {}", self.url))
    }
}

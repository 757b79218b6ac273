//! A small JSON-RPC client that hides nothing: tests want to see the code and the data of an error.

use std::time::Duration;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// Why a call gave no result.
#[derive(Debug)]
pub enum RpcFailure {
    /// The server answered with an error object.
    Answer {
        /// The code.
        code: i64,
        /// The message.
        message: String,
        /// Whatever came with it.
        data: Value,
    },
    /// No answer, or none that is JSON-RPC.
    Transport(String),
}

impl std::fmt::Display for RpcFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Answer { code, message, data } if data.is_null() => {
                write!(f, "error {code}: {message}")
            }
            Self::Answer { code, message, data } => write!(f, "error {code}: {message} ({data})"),
            Self::Transport(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for RpcFailure {}

impl RpcFailure {
    /// The code of an error object.
    pub fn code(&self) -> Option<i64> {
        match self {
            Self::Answer { code, .. } => Some(*code),
            Self::Transport(_) => None,
        }
    }

    /// What came with an error object.
    pub fn data(&self) -> Option<&Value> {
        match self {
            Self::Answer { data, .. } => Some(data),
            Self::Transport(_) => None,
        }
    }
}

#[derive(Deserialize)]
struct ErrorObject {
    code: i64,
    message: String,
    #[serde(default)]
    data: Value,
}

#[derive(Deserialize)]
struct Answer {
    error: Option<ErrorObject>,
    #[serde(default)]
    result: Value,
}

/// A JSON-RPC client over HTTP.
#[derive(Debug, Clone)]
pub struct JsonRpc {
    url: String,
    http: reqwest::Client,
    bearer: Option<String>,
}

impl JsonRpc {
    /// A client of `url`; a call takes at most 30 s.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn new(url: impl Into<String>) -> anyhow::Result<Self> {
        let http =
            reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build()?;
        Ok(Self { url: url.into(), http, bearer: None })
    }

    /// Sends `Authorization: Bearer <key>` with every call.
    #[must_use]
    pub fn with_bearer(mut self, key: impl Into<String>) -> Self {
        self.bearer = Some(key.into());
        self
    }

    /// Where it calls.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Calls a method and reads the result as `T`.
    ///
    /// # Errors
    /// The server's error object, or why there was no answer.
    pub async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Value,
    ) -> Result<T, RpcFailure> {
        let lost =
            |why: reqwest::Error| RpcFailure::Transport(format!("{method} at {}: {why}", self.url));
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let mut request = self.http.post(&self.url).json(&body);
        if let Some(key) = &self.bearer {
            request = request.bearer_auth(key);
        }
        let response = request.send().await.map_err(lost)?;
        let status = response.status();
        let text = response.text().await.map_err(lost)?;
        let answer: Answer = serde_json::from_str(&text).map_err(|_| {
            RpcFailure::Transport(format!("{method} at {}: {status}: {text}", self.url))
        })?;
        if let Some(ErrorObject { code, message, data }) = answer.error {
            return Err(RpcFailure::Answer { code, message, data });
        }
        serde_json::from_value(answer.result).map_err(|why| {
            RpcFailure::Transport(format!("{method} at {}: unexpected result: {why}", self.url))
        })
    }
}

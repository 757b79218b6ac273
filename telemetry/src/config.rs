//! The `[telemetry]` table: where the collector is, and how much it gets.

use std::fmt;

use serde::Deserialize;
use url::{Host, Url};

/// Where spans go. Without the table they go nowhere.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetryConfig {
    /// Where the collector takes OTLP over gRPC.
    pub otlp: Collector,
    /// Of the traces that begin here, how many are told. A caller's trace is told if its caller says so.
    #[serde(default)]
    pub sample: SampleRatio,
}

/// A collector's address: plain HTTP, on this machine's loopback. What goes further is the collector's affair.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Collector(Url);

/// Why an address is no collector's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CollectorError {
    /// Not a URL.
    #[error("otlp: is no URL: {0}")]
    NoUrl(#[from] url::ParseError),
    /// More than scheme, address and port.
    #[error("otlp: must read http://ADDRESS:PORT, with nothing behind it")]
    Form,
    /// Spans would cross a network in clear.
    #[error("otlp: {0} is beyond this machine; let a collector on 127.0.0.1 pass on what it takes")]
    BeyondLoopback(String),
}

impl Collector {
    /// The address as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for Collector {
    type Error = CollectorError;

    fn try_from(text: String) -> Result<Self, CollectorError> {
        let url = Url::parse(&text)?;
        let bare = url.username().is_empty() && url.password().is_none() && url.path() == "/";
        let ends = url.query().is_none() && url.fragment().is_none();
        if url.scheme() != "http" || url.port().is_none() || !bare || !ends {
            return Err(CollectorError::Form);
        }
        // A name would be whatever a resolver says.
        let here = match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            _ => false,
        };
        match here {
            true => Ok(Self(url)),
            false => {
                Err(CollectorError::BeyondLoopback(url.host_str().unwrap_or_default().to_owned()))
            }
        }
    }
}

/// A share of all traces, from 0 to 1; all of them unless given.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(try_from = "f64")]
pub struct SampleRatio(f64);

impl SampleRatio {
    /// The share, from 0 to 1.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl Default for SampleRatio {
    fn default() -> Self {
        Self(1.0)
    }
}

impl TryFrom<f64> for SampleRatio {
    type Error = &'static str;

    fn try_from(share: f64) -> Result<Self, &'static str> {
        if (0.0..=1.0).contains(&share) {
            Ok(Self(share))
        } else {
            Err("sample: must be from 0 to 1")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_on_this_machine_is_taken() {
        for text in ["http://127.0.0.1:4317", "http://127.0.0.2:4317/", "http://[::1]:4317"] {
            Collector::try_from(text.to_owned()).unwrap();
        }
    }

    #[test]
    fn a_collector_beyond_this_machine_is_refused_and_so_is_a_name() {
        for text in ["http://10.0.0.1:4317", "http://localhost:4317", "http://collector.example:1"]
        {
            let refused = Collector::try_from(text.to_owned());
            assert!(matches!(refused, Err(CollectorError::BeyondLoopback(_))), "{text}");
        }
    }

    #[test]
    fn an_address_is_scheme_host_and_port_and_nothing_else() {
        for text in [
            "https://127.0.0.1:4317",
            "http://127.0.0.1",
            "http://me:secret@127.0.0.1:4317",
            "http://127.0.0.1:4317/v1/traces",
            "http://127.0.0.1:4317?token=1",
        ] {
            let refused = Collector::try_from(text.to_owned());
            assert!(matches!(refused, Err(CollectorError::Form)), "{text}");
        }
    }

    #[test]
    fn a_share_is_from_nothing_to_all() {
        assert_eq!(SampleRatio::try_from(0.25).unwrap().get(), 0.25);
        for share in [-0.1, 1.1, f64::NAN] {
            assert!(SampleRatio::try_from(share).is_err(), "{share}");
        }
    }
}

//! The policy file as it is written: TOML around Cedar.

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256, U256};
use serde::Deserialize;
use toml::Spanned;

use crate::lines::line_of;
use crate::{Asset, Caller, CallerKey, Limit, PolicyError, Scope};

/// The format of the file that this build reads.
const VERSION: u32 = 1;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyFile {
    version: u32,
    /// Whether a gateway may ask without the caller's signature on the intent.
    #[serde(default)]
    pub(crate) waive_intents: bool,
    #[serde(default)]
    callers: Vec<CallerEntry>,
    #[serde(default)]
    pub(crate) groups: BTreeMap<String, Vec<Address>>,
    #[serde(default)]
    limits: Vec<LimitEntry>,
    policies: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CallerEntry {
    name: String,
    wallet: Option<Address>,
    ed25519: Option<B256>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitEntry {
    name: String,
    asset: AssetEntry,
    chain: Option<u64>,
    max: U256,
    window_s: Option<u64>,
    #[serde(default)]
    per: Scope,
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct AssetEntry(Asset);

impl TryFrom<String> for AssetEntry {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Ok(Self(match text.as_str() {
            "native" => Asset::Native,
            "fees" => Asset::Fees,
            "requests" => Asset::Requests,
            token => Asset::Token(token.parse().map_err(|_| {
                format!("{token:?} is no asset: native, fees, requests, or a token's address")
            })?),
        }))
    }
}

impl PolicyFile {
    /// Reads the TOML; an error names the line.
    pub(crate) fn parse(text: &str) -> Result<Self, PolicyError> {
        let file: Self = toml::from_str(text).map_err(|error| PolicyError::File {
            line: error.span().map(|span| line_of(text, span.start)),
            reason: error.message().to_owned(),
        })?;
        if file.version != VERSION {
            let reason = format!("format version {} is unknown, this is {VERSION}", file.version);
            return Err(PolicyError::File { line: None, reason });
        }
        Ok(file)
    }

    /// The Cedar text, and the line of the file on which its first line stands.
    pub(crate) fn policies<'a>(&'a self, text: &str) -> (&'a str, usize) {
        let start = self.policies.span().start;
        let opening = text.get(start..).unwrap_or_default();
        let begins_below = opening.starts_with("'''\n") || opening.starts_with("\"\"\"\n");
        (self.policies.get_ref(), line_of(text, start) + usize::from(begins_below))
    }

    pub(crate) fn callers(&self) -> Result<Vec<Caller>, PolicyError> {
        self.callers
            .iter()
            .map(|entry| {
                let key = match (entry.wallet, entry.ed25519) {
                    (Some(wallet), None) => CallerKey::Wallet(wallet),
                    (None, Some(key)) => CallerKey::Ed25519(key),
                    _ => {
                        return Err(PolicyError::Reference(format!(
                            "caller {:?} needs one key: wallet or ed25519",
                            entry.name
                        )));
                    }
                };
                Ok(Caller { name: entry.name.clone(), key })
            })
            .collect()
    }

    pub(crate) fn limits(&self) -> Vec<Limit> {
        let limit = |entry: &LimitEntry| Limit {
            name: entry.name.clone(),
            asset: entry.asset.0,
            chain: entry.chain,
            max: entry.max,
            window_s: entry.window_s,
            per: entry.per,
        };
        self.limits.iter().map(limit).collect()
    }
}

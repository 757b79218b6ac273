//! A key's name and what the key is for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of a key, as operators and gateways say it. It also names files, so it is narrow:
/// lower-case letters, digits, `-` and `_`, one to 64 of them, first a letter or digit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyName(String);

impl KeyName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyName {
    type Err = KeyNameError;

    fn from_str(name: &str) -> Result<Self, KeyNameError> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let starts = name.chars().next().is_some_and(plain);
        let rest = name.chars().all(|c| plain(c) || c == '-' || c == '_');
        if starts && rest && name.len() <= 64 {
            Ok(Self(name.to_owned()))
        } else {
            Err(KeyNameError { name: name.chars().take(80).collect() })
        }
    }
}

impl TryFrom<String> for KeyName {
    type Error = KeyNameError;

    fn try_from(name: String) -> Result<Self, KeyNameError> {
        name.parse()
    }
}

impl From<KeyName> for String {
    fn from(name: KeyName) -> Self {
        name.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name that no key may have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{name:?} is no key name: 1 to 64 lower-case letters, digits, '-' or '_', first a letter or digit"
)]
pub struct KeyNameError {
    name: String,
}

/// What a key may be used for. It is fixed when the key is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyPurpose {
    /// Its children own smart accounts; it signs their operations. What a plain account signs it signs only as far as a
    /// policy grants that by name.
    Accounts,
    /// It approves sponsorships of a paymaster, and signs nothing else.
    Paymaster,
    /// It and its children are plain accounts: transactions, authorizations, typed data, messages; never an operation.
    Plain,
}

impl KeyPurpose {
    /// The purpose as configuration and the command line say it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Paymaster => "paymaster",
            Self::Plain => "plain",
        }
    }
}

impl fmt::Display for KeyPurpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for KeyPurpose {
    type Err = KeyNameError;

    fn from_str(text: &str) -> Result<Self, KeyNameError> {
        match text {
            "accounts" => Ok(Self::Accounts),
            "paymaster" => Ok(Self::Paymaster),
            "plain" => Ok(Self::Plain),
            other => Err(KeyNameError { name: other.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::KeyName;

    #[test]
    fn a_name_that_could_leave_its_folder_is_refused() {
        for bad in ["", "..", "a/b", "-a", "_x", "A", "a b", "é", &"a".repeat(65)] {
            assert!(bad.parse::<KeyName>().is_err(), "{bad:?}");
        }
        for good in ["a", "main", "0", "wallets-2_x", &"a".repeat(64)] {
            assert_eq!(good.parse::<KeyName>().unwrap().as_str(), good);
        }
    }
}

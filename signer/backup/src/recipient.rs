//! Who can open a backup: the public halves of age keys, and how many of them are needed together.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// More recipients than this are refused: each has a piece of its own in every file.
const MAX_RECIPIENTS: usize = 32;

/// The public half of an age key (X25519), as `age1…`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Recipient(String);

impl Recipient {
    pub(crate) fn of(key: &age::x25519::Recipient) -> Self {
        Self(key.to_string())
    }

    pub(crate) fn age(&self) -> Result<age::x25519::Recipient, RecipientError> {
        self.0.parse().map_err(|_| RecipientError::Unknown { text: shortened(&self.0) })
    }
}

impl FromStr for Recipient {
    type Err = RecipientError;

    fn from_str(text: &str) -> Result<Self, RecipientError> {
        let unknown = || RecipientError::Unknown { text: shortened(text) };
        let key: age::x25519::Recipient = text.parse().map_err(|_| unknown())?;
        // One key has one text, so that equal keys are equal texts.
        if key.to_string() == text { Ok(Self(text.to_owned())) } else { Err(unknown()) }
    }
}

impl TryFrom<String> for Recipient {
    type Error = RecipientError;

    fn try_from(text: String) -> Result<Self, RecipientError> {
        text.parse()
    }
}

impl From<Recipient> for String {
    fn from(recipient: Recipient) -> Self {
        recipient.0
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The recipients of one backup, and how many of them open it together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Listed", into = "Listed")]
pub struct Recipients {
    need: u8,
    all: Vec<Recipient>,
}

/// How a file lists its recipients.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    need: u8,
    recipients: Vec<Recipient>,
}

impl Recipients {
    /// Any `need` of `all` open the backup together.
    ///
    /// # Errors
    /// If nobody is named, somebody twice, more than 32, or fewer than are needed.
    pub fn new(need: u8, all: Vec<Recipient>) -> Result<Self, RecipientError> {
        if all.is_empty() || all.len() > MAX_RECIPIENTS {
            return Err(RecipientError::Count { named: all.len() });
        }
        if need == 0 || usize::from(need) > all.len() {
            return Err(RecipientError::Need { need, named: all.len() });
        }
        let mut seen = BTreeSet::new();
        match all.iter().find(|recipient| !seen.insert(*recipient)) {
            Some(twice) => Err(RecipientError::Twice { recipient: twice.clone() }),
            None => Ok(Self { need, all }),
        }
    }

    /// How many recipients are needed together.
    #[must_use]
    pub const fn need(&self) -> u8 {
        self.need
    }

    /// All recipients, in the order of their locks.
    #[must_use]
    pub fn all(&self) -> &[Recipient] {
        &self.all
    }
}

impl TryFrom<Listed> for Recipients {
    type Error = RecipientError;

    fn try_from(listed: Listed) -> Result<Self, RecipientError> {
        Self::new(listed.need, listed.recipients)
    }
}

impl From<Recipients> for Listed {
    fn from(recipients: Recipients) -> Self {
        Self { need: recipients.need, recipients: recipients.all }
    }
}

/// Why nobody can be given a backup like this.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecipientError {
    /// It is no age key of the kind X25519.
    #[error(
        "{text:?} is no age recipient: it begins with age1 and is printed by `age-keygen -y` of an X25519 key"
    )]
    Unknown {
        /// What was given, shortened.
        text: String,
    },
    /// Nobody, or too many.
    #[error("{named} recipients are named; a backup has one to {MAX_RECIPIENTS}")]
    Count {
        /// How many.
        named: usize,
    },
    /// More are needed than there are, or none.
    #[error("{need} of {named} recipients cannot open a backup together; need 1 to {named}")]
    Need {
        /// How many are needed.
        need: u8,
        /// How many are named.
        named: usize,
    },
    /// One recipient would hold two pieces.
    #[error("the recipient {recipient} is named twice; name each once")]
    Twice {
        /// The recipient.
        recipient: Recipient,
    },
}

/// Somebody may have given a secret key by mistake: none of it is repeated.
fn shortened(text: &str) -> String {
    if text.to_ascii_uppercase().starts_with("AGE-SECRET") {
        return "<redacted>".to_owned();
    }
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::{Recipient, RecipientError, Recipients};
    use crate::Identity;

    #[test]
    fn a_backup_names_one_recipient_at_least_and_nobody_twice() {
        let someone = Identity::generate().recipient();
        let other = Identity::generate().recipient();
        let both = vec![someone.clone(), other.clone()];
        assert!(Recipients::new(2, both.clone()).is_ok());
        for need in [0, 3] {
            let refused = Recipients::new(need, both.clone());
            assert!(matches!(refused, Err(RecipientError::Need { .. })), "{need}");
        }
        assert!(matches!(Recipients::new(1, vec![]), Err(RecipientError::Count { named: 0 })));
        let twice = Recipients::new(1, vec![someone.clone(), other, someone]);
        assert!(matches!(twice, Err(RecipientError::Twice { .. })));
    }

    #[test]
    fn a_recipient_has_one_text_and_a_secret_key_given_by_mistake_is_not_repeated() {
        let text = Identity::generate().recipient().to_string();
        assert!(text.parse::<Recipient>().is_ok());
        for other in [text.to_uppercase(), format!("{text} "), "age1x".into(), String::new()] {
            assert!(other.parse::<Recipient>().is_err(), "{other:?}");
        }
        let secret = "AGE-SECRET-KEY-1QQQQQ".parse::<Recipient>().unwrap_err().to_string();
        assert!(!secret.contains("QQQQQ"), "{secret}");
    }
}

//! The secret halves of age keys, which open locks.

use std::fmt;

use crate::recipient::Recipient;

/// The secret half of an age key (X25519). The library wipes it when it is dropped.
#[derive(Clone)]
pub struct Identity(age::x25519::Identity);

impl Identity {
    /// A new key.
    #[must_use]
    pub fn generate() -> Self {
        Self(age::x25519::Identity::generate())
    }

    /// Reads the text of an identity file, as `age-keygen` writes it: a key a line, comments behind `#`.
    ///
    /// # Errors
    /// If a line is neither, or there is no key. The line is named by its number and never repeated.
    pub fn parse_file(text: &str) -> Result<Vec<Self>, IdentityError> {
        let mut identities = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let unknown = |_| IdentityError::Line { line: number.saturating_add(1) };
            identities.push(Self(line.parse().map_err(unknown)?));
        }
        if identities.is_empty() { Err(IdentityError::Empty) } else { Ok(identities) }
    }

    /// The public half.
    #[must_use]
    pub fn recipient(&self) -> Recipient {
        Recipient::of(&self.0.to_public())
    }

    /// The text of an identity file with this key.
    ///
    /// # Security
    /// It is the key itself.
    #[must_use]
    pub fn expose_text(&self) -> secrecy::SecretString {
        self.0.to_string()
    }

    pub(crate) const fn age(&self) -> &age::x25519::Identity {
        &self.0
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(<redacted>)")
    }
}

/// Why a file gives no identity.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// A line is no key.
    #[error("line {line} is no age identity of the kind X25519 (AGE-SECRET-KEY-1…)")]
    Line {
        /// Its number, from 1.
        line: usize,
    },
    /// There is no key.
    #[error("there is no age identity (AGE-SECRET-KEY-1…)")]
    Empty,
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::{Identity, IdentityError};

    #[test]
    fn an_identity_file_is_read_as_age_keygen_writes_it_and_shows_no_secret() {
        let key = Identity::generate();
        let secret = key.expose_text();
        let secret = secret.expose_secret();
        let text = format!("# created: today\n# public key: {}\n{secret}\n", key.recipient());
        let read = Identity::parse_file(&text).unwrap();
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].recipient(), key.recipient());
        assert_eq!(format!("{key:?}"), "Identity(<redacted>)");
        let error = Identity::parse_file(&format!("#\n{}\n", &secret[..70])).unwrap_err();
        assert!(matches!(error, IdentityError::Line { line: 2 }));
        assert!(!format!("{error}{error:?}").contains(&secret[20..60]));
        assert!(matches!(Identity::parse_file("# nothing\n"), Err(IdentityError::Empty)));
    }
}

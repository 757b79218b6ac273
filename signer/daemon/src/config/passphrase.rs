//! Where the passphrase of the vault comes from.

use std::fmt;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;
use zeroize::Zeroizing;

/// A passphrase file holds no more than this.
const MAX_BYTES: u64 = 4096;

/// Where the passphrase of the vault comes from. Configuration never holds the passphrase itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PassphraseSource {
    /// Asked for on the terminal.
    #[default]
    Prompt,
    /// The first line of a file that only its owner may read.
    File(PathBuf),
    /// An environment variable.
    Env(String),
    /// A credential that systemd passes by `LoadCredential=` under this name. Systemd gives it to the
    /// service alone, by group or access list as well as by owner.
    Credential(String),
}

/// Permission bits that a passphrase file may not have.
const OF_OTHERS_AND_GROUP: u32 = 0o077;
const OF_OTHERS: u32 = 0o007;

impl PassphraseSource {
    /// Fetches the passphrase.
    ///
    /// # Errors
    /// If it is not there, is empty, or lies in a file that others may read.
    pub fn read(&self) -> Result<SecretString, PassphraseError> {
        let text = match self {
            Self::Prompt => rpassword::prompt_password("Passphrase of the vault: ")
                .map(Zeroizing::new)
                .map_err(|source| PassphraseError::Read { from: self.to_string(), source })?,
            Self::File(path) => self.file(path, OF_OTHERS_AND_GROUP)?,
            Self::Env(name) => std::env::var(name)
                .map(Zeroizing::new)
                .map_err(|_| PassphraseError::Missing { from: self.to_string() })?,
            Self::Credential(name) => {
                let folder = std::env::var_os("CREDENTIALS_DIRECTORY");
                self.credential(name, folder.as_deref().map(Path::new))?
            }
        };
        let line = text.lines().next().unwrap_or_default();
        if line.is_empty() {
            return Err(PassphraseError::Empty { from: self.to_string() });
        }
        Ok(SecretString::from(line))
    }

    /// Whether a new passphrase should be asked for twice.
    #[must_use]
    pub const fn is_typed(&self) -> bool {
        matches!(self, Self::Prompt)
    }

    pub(crate) fn resolve(&mut self, base: &Path) {
        if let Self::File(path) = self {
            *path = base.join(&path);
        }
    }

    fn credential(
        &self,
        name: &str,
        folder: Option<&Path>,
    ) -> Result<Zeroizing<String>, PassphraseError> {
        let missing = || PassphraseError::Missing { from: self.to_string() };
        if name.contains('/') || name.starts_with('.') {
            return Err(missing());
        }
        self.file(&folder.ok_or_else(missing)?.join(name), OF_OTHERS)
    }

    fn file(&self, path: &Path, forbidden: u32) -> Result<Zeroizing<String>, PassphraseError> {
        let failed = |source| PassphraseError::Read { from: self.to_string(), source };
        let file = std::fs::File::open(path).map_err(failed)?;
        let mode = file.metadata().map_err(failed)?.permissions().mode();
        if mode & forbidden != 0 {
            return Err(PassphraseError::OpenToOthers {
                from: self.to_string(),
                mode: mode & 0o777,
            });
        }
        let mut text = Zeroizing::new(String::new());
        file.take(MAX_BYTES).read_to_string(&mut text).map_err(failed)?;
        Ok(text)
    }
}

impl fmt::Display for PassphraseSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prompt => f.write_str("the terminal"),
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Env(name) => write!(f, "the environment variable {name}"),
            Self::Credential(name) => write!(f, "the systemd credential {name}"),
        }
    }
}

/// Why there is no passphrase.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PassphraseError {
    /// It is not there.
    #[error("no passphrase is in {from}")]
    Missing {
        /// Where it should be.
        from: String,
    },
    /// It is empty.
    #[error("the passphrase in {from} is empty")]
    Empty {
        /// Where it is.
        from: String,
    },
    /// Others than the owner may read it.
    #[error("{from} is open to others (mode {mode:o}); set it to 600")]
    OpenToOthers {
        /// Where it is.
        from: String,
        /// The file's permission bits.
        mode: u32,
    },
    /// It could not be read.
    #[error("the passphrase could not be read from {from}")]
    Read {
        /// Where it should be.
        from: String,
        /// What the operating system said.
        source: std::io::Error,
    },
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use secrecy::ExposeSecret as _;

    use super::{PassphraseError, PassphraseSource};

    fn must_write(text: &str, mode: u32) -> (tempfile::TempDir, PassphraseSource) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passphrase");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        (folder, PassphraseSource::File(path))
    }

    #[test]
    fn a_passphrase_is_the_first_line_of_a_private_file() {
        let (_folder, source) = must_write("correct horse\nignored\n", 0o600);
        assert_eq!(source.read().unwrap().expose_secret(), "correct horse");
    }

    #[test]
    fn a_passphrase_file_that_others_may_read_is_refused() {
        let (_folder, source) = must_write("correct horse\n", 0o644);
        assert!(matches!(source.read(), Err(PassphraseError::OpenToOthers { mode: 0o644, .. })));
    }

    #[test]
    fn a_credential_may_be_readable_by_its_group_and_by_nobody_else() {
        let source = PassphraseSource::Credential("passphrase".into());
        for (mode, allowed) in [(0o400, true), (0o440, true), (0o444, false), (0o441, false)] {
            let (folder, _) = must_write("correct horse\n", mode);
            let read = source.credential("passphrase", Some(folder.path()));
            assert_eq!(read.is_ok(), allowed, "{mode:o}");
        }
        let (folder, file) = must_write("correct horse\n", 0o640);
        assert!(matches!(file.read(), Err(PassphraseError::OpenToOthers { mode: 0o640, .. })));
        for name in ["../passphrase", ".hidden"] {
            assert!(source.credential(name, Some(folder.path())).is_err());
        }
        assert!(matches!(source.read(), Err(PassphraseError::Missing { .. })));
    }

    #[test]
    fn an_empty_passphrase_is_refused() {
        let (_folder, source) = must_write("\nsecond line\n", 0o600);
        assert!(matches!(source.read(), Err(PassphraseError::Empty { .. })));
    }

    #[test]
    fn a_missing_variable_is_named() {
        let source = PassphraseSource::Env("COUNTERSIGN_NO_SUCH_VARIABLE".into());
        let error = source.read().unwrap_err();
        assert!(error.to_string().contains("COUNTERSIGN_NO_SUCH_VARIABLE"), "{error}");
    }
}

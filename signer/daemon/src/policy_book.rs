//! The policy in force: read at the start, read again when the operator says so, and never replaced by a worse one.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use countersign_policy::{DEVELOPMENT, Policy, PolicyError};

use crate::config::DaemonConfig;

/// Why there is no policy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyFileError {
    /// The configuration names no policy file, and this is not a development machine.
    #[error(
        "the configuration names no policy; set `policy` to a file that `cosigner policy check` accepts"
    )]
    Missing,
    /// The file cannot be read.
    #[error("the policy {path} could not be read", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file does not hold together.
    #[error("the policy {path} cannot be used: {source}", path = path.display())]
    Policy {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        source: PolicyError,
    },
}

/// Holds the policy in force. Clones share it.
#[derive(Clone, Debug)]
pub struct PolicyBook {
    file: Option<PathBuf>,
    current: Arc<RwLock<Arc<Policy>>>,
}

impl PolicyBook {
    /// The policy that the configuration names; under `dev` the development policy if it names none.
    ///
    /// # Errors
    /// [`PolicyFileError`]: then nothing can be signed.
    pub fn load(config: &DaemonConfig) -> Result<Self, PolicyFileError> {
        let policy = match &config.policy {
            Some(path) => read(path)?,
            None if config.dev => development()?,
            None => return Err(PolicyFileError::Missing),
        };
        let book = Self::new(policy, config.policy.clone());
        book.say();
        Ok(book)
    }

    /// A policy that is in no file.
    #[must_use]
    pub fn of(policy: Policy) -> Self {
        Self::new(policy, None)
    }

    fn new(policy: Policy, file: Option<PathBuf>) -> Self {
        Self { file, current: Arc::new(RwLock::new(Arc::new(policy))) }
    }

    /// The policy in force now. A request is judged by one policy from its beginning to its end.
    #[must_use]
    pub fn current(&self) -> Arc<Policy> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the file again. On an error the old policy stays in force.
    ///
    /// # Errors
    /// [`PolicyFileError`] says what is wrong with the new one.
    pub fn reload(&self) -> Result<(), PolicyFileError> {
        let Some(path) = &self.file else { return Ok(()) };
        let policy = read(path)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(policy);
        self.say();
        Ok(())
    }

    /// Puts another policy into force, as a reload would.
    #[cfg(test)]
    pub(crate) fn replace(&self, policy: Policy) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(policy);
    }

    /// What an operator should know of the policy in force.
    fn say(&self) {
        let policy = self.current();
        tracing::info!(policies = ?policy.policy_ids(), limits = policy.limits().len(), "policy in force");
        if policy.waives_intents() {
            tracing::warn!(
                "the policy waives callers' signatures on their intents: a gateway of the committee file may ask \
                 for whatever the policy allows"
            );
        }
    }
}

/// Reads and checks a policy file.
///
/// # Errors
/// [`PolicyFileError`] with the line where there is one.
pub(crate) fn read(path: &Path) -> Result<Policy, PolicyFileError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| PolicyFileError::File { path: path.to_owned(), source })?;
    Policy::parse(&text).map_err(|source| PolicyFileError::Policy { path: path.to_owned(), source })
}

fn development() -> Result<Policy, PolicyFileError> {
    Policy::parse(DEVELOPMENT)
        .map_err(|source| PolicyFileError::Policy { path: "development".into(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &str =
        "version = 1\npolicies = '''\n@id(\"all\")\npermit (principal, action, resource);\n'''\n";

    fn config(text: &str) -> DaemonConfig {
        let base = "data_dir = \"d\"\nlisten = \"127.0.0.1:0\"\ncommittee = \"c\"\n";
        DaemonConfig::from_toml(&format!("{base}{text}")).unwrap()
    }

    #[test]
    fn without_a_policy_only_a_development_machine_starts() {
        assert!(matches!(PolicyBook::load(&config("")), Err(PolicyFileError::Missing)));
        let dev = PolicyBook::load(&config("dev = true")).unwrap();
        assert!(dev.current().waives_intents());
    }

    #[test]
    fn a_broken_file_never_replaces_a_sound_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.toml");
        std::fs::write(&path, ALL).unwrap();
        let book = PolicyBook::load(&config(&format!("policy = {path:?}"))).unwrap();
        assert_eq!(book.current().policy_ids(), ["all"]);
        std::fs::write(&path, ALL.replace("permit", "allow")).unwrap();
        let error = book.reload().unwrap_err();
        assert!(error.to_string().contains("line 4"), "{error}");
        assert_eq!(book.current().policy_ids(), ["all"]);
        std::fs::write(&path, ALL.replace("\"all\"", "\"others\"")).unwrap();
        book.reload().unwrap();
        assert_eq!(book.current().policy_ids(), ["others"]);
    }
}

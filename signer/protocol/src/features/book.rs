//! The features in force: read at the start, read again when the operator says so, and never replaced by a broken file.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use super::{Features, FeaturesError};

/// Why there are no features.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeatureFileError {
    /// The configuration names no file, and this is not a development machine.
    #[error(
        "the configuration names no features; set `features` to a file such as features.example.toml"
    )]
    Missing,
    /// The file cannot be read.
    #[error("the features {path} could not be read", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file does not hold together.
    #[error("the features {path} cannot be used: {source}", path = path.display())]
    Features {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        source: FeaturesError,
    },
}

/// Holds the features in force. Clones share them.
#[derive(Clone, Debug)]
pub struct FeatureBook {
    file: Option<PathBuf>,
    current: Arc<RwLock<Arc<Features>>>,
}

impl FeatureBook {
    /// The features of a file. A development machine does without one: there everything is on, and that is said.
    ///
    /// # Errors
    /// [`FeatureFileError`]: then nothing may be asked for.
    pub fn load(file: Option<&Path>, dev: bool) -> Result<Self, FeatureFileError> {
        let features = match file {
            Some(path) => read(path)?,
            None if dev => {
                tracing::warn!("no file of features: everything is on, as only dev mode allows");
                Features::everything()
            }
            None => return Err(FeatureFileError::Missing),
        };
        Ok(Self { file: file.map(Path::to_owned), ..Self::of(features) })
    }

    /// Features that are in no file.
    #[must_use]
    pub fn of(features: Features) -> Self {
        Self { file: None, current: Arc::new(RwLock::new(Arc::new(features))) }
    }

    /// The features in force now.
    #[must_use]
    pub fn current(&self) -> Arc<Features> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the file again. On an error the old features stay in force.
    ///
    /// # Errors
    /// [`FeatureFileError`] says what is wrong with the new ones.
    pub fn reload(&self) -> Result<(), FeatureFileError> {
        let Some(path) = &self.file else { return Ok(()) };
        self.replace(read(path)?);
        Ok(())
    }

    /// Puts other features into force.
    pub fn replace(&self, features: Features) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(features);
    }
}

fn read(path: &Path) -> Result<Features, FeatureFileError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| FeatureFileError::File { path: path.to_owned(), source })?;
    Features::parse(&text)
        .map_err(|source| FeatureFileError::Features { path: path.to_owned(), source })
}

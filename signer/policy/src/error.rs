//! Why a policy file cannot be used.

use thiserror::Error;

/// What is wrong with a policy file, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The file is not the TOML that was expected.
    #[error("{}{reason}", at(*line))]
    File {
        /// The line in the file, from one.
        line: Option<usize>,
        /// What is wrong.
        reason: String,
    },
    /// A Cedar policy does not parse.
    #[error("{}the policies do not parse: {reason}", at(*line))]
    Syntax {
        /// The line in the file, from one.
        line: Option<usize>,
        /// What is wrong.
        reason: String,
    },
    /// A Cedar policy does not fit the schema.
    #[error("{}policy {policy:?} does not fit the schema: {reason}", at(*line))]
    Schema {
        /// The line in the file, from one.
        line: Option<usize>,
        /// The policy.
        policy: String,
        /// What is wrong.
        reason: String,
    },
    /// An annotation, a name or a reference between the parts is wrong.
    #[error("{0}")]
    Reference(String),
    /// This build's schema does not parse: a fault of ours.
    #[error("the schema does not parse: {0}")]
    Internal(String),
}

fn at(line: Option<usize>) -> String {
    line.map(|line| format!("line {line}: ")).unwrap_or_default()
}

//! What is wrong with an operation's JSON, and in which field.

use std::fmt;

/// A field of an operation's JSON is not what the standard says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("field `{field}` {problem}")]
pub struct ParseError {
    field: String,
    problem: Problem,
}

impl ParseError {
    pub(crate) fn new(field: impl Into<String>, problem: Problem) -> Self {
        Self { field: field.into(), problem }
    }

    /// The field's JSON name; a nested one has its path (`eip7702Auth.nonce`).
    pub fn field(&self) -> &str {
        &self.field
    }

    /// What is wrong with it.
    pub const fn problem(&self) -> &Problem {
        &self.problem
    }

    /// The same error one level up.
    pub(crate) fn inside(mut self, parent: &str) -> Self {
        self.field = format!("{parent}.{}", self.field);
        self
    }
}

/// The ways in which a field can be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// It is not there.
    Missing,
    /// It is of another JSON type.
    WrongType {
        /// What should be there.
        expected: &'static str,
    },
    /// It is a string without `0x`.
    NoPrefix,
    /// It is a number below zero.
    Negative,
    /// A quantity without digits.
    NoDigits,
    /// It has a character that is no hexadecimal digit.
    NotHex,
    /// Bytes need an even number of digits.
    OddHex,
    /// It is longer than its type or our bound.
    TooLong {
        /// The most bytes it may have.
        max: usize,
    },
    /// It has fewer bytes than it needs.
    TooShort {
        /// The fewest bytes it may have.
        min: usize,
    },
    /// It has more items than we read.
    TooMany {
        /// The most items it may have.
        max: usize,
    },
    /// No field of this name is known; it might change what the operation means.
    Unknown,
    /// The field exists, but not on this EntryPoint version.
    NotInVersion(crate::EntryPointVersion),
    /// It makes no sense without another field.
    Needs(&'static str),
    /// It contradicts the standard in another way.
    Invalid(&'static str),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("is missing"),
            Self::WrongType { expected } => write!(f, "must be {expected}"),
            Self::NoPrefix => f.write_str("must start with 0x"),
            Self::Negative => f.write_str("must not be negative"),
            Self::NoDigits => f.write_str("has no digits, zero is 0x0"),
            Self::NotHex => f.write_str("has a character that is no hexadecimal digit"),
            Self::OddHex => f.write_str("has an odd number of hexadecimal digits"),
            Self::TooLong { max } => write!(f, "is longer than {max} bytes"),
            Self::TooShort { min } => write!(f, "is shorter than {min} bytes"),
            Self::TooMany { max } => write!(f, "has more than {max} items"),
            Self::Unknown => f.write_str("is unknown"),
            Self::NotInVersion(version) => {
                write!(f, "does not exist on EntryPoint {version}")
            }
            Self::Needs(other) => write!(f, "needs `{other}`"),
            Self::Invalid(why) => f.write_str(why),
        }
    }
}

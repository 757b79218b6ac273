//! What a policy says to a request, and why.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use crate::Grant;

/// The outcome of [`Policy::judge`](crate::Policy::judge).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "verdict")]
pub enum Verdict {
    /// Every decision was a permit, and every grant that is needed was given by name.
    Allowed {
        /// The policies that permitted, by name.
        by: BTreeSet<String>,
    },
    /// It would be allowed with more people's approval.
    NeedsApproval {
        /// What is missing: any one of these is enough, unless it says all.
        missing: Missing,
    },
    /// Something said no.
    Denied(Denial),
}

/// Approvals that would turn a no into a yes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Missing {
    /// The groups and how many of each, as policies write them: `treasurers:2`.
    pub approvals: Vec<String>,
    /// Whether all of them are needed, or any one.
    pub all: bool,
}

/// A no.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Denial {
    /// What was refused: `request`, or the call by its place and target.
    pub what: String,
    /// The policies that forbade it, by name; none if nothing permitted it.
    pub forbidden_by: BTreeSet<String>,
    /// The grant that no permitting policy gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs: Option<Grant>,
    /// What went wrong while policies were evaluated; an error is a no.
    pub errors: Vec<String>,
}

impl Verdict {
    /// Whether the request is allowed.
    #[must_use]
    pub const fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed { .. })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allowed { by } => write!(f, "allowed by {}", list(by)),
            Self::NeedsApproval { missing } => {
                let how = if missing.all { " and " } else { " or " };
                write!(f, "needs the approval of {}", missing.approvals.join(how))
            }
            Self::Denied(denial) => denial.fmt(f),
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(error) = self.errors.first() {
            return write!(f, "{}: a policy failed: {error}", self.what);
        }
        if !self.forbidden_by.is_empty() {
            return write!(f, "{} is forbidden by {}", self.what, list(&self.forbidden_by));
        }
        match self.needs {
            Some(grant) => {
                write!(f, "{} needs the grant \"{grant}\", which no policy gives it", self.what)
            }
            None => write!(f, "no policy permits {}", self.what),
        }
    }
}

fn list(names: &BTreeSet<String>) -> String {
    names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}

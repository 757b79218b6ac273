//! What `countersign_getOperation` tells, for people.

use std::{fmt, time::Duration};

use anyhow::Context;
use serde::Deserialize;
use serde_json::Value;

/// An operation's history, and the numbers that the demo ends with.
#[derive(Debug)]
pub(crate) struct Timeline {
    /// The operation.
    pub(crate) user_op_hash: String,
    /// The bundle's transaction.
    pub(crate) transaction_hash: String,
    /// How long the quorum took.
    pub(crate) sign_ms: u64,
    entries: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    at_ms: u64,
    step: String,
    took_ms: u64,
    detail: Value,
}

/// What one cosigner reports of one signature.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Seen {
    cosigner: Value,
    saw: Vec<String>,
    #[serde(default)]
    stages_ms: serde_json::Map<String, Value>,
}

impl Timeline {
    /// Reads the operation that the gateway answered.
    pub(crate) fn read(operation: &Value) -> anyhow::Result<Self> {
        let text = |value: &Value, what: &str| {
            value.as_str().map(str::to_owned).with_context(|| format!("no {what}: {operation}"))
        };
        let entries: Vec<Entry> = serde_json::from_value(operation["timeline"].clone())?;
        let signed = entries.iter().rfind(|entry| entry.step == "sign");
        Ok(Self {
            user_op_hash: text(&operation["userOpHash"], "userOpHash")?,
            transaction_hash: text(&operation["inclusion"]["transactionHash"], "transaction")?,
            sign_ms: signed.context("the timeline has no signature")?.took_ms,
            entries,
        })
    }
}

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let begun = self.entries.first().map_or(0, |entry| entry.at_ms);
        writeln!(f, "\n      at     took  step")?;
        for entry in &self.entries {
            let at = entry.at_ms.saturating_sub(begun);
            writeln!(f, "{at:>5} ms {:>5} ms  {:<8} {}", entry.took_ms, entry.step, entry.facts())?;
            for (role, list) in
                [("cosigners", "signed, having seen"), ("approvedBy", "approved paying for")]
            {
                for seen in entry.seen(role) {
                    writeln!(f, "{:>20}cosigner {} {list}:{}", "", seen.name(), seen.stages())?;
                    for line in &seen.saw {
                        writeln!(f, "{:>24}{line}", "")?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl Entry {
    fn seen(&self, role: &str) -> Vec<Seen> {
        serde_json::from_value(self.detail[role].clone()).unwrap_or_default()
    }

    /// The plain facts of a step on one line.
    fn facts(&self) -> String {
        let Some(detail) = self.detail.as_object() else { return String::new() };
        let plain = detail.iter().filter(|(_, value)| !value.is_null() && !is_seen(value));
        plain.map(|(name, value)| format!("{name}={}", bare(value))).collect::<Vec<_>>().join(" ")
    }
}

impl Seen {
    fn name(&self) -> String {
        bare(&self.cosigner)
    }

    fn stages(&self) -> String {
        let each = self.stages_ms.iter();
        each.map(|(name, ms)| format!(" {name} {:.1} ms", ms.as_f64().unwrap_or(0.0))).collect()
    }
}

fn is_seen(value: &Value) -> bool {
    value.as_array().is_some_and(|list| list.iter().any(|item| item.get("saw").is_some()))
}

fn bare(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A duration in front of a line.
pub(crate) fn took(elapsed: Duration) -> String {
    format!("[{:.1} s]", elapsed.as_secs_f64())
}

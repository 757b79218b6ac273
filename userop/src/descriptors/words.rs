//! What a descriptor says of one call or one message.

use serde_json::Value;

use super::{Container, Descriptor, Format, format, parse::MAX_WORDS, path};
use crate::{TypedValue, signable::printable};

/// The most fields in all, and how deep groups of them nest.
const MAX_FIELDS: usize = 64;
const MAX_DEPTH: usize = 4;

/// Words for people. They are somebody's, and prove nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Words {
    /// What it is for, as `Swap`.
    pub intent: String,
    /// Whose contract the descriptor says it is.
    pub owner: Option<String>,
    /// What it says of the arguments.
    pub fields: Vec<WordedField>,
}

/// One argument in words.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WordedField {
    /// What it is called.
    pub label: String,
    /// Its value.
    pub value: String,
}

impl Words {
    /// One line for the whole, one for each field, all marked as a descriptor's.
    pub fn lines(&self) -> Vec<String> {
        let owner = self.owner.as_ref().map(|owner| format!(" of {owner}")).unwrap_or_default();
        let mut lines = vec![format!("described as: {}{owner}", self.intent)];
        let field = |field: &WordedField| format!("  {}: {}", field.label, field.value);
        lines.extend(self.fields.iter().map(field));
        lines
    }
}

pub(super) fn of(
    descriptor: &Descriptor,
    format: &Format,
    arguments: &TypedValue,
    container: Container<'_>,
) -> Words {
    let owner = descriptor.root.pointer("/metadata/owner").and_then(Value::as_str);
    let mut words = Words {
        intent: format.intent.clone(),
        owner: owner.map(|owner| printable(owner, MAX_WORDS)),
        fields: Vec::new(),
    };
    let writer = Writer { descriptor, arguments, container };
    writer.fields(&format.fields, "", MAX_DEPTH, &mut words.fields);
    words
}

struct Writer<'a> {
    descriptor: &'a Descriptor,
    arguments: &'a TypedValue,
    container: Container<'a>,
}

impl Writer<'_> {
    fn fields(&self, specs: &[Value], prefix: &str, depth: usize, out: &mut Vec<WordedField>) {
        let Some(depth) = depth.checked_sub(1) else { return };
        for spec in specs {
            if out.len() >= MAX_FIELDS {
                return;
            }
            let path = joined(prefix, spec.get("path").and_then(Value::as_str).unwrap_or_default());
            match spec.get("fields").and_then(Value::as_array) {
                Some(group) => self.fields(group, &path, depth, out),
                None => self.field(spec, &path, out),
            }
        }
    }

    fn field(&self, spec: &Value, path: &str, out: &mut Vec<WordedField>) {
        let referred = spec.get("$ref").and_then(Value::as_str).and_then(|r| self.referred(r));
        let part = |name: &str| spec.get(name).or_else(|| referred?.get(name));
        let Some(label) = part("label").and_then(Value::as_str) else { return };
        let how = part("format").and_then(Value::as_str).unwrap_or("raw");
        let values = path::resolve(path, self.arguments, self.container);
        let tokens = part("params").and_then(|p| p.get("tokenPath")).and_then(Value::as_str);
        let token = tokens
            .and_then(|path| path::resolve(path, self.arguments, self.container).pop())
            .and_then(|token| token.address());
        let place =
            format::Place { contract: self.container.to, token, root: &self.descriptor.root };
        let shown = values.iter().map(|value| format::value(value, how, part("params"), &place));
        let value = printable(&shown.collect::<Vec<_>>().join(", "), 4 * MAX_WORDS);
        if !values.is_empty() {
            out.push(WordedField { label: printable(label, MAX_WORDS), value });
        }
    }

    /// `$.display.definitions.x`, one step and no further.
    fn referred(&self, reference: &str) -> Option<&Value> {
        format::referred(&self.descriptor.root, reference)
    }
}

fn joined(prefix: &str, path: &str) -> String {
    match (prefix, path) {
        ("", path) => path.to_owned(),
        (_, path) if path.starts_with(['#', '@', '$']) => path.to_owned(),
        (prefix, "") => prefix.to_owned(),
        (prefix, path) => format!("{prefix}.{path}"),
    }
}

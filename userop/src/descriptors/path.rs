//! Paths of ERC-7730, as `details.token`, `#.orders.[0].maker`, `@.value`.

use super::Container;
use crate::TypedValue;

/// The most values that one path may name.
const MAX_VALUES: usize = 16;
/// No path is longer.
const MAX_PATH: usize = 256;

/// The values that a path names; none if it leads nowhere, or we do not know its form.
pub(super) fn resolve(
    path: &str,
    arguments: &TypedValue,
    container: Container<'_>,
) -> Vec<TypedValue> {
    if path.len() > MAX_PATH {
        return Vec::new();
    }
    if let Some(name) = path.strip_prefix("@.") {
        return match name {
            "from" => container.from.map(TypedValue::Address).into_iter().collect(),
            "to" => container.to.map(TypedValue::Address).into_iter().collect(),
            "value" => container.value.cloned().into_iter().collect(),
            _ => Vec::new(),
        };
    }
    let path = path.strip_prefix("#.").unwrap_or(path);
    let mut found = vec![arguments];
    for step in path.split('.') {
        found = found.into_iter().flat_map(|value| take(step, value)).take(MAX_VALUES).collect();
    }
    found.into_iter().cloned().collect()
}

fn take<'a>(step: &str, value: &'a TypedValue) -> Vec<&'a TypedValue> {
    let Some(index) = step.strip_prefix('[').and_then(|step| step.strip_suffix(']')) else {
        return value.field(step).into_iter().collect();
    };
    let items = value.items();
    if index.is_empty() {
        return items.iter().take(MAX_VALUES).collect();
    }
    let index = match index.parse::<i32>() {
        Ok(index) if index < 0 => {
            items.len().checked_sub(usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX))
        }
        Ok(index) => usize::try_from(index).ok(),
        Err(_) => None,
    };
    index.and_then(|index| items.get(index)).into_iter().collect()
}

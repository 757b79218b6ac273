//! JSON objects in the order of their keys, in whatever order serde_json's map keeps them: another crate of a build may
//! turn on its insertion order.

use serde_json::Value;

/// The same value, with every object's members in the order of their keys.
pub(super) fn ordered(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            Value::Object(members.into_iter().map(|(n, v)| (n.clone(), ordered(v))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(ordered).collect()),
        leaf => leaf.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_come_in_the_order_of_their_keys_at_any_depth() {
        let value: Value = serde_json::from_str(r#"{"b":[{"d":1,"c":2}],"a":0}"#).unwrap();
        assert_eq!(ordered(&value).to_string(), r#"{"a":0,"b":[{"c":2,"d":1}]}"#);
    }
}

//! One form for one JSON value, whatever order serde_json's map keeps: another crate of a build may turn on its insertion
//! order.

use serde_json::Value;

/// The same value, with every object's members in the order of their keys.
#[must_use]
pub fn ordered(value: &Value) -> Value {
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

/// The canonical bytes of a value: keys sorted, no white space. What is hashed or signed as JSON goes through here, so
/// that two processes agree.
#[must_use]
pub fn canonical_json(value: &Value) -> Vec<u8> {
    ordered(value).to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_come_in_the_order_of_their_keys_at_any_depth() {
        let one = serde_json::from_str(r#"{"b": [1, {"y": null, "x": "é\""}], "a": true}"#);
        let other = serde_json::from_str(r#"{"a":true,"b":[1,{"x":"é\"","y":null}]}"#);
        let (one, other) = (canonical_json(&one.unwrap()), canonical_json(&other.unwrap()));
        assert_eq!(one, other);
        assert_eq!(one, r#"{"a":true,"b":[1,{"x":"é\"","y":null}]}"#.as_bytes());
    }
}

//! One byte string for one JSON value: keys sorted, no white space. What is hashed or signed goes
//! through here, so that two processes agree whatever their serializer's map order.

use serde_json::Value;

/// The canonical bytes of a value.
#[must_use]
pub fn canonical_json(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            out.push(b'{');
            for (position, (key, value)) in entries.into_iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                out.extend(Value::from(key.as_str()).to_string().into_bytes());
                out.push(b':');
                write(value, out);
            }
            out.push(b'}');
        }
        Value::Array(items) => {
            out.push(b'[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                write(item, out);
            }
            out.push(b']');
        }
        leaf => out.extend(leaf.to_string().into_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::canonical_json;

    #[test]
    fn the_order_of_keys_does_not_matter() {
        let one = serde_json::from_str(r#"{"b": [1, {"y": null, "x": "é\""}], "a": true}"#);
        let other = serde_json::from_str(r#"{"a":true,"b":[1,{"x":"é\"","y":null}]}"#);
        let (one, other) = (canonical_json(&one.unwrap()), canonical_json(&other.unwrap()));
        assert_eq!(one, other);
        assert_eq!(one, r#"{"a":true,"b":[1,{"x":"é\"","y":null}]}"#.as_bytes());
    }
}

//! Reading a call's parameters, by position or by name, so that an error names the field.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::{Code, RpcError};

/// Reads the parameters as `P`, whose fields are `names` in their order.
pub(super) fn read<P: DeserializeOwned>(
    names: &'static [&'static str],
    text: Option<&str>,
) -> Result<P, RpcError> {
    let given: Value = match text {
        None => Value::Null,
        Some(text) => serde_json::from_str(text)
            .map_err(|error| RpcError::new(Code::InvalidParams, format!("params: {error}")))?,
    };
    let fields = match given {
        Value::Null => Map::new(),
        Value::Object(fields) => fields,
        Value::Array(values) => by_position(names, values)?,
        _ => return Err(RpcError::field("params", "must be an array or an object")),
    };
    serde_path_to_error::deserialize(Value::Object(fields)).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { "params".to_owned() } else { path };
        RpcError::field(&path, error.into_inner())
    })
}

/// Refuses parameters that nest deeper than the bound, before anything is built of them.
pub(super) fn check_depth(text: &str, bound: usize) -> Result<(), RpcError> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => {
                depth += 1;
                if depth > bound {
                    let problem = format!("nests deeper than {bound} levels");
                    return Err(RpcError::field("params", problem));
                }
            }
            b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

fn by_position(
    names: &'static [&'static str],
    values: Vec<Value>,
) -> Result<Map<String, Value>, RpcError> {
    if values.len() > names.len() {
        let takes = match names {
            [] => "takes none".to_owned(),
            names => format!("takes at most {}: {}", names.len(), names.join(", ")),
        };
        return Err(RpcError::field("params", format!("{} given; {takes}", values.len())));
    }
    // A null in its place is a parameter left out, as callers in JavaScript write it.
    let present = names.iter().zip(values).filter(|(_, value)| !value.is_null());
    Ok(present.map(|(name, value)| ((*name).to_owned(), value)).collect())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Pair {
        first: u8,
        second: Option<Vec<u8>>,
    }

    const NAMES: &[&str] = &["first", "second"];

    fn must_fail(text: &str) -> String {
        let error = read::<Pair>(NAMES, Some(text)).unwrap_err();
        assert_eq!(error.code(), Code::InvalidParams);
        error.to_response()["error"]["message"].as_str().unwrap().to_owned()
    }

    #[test]
    fn reads_by_position_and_by_name_alike() {
        let pair = Pair { first: 1, second: Some(vec![2]) };
        assert_eq!(read::<Pair>(NAMES, Some("[1,[2]]")).unwrap(), pair);
        assert_eq!(read::<Pair>(NAMES, Some(r#"{"second":[2],"first":1}"#)).unwrap(), pair);
        let short = Pair { first: 1, second: None };
        assert_eq!(read::<Pair>(NAMES, Some("[1]")).unwrap(), short);
        assert_eq!(read::<Pair>(NAMES, Some("[1,null]")).unwrap(), short);
    }

    #[test]
    fn depth_is_counted_outside_of_strings_only() {
        assert!(check_depth("[[[]],[[]]]", 3).is_ok());
        assert!(check_depth("[[[]],[[[]]]]", 3).is_err());
        assert!(check_depth(r#"["[[[[", {"a\"[[[": 1}]"#, 2).is_ok());
        assert!(check_depth(r#"["\\", [[1]]]"#, 2).is_err());
    }

    #[test]
    fn an_error_names_the_field() {
        insta::assert_snapshot!(
            [
                must_fail("[]"),
                must_fail("[1,[2,300]]"),
                must_fail("[1,[2],3]"),
                must_fail("7"),
                must_fail(r#"{"first":1,"third":2}"#)
            ]
            .join("\n")
        );
    }
}

//! Configuration files from JSON values.

use anyhow::bail;
use serde_json::Value;

/// The TOML that says what a JSON object says; members that are null are left out.
///
/// `toml::to_string` of a `serde_json::Value` is not it: some crates of a test build turn on
/// serde_json's `arbitrary_precision`, and then every number becomes a table.
///
/// # Errors
/// When a number is none that TOML has.
pub fn toml_text(value: &Value) -> anyhow::Result<String> {
    Ok(toml::to_string(&converted(value)?)?)
}

fn converted(value: &Value) -> anyhow::Result<toml::Value> {
    Ok(match value {
        Value::Bool(truth) => (*truth).into(),
        Value::String(text) => text.clone().into(),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole.into(),
            (None, Some(fraction)) => fraction.into(),
            (None, None) => bail!("{number} is no TOML number"),
        },
        Value::Array(items) => {
            toml::Value::Array(items.iter().map(converted).collect::<anyhow::Result<_>>()?)
        }
        Value::Object(members) => {
            let present = members.iter().filter(|(_, member)| !member.is_null());
            let members = present.map(|(name, member)| Ok((name.clone(), converted(member)?)));
            toml::Value::Table(members.collect::<anyhow::Result<_>>()?)
        }
        Value::Null => bail!("TOML has no null"),
    })
}

#[cfg(test)]
mod tests {
    use super::toml_text;
    use serde_json::json;

    #[test]
    fn numbers_stay_numbers_and_nulls_are_left_out() {
        let text = toml_text(&json!({"id": 31337, "name": "a", "none": null})).unwrap();
        assert_eq!(text, "id = 31337\nname = \"a\"\n");
    }
}

//! docs/API.md, written from the table of methods and the catalogue of errors.

use std::fmt::Write;

use serde_json::{Value, json};

use super::discover;
use super::error::CATALOGUE;
use super::table::Method;
use countersign_userop::ordered;

const OPENING: &str = "\
# The API

Written by `countersign openrpc --markdown`; `countersign openrpc` and the method `rpc.discover` give the same as an
OpenRPC document.

JSON-RPC 2.0 over HTTP (`POST /`) and WebSocket on one port. Parameters go by position or by name. Each request, and
each WebSocket handshake, carries `Authorization: Bearer csk_…`; `countersign key create NAME` makes such a key and shows
it once. A revoked key is refused from the next call on, on open WebSockets too. Without a valid key HTTP answers 401.

A `traceparent` header (W3C) joins the call to its trace: the trace id stays with the operation, goes to the cosigners, and
`countersign trace` finds the operation by it. Without one the call gets a trace of its own. A call that comes too often is
answered -32005, over HTTP with status 429 and `Retry-After`.

`GET /health/live` and `GET /health/ready` need no key. Ready answers 200 when the database, a node and a quorum answer,
and 503 otherwise, with one line a part.

Numbers are hex strings without leading zeros, as Ethereum writes them; chain ids may also be plain numbers.
";

/// The whole document.
pub(super) fn write(methods: &[Method]) -> String {
    let document = ordered(&discover::document(methods));
    let mut text = String::from(OPENING);
    text.push_str("\n## Methods\n\n");
    for method in methods {
        let _ =
            writeln!(text, "- [`{}`](#{}): {}", method.name, anchor(method.name), method.summary);
    }
    for (method, described) in
        methods.iter().zip(document["methods"].as_array().into_iter().flatten())
    {
        section(&mut text, method, described);
    }
    types(&mut text, &document["components"]["schemas"]);
    catalogue(&mut text);
    text
}

fn anchor(name: &str) -> String {
    name.to_lowercase().replace('.', "")
}

fn section(text: &mut String, method: &Method, described: &Value) {
    let _ = writeln!(text, "\n### {}\n\n{}\n", method.name, method.description);
    let params = described["params"].as_array().map_or(&[][..], Vec::as_slice);
    if params.is_empty() {
        text.push_str("Takes no parameters.\n");
    }
    for param in params {
        let optional = if param["required"] == json!(true) { "" } else { ", optional" };
        let about =
            param["description"].as_str().map(|d| format!(": {}", one_line(d))).unwrap_or_default();
        let _ = writeln!(
            text,
            "- `{}` ({}{optional}){about}",
            param["name"].as_str().unwrap_or_default(),
            shape(&param["schema"])
        );
    }
    let _ = writeln!(
        text,
        "\nAnswers `{}` ({}).",
        method.result,
        shape(&described["result"]["schema"])
    );
    let errors: Vec<_> = discover::errors(method)
        .map(|code| format!("{} {}", code.number(), code.entry().name))
        .collect();
    let _ = writeln!(text, "\nErrors: {}.\n", errors.join(", "));
    let request = json!({
        "jsonrpc": "2.0", "id": 1, "method": method.name, "params": method.example.params,
    });
    let _ = writeln!(text, "```json\n{}\n```\n", pretty(&request));
    let _ = writeln!(text, "```json\n{}\n```", pretty(&method.example.result));
}

fn types(text: &mut String, schemas: &Value) {
    text.push_str("\n## Types\n");
    for (name, schema) in schemas.as_object().into_iter().flatten() {
        let _ = writeln!(text, "\n### {name}\n");
        if let Some(description) = schema["description"].as_str() {
            let _ = writeln!(text, "{}\n", one_line(description));
        }
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        match schema["properties"].as_object() {
            None => {
                let _ = writeln!(text, "{}", shape(schema));
            }
            Some(fields) => {
                for (field, inner) in fields {
                    let optional = if required.contains(&json!(field)) { "" } else { ", optional" };
                    let about = inner["description"].as_str().map(|d| format!(": {}", one_line(d)));
                    let _ = writeln!(
                        text,
                        "- `{field}` ({}{optional}){}",
                        shape(inner),
                        about.unwrap_or_default()
                    );
                }
            }
        }
    }
}

fn catalogue(text: &mut String) {
    text.push_str(
        "\n## Errors\n\n| code | name | means | what to do |\n| --- | --- | --- | --- |\n",
    );
    for entry in CATALOGUE {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            entry.code.number(),
            entry.name,
            entry.meaning,
            entry.remedy
        );
    }
}

/// A schema in a few words.
fn shape(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or_default();
        return format!("[{name}](#{})", anchor(name));
    }
    for of in ["allOf", "anyOf", "oneOf"] {
        if let Some(inner) = schema[of].as_array() {
            let null = json!({ "type": "null" });
            let words: Vec<_> = inner.iter().filter(|s| **s != null).map(shape).collect();
            return words.join(" or ");
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        return values.iter().map(|v| format!("`{v}`")).collect::<Vec<_>>().join(" or ");
    }
    if let Some(value) = schema.get("const") {
        return format!("`{value}`");
    }
    match &schema["type"] {
        Value::String(kind) if kind == "array" => format!("array of {}", shape(&schema["items"])),
        Value::String(kind) => match schema["pattern"].as_str() {
            Some(pattern) => format!("{kind}, `{pattern}`").replace('|', "\\|"),
            None => kind.clone(),
        },
        Value::Array(kinds) => {
            let kinds: Vec<_> =
                kinds.iter().filter_map(Value::as_str).filter(|k| *k != "null").collect();
            if kinds == ["array"] {
                format!("array of {}", shape(&schema["items"]))
            } else {
                kinds.join(" or ")
            }
        }
        _ => "any".to_owned(),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(&ordered(value)).unwrap_or_default()
}

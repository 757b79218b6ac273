//! `rpc.discover`: the OpenRPC document, made from the table of methods.

use schemars::JsonSchema;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::error::{Code, RpcError};
use super::table::{About, Call, Example, Method};

const OPENRPC_VERSION: &str = "1.3.2";

/// Takes no parameters.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NoParams {}

/// An OpenRPC document.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
struct Document(Map<String, Value>);

/// The methods of this namespace.
pub(super) fn methods() -> Vec<Method> {
    vec![Method::new(
        About {
            name: "rpc.discover",
            summary: "The OpenRPC document of this server",
            description: "Every method with the schemas of its parameters and result, its errors and an example.",
            params: &[],
            result: "document",
            errors: &[],
            example: Example {
                params: json!([]),
                result: json!({ "openrpc": OPENRPC_VERSION, "info": {}, "methods": [] }),
            },
        },
        discover,
    )]
}

async fn discover(_: Call, _: NoParams) -> Result<Document, RpcError> {
    match document(&super::methods()) {
        Value::Object(fields) => Ok(Document(fields)),
        _ => Ok(Document(Map::new())),
    }
}

/// The OpenRPC document that describes these methods.
pub(super) fn document(methods: &[Method]) -> Value {
    let settings = SchemaSettings::draft07().with(|s| {
        s.definitions_path = "/components/schemas".into();
        s.meta_schema = None;
    });
    let mut generator = SchemaGenerator::new(settings);
    let methods: Vec<Value> = methods.iter().map(|m| describe(m, &mut generator)).collect();
    let schemas: Map<String, Value> = generator.take_definitions(true);
    json!({
        "openrpc": OPENRPC_VERSION,
        "info": {
            "title": "Countersign",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Smart accounts owned by a quorum: send calls, follow them until the chain has confirmed them.",
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "methods": methods,
        "components": { "schemas": schemas },
    })
}

fn describe(method: &Method, generator: &mut SchemaGenerator) -> Value {
    let whole = Value::from((method.params_schema)(generator));
    let required: Vec<&str> = whole["required"]
        .as_array()
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let params: Vec<Value> = method
        .params
        .iter()
        .map(|name| {
            let mut schema = whole["properties"][name].clone();
            let description = schema.as_object_mut().and_then(|s| s.remove("description"));
            let mut param =
                json!({ "name": name, "required": required.contains(name), "schema": schema });
            if let Some(description) = description {
                param["description"] = description;
            }
            param
        })
        .collect();
    json!({
        "name": method.name,
        "summary": method.summary,
        "description": method.description,
        "paramStructure": "either",
        "params": params,
        "result": { "name": method.result, "schema": (method.result_schema)(generator) },
        "errors": errors(method).map(|code| json!({
            "code": code.number(), "message": code.entry().meaning,
        })).collect::<Vec<_>>(),
        "examples": [example(method)],
    })
}

/// The method's own errors, then those that any call may end in.
pub(super) fn errors(method: &Method) -> impl Iterator<Item = Code> + '_ {
    let common = [Code::InvalidParams, Code::Unauthorized, Code::Deadline, Code::Internal];
    let own = method.errors.iter().copied();
    own.chain(common.into_iter().filter(|code| !method.errors.contains(code)))
}

fn example(method: &Method) -> Value {
    let given: Vec<Value> = match &method.example.params {
        Value::Array(values) => values.clone(),
        _ => Vec::new(),
    };
    let params: Vec<Value> = method
        .params
        .iter()
        .zip(given)
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect();
    json!({
        "name": format!("{} example", method.name),
        "params": params,
        "result": { "name": method.result, "value": method.example.result },
    })
}

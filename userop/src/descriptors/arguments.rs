//! A call's arguments, by a function that a descriptor names.

use alloy::{
    dyn_abi::{DynSolValue, JsonAbiExt as _},
    json_abi::{Function, Param},
    primitives::Bytes,
};

use crate::{TypedField, TypedValue};

/// Longer call data gets no words.
const MAX_DATA: usize = 8 * 1024;
/// How deep tuples lie within tuples, and how many parameters there are in all.
const MAX_DEPTH: usize = 6;
const MAX_PARAMETERS: usize = 128;
/// How many arrays lie within each other: shared offsets multiply with each.
const MAX_ARRAYS: usize = 2;

/// Whether decoding by this function is cheap whatever the call data.
pub(super) fn are_modest(function: &Function) -> bool {
    let mut count = 0;
    function.inputs.iter().all(|param| is_modest(param, MAX_DEPTH, MAX_ARRAYS, &mut count))
}

fn is_modest(param: &Param, depth: usize, arrays: usize, count: &mut usize) -> bool {
    *count += 1;
    let own = param.ty.matches('[').count();
    let sized = param.ty.split('[').skip(1).any(|size| size != "]");
    depth > 0
        && *count <= MAX_PARAMETERS
        && own <= arrays
        && !sized
        && param.components.iter().all(|inner| is_modest(inner, depth - 1, arrays - own, count))
}

/// The arguments as a struct; `None` unless they are encoded as we would encode them.
pub(super) fn decode(function: &Function, data: &[u8]) -> Option<TypedValue> {
    if data.len() > MAX_DATA {
        return None;
    }
    let encoded = data.strip_prefix(function.selector().as_slice())?;
    let values = function.abi_decode_input(encoded).ok()?;
    (function.abi_encode_input(&values).ok()? == data).then_some(())?;
    Some(members(&function.inputs, &values))
}

fn members(params: &[Param], values: &[DynSolValue]) -> TypedValue {
    let field = |(i, (param, value)): (usize, (&Param, &DynSolValue))| {
        let name = match param.name.as_str() {
            "" => i.to_string(),
            name => name.to_owned(),
        };
        TypedField::new(name, typed(param, value))
    };
    TypedValue::Struct(params.iter().zip(values).enumerate().map(field).collect())
}

fn typed(param: &Param, value: &DynSolValue) -> TypedValue {
    match value {
        DynSolValue::Bool(value) => TypedValue::Bool(*value),
        DynSolValue::Int(number, _) => TypedValue::Number(number.to_string()),
        DynSolValue::Uint(number, _) => TypedValue::Number(number.to_string()),
        DynSolValue::Address(address) => TypedValue::Address(*address),
        DynSolValue::FixedBytes(word, size) => {
            TypedValue::Bytes(word.iter().copied().take(*size).collect())
        }
        DynSolValue::Function(function) => {
            TypedValue::Bytes(Bytes::copy_from_slice(function.as_slice()))
        }
        DynSolValue::Bytes(bytes) => TypedValue::Bytes(Bytes::copy_from_slice(bytes)),
        DynSolValue::String(text) => TypedValue::Text(text.clone()),
        DynSolValue::Array(items) | DynSolValue::FixedArray(items) => {
            TypedValue::List(items.iter().map(|item| typed(param, item)).collect())
        }
        DynSolValue::Tuple(values) => members(&param.components, values),
        DynSolValue::CustomStruct { tuple, .. } => members(&param.components, tuple),
    }
}

//! Numbers of typed data: JSON integers, decimal strings, `0x` quantities. No fractions, no exponents.

use alloy::primitives::U256;
use serde_json::Value;

use crate::{Problem, fields};

/// An unsigned number of so many bits, in decimal digits.
pub(super) fn unsigned(json: &Value, bits: usize) -> Result<String, Problem> {
    match sign_and_size(json)? {
        (false, size) if size.bit_len() <= bits => Ok(size.to_string()),
        (true, size) if !size.is_zero() => Err(Problem::Negative),
        (true, _) => Err(Problem::Invalid("is a negative zero")),
        (false, _) => Err(Problem::TooLong { max: bits / 8 }),
    }
}

/// A signed number of so many bits, in decimal digits.
pub(super) fn signed(json: &Value, bits: usize) -> Result<String, Problem> {
    let bound = U256::ONE << (bits - 1);
    match sign_and_size(json)? {
        (true, size) if size.is_zero() => Err(Problem::Invalid("is a negative zero")),
        (true, size) if size <= bound => Ok(format!("-{size}")),
        (false, size) if size < bound => Ok(size.to_string()),
        _ => Err(Problem::TooLong { max: bits / 8 }),
    }
}

fn sign_and_size(json: &Value) -> Result<(bool, U256), Problem> {
    if let Some(number) = json.as_u64() {
        return Ok((false, U256::from(number)));
    }
    if let Some(number) = json.as_i64() {
        return Ok((true, U256::from(number.unsigned_abs())));
    }
    let expected =
        Problem::WrongType { expected: "an integer, a decimal string or a hex quantity" };
    let text = json.as_str().ok_or_else(|| expected.clone())?;
    if text.starts_with("0x") {
        return fields::u256(json).map(|size| (false, size));
    }
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if !plain || (digits.len() > 1 && digits.starts_with('0')) {
        return Err(expected);
    }
    if digits.len() > 78 {
        return Err(Problem::TooLong { max: 32 });
    }
    let size = U256::from_str_radix(digits, 10).map_err(|_| Problem::TooLong { max: 32 })?;
    Ok((negative, size))
}

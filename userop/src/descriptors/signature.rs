//! A function as a descriptor's key writes it, with names inside tuples too:
//! `swap((address token,uint256 amount)[] legs,uint256 deadline)`.

use alloy::json_abi::{Function, Param, StateMutability};

/// How deep tuples lie within tuples.
const MAX_DEPTH: usize = 6;

/// Parses a key; `None` if it is no function.
pub(super) fn function(key: &str) -> Option<Function> {
    let key = key.trim();
    let (name, rest) = key.split_once('(')?;
    let inside = rest.strip_suffix(')')?;
    is_name(name).then_some(())?;
    let inputs = parameters(inside, MAX_DEPTH)?;
    let (name, outputs) = (name.to_owned(), Vec::new());
    Some(Function { name, inputs, outputs, state_mutability: StateMutability::NonPayable })
}

fn parameters(text: &str, depth: usize) -> Option<Vec<Param>> {
    if text.trim().is_empty() {
        return Some(Vec::new());
    }
    parts(text)?.into_iter().map(|part| parameter(part.trim(), depth)).collect()
}

/// The text between commas that are in no parentheses.
fn parts(text: &str) -> Option<Vec<&str>> {
    let (mut open, mut start, mut parts) = (0_usize, 0, Vec::new());
    for (i, c) in text.char_indices() {
        match c {
            '(' => open += 1,
            ')' => open = open.checked_sub(1)?,
            ',' if open == 0 => {
                parts.push(text.get(start..i)?);
                start = i + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(start..)?);
    (open == 0).then_some(parts)
}

fn parameter(text: &str, depth: usize) -> Option<Param> {
    let text = text.strip_prefix("tuple").filter(|t| t.starts_with('(')).unwrap_or(text);
    let Some(inside) = text.strip_prefix('(') else {
        let (kind, name) = kind_and_name(text)?;
        return Param::new(name, kind, Vec::new(), None).ok();
    };
    let (inside, rest) = inside.rsplit_once(')')?;
    let components = parameters(inside, depth.checked_sub(1)?)?;
    let (arrays, name) = kind_and_name(rest)?;
    Param::new(name, &format!("tuple{arrays}"), components, None).ok()
}

/// The last word is the name, if there are two.
fn kind_and_name(text: &str) -> Option<(&str, &str)> {
    let mut words = text.split_whitespace();
    let kind = match text.starts_with(char::is_whitespace) {
        true => "",
        false => words.next().unwrap_or_default(),
    };
    let name = words.next().unwrap_or_default();
    let fits = words.next().is_none() && (name.is_empty() || is_name(name));
    fits.then_some((kind, name))
}

fn is_name(text: &str) -> bool {
    let first = |b: u8| b.is_ascii_alphabetic() || b == b'_' || b == b'$';
    text.bytes().next().is_some_and(first) && text.bytes().all(|b| first(b) || b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_with_and_without_names_name_the_same_function() {
        let cases = [
            ("f()", "f()"),
            ("transfer(address to, uint256 value)", "transfer(address,uint256)"),
            ("transfer(address,uint256)", "transfer(address,uint256)"),
            ("f((address token,(bool a)[] b)[] legs,bytes)", "f((address,(bool)[])[],bytes)"),
            ("f(tuple(address token) leg)", "f((address))"),
            ("f((address token),uint8 x)", "f((address),uint8)"),
        ];
        for (key, signature) in cases {
            let function = function(key).unwrap_or_else(|| panic!("{key}"));
            assert_eq!(function.signature(), signature);
        }
    }

    #[test]
    fn what_is_no_function_is_none() {
        let deep = format!("f{}{}", "(".repeat(20), ")".repeat(20));
        let keys =
            ["", "f", "f(", "f)", "f(()", "f(uint256 a b)", "f(a,)", "1f()", "f(uint256 1)", &deep];
        for key in keys {
            assert_eq!(function(key), None, "{key}");
        }
    }
}

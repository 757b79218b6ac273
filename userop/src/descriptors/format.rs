//! One value in the format that a descriptor asks for. What the value is stays readable in each.

use alloy::primitives::{Address, U256, hex};
use serde_json::Value;

use crate::{TypedValue, signable::printable};

/// The most characters of text or bytes.
const MAX_SHOWN: usize = 128;
/// More decimals than any token has.
const MAX_DECIMALS: u64 = 77;

/// Where the value is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    /// The contract called, or the one that verifies.
    pub(super) contract: Option<Address>,
    /// The token that an amount is of.
    pub(super) token: Option<Address>,
    /// Where references point.
    pub(super) root: &'a Value,
}

pub(super) fn value(
    value: &TypedValue,
    how: &str,
    params: Option<&Value>,
    place: &Place<'_>,
) -> String {
    let Some(number) = value.number() else { return raw(value) };
    let param = |name: &str| params.and_then(|params| params.get(name));
    match how {
        "amount" => format!("{number} wei"),
        "tokenAmount" => token_amount(number, params, place),
        "duration" => format!("{number} seconds"),
        "date" if param("encoding").and_then(Value::as_str) == Some("blockheight") => {
            format!("block {number}")
        }
        "date" => date(number),
        "nftName" => format!("id {number}"),
        "unit" => {
            let decimals = param("decimals").and_then(Value::as_u64).unwrap_or(0);
            let base = param("base").and_then(Value::as_str).unwrap_or_default();
            format!("{} {}", scaled(number, decimals), printable(base, 16))
        }
        "enum" => {
            let reference = param("$ref").and_then(Value::as_str).unwrap_or_default();
            let name = referred(place.root, reference).and_then(|e| e.get(number.to_string()));
            match name.and_then(Value::as_str) {
                Some(name) => format!("{} ({number})", printable(name, MAX_SHOWN)),
                None => number.to_string(),
            }
        }
        _ => number.to_string(),
    }
}

/// `$.metadata.enums.x`: a place in the file itself.
pub(super) fn referred<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    let mut at = root;
    for step in reference.strip_prefix("$.")?.split('.').take(8) {
        at = at.get(step)?;
    }
    Some(at)
}

/// With decimals only where the contract itself is the token that the file describes.
fn token_amount(number: U256, params: Option<&Value>, place: &Place<'_>) -> String {
    let param = |name: &str| params.and_then(|params| params.get(name));
    let described = place.root.pointer("/metadata/token");
    let own = place.token.is_none() || place.token == place.contract;
    let ticker = described.and_then(|t| t.get("ticker")).and_then(Value::as_str);
    let decimals = described.and_then(|t| t.get("decimals")).and_then(Value::as_u64);
    let amount = match (own, ticker.zip(decimals), place.token.or(place.contract)) {
        (true, Some((ticker, decimals)), _) => {
            format!("{} {}", scaled(number, decimals), printable(ticker, 16))
        }
        (_, _, Some(token)) => format!("{number} units of {token}"),
        (_, _, None) => format!("{number} units"),
    };
    let threshold = param("threshold").and_then(Value::as_str).and_then(|t| t.parse::<U256>().ok());
    match param("message").and_then(Value::as_str) {
        Some(message) if threshold.is_some_and(|threshold| number >= threshold) => {
            format!("{} ({amount})", printable(message, MAX_SHOWN))
        }
        _ => amount,
    }
}

/// A number with a decimal point. Decimals that no token has are not believed.
fn scaled(number: U256, decimals: u64) -> String {
    let digits = number.to_string();
    if decimals == 0 || decimals > MAX_DECIMALS {
        return digits;
    }
    let decimals = usize::try_from(decimals).unwrap_or_default();
    let padded = format!("{digits:0>width$}", width = decimals + 1);
    let (whole, fraction) = padded.split_at(padded.len() - decimals);
    match fraction.trim_end_matches('0') {
        "" => whole.to_owned(),
        fraction => format!("{whole}.{fraction}"),
    }
}

/// Seconds since 1970 as a date of the proleptic Gregorian calendar, in UTC.
fn date(number: U256) -> String {
    let Some(seconds) = u64::try_from(number).ok().filter(|s| *s < 253_402_300_800) else {
        return format!("never ({number})");
    };
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Days from 0000-03-01, in eras of 400 years, so that a leap day ends a year.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hours, minutes, seconds) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02} {hours:02}:{minutes:02}:{seconds:02} UTC")
}

fn raw(value: &TypedValue) -> String {
    match value {
        TypedValue::Number(digits) => digits.clone(),
        TypedValue::Bool(value) => value.to_string(),
        TypedValue::Address(address) => address.to_string(),
        TypedValue::Bytes(bytes) => printable(&hex::encode_prefixed(bytes), MAX_SHOWN),
        TypedValue::Text(text) => format!("\"{}\"", printable(text, MAX_SHOWN)),
        TypedValue::Struct(fields) => format!("{} members", fields.len()),
        TypedValue::List(items) => format!("{} items", items.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_decimals_are_right() {
        let cases = [
            (0_u64, "1970-01-01 00:00:00 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (1_709_164_800, "2024-02-29 00:00:00 UTC"),
            (253_402_300_799, "9999-12-31 23:59:59 UTC"),
        ];
        for (seconds, text) in cases {
            assert_eq!(date(U256::from(seconds)), text);
        }
        assert!(date(U256::MAX).starts_with("never"));
        assert_eq!(scaled(U256::from(1_500_000), 6), "1.5");
        assert_eq!(scaled(U256::from(7), 6), "0.000007");
        assert_eq!(scaled(U256::from(7), 0), "7");
        assert_eq!(scaled(U256::from(7), 1_000_000), "7");
    }
}

//! Why a call reverted, in words.

use alloy::{
    primitives::{Bytes, hex},
    sol,
    sol_types::{Panic, PanicKind, Revert, SolError as _},
};
use countersign_bundler_client::Rejection;

sol! {
    error ExecuteError(uint256 index, bytes error);
}

/// A decoded revert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reason {
    /// `revert()` without data, or out of gas.
    Empty,
    /// `Error(string)`.
    Message(String),
    /// `Panic(uint256)`.
    Panic(String),
    /// One call of a batch failed.
    Call { index: String, reason: Box<Self> },
    /// An error of the contract's own.
    Custom { selector: [u8; 4], arguments: Bytes },
    /// Less than a selector.
    Raw(Bytes),
}

/// Revert data in the places where bundlers put it: the error's data, a field of that, or the end of the
/// message.
pub(crate) fn revert_data(rejection: &Rejection) -> Option<Bytes> {
    let data = rejection.data.as_ref();
    let field = |name| data.and_then(|data| data.get(name)?.as_str());
    let in_data = data.and_then(serde_json::Value::as_str);
    let in_message = rejection.message.split_whitespace().last();
    let hex = |text: &str| text.starts_with("0x").then(|| text.parse::<Bytes>().ok()).flatten();
    [in_data, field("revertData"), field("data"), in_message]
        .into_iter()
        .flatten()
        .find_map(hex)
        .filter(|data| data.len() >= 4)
}

/// Decodes what a contract reverted with.
pub(crate) fn decode_revert(data: &[u8]) -> Reason {
    if data.is_empty() {
        return Reason::Empty;
    }
    if let Ok(revert) = Revert::abi_decode(data) {
        return Reason::Message(revert.reason);
    }
    if let Ok(panic) = Panic::abi_decode(data) {
        let kind = u32::try_from(panic.code).ok().and_then(PanicKind::from_number);
        let text = kind.map_or_else(|| "unknown".to_owned(), |kind| kind.as_str().to_owned());
        return Reason::Panic(format!("{text} ({:#04x})", panic.code));
    }
    if let Ok(inner) = ExecuteError::abi_decode(data) {
        let reason = Box::new(decode_revert(&inner.error));
        return Reason::Call { index: inner.index.to_string(), reason };
    }
    match data.split_first_chunk::<4>() {
        Some((selector, rest)) => {
            Reason::Custom { selector: *selector, arguments: Bytes::copy_from_slice(rest) }
        }
        None => Reason::Raw(Bytes::copy_from_slice(data)),
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => f.write_str("reverted without a reason"),
            Self::Message(message) => f.write_str(message),
            Self::Panic(kind) => write!(f, "panic: {kind}"),
            Self::Call { index, reason } => write!(f, "call {index}: {reason}"),
            Self::Custom { selector, arguments } if arguments.is_empty() => {
                write!(f, "custom error 0x{}", hex::encode(selector))
            }
            Self::Custom { selector, arguments } => {
                write!(f, "custom error 0x{} with {arguments}", hex::encode(selector))
            }
            Self::Raw(data) => write!(f, "reverted with {data}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::primitives::U256;

    #[test]
    fn reads_an_error_string() {
        let data = Revert::from("not today").abi_encode();
        assert_eq!(decode_revert(&data).to_string(), "not today");
    }

    #[test]
    fn names_a_panic() {
        let data = Panic { code: U256::from(0x11) }.abi_encode();
        assert!(decode_revert(&data).to_string().contains("overflow"));
    }

    #[test]
    fn looks_into_the_failing_call_of_a_batch() {
        let error = Revert::from("inner").abi_encode().into();
        let data = ExecuteError { index: U256::from(1), error }.abi_encode();
        assert_eq!(decode_revert(&data).to_string(), "call 1: inner");
    }

    #[test]
    fn shows_a_custom_error_by_its_selector() {
        let data = [0xde, 0xad, 0xbe, 0xef, 0x01];
        assert_eq!(decode_revert(&data).to_string(), "custom error 0xdeadbeef with 0x01");
    }

    #[test]
    fn says_when_there_is_no_reason() {
        assert_eq!(decode_revert(&[]), Reason::Empty);
        assert_eq!(decode_revert(&[1, 2]), Reason::Raw(Bytes::from_static(&[1, 2])));
    }
}

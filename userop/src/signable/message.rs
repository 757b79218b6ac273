//! An EIP-191 personal message.

use alloy::primitives::{B256, Bytes, eip191_hash_message, hex, keccak256};
use serde_json::{Value, json};

use super::{OnceSlot, SignableKind, printable::is_plain_text, printable::printable};
use crate::{CanonicalPreview, ParseError, Problem, canonical, fields, fields::Fields};

/// No message is longer: people are to read it.
pub const MAX_MESSAGE_BYTES: usize = 16 * 1024;

/// The most characters of one line that are shown.
const MAX_LINE: usize = 400;

/// Bytes that a person signs as they stand: `personal_sign`.
///
/// It is never 32 bytes long, nor the hex of 32 bytes: an EntryPoint 0.6 or 0.7 account takes the
/// signature of such a message for its owner's yes to an operation, and other contracts for other
/// things. It never begins with `0x19`, as everything does that is hashed after EIP-191.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    bytes: Bytes,
}

impl Message {
    /// Reads `{"message": "0x…"}`.
    ///
    /// # Errors
    /// Names the field that is wrong; see the type for what a message must not be.
    pub fn from_json(json: &Value) -> Result<Self, ParseError> {
        let mut fields = Fields::of(json, "message")?;
        let bytes = fields.required("message", fields::bytes)?;
        fields.finish()?;
        Self::new(bytes).map_err(|problem| ParseError::new("message", problem))
    }

    /// Checks the bytes of a message.
    ///
    /// # Errors
    /// See the type for what a message must not be.
    pub fn new(bytes: Bytes) -> Result<Self, Problem> {
        if bytes.len() > MAX_MESSAGE_BYTES {
            return Err(Problem::TooLong { max: MAX_MESSAGE_BYTES });
        }
        if bytes.is_empty() {
            return Err(Problem::Invalid("is empty"));
        }
        if bytes.len() == 32 || is_hex_of_a_word(&bytes) {
            return Err(Problem::Invalid("is 32 bytes, which may be the hash of something else"));
        }
        if bytes.first() == Some(&0x19) {
            return Err(Problem::Invalid(
                "begins with 0x19, as what is already wrapped for signing",
            ));
        }
        Ok(Self { bytes })
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The text, if every character of it shows itself.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok().filter(|text| is_plain_text(text))
    }

    /// The request as JSON; [`Message::from_json`] reads it again.
    pub fn to_json(&self) -> Value {
        json!({ "message": canonical::json(&self.bytes) })
    }

    /// What is signed.
    pub fn digest(&self) -> B256 {
        eip191_hash_message(&self.bytes)
    }

    /// Nothing counts messages.
    pub fn slot(&self) -> OnceSlot {
        OnceSlot::Digest { digest: self.digest() }
    }

    /// The one byte string of what is shown.
    pub fn canonical(&self) -> CanonicalPreview {
        let body = json!({
            "digest": canonical::json(&self.digest()),
            "length": self.bytes.len(),
            "messageHash": canonical::json(&keccak256(&self.bytes)),
            "message": canonical::json(&self.bytes),
            "text": self.text(),
        });
        CanonicalPreview::new(SignableKind::Message, body)
    }

    /// The message for people: its text if it is one, else its hex.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("message of {} bytes", self.bytes.len())];
        match self.text() {
            Some(text) => {
                let quoted = |line: &str| format!("| {}", printable(line, MAX_LINE));
                lines.extend(text.split('\n').map(quoted));
            }
            None => {
                lines.push("not text that can be shown; in hex:".to_owned());
                lines.push(printable(&hex::encode_prefixed(&self.bytes), 2 * MAX_LINE));
            }
        }
        lines.push(format!("digest {:#x}", self.digest()));
        lines
    }
}

/// Text that a wallet might take for 32 bytes: 64 hexadecimal digits, perhaps after `0x`, perhaps
/// between blanks.
fn is_hex_of_a_word(bytes: &[u8]) -> bool {
    let text = bytes.trim_ascii();
    let digits = text.strip_prefix(b"0x").or_else(|| text.strip_prefix(b"0X")).unwrap_or(text);
    digits.len() == 64 && digits.iter().all(u8::is_ascii_hexdigit)
}

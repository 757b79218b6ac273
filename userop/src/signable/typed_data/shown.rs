//! Typed data as it is shown.

use alloy::primitives::hex;
use serde_json::json;

use super::{Permit, PermitShape, TypedData, TypedValue, path};
use crate::{
    CanonicalPreview, SignableKind, canonical,
    effects::{Asset, Direction, Extent, Flow},
    signable::printable,
};

/// The most characters of one value that are shown.
const MAX_SHOWN: usize = 400;

impl TypedData {
    /// The one byte string of what is shown.
    pub fn canonical(&self) -> CanonicalPreview {
        let permit = self.permit();
        let body = json!({
            "digest": canonical::json(&self.digest()),
            "domain": self.domain().json(),
            "primaryType": self.primary_type(),
            "encodedType": self.encoded_type(),
            "message": self.message().json(),
            "permit": permit.as_ref().map(|permit| canonical::json(&permit.shape)),
            "flows": permit.as_ref().map(|permit| canonical::json(&permit.flows)),
        });
        CanonicalPreview::new(SignableKind::TypedData, body)
    }

    /// The typed data for people: the domain, the approval if it is one, then a line a value.
    pub fn lines(&self) -> Vec<String> {
        let domain = self.domain();
        let mut lines = vec![match self.chain() {
            Some(chain) => format!("typed data {} on chain {chain}", self.primary_type()),
            None => format!("typed data {} on EVERY chain", self.primary_type()),
        }];
        if let Some(name) = &domain.name {
            let version = domain.version.as_deref().map(|v| format!(" version {v}"));
            let whole = format!("{name}{}", version.unwrap_or_default());
            lines.push(format!("for \"{}\"", printable(&whole, MAX_SHOWN)));
        }
        if let Some(contract) = domain.verifying_contract {
            lines.push(format!("verified by {contract}"));
        }
        if let Some(permit) = self.permit() {
            permit_lines(&permit, &mut lines);
        }
        value_lines(self.message(), "", &mut lines);
        lines.push(format!("digest {:#x}", self.digest()));
        lines
    }
}

fn permit_lines(permit: &Permit, lines: &mut Vec<String>) {
    if permit.shape == PermitShape::Lookalike {
        lines.push("APPROVAL in a form that is not known: it may be of everything".to_owned());
        return;
    }
    lines.extend(permit.flows.iter().map(|flow| {
        let holder = flow.holder.map_or_else(|| "the signer".to_owned(), |h| h.to_string());
        let (amount, to) = (amount(flow), flow.counterparty);
        let token = match flow.asset {
            Asset::Token { token } | Asset::Item { token, .. } => format!("token {token}"),
            Asset::Native | Asset::Deposit { .. } => "wei".to_owned(),
        };
        match flow.direction {
            Direction::Allowance => {
                format!("APPROVAL: {to} may take {amount} of {token} from {holder}")
            }
            Direction::Out => format!("TRANSFER: {amount} of {token} from {holder} to {to}"),
        }
    }));
}

fn amount(flow: &Flow) -> String {
    match flow.extent {
        Extent::Unlimited => "an unlimited amount".to_owned(),
        Extent::Limited => flow.amount.to_string(),
    }
}

fn value_lines(value: &TypedValue, name: &str, lines: &mut Vec<String>) {
    let shown = match value {
        TypedValue::Struct(fields) => {
            for field in fields {
                let name = match name {
                    "" => field.name.clone(),
                    name => path::member(name, &field.name),
                };
                value_lines(&field.value, &name, lines);
            }
            return;
        }
        TypedValue::List(items) if !items.is_empty() => {
            for (i, item) in items.iter().enumerate() {
                value_lines(item, &path::item(name, i), lines);
            }
            return;
        }
        TypedValue::List(_) => "none".to_owned(),
        TypedValue::Number(digits) => digits.clone(),
        TypedValue::Bool(value) => value.to_string(),
        TypedValue::Address(address) => address.to_string(),
        TypedValue::Bytes(bytes) => printable(&hex::encode_prefixed(bytes), MAX_SHOWN),
        TypedValue::Text(text) => format!("\"{}\"", printable(text, MAX_SHOWN)),
    };
    lines.push(format!("  {name}: {shown}"));
}

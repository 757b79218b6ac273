//! W3C trace context: one trace id joins a caller's session, the signing at each cosigner and the transaction.

use std::fmt;

use serde::{Deserialize, Serialize};
use tracing::Span;

/// The trace that a call belongs to, and the span that asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TraceContext {
    trace_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<String>,
    /// Whether those who ask would have the trace told.
    #[serde(default = "told", skip_serializing_if = "is_told")]
    sampled: bool,
}

impl TraceContext {
    /// A trace of its own, for calls that came without one.
    #[must_use]
    pub fn fresh() -> Self {
        // All zeros would be none.
        let id = rand::random::<u128>().max(1);
        Self { trace_id: format!("{id:032x}"), parent_id: None, sampled: told() }
    }

    /// Reads a `traceparent` header; nothing of one that is malformed.
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        let mut parts = header.trim().split('-');
        let (version, trace, parent, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let known = version == "00" && parts.next().is_none();
        let later = version != "00" && version != "ff";
        let whole =
            is_hex(version, 2) && is_hex(trace, 32) && is_hex(parent, 16) && is_hex(flags, 2);
        let zero = |text: &str| text.bytes().all(|byte| byte == b'0');
        if !whole || !(known || later) || zero(trace) || zero(parent) {
            return None;
        }
        let sampled = u8::from_str_radix(flags, 16).is_ok_and(|flags| flags & 1 == 1);
        let (trace_id, parent_id) = (trace.to_owned(), Some(parent.to_owned()));
        Some(Self { trace_id, parent_id, sampled })
    }

    /// The same trace as it goes on from a span of ours; as it was if the span is not told.
    #[must_use]
    pub(crate) fn within(&self, span: &Span) -> Self {
        let header = countersign_telemetry::traceparent(span);
        header.and_then(|header| Self::parse(&header)).unwrap_or_else(|| self.clone())
    }

    /// Makes a span that was not entered yet the child of the one that asked.
    pub(crate) fn adopt(&self, span: &Span) {
        if let Some(parent) = &self.parent_id {
            countersign_telemetry::follow(span, &self.with_span(parent));
        }
    }

    /// The trace's id: 32 hex digits.
    #[must_use]
    pub fn trace_id(&self) -> &str {
        &self.trace_id
    }

    /// A header for whoever is asked next, with a span of its own.
    #[must_use]
    pub fn header(&self) -> String {
        self.with_span(&format!("{:016x}", rand::random::<u64>().max(1)))
    }

    fn with_span(&self, span: &str) -> String {
        format!("00-{}-{span}-{:02x}", self.trace_id, u8::from(self.sampled))
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.trace_id)
    }
}

/// What was kept before there was a choice is told.
const fn told() -> bool {
    true
}

const fn is_told(sampled: &bool) -> bool {
    *sampled
}

fn is_hex(text: &str, length: usize) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == length && text.bytes().all(digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

    #[test]
    fn a_header_is_read_and_passed_on_with_another_span() {
        let header = format!("00-{TRACE}-b7ad6b7169203331-01");
        let context = TraceContext::parse(&header).unwrap();
        assert_eq!(context.trace_id(), TRACE);
        let next = TraceContext::parse(&context.header()).unwrap();
        assert_eq!(next.trace_id(), TRACE);
        assert_ne!(next.parent_id, context.parent_id);
    }

    #[test]
    fn a_caller_that_would_not_have_its_trace_told_is_heard() {
        for flags in ["00", "01"] {
            let header = format!("00-{TRACE}-b7ad6b7169203331-{flags}");
            let context = TraceContext::parse(&header).unwrap();
            assert!(context.header().ends_with(flags), "{header}");
            let kept = serde_json::to_value(&context).unwrap();
            assert_eq!(serde_json::from_value::<TraceContext>(kept).unwrap(), context);
        }
    }

    #[test]
    fn without_a_collector_a_trace_goes_on_as_it_came() {
        let context = TraceContext::parse(&format!("00-{TRACE}-b7ad6b7169203331-01")).unwrap();
        assert_eq!(context.within(&Span::current()), context);
    }

    #[test]
    fn a_malformed_header_is_none_at_all() {
        for header in [
            "",
            "00",
            "00-zz-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert_eq!(TraceContext::parse(header), None, "{header}");
        }
    }
}

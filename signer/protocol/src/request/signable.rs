//! A request to sign what stands alone.

use countersign_userop::{Signable, SignableKind};
use serde::Deserialize;
use serde_json::Value;

use super::{Request, RequestError};
use crate::intent::SignedIntent;

/// What is to be signed, and whose wish it is.
#[derive(Clone, Debug, PartialEq)]
pub struct SignableRequest {
    /// What is to be signed.
    pub signable: Signable,
    /// The caller's own word that it shall be.
    pub intent: Option<SignedIntent>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    signable: Value,
    #[serde(default)]
    intent: Option<SignedIntent>,
}

impl SignableRequest {
    pub(super) fn from_body(kind: SignableKind, body: Value) -> Result<Request, RequestError> {
        let body: Body = serde_json::from_value(body)?;
        let unknown = || RequestError::UnknownKind { kind: kind.to_string() };
        let signable = Signable::from_json(kind, &body.signable).ok_or_else(unknown)??;
        Ok(Request::Signable(Self { signable, intent: body.intent }))
    }

    pub(super) fn body(&self) -> Value {
        let mut body = serde_json::json!({ "signable": self.signable.to_json() });
        if let (Some(intent), Some(body)) = (&self.intent, body.as_object_mut()) {
            body.insert("intent".to_owned(), serde_json::json!(intent));
        }
        body
    }
}

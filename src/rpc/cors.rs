//! Which web pages may call, as browsers ask before they let them.

use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Method};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::listen::ListenError;

/// Lets pages of these origins call, and no others. A key is still asked for.
pub(super) fn layer(origins: &[String]) -> Result<CorsLayer, ListenError> {
    let origin = |text: &String| {
        let url = url::Url::parse(text).ok();
        let is_origin = url.is_some_and(|url| url.origin().ascii_serialization() == *text);
        let value = is_origin.then(|| HeaderValue::try_from(text).ok()).flatten();
        value.ok_or_else(|| ListenError::Origin(text.clone()))
    };
    let origins: Vec<_> = origins.iter().map(origin).collect::<Result<_, _>>()?;
    Ok(CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::POST])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, HeaderName::from_static("traceparent")])
        .expose_headers([RETRY_AFTER]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port_and_nothing_else() {
        assert!(layer(&["https://app.example".into(), "http://localhost:5173".into()]).is_ok());
        for text in ["*", "null", "app.example", "https://app.example/", "https://app.example/x"] {
            assert!(layer(&[text.to_owned()]).is_err(), "{text}");
        }
    }
}

//! HTTP 429: when every call of a request came too soon.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use jsonrpsee::server::HttpResponse;

/// What the calls of one request came to.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    calls: AtomicU64,
    throttled: AtomicU64,
    again_in_s: AtomicU64,
}

impl Tally {
    /// One more call.
    pub(super) fn call(&self) {
        self.0.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// It came too soon.
    pub(super) fn throttled(&self, again_in: Duration) {
        self.0.throttled.fetch_add(1, Ordering::Relaxed);
        self.0.again_in_s.fetch_max(seconds(again_in), Ordering::Relaxed);
    }

    /// The answer with the status that its calls deserve.
    pub(super) fn settle(&self, mut response: HttpResponse) -> HttpResponse {
        let throttled = self.0.throttled.load(Ordering::Relaxed);
        if throttled > 0 && throttled == self.0.calls.load(Ordering::Relaxed) {
            *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            let again_in = self.0.again_in_s.load(Ordering::Relaxed);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(again_in));
        }
        response
    }
}

/// Whole seconds, as the header has them, never too few.
pub(super) fn seconds(again_in: Duration) -> u64 {
    again_in.as_secs() + u64::from(again_in.subsec_nanos() > 0)
}

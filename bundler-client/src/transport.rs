//! An alloy transport over HTTP that reads a bounded answer and follows no redirect.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use alloy::{
    rpc::json_rpc::{RequestPacket, ResponsePacket},
    transports::{TransportError, TransportErrorKind, TransportFut},
};
use reqwest::{Client, Response, Url, redirect::Policy};
use tower::Service;

use crate::{ClientOptions, Fault, Reach, reach::PublicNames};

/// One HTTP endpoint.
#[derive(Debug, Clone)]
pub(crate) struct BoundedHttp {
    http: Client,
    url: Url,
    max_body: usize,
}

impl BoundedHttp {
    /// A transport to `url` within the bounds of `options`.
    pub(crate) fn new(url: Url, options: &ClientOptions) -> Result<Self, reqwest::Error> {
        let http = Client::builder()
            .redirect(Policy::none())
            .timeout(options.timeout)
            .connect_timeout(options.timeout);
        let http = match options.reach {
            Reach::Anywhere => http,
            // A proxy would resolve the name itself.
            Reach::PublicInternet => http.no_proxy().dns_resolver(Arc::new(PublicNames)),
        };
        Ok(Self { http: http.build()?, url, max_body: options.max_body })
    }

    async fn exchange(self, request: RequestPacket) -> Result<ResponsePacket, Fault> {
        let id = match &request {
            RequestPacket::Single(request) => request.id().clone(),
            RequestPacket::Batch(_) => return Err(Fault::malformed("batches are not sent")),
        };
        let response = self.http.post(self.url).json(&request).send().await.map_err(classify)?;
        let status = response.status();
        let body = read(response, self.max_body).await?;
        // Some services send their error objects under an HTTP error status.
        let answer = match serde_json::from_slice::<ResponsePacket>(&body) {
            Ok(ResponsePacket::Single(answer)) => answer,
            _ if !status.is_success() => return Err(Fault::Http(status.as_u16())),
            Ok(ResponsePacket::Batch(_)) => {
                return Err(Fault::malformed("a batch answers one call"));
            }
            Err(why) => return Err(Fault::malformed(why)),
        };
        if !status.is_success() && !answer.is_error() {
            return Err(Fault::Http(status.as_u16()));
        }
        // A request that could not be read is answered with a null id.
        if answer.id != id && !(answer.is_error() && answer.id.is_none()) {
            return Err(Fault::malformed("it answers another call's id"));
        }
        Ok(ResponsePacket::Single(answer))
    }
}

impl Service<RequestPacket> for BoundedHttp {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: RequestPacket) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { this.exchange(request).await.map_err(TransportErrorKind::custom) })
    }
}

async fn read(mut response: Response, limit: usize) -> Result<Vec<u8>, Fault> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(classify)? {
        if body.len() + chunk.len() > limit {
            return Err(Fault::TooLarge { limit });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn classify(error: reqwest::Error) -> Fault {
    // A connection that is not there in time was not there at all.
    if error.is_connect() {
        Fault::Unreachable(error.without_url())
    } else if error.is_timeout() {
        Fault::TimedOut
    } else {
        Fault::Interrupted(error.without_url())
    }
}

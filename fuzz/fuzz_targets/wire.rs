//! What a gateway sends: the message, the request in it, and the request alone.

#![no_main]

use countersign_protocol::{Features, Request, SignCall, SignReply, wire};
use libfuzzer_sys::fuzz_target;
use prost::Message as _;

fuzz_target!(|input: &[u8]| {
    if let Ok(request) = Request::from_json(input) {
        let again = Request::from_json(&request.canonical_bytes()).expect("what we wrote");
        assert_eq!(again, request);
        assert_eq!(again.hash(), request.hash());
        assert_eq!(request.slot().to_string().matches('/').count(), 4);
        assert!(Features::everything().allow(&request).is_ok());
    }
    if let Ok(message) = wire::SignRequest::decode(input)
        && let Ok(call) = SignCall::from_wire(message)
    {
        let again = SignCall::from_wire(call.to_wire()).expect("what we wrote");
        assert_eq!(again.request.hash(), call.request.hash());
        assert_eq!((again.quorum, again.attempt), (call.quorum, call.attempt));
    }
    if let Ok(message) = wire::SignResponse::decode(input)
        && let Ok(reply) = SignReply::from_wire(message)
    {
        let _ = reply.into_wire();
    }
});

//! Who may ask what.

use std::time::Duration;

use countersign_cosigner::{Frame, FrameKind, MAX_FRAME_BYTES, StartError};
use countersign_protocol::wire::cosigner_client::CosignerClient;
use countersign_protocol::wire::operator_client::OperatorClient;
use countersign_protocol::wire::peer_client::PeerClient;
use countersign_protocol::{ChildNumber, ClientError, Identity, pinned_channel, wire};
use countersign_threshold::SessionId;
use tonic::Code;
use tonic::transport::Channel;

use crate::world::{Confirm, World};

fn channel(world: &World, identity: &Identity, at: usize) -> Channel {
    let party = &world.committee.parties()[at];
    pinned_channel(identity, party.identity, &party.addr, Duration::from_secs(2)).unwrap()
}

#[tokio::test]
async fn each_caller_reaches_its_own_service_and_no_other() {
    let world = World::start(Confirm::Itself).await;

    // A stranger gets no connection.
    let stranger = Identity::generate().unwrap();
    let error = world.client_as(&stranger, 0).status().await.unwrap_err();
    assert!(matches!(error, ClientError::Unreachable(_)), "{error}");

    // A gateway may ask, but not speak as a peer.
    let status = world.client_as(&world.gateway, 0).status().await.unwrap();
    assert_eq!((status.party, status.ready), (1, false));
    let mut peer = PeerClient::new(channel(&world, &world.gateway, 0));
    let question = wire::OutcomeRequest { ceremony: vec![1; 32], proposal: None };
    assert_eq!(peer.outcome(question).await.unwrap_err().code(), Code::PermissionDenied);
    let frames = tokio_stream::iter([wire::Frame::default()]);
    assert_eq!(peer.deliver(frames).await.unwrap_err().code(), Code::PermissionDenied);
    let proposal = wire::SignedBytes::default();
    assert_eq!(peer.propose(proposal).await.unwrap_err().code(), Code::PermissionDenied);

    // A party may not ask for signatures or anything else of a gateway's.
    let party = world.client_as(&world.identities[1], 0);
    assert!(matches!(party.status().await, Err(ClientError::Forbidden)));
    let key = "main".parse().unwrap();
    assert!(matches!(party.derive_owner(&key, None).await, Err(ClientError::Forbidden)));

    let mut party = CosignerClient::new(channel(&world, &world.identities[1], 0));
    let error = party.sign(wire::SignRequest::default()).await.unwrap_err();
    assert_eq!(error.code(), Code::PermissionDenied);

    // Nobody commands a daemon over the network.
    for caller in [&world.gateway, &world.identities[1]] {
        let mut operator = OperatorClient::new(channel(&world, caller, 0));
        let error = operator.status(wire::StatusRequest {}).await.unwrap_err();
        assert_eq!(error.code(), Code::Unimplemented);
    }
}

#[tokio::test]
async fn frames_out_of_bounds_end_the_call_and_nothing_else() {
    let world = World::start(Confirm::Itself).await;
    let frame = |payload: usize| {
        let session = SessionId::new([1; 32]);
        Frame { session, kind: FrameKind::Round, payload: vec![0; payload] }.into_wire()
    };
    let unknown = wire::Frame { kind: 99, ..frame(1) };
    for bad in [frame(MAX_FRAME_BYTES + 1), frame(MAX_FRAME_BYTES * 2), unknown] {
        let mut peer = PeerClient::new(channel(&world, &world.identities[1], 0))
            .max_encoding_message_size(usize::MAX);
        let (send, frames) = tokio::sync::mpsc::channel(4);
        send.send(bad).await.unwrap();
        let frames = tokio_stream::wrappers::ReceiverStream::new(frames);
        let mut end = peer.deliver(frames).await.unwrap().into_inner();
        let error = end.message().await.unwrap_err();
        assert!(matches!(error.code(), Code::InvalidArgument | Code::OutOfRange), "{error}");
    }
    world.client_as(&world.gateway, 0).status().await.unwrap();
}

#[tokio::test]
async fn all_cosigners_derive_the_same_owner() {
    let world = World::start(Confirm::Itself).await;
    let made = world.keygen("main").await.unwrap();
    let name = "main".parse().unwrap();
    let child = ChildNumber::new(7);
    let mut owners = Vec::new();
    for at in 0..3 {
        world.await_state(at, "main", Some("live")).await;
        let client = world.client_as(&world.gateway, at);
        assert!(client.status().await.unwrap().ready);
        let root = client.derive_owner(&name, None).await.unwrap();
        assert_eq!(root.as_slice(), made.address);
        owners.push(client.derive_owner(&name, child).await.unwrap());
        let unknown = client.derive_owner(&"other".parse().unwrap(), None).await;
        assert!(matches!(unknown, Err(ClientError::UnknownKey)));
    }
    assert_ne!(owners[0].as_slice(), made.address);
    assert!(owners.iter().all(|owner| *owner == owners[0]));
}

#[tokio::test]
async fn a_second_daemon_on_the_same_data_is_refused() {
    let mut world = World::start(Confirm::Itself).await;
    let error = world.start_one(1).await.unwrap_err();
    assert!(matches!(error, StartError::Held { .. }), "{error}");
}

#[tokio::test]
async fn a_peer_that_comes_back_is_connected_again() {
    let mut world = World::start(Confirm::Itself).await;
    world.stop_one(2).await;
    world.await_links(2).await;
    world.start_one(2).await.unwrap();
    world.await_links(3).await;
}

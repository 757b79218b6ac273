//! A single key behind the same gRPC service and the same pinned TLS as a cosigner: what a signature costs when
//! nobody else has to agree.

use std::time::Duration;

use alloy::signers::SignerSync;
use alloy::signers::local::PrivateKeySigner;
use anyhow::Context;
use countersign_protocol::wire::cosigner_server::{Cosigner, CosignerServer};
use countersign_protocol::wire::{
    DeriveOwnerRequest, DeriveOwnerResponse, KeyInfo, MAX_MESSAGE_BYTES, SignRequest, SignResponse,
    StatusRequest, StatusResponse,
};
use countersign_protocol::{
    Identity, IdentityKey, KeyPurpose, PinnedServer, PinnedStream, Request, SignCall, SignReply,
    SignedReply,
};
use countersign_userop::{EntryPointVersion, UserOpHash};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Response, Status};

/// The name that the key answers to.
pub(crate) const KEY: &str = "wallets";

/// Answers signing calls with a key of its own. It keeps no journal and asks nobody.
#[derive(Debug)]
struct LocalKey {
    key: PrivateKeySigner,
}

#[tonic::async_trait]
impl Cosigner for LocalKey {
    async fn sign(
        &self,
        request: tonic::Request<SignRequest>,
    ) -> Result<Response<SignResponse>, Status> {
        let call = SignCall::from_wire(request.into_inner())
            .map_err(|error| Status::invalid_argument(error.to_string()))?;
        let Request::UserOperation(wanted) = &call.request else {
            return Err(Status::unimplemented("only user operations"));
        };
        let hash = wanted.op.hash(wanted.entry_point, wanted.chain);
        let signature = self
            .key
            .sign_hash_sync(&owner_digest(wanted.version, hash))
            .map_err(|error| Status::internal(error.to_string()))?;
        let reply = SignReply::Signed(SignedReply {
            signature: signature.as_bytes(),
            saw: Vec::new(),
            stages: Vec::new(),
        });
        Ok(Response::new(reply.into_wire()))
    }

    async fn derive_owner(
        &self,
        _: tonic::Request<DeriveOwnerRequest>,
    ) -> Result<Response<DeriveOwnerResponse>, Status> {
        Ok(Response::new(DeriveOwnerResponse { address: self.key.address().to_vec() }))
    }

    async fn status(
        &self,
        _: tonic::Request<StatusRequest>,
    ) -> Result<Response<StatusResponse>, Status> {
        let key = KeyInfo {
            name: KEY.to_owned(),
            purpose: KeyPurpose::Accounts.to_string(),
            state: "live".to_owned(),
            threshold: 2,
            parties: 3,
            address: self.key.address().to_vec(),
            ..KeyInfo::default()
        };
        let status = StatusResponse {
            party: 1,
            name: "local".to_owned(),
            committee_hash: vec![0; 32],
            software: env!("CARGO_PKG_VERSION").to_owned(),
            keys: vec![key],
            peers: Vec::new(),
            ready: true,
            spoiled: Vec::new(),
        };
        Ok(Response::new(status))
    }
}

fn owner_digest(version: EntryPointVersion, hash: UserOpHash) -> alloy::primitives::B256 {
    match version {
        EntryPointVersion::V0_6 | EntryPointVersion::V0_7 => {
            alloy::primitives::eip191_hash_message(hash.as_b256())
        }
        _ => *hash.as_b256(),
    }
}

/// Serves `key` on a free loopback port to the owner of `caller`, until the runtime ends.
///
/// # Errors
/// If no port can be bound.
pub(crate) async fn serve(
    identity: &Identity,
    caller: IdentityKey,
    key: PrivateKeySigner,
) -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("no free port")?;
    let addr = listener.local_addr()?.to_string();
    let tls = PinnedServer::new(identity, [caller])?;
    let (accepted, streams) = mpsc::channel::<std::io::Result<PinnedStream>>(4);
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let Ok(stream) = tls.accept(tcp, Duration::from_secs(5)).await else { continue };
            if accepted.send(Ok(stream)).await.is_err() {
                break;
            }
        }
    });
    let service =
        CosignerServer::new(LocalKey { key }).max_decoding_message_size(MAX_MESSAGE_BYTES);
    tokio::spawn(
        tonic::transport::Server::builder()
            .add_service(service)
            .serve_with_incoming(ReceiverStream::new(streams)),
    );
    Ok(addr)
}

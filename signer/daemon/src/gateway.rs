//! What gateways may ask.

use std::sync::Arc;

use countersign_protocol::wire;
use countersign_protocol::wire::cosigner_server::Cosigner;
use countersign_threshold::ChildIndex;
use tonic::{Request, Response, Status};

use crate::access::Access;
use crate::keys::Keys;
use crate::signing::Signer;
use crate::status::StatusReport;

/// Answers the gateways of the committee file.
#[derive(Debug)]
pub(crate) struct GatewayService {
    pub(crate) access: Access,
    pub(crate) signer: Signer,
    pub(crate) keys: Arc<Keys>,
    pub(crate) status: StatusReport,
}

#[tonic::async_trait]
impl Cosigner for GatewayService {
    async fn sign(
        &self,
        request: Request<wire::SignRequest>,
    ) -> Result<Response<wire::SignResponse>, Status> {
        let caller = self.access.gateway(&request)?;
        Ok(Response::new(self.signer.answer(&caller, request.into_inner()).await))
    }

    async fn derive_owner(
        &self,
        request: Request<wire::DeriveOwnerRequest>,
    ) -> Result<Response<wire::DeriveOwnerResponse>, Status> {
        self.access.gateway(&request)?;
        let message = request.into_inner();
        let name = message.key.parse().map_err(|_| Status::invalid_argument("key"))?;
        let child = message
            .child
            .map(ChildIndex::new)
            .transpose()
            .map_err(|error| Status::invalid_argument(error.to_string()))?;
        let key = self.keys.get(&name).ok_or_else(|| Status::not_found("no such key"))?;
        let address = key
            .share
            .owner_address(child)
            .map_err(|error| Status::invalid_argument(error.to_string()))?;
        Ok(Response::new(wire::DeriveOwnerResponse { address: address.to_vec() }))
    }

    async fn status(
        &self,
        request: Request<wire::StatusRequest>,
    ) -> Result<Response<wire::StatusResponse>, Status> {
        self.access.gateway(&request)?;
        self.status.answer().await.map(Response::new)
    }
}

//! Cosigners without a threshold protocol: each answers with the same ordinary key, or as told.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use alloy::{
    primitives::{Address, B256, keccak256},
    signers::{SignerSync as _, local::PrivateKeySigner},
};
use countersign_protocol::{
    CommitteeFile, CommitteeParty, FailureClass, GatewayEntry, Identity, PinnedServer, Request,
    SignCall, SignReply, SignedReply, StageTime,
    wire::{
        self,
        cosigner_server::{Cosigner, CosignerServer},
    },
};
use countersign_userop::{AccountSpec, sponsor_approval_digest};
use futures::stream;
use tokio::net::TcpListener;
use tonic::{Response, Status};

/// The key whose children own wallets.
pub(crate) const WALLETS: &str = "wallets";
/// The key that approves sponsorships.
pub(crate) const SPONSOR: &str = "sponsor";

/// How a stand-in behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manners {
    Honest,
    Silent,
    Down,
    Refuses,
    SignsSomethingElse,
    LiesAboutOwners,
    /// Refuses until so many approvals come along.
    WantsApprovals(usize),
}

/// What a stand-in was asked to sign.
pub(crate) type Asked = Arc<Mutex<Vec<Request>>>;

/// With which `traceparent` each was asked.
pub(crate) type Traced = Arc<Mutex<Vec<Option<String>>>>;

/// Three stand-ins, two of which sign.
pub(crate) struct StandIns {
    pub(crate) file: CommitteeFile,
    pub(crate) asked: Asked,
    pub(crate) traced: Traced,
    manners: Vec<Arc<Mutex<Manners>>>,
}

impl StandIns {
    pub(crate) async fn start(gateway: &Identity) -> Self {
        let identities: Vec<_> = (0..3).map(|_| Identity::generate().unwrap()).collect();
        let mut parties = Vec::new();
        let mut listeners = Vec::new();
        for (identity, name) in identities.iter().zip(["alice", "bob", "carol"]) {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            parties.push(CommitteeParty {
                index: 0,
                name: name.into(),
                addr: listener.local_addr().unwrap().to_string(),
                identity: identity.public(),
                facts: Default::default(),
            });
            listeners.push(listener);
        }
        let gateways = vec![GatewayEntry { name: "gateway".into(), identity: gateway.public() }];
        let mut file = CommitteeFile::draft(parties, gateways).unwrap();
        identities.iter().for_each(|identity| {
            file.sign(identity).unwrap();
        });
        let (asked, traced) = (Asked::default(), Traced::default());
        let manners: Vec<_> = (0..3).map(|_| Arc::new(Mutex::new(Manners::Honest))).collect();
        for ((index, listener), identity) in (1_u8..).zip(listeners).zip(&identities) {
            let manners = manners.clone();
            let tls = PinnedServer::new(identity, [gateway.public()]).unwrap();
            let (asked, traced) = (Arc::clone(&asked), Arc::clone(&traced));
            let stand_in = StandIn { index, manners, asked, traced };
            tokio::spawn(serve(listener, tls, stand_in));
        }
        Self { file, asked, traced, manners }
    }

    /// Changes the manners of a member, from 1.
    pub(crate) fn set(&self, index: usize, manners: Manners) {
        *self.manners[index - 1].lock().unwrap() = manners;
    }
}

async fn serve(listener: TcpListener, tls: PinnedServer, stand_in: StandIn) {
    let incoming = stream::unfold((listener, tls), |(listener, tls)| async {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            if let Ok(accepted) = tls.accept(tcp, Duration::from_secs(2)).await {
                return Some((Ok::<_, std::io::Error>(accepted), (listener, tls)));
            }
        }
    });
    let service = CosignerServer::new(stand_in);
    tonic::transport::Server::builder()
        .add_service(service)
        .serve_with_incoming(incoming)
        .await
        .unwrap();
}

struct StandIn {
    index: u8,
    manners: Vec<Arc<Mutex<Manners>>>,
    asked: Asked,
    traced: Traced,
}

impl StandIn {
    fn manners_of(&self, member: u8) -> Manners {
        *self.manners[usize::from(member) - 1].lock().unwrap()
    }

    /// Like the real ones, a stand-in signs only together with the rest of the quorum.
    async fn partners(&self, quorum: &[u8]) -> Option<SignReply> {
        for partner in quorum.iter().filter(|member| **member != self.index) {
            match self.manners_of(*partner) {
                Manners::Silent => std::future::pending().await,
                Manners::Honest
                | Manners::LiesAboutOwners
                | Manners::SignsSomethingElse
                | Manners::WantsApprovals(_) => {}
                Manners::Down | Manners::Refuses => {
                    return Some(SignReply::Failed {
                        class: FailureClass::Network,
                        message: format!("{partner} does not take part"),
                        culprits: vec![*partner],
                        suspects: Vec::new(),
                        retryable: true,
                    });
                }
            }
        }
        None
    }

    async fn manners(&self) -> Result<Manners, Status> {
        match self.manners_of(self.index) {
            Manners::Silent => std::future::pending().await,
            Manners::Down => Err(Status::unavailable("down")),
            other => Ok(other),
        }
    }
}

/// The secret that stands in for a key or its child.
pub(crate) fn secret(key: &str, child: Option<u32>) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&keccak256(format!("{key}/{child:?}"))).unwrap()
}

fn digest(request: &Request) -> B256 {
    match request {
        Request::UserOperation(asked) => {
            let claim = asked.account;
            let spec =
                AccountSpec::new(claim.kind, asked.version, claim.factory, Address::ZERO).unwrap();
            spec.owner_digest(asked.op.hash(asked.entry_point, asked.chain))
        }
        Request::PaymasterApproval(asked) => sponsor_approval_digest(
            &asked.op,
            asked.paymaster,
            asked.entry_point,
            asked.chain,
            asked.delegate,
            asked.window,
        ),
        Request::Signable(asked) => asked.signable.digest(),
        other => unreachable!("{other:?}"),
    }
}

#[tonic::async_trait]
impl Cosigner for StandIn {
    async fn sign(
        &self,
        request: tonic::Request<wire::SignRequest>,
    ) -> Result<Response<wire::SignResponse>, Status> {
        let call = SignCall::from_wire(request.into_inner()).unwrap();
        assert!(call.quorum.contains(&self.index));
        let manners = self.manners().await?;
        self.asked.lock().unwrap().push(call.request.clone());
        self.traced.lock().unwrap().push(call.traceparent.clone());
        let digest = match manners {
            Manners::SignsSomethingElse => B256::repeat_byte(7),
            _ => digest(&call.request),
        };
        let wanted = match manners {
            Manners::WantsApprovals(wanted) => wanted,
            _ => 0,
        };
        let failed = self.partners(&call.quorum);
        let reply = if manners == Manners::Refuses {
            SignReply::Refused { rule: "test_rule".into(), message: "because".into() }
        } else if call.approvals.len() < wanted {
            let message = format!("{} of {wanted} approved", call.approvals.len());
            SignReply::Refused { rule: "approval".into(), message }
        } else if let Some(failed) = failed.await {
            failed
        } else {
            let signer = secret(call.key.as_str(), call.child.map(|child| child.get()));
            let signature = signer.sign_hash_sync(&digest).unwrap().as_bytes();
            let saw = vec![format!("member {} saw it", self.index)];
            SignReply::Signed(SignedReply {
                signature,
                saw,
                preview: B256::ZERO,
                stages: vec![StageTime { name: "rounds".into(), ms: 1.5 }],
            })
        };
        Ok(Response::new(reply.into_wire()))
    }

    async fn derive_owner(
        &self,
        request: tonic::Request<wire::DeriveOwnerRequest>,
    ) -> Result<Response<wire::DeriveOwnerResponse>, Status> {
        let request = request.into_inner();
        let owner = match self.manners().await? {
            Manners::LiesAboutOwners => Address::repeat_byte(1),
            _ => secret(&request.key, request.child).address(),
        };
        Ok(Response::new(wire::DeriveOwnerResponse { address: owner.to_vec() }))
    }

    async fn status(
        &self,
        _: tonic::Request<wire::StatusRequest>,
    ) -> Result<Response<wire::StatusResponse>, Status> {
        self.manners().await?;
        let key = |name: &str, purpose: &str| wire::KeyInfo {
            name: name.into(),
            purpose: purpose.into(),
            state: "live".into(),
            threshold: 2,
            parties: 3,
            address: secret(name, None).address().to_vec(),
            ..Default::default()
        };
        Ok(Response::new(wire::StatusResponse {
            party: self.index.into(),
            name: "stand-in".into(),
            committee_hash: vec![0; 32],
            software: "test".into(),
            keys: vec![key(WALLETS, "accounts"), key(SPONSOR, "paymaster")],
            peers: Vec::new(),
            ready: true,
            spoiled: Vec::new(),
        }))
    }
}

//! What may be asked of a cosigner, the wire messages, and the client that the gateway links.
//!
//! - [`Request`] is the closed enum of what may be signed; there is no "sign these 32 bytes".
//! - [`SignCall`] and [`SignReply`] are one request to one cosigner and its answer.
//! - [`Identity`] is the Ed25519 key that a process is known by; [`PinnedServer`] and
//!   [`PinnedClient`] speak TLS 1.3 only, and only to keys that are pinned.
//! - [`CommitteeFile`] names the parties and the gateways, under all parties' signatures.
//! - [`CosignerClient`] is one persistent connection from a gateway to one cosigner.
//! - [`Features`] say which requests are meant to be in use at all; default off.
//! - [`SignedApproval`] is a person's approval of one exact request.
//! - [`SignedIntent`] is a caller's own signature on what shall be done: an [`Intent`] or a [`SignableIntent`].
//! - [`wire`] holds the generated messages and services.

#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::expect_used, clippy::arithmetic_side_effects)
)]

mod approval;
mod call;
mod client;
mod committee_file;
mod features;
mod identity;
mod intent;
mod key_name;
mod request;
mod signed_struct;
mod slot;
mod tls;
pub mod wire;

pub use approval::{APPROVAL_DOMAIN, ApprovalError, ApprovalSubject, SignedApproval};
pub use call::{
    Attempt, CallError, ChildNumber, FailureClass, SignCall, SignReply, SignedReply, StageTime,
};
pub use client::{ClientError, ClientOptions, CosignerClient, CosignerStatus, KeySummary};
pub use committee_file::{
    CommitteeFile, CommitteeFileError, CommitteeHash, CommitteeParty, GatewayEntry, PartyFacts,
};
pub use features::{
    EXAMPLE_FEATURES, FeatureBook, FeatureFileError, FeatureOff, Features, FeaturesError, Flag,
};
pub use identity::{Fingerprint, Identity, IdentityError, IdentityKey, IdentitySignature};
pub use intent::{INTENT_DOMAIN, Intent, IntentError, IntentKey, SignableIntent, SignedIntent};
pub use key_name::{KeyName, KeyNameError, KeyPurpose};
pub use request::{
    AccountClaim, PaymasterApprovalRequest, Request, RequestError, RequestHash, SignableRequest,
    UserOperationRequest,
};
pub use slot::{Slot, SlotDomain};
pub use tls::{PeerConnection, PinnedClient, PinnedServer, PinnedStream, TlsError, pinned_channel};

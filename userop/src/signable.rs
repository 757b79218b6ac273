//! What may be signed besides operations, one file a kind.
//!
//! Each kind reads its own JSON strictly, naming the field that is wrong; gives the one digest that
//! it can ask for; shows itself in the canonical form that operations have; and says what of it may
//! be signed once. No kind can ask for another kind's digest: `tests/it/collisions.rs` tries.

mod any;
mod authorization;
mod canary;
mod kind;
mod message;
mod owner_proof;
mod printable;
mod slot;
mod sponsorship;
mod transaction;
mod typed_data;

pub use any::Signable;
pub use authorization::Authorization;
pub use canary::Canary;
pub use kind::SignableKind;
pub use message::{MAX_MESSAGE_BYTES, Message};
pub use owner_proof::OwnerProof;
pub(crate) use printable::printable;
pub use slot::OnceSlot;
pub use sponsorship::{SponsorshipPreview, preview_sponsorship};
pub use transaction::Transaction;
pub use typed_data::{
    ChainlessDomain, Permit, PermitShape, TypedData, TypedDomain, TypedField, TypedValue,
};

//! Attacks, each refused by name, and each ending with the honest parties still serving.
//!
//! - The [`liar`] is a gateway that lies. It has the honest one's identity and speaks to the cosigners as that one does;
//!   it still gets no signature that the rules do not allow, and each of its lies is on record. There is no story in
//!   which it has a hash signed: it cannot even ask. A request is a whole operation, the message has no field for a
//!   digest, and each cosigner computes the hash of what it was shown.
//! - The [`strict`] network waives nothing: its gateway can invent neither a caller's wish nor a person's approval.
//! - The [`haunted`] network has a member of ill will: the program `hostile-cosigner`, with that member's identity, share
//!   and journal, whose frames are altered on their way to the others.

mod alone;
mod approvals;
mod banned;
mod delegated;
mod disguised;
mod equivocation;
mod fields;
mod haunted;
mod ill_will;
mod liar;
mod lies;
mod raced;
mod rolled_back;
#[cfg(target_os = "linux")]
mod skewed;
mod slots;
mod strict;
mod withheld;

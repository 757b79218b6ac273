//! A gateway that lies. It has the honest one's identity and speaks to the cosigners as that one does; it
//! still gets no signature that the rules do not allow, and each of its lies is on record.
//!
//! There is no story in which it has a hash signed: it cannot even ask. A request is a whole operation, the
//! message has no field for a digest, and each cosigner computes the hash of what it was shown.

mod equivocation;
mod liar;
mod lies;
mod slots;

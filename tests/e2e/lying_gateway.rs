//! A gateway that lies. It has the honest one's identity and speaks to the cosigners as that one does; it
//! still gets no signature that the rules do not allow, and each of its lies is on record.

mod liar;
mod lies;
mod slots;

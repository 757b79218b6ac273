//! The generated messages, clients and servers of `proto/countersign/v1`.

#[expect(
    missing_docs,
    clippy::allow_attributes,
    reason = "generated; the proto files carry the documentation"
)]
mod generated {
    tonic::include_proto!("countersign.v1");
}

pub use generated::*;

/// The largest gRPC message that any side accepts. A request holds at most one operation
/// (8 KiB by ERC-7562, more for a factory's first call); the largest frame is one of keygen.
pub const MAX_MESSAGE_BYTES: usize = 2 << 20;

/// The format of [`SignRequest`] that this build speaks.
pub const SIGN_REQUEST_VERSION: u32 = 1;

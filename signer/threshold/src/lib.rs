//! The threshold ECDSA engine. Pure: bytes in, bytes out.

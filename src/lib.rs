//! The gateway: JSON-RPC in, UserOperation out. It holds no key.

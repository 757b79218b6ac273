//! What may be asked of a cosigner, the wire messages, and the client that the gateway links.

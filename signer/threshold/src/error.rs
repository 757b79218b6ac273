//! What a caller does about an error follows from its class, never from its text.

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// Ours, the caller's: the call itself was wrong. Trying again changes nothing.
    Caller,
    /// A peer's, or at least some peer's: `culprits()` names whom we can name.
    Peer,
    /// That of what surrounds us: the ban ledger, the machine.
    Environment,
    /// A bug of this crate or of the engine. Tell the operator.
    Bug,
}

//! The key of a file, in pieces, each encrypted to one recipient.

use zeroize::Zeroizing;

use crate::identity::Identity;
use crate::recipient::{Recipient, Recipients};
use crate::shamir::{self, Piece, Secret};

/// Splits the key of a file among its recipients: one lock for each, in their order.
pub(crate) fn lock(key: &[u8; 32], to: &Recipients) -> Option<Vec<Vec<u8>>> {
    let total = u8::try_from(to.all().len()).ok()?;
    let pieces = shamir::split(key, to.need(), total)?;
    let locked = to.all().iter().zip(&pieces).map(|(recipient, piece)| {
        age::encrypt(&recipient.age().ok()?, piece.value.as_slice()).ok()
    });
    locked.collect()
}

/// Opens what the identities fit, and puts the key together. Pieces beyond those that are needed are compared
/// with the others, so that a proof of all recipients is a proof of each.
pub(crate) fn unlock(
    to: &Recipients,
    locks: &[Vec<u8>],
    identities: &[Identity],
) -> Result<Secret, LockError> {
    let mut pieces = Vec::new();
    for ((at, recipient), lock) in (1..=u8::MAX).zip(to.all()).zip(locks) {
        let fitting = identities.iter().find(|identity| identity.recipient() == *recipient);
        if let Some(identity) = fitting {
            pieces.push(Piece { at, value: piece(identity, recipient, lock)? });
        }
    }
    let need = usize::from(to.need());
    let Some((enough, more)) = pieces.split_at_checked(need) else {
        return Err(LockError::TooFew {
            need,
            have: pieces.len(),
            missing: need.saturating_sub(pieces.len()),
        });
    };
    if more.iter().any(|piece| shamir::value_at(enough, piece.at) != piece.value) {
        return Err(LockError::Differ);
    }
    Ok(shamir::value_at(enough, 0))
}

fn piece(identity: &Identity, recipient: &Recipient, lock: &[u8]) -> Result<Secret, LockError> {
    let damaged = || LockError::Damaged { recipient: recipient.clone() };
    let opened = Zeroizing::new(age::decrypt(identity.age(), lock).map_err(|_| damaged())?);
    let mut value: Secret = Zeroizing::new([0; 32]);
    if opened.len() != value.len() {
        return Err(damaged());
    }
    value.copy_from_slice(&opened);
    Ok(value)
}

/// Why the key of a file did not come together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Fewer identities fit than are needed.
    #[error(
        "{need} of the recipients' identities are needed, {have} of those given fit: {missing} are missing"
    )]
    TooFew {
        /// How many are needed.
        need: usize,
        /// How many of those given are recipients.
        have: usize,
        /// How many more are needed.
        missing: usize,
    },
    /// A lock is not what was encrypted to its recipient.
    #[error("what was encrypted to {recipient} is damaged; use another copy of the file")]
    Damaged {
        /// The recipient.
        recipient: Recipient,
    },
    /// The recipients hold pieces of different keys.
    #[error("the recipients hold pieces of different keys; make the backup again")]
    Differ,
}

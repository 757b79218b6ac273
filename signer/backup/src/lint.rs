//! Whether any one recipient could take the place of a quorum.

use std::collections::{BTreeMap, BTreeSet};

use crate::header::Header;
use crate::recipient::{Recipient, Recipients};

/// Who can open the backup of one party's share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readers {
    /// The party.
    pub party: u8,
    /// Its recipients.
    pub to: Recipients,
}

impl From<&Header> for Readers {
    fn from(header: &Header) -> Self {
        Self { party: header.party, to: header.to.clone() }
    }
}

/// Checks that nobody could open, alone, backups of as many parties as sign together: that would be the whole key
/// in one hand. A recipient opens a file alone if the file needs no other one.
///
/// # Errors
/// Names the recipient and the parties.
pub fn lint(readers: &[Readers], threshold: u8) -> Result<(), LintError> {
    let mut opens: BTreeMap<&Recipient, BTreeSet<u8>> = BTreeMap::new();
    for Readers { party, to } in readers.iter().filter(|readers| readers.to.need() == 1) {
        for recipient in to.all() {
            opens.entry(recipient).or_default().insert(*party);
        }
    }
    match opens.into_iter().find(|(_, parties)| parties.len() >= usize::from(threshold)) {
        Some((recipient, parties)) => Err(LintError {
            recipient: recipient.clone(),
            parties: parties.into_iter().collect(),
            threshold,
        }),
        None => Ok(()),
    }
}

/// A recipient who could take the place of a quorum.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{recipient} alone could open the backups of the parties {parties:?}, and {threshold} parties are the whole key; back them up to different recipients, or so that several are needed"
)]
pub struct LintError {
    /// The recipient.
    pub recipient: Recipient,
    /// The parties whose backups it opens.
    pub parties: Vec<u8>,
    /// How many parties sign together.
    pub threshold: u8,
}

#[cfg(test)]
mod tests {
    use super::{LintError, Readers, lint};
    use crate::{Identity, Recipient, Recipients};

    fn someone() -> Recipient {
        Identity::generate().recipient()
    }

    fn readers(party: u8, need: u8, all: &[&Recipient]) -> Readers {
        let to = Recipients::new(need, all.iter().copied().cloned().collect()).unwrap();
        Readers { party, to }
    }

    #[test]
    fn a_recipient_who_could_open_as_many_parties_files_as_sign_together_is_refused() {
        let (greedy, other, third) = (someone(), someone(), someone());
        let files = [
            readers(1, 1, &[&other, &greedy]),
            readers(2, 1, &[&third]),
            readers(3, 1, &[&greedy]),
        ];
        let refused = LintError { recipient: greedy, parties: vec![1, 3], threshold: 2 };
        assert_eq!(lint(&files, 2), Err(refused));
        assert_eq!(lint(&files, 3), Ok(()));
    }

    #[test]
    fn several_files_of_one_party_count_once() {
        let one = someone();
        let files = [readers(1, 1, &[&one]), readers(1, 1, &[&one])];
        assert_eq!(lint(&files, 2), Ok(()));
    }

    #[test]
    fn a_file_that_needs_two_recipients_is_opened_by_neither_alone() {
        let (one, other) = (someone(), someone());
        let files = [readers(1, 2, &[&one, &other]), readers(2, 1, &[&one])];
        assert_eq!(lint(&files, 2), Ok(()));
    }
}

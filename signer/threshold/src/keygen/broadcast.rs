//! Broadcasts of keygen: signed when they leave, checked and remembered when they come.

use sha2::{Digest, Sha256};

use super::{Echo, Heard, Keygen};
use crate::engine::PartyIndex;
use crate::frame::body::{self, Body, Commitments, Reveals};
use crate::frame::{FrameError, Opened};
use crate::outgoing::Outgoing;
use crate::party::PartyId;

/// The longest signature of an identity.
const MAX_SIGNATURE: usize = 255;

/// A broadcast whose signature holds.
pub(super) struct Signed<T> {
    pub(super) message: T,
}

impl Keygen {
    /// Signs a body, notes it as heard from ourselves, and seals body and signature into a frame.
    pub(super) fn broadcast(&mut self, round: u8, body: &[u8]) -> Outgoing {
        let header = self.header(round, self.me, None);
        let digest = digest(body);
        let signature = self.witness.sign(&header.statement(&digest));
        let bytes = header.seal(&[body, &signature].concat());
        self.heard.note(round, self.me, Heard { digest, signature });
        Outgoing::Broadcast { bytes }
    }

    pub(super) fn is_signed(
        &self,
        round: u8,
        speaker: PartyId,
        digest: &[u8; 32],
        signature: &[u8],
    ) -> bool {
        let statement = self.header(round, speaker, None).statement(digest);
        self.witness.verify(speaker, &statement, signature)
    }

    pub(super) fn take_commitments(
        &mut self,
        from: PartyId,
        opened: &Opened<'_>,
    ) -> Result<(), FrameError> {
        if self.commitments.knows(from, &opened.checksum)? {
            return Ok(());
        }
        let (message, heard) = self.hear::<Commitments>(from, opened)?;
        speaks_for_itself(from, message.1.sender_index)?;
        self.heard.note(opened.round, from, heard);
        self.commitments.put(from, opened.checksum, Signed { message });
        Ok(())
    }

    pub(super) fn take_reveals(
        &mut self,
        from: PartyId,
        opened: &Opened<'_>,
    ) -> Result<(), FrameError> {
        if self.reveals.knows(from, &opened.checksum)? {
            return Ok(());
        }
        let (message, heard) = self.hear::<Reveals>(from, opened)?;
        speaks_for_itself(from, message.1.sender_index)?;
        self.heard.note(opened.round, from, heard);
        self.reveals.put(from, opened.checksum, Signed { message });
        Ok(())
    }

    pub(super) fn take_echo(
        &mut self,
        from: PartyId,
        opened: &Opened<'_>,
    ) -> Result<(), FrameError> {
        if self.echoes.knows(from, &opened.checksum)? {
            return Ok(());
        }
        let (message, signature) =
            postcard::take_from_bytes::<Echo>(opened.body).map_err(|_| FrameError::Malformed)?;
        message.check(self.committee)?;
        let body_len = opened.body.len().saturating_sub(signature.len());
        let body = opened.body.get(..body_len).unwrap_or_default();
        self.check_signature(from, opened.round, body, signature)?;
        self.echoes.put(from, opened.checksum, Signed { message });
        Ok(())
    }

    fn hear<T: Body>(&self, from: PartyId, opened: &Opened<'_>) -> Result<(T, Heard), FrameError> {
        let (body, signature) =
            opened.body.split_at_checked(T::LEN).ok_or(FrameError::Dimension {
                what: "body",
                expected: T::LEN,
                got: opened.body.len(),
            })?;
        let digest = self.check_signature(from, opened.round, body, signature)?;
        let message = body::decode(body, from, self.me)?;
        Ok((message, Heard { digest, signature: signature.to_vec() }))
    }

    fn check_signature(
        &self,
        from: PartyId,
        round: u8,
        body: &[u8],
        signature: &[u8],
    ) -> Result<[u8; 32], FrameError> {
        if signature.len() > MAX_SIGNATURE {
            return Err(FrameError::Size(signature.len()));
        }
        let digest = digest(body);
        if self.is_signed(round, from, &digest, signature) {
            Ok(digest)
        } else {
            Err(FrameError::Unsigned)
        }
    }
}

fn speaks_for_itself(from: PartyId, named: PartyIndex) -> Result<(), FrameError> {
    if PartyId::from_engine(named) == from { Ok(()) } else { Err(FrameError::Parties) }
}

fn digest(body: &[u8]) -> [u8; 32] {
    Sha256::digest(body).into()
}

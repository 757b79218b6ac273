//! One run of a protocol in which all parties speak: what leaves is sealed, and signed where all hear
//! it; what comes is checked, and remembered until all compare what they heard.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::committee::Committee;
use crate::frame::body::{self, Body};
use crate::frame::{self, FrameError, Header, Opened, Protocol};
use crate::mailbox::Mailbox;
use crate::outgoing::Outgoing;
use crate::party::PartyId;
use crate::session::SessionId;
use crate::witness::Witness;

pub(crate) mod echo;

use echo::{Echo, Heard, Hearsay, Lie};

/// The longest signature of an identity.
const MAX_SIGNATURE: usize = 255;

/// What one party says and hears in one run.
pub(crate) struct Talk {
    pub(crate) protocol: Protocol,
    pub(crate) committee: Committee,
    pub(crate) me: PartyId,
    pub(crate) session: SessionId,
    witness: Arc<dyn Witness>,
    heard: Hearsay,
}

/// A message to one party with its sender's signature.
pub(crate) struct Signed<T> {
    pub(crate) message: T,
    pub(crate) signature: Vec<u8>,
}

/// A message of ours that has not the size we promise: a bug.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WrongSize;

impl Talk {
    pub(crate) fn new(
        protocol: Protocol,
        committee: Committee,
        me: PartyId,
        session: SessionId,
        witness: Arc<dyn Witness>,
    ) -> Self {
        Self { protocol, committee, me, session, witness, heard: Hearsay::default() }
    }

    /// Whether `from` may speak here: another member.
    pub(crate) fn knows(&self, from: PartyId) -> bool {
        from != self.me && self.committee.contains(from)
    }

    /// How many others there are.
    pub(crate) fn peers(&self) -> usize {
        usize::from(self.committee.parties()).saturating_sub(1)
    }

    /// The others that are not in `arrived`.
    pub(crate) fn missing(&self, arrived: &[PartyId]) -> Vec<PartyId> {
        self.committee.others(self.me).filter(|peer| !arrived.contains(peer)).collect()
    }

    /// Frame 1.
    pub(crate) fn open<'a>(
        &self,
        from: PartyId,
        frame: &'a [u8],
    ) -> Result<Opened<'a>, FrameError> {
        frame::open(frame, self.protocol, &self.session, from, self.me)
    }

    fn header(&self, round: u8, sender: PartyId, receiver: Option<PartyId>) -> Header {
        Header { protocol: self.protocol, round, sender, receiver, session: self.session }
    }

    /// A body for one party. It holds secrets for it: what is left of it here is wiped.
    pub(crate) fn direct<T: Body>(
        &self,
        round: u8,
        to: PartyId,
        message: &T,
    ) -> Result<Outgoing, WrongSize> {
        let body = body::encode(message).map(Zeroizing::new).ok_or(WrongSize)?;
        let bytes = self.header(round, self.me, Some(to)).seal(&body);
        Ok(Outgoing::Send { to, bytes })
    }

    /// Signs a message of the engine, notes it as heard from ourselves, and seals it.
    pub(crate) fn broadcast<T: Body>(
        &mut self,
        round: u8,
        message: &T,
    ) -> Result<Outgoing, WrongSize> {
        let body = body::encode(message).map(Zeroizing::new).ok_or(WrongSize)?;
        let (heard, outgoing) = self.speak(round, &body);
        self.heard.note(round, self.me, heard);
        Ok(outgoing)
    }

    /// Says what we heard and what we made of it.
    pub(crate) fn echo<O: Serialize>(&self, round: u8, outcome: O) -> Result<Outgoing, WrongSize> {
        self.echo_of(self, round, outcome)
    }

    /// As [`Self::echo`], of what we heard in another talk.
    pub(crate) fn echo_of<O: Serialize>(
        &self,
        talk: &Self,
        round: u8,
        outcome: O,
    ) -> Result<Outgoing, WrongSize> {
        self.speak_of(round, &Echo { outcome, heard: talk.heard.clone() })
    }

    /// Says a message of our own, whose length is not the engine's, to all.
    pub(crate) fn speak_of<T: Serialize>(
        &self,
        round: u8,
        message: &T,
    ) -> Result<Outgoing, WrongSize> {
        let body = postcard::to_allocvec(message).map_err(|_| WrongSize)?;
        Ok(self.speak(round, &body).1)
    }

    /// As [`Self::direct`], with our signature, so that the receiver can show it to others.
    pub(crate) fn direct_signed<T: Body>(
        &self,
        round: u8,
        to: PartyId,
        message: &T,
    ) -> Result<Outgoing, WrongSize> {
        let body = body::encode(message).map(Zeroizing::new).ok_or(WrongSize)?;
        let header = self.header(round, self.me, Some(to));
        let signature = self.witness.sign(&header.statement(&digest(&body)));
        let signed = Zeroizing::new([&body[..], &signature].concat());
        Ok(Outgoing::Send { to, bytes: header.seal(&signed) })
    }

    fn speak(&self, round: u8, body: &[u8]) -> (Heard, Outgoing) {
        let header = self.header(round, self.me, None);
        let digest = digest(body);
        let signature = self.witness.sign(&header.statement(&digest));
        let bytes = header.seal(&[body, &signature].concat());
        (Heard { digest, signature }, Outgoing::Broadcast { bytes })
    }

    /// Frame 2 to 5 for a message to us alone.
    pub(crate) fn take<T: Body, U>(
        &self,
        mailbox: &mut Mailbox<U>,
        from: PartyId,
        opened: &Opened<'_>,
        wrap: impl FnOnce(T) -> U,
    ) -> Result<(), FrameError> {
        if !mailbox.knows(from, &opened.checksum)? {
            let message = body::decode(opened.body, from, self.me)?;
            mailbox.put(from, opened.checksum, wrap(message));
        }
        Ok(())
    }

    /// Frame 2 to 5 for a message to all, with its signature. `check` sees to what it says about its
    /// speaker.
    pub(crate) fn take_broadcast<T: Body>(
        &mut self,
        mailbox: &mut Mailbox<T>,
        from: PartyId,
        opened: &Opened<'_>,
        check: impl FnOnce(&T) -> Result<(), FrameError>,
    ) -> Result<(), FrameError> {
        if mailbox.knows(from, &opened.checksum)? {
            return Ok(());
        }
        let (body, signature) = split::<T>(opened)?;
        let digest = self.check_signature(from, opened.round, body, signature)?;
        let message = body::decode(body, from, self.me)?;
        check(&message)?;
        let heard = Heard { digest, signature: signature.to_vec() };
        self.heard.note(opened.round, from, heard);
        mailbox.put(from, opened.checksum, message);
        Ok(())
    }

    /// Frame 2 and 5 for a message to us alone that its sender signed.
    pub(crate) fn take_signed<T: Body, U>(
        &self,
        mailbox: &mut Mailbox<Signed<U>>,
        from: PartyId,
        opened: &Opened<'_>,
        wrap: impl FnOnce(T) -> U,
    ) -> Result<(), FrameError> {
        if mailbox.knows(from, &opened.checksum)? {
            return Ok(());
        }
        let (body, signature) = split::<T>(opened)?;
        if !self.is_signed(opened.round, from, Some(self.me), &digest(body), signature) {
            return Err(FrameError::Unsigned);
        }
        let message = wrap(body::decode(body, from, self.me)?);
        let signed = Signed { message, signature: signature.to_vec() };
        mailbox.put(from, opened.checksum, signed);
        Ok(())
    }

    /// Frame 2 and 5 for a message of our own to all, with its signature.
    pub(crate) fn take_spoken<T: DeserializeOwned>(
        &mut self,
        mailbox: &mut Mailbox<T>,
        from: PartyId,
        opened: &Opened<'_>,
    ) -> Result<(), FrameError> {
        if mailbox.knows(from, &opened.checksum)? {
            return Ok(());
        }
        let (message, signature) =
            postcard::take_from_bytes::<T>(opened.body).map_err(|_| FrameError::Malformed)?;
        let body_len = opened.body.len().saturating_sub(signature.len());
        let body = opened.body.get(..body_len).unwrap_or_default();
        let digest = self.check_signature(from, opened.round, body, signature)?;
        self.heard.note(opened.round, from, Heard { digest, signature: signature.to_vec() });
        mailbox.put(from, opened.checksum, message);
        Ok(())
    }

    /// Whether `speaker` signed this body for `receiver` alone.
    pub(crate) fn has_signed(
        &self,
        round: u8,
        speaker: PartyId,
        receiver: PartyId,
        body: &[u8],
        signature: &[u8],
    ) -> bool {
        self.is_signed(round, speaker, Some(receiver), &digest(body), signature)
    }

    /// Frame 2 and 5 for an echo, with its signature. It tells of exactly those broadcasts that
    /// `expected` names by round and speaker, in order.
    pub(crate) fn take_echo<O: DeserializeOwned>(
        &self,
        mailbox: &mut Mailbox<Echo<O>>,
        from: PartyId,
        opened: &Opened<'_>,
        expected: &[(u8, PartyId)],
    ) -> Result<(), FrameError> {
        if mailbox.knows(from, &opened.checksum)? {
            return Ok(());
        }
        let (message, signature) =
            postcard::take_from_bytes::<Echo<O>>(opened.body).map_err(|_| FrameError::Malformed)?;
        message.check(expected)?;
        let body_len = opened.body.len().saturating_sub(signature.len());
        let body = opened.body.get(..body_len).unwrap_or_default();
        self.check_signature(from, opened.round, body, signature)?;
        mailbox.put(from, opened.checksum, message);
        Ok(())
    }

    /// Every member's broadcasts of `rounds`, in order.
    pub(crate) fn everybody(&self, rounds: &[u8]) -> Vec<(u8, PartyId)> {
        let of = |round: u8| self.committee.members().map(move |member| (round, member));
        rounds.iter().copied().flat_map(of).collect()
    }

    /// What `witness` heard must be what we heard.
    pub(crate) fn compare(&self, witness: PartyId, theirs: &Hearsay) -> Result<(), Lie> {
        self.heard.compare(witness, theirs, |round, speaker, heard| {
            self.is_signed(round, speaker, None, &heard.digest, &heard.signature)
        })
    }

    /// One hash over the whole run, equal at all parties that completed it.
    pub(crate) fn transcript(&self, domain: &[u8], outcome: &[u8; 32]) -> [u8; 32] {
        self.heard.transcript(domain, self.committee, &self.session, outcome)
    }

    fn is_signed(
        &self,
        round: u8,
        speaker: PartyId,
        receiver: Option<PartyId>,
        digest: &[u8; 32],
        signature: &[u8],
    ) -> bool {
        let statement = self.header(round, speaker, receiver).statement(digest);
        signature.len() <= MAX_SIGNATURE && self.witness.verify(speaker, &statement, signature)
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
        if self.is_signed(round, from, None, &digest, signature) {
            Ok(digest)
        } else {
            Err(FrameError::Unsigned)
        }
    }
}

/// Those of whom both kinds of message are here.
pub(crate) fn both(
    direct: impl Iterator<Item = PartyId>,
    broadcast: impl Iterator<Item = PartyId>,
) -> Vec<PartyId> {
    let broadcast: Vec<PartyId> = broadcast.collect();
    direct.filter(|party| broadcast.contains(party)).collect()
}

/// A body of the engine, and the signature behind it.
fn split<'a, T: Body>(opened: &Opened<'a>) -> Result<(&'a [u8], &'a [u8]), FrameError> {
    opened.body.split_at_checked(T::LEN).ok_or(FrameError::Dimension {
        what: "body",
        expected: T::LEN,
        got: opened.body.len(),
    })
}

fn digest(body: &[u8]) -> [u8; 32] {
    Sha256::digest(body).into()
}

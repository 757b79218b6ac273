//! A network of machines in one thread: queues instead of sockets.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use countersign_threshold::{
    BanLedger, ChildIndex, Committee, Digest, Gated, Gates, KeyShare, Keygen, KeygenError,
    LedgerError, Outgoing, PartyId, SessionId, SignError, Signature, Signing, Witness, fixtures,
};

pub(crate) fn party(index: u8) -> PartyId {
    PartyId::new(index).expect("a party from 1 to 255")
}

pub(crate) fn parties(indexes: &[u8]) -> Vec<PartyId> {
    indexes.iter().copied().map(party).collect()
}

pub(crate) fn session(number: u32) -> SessionId {
    let mut bytes = [7; 32];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    SessionId::new(bytes)
}

pub(crate) const DIGEST: [u8; 32] = [0x42; 32];

/// A ledger in memory. Tests that restart a process keep the ledger and make new gates.
#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) bans: Mutex<BTreeMap<PartyId, String>>,
    /// Neither reads nor writes.
    pub(crate) broken: AtomicBool,
    /// Reads, but does not write.
    pub(crate) deaf: AtomicBool,
    /// Says that a ban is being written, and writes it when told to.
    pub(crate) slow: Mutex<Option<(mpsc::Sender<()>, mpsc::Receiver<()>)>>,
}

impl Ledger {
    pub(crate) fn banned(&self) -> Vec<PartyId> {
        self.bans.lock().expect("no panic under the lock").keys().copied().collect()
    }

    fn must_work(&self) -> Result<(), LedgerError> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(LedgerError::new("the disk is gone"));
        }
        Ok(())
    }
}

impl BanLedger for Ledger {
    fn is_banned(&self, peer: PartyId) -> Result<bool, LedgerError> {
        self.must_work()?;
        Ok(self.bans.lock().expect("no panic under the lock").contains_key(&peer))
    }

    fn ban(&self, peer: PartyId, reason: &str) -> Result<(), LedgerError> {
        self.must_work()?;
        if self.deaf.load(Ordering::SeqCst) {
            return Err(LedgerError::new("the disk is full"));
        }
        if let Some((writing, until)) = self.slow.lock().expect("no panic under the lock").take() {
            writing.send(()).expect("the test waits");
            until.recv().expect("the test lets go");
        }
        self.bans.lock().expect("no panic under the lock").insert(peer, reason.to_owned());
        Ok(())
    }
}

/// A frame under way.
#[derive(Clone)]
pub(crate) struct Letter {
    pub(crate) from: PartyId,
    pub(crate) to: PartyId,
    pub(crate) bytes: Vec<u8>,
}

/// What happens to the letters of a round trip.
pub(crate) type Mischief<'a> = &'a mut dyn FnMut(Letter) -> Vec<Letter>;

pub(crate) fn honest(letter: Letter) -> Vec<Letter> {
    vec![letter]
}

/// The machines of one signing session and their fates.
pub(crate) struct SigningRun {
    pub(crate) machines: BTreeMap<PartyId, Signing>,
    pub(crate) queue: VecDeque<Letter>,
    pub(crate) failures: BTreeMap<PartyId, SignError>,
}

impl SigningRun {
    /// Starts one machine for each member of `quorum`, each with its own gates.
    pub(crate) fn start(
        shares: &[KeyShare],
        quorum: &[PartyId],
        child: Option<ChildIndex>,
        session: SessionId,
        gates: impl Fn(PartyId) -> Arc<Gates>,
    ) -> Self {
        let mut run =
            Self { machines: BTreeMap::new(), queue: VecDeque::new(), failures: BTreeMap::new() };
        for share in shares.iter().filter(|share| quorum.contains(&share.me())) {
            let me = share.me();
            match Signing::new(share, quorum, child, Digest::new(DIGEST), session, gates(me)) {
                Ok((machine, outgoing)) => {
                    run.machines.insert(me, machine);
                    run.post(me, outgoing);
                }
                Err(error) => {
                    run.failures.insert(me, error);
                }
            }
        }
        run
    }

    pub(crate) fn post(&mut self, from: PartyId, outgoing: Vec<Gated>) {
        for message in outgoing {
            let to = message.to();
            let queue = &mut self.queue;
            // A shut gate drops the message, as it should.
            let _ = message.release(|bytes| queue.push_back(Letter { from, to, bytes }));
        }
    }

    /// Delivers until nothing is under way.
    pub(crate) fn deliver(&mut self, mischief: Mischief<'_>) {
        while let Some(letter) = self.queue.pop_front() {
            for letter in mischief(letter) {
                let Some(machine) = self.machines.get_mut(&letter.to) else { continue };
                match machine.receive(letter.from, &letter.bytes) {
                    Ok(outgoing) => self.post(letter.to, outgoing),
                    Err(SignError::Over) => {}
                    Err(error) => {
                        self.failures.insert(letter.to, error);
                    }
                }
            }
        }
    }

    /// The machine of a party.
    pub(crate) fn machine(&mut self, index: u8) -> &mut Signing {
        self.machines.get_mut(&party(index)).expect("a machine of that party")
    }

    /// Takes the letter that is under way from one party to another.
    pub(crate) fn intercept(&mut self, from: u8, to: u8) -> Letter {
        let at = self
            .queue
            .iter()
            .position(|letter| letter.from == party(from) && letter.to == party(to))
            .expect("a letter under way");
        self.queue.remove(at).expect("the letter just found")
    }

    /// The signatures of those that came to an end.
    pub(crate) fn finish(self) -> BTreeMap<PartyId, Result<Signature, SignError>> {
        self.machines.into_iter().map(|(me, machine)| (me, machine.finish())).collect()
    }
}

/// A committee of processes: each has a share, a ledger on its disk, and gates in its memory.
pub(crate) struct World {
    pub(crate) shares: Vec<KeyShare>,
    pub(crate) ledgers: BTreeMap<PartyId, Arc<Ledger>>,
    pub(crate) gates: BTreeMap<PartyId, Arc<Gates>>,
}

impl World {
    pub(crate) fn deal(parties: u8, threshold: u8) -> Self {
        let committee = Committee::for_accounts(parties, threshold).expect("a committee");
        let shares = fixtures::deal(committee, "world").expect("shares");
        let ledgers: BTreeMap<_, _> =
            committee.members().map(|member| (member, Arc::new(Ledger::default()))).collect();
        let mut world = Self { shares, ledgers, gates: BTreeMap::new() };
        world.restart();
        world
    }

    /// All processes start again: memory is lost, ledgers are not.
    pub(crate) fn restart(&mut self) {
        self.gates = self
            .ledgers
            .iter()
            .map(|(member, ledger)| (*member, Gates::new(Arc::<Ledger>::clone(ledger))))
            .collect();
    }

    pub(crate) fn share(&self, index: u8) -> &KeyShare {
        &self.shares[usize::from(index) - 1]
    }

    pub(crate) fn gates(&self, index: u8) -> Arc<Gates> {
        Arc::clone(&self.gates[&party(index)])
    }

    pub(crate) fn sign(&self, quorum: &[u8], number: u32) -> SigningRun {
        self.sign_child(quorum, None, number)
    }

    pub(crate) fn sign_child(
        &self,
        quorum: &[u8],
        child: Option<ChildIndex>,
        number: u32,
    ) -> SigningRun {
        SigningRun::start(&self.shares, &parties(quorum), child, session(number), |member| {
            Arc::clone(&self.gates[&member])
        })
    }

    pub(crate) fn banned_by(&self, index: u8) -> Vec<PartyId> {
        self.ledgers[&party(index)].banned()
    }
}

/// Gates with a ledger of their own for everybody.
pub(crate) fn fresh_gates(_: PartyId) -> Arc<Gates> {
    Gates::new(Arc::new(Ledger::default()))
}

/// How long a [`Names`] signature is.
pub(crate) const NAME_LEN: usize = 33;

/// Identities whose signature is their name on the statement: enough to tell who spoke.
pub(crate) struct Names(pub(crate) PartyId);

fn name(party: PartyId, statement: &[u8; 32]) -> Vec<u8> {
    [&[party.index()], &statement[..]].concat()
}

impl Witness for Names {
    fn sign(&self, statement: &[u8; 32]) -> Vec<u8> {
        name(self.0, statement)
    }

    fn verify(&self, party: PartyId, statement: &[u8; 32], signature: &[u8]) -> bool {
        signature == name(party, statement)
    }
}

/// The machines of one keygen and their fates.
pub(crate) struct KeygenRun {
    pub(crate) machines: BTreeMap<PartyId, Keygen>,
    pub(crate) queue: VecDeque<Letter>,
    pub(crate) failures: BTreeMap<PartyId, KeygenError>,
    /// Every error, in order, with the party that found it.
    pub(crate) found: Vec<(PartyId, KeygenError)>,
}

impl KeygenRun {
    pub(crate) fn start(committee: Committee, session: SessionId) -> Self {
        let mut run = Self {
            machines: BTreeMap::new(),
            queue: VecDeque::new(),
            failures: BTreeMap::new(),
            found: Vec::new(),
        };
        for me in committee.members() {
            let (machine, outgoing) =
                Keygen::new(committee, me, session, Arc::new(Names(me))).expect("a member starts");
            run.machines.insert(me, machine);
            run.post(committee, me, outgoing);
        }
        run
    }

    pub(crate) fn post(&mut self, committee: Committee, from: PartyId, outgoing: Vec<Outgoing>) {
        for message in outgoing {
            match message {
                Outgoing::Send { to, bytes } => self.queue.push_back(Letter { from, to, bytes }),
                Outgoing::Broadcast { bytes } => {
                    for to in committee.members().filter(|to| *to != from) {
                        self.queue.push_back(Letter { from, to, bytes: bytes.clone() });
                    }
                }
            }
        }
    }

    pub(crate) fn deliver(&mut self, committee: Committee, mischief: Mischief<'_>) {
        while let Some(letter) = self.queue.pop_front() {
            for letter in mischief(letter) {
                let Some(machine) = self.machines.get_mut(&letter.to) else { continue };
                match machine.receive(letter.from, &letter.bytes) {
                    Ok(outgoing) => self.post(committee, letter.to, outgoing),
                    Err(KeygenError::Over) => {}
                    Err(error) => {
                        self.found.push((letter.to, error.clone()));
                        self.failures.insert(letter.to, error);
                    }
                }
            }
        }
    }
}

//! A committee in one process: identities, vaults and statements are real. The wires are memory that a
//! test may cut, tap, or put a puppet at the end of.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use countersign_protocol::{
    CommitteeFile, CommitteeParty, GatewayEntry, Identity, KeyPurpose, PartyFacts, wire,
};
use countersign_threshold::{Committee as Sizes, PartyId, fixtures};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::ceremony::colleagues::Colleagues;
use crate::ceremony::commit::Event;
use crate::ceremony::manifest::{CeremonyId, Manifest, Proposal};
use crate::ceremony::statement::{Says, SignedStatement, Statement};
use crate::ceremony::{Ceremonies, CeremonyError, CeremonyParts};
use crate::config::Deadlines;
use crate::keys::{KeyRecord, Keys};
use crate::store::Store;
use crate::transport::{Frame, Inbox, PeerError, Peers};
use crate::vault::{CeremonyPapers, KdfStrength, Vault};

pub(in crate::ceremony) fn party(index: u8) -> PartyId {
    PartyId::new(index).unwrap()
}

/// What becomes of a frame on its way from one to another.
type Tap = dyn Fn(PartyId, PartyId, Frame) -> Vec<Frame> + Send + Sync;
/// What a puppet answers whoever asks; nothing if it is silent.
type Puppet = dyn Fn(PartyId) -> Option<wire::OutcomeReply> + Send + Sync;

#[derive(Default)]
struct Wires {
    seats: Mutex<BTreeMap<PartyId, (Ceremonies, Arc<Inbox>)>>,
    absent: Mutex<BTreeSet<PartyId>>,
    puppets: Mutex<BTreeMap<PartyId, Arc<Puppet>>>,
    tap: Mutex<Option<Arc<Tap>>>,
}

struct End {
    me: PartyId,
    size: u8,
    wires: Arc<Wires>,
}

impl End {
    fn seat(&self, to: PartyId) -> Result<(Ceremonies, Arc<Inbox>), PeerError> {
        let gone = |party: &PartyId| self.wires.absent.lock().unwrap().contains(party);
        let seat = self.wires.seats.lock().unwrap().get(&to).cloned();
        match seat {
            Some(seat) if !gone(&to) && !gone(&self.me) => Ok(seat),
            _ => Err(PeerError::Unreachable { party: to }),
        }
    }
}

#[async_trait]
impl Peers for End {
    async fn send(&self, to: PartyId, frame: Frame) -> Result<(), PeerError> {
        self.push(to, frame)
    }

    async fn connect(&self, to: PartyId) -> Result<(), PeerError> {
        self.seat(to).map(|_| ())
    }

    fn push(&self, to: PartyId, frame: Frame) -> Result<(), PeerError> {
        let (_, inbox) = self.seat(to)?;
        let tap = self.wires.tap.lock().unwrap().clone();
        let frames = match tap {
            Some(tap) => tap(self.me, to, frame),
            None => vec![frame],
        };
        frames.into_iter().for_each(|frame| inbox.deliver(self.me, frame));
        Ok(())
    }

    async fn known_head(&self, to: PartyId) -> Result<Option<Vec<u8>>, PeerError> {
        self.seat(to).map(|_| None)
    }
}

#[async_trait]
impl Colleagues for End {
    fn parties(&self) -> Vec<PartyId> {
        (1..=self.size).map(party).filter(|party| *party != self.me).collect()
    }

    async fn propose(
        &self,
        to: PartyId,
        proposal: SignedStatement,
    ) -> Result<wire::ProposeReply, PeerError> {
        let (seat, _) = self.seat(to)?;
        let outcome = seat.consider(self.me, proposal.into_wire()).await;
        let reason = outcome.as_ref().err().map(ToString::to_string).unwrap_or_default();
        Ok(wire::ProposeReply { accepted: outcome.is_ok(), reason })
    }

    async fn outcome(
        &self,
        to: PartyId,
        ceremony: CeremonyId,
        proposal: SignedStatement,
    ) -> Result<wire::OutcomeReply, PeerError> {
        let silent = || PeerError::Unreachable { party: to };
        let puppet = self.wires.puppets.lock().unwrap().get(&to).cloned();
        if let Some(puppet) = puppet {
            return puppet(self.me).ok_or_else(silent);
        }
        let (seat, _) = self.seat(to)?;
        seat.outcome(ceremony.0, Some(proposal.into_wire())).await.map_err(|_| silent())
    }
}

/// Whether proposals are confirmed by themselves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::ceremony) enum Confirm {
    Itself,
    Operators,
}

/// A committee and, once dealt, a key that everyone makes.
pub(in crate::ceremony) struct Committee {
    pub(in crate::ceremony) identities: Vec<Identity>,
    pub(in crate::ceremony) file: Arc<CommitteeFile>,
    folder: tempfile::TempDir,
    wires: Arc<Wires>,
    /// No part of what is tested, and slow to open: each outlives its daemon.
    stores: Vec<Store>,
    threshold: u8,
    confirm: Confirm,
}

/// A key that was dealt, so that no test waits for a keygen.
pub(in crate::ceremony) struct Dealt {
    pub(in crate::ceremony) id: CeremonyId,
    pub(in crate::ceremony) transcript: [u8; 32],
    pub(in crate::ceremony) proposal: SignedStatement,
}

impl Committee {
    /// `parties` daemons that nobody asks to do anything yet.
    pub(in crate::ceremony) async fn start(parties: u8, threshold: u8, confirm: Confirm) -> Self {
        let identities: Vec<Identity> =
            (0..parties).map(|_| Identity::generate().unwrap()).collect();
        let member = |(at, identity): (usize, &Identity)| CommitteeParty {
            index: 0,
            name: format!("party-{}", at + 1),
            addr: format!("127.0.0.1:{}", at + 1),
            identity: identity.public(),
            facts: PartyFacts::default(),
        };
        let members = identities.iter().enumerate().map(member).collect();
        let gateway = Identity::generate().unwrap().public();
        let gateways = vec![GatewayEntry { name: "main".into(), identity: gateway }];
        let mut file = CommitteeFile::draft(members, gateways).unwrap();
        for identity in &identities {
            file.sign(identity).unwrap();
        }
        let (file, folder) = (Arc::new(file), tempfile::tempdir().unwrap());
        let (wires, stores) = (Arc::default(), Vec::new());
        let mut this = Self { identities, file, folder, wires, stores, threshold, confirm };
        for index in 1..=parties {
            let data = this.data(index);
            std::fs::create_dir(&data).unwrap();
            Vault::create(&data.join("vault"), &passphrase(), KdfStrength::Fast).unwrap();
            this.stores.push(Store::open(&data.join("cosigner.db")).await.unwrap());
            this.boot(index).await;
        }
        this
    }

    /// Starts a daemon on what is on its disk: as after a crash, if it ran before.
    pub(in crate::ceremony) async fn boot(&self, index: u8) {
        let inbox = Inbox::new();
        let size = u8::try_from(self.identities.len()).unwrap();
        let end = End { me: party(index), size, wires: Arc::clone(&self.wires) };
        let parts = CeremonyParts {
            me: party(index),
            identity: self.identities[usize::from(index) - 1].clone(),
            committee: Arc::clone(&self.file),
            committee_hash: self.hash(),
            peers: Arc::new(end),
            inbox: Arc::clone(&inbox),
            vault: Arc::new(self.vault(index)),
            keys: Arc::new(Keys::default()),
            store: self.stores[usize::from(index) - 1].clone(),
            deadlines: Deadlines { ceremony_round_ms: 60_000, ..Deadlines::default() },
            dev: self.confirm == Confirm::Itself,
        };
        let ceremonies = Ceremonies::load(parts, CancellationToken::new()).await.unwrap();
        self.wires.seats.lock().unwrap().insert(party(index), (ceremonies, inbox));
    }

    pub(in crate::ceremony) fn at(&self, index: u8) -> Ceremonies {
        self.wires.seats.lock().unwrap()[&party(index)].0.clone()
    }

    pub(in crate::ceremony) fn vault(&self, index: u8) -> Vault {
        Vault::open(&self.data(index).join("vault"), &passphrase(), KdfStrength::Fast).unwrap()
    }

    pub(in crate::ceremony) fn data(&self, index: u8) -> PathBuf {
        self.folder.path().join(index.to_string())
    }

    pub(in crate::ceremony) fn hash(&self) -> [u8; 32] {
        *self.file.hash().unwrap().as_bytes()
    }

    /// Cuts a party off, or connects it again.
    pub(in crate::ceremony) fn set_absent(&self, index: u8, absent: bool) {
        let mut all = self.wires.absent.lock().unwrap();
        if absent {
            all.insert(party(index))
        } else {
            all.remove(&party(index))
        };
    }

    /// From now on whoever asks this party hears `puppet`.
    pub(in crate::ceremony) fn puppet(
        &self,
        index: u8,
        puppet: impl Fn(PartyId) -> Option<wire::OutcomeReply> + Send + Sync + 'static,
    ) {
        self.wires.puppets.lock().unwrap().insert(party(index), Arc::new(puppet));
    }

    /// The party answers for itself again.
    pub(in crate::ceremony) fn cut_strings(&self, index: u8) {
        self.wires.puppets.lock().unwrap().remove(&party(index));
    }

    /// From now on every frame goes through `tap`.
    pub(in crate::ceremony) fn tap(
        &self,
        tap: impl Fn(PartyId, PartyId, Frame) -> Vec<Frame> + Send + Sync + 'static,
    ) {
        *self.wires.tap.lock().unwrap() = Some(Arc::new(tap));
    }

    /// A proposal of this party's for a key of this name.
    pub(in crate::ceremony) fn proposal(
        &self,
        proposer: u8,
        key: &str,
    ) -> (Manifest, CeremonyId, SignedStatement) {
        self.proposal_of(proposer, self.manifest(proposer, key))
    }

    pub(in crate::ceremony) fn manifest(&self, proposer: u8, key: &str) -> Manifest {
        let proposal = Proposal {
            key: key.parse().unwrap(),
            purpose: KeyPurpose::Accounts,
            threshold: self.threshold,
            confirm_within_ms: 60_000,
        };
        let parties = u8::try_from(self.identities.len()).unwrap();
        Manifest::new(proposal, parties, proposer, self.hash(), 1).unwrap()
    }

    pub(in crate::ceremony) fn proposal_of(
        &self,
        signer: u8,
        manifest: Manifest,
    ) -> (Manifest, CeremonyId, SignedStatement) {
        let text = manifest.text().unwrap();
        let id = Manifest::id_of(&text);
        let identity = &self.identities[usize::from(signer) - 1];
        (manifest, id, SignedStatement::proposal(identity, party(signer), text))
    }

    pub(in crate::ceremony) fn says(
        &self,
        index: u8,
        id: CeremonyId,
        says: Says,
    ) -> SignedStatement {
        let statement = Statement { ceremony: id, says };
        let identity = &self.identities[usize::from(index) - 1];
        SignedStatement::make(identity, party(index), &statement).unwrap()
    }

    pub(in crate::ceremony) fn ack(&self, index: u8, key: &Dealt) -> SignedStatement {
        self.says(index, key.id, Says::Ack { transcript: key.transcript })
    }

    pub(in crate::ceremony) fn discard(&self, index: u8, key: &Dealt) -> SignedStatement {
        self.says(index, key.id, Says::Discard { reason: "no".into() })
    }

    pub(in crate::ceremony) fn reject(&self, index: u8, key: &Dealt) -> SignedStatement {
        self.says(index, key.id, Says::Reject { transcript: key.transcript })
    }

    /// Deals a key named `main`; the parties in `holders` stored their shares and acknowledged.
    pub(in crate::ceremony) fn deal(&self, holders: &[u8]) -> Dealt {
        let (manifest, id, proposal) = self.proposal(1, "main");
        let shares = fixtures::deal(Sizes::new(manifest.parties, self.threshold).unwrap(), "main");
        let shares = shares.unwrap();
        let key = Dealt { id, transcript: *shares[0].transcript(), proposal };
        for index in holders {
            let share = &shares[usize::from(*index) - 1];
            let record = KeyRecord {
                name: manifest.key.clone(),
                purpose: manifest.purpose,
                threshold: manifest.threshold,
                parties: manifest.parties,
                epoch: share.epoch(),
                public_key: share.public_key(),
                address: share.address(),
                transcript: key.transcript,
                ceremony: id.0,
                committee: manifest.committee,
                created_at: manifest.created_at,
            };
            let papers = CeremonyPapers {
                proposal: key.proposal.clone(),
                acks: vec![self.ack(*index, &key)],
                refusals: Vec::new(),
                certified: false,
            };
            self.vault(*index).store_pending(&record, share, &papers).unwrap();
        }
        key
    }

    /// Lets one daemon ask once.
    pub(in crate::ceremony) async fn ask(&self, index: u8) {
        self.at(index).shared.resolve_all().await.unwrap();
    }

    /// Lets one daemon ask about one ceremony.
    pub(in crate::ceremony) async fn settle(
        &self,
        index: u8,
        key: &Dealt,
    ) -> Result<(), CeremonyError> {
        self.at(index).shared.settle(key.id, Event::Asked).await.map(|_| ())
    }

    /// The state of the key named `main` at a daemon.
    pub(in crate::ceremony) async fn state(&self, index: u8) -> Option<String> {
        let keys = self.at(index).keys().await.unwrap();
        keys.into_iter().find(|key| key.name == "main").map(|key| key.state)
    }

    /// Whether a daemon can sign with the key named `main`.
    pub(in crate::ceremony) fn signs(&self, index: u8) -> bool {
        self.at(index).shared.keys.get(&"main".parse().unwrap()).is_some()
    }
}

/// An answer that a puppet gives.
pub(in crate::ceremony) fn answer(
    state: &str,
    acks: &[SignedStatement],
    rejects: &[SignedStatement],
) -> wire::OutcomeReply {
    let wire = |all: &[SignedStatement]| {
        all.iter().cloned().map(SignedStatement::into_wire).collect::<Vec<_>>()
    };
    wire::OutcomeReply { state: state.to_owned(), acks: wire(acks), rejects: wire(rejects) }
}

fn passphrase() -> SecretString {
    SecretString::from("correct horse")
}

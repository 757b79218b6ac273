//! Stands between a cosigner and its links.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use countersign_cosigner::{Frame, FrameKind, PeerError, Peers};
use countersign_protocol::Identity;
use countersign_threshold::{PartyId, SessionId};

use crate::manner::{Manner, Which};
use crate::seal::sealed;
use crate::two_faced::OtherFace;

/// Alters frames as the file says at that moment.
pub(crate) struct Meddler {
    links: Arc<dyn Peers>,
    file: PathBuf,
    other_face: OtherFace,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    /// Frames that are kept back, by receiver.
    late: BTreeMap<PartyId, Frame>,
    /// What was sent before at the place of each sort of frame, by receiver.
    said: BTreeMap<(PartyId, u8), Vec<u8>>,
    /// Sessions of keygens in which two things were said.
    two_faced: BTreeSet<SessionId>,
}

impl Meddler {
    pub(crate) fn new(links: Arc<dyn Peers>, file: PathBuf, identity: Identity) -> Self {
        Self { links, file, other_face: OtherFace::new(identity), memory: Mutex::default() }
    }

    /// What leaves instead of the frame.
    fn meddle(&self, to: PartyId, frame: Frame) -> Vec<Frame> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let earlier = remember(&mut memory, to, &frame);
        let manner = Manner::read(&self.file);
        let mut leaving = match manner {
            Manner::Equivocate { to: other } => self.spoken(other, to, frame, &mut memory),
            manner => altered(manner, to, frame, earlier, &mut memory),
        };
        if !leaving.is_empty()
            && let Some(late) = memory.late.remove(&to)
        {
            leaving.push(late);
        }
        leaving
    }
}

impl Meddler {
    /// What the party `to` hears of a keygen in which `other` is to hear something else.
    fn spoken(&self, other: u8, to: PartyId, mut frame: Frame, memory: &mut Memory) -> Vec<Frame> {
        if frame.kind == FrameKind::Ceremony && memory.two_faced.contains(&frame.session) {
            tracing::warn!(%to, what = "unsaid", "ill will");
            return vec![];
        }
        if to.index() == other && self.other_face.put_on(&mut frame) {
            tracing::warn!(%to, what = "told otherwise", "ill will");
            memory.two_faced.insert(frame.session);
        }
        vec![frame]
    }
}

fn altered(
    manner: Manner,
    to: PartyId,
    mut frame: Frame,
    earlier: Option<Vec<u8>>,
    memory: &mut Memory,
) -> Vec<Frame> {
    let tell = |what: &str| tracing::warn!(%to, kind = ?frame.kind, what, "ill will");
    match manner {
        Manner::Flip { which, at } if which.is(&frame) => {
            tell("a bit is flipped");
            sealed(&mut frame.payload, |body| flip(body, at));
            vec![frame]
        }
        Manner::Spoil { which, at, only_to }
            if which.is(&frame) && only_to.is_none_or(|only| only == to.index()) =>
        {
            tell("a bit is spoilt");
            flip(&mut frame.payload, at);
            vec![frame]
        }
        Manner::OtherEpoch if Which::Open.is(&frame) => {
            tell("of another epoch");
            if let Some(at) = epoch_at(&frame.payload) {
                flip(&mut frame.payload, at);
            }
            vec![frame]
        }
        Manner::Twice { which } if which.is(&frame) => {
            tell("sent twice");
            vec![frame.clone(), frame]
        }
        Manner::Withhold { which } if which.is(&frame) => {
            tell("withheld");
            vec![]
        }
        Manner::Late { which } if which.is(&frame) => {
            tell("kept back");
            memory.late.insert(to, frame);
            vec![]
        }
        Manner::Replay { which } if which.is(&frame) => {
            tell("replayed");
            let payload = earlier.unwrap_or_default();
            vec![Frame { payload, ..frame }]
        }
        Manner::Swell { which, bytes } if which.is(&frame) => {
            tell("swollen");
            frame.payload.resize(bytes, 0xa5);
            vec![frame]
        }
        Manner::Garble { which } if which.is(&frame) => {
            tell("garbled");
            sealed(&mut frame.payload, |body| body.iter_mut().for_each(|byte| *byte ^= 0x5a));
            vec![frame]
        }
        _ => vec![frame],
    }
}

fn flip(bytes: &mut [u8], at: usize) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1;
    }
}

/// Where an opening has its epoch: behind protocol, engine, committee, key and public key, of which three are text or
/// bytes behind their lengths.
fn epoch_at(opening: &[u8]) -> Option<usize> {
    let behind = |at: usize| Some(at + 1 + usize::from(*opening.get(at)?));
    let committee = behind(1)?;
    let key = behind(committee + 32)?;
    behind(key)
}

/// Keeps what is said at this place, and gives what was said there before.
fn remember(memory: &mut Memory, to: PartyId, frame: &Frame) -> Option<Vec<u8>> {
    let sorts = [Which::Open, Which::First, Which::Second, Which::Last, Which::Keygen];
    let place = (0_u8..).zip(sorts).find(|(_, which)| which.is(frame))?.0;
    memory.said.insert((to, place), frame.payload.clone())
}

#[async_trait]
impl Peers for Meddler {
    async fn connect(&self, to: PartyId) -> Result<(), PeerError> {
        self.links.connect(to).await
    }

    async fn known_head(&self, to: PartyId) -> Result<Option<Vec<u8>>, PeerError> {
        self.links.known_head(to).await
    }

    fn push(&self, to: PartyId, frame: Frame) -> Result<(), PeerError> {
        if frame.kind == FrameKind::Abort {
            return self.links.push(to, frame);
        }
        self.meddle(to, frame).into_iter().try_for_each(|frame| self.links.push(to, frame))
    }
}

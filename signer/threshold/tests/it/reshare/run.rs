//! The dealers and the new members of one reshare, and their fates.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use countersign_threshold::{
    Gates, Guarded, Handover, KeyShare, NextGeneration, Outgoing, PartyId, Reshare, ReshareError,
    Seat, SessionId, Speaker, Witnesses, deal,
};

use crate::network::{Names, fresh_gates, party, session};

/// A frame under way to a member of the new committee.
#[derive(Clone)]
pub(crate) struct Post {
    pub(crate) from: Speaker,
    pub(crate) to: PartyId,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) struct ReshareRun {
    pub(crate) machines: BTreeMap<PartyId, Reshare>,
    pub(crate) queue: VecDeque<Post>,
    /// Every error, in order, with the number that its finder has in its part.
    pub(crate) found: Vec<(Speaker, ReshareError)>,
}

impl ReshareRun {
    /// `gates` are asked for by old numbers; somebody new has fresh ones.
    pub(crate) fn start(
        shares: &[KeyShare],
        handover: &Handover,
        session: SessionId,
        gates: impl Fn(PartyId) -> Arc<Gates>,
    ) -> Self {
        let mut run = Self { machines: BTreeMap::new(), queue: VecDeque::new(), found: Vec::new() };
        for member in handover.to().members() {
            let stays = match handover.seat(member).expect("a seat") {
                Seat::Stays(old) => shares.iter().find(|share| share.me() == old),
                Seat::Joins => None,
            };
            let names: Arc<Names> = Arc::new(Names(member));
            let witnesses = Witnesses { old: Arc::<Names>::clone(&names), new: names };
            let gates = stays.map_or_else(|| fresh_gates(member), |share| gates(share.me()));
            match Reshare::new(handover.clone(), member, stays, session, witnesses, gates) {
                Ok(machine) => {
                    run.machines.insert(member, machine);
                }
                Err(error) => run.found.push((Speaker::New(member), error)),
            }
        }
        for share in shares.iter().filter(|share| handover.dealers().contains(&share.me())) {
            let me = share.me();
            match deal(share, handover, session, Arc::new(Names(me)), &gates(me)) {
                Ok(outgoing) => run.post(handover, Speaker::Old(me), outgoing),
                Err(error) => run.found.push((Speaker::Old(me), error)),
            }
        }
        run
    }

    fn post(&mut self, handover: &Handover, from: Speaker, outgoing: Vec<Guarded>) {
        let queue = &mut self.queue;
        for message in outgoing {
            // A shut gate drops the message, as it should.
            let _ = message.release(|message| match message {
                Outgoing::Send { to, bytes } => queue.push_back(Post { from, to, bytes }),
                Outgoing::Broadcast { bytes } => {
                    for to in handover.to().members().filter(|to| from != Speaker::New(*to)) {
                        queue.push_back(Post { from, to, bytes: bytes.clone() });
                    }
                }
            });
        }
    }

    pub(crate) fn deliver(
        &mut self,
        handover: &Handover,
        mischief: &mut dyn FnMut(Post) -> Vec<Post>,
    ) {
        while let Some(post) = self.queue.pop_front() {
            for post in mischief(post) {
                let Some(machine) = self.machines.get_mut(&post.to) else { continue };
                match machine.receive(post.from, &post.bytes) {
                    Ok(outgoing) => self.post(handover, Speaker::New(post.to), outgoing),
                    Err(ReshareError::Over) => {}
                    Err(error) => self.found.push((Speaker::New(post.to), error)),
                }
            }
        }
    }

    /// What a member found first.
    pub(crate) fn error(&self, member: u8) -> &ReshareError {
        let finder = Speaker::New(party(member));
        let found = self.found.iter().find(|(who, _)| *who == finder);
        &found.unwrap_or_else(|| unreachable!("party {member} found nothing wrong")).1
    }

    pub(crate) fn assert_in_vain(self) {
        for machine in self.machines.into_values() {
            machine.finish().expect_err("no new generation");
        }
    }
}

/// What an honest network makes of `shares`.
pub(crate) fn must_reshare(
    shares: &[KeyShare],
    handover: &Handover,
    gates: impl Fn(PartyId) -> Arc<Gates>,
) -> Vec<NextGeneration> {
    let mut run = ReshareRun::start(shares, handover, session(1), gates);
    run.deliver(handover, &mut |post| vec![post]);
    assert!(run.found.is_empty(), "{:?}", run.found);
    run.machines.into_values().map(|machine| machine.finish().expect("a generation")).collect()
}

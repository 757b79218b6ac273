//! Every order of events among three parties, walked by a model checker: the rules are the real ones, the
//! rest is a model of parties that crash, ask in part and act late, and of one that lies.

use std::collections::{BTreeMap, BTreeSet};

use countersign_threshold::PartyId;
use stateright::{Checker as _, Model, Property};

use super::{Action, Answer, Event, Phase, Rules, Stance, Standing, step};

const THRESHOLD: u8 = 2;

fn party(index: u8) -> PartyId {
    PartyId::new(index).unwrap()
}

fn all() -> BTreeSet<PartyId> {
    (1..=3).map(party).collect()
}

fn rules(me: PartyId) -> Rules {
    Rules::new(me, all(), THRESHOLD)
}

/// What is on a party's disk.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Disk {
    /// It makes the key.
    Making,
    /// It never acknowledged, and said so.
    Discarded,
    Stored(Standing),
}

/// One honest party: its disk, and the answers that it gathered since it last did something.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Party {
    disk: Disk,
    gathered: BTreeMap<PartyId, Answer>,
}

impl Party {
    fn phase(&self) -> Option<Phase> {
        match &self.disk {
            Disk::Stored(standing) => Some(standing.phase),
            Disk::Making | Disk::Discarded => None,
        }
    }

    fn certified(&self) -> bool {
        matches!(self.phase(), Some(Phase::Certified | Phase::Live))
    }

    /// Whether the party signed that it never uses the key.
    fn refused(&self, me: PartyId) -> bool {
        match &self.disk {
            Disk::Discarded => true,
            Disk::Making => false,
            Disk::Stored(standing) => standing.rejects.contains(&me),
        }
    }

    /// Whether the key is over for this party.
    fn ended(&self) -> bool {
        matches!(self.disk, Disk::Discarded) || self.phase() == Some(Phase::GivenUp)
    }

    fn answer(&self, me: PartyId) -> Answer {
        let nothing = Answer {
            stance: Stance::Open,
            acks: BTreeSet::new(),
            discards: BTreeSet::new(),
            rejects: BTreeSet::new(),
            differs: false,
        };
        match &self.disk {
            Disk::Making => nothing,
            Disk::Discarded => {
                Answer { stance: Stance::Never, discards: BTreeSet::from([me]), ..nothing }
            }
            Disk::Stored(standing) => {
                let stance = match standing.phase {
                    Phase::Acknowledged => Stance::Open,
                    Phase::Certified => Stance::Certified,
                    Phase::Live => Stance::Live,
                    Phase::Rejecting | Phase::GivenUp => Stance::Never,
                };
                let acks = match standing.phase {
                    Phase::GivenUp => BTreeSet::new(),
                    _ => standing.acks.clone(),
                };
                let (discards, rejects) = (standing.discards.clone(), standing.rejects.clone());
                Answer { stance, acks, discards, rejects, differs: false }
            }
        }
    }
}

type State = BTreeMap<PartyId, Party>;

/// Whom a party asks, and what a liar answers. Not to ask is to lose the message.
type Asked = Vec<(PartyId, Option<Lie>)>;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Happens {
    Acknowledges(PartyId),
    /// It crashed before it stored anything, or gave up.
    Discards(PartyId),
    /// It asks and does what follows, from older answers too if it has some. It may crash after so many
    /// writes.
    Passes(PartyId, Asked, Event, usize),
    /// It asks one party, and others go first before it does what follows from the answer.
    AsksEarly(PartyId, PartyId),
}

/// What a liar says. It holds everyone's acknowledgement, and signs whatever it likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Lie {
    Acknowledges,
    Certified,
    Live,
    Discards,
    Rejects,
    /// It shows its own and one honest party's word against the key.
    GivenUp,
}

const LIES: [Lie; 6] =
    [Lie::Acknowledges, Lie::Certified, Lie::Live, Lie::Discards, Lie::Rejects, Lie::GivenUp];

impl Lie {
    /// What `liar` can show, given what honest parties signed so far.
    fn told(self, liar: PartyId, state: &State) -> Answer {
        let acknowledged = |(id, party): (&PartyId, &Party)| party.phase().map(|_| *id);
        let refused = |(id, party): (&PartyId, &Party)| party.refused(*id).then_some(*id);
        let nobody = BTreeSet::new;
        let mut acks: BTreeSet<PartyId> = state.iter().filter_map(acknowledged).collect();
        acks.insert(liar);
        let alone = BTreeSet::from([liar]);
        let (stance, acks, discards, rejects) = match self {
            Self::Acknowledges => (Stance::Open, acks, nobody(), nobody()),
            Self::Certified => (Stance::Certified, acks, nobody(), nobody()),
            Self::Live => (Stance::Live, acks, nobody(), nobody()),
            Self::Discards => (Stance::Never, nobody(), alone, nobody()),
            Self::Rejects => (Stance::Never, acks, nobody(), alone),
            Self::GivenUp => {
                let honest = state.iter().filter_map(refused);
                (Stance::Never, nobody(), nobody(), alone.into_iter().chain(honest).collect())
            }
        };
        Answer { stance, acks, discards, rejects, differs: false }
    }
}

/// Three parties, of which the third may be a liar.
struct Three {
    liar: Option<PartyId>,
    /// How many may sit on an old answer at once while the others go on.
    late: usize,
}

impl Three {
    /// Every choice of whom to ask besides those asked before, and of what a liar says then.
    fn askings(&self, me: PartyId, before: &BTreeMap<PartyId, Answer>) -> Vec<Asked> {
        let mut askings = vec![Vec::new()];
        for other in all().into_iter().filter(|id| *id != me && !before.contains_key(id)) {
            let answers = match self.liar {
                Some(liar) if liar == other => LIES.map(Some).to_vec(),
                _ => vec![None],
            };
            let with = |asked: &Asked| {
                let asked = asked.clone();
                answers
                    .clone()
                    .into_iter()
                    .map(move |lie| asked.iter().copied().chain([(other, lie)]).collect::<Asked>())
            };
            let more: Vec<Asked> = askings.iter().flat_map(with).collect();
            askings.extend(more);
        }
        askings
    }

    fn answers(state: &State, asked: Asked) -> BTreeMap<PartyId, Answer> {
        let answer = |(party, lie): (PartyId, Option<Lie>)| match lie {
            Some(lie) => Some((party, lie.told(party, state))),
            None => state.get(&party).map(|honest| (party, honest.answer(party))),
        };
        asked.into_iter().filter_map(answer).collect()
    }

    /// The party does what follows from what it gathered, and crashes when it has written so much.
    fn settle_until(state: &State, me: PartyId, event: Event, writes: usize) -> Option<State> {
        let party = state.get(&me)?;
        let Disk::Stored(before) = &party.disk else { return None };
        let (now, actions) = step(&rules(me), before, event, &party.gathered);
        let mut written = before.clone();
        for action in actions.iter().take(writes) {
            match action {
                Action::Remember => {
                    let ours = before.rejects.contains(&me);
                    written.acks.clone_from(&now.acks);
                    written.discards.clone_from(&now.discards);
                    written.rejects =
                        now.rejects.iter().filter(|id| ours || **id != me).copied().collect();
                }
                Action::Certify => written.phase = Phase::Certified,
                Action::GoLive => written.phase = Phase::Live,
                Action::Reject => {
                    written.phase = Phase::Rejecting;
                    written.rejects.insert(me);
                }
                Action::GiveUp => written.phase = Phase::GivenUp,
            }
        }
        assert!(writes < actions.len() || written == now, "the actions say all that changed");
        let mut next = state.clone();
        next.insert(me, Party { disk: Disk::Stored(written), gathered: BTreeMap::new() });
        Some(next)
    }

    /// Nothing is lost any more, all are there, and nobody crashes: where does it end?
    fn end(mut state: State) -> State {
        for party in state.values_mut() {
            party.gathered.clear();
            if party.disk == Disk::Making {
                party.disk = Disk::Discarded;
            }
        }
        for _ in 0..6 {
            for me in state.keys().copied().collect::<Vec<_>>() {
                let others = state.iter().filter(|(id, _)| **id != me);
                let gathered = others.map(|(id, party)| (*id, party.answer(*id))).collect();
                if let Some(party) = state.get_mut(&me) {
                    party.gathered = gathered;
                }
                state = Self::settle_until(&state, me, Event::Asked, usize::MAX).unwrap_or(state);
            }
        }
        state
    }
}

impl Model for Three {
    type State = State;
    type Action = Happens;

    fn init_states(&self) -> Vec<State> {
        let honest = all().into_iter().filter(|id| Some(*id) != self.liar);
        let party = || Party { disk: Disk::Making, gathered: BTreeMap::new() };
        vec![honest.map(|id| (id, party())).collect()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Happens>) {
        let late = state.values().filter(|party| !party.gathered.is_empty()).count();
        for (me, party) in state {
            if party.disk == Disk::Making {
                actions.extend([Happens::Acknowledges(*me), Happens::Discards(*me)]);
            }
            if !matches!(
                party.phase(),
                Some(Phase::Acknowledged | Phase::Certified | Phase::Rejecting)
            ) {
                continue;
            }
            for asked in self.askings(*me, &party.gathered) {
                for event in [Event::Asked, Event::OperatorRejects] {
                    let passes = |writes| Happens::Passes(*me, asked.clone(), event, writes);
                    actions.extend([1, 2, usize::MAX].map(passes));
                }
            }
            if late < self.late && party.gathered.is_empty() {
                let others = state.keys().filter(|other| *other != me);
                actions.extend(others.map(|other| Happens::AsksEarly(*me, *other)));
            }
        }
    }

    fn next_state(&self, state: &State, happens: Happens) -> Option<State> {
        let mut next = state.clone();
        match happens {
            Happens::Acknowledges(me) => {
                let standing = Standing {
                    phase: Phase::Acknowledged,
                    acks: BTreeSet::from([me]),
                    discards: BTreeSet::new(),
                    rejects: BTreeSet::new(),
                };
                next.get_mut(&me)?.disk = Disk::Stored(standing);
            }
            Happens::Discards(me) => next.get_mut(&me)?.disk = Disk::Discarded,
            Happens::Passes(me, asked, event, writes) => {
                next.get_mut(&me)?.gathered.extend(Self::answers(state, asked));
                return Self::settle_until(&next, me, event, writes);
            }
            Happens::AsksEarly(me, other) => {
                next.get_mut(&me)?.gathered = Self::answers(state, vec![(other, None)]);
            }
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::<Self>::always(
                "nobody uses a key that an honest party refused",
                |_, state| {
                    let live = state.values().any(|party| party.phase() == Some(Phase::Live));
                    let refused =
                        state.iter().any(|(id, party)| party.refused(*id) || party.ended());
                    !(live && refused)
                },
            ),
            Property::<Self>::always("a key in use can never be given up", |model, state| {
                let live = state.values().any(|party| party.phase() == Some(Phase::Live));
                let refused = state.iter().filter(|(id, party)| party.refused(**id)).count();
                let lies = usize::from(model.liar.is_some());
                !live || refused + lies < rules(party(1)).needed()
            }),
            Property::<Self>::always(
                "a key in use is certified at every honest party",
                |_, state| {
                    let live = state.values().any(|party| party.phase() == Some(Phase::Live));
                    !live || state.values().all(Party::certified)
                },
            ),
            Property::<Self>::always(
                "a share is put away for enough rejections only",
                |model, state| {
                    let lies = usize::from(model.liar.is_some());
                    let refused = state.iter().filter(|(id, party)| party.refused(**id)).count();
                    let given_up =
                        state.values().any(|party| party.phase() == Some(Phase::GivenUp));
                    !given_up || refused + lies >= rules(party(1)).needed()
                },
            ),
            Property::<Self>::sometimes("a key goes live", |_, state| {
                state.values().all(|party| party.phase() == Some(Phase::Live))
            }),
            Property::<Self>::sometimes("a key is given up", |_, state| {
                state.values().all(|party| party.phase() == Some(Phase::GivenUp))
            }),
        ];
        if self.liar.is_none() {
            properties.push(Property::<Self>::always("it ends, once all return", |_, state| {
                let refused = state.iter().any(|(id, party)| party.refused(*id));
                let certified = state.values().any(Party::certified);
                let end = Self::end(state.clone());
                let live = end.values().all(|party| party.phase() == Some(Phase::Live));
                // A certificate that nobody refused comes to be used.
                if certified && !refused { live } else { live || end.values().all(Party::ended) }
            }));
        }
        properties
    }
}

fn must_hold(model: Three) -> usize {
    let checker = model.checker().spawn_bfs().join();
    checker.assert_properties();
    checker.unique_state_count()
}

#[test]
fn three_honest_parties_that_crash_and_miss_messages_agree() {
    let states = must_hold(Three { liar: None, late: 0 });
    assert!(states > 1_000, "{states}: the model is too small to say anything");
}

#[test]
fn one_liar_cannot_make_two_honest_parties_disagree() {
    let states = must_hold(Three { liar: Some(party(3)), late: 0 });
    assert!(states > 1_000, "{states}: the model is too small to say anything");
}

/// Walks many times as many states, which takes a build without debug assertions: for a change of the rules.
#[cfg(not(debug_assertions))]
#[test]
fn the_same_holds_when_parties_act_on_old_answers() {
    must_hold(Three { liar: None, late: 1 });
    must_hold(Three { liar: Some(party(3)), late: 1 });
}

#[test]
fn as_many_must_reject_as_leave_no_quorum() {
    let needed = |parties: u8, threshold| {
        Rules::new(party(1), (1..=parties).map(party).collect(), threshold).needed()
    };
    assert_eq!([needed(3, 2), needed(5, 3), needed(5, 4), needed(7, 2)], [2, 3, 4, 6]);
}

/// A party that holds the certificate and knows of the third's rejection.
fn in_vain() -> Standing {
    Standing {
        phase: Phase::Certified,
        acks: all(),
        discards: BTreeSet::new(),
        rejects: BTreeSet::from([party(3)]),
    }
}

fn answer(stance: Stance, rejects: &[u8]) -> Answer {
    let rejects = rejects.iter().map(|index| party(*index)).collect();
    Answer { stance, acks: all(), discards: BTreeSet::new(), rejects, differs: false }
}

#[test]
fn a_party_that_knows_of_a_rejection_never_goes_live() {
    // Others may act on our answer that we knew of it, whatever we hear from its author since.
    let holds = || answer(Stance::Certified, &[]);
    let answers = BTreeMap::from([(party(2), holds()), (party(3), holds())]);
    let (now, actions) = step(&rules(party(1)), &in_vain(), Event::Asked, &answers);
    assert_eq!((now, actions), (in_vain(), Vec::new()));
}

#[test]
fn a_certified_party_waits_with_its_rejection_until_all_know_of_one() {
    let step = |second| {
        let answers = BTreeMap::from([(party(2), second), (party(3), answer(Stance::Never, &[3]))]);
        step(&rules(party(1)), &in_vain(), Event::Asked, &answers).1
    };
    // It may have our older word that we hold the certificate, and go live by it.
    assert_eq!(step(answer(Stance::Certified, &[])), []);
    assert_eq!(step(answer(Stance::Live, &[])), []);
    assert_eq!(step(answer(Stance::Certified, &[3])), [Action::Reject, Action::GiveUp]);
}

#[test]
fn the_certificate_is_written_before_the_key_is_loaded_and_used() {
    let standing = Standing {
        phase: Phase::Acknowledged,
        acks: BTreeSet::from([party(1)]),
        discards: BTreeSet::new(),
        rejects: BTreeSet::new(),
    };
    let holds = || answer(Stance::Certified, &[]);
    let answers = BTreeMap::from([(party(2), holds()), (party(3), holds())]);
    let (now, actions) = step(&rules(party(1)), &standing, Event::Asked, &answers);
    assert_eq!(now.phase, Phase::Live);
    assert_eq!(actions, [Action::Remember, Action::Certify, Action::GoLive]);
}

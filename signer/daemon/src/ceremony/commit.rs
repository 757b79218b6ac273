//! When a key that all parties made becomes usable, and when it is given up: the rules alone, without
//! a disk, a wire or a signature. PROTOCOL.md has them in words, the tests walk every order of events.
//!
//! A key is usable once every party is known to hold the *certificate*: everyone's acknowledgement of
//! the same key. It is given up once as many parties rejected it as a quorum has, counted so that no
//! quorum is left without one of them. A party that rejected never goes back, and a party that uses
//! the key never rejects; so the two cannot both come about.

use std::collections::{BTreeMap, BTreeSet};

use countersign_threshold::PartyId;

/// Who takes part, and how many of them give a key up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Rules {
    me: PartyId,
    parties: BTreeSet<PartyId>,
    needed: usize,
}

impl Rules {
    /// The rules for the party `me` of a key that `threshold` of `parties` sign with.
    pub(super) fn new(me: PartyId, parties: BTreeSet<PartyId>, threshold: u8) -> Self {
        let threshold = usize::from(threshold);
        let blocking = parties.len().saturating_add(1).saturating_sub(threshold);
        Self { me, needed: threshold.max(blocking), parties }
    }

    /// How many parties must reject a key before it is given up: `max(t, n-t+1)`.
    pub(super) const fn needed(&self) -> usize {
        self.needed
    }

    fn others(&self) -> impl Iterator<Item = &PartyId> {
        self.parties.iter().filter(|party| **party != self.me)
    }
}

/// Where the ceremony is at one party, from its acknowledgement on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Phase {
    /// Our acknowledgement is out; not everyone's is here.
    Acknowledged,
    /// Everyone's acknowledgement is here. Not every party is known to say the same.
    Certified,
    /// Every party holds the certificate: the key is used.
    Live,
    /// We said that we reject the key. We never use it.
    Rejecting,
    /// Enough parties rejected it.
    GivenUp,
}

/// What one party knows, and keeps over a crash.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Standing {
    pub(super) phase: Phase,
    /// Who acknowledged our key.
    pub(super) acks: BTreeSet<PartyId>,
    /// Who says that they never acknowledged one.
    pub(super) discards: BTreeSet<PartyId>,
    /// Who rejects it, us included.
    pub(super) rejects: BTreeSet<PartyId>,
}

/// Where a party that was asked says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Stance {
    /// It makes the key still, or acknowledged it.
    Open,
    /// It holds the certificate of our key.
    Certified,
    /// It uses our key.
    Live,
    /// It never uses the key.
    Never,
}

/// What one party answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Answer {
    pub(super) stance: Stance,
    pub(super) acks: BTreeSet<PartyId>,
    pub(super) discards: BTreeSet<PartyId>,
    pub(super) rejects: BTreeSet<PartyId>,
    /// It acknowledged another key than ours.
    pub(super) differs: bool,
}

impl Answer {
    /// Whether it holds the certificate. If it knows of a rejection too, it told us.
    const fn holds(&self) -> bool {
        matches!(self.stance, Stance::Certified | Stance::Live)
    }

    /// Whether it can never come to use the key: it rejects it, or knows of a rejection. That one
    /// knowledge is enough is what [`decide`] sees to.
    fn never(&self) -> bool {
        match self.stance {
            Stance::Never => true,
            Stance::Open | Stance::Certified => !self.rejects.is_empty(),
            Stance::Live => false,
        }
    }
}

/// What moves a ceremony.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Event {
    /// The others were asked.
    Asked,
    /// The others were asked because our operator wants to reject the key.
    OperatorRejects,
}

/// What must be made durable, in this order, before anybody hears of the new standing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Action {
    /// Keep the statements that are new to us.
    Remember,
    /// The certificate is complete: load the key.
    Certify,
    /// Everyone holds the certificate: the key is used from now on.
    GoLive,
    /// Say that we reject the key, and unload it.
    Reject,
    /// Enough rejections are here: keep them, put the share away, free the name.
    GiveUp,
}

/// What follows from an event and the answers that came. A party that did not answer is not in
/// `answers`.
pub(super) fn step(
    rules: &Rules,
    standing: &Standing,
    event: Event,
    answers: &BTreeMap<PartyId, Answer>,
) -> (Standing, Vec<Action>) {
    let mut now = standing.clone();
    if matches!(now.phase, Phase::Live | Phase::GivenUp) {
        return (now, Vec::new());
    }
    for answer in answers.values() {
        now.acks.extend(&answer.acks);
        now.discards.extend(&answer.discards);
        now.rejects.extend(&answer.rejects);
    }
    let mut actions = Vec::new();
    if now != *standing {
        actions.push(Action::Remember);
    }
    while let Some((phase, action)) = decide(rules, &now, event, answers) {
        now.phase = phase;
        if action == Action::Reject {
            now.rejects.insert(rules.me);
        }
        actions.push(action);
    }
    (now, actions)
}

fn decide(
    rules: &Rules,
    now: &Standing,
    event: Event,
    answers: &BTreeMap<PartyId, Answer>,
) -> Option<(Phase, Action)> {
    let open = matches!(now.phase, Phase::Acknowledged | Phase::Certified | Phase::Rejecting);
    if open && now.rejects.union(&now.discards).count() >= rules.needed {
        return Some((Phase::GivenUp, Action::GiveUp));
    }
    let all = rules.others().all(|party| answers.contains_key(party));
    // Whoever rejects, if honest, never uses the key: to go on would be in vain.
    let rejected = !now.rejects.is_empty();
    match now.phase {
        Phase::Acknowledged if !rejected && now.acks.is_superset(&rules.parties) => {
            Some((Phase::Certified, Action::Certify))
        }
        Phase::Acknowledged if event == Event::OperatorRejects => {
            Some((Phase::Rejecting, Action::Reject))
        }
        // We hold no certificate, so nobody uses the key.
        Phase::Acknowledged if all && (rejected || hopeless(now, answers)) => {
            Some((Phase::Rejecting, Action::Reject))
        }
        Phase::Certified if all && !rejected && answers.values().all(Answer::holds) => {
            Some((Phase::Live, Action::GoLive))
        }
        // Everyone knows of a rejection, so nobody uses the key, and nobody ever will.
        Phase::Certified if all && rejected && answers.values().all(Answer::never) => {
            Some((Phase::Rejecting, Action::Reject))
        }
        _ => None,
    }
}

/// Whether a certificate can no longer come about, unless a party lied: one never acknowledged, or
/// acknowledged another key. The holder of a certificate proves the lie.
fn hopeless(now: &Standing, answers: &BTreeMap<PartyId, Answer>) -> bool {
    let refused = now.discards.iter().any(|party| !now.acks.contains(party));
    let differs = answers.values().any(|answer| answer.differs);
    (refused || differs) && !answers.values().any(Answer::holds)
}

#[cfg(test)]
mod tests;

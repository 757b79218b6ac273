//! What the operator who proposed a ceremony sees of it.

use countersign_protocol::wire;
use countersign_threshold::PartyId;
use tokio::sync::mpsc;

use super::manifest::CeremonyId;

/// The stages of a keygen, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Proposed,
    Confirmed,
    Round,
    Stored,
    Acknowledged,
    Live,
    Failed,
}

impl Stage {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Confirmed => "confirmed",
            Self::Round => "round",
            Self::Stored => "stored",
            Self::Acknowledged => "acknowledged",
            Self::Live => "live",
            Self::Failed => "failed",
        }
    }
}

/// Reports to the log, and to the operator if one listens.
#[derive(Debug)]
pub(super) struct Progress {
    id: CeremonyId,
    events: Option<mpsc::Sender<wire::CeremonyEvent>>,
}

impl Progress {
    pub(super) const fn new(
        id: CeremonyId,
        events: Option<mpsc::Sender<wire::CeremonyEvent>>,
    ) -> Self {
        Self { id, events }
    }

    pub(super) fn report(&self, stage: Stage, done: usize, total: usize, message: String) {
        self.event(stage, None, (done, total), message);
    }

    pub(super) fn about(
        &self,
        stage: Stage,
        party: PartyId,
        (done, total): (usize, usize),
        message: String,
    ) {
        self.event(stage, Some(party), (done, total), message);
    }

    pub(super) fn live(&self, key: wire::KeyInfo, message: String) {
        tracing::info!(ceremony = %self.id, key = key.name, "a key is live");
        let event = wire::CeremonyEvent {
            stage: Stage::Live.as_str().to_owned(),
            message,
            key: Some(key),
            ..wire::CeremonyEvent::default()
        };
        self.emit(event);
    }

    fn event(
        &self,
        stage: Stage,
        party: Option<PartyId>,
        (done, total): (usize, usize),
        message: String,
    ) {
        tracing::info!(ceremony = %self.id, stage = stage.as_str(), done, total, message, "ceremony");
        self.emit(wire::CeremonyEvent {
            stage: stage.as_str().to_owned(),
            message,
            party: party.map(|party| u32::from(party.index())),
            done: u32::try_from(done).unwrap_or(u32::MAX),
            total: u32::try_from(total).unwrap_or(u32::MAX),
            key: None,
        });
    }

    fn emit(&self, event: wire::CeremonyEvent) {
        if let Some(events) = &self.events {
            // An operator who went away changes nothing about the ceremony.
            let _ = events.try_send(event);
        }
    }
}

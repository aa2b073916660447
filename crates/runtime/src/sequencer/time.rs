//! Time passes: ticks that come as inputs, ticks of the wall clock, and those by which the event clock tells
//! all partitions where it stands.

use super::{Downstream, Origin, Sequencer};
use crate::error::Failure;
use crate::message::{Verdict, Work};
use umbral_model::ids::{EventId, Source};
use umbral_model::input::{Incoming, InputKey};
use umbral_model::time::Timestamp;

/// Sender of ticks that nobody sent.
const CLOCK_SOURCE: &str = "umbral-clock";
/// Ends the id of a tick by which a catalog version comes into force.
const VERSION_SUFFIX: &str = "/catalog";

impl<D: Downstream> Sequencer<D> {
    /// A tick that came as an input. On the wall clock it says nothing that the clock does not say itself.
    pub(super) fn take_tick(&mut self, incoming: &Incoming, origin: &Origin<'_>) {
        if self.clock.is_event() {
            self.clock.tick(incoming.occurred_at);
            self.tell_time(&incoming.key);
        }
        let position = self.number();
        self.open.counts.applied += 1;
        if origin.watched {
            self.open.verdicts.push((position, Verdict::Applied));
        }
    }

    /// Moves the event clock to the input that is about to be sequenced.
    pub(super) fn follow(&mut self, occurred_at: Timestamp) {
        if self.clock.follow(occurred_at) || self.activations.due(self.clock.last()) {
            self.tell_time(&clock_key(self.clock.last()));
        }
    }

    /// Tells all partitions the time, and that another catalog version is in force if one is. It stands
    /// before the next input.
    pub(super) fn tell_time(&mut self, key: &InputKey) {
        let (position, clock) = (self.numbering.after(self.position), self.clock.last());
        if self.activations.reach(&self.world, clock) {
            self.open
                .broadcast(position, clock, &version_key(clock), Work::VersionReached);
        } else {
            self.open.broadcast(position, clock, key, Work::Tick);
        }
    }

    /// The wall clock's ticks. A batch of its own only where something is due: otherwise the tick goes with
    /// the next batch that has inputs.
    pub(crate) fn follow_wall_clock(&mut self) -> Result<(), Failure> {
        let Some(now) = self.clock.owed() else {
            return Ok(());
        };
        self.clock.tick(now);
        let due = self.in_flight > 0
            || self
                .standing
                .iter()
                .any(|standing| standing.next_due.is_some_and(|due| due <= now))
            || self.activations.due(now);
        if due || !self.open.is_empty() {
            self.tell_time(&clock_key(now));
            self.flush()?;
        }
        Ok(())
    }
}

/// The key of a tick that nobody sent.
pub(super) fn clock_key(as_of: Timestamp) -> InputKey {
    InputKey {
        source: Source::new(CLOCK_SOURCE),
        event_id: EventId::new(as_of.to_string()),
    }
}

/// The key of the tick by which a catalog version comes into force. What such a tick does, a later one does
/// not do again: so that the two can be told apart when a journal is verified.
fn version_key(as_of: Timestamp) -> InputKey {
    let event_id = EventId::new(format!("{as_of}{VERSION_SUFFIX}"));
    InputKey {
        source: Source::new(CLOCK_SOURCE),
        event_id,
    }
}

/// Whether a journaled tick is one by which a catalog version came into force.
pub fn is_version_tick(key: &InputKey) -> bool {
    key.source.as_str() == CLOCK_SOURCE && key.event_id.as_str().ends_with(VERSION_SUFFIX)
}

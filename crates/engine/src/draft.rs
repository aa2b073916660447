//! A draft: the copy of a row on which a decision applies each of its events as it makes them, so that later
//! parts of the decision see the state after the earlier ones. The row itself changes only when the decision
//! stands.

use crate::account::Row;
use crate::apply::apply;
use crate::world::World;
use std::cell::Cell;
use umbral_model::charge::Charge;
use umbral_model::event::{CauseKey, Event, EventBody, OutId, TimerCause, TimerKind};
use umbral_model::ids::AccountId;
use umbral_model::input::InputKey;
use umbral_model::journal::AccountEvent;
use umbral_model::time::{Date, Timestamp};

/// What a decision answers to.
#[derive(Clone, Debug)]
pub(crate) enum Origin<'a> {
    /// An input of the account, or the activation of a catalog.
    Input(&'a InputKey),
    /// A timer of the account.
    Timer(TimerCause),
}

/// Where the events of a decision go.
pub(crate) struct Sink<'a> {
    /// All events of the entry.
    pub events: &'a mut Vec<AccountEvent>,
    /// The account to name in them, where the entry is not the account's own.
    pub account: Option<AccountId>,
}

/// A decision in the making.
pub(crate) struct Draft<'a> {
    pub world: &'a World,
    /// The row as it was before the decision.
    pub before: &'a Row,
    /// The row as it is after the events so far.
    pub row: Row,
    /// The instant as of which limits and cases are decided: the clock, or a timer's due instant.
    pub now: Timestamp,
    /// `effective_at` of the events.
    pub effective_at: Timestamp,
    origin: Origin<'a>,
    ordinal: u32,
    sink: Sink<'a>,
    /// Memory of a charge that is written already, to be used again.
    spare: Cell<Option<Box<Charge>>>,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(
        world: &'a World,
        before: &'a Row,
        origin: Origin<'a>,
        now: Timestamp,
        effective_at: Timestamp,
        sink: Sink<'a>,
    ) -> Draft<'a> {
        let mut row = before.clone();
        row.cache.evaluated_at = row.cache.evaluated_at.max(now);
        Draft {
            world,
            before,
            row,
            now,
            effective_at,
            origin,
            ordinal: 0,
            sink,
            spare: Cell::default(),
        }
    }

    /// With memory for a charge.
    pub(crate) fn with_spare(self, spare: Option<Box<Charge>>) -> Draft<'a> {
        self.spare.set(spare);
        self
    }

    /// A charge in memory of its own: in the spare one, where there is some.
    pub(crate) fn boxed(&self, charge: Charge) -> Box<Charge> {
        match self.spare.take() {
            Some(mut spare) => {
                *spare = charge;
                spare
            }
            None => Box::new(charge),
        }
    }

    /// The row after all events, and the memory that was not used.
    pub(crate) fn into_row(self) -> (Row, Option<Box<Charge>>) {
        (self.row, self.spare.into_inner())
    }

    /// Adds an event and applies it.
    pub(crate) fn push(&mut self, body: EventBody) {
        let timer = match &self.origin {
            Origin::Input(_) => None,
            Origin::Timer(cause) => Some(cause.clone()),
        };
        let event = Event {
            account_seq: self.row.seq + 1,
            effective_at: self.effective_at,
            timer,
            body,
        };
        apply(self.world, &mut self.row, &event);
        self.ordinal += 1;
        self.sink.events.push(AccountEvent {
            account: self.sink.account.clone(),
            event,
        });
    }

    /// The kind of the timer that is answered to, if it is one.
    pub(crate) fn timer(&self) -> Option<TimerKind> {
        match &self.origin {
            Origin::Input(_) => None,
            Origin::Timer(cause) => Some(cause.kind),
        }
    }

    /// The `out_id` that the next event will have if it is of this kind.
    pub(crate) fn next_out_id(&self, kind: &str) -> OutId {
        let cause = match &self.origin {
            Origin::Input(key) => CauseKey::Input(key),
            Origin::Timer(timer) => CauseKey::Timer(timer),
        };
        OutId::of(kind, &self.row.id, cause, self.ordinal)
    }

    /// The local day of the decision.
    pub(crate) fn today(&self) -> Date {
        self.local_date(self.now)
    }

    /// The local day of an instant.
    pub(crate) fn local_date(&self, at: Timestamp) -> Date {
        self.world.zone(self.row.zone).local(at).date
    }
}

//! What the derived streams carry: an event with everything that its reader needs beside it.

use crate::frame::key_of;
use crate::json::Writer;
use crate::unidentified::not_earned;
use crate::value::{put, put_default, put_optional};
use smol_str::SmolStr;
use std::collections::HashMap;
use umbral_model::event::{CauseKey, EventBody, OutId, PointsNotEarned, Stream, TimerCause};
use umbral_model::ids::{AccountId, EventId, Source, VersionNo};
use umbral_model::input::InputKey;
use umbral_model::journal::{AccountEvent, Entry, JournaledInput, Outcome, Quarantined};
use umbral_model::money::Currency;
use umbral_model::time::Timestamp;

/// Of `points_not_earned`: its field number and kind.
const NOT_EARNED_TAG: u32 = 45;
const NOT_EARNED: &str = "points_not_earned";

/// One output of one entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutputEvent<'a> {
    /// The same whatever partition, frame or restart produced it: readers drop repeats by it.
    pub out_id: OutId,
    /// The account; none for a record in the quarantine that names none.
    pub account_id: Option<&'a AccountId>,
    /// Position in the account's history; 0 for what is not part of it.
    pub account_seq: u64,
    /// From when it holds.
    pub effective_at: Timestamp,
    /// The last tick when it was decided.
    pub recorded_at: Timestamp,
    /// The input; for timers source `timer` and event id `KIND/ID/DUE`.
    pub caused_by: InputKey,
    /// Newest catalog version known when it was decided.
    pub config_version: Option<VersionNo>,
    /// Currency of its amounts. An event does not hold it: readers that know the account set it.
    pub currency: Option<Currency>,
    /// What happened.
    pub body: OutputBody<'a>,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OutputBody<'a> {
    /// An event of an account.
    Event(&'a EventBody),
    /// A record that could not be taken.
    Quarantined(&'a Quarantined),
    /// A purchase that nobody known made: it waits in the quarantine, and is told to those who follow points.
    Unidentified(PointsNotEarned),
    /// A repeat of a record that was taken.
    DuplicateIgnored,
}

impl OutputBody<'_> {
    /// The derived stream; events of `Stream::Internal` and repeats are on none.
    pub fn stream(&self) -> Stream {
        match self {
            OutputBody::Event(body) => body.stream(),
            OutputBody::Quarantined(_) => Stream::Quarantine,
            OutputBody::Unidentified(_) => Stream::Loyalty,
            OutputBody::DuplicateIgnored => Stream::Internal,
        }
    }

    /// The kind's word in JSON and in `out_id`.
    pub fn kind(&self) -> &'static str {
        match self {
            OutputBody::Event(body) => body.kind(),
            OutputBody::Quarantined(_) => "quarantined",
            OutputBody::Unidentified(_) => NOT_EARNED,
            OutputBody::DuplicateIgnored => "duplicate_ignored",
        }
    }
}

/// All outputs of an entry in order, those of `Stream::Internal` included.
pub fn outputs(entry: &Entry) -> Vec<OutputEvent<'_>> {
    let key = key_of(entry);
    let own_account = match &entry.input {
        JournaledInput::Account(input) => Some(&input.account),
        _ => None,
    };
    let mut outputs: Vec<OutputEvent<'_>> = Vec::with_capacity(entry.events.len() + 1);
    outputs.extend(of_outcome(entry, &key, own_account));
    let mut ordinals = Ordinals::default();
    for event in &entry.events {
        outputs.extend(of_event(entry, event, &key, own_account, &mut ordinals));
    }
    outputs
}

/// What an outcome other than applied says.
fn of_outcome<'a>(
    entry: &'a Entry,
    key: &InputKey,
    own_account: Option<&'a AccountId>,
) -> Option<OutputEvent<'a>> {
    let body = match &entry.outcome {
        Outcome::Applied => return None,
        Outcome::DuplicateIgnored => OutputBody::DuplicateIgnored,
        Outcome::Quarantined(quarantined) => match not_earned(entry) {
            Some(not_earned) => OutputBody::Unidentified(not_earned),
            None => OutputBody::Quarantined(quarantined),
        },
    };
    let occurred_at = match &entry.input {
        JournaledInput::Account(input) => Some(input.occurred_at),
        JournaledInput::Raw(raw) => raw.occurred_at,
        _ => None,
    };
    let nobody = AccountId::default();
    let account = own_account.unwrap_or(&nobody);
    Some(OutputEvent {
        out_id: OutId::of(body.kind(), account, CauseKey::Input(key), 0),
        account_id: own_account,
        account_seq: 0,
        effective_at: occurred_at.unwrap_or(entry.clock),
        recorded_at: entry.clock,
        caused_by: key.clone(),
        config_version: entry.version,
        currency: None,
        body,
    })
}

/// An event as output; none where an entry without account holds an event without one, which no engine
/// writes.
fn of_event<'a>(
    entry: &'a Entry,
    event: &'a AccountEvent,
    key: &InputKey,
    own_account: Option<&'a AccountId>,
    ordinals: &mut Ordinals<'a>,
) -> Option<OutputEvent<'a>> {
    let account = event.account.as_ref().or(own_account)?;
    let timer = event.event.timer.as_ref();
    let ordinal = ordinals.next(account, timer);
    let (cause, caused_by) = match timer {
        Some(timer) => (CauseKey::Timer(timer), timer_key(timer)),
        None => (CauseKey::Input(key), key.clone()),
    };
    Some(OutputEvent {
        out_id: OutId::of(event.event.body.kind(), account, cause, ordinal),
        account_id: Some(account),
        account_seq: event.event.account_seq,
        effective_at: event.event.effective_at,
        recorded_at: entry.clock,
        caused_by,
        config_version: entry.version,
        currency: None,
        body: OutputBody::Event(&event.event.body),
    })
}

/// A timer as cause: `timer`, `KIND/ID/DUE`.
fn timer_key(timer: &TimerCause) -> InputKey {
    let event_id = format!("{}/{}/{}", timer.kind.word(), timer.id, timer.due_at);
    InputKey {
        source: Source::new(SmolStr::new_static("timer")),
        event_id: EventId::new(event_id),
    }
}

/// An account's cause within one entry.
type CauseOfAccount<'a> = (&'a str, Option<(&'static str, &'a str, Timestamp)>);

/// Counts an account's events of one cause.
#[derive(Default)]
struct Ordinals<'a> {
    counts: HashMap<CauseOfAccount<'a>, u32>,
}

impl<'a> Ordinals<'a> {
    fn next(&mut self, account: &'a AccountId, timer: Option<&'a TimerCause>) -> u32 {
        let cause = timer.map(|timer| (timer.kind.word(), timer.id.as_str(), timer.due_at));
        let count = self.counts.entry((account.as_str(), cause)).or_default();
        *count += 1;
        *count - 1
    }
}

impl OutputEvent<'_> {
    /// Appends the JSON object.
    pub(crate) fn write(&self, out: &mut Writer<'_>) {
        out.object(|out| {
            out.field("out_id", &self.out_id);
            out.optional("account_id", self.account_id);
            if self.account_seq != 0 {
                out.field("account_seq", &self.account_seq);
            }
            out.field("effective_at", &self.effective_at);
            out.field("recorded_at", &self.recorded_at);
            out.field("caused_by", &self.caused_by);
            if let Some(version) = self.config_version {
                let label = out.names.version(version);
                out.text_field(
                    "config_version",
                    &label.unwrap_or_else(|| version.to_string().into()),
                );
            }
            out.optional("currency", self.currency.as_ref());
            match &self.body {
                OutputBody::Event(body) => crate::event::body::write(body, out),
                OutputBody::Quarantined(quarantined) => out.field("quarantined", *quarantined),
                OutputBody::Unidentified(not_earned) => out.field(NOT_EARNED, not_earned),
                OutputBody::DuplicateIgnored => {
                    out.key("duplicate_ignored");
                    out.object(|_| {});
                }
            }
        });
    }

    /// Appends the fields of `umbral.v1.Output`.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        put(1, &self.out_id, out);
        put_optional(2, self.account_id, out);
        put_default(3, &self.account_seq, out);
        put(4, &self.effective_at, out);
        put(5, &self.recorded_at, out);
        put(6, &self.caused_by, out);
        put_optional(7, self.config_version.as_ref(), out);
        put_optional(8, self.currency.as_ref(), out);
        match &self.body {
            OutputBody::Event(body) => crate::event::body::put(body, out),
            OutputBody::Quarantined(quarantined) => put(100, *quarantined, out),
            OutputBody::Unidentified(not_earned) => put(NOT_EARNED_TAG, not_earned, out),
            OutputBody::DuplicateIgnored => {
                crate::pb::put_key(101, crate::pb::Wire::Bytes, out);
                crate::pb::put_bytes(&[], out);
            }
        }
    }
}

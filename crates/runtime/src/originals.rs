//! Usage records that corrections name, looked up in the journal. The index is small (one place and clock a
//! batch), so a look-up reads frames of one partition only, and decodes those in which the record's id
//! occurs: first around the time at which the usage began, then further away.

use crate::error::Failure;
use crate::index::{BatchIndex, IndexedBatch};
use crate::message::{Ack, Placed};
use crate::partitioner::partition_of_account;
use memchr::memmem::Finder;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use umbral_journal::{BatchPlace, FramePicker};
use umbral_model::event::{EventBody, UsageRated};
use umbral_model::ids::{AccountId, PartitionNo};
use umbral_model::input::{Body, Input, InputKey, RatedRecord};
use umbral_model::journal::{Entry, JournaledInput, Outcome};
use umbral_model::time::{NANOS_PER_DAY, Timestamp};
use umbral_wire::frame;

/// Records older than this are not corrected (see the engine), so they are not looked for.
const HORIZON: i64 = 731 * NANOS_PER_DAY;

/// A record to be looked up.
pub(crate) struct Wanted<'a> {
    pub account: &'a AccountId,
    pub key: InputKey,
    /// When its usage began, as far as the correction tells.
    pub started_at: Option<Timestamp>,
}

/// What was found.
pub(crate) enum Found {
    /// The record as it was rated first.
    Record(Box<RatedRecord>),
    /// The key is that of an input which is no usage record: an earlier correction, which the account knows.
    Other,
    /// Nothing.
    Nothing,
}

impl Found {
    /// Whether nothing was found.
    pub(crate) fn is_nothing(&self) -> bool {
        matches!(self, Found::Nothing)
    }
}

/// Reads frames of durable batches again.
pub trait FrameAt: Send {
    /// The payload of the partition's frame in the batch at `place`; none if the batch has none.
    ///
    /// # Errors
    /// What makes the log unreadable there.
    fn frame_at(
        &mut self,
        place: BatchPlace,
        partition: PartitionNo,
    ) -> Result<Option<Vec<u8>>, String>;
}

impl FrameAt for FramePicker {
    fn frame_at(
        &mut self,
        place: BatchPlace,
        partition: PartitionNo,
    ) -> Result<Option<Vec<u8>>, String> {
        self.pick(place, partition.0)
            .map_err(|error| error.to_string())
    }
}

/// A batch that is decided, and whose place is not known yet.
struct Recent {
    batch: u64,
    clock: Timestamp,
    record: Arc<Vec<u8>>,
    payload: Range<usize>,
}

/// Durable batches in order, and the way to their frames.
pub(crate) struct Originals {
    frames: Box<dyn FrameAt>,
    batches: BatchIndex,
    recent: VecDeque<Recent>,
    partitions: u16,
}

impl Originals {
    pub(crate) fn new(frames: Box<dyn FrameAt>, batches: BatchIndex, partitions: u16) -> Originals {
        Originals {
            frames,
            batches,
            recent: VecDeque::new(),
            partitions,
        }
    }

    /// A further batch is done. What is not durable yet is kept until [`Originals::placed`] says where it is.
    pub(crate) fn note(&mut self, ack: &Ack) {
        let clock = ack.clock;
        match &ack.place {
            Placed::At(place) => self.batches.push(IndexedBatch {
                clock,
                place: *place,
            }),
            Placed::Later(record, payload) => self.recent.push_back(Recent {
                batch: ack.batch,
                clock,
                record: Arc::clone(record),
                payload: payload.clone(),
            }),
        }
    }

    /// The oldest batch that is kept is durable at `place`.
    pub(crate) fn placed(&mut self, batch: u64, place: BatchPlace) {
        if let Some(recent) = self.recent.pop_front() {
            debug_assert_eq!(recent.batch, batch, "batches become durable in order");
            let clock = recent.clock;
            self.batches.push(IndexedBatch { clock, place });
        }
    }

    pub(crate) fn into_index(self) -> BatchIndex {
        self.batches
    }

    /// Places of all durable batches.
    pub(crate) fn index(&self) -> &BatchIndex {
        &self.batches
    }

    /// How many batches are durable.
    pub(crate) fn len(&self) -> usize {
        self.batches.len()
    }

    /// Looks a record up in the durable batches from the time on at which its usage began; in none where that is
    /// not known. Clocks never go back, so most records are found right there.
    pub(crate) fn find_near(&mut self, wanted: &Wanted<'_>) -> Result<Found, Failure> {
        let near = self.near(wanted);
        self.search(wanted, near..self.batches.len())
    }

    /// Looks a record up in the batches before those, newest first, as far back as records are corrected.
    pub(crate) fn find_far(&mut self, wanted: &Wanted<'_>) -> Result<Found, Failure> {
        let Some(newest) = self.batches.newest() else {
            return Ok(Found::Nothing);
        };
        let oldest = newest.clock.plus_nanos(-HORIZON);
        let first = self.batches.before(oldest);
        let near = self.near(wanted).max(first);
        self.search(wanted, (first..near).rev())
    }

    fn near(&self, wanted: &Wanted<'_>) -> usize {
        let Some(at) = wanted.started_at else {
            return self.batches.len();
        };
        self.batches.before(at)
    }

    /// Looks a record up in the batches that became durable since there were `known`.
    pub(crate) fn find_since(
        &mut self,
        wanted: &Wanted<'_>,
        known: usize,
    ) -> Result<Found, Failure> {
        self.search(wanted, known..self.batches.len())
    }

    fn search(
        &mut self,
        wanted: &Wanted<'_>,
        batches: impl Iterator<Item = usize>,
    ) -> Result<Found, Failure> {
        let partition = partition_of_account(wanted.account, self.partitions);
        let finder = Finder::new(wanted.key.event_id.as_str());
        for recent in &self.recent {
            if let Some(found) = look_into(&recent.record[recent.payload.clone()], &finder, wanted)?
            {
                return Ok(found);
            }
        }
        for index in batches {
            let Some(batch) = self.batches.get(index) else {
                continue;
            };
            let payload = self.frames.frame_at(batch.place, partition);
            let payload = payload.map_err(Failure::Log)?;
            if let Some(found) = look_into(&payload.unwrap_or_default(), &finder, wanted)? {
                return Ok(found);
            }
        }
        Ok(Found::Nothing)
    }
}

/// Looks a record up in one frame.
fn look_into(
    payload: &[u8],
    finder: &Finder<'_>,
    wanted: &Wanted<'_>,
) -> Result<Option<Found>, Failure> {
    if finder.find(payload).is_none() {
        return Ok(None);
    }
    let decoded = frame::decode(payload).map_err(|error| Failure::Log(error.to_string()))?;
    let mut entries = decoded.entries.into_iter();
    Ok(entries.find_map(|entry| look_at(entry, wanted)))
}

/// What an entry says about the record; none if it is about something else.
fn look_at(entry: Entry, wanted: &Wanted<'_>) -> Option<Found> {
    let JournaledInput::Account(input) = entry.input else {
        return None;
    };
    let is_it = input.key == wanted.key
        && input.account == *wanted.account
        && entry.outcome == Outcome::Applied;
    if !is_it {
        return None;
    }
    let Body::Usage(_) = &input.body else {
        return Some(Found::Other);
    };
    let mut events = entry.events.into_iter().map(|event| event.event.body);
    let rated: Option<UsageRated> = events.find_map(|body| match body {
        EventBody::UsageRated(rated) => Some(rated),
        _ => None,
    });
    Some(Found::Record(Box::new(RatedRecord {
        root: input.key,
        occurred_at: input.occurred_at,
        rated,
    })))
}

/// The record that an input corrects, if it corrects one.
pub(crate) fn wanted_by<'a>(
    key: &InputKey,
    occurred_at: Timestamp,
    account: &'a AccountId,
    body: &Body,
) -> Option<Wanted<'a>> {
    let (event_id, source, started_at) = match body {
        Body::UsageCorrected(body) => (&body.corrects, &body.corrects_source, Some(occurred_at)),
        Body::UsageCancelled(body) => (&body.cancels, &body.cancels_source, body.started_at),
        _ => return None,
    };
    let key = InputKey {
        source: source.clone().unwrap_or_else(|| key.source.clone()),
        event_id: event_id.clone(),
    };
    Some(Wanted {
        account,
        key,
        started_at,
    })
}

/// Puts what was found into the correction, for the engine and the journal.
pub(crate) fn embed(input: &mut Input, found: Found) {
    let Found::Record(record) = found else { return };
    match &mut input.body {
        Body::UsageCorrected(body) => body.original = Some(record),
        Body::UsageCancelled(body) => body.original = Some(record),
        _ => {}
    }
}

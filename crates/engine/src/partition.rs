//! A partition: the accounts that one thread drives at a time, with the keys they took and their timers.

use crate::account::Row;
use crate::customer;
use crate::decide::{decide, moves_timers};
use crate::dedup::{self, Dedup, Seen, Windows};
use crate::draft::{Draft, Origin, Sink};
use crate::hash;
use crate::index::Index;
use crate::queue::Queue;
use crate::stored::{self, BadRows, Portion};
use crate::timers;
use crate::view::AccountView;
use crate::world::World;
use rustc_hash::FxBuildHasher;
use std::hash::BuildHasher;
use umbral_model::charge::Charge;
use umbral_model::event::{EventBody, TimerCause};
use umbral_model::ids::{AccountId, VersionNo};
use umbral_model::input::{Body, CustomerAdded, Input};
use umbral_model::journal::{AccountEvent, Entry, JournaledInput, Outcome, UsageEntry};
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::{NANOS_PER_SECOND, Timestamp};

/// How far an input may be dated after the clock and still bring its account's timers forward.
const SKEW: i64 = 3_600 * NANOS_PER_SECOND;

/// What became of an input.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Decision {
    /// Taken; its events are in the list.
    Applied,
    /// A repeat of one that was taken.
    Duplicate,
    /// Not taken.
    Refused(Rejection),
}

/// The accounts of a partition.
#[derive(Clone, Debug, Default)]
pub struct Partition {
    slots: Vec<Slot>,
    by_id: Index,
    queue: Queue,
    windows: Windows,
    /// Keys of inputs that are kept, over all accounts.
    keys: usize,
    /// The catalog version that every account was looked at under, or is marked for.
    version: Option<(Timestamp, VersionNo)>,
    /// Rows that were read back, until `resume`; ascending by row and by batch.
    marks: Vec<Mark>,
    /// Memory of a charge that is written already: thousands a batch that are allocated and freed cost time.
    spare: Option<Box<Charge>>,
}

/// The rows before `end` that are in no mark before this one hold the effects of all batches up to `as_of`.
#[derive(Clone, Copy, Debug)]
struct Mark {
    end: u32,
    as_of: u64,
}

#[derive(Clone, Debug)]
struct Slot {
    row: Row,
    dedup: Dedup,
}

impl Partition {
    /// A partition without accounts, with the default windows.
    pub fn new() -> Partition {
        Partition::default()
    }

    /// A partition without accounts.
    pub fn with_windows(windows: Windows) -> Partition {
        Partition {
            windows,
            ..Partition::default()
        }
    }

    /// Decides one input and takes its events into the state.
    ///
    /// `clock` is the last tick; `body_hash` tells a repeat from another input under the same key. Timers of
    /// the account that are due by then fire first, each at its own instant: their events come before those
    /// of the input and stand even if the input is refused. Nothing else of a refused input or a repeat
    /// remains.
    pub fn process(
        &mut self,
        world: &World,
        clock: Timestamp,
        input: &Input,
        body_hash: u64,
        events: &mut Vec<AccountEvent>,
    ) -> Decision {
        if !input.forced && self.windows.is_past(input, clock) {
            return Decision::Refused(outside_window(&self.windows, input, clock));
        }
        let now = now_of(clock, input);
        self.notice_version(world, now);
        match (self.find(&input.account), &input.body) {
            (Some(slot), _) => {
                self.process_known(world, (clock, now), slot, input, body_hash, events)
            }
            (None, Body::CustomerAdded(body)) => {
                self.open(world, (clock, now), input, body, body_hash, events)
            }
            (None, _) => Decision::Refused(Rejection::new(
                Reason::UnknownAccount,
                format!(
                    "account {} is not known; send customer_added first",
                    input.account
                ),
            )),
        }
    }

    fn process_known(
        &mut self,
        world: &World,
        (clock, now): (Timestamp, Timestamp),
        slot: u32,
        input: &Input,
        body_hash: u64,
        events: &mut Vec<AccountEvent>,
    ) -> Decision {
        let word = dedup::input_word(&input.key, body_hash);
        match self.slots[slot as usize].dedup.check(word) {
            Seen::New => {}
            Seen::Repeat => return Decision::Duplicate,
            Seen::OtherBody => return Decision::Refused(Reason::KeyReused.into()),
        }
        if let Some(refused) = self.repeated_purchase(slot, input) {
            return Decision::Refused(refused);
        }
        if self.slots[slot as usize].row.cache.due_at <= now {
            self.fire_due(world, slot, now, now, false, events);
        }
        let first = events.len();
        let before = &self.slots[slot as usize].row;
        let sink = Sink {
            events: &mut *events,
            account: None,
        };
        let origin = Origin::Input(&input.key);
        let mut draft = Draft::new(world, before, origin, now, input.occurred_at, sink)
            .with_spare(self.spare.take());
        let decided = decide(&mut draft, input);
        let (row, spare) = draft.into_row();
        self.spare = spare;
        if let Err(rejection) = decided {
            events.truncate(first);
            return Decision::Refused(rejection);
        }
        self.store(world, slot, row, &events[first..]);
        self.remember(slot, word, input, clock);
        Decision::Applied
    }

    /// Takes the events of an entry back when they are written: some of their memory is used again for the next
    /// ones. The list is empty then.
    pub fn take_back(&mut self, events: &mut Vec<AccountEvent>) {
        for AccountEvent { event, .. } in events.drain(..) {
            if let EventBody::UsageRated(rated) = event.body {
                self.spare = Some(rated.charge);
            }
        }
    }

    fn repeated_purchase(&self, slot: u32, input: &Input) -> Option<Rejection> {
        let Body::Purchase(purchase) = &input.body else {
            return None;
        };
        let word = dedup::purchase_word(&input.key, purchase.purchase.as_str());
        let seen = self.slots[slot as usize].dedup.check(word) != Seen::New;
        seen.then(|| {
            Rejection::new(
                Reason::PurchaseExists,
                format!("purchase {} was taken already", purchase.purchase),
            )
        })
    }

    fn open(
        &mut self,
        world: &World,
        (clock, now): (Timestamp, Timestamp),
        input: &Input,
        body: &CustomerAdded,
        body_hash: u64,
        events: &mut Vec<AccountEvent>,
    ) -> Decision {
        let first = events.len();
        let before = Row::new(input.account.clone());
        let sink = Sink {
            events: &mut *events,
            account: None,
        };
        let origin = Origin::Input(&input.key);
        let mut draft = Draft::new(world, &before, origin, now, input.occurred_at, sink);
        let opened = customer::open(&mut draft, input, body);
        let row = draft.row;
        if let Err(rejection) = opened {
            events.truncate(first);
            return Decision::Refused(rejection);
        }
        let slot = self.add(before);
        self.store(world, slot, row, &events[first..]);
        self.remember(slot, dedup::input_word(&input.key, body_hash), input, clock);
        Decision::Applied
    }

    /// Where the account will most likely be found. With [`Partition::touch_row`],
    /// [`Partition::touch_behind`] and [`Partition::touch_members`] it reads what an input of the account will
    /// need: a worker calls each of the four for some dozens of inputs before it processes them, so that memory
    /// answers for many at once. Nothing is changed by it.
    pub fn likely_slot(&self, id: &str) -> Option<u32> {
        self.by_id.likely(hash_of(id))
    }

    /// Reads the lines of memory of an account's row.
    pub fn touch_row(&self, slot: u32) -> u64 {
        let slot = &self.slots[slot as usize];
        slot.row.touch() ^ slot.dedup.touch()
    }

    /// Reads what the row leads to: keys and rare things.
    pub fn touch_behind(&self, slot: u32) -> u64 {
        self.touch_keys(slot) ^ self.slots[slot as usize].row.cold().members.len() as u64
    }

    /// Reads the keys that the account took: what a replayed record needs beside the row.
    pub fn touch_keys(&self, slot: u32) -> u64 {
        self.slots[slot as usize].dedup.touch_keys()
    }

    /// Reads the account's first member.
    pub fn touch_members(&self, slot: u32) -> u64 {
        let members = &self.slots[slot as usize].row.cold().members;
        members.first().map_or(0, |member| {
            member.id.as_str().len() as u64 ^ u64::from(member.closed_at.is_some())
        })
    }

    /// Fires all timers that are due by `as_of`, of all accounts, in the order of their instants; at one
    /// instant by account.
    pub fn tick(&mut self, world: &World, as_of: Timestamp, events: &mut Vec<AccountEvent>) {
        self.notice_version(world, as_of);
        while let Some((due_at, mut slots)) = self.queue.pop(as_of) {
            slots.retain(|slot| self.slots[*slot as usize].row.cache.due_at == due_at);
            slots.sort_by(|a, b| {
                self.slots[*a as usize]
                    .row
                    .id
                    .cmp(&self.slots[*b as usize].row.id)
            });
            slots.dedup();
            for slot in slots {
                self.fire_due(world, slot, due_at, as_of, true, events);
            }
        }
    }

    /// Looks at all accounts again after a catalog was activated, in the order of their ids. Nothing happens
    /// where the activated version is not in force at `clock`; one that comes later acts by ticks.
    pub fn config_changed(
        &mut self,
        world: &World,
        clock: Timestamp,
        events: &mut Vec<AccountEvent>,
    ) {
        let in_force = world.in_force(clock);
        let newest = world.catalogs.latest().map(|version| version.number);
        let acts_now = in_force.map(|(_, number)| number) == newest;
        let Some(key) = world.latest_activation().filter(|_| acts_now) else {
            return;
        };
        self.version = in_force;
        for slot in self.slots_by_id() {
            let first = events.len();
            let before = &self.slots[slot as usize].row;
            let sink = Sink {
                events: &mut *events,
                account: Some(before.id.clone()),
            };
            let mut draft = Draft::new(world, before, Origin::Input(key), clock, clock, sink);
            timers::look_again(&mut draft);
            let row = draft.row;
            self.store(world, slot, row, &events[first..]);
            self.reschedule(world, slot);
        }
    }

    /// The earliest instant at which a tick may fire something here; versions that come into force later
    /// are not in it (`World::next_version_at`).
    pub fn next_due(&self) -> Option<Timestamp> {
        self.queue.next()
    }

    /// Takes a journaled entry into the state without deciding anything. `body_hash` is that of its input.
    pub fn replay(&mut self, world: &World, entry: &Entry, body_hash: u64) {
        self.replay_of(world, u64::MAX, entry, body_hash);
    }

    /// As [`Partition::replay`], of an entry of `batch`. Rows that were read back with the effects of that
    /// batch in them stay as they are.
    pub fn replay_of(&mut self, world: &World, batch: u64, entry: &Entry, body_hash: u64) {
        let (own, now) = match &entry.input {
            JournaledInput::Account(input) => (Some(&input.account), now_of(entry.clock, input)),
            _ => (None, entry.clock),
        };
        let mut touched: Vec<u32> = Vec::new();
        for AccountEvent { account, event } in &entry.events {
            let Some(id) = account.as_ref().or(own) else {
                continue;
            };
            let slot = self
                .find(id)
                .unwrap_or_else(|| self.add(Row::new(id.clone())));
            if self.holds(slot, batch) {
                continue;
            }
            let row = &mut self.slots[slot as usize].row;
            crate::apply::apply(world, row, event);
            row.cache.evaluated_at = row.cache.evaluated_at.max(now);
            self.release_key(slot, &event.body);
            if moves_timers(&event.body) && touched.last() != Some(&slot) {
                touched.push(slot);
            }
        }
        for slot in touched {
            self.reschedule(world, slot);
        }
        let JournaledInput::Account(input) = &entry.input else {
            return;
        };
        if entry.outcome == Outcome::Applied
            && let Some(slot) = self.find(&input.account)
            && !self.holds(slot, batch)
        {
            let word = dedup::input_word(&input.key, body_hash);
            self.remember(slot, word, input, entry.clock);
        }
    }

    /// As [`Partition::replay_of`], of an entry of usage that changed nothing but money. False, and nothing is done, if
    /// the account is not here.
    pub fn replay_usage(&mut self, batch: u64, usage: &UsageEntry<'_>) -> bool {
        let Some(slot) = self.find_text(usage.account) else {
            return false;
        };
        if self.holds(slot, batch) {
            return true;
        }
        let row = &mut self.slots[slot as usize].row;
        crate::usage::replay(row, usage);
        let now = instant_of(usage.clock, usage.occurred_at);
        row.cache.evaluated_at = row.cache.evaluated_at.max(now);
        let word = dedup::key_word(usage.source, usage.event_id, usage.body_hash);
        let days = self.windows.of_usage(usage.abroad);
        let keep_until = dedup::keep_until(usage.occurred_at, days);
        self.keep(slot, word, keep_until, usage.clock);
        true
    }

    /// Takes a key and forgets what the clock passed.
    fn keep(&mut self, slot: u32, word: u64, keep_until: Timestamp, clock: Timestamp) {
        let dedup = &mut self.slots[slot as usize].dedup;
        let before = dedup.len();
        dedup.insert(word, keep_until, clock);
        self.keys = self.keys + dedup.len() - before;
    }

    /// Keys of inputs that are kept to recognise repeats, over all accounts.
    pub fn kept_keys(&self) -> usize {
        self.keys
    }

    /// The hash of the whole state: the sum of the accounts' hashes, modulo 2^128. Sums of partitions add up
    /// to the deployment's, whatever their number.
    pub fn state_hash(&self) -> u128 {
        let slots = self.slots.iter();
        hash::of_all(slots.map(|slot| hash::of_account(&slot.row, &slot.dedup)))
    }

    /// The hash of every account, in the order of their ids; the same for any number of partitions.
    pub fn account_hashes(&self) -> Vec<(AccountId, u128)> {
        self.slots_by_id()
            .into_iter()
            .map(|slot| &self.slots[slot as usize])
            .map(|slot| {
                (
                    slot.row.id.clone(),
                    hash::of_account(&slot.row, &slot.dedup),
                )
            })
            .collect()
    }

    /// How many accounts there are.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is no account.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Whether the account is here.
    pub fn contains(&self, id: &AccountId) -> bool {
        self.find(id).is_some()
    }

    /// An account as people look at it, with the limits of the class in force at `clock`.
    pub fn account(&self, world: &World, clock: Timestamp, id: &AccountId) -> Option<AccountView> {
        let slot = self.find(id)?;
        Some(AccountView::of(
            world,
            clock,
            &self.slots[slot as usize].row,
        ))
    }

    /// All accounts in the order of their ids.
    pub fn accounts<'a>(
        &'a self,
        world: &'a World,
        clock: Timestamp,
    ) -> impl Iterator<Item = AccountView> + 'a {
        self.slots_by_id()
            .into_iter()
            .map(move |slot| AccountView::of(world, clock, &self.slots[slot as usize].row))
    }

    /// The ids of all accounts, in no particular order.
    pub fn ids(&self) -> impl Iterator<Item = &AccountId> {
        self.slots.iter().map(|slot| &slot.row.id)
    }

    /// Whether the account took this very input already, so that it would be ignored.
    pub fn is_repeat(&self, input: &Input, body_hash: u64) -> bool {
        let word = dedup::input_word(&input.key, body_hash);
        self.find(&input.account)
            .is_some_and(|slot| self.slots[slot as usize].dedup.check(word) == Seen::Repeat)
    }

    /// Goes on after replayed entries: what the catalog version in force at `clock` did to the accounts is
    /// among their events, so none is looked at again for its sake. Accounts to which it did nothing were
    /// looked at all the same, which their timers have to know.
    pub fn resume(&mut self, world: &World, clock: Timestamp) {
        let in_force = world.in_force(clock);
        let was_read = !std::mem::take(&mut self.marks).is_empty();
        if in_force == self.version && !was_read {
            return;
        }
        self.version = in_force;
        let from = in_force.map_or(Timestamp::MIN, |(from, _)| from);
        for slot in 0..self.slots.len() as u32 {
            let row = &mut self.slots[slot as usize].row;
            row.forget_guards();
            row.cache.evaluated_at = row.cache.evaluated_at.max(from);
            self.reschedule(world, slot);
        }
    }

    /// Makes room for so many accounts more.
    pub fn reserve(&mut self, accounts: usize) {
        self.slots.reserve(accounts);
        let slots = &self.slots;
        self.by_id.reserve(accounts, |known| {
            hash_of(slots[known as usize].row.id.as_str())
        });
    }

    /// Appends accounts to `out`, from number `from` on, as many as the portion holds and one at least if
    /// there is any. Gives the number after the last one; accounts keep their numbers, new ones come last.
    pub fn write_rows(&self, from: usize, portion: &Portion, out: &mut Vec<u8>) -> usize {
        let (begin, mut next) = (out.len(), from);
        for slot in self.slots.iter().skip(from).take(portion.rows) {
            if out.len() - begin >= portion.bytes {
                break;
            }
            stored::write(&slot.row, &slot.dedup, out);
            next += 1;
        }
        next
    }

    /// Reads accounts back that [`Partition::write_rows`] wrote, in the same order, after the batch `as_of`;
    /// gives how many. Entries of later batches are then replayed, and [`Partition::resume`] ends it.
    ///
    /// # Errors
    /// Bytes that were not written so. Some accounts may have been read: the partition is of no use then.
    pub fn read_rows(&mut self, bytes: &[u8], as_of: u64) -> Result<usize, BadRows> {
        if self.marks.last().is_some_and(|last| last.as_of > as_of) {
            return Err(BadRows("rows are older than the rows before them"));
        }
        let (mut rest, before) = (bytes, self.slots.len());
        while !rest.is_empty() {
            let (row, dedup) = stored::read(&mut rest)?;
            self.add_read(row, dedup)?;
        }
        let end = self.slots.len() as u32;
        self.marks.push(Mark { end, as_of });
        Ok(self.slots.len() - before)
    }

    fn add_read(&mut self, row: Row, dedup: Dedup) -> Result<(), BadRows> {
        let slot = u32::try_from(self.slots.len()).map_err(|_| BadRows("there are too many"))?;
        let slots = &self.slots;
        let hash = hash_of(row.id.as_str());
        let is_it = |known: u32| slots[known as usize].row.id == row.id;
        if self.by_id.find(hash, is_it).is_some() {
            return Err(BadRows("an account comes twice"));
        }
        self.by_id.insert(hash, slot, |known| {
            hash_of(slots[known as usize].row.id.as_str())
        });
        self.keys += dedup.len();
        self.slots.push(Slot { row, dedup });
        Ok(())
    }

    /// Whether a row was read back with the effects of the batch in it.
    fn holds(&self, slot: u32, batch: u64) -> bool {
        if self.marks.last().is_none_or(|last| batch > last.as_of) {
            return false;
        }
        let index = self.marks.partition_point(|mark| mark.end <= slot);
        self.marks
            .get(index)
            .is_some_and(|mark| batch <= mark.as_of)
    }

    fn find(&self, id: &AccountId) -> Option<u32> {
        self.find_text(id.as_str())
    }

    fn find_text(&self, id: &str) -> Option<u32> {
        let is_it = |slot: u32| self.slots[slot as usize].row.id.as_str() == id;
        self.by_id.find(hash_of(id), is_it)
    }

    fn add(&mut self, row: Row) -> u32 {
        let slot = self.slots.len() as u32;
        let hash = hash_of(row.id.as_str());
        self.slots.push(Slot {
            row,
            dedup: Dedup::default(),
        });
        let slots = &self.slots;
        self.by_id.insert(hash, slot, |known| {
            hash_of(slots[known as usize].row.id.as_str())
        });
        slot
    }

    fn slots_by_id(&self) -> Vec<u32> {
        let mut slots: Vec<u32> = (0..self.slots.len() as u32).collect();
        slots.sort_by(|a, b| {
            self.slots[*a as usize]
                .row
                .id
                .cmp(&self.slots[*b as usize].row.id)
        });
        slots
    }

    fn remember(&mut self, slot: u32, word: u64, input: &Input, clock: Timestamp) {
        let keep_until = dedup::keep_until(input.occurred_at, self.windows.of(input));
        self.keep(slot, word, keep_until, clock);
        if let Body::Purchase(purchase) = &input.body {
            let word = dedup::purchase_word(&input.key, purchase.purchase.as_str());
            self.keep(slot, word, keep_until, clock);
        }
    }

    /// Puts the row after a decision in the place of the row before it.
    fn store(&mut self, world: &World, slot: u32, row: Row, events: &[AccountEvent]) {
        debug_assert!(
            is_fold(world, &self.slots[slot as usize].row, &row, events),
            "a row is what its events make of it"
        );
        self.slots[slot as usize].row = row;
        for event in events {
            self.release_key(slot, &event.event.body);
        }
        if events.iter().any(|event| moves_timers(&event.event.body)) {
            self.reschedule(world, slot);
        }
    }

    /// A correction that waited in vain may be sent again: its key is free.
    fn release_key(&mut self, slot: u32, body: &EventBody) {
        if let EventBody::CorrectionUnclaimed(unclaimed) = body {
            let word = dedup::input_word(&unclaimed.key, 0);
            let dedup = &mut self.slots[slot as usize].dedup;
            let before = dedup.len();
            dedup.release(word);
            self.keys = self.keys + dedup.len() - before;
        }
    }

    fn reschedule(&mut self, world: &World, slot: u32) {
        let row = &mut self.slots[slot as usize].row;
        let due_at = timers::due_at(world, row);
        if due_at != row.cache.due_at {
            row.cache.due_at = due_at;
            self.queue.push(due_at, slot);
        }
    }

    /// Fires the account's timers that are due by `until`, one after the other.
    fn fire_due(
        &mut self,
        world: &World,
        slot: u32,
        until: Timestamp,
        as_of: Timestamp,
        names_account: bool,
        events: &mut Vec<AccountEvent>,
    ) {
        let mut fired: Option<TimerCause> = None;
        while let Some(due) = timers::next(world, &self.slots[slot as usize].row) {
            if due.due_at > until || fired.as_ref() == Some(&due) {
                break;
            }
            let first = events.len();
            let before = &self.slots[slot as usize].row;
            let account = names_account.then(|| before.id.clone());
            let sink = Sink {
                events: &mut *events,
                account,
            };
            let (at, kind) = (due.due_at, due.kind);
            let mut draft = Draft::new(world, before, Origin::Timer(due.clone()), at, at, sink);
            timers::fire(&mut draft, kind, as_of);
            let row = draft.row;
            self.store(world, slot, row, &events[first..]);
            fired = (events.len() == first).then_some(due);
        }
        self.reschedule(world, slot);
    }

    /// Marks accounts for another look when another version has come into force. An account that decided
    /// something since then was looked at before that; one that did not is as it was, so that looking again
    /// after a restart finds what it found the first time.
    fn notice_version(&mut self, world: &World, now: Timestamp) {
        let in_force = world.in_force(now);
        if in_force == self.version {
            return;
        }
        self.version = in_force;
        let Some((from, _)) = in_force else { return };
        for slot in 0..self.slots.len() as u32 {
            let row = &mut self.slots[slot as usize].row;
            if row.cache.evaluated_at < from {
                row.cache.config_due = from;
                row.forget_guards();
                self.reschedule(world, slot);
            }
        }
    }
}

/// The instant as of which an input is decided: the clock, or its own instant where that is a little later,
/// so that a boundary's timers fire before an input dated after it.
fn now_of(clock: Timestamp, input: &Input) -> Timestamp {
    instant_of(clock, input.occurred_at)
}

fn instant_of(clock: Timestamp, occurred_at: Timestamp) -> Timestamp {
    match occurred_at.since(clock) <= SKEW {
        true => clock.max(occurred_at),
        false => clock,
    }
}

fn hash_of(id: &str) -> u64 {
    FxBuildHasher.hash_one(id)
}

fn outside_window(windows: &Windows, input: &Input, clock: Timestamp) -> Rejection {
    Rejection::new(
        Reason::OutsideWindow,
        format!(
            "it is of {}, more than {} days before {clock}; force it to take it",
            input.occurred_at,
            windows.of(input)
        ),
    )
}

/// Whether the events lead from one row to the other: apply is the only way a row changes.
fn is_fold(world: &World, before: &Row, after: &Row, events: &[AccountEvent]) -> bool {
    let mut row = before.clone();
    for event in events {
        crate::apply::apply(world, &mut row, &event.event);
    }
    row.same_state(after)
}

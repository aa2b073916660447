//! Third station: owns partitions, decides their inputs, and writes one frame for each partition that has
//! something to say.

use crate::directory::DirectoryChange;
use crate::message::{
    Bytes, CommitMessage, DecidedShare, EncodedFrame, InputWork, Item, RawWork, Share, Standing,
    Verdict, Work, WorkerMessage,
};
use crate::scan::ScannedFrame;
use crate::snapshot::Copier;
use crossbeam_channel::{Receiver, Sender};
use smallvec::SmallVec;
use std::sync::Arc;
use umbral_engine::{Decision, Partition, World};
use umbral_model::ids::PartitionNo;
use umbral_model::input::{Body, Input, InputKey};
use umbral_model::journal::{
    AccountEvent, Counts, JournaledInput, LOGIC_VERSION, Outcome, Quarantined, UsageEntry,
};
use umbral_model::rejection::Rejection;
use umbral_model::time::Timestamp;
use umbral_wire::frame::{self, EntryHead, OpenEntry};
use umbral_wire::{Entries, EntryBytes, WireError, body_hash_of, json};

/// Items whose accounts are looked up before they are decided.
const WARMED: usize = 32;

/// One partition with its frame of the batch in work.
struct Slot {
    number: PartitionNo,
    partition: Partition,
    /// Entries in `payload`.
    entries: u32,
    /// The frame so far; empty where the batch has nothing for the partition yet.
    payload: Vec<u8>,
}

impl Slot {
    /// Begins an entry of an account's input; gives the hash of its body as well.
    fn begin(&mut self, moment: &Moment<'_>, input: &Input) -> (OpenEntry, u64) {
        self.begin_frame(moment);
        OpenEntry::of_account(&moment.head(), input, &mut self.payload)
    }

    /// Appends a whole entry.
    fn write(
        &mut self,
        moment: &Moment<'_>,
        input: &JournaledInput,
        outcome: &Outcome,
        events: &[AccountEvent],
    ) {
        self.begin_frame(moment);
        let entry = OpenEntry::of(&moment.head(), input, &mut self.payload);
        entry.finish(outcome, events, &mut self.payload);
    }

    fn begin_frame(&mut self, moment: &Moment<'_>) {
        if self.entries == 0 {
            let batch = moment.batch;
            frame::encode_header(self.number, LOGIC_VERSION, batch, &mut self.payload);
        }
        self.entries += 1;
    }

    /// Takes the frame, if there is one; the next one is written into `spare`.
    fn take_frame(&mut self, spare: &mut Vec<Vec<u8>>) -> Option<EncodedFrame> {
        if self.entries == 0 {
            return None;
        }
        let mut next = spare.pop().unwrap_or_default();
        next.clear();
        let payload = std::mem::replace(&mut self.payload, next);
        let entries = std::mem::take(&mut self.entries);
        Some(EncodedFrame {
            partition: self.number,
            entries,
            payload,
        })
    }
}

/// An entry that is folded.
enum Folded<'a> {
    Usage(UsageEntry<'a>, EntryBytes<'a>),
    Other(EntryBytes<'a>),
}

impl<'a> Folded<'a> {
    fn of(entry: EntryBytes<'a>) -> Folded<'a> {
        match entry.usage() {
            Some(usage) => Folded::Usage(usage, entry),
            None => Folded::Other(entry),
        }
    }
}

impl Slot {
    /// Lets memory answer for the accounts of the next entries at once.
    fn warm(&self, entries: &[Folded<'_>]) {
        let accounts = entries.iter().filter_map(|folded| match folded {
            Folded::Usage(usage, _) => self.partition.likely_slot(usage.account),
            Folded::Other(_) => None,
        });
        let found: SmallVec<[u32; WARMED]> = accounts.collect();
        for touch in [Partition::touch_row, Partition::touch_keys] {
            read_all(found.iter().map(|slot| touch(&self.partition, *slot)));
        }
    }

    fn fold(
        &mut self,
        frame: &ScannedFrame,
        folded: Folded<'_>,
        changes: &mut Vec<DirectoryChange>,
    ) -> Result<(), WireError> {
        let bytes = match folded {
            Folded::Usage(usage, _) if self.partition.replay_usage(frame.batch, &usage) => {
                return Ok(());
            }
            Folded::Usage(_, bytes) | Folded::Other(bytes) => bytes,
        };
        let entry = bytes.decode()?;
        let hash = body_hash_of(&entry);
        self.partition
            .replay_of(&frame.world, frame.batch, &entry, hash);
        changes.extend(DirectoryChange::of(entry));
        Ok(())
    }
}

/// A worker: owner of the partitions whose number leaves its own number when divided by the workers.
pub(crate) struct Worker {
    number: usize,
    workers: usize,
    slots: Vec<Slot>,
    /// The last batch of which a share was decided; 0 before the first one.
    decided: u64,
    /// Memory for the events of the next entry.
    events: Vec<AccountEvent>,
}

impl Worker {
    /// Worker `number` of `workers`, with empty partitions.
    pub(crate) fn new(number: usize, workers: usize, partitions: u16) -> Worker {
        let slots = (number..usize::from(partitions))
            .step_by(workers)
            .map(|partition| Slot {
                number: PartitionNo(partition as u16),
                partition: Partition::new(),
                entries: 0,
                payload: Vec::new(),
            })
            .collect();
        Worker {
            number,
            workers,
            slots,
            decided: 0,
            events: Vec::new(),
        }
    }

    /// Decides shares until there are no more.
    pub(crate) fn run(
        mut self,
        messages: &Receiver<WorkerMessage>,
        committer: &Sender<CommitMessage>,
    ) -> Worker {
        let mut copier = Copier::default();
        while let Some(message) = copier.next(messages, &self) {
            match message {
                WorkerMessage::CopyRows(pieces, begun) => copier.begin(pieces, begun),
                WorkerMessage::Share(share) => {
                    let decided = self.decide(share);
                    if committer
                        .send(CommitMessage::Decided(Box::new(decided)))
                        .is_err()
                    {
                        break;
                    }
                }
                WorkerMessage::ListAccounts(known, reply) => {
                    for slot in &self.slots {
                        slot.partition
                            .ids()
                            .for_each(|account| known.note(account.clone()));
                    }
                    let _ = reply.send(());
                }
            }
        }
        self
    }

    /// The last batch of which a share was decided.
    pub(crate) fn decided(&self) -> u64 {
        self.decided
    }

    /// The worker's partitions by its own count, from 0.
    pub(crate) fn owned(&self, index: usize) -> Option<(PartitionNo, &Partition)> {
        let slot = self.slots.get(index)?;
        Some((slot.number, &slot.partition))
    }

    /// One of its partitions, to be filled at a start.
    pub(crate) fn partition_mut(&mut self, partition: PartitionNo) -> &mut Partition {
        &mut self.slot(partition).partition
    }

    /// Everything up to `clock` was folded.
    pub(crate) fn resume(&mut self, world: &World, clock: Timestamp) {
        self.slots
            .iter_mut()
            .for_each(|slot| slot.partition.resume(world, clock));
    }

    /// Number and state hash of each partition.
    pub(crate) fn state_hashes(&self) -> Vec<(PartitionNo, u128)> {
        self.slots
            .iter()
            .map(|slot| (slot.number, slot.partition.state_hash()))
            .collect()
    }

    /// How its partitions stand.
    pub(crate) fn standing(&self) -> Standing {
        let partitions = || self.slots.iter().map(|slot| &slot.partition);
        Standing {
            next_due: partitions().filter_map(Partition::next_due).min(),
            keys: partitions()
                .map(|partition| partition.kept_keys() as u64)
                .sum(),
        }
    }

    /// Folds one committed frame; what changed the directory goes to `changes`.
    ///
    /// # Errors
    /// A payload that is no frame.
    pub(crate) fn fold(
        &mut self,
        frame: &ScannedFrame,
        changes: &mut Vec<DirectoryChange>,
    ) -> Result<(), WireError> {
        let slot = self.slot(frame.partition);
        let mut entries = Entries::of(&frame.payload);
        loop {
            let mut next: SmallVec<[Folded<'_>; WARMED]> = SmallVec::new();
            for entry in entries.by_ref().take(WARMED) {
                let entry = entry?;
                next.push(Folded::of(entry));
            }
            if next.is_empty() {
                return Ok(());
            }
            slot.warm(&next);
            for folded in next {
                slot.fold(frame, folded, changes)?;
            }
        }
    }

    pub(crate) fn decide(&mut self, share: Share) -> DecidedShare {
        let Share {
            batch,
            world,
            chunks,
            items,
            mut payloads,
        } = share;
        let mut decided = DecidedShare {
            batch,
            worker: self.number,
            frames: Vec::new(),
            counts: Counts::default(),
            events: 0,
            verdicts: Vec::new(),
            standing: Standing::default(),
            spent: Vec::new(),
        };
        let mut items = items.into_iter();
        while !items.as_slice().is_empty() {
            self.warm(&world, items.as_slice());
            for item in items.by_ref().take(WARMED) {
                self.decide_item(item, batch, &world, &chunks, &mut decided);
            }
        }
        self.decided = batch;
        let slots = self.slots.iter_mut();
        decided.frames = slots
            .filter_map(|slot| slot.take_frame(&mut payloads))
            .collect();
        decided.standing = self.standing();
        decided
    }

    /// Lets memory answer for the next items at once: one after the other, the misses are most of the work.
    fn warm(&self, world: &World, items: &[Item]) {
        let items = &items[..items.len().min(WARMED)];
        let inputs = items.iter().filter_map(|item| match &item.work {
            Work::Input(work) => Some(work),
            _ => None,
        });
        // Each round asks where the one before it has told to look.
        read_all(inputs.clone().map(|work| touch_input(&work.input)));
        read_all(
            inputs
                .clone()
                .map(|work| touch_destination(world, &work.input)),
        );
        let likely = inputs.filter_map(|work| {
            let partition = &self.slots[work.partition.index() / self.workers].partition;
            Some((
                partition,
                partition.likely_slot(work.input.account.as_str())?,
            ))
        });
        let found: SmallVec<[(&Partition, u32); WARMED]> = likely.collect();
        for touch in [
            Partition::touch_row,
            Partition::touch_behind,
            Partition::touch_members,
        ] {
            read_all(
                found
                    .iter()
                    .map(|(partition, slot)| touch(partition, *slot)),
            );
        }
    }

    fn decide_item(
        &mut self,
        item: Item,
        batch: u64,
        world: &World,
        chunks: &Chunks,
        decided: &mut DecidedShare,
    ) {
        let moment = Moment {
            world,
            batch,
            position: item.position,
            clock: item.clock,
        };
        match item.work {
            Work::Input(work) => self.decide_input(&moment, work, chunks, decided),
            Work::Raw(work) => self.keep_raw(&moment, *work, chunks, decided),
            Work::Tick(key) => self.tell_all(&moment, &key, Told::Tick, decided),
            Work::VersionReached(key) => {
                self.tell_all(&moment, &key, Told::VersionReached, decided);
            }
            Work::ConfigChanged(key) => {
                self.tell_all(&moment, &key, Told::ConfigChanged, decided);
            }
        }
    }

    fn slot(&mut self, partition: PartitionNo) -> &mut Slot {
        &mut self.slots[partition.index() / self.workers]
    }

    fn decide_input(
        &mut self,
        moment: &Moment<'_>,
        work: InputWork,
        chunks: &Chunks,
        decided: &mut DecidedShare,
    ) {
        let InputWork {
            partition,
            input,
            refused,
            bytes,
            watched,
        } = work;
        let mut events = std::mem::take(&mut self.events);
        let slot = self.slot(partition);
        let (entry, hash) = slot.begin(moment, &input);
        let decision = match refused {
            Some(_) if slot.partition.is_repeat(&input, hash) => Decision::Duplicate,
            Some(rejection) => Decision::Refused(rejection),
            None => slot
                .partition
                .process(moment.world, moment.clock, &input, hash, &mut events),
        };
        if watched {
            decided
                .verdicts
                .push((moment.position, verdict_of(&decision)));
        }
        let outcome = match decision {
            Decision::Applied => Outcome::Applied,
            Decision::Duplicate => Outcome::DuplicateIgnored,
            Decision::Refused(rejection) => {
                let original = original_of(bytes, chunks, || json::input(&input).into_bytes());
                quarantined(rejection, original)
            }
        };
        decided.count(&outcome, &events);
        entry.finish(&outcome, &events, &mut slot.payload);
        slot.partition.take_back(&mut events);
        self.events = events;
        decided.spent.push(input);
    }

    fn keep_raw(
        &mut self,
        moment: &Moment<'_>,
        work: RawWork,
        chunks: &Chunks,
        decided: &mut DecidedShare,
    ) {
        let RawWork {
            partition,
            raw,
            refused,
            bytes,
            watched,
        } = work;
        let (outcome, verdict) = match refused {
            None => (Outcome::DuplicateIgnored, Verdict::Duplicate),
            Some(rejection) => {
                let original = original_of(bytes, chunks, Vec::new);
                (
                    quarantined(rejection.clone(), original),
                    Verdict::Quarantined(rejection),
                )
            }
        };
        if watched {
            decided.verdicts.push((moment.position, verdict));
        }
        decided.count(&outcome, &[]);
        let input = JournaledInput::Raw(raw);
        self.slot(partition).write(moment, &input, &outcome, &[]);
    }

    /// A tick or configuration change is journaled where it made something happen.
    fn tell_all(
        &mut self,
        moment: &Moment<'_>,
        key: &InputKey,
        told: Told,
        decided: &mut DecidedShare,
    ) {
        let mut events = std::mem::take(&mut self.events);
        for slot in &mut self.slots {
            let partition = &mut slot.partition;
            let input = match told {
                Told::Tick if partition.next_due().is_none_or(|due| due > moment.clock) => continue,
                Told::Tick | Told::VersionReached => {
                    partition.tick(moment.world, moment.clock, &mut events);
                    JournaledInput::Tick(key.clone())
                }
                Told::ConfigChanged => {
                    partition.config_changed(moment.world, moment.clock, &mut events);
                    JournaledInput::ConfigChanged(key.clone())
                }
            };
            if !events.is_empty() {
                decided.events += events.len() as u64;
                slot.write(moment, &input, &Outcome::Applied, &events);
                events.clear();
            }
        }
        self.events = events;
    }
}

/// Has everything read, although nobody wants what is read.
fn read_all(reads: impl Iterator<Item = u64>) {
    std::hint::black_box(reads.fold(0, |all, read| all ^ read));
}

/// Reads all lines of memory of an input; another thread wrote them a while ago.
fn touch_input(input: &Input) -> u64 {
    let body = match &input.body {
        Body::Usage(usage) => {
            let lengths = usage.service.as_str().len() ^ usage.to.head.len() ^ usage.to.tail.len();
            let given =
                usage.zone.is_some() ^ usage.network.is_some() ^ usage.reservation.is_some();
            lengths as u64 ^ u64::from(given) ^ usage.quantity
        }
        _ => 0,
    };
    let InputKey { source, event_id } = &input.key;
    let lengths = source.as_str().len() ^ event_id.as_str().len() ^ input.account.as_str().len();
    let given = input.member.is_some() ^ input.actor.is_some() ^ input.reason.is_some();
    body ^ lengths as u64 ^ u64::from(given)
}

fn touch_destination(world: &World, input: &Input) -> u64 {
    match &input.body {
        Body::Usage(usage) if !usage.to.head.is_empty() => world.touch_destination(&usage.to.head),
        _ => 0,
    }
}

type Chunks = Arc<Vec<Arc<Vec<u8>>>>;

/// What all partitions are told.
#[derive(Clone, Copy)]
enum Told {
    Tick,
    VersionReached,
    ConfigChanged,
}

/// What holds for one input.
struct Moment<'a> {
    world: &'a World,
    batch: u64,
    position: u64,
    clock: Timestamp,
}

impl Moment<'_> {
    fn head(&self) -> EntryHead {
        let version = self.world.catalogs.latest().map(|version| version.number);
        EntryHead {
            position: self.position,
            clock: self.clock,
            version,
        }
    }
}

impl DecidedShare {
    fn count(&mut self, outcome: &Outcome, events: &[AccountEvent]) {
        match outcome {
            Outcome::Applied => self.counts.applied += 1,
            Outcome::DuplicateIgnored => self.counts.duplicates += 1,
            Outcome::Quarantined(_) => self.counts.quarantined += 1,
        }
        self.events += events.len() as u64;
    }
}

fn verdict_of(decision: &Decision) -> Verdict {
    match decision {
        Decision::Applied => Verdict::Applied,
        Decision::Duplicate => Verdict::Duplicate,
        Decision::Refused(rejection) => Verdict::Quarantined(rejection.clone()),
    }
}

fn quarantined(rejection: Rejection, original: Vec<u8>) -> Outcome {
    let Rejection { reason, detail } = rejection;
    Outcome::Quarantined(Quarantined {
        reason,
        detail,
        original,
    })
}

fn original_of(bytes: Bytes, chunks: &Chunks, made: impl FnOnce() -> Vec<u8>) -> Vec<u8> {
    match bytes {
        Bytes::Made => made(),
        Bytes::Owned(bytes) => bytes,
        Bytes::Span(chunk, from, to) => chunks
            .get(chunk as usize)
            .and_then(|bytes| bytes.get(from as usize..to as usize))
            .map(<[u8]>::to_vec)
            .unwrap_or_default(),
    }
}

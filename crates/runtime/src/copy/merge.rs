//! Logs of partitions into one data directory: the way back from Kafka.
//!
//! Batches come in the order of their clocks, of equal ones in the order of partitions; those of one partition in their
//! own order. A catalog is a gate: no partition goes past it before all are there, so each input stands behind the same
//! catalogs as when it was decided. Inputs are numbered anew, 1, 2, 3.

use super::split::{count, may_come_again, minus, plus};
use super::{Copied, CopyError, Copying};
use crate::engine::journal;
use crate::error::EngineError;
use crate::scan::{ScannedBatch, Scanner};
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;
use std::path::Path;
use std::sync::Arc;
use umbral_journal::storage::RealDisk;
use umbral_journal::{Creation, DataDir, FrameToAppend, JournalMark, Log, LogOptions};
use umbral_model::ids::PartitionNo;
use umbral_model::journal::{Commit, Counts, Entry, Frame, JournaledInput};
use umbral_model::time::Timestamp;
use umbral_wire::frame;

/// Takes the logs of partitions into one new data directory. Each of `parts` is a directory in which only the partition
/// of its place has frames. A copy that was broken off is gone on with if nothing was written to the logs since.
///
/// # Errors
/// Parts or a target that are not usable.
pub fn merge(
    parts: &[DataDir],
    to: &Path,
    copying: &Copying,
    progress: &mut dyn FnMut(Copied),
) -> Result<Copied, CopyError> {
    let of_copy = |error| CopyError::Engine(journal(to, error));
    let ends = parts.iter().map(|part| {
        let end = part.end();
        end.map_err(|error| CopyError::Engine(journal(part.path(), error)))
    });
    let mark = JournalMark::of_parts(&ends.collect::<Result<Vec<_>, _>>()?);
    let creation = Creation {
        partitions: parts.len() as u16,
        created_by: copying.created_by.clone(),
    };
    let storage = Arc::new(RealDisk);
    let same = |left: &JournalMark| Ok(*left == mark);
    let target = DataDir::begin_on(storage, to, &creation, &mark, &same).map_err(of_copy)?;
    let lock = target.lock().map_err(of_copy)?;
    let options = LogOptions {
        sync: false,
        ..copying.log
    };
    let log = Log::open(&target, lock, options).map_err(of_copy)?;
    let mut merging = Merging {
        there: log.next_batch() - 1,
        log,
        merged: Merged::new(parts)?,
    };
    merging.run(to, progress)?;
    let copied = merging.copied();
    merging.log.close().map_err(of_copy)?;
    target.finish().map_err(of_copy)?;
    Ok(copied)
}

struct Merging {
    log: Log,
    /// Batches that an earlier run wrote.
    there: u64,
    merged: Merged,
}

impl Merging {
    fn run(&mut self, to: &Path, progress: &mut dyn FnMut(Copied)) -> Result<(), CopyError> {
        while let Some((commit, frames)) = self.merged.next_batch()? {
            if commit.batch > self.there {
                let appended = append(&mut self.log, &commit, &frames);
                appended.map_err(|error| CopyError::Engine(journal(to, error)))?;
            }
            progress(self.copied());
        }
        Ok(())
    }

    fn copied(&self) -> Copied {
        Copied {
            partitions: self.merged.parts.len() as u16,
            batch: self.merged.batch,
            position: self.merged.counts.inputs,
            counts: self.merged.counts,
            resumed_from: self.there,
        }
    }
}

fn append(
    log: &mut Log,
    commit: &Commit,
    frames: &[Frame],
) -> Result<(), umbral_journal::JournalError> {
    let payloads: Vec<Vec<u8>> = frames
        .iter()
        .map(|one| {
            let mut payload = Vec::new();
            frame::encode(one, &mut payload);
            payload
        })
        .collect();
    let frames: Vec<FrameToAppend<'_>> = frames
        .iter()
        .zip(&payloads)
        .map(|(frame, payload)| FrameToAppend {
            partition: frame.partition.0,
            count: frame.entries.len() as u32,
            payload,
        })
        .collect();
    let mut control = Vec::new();
    frame::encode_commit(commit, &mut control);
    log.append_batch(&frames, &control).map(|_| ())
}

/// One log, with its next batch.
struct Part {
    scanner: Scanner,
    next: Option<ScannedBatch>,
    counts: Counts,
}

/// The batches of all logs in one order.
struct Merged {
    parts: Vec<Part>,
    batch: u64,
    clock: Timestamp,
    counts: Counts,
    /// Catalogs that were given out.
    catalogs: usize,
    zones: FxHashSet<SmolStr>,
    /// New numbers of what may be taken up again, by those that it had.
    kept: FxHashMap<u64, u64>,
}

impl Merged {
    fn new(parts: &[DataDir]) -> Result<Merged, EngineError> {
        let mut opened = Vec::with_capacity(parts.len());
        for part in parts {
            let mut scanner = Scanner::on(part)?;
            opened.push(Part {
                next: scanner.next_batch()?,
                scanner,
                counts: Counts::default(),
            });
        }
        Ok(Merged {
            parts: opened,
            batch: 0,
            clock: Timestamp::MIN,
            counts: Counts::default(),
            catalogs: 0,
            zones: FxHashSet::default(),
            kept: FxHashMap::default(),
        })
    }

    fn next_batch(&mut self) -> Result<Option<(Commit, Vec<Frame>)>, EngineError> {
        let waiting = |part: &Part| Some(part.next.as_ref()?.commit.clock);
        let is_gate = |part: &Part| {
            let next = part.next.as_ref();
            next.is_some_and(|batch| !batch.commit.catalogs.is_empty())
        };
        let free = (0..self.parts.len()).filter(|index| !is_gate(&self.parts[*index]));
        let first = free
            .filter_map(|index| Some((waiting(&self.parts[index])?, index)))
            .min();
        let chosen: Vec<usize> = match first {
            Some((_, index)) => vec![index],
            None => (0..self.parts.len())
                .filter(|index| is_gate(&self.parts[*index]))
                .collect(),
        };
        if chosen.is_empty() {
            return Ok(None);
        }
        self.batch += 1;
        let mut commit = Commit {
            batch: self.batch,
            copied: true,
            ..Commit::default()
        };
        let mut frames = Vec::new();
        for index in chosen {
            self.take(index, &mut commit, &mut frames)?;
        }
        (commit.position, commit.counts, commit.clock) =
            (self.counts.inputs, self.counts, self.clock);
        Ok(Some((commit, frames)))
    }

    /// Takes the next batch of a log.
    fn take(
        &mut self,
        index: usize,
        commit: &mut Commit,
        frames: &mut Vec<Frame>,
    ) -> Result<(), EngineError> {
        let part = &mut self.parts[index];
        let Some(batch) = part.next.take() else {
            return Ok(());
        };
        part.next = part.scanner.next_batch()?;
        let mut rest = minus(batch.commit.counts, part.counts);
        part.counts = batch.commit.counts;
        self.clock = self.clock.max(batch.commit.clock);
        self.take_world(&batch.commit, commit, &mut rest);
        for (partition, payload) in batch.frames {
            let frame = self.renumbered(partition, &payload, batch.commit.batch, &mut rest)?;
            frames.push(frame);
        }
        // Inputs that have no entry.
        self.counts = plus(self.counts, rest);
        commit.sources.extend(batch.commit.sources);
        let renumbered = batch.commit.resubmitted.iter();
        let renumbered = renumbered.filter_map(|position| self.kept.get(position));
        commit.resubmitted.extend(renumbered);
        Ok(())
    }

    /// Every log has every catalog, and zones that others have, too: they are taken once.
    fn take_world(&mut self, of: &Commit, commit: &mut Commit, rest: &mut Counts) {
        for catalog in &of.catalogs {
            if catalog.number.index() < self.catalogs {
                let again = Counts {
                    inputs: 1,
                    applied: 1,
                    ..Counts::default()
                };
                *rest = minus(*rest, again);
                continue;
            }
            self.catalogs += 1;
            commit.catalogs.push(catalog.clone());
        }
        for zone in &of.zones {
            if self.zones.insert(zone.name.clone()) {
                commit.zones.push(zone.clone());
            }
        }
    }

    fn renumbered(
        &mut self,
        partition: PartitionNo,
        payload: &[u8],
        batch: u64,
        rest: &mut Counts,
    ) -> Result<Frame, EngineError> {
        let of_frame = |source| EngineError::Frame {
            partition,
            batch,
            source,
        };
        let mut frame = frame::decode(payload).map_err(of_frame)?;
        frame.batch = self.batch;
        for entry in &mut frame.entries {
            let mut counted = Counts::default();
            count(&mut counted, entry);
            *rest = minus(*rest, counted);
            self.counts = plus(self.counts, counted);
            self.number(entry);
        }
        Ok(frame)
    }

    /// An input has its own number, what time or a catalog did that of the next input.
    fn number(&mut self, entry: &mut Entry) {
        let before = entry.position;
        let is_told = matches!(
            entry.input,
            JournaledInput::Tick(_) | JournaledInput::ConfigChanged(_)
        );
        entry.position = self.counts.inputs + u64::from(is_told);
        if may_come_again(entry) {
            self.kept.insert(before, entry.position);
        }
    }
}

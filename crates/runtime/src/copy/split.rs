//! A data directory as logs of its partitions, one record for each batch that concerns one: what a journal on Kafka is
//! made of.
//!
//! Frames keep their entries. Input g of the directory becomes, in partition p of n, number (g - 1) n + p + 1: unique in
//! the deployment, ascending in each partition, and the partition can be told from it. What concerns all partitions,
//! catalogs and zones, is in the records of each. The outcome depends on the directory alone, so that a copy that was
//! broken off can be compared with what is there and gone on with.

use crate::error::{EngineError, Failure};
use crate::scan::{ScannedBatch, Scanner};
use rustc_hash::FxHashMap;
use umbral_journal::{DataDir, RecordChain};
use umbral_model::event::EventBody;
use umbral_model::ids::PartitionNo;
use umbral_model::journal::{
    Commit, Counts, Entry, Frame, JournaledInput, Outcome, SourcePosition,
};
use umbral_wire::frame;

/// A record of a partition's log.
pub struct SplitRecord {
    /// Whose log it is of.
    pub partition: PartitionNo,
    /// The record.
    pub bytes: Vec<u8>,
    /// Where the log stands after it.
    pub chain: RecordChain,
}

/// Cuts a data directory into records.
pub struct Split {
    scanner: Scanner,
    partitions: u16,
    last_batch: u64,
    /// What the last record of every partition says of sources.
    last_sources: Vec<SourcePosition>,
    parts: Vec<Part>,
    /// Partitions of what may be taken up again.
    kept: FxHashMap<u64, u16>,
    counts: Counts,
}

/// A partition's log so far.
struct Part {
    chain: RecordChain,
    counts: Counts,
}

/// What a batch is for one partition.
#[derive(Default)]
struct Share {
    frame: Option<Frame>,
    counts: Counts,
    sources: Vec<SourcePosition>,
    resubmitted: Vec<u64>,
}

impl Share {
    fn is_empty(&self) -> bool {
        self.frame.is_none()
            && self.counts == Counts::default()
            && self.sources.is_empty()
            && self.resubmitted.is_empty()
    }
}

impl Split {
    /// Begins at the first batch; nobody may write to the directory meanwhile. `last_sources` are positions of sources
    /// that the last record of every partition is to have.
    ///
    /// # Errors
    /// A directory that cannot be read.
    pub fn new(data: &DataDir, last_sources: Vec<SourcePosition>) -> Result<Split, EngineError> {
        let dir = data.path();
        let end = data
            .end()
            .map_err(|error| crate::engine::journal(dir, error))?;
        let partitions = data.partitions();
        let part = |partition| Part {
            chain: RecordChain {
                epoch: 1,
                ..RecordChain::new(partition)
            },
            counts: Counts::default(),
        };
        Ok(Split {
            scanner: Scanner::on(data)?,
            partitions,
            last_batch: end.batch(),
            last_sources,
            parts: (0..partitions).map(part).collect(),
            kept: FxHashMap::default(),
            counts: Counts::default(),
        })
    }

    /// Counts of the batches so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The records of the next batch; none behind the last one.
    ///
    /// # Errors
    /// A directory that cannot be read.
    pub fn next_batch(&mut self) -> Result<Option<Vec<SplitRecord>>, EngineError> {
        let Some(batch) = self.scanner.next_batch()? else {
            return Ok(None);
        };
        let is_last = batch.commit.batch == self.last_batch;
        let tells_all =
            is_last || !batch.commit.catalogs.is_empty() || !batch.commit.zones.is_empty();
        let mut shares = self.shares(&batch)?;
        self.counts = batch.commit.counts;
        if is_last {
            for share in &mut shares {
                share.sources.extend(self.last_sources.iter().cloned());
            }
        }
        let mut records = Vec::new();
        for (partition, share) in (0..).zip(shares) {
            if tells_all || !share.is_empty() {
                records.push(self.record(partition, share, &batch.commit)?);
            }
        }
        Ok(Some(records))
    }

    /// What a batch is for each partition.
    fn shares(&mut self, batch: &ScannedBatch) -> Result<Vec<Share>, EngineError> {
        let commit = &batch.commit;
        let mut shares: Vec<Share> = (0..self.partitions).map(|_| Share::default()).collect();
        let mut rest = minus(commit.counts, self.counts);
        for (partition, payload) in &batch.frames {
            let of_frame = |source| EngineError::Frame {
                partition: *partition,
                batch: commit.batch,
                source,
            };
            let mut frame = frame::decode(payload).map_err(of_frame)?;
            let share = &mut shares[partition.index()];
            for entry in &mut frame.entries {
                count(&mut share.counts, entry);
                if may_come_again(entry) {
                    self.kept.insert(entry.position, partition.0);
                }
                entry.position = self.strided(entry.position, partition.0);
            }
            rest = minus(rest, share.counts);
            share.frame = Some(frame);
        }
        // Each partition takes a catalog; what else has no entry stands in the first one.
        let catalogs = commit.catalogs.len() as u64;
        let taken = Counts {
            inputs: catalogs,
            applied: catalogs,
            ..Counts::default()
        };
        for share in &mut shares {
            share.counts = plus(share.counts, taken);
        }
        let first = &mut shares[0];
        first.counts = plus(first.counts, minus(rest, taken));
        let is_file = |source: &&SourcePosition| !source.id.starts_with("kafka:");
        let files = commit.sources.iter().filter(is_file);
        first.sources = files.cloned().collect();
        for position in &commit.resubmitted {
            let partition = self.kept.get(position).copied().unwrap_or_default();
            let strided = self.strided(*position, partition);
            shares[usize::from(partition)].resubmitted.push(strided);
        }
        Ok(shares)
    }

    fn record(
        &mut self,
        partition: u16,
        share: Share,
        of: &Commit,
    ) -> Result<SplitRecord, EngineError> {
        let position = self.strided(of.position, partition);
        let part = &mut self.parts[usize::from(partition)];
        part.counts = plus(part.counts, share.counts);
        let batch = part.chain.batch + 1;
        let commit = Commit {
            batch,
            position,
            clock: of.clock,
            sources: share.sources,
            catalogs: of.catalogs.clone(),
            zones: of.zones.clone(),
            resubmitted: share.resubmitted,
            counts: part.counts,
            copied: true,
        };
        let (mut control, mut payload) = (Vec::new(), Vec::new());
        frame::encode_commit(&commit, &mut control);
        let entries = share.frame.as_ref().map_or(0, |frame| frame.entries.len());
        if let Some(frame) = share.frame {
            frame::encode(&Frame { batch, ..frame }, &mut payload);
        }
        let written = part.chain.write(entries as u32, &control, &payload);
        let failed = |error: umbral_journal::ChainError| {
            EngineError::Stopped(Failure::Log(format!("batch {}: {error}", of.batch)))
        };
        let (bytes, _) = written.map_err(failed)?;
        Ok(SplitRecord {
            partition: PartitionNo(partition),
            bytes,
            chain: part.chain,
        })
    }

    /// The number that an input of the directory has in a partition's log.
    fn strided(&self, position: u64, partition: u16) -> u64 {
        match position {
            0 => 0,
            _ => (position - 1) * u64::from(self.partitions) + u64::from(partition) + 1,
        }
    }
}

/// Counts an entry, if it is an input and not what time or a catalog did.
pub(super) fn count(counts: &mut Counts, entry: &Entry) {
    if matches!(
        entry.input,
        JournaledInput::Tick(_) | JournaledInput::ConfigChanged(_)
    ) {
        return;
    }
    counts.inputs += 1;
    match entry.outcome {
        Outcome::Applied => counts.applied += 1,
        Outcome::DuplicateIgnored => counts.duplicates += 1,
        Outcome::Quarantined(_) => counts.quarantined += 1,
    }
}

/// Whether the entry is in the quarantine, or may be listed there later.
pub(super) fn may_come_again(entry: &Entry) -> bool {
    let is_parked = |body: &EventBody| matches!(body, EventBody::CorrectionParked(_));
    matches!(entry.outcome, Outcome::Quarantined(_))
        || entry
            .events
            .iter()
            .any(|event| is_parked(&event.event.body))
}

pub(super) fn plus(one: Counts, other: Counts) -> Counts {
    Counts {
        inputs: one.inputs + other.inputs,
        applied: one.applied + other.applied,
        duplicates: one.duplicates + other.duplicates,
        quarantined: one.quarantined + other.quarantined,
    }
}

pub(super) fn minus(one: Counts, other: Counts) -> Counts {
    Counts {
        inputs: one.inputs.saturating_sub(other.inputs),
        applied: one.applied.saturating_sub(other.applied),
        duplicates: one.duplicates.saturating_sub(other.duplicates),
        quarantined: one.quarantined.saturating_sub(other.quarantined),
    }
}

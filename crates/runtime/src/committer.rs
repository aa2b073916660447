//! Last station: collects the shares of a batch, appends all its frames and the control record in one
//! durable write, and tells whoever waits. What is not in a committed batch did not happen.

use crate::engine::Sources;
use crate::error::Failure;
use crate::message::{
    Ack, BatchHeader, CommitMessage, DecidedShare, EncodedFrame, Placed, Spent, Standing, Verdict,
};
use crate::metrics::{BatchFigures, record_batch};
use crate::snapshot::{MarkOrder, Reached};
use crossbeam_channel::{Receiver, Sender};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use umbral_journal::Log;
use umbral_model::journal::{Commit, Counts, SourcePosition};
use umbral_wire::frame;

/// What is committed, for whoever asks.
#[derive(Clone, Debug, Default)]
pub struct Committed {
    /// Last committed batch.
    pub batch: u64,
    /// Last committed input.
    pub position: u64,
    /// The clock then.
    pub clock: umbral_model::time::Timestamp,
    /// Counts over everything.
    pub counts: Counts,
    /// Events since this start.
    pub events: u64,
}

/// State that the engine shares with its stations.
#[derive(Default)]
pub(crate) struct Shared {
    committed: Mutex<Committed>,
    failure: Mutex<Option<Failure>>,
    sources: Mutex<Sources>,
    /// Workers hand over their state hashes at the end.
    wants_hashes: AtomicBool,
    ended: AtomicBool,
    /// Bytes journaled since the beginning of the batches that the start had to fold.
    journaled: AtomicU64,
}

impl Shared {
    pub(crate) fn new(committed: Committed, sources: Sources) -> Shared {
        let (committed, sources) = (Mutex::new(committed), Mutex::new(sources));
        Shared {
            committed,
            sources,
            ..Shared::default()
        }
    }

    pub(crate) fn committed(&self) -> Committed {
        self.committed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn note(&self, commit: &Commit, events: u64) {
        let mut committed = self
            .committed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        committed.batch = commit.batch;
        committed.position = commit.position;
        committed.clock = commit.clock;
        committed.counts = commit.counts;
        committed.events += events;
        drop(committed);
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        for source in &commit.sources {
            sources.insert(source.id.clone(), source.clone());
        }
    }

    /// How far a source is committed.
    pub(crate) fn source(&self, id: &str) -> Option<SourcePosition> {
        self.sources
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(id)
            .cloned()
    }

    /// How far all sources are committed, by id.
    fn all_sources(&self) -> Vec<SourcePosition> {
        let sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sources: Vec<SourcePosition> = sources.values().cloned().collect();
        sources.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        sources
    }

    /// More bytes are journaled.
    pub(crate) fn note_journaled(&self, bytes: u64) {
        self.journaled.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes journaled since the beginning of the batches that the start had to fold.
    pub(crate) fn journaled(&self) -> u64 {
        self.journaled.load(Ordering::Relaxed)
    }

    /// The sequencer has ended: nobody answers any more.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    pub(crate) fn want_hashes(&self) {
        self.wants_hashes.store(true, Ordering::SeqCst);
    }

    pub(crate) fn wants_hashes(&self) -> bool {
        self.wants_hashes.load(Ordering::SeqCst)
    }

    /// Notes why the engine stops; the first reason stays.
    pub(crate) fn fail(&self, failure: Failure) {
        let mut first = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert(failure);
    }

    pub(crate) fn failure(&self) -> Option<Failure> {
        self.failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// A batch whose shares are coming in.
#[derive(Default)]
struct Gathering {
    header: Option<BatchHeader>,
    shares: Vec<DecidedShare>,
}

impl Gathering {
    fn is_complete(&self) -> bool {
        self.header
            .as_ref()
            .is_some_and(|header| header.shares == self.shares.len())
    }
}

/// A batch of which everything is decided.
pub(crate) struct DecidedBatch {
    /// Its control record.
    pub commit: Commit,
    /// Of this batch alone.
    pub counts: Counts,
    /// Events in it.
    pub events: u64,
    /// Frames, in the order in which the workers were done.
    pub frames: Vec<EncodedFrame>,
    pub verdicts: Vec<(u64, Verdict)>,
    pub standing: Vec<(usize, Standing)>,
    pub spent: Spent,
}

impl DecidedBatch {
    /// Puts the shares of a batch together; `so_far` counts over everything.
    pub(crate) fn of(
        header: BatchHeader,
        shares: Vec<DecidedShare>,
        so_far: &mut Counts,
    ) -> DecidedBatch {
        let mut batch = DecidedBatch {
            commit: header.commit,
            counts: header.counts,
            events: 0,
            frames: Vec::new(),
            verdicts: header.verdicts,
            standing: Vec::new(),
            spent: Spent::default(),
        };
        for share in shares {
            add_outcomes(&mut batch.counts, &share.counts);
            batch.verdicts.extend(share.verdicts);
            batch.spent.inputs.push(share.spent);
            batch.standing.push((share.worker, share.standing));
            batch.frames.extend(share.frames);
            batch.events += share.events;
        }
        debug_assert!(
            adds_up(&batch.counts),
            "every input has one outcome: {:?}",
            batch.counts
        );
        so_far.inputs += batch.counts.inputs;
        add_outcomes(so_far, &batch.counts);
        batch.commit.counts = *so_far;
        batch
    }
}

/// The committer.
pub(crate) struct Committer {
    log: Log,
    next: u64,
    counts: Counts,
    gathering: BTreeMap<u64, Gathering>,
    acks: Sender<Ack>,
    shared: Arc<Shared>,
    control: Vec<u8>,
    /// Who waits for a batch to be durable.
    marks: Vec<MarkOrder>,
}

impl Committer {
    pub(crate) fn new(
        log: Log,
        last: &Commit,
        acks: Sender<Ack>,
        shared: Arc<Shared>,
    ) -> Committer {
        Committer {
            log,
            next: last.batch + 1,
            counts: last.counts,
            gathering: BTreeMap::new(),
            acks,
            shared,
            control: Vec::new(),
            marks: Vec::new(),
        }
    }

    /// Commits batches in order until the stations before it have ended.
    pub(crate) fn run(mut self, messages: &Receiver<CommitMessage>) -> Result<(), Failure> {
        for message in messages {
            match message {
                CommitMessage::Broken(failure) => return Err(failure),
                CommitMessage::Mark(order) => self.marks.push(order),
                CommitMessage::Opened(header) => {
                    let batch = header.commit.batch;
                    self.gathering.entry(batch).or_default().header = Some(*header);
                }
                CommitMessage::Decided(share) => {
                    self.gathering
                        .entry(share.batch)
                        .or_default()
                        .shares
                        .push(*share);
                }
            }
            self.commit_what_is_complete()?;
            self.answer_marks();
        }
        debug_assert!(
            self.gathering.is_empty() || self.shared.failure().is_some(),
            "every batch that was opened is committed"
        );
        self.log
            .close()
            .map_err(|error| Failure::Log(error.to_string()))
    }

    fn commit_what_is_complete(&mut self) -> Result<(), Failure> {
        while self
            .gathering
            .get(&self.next)
            .is_some_and(Gathering::is_complete)
        {
            let Some(gathered) = self.gathering.remove(&self.next) else {
                break;
            };
            let Some(header) = gathered.header else { break };
            self.commit(header, gathered.shares)?;
            self.next += 1;
        }
        Ok(())
    }

    fn answer_marks(&mut self) {
        let (log, shared, next) = (&self.log, &self.shared, self.next);
        self.marks.retain(|order| {
            if order.batch >= next {
                return true;
            }
            let (mark, sources) = (log.mark(), shared.all_sources());
            // Who asked may have given up.
            let _ = order.reply.send(Reached { mark, sources });
            false
        });
    }

    fn commit(&mut self, header: BatchHeader, shares: Vec<DecidedShare>) -> Result<(), Failure> {
        let DecidedBatch {
            commit,
            counts,
            events,
            mut frames,
            verdicts,
            standing,
            mut spent,
        } = DecidedBatch::of(header, shares, &mut self.counts);
        // The order of workers is chance; the order of partitions is not.
        frames.sort_by_key(|frame| frame.partition);
        let (bytes, append_nanos) = self.append(&commit, &frames)?;
        spent.payloads = frames.into_iter().map(|frame| frame.payload).collect();
        self.shared.note(&commit, events);
        self.shared.note_journaled(bytes);
        record_batch(&BatchFigures {
            counts,
            events,
            bytes,
            append_nanos,
            clock_seconds: commit.clock.seconds(),
        });
        let ack = Ack {
            batch: commit.batch,
            clock: commit.clock,
            place: Placed::At(self.log.last_place()),
            position: commit.position,
            counts: commit.counts,
            verdicts,
            standing,
            spent,
        };
        // The sequencer may have ended already: what it acknowledges is durable all the same.
        let _ = self.acks.send(ack);
        Ok(())
    }

    /// Durable on return. Gives the payload's bytes and the nanoseconds that it took.
    fn append(&mut self, commit: &Commit, frames: &[EncodedFrame]) -> Result<(u64, u64), Failure> {
        self.control.clear();
        frame::encode_commit(commit, &mut self.control);
        let to_append: Vec<_> = frames.iter().map(EncodedFrame::to_append).collect();
        let started = Instant::now();
        let batch = self
            .log
            .append_batch(&to_append, &self.control)
            .map_err(|error| Failure::Log(error.to_string()))?;
        debug_assert_eq!(batch, commit.batch, "log and engine count the same batches");
        let bytes = frames
            .iter()
            .map(|frame| frame.payload.len())
            .sum::<usize>();
        let nanos = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        Ok(((bytes + self.control.len()) as u64, nanos))
    }
}

fn add_outcomes(sum: &mut Counts, more: &Counts) {
    sum.applied += more.applied;
    sum.duplicates += more.duplicates;
    sum.quarantined += more.quarantined;
}

/// Whether every input has exactly one outcome.
pub fn adds_up(counts: &Counts) -> bool {
    counts.inputs == counts.applied + counts.duplicates + counts.quarantined
}

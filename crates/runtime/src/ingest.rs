//! First station: reads records and hands them on in chunks. It runs on the caller's thread, so parsing
//! goes on beside deciding, and a full engine makes the source wait.

use crate::committer::Committed;
use crate::decode::{self, Decoded};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::message::{Chunk, Counting, Original, Record, SourceId};
use smol_str::SmolStr;
use std::cell::RefCell;
use std::sync::Arc;
use umbral_intake::reader::{self, Merged, ReadError, RecordReader, SourceFile};
use umbral_model::ids::AccountId;

/// Records of one chunk.
pub(crate) const CHUNK_RECORDS: usize = 1_024;
/// Bytes after which a chunk is handed on, whatever its records.
pub(crate) const CHUNK_BYTES: usize = 1 << 20;

/// How far reading has come.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Records handed over, those of earlier starts included.
    pub records: u64,
    /// Of these, records that an earlier start had taken.
    pub skipped: u64,
    /// Bytes read, as the file lies on disk.
    pub bytes: u64,
    /// Bytes that there are, where that is known.
    pub total_bytes: Option<u64>,
    /// What is committed by now.
    pub committed: Committed,
}

/// Whether reading goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Go {
    /// Go on.
    On,
    /// Stop here; what was read is committed, and a later start goes on behind it.
    Stop,
}

/// What came of a source.
#[derive(Clone, Debug)]
pub struct Ingested {
    /// Records read, those of earlier starts included.
    pub records: u64,
    /// Of these, records that an earlier start had taken.
    pub skipped: u64,
    /// Read to the end.
    pub done: bool,
    /// What was committed before.
    pub before: Committed,
    /// What is committed now.
    pub after: Committed,
}

impl Ingested {
    /// All of it was taken before.
    fn already(records: u64, committed: Committed) -> Ingested {
        Ingested {
            records,
            skipped: records,
            done: true,
            before: committed.clone(),
            after: committed,
        }
    }
}

/// Why a source could not be read into the engine. What was read before is committed.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The engine stopped.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The source cannot be read on.
    #[error(transparent)]
    Read(#[from] ReadError),
}

pub(crate) fn ingest(
    engine: &Engine,
    reader: &mut SourceFile,
    progress: &mut dyn FnMut(&Progress) -> Go,
) -> Result<Ingested, IngestError> {
    let source = source_of(reader);
    let position = source
        .as_ref()
        .and_then(|source| engine.source_position(&source.id));
    let taken = position.as_ref().map_or(0, |position| position.records);
    if position.is_some_and(|position| position.done) {
        return Ok(Ingested::already(taken, engine.committed()));
    }
    let skipped = reader.skip_records(taken)?;
    let place = source.is_some().then_some(0);
    let sources = source.into_iter().collect();
    let mut feed = Feed::new(engine, sources, skipped);
    let known = Known::new(engine);
    let done = decode::in_order(reader, place, |reader, next| {
        let Some(decoded) = feed.keep_what_was_read(next)? else {
            return Ok(Go::On);
        };
        feed.take_chunk(decoded, reader, &known)?;
        Ok(progress(&feed.progress(reader.progress())))
    })?;
    let ingested = feed.finish(done)?;
    progress(&feed.progress(reader.progress()));
    Ok(ingested)
}

pub(crate) fn ingest_merged(
    engine: &Engine,
    merged: &mut Merged,
    progress: &mut dyn FnMut(&Progress) -> Go,
) -> Result<Ingested, IngestError> {
    let sources: Vec<Arc<SourceId>> = merged.sources().filter_map(source_of).collect();
    let places: Vec<Option<u16>> = merged
        .sources()
        .map(|reader| {
            let id = reader.content_id()?;
            sources
                .iter()
                .position(|source| source.id == id)
                .map(|index| index as u16)
        })
        .collect();
    let skipped = sources
        .iter()
        .filter_map(|source| engine.source_position(&source.id))
        .map(|position| position.records)
        .sum();
    let mut feed = Feed::new(engine, sources, skipped);
    let known = Known::new(engine);
    let done = loop {
        let next = merged.next_record(&|account| known.is(account));
        known.check()?;
        let Some((index, record)) = feed.keep_what_was_read(next)? else {
            break true;
        };
        let place = places.get(index).copied().flatten();
        if feed.take_of(record, place)? {
            let read = merged_progress(merged);
            if progress(&feed.progress(read)) == Go::Stop {
                break false;
            }
        }
    };
    let ingested = feed.finish(done)?;
    progress(&feed.progress(merged_progress(merged)));
    Ok(ingested)
}

fn merged_progress(merged: &Merged) -> reader::Progress {
    let zero = reader::Progress {
        total: Some(0),
        ..reader::Progress::default()
    };
    merged.sources().fold(zero, |sum, source| {
        let one = source.progress();
        reader::Progress {
            records: sum.records + one.records,
            bytes: sum.bytes + one.bytes,
            total: sum.total.zip(one.total).map(|(a, b)| a + b),
        }
    })
}

fn source_of(reader: &dyn RecordReader) -> Option<Arc<SourceId>> {
    Some(Arc::new(SourceId {
        id: SmolStr::new(reader.content_id()?),
        name: reader.name().to_owned(),
        format: SmolStr::new(reader.format()),
        counting: Counting::Records,
    }))
}

/// Asks the engine about accounts; the reader's question has no room for a failure, so it is kept.
struct Known<'e> {
    engine: &'e Engine,
    failure: RefCell<Option<EngineError>>,
}

impl<'e> Known<'e> {
    fn new(engine: &'e Engine) -> Self {
        Known {
            engine,
            failure: RefCell::default(),
        }
    }

    fn is(&self, account: &AccountId) -> bool {
        self.engine.knows(account).unwrap_or_else(|error| {
            self.failure.replace(Some(error));
            true
        })
    }

    fn check(&self) -> Result<(), EngineError> {
        self.failure.take().map_or(Ok(()), Err)
    }
}

/// Collects records into chunks and hands them to the engine.
struct Feed<'e> {
    engine: &'e Engine,
    sources: Vec<Arc<SourceId>>,
    bytes: Vec<u8>,
    records: Vec<Record>,
    count: u64,
    skipped: u64,
    before: Committed,
}

impl<'e> Feed<'e> {
    fn new(engine: &'e Engine, sources: Vec<Arc<SourceId>>, skipped: u64) -> Self {
        Feed {
            engine,
            sources,
            bytes: Vec::new(),
            records: Vec::new(),
            count: skipped,
            skipped,
            before: engine.committed(),
        }
    }

    /// Hands on a chunk of the only source.
    fn take_chunk(
        &mut self,
        decoded: Decoded,
        reader: &mut SourceFile,
        known: &Known<'_>,
    ) -> Result<(), EngineError> {
        let Decoded { bytes, records } = decoded;
        self.count += records.len() as u64;
        if reader.opens_accounts() {
            for record in records {
                let incoming = record.content.as_ref().ok();
                let is_known = |account: &AccountId| known.is(account);
                let opening = incoming.and_then(|incoming| reader.opening(incoming, &is_known));
                known.check()?;
                // The opening is no record of the source: it keeps no position, and comes again if only it is
                // committed and the account is still not known.
                self.records.extend(opening.map(Record::made));
                self.records.push(record);
            }
        } else {
            debug_assert!(self.records.is_empty(), "every chunk is handed on at once");
            self.records = records;
        }
        self.bytes = bytes;
        self.hand_on()
    }

    fn take_of(
        &mut self,
        record: reader::Record,
        source: Option<u16>,
    ) -> Result<bool, EngineError> {
        let reader::Record {
            row,
            line,
            original,
            content,
            opening,
        } = record;
        // As in `take_chunk`.
        self.records.extend(opening.map(Record::made));
        let from = self.bytes.len() as u32;
        self.bytes.extend_from_slice(&original);
        let original = Original::Span(from, self.bytes.len() as u32);
        self.records.push(Record {
            content,
            original,
            source,
            row,
            line,
            resubmits: None,
        });
        self.count += 1;
        let full = self.records.len() >= CHUNK_RECORDS || self.bytes.len() >= CHUNK_BYTES;
        if full {
            self.hand_on()?;
        }
        Ok(full)
    }

    fn hand_on(&mut self) -> Result<(), EngineError> {
        let bytes = std::mem::take(&mut self.bytes);
        let records = std::mem::take(&mut self.records);
        self.engine.offer(Chunk {
            sources: self.sources.clone(),
            format: SmolStr::new_static("json"),
            bytes: Arc::new(bytes),
            records,
        })
    }

    /// An unreadable source ends here; what was read of it before stays taken.
    fn keep_what_was_read<T>(&mut self, next: Result<T, ReadError>) -> Result<T, IngestError> {
        match next {
            Ok(next) => Ok(next),
            Err(error) => {
                self.hand_on()?;
                self.engine.flush()?;
                Err(error.into())
            }
        }
    }

    fn finish(&mut self, done: bool) -> Result<Ingested, EngineError> {
        self.hand_on()?;
        match done {
            true => self.engine.end_sources(self.sources.clone())?,
            false => self.engine.flush()?,
        }
        Ok(Ingested {
            records: self.count,
            skipped: self.skipped,
            done,
            before: self.before.clone(),
            after: self.engine.committed(),
        })
    }

    fn progress(&self, read: reader::Progress) -> Progress {
        Progress {
            records: self.count,
            skipped: self.skipped,
            bytes: read.bytes,
            total_bytes: read.total,
            committed: self.engine.committed(),
        }
    }
}

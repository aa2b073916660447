//! Decoding on several threads, in the order of the file. The caller's thread cuts records out and takes the decoded
//! ones back; between them chunks are dealt out in turn and collected in the same turn, so the order is that of the
//! file and no more than a few chunks are in memory.

use crate::ingest::{CHUNK_BYTES, CHUNK_RECORDS, Go, IngestError};
use crate::message::{Original, Record};
use crossbeam_channel::{Receiver, Sender, bounded};
use std::sync::Arc;
use std::thread::{self, Scope};
use umbral_intake::reader::{Decoder, RawChunk, RawSpan, ReadError, SourceFile};

/// Chunks that may be on their way for each thread.
const AHEAD: usize = 2;
/// More threads would wait for the one that cuts.
const MOST_THREADS: usize = 8;

/// Decoded records, and the bytes that they were read from.
pub(crate) struct Decoded {
    pub bytes: Vec<u8>,
    pub records: Vec<Record>,
}

/// Reads a source to its end, or until `each` says stop; says whether it came to the end. `each` is given the decoded
/// chunks in order, or why there are no more. A source that keeps no position is a stream, which may pause at any place:
/// what it brought does not wait for what comes next.
pub(crate) fn in_order(
    reader: &mut SourceFile,
    source: Option<u16>,
    mut each: impl FnMut(&mut SourceFile, Result<Option<Decoded>, ReadError>) -> Result<Go, IngestError>,
) -> Result<bool, IngestError> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let mut line = Line::start(scope, &reader.decoder(), source, threads.min(MOST_THREADS));
        let most = match source {
            Some(_) => AHEAD * line.threads(),
            None => 1,
        };
        let mut end: Option<Result<Option<Decoded>, ReadError>> = None;
        loop {
            while end.is_none() && line.waiting() < most {
                match reader.next_chunk(CHUNK_RECORDS, CHUNK_BYTES) {
                    Ok(Some(chunk)) => line.deal(chunk),
                    Ok(None) => end = Some(Ok(None)),
                    Err(error) => end = Some(Err(error)),
                }
            }
            let Some(decoded) = line.collect() else {
                return match end {
                    Some(end) => each(reader, end).map(|_| true),
                    None => Ok(true),
                };
            };
            if each(reader, Ok(Some(decoded)))? == Go::Stop {
                return Ok(false);
            }
        }
    })
}

/// Threads that decode.
struct Line {
    to: Vec<Sender<RawChunk>>,
    from: Vec<Receiver<Decoded>>,
    dealt: usize,
    collected: usize,
}

impl Line {
    fn start<'scope>(
        scope: &'scope Scope<'scope, '_>,
        decoder: &Arc<Decoder>,
        source: Option<u16>,
        threads: usize,
    ) -> Line {
        let mut line = Line {
            to: Vec::new(),
            from: Vec::new(),
            dealt: 0,
            collected: 0,
        };
        for _ in 0..threads {
            let (to, chunks) = bounded::<RawChunk>(AHEAD);
            let (decoded, from) = bounded::<Decoded>(AHEAD);
            let decoder = Arc::clone(decoder);
            scope.spawn(move || {
                for chunk in chunks {
                    // Whoever waited may have stopped.
                    if decoded.send(decode(&decoder, source, chunk)).is_err() {
                        return;
                    }
                }
            });
            line.to.push(to);
            line.from.push(from);
        }
        line
    }

    fn threads(&self) -> usize {
        self.to.len()
    }

    fn waiting(&self) -> usize {
        self.dealt - self.collected
    }

    fn deal(&mut self, chunk: RawChunk) {
        let threads = self.threads();
        // A thread ends only when its line does.
        let _ = self.to[self.dealt % threads].send(chunk);
        self.dealt += 1;
    }

    /// The next chunk in order; none if none is on its way.
    fn collect(&mut self) -> Option<Decoded> {
        if self.waiting() == 0 {
            return None;
        }
        let threads = self.threads();
        let decoded = self.from[self.collected % threads].recv().ok()?;
        self.collected += 1;
        Some(decoded)
    }
}

fn decode(decoder: &Decoder, source: Option<u16>, chunk: RawChunk) -> Decoded {
    let record = |span: &RawSpan| Record {
        content: decoder.decode_span(&chunk, span),
        original: Original::Span(span.from, span.to),
        source,
        row: span.row,
        line: span.line,
        resubmits: None,
    };
    let records = chunk.records.iter().map(record).collect();
    Decoded {
        bytes: chunk.bytes,
        records,
    }
}

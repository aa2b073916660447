//! `umbral rate --batch`: lines in, lines out, in order, on all cores.
//!
//! A reader cuts the input into chunks of whole lines and deals them out to the workers in turn; the writer
//! collects the results in the same turn. Every queue is bounded, so memory is too.

use crate::failure::{Failure, plain};
use crate::output::Out;
use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use umbral_catalog::version::CatalogSet;
use umbral_rating::batch::{Detail, MAX_LINE_BYTES, rate_line};

/// Bytes of a chunk.
const CHUNK_BYTES: usize = 1 << 19;
/// Chunks that wait for one worker.
const CHUNKS_WAITING: usize = 4;
/// What some editors write before the first line of a text in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What a batch came to.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Totals {
    /// Records.
    pub(crate) records: u64,
    /// Of them, records without a price.
    pub(crate) refused: u64,
}

/// Whole lines, and the number of the first.
struct Chunk {
    first_line: u64,
    bytes: Vec<u8>,
}

/// Prices of a chunk.
struct Answers {
    bytes: Vec<u8>,
    totals: Totals,
}

/// Prices every line of `input` and writes the answers in order.
pub(crate) fn run(
    mut input: impl Read + Send,
    name: &str,
    catalogs: &CatalogSet,
    detail: Detail,
    threads: usize,
    out: &mut Out,
) -> Result<Totals, Failure> {
    let mut to_workers = Vec::new();
    let mut from_workers = Vec::new();
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            let (chunk_sender, chunks) = sync_channel::<Chunk>(CHUNKS_WAITING);
            let (answer_sender, answers) = sync_channel::<Answers>(CHUNKS_WAITING);
            let worker = move || work(&chunks, &answer_sender, catalogs, detail);
            match thread::Builder::new().spawn_scoped(scope, worker) {
                Ok(_) => {
                    to_workers.push(chunk_sender);
                    from_workers.push(answers);
                }
                // Fewer workers give the same answers.
                Err(_) if !to_workers.is_empty() => break,
                Err(error) => return Err(no_thread(&error)),
            }
        }
        let reader = thread::Builder::new()
            .spawn_scoped(scope, move || deal(&mut input, &to_workers))
            .map_err(|error| no_thread(&error))?;
        let totals = collect(from_workers, out)?;
        match reader.join() {
            Ok(Ok(())) => Ok(totals),
            Ok(Err(error)) => Err(
                Failure::usage(format!("cannot read {name}: {}", plain(&error)))
                    .note("everything before that place was priced"),
            ),
            Err(_) => Err(Failure::usage(format!("reading {name} failed"))),
        }
    })
}

fn no_thread(error: &io::Error) -> Failure {
    Failure::usage(format!("cannot start a thread: {}", plain(error)))
        .note("the system's limit of threads is reached: raise it, or give fewer --threads")
}

/// Cuts the input into chunks of whole lines and deals them out.
fn deal(input: &mut impl Read, workers: &[SyncSender<Chunk>]) -> io::Result<()> {
    let mut line = 1u64;
    let mut rest: Vec<u8> = Vec::new();
    let mut turn = 0usize;
    loop {
        let mut bytes = std::mem::take(&mut rest);
        let ended = fill(input, &mut bytes)?;
        if turn == 0 && bytes.starts_with(BYTE_ORDER_MARK) {
            bytes.drain(..BYTE_ORDER_MARK.len());
        }
        let mut end = if ended {
            bytes.len()
        } else {
            last_line_end(&bytes)
        };
        if end == 0 && !ended && bytes.len() > MAX_LINE_BYTES {
            // What was read of the line is enough for the worker to refuse it.
            rest = skip_line(input)?;
            bytes.push(b'\n');
            end = bytes.len();
        }
        rest.extend_from_slice(&bytes[end..]);
        bytes.truncate(end);
        if !bytes.is_empty() {
            let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
            // A worker that is gone means that nobody reads the answers any more.
            if workers[turn % workers.len()]
                .send(Chunk {
                    first_line: line,
                    bytes,
                })
                .is_err()
            {
                return Ok(());
            }
            line += lines;
            turn += 1;
        }
        if ended {
            return Ok(());
        }
    }
}

/// Reads until a chunk is full; says whether the input ended.
fn fill(input: &mut impl Read, bytes: &mut Vec<u8>) -> io::Result<bool> {
    let wanted = bytes.len().max(CHUNK_BYTES) + CHUNK_BYTES / 2 - bytes.len();
    let read = input.by_ref().take(wanted as u64).read_to_end(bytes)?;
    Ok(read < wanted)
}

/// Reads to the end of a line without keeping it; gives what was read behind it.
fn skip_line(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(CHUNK_BYTES);
    loop {
        bytes.clear();
        let read = input
            .by_ref()
            .take(CHUNK_BYTES as u64)
            .read_to_end(&mut bytes)?;
        if let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            bytes.drain(..=end);
            return Ok(bytes);
        }
        if read == 0 {
            return Ok(Vec::new());
        }
    }
}

fn last_line_end(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map(|at| at + 1)
        .unwrap_or(0)
}

fn work(
    chunks: &Receiver<Chunk>,
    answers: &SyncSender<Answers>,
    catalogs: &CatalogSet,
    detail: Detail,
) {
    for chunk in chunks {
        let mut answer = Answers {
            bytes: Vec::with_capacity(chunk.bytes.len() * 4),
            totals: Totals::default(),
        };
        for (index, line) in chunk.bytes.split(|byte| *byte == b'\n').enumerate() {
            if !line.trim_ascii().is_empty() {
                let number = chunk.first_line + index as u64;
                answer_line(line, number, catalogs, detail, &mut answer);
            }
        }
        if answers.send(answer).is_err() {
            return;
        }
    }
}

fn answer_line(
    line: &[u8],
    number: u64,
    catalogs: &CatalogSet,
    detail: Detail,
    answer: &mut Answers,
) {
    const NAMELESS: &[u8] = b"{\"id\":null,";
    let start = answer.bytes.len();
    answer.totals.records += 1;
    if rate_line(catalogs, line, detail, &mut answer.bytes) {
        return;
    }
    answer.totals.refused += 1;
    // An answer that cannot name its record names its line.
    if answer.bytes[start..].starts_with(NAMELESS) {
        let place = format!("\"line\":{number},");
        let at = start + NAMELESS.len();
        answer.bytes.splice(at..at, place.into_bytes());
    }
}

/// Writes the answers in the order of the chunks.
fn collect(workers: Vec<Receiver<Answers>>, out: &mut Out) -> Result<Totals, Failure> {
    let mut totals = Totals::default();
    for turn in 0usize.. {
        // The first worker without an answer has no chunk either: chunks are dealt out in turn.
        let Ok(answers) = workers[turn % workers.len()].recv() else {
            break;
        };
        out.bytes(&answers.bytes)?;
        totals.records += answers.totals.records;
        totals.refused += answers.totals.refused;
    }
    Ok(totals)
}

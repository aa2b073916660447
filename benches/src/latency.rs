//! How long a record waits until what it caused is durable, while records come at half of what the engine
//! can take, whether it keeps up or not.

use crate::embedded::{batches, found, ingest, write_file};
use crate::{Choice, Row, Seeded, Sizes, customer, restart, usage};
use anyhow::{Context, Result};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};
use umbral_intake::reader::{Options as Reading, RecordReader, SourceFile};
use umbral_journal::floor::RawFile;
use umbral_runtime::{Chunk, Engine};

/// How often records are handed over.
const STEP: Duration = Duration::from_micros(500);
/// How often is looked for what has become durable: as much a latency may be too long.
const LOOK: Duration = Duration::from_micros(50);
/// How long the load lasts before latencies count.
const WARM_UP: Duration = Duration::from_secs(3);
/// Synced appends that the floor is taken from.
const APPENDS: usize = 500;

/// Records that were handed over together.
struct Sent {
    /// The number of the last one.
    position: u64,
    /// When each of them was due, from the beginning of the load.
    due: Vec<Duration>,
}

/// Rows of p50, p99 and p99.9. The floor is a synced append of as many bytes as a batch had.
///
/// # Errors
/// Anything that does not work.
pub fn rows(sizes: &Sizes) -> Result<Vec<Row>> {
    let folder = tempfile::tempdir().context("make a folder")?;
    let dir = folder.path().join("data");
    found(&dir, crate::catalog(sizes.prefixes))?;
    let engine = Engine::open(&dir, restart::options(2))?;
    let customers = folder.path().join("customers.pb");
    write_file(&customers, (0..sizes.accounts).flat_map(customer))?;
    ingest(&engine, &customers)?;
    let mut random = Seeded::new(11);
    let mut records = |from: u64, to: u64, name: &str| -> Result<_> {
        let path = folder.path().join(name);
        let stream = (from..to).map(|number| {
            usage(
                number,
                sizes.accounts,
                sizes.prefixes,
                Choice::Zipf,
                &mut random,
            )
        });
        write_file(&path, stream).map(|()| path)
    };
    let first = records(0, sizes.records, "full.pb")?;
    let capacity = sizes.records as f64 / ingest(&engine, &first)?;
    let rate = capacity / 2.0;
    let warming = (rate * WARM_UP.as_secs_f64()) as u64;
    let wanted = warming + (rate * sizes.seconds as f64) as u64;
    let second = records(sizes.records, sizes.records + wanted, "half.pb")?;
    let from = engine.committed().batch;
    let mut waited = offer_at(&engine, &second, rate)?;
    engine.stop()?;
    anyhow::ensure!(waited.len() as u64 == wanted, "records were lost");
    waited.drain(..warming as usize);
    let mut floor = floor(&dir, from, &folder.path().join("raw"))?;
    let mut rows = vec![Row::plain("latency_load", rate, "events/s")];
    for (name, share) in [("p50", 0.5), ("p99", 0.99), ("p999", 0.999)] {
        rows.push(Row::time(
            format!("latency_{name}_ms"),
            percentile(&mut waited, share),
            "ms",
            percentile(&mut floor, share),
        ));
    }
    Ok(rows)
}

/// Hands records over at a pace that nothing holds up, and gives how long each waited.
fn offer_at(engine: &Engine, file: &Path, rate: f64) -> Result<Vec<Duration>> {
    let name = file.to_str().context("a path in UTF-8")?;
    let mut reader = SourceFile::open(name, &Reading::default())?;
    let (sender, sent) = channel();
    let ended = AtomicBool::new(false);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let watch = scope.spawn(|| watch(engine, begun, &ended, sent));
        let offered = offer(engine, &mut reader, rate, begun, &sender);
        let flushed = offered.and_then(|()| Ok(engine.flush()?));
        ended.store(true, Ordering::Release);
        drop(sender);
        let waited = watch
            .join()
            .map_err(|_| anyhow::anyhow!("the watch failed"))?;
        flushed.map(|()| waited)
    })
}

fn offer(
    engine: &Engine,
    reader: &mut SourceFile,
    rate: f64,
    begun: Instant,
    sender: &Sender<Sent>,
) -> Result<()> {
    let mut position = engine.committed().position;
    let mut number = 0u64;
    let due_of = |number: u64| Duration::from_secs_f64(number as f64 / rate);
    loop {
        let mut records = Vec::new();
        let mut due = Vec::new();
        while due_of(number) <= begun.elapsed() {
            let Some(record) = reader.next_record(&|_| true)? else {
                engine.offer(Chunk::made(records))?;
                sender.send(Sent {
                    position: position + due.len() as u64,
                    due,
                })?;
                return Ok(());
            };
            let content = record.content.map_err(|refusal| {
                anyhow::anyhow!("record {number} is refused: {}", refusal.rejection)
            })?;
            records.push(content);
            due.push(due_of(number));
            number += 1;
        }
        if !records.is_empty() {
            position += records.len() as u64;
            engine.offer(Chunk::made(records))?;
            sender.send(Sent { position, due })?;
        }
        pause(STEP);
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "load at a given pace is a matter of time"
)]
fn pause(duration: Duration) {
    std::thread::sleep(duration);
}

/// Notes how long each record took until it was durable.
fn watch(
    engine: &Engine,
    begun: Instant,
    ended: &AtomicBool,
    sent: Receiver<Sent>,
) -> Vec<Duration> {
    let mut waited = Vec::new();
    for Sent { position, due } in sent {
        while engine.committed().position < position {
            let over = ended.load(Ordering::Acquire);
            if over && engine.committed().position < position {
                return waited;
            }
            pause(LOOK);
        }
        let now = begun.elapsed();
        waited.extend(due.into_iter().map(|due| now.saturating_sub(due)));
    }
    waited
}

/// How long synced appends take, each as long as a batch of the load was on average.
fn floor(dir: &Path, from: u64, path: &Path) -> Result<Vec<Duration>> {
    let batches = batches(dir, from)?;
    let total: usize = batches.iter().map(Vec::len).sum();
    let batch = vec![7u8; total / batches.len().max(1)];
    let mut file = RawFile::create(path, (batch.len() * APPENDS) as u64)?;
    (0..APPENDS)
        .map(|_| {
            let started = Instant::now();
            file.append(&batch, true)?;
            Ok(started.elapsed())
        })
        .collect()
}

/// The value below which this share lies, in milliseconds.
fn percentile(values: &mut [Duration], share: f64) -> f64 {
    values.sort_unstable();
    let index = (values.len() as f64 * share) as usize;
    let value = values.get(index).or(values.last());
    value.map_or(f64::NAN, |value| value.as_secs_f64() * 1_000.0)
}

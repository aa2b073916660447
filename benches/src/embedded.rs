//! The full embedded path, from encoded bytes to committed events, and back by replay.

use crate::{Choice, Row, Seeded, Sizes, catalog, customer, restart, usage, write_delimited};
use anyhow::{Context, Result, anyhow};
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;
use umbral_intake::reader::{Options as Reading, SourceFile};
use umbral_journal::DataDir;
use umbral_journal::floor::RawFile;
use umbral_model::input::Incoming;
use umbral_runtime::{Engine, Founding, Go, init};

/// Prefixes of the smaller catalog.
const FEW_PREFIXES: usize = 1_000;

/// One load: how accounts are chosen, and how large the catalog is.
#[derive(Clone, Copy)]
struct Load {
    /// What its rows end with.
    suffix: &'static str,
    choice: Choice,
    prefixes: usize,
}

/// Rows of the full path with 1 and 2 workers, under accounts chosen by Zipf's law and all alike, with many
/// prefixes and few; replay and the stations of the first load only.
///
/// # Errors
/// Anything that does not work.
pub fn rows(sizes: &Sizes) -> Result<Vec<Row>> {
    let load = |suffix, choice, prefixes| Load {
        suffix,
        choice,
        prefixes,
    };
    let loads = [
        load("", Choice::Zipf, sizes.prefixes),
        load("_uniform", Choice::Uniform, sizes.prefixes),
        load("_1k_prefixes", Choice::Zipf, FEW_PREFIXES),
        load("_uniform_1k_prefixes", Choice::Uniform, FEW_PREFIXES),
    ];
    let folder = tempfile::tempdir().context("make a folder")?;
    let customers = folder.path().join("customers.pb");
    write_file(&customers, (0..sizes.accounts).flat_map(customer))?;
    let mut rows = Vec::new();
    for load in loads {
        let records = folder.path().join("usage.pb");
        let mut random = Seeded::new(7);
        let stream = (0..sizes.records).map(|number| {
            usage(
                number,
                sizes.accounts,
                load.prefixes,
                load.choice,
                &mut random,
            )
        });
        write_file(&records, stream)?;
        for workers in [1, 2] {
            let dir = folder.path().join("data");
            found(&dir, catalog(load.prefixes))?;
            let measured = Measured {
                path: "embedded",
                suffix: load.suffix,
                replay: load.suffix.is_empty().then_some("replay"),
                before: Some(&customers),
                inputs: &records,
                count: sizes.records,
                refused: 0,
            };
            rows.extend(run(&dir, workers, &measured)?);
            std::fs::remove_dir_all(&dir)?;
        }
    }
    Ok(rows)
}

/// Writes inputs into a file of length-delimited protobuf; synced, so that its writing does not hold up what is measured.
pub(crate) fn write_file(path: &Path, inputs: impl Iterator<Item = Incoming>) -> Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    write_delimited(&mut out, inputs)?;
    out.flush()?;
    Ok(out.get_ref().sync_all()?)
}

/// Makes a data directory of 64 partitions with a catalog.
pub(crate) fn found(dir: &Path, catalog: Vec<(SmolStr, SmolStr)>) -> Result<()> {
    let founding = Founding {
        partitions: 64,
        catalogs: vec![catalog],
        at: crate::START,
        created_by: "bench".to_owned(),
    };
    init(dir, founding).map_err(|error| anyhow!("{error}"))?;
    Ok(())
}

/// A path that is measured.
pub(crate) struct Measured<'a> {
    /// What the names of its rows begin with.
    pub path: &'static str,
    /// What they end with.
    pub suffix: &'static str,
    /// What the rows of its replay begin with; none: neither replay nor stations are measured.
    pub replay: Option<&'static str>,
    /// What comes in before anything is measured.
    pub before: Option<&'a Path>,
    /// What comes in.
    pub inputs: &'a Path,
    /// How many inputs that is.
    pub count: u64,
    /// How many of them cannot be taken.
    pub refused: u64,
}

/// Rows of a path on a data directory without inputs.
pub(crate) fn run(dir: &Path, workers: usize, measured: &Measured<'_>) -> Result<Vec<Row>> {
    let engine = Engine::open(dir, restart::options(workers))?;
    if let Some(before) = measured.before {
        ingest(&engine, before)?;
    }
    let from = engine.committed().batch;
    let before = thread_nanos();
    let seconds = ingest(&engine, measured.inputs)?;
    let after = thread_nanos();
    let counts = engine.stop()?.counts;
    anyhow::ensure!(
        counts.quarantined <= measured.refused,
        "more was refused than should be: {counts:?}"
    );
    let rate = measured.count as f64 / seconds;
    let floor = measured.count as f64 / raw_append(dir, from, &dir.join("raw"))?;
    let threads = if workers == 1 {
        "1_thread"
    } else {
        "2_threads"
    };
    let Measured { path, suffix, .. } = measured;
    let name = format!("{path}_{threads}{suffix}");
    let mut rows = vec![Row::rate(name, rate, "events/s", floor)];
    if let Some(replayed) = measured.replay {
        if workers == 1 {
            rows.extend(stations(path, &before, &after, measured.count));
        }
        let name = format!("{replayed}_{threads}");
        rows.push(replay(dir, workers, name, counts.inputs)?);
    }
    Ok(rows)
}

/// CPU time that each station took for a record: what a busy machine cannot hide. What no station took is intake's:
/// cutting and decoding records. Only where the system tells the time of threads.
fn stations(path: &str, before: &Nanos, after: &Nanos, records: u64) -> Vec<Row> {
    let threads = [
        ("sequencer", "sequencer"),
        ("worker", "worker-0"),
        ("committer", "committer"),
    ];
    // A thread that had just begun may have had no name yet.
    let spent = |thread: &str| Some(after.get(thread)? - before.get(thread).unwrap_or(&0));
    let per_record = |station: &str, nanos: u64| {
        let value = nanos as f64 / records as f64;
        Row::plain(format!("{path}_{station}_cpu_ns"), value, "ns")
    };
    let mut rest = spent(PROCESS).unwrap_or(0);
    let mut rows = Vec::new();
    for (station, thread) in threads {
        if let Some(nanos) = spent(thread) {
            rest = rest.saturating_sub(nanos);
            rows.push(per_record(station, nanos));
        }
    }
    if !rows.is_empty() {
        rows.insert(0, per_record("intake", rest));
    }
    rows
}

type Nanos = BTreeMap<String, u64>;

/// The key of all threads together, those that ended included.
const PROCESS: &str = "";
/// How long a tick of process times is.
const NANOS_PER_TICK: u64 = 10_000_000;

/// CPU time of each thread of this process so far, and of all of them, in nanoseconds.
fn thread_nanos() -> Nanos {
    let mut nanos = Nanos::new();
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    for task in tasks.flatten() {
        let read = |name: &str| std::fs::read_to_string(task.path().join(name));
        let (Ok(name), Ok(times)) = (read("comm"), read("schedstat")) else {
            continue;
        };
        let spent = times.split(' ').next().and_then(|text| text.parse().ok());
        *nanos.entry(name.trim().to_owned()).or_insert(0) += spent.unwrap_or(0u64);
    }
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|text| text.parse::<u64>().ok()).sum();
    nanos.insert(PROCESS.to_owned(), ticks * NANOS_PER_TICK);
    nanos
}

/// Seconds to read a file into the engine, until all of it is durable.
pub(crate) fn ingest(engine: &Engine, file: &Path) -> Result<f64> {
    let name = file.to_str().context("a path in UTF-8")?;
    let mut reader = SourceFile::open(name, &Reading::default())?;
    let started = Instant::now();
    let done = engine.ingest(&mut reader, &mut |_| Go::On)?;
    anyhow::ensure!(done.done, "the file was not read to its end");
    Ok(started.elapsed().as_secs_f64())
}

/// The bytes of each batch behind one.
pub(crate) fn batches(dir: &Path, from: u64) -> Result<Vec<Vec<u8>>> {
    let mut reader = DataDir::open(dir)?.read(from + 1)?;
    let mut batches: Vec<Vec<u8>> = Vec::new();
    while let Some(batch) = reader.next_batch()? {
        let mut bytes = Vec::new();
        for frame in batch.frames().chain([batch.control()]) {
            bytes.extend_from_slice(frame.payload);
        }
        batches.push(bytes);
    }
    Ok(batches)
}

/// Seconds to append and sync the same bytes, batch by batch, to a plain file.
fn raw_append(dir: &Path, from: u64, path: &Path) -> Result<f64> {
    let batches = batches(dir, from)?;
    let total: usize = batches.iter().map(Vec::len).sum();
    let mut file = RawFile::create(path, total as u64)?;
    let started = Instant::now();
    for batch in &batches {
        file.append(batch, true)?;
    }
    Ok(started.elapsed().as_secs_f64())
}

/// Inputs folded per second when the engine starts; the floor is scanning and checking the same bytes.
fn replay(dir: &Path, workers: usize, name: String, inputs: u64) -> Result<Row> {
    let started = Instant::now();
    let mut reader = DataDir::open(dir)?.read(0)?;
    let mut frames = 0u64;
    while let Some(batch) = reader.next_batch()? {
        frames += batch.frames().len() as u64;
    }
    std::hint::black_box(frames);
    let floor = inputs as f64 / started.elapsed().as_secs_f64();
    let started = Instant::now();
    let engine = Engine::open(dir, restart::options(workers))?;
    let seconds = started.elapsed().as_secs_f64();
    engine.stop()?;
    let rate = inputs as f64 / seconds;
    Ok(Row::rate(name, rate, "events/s", floor))
}

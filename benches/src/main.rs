//! `cargo xtask bench`: rows of name, value, unit, floor and ratio. A floor is measured in the same run, so
//! that a ratio holds on any machine. Ratios are floor/value for times and value/floor for rates: 1 is the limit.

use anyhow::{Context, Result, anyhow};
use clap::Parser;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;
use umbral_benches::{
    Choice, FullCall, Seeded, catalog, compile, customer, restart, usage, write_delimited,
};
use umbral_intake::reader::{Options as Reading, SourceFile};
use umbral_journal::DataDir;
use umbral_journal::floor::RawFile;
use umbral_model::input::Direction;
use umbral_rating::{Record, Tariff, rate};
use umbral_runtime::{Engine, Founding, Go, init};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Benchmarks of whole paths.
#[derive(Parser)]
struct Arguments {
    /// Smaller inputs.
    #[arg(long)]
    quick: bool,
    /// Only one group of rows: `rating`, `embedded` or `restart`.
    #[arg(long)]
    only: Option<String>,
    /// `table` or `json`.
    #[arg(long, default_value = "table")]
    output: String,
    /// Only measure a start on this data directory.
    #[arg(long, hide = true, value_name = "DIR")]
    start_of: Option<PathBuf>,
    /// Only measure restarts, of so many accounts.
    #[arg(long, value_name = "ACCOUNTS")]
    restart: Option<u64>,
    /// Keep the data directory of that, to start on it again.
    #[arg(long, requires = "restart", value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// One result.
#[derive(Serialize)]
struct Row {
    name: String,
    value: f64,
    unit: &'static str,
    floor: Option<f64>,
    ratio: Option<f64>,
}

impl Row {
    fn rate(name: impl Into<String>, value: f64, unit: &'static str, floor: f64) -> Row {
        Row {
            name: name.into(),
            value,
            unit,
            floor: Some(floor),
            ratio: Some(value / floor),
        }
    }
}

struct Sizes {
    accounts: u64,
    /// Accounts of the restart.
    restarted: u64,
    records: u64,
    prefixes: usize,
    repeats: u32,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let Some(dir) = &arguments.start_of {
        let started = restart::start(dir)?;
        println!("{}", serde_json::to_string(&started)?);
        return Ok(());
    }
    if let Some(accounts) = arguments.restart {
        let folder = tempfile::tempdir().context("make a folder")?;
        let dir = arguments.keep.unwrap_or(folder.path().join("data"));
        return print(&restarts(&dir, accounts)?, &arguments.output);
    }
    let sizes = if arguments.quick {
        Sizes {
            accounts: 20_000,
            restarted: 200_000,
            records: 300_000,
            prefixes: 100_000,
            repeats: 200_000,
        }
    } else {
        Sizes {
            accounts: 1_000_000,
            restarted: 10_000_000,
            records: 4_000_000,
            prefixes: 100_000,
            repeats: 2_000_000,
        }
    };
    let wanted = |name: &str| arguments.only.as_ref().is_none_or(|only| only == name);
    let mut rows = Vec::new();
    if wanted("rating") {
        rows.extend(rating(&sizes)?);
    }
    if wanted("embedded") {
        rows.extend(embedded(&sizes)?);
    }
    if wanted("restart") {
        let folder = tempfile::tempdir().context("make a folder")?;
        rows.extend(restarts(&folder.path().join("data"), sizes.restarted)?);
    }
    print(&rows, &arguments.output)
}

fn print(rows: &[Row], output: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    if output == "json" {
        writeln!(out, "{}", serde_json::to_string_pretty(rows)?)?;
        return Ok(());
    }
    writeln!(
        out,
        "{:<28} {:>14} {:<10} {:>14} {:>7}",
        "name", "value", "unit", "floor", "ratio"
    )?;
    for row in rows {
        let show = |number: Option<f64>, decimals: usize| {
            number.map_or_else(String::new, |number| format!("{number:.decimals$}"))
        };
        writeln!(
            out,
            "{:<28} {:>14.1} {:<10} {:>14} {:>7}",
            row.name,
            row.value,
            row.unit,
            show(row.floor, 1),
            show(row.ratio, 3)
        )?;
    }
    Ok(())
}

/// Nanoseconds of one explained charge; the floor is one `i128` product and division.
fn rating(sizes: &Sizes) -> Result<Vec<Row>> {
    let started = Instant::now();
    let files = catalog(sizes.prefixes);
    let made = started.elapsed();
    let set = compile(&files)?;
    let check = started.elapsed() - made;
    let plan = set
        .plan_no("bench")
        .context("the plan of the bench catalog")?;
    let floor = nanoseconds(sizes.repeats, |number| {
        i128::from(number) * 90_000_000_000 / i128::from(60_000_000_000u64 | (number & 1))
    });
    let mut rows = vec![Row {
        name: format!("check_{}_prefixes_seconds", sizes.prefixes),
        value: check.as_secs_f64(),
        unit: "s",
        floor: None,
        ratio: None,
    }];
    for (name, service, quantity) in [
        ("rate_call_ns", "voice", 61_000_000_000),
        ("rate_message_ns", "sms", 1),
        ("rate_1gb_record_ns", "data", 1_000_000_000),
    ] {
        let numbers: Vec<String> = (0..1024)
            .map(|index| umbral_benches::prefix(index * 97 % sizes.prefixes))
            .collect();
        let mut failed = 0u32;
        let value = nanoseconds(sizes.repeats, |number| {
            let record = Record {
                service,
                direction: Direction::Originating,
                to: if service == "data" {
                    ""
                } else {
                    &numbers[number as usize % 1024]
                },
                whole: false,
                zone: None,
                network: None,
                start: umbral_benches::START.plus_nanos((number % 100_000) as i64 * 1_000_000_000),
                quantity,
                duration: None,
                continued: None,
            };
            match rate(&set, Tariff::Plan(plan), &record) {
                Ok(charge) => i128::from(charge.amount.micros()),
                Err(_) => {
                    failed += 1;
                    0
                }
            }
        });
        anyhow::ensure!(failed == 0, "{failed} records of {name} were not rated");
        rows.push(Row {
            name: name.into(),
            value,
            unit: "ns",
            floor: Some(floor),
            ratio: Some(floor / value),
        });
    }
    rows.push(full_call(sizes, floor)?);
    Ok(rows)
}

/// A call through a plan with allowances, tiers, roaming and discounts.
fn full_call(sizes: &Sizes, floor: f64) -> Result<Row> {
    let full = FullCall::new(sizes.prefixes)?;
    let charge = full.rate(0).map_err(|rejection| anyhow!("{rejection}"))?;
    anyhow::ensure!(
        charge.segments.len() == 2 && charge.covered.len() == 1 && charge.discounts.len() == 2,
        "the call does not go through everything: {charge:?}"
    );
    let value = nanoseconds(sizes.repeats, |number| {
        let charge = full.rate(number);
        charge.map_or(0, |charge| i128::from(charge.amount.micros()))
    });
    Ok(Row {
        name: "rate_full_call_ns".into(),
        value,
        unit: "ns",
        floor: Some(floor),
        ratio: Some(floor / value),
    })
}

fn nanoseconds(repeats: u32, mut work: impl FnMut(u64) -> i128) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..3 {
        let started = Instant::now();
        let sum = (0..u64::from(repeats)).fold(0i128, |sum, number| sum.wrapping_add(work(number)));
        std::hint::black_box(sum);
        best = best.min(started.elapsed().as_nanos() as f64 / f64::from(repeats));
    }
    best
}

/// The full embedded path from encoded bytes to committed events, with 1 and 2 workers, and back by replay.
fn embedded(sizes: &Sizes) -> Result<Vec<Row>> {
    let folder = tempfile::tempdir().context("make a folder")?;
    let customers = folder.path().join("customers.pb");
    let records = folder.path().join("usage.pb");
    let mut out = BufWriter::new(File::create(&customers)?);
    write_delimited(&mut out, (0..sizes.accounts).flat_map(customer))?;
    out.flush()?;
    let mut random = Seeded::new(7);
    let mut out = BufWriter::new(File::create(&records)?);
    let stream = (0..sizes.records).map(|number| {
        usage(
            number,
            sizes.accounts,
            sizes.prefixes,
            Choice::Skewed,
            &mut random,
        )
    });
    write_delimited(&mut out, stream)?;
    out.flush()?;

    let files = catalog(sizes.prefixes);
    let mut rows = Vec::new();
    for workers in [1, 2] {
        let dir = folder.path().join(format!("data-{workers}"));
        let founding = Founding {
            partitions: 64,
            catalogs: vec![files.clone()],
            at: umbral_benches::START,
            created_by: "bench".to_owned(),
        };
        init(&dir, founding).map_err(|error| anyhow!("{error}"))?;
        let engine = Engine::open(&dir, restart::options(workers))?;
        ingest(&engine, &customers)?;
        let from = engine.committed().batch;
        let before = thread_nanos();
        let seconds = ingest(&engine, &records)?;
        let after = thread_nanos();
        let counts = engine.stop()?.counts;
        anyhow::ensure!(
            counts.applied == counts.inputs,
            "not every input was applied: {counts:?}"
        );
        let rate = sizes.records as f64 / seconds;
        let floor = sizes.records as f64 / raw_append(&dir, from, &folder.path().join("raw"))?;
        let plural = if workers == 1 { "" } else { "s" };
        rows.push(Row::rate(
            format!("embedded_{workers}_thread{plural}"),
            rate,
            "events/s",
            floor,
        ));
        if workers == 1 {
            rows.extend(stations(&before, &after, sizes.records));
        }
        rows.push(replay(&dir, workers, counts.inputs)?);
        std::fs::remove_dir_all(&dir)?;
    }
    Ok(rows)
}

/// CPU time that each station took for a record: what a busy machine cannot hide. Only where the system tells
/// the time of threads.
fn stations(before: &Nanos, after: &Nanos, records: u64) -> Vec<Row> {
    let threads = [
        ("intake", "umbral-bench"),
        ("sequencer", "sequencer"),
        ("worker", "worker-0"),
        ("committer", "committer"),
    ];
    let row = |(station, thread)| {
        let spent = after.get(thread)? - before.get(thread)?;
        Some(Row {
            name: format!("embedded_{station}_cpu_ns"),
            value: spent as f64 / records as f64,
            unit: "ns",
            floor: None,
            ratio: None,
        })
    };
    threads.into_iter().filter_map(row).collect()
}

type Nanos = BTreeMap<String, u64>;

/// CPU time of each thread of this process so far, in nanoseconds.
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
    nanos
}

fn ingest(engine: &Engine, file: &Path) -> Result<f64> {
    let name = file.to_str().context("a path in UTF-8")?;
    let mut reader = SourceFile::open(name, &Reading::default())?;
    let started = Instant::now();
    let done = engine.ingest(&mut reader, &mut |_| Go::On)?;
    anyhow::ensure!(done.done, "the file was not read to its end");
    Ok(started.elapsed().as_secs_f64())
}

/// Seconds to append and sync the same bytes, batch by batch, to a plain file.
fn raw_append(dir: &Path, from: u64, path: &Path) -> Result<f64> {
    let mut reader = DataDir::open(dir)?.read(from + 1)?;
    let mut batches: Vec<Vec<u8>> = Vec::new();
    while let Some(batch) = reader.next_batch()? {
        let mut bytes = Vec::new();
        for frame in batch.frames().chain([batch.control()]) {
            bytes.extend_from_slice(frame.payload);
        }
        batches.push(bytes);
    }
    let total: usize = batches.iter().map(Vec::len).sum();
    let mut file = RawFile::create(path, total as u64)?;
    let started = Instant::now();
    for batch in &batches {
        file.append(batch, true)?;
    }
    Ok(started.elapsed().as_secs_f64())
}

/// Inputs folded per second when the engine starts; the floor is scanning and checking the same bytes.
fn replay(dir: &Path, workers: usize, inputs: u64) -> Result<Row> {
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
    let plural = if workers == 1 { "" } else { "s" };
    Ok(Row::rate(
        format!("replay_{workers}_thread{plural}"),
        inputs as f64 / seconds,
        "events/s",
        floor,
    ))
}

/// Starts from a snapshot, and the memory of what they bring.
fn restarts(dir: &Path, accounts: u64) -> Result<Vec<Row>> {
    let measured = restart::measure(dir, accounts)?;
    let named = match accounts % 1_000_000 {
        0 => format!("{}m", accounts / 1_000_000),
        _ => accounts.to_string(),
    };
    let plain = |name: String, value, unit| Row {
        name,
        value,
        unit,
        floor: None,
        ratio: None,
    };
    Ok(vec![
        Row {
            floor: Some(measured.floor_seconds),
            ratio: Some(measured.floor_seconds / measured.seconds),
            ..plain(
                format!("restart_{named}_accounts_seconds"),
                measured.seconds,
                "s",
            )
        },
        plain(
            format!("snapshot_{named}_accounts_seconds"),
            measured.snapshot_seconds,
            "s",
        ),
        plain(
            "snapshot_per_account_bytes".into(),
            measured.snapshot_bytes_per_account,
            "bytes",
        ),
        plain(
            "memory_per_account_bytes".into(),
            measured.bytes_per_account,
            "bytes",
        ),
    ])
}

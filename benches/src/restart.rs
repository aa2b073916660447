//! How long a start takes from a snapshot of many accounts, and what they take in memory. The start is a process of
//! its own: memory that an earlier run freed must not hide what this one takes.

use crate::{Choice, Row, Seeded, Sizes, customer, embedded, purchase, usage};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::process::Command;
use std::time::Instant;
use umbral_journal::DataDir;
use umbral_journal::snapshot::Versions;
use umbral_model::input::Incoming;
use umbral_model::journal::LOGIC_VERSION;
use umbral_runtime::{Chunk, ClockMode, Engine, Options, SnapshotOptions};

/// Inputs handed over together.
const CHUNK: usize = 8_192;
/// The argument that makes the process a start to be measured.
pub const START_OF: &str = "--start-of";

/// What a start came to.
#[derive(Serialize, Deserialize, Debug)]
pub struct Started {
    /// Seconds from nothing to running.
    pub seconds: f64,
    /// Resident memory then.
    pub resident_bytes: u64,
    /// Resident memory before.
    pub before_bytes: u64,
    /// Whether it began with a snapshot.
    pub from_snapshot: bool,
}

/// A restart, measured.
#[derive(Debug)]
pub struct Restart {
    /// Seconds of the start.
    pub seconds: f64,
    /// Seconds to read the same snapshot and check its checksums, on one thread.
    pub floor_seconds: f64,
    /// Bytes of memory for each account, with its directory entry.
    pub bytes_per_account: f64,
    /// Seconds that the snapshot took.
    pub snapshot_seconds: f64,
    /// Bytes of the snapshot for each account.
    pub snapshot_bytes_per_account: f64,
}

/// Options that take no snapshot by themselves.
pub fn options(workers: usize) -> Options {
    Options {
        workers,
        snapshots: SnapshotOptions::ON_DEMAND,
        ..Options::with_clock(ClockMode::Event)
    }
}

/// Rows of starts from a snapshot, and of the memory of what they bring.
///
/// # Errors
/// Anything that does not work.
pub fn rows(sizes: &Sizes) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for accounts in &sizes.restarted {
        let folder = tempfile::tempdir().context("make a folder")?;
        rows.extend(rows_of(&folder.path().join("data"), *accounts)?);
    }
    if let Some(accounts) = sizes.restarted.first() {
        let folder = tempfile::tempdir().context("make a folder")?;
        let members = measure(&folder.path().join("data"), *accounts, true)?;
        rows.push(Row::plain(
            "memory_per_member_bytes",
            members.bytes_per_account,
            "bytes",
        ));
    }
    Ok(rows)
}

/// Those of one count of accounts, in a data directory that stays.
///
/// # Errors
/// Anything that does not work.
pub fn rows_of(dir: &Path, accounts: u64) -> Result<Vec<Row>> {
    let measured = measure(dir, accounts, false)?;
    let named = match accounts % 1_000_000 {
        0 => format!("{}m", accounts / 1_000_000),
        _ => accounts.to_string(),
    };
    let started = Row::time(
        format!("restart_{named}_accounts_seconds"),
        measured.seconds,
        "s",
        measured.floor_seconds,
    );
    let snapshot = format!("snapshot_{named}_accounts_seconds");
    let memory = match accounts {
        10_000_000 => "memory_per_account_bytes".to_owned(),
        _ => format!("memory_per_account_bytes_{named}"),
    };
    let on_disk = measured.snapshot_bytes_per_account;
    Ok(vec![
        started,
        Row::plain(snapshot, measured.snapshot_seconds, "s"),
        Row::plain(
            format!("snapshot_per_account_bytes_{named}"),
            on_disk,
            "bytes",
        ),
        Row::plain(memory, measured.bytes_per_account, "bytes"),
    ])
}

/// Fills a data directory with so many accounts, of customers who have points where that is wanted, takes a snapshot,
/// and starts anew.
///
/// # Errors
/// Anything that does not work.
pub fn measure(dir: &Path, accounts: u64, with_points: bool) -> Result<Restart> {
    embedded::found(dir, crate::catalog(1_000))?;
    let engine = Engine::open(dir, options(2))?;
    offer(&engine, (0..accounts).flat_map(customer))?;
    if with_points {
        offer(&engine, (0..accounts).map(purchase))?;
    }
    let mut random = Seeded::new(3);
    offer(
        &engine,
        (0..accounts / 10).map(|number| usage(number, accounts, 1_000, Choice::Zipf, &mut random)),
    )?;
    let taken = engine.snapshot()?.context("nothing was committed")?;
    let counts = engine.stop()?.counts;
    anyhow::ensure!(
        counts.quarantined == 0 && taken.accounts == accounts,
        "not every input was applied: {counts:?} {taken:?}"
    );
    let floor_seconds = floor(dir)?;
    let started = start_apart(dir)?;
    anyhow::ensure!(started.from_snapshot, "the start folded the journal");
    Ok(Restart {
        seconds: started.seconds,
        floor_seconds,
        bytes_per_account: started.resident_bytes.saturating_sub(started.before_bytes) as f64
            / accounts as f64,
        snapshot_seconds: taken.took.as_secs_f64(),
        snapshot_bytes_per_account: taken.bytes as f64 / accounts as f64,
    })
}

fn offer(engine: &Engine, mut inputs: impl Iterator<Item = Incoming>) -> Result<()> {
    loop {
        let chunk: Vec<Incoming> = inputs.by_ref().take(CHUNK).collect();
        if chunk.is_empty() {
            return Ok(engine.flush()?);
        }
        engine.offer(Chunk::made(chunk))?;
    }
}

fn floor(dir: &Path) -> Result<f64> {
    let data = DataDir::open(dir)?;
    let versions = Versions {
        logic: LOGIC_VERSION,
        layout: umbral_engine::STATE_LAYOUT,
    };
    let started = Instant::now();
    let number = data.snapshots().list()?;
    let number = number.first().context("no snapshot")?;
    let snapshot = data
        .snapshots()
        .open(*number, versions, data.partitions())?;
    let mut bytes = Vec::new();
    for part in snapshot.parts() {
        snapshot.read(part, &mut bytes)?;
    }
    Ok(started.elapsed().as_secs_f64())
}

fn start_apart(dir: &Path) -> Result<Started> {
    let output = Command::new(std::env::current_exe()?)
        .arg(START_OF)
        .arg(dir)
        .output()?;
    anyhow::ensure!(
        output.status.success(),
        "the start failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).context("read what the start came to")
}

/// Starts an engine on a data directory and says what it came to; the body of the process apart.
///
/// # Errors
/// An engine that does not start.
pub fn start(dir: &Path) -> Result<Started> {
    let before_bytes = resident_bytes();
    let started = Instant::now();
    let engine = Engine::open(dir, options(2))?;
    let seconds = started.elapsed().as_secs_f64();
    let came_to = Started {
        seconds,
        resident_bytes: resident_bytes(),
        before_bytes,
        from_snapshot: engine.restored_from() > 0,
    };
    engine.stop()?;
    Ok(came_to)
}

/// Resident memory of this process; 0 where the system does not say.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

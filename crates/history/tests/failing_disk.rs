//! The whole engine on a disk on which every operation fails once, one after the other: making the directory,
//! opening, batches over several segments, snapshots, stopping. Whatever failed, a start on what is left goes on
//! with the same files and comes to the same outputs and state.

#![allow(
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

mod common;

use common::*;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use umbral_history::History;
use umbral_intake::reader::{self, SourceFile};
use umbral_journal::storage::MemoryDisk;
use umbral_journal::{DataDir, LogOptions};
use umbral_model::journal::Counts;
use umbral_runtime::{
    Engine, EngineError, Founding, Go, Options, SnapshotFailure, SnapshotOptions, init_on,
};

const DIR: &str = "/data";

#[derive(PartialEq)]
struct Outcome {
    outputs: Vec<String>,
    hashes: Vec<u128>,
    counts: Counts,
}

/// How a life ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    /// The directory could not be made.
    NotMade,
    /// It could not be opened.
    NotOpened,
    /// The log failed under the engine.
    Stopped,
    /// All was taken; so many snapshots failed.
    Whole { without_snapshots: u32 },
}

fn founding() -> Founding {
    Founding {
        partitions: 4,
        catalogs: vec![catalog_files(TARIFF)],
        at: "2026-01-01T00:00:00Z".parse_instant(),
        created_by: "test".to_owned(),
    }
}

/// Segments that roll every few batches.
fn options() -> Options {
    Options {
        batch_inputs: 24,
        snapshots: SnapshotOptions::ON_DEMAND,
        log: LogOptions {
            segment_bytes: 24 << 10,
            allocation_bytes: 4 << 10,
            sync: true,
        },
        ..event_options()
    }
}

fn make(disk: &MemoryDisk) -> Result<(), EngineError> {
    init_on(Arc::new(disk.clone()), Path::new(DIR), founding()).map(|_| ())
}

fn open(disk: &MemoryDisk) -> Result<Engine, EngineError> {
    let data = DataDir::open_on(Arc::new(disk.clone()), Path::new(DIR));
    let data = data.map_err(|source| EngineError::Journal {
        dir: DIR.into(),
        source,
    })?;
    Engine::on(&data, options())
}

/// Takes all files, with a snapshot behind each; gives how many snapshots failed.
fn take(engine: &Engine, files: &[String]) -> Result<u32, EngineError> {
    let mut failed = 0;
    for file in files {
        let mut source = SourceFile::open(file, &reader::Options::default()).expect("a source");
        let taken = engine.ingest(&mut source, &mut |_| Go::On);
        taken.map_err(|error| match error {
            umbral_runtime::IngestError::Engine(error) => error,
            umbral_runtime::IngestError::Read(error) => panic!("{error}"),
        })?;
        match engine.snapshot() {
            Ok(_) => {}
            Err(EngineError::Snapshot(SnapshotFailure::Files(_))) => failed += 1,
            Err(error) => return Err(error),
        }
    }
    Ok(failed)
}

/// Lives until something fails that cannot be lived with.
fn live(disk: &MemoryDisk, files: &[String]) -> End {
    if make(disk).is_err() {
        return End::NotMade;
    }
    let Ok(engine) = open(disk) else {
        return End::NotOpened;
    };
    match take(&engine, files) {
        Ok(without_snapshots) => match engine.stop() {
            Ok(_) => End::Whole { without_snapshots },
            Err(error) => stopped(&error),
        },
        Err(error) => stopped(&error),
    }
}

fn stopped(error: &EngineError) -> End {
    assert_eq!(error.exit_code(), 3, "{error}");
    End::Stopped
}

/// A start on what is left, on a disk that works: it is made if it was not, and everything is taken.
fn go_on(left: &MemoryDisk, files: &[String], what: &str) -> Outcome {
    // One that is made already is refused; whether it is a whole one shows at once.
    let made = make(left);
    let engine = open(left).unwrap_or_else(|error| panic!("{what}: {error}, {made:?}"));
    let failed = take(&engine, files).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(failed, 0, "{what}: snapshots on a disk that works");
    let (committed, hashes) = engine.stop_with_hashes().expect("stopped");
    assert_adds_up(&committed);
    let data = DataDir::open_on(Arc::new(left.clone()), Path::new(DIR)).expect("a directory");
    let history = History::of(data);
    let verified = history.verify(&mut |_| {}).expect("verified");
    assert_eq!(verified.difference, None, "{what}");
    let outcome = Outcome {
        outputs: outputs_of(&history),
        hashes,
        counts: committed.counts,
    };
    let again = open(left).expect("a start");
    assert_eq!(again.restored_from(), committed.batch, "{what}");
    let (_, hashes) = again.stop_with_hashes().expect("stopped");
    assert_eq!(hashes, outcome.hashes, "{what}: from the last snapshot");
    outcome
}

fn assert_same(expected: &Outcome, found: &Outcome, what: &str) {
    let mut pairs = expected.outputs.iter().zip(&found.outputs);
    if let Some((left, right)) = pairs.find(|(left, right)| left != right) {
        panic!("{what}:\n{left}\n{right}");
    }
    assert!(expected == found, "{what}: state, counts or outputs");
}

#[test]
fn every_even_operation_of_the_engine_fails_once_and_nothing_differs() {
    fail_at_each(0);
}

#[test]
fn every_odd_operation_of_the_engine_fails_once_and_nothing_differs() {
    fail_at_each(1);
}

/// Fails each second operation from the first one on, each sixteenth where the tests are to be quick.
fn fail_at_each(first: u64) {
    let is_quick = std::env::var_os("UMBRAL_TEST_QUICK").is_some();
    let step = if is_quick { 16 } else { 2 };
    let place = Place::new(1);
    let all = stream(12, 180);
    let lines: Vec<&str> = all.lines().collect();
    let files: Vec<String> = lines
        .chunks(lines.len().div_ceil(3))
        .enumerate()
        .map(|(number, part)| place.file(&format!("{number}.ndjson"), &(part.join("\n") + "\n")))
        .collect();
    let calm = MemoryDisk::new();
    let end = live(&calm, &files);
    let whole = End::Whole {
        without_snapshots: 0,
    };
    assert_eq!(end, whole);
    // Stations work side by side, so the number of operations is not quite the same each time.
    let operations = calm.operations() + 8;
    let expected = go_on(&calm.after_kill(), &files, "calm");
    let mut ends: Vec<End> = Vec::new();
    for number in (first..operations).step_by(step) {
        let kind = match number % 5 {
            0 => ErrorKind::StorageFull,
            _ => ErrorKind::Other,
        };
        let disk = MemoryDisk::new();
        disk.fail_operation_after(number, kind);
        let end = live(&disk, &files);
        ends.push(end);
        let what = format!("{kind:?} at operation {number}, {end:?}");
        disk.heal();
        let mut coin = Lcg(number);
        for left in [
            disk.after_kill(),
            disk.after_power_cut(|| false),
            disk.after_power_cut(|| coin.below(2) == 0),
        ] {
            let found = go_on(&left, &files, &what);
            assert_same(&expected, &found, &what);
        }
    }
    let count = |is: fn(&End) -> bool| ends.iter().filter(|end| is(end)).count();
    let made = count(|end| *end == End::NotMade);
    let opened = count(|end| *end == End::NotOpened);
    let stopped = count(|end| *end == End::Stopped);
    let snapshots =
        count(|end| matches!(end, End::Whole { without_snapshots } if *without_snapshots > 0));
    println!(
        "{operations} operations: {made} in making, {opened} in opening, {stopped} stopped it, {snapshots} in snapshots"
    );
    assert!(is_quick || opened > 0);
    assert!(made > 0 && stopped > 0 && snapshots > 0);
}

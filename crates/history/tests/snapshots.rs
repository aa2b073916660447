//! A start from a snapshot and the batches after it is a start from the whole journal, bit for bit: whenever the
//! snapshot was taken, whatever was going on, with other threads than before. One that is damaged, foreign, of
//! another version or half written costs time and nothing else.

#![allow(
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

mod common;

use common::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use umbral_engine::STATE_LAYOUT;
use umbral_history::History;
use umbral_intake::reader::{self, SourceFile};
use umbral_journal::DataDir;
use umbral_journal::snapshot::Versions;
use umbral_journal::storage::MemoryDisk;
use umbral_model::journal::{Counts, LOGIC_VERSION};
use umbral_runtime::{Engine, Founding, Go, Options, SnapshotOptions, init_on};

const DIR: &str = "/data";
const PARTITIONS: u16 = 4;
const VERSIONS: Versions = Versions {
    logic: LOGIC_VERSION,
    layout: STATE_LAYOUT,
};

/// Everything that came out, and the state at the end.
#[derive(PartialEq)]
struct Outcome {
    outputs: Vec<String>,
    hashes: Vec<u128>,
    counts: Counts,
}

fn options(workers: usize, batch_inputs: usize) -> Options {
    Options {
        workers,
        batch_inputs,
        snapshots: SnapshotOptions::ON_DEMAND,
        ..event_options()
    }
}

fn from_the_journal(options: &Options) -> Options {
    let snapshots = SnapshotOptions {
        read: false,
        ..options.snapshots
    };
    Options {
        snapshots,
        ..options.clone()
    }
}

fn outcome(history: &History, engine: Engine) -> Outcome {
    let (committed, hashes) = engine.stop_with_hashes().expect("stopped");
    assert_adds_up(&committed);
    Outcome {
        outputs: outputs_of(history),
        hashes,
        counts: committed.counts,
    }
}

fn assert_same(expected: &Outcome, found: &Outcome, what: &str) {
    let mut pairs = expected.outputs.iter().zip(&found.outputs);
    if let Some((left, right)) = pairs.find(|(left, right)| left != right) {
        panic!("{what}:\n{left}\n{right}");
    }
    let (left, right) = (expected.outputs.len(), found.outputs.len());
    assert_eq!(left, right, "{what}: outputs");
    assert_eq!(expected.hashes, found.hashes, "{what}: state");
    assert_eq!(expected.counts, found.counts, "{what}: counts");
}

/// The stream, with a version that is announced early and in force ten days later, accounts that move to another
/// time zone, and collections to be.
fn eventful(records: u64) -> String {
    let tariff = TARIFF
        .replace("\"20.00\"", "\"10.00\"")
        .replace("\"500.00\"", "\"40.00\"");
    let from = instant(10 * 86_400 + 100);
    let later = activation_from("later", &tariff, (&instant(60), &from), false);
    let mut lines: Vec<String> = stream(40, records).lines().map(str::to_owned).collect();
    lines.insert(90, later);
    let step = 40 * 86_400 / records;
    for move_ in (0..records).step_by(97) {
        let (account, at) = (move_ % 40, instant(40 + move_ * step));
        let zone = ["Asia/Tokyo", "America/Bogota", "UTC"][(move_ % 3) as usize];
        let line = format!(
            r#"{{"source":"crm","event_id":"z-{move_}","occurred_at":"{at}","account_id":"A{account}","time_zone_changed":{{"time_zone":"{zone}"}}}}"#
        );
        let place = (lines.len() as u64 * move_ / records).max(91) as usize;
        lines.insert(place.min(lines.len()), line);
    }
    lines.join("\n") + "\n"
}

/// Reads up to a record, with one snapshot after the other beside it; gives how many were taken.
fn ingest_under_snapshots(engine: &Engine, file: &str, records: u64) -> u64 {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let taking = scope.spawn(|| {
            let mut taken = 0;
            while !done.load(Ordering::SeqCst) {
                taken += u64::from(engine.snapshot().expect("a snapshot").is_some());
            }
            taken
        });
        ingest_until(engine, file, records);
        done.store(true, Ordering::SeqCst);
        taking.join().expect("taken")
    })
}

#[test]
fn snapshots_under_way_and_restarts_from_them_change_nothing() {
    let text = eventful(6_000);
    for (case, (partitions, workers)) in [
        (1, [1, 1, 1]),
        (8, [2, 1, 3]),
        (8, [1, 4, 2]),
        (64, [3, 2, 2]),
    ]
    .into_iter()
    .enumerate()
    {
        let place = Place::new(partitions);
        let file = place.file("stream.ndjson", &text);
        let engine = place.engine(options(2, 500));
        ingest(&engine, &file);
        let expected = outcome(&place.history(), engine);
        let quarantined = expected.counts.quarantined;
        assert!(quarantined > 100 && expected.counts.duplicates > 50);

        let place = Place::new(partitions);
        let file = place.file("stream.ndjson", &text);
        let mut restored = Vec::new();
        for (round, workers) in workers.into_iter().enumerate() {
            let what = format!("case {case}, round {round}");
            let engine = place.engine(options(workers, 40 + 300 * round));
            restored.push(engine.restored_from());
            if round < 2 {
                let until = [1_500, 4_200][round] + case as u64 * 97;
                let taken = ingest_under_snapshots(&engine, &file, until);
                assert!(taken > 0, "{what}: {taken} snapshots");
                // The batches after the last snapshot are folded by the next start.
                ingest_until(&engine, &file, until + 700);
                engine.stop().expect("stopped");
                continue;
            }
            ingest(&engine, &file);
            assert_same(&expected, &outcome(&place.history(), engine), &what);
        }
        assert!(restored[1] > 0 && restored[2] > restored[1], "{restored:?}");
        for options in [from_the_journal(&options(2, 9)), options(3, 9)] {
            let engine = place.engine(options);
            let (_, hashes) = engine.stop_with_hashes().expect("stopped");
            assert_eq!(hashes, expected.hashes, "case {case}: another start");
        }
        let verified = place.history().verify(&mut |_| {}).expect("verified");
        assert_eq!(verified.difference, None, "case {case}");
    }
}

#[test]
fn a_stop_leaves_a_snapshot_where_it_is_worth_it() {
    let place = Place::new(4);
    let file = place.file("stream.ndjson", &stream(20, 3_000));
    let with_stop_bytes = |stop_bytes| {
        let snapshots = SnapshotOptions {
            stop_bytes,
            ..SnapshotOptions::ON_DEMAND
        };
        Options {
            snapshots,
            ..event_options()
        }
    };
    let snapshots = || {
        let data = DataDir::open(&place.dir).expect("a data directory");
        data.snapshots().list().expect("listed")
    };
    let engine = place.engine(with_stop_bytes(1 << 30));
    ingest_until(&engine, &file, 200);
    engine.stop().expect("stopped");
    assert!(snapshots().is_empty(), "little was journaled");
    let engine = place.engine(with_stop_bytes(1));
    let committed = engine.stop().expect("stopped");
    assert_eq!(snapshots(), [committed.batch], "what was folded counts");
    let engine = place.engine(with_stop_bytes(1));
    assert_eq!(engine.restored_from(), committed.batch);
    ingest(&engine, &file);
    let (committed, hashes) = engine.stop_with_hashes().expect("stopped");
    assert_eq!(snapshots().first(), Some(&committed.batch));
    let engine = place.engine(with_stop_bytes(0));
    assert_eq!(engine.restored_from(), committed.batch);
    assert_eq!(engine.snapshot().expect("asked"), None, "nothing is new");
    let (again, same) = engine.stop_with_hashes().expect("stopped");
    assert_eq!((again.counts, same), (committed.counts, hashes));
    assert_eq!(snapshots().len(), 2, "two are kept");
}

/// A data directory in memory with a snapshot at half of the way, one later, and a tail.
struct Played {
    disk: MemoryDisk,
    /// Numbers of the snapshots, newest first.
    numbers: Vec<u64>,
    expected: Outcome,
}

fn data(disk: &MemoryDisk) -> DataDir {
    DataDir::open_on(Arc::new(disk.clone()), Path::new(DIR)).expect("a data directory")
}

fn played(text: &str) -> Played {
    let place = Place::new(1);
    let file = place.file("stream.ndjson", text);
    let disk = MemoryDisk::new();
    let founding = Founding {
        partitions: PARTITIONS,
        catalogs: vec![catalog_files(TARIFF)],
        at: "2026-01-01T00:00:00Z".parse_instant(),
        created_by: "test".to_owned(),
    };
    init_on(Arc::new(disk.clone()), Path::new(DIR), founding).expect("a data directory");
    let engine = Engine::on(&data(&disk), options(2, 50)).expect("an engine");
    for records in [500, 900, u64::MAX] {
        let mut source = SourceFile::open(&file, &reader::Options::default()).expect("a source");
        let mut go = |progress: &umbral_runtime::Progress| match progress.records >= records {
            true => Go::Stop,
            false => Go::On,
        };
        engine.ingest(&mut source, &mut go).expect("ingested");
        if records < u64::MAX {
            engine.snapshot().expect("taken").expect("something is new");
        }
    }
    let history = History::of(data(&disk));
    let expected = outcome(&history, engine);
    let numbers = data(&disk).snapshots().list().expect("listed");
    assert_eq!(numbers.len(), 2);
    Played {
        disk,
        numbers,
        expected,
    }
}

impl Played {
    fn path(&self, number: u64, suffix: &str) -> PathBuf {
        Path::new(DIR).join(format!("snapshots/{number:020}.{suffix}"))
    }

    /// A start on a disk begins with this snapshot and ends in the expected state.
    fn starts_from(&self, disk: &MemoryDisk, number: u64, what: &str) {
        let engine = Engine::on(&data(disk), options(2, 50)).expect("an engine");
        assert_eq!(engine.restored_from(), number, "{what}");
        let (committed, hashes) = engine.stop_with_hashes().expect("stopped");
        assert_eq!(hashes, self.expected.hashes, "{what}");
        assert_eq!(committed.counts, self.expected.counts, "{what}");
    }
}

/// What may happen to the bytes of a file.
fn damages(content: &[u8], places: usize) -> Vec<(String, Vec<u8>)> {
    let mut lcg = Lcg(content.len() as u64);
    let step = (content.len() / places).max(1);
    let mut damaged = vec![("extended".to_owned(), [content, b"x"].concat())];
    for at in (0..content.len()).step_by(step) {
        let mut flipped = content.to_vec();
        flipped[at] ^= 1 << lcg.below(8);
        damaged.push((format!("bit of octet {at}"), flipped));
        damaged.push((format!("cut at {at}"), content[..at].to_vec()));
    }
    damaged
}

#[test]
fn damage_anywhere_falls_back_to_the_snapshot_before_and_to_the_journal() {
    let played = played(&eventful(1_200));
    let (newest, older) = (played.numbers[0], played.numbers[1]);
    played.starts_from(&played.disk.after_kill(), newest, "undamaged");
    for (suffix, places) in [("manifest", 60), ("parts", 90)] {
        let path = played.path(newest, suffix);
        let content = played.disk.content(&path).expect("a file");
        for (what, damaged) in damages(&content, places) {
            let disk = played.disk.after_kill();
            disk.overwrite(&path, damaged.clone());
            played.starts_from(&disk, older, &format!("{suffix}: {what}"));
        }
        let disk = played.disk.after_kill();
        disk.take_away(&path);
        played.starts_from(&disk, older, &format!("{suffix}: gone"));
        disk.overwrite(
            &played.path(older, suffix),
            content[..content.len() / 2].to_vec(),
        );
        played.starts_from(&disk, 0, "both are damaged");
    }
    let disk = played.disk.after_kill();
    for number in &played.numbers {
        disk.take_away(&played.path(*number, "manifest"));
        disk.take_away(&played.path(*number, "parts"));
    }
    played.starts_from(&disk, 0, "none is left");
}

#[test]
fn a_foreign_snapshot_and_one_of_another_version_are_not_used() {
    let played_here = played(&eventful(1_200));
    let elsewhere = played(&eventful(1_300));
    let (newest, older) = (played_here.numbers[0], played_here.numbers[1]);
    let foreign = elsewhere.numbers[0];
    let disk = played_here.disk.after_kill();
    for suffix in ["manifest", "parts"] {
        let content = elsewhere.disk.content(&elsewhere.path(foreign, suffix));
        disk.overwrite(&played_here.path(foreign, suffix), content.expect("a file"));
    }
    let used = if foreign == newest { older } else { newest };
    played_here.starts_from(&disk, used, "of another journal");

    // The parts of the older snapshot under the name of the newer one.
    let disk = played_here.disk.after_kill();
    let parts = disk.content(&played_here.path(older, "parts"));
    disk.overwrite(&played_here.path(newest, "parts"), parts.expect("a file"));
    played_here.starts_from(&disk, older, "parts of another snapshot");

    for versions in [
        Versions {
            logic: LOGIC_VERSION - 1,
            ..VERSIONS
        },
        Versions {
            layout: STATE_LAYOUT + 1,
            ..VERSIONS
        },
    ] {
        let disk = played_here.disk.after_kill();
        let snapshots = data(&disk).snapshots();
        let known = snapshots.open(newest, VERSIONS, PARTITIONS).expect("whole");
        let mark = known.mark().clone();
        let writer = snapshots.begin(newest + 1).expect("begun");
        writer.finish(versions, mark).expect("written");
        played_here.starts_from(&disk, newest, "another version");
    }
}

#[test]
fn a_snapshot_of_what_the_journal_does_not_hold_is_not_used() {
    let played_whole = played(&eventful(1_200));
    let newest = played_whole.numbers[0];
    let disk = played_whole.disk.after_kill();
    let snapshots = data(&disk).snapshots();
    let known = snapshots.open(newest, VERSIONS, PARTITIONS).expect("whole");
    assert!(data(&disk).holds(known.mark()).expect("compared"));

    // The log of an older backup beside the snapshots of today: it ends before the mark.
    let log = Path::new(DIR).join("log/0000000001.segment");
    let content = disk.content(&log).expect("a segment");
    let founded = MemoryDisk::new();
    let founding = Founding {
        partitions: PARTITIONS,
        catalogs: vec![catalog_files(TARIFF)],
        at: "2026-01-01T00:00:00Z".parse_instant(),
        created_by: "test".to_owned(),
    };
    init_on(Arc::new(founded.clone()), Path::new(DIR), founding).expect("a data directory");
    for number in &played_whole.numbers {
        for suffix in ["manifest", "parts"] {
            let path = played_whole.path(*number, suffix);
            founded.overwrite(&path, disk.content(&path).expect("a file"));
        }
    }
    assert!(founded.content(&log).expect("a segment").len() < content.len());
    let engine = Engine::on(&data(&founded), options(1, 50)).expect("an engine");
    assert_eq!(engine.restored_from(), 0);
    assert_eq!(engine.committed().counts.inputs, 1, "the first catalog");
}

//! Crashes at any point of a run: the disk fails, the process ends, the power is cut with any choice of pages
//! written. A new start on what is left, fed with the same file, ends where an undisturbed run ends.

#![allow(
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

mod common;

use common::*;
use std::path::Path;
use std::sync::Arc;
use umbral_history::History;
use umbral_intake::reader::{self, SourceFile};
use umbral_journal::DataDir;
use umbral_journal::storage::{MemoryDisk, WriteFault};
use umbral_runtime::{Engine, EngineError, Failure, Founding, Go, IngestError, Options, init_on};

const DIR: &str = "/data";

#[derive(PartialEq)]
struct Outcome {
    outputs: Vec<String>,
    hashes: Vec<u128>,
    counts: umbral_model::journal::Counts,
}

fn founding() -> Founding {
    Founding {
        partitions: 8,
        catalogs: vec![catalog_files(TARIFF)],
        at: "2026-01-01T00:00:00Z".parse_instant(),
        created_by: "test".to_owned(),
    }
}

fn founded() -> MemoryDisk {
    let disk = MemoryDisk::new();
    init_on(Arc::new(disk.clone()), Path::new(DIR), founding()).expect("a data directory");
    disk
}

fn data(disk: &MemoryDisk) -> DataDir {
    DataDir::open_on(Arc::new(disk.clone()), Path::new(DIR)).expect("a data directory")
}

fn options() -> Options {
    Options {
        batch_inputs: 64,
        ..event_options()
    }
}

fn ingest_on(disk: &MemoryDisk, file: &str) -> Result<Engine, IngestError> {
    let engine = Engine::on(&data(disk), options())?;
    let mut source = SourceFile::open(file, &reader::Options::default()).expect("a source");
    engine.ingest(&mut source, &mut |_| Go::On)?;
    Ok(engine)
}

fn outcome(disk: &MemoryDisk, engine: Engine) -> Outcome {
    let (committed, hashes) = engine.stop_with_hashes().expect("stopped");
    assert_adds_up(&committed);
    let history = History::of(data(disk));
    assert_eq!(
        history.verify(&mut |_| {}).expect("verified").difference,
        None
    );
    Outcome {
        outputs: outputs_of(&history),
        hashes,
        counts: committed.counts,
    }
}

fn assert_same(expected: &Outcome, found: &Outcome, what: &str) {
    let first = expected
        .outputs
        .iter()
        .zip(&found.outputs)
        .position(|(a, b)| a != b);
    assert!(first.is_none(), "{what}: output {first:?}");
    assert!(expected == found, "{what}: state or counts");
}

/// Runs until the fault, then goes on with what is left. Says whether the fault was felt: one that hits the
/// zeros which are written ahead does no harm.
fn crash_and_go_on(
    file: &str,
    fault: impl Fn(&MemoryDisk),
    crash: impl FnOnce(&MemoryDisk) -> MemoryDisk,
) -> (bool, Outcome) {
    let disk = founded();
    fault(&disk);
    let felt = match ingest_on(&disk, file).map(|engine| engine.stop().map(|_| ())) {
        Err(IngestError::Engine(error)) | Ok(Err(error)) => {
            let of_the_log = matches!(
                error,
                EngineError::Stopped(Failure::Log(_)) | EngineError::Journal { .. }
            );
            assert!(of_the_log, "{error}");
            assert_eq!(error.exit_code(), 3);
            true
        }
        Err(other) => panic!("{other}"),
        Ok(Ok(())) => false,
    };
    let left = crash(&disk);
    let engine = ingest_on(&left, file).expect("a new start");
    (felt, outcome(&left, engine))
}

#[test]
fn a_failing_sync_stops_the_engine_and_a_power_cut_loses_nothing_committed() {
    let place = Place::new(1);
    let file = place.file("stream.ndjson", &stream(40, 1_500));
    let disk = founded();
    let engine = ingest_on(&disk, &file).expect("ingested");
    let expected = outcome(&disk, engine);
    for syncs in [0, 1, 3, 7, 12, 20] {
        let mut lcg = Lcg(syncs);
        let (felt, found) = crash_and_go_on(
            &file,
            |disk| disk.fail_sync_after(syncs),
            |disk| disk.after_power_cut(|| lcg.below(2) == 0),
        );
        assert!(felt, "after {syncs} syncs");
        assert_same(&expected, &found, &format!("after {syncs} syncs"));
    }
}

#[test]
fn a_torn_write_and_a_kill_lose_nothing_committed() {
    let place = Place::new(1);
    let file = place.file("stream.ndjson", &stream(40, 1_500));
    let disk = founded();
    let engine = ingest_on(&disk, &file).expect("ingested");
    let expected = outcome(&disk, engine);
    let mut crashes = 0;
    for (writes, octets) in [(2, 5_000), (4, 0), (9, 70), (14, 5_000), (18, 64), (20, 1)] {
        let torn = WriteFault::Torn(octets, std::io::ErrorKind::Other);
        let (felt, found) = crash_and_go_on(
            &file,
            |disk| disk.fail_write_after(writes, torn),
            MemoryDisk::after_kill,
        );
        assert_same(
            &expected,
            &found,
            &format!("{writes} writes, {octets} octets of the next"),
        );
        crashes += u32::from(felt);
    }
    assert!(crashes >= 3, "{crashes} crashes");
}

#[test]
fn an_interrupted_creation_is_taken_up() {
    let disk = MemoryDisk::new();
    let creation = umbral_journal::Creation {
        partitions: 8,
        created_by: "test".to_owned(),
    };
    DataDir::create_on(Arc::new(disk.clone()), Path::new(DIR), &creation).expect("created");
    let labels = init_on(Arc::new(disk.clone()), Path::new(DIR), founding()).expect("taken up");
    assert_eq!(labels.len(), 1);
    let again = init_on(Arc::new(disk.clone()), Path::new(DIR), founding());
    assert!(again.is_err(), "it is one by now");

    // A second version that is not committed yet is committed, once; another first version is none of ours.
    let mut later = catalog_files(TARIFF);
    later[0].1 = CATALOG.replace("2026-01-01", "2026-06-01").into();
    let series = |first: &str| Founding {
        catalogs: vec![catalog_files(first), later.clone()],
        ..founding()
    };
    let other = init_on(
        Arc::new(disk.clone()),
        Path::new(DIR),
        series(&tariff_with_italy()),
    );
    assert!(other.is_err(), "it was founded on something else");
    let taken_up = init_on(Arc::new(disk.clone()), Path::new(DIR), series(TARIFF));
    assert_eq!(taken_up.expect("taken up").len(), 2);
    let again = init_on(Arc::new(disk.clone()), Path::new(DIR), series(TARIFF));
    assert!(again.is_err(), "both are there");
    let history = History::of(data(&disk));
    let verified = history.verify(&mut |_| {}).expect("verified");
    assert_eq!(verified.inputs, 2, "each version is one input");
}

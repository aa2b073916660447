//! Crashes while a snapshot is taken: after every single operation on its files the process ends or the power is
//! cut. What is left is a data directory that starts, with the state it had, and takes the next snapshot.

#![allow(
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

mod common;

use common::*;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use umbral_intake::reader::{self, SourceFile};
use umbral_journal::DataDir;
use umbral_journal::storage::{LockGuard, MemoryDisk, Storage, StorageFile};
use umbral_runtime::{
    Engine, EngineError, Founding, Go, Options, SnapshotFailure, SnapshotOptions, init_on,
};

const DIR: &str = "/data";

/// A disk on which everything that changes files of snapshots fails after so many operations.
#[derive(Clone)]
struct Failing {
    disk: MemoryDisk,
    left: Arc<AtomicI64>,
}

struct FailingFile {
    file: Box<dyn StorageFile>,
    counted: Option<Failing>,
}

impl Failing {
    fn of(disk: &MemoryDisk) -> Failing {
        let left = Arc::new(AtomicI64::new(i64::MAX));
        let disk = disk.clone();
        Failing { disk, left }
    }

    fn fail_after(&self, operations: i64) {
        self.left.store(operations, Ordering::SeqCst);
    }

    fn count(&self) -> io::Result<()> {
        match self.left.fetch_sub(1, Ordering::SeqCst) > 0 {
            true => Ok(()),
            false => Err(io::Error::other("the process is no more")),
        }
    }

    fn count_at(&self, path: &Path) -> io::Result<()> {
        match path.starts_with(Path::new(DIR).join("snapshots")) {
            true => self.count(),
            false => Ok(()),
        }
    }

    fn wrap(&self, path: &Path, file: Box<dyn StorageFile>) -> Box<dyn StorageFile> {
        let of_snapshots = path.starts_with(Path::new(DIR).join("snapshots"));
        let counted = of_snapshots.then(|| self.clone());
        Box::new(FailingFile { file, counted })
    }
}

impl FailingFile {
    fn count(&self) -> io::Result<()> {
        self.counted.as_ref().map_or(Ok(()), Failing::count)
    }
}

impl Storage for Failing {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.count_at(path)?;
        self.disk.create_dir(path)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn StorageFile>> {
        self.count_at(path)?;
        Ok(self.wrap(path, self.disk.create(path)?))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn StorageFile>> {
        self.disk.open(path)
    }

    fn open_for_writing(&self, path: &Path) -> io::Result<Box<dyn StorageFile>> {
        Ok(self.wrap(path, self.disk.open_for_writing(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.count_at(to)?;
        self.disk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.count_at(path)?;
        self.disk.remove(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.disk.list(dir)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.count_at(dir)?;
        self.disk.sync_dir(dir)
    }

    fn lock(&self, path: &Path, holder: &str) -> io::Result<Box<dyn LockGuard>> {
        self.disk.lock(path, holder)
    }

    fn pause(&self, time: Duration) {
        self.disk.pause(time);
    }
}

impl StorageFile for FailingFile {
    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read_at(offset, buffer)
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        // A write that fails has written half.
        if let Err(error) = self.count() {
            self.file.write_at(offset, &bytes[..bytes.len() / 2])?;
            return Err(error);
        }
        self.file.write_at(offset, bytes)
    }

    fn truncate(&mut self, size: u64) -> io::Result<()> {
        self.count()?;
        self.file.truncate(size)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.count()?;
        self.file.sync()
    }
}

fn options() -> Options {
    Options {
        batch_inputs: 64,
        snapshots: SnapshotOptions::ON_DEMAND,
        ..event_options()
    }
}

fn engine_on(storage: Arc<dyn Storage>) -> Engine {
    let data = DataDir::open_on(storage, Path::new(DIR)).expect("a data directory");
    Engine::on(&data, options()).expect("an engine")
}

fn ingest_some(engine: &Engine, file: &str, records: u64) {
    let mut source = SourceFile::open(file, &reader::Options::default()).expect("a source");
    let mut go = |progress: &umbral_runtime::Progress| match progress.records >= records {
        true => Go::Stop,
        false => Go::On,
    };
    engine.ingest(&mut source, &mut go).expect("ingested");
}

fn hashes(engine: Engine) -> Vec<u128> {
    engine.stop_with_hashes().expect("stopped").1
}

/// A start on what is left: the state is the same, and the next snapshot is taken and used.
fn go_on(left: &MemoryDisk, known: &[u64], expected: &[u128], what: &str) {
    let engine = engine_on(Arc::new(left.clone()));
    let from = engine.restored_from();
    assert!(
        known.contains(&from),
        "{what}: from {from}, not one of {known:?}"
    );
    let committed = engine.committed().batch;
    let taken = engine.snapshot().expect("taken");
    assert_eq!(taken.is_some(), from < committed, "{what}");
    assert_eq!(hashes(engine), expected, "{what}");
    let names = left
        .list(&Path::new(DIR).join("snapshots"))
        .expect("listed");
    // What a crash left beside the two newest goes with the next snapshot.
    let most = if taken.is_some() { 4 } else { 6 };
    assert!(names.len() <= most, "{what}: {names:?}");
    let engine = engine_on(Arc::new(left.clone()));
    assert_eq!(engine.restored_from(), committed, "{what}");
    assert_eq!(hashes(engine), expected, "{what}: from the new snapshot");
}

#[test]
fn a_crash_between_any_two_operations_of_a_snapshot_leaves_a_usable_directory() {
    let place = Place::new(1);
    let file = place.file("stream.ndjson", &stream(40, 2_500));
    let disk = MemoryDisk::new();
    let founding = Founding {
        partitions: 4,
        catalogs: vec![catalog_files(TARIFF)],
        at: "2026-01-01T00:00:00Z".parse_instant(),
        created_by: "test".to_owned(),
    };
    init_on(Arc::new(disk.clone()), Path::new(DIR), founding).expect("a data directory");
    let engine = engine_on(Arc::new(disk.clone()));
    let mut known = vec![];
    for records in [500, 1_500, u64::MAX] {
        if !known.is_empty() || records > 500 {
            known.push(engine.snapshot().expect("taken").expect("new").batch);
        }
        ingest_some(&engine, &file, records);
    }
    let expected = hashes(engine);
    assert!(known.len() == 2 && known[1] > known[0]);

    let mut finished = false;
    for operations in 0..40 {
        let disk = disk.after_kill();
        let failing = Failing::of(&disk);
        let engine = engine_on(Arc::new(failing.clone()));
        let committed = engine.committed().batch;
        failing.fail_after(operations);
        let taken = engine.snapshot();
        let failed = matches!(taken, Err(EngineError::Snapshot(SnapshotFailure::Files(_))));
        finished = taken.is_ok();
        assert!(failed || finished, "{taken:?}");
        let may_count = [known[0], known[1], committed];
        let mut lcg = Lcg(operations as u64);
        let what = format!("killed after {operations} operations");
        go_on(&disk.after_kill(), &may_count, &expected, &what);
        for cut in 0..3 {
            let what = format!("power cut {cut} after {operations} operations");
            let left = disk.after_power_cut(|| lcg.below(2) == 0);
            go_on(&left, &may_count, &expected, &what);
        }
        // The engine itself goes on.
        failing.fail_after(i64::MAX);
        assert_eq!(hashes(engine), expected, "the engine goes on");
        if finished {
            break;
        }
    }
    assert!(finished, "a snapshot has fewer operations than were tried");
}

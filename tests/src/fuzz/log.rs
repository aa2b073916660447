//! The log on a disk in memory, with one of its files replaced: it is read up to a fault, or refused, and an
//! opening for writing never does worse.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use umbral_journal::storage::MemoryDisk;
use umbral_journal::{Creation, DataDir, FrameToAppend, Log, LogOptions};

const OPTIONS: LogOptions = LogOptions {
    segment_bytes: 10 << 10,
    allocation_bytes: 2 << 10,
    sync: true,
};

fn root() -> &'static Path {
    Path::new("/data")
}

fn segment_path(number: u64) -> PathBuf {
    root().join(format!("log/{number:010}.segment"))
}

/// A log of several segments whose writer died, and the number of its last segment.
fn base() -> &'static (MemoryDisk, u64) {
    static BASE: OnceLock<(MemoryDisk, u64)> = OnceLock::new();
    BASE.get_or_init(|| {
        let disk = MemoryDisk::new();
        let creation = Creation {
            partitions: 3,
            created_by: "fuzz".to_owned(),
        };
        let dir = DataDir::create_on(Arc::new(disk.clone()), root(), &creation).unwrap();
        let mut log = Log::open(&dir, dir.lock().unwrap(), OPTIONS).unwrap();
        for batch in 0..24u8 {
            let payload = vec![batch | 1; 40 + usize::from(batch) * 17];
            let frames = [0u16, 2].map(|partition| FrameToAppend {
                partition,
                count: 1,
                payload: &payload,
            });
            log.append_batch(&frames, &[batch; 9]).unwrap();
        }
        let last = (1..).take_while(|number| disk.content(&segment_path(*number)).is_some());
        let last = last.last().unwrap();
        (disk.after_kill(), last)
    })
}

pub(super) fn segments() -> Vec<Vec<u8>> {
    let (disk, last) = base();
    (1..=*last)
        .filter_map(|number| disk.content(&segment_path(number)))
        .collect()
}

pub(super) fn manifests() -> Vec<Vec<u8>> {
    let (disk, _) = base();
    ["log/manifest.json", "umbral.json"]
        .iter()
        .filter_map(|name| disk.content(&root().join(name)))
        .collect()
}

pub(super) fn segment(bytes: &[u8]) {
    let (disk, last) = base();
    with(disk, &segment_path(*last), bytes);
    with(disk, &segment_path(1), bytes);
}

pub(super) fn manifest(bytes: &[u8]) {
    let (disk, _) = base();
    with(disk, &root().join("log/manifest.json"), bytes);
    with(disk, &root().join("umbral.json"), bytes);
}

fn with(disk: &MemoryDisk, path: &Path, bytes: &[u8]) {
    let disk = disk.after_kill();
    disk.overwrite(path, bytes.to_vec());
    let Ok(dir) = DataDir::open_on(Arc::new(disk.clone()), root()) else {
        return;
    };
    let readable = read(&dir);
    let mut picker = dir.picker();
    if let Ok(Some(place)) = &readable {
        let _ = picker.pick(*place, 2);
    }
    let Ok(mut log) = Log::open(&dir, dir.lock().unwrap(), OPTIONS) else {
        return;
    };
    let next = log.next_batch();
    let number = log
        .append_batch(&[], b"more")
        .expect("an opened log takes more");
    assert_eq!(number, next);
    drop(log);
    if readable.is_ok() {
        read(&dir).expect("what was readable stays so");
    }
}

/// Reads everything: the place of the last batch, or the refusal.
fn read(dir: &DataDir) -> Result<Option<umbral_journal::BatchPlace>, umbral_journal::JournalError> {
    let mut reader = dir.read(0)?;
    let (mut last, mut place) = (0, None);
    while let Some(batch) = reader.next_batch()? {
        assert!(batch.number() > last, "batches come in order");
        last = batch.number();
        place = Some(batch.place());
        assert!(batch.frames().count() <= 3 && batch.control().header.count <= 1 << 16);
    }
    Ok(place)
}

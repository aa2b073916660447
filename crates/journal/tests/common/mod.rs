//! What the journal's tests share: a log on a disk in memory, and batches whose content tells their number.
// Each test file uses a part of it.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use umbral_journal::storage::MemoryDisk;
use umbral_journal::{Creation, DataDir, FrameToAppend, JournalError, Log, LogOptions};

pub(crate) const PARTITIONS: u16 = 3;

pub(crate) const SMALL: LogOptions = LogOptions {
    segment_bytes: 24 << 10,
    allocation_bytes: 8 << 10,
    sync: true,
};

pub(crate) fn root() -> PathBuf {
    PathBuf::from("/data")
}

pub(crate) fn segment_path(number: u64) -> PathBuf {
    root().join(format!("log/{number:010}.segment"))
}

pub(crate) fn manifest_path() -> PathBuf {
    root().join("log/manifest.json")
}

pub(crate) fn create(disk: &MemoryDisk) -> DataDir {
    let creation = Creation {
        partitions: PARTITIONS,
        created_by: "test".into(),
    };
    DataDir::create_on(Arc::new(disk.clone()), &root(), &creation).unwrap()
}

pub(crate) fn dir(disk: &MemoryDisk) -> DataDir {
    DataDir::open_on(Arc::new(disk.clone()), &root()).unwrap()
}

pub(crate) fn open(disk: &MemoryDisk) -> Result<Log, JournalError> {
    open_with(disk, SMALL)
}

pub(crate) fn open_with(disk: &MemoryDisk, options: LogOptions) -> Result<Log, JournalError> {
    let dir = dir(disk);
    let lock = dir.lock()?;
    Log::open(&dir, lock, options)
}

/// Content of partition `partition`'s frame in batch `batch`: no two are alike, lengths vary, none is zero.
pub(crate) fn payload(batch: u64, partition: u16, size: usize) -> Vec<u8> {
    let mut word = batch.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(partition);
    let length = size + (batch as usize * 7 + usize::from(partition) * 13) % 100;
    let bytes = (0..length).map(|_| {
        word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (word >> 33) as u8 | 1
    });
    bytes.collect()
}

/// Appends the batch with the log's next number: frames of all partitions but one.
pub(crate) fn append(log: &mut Log, size: usize) -> Result<u64, JournalError> {
    let batch = log.next_batch();
    let parts = parts_of(batch, size);
    let frames: Vec<FrameToAppend<'_>> = parts
        .iter()
        .map(|(partition, payload)| FrameToAppend {
            partition: *partition,
            count: 1 + u32::from(*partition),
            payload,
        })
        .collect();
    log.append_batch(&frames, format!("commit {batch}").as_bytes())
}

pub(crate) fn parts_of(batch: u64, size: usize) -> Vec<(u16, Vec<u8>)> {
    (0..PARTITIONS)
        .filter(|partition| u64::from(*partition) != batch % u64::from(PARTITIONS))
        .map(|partition| (partition, payload(batch, partition, size)))
        .collect()
}

/// Reads everything and checks every byte; the number of batches.
pub(crate) fn read_and_check(dir: &DataDir, size: usize) -> Result<u64, JournalError> {
    let mut reader = dir.read(0)?;
    let mut expected = 1;
    while let Some(batch) = reader.next_batch()? {
        assert_eq!(batch.number(), expected);
        let read: Vec<(u16, Vec<u8>)> = batch
            .frames()
            .map(|frame| (frame.header.partition, frame.payload.to_vec()))
            .collect();
        assert!(
            read == parts_of(expected, size),
            "batch {expected} is different"
        );
        let control = batch.control();
        assert_eq!(control.payload, format!("commit {expected}").as_bytes());
        assert_eq!(control.header.partition, PARTITIONS);
        expected += 1;
    }
    Ok(expected - 1)
}

/// Writes `batches` batches and closes.
pub(crate) fn filled(batches: u64, size: usize) -> MemoryDisk {
    let disk = MemoryDisk::new();
    create(&disk);
    let mut log = open(&disk).unwrap();
    for _ in 0..batches {
        append(&mut log, size).unwrap();
    }
    log.close().unwrap();
    disk
}

/// Writes `batches` batches into one segment and dies without closing.
pub(crate) fn left_open(batches: u64, size: usize) -> MemoryDisk {
    let disk = MemoryDisk::new();
    create(&disk);
    let options = LogOptions {
        segment_bytes: 1 << 20,
        ..SMALL
    };
    let mut log = open_with(&disk, options).unwrap();
    for _ in 0..batches {
        append(&mut log, size).unwrap();
    }
    disk.after_kill()
}

/// Offsets of the batches in segment `number`.
pub(crate) fn offsets(disk: &MemoryDisk, number: u64) -> Vec<u64> {
    let mut reader = dir(disk).read(0).unwrap();
    let mut offsets = Vec::new();
    while let Some(batch) = reader.next_batch().unwrap() {
        if batch.place().segment == number {
            offsets.push(batch.place().offset);
        }
    }
    offsets
}

pub(crate) fn temp_creation() -> Creation {
    Creation {
        partitions: PARTITIONS,
        created_by: "test".into(),
    }
}

pub(crate) fn exists(path: &Path) -> bool {
    path.exists()
}

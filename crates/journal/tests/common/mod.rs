//! What the journal's tests share: a log on a disk in memory, and batches whose content tells their number.
// Each test file uses a part of it.
#![allow(dead_code)]

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use umbral_journal::snapshot::Versions;
use umbral_journal::storage::{MemoryDisk, Storage, read_file, replace_file};
use umbral_journal::{
    Creation, DataDir, FrameToAppend, JournalError, JournalMark, Log, LogOptions,
};
use umbral_store::{Content, Objects, Sink, StoreError};

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

/// An archive on a disk of the tests: its operations fail, tear and are forgotten like all others.
pub(crate) struct DiskObjects {
    pub(crate) disk: Arc<dyn Storage>,
    pub(crate) url: String,
}

impl DiskObjects {
    pub(crate) fn on(disk: &MemoryDisk) -> DiskObjects {
        DiskObjects::at(Arc::new(disk.clone()), "test:///archive")
    }

    pub(crate) fn at(disk: Arc<dyn Storage>, url: &str) -> DiskObjects {
        let url = url.to_owned();
        DiskObjects { disk, url }
    }

    fn folder(&self) -> PathBuf {
        PathBuf::from(self.url.trim_start_matches("test://"))
    }

    fn failed(&self, name: &str, source: io::Error) -> StoreError {
        let (url, name) = (self.url.clone(), name.to_owned());
        match source.kind() {
            io::ErrorKind::NotFound => StoreError::Missing { url, name },
            _ => StoreError::Failed {
                doing: "reach",
                url,
                name,
                source: source.into(),
            },
        }
    }
}

impl Objects for DiskObjects {
    fn url(&self) -> &str {
        &self.url
    }

    fn put(&self, name: &str, content: &mut Content<'_>) -> Result<(), StoreError> {
        let mut bytes = Vec::new();
        loop {
            let mut piece = Vec::new();
            content(&mut piece).map_err(StoreError::Caller)?;
            if piece.is_empty() {
                break;
            }
            bytes.extend(piece);
        }
        let put = self.disk.create_dir(&self.folder());
        put.and_then(|()| replace_file(self.disk.as_ref(), &self.folder().join(name), &bytes))
            .map_err(|error| self.failed(name, error))
    }

    fn get(&self, name: &str, sink: &mut Sink<'_>) -> Result<(), StoreError> {
        let bytes = read_file(self.disk.as_ref(), &self.folder().join(name));
        let bytes = bytes.map_err(|error| self.failed(name, error))?;
        for piece in bytes.chunks(1_000) {
            sink(piece).map_err(StoreError::Caller)?;
        }
        Ok(())
    }

    fn size(&self, name: &str) -> Result<Option<u64>, StoreError> {
        match self.disk.open(&self.folder().join(name)) {
            Ok(file) => Ok(Some(file.size().map_err(|error| self.failed(name, error))?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed(name, error)),
        }
    }
}

/// The data directory of a disk, with its archive on the same disk and room for so many octets fetched.
pub(crate) fn dir_with_archive(disk: &MemoryDisk, cache_bytes: u64) -> DataDir {
    let archive: Arc<dyn Storage> = Arc::new(disk.clone());
    let open = move |url: &str| -> Result<Arc<dyn Objects>, StoreError> {
        Ok(Arc::new(DiskObjects::at(Arc::clone(&archive), url)))
    };
    dir(disk).with_store(Arc::new(open), cache_bytes)
}

/// Takes a snapshot that holds nothing but its number.
pub(crate) fn snapshot(dir: &DataDir, number: u64, mark: JournalMark) {
    let writer = dir.snapshots().begin(number).unwrap();
    let versions = Versions {
        logic: 1,
        layout: 1,
    };
    writer.finish(versions, mark).unwrap();
}

//! The bytes of format version 1, kept: this version must write them, every later version must read them.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::*;
use std::path::{Path, PathBuf};
use umbral_journal::LogOptions;
use umbral_journal::storage::MemoryDisk;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden/format-1")
        .join(name)
}

fn written_now() -> MemoryDisk {
    let disk = MemoryDisk::new();
    create(&disk);
    let options = LogOptions {
        segment_bytes: 5000,
        ..SMALL
    };
    for _ in 0..2 {
        let mut log = open_with(&disk, options).unwrap();
        for _ in 0..2 {
            append(&mut log, 20).unwrap();
        }
        log.close().unwrap();
    }
    disk
}

const FILES: [&str; 4] = [
    "umbral.json",
    "log/0000000001.segment",
    "log/0000000002.segment",
    "log/manifest.json",
];

/// `UPDATE_GOLDEN=1` writes the files anew: only ever right together with a new format version.
#[test]
fn this_version_writes_format_1_byte_for_byte() {
    let disk = written_now();
    for name in FILES {
        let now = disk.content(&root().join(name)).unwrap();
        let file = golden(name.rsplit('/').next().unwrap());
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, &now).unwrap();
        }
        assert!(
            std::fs::read(&file).unwrap() == now,
            "{name} is written differently"
        );
    }
}

#[test]
fn format_1_is_read() {
    let disk = MemoryDisk::new();
    create(&disk);
    for name in FILES {
        let kept = std::fs::read(golden(name.rsplit('/').next().unwrap())).unwrap();
        disk.overwrite(&root().join(name), kept);
    }
    assert_eq!(read_and_check(&dir(&disk), 20).unwrap(), 4);
    let log = open(&disk).unwrap();
    assert_eq!((log.epoch(), log.next_batch()), (3, 5));
}

/// The offsets that `docs/journal-format.md` gives.
#[test]
fn the_documented_offsets_hold() {
    let disk = written_now();
    let bytes = disk.content(&segment_path(1)).unwrap();
    assert_eq!(&bytes[0..8], b"UMBRALSG");
    assert_eq!(bytes[8..12], 1u32.to_le_bytes());
    assert_eq!(bytes[16..24], 1u64.to_le_bytes());
    assert_eq!(bytes[24..32], 1u64.to_le_bytes());
    assert_eq!(bytes[36..40], 4u32.to_le_bytes());
    let frame = &bytes[4096..];
    assert_eq!(&frame[0..4], b"UMFR");
    let length = u32::from_le_bytes(frame[8..12].try_into().unwrap()) as usize;
    let (_, payload) = &parts_of(1, 20)[0];
    assert_eq!(&frame[64..64 + length], payload.as_slice());
    assert_eq!(frame[12..16], crc32c::crc32c(payload).to_le_bytes());
    assert_eq!(frame[16..20], 1u32.to_le_bytes());
    assert_eq!(frame[24..32], 1u64.to_le_bytes());
    let total = (64 + length + 1).next_multiple_of(64);
    assert_eq!(frame[total - 1], 0xa5);
}

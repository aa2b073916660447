//! Every operation on files fails once: making a directory, opening, appending over many segments, closing. What was
//! acknowledged is there afterwards, whatever the crash left of the rest.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::*;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use umbral_journal::storage::MemoryDisk;
use umbral_journal::{DataDir, FrameToAppend, JournalError, Log, LogOptions};

/// Batches of one run: enough for several segments.
const BATCHES: u64 = 36;
/// Errors that an operation may meet.
const KINDS: [ErrorKind; 4] = [
    ErrorKind::Other,
    ErrorKind::StorageFull,
    ErrorKind::PermissionDenied,
    ErrorKind::ReadOnlyFilesystem,
];

/// What a writer saw before it ended.
#[derive(Default)]
struct Seen {
    /// Sizes of the batches that were acknowledged.
    acknowledged: Vec<usize>,
    /// Sizes under which the next batch was tried.
    tried: Vec<usize>,
    error: Option<JournalError>,
}

/// Makes the directory, writes, closes. After a full disk it goes on, first with a small batch, as any other
/// input might come next; after any other error the log must be stopped.
fn write(disk: &MemoryDisk) -> Seen {
    let mut seen = Seen::default();
    seen.error = try_write(disk, &mut seen).err();
    seen
}

fn try_write(disk: &MemoryDisk, seen: &mut Seen) -> Result<(), JournalError> {
    let storage = Arc::new(disk.clone());
    let dir = DataDir::create_on(storage, &root(), &temp_creation())?;
    let mut log = Log::open(&dir, dir.lock()?, SMALL)?;
    while (seen.acknowledged.len() as u64) < BATCHES {
        let size = match seen.tried.len() {
            0 => 1_200,
            _ => 10,
        };
        seen.tried.push(size);
        match append(&mut log, size) {
            Ok(number) => {
                seen.acknowledged.push(size);
                assert_eq!(number, seen.acknowledged.len() as u64);
                seen.tried.clear();
            }
            Err(error) => {
                let again = append(&mut log, 10);
                if matches!(again, Err(JournalError::Stopped { .. })) {
                    return Err(error);
                }
                assert!(error.is_disk_full(), "the log went on after {error}");
                seen.tried.push(10);
                again.expect("a disk that has space again takes more");
                seen.acknowledged.push(10);
                seen.tried.clear();
            }
        }
    }
    log.close()
}

/// Reads everything back and writes more.
fn survives(disk: &MemoryDisk, seen: &Seen, what: &str) {
    if disk.content(&root().join("umbral.json")).is_none() {
        assert!(seen.acknowledged.is_empty(), "{what}: a directory is gone");
        create(disk);
    }
    let mut log = open(disk).unwrap_or_else(|error| panic!("{what}: {error}"));
    let found = log.recovery().last_batch as usize;
    let sure = seen.acknowledged.len();
    assert!(
        found == sure || found == sure + 1,
        "{what}: {sure} acknowledged, {found} found"
    );
    append(&mut log, 77).unwrap();
    drop(log);
    let mut reader = dir(disk).read(0).unwrap();
    let mut number = 0;
    while let Some(batch) = reader.next_batch().unwrap() {
        let payloads: Vec<(u16, Vec<u8>)> = batch
            .frames()
            .map(|frame| (frame.header.partition, frame.payload.to_vec()))
            .collect();
        let sizes = match number {
            _ if number == found => vec![77],
            _ if number < sure => vec![seen.acknowledged[number]],
            _ => seen.tried.clone(),
        };
        number += 1;
        let is_one = sizes
            .iter()
            .any(|size| payloads == parts_of(number as u64, *size));
        assert!(is_one, "{what}: batch {number} is different");
    }
    assert_eq!(number, found + 1, "{what}");
}

#[test]
fn an_operation_that_fails_loses_nothing_that_was_acknowledged() {
    let calm = MemoryDisk::new();
    assert!(write(&calm).error.is_none());
    let operations = calm.operations();
    assert!(operations > 100, "{operations} operations");
    for kind in KINDS {
        for number in (0..operations).filter(|number| kind == KINDS[0] || number.is_multiple_of(5))
        {
            let disk = MemoryDisk::new();
            disk.fail_operation_after(number, kind);
            let seen = write(&disk);
            let what = format!("{kind:?} at operation {number}: {:?}", seen.error);
            if let Some(error) = &seen.error {
                assert!(error.to_string().starts_with("cannot "), "{what}");
            }
            let mut coin = number;
            let coin = move || {
                coin = coin.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                coin >> 62 == 0
            };
            survives(&disk.after_kill(), &seen, &what);
            survives(&disk.after_power_cut(|| false), &seen, &what);
            if kind == KINDS[0] {
                survives(&disk.after_power_cut(|| true), &seen, &what);
                survives(&disk.after_power_cut(coin), &seen, &what);
            }
        }
    }
}

#[test]
fn a_start_that_fails_at_any_operation_leaves_what_was_there() {
    let disk = left_short(5, 900);
    let torn = disk.after_kill();
    let path = segment_path(1);
    let mut content = torn.content(&path).unwrap();
    content.truncate(*offsets(&disk, 1).last().unwrap() as usize + 100);
    torn.overwrite(&path, content);
    for number in 0.. {
        let failing = torn.after_kill();
        failing.fail_operation_after(number, ErrorKind::Other);
        let opened = open(&failing).and_then(Log::close);
        for left in [failing.after_kill(), failing.after_power_cut(|| false)] {
            assert_eq!(
                read_and_check(&dir(&left), 900).unwrap(),
                4,
                "operation {number}"
            );
            assert_eq!(append(&mut open(&left).unwrap(), 900).unwrap(), 5);
        }
        if opened.is_ok() {
            assert!(number > 5, "an opening has {number} operations only");
            return;
        }
    }
}

#[test]
fn short_reads_are_read_on() {
    let disk = filled(40, 900);
    for most in [1, 7, 64, 1_000, 4_095] {
        let slow = disk.after_kill();
        slow.limit_reads(most);
        assert_eq!(
            read_and_check(&dir(&slow), 900).unwrap(),
            40,
            "{most} octets a read"
        );
        let log = open(&slow).unwrap();
        assert_eq!(log.recovery().last_batch, 40);
        assert!(log.recovery().cut.is_none());
    }
}

/// A log that was left open, with a page of zeros behind its end.
fn left_short(batches: u64, size: usize) -> MemoryDisk {
    let disk = MemoryDisk::new();
    create(&disk);
    let options = LogOptions {
        segment_bytes: 1 << 20,
        allocation_bytes: 0,
        sync: true,
    };
    let mut log = open_with(&disk, options).unwrap();
    for _ in 0..batches {
        append(&mut log, size).unwrap();
    }
    drop(log);
    let mut content = disk.content(&segment_path(1)).unwrap();
    content.resize(content.len() + 4_096, 0);
    disk.overwrite(&segment_path(1), content);
    disk.after_kill()
}

fn flipped(disk: &MemoryDisk, path: &Path, bit: usize) -> MemoryDisk {
    let copy = disk.after_kill();
    let mut content = copy.content(path).unwrap();
    content[bit / 8] ^= 1 << (bit % 8);
    copy.overwrite(path, content);
    copy
}

#[test]
fn every_bit_of_a_segment_is_watched() {
    let disk = left_short(2, 5);
    let path = segment_path(1);
    let content = disk.content(&path).unwrap();
    let end = content.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let first = offsets(&disk, 1)[0] as usize;
    // All bits of what a header says and of all frames, some of what pads the header.
    let padding = (160..first).map(|byte| byte * 8 + byte % 8).step_by(41);
    for bit in (0..160 * 8).chain(padding).chain(first * 8..end * 8) {
        match open(&flipped(&disk, &path, bit)).err() {
            Some(JournalError::Damaged {
                path: file, offset, ..
            }) => {
                assert_eq!(file, path, "bit {bit}");
                assert!(offset as usize <= bit / 8, "bit {bit}: offset {offset}");
            }
            other => panic!("bit {bit}: {other:?}"),
        }
    }
    // Zeros behind the end were written ahead: a bit there is nobody's, or refused, and costs nothing.
    for bit in (end * 8..content.len() * 8).step_by(131) {
        let copy = flipped(&disk, &path, bit);
        let read = read_and_check(&dir(&copy), 5);
        assert!(
            read.is_err() || read.is_ok_and(|batches| batches == 2),
            "bit {bit}"
        );
        if let Ok(log) = open(&copy) {
            assert_eq!(log.recovery().last_batch, 2, "bit {bit}");
        }
    }
}

#[test]
fn every_bit_of_a_frame_is_watched_by_those_who_pick_single_ones() {
    let disk = left_short(2, 30);
    let path = segment_path(1);
    let mut reader = dir(&disk).read(0).unwrap();
    let place = reader.next_batch().unwrap().unwrap().place();
    let second = reader.next_batch().unwrap().unwrap().place();
    let expected: Vec<Option<Vec<u8>>> = (0..PARTITIONS)
        .map(|partition| dir(&disk).picker().pick(place, partition).unwrap())
        .collect();
    for bit in place.offset as usize * 8..second.offset as usize * 8 {
        let copy = flipped(&disk, &path, bit);
        for (partition, expected) in (0u16..).zip(&expected) {
            if let Ok(found) = dir(&copy).picker().pick(place, partition) {
                assert_eq!(&found, expected, "bit {bit}, partition {partition}");
            }
        }
    }
}

#[test]
fn every_bit_of_the_manifest_and_the_settings_is_watched() {
    let disk = filled(30, 900);
    let text = disk.content(&manifest_path()).unwrap();
    for bit in 0..(text.len() - 1) * 8 {
        match open(&flipped(&disk, &manifest_path(), bit)).err() {
            Some(
                JournalError::Unreadable { path, .. } | JournalError::UnknownFormat { path, .. },
            ) => {
                assert_eq!(path, manifest_path(), "bit {bit}");
            }
            other => panic!("bit {bit}: {other:?}"),
        }
    }
    let settings = root().join("umbral.json");
    let text = disk.content(&settings).unwrap();
    for bit in 0..text.len() * 8 {
        let copy = flipped(&disk, &settings, bit);
        let opened = DataDir::open_on(Arc::new(copy.clone()), &root());
        let Ok(opened) = opened else { continue };
        // Who made it is a remark; another number of partitions shows in every segment.
        let taken = opened
            .lock()
            .and_then(|lock| Log::open(&opened, lock, SMALL));
        if taken.is_ok() {
            assert_eq!(opened.partitions(), PARTITIONS, "bit {bit}");
        }
    }
}

#[test]
fn a_batch_of_several_pages_that_ends_at_any_edge_is_lost_alone() {
    let disk = left_short(3, 4_300);
    let path = segment_path(1);
    let content = disk.content(&path).unwrap();
    let last = *offsets(&disk, 1).last().unwrap() as usize;
    let end = content.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    assert!(end - last > 8_192, "it has several pages");
    let edges = (last..end).filter(|size| (size + 3) % 4_096 < 6 || size % 64 < 2);
    for size in edges {
        for zeros_follow in [false, true] {
            let torn = disk.after_kill();
            let mut content = content.clone();
            match zeros_follow {
                true => content[size..].fill(0),
                false => content.truncate(size),
            }
            torn.overwrite(&path, content);
            let log = open(&torn).unwrap();
            assert_eq!(
                log.recovery().last_batch,
                2,
                "size {size}, zeros {zeros_follow}"
            );
        }
    }
}

#[test]
fn a_small_batch_after_a_roll_that_failed_is_found_again() {
    // The new segment may stand there already when its directory cannot be synced.
    let options = LogOptions {
        segment_bytes: 12 << 10,
        ..SMALL
    };
    for number in 0..12 {
        let disk = MemoryDisk::new();
        create(&disk);
        let mut log = open_with(&disk, options).unwrap();
        while log.next_batch() < 3 {
            append(&mut log, 1_000).unwrap();
        }
        disk.fail_operation_after(number, ErrorKind::StorageFull);
        let payload = vec![7u8; 7_000];
        let frames = [FrameToAppend {
            partition: 0,
            count: 1,
            payload: &payload,
        }];
        if log.append_batch(&frames, b"large").is_ok() {
            continue;
        }
        let Ok(small) = log.append_batch(&[], b"small") else {
            continue;
        };
        drop(log);
        let left = disk.after_power_cut(|| false);
        let log =
            open_with(&left, options).unwrap_or_else(|error| panic!("operation {number}: {error}"));
        assert_eq!(log.recovery().last_batch, small, "operation {number}");
    }
}

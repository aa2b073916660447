//! Segments that went into an archive: they are read back as they were, whatever fails on the way, and what is
//! wrong with an archive is told by name.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::*;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;
use umbral_journal::storage::MemoryDisk;
use umbral_journal::{DataDir, JournalError, Log};

const SIZE: usize = 900;
const BATCHES: u64 = 60;

/// A closed log of several segments with two snapshots; the second one holds all but the last batches.
fn made() -> MemoryDisk {
    let disk = MemoryDisk::new();
    create(&disk);
    let mut log = open(&disk).unwrap();
    for batch in 1..=BATCHES {
        append(&mut log, SIZE).unwrap();
        if batch == 40 || batch == 55 {
            snapshot(&dir(&disk), batch, log.mark());
        }
    }
    log.close().unwrap();
    disk
}

fn object_path(disk: &MemoryDisk, number: u64) -> PathBuf {
    let status = dir(disk).archive_status().unwrap();
    let place = &status.segments[number as usize - 1];
    let archived = place.archived.as_ref().expect("archived");
    PathBuf::from("/archive").join(archived.object())
}

fn go_on(_octets: u64) -> bool {
    true
}

/// Archives all that may be; the numbers.
fn archive_all(disk: &MemoryDisk, keep: usize) -> Result<Vec<u64>, JournalError> {
    let data = dir_with_archive(disk, 1 << 20);
    let _lock = data.lock()?;
    let mut archive = data.archive(Arc::new(DiskObjects::on(disk)))?;
    let due = data.archive_status()?.due(keep);
    for number in &due {
        archive.store(*number, &mut go_on)?;
    }
    Ok(due)
}

fn reopened(disk: &MemoryDisk) -> Result<Log, JournalError> {
    let data = dir_with_archive(disk, 1 << 20);
    let lock = data.lock()?;
    Log::open(&data, lock, SMALL)
}

/// Reads every batch, opens for writing, appends one more and reads that.
fn is_whole(disk: &MemoryDisk, batches: u64, what: &str) {
    let data = dir_with_archive(disk, 30 << 10);
    let read = read_and_check(&data, SIZE).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(read, batches, "{what}");
    let mut log = reopened(disk).unwrap_or_else(|error| panic!("{what}: {error}"));
    append(&mut log, SIZE).unwrap();
    log.close().unwrap();
    assert_eq!(read_and_check(&data, SIZE).unwrap(), batches + 1, "{what}");
}

#[test]
fn segments_below_both_snapshots_go_and_are_read_back() {
    let disk = made();
    let before = dir(&disk).archive_status().unwrap();
    assert!(before.segments.len() > 5 && before.url.is_none());
    assert_eq!(before.below, Some(40));
    let archived = archive_all(&disk, 0).unwrap();
    // All that end before batch 40, and no other.
    let ends = before
        .segments
        .windows(2)
        .map(|pair| pair[1].first_batch - 1);
    assert_eq!(archived.len(), ends.filter(|end| *end < 40).count());
    assert!(archived.len() >= 3);
    for number in &archived {
        assert!(disk.content(&segment_path(*number)).is_none());
    }
    let status = dir(&disk).archive_status().unwrap();
    assert_eq!(status.url.as_deref(), Some("test:///archive"));
    assert!(status.due(0).is_empty());
    is_whole(&disk, BATCHES, "archived");
    // Nothing more than it may is kept of what was fetched.
    let kept = disk.used();
    let data = dir_with_archive(&disk, 30 << 10);
    assert_eq!(read_and_check(&data, SIZE).unwrap(), BATCHES + 1);
    assert_eq!(disk.used(), kept, "the cache is bounded");
}

#[test]
fn single_frames_and_later_batches_need_no_more_than_their_segment() {
    let disk = made();
    let place = {
        let mut reader = dir(&disk).read(5).unwrap();
        let batch = reader.next_batch().unwrap().unwrap();
        assert_eq!(batch.number(), 5);
        batch.place()
    };
    archive_all(&disk, 0).unwrap();
    let data = dir_with_archive(&disk, 1 << 20);
    let mut picker = data.picker();
    let expected = parts_of(5, SIZE).remove(0);
    let picked = picker.pick(place, expected.0).unwrap();
    assert!(picked == Some(expected.1));
    // A start from the older snapshot needs nothing of the archive.
    for number in 1..=3 {
        disk.take_away(&object_path(&disk, number));
    }
    let untouched = dir_with_archive(&disk, 1 << 20);
    let mut reader = untouched.read(41).unwrap();
    let mut read = 0;
    while reader.next_batch().unwrap().is_some() {
        read += 1;
    }
    assert_eq!(read, BATCHES - 40);
    assert!(reopened(&disk).is_ok(), "nor does a writer");
}

#[test]
fn a_segment_that_is_kept_by_number_stays() {
    let disk = made();
    let may = dir(&disk).archive_status().unwrap().due(0).len();
    let sealed = dir(&disk).archive_status().unwrap().segments.len() - 1;
    assert_eq!(archive_all(&disk, sealed - 1).unwrap(), [1]);
    assert!(archive_all(&disk, sealed).unwrap().is_empty());
    assert_eq!(archive_all(&disk, 0).unwrap().len(), may - 1);
    let bare = filled(BATCHES, SIZE);
    assert!(
        archive_all(&bare, 0).unwrap().is_empty(),
        "nothing goes without a snapshot"
    );
}

#[test]
fn a_reader_beside_the_archiver_goes_on() {
    let disk = made();
    let data = dir_with_archive(&disk, 1 << 20);
    let mut reader = data.read(0).unwrap();
    let mut read = 0;
    while let Some(batch) = reader.next_batch().unwrap() {
        assert_eq!(batch.number(), read + 1);
        read += 1;
        if read == 3 {
            archive_all(&disk, 0).unwrap();
        }
    }
    assert_eq!(read, BATCHES);
}

#[test]
fn what_is_wrong_with_an_object_is_told_by_name() {
    let disk = made();
    archive_all(&disk, 0).unwrap();
    let path = object_path(&disk, 2);
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let whole = disk.content(&path).unwrap();
    let refused = |content: Option<Vec<u8>>, code: &str, what: &str| {
        let broken = disk.after_kill();
        match content {
            Some(content) => broken.overwrite(&path, content),
            None => broken.take_away(&path),
        }
        let data = dir_with_archive(&broken, 1 << 20);
        let error = read_and_check(&data, SIZE).unwrap_err().to_string();
        for part in [code, what, &name, "segment 2", "test:///archive"] {
            assert!(error.contains(part), "{error} lacks {part}");
        }
        // Put back, it is read again.
        broken.overwrite(&path, whole.clone());
        assert_eq!(read_and_check(&data, SIZE).unwrap(), BATCHES);
    };
    refused(None, "A-0001", "put the object back");
    refused(
        Some(whole[..whole.len() - 1].to_vec()),
        "A-0002",
        "octets instead of",
    );
    refused(Some(Vec::new()), "A-0002", "it has 0 octets");
    for at in [0, 4_100, whole.len() - 1] {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x10;
        refused(Some(flipped), "A-0002", "not what was archived");
    }
}

#[test]
fn what_was_fetched_is_not_trusted_blindly() {
    let disk = made();
    archive_all(&disk, 0).unwrap();
    let data = dir_with_archive(&disk, 1 << 20);
    read_and_check(&data, SIZE).unwrap();
    let name = object_path(&disk, 1);
    let cached = root().join("archive-cache").join(name.file_name().unwrap());
    let mut content = disk.content(&cached).unwrap();
    content[5_000] ^= 1;
    disk.overwrite(&cached, content);
    let later = dir_with_archive(&disk, 1 << 20);
    assert_eq!(read_and_check(&later, SIZE).unwrap(), BATCHES);
}

#[test]
fn a_damaged_segment_is_not_archived() {
    let disk = made();
    let mut content = disk.content(&segment_path(2)).unwrap();
    content[4_200] ^= 1;
    disk.overwrite(&segment_path(2), content);
    let error = archive_all(&disk, 0).unwrap_err();
    assert!(matches!(error, JournalError::Damaged { .. }), "{error}");
    assert!(disk.content(&segment_path(2)).is_some());
    assert!(
        disk.content(&segment_path(1)).is_none(),
        "the one before it went"
    );
}

#[test]
fn the_list_is_as_precious_as_the_log() {
    let disk = made();
    archive_all(&disk, 0).unwrap();
    let path = root().join("log/archive.json");
    let whole = disk.content(&path).unwrap();
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        disk.overwrite(&path, flipped);
        let read = read_and_check(&dir_with_archive(&disk, 1 << 20), SIZE);
        // Spaces of the layout mean nothing.
        let is_space = whole[at].is_ascii_whitespace();
        assert!(read.is_err() || is_space, "octet {at}: {read:?}");
    }
    disk.take_away(&path);
    let error = read_and_check(&dir_with_archive(&disk, 1 << 20), SIZE).unwrap_err();
    assert!(matches!(error, JournalError::SegmentMissing { .. }));
}

#[test]
fn an_archive_moves_only_where_all_of_it_is() {
    let disk = made();
    archive_all(&disk, 0).unwrap();
    let elsewhere = || -> Arc<DiskObjects> {
        Arc::new(DiskObjects::at(Arc::new(disk.clone()), "test:///elsewhere"))
    };
    let data = dir_with_archive(&disk, 1 << 20);
    let copied: Vec<PathBuf> = (1..=3).map(|number| object_path(&disk, number)).collect();
    let error = data.archive(elsewhere()).err().unwrap().to_string();
    for part in ["A-0004", "test:///archive", "test:///elsewhere"] {
        assert!(error.contains(part), "{error}");
    }
    for place in &dir(&disk).archive_status().unwrap().segments {
        if place.archived.is_some() {
            let from = object_path(&disk, place.number);
            let to = PathBuf::from("/elsewhere").join(from.file_name().unwrap());
            disk.overwrite(&to, disk.content(&from).unwrap());
        }
    }
    assert_eq!(
        data.archive(elsewhere()).unwrap().url(),
        "test:///elsewhere"
    );
    copied.iter().for_each(|path| disk.take_away(path));
    is_whole(&disk, BATCHES, "moved");
}

#[test]
fn segments_come_back() {
    let disk = made();
    let before: Vec<_> = (1..=4).map(|n| disk.content(&segment_path(n))).collect();
    let went = archive_all(&disk, 0).unwrap();
    let data = dir_with_archive(&disk, 1 << 20);
    let mut archive = data.known_archive().unwrap().unwrap();
    let mut back = Vec::new();
    while let Some(segment) = archive.bring_back().unwrap() {
        back.push(segment.number);
    }
    back.reverse();
    assert_eq!(back, went);
    let after: Vec<_> = (1..=4).map(|n| disk.content(&segment_path(n))).collect();
    assert!(before == after);
    is_whole(&disk, BATCHES, "back");
}

/// Archives, on a directory that stays open for reading.
fn try_all(data: &DataDir, disk: &MemoryDisk) -> Result<(), JournalError> {
    let mut archive = data.archive(Arc::new(DiskObjects::on(disk)))?;
    for number in data.archive_status()?.due(0) {
        archive.store(number, &mut go_on)?;
    }
    Ok(())
}

#[test]
fn an_operation_that_fails_loses_no_segment() {
    let whole = made();
    for kind in [ErrorKind::Other, ErrorKind::StorageFull] {
        for number in 0.. {
            let disk = whole.after_kill();
            disk.fail_operation_after(number, kind);
            let ended = try_all(&dir_with_archive(&disk, 1 << 20), &disk);
            let what = format!("{kind:?} at operation {number}: {ended:?}");
            let mut coin = number;
            let coin = move || {
                coin = coin.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                coin >> 62 == 0
            };
            for left in [
                disk.after_kill(),
                disk.after_power_cut(|| false),
                disk.after_power_cut(|| true),
                disk.after_power_cut(coin),
            ] {
                is_whole(&left, BATCHES, &what);
                archive_all(&left, 0).unwrap_or_else(|error| panic!("{what}: {error}"));
                for segment in [1, 2, 3] {
                    assert!(left.content(&segment_path(segment)).is_none(), "{what}");
                }
                is_whole(&left, BATCHES + 1, &what);
            }
            if ended.is_ok() {
                assert!(number > 20, "archiving has {number} operations only");
                break;
            }
        }
    }
}

#[test]
fn archiving_that_is_ended_changes_nothing() {
    let disk = made();
    let data = dir_with_archive(&disk, 1 << 20);
    let mut archive = data.archive(Arc::new(DiskObjects::on(&disk))).unwrap();
    let ended = archive.store(1, &mut |_| false);
    assert!(matches!(ended, Err(JournalError::Stopped { .. })));
    assert!(dir(&disk).archive_status().unwrap().url.is_none());
    assert!(disk.content(&segment_path(1)).is_some());
    let last = dir(&disk).archive_status().unwrap().segments.len() as u64;
    assert!(
        archive.store(last, &mut go_on).is_err(),
        "one that is written"
    );
}

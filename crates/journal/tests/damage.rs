//! Torn, flipped, lost and failing: what a crash leaves is cut, anything else is refused with its place, and
//! no batch that was acknowledged is ever lost or changed.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::*;
use std::io::ErrorKind;
use std::path::Path;
use umbral_journal::JournalError;
use umbral_journal::storage::{MemoryDisk, WriteFault};

const PAGE: usize = 4096;

fn with_file(disk: &MemoryDisk, path: &Path, change: impl FnOnce(&mut Vec<u8>)) -> MemoryDisk {
    let copy = disk.after_kill();
    let mut content = copy.content(path).unwrap();
    change(&mut content);
    copy.overwrite(path, content);
    copy
}

/// Offset of the end of the last batch: what follows is zeros.
fn end_of_content(content: &[u8]) -> usize {
    let used = content.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    assert!(used.is_multiple_of(64), "a batch ends with its end mark");
    used
}

#[test]
fn a_file_that_ends_at_any_byte_of_the_last_batch_loses_that_batch_only() {
    let disk = left_open(6, 300);
    let path = segment_path(1);
    let last = *offsets(&disk, 1).last().unwrap() as usize;
    let end = end_of_content(&disk.content(&path).unwrap());
    for size in last..=end {
        let torn = with_file(&disk, &path, |content| content.truncate(size));
        let whole = if size == end { 6 } else { 5 };
        assert_eq!(
            read_and_check(&dir(&torn), 300).unwrap(),
            whole,
            "size {size}"
        );
        let mut log = open(&torn).unwrap();
        assert_eq!(log.recovery().last_batch, whole);
        assert_eq!(log.recovery().cut.is_some(), size != last && size != end);
        if let Some(cut) = &log.recovery().cut {
            assert_eq!((cut.offset, cut.batch, &cut.path), (last as u64, 6, &path));
        }
        assert_eq!(append(&mut log, 300).unwrap(), whole + 1);
        log.close().unwrap();
        assert_eq!(read_and_check(&dir(&torn), 300).unwrap(), whole + 1);
    }
}

#[test]
fn a_write_that_stopped_at_any_byte_before_zeros_loses_that_batch_only() {
    let disk = left_open(4, 300);
    let path = segment_path(1);
    let last = *offsets(&disk, 1).last().unwrap() as usize;
    let end = end_of_content(&disk.content(&path).unwrap());
    for stop in last..end {
        let torn = with_file(&disk, &path, |content| content[stop..].fill(0));
        assert_eq!(read_and_check(&dir(&torn), 300).unwrap(), 3, "stop {stop}");
        let log = open(&torn).unwrap();
        assert_eq!(log.recovery().last_batch, 3, "stop {stop}");
    }
}

#[test]
fn any_choice_of_missing_pages_of_the_last_batch_loses_that_batch_only() {
    let disk = left_open(3, 7000);
    let path = segment_path(1);
    let content = disk.content(&path).unwrap();
    let last = *offsets(&disk, 1).last().unwrap() as usize;
    let end = end_of_content(&content);
    let pages: Vec<usize> = (last / PAGE..end.div_ceil(PAGE)).collect();
    assert!((3..=8).contains(&pages.len()), "{} pages", pages.len());
    for choice in 1u32..1 << pages.len() {
        let torn = with_file(&disk, &path, |content| {
            for (bit, page) in pages.iter().enumerate() {
                if choice & (1 << bit) != 0 {
                    let from = last.max(page * PAGE);
                    content[from..end.min((page + 1) * PAGE)].fill(0);
                }
            }
        });
        assert_eq!(
            read_and_check(&dir(&torn), 7000).unwrap(),
            2,
            "pages {choice:b}"
        );
        let mut log = open(&torn).unwrap();
        assert_eq!(log.recovery().last_batch, 2);
        append(&mut log, 7000).unwrap();
        drop(log);
        assert_eq!(read_and_check(&dir(&torn), 7000).unwrap(), 3);
    }
}

#[test]
fn a_flipped_bit_in_any_byte_of_any_batch_is_refused_with_its_place() {
    let disk = left_open(4, 150);
    let path = segment_path(1);
    let starts = offsets(&disk, 1);
    let end = end_of_content(&disk.content(&path).unwrap());
    for at in starts[0] as usize..end {
        let flipped = with_file(&disk, &path, |content| content[at] ^= 1 << (at % 8));
        let batch = starts
            .iter()
            .rposition(|start| *start as usize <= at)
            .unwrap();
        let next = starts.get(batch + 1).map_or(end, |start| *start as usize);
        let refused = open(&flipped).err();
        let Some(JournalError::Damaged {
            path: file, offset, ..
        }) = refused
        else {
            panic!("byte {at}: {refused:?}");
        };
        assert_eq!(file, path);
        let (from, to) = (starts[batch], next as u64);
        assert!((from..to).contains(&offset), "byte {at}: offset {offset}");
        let before = flipped.content(&path);
        assert!(read_and_check(&dir(&flipped), 150).is_err());
        assert_eq!(flipped.content(&path), before, "nothing was changed");
    }
}

#[test]
fn a_zeroed_page_before_later_batches_is_damage_not_a_torn_tail() {
    let disk = left_open(6, 5000);
    let path = segment_path(1);
    let starts = offsets(&disk, 1);
    for page in starts[0] as usize / PAGE..starts[3] as usize / PAGE {
        let holed = with_file(&disk, &path, |content| {
            content[page * PAGE..(page + 1) * PAGE].fill(0);
        });
        let refused = open(&holed).err();
        assert!(
            matches!(refused, Some(JournalError::Damaged { .. })),
            "page {page}"
        );
    }
}

#[test]
fn every_byte_of_a_segment_header_counts() {
    let disk = left_open(2, 100);
    for at in (0..200).chain([1000, 4095]) {
        let flipped = with_file(&disk, &segment_path(1), |content| content[at] ^= 0x40);
        assert!(open(&flipped).is_err(), "byte {at}");
        assert!(read_and_check(&dir(&flipped), 100).is_err(), "byte {at}");
    }
}

#[test]
fn a_flipped_bit_in_a_sealed_segment_is_refused_when_read() {
    let disk = filled(60, 900);
    let path = segment_path(2);
    let size = disk.content(&path).unwrap().len();
    for at in (4096..size).step_by(97) {
        let flipped = with_file(&disk, &path, |content| content[at] ^= 4);
        let refused = read_and_check(&dir(&flipped), 900).err();
        let Some(JournalError::Damaged {
            path: file, offset, ..
        }) = refused
        else {
            panic!("byte {at}: {refused:?}");
        };
        assert!(
            file == path && offset as usize <= at,
            "byte {at}: offset {offset}"
        );
    }
}

#[test]
fn missing_and_shortened_segments_are_refused() {
    let disk = filled(60, 900);
    let last = (1..)
        .take_while(|n| disk.content(&segment_path(*n)).is_some())
        .last()
        .unwrap();
    assert!(last >= 4);
    for number in 1..=last {
        let path = segment_path(number);
        let gone = disk.after_kill();
        gone.take_away(&path);
        assert!(matches!(
            open(&gone).err(),
            Some(JournalError::SegmentMissing { .. })
        ));
        assert!(dir(&gone).read(0).is_err());

        for less in [1, 64, 700, 3000] {
            let short = with_file(&disk, &path, |content| {
                content.truncate(content.len() - less)
            });
            let refused = open(&short).err();
            assert!(
                matches!(refused, Some(JournalError::SegmentShort { .. })),
                "segment {number} less {less}: {refused:?}"
            );
            assert!(dir(&short).read(0).is_err());
        }
    }
    let longer = with_file(&disk, &segment_path(1), |content| content.push(0));
    assert!(matches!(
        open(&longer).err(),
        Some(JournalError::Damaged { .. })
    ));
}

#[test]
fn a_whole_batch_missing_at_the_end_of_a_closed_log_is_noticed() {
    let disk = filled(5, 300);
    let last = *offsets(&disk, 1).last().unwrap() as usize;
    let short = with_file(&disk, &segment_path(1), |content| content.truncate(last));
    assert!(matches!(
        open(&short).err(),
        Some(JournalError::SegmentShort { .. })
    ));
    let zeroed = with_file(&disk, &segment_path(1), |content| content[last..].fill(0));
    let refused = open(&zeroed).err();
    assert!(
        matches!(refused, Some(JournalError::SegmentShort { .. })),
        "{refused:?}"
    );
    assert!(read_and_check(&dir(&zeroed), 300).is_err());
}

#[test]
fn a_segment_of_another_log_is_refused() {
    let (disk, other) = (filled(60, 900), filled(60, 901));
    for number in 1..=3 {
        let foreign = other.content(&segment_path(number)).unwrap();
        let mixed = disk.after_kill();
        mixed.overwrite(&segment_path(number), foreign);
        let Ok(mut reader) = dir(&mixed).read(0) else {
            continue;
        };
        let refused = loop {
            match reader.next_batch() {
                Ok(Some(_)) => {}
                Ok(None) => panic!("segment {number} was taken"),
                Err(error) => break error,
            }
        };
        // What was read before the seam was whole in itself.
        assert!(refused.to_string().contains("continue"), "{refused}");
    }
}

#[test]
fn any_damage_to_the_manifest_is_refused() {
    let disk = filled(30, 900);
    let text = disk.content(&manifest_path()).unwrap();
    for at in 0..text.len() - 1 {
        let changed = with_file(&disk, &manifest_path(), |content| {
            content[at] = if content[at].is_ascii_digit() {
                b'9' - (content[at] - b'0')
            } else {
                b'#'
            };
        });
        if changed.content(&manifest_path()).unwrap() == text || text[at].is_ascii_whitespace() {
            continue;
        }
        assert!(open(&changed).is_err(), "byte {at}");
    }
    let cut = with_file(&disk, &manifest_path(), |content| content.truncate(40));
    assert!(matches!(
        open(&cut).err(),
        Some(JournalError::Unreadable { .. })
    ));
}

/// Appends until an error or 40 batches; how many were acknowledged.
fn append_until_error(disk: &MemoryDisk, size: usize) -> (u64, Option<JournalError>) {
    let mut log = match open(disk) {
        Ok(log) => log,
        Err(error) => return (0, Some(error)),
    };
    for _ in 0..40 {
        if let Err(error) = append(&mut log, size) {
            let again = append(&mut log, size);
            let stopped = matches!(again, Err(JournalError::Stopped { .. }));
            assert!(
                stopped || error.is_disk_full(),
                "the log went on after {error}"
            );
            return (log.next_batch() - 1, Some(error));
        }
    }
    (log.next_batch() - 1, None)
}

fn survives(disk: &MemoryDisk, acknowledged: u64, size: usize, what: &str) {
    let mut log = open(disk).unwrap_or_else(|error| panic!("{what}: {error}"));
    let found = log.recovery().last_batch;
    assert!(
        found == acknowledged || found == acknowledged + 1,
        "{what}: {acknowledged} acknowledged, {found} found"
    );
    append(&mut log, size).unwrap();
    drop(log);
    assert_eq!(
        read_and_check(&dir(disk), size).unwrap(),
        found + 1,
        "{what}"
    );
}

#[test]
fn failing_and_short_writes_lose_nothing_that_was_accepted() {
    let faults = [
        WriteFault::Short(1),
        WriteFault::Short(100),
        WriteFault::Torn(0, ErrorKind::Other),
        WriteFault::Torn(1000, ErrorKind::Other),
        WriteFault::Torn(2000, ErrorKind::StorageFull),
    ];
    for fault in faults {
        for writes in 0..50 {
            let disk = MemoryDisk::new();
            create(&disk);
            disk.fail_write_after(writes, fault);
            let (acknowledged, error) = append_until_error(&disk, 1200);
            if matches!(fault, WriteFault::Short(_)) {
                assert!(error.is_none(), "a short write is gone on with: {error:?}");
            }
            let what = format!("{fault:?} after {writes}");
            survives(&disk.after_kill(), acknowledged, 1200, &what);
            survives(&disk.after_power_cut(|| false), acknowledged, 1200, &what);
        }
    }
}

#[test]
fn a_failing_sync_is_fatal_and_loses_nothing_that_was_accepted() {
    for syncs in 0..60 {
        let disk = MemoryDisk::new();
        create(&disk);
        disk.fail_sync_after(syncs);
        let (acknowledged, error) = append_until_error(&disk, 1200);
        assert!(acknowledged == 40 || error.is_some());
        let what = format!("sync {syncs}");
        survives(&disk.after_kill(), acknowledged, 1200, &what);
        survives(&disk.after_power_cut(|| false), acknowledged, 1200, &what);
        survives(&disk.after_power_cut(|| true), acknowledged, 1200, &what);
    }
}

#[test]
fn a_power_cut_after_any_batch_with_any_pages_kept_loses_nothing_that_was_accepted() {
    let mut state = 1u64;
    let mut coin = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.is_multiple_of(2)
    };
    for round in 0..300u64 {
        let disk = MemoryDisk::new();
        create(&disk);
        disk.fail_sync_after(3 + round % 50);
        let (acknowledged, _) = append_until_error(&disk, 3000);
        let what = format!("round {round}");
        survives(&disk.after_power_cut(&mut coin), acknowledged, 3000, &what);
    }
}

#[test]
fn a_full_disk_is_said_so_and_the_same_batch_goes_through_once_there_is_space() {
    fill_up(1500, (0..60_000).step_by(1777));
    // Large batches have no zeros written ahead.
    fill_up(60_000, (0..900_000).step_by(91_771));
}

fn fill_up(size: usize, spares: impl Iterator<Item = usize>) {
    for spare in spares {
        let disk = MemoryDisk::new();
        create(&disk);
        let mut log = open(&disk).unwrap();
        append(&mut log, size).unwrap();
        disk.set_capacity(disk.used() + spare);
        let mut full = None;
        for _ in 0..40 {
            full = append(&mut log, size).err();
            if full.is_some() {
                break;
            }
        }
        let full = full.expect("the disk must fill up");
        assert!(full.is_disk_full(), "{full}");
        assert!(full.to_string().contains("free some space"), "{full}");
        let accepted = log.next_batch() - 1;
        let crashed = disk.after_power_cut(|| false);
        survives(&crashed, accepted, size, "full disk");
        disk.heal();
        for _ in 0..20 {
            append(&mut log, size).unwrap();
        }
        log.close().unwrap();
        assert_eq!(read_and_check(&dir(&disk), size).unwrap(), accepted + 20);
    }
}

#[test]
fn files_left_by_a_crash_in_a_roll_are_cleared() {
    let disk = filled(3, 100);
    let aside = root().join("log/0000000002.segment.tmp");
    disk.overwrite(&aside, vec![1, 2, 3]);
    append(&mut open(&disk).unwrap(), 100).unwrap();
    assert!(disk.content(&aside).is_none());
}

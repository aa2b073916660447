//! The log through its public door: what is appended is read, over segments, openings and processes.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::*;
use umbral_journal::storage::MemoryDisk;
use umbral_journal::{DataDir, JournalError, Log, LogOptions, rebuild_manifest};

#[test]
fn what_is_appended_is_read_over_many_segments_and_openings() {
    let disk = MemoryDisk::new();
    create(&disk);
    let mut total = 0;
    for opening in 1..=5u32 {
        let mut log = open(&disk).unwrap();
        assert_eq!(log.epoch(), opening);
        assert_eq!(log.recovery().last_batch, total);
        assert_eq!(log.recovery().cut, None);
        assert!(log.recovery().was_closed);
        for _ in 0..30 {
            total += 1;
            assert_eq!(append(&mut log, 900).unwrap(), total);
        }
        log.close().unwrap();
        assert_eq!(read_and_check(&dir(&disk), 900).unwrap(), total);
    }
    assert!(
        disk.content(&segment_path(5)).is_some(),
        "no segment was sealed"
    );
}

#[test]
fn sequences_epochs_and_counts_stand_in_the_headers() {
    let disk = filled(4, 10);
    let mut log = open(&disk).unwrap();
    append(&mut log, 10).unwrap();
    log.close().unwrap();
    let mut reader = dir(&disk).read(0).unwrap();
    let mut sequences = [0u64; PARTITIONS as usize + 1];
    while let Some(batch) = reader.next_batch().unwrap() {
        for frame in batch.frames().chain([batch.control()]) {
            let sequence = &mut sequences[usize::from(frame.header.partition)];
            *sequence += 1;
            assert_eq!(frame.header.sequence, *sequence);
            assert_eq!(frame.header.batch, batch.number());
            assert_eq!(frame.header.epoch, if batch.number() <= 4 { 1 } else { 2 });
            assert_eq!(frame.header.prev_hash == 0, *sequence == 1);
        }
        for frame in batch.frames() {
            assert_eq!(frame.header.count, 1 + u32::from(frame.header.partition));
        }
    }
    assert_eq!(sequences[PARTITIONS as usize], 5);
}

#[test]
fn reading_begins_at_any_batch() {
    let disk = filled(60, 900);
    for from in 1..=61 {
        let mut reader = dir(&disk).read(from).unwrap();
        let first = reader.next_batch().unwrap().map(|batch| batch.number());
        assert_eq!(first, (from <= 60).then_some(from));
    }
}

#[test]
fn a_batch_larger_than_a_segment_has_one_for_itself() {
    let disk = MemoryDisk::new();
    create(&disk);
    let mut log = open(&disk).unwrap();
    for _ in 0..3 {
        append(&mut log, 40 << 10).unwrap();
    }
    log.close().unwrap();
    assert_eq!(read_and_check(&dir(&disk), 40 << 10).unwrap(), 3);
    assert!(disk.content(&segment_path(3)).is_some());
}

#[test]
fn empty_batches_and_pages_of_zeros_are_kept() {
    let disk = MemoryDisk::new();
    create(&disk);
    let zeros = vec![0u8; 20_000];
    let mut log = open(&disk).unwrap();
    log.append_batch(&[], b"").unwrap();
    let frame = umbral_journal::FrameToAppend {
        partition: 0,
        count: 0,
        payload: &zeros,
    };
    log.append_batch(&[frame, frame], &zeros).unwrap();
    drop(log);
    let disk = disk.after_kill();
    let log = open(&disk).unwrap();
    assert_eq!((log.recovery().last_batch, &log.recovery().cut), (2, &None));
    let mut reader = dir(&disk).read(2).unwrap();
    let batch = reader.next_batch().unwrap().unwrap();
    assert_eq!(batch.frames().len(), 2);
    assert!(batch.frames().all(|frame| frame.payload == zeros));
}

#[test]
fn batches_that_the_format_cannot_hold_are_refused_and_leave_the_log_usable() {
    let disk = MemoryDisk::new();
    create(&disk);
    let mut log = open(&disk).unwrap();
    let stray = umbral_journal::FrameToAppend {
        partition: PARTITIONS,
        count: 1,
        payload: b"x",
    };
    let refused = log.append_batch(&[stray], b"").unwrap_err();
    assert!(
        matches!(refused, JournalError::BadBatch { .. }),
        "{refused}"
    );
    append(&mut log, 10).unwrap();
    assert_eq!(read_and_check(&dir(&disk), 10).unwrap(), 1);
}

#[test]
fn a_reader_beside_the_writer_sees_whole_batches_and_goes_on() {
    let disk = MemoryDisk::new();
    create(&disk);
    let mut log = open(&disk).unwrap();
    let mut reader = dir(&disk).read(0).unwrap();
    for expected in 1..=60 {
        assert!(reader.next_batch().unwrap().is_none());
        append(&mut log, 900).unwrap();
        assert_eq!(reader.next_batch().unwrap().unwrap().number(), expected);
    }
    log.close().unwrap();
    assert!(reader.next_batch().unwrap().is_none());
}

#[test]
fn a_thread_reads_while_another_writes_on_the_real_disk() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("d");
    let dir = DataDir::create(&path, &temp_creation()).unwrap();
    let mut log = Log::open(&dir, dir.lock().unwrap(), SMALL).unwrap();
    let mut reader = dir.read(0).unwrap();
    let following = std::thread::spawn(move || {
        let mut seen = 0;
        while seen < 300 {
            if let Some(batch) = reader.next_batch().unwrap() {
                seen += 1;
                assert_eq!(batch.number(), seen);
                for frame in batch.frames() {
                    assert_eq!(frame.payload, payload(seen, frame.header.partition, 6000));
                }
            }
        }
    });
    for _ in 0..300 {
        append(&mut log, 6000).unwrap();
    }
    following.join().unwrap();
}

#[test]
fn a_data_directory_on_the_real_disk_is_complete_small_and_exclusive() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("some/where");
    let created = DataDir::create(&path, &temp_creation()).unwrap();
    assert!(DataDir::is_at(&path));
    for name in [
        "umbral.json",
        "log/manifest.json",
        "snapshots",
        "keys",
        "lock",
    ] {
        assert!(exists(&path.join(name)), "{name} is missing");
    }
    let again = DataDir::create(&path, &temp_creation()).err().unwrap();
    assert!(matches!(again, JournalError::AlreadyADataDir { .. }));

    let dir = DataDir::open(&path).unwrap();
    assert_eq!(dir.settings(), created.settings());
    let mut log = Log::open(&dir, dir.lock().unwrap(), LogOptions::default()).unwrap();
    append(&mut log, 100).unwrap();
    let refused = dir.lock().err().unwrap().to_string();
    let pid = std::process::id();
    assert!(refused.contains(&format!("pid {pid}")), "{refused}");
    log.close().unwrap();
    let size = std::fs::metadata(path.join("log/0000000001.segment")).unwrap();
    assert!(size.len() < 8192, "a closed log keeps no unused space");
    assert!(dir.lock().is_ok());
    assert_eq!(read_and_check(&dir, 100).unwrap(), 1);
}

#[test]
fn directories_that_are_not_ours_are_refused_by_name() {
    let temp = tempfile::tempdir().unwrap();
    let missing = DataDir::open(&temp.path().join("none")).err().unwrap();
    assert!(matches!(missing, JournalError::NotADataDir { .. }));
    assert!(missing.to_string().contains("umbral init --data"));

    std::fs::write(temp.path().join("letter.txt"), "x").unwrap();
    let taken = DataDir::create(temp.path(), &temp_creation())
        .err()
        .unwrap();
    assert!(matches!(taken, JournalError::NotEmpty { .. }));

    let mut none = temp_creation();
    none.partitions = 0;
    let bad = DataDir::create(&temp.path().join("d"), &none)
        .err()
        .unwrap();
    assert!(matches!(bad, JournalError::BadPartitions { .. }));

    let file = temp.path().join("letter.txt/inside");
    assert!(DataDir::create(&file, &temp_creation()).is_err());
}

#[test]
fn newer_and_broken_settings_are_refused_by_name() {
    let disk = filled(1, 10);
    let settings = root().join("umbral.json");
    let open = |text: &str| {
        disk.overwrite(&settings, text.as_bytes().to_vec());
        let storage = std::sync::Arc::new(disk.clone());
        DataDir::open_on(storage, &root()).err().unwrap()
    };
    let newer = open(r#"{"format_version":2,"shards":{}}"#);
    assert!(matches!(
        newer,
        JournalError::UnknownFormat { found: 2, .. }
    ));
    assert!(matches!(open("{"), JournalError::Unreadable { .. }));
    let zero = open(r#"{"format_version":1,"partitions":0,"created_by":"x"}"#);
    assert!(matches!(zero, JournalError::Unreadable { .. }));
}

#[test]
fn an_interrupted_creation_is_created_over_and_a_log_without_settings_is_not() {
    for syncs in 0..12 {
        let disk = MemoryDisk::new();
        disk.fail_sync_after(syncs);
        let storage = std::sync::Arc::new(disk.clone());
        let _ = DataDir::create_on(storage, &root(), &temp_creation());
        let disk = disk.after_kill();
        let storage = std::sync::Arc::new(disk.clone());
        if DataDir::open_on(storage, &root()).is_err() {
            create(&disk);
        }
        append(&mut open(&disk).unwrap(), 10).unwrap();
    }
    let disk = filled(1, 10);
    disk.take_away(&root().join("umbral.json"));
    let storage = std::sync::Arc::new(disk.clone());
    let refused = DataDir::create_on(storage, &root(), &temp_creation()).err();
    assert!(matches!(refused, Some(JournalError::NotEmpty { .. })));
}

#[test]
fn a_lost_manifest_is_refused_and_rebuilt_only_on_command() {
    let disk = filled(60, 900);
    let before = disk.content(&manifest_path()).unwrap();
    disk.take_away(&manifest_path());
    let refused = open(&disk).err().unwrap().to_string();
    assert!(
        refused.contains("manifest.json") && refused.contains("missing"),
        "{refused}"
    );
    assert!(dir(&disk).read(0).is_err());
    assert_eq!(rebuild_manifest(&dir(&disk)).unwrap(), 60);
    assert_eq!(read_and_check(&dir(&disk), 900).unwrap(), 60);
    let mut log = open(&disk).unwrap();
    assert_eq!(append(&mut log, 900).unwrap(), 61);
    assert_ne!(disk.content(&manifest_path()).unwrap(), before);
}

#[test]
fn a_reader_that_is_slow_reads_on_when_the_writer_has_begun_another_segment() {
    let disk = MemoryDisk::new();
    create(&disk);
    let mut log = open(&disk).unwrap();
    for _ in 0..4 {
        append(&mut log, 900).unwrap();
    }
    // What the reader holds in memory ends with these, and with the zeros behind them.
    let dir = dir(&disk);
    let mut reader = dir.read(0).unwrap();
    assert_eq!(reader.next_batch().unwrap().unwrap().number(), 1);
    for _ in 4..30 {
        append(&mut log, 900).unwrap();
    }
    assert!(disk.content(&segment_path(2)).is_some());
    for expected in 2..=30 {
        assert_eq!(reader.next_batch().unwrap().unwrap().number(), expected);
    }
    assert!(reader.next_batch().unwrap().is_none());
}

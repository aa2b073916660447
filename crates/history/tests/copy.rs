//! A copy has the inputs of its source and comes to the same, account by account, with any number of partitions;
//! it counts as published; and what was broken off is gone on with or refused, and never taken for whole.

#![allow(
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

mod common;

use common::*;
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use umbral_history::{History, Selection, TailFilter};
use umbral_journal::storage::MemoryDisk;
use umbral_journal::{DataDir, JournalError};
use umbral_model::ids::AccountId;
use umbral_model::journal::LOGIC_VERSION;
use umbral_model::time::Timestamp;
use umbral_runtime::{
    ClockMode, Copied, CopyError, Copying, Engine, EngineError, ManualTime, Options, Scanner, copy,
    copy_on, init,
};

const DIR: &str = "/copy";

fn copying(partitions: u16, workers: usize) -> Copying {
    Copying {
        partitions: Some(partitions),
        workers,
        log: umbral_journal::LogOptions {
            segment_bytes: 256 << 10,
            ..Options::with_clock(ClockMode::Event).log
        },
        created_by: "test".to_owned(),
    }
}

fn copied(from: &Path, to: &Path, partitions: u16) -> Copied {
    let source = DataDir::open(from).expect("a source");
    copy(&source, to, &copying(partitions, 2), &mut |_| {}).expect("copied")
}

/// All that can be asked, in a form that does not depend on partitions.
#[derive(PartialEq, Debug)]
struct Told {
    by_account: std::collections::BTreeMap<String, Vec<String>>,
    nobodys: Vec<String>,
    accounts: Vec<String>,
    quarantine: Vec<String>,
    state: u128,
    inputs: u64,
}

fn told(dir: &Path, accounts: u64) -> Told {
    told_by(&History::open(dir).expect("a history"), accounts)
}

fn told_by(history: &History, accounts: u64) -> Told {
    let mut by_account = std::collections::BTreeMap::<String, Vec<String>>::new();
    let mut nobodys = Vec::new();
    for line in outputs_of(history) {
        let value: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        match value["account_id"].as_str() {
            Some(account) => by_account.entry(account.to_owned()).or_default().push(line),
            None => nobodys.push(line),
        }
    }
    let verified = history.verify(&mut |_| {}).expect("verified");
    assert_eq!(verified.difference, None);
    let report = |number: u64| {
        let account = AccountId::new(format!("A{number}"));
        let report = history.account_at(&account, None).expect("an account");
        serde_json::to_string(&report).expect("JSON")
    };
    let every = Selection {
        settled_too: true,
        ..Selection::default()
    };
    let quarantine = history.quarantine(&every).expect("a quarantine");
    let quarantine = quarantine.iter();
    Told {
        by_account,
        nobodys,
        accounts: (0..accounts).map(report).collect(),
        quarantine: quarantine
            .map(|one| serde_json::to_string(one).expect("JSON"))
            .collect(),
        state: verified.state_hash(),
        inputs: verified.inputs,
    }
}

fn assert_told(expected: &Told, found: &Told, what: &str) {
    for (account, lines) in &expected.by_account {
        assert!(
            found.by_account.get(account) == Some(lines),
            "{what}: {account}"
        );
    }
    assert!(expected == found, "{what}");
}

/// A version is announced early and in force later; another one comes half-way.
fn stream_of_all(accounts: u64, records: u64) -> String {
    let text = stream(accounts, records);
    let tariff = TARIFF.replace("\"20.00\"", "\"10.00\"");
    let from = instant(10 * 86_400 + 100);
    let later = activation_from("later", &tariff, (&instant(accounts * 2), &from), false);
    let mut lines: Vec<&str> = text.lines().collect();
    lines.insert(2 * accounts as usize + 5, &later);
    lines.join("\n") + "\n"
}

/// A deployment that was stopped and started, with records that were taken up again.
fn made(partitions: u16, records: u64) -> Place {
    let place = Place::new(partitions);
    let file = place.file("stream.ndjson", &stream_of_all(40, records));
    let options = Options {
        batch_inputs: 300,
        ..event_options()
    };
    let engine = place.engine(options.clone());
    ingest_until(&engine, &file, records / 2);
    engine.stop().expect("stopped");
    let engine = place.engine(options);
    ingest(&engine, &file);
    resubmit_all(&place.dir, &engine);
    engine.stop().expect("stopped");
    place
}

fn resubmit_all(dir: &Path, engine: &Engine) {
    let history = History::open(dir).expect("a history");
    let waiting = history
        .quarantine(&Selection::default())
        .expect("a quarantine");
    let readable = waiting.iter().filter_map(|one| one.resubmission(None).ok());
    engine.resubmit(readable.collect(), true).expect("receipts");
}

fn new_outputs(dir: &Path) -> Vec<String> {
    let filter = TailFilter {
        new_only: true,
        ..TailFilter::default()
    };
    let mut lines = Vec::new();
    let history = History::open(dir).expect("a history");
    let mut tail = history.tail(filter).expect("a tail");
    let _ = tail
        .poll(&mut |_, line| {
            lines.push(line.to_owned());
            ControlFlow::Continue(())
        })
        .expect("read");
    lines
}

#[test]
fn copies_with_any_partitions_come_to_the_same() {
    let source = made(8, 3_000);
    let expected = told(&source.dir, 40);
    assert!(expected.quarantine.len() > 50 && expected.nobodys.len() > 50);
    for partitions in [1, 7, 64] {
        let to = source.temp.path().join(format!("copy-{partitions}"));
        let result = copied(&source.dir, &to, partitions);
        assert_eq!((result.partitions, result.resumed_from), (partitions, 0));
        assert_eq!(result.position, expected.inputs);
        assert_told(
            &expected,
            &told(&to, 40),
            &format!("{partitions} partitions"),
        );
        assert!(new_outputs(&to).is_empty(), "all of it was published");
    }
    // A copy of a copy, with the partitions of the source: the outputs stand in the same order, too.
    let to = source.temp.path().join("again");
    copied(&source.temp.path().join("copy-64"), &to, 8);
    assert!(outputs(&source.dir) == outputs(&to));
    let frames = |dir: &Path| {
        let mut scanner = Scanner::open(dir).expect("a scanner");
        let mut frames = Vec::new();
        while let Some(batch) = scanner.next_batch().expect("read") {
            frames.push(batch.frames);
        }
        frames
    };
    assert!(frames(&source.dir) == frames(&to), "byte for byte");
}

#[test]
fn a_copy_goes_on_as_its_source_would() {
    let source = made(8, 1_500);
    let to = source.temp.path().join("copy");
    copied(&source.dir, &to, 5);
    let more = stream(40, 2_500).replace("\"event_id\":\"", "\"event_id\":\"more-");
    let file = source.file("more.ndjson", &more);
    let taken = source.file("stream.ndjson", &stream_of_all(40, 1_500));
    for dir in [&source.dir, &to] {
        let engine = Engine::open(dir, event_options()).expect("an engine");
        let again = ingest(&engine, &taken);
        assert_eq!(again.skipped, again.records, "the file was taken");
        ingest(&engine, &file);
        resubmit_all(dir, &engine);
        engine.snapshot().expect("taken");
        engine.stop().expect("stopped");
    }
    assert_told(&told(&source.dir, 40), &told(&to, 40), "after more records");
    let new = new_outputs(&to);
    let all = outputs_of(&History::open(&to).expect("a history"));
    assert!(new.len() > 1_000 && new.len() < all.len());
    assert!(new.iter().all(|line| all.contains(line)));
    // What was copied and what came later is copied on.
    let onward = source.temp.path().join("onward");
    copied(&to, &onward, 3);
    assert_told(&told(&to, 40), &told(&onward, 40), "onward");
    assert!(new_outputs(&onward).is_empty());
}

#[test]
fn ticks_of_the_wall_clock_are_copied_as_they_fell() {
    let place = Place::new(6);
    let time = Arc::new(ManualTime::new("2026-03-01T00:00:00Z".parse_instant()));
    let engine = place.engine(Options::with_clock(ClockMode::Wall(time.clone())));
    let tariff = TARIFF.replace("\"20.00\"", "\"2.00\"");
    let later = activation_from(
        "later",
        &tariff,
        (&instant(60), &instant(7 * 86_400)),
        false,
    );
    for step in 0..400u64 {
        let at = instant(step * 3 * 3_600);
        time.set(at.as_str().parse_instant());
        engine.flush().expect("durable");
        if step == 1 {
            submit(&engine, &[&later]);
        }
        let account = step % 12;
        let line = match step / 12 {
            0 => format!(
                r#"{{"source":"crm","event_id":"c-{account}","occurred_at":"{at}","account_id":"A{account}","customer_added":{{"class":"standard","plan":"{}","time_zone":"Europe/Madrid","cycle_day":{},"vip_rank":0}}}}"#,
                ["basic", "bundle"][account as usize % 2],
                account * 2 + 1
            ),
            // A little ahead of the clock, as clocks of senders are.
            _ => format!(
                r#"{{"source":"shop","event_id":"s-{step}","occurred_at":"{}","account_id":"A{account}","charge_added":{{"amount":"0.3{}","code":"x"}}}}"#,
                instant(step * 3 * 3_600 + 1_700),
                step % 10
            ),
        };
        submit(&engine, &[&line]);
    }
    engine.stop().expect("stopped");
    let expected = told(&place.dir, 12);
    let ticked = expected.by_account.values().flatten();
    assert!(
        ticked
            .filter(|line| line.contains("\"source\":\"timer\""))
            .count()
            > 12
    );
    for partitions in [1, 5] {
        let to = place.temp.path().join(format!("copy-{partitions}"));
        copied(&place.dir, &to, partitions);
        assert_told(
            &expected,
            &told(&to, 12),
            &format!("{partitions} partitions"),
        );
    }
}

fn journal_error(result: Result<Copied, CopyError>) -> JournalError {
    match result {
        Err(CopyError::Engine(EngineError::Journal { source, .. })) => source,
        other => panic!("not refused by the journal: {other:?}"),
    }
}

#[test]
fn what_is_no_fitting_target_is_refused() {
    let source = made(4, 300);
    let data = DataDir::open(&source.dir).expect("a source");
    let to = source.temp.path().join("copy");
    let try_copy = |to: &Path| copy(&data, to, &copying(2, 1), &mut |_| {});
    let is_whole = journal_error(try_copy(&source.dir));
    assert!(matches!(is_whole, JournalError::AlreadyADataDir { .. }));
    std::fs::create_dir(&to).expect("made");
    std::fs::write(to.join("letter.txt"), "dear").expect("written");
    let in_use = journal_error(try_copy(&to));
    assert!(matches!(in_use, JournalError::NotEmpty { .. }));
    std::fs::remove_file(to.join("letter.txt")).expect("removed");
    let engine = source.engine(event_options());
    let busy = journal_error(try_copy(&to));
    assert!(matches!(busy, JournalError::Locked { .. }), "{busy}");
    engine.stop().expect("stopped");
    try_copy(&to).expect("an empty folder is taken");
    let twice = journal_error(try_copy(&to));
    assert!(matches!(twice, JournalError::AlreadyADataDir { .. }));
}

/// Copies onto a disk that fails at an operation.
fn copy_onto(disk: &MemoryDisk, from: &Path, partitions: u16) -> Result<Copied, CopyError> {
    let source = DataDir::open(from).expect("a source");
    let storage = Arc::new(disk.clone());
    copy_on(
        storage,
        &source,
        Path::new(DIR),
        &copying(partitions, 1),
        &mut |_| {},
    )
}

fn open_copy(disk: &MemoryDisk) -> Result<DataDir, JournalError> {
    DataDir::open_on(Arc::new(disk.clone()), Path::new(DIR))
}

#[test]
fn a_copy_that_is_broken_off_is_gone_on_with_and_never_opened() {
    let source = made(4, 900);
    let expected = told(&source.dir, 40);
    let calm = MemoryDisk::new();
    copy_onto(&calm, &source.dir, 3).expect("copied");
    let operations = calm.operations();
    let (mut unfinished, mut resumed) = (0, 0);
    for number in (0..operations).filter(|number| number % 7 == 0 || number + 8 > operations) {
        let disk = MemoryDisk::new();
        disk.fail_operation_after(number, ErrorKind::Other);
        let result = copy_onto(&disk, &source.dir, 3);
        let left = disk.after_kill();
        let what = format!("operation {number}: {result:?}");
        match open_copy(&left) {
            Ok(_) => {
                let history = History::of(open_copy(&left).expect("whole"));
                assert_told(&expected, &told_by(&history, 40), &what);
                continue;
            }
            Err(JournalError::Unfinished { .. }) => {
                unfinished += 1;
                let founding = umbral_runtime::Founding {
                    partitions: 3,
                    catalogs: vec![catalog_files(TARIFF)],
                    at: Timestamp::MIN,
                    created_by: "test".to_owned(),
                };
                let storage = Arc::new(left.clone());
                let made = umbral_runtime::init_on(storage, Path::new(DIR), founding);
                assert!(made.is_err(), "{what}: nobody else takes the directory");
                let other = journal_error(copy_onto(&left, &source.dir, 5));
                assert!(matches!(other, JournalError::OtherCopy { .. }), "{what}");
            }
            Err(error) => assert!(matches!(error, JournalError::NotADataDir { .. }), "{what}"),
        }
        let again =
            copy_onto(&left, &source.dir, 3).unwrap_or_else(|error| panic!("{what}: {error}"));
        resumed += u64::from(again.resumed_from > 0);
        let history = History::of(open_copy(&left).expect("whole"));
        assert_told(&expected, &told_by(&history, 40), &what);
    }
    assert!(
        unfinished > 5 && resumed > 3,
        "{unfinished} unfinished, {resumed} resumed"
    );
}

#[test]
fn a_copy_goes_on_with_its_own_source_only() {
    let source = made(4, 900);
    let other = made(4, 901);
    let disk = MemoryDisk::new();
    disk.fail_operation_after(60, ErrorKind::Other);
    assert!(copy_onto(&disk, &source.dir, 3).is_err());
    let left = disk.after_kill();
    let refused = journal_error(copy_onto(&left, &other.dir, 3));
    assert!(matches!(refused, JournalError::OtherCopy { .. }));
    // The source went on meanwhile: the copy does, too.
    let engine = source.engine(event_options());
    let file = source.file(
        "late.ndjson",
        &stream(40, 950).replace("\"event_id\":\"", "\"event_id\":\"late-"),
    );
    ingest(&engine, &file);
    engine.stop().expect("stopped");
    copy_onto(&left, &source.dir, 3).expect("copied");
    let history = History::of(open_copy(&left).expect("whole"));
    assert_told(
        &told(&source.dir, 40),
        &told_by(&history, 40),
        "with what came later",
    );
}

#[test]
fn a_source_that_decides_otherwise_is_refused() {
    let source = Place::new(2);
    let file = source.file("stream.ndjson", &stream(10, 200));
    let engine = source.engine(event_options());
    ingest(&engine, &file);
    engine.stop().expect("stopped");
    let forged = forge(&source, LOGIC_VERSION);
    let data = DataDir::open(&forged).expect("a source");
    let to = source.temp.path().join("copy");
    let result = copy(&data, &to, &copying(4, 2), &mut |_| {});
    assert!(
        matches!(result, Err(CopyError::Differs { .. })),
        "{result:?}"
    );
    assert!(
        DataDir::open(&to).is_err(),
        "what is left of it is no deployment"
    );
}

#[test]
fn what_other_rules_decided_stays_as_it_was_published() {
    let source = Place::new(2);
    let file = source.file("stream.ndjson", &stream_of_all(10, 400));
    let engine = source.engine(event_options());
    ingest(&engine, &file);
    engine.stop().expect("stopped");
    let old = forge(&source, LOGIC_VERSION - 1);
    let expected = told(&old, 10);
    assert!(expected.by_account != told(&source.dir, 10).by_account);
    let to = source.temp.path().join("copy");
    copied(&old, &to, 5);
    assert_told(&expected, &told(&to, 10), "decided by other rules");
    let onward = source.temp.path().join("onward");
    copied(&to, &onward, 2);
    assert_told(&expected, &told(&onward, 10), "and copied again");
}

/// The same journal with the amount of one charge changed, its chains and checksums right, as rules of some
/// version decided it.
fn forge(source: &Place, logic_version: u32) -> PathBuf {
    let to = source.temp.path().join("forged");
    let catalogs = vec![catalog_files(TARIFF)];
    let founding = umbral_runtime::Founding {
        partitions: 2,
        catalogs,
        at: "2026-01-01T00:00:00Z".parse_instant(),
        created_by: "test".to_owned(),
    };
    init(&to, founding).expect("a directory");
    let data = DataDir::open(&to).expect("opened");
    let lock = data.lock().expect("locked");
    let mut log = umbral_journal::Log::open(&data, lock, Options::with_clock(ClockMode::Event).log)
        .expect("a log");
    let mut scanner = Scanner::open(&source.dir).expect("a scanner");
    let mut has_changed = false;
    while let Some(batch) = scanner.next_batch().expect("read") {
        if batch.commit.batch == 1 {
            continue;
        }
        let frames: Vec<(u16, u32, Vec<u8>)> = batch
            .frames
            .iter()
            .map(|(partition, payload)| {
                let mut frame = umbral_wire::frame::decode(payload).expect("a frame");
                frame.logic_version = logic_version;
                for event in frame.entries.iter_mut().flat_map(|entry| &mut entry.events) {
                    if let umbral_model::event::EventBody::ChargePosted(posted) =
                        &mut event.event.body
                        && !has_changed
                    {
                        posted.amount += umbral_model::money::Money::from_micros(1);
                        has_changed = true;
                    }
                }
                let mut bytes = Vec::new();
                umbral_wire::frame::encode(&frame, &mut bytes);
                (partition.0, frame.entries.len() as u32, bytes)
            })
            .collect();
        let frames: Vec<umbral_journal::FrameToAppend<'_>> = frames
            .iter()
            .map(
                |(partition, count, payload)| umbral_journal::FrameToAppend {
                    partition: *partition,
                    count: *count,
                    payload,
                },
            )
            .collect();
        let mut control = Vec::new();
        umbral_wire::frame::encode_commit(&batch.commit, &mut control);
        log.append_batch(&frames, &control).expect("appended");
    }
    log.close().expect("closed");
    assert!(has_changed, "there is a charge to change");
    to
}

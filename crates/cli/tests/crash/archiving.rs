//! Killed while it archives segments, and while it brings them back: every question is answered as before.

use crate::disturb::{Seeded, Tally, Victim, moment, seed, succeed, text, umbral, wanted};
use crate::scene::write_catalog;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// Records of each of the three files between which snapshots are taken.
const RECORDS: u64 = 2_000;

fn write_records(root: &Path) {
    for part in 0..3u64 {
        let mut lines = String::new();
        if part == 0 {
            for account in 0..20 {
                writeln!(lines, r#"{{"source":"crm","event_id":"c-{account}","occurred_at":"2026-03-01T00:00:00Z","account_id":"A{account}","customer_added":{{"class":"standard","plan":"flat","time_zone":"Europe/Madrid","cycle_day":1,"vip_rank":0}}}}"#).expect("write");
            }
        }
        for number in part * RECORDS..(part + 1) * RECORDS {
            writeln!(lines, r#"{{"source":"med","event_id":"u-{number}","occurred_at":"2026-03-0{}T10:00:00Z","account_id":"A{}","usage":{{"service":"sms","to":"34911222333","quantity":"{}"}}}}"#, part + 2, number % 20, 1 + number % 7).expect("write");
        }
        std::fs::write(root.join(format!("{part}.ndjson")), lines).expect("write");
    }
}

/// A data directory of many small segments with two snapshots.
pub(crate) fn made(root: &Path) {
    write_catalog(&root.join("catalog"));
    write_records(root);
    let (data, catalog) = (root.join("data"), root.join("catalog"));
    let data = text(&data);
    succeed(&[
        "init",
        "--data",
        data,
        "--catalog",
        text(&catalog),
        "--partitions",
        "4",
    ]);
    for part in 0..3 {
        let file = root.join(format!("{part}.ndjson"));
        succeed(&[
            "ingest",
            "--data",
            data,
            "--clock",
            "event",
            "--segment-bytes",
            "16384",
            "--batch",
            "50",
            text(&file),
        ]);
        if part < 2 {
            succeed(&["snapshot", "--data", data]);
        }
    }
}

/// What the journal tells: all outputs, an account in the middle of it, a chain, a verification.
fn told(data: &str) -> [String; 4] {
    let as_of = "2026-03-02T12:00:00Z";
    [
        succeed(&["tail", "--data", data]),
        succeed(&[
            "account", "A3", "--data", data, "--as-of", as_of, "-o", "json",
        ]),
        succeed(&["why", "med/u-43", "--data", data, "-o", "json"]),
        succeed(&["replay", "--verify", "--data", data, "-o", "json"]),
    ]
}

fn segments_in(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).expect("listed");
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.filter(|name| name.ends_with(".segment")).count()
}

#[test]
fn killed_while_it_archives_nothing_is_lost() {
    let mut random = Seeded::new(seed(20_260_601));
    let root = tempfile::tempdir().expect("a folder");
    let root = root.path();
    made(root);
    let (data, archive) = (root.join("data"), root.join("archive"));
    let (log, data) = (data.join("log"), text(&data));
    let before = told(data);
    let all = segments_in(&log);
    let there = || umbral(&["archive", "--data", data, "--to", text(&archive)]);
    let back = || umbral(&["archive", "--data", data, "--back"]);
    let started = Instant::now();
    Victim::start(there()).finish("archive");
    let whole = started.elapsed().max(Duration::from_millis(5));
    let gone = all - segments_in(&log);
    assert!(gone > 20, "{gone} of {all} segments went");
    assert!(told(data) == before, "archived");
    let mut tally = Tally::default();
    while tally.kills < wanted(40) {
        for command in [back(), there()] {
            let mut victim = Victim::start(command);
            victim.work_for(moment(&mut random, whole));
            if victim.kill("archive") {
                tally.count(Path::new(data));
            }
        }
        // Each start tidies up, writes, and finds everything.
        if tally.rounds.is_multiple_of(8) {
            assert!(told(data) == before, "{tally:?}");
        }
        succeed(&["snapshot", "--data", data, "--afresh"]);
        tally.rounds += 1;
        assert!(tally.rounds < 500, "it is never killed while it works");
    }
    Victim::start(there()).finish("archive");
    assert!(told(data) == before, "archived at last");
    Victim::start(back()).finish("archive --back");
    assert_eq!(segments_in(&log), all);
    std::fs::remove_dir_all(&archive).expect("the archive is not needed any more");
    assert!(told(data) == before, "back at last");
    println!("{tally:?} within {whole:?}");
}

//! Killed while it makes a data directory, and while it takes up what was in the quarantine.

use crate::disturb::{Seeded, Tally, Victim, moment, seed, succeed, text, umbral, wanted};
use crate::scene::write_catalog;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

fn init(root: &Path, data: &Path) -> std::process::Command {
    let catalog = root.join("catalog");
    umbral(&[
        "init",
        "--data",
        text(data),
        "--catalog",
        text(&catalog),
        "--partitions",
        "16",
    ])
}

#[test]
fn killed_while_it_makes_a_directory_it_makes_it_at_last() {
    let mut random = Seeded::new(seed(20_260_501));
    let root = tempfile::tempdir().expect("a folder");
    let root = root.path();
    // Two versions: each is a batch, and a kill may come between them.
    write_catalog(&root.join("catalog/v1"));
    write_catalog(&root.join("catalog/v2"));
    let second = root.join("catalog/v2/catalog.toml");
    let head = std::fs::read_to_string(&second).expect("read");
    std::fs::write(&second, head.replace("2026-01-01", "2026-02-01")).expect("write");
    let started = Instant::now();
    Victim::start(init(root, &root.join("calm"))).finish("init");
    let whole = started.elapsed();
    let mut tally = Tally::default();
    while tally.kills < wanted(40) {
        let data = root.join(format!("made-{}", tally.rounds));
        loop {
            let mut victim = Victim::start(init(root, &data));
            victim.work_for(moment(&mut random, whole));
            let output = victim.kill_or_end();
            if output.status.code().is_none() {
                tally.count(&data);
                continue;
            }
            // A kill right behind its last commit leaves nothing to do.
            let told = String::from_utf8_lossy(&output.stderr);
            let is_made = told.contains("is a data directory already");
            assert!(output.status.success() || is_made, "{told}");
            break;
        }
        let verified = succeed(&["replay", "--verify", "--data", text(&data), "-o", "json"]);
        let verified: serde_json::Value = serde_json::from_str(&verified).expect("JSON");
        assert_eq!(verified["inputs"], 2, "both catalogs, once: {verified}");
        tally.rounds += 1;
        assert!(
            tally.rounds < 1_000,
            "the process is never killed while it works"
        );
    }
    println!("{tally:?} within {whole:?}");
}

const AT: &str = "2026-03-01T00:00:00Z";
const STRANGERS: u64 = 400;

/// Records of numbers that become known after them.
fn write_strangers(folder: &Path) {
    std::fs::create_dir_all(folder).expect("input folder");
    let (mut usage, mut customers) = (String::new(), String::new());
    for number in 0..STRANGERS {
        writeln!(usage, r#"{{"source":"med","event_id":"u-{number}","occurred_at":"2026-03-02T10:00:00Z","identifier":{{"kind":"msisdn","value":"{}"}},"usage":{{"service":"sms","to":"34911222333","quantity":"{}"}}}}"#, 34_600_000_000 + number % 20, 1 + number % 7).expect("write");
    }
    for account in 0..20 {
        writeln!(customers, r#"{{"source":"crm","event_id":"c-{account}","occurred_at":"{AT}","account_id":"A{account}","customer_added":{{"class":"standard","plan":"flat","time_zone":"Europe/Madrid","cycle_day":1,"vip_rank":0}}}}"#).expect("write");
        writeln!(customers, r#"{{"source":"crm","event_id":"m-{account}","occurred_at":"{AT}","account_id":"A{account}","member_added":{{"member_id":"M","identifiers":[{{"kind":"msisdn","value":"{}"}}]}}}}"#, 34_600_000_000_u64 + account).expect("write");
    }
    std::fs::write(folder.join("usage.ndjson"), usage).expect("write");
    std::fs::write(folder.join("customers.ndjson"), customers).expect("write");
}

/// Ids of the records that were rated, in order.
fn rated(data: &Path) -> Vec<String> {
    let tail = succeed(&["tail", "--data", text(data), "--stream", "rated"]);
    let id = |line: &str| {
        let event: serde_json::Value = serde_json::from_str(line).expect("JSON");
        event["caused_by"]["event_id"]
            .as_str()
            .expect("an id")
            .to_owned()
    };
    let mut ids: Vec<String> = tail.lines().map(id).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn killed_while_it_resubmits_each_record_is_taken_once() {
    let mut random = Seeded::new(seed(20_260_502));
    let root = tempfile::tempdir().expect("a folder");
    let root = root.path();
    write_catalog(&root.join("catalog"));
    write_strangers(&root.join("in"));
    let mut all: Vec<String> = (0..STRANGERS).map(|number| format!("u-{number}")).collect();
    all.sort_unstable();
    let mut tally = Tally::default();
    while tally.kills < wanted(24) {
        let data = root.join(format!("data-{}", tally.rounds));
        Victim::start(init(root, &data)).finish("init");
        for name in ["in/usage.ndjson", "in/customers.ndjson"] {
            let file = root.join(name);
            succeed(&[
                "ingest",
                "--data",
                text(&data),
                "--clock",
                "event",
                "--quiet",
                text(&file),
            ]);
        }
        assert_eq!(rated(&data), Vec::<String>::new());
        loop {
            let resubmit = umbral(&["quarantine", "resubmit", "--all", "--data", text(&data)]);
            let mut victim = Victim::start(resubmit);
            victim.work_for(moment(&mut random, Duration::from_millis(25)));
            if !victim.kill("resubmit") {
                break;
            }
            tally.count(&data);
        }
        assert_eq!(rated(&data), all, "round {}", tally.rounds);
        let left = succeed(&["quarantine", "list", "--data", text(&data), "-o", "json"]);
        assert_eq!(left.trim(), "", "all are settled");
        succeed(&["replay", "--verify", "--data", text(&data)]);
        tally.rounds += 1;
        assert!(
            tally.rounds < 1_000,
            "the process is never killed while it works"
        );
    }
    println!("{tally:?}");
}

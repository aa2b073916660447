//! A data directory from its first to its last command.

#![allow(clippy::expect_used, reason = "a test that cannot go on says why")]

mod common;

use common::{catalog, done, json, run, run_with, stderr, stdout, text, umbral};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Seven calls at 0.2415, a message at 0.10, a repeat, a call of nobody, and a line that is no record.
fn inputs() -> String {
    let mut lines = vec![
        r#"{"source":"crm","event_id":"c-1","occurred_at":"2026-03-01T00:00:00Z","account_id":"A1","customer_added":{"class":"standard","plan":"libre","time_zone":"Europe/Madrid","cycle_day":1,"vip_rank":0}}"#.to_owned(),
        r#"{"source":"crm","event_id":"c-2","occurred_at":"2026-03-01T00:00:00Z","account_id":"A1","member_added":{"member_id":"M1","identifiers":[{"kind":"msisdn","value":"34600000001"}]}}"#.to_owned(),
    ];
    for number in 1..=7 {
        lines.push(call(number, "34600000001"));
    }
    lines.push(call(7, "34600000001"));
    lines.push(call(8, "34699999999"));
    lines.push("{\"source\":\"med1\"".to_owned());
    lines.push(r#"{"source":"med1","event_id":"s-1","occurred_at":"2026-03-03T09:00:00Z","identifier":{"kind":"msisdn","value":"34600000001"},"usage":{"service":"sms","direction":"originating","quantity":"1"}}"#.to_owned());
    lines.join("\n") + "\n"
}

fn call(number: u32, caller: &str) -> String {
    format!(
        r#"{{"source":"med1","event_id":"u-{number}","occurred_at":"2026-03-02T09:{number:02}:00Z","identifier":{{"kind":"msisdn","value":"{caller}"}},"usage":{{"service":"voice","direction":"originating","to":"34600111222","quantity":"61s"}}}}"#
    )
}

struct Journey {
    _root: tempfile::TempDir,
    data: PathBuf,
    file: PathBuf,
}

impl Journey {
    /// A data directory that took the inputs.
    fn begun() -> Journey {
        let root = tempfile::tempdir().expect("a folder");
        let catalog = catalog(&root.path().join("catalog"));
        let data = root.path().join("data");
        let file = root.path().join("inputs.ndjson");
        std::fs::write(&file, inputs()).expect("write");
        done(&[
            "init",
            "--data",
            text(&data),
            "--catalog",
            &catalog,
            "--partitions",
            "8",
        ]);
        let journey = Journey {
            _root: root,
            data,
            file,
        };
        let summary = json(&journey.ingest(&[]));
        for (key, number) in [
            ("inputs", 13),
            ("applied", 10),
            ("duplicates", 1),
            ("quarantined", 2),
        ] {
            assert_eq!(summary[key], number, "{key}: {summary}");
        }
        journey
    }

    fn data(&self) -> &str {
        text(&self.data)
    }

    fn ingest(&self, more: &[&str]) -> String {
        let usual = [
            "ingest",
            "--data",
            self.data(),
            "--clock",
            "event",
            "-o",
            "json",
            text(&self.file),
        ];
        done(&[&usual, more].concat())
    }

    fn stream(&self, name: &str) -> Vec<serde_json::Value> {
        done(&["tail", "--data", self.data(), "--stream", name])
            .lines()
            .map(json)
            .collect()
    }
}

#[test]
fn what_was_taken_is_seen_everywhere_and_replays_the_same() {
    let journey = Journey::begun();
    let account = json(&done(&[
        "account",
        "A1",
        "--data",
        journey.data(),
        "-o",
        "json",
    ]));
    for key in [
        "account_id",
        "class",
        "plan",
        "currency",
        "measures",
        "restrictions",
        "unbilled",
        "open_bills",
        "cases",
        "ledgers",
    ] {
        assert!(account.get(key).is_some(), "{key} is missing: {account}");
    }
    assert_eq!(
        account["measures"][0]["value"], "1.7905",
        "seven calls and a message"
    );
    assert_eq!(account["measures"][0]["standing"], "breached");
    assert_eq!(account["restrictions"][0]["service"], "outgoing");
    let shown = done(&["account", "A1", "--data", journey.data()]);
    for part in ["A1", "standard", "libre", "1.7905", "outgoing"] {
        assert!(shown.contains(part), "{part} is missing in\n{shown}");
    }

    let bill = json(&done(&[
        "bill",
        "A1",
        "--data",
        journey.data(),
        "--month",
        "2026-03",
        "-o",
        "json",
    ]));
    assert_eq!(bill["total"], "1.7905");
    let shown = done(&["bill", "A1", "--data", journey.data(), "--month", "2026-03"]);
    for part in ["voice", "national", "1.6905", "sms", "0.10", "1.7905"] {
        assert!(shown.contains(part), "{part} is missing in\n{shown}");
    }

    assert_eq!(journey.stream("rated").len(), 8);
    assert_eq!(journey.stream("quarantine").len(), 2);
    let credit = journey.stream("credit");
    assert!(
        credit
            .iter()
            .any(|event| event.get("limit_breached").is_some()),
        "{credit:?}"
    );

    let verified = json(&done(&[
        "replay",
        "--verify",
        "--data",
        journey.data(),
        "-o",
        "json",
    ]));
    assert_eq!(verified["agrees"], true);
    assert_eq!(verified["inputs"], 14, "the catalog and thirteen records");
}

#[test]
fn a_snapshot_is_taken_once_and_changes_nothing() {
    let journey = Journey::begun();
    let hash = || {
        let verified = json(&done(&[
            "replay",
            "--verify",
            "--data",
            journey.data(),
            "-o",
            "json",
        ]));
        verified["state_hash"].clone()
    };
    let before = hash();
    let snapshot = |more: &[&str]| {
        let usual = ["snapshot", "--data", journey.data()];
        done(&[&usual, more].concat())
    };
    let taken = snapshot(&[]);
    assert!(
        taken.starts_with("snapshot of ") && taken.contains("up to input 14"),
        "{taken}"
    );
    let again = json(&snapshot(&["-o", "json"]));
    assert_eq!(
        (&again["taken"], &again["position"]),
        (&false.into(), &14.into())
    );
    let afresh = json(&snapshot(&["--afresh", "-o", "json"]));
    assert_eq!(afresh["taken"], true, "{afresh}");
    assert_eq!(
        json(&journey.ingest(&[]))["inputs"],
        0,
        "the file was taken before"
    );
    assert_eq!(hash(), before);
    let folder = journey.data.join("snapshots");
    for file in std::fs::read_dir(&folder).expect("a folder") {
        std::fs::write(file.expect("a file").path(), b"damaged").expect("write");
    }
    let output = run(&["snapshot", "--data", journey.data()]);
    assert!(output.status.success());
    assert!(
        stderr(&output).contains("Snapshot is not used"),
        "{}",
        stderr(&output)
    );
    assert_eq!(hash(), before);
}

#[test]
fn why_leads_from_an_output_to_its_input() {
    let journey = Journey::begun();
    let credit = journey.stream("credit");
    let breach = credit
        .iter()
        .find(|event| event.get("limit_breached").is_some())
        .expect("a breach");
    let id = breach["out_id"].as_str().expect("an id");
    let chain = json(&done(&["why", id, "--data", journey.data(), "-o", "json"]));
    assert_eq!(
        chain[0]["input"]["event_id"],
        breach["caused_by"]["event_id"]
    );
    let shown = done(&["why", "med1/u-1", "--data", journey.data()]);
    for part in ["med1/u-1", "usage_rated", "0.2415 EUR", "0.09 per 60s"] {
        assert!(shown.contains(part), "{part} is missing in\n{shown}");
    }
    let unknown = run(&["why", "med1/u-99", "--data", journey.data()]);
    assert_eq!(unknown.status.code(), Some(1), "{}", stderr(&unknown));
}

#[test]
fn an_account_that_is_not_there_is_told_how_to_find_it() {
    let journey = Journey::begun();
    for command in [
        &["bill", "NOPE", "--data", journey.data()] as &[&str],
        &["account", "NOPE", "--data", journey.data()],
    ] {
        let refused = run(command);
        assert_eq!(refused.status.code(), Some(1), "{command:?}");
        let told = stderr(&refused);
        assert!(
            told.contains("there is no account NOPE") && told.contains("umbral tail"),
            "{told}"
        );
    }
}

#[test]
fn a_file_is_taken_once_and_strict_counts_the_quarantine() {
    let journey = Journey::begun();
    let again = json(&journey.ingest(&[]));
    assert_eq!(again["inputs"], 0, "{again}");
    assert_eq!(again["files"][0]["skipped"], 13, "{again}");
    let more = run_with(
        &[
            "ingest",
            "--data",
            journey.data(),
            "--clock",
            "event",
            "--strict",
            "-",
        ],
        &format!("{}\n", call(9, "34699999999")),
    );
    assert_eq!(more.status.code(), Some(1), "{}", stderr(&more));
    assert!(stdout(&more).contains("U-0021"), "{}", stdout(&more));
}

#[test]
fn a_quarantined_record_is_listed_shown_and_taken_up_again() {
    let journey = Journey::begun();
    let data = journey.data();
    let list = done(&["quarantine", "list", "--data", data]);
    assert!(list.contains("U-0021") && list.contains("U-0001"), "{list}");
    let records: Vec<_> = done(&["quarantine", "list", "--data", data, "-o", "json"])
        .lines()
        .map(json)
        .collect();
    let orphan = records
        .iter()
        .find(|record| record["code"] == "U-0021")
        .expect("the call of nobody");
    let position = orphan["position"].to_string();
    let shown = done(&["quarantine", "show", &position, "--data", data]);
    assert!(shown.contains("34699999999"), "the original bytes: {shown}");
    let raw = done(&["quarantine", "show", &position, "--data", data, "--raw"]);
    assert_eq!(raw, call(8, "34699999999"));

    let refused = run(&[
        "quarantine",
        "resubmit",
        &position,
        "--data",
        data,
        "--strict",
    ]);
    assert_eq!(
        refused.status.code(),
        Some(1),
        "nothing was mended: {}",
        stderr(&refused)
    );
    let owner = r#"{"source":"crm","event_id":"c-3","occurred_at":"2026-03-01T00:00:00Z","account_id":"A1","identifier_added":{"member_id":"M1","identifier":{"kind":"msisdn","value":"34699999999"}}}"#;
    let given = run_with(
        &["ingest", "--data", data, "--clock", "event", "-"],
        &format!("{owner}\n"),
    );
    assert_eq!(given.status.code(), Some(0), "{}", stderr(&given));
    let taken = done(&["quarantine", "resubmit", "--code", "U-0021", "--data", data]);
    assert!(taken.contains("1 taken"), "{taken}");
    assert_eq!(journey.stream("rated").len(), 9);
    let left = done(&["quarantine", "list", "--data", data]);
    assert!(!left.contains("U-0021"), "{left}");
    done(&["replay", "--verify", "--data", data]);
}

#[test]
fn a_data_directory_has_one_writer_and_many_readers() {
    let journey = Journey::begun();
    let data = journey.data();
    let mut holder = umbral(&["ingest", "--data", data, "--clock", "event", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("umbral starts");
    let lock = journey.data.join("lock");
    let held =
        || std::fs::read_to_string(&lock).is_ok_and(|pid| pid.trim() == holder.id().to_string());
    let deadline = Instant::now() + Duration::from_secs(20);
    while !held() {
        assert!(
            Instant::now() < deadline,
            "the first process never took the lock"
        );
    }
    let refused = run_with(&["ingest", "--data", data, "--clock", "event", "-"], "");
    assert_eq!(refused.status.code(), Some(3), "{}", stderr(&refused));
    assert!(
        stderr(&refused).contains("in use by another process"),
        "{}",
        stderr(&refused)
    );
    assert_eq!(journey.stream("rated").len(), 8, "readers need no lock");
    drop(holder.stdin.take());
    assert!(holder.wait().expect("umbral ends").success());
}

#[test]
fn a_directory_that_is_not_usable_ends_with_3_and_says_what_to_do() {
    let root = tempfile::tempdir().expect("a folder");
    let catalog = catalog(&root.path().join("catalog"));
    let data = root.path().join("data");
    let missing = text(&data);
    for arguments in [
        &["tail", "--data", missing] as &[&str],
        &["account", "A1", "--data", missing],
        &["bill", "A1", "--data", missing],
        &["replay", "--verify", "--data", missing],
        &["quarantine", "list", "--data", missing],
        &["ingest", "--data", missing, "-"],
        &["catalog", "activate", "--data", missing, &catalog],
    ] {
        let output = run(arguments);
        assert_eq!(
            output.status.code(),
            Some(3),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert!(
            stderr(&output).contains("umbral init"),
            "{}",
            stderr(&output)
        );
    }
    done(&["init", "--data", missing, "--catalog", &catalog]);
    let again = run(&["init", "--data", missing, "--catalog", &catalog]);
    assert_eq!(again.status.code(), Some(3), "{}", stderr(&again));
}

#[test]
fn a_damaged_journal_is_refused_with_file_and_offset() {
    let journey = Journey::begun();
    let entries = std::fs::read_dir(journey.data.join("log")).expect("the log");
    let segment = entries
        .map(|entry| entry.expect("an entry").path())
        .find(|path| path.extension().is_some_and(|ending| ending == "segment"))
        .expect("a segment");
    let mut bytes = std::fs::read(&segment).expect("read");
    let end = bytes.iter().rposition(|byte| *byte != 0).expect("content");
    bytes[end / 2] ^= 0xff;
    std::fs::write(&segment, bytes).expect("write");
    let damaged = run(&["replay", "--verify", "--data", journey.data()]);
    assert_eq!(damaged.status.code(), Some(3), "{}", stderr(&damaged));
    let shown = stderr(&damaged);
    assert!(
        shown.contains(text(&segment)) && shown.contains("offset"),
        "{shown}"
    );
}

#[test]
fn a_mapping_with_problems_names_all_of_them_and_takes_nothing() {
    let journey = Journey::begun();
    let root = journey.data.parent().expect("a folder").to_owned();
    let (mapping, rows) = (root.join("rows.toml"), root.join("rows.csv"));
    std::fs::write(&mapping, "source = \"x\"\nformt = \"csv\"\n").expect("write");
    std::fs::write(&rows, "a,b\n1,2\n").expect("write");
    let output = run(&[
        "ingest",
        "--data",
        journey.data(),
        "--mapping",
        text(&mapping),
        text(&rows),
    ]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("rows.toml:2:"),
        "{}",
        stderr(&output)
    );
    assert!(stderr(&output).contains("error[I-"), "{}", stderr(&output));
}

#[test]
fn a_new_catalog_prices_usage_from_its_day_on() {
    let journey = Journey::begun();
    let root = journey.data.parent().expect("a folder").to_owned();
    let next = root.join("catalog-2");
    copy(&root.join("catalog"), &next);
    let head = next.join("catalog.toml");
    let content = std::fs::read_to_string(&head).expect("read");
    std::fs::write(&head, content.replace("2026-01-01", "2026-03-10")).expect("write");
    let tariff = next.join("tariff.toml");
    let content = std::fs::read_to_string(&tariff).expect("read");
    let content = content
        .split("[[case]]")
        .next()
        .expect("the tariff")
        .replace("\"0.15\"", "\"0.25\"");
    std::fs::write(&tariff, content).expect("write");
    done(&["catalog", "activate", "--data", journey.data(), text(&next)]);
    let late = call(20, "34600000001").replace("2026-03-02T09", "2026-03-11T09");
    let output = run_with(
        &["ingest", "--data", journey.data(), "--clock", "event", "-"],
        &format!("{late}\n"),
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let rated = journey.stream("rated");
    assert_eq!(rated[0]["usage_rated"]["amount"], "0.2415");
    assert_eq!(
        rated.last().expect("an event")["usage_rated"]["amount"],
        "0.3415"
    );
    done(&["replay", "--verify", "--data", journey.data()]);
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("copy");
    }
}

#[test]
#[cfg(unix)]
fn the_service_answers_takes_files_and_stops_when_told() {
    use std::io::{BufRead, BufReader, Read, Write};
    let root = tempfile::tempdir().expect("a folder");
    catalog(&root.path().join("catalog"));
    std::fs::create_dir(root.path().join("incoming")).expect("a folder");
    let config = root.path().join("umbral.toml");
    let settings = "data = \"data\"\ncatalog = \"catalog\"\nclock = \"event\"\n\
                    listen = \"127.0.0.1:0\"\n[[follow]]\nfolder = \"incoming\"\n";
    std::fs::write(&config, settings).expect("write");
    let mut service = umbral(&["run", "--config", text(&config)])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("umbral starts");
    let mut log = BufReader::new(service.stderr.take().expect("the log")).lines();
    let address = log
        .by_ref()
        .map(|line| json(&line.expect("a line")))
        .find_map(|line| line["address"].as_str().map(str::to_owned))
        .expect("the address");
    let get = |path: &str| {
        let mut stream = std::net::TcpStream::connect(&address).expect("connect");
        write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").expect("ask");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answer");
        answer
    };
    assert!(get("/health/livez").starts_with("HTTP/1.1 200"));
    assert!(get("/health/readyz").starts_with("HTTP/1.1 200"));
    std::fs::write(root.path().join("incoming/a.ndjson"), inputs()).expect("write");
    let deadline = Instant::now() + Duration::from_secs(20);
    while !get("/metrics").contains("umbral_outcomes_total{outcome=\"applied\"} 1") {
        assert!(
            Instant::now() < deadline,
            "the file was not taken:\n{}",
            get("/metrics")
        );
    }
    let told = std::process::Command::new("kill")
        .arg(service.id().to_string())
        .status();
    assert!(told.expect("kill").success());
    assert!(service.wait().expect("umbral ends").success());
    let rated = done(&[
        "tail",
        "--data",
        text(&root.path().join("data")),
        "--stream",
        "rated",
    ]);
    assert_eq!(rated.lines().count(), 8);
}

#[test]
fn a_configuration_with_an_unknown_key_is_refused_with_its_line() {
    let root = tempfile::tempdir().expect("a folder");
    let config = root.path().join("umbral.toml");
    std::fs::write(&config, "data = \"d\"\nthread = 2\n").expect("write");
    let output = run(&["run", "--config", text(&config)]);
    assert_eq!(output.status.code(), Some(2));
    let shown = stderr(&output);
    assert!(
        shown.contains("umbral.toml:2:1") && shown.contains("thread"),
        "{shown}"
    );
}

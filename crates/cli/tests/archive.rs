//! Archived segments as people meet them: every question is answered as before, and what is wrong is named.
#![allow(clippy::expect_used, reason = "a test that cannot go on says why")]

mod common;

use common::{catalog, done, json, run, stderr, text, umbral};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

fn ingest(data: &str, file: &Path) {
    done(&[
        "ingest",
        "--data",
        data,
        "--clock",
        "event",
        "--segment-bytes",
        "16384",
        "--batch",
        "20",
        text(file),
    ]);
}

/// Files with three stretches of records: of customers, of usage, of corrections and what cannot be taken.
fn files(root: &Path) -> Vec<PathBuf> {
    let mut parts = vec![String::new(); 3];
    for account in 0..10 {
        writeln!(parts[0], r#"{{"source":"crm","event_id":"c-{account}","occurred_at":"2026-03-01T00:00:00Z","account_id":"A{account}","customer_added":{{"class":"standard","plan":"libre","time_zone":"Europe/Madrid","cycle_day":1,"vip_rank":0}}}}"#).expect("written");
        writeln!(parts[0], r#"{{"source":"crm","event_id":"m-{account}","occurred_at":"2026-03-01T00:00:00Z","account_id":"A{account}","member_added":{{"member_id":"M","identifiers":[{{"kind":"msisdn","value":"3460000000{account}"}}]}}}}"#).expect("written");
    }
    for number in 0..1_200 {
        let part = number / 600 + usize::from(number >= 1_200);
        let who = match number % 97 {
            0 => "34999999999".to_owned(),
            _ => format!("3460000000{}", number % 10),
        };
        writeln!(parts[part], r#"{{"source":"med","event_id":"u-{number}","occurred_at":"2026-03-02T0{}:00:00Z","identifier":{{"kind":"msisdn","value":"{who}"}},"usage":{{"service":"voice","to":"34600111222","quantity":"{}s"}}}}"#, 1 + part, 30 + number % 60).expect("written");
    }
    for number in [5, 17, 333] {
        writeln!(parts[2], r#"{{"source":"med","event_id":"x-{number}","occurred_at":"2026-03-02T01:00:00Z","account_id":"A{}","usage_cancelled":{{"cancels":"u-{number}"}}}}"#, number % 10).expect("written");
    }
    let write = |(number, lines): (usize, String)| {
        let path = root.join(format!("{number}.ndjson"));
        std::fs::write(&path, lines).expect("written");
        path
    };
    parts.into_iter().enumerate().map(write).collect()
}

/// A data directory with two snapshots; the last file is not ingested yet.
fn made(root: &Path) -> (String, Vec<PathBuf>) {
    let (data, files) = (text(&root.join("data")).to_owned(), files(root));
    let catalog = catalog(&root.join("catalog"));
    done(&[
        "init",
        "--data",
        &data,
        "--catalog",
        &catalog,
        "--partitions",
        "4",
    ]);
    for file in &files[..2] {
        ingest(&data, file);
        done(&["snapshot", "--data", &data]);
    }
    (data, files)
}

fn answers(data: &str) -> Vec<String> {
    [
        &["tail"][..],
        &[
            "account",
            "A3",
            "--as-of",
            "2026-03-02T01:30:00Z",
            "-o",
            "json",
        ],
        &["account", "A7", "-o", "json"],
        &["bill", "A5", "--month", "2026-03", "-o", "json"],
        &["why", "med/u-13", "-o", "json"],
        &["quarantine", "list", "-o", "json"],
        &["replay", "--verify", "-o", "json"],
    ]
    .iter()
    .map(|question| done(&[question, &["--data", data][..]].concat()))
    .collect()
}

fn archived(data: &str) -> usize {
    let status = json(&done(&["archive", "--data", data, "-o", "json"]));
    let segments = status["segments"].as_array().expect("segments");
    let is_in = |segment: &&serde_json::Value| segment["in_log"] == false;
    segments.iter().filter(is_in).count()
}

#[test]
fn every_question_is_answered_from_the_archive() {
    let root = tempfile::tempdir().expect("a folder");
    let (data, files) = made(root.path());
    let archive = root.path().join("deep/archive");
    let before = answers(&data);
    let moved = json(&done(&[
        "archive",
        "--data",
        &data,
        "--to",
        text(&archive),
        "-o",
        "json",
    ]));
    let number = moved["moved"].as_array().expect("a list").len();
    assert!(number > 3, "{moved}");
    assert_eq!(archived(&data), number);
    assert_eq!(answers(&data), before);
    // Corrections find their records there, also without a snapshot.
    std::fs::remove_dir_all(Path::new(&data).join("snapshots")).expect("removed");
    std::fs::remove_dir_all(Path::new(&data).join("archive-cache")).expect("removed");
    ingest(&data, &files[2]);
    let bill = json(&done(&[
        "bill", "A5", "--data", &data, "-o", "json", "--month", "2026-03",
    ]));
    let records = &bill["usage"][0]["records"];
    let was = &json(&before[3])["usage"][0]["records"];
    assert_eq!(
        records.as_u64(),
        was.as_u64().map(|records| records - 1),
        "u-5 was cancelled"
    );
    let verified = json(&done(&[
        "replay", "--verify", "--data", &data, "-o", "json",
    ]));
    assert_eq!(verified["agrees"], true);
    let said = done(&["archive", "--data", &data, "--verify"]);
    assert!(said.contains(&format!("{number} segments")), "{said}");
}

#[test]
fn a_missing_object_is_refused_by_name() {
    let root = tempfile::tempdir().expect("a folder");
    let (data, _) = made(root.path());
    let archive = root.path().join("archive");
    let status = done(&["archive", "--data", &data]);
    assert!(status.contains("nothing was ever archived"), "{status}");
    done(&["archive", "--data", &data, "--to", text(&archive)]);
    let again = done(&["archive", "--data", &data, "--to", text(&archive)]);
    assert!(again.contains("archived 0 segments"), "{again}");
    let mut objects: Vec<PathBuf> = std::fs::read_dir(&archive)
        .expect("listed")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    objects.sort();
    let name = objects[1]
        .file_name()
        .expect("a name")
        .to_string_lossy()
        .into_owned();
    std::fs::rename(&objects[1], root.path().join("aside")).expect("renamed");
    for question in [
        &["replay", "--verify"][..],
        &["archive", "--verify"],
        &["tail"],
    ] {
        let output = run(&[question, &["--data", &data][..]].concat());
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(3), "{told}");
        for part in [&name[..], "put the object back", "umbral explain A-0001"] {
            assert!(told.contains(part), "{told}");
        }
    }
    // The whole folder is away, as if it were not mounted.
    std::fs::rename(&archive, root.path().join("unmounted")).expect("renamed");
    let told = stderr(&run(&["replay", "--verify", "--data", &data]));
    assert!(
        told.contains("A-0003") && told.contains("no such folder"),
        "{told}"
    );
    // What needs none of it goes on.
    done(&["snapshot", "--data", &data]);
    std::fs::rename(root.path().join("unmounted"), &archive).expect("renamed");
    std::fs::rename(root.path().join("aside"), &objects[1]).expect("renamed");
    done(&["replay", "--verify", "--data", &data]);
    let other = run(&[
        "archive",
        "--data",
        &data,
        "--to",
        text(&root.path().join("other")),
    ]);
    assert!(stderr(&other).contains("A-0004"), "{}", stderr(&other));
    for wrong in ["memory:///", "s3://bucket", "ftp://x/y"] {
        let output = run(&["archive", "--data", &data, "--to", wrong]);
        assert_eq!(output.status.code(), Some(3), "{wrong}");
    }
}

struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_service_archives_by_itself() {
    let root = tempfile::tempdir().expect("a folder");
    let (data, _) = made(root.path());
    let before = answers(&data);
    let config = root.path().join("umbral.toml");
    let settings = "data = \"data\"\nclock = \"event\"\nlisten = \"127.0.0.1:0\"\n[archive]\nurl = \"archive\"\nkeep = 1\n";
    std::fs::write(&config, settings).expect("written");
    let mut command = umbral(&["run", "--config", text(&config)]);
    command.stderr(std::process::Stdio::null());
    let served = Served(command.spawn().expect("started"));
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let status = json(&done(&["archive", "--data", &data, "-o", "json"]));
        let segments = status["segments"].as_array().expect("segments");
        if segments[0]["in_log"] == false && segments.iter().all(|one| one["may_go"] == false) {
            break;
        }
        assert!(Instant::now() < deadline, "nothing was archived: {status}");
        std::thread::park_timeout(Duration::from_millis(50));
    }
    let in_use = run(&["archive", "--data", &data, "--back"]);
    assert_eq!(
        in_use.status.code(),
        Some(3),
        "the service holds the directory"
    );
    assert_eq!(answers(&data), before, "beside the service");
    drop(served);
    assert_eq!(answers(&data), before);
    assert!(
        root.path().join("archive").is_dir(),
        "relative to the configuration"
    );
}

/// Folders of a data directory may be deleted, and with them an archive that lay there.
#[test]
fn an_archive_in_the_data_directory_is_refused() {
    let root = tempfile::tempdir().expect("a folder");
    let (data, _) = made(root.path());
    for inside in ["", "/log", "/snapshots", "/archive-cache/new/folder"] {
        let to = format!("{data}{inside}");
        let refused = run(&["archive", "--data", &data, "--to", &to]);
        assert_eq!(refused.status.code(), Some(3), "{to}");
        assert!(
            stderr(&refused).contains("lies in the data directory"),
            "{to}"
        );
    }
    assert_eq!(archived(&data), 0);
    assert!(!Path::new(&data).join("archive-cache/new").exists());
}

/// Without its list nobody knows what is in an archive: no question about it is answered as if it were empty.
#[test]
fn a_missing_list_is_named_until_it_is_put_back() {
    let root = tempfile::tempdir().expect("a folder");
    let (data, _) = made(root.path());
    let to = text(&root.path().join("archive")).to_owned();
    done(&["archive", "--data", &data, "--to", &to]);
    let list = Path::new(&data).join("log/archive.json");
    let kept = std::fs::read(&list).expect("the list");
    std::fs::remove_file(&list).expect("removed");
    for more in [&[][..], &["--to", &to], &["--verify"], &["--back"]] {
        let refused = run(&[&["archive", "--data", &data][..], more].concat());
        assert_eq!(refused.status.code(), Some(3), "{more:?}");
        let said = stderr(&refused);
        assert!(said.contains("archive.json"), "{more:?}: {said}");
    }
    std::fs::write(&list, kept).expect("put back");
    done(&["archive", "--data", &data, "--verify"]);
}

//! The process is given more than it can take, for long: floods of good records, repeats, broken and endless lines and
//! small files. The source has to wait, memory stays flat, and every record ends where it must.

#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, reason = "a test that cannot go on says why")]

use serde_json::Value;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What may be used more at the end than after the first quarter, beside what the state keeps: the stations' lines,
/// which some run fills early and another one late. Half of what comes in meanwhile: 900,000 records of 190 octets.
const SLACK_BYTES: u64 = 80 << 20;
/// What a taken record leaves for the window of repeats: 8 octets, in a list that may have just doubled.
const KEY_BYTES: u64 = 24;
/// What a flood of lines of 100 kB may use: nine batches of 8 MB as they came and as they are written, and as much again.
const ENDLESS_BYTES: u64 = 320 << 20;
const ACCOUNTS: u64 = 60;

const CATALOG: &str = "name = \"Flood\"\ncurrency = \"EUR\"\ntime_zone = \"UTC\"\nvalid_from = 2026-01-01\n\
    [rate.text]\nprice = \"0.01 per event\"\n[plan.flat]\nrules = [ { service = \"sms\", rate = \"text\" } ]\n\
    [class.standard]\nlimit.exposure = \"40.00\"\nwarn_at = [\"50%\"]\n";

fn wanted(usual: u64) -> u64 {
    match std::env::var_os("UMBRAL_TEST_QUICK") {
        Some(_) => usual / 8,
        None => usual,
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

fn umbral(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_umbral"));
    command.args(arguments).env("NO_COLOR", "1");
    command.env_remove("UMBRAL_LOG");
    command
}

fn init(root: &Path) -> std::path::PathBuf {
    std::fs::create_dir(root.join("catalog")).expect("a folder");
    std::fs::write(root.join("catalog/catalog.toml"), CATALOG).expect("write");
    let (data, catalog) = (root.join("data"), root.join("catalog"));
    let made = umbral(&["init", "--data", text(&data), "--catalog", text(&catalog)]).output();
    assert!(made.expect("start umbral").status.success());
    data
}

/// The most memory that a process has had so far.
fn peak_bytes(child: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kilobytes << 10)
}

/// Records, and what must come of them.
#[derive(Default)]
struct Flood {
    lines: String,
    applied: u64,
    duplicates: u64,
    quarantined: u64,
}

impl Flood {
    fn customers(&mut self) {
        let at = "2026-03-01T00:00:00Z";
        for account in 0..ACCOUNTS {
            writeln!(self.lines, r#"{{"source":"crm","event_id":"c-{account}","occurred_at":"{at}","account_id":"A{account}","customer_added":{{"class":"standard","plan":"flat","time_zone":"UTC","cycle_day":1,"vip_rank":0}}}}"#).expect("write");
            writeln!(self.lines, r#"{{"source":"crm","event_id":"m-{account}","occurred_at":"{at}","account_id":"A{account}","member_added":{{"member_id":"M","identifiers":[{{"kind":"msisdn","value":"{}"}}]}}}}"#, 34_600_000_000 + account).expect("write");
        }
        self.applied += 2 * ACCOUNTS;
    }

    fn message(&mut self, number: u64, of: u64, phone: u64) {
        // Over thirty days, so that the window of repeats forgets what it has to.
        let second = 60 + number * (29 * 86_400) / of;
        writeln!(
            self.lines,
            "{{\"source\":\"med\",\"event_id\":\"u-{number}\",\"occurred_at\":\"2026-03-{:02}T{:02}:{:02}:{:02}Z\",\"identifier\":{{\"kind\":\"msisdn\",\"value\":\"{phone}\"}},\"usage\":{{\"service\":\"sms\",\"to\":\"34911222333\",\"quantity\":\"1\"}}}}",
            1 + second / 86_400,
            second / 3_600 % 24,
            second / 60 % 60,
            second % 60
        )
        .expect("write");
    }

    /// One of `of` records: mostly good ones, and as many repeats, strangers and broken lines.
    fn mixed(&mut self, number: u64, of: u64) {
        let phone = 34_600_000_000 + number % ACCOUNTS;
        match number % 5 {
            0 | 1 => {
                self.message(number, of, phone);
                self.applied += 1;
            }
            2 => {
                self.message(number - 1, of, phone - 1);
                self.duplicates += 1;
            }
            3 => {
                self.message(number, of, 34_999_999_999);
                self.quarantined += 1;
            }
            _ => {
                writeln!(
                    self.lines,
                    "{{\"source\":\"med\",\"event_id\":{number}, half"
                )
                .expect("write");
                self.quarantined += 1;
            }
        }
    }

    fn inputs(&self) -> u64 {
        self.applied + self.duplicates + self.quarantined
    }
}

/// Memory after the first quarter of a flood, and at the end.
#[derive(Debug)]
struct Peaks {
    early: u64,
    last: u64,
}

impl Peaks {
    fn assert_flat(&self, kept: u64) {
        println!("{self:?}, of which the state may keep {kept}");
        assert!(self.early > 0);
        assert!(
            self.last.saturating_sub(self.early) <= SLACK_BYTES + kept,
            "memory grows with what comes in: {self:?}"
        );
    }
}

/// Writes pieces to standard input of an ingest as fast as they are taken; gives what it says in the end.
fn pour(data: &Path, pieces: impl Iterator<Item = Vec<u8>>, count: usize) -> (Peaks, Value) {
    let mut child = umbral(&[
        "ingest",
        "--data",
        text(data),
        "--clock",
        "event",
        "--quiet",
    ])
    .args(["-o", "json", "--format", "ndjson", "-"])
    .stdin(Stdio::piped())
    .stdout(Stdio::piped())
    .spawn()
    .expect("start umbral");
    let mut input = child.stdin.take().expect("a pipe");
    let mut peaks = Peaks { early: 0, last: 0 };
    let (begun, mut waited) = (Instant::now(), Duration::ZERO);
    for (number, piece) in pieces.enumerate() {
        let ready = Instant::now();
        input.write_all(&piece).expect("it is taken");
        waited += ready.elapsed();
        let peak = peak_bytes(&child).expect("it is there");
        if number == count / 4 {
            peaks.early = peak;
        }
        peaks.last = peak;
    }
    let poured = begun.elapsed();
    println!("poured in {poured:?}, of which {waited:?} in waiting");
    assert!(
        waited > poured / 4,
        "the source is no faster than the process"
    );
    drop(input);
    // What it uses to come to an end counts, too.
    while child.try_wait().expect("wait").is_none() {
        peaks.last = peak_bytes(&child).unwrap_or(peaks.last);
        std::thread::park_timeout(Duration::from_micros(200));
    }
    let output = child.wait_with_output().expect("wait");
    assert!(output.status.success());
    (peaks, serde_json::from_slice(&output.stdout).expect("JSON"))
}

fn assert_counts(told: &Value, flood: &Flood) {
    let of = |name: &str| told[name].as_u64().expect("a count");
    let found = [
        of("applied"),
        of("duplicates"),
        of("quarantined"),
        of("inputs"),
    ];
    let must = [
        flood.applied,
        flood.duplicates,
        flood.quarantined,
        flood.inputs(),
    ];
    assert_eq!(found, must, "{told}");
}

#[test]
fn a_flood_from_a_pipe_has_to_wait_and_memory_stays_flat() {
    let root = tempfile::tempdir().expect("a folder");
    let data = init(root.path());
    let mut flood = Flood::default();
    flood.customers();
    let pieces = wanted(1_200);
    let made = (0..pieces).map(|piece| {
        for number in piece * 1_000..(piece + 1) * 1_000 {
            flood.mixed(number, pieces * 1_000);
        }
        std::mem::take(&mut flood.lines).into_bytes()
    });
    let (peaks, told) = pour(&data, made, pieces as usize);
    assert_counts(&told, &flood);
    peaks.assert_flat(KEY_BYTES * flood.applied);
}

#[test]
fn a_flood_of_endless_lines_is_quarantined_in_pieces() {
    let root = tempfile::tempdir().expect("a folder");
    let data = init(root.path());
    let records = wanted(3_000) as usize;
    // Each is as long as hundreds of records, so a batch of the usual number of inputs would be gigabytes.
    let mut line = vec![b'x'; 100_000];
    line.push(b'\n');
    let (peaks, told) = pour(&data, std::iter::repeat_n(line, records), records);
    assert_eq!(told["quarantined"].as_u64(), Some(records as u64));
    println!("{peaks:?}");
    assert!(
        peaks.last < ENDLESS_BYTES,
        "batches are bounded by their octets, too: {peaks:?}"
    );
}

/// A service on a drop folder, and how many files it has taken.
struct Service {
    child: Child,
    log: std::io::Lines<BufReader<std::process::ChildStderr>>,
    taken: u64,
}

impl Service {
    fn start(root: &Path) -> Service {
        let config = root.join("umbral.toml");
        let content = "data = \"data\"\nclock = \"event\"\nlisten = \"127.0.0.1:0\"\n[[follow]]\nrest_seconds = 0\nfolder = \"in\"\n";
        std::fs::write(&config, content).expect("write");
        let mut child = umbral(&["run", "--config", text(&config)])
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("start umbral");
        let log = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        Service {
            child,
            log,
            taken: 0,
        }
    }

    /// Waits until it has taken so many files; gives its memory then.
    fn take(&mut self, files: u64) -> u64 {
        while self.taken < files {
            let line = self.log.next().expect("it goes on").expect("a line");
            let told: Value = serde_json::from_str(&line).expect("JSON");
            assert_eq!(told["level"], "INFO", "{line}");
            self.taken += u64::from(told["message"] == "took a file");
        }
        peak_bytes(&self.child).expect("it is there")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a known file keeps: its name, its hash, how far it is read, and its sight in the folder.
const FILE_BYTES: u64 = 2 << 10;

#[test]
fn a_flood_of_small_files_and_two_large_ones_leaves_memory_flat() {
    let root = tempfile::tempdir().expect("a folder");
    let root = root.path();
    let data = init(root);
    let folder = root.join("in");
    std::fs::create_dir(&folder).expect("a folder");
    let (mut flood, mut names) = (Flood::default(), 0u64);
    let (files, large, small) = (wanted(2_400), wanted(100_000), 8);
    let records = files * small + 2 * large;
    let mut drop_file = |flood: &mut Flood| {
        names += 1;
        let path = folder.join(format!("{names:08}.ndjson"));
        std::fs::write(path, std::mem::take(&mut flood.lines)).expect("write");
        names
    };
    flood.customers();
    drop_file(&mut flood);
    let mut number = 0;
    for _ in 0..2 {
        for _ in 0..files / 2 {
            for _ in 0..small {
                flood.mixed(number, records);
                number += 1;
            }
            drop_file(&mut flood);
        }
        for _ in 0..large {
            flood.mixed(number, records);
            number += 1;
        }
        drop_file(&mut flood);
    }
    // All of it lies there before the first look: the service takes it as fast as it can, and no faster.
    let all = names;
    let mut service = Service::start(root);
    let early = service.take(all / 2 + 1);
    let last = service.take(all);
    let peaks = Peaks { early, last };
    drop(service);
    let verified = umbral(&["replay", "--verify", "--data", text(&data), "-o", "json"]).output();
    let verified: Value =
        serde_json::from_slice(&verified.expect("start umbral").stdout).expect("JSON");
    assert_eq!(verified["agrees"], true, "{verified}");
    assert_eq!(verified["inputs"], flood.inputs() + 1, "{verified}");
    peaks.assert_flat(KEY_BYTES * flood.applied / 2 + FILE_BYTES * all / 2);
}

//! kill -9 of the real process at random points of an ingest: nothing lost, doubled or different.
//!
//! The oracle shares no code with the engine: prices here are a flat amount per unit, so what every
//! record must cost is one multiplication in this file.

#![allow(clippy::expect_used, reason = "a test that cannot go on says why")]

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ACCOUNTS: u64 = 200;
const RECORDS: u64 = 60_000;
/// Micro-units for a second of a call, a message, and a kilobyte.
const PRICES: [(&str, u64); 3] = [("voice", 1_500), ("sms", 90_000), ("data", 200)];

/// A small generator of its own, so that a seed names a run.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

fn umbral(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_umbral"));
    command
        .args(arguments)
        .stdin(Stdio::null())
        .env("NO_COLOR", "1");
    command
}

fn succeed(arguments: &[&str]) -> String {
    let output = umbral(arguments).output().expect("start umbral");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "umbral {arguments:?} failed:\n{errors}"
    );
    String::from_utf8(output.stdout).expect("text")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

fn write_catalog(folder: &Path) {
    std::fs::create_dir_all(folder).expect("catalog folder");
    let files = [
        (
            "catalog.toml",
            "name = \"Crash\"\ncurrency = \"EUR\"\ntime_zone = \"Europe/Madrid\"\nvalid_from = 2026-01-01\n",
        ),
        (
            "plans.toml",
            r#"
[rate.call]
price = "0.0015 per second"
[rate.text]
price = "0.09 per event"
[rate.octets]
price = "0.0002 per kB"
increments = "1kB"
[plan.flat]
rules = [
  { service = "voice", rate = "call" },
  { service = "sms", rate = "text" },
  { service = "data", rate = "octets" },
]
[class.standard]
limit.exposure = "40.00"
warn_at = ["50%", "80%"]
on_breach = ["warn_sms", "bar outgoing"]
"#,
        ),
    ];
    for (name, content) in files {
        std::fs::write(folder.join(name), content).expect("write catalog");
    }
}

/// Writes the input file and returns what each record must cost, in micro-units, by event id.
fn write_inputs(file: &Path, seed: u64) -> BTreeMap<String, u64> {
    let mut random = Seeded(seed);
    let mut out = std::io::BufWriter::new(std::fs::File::create(file).expect("input file"));
    let mut prices = BTreeMap::new();
    for account in 0..ACCOUNTS {
        let at = "2026-03-01T00:00:00Z";
        writeln!(out, r#"{{"source":"crm","event_id":"c-{account}","occurred_at":"{at}","account_id":"A{account}","customer_added":{{"class":"standard","plan":"flat","time_zone":"Europe/Madrid","cycle_day":1,"vip_rank":0}}}}"#).expect("write");
        writeln!(out, r#"{{"source":"crm","event_id":"m-{account}","occurred_at":"{at}","account_id":"A{account}","member_added":{{"member_id":"M","identifiers":[{{"kind":"msisdn","value":"{}"}}]}}}}"#, 34_600_000_000 + account).expect("write");
    }
    for number in 0..RECORDS {
        let second = number * 20 + random.below(20);
        let at = format!(
            "2026-03-{:02}T{:02}:{:02}:{:02}Z",
            1 + second / 86_400,
            second / 3_600 % 24,
            second / 60 % 60,
            second % 60
        );
        let account = random.below(ACCOUNTS);
        let (service, price) = PRICES[random.below(3) as usize];
        let quantity = 1 + random.below(600);
        let written = if service == "data" {
            format!("{quantity}kB")
        } else {
            quantity.to_string()
        };
        writeln!(out, r#"{{"source":"med","event_id":"u-{number}","occurred_at":"{at}","identifier":{{"kind":"msisdn","value":"{}"}},"usage":{{"service":"{service}","to":"34911222333","quantity":"{written}"}}}}"#, 34_600_000_000 + account).expect("write");
        prices.insert(format!("u-{number}"), price * quantity);
    }
    out.flush().expect("write");
    prices
}

fn init(root: &Path, name: &str) -> PathBuf {
    let data = root.join(name);
    succeed(&[
        "init",
        "--data",
        text(&data),
        "--catalog",
        text(&root.join("catalog")),
        "--partitions",
        "16",
    ]);
    data
}

fn stream(data: &Path, name: &str) -> Vec<String> {
    let mut lines: Vec<String> = succeed(&["tail", "--data", text(data), "--stream", name])
        .lines()
        .map(str::to_owned)
        .collect();
    lines.sort_unstable();
    lines
}

fn check_prices(rated: &[String], expected: &BTreeMap<String, u64>) {
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    for line in rated {
        let event: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let amount = event["usage_rated"]["amount"].as_str().expect("an amount");
        let (whole, fraction) = amount.split_once('.').expect("decimals");
        let micros: u64 = format!("{whole}{fraction:0<6}").parse().expect("a number");
        let id = event["caused_by"]["event_id"]
            .as_str()
            .expect("an id")
            .to_owned();
        assert!(
            found.insert(id.clone(), micros).is_none(),
            "{id} was rated twice"
        );
    }
    assert_eq!(&found, expected);
}

fn ingest(data: &Path, file: &Path) -> Command {
    let (data, file) = (text(data), text(file));
    umbral(&[
        "ingest", "--data", data, "--clock", "event", "--quiet", file,
    ])
}

/// Ingests the file to its end, killing the process at random moments before `whole`, the time that an
/// undisturbed ingest takes, is over. Returns the number of kills.
fn ingest_with_kills(data: &Path, file: &Path, random: &mut Seeded, whole: Duration) -> u32 {
    let mut killed = 0;
    loop {
        let mut child = ingest(data, file)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("start umbral");
        let deadline =
            Instant::now() + Duration::from_micros(random.below(whole.as_micros() as u64));
        while Instant::now() < deadline && child.try_wait().expect("wait").is_none() {
            std::thread::yield_now();
        }
        if child.try_wait().expect("wait").is_none() {
            child.kill().expect("kill");
            child.wait().expect("wait");
            killed += 1;
            continue;
        }
        let output = child.wait_with_output().expect("wait");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "ingest after {killed} kills failed:\n{errors}"
        );
        return killed;
    }
}

#[test]
fn killed_at_random_points_nothing_is_lost_doubled_or_different() {
    let root = tempfile::tempdir().expect("a folder");
    let seed = 20_260_302;
    println!("seed {seed}");
    write_catalog(&root.path().join("catalog"));
    let file = root.path().join("month.ndjson");
    let expected = write_inputs(&file, seed);

    let calm = init(root.path(), "calm");
    let started = Instant::now();
    let output = ingest(&calm, &file).output().expect("start umbral");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let whole = started.elapsed();
    let rated = stream(&calm, "rated");
    check_prices(&rated, &expected);
    let credit = stream(&calm, "credit");
    let breached = credit.iter().any(|line| line.contains("limit_breached"));
    assert!(breached, "no limit was breached");

    let wanted = if std::env::var_os("UMBRAL_TEST_QUICK").is_some() {
        8
    } else {
        40
    };
    let mut random = Seeded(seed);
    let (mut kills, mut runs) = (0, 0);
    while kills < wanted {
        let data = init(root.path(), &format!("killed-{runs}"));
        kills += ingest_with_kills(&data, &file, &mut random, whole);
        assert_eq!(stream(&data, "rated"), rated, "run {runs}");
        assert_eq!(stream(&data, "credit"), credit, "run {runs}");
        assert_eq!(
            stream(&data, "quarantine"),
            Vec::<String>::new(),
            "run {runs}"
        );
        succeed(&["replay", "--verify", "--data", text(&data)]);
        std::fs::remove_dir_all(&data).expect("clean up");
        runs += 1;
        assert!(runs < 1_000, "the process is never killed while it works");
    }
    println!("{kills} kills in {runs} runs");
}

//! A broker that asks for tokens (SASL OAUTHBEARER) and ends sessions with them: everything works on tokens of a few
//! seconds, as long as somebody renews them.
#![allow(clippy::expect_used, reason = "a test that cannot go on says why")]

mod common;

use common::{run, stderr, stdout, text};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use umbral_broker::{Cluster, Settings};
use umbral_tests::kafka::instance::Instance;

/// How long a token lasts.
const SECONDS: u64 = 6;
const BOUND: Duration = Duration::from_secs(90);

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("after 1970").as_secs()
}

fn base64url(octets: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for three in octets.chunks(3) {
        let bits = three
            .iter()
            .fold(0u32, |bits, octet| (bits << 8) | u32::from(*octet));
        let bits = bits << (8 * (3 - three.len()));
        for index in 0..=three.len() {
            text.push(LETTERS[(bits >> (18 - 6 * index)) as usize & 63] as char);
        }
    }
    text
}

/// An unsigned token with these claims.
fn token(claims: &str) -> String {
    let head = base64url(br#"{"alg":"none"}"#);
    format!("{head}.{}.", base64url(claims.as_bytes()))
}

fn token_until(until: u64) -> String {
    token(&format!(
        r#"{{"sub":"umbral","iat":{},"exp":{until}}}"#,
        until - SECONDS
    ))
}

/// A file is there as a whole, or not at all.
fn put(path: &Path, content: &str) {
    let fresh = path.with_extension("fresh");
    std::fs::write(&fresh, content).expect("written");
    std::fs::rename(&fresh, path).expect("renamed");
}

/// Writes a fresh token every second, until it is dropped.
struct Renewing {
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Renewing {
    fn begin(path: PathBuf) -> Renewing {
        put(&path, &token_until(now() + SECONDS));
        let ends = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&ends);
        let thread = std::thread::spawn(move || {
            while !is_over.load(Ordering::SeqCst) {
                put(&path, &token_until(now() + SECONDS));
                std::thread::park_timeout(Duration::from_secs(1));
            }
        });
        let thread = Some(thread);
        Renewing { ends, thread }
    }
}

impl Drop for Renewing {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

/// The rest of a section `[kafka]` with tokens from there.
fn section(kafka: &Cluster, oauth: &str) -> String {
    let bootstrap = kafka.tokens().expect("a listener for tokens");
    format!(
        "bootstrap = \"{bootstrap}\"\nreplication = 1\n[kafka.oauth]\n{oauth}\n[kafka.librdkafka]\n\
         \"security.protocol\" = \"SASL_PLAINTEXT\"\n\"sasl.mechanism\" = \"OAUTHBEARER\"\n"
    )
}

fn written(folder: &Path, name: &str, section: &str) -> String {
    let path = folder.join(name);
    let content = format!("partitions = 4\n[kafka]\nmirror = \"cache\"\n{section}");
    std::fs::write(&path, content).expect("written");
    text(&path).to_owned()
}

/// Exit code and what was said.
fn planned(config: &str) -> (Option<i32>, String) {
    let output = run(&["topics", "plan", "--config", config]);
    (output.status.code(), stderr(&output))
}

fn said(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{arguments:?}: {}",
        stderr(&output)
    );
    stdout(&output)
}

#[test]
fn a_deployment_lives_on_tokens_that_are_renewed() {
    let kafka = Cluster::start(&Settings::one().with_tokens()).expect("a broker");
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let of_file = written(folder, "u.toml", &section(&kafka, "token_file = \"token\""));
    tokens_that_are_no_good(&kafka, folder, &of_file);

    let file = folder.join("token");
    let renewing = Renewing::begin(file.clone());
    said(&["topics", "create", "--config", &of_file]);
    assert_eq!(planned(&of_file), (Some(0), String::new()));
    let catalog = common::catalog(&folder.join("tariff"));
    said(&["catalog", "activate", "--config", &of_file, &catalog]);

    // One instance reads the file, the other one runs a command that leaves a trace.
    let runs = folder.join("runs");
    let command = format!("echo . >> '{}'; cat '{}'", runs.display(), file.display());
    let command = format!("token_command = [\"sh\", \"-c\", \"{command}\"]");
    let own = |oauth: &str| section(&kafka, oauth);
    let reads = own(&format!("token_file = \"{}\"", file.display()));
    let program = Path::new(env!("CARGO_BIN_EXE_umbral"));
    let more = "partitions = 4\nthreads = 1";
    let mut a = Instance::new(program, folder, "a", &reads, more);
    let mut b = Instance::new(program, folder, "b", &own(&command), more);
    a.start();
    b.start();
    let began = Instant::now();
    while !(a.is_ready() && b.is_ready()) {
        assert!(began.elapsed() < BOUND, "{}\n{}", a.log(), b.log());
        std::thread::park_timeout(Duration::from_millis(100));
    }

    // Records flow while the first tokens, and those after them, expire.
    let renewed = || {
        std::fs::read_to_string(&runs)
            .expect("runs")
            .lines()
            .count()
    };
    let end = now() + 3 * SECONDS;
    let mut sent = 0;
    while now() < end || renewed() < 4 {
        assert!(began.elapsed() < 2 * BOUND, "{}\n{}", a.log(), b.log());
        let records = folder.join(format!("{sent}.ndjson"));
        std::fs::write(&records, of_nobody(sent)).expect("written");
        said(&["ingest", text(&records), "--config", &of_file, "--quiet"]);
        sent += 1;
    }
    while waiting(&of_file) < sent {
        assert!(began.elapsed() < 3 * BOUND, "{sent} were sent\n{}", b.log());
    }
    assert!(a.is_ready() && b.is_ready(), "{}\n{}", a.log(), b.log());
    questions(&of_file, folder);
    assert!(a.stop() && b.stop(), "{}\n{}", a.log(), b.log());
    drop(renewing);
    for name in ["a", "b"] {
        let log = std::fs::read_to_string(folder.join(name).join("log")).expect("a log");
        assert!(!log.contains("eyJ"), "a token in the log: {log}");
    }
}

/// A record that ends in the quarantine, of an account that nobody has or of a number that nobody holds.
fn of_nobody(number: u64) -> String {
    let whose = match number % 2 {
        0 => format!(r#""account_id":"ghost{number}""#),
        _ => format!(r#""identifier":{{"kind":"msisdn","value":"3460000{number:04}"}}"#),
    };
    format!(
        "{{\"source\":\"med\",\"event_id\":\"u{number}\",\"occurred_at\":\"2026-03-02T09:00:00Z\",{whose},\
         \"usage\":{{\"service\":\"voice\",\"direction\":\"originating\",\"to\":\"34600111222\",\"quantity\":\"61s\"}}}}\n"
    )
}

/// Records in the quarantine.
fn waiting(config: &str) -> u64 {
    said(&["quarantine", "list", "--config", config, "-o", "json"])
        .lines()
        .count() as u64
}

/// Every command that asks brokers.
fn questions(config: &str, folder: &Path) {
    said(&["tail", "--config", config]);
    said(&["replay", "--verify", "--config", config]);
    said(&["quarantine", "resubmit", "--all", "--config", config]);
    let copied = folder.join("copied");
    said(&["copy", "--config", config, "--to", text(&copied)]);
    assert!(copied.is_dir());
}

fn tokens_that_are_no_good(kafka: &Cluster, folder: &Path, of_file: &str) {
    let file = folder.join("token");
    let (code, told) = planned(of_file);
    assert_eq!(code, Some(2), "{told}");
    assert!(
        told.contains(text(&file)) && told.contains("cannot be read"),
        "{told}"
    );

    put(&file, &token_until(now() - 60));
    let (code, told) = planned(of_file);
    assert_eq!(code, Some(2), "{told}");
    assert!(
        told.contains(text(&file)) && told.contains("expired 6"),
        "{told}"
    );
    assert!(!told.contains("eyJ"), "{told}");

    // Brokers want to know whose it is.
    put(&file, &token(&format!(r#"{{"exp":{}}}"#, now() + 60)));
    let (code, told) = planned(of_file);
    assert_eq!(code, Some(3), "{told}");
    assert!(told.contains("no way into 127.0.0.1"), "{told}");
    assert!(!told.contains("eyJ"), "{told}");

    let fails = section(
        kafka,
        "token_command = [\"sh\", \"-c\", \"echo eyJzebra; exit 7\"]",
    );
    let fails = written(folder, "fails.toml", &fails);
    let (code, told) = planned(&fails);
    assert_eq!(code, Some(2), "{told}");
    assert!(
        told.contains("token_command sh") && told.contains("exit status: 7"),
        "{told}"
    );
    assert!(!told.contains("zebra"), "{told}");
}

//! Running the real binary.
#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "a part of test programs, not of an interface"
)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

pub fn umbral(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_umbral"));
    command
        .args(arguments)
        .env_remove("UMBRAL_LOG")
        .stdin(Stdio::null());
    command
}

pub fn run(arguments: &[&str]) -> Output {
    umbral(arguments).output().expect("umbral starts")
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs with standard input.
pub fn run_with(arguments: &[&str], input: &str) -> Output {
    let mut child = umbral(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("umbral starts");
    let mut stdin = child.stdin.take().expect("standard input");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("umbral ends");
    writer.join().expect("writer").expect("all input is read");
    output
}

/// Runs, expects success, and gives standard output.
pub fn done(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(
        output.status.code(),
        Some(0),
        "umbral {arguments:?}\n{}",
        stderr(&output)
    );
    stdout(&output)
}

pub fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

pub fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// A small catalog with the example of the command line's contract.
pub fn catalog(folder: &Path) -> String {
    let files = [
        (
            "catalog.toml",
            "name = \"Norte\"\ncurrency = \"EUR\"\ntime_zone = \"Europe/Madrid\"\nvalid_from = 2026-01-01\n",
        ),
        ("zones.csv", "prefix,zone\n34,national\n"),
        (
            "tariff.toml",
            r#"
[rate.national]
setup = "0.15"
price = "0.09 per minute"
increments = "30s, then 1s"
rounding = "half_up to 4"
[rate.message]
price = "0.10 per event"
[plan.libre]
rules = [
  { service = "voice", zone = "national", rate = "national" },
  { service = "sms", rate = "message" },
]
[class.standard]
limit.exposure = "1.00"
warn_at = ["50%", "80%"]
on_breach = ["warn_sms", "bar outgoing"]
[[case]]
plan = "libre"
record = { service = "voice", to = "34600111222", start = "2026-03-02T10:00:00+01:00", usage = "61s" }
charge = "0.2415"
"#,
        ),
    ];
    std::fs::create_dir_all(folder).expect("catalog folder");
    for (name, content) in files {
        std::fs::write(folder.join(name), content).expect("write catalog");
    }
    text(folder).to_owned()
}

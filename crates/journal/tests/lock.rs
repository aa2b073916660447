//! The lock between processes. In a test binary of its own: a process that is being started holds the files of
//! the one that starts it for a moment, locks too.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::temp_creation;
use umbral_journal::{DataDir, JournalError};

/// Not a test of its own: what the child process of the next test does.
#[test]
fn child_holds_the_lock() {
    let Ok(path) = std::env::var("JOURNAL_TEST_HOLD") else {
        return;
    };
    let dir = DataDir::open(path.as_ref()).unwrap();
    let _lock = dir.lock().unwrap();
    println!("held");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
}

#[test]
fn a_second_process_is_refused_and_a_dead_one_leaves_no_lock() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("d");
    let dir = DataDir::create(&path, &temp_creation()).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_holds_the_lock", "--nocapture"])
        .env("JOURNAL_TEST_HOLD", &path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    assert!(output.lines().any(|line| line.unwrap().contains("held")));
    let refused = dir.lock().err().unwrap();
    assert!(matches!(refused, JournalError::Locked { .. }));
    assert!(
        refused.to_string().contains(&child.id().to_string()),
        "{refused}"
    );
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(dir.lock().is_ok());
}

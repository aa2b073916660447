//! Killed while it copies a deployment: what is there is opened by nobody until it is whole, and whole at last.

use crate::archiving::made;
use crate::disturb::{Seeded, Tally, Victim, moment, seed, succeed, text, umbral, wanted};
use std::process::Command;
use std::time::{Duration, Instant};

/// What is the same in a copy: outputs by account, an account, the state.
fn told(data: &str) -> (Vec<String>, String, String) {
    let mut lines: Vec<String> = succeed(&["tail", "--data", data])
        .lines()
        .map(str::to_owned)
        .collect();
    lines.sort();
    let account = succeed(&["account", "A3", "--data", data, "-o", "json"]);
    let verified = succeed(&["replay", "--verify", "--data", data, "-o", "json"]);
    let verified: serde_json::Value = serde_json::from_str(&verified).expect("JSON");
    assert_eq!(verified["agrees"], true);
    (lines, account, verified["state_hash"].to_string())
}

#[test]
fn killed_while_it_copies_it_is_whole_at_last() {
    let mut random = Seeded::new(seed(20_260_602));
    let root = tempfile::tempdir().expect("a folder");
    let root = root.path();
    made(root);
    let source = root.join("data");
    let source = text(&source);
    let expected = told(source);
    let copy = |to: &str, partitions: &str| -> Command {
        umbral(&[
            "copy",
            "--data",
            source,
            "--to",
            to,
            "--partitions",
            partitions,
            "--segment-bytes",
            "262144",
        ])
    };
    let calm = root.join("calm");
    let started = Instant::now();
    Victim::start(copy(text(&calm), "9")).finish("copy");
    let whole = started.elapsed().max(Duration::from_millis(5));
    assert!(
        told(text(&calm)) == expected,
        "a copy that nobody disturbed"
    );
    assert_eq!(succeed(&["tail", "--new", "--data", text(&calm)]), "");
    let mut tally = Tally::default();
    while tally.kills < wanted(24) {
        let to = root.join(format!("copy-{}", tally.rounds));
        let partitions = random.pick(&["1", "5", "64"]);
        loop {
            let mut victim = Victim::start(copy(text(&to), partitions));
            victim.work_for(moment(&mut random, whole));
            let output = victim.kill_or_end();
            if output.status.code().is_some() {
                let words = String::from_utf8_lossy(&output.stderr);
                // A kill right behind its last step leaves nothing to do.
                let is_made = words.contains("is a data directory already");
                assert!(output.status.success() || is_made, "{words}");
                break;
            }
            tally.count(&to);
            if !to.join("umbral.json").exists() {
                let tail = umbral(&["tail", "--data", text(&to)]);
                let opened = { tail }.output().expect("umbral starts");
                assert_eq!(opened.status.code(), Some(3), "half a copy was opened");
            }
        }
        if tally.rounds.is_multiple_of(4) {
            assert!(told(text(&to)) == expected, "{tally:?}");
        }
        tally.rounds += 1;
        assert!(tally.rounds < 500, "it is never killed while it works");
    }
    println!("{tally:?} within {whole:?}");
}

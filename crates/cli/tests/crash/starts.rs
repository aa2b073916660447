//! What a start says about snapshots in its log.

use crate::disturb::{Seeded, text, umbral};
use std::path::Path;
use std::process::Command;

/// A start as its log tells of it.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Start {
    /// The snapshot that it began with, 0 for the journal alone; none where it did not come to that.
    pub(crate) snapshot: Option<u64>,
    /// Snapshots that it did not use, with the file at fault, in the order of the log.
    pub(crate) refused: Vec<(u64, String)>,
}

impl Start {
    pub(crate) fn told_by(log: &[u8]) -> Start {
        let mut start = Start {
            snapshot: None,
            refused: Vec::new(),
        };
        for line in String::from_utf8_lossy(log).lines() {
            // The last line of a process that was killed may be a half.
            let Ok(told) = serde_json::from_str::<serde_json::Value>(line) else {
                continue;
            };
            let number = || told["snapshot"].as_u64().expect("a number");
            let message = told["message"].as_str().expect("a message");
            if message == "engine started" {
                start.snapshot = Some(number());
            } else if message.starts_with("Snapshot is not used") {
                let (file, reason) = (told["file"].as_str(), told["reason"].as_str());
                assert!(reason.is_some_and(|reason| !reason.is_empty()), "{line}");
                let file = file.expect("a file").to_owned();
                start.refused.push((number(), file));
            }
        }
        start
    }
}

/// Takes one file with segments that roll every few batches, and logs what it begins with.
pub(crate) fn ingest_one(data: &Path, file: &Path, random: &mut Seeded) -> Command {
    let (threads, batch) = (random.pick(&["1", "2", "3"]), random.pick(&["64", "512"]));
    let segment = random.pick(&["16384", "65536", "1000000"]);
    let mut command = umbral(&["ingest", "--data", text(data), "--clock", "event"]);
    command
        .args(["--quiet", "--threads", threads, "--batch", batch])
        .args(["--segment-bytes", segment, text(file)])
        .env("UMBRAL_LOG", "info");
    command
}

//! Fuzzing: what every decoder and parser is put through. Each target is one function of bytes that panics where
//! something does not hold; libFuzzer (`tests/fuzz`), the bounded run of the tests and `cargo xtask soak --fuzz`
//! share it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a target that cannot go on has found something"
)]

pub mod mutate;

pub(crate) mod catalogs;
mod decide;
mod files;
mod log;
mod messages;
mod seeds;
mod snapshots;
mod wire;
mod words;

use mutate::Mutator;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// One decoder or parser.
pub struct Target {
    /// Its name, also of the libFuzzer target.
    pub name: &'static str,
    /// Takes any bytes; panics where something does not hold.
    pub run: fn(&[u8]),
    /// Small valid examples.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Kilobytes that the bounded run puts in.
    pub bounded_kilobytes: u64,
    /// Longest input that is made.
    pub max_bytes: usize,
}

const fn target(
    name: &'static str,
    run: fn(&[u8]),
    seeds: fn() -> Vec<Vec<u8>>,
    (bounded_kilobytes, max_bytes): (u64, usize),
) -> Target {
    Target {
        name,
        run,
        seeds,
        bounded_kilobytes,
        max_bytes,
    }
}

const LONG: usize = 64 << 10;
const SHORT: usize = 2 << 10;

/// All targets.
pub const TARGETS: [Target; 23] = [
    target("protobuf", wire::protobuf, seeds::protobuf, (24_000, LONG)),
    target(
        "delimited",
        wire::delimited,
        seeds::delimited,
        (24_000, LONG),
    ),
    target("json", wire::json, seeds::json, (24_000, LONG)),
    target(
        "message",
        messages::message,
        messages::message_seeds,
        (16_000, LONG),
    ),
    target("frame", wire::frame, seeds::frames, (24_000, LONG)),
    target("commit", wire::commit, seeds::commits, (16_000, LONG)),
    target("segment", log::segment, log::segments, (16_000, LONG)),
    target("manifest", log::manifest, log::manifests, (4_000, LONG)),
    target(
        "snapshot",
        snapshots::snapshot,
        snapshots::snapshot_seeds,
        (8_000, LONG),
    ),
    target(
        "rows",
        snapshots::rows,
        snapshots::row_seeds,
        (12_000, LONG),
    ),
    target(
        "directory",
        snapshots::directory,
        snapshots::directory_seeds,
        (12_000, LONG),
    ),
    target(
        "restore",
        snapshots::restore,
        snapshots::restore_seeds,
        (2_000, 16 << 10),
    ),
    target("csv", files::csv, files::csv_seeds, (12_000, LONG)),
    target("fixed", files::fixed, files::fixed_seeds, (12_000, LONG)),
    target("packed", files::packed, files::packed_seeds, (4_000, LONG)),
    target(
        "mapping",
        files::mapping,
        files::mapping_seeds,
        (6_000, 16 << 10),
    ),
    target(
        "catalog",
        catalogs::catalog,
        catalogs::catalog_seeds,
        (6_000, LONG),
    ),
    target(
        "cgrates",
        catalogs::cgrates,
        catalogs::cgrates_seeds,
        (6_000, LONG),
    ),
    target(
        "rate_line",
        catalogs::rate_line,
        catalogs::rate_line_seeds,
        (12_000, LONG),
    ),
    target("words", words::words, words::seeds, (8_000, SHORT)),
    target("decide", decide::decide, decide::seeds, (4_000, LONG)),
    target("model", decide::model, decide::model_seeds, (40, SHORT)),
    target("credit", decide::credit, decide::model_seeds, (400, SHORT)),
];

/// The target of this name.
pub fn find(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// Puts bytes into the target of this name, for libFuzzer.
///
/// # Panics
/// Where something does not hold, or there is no such target.
pub fn call(name: &str, bytes: &[u8]) {
    let Some(target) = find(name) else {
        panic!("there is no target {name}");
    };
    (target.run)(bytes);
}

/// What a run came to.
#[derive(Clone, Copy, Default, Debug)]
pub struct Report {
    /// Inputs that were put in.
    pub inputs: u64,
    /// Their bytes together.
    pub bytes: u64,
}

/// Puts seeds and then made inputs in, until so many bytes are through; `about` is told before each input.
///
/// # Panics
/// Where an input shows a fault: with target, seed and number, by which `made` gives it again.
pub fn run(target: &Target, seed: u64, bytes: u64, about: &mut dyn FnMut(u64, u64)) -> Report {
    let seeds = (target.seeds)();
    let mut report = Report::default();
    let mutator = Mutator::new(seeds, target.max_bytes, seed);
    let mut input = Vec::new();
    while report.bytes < bytes {
        about(report.inputs, report.bytes);
        mutator.make(report.inputs, &mut input);
        if catch_unwind(AssertUnwindSafe(|| (target.run)(&input))).is_err() {
            panic!(
                "target {} fails: seed {seed}, input {}, {}",
                target.name,
                report.inputs,
                shown(&input)
            );
        }
        report.inputs += 1;
        report.bytes += input.len() as u64;
    }
    report
}

/// The input of a number, as `run` made it.
pub fn made(target: &Target, seed: u64, number: u64) -> Vec<u8> {
    let mut input = Vec::new();
    Mutator::new((target.seeds)(), target.max_bytes, seed).make(number, &mut input);
    input
}

fn shown(input: &[u8]) -> String {
    let text = String::from_utf8_lossy(&input[..input.len().min(2_000)]);
    format!("{} bytes: {text:?}", input.len())
}

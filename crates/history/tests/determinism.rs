//! The same inputs give the same outputs and the same state, whatever the number of threads, the size of
//! batches, the points of restart; and, account by account, whatever the number of partitions.

#![allow(
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

mod common;

use common::*;
use umbral_runtime::Options;

/// Everything that came out, and the state at the end.
#[derive(PartialEq, Debug)]
struct Result {
    outputs: Vec<String>,
    hashes: Vec<u128>,
    counts: umbral_model::journal::Counts,
}

fn run(partitions: u16, options: Options, text: &str, restarts: &[u64]) -> (Place, Result) {
    let place = Place::new(partitions);
    let file = place.file("stream.ndjson", text);
    for records in restarts {
        let engine = place.engine(options.clone());
        let ingested = ingest_until(&engine, &file, *records);
        assert!(!ingested.done, "the restart is before the end");
        engine.stop().expect("stopped");
    }
    let engine = place.engine(options);
    let ingested = ingest(&engine, &file);
    assert!(ingested.done);
    assert_eq!(
        ingested.records,
        text.lines().count() as u64,
        "every record is counted"
    );
    let (committed, hashes) = engine.stop_with_hashes().expect("stopped");
    assert_adds_up(&committed);
    let result = Result {
        outputs: outputs(&place.dir),
        hashes,
        counts: committed.counts,
    };
    (place, result)
}

fn first_difference(left: &[String], right: &[String]) -> String {
    let at = left.iter().zip(right).position(|(a, b)| a != b);
    match at {
        Some(at) => format!("output {at}:\n{}\n{}", left[at], right[at]),
        None => format!("{} and {} outputs", left.len(), right.len()),
    }
}

fn assert_same(expected: &Result, found: &Result, what: &str) {
    assert!(
        expected.outputs == found.outputs,
        "{what}: {}",
        first_difference(&expected.outputs, &found.outputs)
    );
    assert_eq!(expected.hashes, found.hashes, "{what}: state");
    assert_eq!(expected.counts, found.counts, "{what}: counts");
}

#[test]
fn threads_and_batches_change_nothing() {
    let text = stream(40, 1_500);
    let (_place, expected) = run(
        8,
        Options {
            workers: 1,
            ..event_options()
        },
        &text,
        &[],
    );
    assert!(expected.counts.applied > 1_000, "{:?}", expected.counts);
    assert!(expected.counts.duplicates > 10, "{:?}", expected.counts);
    assert!(expected.counts.quarantined > 50, "{:?}", expected.counts);
    for (workers, batch_inputs) in [(2, 8_192), (4, 8_192), (1, 7), (2, 7), (4, 7), (2, 1)] {
        let options = Options {
            workers,
            batch_inputs,
            ..event_options()
        };
        let (_place, found) = run(8, options, &text, &[]);
        assert_same(
            &expected,
            &found,
            &format!("{workers} workers, batches of {batch_inputs}"),
        );
    }
}

#[test]
fn restarts_change_nothing() {
    let text = stream(40, 6_000);
    let (_place, expected) = run(8, event_options(), &text, &[]);
    for restarts in [&[1u64][..], &[2_000, 4_000], &[1_000, 1_001, 1_002, 5_000]] {
        let options = Options {
            batch_inputs: 500,
            ..event_options()
        };
        let (_place, found) = run(8, options, &text, restarts);
        assert_same(&expected, &found, &format!("restarts at {restarts:?}"));
    }
}

#[test]
fn a_source_that_was_read_is_not_read_again() {
    let text = stream(10, 300);
    let (place, expected) = run(4, event_options(), &text, &[]);
    let engine = place.engine(event_options());
    let file = place.file("the-same-under-another-name.ndjson", &text);
    let again = ingest(&engine, &file);
    assert_eq!(
        (again.records, again.skipped),
        (again.records, again.records)
    );
    let (committed, hashes) = engine.stop_with_hashes().expect("stopped");
    assert_eq!(
        (committed.counts, hashes),
        (expected.counts, expected.hashes)
    );
}

#[test]
fn the_partition_count_changes_nothing_for_an_account() {
    let text = stream(40, 2_000);
    let (place, expected) = run(1, event_options(), &text, &[]);
    let by_account = outputs_by_account(&place.dir);
    assert_eq!(by_account.len(), 40);
    for partitions in [8, 64] {
        let (place, found) = run(partitions, event_options(), &text, &[]);
        assert_eq!(expected.counts, found.counts, "{partitions} partitions");
        for (account, outputs) in outputs_by_account(&place.dir) {
            let before = &by_account[&account];
            assert!(
                *before == outputs,
                "{partitions} partitions, {account}: {}",
                first_difference(before, &outputs)
            );
        }
    }
}

/// The stream, with a version that is announced at its beginning and in force ten days later: its limits are
/// half as high.
fn stream_with_a_later_version() -> String {
    let text = stream(40, 3_000);
    let tariff = TARIFF
        .replace("\"20.00\"", "\"10.00\"")
        .replace("\"500.00\"", "\"40.00\"");
    assert_ne!(tariff, TARIFF);
    let from = instant(10 * 86_400 + 100);
    let later = activation_from("later", &tariff, (&instant(60), &from), false);
    let mut lines: Vec<&str> = text.lines().collect();
    lines.insert(90, &later);
    lines.join("\n") + "\n"
}

#[test]
fn a_version_that_comes_into_force_later_acts_at_its_time_everywhere() {
    let text = stream_with_a_later_version();
    let (place, expected) = run(8, event_options(), &text, &[]);
    let by_config = expected
        .outputs
        .iter()
        .filter(|line| line.contains("threshold_crossed") && line.contains("\"cause\":\"config\""))
        .count();
    assert!(by_config > 5, "{by_config} crossings by the new limits");
    assert_eq!(
        place
            .history()
            .verify(&mut |_| {})
            .expect("verified")
            .difference,
        None
    );

    let options = Options {
        batch_inputs: 100,
        workers: 1,
        ..event_options()
    };
    let (place, found) = run(8, options, &text, &[1, 1_100, 2_100]);
    assert_same(&expected, &found, "restarts");
    assert_eq!(
        place
            .history()
            .verify(&mut |_| {})
            .expect("verified")
            .difference,
        None
    );

    let by_account = outputs_by_account(&place.dir);
    let (place, _) = run(64, event_options(), &text, &[]);
    for (account, outputs) in outputs_by_account(&place.dir) {
        let before = &by_account[&account];
        assert!(
            *before == outputs,
            "{account}: {}",
            first_difference(before, &outputs)
        );
    }
    assert_eq!(
        place
            .history()
            .verify(&mut |_| {})
            .expect("verified")
            .difference,
        None
    );
}

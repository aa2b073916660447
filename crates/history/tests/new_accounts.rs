//! Files of customers that nobody announced: a mapping with `create_accounts` opens each account once,
//! whatever the batches, restarts and further files.

#![allow(
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

mod common;

use common::*;
use std::fmt::Write as _;
use std::sync::Arc;
use umbral_intake::mapping::Mapping;
use umbral_intake::reader::{self, Merged, SourceFile};
use umbral_runtime::{Engine, Go, Ingested, Options};

const MAPPING: &str = r#"
format = "csv"
source = "shop"
event_id = "row"
account = { column = "customer", prefix = "S-" }
[time]
column = "day"
formats = ["%Y-%m-%d"]
zone = "UTC"
[[record]]
kind = "purchase"
method = "cash"
category = "goods"
net = { column = "amount" }
[create_accounts]
class = "standard"
time_zone = "UTC"
"#;

fn options() -> reader::Options {
    let mapping = Mapping::parse("m.toml", MAPPING).expect("a mapping");
    reader::Options {
        mapping: Some(Arc::new(mapping)),
        ..reader::Options::default()
    }
}

fn rows(first_day: u64, rows: u64) -> String {
    let mut text = "customer,day,amount\n".to_owned();
    for row in 0..rows {
        let day = first_day + row * 20 / rows;
        let _ = writeln!(text, "{},2026-03-{day:02},{}.00", row % 50, row % 9 + 1);
    }
    text
}

fn read(engine: &Engine, file: &str, until: u64) -> Ingested {
    let mut source = SourceFile::open(file, &options()).expect("a source");
    engine
        .ingest(
            &mut source,
            &mut |progress| match progress.records >= until {
                true => Go::Stop,
                false => Go::On,
            },
        )
        .expect("ingested")
}

fn opened(place: &Place) -> usize {
    outputs(&place.dir)
        .iter()
        .filter(|line| line.contains("account_opened"))
        .count()
}

#[test]
fn every_account_is_opened_once() {
    for (batch_inputs, restart) in [(8_192, u64::MAX), (7, u64::MAX), (100, 1_500)] {
        let place = Place::new(8);
        let first = place.file("first.csv", &rows(1, 3_000));
        let second = place.file("second.csv", &rows(8, 1_000));
        let options = Options {
            batch_inputs,
            ..event_options()
        };
        let mut engine = place.engine(options.clone());
        if !read(&engine, &first, restart).done {
            engine.stop().expect("stopped");
            engine = place.engine(options);
            assert!(read(&engine, &first, u64::MAX).done);
        }
        read(&engine, &second, u64::MAX);
        let committed = engine.stop().expect("stopped");
        assert_adds_up(&committed);
        assert_eq!(committed.counts.quarantined, 0);
        assert_eq!(
            committed.counts.inputs,
            1 + 4_000 + 50,
            "catalog, rows, openings"
        );
        assert_eq!(opened(&place), 50, "batches of {batch_inputs}");
    }
}

#[test]
fn files_of_the_same_weeks_are_merged_and_taken_up_again() {
    let text = [rows(1, 2_000), rows(1, 1_500)];
    let whole = {
        let place = Place::new(8);
        let files = [place.file("a.csv", &text[0]), place.file("b.csv", &text[1])];
        let engine = place.engine(event_options());
        assert!(merge(&engine, &files, u64::MAX).done);
        let (_, hashes) = engine.stop_with_hashes().expect("stopped");
        hashes
    };
    let place = Place::new(8);
    let files = [place.file("a.csv", &text[0]), place.file("b.csv", &text[1])];
    let engine = place.engine(event_options());
    assert!(!merge(&engine, &files, 1_000).done);
    engine.stop().expect("stopped");
    let engine = place.engine(event_options());
    let ingested = merge(&engine, &files, u64::MAX);
    assert_eq!((ingested.done, ingested.records), (true, 3_500));
    let (committed, hashes) = engine.stop_with_hashes().expect("stopped");
    assert_eq!(committed.counts.quarantined, 0);
    assert_eq!(hashes, whole);
}

fn merge(engine: &Engine, files: &[String], until: u64) -> Ingested {
    let sources = files
        .iter()
        .map(|file| {
            let mut source = SourceFile::open(file, &options()).expect("a source");
            let id = reader::RecordReader::content_id(&source)
                .expect("an id")
                .to_owned();
            let taken = engine
                .source_position(&id)
                .map_or(0, |position| position.records);
            reader::RecordReader::skip_records(&mut source, taken).expect("skipped");
            source
        })
        .collect();
    let mut merged = Merged::new(sources).expect("merged");
    engine
        .ingest_merged(
            &mut merged,
            &mut |progress| match progress.records >= until {
                true => Go::Stop,
                false => Go::On,
            },
        )
        .expect("ingested")
}

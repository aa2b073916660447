//! Derived records are what `tail` gives, record by record, in either form, from the frames of an engine's run.

#![allow(
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

use prost::Message;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use tempfile::TempDir;
use umbral_history::{History, TailFilter};
use umbral_intake::reader::Refusal;
use umbral_kafka::outputs::{Counters, Format, Publisher, STREAMS, Settings, index_of};
use umbral_model::event::Stream;
use umbral_model::ids::PartitionNo;
use umbral_model::input::Incoming;
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::{Date, Timestamp};
use umbral_runtime::{
    Chunk, ClockMode, Engine, Founding, Options, Original, Record, Scanner, WorldFold, init,
};
use umbral_wire::{WireError, json, proto, schema};
use umbral_workload::{Operator, Parameters};

const FORMATS: [Format; 2] = [Format::Json, Format::Protobuf];

/// A record as it was handed out, and the partition that it came from.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Handed {
    partition: u16,
    stream: Stream,
    key: Option<String>,
    value: Vec<u8>,
    headers: Vec<(String, String)>,
}

impl Handed {
    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

fn files(folder: &Path, root: &Path, into: &mut Vec<(smol_str::SmolStr, smol_str::SmolStr)>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.strip_prefix(root).expect("below").to_string_lossy();
        if path.is_dir() {
            files(&path, root, into);
        } else if name.ends_with(".toml") || name.ends_with(".csv") {
            let text = std::fs::read_to_string(&path).expect("a file");
            into.push((name.as_ref().into(), text.into()));
        }
    }
}

/// A data directory in which an operator ran for three months, with records that name nobody or are none.
fn journal() -> &'static Path {
    static JOURNAL: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_, dir) = JOURNAL.get_or_init(|| {
        let temp = tempfile::tempdir().expect("a directory");
        let dir = temp.path().join("data");
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/catalogs/demo");
        let mut catalog = Vec::new();
        files(&root, &root, &mut catalog);
        catalog.sort();
        let founding = Founding {
            partitions: 3,
            catalogs: vec![catalog],
            at: Timestamp::parse("2026-01-01T00:00:00Z").expect("an instant"),
            created_by: "test".to_owned(),
        };
        init(&dir, founding).expect("a new data directory");
        fill(&dir);
        (temp, dir)
    });
    dir
}

fn fill(dir: &Path) {
    let options = Options {
        batch_inputs: 500,
        ..Options::with_clock(ClockMode::Event)
    };
    let engine = Engine::open(dir, options).expect("an engine");
    // Of an account that is not there yet, before any is: its record has the deployment's currency all the same.
    let early = r#"{"source":"s","event_id":"early","occurred_at":"2026-03-01T00:00:00Z","account_id":"nobody","charge_added":{"amount":"1.00","code":"x"}}"#;
    let early = json::parse_incoming(early.as_bytes()).expect("an input");
    engine.offer(Chunk::made(vec![early])).expect("taken");
    engine.offer(unreadable()).expect("taken");
    let parameters = Parameters {
        subscribers: 200,
        months: 3,
        seed: 5,
        start: Date::from_ymd(2026, 3, 1).expect("a day"),
    };
    let mut operator = Operator::new(parameters).expect("an operator");
    loop {
        let inputs: Vec<Incoming> = operator.by_ref().take(1_000).collect();
        if inputs.is_empty() {
            break;
        }
        engine.offer(Chunk::made(inputs)).expect("taken");
    }
    engine.offer(unreadable()).expect("taken");
    engine.stop().expect("stopped");
}

/// Two records that are none: one is no text.
fn unreadable() -> Chunk {
    let record = |from, to| Record {
        content: Err(Refusal::from(Rejection::new(Reason::Unreadable, "nothing"))),
        original: Original::Span(from, to),
        ..Record::made(
            json::parse_incoming(
                br#"{"source":"s","event_id":"e","occurred_at":"2026-03-01T00:00:00Z","tick":{}}"#,
            )
            .expect("a tick"),
        )
    };
    Chunk {
        sources: Vec::new(),
        format: "json".into(),
        bytes: Arc::new(b"no record\xff\xfe".to_vec()),
        records: vec![record(0, 9), record(9, 11)],
    }
}

fn settings(format: Format, rated: bool) -> Settings {
    Settings {
        format,
        rated,
        schema_ids: [None; STREAMS.len()],
        source: "/umbral/test".to_owned(),
    }
}

/// What the publisher makes of the journal, and the counters after it.
fn published(settings: &Settings) -> (Vec<Handed>, BTreeMap<PartitionNo, Counters>) {
    let mut scanner = Scanner::open(journal()).expect("a journal");
    let mut world = WorldFold::new();
    let mut publisher = Publisher::new(settings.clone());
    let mut counters: BTreeMap<PartitionNo, Counters> = BTreeMap::new();
    let mut handed = Vec::new();
    while let Some(batch) = scanner.next_batch().expect("a batch") {
        world.follow(&batch.commit).expect("a world");
        for (partition, frame) in batch.frames {
            let counters = counters.entry(partition).or_default();
            let done = publisher.publish(&frame, world.world(), counters, &mut |record| {
                let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("a text");
                let header = |(name, value): &(&str, &[u8])| ((*name).to_owned(), text(value));
                handed.push(Handed {
                    partition: partition.0,
                    stream: record.stream,
                    key: record.key.map(str::to_owned),
                    value: record.value.to_vec(),
                    headers: record.headers.iter().map(header).collect(),
                });
                Ok::<(), WireError>(())
            });
            done.expect("a frame");
        }
    }
    (handed, counters)
}

/// What `tail` gives: stream, key and value.
fn tailed(format: Format, rated: bool) -> Vec<(Stream, Option<String>, Vec<u8>)> {
    let history = History::open(journal()).expect("a history");
    let mut tail = history.tail(TailFilter::default()).expect("a tail");
    let mut found = Vec::new();
    let _ = tail
        .poll(&mut |output, line| {
            let mut value = Vec::new();
            match format {
                Format::Json => value.extend_from_slice(line.as_bytes()),
                Format::Protobuf => proto::encode_output(output, &mut value),
            }
            let key = output.account_id.map(|account| account.as_str().to_owned());
            found.push((output.body.stream(), key, value));
            ControlFlow::Continue(())
        })
        .expect("read");
    found.retain(|(stream, ..)| rated || *stream != Stream::Rated);
    found
}

#[test]
fn records_are_those_of_tail() {
    for format in FORMATS {
        for rated in [true, false] {
            let (handed, _) = published(&settings(format, rated));
            let parts = |one: &Handed| (one.stream, one.key.clone(), one.value.clone());
            let mut ours: Vec<_> = handed.iter().map(parts).collect();
            let mut theirs = tailed(format, rated);
            ours.sort();
            theirs.sort();
            assert_eq!(ours.len(), theirs.len(), "{format:?} {rated}");
            assert!(ours == theirs, "{format:?} {rated}");
            for stream in STREAMS {
                let some = ours.iter().any(|(found, ..)| *found == stream);
                assert_eq!(some, rated || stream != Stream::Rated, "{stream:?}");
            }
        }
    }
}

#[test]
fn an_account_has_its_records_in_its_order() {
    let mut ours: BTreeMap<Option<String>, Vec<Vec<u8>>> = BTreeMap::new();
    for one in published(&settings(Format::Json, true)).0 {
        ours.entry(one.key).or_default().push(one.value);
    }
    let mut theirs: BTreeMap<Option<String>, Vec<Vec<u8>>> = BTreeMap::new();
    for (_, key, value) in tailed(Format::Json, true) {
        theirs.entry(key).or_default().push(value);
    }
    ours.remove(&None);
    theirs.remove(&None);
    assert!(ours == theirs);
}

#[test]
fn numbers_are_gapless_in_each_partition_and_stream() {
    let (handed, counters) = published(&settings(Format::Protobuf, true));
    let mut last: BTreeMap<PartitionNo, Counters> = BTreeMap::new();
    for one in &handed {
        let index = index_of(one.stream).expect("a published stream");
        let number = &mut last.entry(PartitionNo(one.partition)).or_default()[index];
        *number += 1;
        assert_eq!(one.header("umbral-seq"), Some(number.to_string().as_str()));
    }
    assert_eq!(last, counters);
    assert_eq!(counters.len(), 3);
}

#[test]
fn headers_say_what_the_value_says() {
    for one in published(&settings(Format::Json, true)).0 {
        let value: serde_json::Value = serde_json::from_slice(&one.value).expect("JSON");
        let kind = value
            .as_object()
            .and_then(|fields| fields.keys().next_back());
        let kind = format!("umbral.{}.v1", kind.expect("a body"));
        let expected = [
            ("ce_specversion", Some("1.0")),
            ("ce_id", value["out_id"].as_str()),
            ("ce_source", Some("/umbral/test")),
            ("ce_type", Some(kind.as_str())),
            ("ce_time", value["effective_at"].as_str()),
            ("content-type", Some("application/json")),
            ("ce_subject", value["account_id"].as_str()),
        ];
        for (name, value) in expected {
            assert_eq!(one.header(name), value, "{name}: {one:?}");
        }
        assert_eq!(one.key.as_deref(), value["account_id"].as_str());
        let names: Vec<&str> = one.headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names.len(), 7 + usize::from(one.key.is_some()), "{names:?}");
    }
}

#[test]
fn a_quarantined_record_without_account_has_no_key() {
    let (handed, _) = published(&settings(Format::Protobuf, true));
    let nobodys: Vec<&Handed> = handed.iter().filter(|one| one.key.is_none()).collect();
    assert!(nobodys.len() >= 4);
    for one in nobodys {
        // A purchase of nobody known is told to those who follow points.
        let expected = [Stream::Quarantine, Stream::Loyalty];
        assert!(expected.contains(&one.stream), "{:?}", one.stream);
        let header = one.header("content-type");
        assert_eq!(header, Some("application/protobuf"));
        let output = schema::Output::decode(one.value.as_slice()).expect("an output");
        assert_eq!((output.account_id, output.currency), (None, None));
    }
    let early = handed
        .iter()
        .find(|one| one.key.as_deref() == Some("nobody"));
    let early = schema::Output::decode(early.expect("the early one").value.as_slice());
    assert_eq!(
        early.expect("an output").currency.as_deref(),
        Some("EUR"),
        "known before any account is"
    );
}

#[test]
fn framed_values_are_the_same_behind_their_frame() {
    for (format, before) in FORMATS.into_iter().zip([5, 6]) {
        let plain = published(&settings(format, true)).0;
        let mut with_ids = settings(format, true);
        // Loyalty and the quarantine have none, and stay as they are.
        with_ids.schema_ids = [Some(1), Some(0x0a0b_0c0d), Some(3), None, None];
        let framed = published(&with_ids).0;
        assert_eq!(plain.len(), framed.len());
        for (plain, mut framed) in plain.into_iter().zip(framed) {
            let index = index_of(plain.stream).expect("a published stream");
            if let Some(id) = with_ids.schema_ids[index] {
                let value = framed.value.split_off(before);
                let [a, b, c, d] = id.to_be_bytes();
                assert_eq!(framed.value, [0, a, b, c, d, 0][..before]);
                framed.value = value;
            }
            assert_eq!(plain, framed);
        }
    }
}

#[test]
fn what_the_sink_refuses_ends_it() {
    struct Full;
    impl From<WireError> for Full {
        fn from(_: WireError) -> Full {
            Full
        }
    }
    let mut publisher = Publisher::new(settings(Format::Json, true));
    let mut counters = Counters::default();
    let world = umbral_engine::World::new();
    let broken = publisher.publish(&[0xff], &world, &mut counters, &mut |_| Ok::<(), Full>(()));
    assert!(
        broken.is_err(),
        "bytes that are no frame are said to be none"
    );
    let mut scanner = Scanner::open(journal()).expect("a journal");
    let mut fold = WorldFold::new();
    let mut refused = 0;
    while let Some(batch) = scanner.next_batch().expect("a batch") {
        fold.follow(&batch.commit).expect("a world");
        for (_, frame) in batch.frames {
            let done = publisher.publish(&frame, fold.world(), &mut counters, &mut |_| Err(Full));
            refused += u64::from(done.is_err());
        }
    }
    assert!(refused > 0);
    assert_eq!(counters.iter().sum::<u64>(), refused, "one each");
}

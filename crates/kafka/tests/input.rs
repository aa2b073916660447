//! Messages of input topics become records, one or several each, and none is lost.

#![allow(
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

use umbral_kafka::input::{ChunkBuilder, InputFormat, InputTopic, Message, PACKED};
use umbral_model::input::Incoming;
use umbral_model::rejection::Reason;
use umbral_runtime::{Chunk, Original, Record};
use umbral_wire::{json, proto};

const LIMIT: usize = 300;

fn topics() -> Vec<InputTopic> {
    let topic = |name: &str, format| InputTopic {
        name: name.to_owned(),
        format,
    };
    vec![
        topic("umbral.usage", InputFormat::Json),
        topic("umbral.usage-pb", InputFormat::Protobuf),
    ]
}

fn line(id: &str) -> String {
    format!(
        r#"{{"source":"med","event_id":"{id}","occurred_at":"2026-03-02T09:00:00Z","account_id":"A1","charge_added":{{"amount":"1.00","code":"x"}}}}"#
    )
}

fn incoming(id: &str) -> Incoming {
    json::parse_incoming(line(id).as_bytes()).expect("an input")
}

fn encoded(id: &str) -> Vec<u8> {
    let mut out = Vec::new();
    proto::encode_incoming(&incoming(id), &mut out);
    out
}

fn packed(ids: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    for id in ids {
        proto::encode_delimited(&incoming(id), &mut out);
    }
    out
}

fn chunk(topic: usize, content_type: Option<&str>, value: Option<&[u8]>) -> Chunk {
    let mut builder = ChunkBuilder::new(&topics(), 3, LIMIT);
    let message = Message {
        topic,
        offset: 41,
        content_type: content_type.map(str::as_bytes),
        value,
        resubmits: None,
        forced: false,
        came_by: None,
        said: None,
    };
    assert!(builder.push(&message));
    assert!(builder.records() > 0, "no message is dropped");
    builder.finish()
}

fn original<'c>(chunk: &'c Chunk, record: &Record) -> &'c [u8] {
    match record.original {
        Original::Span(from, to) => &chunk.bytes[from as usize..to as usize],
        Original::Made => panic!("a message has bytes"),
    }
}

type Outcome = Result<String, (Reason, Vec<u8>)>;
/// A name, the topic, content type and value of a message, and what comes of it.
type Case<'c> = (
    &'c str,
    usize,
    Option<&'c str>,
    Option<&'c [u8]>,
    Vec<Outcome>,
);

/// What came of a record: the id, or why it is none and the bytes that are kept.
fn outcome(chunk: &Chunk, record: &Record) -> Outcome {
    match &record.content {
        Ok(incoming) => Ok(incoming.key.event_id.as_str().to_owned()),
        Err(refusal) => Err((refusal.rejection.reason, original(chunk, record).to_vec())),
    }
}

#[test]
fn every_message_becomes_records() {
    let good = |id: &str| Ok(id.to_owned());
    let bad = |reason, bytes: &[u8]| Err((reason, bytes.to_vec()));
    let (one, two) = (line("1"), line("2"));
    let message = encoded("1");
    let pretty = one.replace(',', ",\n  ");
    let lines = format!("{one}\n\n{two}\r\n");
    let half = format!("{one}\n{}\n{two}", &two[..40]);
    let long = line(&"x".repeat(100)).repeat(3);
    let (both, cut) = (packed(&["1", "2"]), packed(&["1", "2"]));
    let cut = &cut[..cut.len() - 9];
    let second = &packed(&["2"])[1..];
    let second = &second[..second.len() - 9];
    let no_length = [packed(&["1"]), vec![0xff; 12]].concat();
    let strange = [packed(&["1"]), vec![3], b"abc".to_vec(), packed(&["2"])].concat();
    let unreadable = Reason::Unreadable;
    #[rustfmt::skip]
    let cases: Vec<Case<'_>> = vec![
        ("one line", 0, None, Some(one.as_bytes()), vec![good("1")]),
        ("with a line end", 0, Some("application/json"), Some(&lines.as_bytes()[..one.len() + 1]), vec![good("1")]),
        ("several lines", 0, None, Some(lines.as_bytes()), vec![good("1"), good("2")]),
        ("one object on several lines", 0, None, Some(pretty.as_bytes()), vec![good("1")]),
        ("a bad line between", 0, None, Some(half.as_bytes()),
            vec![good("1"), bad(unreadable, &two.as_bytes()[..40]), good("2")]),
        ("no JSON", 0, None, Some(b"hello"), vec![bad(unreadable, b"hello")]),
        ("too long", 0, None, Some(long.as_bytes()), vec![bad(Reason::TooLarge, &long.as_bytes()[..LIMIT])]),
        ("no value", 0, None, None, vec![bad(unreadable, b"")]),
        ("empty", 0, None, Some(b""), vec![bad(unreadable, b"")]),
        ("blank", 0, None, Some(b" \n "), vec![bad(unreadable, b" \n ")]),
        ("a byte order mark", 0, None, Some(b"\xef\xbb\xbf"), vec![bad(unreadable, b"\xef\xbb\xbf")]),
        ("packed protobuf where JSON is", 0, Some(PACKED), Some(&both), vec![bad(unreadable, &both)]),
        ("one message", 1, None, Some(&message), vec![good("1")]),
        ("of another type", 1, Some("application/protobuf"), Some(&message), vec![good("1")]),
        ("no message", 1, None, Some(&[0xff; 9]), vec![bad(unreadable, &[0xff; 9])]),
        ("no protobuf value", 1, None, None, vec![bad(unreadable, b"")]),
        ("empty protobuf", 1, Some(PACKED), Some(b""), vec![bad(unreadable, b"")]),
        ("packed", 1, Some(PACKED), Some(&both), vec![good("1"), good("2")]),
        ("packed, with a parameter", 1, Some(" Application/VND.umbral.batch+protobuf ; v=1"), Some(&both),
            vec![good("1"), good("2")]),
        ("packed and cut", 1, Some(PACKED), Some(cut), vec![good("1"), bad(unreadable, second)]),
        ("packed and damaged", 1, Some(PACKED), Some(&no_length), vec![good("1"), bad(unreadable, &[0xff; 12])]),
        ("one of the packed is none", 1, Some(PACKED), Some(&strange),
            vec![good("1"), bad(unreadable, b"abc"), good("2")]),
        ("a topic that is not read", 2, None, Some(b"x"), vec![bad(unreadable, b"x")]),
    ];
    for (name, topic, content_type, value, expected) in cases {
        let chunk = chunk(topic, content_type, value);
        let records = chunk.records.iter();
        let found: Vec<_> = records.map(|record| outcome(&chunk, record)).collect();
        assert_eq!(found, expected, "{name}");
        for record in &chunk.records {
            assert_eq!((record.row, record.line), (42, 0), "{name}");
            assert_eq!(record.source, (topic < 2).then_some(topic as u16), "{name}");
        }
    }
}

#[test]
fn records_name_topic_and_partition() {
    let chunk = chunk(1, None, Some(&encoded("1")));
    let names: Vec<(&str, &str, &str)> = chunk
        .sources
        .iter()
        .map(|source| {
            (
                source.id.as_str(),
                source.name.as_str(),
                source.format.as_str(),
            )
        })
        .collect();
    let expected = [
        ("kafka:umbral.usage/3", "kafka:umbral.usage/3", "json"),
        (
            "kafka:umbral.usage-pb/3",
            "kafka:umbral.usage-pb/3",
            "protobuf",
        ),
    ];
    assert_eq!(names, expected);
}

#[test]
fn a_chunk_holds_many_messages_and_the_next_one_begins_anew() {
    let mut builder = ChunkBuilder::new(&topics(), 0, LIMIT);
    for round in 0..2 {
        for number in 0..10u64 {
            let value = line(&number.to_string());
            let message = Message {
                topic: 0,
                offset: number,
                content_type: None,
                value: Some(value.as_bytes()),
                resubmits: None,
                forced: false,
                came_by: None,
                said: None,
            };
            assert!(builder.push(&message));
        }
        assert_eq!(builder.records(), 10);
        let chunk = builder.finish();
        assert_eq!((builder.records(), builder.bytes()), (0, 0));
        for (number, record) in chunk.records.iter().enumerate() {
            let expected = line(&number.to_string());
            assert_eq!(
                original(&chunk, record),
                expected.as_bytes(),
                "round {round}"
            );
            assert_eq!(record.row, number as u64 + 1);
        }
    }
}

//! Numbers as people write them, and the examples of the documentation.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on says why"
)]

use umbral_model::input::*;
use umbral_wire::{WireError, json, proto};

fn parse(line: &str) -> Result<Incoming, WireError> {
    json::parse_incoming(line.as_bytes())
}

fn body(line: &str) -> Body {
    match parse(line).expect(line).body {
        IncomingBody::Account(body) => body,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn numbers_are_the_same_however_they_are_written() {
    let number = |to: &str| {
        let line = format!(
            r#"{{"source":"s","event_id":"1","occurred_at":"2026-03-02T10:00:00Z","account_id":"A","usage":{{"service":"voice","to":"{to}","quantity":"1s"}}}}"#
        );
        match body(&line) {
            Body::Usage(usage) => usage.to,
            other => panic!("{other:?}"),
        }
    };
    for written in [
        "+34 600 111 222",
        "(34) 600-111-222",
        "34600.111/222",
        "+34600111222",
    ] {
        assert_eq!(number(written), number("34600111222"), "{written}");
    }
    for written in ["112 ", "1-1-2", "+112"] {
        assert_eq!(number(written), number("112"), "{written}");
    }
    assert_eq!(number("SMS INFO").head, "SMS INFO");
    // A sender that sets the last digits apart at another place changes nothing.
    let apart = |head: &str, tail: &str| {
        let mut bytes = Vec::new();
        let mut incoming = parse(r#"{"source":"s","event_id":"1","occurred_at":"2026-03-02T10:00:00Z","account_id":"A","usage":{"service":"voice","to":"1","quantity":"1s"}}"#).expect("usage");
        if let IncomingBody::Account(Body::Usage(usage)) = &mut incoming.body {
            (usage.to.head, usage.to.tail) = (head.into(), tail.into());
        }
        proto::encode_incoming(&incoming, &mut bytes);
        let read = proto::decode_incoming(&bytes).expect("usage");
        match read.body {
            IncomingBody::Account(Body::Usage(usage)) => usage.to,
            other => panic!("{other:?}"),
        }
    };
    for (head, tail) in [
        ("3460011", "1222"),
        ("+34600", "111222"),
        ("3460011 ", "1222"),
    ] {
        assert_eq!(apart(head, tail), number("34600111222"), "{head} {tail}");
    }
    assert_eq!(apart("11", "2"), number("112"));
}

#[test]
fn the_examples_of_the_documentation_are_inputs() {
    let text = include_str!("../../../docs/ingest.md");
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("{\"source\""))
        .collect();
    let kinds: Vec<&str> = lines.iter().map(|line| body(line).kind()).collect();
    let expected = [
        "purchase",
        "usage_corrected",
        "usage_cancelled",
        "cards_stocked",
        "cards_stocked",
    ];
    assert_eq!(kinds, expected);
}

//! Messages of input topics: every one becomes records, whose bytes are its own.

use super::seeds;
use umbral_kafka::input::{ChunkBuilder, InputFormat, InputTopic, Message, PACKED};
use umbral_runtime::{Chunk, Original, Record};

/// Largest record of a message.
const LIMIT: usize = 16 << 10;
/// What a made input begins with: how its message is sent.
const WAYS: [(usize, Option<&[u8]>); 4] = [
    (0, None),
    (1, None),
    (1, Some(PACKED.as_bytes())),
    (0, Some(PACKED.as_bytes())),
];

fn builder() -> ChunkBuilder {
    let topic = |name: &str, format| InputTopic {
        name: name.to_owned(),
        format,
    };
    let topics = [
        topic("json", InputFormat::Json),
        topic("protobuf", InputFormat::Protobuf),
    ];
    ChunkBuilder::new(&topics, 7, LIMIT)
}

fn taken(message: &Message<'_>) -> Chunk {
    let mut builder = builder();
    assert!(builder.push(message), "there is room for one");
    let chunk = builder.finish();
    assert!(!chunk.records.is_empty(), "no message is dropped");
    chunk
}

fn original<'c>(chunk: &'c Chunk, record: &Record) -> &'c [u8] {
    let Original::Span(from, to) = record.original else {
        panic!("a message has bytes");
    };
    &chunk.bytes[from as usize..to as usize]
}

pub(super) fn message(bytes: &[u8]) {
    let (way, value) = bytes.split_first().unwrap_or((&0, &[]));
    let (topic, content_type) = WAYS[usize::from(*way) % WAYS.len()];
    let message = Message {
        topic,
        offset: 41,
        content_type,
        value: Some(value),
        resubmits: None,
        forced: false,
        came_by: None,
        said: None,
    };
    let chunk = taken(&message);
    let mut left = value;
    for record in &chunk.records {
        let original = original(&chunk, record);
        assert_eq!(record.row, 42, "its number is the message's");
        assert!(original.len() <= LIMIT);
        let place = left
            .windows(original.len().max(1))
            .position(|window| window == original);
        let place = if original.is_empty() { Some(0) } else { place };
        left =
            &left[place.expect("a record's bytes are the message's, in order") + original.len()..];
        let Ok(incoming) = &record.content else {
            continue;
        };
        let alone = taken(&Message {
            content_type: None,
            value: Some(original),
            ..message
        });
        assert_eq!(alone.records.len(), 1, "a record is one alone too");
        assert_eq!(alone.records[0].content.as_ref(), Ok(incoming));
    }
}

pub(super) fn message_seeds() -> Vec<Vec<u8>> {
    let sent = |way: u8, value: &[u8]| [&[way][..], value].concat();
    let lines = seeds::lines().join("\n");
    let mut all = vec![sent(0, lines.as_bytes()), sent(3, lines.as_bytes())];
    all.extend(seeds::json().iter().map(|line| sent(0, line)));
    all.extend(seeds::protobuf().iter().map(|input| sent(1, input)));
    all.extend(seeds::delimited().iter().map(|batch| sent(2, batch)));
    all
}

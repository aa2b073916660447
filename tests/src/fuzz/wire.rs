//! The forms of the wire: what is taken is written and read again, in either form, and comes to the same.

use prost::Message;
use std::io::BufReader;
use umbral_model::event::Stream;
use umbral_model::input::Incoming;
use umbral_model::journal::Entry;
use umbral_wire::proto::DelimitedReader;
use umbral_wire::{Entries, EntryBytes, Published, frame as frames, json as text, proto, schema};

/// Both forms of an input say the same.
fn comes_back(incoming: &Incoming) {
    let mut bytes = Vec::new();
    proto::encode_incoming(incoming, &mut bytes);
    let again = proto::decode_incoming(&bytes).expect("own protobuf is read");
    assert_eq!(&again, incoming, "protobuf comes back");
    schema::Input::decode(bytes.as_slice()).expect("the schema reads it too");
    let line = text::incoming(incoming);
    let again = text::parse_incoming(line.as_bytes()).expect("own JSON is read");
    // In protobuf a sender may cut the called number where JSON would not; both mean the same number.
    let is_same = again == *incoming || text::incoming(&again) == line;
    assert!(is_same, "JSON comes back: {line}\n{again:?}\n{incoming:?}");
}

pub(super) fn protobuf(bytes: &[u8]) {
    match proto::decode_incoming(bytes) {
        Ok(incoming) => {
            schema::Input::decode(bytes).expect("what is taken is of the schema");
            comes_back(&incoming);
        }
        Err(_) => drop(proto::identify(bytes)),
    }
}

pub(super) fn json(bytes: &[u8]) {
    match text::parse_incoming(bytes) {
        Ok(incoming) => {
            serde_json::from_slice::<serde_json::Value>(bytes).expect("what is taken is JSON");
            comes_back(&incoming);
        }
        Err(_) => drop(text::identify(bytes)),
    }
}

pub(super) fn delimited(bytes: &[u8]) {
    let mut reader = DelimitedReader::new(BufReader::with_capacity(64, bytes), 16 << 10);
    let mut last = 0;
    while let Ok(Some(message)) = reader.next_message() {
        drop(proto::decode_incoming(message));
        assert!(reader.offset() > last, "it goes on");
        last = reader.offset();
    }
    assert!(last <= bytes.len() as u64);
}

pub(super) fn frame(bytes: &[u8]) {
    let Ok(frame) = frames::decode(bytes) else {
        return;
    };
    let mut written = Vec::new();
    frames::encode(&frame, &mut written);
    let again = frames::decode(&written).expect("an own frame is read");
    assert_eq!(again, frame, "a frame comes back");
    for (entry, read) in frame.entries.iter().zip(Entries::of(&written)) {
        for output in umbral_wire::outputs(entry) {
            let line = text::output(&output);
            serde_json::from_str::<serde_json::Value>(&line).expect("outputs are JSON");
        }
        published(entry, read.expect("an own entry is read"));
    }
}

/// The bytes of an entry tell of its outputs what the entry tells.
fn published(entry: &Entry, bytes: EntryBytes<'_>) {
    let mut outputs = umbral_wire::outputs(entry);
    outputs.retain(|output| output.body.stream() != Stream::Internal);
    match bytes.published() {
        Published::Nothing => assert!(outputs.is_empty(), "{outputs:?}"),
        Published::Rated(rated) => {
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            rated.encode(rated.out_id(), None, &mut ours);
            assert_eq!(outputs.len(), 1, "{outputs:?}");
            proto::encode_output(&outputs[0], &mut theirs);
            assert_eq!(ours, theirs, "{outputs:?}");
        }
        Published::Unknown => {}
    }
}

pub(super) fn commit(bytes: &[u8]) {
    let Ok(commit) = frames::decode_commit(bytes) else {
        return;
    };
    let mut written = Vec::new();
    frames::encode_commit(&commit, &mut written);
    let again = frames::decode_commit(&written).expect("an own commit is read");
    assert_eq!(again, commit, "a commit comes back");
}

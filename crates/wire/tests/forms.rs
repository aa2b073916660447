//! Both forms of every kind say the same: JSON <-> model <-> protobuf, and prost reads the same bytes.

#![allow(clippy::expect_used)]

mod support;

use proptest::prelude::*;
use prost::Message;
use std::collections::BTreeSet;
use support::{
    Dice, EVENT_KINDS, INPUT_KINDS, any as arbitrary, body_of_kind, event_of_kind, incoming_of_kind,
};
use umbral_model::event::{Event, EventBody, Stream, UsageRated};
use umbral_model::input::{Body, Incoming, IncomingBody, Input, UsageCancelled, UsageCorrected};
use umbral_model::journal::{
    AccountEvent, Commit, Entry, Frame, JournaledInput, Outcome, UsageEntry,
};
use umbral_model::money::Currency;
use umbral_wire::{
    Entries, EntryBytes, NoNames, Published, body_hash, frame, json, outputs, proto, schema,
};

fn protobuf(incoming: &Incoming) -> Vec<u8> {
    let mut bytes = Vec::new();
    proto::encode_incoming(incoming, &mut bytes);
    bytes
}

/// prost decodes the bytes and encodes them again just so: they are in the schema, and canonical.
fn assert_canonical<M: Message + Default>(bytes: &[u8]) {
    let message = M::decode(bytes).expect("prost reads the bytes");
    assert_eq!(message.encode_to_vec(), bytes);
}

/// The generators below reach every kind, so that a new one cannot be forgotten here.
#[test]
fn every_kind_is_generated() {
    let mut dice = Dice(1);
    let inputs: BTreeSet<&str> = (0..INPUT_KINDS)
        .map(|kind| body_of_kind(kind, &mut dice).kind())
        .collect();
    assert_eq!(inputs, Body::KINDS.iter().copied().collect());
    let events: BTreeSet<&str> = (0..EVENT_KINDS)
        .map(|kind| event_of_kind(kind, &mut dice).kind())
        .collect();
    assert_eq!(events.len(), EVENT_KINDS as usize);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn inputs_survive_both_forms(seed: u64, kind in 0..INPUT_KINDS + 2) {
        let incoming = incoming_of_kind(kind, &mut Dice(seed));
        let text = json::incoming(&incoming);
        prop_assert_eq!(json::parse_incoming(text.as_bytes()), Ok(incoming.clone()), "{}", text);
        let bytes = protobuf(&incoming);
        prop_assert_eq!(proto::decode_incoming(&bytes), Ok(incoming.clone()));
        assert_canonical::<schema::Input>(&bytes);
        serde_json::from_str::<serde_json::Value>(&text).expect("serde reads the text");
    }

    #[test]
    fn the_hash_of_a_body_does_not_depend_on_its_form(seed: u64, kind in 0..INPUT_KINDS) {
        let incoming = incoming_of_kind(kind, &mut Dice(seed));
        let text = json::incoming(&incoming);
        let from_json = json::parse_incoming(text.as_bytes()).expect("the text is an input");
        let from_proto = proto::decode_incoming(&protobuf(&incoming)).expect("the bytes are one");
        let hash = |incoming: &Incoming| match &incoming.body {
            IncomingBody::Account(body) => body_hash(&Input {
                body: body.clone(),
                ..arbitrary(&mut Dice(seed))
            }),
            _ => 0,
        };
        prop_assert_eq!(hash(&from_json), hash(&from_proto));
    }

    /// What a fold reads of an entry of usage is what the whole entry says; of any other it reads nothing.
    #[test]
    fn a_fold_reads_what_the_entry_says(seed: u64, is_usage: bool, is_rated: bool, is_plain: bool) {
        let mut dice = Dice(seed);
        let mut entry: Entry = arbitrary(&mut dice);
        let mut input: Input = arbitrary(&mut dice);
        if is_usage {
            input.body = Body::Usage(arbitrary(&mut dice));
        }
        if is_rated {
            let mut rated: UsageRated = arbitrary(&mut dice);
            if is_plain {
                rated.charge.covered.clear();
                rated.charge.segments.iter_mut().for_each(|segment| segment.tier = None);
            }
            let event = Event { timer: None, body: EventBody::UsageRated(rated), ..arbitrary(&mut dice) };
            entry.events = vec![AccountEvent { account: None, event }];
            entry.outcome = Outcome::Applied;
        }
        entry.input = JournaledInput::Account(Box::new(input.clone()));
        let frame = Frame { entries: vec![entry.clone()], ..arbitrary(&mut dice) };
        let mut bytes = Vec::new();
        frame::encode(&frame, &mut bytes);
        let read: Vec<EntryBytes<'_>> = Entries::of(&bytes).collect::<Result<_, _>>().expect("the frame is one");
        prop_assert_eq!(read.len(), 1);
        prop_assert_eq!(read[0].decode(), Ok(entry.clone()));
        let hash = body_hash(&input);
        prop_assert_eq!(read[0].usage(), expected(&entry, &input, hash));
    }

    /// Fields in any order are the same input, for us and for prost; a field twice is refused.
    #[test]
    fn the_order_of_fields_means_nothing(seed: u64) {
        let mut dice = Dice(seed);
        let is_usage = |kind: &u64| body_of_kind(*kind, &mut Dice(seed)).kind() == "usage";
        let kind = (0..INPUT_KINDS).find(is_usage).expect("there is usage");
        let incoming = incoming_of_kind(kind, &mut dice);
        let bytes = protobuf(&incoming);
        let mut fields = fields_of(&bytes);
        let turns = dice.below(fields.len() as u64) as usize;
        fields.rotate_left(turns);
        let turned = fields.concat();
        prop_assert_eq!(schema::Input::decode(&*turned), schema::Input::decode(&*bytes));
        prop_assert_eq!(proto::decode_incoming(&turned), Ok(incoming));
        let twice = [turned.as_slice(), fields[0]].concat();
        prop_assert!(proto::decode_incoming(&twice).is_err());
    }

    /// What the edge looked up for a correction is in the journal, and nowhere else: not in JSON, and not in
    /// the hash by which a repeat is known.
    #[test]
    fn a_correction_keeps_its_original_in_the_journal_only(seed: u64, cancelled: bool) {
        let mut dice = Dice(seed);
        let (mut sent, mut input): (Input, Input) = (arbitrary(&mut dice), arbitrary(&mut dice));
        let original: Box<umbral_model::input::RatedRecord> = arbitrary(&mut dice);
        input.body = match cancelled {
            true => Body::UsageCancelled(UsageCancelled { original: Some(original), ..arbitrary(&mut dice) }),
            false => Body::UsageCorrected(Box::new(UsageCorrected { original: Some(original), ..arbitrary(&mut dice) })),
        };
        sent.clone_from(&input);
        match &mut sent.body {
            Body::UsageCancelled(cancelled) => cancelled.original = None,
            Body::UsageCorrected(corrected) => corrected.original = None,
            other => panic!("{other:?}"),
        }
        prop_assert_eq!(body_hash(&input), body_hash(&sent));
        prop_assert_eq!(json::input(&input), json::input(&sent));
        let again = json::parse_incoming(json::input(&input).as_bytes()).expect("a correction");
        prop_assert_eq!(again.body, IncomingBody::Account(sent.body));

        let mut frame: Frame = arbitrary(&mut dice);
        let mut entry: Entry = arbitrary(&mut dice);
        entry.input = JournaledInput::Account(Box::new(input));
        frame.entries = vec![entry];
        let mut bytes = Vec::new();
        frame::encode(&frame, &mut bytes);
        prop_assert_eq!(frame::decode(&bytes), Ok(frame.clone()));
        assert_canonical::<schema::Frame>(&bytes);
    }

    #[test]
    fn another_body_has_another_hash(seed: u64) {
        let mut dice = Dice(seed);
        let (first, second): (Input, Input) = (arbitrary(&mut dice), arbitrary(&mut dice));
        prop_assert_eq!(body_hash(&first) == body_hash(&second), first.body == second.body);
    }

    #[test]
    fn frames_and_commits_survive(seed: u64) {
        let mut dice = Dice(seed);
        let frame: Frame = arbitrary(&mut dice);
        let mut bytes = Vec::new();
        frame::encode(&frame, &mut bytes);
        prop_assert_eq!(frame::decode(&bytes), Ok(frame.clone()));
        assert_canonical::<schema::Frame>(&bytes);

        let commit: Commit = arbitrary(&mut dice);
        bytes.clear();
        frame::encode_commit(&commit, &mut bytes);
        prop_assert_eq!(frame::decode_commit(&bytes), Ok(commit.clone()));
        assert_canonical::<schema::Commit>(&bytes);
    }

    #[test]
    fn every_event_survives(seed: u64, kind in 0..EVENT_KINDS) {
        let mut dice = Dice(seed);
        let mut frame: Frame = arbitrary(&mut dice);
        let mut entry: Entry = arbitrary(&mut dice);
        let mut event: umbral_model::journal::AccountEvent = arbitrary(&mut dice);
        event.event.body = event_of_kind(kind, &mut dice);
        entry.events = vec![event];
        frame.entries = vec![entry];
        let mut bytes = Vec::new();
        frame::encode(&frame, &mut bytes);
        prop_assert_eq!(frame::decode(&bytes), Ok(frame.clone()));
        assert_canonical::<schema::Frame>(&bytes);
    }

    #[test]
    fn outputs_are_json_and_protobuf(seed: u64) {
        let entry: Entry = arbitrary(&mut Dice(seed));
        for output in outputs(&entry) {
            let text = json::output(&output);
            let value: serde_json::Value = serde_json::from_str(&text).expect("serde reads it");
            prop_assert!(value[output.body.kind()].is_object(), "{}", text);
            prop_assert_eq!(&value["out_id"], &output.out_id.to_string());
            let mut bytes = Vec::new();
            proto::encode_output(&output, &mut bytes);
            assert_canonical::<schema::Output>(&bytes);
        }
    }

    /// What bytes tell of an entry's outputs is what decoding it tells, and they tell it of every entry that only rates
    /// usage or changes state.
    #[test]
    fn what_is_published_shows_in_the_bytes(seed: u64, rates in 0..3usize, internal in 0..4usize, other in 0..6u64) {
        let mut dice = Dice(seed);
        let mut entry: Entry = arbitrary(&mut dice);
        if other > 0 {
            entry.outcome = Outcome::Applied;
            entry.input = JournaledInput::Account(arbitrary(&mut dice));
            entry.events.clear();
            for number in 0..rates + internal {
                let mut event: AccountEvent = arbitrary(&mut dice);
                event.event.body = event_of_kind(dice.below(EVENT_KINDS), &mut dice);
                while event.event.body.stream() != Stream::Internal {
                    event.event.body = event_of_kind(dice.below(EVENT_KINDS), &mut dice);
                }
                if number < rates {
                    event.event.body = EventBody::UsageRated(arbitrary(&mut dice));
                }
                if other > 1 {
                    (event.account, event.event.timer) = (None, None);
                }
                entry.events.insert(dice.below(number as u64 + 1) as usize, event);
            }
        }
        let frame = Frame { entries: vec![entry.clone()], ..arbitrary(&mut dice) };
        let mut bytes = Vec::new();
        frame::encode(&frame, &mut bytes);
        let read = Entries::of(&bytes).next().expect("an entry").expect("an entry");
        let mut expected = outputs(&entry);
        expected.retain(|output| output.body.stream() != Stream::Internal);
        match read.published() {
            Published::Nothing => prop_assert!(expected.is_empty(), "{:?}", expected),
            Published::Rated(rated) => {
                let currency = Currency::parse("EUR");
                prop_assert_eq!(expected.len(), 1);
                expected[0].currency = currency;
                let (mut ours, mut theirs) = (Vec::new(), Vec::new());
                rated.encode(rated.out_id(), currency, &mut ours);
                proto::encode_output(&expected[0], &mut theirs);
                prop_assert_eq!(ours, theirs);
                let mut text = String::new();
                rated.append_json(rated.out_id(), currency, &NoNames, &mut text).expect("rated usage");
                prop_assert_eq!(text, json::output(&expected[0]));
                prop_assert_eq!(rated.effective_at(), expected[0].effective_at);
                prop_assert_eq!(Some(rated.account()), expected[0].account_id.map(|account| account.as_str()));
            }
            Published::Unknown => prop_assert!(other < 2 || rates > 1, "the bytes tell enough: {:?}", entry),
        }
    }

    /// Bytes that were damaged are refused or mean something else; nothing panics, and what is read can be
    /// written and read again.
    #[test]
    fn damaged_frames_never_panic(seed: u64, damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), cut: prop::sample::Index) {
        let frame: Frame = arbitrary(&mut Dice(seed));
        let mut bytes = Vec::new();
        frame::encode(&frame, &mut bytes);
        for (place, byte) in damage {
            if !bytes.is_empty() {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
        }
        if let Ok(read) = frame::decode(&bytes) {
            let mut again = Vec::new();
            frame::encode(&read, &mut again);
            prop_assert_eq!(frame::decode(&again), Ok(read.clone()));
        }
        let _ = frame::decode_commit(&bytes);
        let _ = proto::decode_incoming(&bytes);
        let _ = proto::identify(&bytes);
        bytes.truncate(cut.index(bytes.len() + 1));
        let _ = frame::decode(&bytes);
        let _ = frame::decode_commit(&bytes);
    }

    #[test]
    fn damaged_lines_never_panic(seed: u64, kind in 0..INPUT_KINDS + 2, place: prop::sample::Index, byte: u8) {
        let incoming = incoming_of_kind(kind, &mut Dice(seed));
        let mut line = json::incoming(&incoming).into_bytes();
        let place = place.index(line.len());
        line[place] = byte;
        if json::parse_incoming(&line).is_ok() {
            serde_json::from_slice::<serde_json::Value>(&line).expect("what is taken is JSON");
        }
        let _ = json::identify(&line);
        line.truncate(place);
        prop_assert!(json::parse_incoming(&line).is_err());
    }
}

/// What a fold should read of an entry, from its fields.
fn expected<'a>(entry: &'a Entry, input: &'a Input, body_hash: u64) -> Option<UsageEntry<'a>> {
    let (Body::Usage(usage), Outcome::Applied) = (&input.body, &entry.outcome) else {
        return None;
    };
    let [
        AccountEvent {
            account: None,
            event,
        },
    ] = entry.events.as_slice()
    else {
        return None;
    };
    let (EventBody::UsageRated(rated), None) = (&event.body, &event.timer) else {
        return None;
    };
    let moves_units = rated
        .charge
        .segments
        .iter()
        .any(|segment| segment.tier.is_some());
    if moves_units || !rated.charge.covered.is_empty() {
        return None;
    }
    Some(UsageEntry {
        clock: entry.clock,
        source: input.key.source.as_str(),
        event_id: input.key.event_id.as_str(),
        occurred_at: input.occurred_at,
        account: input.account.as_str(),
        abroad: usage.is_abroad(),
        body_hash,
        account_seq: event.account_seq,
        cycle: rated.cycle,
        scope: rated.scope,
        amount: rated.charge.amount,
    })
}

/// The fields of a message, each with its key.
fn fields_of(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let mut rest = bytes;
        let (tag, wire) = prost::encoding::decode_key(&mut rest).expect("a key");
        prost::encoding::skip_field(wire, tag, &mut rest, Default::default()).expect("a field");
        let (field, left) = bytes.split_at(bytes.len() - rest.len());
        fields.push(field);
        bytes = left;
    }
    fields
}

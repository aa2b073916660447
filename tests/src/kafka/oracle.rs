//! What a run on Kafka must have come to: an uninterrupted run of the embedded engine, fed the inputs in the order that
//! the journal has, gives the same outputs; the journal itself is gapless and chained.

use super::topics::{Taken, read_committed};
use super::{demo_catalog, json, key_of};
use std::collections::BTreeMap;
use umbral_history::{History, TailFilter};
use umbral_journal::RecordChain;
use umbral_kafka::Deployment;
use umbral_kafka::outputs::STREAMS;
use umbral_model::ids::PartitionNo;
use umbral_model::input::{Incoming, InputKey};
use umbral_model::journal::{JournaledInput, Outcome};
use umbral_runtime::{
    Chunk, ClockMode, Engine, Founding, Options, Original, Record, SnapshotOptions,
};

/// What came of an input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Came {
    /// It was taken.
    Applied,
    /// It had been taken before.
    Repeat,
    /// It was not taken.
    Quarantined,
}

/// An input as the journal has it.
pub struct Journaled {
    /// Its key.
    pub key: InputKey,
    /// What came of it.
    pub outcome: Came,
}

/// The inputs of one partition in the order in which they were decided, and its last control record.
pub struct PartitionJournal {
    /// All inputs with a key.
    pub inputs: Vec<Journaled>,
    /// Counts of the last batch.
    pub counts: umbral_model::journal::Counts,
    /// How far each source is read.
    pub sources: BTreeMap<String, u64>,
    /// Ownerships so far.
    pub epochs: u32,
}

/// Reads the journal, and holds that each partition is gapless and chained.
pub fn journals(deployment: &Deployment) -> BTreeMap<u16, PartitionJournal> {
    let taken = read_committed(
        &deployment.reader(),
        &deployment.names.journal,
        deployment.partitions,
    );
    let mut by_partition: BTreeMap<u16, Vec<Taken>> = BTreeMap::new();
    for record in taken {
        let partition = u16::try_from(record.partition).expect("a partition");
        by_partition.entry(partition).or_default().push(record);
    }
    by_partition
        .into_iter()
        .map(|(partition, records)| (partition, journal_of(partition, &records)))
        .collect()
}

fn journal_of(partition: u16, records: &[Taken]) -> PartitionJournal {
    let mut chain = RecordChain::new(partition);
    let mut journal = PartitionJournal {
        inputs: Vec::new(),
        counts: Default::default(),
        sources: BTreeMap::new(),
        epochs: 0,
    };
    for record in records {
        let place = format!("partition {partition}, offset {}", record.offset);
        let read = chain.read(&record.value);
        let read = read.unwrap_or_else(|error| panic!("{place}: {error}"));
        let commit = umbral_wire::frame::decode_commit(read.control).expect("a control record");
        assert_eq!(commit.batch, read.batch, "{place}");
        journal.counts = commit.counts;
        journal.epochs = read.epoch;
        for source in &commit.sources {
            let before = journal
                .sources
                .insert(source.id.to_string(), source.records);
            assert!(
                before.is_none_or(|before| before <= source.records),
                "{place}: {} goes back",
                source.id
            );
        }
        if read.payload.is_empty() {
            continue;
        }
        let frame = umbral_wire::frame::decode(read.payload).expect("a frame");
        for entry in frame.entries {
            let outcome = match entry.outcome {
                Outcome::Applied => Came::Applied,
                Outcome::DuplicateIgnored => Came::Repeat,
                Outcome::Quarantined(_) => Came::Quarantined,
            };
            let key = match entry.input {
                JournaledInput::Account(input) => input.key,
                JournaledInput::Raw(raw) => raw.key.expect("inputs of this test have keys"),
                // Ticks of the event clock follow from the inputs.
                JournaledInput::Tick(_) | JournaledInput::ConfigChanged(_) => continue,
            };
            journal.inputs.push(Journaled { key, outcome });
        }
    }
    journal
}

/// Lines on the derived topics, by stream; each with how often it is there.
pub type Lines = BTreeMap<(String, String), u64>;

/// What the derived topics hold.
pub fn published(deployment: &Deployment) -> Lines {
    let mut lines = Lines::new();
    for (stream, topic) in STREAMS.iter().zip(&deployment.names.derived) {
        let Some(topic) = topic else { continue };
        let mut next: BTreeMap<i32, u64> = BTreeMap::new();
        for record in read_committed(&deployment.reader(), topic, deployment.partitions) {
            let number = next.entry(record.partition).or_insert(1);
            let said = String::from_utf8_lossy(&record.headers["umbral-seq"]).into_owned();
            assert_eq!(
                said,
                number.to_string(),
                "{topic}/{} has gaps or repeats",
                record.partition
            );
            *number += 1;
            let line = String::from_utf8(record.value).expect("a line of JSON");
            *lines.entry((stream.word().to_owned(), line)).or_default() += 1;
        }
    }
    lines
}

/// What an embedded engine publishes that gets the inputs of each partition in the journal's order.
pub fn expected(
    journals: &BTreeMap<u16, PartitionJournal>,
    inputs: &BTreeMap<(String, String), &Incoming>,
) -> Lines {
    let mut lines = Lines::new();
    for (partition, journal) in journals {
        embedded(PartitionNo(*partition), journal, inputs, &mut lines);
    }
    lines
}

fn embedded(
    partition: PartitionNo,
    journal: &PartitionJournal,
    inputs: &BTreeMap<(String, String), &Incoming>,
    lines: &mut Lines,
) {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("data");
    let catalog = demo_catalog();
    let umbral_model::input::IncomingBody::CatalogActivated(activation) = &catalog.body else {
        panic!("a catalog")
    };
    let founding = Founding {
        partitions: 1,
        catalogs: vec![activation.files.clone()],
        at: catalog.occurred_at,
        created_by: "test".to_owned(),
    };
    umbral_runtime::init(&dir, founding).expect("a data directory");
    let options = Options {
        snapshots: SnapshotOptions::ON_DEMAND,
        ..Options::with_clock(ClockMode::Event)
    };
    let engine = Engine::open(&dir, options).expect("an engine");
    for some in journal.inputs.chunks(4_000) {
        let fed = some.iter().map(|journaled| {
            let key = key_of(&journaled.key);
            let found = inputs.get(&key);
            *found.unwrap_or_else(|| panic!("{partition}: nobody sent {key:?}"))
        });
        engine.submit_chunk(chunk(fed)).expect("receipts");
    }
    engine.stop().expect("an end");
    let history = History::open(&dir).expect("a history");
    let mut tail = history.tail(TailFilter::default()).expect("a tail");
    let mut sink = |output: &umbral_wire::OutputEvent<'_>, line: &str| {
        let stream = output.body.stream().word().to_owned();
        *lines.entry((stream, line.to_owned())).or_default() += 1;
        std::ops::ControlFlow::Continue(())
    };
    let _ = tail.poll(&mut sink).expect("lines");
}

/// Inputs with the bytes that were sent.
fn chunk<'i>(inputs: impl Iterator<Item = &'i Incoming>) -> Chunk {
    let (mut bytes, mut records) = (Vec::new(), Vec::new());
    for incoming in inputs {
        let from = bytes.len() as u32;
        bytes.extend(json(incoming));
        let original = Original::Span(from, bytes.len() as u32);
        records.push(Record {
            original,
            ..Record::made(incoming.clone())
        });
    }
    Chunk {
        bytes: std::sync::Arc::new(bytes),
        records,
        ..Chunk::made(Vec::new())
    }
}

/// Says where two sets of lines differ first; nothing if they do not.
pub fn difference(found: &Lines, expected: &Lines) -> Option<String> {
    let more = |of: &Lines, than: &Lines| -> Option<String> {
        let line = of
            .iter()
            .find(|(line, count)| than.get(*line).unwrap_or(&0) < *count);
        line.map(|((stream, line), count)| format!("{stream} {count} times: {line}"))
    };
    match (more(found, expected), more(expected, found)) {
        (None, None) => None,
        (extra, missing) => Some(format!("too much: {extra:?}\nmissing: {missing:?}")),
    }
}

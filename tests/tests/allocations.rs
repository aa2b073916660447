//! No allocation per event on the hot path: an allocator that counts, under each step from the bytes of a record to
//! the bytes of its frame, and under the whole engine. What is allowed is the growth of lists and what a batch takes, far
//! less than one a record.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use smol_str::SmolStr;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use umbral_engine::{Decision, Partition, World};
use umbral_intake::directory::Directory;
use umbral_intake::reader::{self, SourceFile};
use umbral_intake::zones::Iana;
use umbral_model::ids::{EventId, PartitionNo};
use umbral_model::input::{Address, Incoming, Input, InputKey};
use umbral_model::journal::{AccountEvent, Outcome};
use umbral_model::time::Timestamp;
use umbral_runtime::{ClockMode, Engine, Founding, Go, Options, SnapshotOptions, init};
use umbral_wire::frame::{self, EntryHead, OpenEntry};
use umbral_wire::{body_hash, json, proto};

#[global_allocator]
static MEMORY: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Tests of this file count one after the other.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Allocations so far, those that make a piece of memory longer included.
fn allocations() -> usize {
    let stats = MEMORY.stats();
    stats.allocations + stats.reallocations
}

const CATALOG: &str = r#"
name = "Steady"
currency = "EUR"
time_zone = "Europe/Madrid"
valid_from = 2026-01-01
[zone.national]
prefixes = ["34"]
[rate.national]
setup = "0.15"
price = "0.09 per minute"
increments = "30s, then 1s"
rounding = "half_up to 4"
[rate.message]
price = "0.10 per event"
[rate.data]
price = "2.00 per GB"
increments = "10kB"
[plan.basic]
rules = [
  { service = "voice", zone = "national", rate = "national" },
  { service = "sms", rate = "message" },
  { service = "data", rate = "data" },
]
[class.standard]
limit.exposure = "1000000.00"
warn_at = ["50%"]
"#;
const ACCOUNTS: u64 = 50;

fn catalog_files() -> Vec<(SmolStr, SmolStr)> {
    vec![("catalog.toml".into(), CATALOG.into())]
}

fn customers() -> Vec<String> {
    let at = "2026-03-01T00:00:00Z";
    let lines = (0..ACCOUNTS).flat_map(|account| {
        let phone = 34_600_000_000 + account;
        [
            format!(
                r#"{{"source":"crm","event_id":"c-{account}","occurred_at":"{at}","account_id":"A{account}","customer_added":{{"class":"standard","plan":"basic","time_zone":"Europe/Madrid","cycle_day":1,"vip_rank":0}}}}"#
            ),
            format!(
                r#"{{"source":"crm","event_id":"m-{account}","occurred_at":"{at}","account_id":"A{account}","member_added":{{"member_id":"M1","identifiers":[{{"kind":"msisdn","value":"{phone}"}}]}}}}"#
            ),
        ]
    });
    lines.collect()
}

/// One of many records of March: calls, messages and data in turn.
fn usage(number: u64) -> Incoming {
    let body = match number % 3 {
        0 => format!(
            r#""service":"voice","direction":"originating","to":"34911222333","quantity":"{}s""#,
            number % 600
        ),
        1 => r#""service":"sms","to":"34911222333","quantity":"1""#.to_owned(),
        _ => format!(r#""service":"data","quantity":"{}kB""#, number % 9_000),
    };
    // Two seconds apart, so that a million of them stay within the month.
    let second = 3_600 + 2 * number;
    let line = format!(
        r#"{{"source":"med","event_id":"u-{number}","occurred_at":"2026-03-{:02}T{:02}:{:02}:{:02}Z","identifier":{{"kind":"msisdn","value":"{}"}},"usage":{{{body}}}}}"#,
        1 + second / 86_400,
        second / 3_600 % 24,
        second / 60 % 60,
        second % 60,
        34_600_000_000 + number * 7 % ACCOUNTS
    );
    json::parse_incoming(line.as_bytes()).unwrap()
}

/// Allocations of each step for so many records.
#[derive(Default, Debug)]
struct Steps {
    decode: usize,
    resolve: usize,
    decide_and_apply: usize,
    encode: usize,
}

/// The way of a record without threads: what the stations do with it.
struct Way {
    world: World,
    directory: Directory,
    partition: Partition,
    events: Vec<AccountEvent>,
    frame: Vec<u8>,
    position: u64,
}

impl Way {
    fn new() -> Way {
        let compiled = umbral_catalog::load(&catalog_files(), &Iana).unwrap();
        let mut world = World::new();
        let key = InputKey {
            source: "catalog".into(),
            event_id: EventId::new("v1".to_owned()),
        };
        world.activate(compiled.catalog, Timestamp::from_seconds(0), key);
        world.add_zone(umbral_intake::zones::iana("Europe/Madrid").unwrap());
        let mut way = Way {
            world,
            directory: Directory::new(),
            partition: Partition::new(),
            events: Vec::new(),
            frame: Vec::new(),
            position: 0,
        };
        for line in customers() {
            let incoming = json::parse_incoming(line.as_bytes()).unwrap();
            let input = way.resolve(incoming);
            let hash = body_hash(&input);
            assert_eq!(way.decide(&input, hash), Decision::Applied);
            way.events.clear();
            way.directory.apply(&input);
        }
        way
    }

    fn resolve(&self, mut incoming: Incoming) -> Input {
        if let Some(Address::Identifier(identifier)) = &incoming.address {
            let found = self.directory.resolve(identifier, incoming.occurred_at);
            let (account, member) = found.unwrap();
            incoming.address = Some(Address::Account(account, member));
        }
        incoming.into_input().unwrap()
    }

    /// Decides an input whose entry has begun in the frame.
    fn decide(&mut self, input: &Input, hash: u64) -> Decision {
        let clock = input.occurred_at;
        self.partition
            .process(&self.world, clock, input, hash, &mut self.events)
    }

    fn go(&mut self, messages: &[Vec<u8>], batch: u64) -> Steps {
        let mut steps = Steps::default();
        self.frame.clear();
        frame::encode_header(PartitionNo(0), 1, batch, &mut self.frame);
        for message in messages {
            let begun = allocations();
            let incoming = proto::decode_incoming(message).unwrap();
            let decoded = allocations();
            let input = self.resolve(incoming);
            let resolved = allocations();
            self.position += 1;
            let head = EntryHead {
                position: self.position,
                clock: input.occurred_at,
                version: None,
            };
            let (entry, hash) = OpenEntry::of_account(&head, &input, &mut self.frame);
            let opened = allocations();
            let decision = self.decide(&input, hash);
            let decided = allocations();
            assert_eq!(decision, Decision::Applied);
            entry.finish(&Outcome::Applied, &self.events, &mut self.frame);
            self.partition.take_back(&mut self.events);
            let encoded = allocations();
            steps.decode += decoded - begun;
            steps.resolve += resolved - decoded;
            steps.decide_and_apply += decided - opened;
            steps.encode += opened - resolved + encoded - decided;
        }
        steps
    }
}

fn messages(numbers: std::ops::Range<u64>) -> Vec<Vec<u8>> {
    let encoded = numbers.map(|number| {
        let mut message = Vec::new();
        proto::encode_incoming(&usage(number), &mut message);
        message
    });
    encoded.collect()
}

#[test]
fn no_step_allocates_for_a_record() {
    let _turn = turn();
    let mut way = Way::new();
    let records = 20_000;
    // The first records make what later ones use again: rows' lists, the frame, tables of keys.
    way.go(&messages(0..records), 1);
    let steps = way.go(&messages(records..2 * records), 2);
    println!("{records} records: {steps:?}");
    let lines: Vec<String> = (0..records)
        .map(|number| json::incoming(&usage(number)))
        .collect();
    let before = allocations();
    for line in &lines {
        json::parse_incoming(line.as_bytes()).unwrap();
    }
    let of_json = allocations() - before;
    println!("{records} lines of JSON: {of_json}");
    assert_eq!(of_json, 0);
    let Steps {
        decode,
        resolve,
        decide_and_apply,
        encode,
    } = steps;
    assert_eq!((decode, resolve), (0, 0));
    // Keys of a window come in lists that double now and then.
    assert!(
        decide_and_apply as u64 <= records / 50,
        "{decide_and_apply}"
    );
    assert!(encode <= 4, "{encode}: the frame grows, once or twice");
}

/// A file of length-delimited protobuf.
fn write_file(path: &std::path::Path, messages: &[Vec<u8>]) {
    let mut bytes = Vec::new();
    for message in messages {
        let mut length = message.len();
        while length >= 0x80 {
            bytes.push(length as u8 | 0x80);
            length >>= 7;
        }
        bytes.push(length as u8);
        bytes.extend_from_slice(message);
    }
    std::fs::write(path, bytes).unwrap();
}

/// Allocations of the whole engine, all threads, while it takes a file.
fn taken(engine: &Engine, path: &std::path::Path) -> usize {
    let before = allocations();
    let mut source = SourceFile::open(path.to_str().unwrap(), &reader::Options::default()).unwrap();
    let ingested = engine.ingest(&mut source, &mut |_| Go::On).unwrap();
    assert!(ingested.done);
    allocations() - before
}

#[test]
fn the_whole_engine_allocates_for_batches_and_not_for_records() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let founding = Founding {
        partitions: 4,
        catalogs: vec![catalog_files()],
        at: Timestamp::from_seconds(0),
        created_by: "test".to_owned(),
    };
    init(&data, founding).unwrap();
    let options = Options {
        workers: 1,
        batch_inputs: 2_048,
        // Batches are cut by their records and not by how busy the machine is, and memory for those under way is
        // there after the first ones.
        batch_idle: Duration::from_secs(10),
        batches_in_flight: 1,
        snapshots: SnapshotOptions::ON_DEMAND,
        ..Options::with_clock(ClockMode::Event)
    };
    let engine = Engine::open(&data, options).unwrap();
    let mut lines = String::new();
    for line in customers() {
        writeln!(lines, "{line}").unwrap();
    }
    let file = folder.path().join("customers.ndjson");
    std::fs::write(&file, lines).unwrap();
    taken(&engine, &file);

    let unit = 20_000;
    let mut counts = Vec::new();
    for (number, range) in [(0, 2 * unit), (2 * unit, 3 * unit), (3 * unit, 5 * unit)]
        .into_iter()
        .enumerate()
    {
        let file = folder.path().join(format!("{number}.pb"));
        write_file(&file, &messages(range.0..range.1));
        counts.push(taken(&engine, &file));
    }
    let committed = engine.stop().unwrap();
    assert_eq!(committed.counts.applied, 5 * unit + 2 * ACCOUNTS + 1);
    // What is done once a file drops out of the difference.
    let more = counts[2].saturating_sub(counts[1]);
    println!("{counts:?}: {more} for {unit} records more");
    assert!(more as u64 <= unit / 4, "{more} for {unit} records");
}

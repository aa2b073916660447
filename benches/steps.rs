//! Criterion benchmarks of single steps: the price of each kind of record, decoding, deciding, appending.

#![allow(clippy::expect_used, reason = "a benchmark that cannot go on says why")]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Instant;
use umbral_benches::{Choice, FullCall, START, Seeded, catalog, compile, customer, prefix, usage};
use umbral_engine::{Decision, Partition, World};
use umbral_journal::{Creation, DataDir, FrameToAppend, Log, LogOptions};
use umbral_model::ids::{AccountId, EventId, Source};
use umbral_model::input::{Direction, Incoming, IncomingBody, Input, InputKey};
use umbral_rating::{Record, Tariff, rate};

fn price(criterion: &mut Criterion) {
    let set = compile(&catalog(100_000)).expect("the bench catalog");
    let plan = set.plan_no("bench").expect("its plan");
    let numbers: Vec<String> = (0..1024).map(|index| prefix(index * 97)).collect();
    let mut group = criterion.benchmark_group("price");
    let kinds = [
        ("call_10s", "voice", 10_000_000_000),
        ("call_61s_two_steps", "voice", 61_000_000_000),
        ("call_4h_over_bands", "voice", 14_400_000_000_000),
        ("message", "sms", 1),
        ("data_10kb", "data", 10_000),
        ("data_1gb_in_10kb", "data", 1_000_000_000),
    ];
    for (name, service, quantity) in kinds {
        let mut next = 0usize;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                next = (next + 1) % numbers.len();
                let record = Record {
                    service,
                    direction: Direction::Originating,
                    to: if service == "data" {
                        ""
                    } else {
                        &numbers[next]
                    },
                    whole: false,
                    zone: None,
                    network: None,
                    start: START.plus_nanos(10 * 3_600_000_000_000),
                    quantity,
                    duration: None,
                    continued: None,
                };
                black_box(rate(&set, Tariff::Plan(plan), &record)).expect("a price")
            });
        });
    }
    let full = FullCall::new(100_000).expect("a tariff with everything");
    let mut next = 0u64;
    group.bench_function("full_call", |bencher| {
        bencher.iter(|| {
            next += 1;
            black_box(full.rate(next)).expect("a price")
        });
    });
    group.finish();
}

fn decode(criterion: &mut Criterion) {
    let mut random = Seeded::new(3);
    let record = usage(1, 1000, 1000, Choice::Uniform, &mut random);
    let mut message = Vec::new();
    umbral_wire::proto::encode_incoming(&record, &mut message);
    let line = br#"{"source":"med1","event_id":"u-1","occurred_at":"2026-03-02T09:00:00Z","identifier":{"kind":"msisdn","value":"34600000001"},"usage":{"service":"voice","direction":"originating","to":"34600111222","quantity":"61s"}}"#;
    let mut group = criterion.benchmark_group("decode");
    group.bench_function("usage_protobuf", |bencher| {
        bencher
            .iter(|| umbral_wire::proto::decode_incoming(black_box(&message)).expect("a record"));
    });
    group.bench_function("usage_json", |bencher| {
        bencher.iter(|| umbral_wire::json::parse_incoming(black_box(line)).expect("a record"));
    });
    group.finish();
}

fn resolved(incoming: Incoming, account: u64) -> Input {
    let IncomingBody::Account(body) = incoming.body else {
        unreachable!("an account's input")
    };
    Input {
        key: incoming.key,
        occurred_at: incoming.occurred_at,
        account: AccountId::new(format!("A{account}")),
        member: None,
        currency: None,
        actor: None,
        reason: None,
        forced: false,
        body,
    }
}

/// A partition of 1,000 accounts, and the world it decides in.
fn partition() -> (World, Partition) {
    let set = compile(&catalog(1_000)).expect("the bench catalog");
    let version = set.latest().expect("its version");
    let mut world = World::new();
    let key = InputKey {
        source: Source::new("bench"),
        event_id: EventId::new("catalog"),
    };
    world.add_zone(version.catalog.zone.clone());
    world.activate((*version.catalog).clone(), version.effective_from, key);
    let mut partition = Partition::new();
    for account in 0..1_000 {
        for incoming in customer(account) {
            let input = resolved(incoming, account);
            let hash = umbral_wire::body_hash(&input);
            let decision = partition.process(&world, START, &input, hash, &mut Vec::new());
            assert!(matches!(decision, Decision::Applied), "{decision:?}");
        }
    }
    (world, partition)
}

/// Deduplication, rating with explanation, limits and thresholds, and the fold of the events.
fn decide(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decide_and_apply");
    group.throughput(Throughput::Elements(1));
    group.bench_function("usage", |bencher| {
        bencher.iter_custom(|times| {
            let (world, mut partition) = partition();
            let mut random = Seeded::new(5);
            let inputs: Vec<(Input, u64)> = (0..times)
                .map(|number| {
                    let account = random.below(1_000);
                    let incoming = usage(number, 1_000, 1_000, Choice::Uniform, &mut random);
                    let input = resolved(incoming, account);
                    let hash = umbral_wire::body_hash(&input);
                    (input, hash)
                })
                .collect();
            let mut events = Vec::new();
            let started = Instant::now();
            for (input, hash) in &inputs {
                events.clear();
                let clock = input.occurred_at;
                black_box(partition.process(&world, clock, input, *hash, &mut events));
            }
            started.elapsed()
        });
    });
    group.finish();
}

fn append(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let creation = Creation {
        partitions: 64,
        created_by: "bench".to_owned(),
    };
    let dir =
        DataDir::create(folder.path().join("data").as_path(), &creation).expect("a data directory");
    let lock = dir.lock().expect("its lock");
    let mut log = Log::open(&dir, lock, LogOptions::default()).expect("its log");
    let payload = vec![7u8; 200 * 128];
    let mut group = criterion.benchmark_group("journal");
    group.sample_size(20);
    group.throughput(Throughput::Elements(64 * 128));
    group.bench_function("batch_of_8192_records_synced", |bencher| {
        bencher.iter_batched(
            || {
                (0..64)
                    .map(|partition| FrameToAppend {
                        partition,
                        count: 128,
                        payload: &payload,
                    })
                    .collect::<Vec<_>>()
            },
            |frames| log.append_batch(&frames, b"control").expect("an append"),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group!(steps, price, decode, decide, append);
criterion_main!(steps);

//! The engine on a real broker: everything once, whatever happens.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(
    clippy::disallowed_methods,
    reason = "brokers are looked at again after a while"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};
use umbral_broker::{Cluster, Settings};
use umbral_kafka::{Service, SnapshotSettings};
use umbral_model::time::Timestamp;
use umbral_runtime::lane::LaneOptions;
use umbral_runtime::{ClockMode, ManualTime};
use umbral_tests::kafka::{self, Feed, oracle, topics, wait_for};

const PARTITIONS: u16 = 4;

#[test]
fn what_goes_through_is_what_an_embedded_engine_says() {
    let cluster = Cluster::start(&Settings::one()).unwrap();
    let deployment = kafka::deployment(cluster.bootstrap(), "plain", PARTITIONS, 1);
    topics::create(&deployment);
    let producing = topics::Producing::new(&deployment);
    producing.send(
        "plain.catalog",
        0,
        b"",
        &kafka::json(&kafka::demo_catalog()),
    );
    let feed = Feed::new(200, 7, PARTITIONS);
    producing.send_all("plain.customers", &feed.opening);
    let options = LaneOptions::with_clock(ClockMode::Event);
    let service = Service::start(
        deployment.clone(),
        &options,
        &SnapshotSettings::default(),
        2,
    )
    .unwrap();
    let opening = feed.opening.len() as u64 + u64::from(PARTITIONS);
    wait_for(&service, opening);
    producing.send_all("plain.usage", &feed.life);
    wait_for(&service, opening + feed.life.len() as u64);
    let standing = service.stop().unwrap();
    assert!(
        standing.counts.quarantined < standing.counts.applied / 50,
        "{standing:?}"
    );

    let journals = oracle::journals(&deployment);
    let found = oracle::published(&deployment);
    let expected = oracle::expected(&journals, &feed.by_key());
    assert_eq!(oracle::difference(&found, &expected), None);
    assert!(found.len() > feed.life.len() / 2);
}

/// Whatever the clock: what was sent before the first start is taken, and a snapshot of another deployment is left alone.
#[test]
fn the_first_start_has_a_clock_and_foreign_snapshots_are_not_used() {
    let cluster = Cluster::start(&Settings::one()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = umbral_store::create(&folder.path().to_string_lossy()).unwrap();
    let snapshots = SnapshotSettings::in_store(store);
    for (prefix, customers) in [("first", 40), ("second", 60)] {
        let deployment = kafka::deployment(cluster.bootstrap(), prefix, PARTITIONS, 1);
        topics::create(&deployment);
        let producing = topics::Producing::new(&deployment);
        let catalog = kafka::json(&kafka::demo_catalog());
        producing.send(&deployment.names.catalog, 0, b"", &catalog);
        let feed = Feed::new(customers, 9, PARTITIONS);
        producing.send_all(&format!("{prefix}.customers"), &feed.opening);
        let now = Timestamp::parse("2026-03-01T12:00:00Z").unwrap();
        let clock = ClockMode::Wall(Arc::new(ManualTime::new(now)));
        let options = LaneOptions::with_clock(clock);
        let start = || Service::start(deployment.clone(), &options, &snapshots, 1).unwrap();
        let service = start();
        let inputs = feed.opening.len() as u64 + u64::from(PARTITIONS);
        wait_for(&service, inputs);
        let counts = service.stop().unwrap().counts;
        assert_eq!(counts.quarantined, 0, "{prefix}: {counts:?}");
        // As if both had written under one name.
        for partition in 0..PARTITIONS {
            let name = |prefix: &str, slot: &str| {
                folder
                    .path()
                    .join(format!("{prefix}%2F{partition:05}%2F{slot}"))
            };
            if prefix == "second" {
                for slot in ["newest", "0.lane", "1.lane"] {
                    let _ = std::fs::copy(name("first", slot), name("second", slot));
                }
            }
        }
        let service = start();
        let started = Instant::now();
        while service.standing().owned() < usize::from(PARTITIONS) {
            assert!(service.is_running(), "{prefix}: it stopped");
            assert!(started.elapsed() < Duration::from_secs(30), "{prefix}");
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(
            service.stop().unwrap().counts.inputs,
            0,
            "{prefix}: nothing came twice"
        );
    }
}

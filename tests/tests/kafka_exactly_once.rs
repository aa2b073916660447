//! The engine on a real broker: everything once, whatever happens.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(
    clippy::disallowed_methods,
    reason = "brokers are looked at again after a while"
)]

use std::time::{Duration, Instant};
use umbral_broker::{Cluster, Settings};
use umbral_kafka::{Service, SnapshotSettings};
use umbral_runtime::ClockMode;
use umbral_runtime::lane::LaneOptions;
use umbral_tests::kafka::{self, Fed, Feed, oracle, topics};

const PARTITIONS: u16 = 4;

fn send(producing: &topics::Producing, topic: &str, fed: &[Fed]) {
    for one in fed {
        let key = one
            .account
            .as_ref()
            .map(|account| account.as_str().as_bytes().to_vec());
        let value = kafka::json(&one.incoming);
        let partition = i32::from(one.partition.0);
        producing.send(topic, partition, &key.unwrap_or_default(), &value);
    }
    producing.flush();
}

fn wait_for(service: &Service, inputs: u64) {
    let started = Instant::now();
    while service.standing().counts.inputs < inputs {
        assert!(service.is_running(), "the service stopped");
        assert!(
            started.elapsed() < Duration::from_secs(120),
            "{:?}",
            service.standing()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

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
    send(&producing, "plain.customers", &feed.opening);
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
    send(&producing, "plain.usage", &feed.life);
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

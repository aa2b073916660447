//! Records that know a number and not the account: the router finds it, once, and keeps those of unknown numbers until
//! somebody holds them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(
    clippy::disallowed_methods,
    reason = "brokers are looked at again after a while"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use umbral_broker::{Cluster, Settings};
use umbral_kafka::{Deployment, Service, SnapshotSettings};
use umbral_model::input::{Address, Body, IncomingBody};
use umbral_model::time::Timestamp;
use umbral_runtime::ClockMode;
use umbral_runtime::lane::LaneOptions;
use umbral_runtime::partitioner::partition_of;
use umbral_tests::kafka::topics::{Producing, create};
use umbral_tests::kafka::{self, Fed, Feed, key_of, oracle};

const PARTITIONS: u16 = 4;

fn start(deployment: &Deployment) -> Service {
    let options = LaneOptions::with_clock(ClockMode::Event);
    Service::start(
        deployment.clone(),
        &options,
        &SnapshotSettings::default(),
        1,
    )
    .unwrap()
}

type Keys = BTreeSet<(String, String)>;

/// How often each key was applied, and which ever came into the quarantine.
fn outcomes(deployment: &Deployment) -> (BTreeMap<(String, String), u32>, Keys) {
    let (mut applied, mut refused) = (BTreeMap::new(), Keys::new());
    for journal in oracle::journals(deployment).values() {
        for input in &journal.inputs {
            let key = key_of(&input.key);
            match input.outcome {
                oracle::Came::Quarantined => {
                    refused.insert(key);
                }
                oracle::Came::Applied => *applied.entry(key).or_default() += 1,
                oracle::Came::Repeat => {}
            }
        }
    }
    (applied, refused)
}

fn wait_until(
    deployment: &Deployment,
    service: &Service,
    what: &str,
    is_so: impl Fn(&BTreeMap<(String, String), u32>, &Keys) -> bool,
) {
    let started = Instant::now();
    loop {
        let (applied, refused) = outcomes(deployment);
        if is_so(&applied, &refused) {
            return;
        }
        assert!(service.is_running(), "the service stopped");
        let (applied, refused) = (applied.len(), refused.len());
        assert!(
            started.elapsed() < Duration::from_secs(90),
            "{what}: {applied} applied, {refused} refused"
        );
        std::thread::sleep(Duration::from_millis(300));
    }
}

#[test]
fn records_find_their_accounts_once_and_wait_for_unknown_numbers() {
    let cluster = Cluster::start(&Settings::one()).unwrap();
    let deployment = kafka::deployment(cluster.bootstrap(), "route", PARTITIONS, 1);
    create(&deployment);
    let producing = Producing::new(&deployment);
    producing.send(
        "route.catalog",
        0,
        b"",
        &kafka::json(&kafka::demo_catalog()),
    );
    let feed = Feed::new(120, 5, PARTITIONS);
    let is_member = |fed: &&Fed| {
        matches!(
            fed.incoming.body,
            IncomingBody::Account(Body::MemberAdded(_))
        )
    };
    let members: Vec<&Fed> = feed.opening.iter().filter(is_member).collect();
    let late: BTreeSet<_> = members
        .iter()
        .rev()
        .take(15)
        .map(|fed| key_of(&fed.incoming.key))
        .collect();
    let is_late = |fed: &&Fed| late.contains(&key_of(&fed.incoming.key));
    producing.send_all(
        "route.customers",
        feed.opening.iter().filter(|fed| !is_late(fed)),
    );

    let until = Timestamp::parse("2026-03-06T00:00:00Z").unwrap();
    let mut sent = Keys::new();
    let usage = feed
        .life
        .iter()
        .filter(|fed| fed.incoming.occurred_at < until);
    for fed in usage {
        let (Some(Address::Identifier(identifier)), IncomingBody::Account(Body::Usage(_))) =
            (&fed.incoming.address, &fed.incoming.body)
        else {
            continue;
        };
        let key = identifier.value.as_bytes();
        let partition = i32::from(partition_of(key, PARTITIONS).0);
        if sent.insert(key_of(&fed.incoming.key)) {
            producing.send("route.inbox", partition, key, &kafka::json(&fed.incoming));
        }
    }
    producing.flush();
    assert!(sent.len() > 300, "{} records", sent.len());

    let service = start(&deployment);
    wait_until(
        &deployment,
        &service,
        "all are somewhere",
        |applied, refused| {
            sent.iter()
                .all(|key| applied.contains_key(key) || refused.contains(key))
        },
    );
    service.stop().unwrap();
    let (_, refused) = outcomes(&deployment);
    let service = start(&deployment);
    producing.send_all("route.customers", feed.opening.iter().filter(is_late));
    let by_key = feed.by_key();
    let is_nobodys = |key: &(String, String)| {
        feed.life
            .iter()
            .any(|fed| key_of(&fed.incoming.key) == *key && fed.account.is_none())
    };
    let waiting: Keys = refused
        .iter()
        .filter(|key| sent.contains(*key) && !is_nobodys(key))
        .cloned()
        .collect();
    assert!(waiting.len() > 20, "{} records wait", waiting.len());
    wait_until(
        &deployment,
        &service,
        "what waited is applied",
        |applied, _| {
            let missing = waiting.iter().filter(|key| !applied.contains_key(*key));
            missing.filter(|key| !is_unrated(by_key[*key])).count() == 0
        },
    );
    service.stop().unwrap();
    let (applied, _) = outcomes(&deployment);
    let twice: Vec<_> = applied
        .iter()
        .filter(|(key, times)| sent.contains(*key) && **times > 1)
        .collect();
    assert_eq!(twice, Vec::new(), "applied more than once");
}

/// Usage to destinations that no plan has stays in the quarantine, whoever holds the number.
fn is_unrated(incoming: &umbral_model::input::Incoming) -> bool {
    let IncomingBody::Account(Body::Usage(usage)) = &incoming.body else {
        return false;
    };
    usage.to.head.starts_with("388")
}

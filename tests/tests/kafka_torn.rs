//! Journal and derived topics that were made to disagree: the next start finds it, says where, and changes nothing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(
    clippy::disallowed_methods,
    reason = "brokers are looked at again after a while"
)]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use umbral_broker::{Cluster, Settings};
use umbral_journal::RecordChain;
use umbral_kafka::{Deployment, Service, SnapshotSettings};
use umbral_model::journal::Commit;
use umbral_runtime::ClockMode;
use umbral_runtime::lane::LaneOptions;
use umbral_tests::kafka::topics::{self, Producing, Taken, create, read_committed};
use umbral_tests::kafka::{self, Feed};

const PARTITIONS: u16 = 2;

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

/// A deployment with some history of which no instance runs.
fn with_history(cluster: &Cluster, prefix: &str, feed: &Feed) -> (Deployment, Producing) {
    let deployment = kafka::deployment(cluster.bootstrap(), prefix, PARTITIONS, 1);
    create(&deployment);
    let producing = Producing::new(&deployment);
    fill(deployment, producing, feed)
}

/// Sends all of a feed, and has an instance take it.
fn fill(deployment: Deployment, producing: Producing, feed: &Feed) -> (Deployment, Producing) {
    let prefix = deployment.settings().prefix.clone();
    let catalog = kafka::json(&kafka::demo_catalog());
    producing.send(&deployment.names.catalog, 0, b"", &catalog);
    let all = feed.opening.iter().chain(&feed.life);
    producing.send_all(&format!("{prefix}.usage"), all);
    let service = start(&deployment);
    let all = (feed.opening.len() + feed.life.len()) as u64 + u64::from(PARTITIONS);
    let started = Instant::now();
    while service.standing().counts.inputs < all {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "{:?}",
            service.standing()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    service.stop().unwrap();
    (deployment, producing)
}

/// Why the next start does not go on.
fn refusal(deployment: &Deployment) -> String {
    let service = start(deployment);
    let started = Instant::now();
    while service.is_running() {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "it starts all the same"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    service.stop().unwrap_err().to_string()
}

fn last_of(deployment: &Deployment, topic: &str, partition: i32) -> Taken {
    let all = read_committed(&deployment.reader(), topic, PARTITIONS);
    all.into_iter()
        .rfind(|record| record.partition == partition)
        .unwrap()
}

type Injection = fn(&Deployment, &Producing);

/// A record of the journal again, as a late owner or a repeated transaction would leave it.
fn repeat_a_batch(deployment: &Deployment, producing: &Producing) {
    let last = last_of(deployment, &deployment.names.journal, 1);
    producing.send(&deployment.names.journal, 1, b"", &last.value);
}

/// A batch after one that is not there.
fn skip_a_batch(deployment: &Deployment, producing: &Producing) {
    let last = last_of(deployment, &deployment.names.journal, 0);
    let mut chain = RecordChain::after(&last.value).unwrap();
    for _ in 0..2 {
        let mut control = Vec::new();
        let batch = chain.batch + 1;
        umbral_wire::frame::encode_commit(
            &Commit {
                batch,
                ..Commit::default()
            },
            &mut control,
        );
        let (bytes, _) = chain.write(0, &control, &[]).unwrap();
        if batch == RecordChain::after(&last.value).unwrap().batch + 2 {
            producing.send(&deployment.names.journal, 0, b"", &bytes);
        }
    }
}

/// Bytes that nobody of ours wrote.
fn write_garbage(deployment: &Deployment, producing: &Producing) {
    producing.send(&deployment.names.journal, 0, b"", b"garbage");
}

/// An event whose batch is not in the journal.
fn publish_more(deployment: &Deployment, producing: &Producing) {
    let topic = deployment.names.derived[0].clone().unwrap();
    let last = last_of(deployment, &topic, 1);
    let number: u64 = String::from_utf8(last.headers["umbral-seq"].clone())
        .unwrap()
        .parse()
        .unwrap();
    let headers = BTreeMap::from([("umbral-seq".to_owned(), (number + 1).to_string())]);
    producing.send_with(&topic, 1, &headers, &last.value);
}

/// A batch whose events are on no topic.
fn journal_more(deployment: &Deployment, producing: &Producing) {
    let last = last_of(deployment, &deployment.names.journal, 1);
    let mut chain = RecordChain::after(&last.value).unwrap();
    let record = RecordChain::content(&last.value).unwrap();
    let before = umbral_wire::frame::decode_commit(record.control).unwrap();
    let mut control = Vec::new();
    let commit = Commit {
        batch: chain.batch + 1,
        sources: Vec::new(),
        ..before
    };
    umbral_wire::frame::encode_commit(&commit, &mut control);
    let (bytes, _) = chain.write(0, &control, &[]).unwrap();
    let published = String::from_utf8(last.headers["umbral-published"].clone()).unwrap();
    let mut counts: Vec<u64> = published
        .split(',')
        .map(|count| count.parse().unwrap())
        .collect();
    counts[0] += 1;
    let counts: Vec<String> = counts.iter().map(u64::to_string).collect();
    let headers = BTreeMap::from([("umbral-published".to_owned(), counts.join(","))]);
    producing.send_with(&deployment.names.journal, 1, &headers, &bytes);
}

/// Has the broker forget what lies before an offset, as retention does.
fn forget(cluster: &Cluster, topic: &str, before: i64) {
    let file = tempfile::NamedTempFile::new().unwrap();
    let order = format!(
        r#"{{"partitions":[{{"topic":"{topic}","partition":0,"offset":{before}}}],"version":1}}"#
    );
    std::fs::write(file.path(), order).unwrap();
    let path = file.path().to_str().unwrap();
    let class = "org.apache.kafka.tools.DeleteRecordsCommand";
    cluster.tool(class, &["--offset-json-file", path]).unwrap();
}

/// A topic that forgot what was never read is read from its beginning; one that forgot what was not taken is named.
fn what_was_forgotten_is_named(cluster: &Cluster, feed: &Feed) {
    let deployment = kafka::deployment(cluster.bootstrap(), "forgot", PARTITIONS, 1);
    create(&deployment);
    let producing = Producing::new(&deployment);
    for _ in 0..10 {
        producing.send("forgot.usage", 0, b"", b"{}");
    }
    producing.flush();
    forget(cluster, "forgot.usage", 10);
    let (deployment, producing) = fill(deployment, producing, feed);
    for _ in 0..10 {
        producing.send("forgot.usage", 0, b"", b"{}");
    }
    producing.flush();
    let end = topics::end(&deployment.reader(), "forgot.usage", 0);
    forget(cluster, "forgot.usage", end);
    let said = refusal(&deployment);
    let expected = format!("was read up to {}", end - 10);
    assert!(
        said.contains("forgot.usage/0") && said.contains(&expected),
        "{said}"
    );
}

#[test]
fn what_was_torn_is_found_and_named() {
    let cluster = Cluster::start(&Settings::one()).unwrap();
    let feed = Feed::new(30, 3, PARTITIONS);
    if cluster.is_ours() {
        what_was_forgotten_is_named(&cluster, &feed);
    }
    let cases: [(&str, Injection, &[&str]); 5] = [
        ("repeat", repeat_a_batch, &["partition 1", "it came twice"]),
        (
            "skip",
            skip_a_batch,
            &["partition 0", "records before it are lost"],
        ),
        ("garbage", write_garbage, &["partition 0", "damaged"]),
        (
            "more",
            publish_more,
            &["partition 1 is torn", "the journal lost a batch"],
        ),
        (
            "less",
            journal_more,
            &["partition 1 is torn", "the topic lost records"],
        ),
    ];
    for (prefix, inject, expected) in cases {
        let (deployment, producing) = with_history(&cluster, prefix, &feed);
        start(&deployment).stop().unwrap();
        inject(&deployment, &producing);
        producing.flush();
        let said = refusal(&deployment);
        for words in expected {
            assert!(said.contains(words), "{prefix}: {said}");
        }
        assert_eq!(refusal(&deployment), said, "{prefix}: nothing was changed");
    }
}

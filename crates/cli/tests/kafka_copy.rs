//! A data directory to Kafka and back: accounts are as they were, and nothing is published again.

#![allow(clippy::expect_used, reason = "a test that cannot go on says why")]

mod common;

use common::{done, json, run, stderr, text, umbral};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};
use umbral_broker::{Cluster, Settings};
use umbral_kafka::{Deployment, Service, SnapshotSettings};
use umbral_model::ids::EventId;
use umbral_model::input::{Incoming, IncomingBody};
use umbral_model::time::Timestamp;
use umbral_runtime::lane::LaneOptions;
use umbral_runtime::{ClockMode, Founding};
use umbral_tests::kafka::topics::{self, Producing};
use umbral_tests::kafka::{self, Fed, Feed, oracle, wait_for};

const PARTITIONS: u16 = 4;
const PREFIX: &str = "grown";
const UNKNOWN: &str = r#"{"source":"med1","event_id":"lost","occurred_at":"2026-03-02T09:00:00Z","account_id":"nobody","usage":{"service":"voice","direction":"originating","to":"34600111222","quantity":"61s"}}"#;

fn config(folder: &Path, bootstrap: &str) -> String {
    let path = folder.join("umbral.toml");
    let content = format!(
        "partitions = {PARTITIONS}\nclock = \"event\"\n[kafka]\nbootstrap = \"{bootstrap}\"\nprefix = \"{PREFIX}\"\n\
         instance = \"a\"\nreplication = 1\nmirror = \"cache\"\n[kafka.output]\nformat = \"json\"\n"
    );
    std::fs::write(&path, content).expect("written");
    text(&path).to_owned()
}

/// A data directory with the demo's catalog.
fn found(data: &Path) {
    let catalog = kafka::demo_catalog();
    let IncomingBody::CatalogActivated(activation) = &catalog.body else {
        panic!("a catalog")
    };
    let founding = Founding {
        partitions: PARTITIONS,
        catalogs: vec![activation.files.clone()],
        at: catalog.occurred_at,
        created_by: "test".to_owned(),
    };
    umbral_runtime::init(data, founding).expect("a data directory");
}

fn ndjson(path: &Path, fed: &[&Fed], more: &str) -> String {
    let mut content = String::new();
    for one in fed {
        content += &String::from_utf8_lossy(&kafka::json(&one.incoming));
        content.push('\n');
    }
    content += more;
    std::fs::write(path, content).expect("written");
    text(path).to_owned()
}

fn counted(lines: &str) -> BTreeMap<String, u64> {
    let mut counted = BTreeMap::new();
    for line in lines.lines() {
        *counted.entry(line.to_owned()).or_default() += 1;
    }
    counted
}

fn verified(site: &[&str]) -> Value {
    let command = ["replay", "--verify", "-o", "json"];
    let verified = json(&done(&[&command[..], site].concat()));
    assert_eq!(verified["agrees"], true, "{verified}");
    verified
}

/// Accounts as they are shown, every so many of those that have events.
fn accounts(tailed: &str, site: &[&str]) -> BTreeMap<String, Value> {
    let ids: std::collections::BTreeSet<String> = tailed
        .lines()
        .filter_map(|line| Some(json(line)["account_id"].as_str()?.to_owned()))
        .collect();
    let some = ids.into_iter().step_by(5);
    some.map(|id| {
        let shown = done(&[&["account", &id, "-o", "json"][..], site].concat());
        (id, json(&shown))
    })
    .collect()
}

/// Without the numbers of inputs, and without the clock, which one log has for all partitions and on Kafka each
/// partition for itself.
fn comparable(mut accounts: BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    for account in accounts.values_mut() {
        account.as_object_mut().expect("fields").remove("as_of");
        for charge in account["latest_charges"].as_array_mut().expect("charges") {
            charge.as_object_mut().expect("fields").remove("position");
        }
    }
    accounts
}

fn same_on_both_sides(one: &[&str], other: &[&str]) {
    let (first, second) = (verified(one), verified(other));
    assert_eq!(first["state_hash"], second["state_hash"]);
    assert_eq!(first["events"], second["events"]);
    let tail = |site: &[&str]| done(&[&["tail"][..], site].concat());
    let (tailed, others) = (tail(one), tail(other));
    assert!(
        counted(&tailed) == counted(&others),
        "the streams are the same"
    );
    let (ours, theirs) = (accounts(&tailed, one), accounts(&tailed, other));
    assert!(ours.len() > 10);
    let (ours, theirs) = (comparable(ours), comparable(theirs));
    for (id, account) in &ours {
        let fields = account.as_object().expect("fields");
        for (name, value) in fields {
            assert_eq!(*value, theirs[id][name], "{name} of {id}, {one:?}");
        }
    }
    assert_eq!(ours.len(), theirs.len());
}

/// Begins a copy and ends it somewhere in the middle.
fn break_off(data: &str, config: &str, deployment: &Deployment) {
    let mut copying = umbral(&["copy", "--data", data, "--to", "kafka", "--config", config])
        .spawn()
        .expect("it starts");
    let started = Instant::now();
    let journal = &deployment.names.journal;
    while topics::end(&deployment.reader(), journal, 0) == 0 {
        assert!(started.elapsed() < Duration::from_secs(60));
        std::thread::park_timeout(Duration::from_millis(1));
    }
    copying.kill().expect("killed");
    copying.wait().expect("ended");
}

#[test]
fn a_data_directory_grows_into_a_deployment_and_comes_back() {
    let cluster = Cluster::start(&Settings::one()).expect("a broker");
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let config = config(folder, cluster.bootstrap());
    let data = folder.join("data");
    found(&data);
    let feed = Feed::new(120, 11, PARTITIONS);
    let (early, late) = feed.life.split_at(feed.life.len() * 2 / 3);
    let first: Vec<&Fed> = feed.opening.iter().chain(early).collect();
    let file = ndjson(
        &folder.join("early.ndjson"),
        &first,
        &format!("{UNKNOWN}\n"),
    );
    let data = text(&data);
    let small = ["--clock", "event", "--batch", "20", "--quiet"];
    done(&[&["ingest", "--data", data, &file][..], &small].concat());
    done(&["topics", "create", "--config", &config]);
    let deployment = kafka::deployment(cluster.bootstrap(), PREFIX, PARTITIONS, 1);

    break_off(data, &config, &deployment);
    let copy = ["copy", "--data", data, "--to", "kafka", "--config", &config];
    let copied = json(&done(&[&copy[..], &["-o", "json"]].concat()));
    let again = json(&done(&[&copy[..], &["-o", "json"]].concat()));
    assert_eq!(again["resumed_from_record"], copied["records"]);

    let (on_disk, on_kafka) = (["--data", data], ["--config", config.as_str()]);
    same_on_both_sides(&on_disk, &on_kafka);
    assert_eq!(done(&["tail", "--new", "--config", &config]), "");
    let sent = json(&done(&["ingest", &file, "--config", &config, "-o", "json"]));
    assert_eq!(sent["sent"], 0, "what the directory took is not sent again");
    let waiting = ["quarantine", "list", "-o", "json"];
    let waits = |site: &[&str]| done(&[&waiting[..], site].concat()).lines().count();
    assert_eq!(waits(&on_disk), waits(&on_kafka));

    goes_on(&deployment, &config, late);
    comes_back(folder, &config, &copy);
}

/// The demo's catalog again, in force later.
fn second_catalog(at: &Fed) -> Incoming {
    let mut catalog = kafka::demo_catalog();
    catalog.key.event_id = EventId::new("second");
    catalog.occurred_at = at.incoming.occurred_at;
    if let IncomingBody::CatalogActivated(activation) = &mut catalog.body {
        activation.effective_from = Timestamp::parse("2026-06-01T00:00:00Z");
    }
    catalog
}

/// Instances go on with the accounts as they were; what they publish is new.
fn goes_on(deployment: &Deployment, config: &str, late: &[Fed]) {
    let options = LaneOptions::with_clock(ClockMode::Event);
    let snapshots = SnapshotSettings::default();
    let service = Service::start(deployment.clone(), &options, &snapshots, 2).expect("a service");
    let producing = Producing::new(deployment);
    let send = |fed: &[Fed]| {
        for fed in fed {
            let value = kafka::json(&fed.incoming);
            let partition = i32::from(fed.partition.0);
            producing.send("grown.usage", partition, b"", &value);
        }
        producing.flush();
    };
    // Each partition takes the second catalog at another place of its log.
    let (before, after) = late.split_at(late.len() / 2);
    send(before);
    let second = kafka::json(&second_catalog(&after[0]));
    producing.send("grown.catalog", 0, b"", &second);
    send(after);
    wait_for(&service, late.len() as u64 + u64::from(PARTITIONS));
    let standing = service.stop().expect("an end");
    let counts = standing.counts;
    assert!(counts.quarantined < counts.applied / 20, "{counts:?}");
    let published = oracle::published(deployment);
    let published = published
        .into_iter()
        .map(|((_, line), count)| (line, count));
    let new = done(&["tail", "--new", "--config", config]);
    assert!(counted(&new) == published.collect(), "only what is new");
}

fn comes_back(folder: &Path, config: &str, copy: &[&str]) {
    let back = folder.join("back");
    let home = ["copy", "--config", config, "--to", text(&back)];
    done(&home);
    same_on_both_sides(&["--data", text(&back)], &["--config", config]);
    assert_eq!(run(&home).status.code(), Some(3), "it is there");
    let customer = folder.join("one.ndjson");
    std::fs::write(&customer, UNKNOWN.replace("lost", "lost-again")).expect("written");
    let taken = [
        "ingest",
        "--data",
        text(&back),
        text(&customer),
        "--clock",
        "event",
    ];
    done(&taken);
    verified(&["--data", text(&back)]);
    let occupied = run(copy);
    assert_eq!(occupied.status.code(), Some(3));
    assert!(stderr(&occupied).contains("holds something else"));
}

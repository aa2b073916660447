//! Commands that read, on a deployment on Kafka: what they say is what is on the topics.

#![allow(clippy::expect_used, reason = "a test that cannot go on says why")]

mod common;

use common::{json, run, stderr, stdout, text};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};
use umbral_broker::{Cluster, Settings};
use umbral_kafka::{Deployment, FileRecord, Ingestion, Service, SnapshotSettings};
use umbral_model::ids::AccountId;
use umbral_runtime::ClockMode;
use umbral_runtime::lane::LaneOptions;
use umbral_runtime::partitioner::partition_of_account;
use umbral_tests::kafka::topics::{self, Producing};
use umbral_tests::kafka::{self, Feed, oracle, wait_for};

const PARTITIONS: u16 = 4;

/// Writes the configuration of a deployment; the path of the file.
fn config(folder: &Path, prefix: &str, bootstrap: &str) -> String {
    let path = folder.join(format!("{prefix}.toml"));
    let content = format!(
        "partitions = {PARTITIONS}\nclock = \"event\"\n[kafka]\nbootstrap = \"{bootstrap}\"\nprefix = \"{prefix}\"\n\
         instance = \"a\"\nreplication = 1\nmirror = \"cache\"\n"
    );
    std::fs::write(&path, content).expect("written");
    text(&path).to_owned()
}

fn start(deployment: &Deployment) -> Service {
    let options = LaneOptions::with_clock(ClockMode::Event);
    let snapshots = SnapshotSettings::default();
    Service::start(deployment.clone(), &options, &snapshots, 2).expect("a service")
}

/// Standard output of a command that ends well.
fn said(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stdout(&output)
}

fn counted(lines: impl Iterator<Item = String>) -> BTreeMap<String, u64> {
    let mut counted = BTreeMap::new();
    for line in lines {
        *counted.entry(line).or_default() += 1;
    }
    counted
}

#[test]
fn commands_work_on_kafka_as_on_a_data_directory() {
    let cluster = Cluster::start(&Settings::one()).expect("a broker");
    what_commands_say_is_what_is_on_the_topics(&cluster);
    what_commands_send_is_taken_once(&cluster);
    what_is_no_record_is_told_once_with_its_place(&cluster);
    of_two_that_send_the_first_is_told_so(&cluster);
}

fn what_is_no_record_is_told_once_with_its_place(cluster: &Cluster) {
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path(), "odd", cluster.bootstrap());
    said(&["topics", "create", "--config", &config]);
    let deployment = kafka::deployment(cluster.bootstrap(), "odd", PARTITIONS, 1);
    let producing = Producing::new(&deployment);
    producing.send("odd.catalog", 0, b"", b"{ broken");
    producing.send(
        "odd.catalog",
        0,
        b"",
        usage(1, r#""account_id":"A1""#).as_bytes(),
    );
    let catalog = kafka::json(&kafka::demo_catalog());
    producing.send("odd.catalog", 0, b"", &catalog);
    producing.send("odd.inbox", 3, b"x", b"{ unreadable");
    producing.flush();
    let service = start(&deployment);
    wait_for(&service, u64::from(PARTITIONS) + 3);
    service.stop().expect("an end");
    let open = waiting(&config, &[]);
    let place = |record: &serde_json::Value| record["place"].to_string();
    let of_catalog = open.iter().filter(|one| place(one).contains("odd.catalog"));
    let details: Vec<String> = of_catalog.map(|one| one["detail"].to_string()).collect();
    assert_eq!(
        details.len(),
        2,
        "each once, not by every partition: {open:?}"
    );
    assert!(
        details[1].contains("takes catalogs and nothing else"),
        "{details:?}"
    );
    let of_inbox: Vec<_> = open
        .iter()
        .filter(|one| !place(one).contains("odd.catalog"))
        .collect();
    assert_eq!(of_inbox.len(), 1, "{open:?}");
    let detail = of_inbox[0]["detail"].to_string();
    assert!(
        detail.contains("it came by odd.inbox/3, offset 0"),
        "{detail}"
    );
}

/// Two that send under one name: the second takes the place of the first.
fn of_two_that_send_the_first_is_told_so(cluster: &Cluster) {
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path(), "two", cluster.bootstrap());
    said(&["topics", "create", "--config", &config]);
    let deployment = kafka::deployment(cluster.bootstrap(), "two", PARTITIONS, 1);
    let mut first = Ingestion::begin(&deployment).expect("the first");
    let incoming = kafka::demo_catalog();
    let original = kafka::json(&incoming);
    let record = FileRecord {
        content: Ok(&incoming),
        original: &original,
        format: "json",
    };
    first.send(&record).expect("sent");
    let file = written(&folder.path().join("c.ndjson"), &[customer("A1")]);
    assert_eq!(sent(&file, &config), 1);
    let sent = first.send(&record).and_then(|()| first.commit(None));
    let told = sent.expect_err("the second took its place").to_string();
    assert!(
        told.contains("another `umbral ingest` began under the name two-a-ingest"),
        "{told}"
    );
}

fn what_commands_say_is_what_is_on_the_topics(cluster: &Cluster) {
    let folder = tempfile::tempdir().expect("a folder");
    let prefix = "seen";
    let config = config(folder.path(), prefix, cluster.bootstrap());
    let deployment = kafka::deployment(cluster.bootstrap(), prefix, PARTITIONS, 1);
    topics::create(&deployment);
    let producing = Producing::new(&deployment);
    let catalog = kafka::json(&kafka::demo_catalog());
    producing.send(&deployment.names.catalog, 0, b"", &catalog);
    let feed = Feed::new(100, 5, PARTITIONS);
    let unknown = br#"{"source":"med1","event_id":"lost","occurred_at":"2026-03-02T09:00:00Z","account_id":"nobody","usage":{"service":"voice","direction":"originating","to":"34600111222","quantity":"61s"}}"#;
    let of_nobody = partition_of_account(&AccountId::new("nobody"), PARTITIONS);
    producing.send_all(&format!("{prefix}.usage"), &feed.opening);
    let service = start(&deployment);
    let (first, last) = feed.life.split_at(feed.life.len() / 2);
    producing.send_all(&format!("{prefix}.usage"), first);
    producing.send("seen.usage", i32::from(of_nobody.0), b"nobody", unknown);
    producing.flush();
    let opening = (feed.opening.len() + usize::from(PARTITIONS) + 1) as u64;
    wait_for(&service, opening + first.len() as u64);

    // A mirror goes on where it was.
    let early = said(&["tail", "--config", &config]);
    producing.send_all(&format!("{prefix}.usage"), last);
    wait_for(&service, opening + feed.life.len() as u64);
    service.stop().expect("an end");
    let late = said(&["tail", "--config", &config]);
    assert!(late.lines().count() > early.lines().count());
    let found = oracle::published(&deployment);
    let published = found
        .iter()
        .map(|((_, line), count)| (line.clone(), *count));
    let tailed = counted(late.lines().map(str::to_owned));
    assert!(tailed == published.collect(), "tail is what was published");

    accounts_and_months(&config, &late);
    verified(&config, &deployment);
    quarantined(&config, of_nobody.0);
    recreated(&config, folder.path(), &late);
    refusals(&config, &folder.path().join("none.toml"));
}

fn accounts_and_months(config: &str, tailed: &str) {
    let rated = tailed.lines().map(json);
    let rated = rated.filter(|line| line.get("usage_rated").is_some());
    let some: Vec<_> = rated.step_by(97).take(3).collect();
    for event in some {
        let account = event["account_id"].as_str().expect("an account");
        let shown = json(&said(&[
            "account", account, "--config", config, "-o", "json",
        ]));
        assert_eq!(shown["account_id"], account);
        let month = ["bill", account, "--month", "2026-03", "--config", config];
        assert!(said(&month).contains(account));
        let id = event["out_id"].as_str().expect("an id");
        let why = json(&said(&["why", id, "--config", config, "-o", "json"]));
        assert!(why.as_array().is_some_and(|links| !links.is_empty()));
        let own = said(&["tail", "--account", account, "--config", config]);
        let of_account = tailed
            .lines()
            .filter(|line| json(line)["account_id"] == account);
        assert_eq!(own.lines().count(), of_account.count());
    }
}

fn verified(config: &str, deployment: &Deployment) {
    let verified = said(&["replay", "--verify", "--config", config, "-o", "json"]);
    let verified = json(&verified);
    assert_eq!(verified["agrees"], true);
    let journals = oracle::journals(deployment);
    let inputs: u64 = journals.values().map(|journal| journal.counts.inputs).sum();
    assert_eq!(verified["inputs"], inputs);
}

fn quarantined(config: &str, partition: u16) {
    let listed = said(&["quarantine", "list", "--config", config, "-o", "json"]);
    let listed: Vec<_> = listed.lines().map(json).collect();
    let lost = listed.iter().find(|record| record["event_id"] == "lost");
    let position = lost.expect("it waits")["position"]
        .as_u64()
        .expect("a number");
    assert_eq!((position - 1) % u64::from(PARTITIONS), u64::from(partition));
    let number = position.to_string();
    let shown = said(&["quarantine", "show", &number, "--config", config, "--raw"]);
    assert!(shown.contains("nobody"));
}

/// A mirror of another journal is made anew, one that was lost in part is mended.
fn recreated(config: &str, folder: &Path, tailed: &str) {
    let mirrors = folder.join("cache/seen");
    let mark = mirrors.join("1.json");
    let text = std::fs::read_to_string(&mark).expect("a mark");
    let mut known = json(&text);
    known["hash"] = "00000000000000000000000000000007".into();
    std::fs::write(&mark, known.to_string()).expect("written");
    std::fs::remove_file(mirrors.join("2.json")).expect("removed");
    let again = said(&["tail", "--config", config]);
    assert!(again == tailed, "mirrors are made anew");
}

fn refusals(config: &str, none: &Path) {
    let both = run(&["tail", "--config", config, "--data", "x"]);
    assert_eq!(both.status.code(), Some(2));
    assert_eq!(run(&["tail"]).status.code(), Some(2));
    assert_eq!(
        run(&["tail", "--config", text(none)]).status.code(),
        Some(2)
    );
    for command in [
        &["snapshot"][..],
        &["archive"],
        &["init", "--catalog", "x"],
        &["init"],
    ] {
        let refused = run(&[command, &["--config", config]].concat());
        assert_eq!(refused.status.code(), Some(2));
        assert!(stderr(&refused).contains("a deployment on Kafka"));
    }
}

fn customer(account: &str) -> String {
    format!(
        r#"{{"source":"crm","event_id":"c-{account}","occurred_at":"2026-03-01T00:00:00Z","account_id":"{account}","customer_added":{{"class":"standard","plan":"libre","time_zone":"Europe/Madrid","cycle_day":1,"vip_rank":0}}}}"#
    )
}

fn usage(id: u32, whose: &str) -> String {
    format!(
        r#"{{"source":"med1","event_id":"u-{id}","occurred_at":"2026-03-02T09:00:{:02}Z",{whose},"usage":{{"service":"voice","direction":"originating","to":"34600111222","quantity":"61s"}}}}"#,
        id % 60
    )
}

fn written(path: &Path, lines: &[String]) -> String {
    std::fs::write(path, format!("{}\n", lines.join("\n"))).expect("written");
    text(path).to_owned()
}

/// Records that an `ingest` sends of a file.
fn sent(file: &str, config: &str) -> u64 {
    let said = said(&["ingest", file, "--config", config, "-o", "json"]);
    json(&said)["sent"].as_u64().expect("a number")
}

fn waiting(config: &str, more: &[&str]) -> Vec<serde_json::Value> {
    let command = ["quarantine", "list", "--config", config, "-o", "json"];
    let listed = said(&[&command[..], more].concat());
    listed.lines().map(json).collect()
}

fn what_commands_send_is_taken_once(cluster: &Cluster) {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let prefix = "sent";
    let config = config(folder, prefix, cluster.bootstrap());
    said(&["topics", "create", "--config", &config]);
    let deployment = kafka::deployment(cluster.bootstrap(), prefix, PARTITIONS, 1);
    // What is in the inbox is to be looked at.
    let deployment = kafka::without_router(&deployment);
    let catalog = common::catalog(&folder.join("tariff"));
    let activated = ["catalog", "activate", "--config", &config, &catalog];
    assert!(said(&activated).contains("sent version"));
    let accounts = ["A1", "A2", "A3", "A4", "A5"];
    let customers = accounts.map(customer);
    let customers = written(&folder.join("customers.ndjson"), &customers);
    assert_eq!(sent(&customers, &config), 5);
    assert_eq!(sent(&customers, &config), 0, "a file is sent once");

    let service = start(&deployment);
    let opening = u64::from(PARTITIONS) + 5;
    wait_for(&service, opening);
    let followed = folder.join("followed");
    let file = std::fs::File::create(&followed).expect("created");
    let mut following = common::umbral(&["tail", "--follow", "--config", &config]);
    let mut following = following.stdout(file).spawn().expect("it starts");
    let mut lines: Vec<String> = (0..2000)
        .map(|id| {
            usage(
                id,
                &format!(r#""account_id":"{}""#, accounts[id as usize % 5]),
            )
        })
        .collect();
    lines.push(usage(9001, r#""account_id":"ghost""#));
    lines.push(usage(
        9002,
        r#""identifier":{"kind":"msisdn","value":"34600000001"}"#,
    ));
    lines.push("no record".to_owned());
    let used = written(&folder.join("usage.ndjson"), &lines);
    let compressed = folder.join("again.ndjson");
    std::fs::copy(&used, &compressed).expect("copied");
    assert_eq!(sent(&used, &config), 2003);
    assert_eq!(
        sent(text(&compressed), &config),
        0,
        "it is known by its content"
    );
    wait_for(&service, opening + 2002);
    let inbox = topics::read_committed(&deployment.reader(), "sent.inbox", PARTITIONS);
    assert_eq!(inbox.len(), 1);
    assert_eq!(inbox[0].key.as_deref(), Some(&b"34600000001"[..]));

    let open = waiting(&config, &[]);
    let of = |id: &str| open.iter().find(|record| record["event_id"] == id);
    assert_eq!(open.len(), 2, "{open:?}");
    let ghost = of("u-9001").expect("it waits")["position"].to_string();
    let late = written(&folder.join("late.ndjson"), &[customer("ghost")]);
    assert_eq!(sent(&late, &config), 1);
    wait_for(&service, opening + 2003);
    let resubmit = ["quarantine", "resubmit", &ghost, "--config", &config];
    assert!(said(&resubmit).contains("1 sent"));
    wait_for(&service, opening + 2004);
    let left = waiting(&config, &[]);
    assert_eq!(
        left.len(),
        1,
        "what was taken up again is settled: {left:?}"
    );
    assert_eq!(waiting(&config, &["--all"]).len(), 2);
    assert_eq!(run(&resubmit).status.code(), Some(1), "it waits no more");
    let unreadable = ["quarantine", "resubmit", "--all", "--config", &config];
    let refused = said(&unreadable);
    assert!(refused.contains("refused again") && refused.contains("0 sent"));
    let standing = service.stop().expect("an end");
    let tailed = said(&["tail", "--config", &config]).lines().count();
    let started = Instant::now();
    while std::fs::read_to_string(&followed)
        .expect("read")
        .lines()
        .count()
        < tailed
    {
        assert!(started.elapsed() < Duration::from_secs(20), "tail follows");
        std::thread::park_timeout(Duration::from_millis(50));
    }
    following.kill().expect("killed");
    following.wait().expect("ended");
    assert_eq!(standing.counts.quarantined, 2, "{standing:?}");
    let verified = said(&["replay", "--verify", "--config", &config, "-o", "json"]);
    assert_eq!(json(&verified)["agrees"], true);
}

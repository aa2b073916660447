//! An instance that follows partitions of another one takes them over without reading their journal again.
#![allow(clippy::expect_used, reason = "a test that cannot go on says why")]

mod common;

use common::{json, run, stderr, stdout, text};
use std::path::Path;
use std::time::{Duration, Instant};
use umbral_broker::{Cluster, Settings};
use umbral_kafka::Deployment;
use umbral_model::ids::AccountId;
use umbral_runtime::partitioner::partition_of_account;
use umbral_tests::kafka::instance::Instance;
use umbral_tests::kafka::topics::{self, Producing};
use umbral_tests::kafka::{self, instance};

const PARTITIONS: u16 = 4;
/// Records for each partition, each in a transaction and a record of the journal of its own.
const RECORDS: usize = 60;
const BOUND: Duration = Duration::from_secs(90);
const TAKEN_OVER: &str = "umbral_kafka_takeover_records_total";
const FOLLOWED: &str = "umbral_kafka_standby_records_total";

/// The configuration of an instance, without its name.
fn kafka_section(bootstrap: &str, standby: u16) -> String {
    format!(
        "bootstrap = \"{bootstrap}\"\nprefix = \"stand\"\nreplication = 1\nmirror = \"cache\"\nstandby = {standby}\n\
         [kafka.output]\nformat = \"json\"\n[kafka.transaction]\nrecords = 1\n"
    )
}

fn more() -> String {
    format!("partitions = {PARTITIONS}\nclock = \"event\"\nthreads = 1")
}

fn said(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{arguments:?}: {}",
        stderr(&output)
    );
    stdout(&output)
}

fn wait_until(what: &str, instances: &[&Instance], is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        let logs: Vec<String> = instances.iter().map(|instance| instance.log()).collect();
        assert!(began.elapsed() < BOUND, "{what}\n{}", logs.join("\n\n"));
        std::thread::park_timeout(Duration::from_millis(100));
    }
}

/// An account in each partition.
fn accounts() -> Vec<AccountId> {
    let all = (0..).map(|number| AccountId::new(format!("A{number}")));
    let mut found: Vec<Option<AccountId>> = vec![None; usize::from(PARTITIONS)];
    for account in all {
        let partition = partition_of_account(&account, PARTITIONS);
        found[usize::from(partition.0)].get_or_insert(account);
        if found.iter().all(Option::is_some) {
            break;
        }
    }
    found.into_iter().flatten().collect()
}

/// Sends usage of each account: so many records, from this number on.
fn send_usage(producing: &Producing, numbers: std::ops::Range<usize>) {
    for (partition, account) in accounts().iter().enumerate() {
        for number in numbers.clone() {
            let record = format!(
                r#"{{"source":"med","event_id":"{account}-{number}","occurred_at":"2026-03-02T09:00:{:02}Z","account_id":"{account}","usage":{{"service":"voice","direction":"originating","to":"34600111222","quantity":"61s"}}}}"#,
                number % 60
            );
            let key = account.as_str().as_bytes();
            producing.send("stand.usage", partition as i32, key, record.as_bytes());
        }
    }
    producing.flush();
}

/// Records of the journal in each partition, as many as there are now.
fn journal(deployment: &Deployment) -> Vec<u64> {
    let all = topics::read_committed(&deployment.reader(), "stand.journal", PARTITIONS);
    let of = |partition| all.iter().filter(|one| one.partition == partition).count() as u64;
    (0..i32::from(PARTITIONS)).map(of).collect()
}

fn rated(deployment: &Deployment) -> usize {
    topics::read_committed(&deployment.reader(), "stand.rated", PARTITIONS).len()
}

fn metric(instance: &Instance, name: &str) -> u64 {
    instance.metric(name).unwrap_or_default() as u64
}

#[test]
fn a_standby_takes_over_without_reading_the_journal_again() {
    let kafka = Cluster::start(&Settings::one()).expect("a broker");
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let program = Path::new(env!("CARGO_BIN_EXE_umbral"));
    let section = |standby| kafka_section(kafka.bootstrap(), standby);
    let mut a = instance::Instance::new(program, folder, "a", &section(0), &more());
    let mut b = instance::Instance::new(program, folder, "b", &section(2), &more());
    let config = folder.join("a/umbral.toml");
    let config = text(&config);
    said(&["topics", "create", "--config", config]);
    let catalog = common::catalog(&folder.join("tariff"));
    said(&["catalog", "activate", "--config", config, &catalog]);
    let deployment = kafka::deployment(kafka.bootstrap(), "stand", PARTITIONS, 1);
    let producing = Producing::new(&deployment);
    for (partition, account) in accounts().iter().enumerate() {
        let customer = format!(
            r#"{{"source":"crm","event_id":"c-{account}","occurred_at":"2026-03-01T00:00:00Z","account_id":"{account}","customer_added":{{"class":"standard","plan":"libre","time_zone":"Europe/Madrid","cycle_day":1,"vip_rank":0}}}}"#
        );
        let key = account.as_str().as_bytes();
        producing.send(
            "stand.customers",
            partition as i32,
            key,
            customer.as_bytes(),
        );
    }
    producing.flush();

    a.start();
    wait_until("a is alone and ready", &[&a], || a.is_ready());
    let all = usize::from(PARTITIONS) * RECORDS;
    send_usage(&producing, 0..RECORDS);
    wait_until("a rated everything", &[&a], || rated(&deployment) == all);

    b.start();
    let joined = || b.is_ready() && metric(&b, "umbral_kafka_takeovers_total") >= 2;
    wait_until("b has its half", &[&a, &b], joined);
    let journal = journal(&deployment);
    assert!(
        journal.iter().all(|records| *records >= RECORDS as u64),
        "{journal:?}"
    );
    // Who has no standby reads the journal: so b did for its own half.
    let own = metric(&b, TAKEN_OVER);
    assert!(own >= 2 * RECORDS as u64, "{own} of {journal:?}");
    let others: u64 = journal[..2].iter().sum();
    let follows = || metric(&b, FOLLOWED) >= others;
    wait_until("b follows the other half", &[&a, &b], follows);

    // What a writes while it is followed is followed, too.
    send_usage(&producing, RECORDS..RECORDS + 5);
    let more = all + 5 * usize::from(PARTITIONS);
    wait_until("both rated more", &[&a, &b], || rated(&deployment) == more);
    a.kill();
    let has_all = || b.is_ready() && metric(&b, "umbral_kafka_takeovers_total") >= 6;
    wait_until("b has everything", &[&b], has_all);
    let read = metric(&b, TAKEN_OVER) - own;
    assert!(
        read <= 20,
        "{read} records were read to take over, of {others}"
    );

    // It goes on where a was: what a knew is a repeat, what is new is rated.
    send_usage(&producing, 0..RECORDS + 10);
    let last = all + 10 * usize::from(PARTITIONS);
    wait_until("b rated the rest", &[&b], || rated(&deployment) >= last);
    let verified = said(&["replay", "--verify", "--config", config, "-o", "json"]);
    let verified = json(&verified);
    assert_eq!(verified["agrees"], true);
    assert_eq!(rated(&deployment), last);
    assert!(b.stop(), "{}", b.log());
}

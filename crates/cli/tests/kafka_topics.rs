//! `umbral topics` on a real broker: plan, create, again, and what is wrong on purpose.

#![allow(clippy::expect_used, reason = "a test that cannot go on says why")]

mod common;

use common::{json, run, stderr, stdout, text};
use std::path::Path;
use std::time::{Duration, Instant};
use umbral_broker::{Cluster, Secured, Settings};

/// Writes a configuration of a deployment of its own on this broker; the path of the file.
fn config(folder: &Path, prefix: &str, bootstrap: &str, more: &str) -> String {
    let path = folder.join(format!("{prefix}.toml"));
    let content = format!(
        "partitions = 4\n[kafka]\nbootstrap = \"{bootstrap}\"\nprefix = \"{prefix}\"\nreplication = 1\n{more}"
    );
    std::fs::write(&path, content).expect("written");
    text(&path).to_owned()
}

/// States of all topics, as JSON has them.
fn states(command: &str, config: &str) -> Vec<(String, String)> {
    of_output(&run(&["topics", command, "--config", config, "-o", "json"]))
}

fn of_output(output: &std::process::Output) -> Vec<(String, String)> {
    let document = json(&stdout(output));
    let topics = document["topics"].as_array().expect("topics").iter();
    topics
        .map(|topic| {
            let text = |key: &str| topic[key].as_str().expect("a text").to_owned();
            (text("topic"), text("state"))
        })
        .collect()
}

/// As [`states`], when brokers have just come or gone: others may not have taken over yet.
fn states_in_time(verb: &str, config: &str) -> Vec<(String, String)> {
    let begin = Instant::now();
    loop {
        let output = run(&["topics", verb, "--config", config, "-o", "json"]);
        if output.status.success() || begin.elapsed() > Duration::from_secs(60) {
            return of_output(&output);
        }
    }
}

fn all_are(states: &[(String, String)], state: &str) -> bool {
    states.len() == 15 && states.iter().all(|(_, found)| found == state)
}

/// Exit code and standard error.
fn ended(arguments: &[&str]) -> (Option<i32>, String) {
    let output = run(arguments);
    (output.status.code(), stderr(&output))
}

#[test]
fn topics_are_planned_created_and_never_changed() {
    let kafka = Cluster::start(&Settings::one()).expect("a broker");
    let folder = tempfile::tempdir().expect("a folder");
    let bootstrap = kafka.bootstrap();
    // A broker that is not ours may have seen this test before.
    let prefix = format!("plan{}", std::process::id());

    let good = config(folder.path(), &prefix, bootstrap, "");
    let said = ended(&["topics", "plan", "--config", &good]).1;
    let next = format!("next: umbral topics create --config {good}");
    assert!(said.contains(&next), "{said}");
    assert!(all_are(&states("plan", &good), "missing"));
    assert!(
        all_are(&states("plan", &good), "missing"),
        "a plan changes nothing"
    );
    assert!(all_are(&states("create", &good), "created"));
    assert!(all_are(&states("plan", &good), "there"));
    assert!(all_are(&states("create", &good), "there"), "once is enough");
    let table = common::done(&["topics", "plan", "--config", &good]);
    let journal = table
        .lines()
        .find(|line| line.contains(".journal"))
        .expect("a line");
    let cells: Vec<&str> = journal.split_whitespace().collect();
    assert_eq!(
        cells[1..],
        ["4", "1", "1", "delete", "for", "good", "32", "MiB", "there"],
        "{table}"
    );

    // More partitions than there are: accounts would move.
    let content = std::fs::read_to_string(&good)
        .expect("read")
        .replace("= 4", "= 8");
    std::fs::write(&good, content).expect("written");
    let (code, told) = ended(&["topics", "create", "--config", &good]);
    assert_eq!(code, Some(3), "{told}");
    for part in [
        "partitions is 4, wanted is 8: topics",
        "--delete --topic $topic; done",
        "kafka-topics.sh",
        bootstrap,
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    let harmless = told.find("set partitions = 4").expect("the harmless mend");
    let deletes = told.find("--delete").expect("the other one");
    assert!(harmless < deletes, "the harmless mend comes first: {told}");
    assert_eq!(ended(&["topics", "plan", "--config", &good]).0, Some(3));

    // The journal is where something else is that forgets.
    let names =
        format!("[kafka.topics]\njournal = \"{prefix}.usage\"\nusage = \"{prefix}.other\"\n");
    let forgets = config(folder.path(), &prefix, bootstrap, &names);
    let (code, told) = ended(&["topics", "create", "--config", &forgets]);
    assert_eq!(code, Some(3), "{told}");
    for part in [
        "retention.ms is 604800000, wanted is -1",
        "max.message.bytes is 8388608, wanted is 33554432",
        "kafka-configs.sh",
        &format!("--entity-name {prefix}.usage --add-config retention.ms=-1"),
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    let after = states("plan", &forgets);
    assert!(
        after.contains(&("usage".to_owned(), "missing".to_owned())),
        "nothing was created: {after:?}"
    );

    // Harmless: inputs where something else is that keeps for good, and more copies than there are.
    let names =
        format!("[kafka.topics]\nusage = \"{prefix}.journal\"\njournal = \"{prefix}.own\"\n");
    let harmless = config(folder.path(), &prefix, bootstrap, &names);
    assert!(states("create", &harmless).contains(&("journal".to_owned(), "created".to_owned())));

    let many = config(folder.path(), &format!("{prefix}x"), bootstrap, "");
    let content = std::fs::read_to_string(&many)
        .expect("read")
        .replace("replication = 1", "replication = 9");
    std::fs::write(&many, content).expect("written");
    let (code, told) = ended(&["topics", "create", "--config", &many]);
    assert_eq!(code, Some(3), "{told}");
    assert!(told.contains("fewer brokers than copies"), "{told}");
}

#[test]
fn topics_have_copies_on_three_brokers_and_outlive_one() {
    // A try that was given up may have created some.
    let are_there = |states: &[(String, String)]| {
        let is_there = |state: &str| state == "created" || state == "there";
        states.len() == 15 && states.iter().all(|(_, state)| is_there(state))
    };
    let mut kafka = Cluster::start(&Settings::three()).expect("three brokers");
    let folder = tempfile::tempdir().expect("a folder");
    let three = config(folder.path(), "three", kafka.bootstrap(), "");
    let content = std::fs::read_to_string(&three).expect("read");
    std::fs::write(&three, content.replace("replication = 1\n", "")).expect("written");
    assert!(are_there(&states_in_time("create", &three)));
    kafka.kill(1).expect("killed");
    assert!(
        all_are(&states_in_time("plan", &three), "there"),
        "two of three answer"
    );

    let fewer = config(folder.path(), "fewer", kafka.bootstrap(), "");
    kafka.restart(1).expect("started again");
    assert!(
        are_there(&states_in_time("create", &fewer)),
        "one copy each"
    );
    let content = std::fs::read_to_string(&fewer).expect("read");
    std::fs::write(
        &fewer,
        content.replace("replication = 1\n", "replication = 2\n"),
    )
    .expect("written");
    let output = run(&["topics", "plan", "--config", &fewer]);
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{told}");
    for part in [
        "warning: replication is 1, wanted is 2: topics fewer.usage, ",
        "kafka-reassign-partitions.sh",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
}

#[test]
fn a_broker_that_is_not_there_is_said_soon() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path(), "p", "127.0.0.1:1", "");
    let begin = Instant::now();
    let (code, told) = ended(&["topics", "plan", "--config", &config]);
    assert!(
        begin.elapsed() < Duration::from_secs(15),
        "{:?}",
        begin.elapsed()
    );
    assert_eq!(code, Some(3), "{told}");
    for part in [
        "no broker of 127.0.0.1:1 answers",
        "refused",
        "check bootstrap",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
}

/// Who accepts a connection and says nothing is no broker; a command that reads does not wait for it longer than one that
/// looks at topics.
#[test]
fn a_broker_that_says_nothing_is_said_soon() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("its address").to_string();
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path(), "p", &address, "");
    for command in [&["topics", "plan"][..], &["tail"]] {
        let begin = Instant::now();
        let (code, told) = ended(&[command, &["--config", &config]].concat());
        let took = begin.elapsed();
        assert!(took < Duration::from_secs(15), "{command:?}: {took:?}");
        assert_eq!(code, Some(3), "{told}");
        let title = format!("no broker of {address} answers");
        assert!(told.contains(&title), "{told}");
        assert!(told.contains("check bootstrap"), "{told}");
    }
}

#[test]
fn brokers_that_name_another_machine_are_not_spoken_to_in_plaintext() {
    let elsewhere = Settings::one().with("advertised.listeners", "PLAIN://192.0.2.1:9092");
    let kafka = Cluster::start(&elsewhere).expect("a broker");
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path(), "p", kafka.bootstrap(), "");
    let (code, told) = ended(&["topics", "plan", "--config", &config]);
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("192.0.2.1 is another machine"), "{told}");
}

/// A librdkafka section that trusts the broker.
fn trusting(secured: &Secured, protocol: &str, more: &str) -> String {
    format!(
        "[kafka.librdkafka]\n\"security.protocol\" = \"{protocol}\"\n\"ssl.ca.location\" = \"{}\"\n{more}",
        secured.authority.display()
    )
}

#[test]
fn brokers_are_reached_by_tls_and_only_with_the_right_key_or_password() {
    let password = "a-Right-Pass";
    let settings = Settings::one().secured("umbral", password);
    let kafka = Cluster::start(&settings).expect("a broker with TLS");
    let secured = kafka.secured().expect("how to get in");
    let folder = tempfile::tempdir().expect("a folder");

    let key = format!(
        "\"ssl.keystore.location\" = \"{}\"\n\"ssl.keystore.password\" = {{ env = \"UMBRAL_TEST_KEY_PASSWORD\" }}\n",
        secured.client.display()
    );
    let mutual = config(
        folder.path(),
        "mutual",
        &secured.mutual,
        &trusting(&secured, "SSL", &key),
    );
    let output = common::umbral(&["topics", "create", "--config", &mutual, "-o", "json"])
        .env("UMBRAL_TEST_KEY_PASSWORD", &secured.client_password)
        .output()
        .expect("umbral ends");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));

    let keyless = config(
        folder.path(),
        "keyless",
        &secured.mutual,
        &trusting(&secured, "SSL", ""),
    );
    let (code, told) = ended(&["topics", "plan", "--config", &keyless]);
    assert_eq!(code, Some(3), "{told}");

    std::fs::write(folder.path().join("password"), format!("{password}\n")).expect("written");
    let scram = |source: &str| {
        let more = format!(
            "\"sasl.mechanism\" = \"SCRAM-SHA-512\"\n\"sasl.username\" = \"umbral\"\n\"sasl.password\" = {source}\n"
        );
        trusting(&secured, "SASL_SSL", &more)
    };
    let right = config(
        folder.path(),
        "scram",
        &secured.scram,
        &scram("{ file = \"password\" }"),
    );
    assert!(all_are(&states("create", &right), "created"));

    let wrong = config(
        folder.path(),
        "wrong",
        &secured.scram,
        &scram("\"zebra-wrong\""),
    );
    let output = common::umbral(&["topics", "plan", "--config", &wrong])
        .env("UMBRAL_LOG", "trace")
        .output()
        .expect("umbral ends");
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.contains("error: no way into 127.0.0.1"), "{told}");
    assert!(
        told.to_lowercase().contains("authentication failed"),
        "{told}"
    );
    assert!(
        !told.contains("zebra") && !told.contains(password),
        "{told}"
    );

    let unknown = "[kafka.librdkafka]\n\"security.protocol\" = \"SSL\"\n";
    let untrusted = config(folder.path(), "untrusted", &secured.mutual, unknown);
    let (code, told) = ended(&["topics", "plan", "--config", &untrusted]);
    assert_eq!(code, Some(3), "{told}");
    assert!(told.contains("certificate"), "{told}");
}

#[test]
fn a_configuration_with_a_mistake_shows_no_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("u.toml");
    for content in [
        "[kafka]\nbootstrap = \"localhost:9092\"\n[kafka.librdkafka]\n\"sasl.password\" = \"zebra\n",
        "[kafka]\nbootstrap = \"localhost:9092\"\n\"sasl.password\" = \"zebra\"\n",
        "[kafka]\nbootstrap = \"localhost:9092\"\nlibrdkafka = \"zebra\"\n",
        "[kafka]\nbootstrap = \"localhost:9092\"\n[kafka.librdkafka]\n\"sasl.password\" = { fil = \"zebra\" }\n",
        "[kafka]\nbootstrap = \"localhost:9092\"\n[kafka.librdkafka]\n\"transactional.id\" = \"zebra\"\n",
        "[kafka]\nbootstrap = \"me:zebra@localhost:9092\"\n",
        "[kafka]\nbootstrap = \"ssl://me:zebra@localhost:9092\"\n",
        "[kafka]\nbootstrap = \"me:zebra@localhost:9092\"\nreplication = -1\n",
        "[kafka]\nbootstrap = \"localhost:9092\"\nsnapshots = \"s3://me:zebra@b/p\"\n",
        "[kafka]\nbootstrap = \"localhost:9092\"\n[kafka.librdkafka]\nzebra1 = \"sasl.password\"\n",
        "[kafka]\nbootstrap = \"localhost:9092\"\n[kafka.librdkafka]\n\"Zebra.zebra\" = { file = \"/none\" }\n",
        "[kafka]\nbootstrap = \"localhost:9092\"\n[kafka.oauth]\ntoken_command = [\"x\", \"zebra\", 5]\n",
        "[kafka]\nbootstrap = \"localhost:9092\"\n[kafka.oauth]\ntoken_command = [\n  \"x\",\n  \"zebra\",\n  5,\n]\n",
    ] {
        std::fs::write(&path, content).expect("written");
        let output = run(&["topics", "plan", "--config", text(&path)]);
        let told = stderr(&output) + &stdout(&output);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(!told.contains("zebra"), "{told}");
        assert!(told.contains("u.toml"), "{told}");
    }
}

#[test]
fn mistakes_are_said_with_the_page_about_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("u.toml");
    for (content, page) in [
        (
            "[kafka]\nbootstrap = \"localhost:9092\"\nreplicas = 3\n",
            "docs/kafka.md",
        ),
        (
            "[kafka]\nbootstrap = \"localhost:9092\"\n[kafka.input]\nusage = \"xml\"\n",
            "docs/kafka.md",
        ),
        (
            "partition = 4\n[kafka]\nbootstrap = \"localhost:9092\"\n",
            "docs/cli.md",
        ),
    ] {
        std::fs::write(&path, content).expect("written");
        let (code, told) = ended(&["topics", "plan", "--config", text(&path)]);
        assert_eq!(code, Some(2), "{told}");
        assert!(told.contains(page), "{told}");
    }
}

//! The least rights that docs/kafka.md lists, on a broker that grants nothing else.
#![allow(clippy::expect_used, reason = "a test that cannot go on says why")]

mod common;

use common::{run, stderr, text, umbral};
use umbral_broker::{Cluster, Settings};

const AUTHORIZER: &str = "org.apache.kafka.metadata.authorizer.StandardAuthorizer";

/// The options in a row of the table of rights that begins so, as arguments.
fn documented(role: &str, may: &str) -> Vec<String> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/kafka.md");
    let page = std::fs::read_to_string(page).expect("docs/kafka.md");
    let begins = format!("| {role} | {may} |");
    let row = page
        .lines()
        .find(|line| line.starts_with(&begins))
        .expect("a row of the table");
    let options = row.split('`').nth(1).expect("options");
    options.split_whitespace().map(str::to_owned).collect()
}

/// Grants the user what a row of the table says.
fn grant(kafka: &Cluster, role: &str, may: &str) {
    let options = documented(role, may);
    let mut arguments = vec!["--add", "--allow-principal", "User:umbral"];
    arguments.extend(options.iter().map(String::as_str));
    kafka
        .tool("org.apache.kafka.tools.AclCommand", &arguments)
        .expect("granted");
}

#[test]
fn nobody_needs_more_than_is_documented() {
    let settings = Settings::one()
        .secured("umbral", "pass")
        .with("authorizer.class.name", AUTHORIZER)
        .with("super.users", "User:ANONYMOUS");
    let kafka = Cluster::start(&settings).expect("a broker that asks for rights");
    let secured = kafka.secured().expect("how to get in");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("umbral.toml");
    let content = format!(
        "partitions = 4\n[kafka]\nbootstrap = \"{}\"\nreplication = 1\n[kafka.librdkafka]\n\
         \"security.protocol\" = \"SASL_SSL\"\n\"ssl.ca.location\" = \"{}\"\n\
         \"sasl.mechanism\" = \"SCRAM-SHA-512\"\n\"sasl.username\" = \"umbral\"\n\"sasl.password\" = \"pass\"\n",
        secured.scram,
        secured.authority.display()
    );
    std::fs::write(&path, content).expect("written");
    let topics = |command: &str| {
        let output = run(&["topics", command, "--config", text(&path)]);
        (output.status.code(), stderr(&output))
    };

    let (code, told) = topics("create");
    assert_eq!(code, Some(3), "without any right: {told}");
    assert!(told.contains("it is not allowed to"), "{told}");

    grant(&kafka, "operator", "plan and create topics");
    let (code, told) = topics("create");
    assert_eq!(code, Some(0), "{told}");
    let (code, told) = topics("plan");
    assert_eq!((code, told.as_str()), (Some(0), ""), "everything is there");

    let cache = folder.path().join("cache");
    let command = |arguments: &[&str]| {
        let mut command = umbral(arguments);
        command.args(["--config", text(&path)]);
        let output = command.env("XDG_CACHE_HOME", &cache).output();
        let output = output.expect("umbral starts");
        (output.status.code(), stderr(&output))
    };
    grant(&kafka, "commands that read", "read the journal");
    assert_eq!(command(&["tail"]), (Some(0), String::new()));
    let file = folder.path().join("one.ndjson");
    let record = r#"{"source":"med","event_id":"1","occurred_at":"2026-03-02T09:00:00Z","account_id":"A1","charge_added":{"amount":"1.00","code":"x"}}"#;
    std::fs::write(&file, record).expect("written");
    let ingest = ["ingest", text(&file), "--quiet"];
    assert_eq!(command(&ingest).0, Some(3), "without the right to send");
    for may in [
        "write inputs",
        "read the journal",
        "note how far files are sent",
        "use their transactional ids",
    ] {
        grant(&kafka, "commands that send", may);
    }
    assert_eq!(command(&ingest), (Some(0), String::new()));
}

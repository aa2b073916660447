//! The section `[kafka]`: what is taken, what is refused with which words, and what librdkafka is told.

#![allow(clippy::expect_used, reason = "a test that cannot go on says why")]

use std::path::Path;
use umbral_kafka::topics::Topic;
use umbral_kafka::{Format, Role, Settings};

const BROKER: &str = "bootstrap = \"127.0.0.1:9092\"\n";

fn parsed(text: &str) -> Result<Settings, String> {
    toml::from_str::<Settings>(text).map_err(|error| error.message().to_owned())
}

fn checked(text: &str) -> Result<Settings, String> {
    let settings = parsed(text)?;
    settings.check().map_err(|error| error.to_string())?;
    Ok(settings)
}

#[test]
fn a_full_section_is_taken() {
    let text = r#"
        bootstrap = "kafka1:9093,[2001:db8::1]:9093,localhost"
        prefix = "prod"
        instance = "a"
        replication = 2
        standby = 8
        snapshots = "s3://bucket/umbral"
        [topics]
        usage = "cdr"
        [input]
        usage = "protobuf"
        [output]
        format = "json"
        rated = false
        schema_ids = { credit = 12 }
        [transaction]
        records = 500
        milliseconds = 10
        [librdkafka]
        "security.protocol" = "sasl_ssl"
        "socket.timeout.ms" = 30000
        "socket.keepalive.enable" = true
    "#;
    let settings = checked(text).expect("a good section");
    assert_eq!(settings.topic(Topic::Usage), "cdr");
    assert_eq!(settings.topic(Topic::Journal), "prod.journal");
    assert_eq!(settings.input.usage, Format::Protobuf);
    assert_eq!(settings.input.billing, Format::Json);
    assert_eq!(settings.output.format, Format::Json);
    assert_eq!(settings.output.schema_ids[&Topic::Credit], 12);
    assert_eq!(
        (
            settings.transaction.records,
            settings.transaction.milliseconds
        ),
        (500, 10)
    );
    let config = settings.client(Role::Reader).expect("a configuration");
    assert_eq!(config.get("socket.timeout.ms"), Some("30000"));
    assert_eq!(config.get("socket.keepalive.enable"), Some("true"));
}

#[test]
fn little_is_enough() {
    let settings = checked(BROKER).expect("a good section");
    assert_eq!(settings.prefix, "umbral");
    assert_eq!(settings.replication, 3);
    assert!(settings.output.rated);
    assert_eq!(settings.output.format, Format::Protobuf);
    assert_eq!(
        (
            settings.transaction.records,
            settings.transaction.milliseconds
        ),
        (10_000, 20)
    );
    assert!(!settings.instance().expect("the machine's name").is_empty());
}

#[test]
fn what_is_wrong_is_said_with_its_mend() {
    let cases = [
        ("prefix = \"umbral\"", "missing field `bootstrap`"),
        ("boot = \"x\"", "unknown field `boot`"),
        (
            "bootstrap = \"localhost:9092\"\n[output]\nformats = \"json\"",
            "unknown field `formats`",
        ),
        (
            "bootstrap = \"localhost:9092\"\n[topics]\nusages = \"x\"",
            "usages",
        ),
        ("bootstrap = \"\"", "give host:port"),
        ("bootstrap = \"localhost:x\"", "\"localhost:x\""),
        ("bootstrap = \"ssl://localhost:9092\"", "security.protocol"),
        (
            "bootstrap = \"localhost:9092\"\nprefix = \"\"",
            "prefix of [kafka]",
        ),
        ("bootstrap = \"localhost:9092\"\nprefix = \"ü\"", "'ü'"),
        (
            "bootstrap = \"localhost:9092\"\ninstance = \"a b\"",
            "instance of [kafka]",
        ),
        (
            "bootstrap = \"localhost:9092\"\nreplication = 0",
            "leave it out for 3",
        ),
        (
            "bootstrap = \"localhost:9092\"\n[transaction]\nrecords = 0",
            "leave it out for 10000",
        ),
        (
            "bootstrap = \"localhost:9092\"\n[transaction]\nmilliseconds = 0",
            "leave it out for 20",
        ),
        (
            "bootstrap = \"localhost:9092\"\n[transaction]\nmilliseconds = 60000",
            "give less",
        ),
        (
            "bootstrap = \"localhost:9092\"\n[topics]\nusage = \"umbral.journal\"",
            "two topics have the name umbral.journal",
        ),
        (
            "bootstrap = \"localhost:9092\"\n[output.schema_ids]\nusage = 1",
            "only derived topics",
        ),
        (
            "bootstrap = \"localhost:9092\"\n[librdkafka]\n\"group.id\" = \"x\"",
            "the group has the name of prefix",
        ),
        (
            "bootstrap = \"localhost:9092\"\n[librdkafka]\n\"enable.auto.commit\" = true",
            "positions are committed with",
        ),
        (
            "bootstrap = \"localhost:9092\"\n[librdkafka]\n\"isolation.level\" = \"read_uncommitted\"",
            "only committed",
        ),
        (
            "bootstrap = \"localhost:9092\"\n[librdkafka]\n\"transactional.id\" = \"x\"",
            "one for each worker",
        ),
        (
            "bootstrap = \"localhost:9092\"\n[librdkafka]\nsecurity.protocol = \"ssl\"",
            "a name with dots needs quotes",
        ),
        (
            "bootstrap = \"localhost:9092\"\n[librdkafka]\n\"sasl.password\" = { file = \"/no/such\" }",
            "cannot read /no/such",
        ),
        (
            "bootstrap = \"localhost:9092\"\n[librdkafka]\n\"sasl.password\" = { env = \"NO_SUCH_NAME\" }",
            "no variable NO_SUCH_NAME",
        ),
        (
            "bootstrap = \"localhost:9092\"\n[librdkafka]\n\"ssl.ca.location\" = \"/no/such.pem\"",
            "\"ssl.ca.location\" of [kafka.librdkafka]: cannot read /no/such.pem",
        ),
        (
            "bootstrap = \"localhost:9092\"\n[librdkafka]\nhunter2 = \"sasl.password\"",
            "it is not shown",
        ),
        (
            "bootstrap = \"me:hunter2@localhost:9092\"",
            "has an @ in it",
        ),
        (
            "bootstrap = \"localhost:9092\"\nsnapshots = \"s4://bucket\"",
            "snapshots of [kafka] begins with s4:",
        ),
        (
            "bootstrap = \"localhost:9092\"\nsnapshots = \"file://folder\"",
            "with three slashes",
        ),
        ("bootstrap = \"kafka1:9092\"", "allow_plaintext = true"),
        (
            "bootstrap = \"localhost:9092,kafka1:9092\"",
            "kafka1 is another machine",
        ),
        (
            "bootstrap = \"kafka1:9092\"\n[librdkafka]\n\"security.protocol\" = \"SASL_PLAINTEXT\"",
            "SASL_SSL",
        ),
    ];
    for (text, expected) in cases {
        let Err(error) = checked(text) else {
            panic!("taken: {text}");
        };
        assert!(error.contains(expected), "{text}: {error}");
        assert!(!error.contains("hunter2"), "{text}: {error}");
    }
}

#[test]
fn tokens_come_from_one_place_and_only_where_they_are_asked_for() {
    let bearer =
        "\"security.protocol\" = \"SASL_PLAINTEXT\"\n\"sasl.mechanism\" = \"OAUTHBEARER\"\n";
    let scram =
        "\"security.protocol\" = \"SASL_PLAINTEXT\"\n\"sasl.mechanism\" = \"SCRAM-SHA-512\"\n";
    let oidc = format!("{bearer}\"sasl.oauthbearer.method\" = \"oidc\"\n");
    let text = |oauth: &str, librdkafka: &str| {
        format!("bootstrap = \"localhost:9092\"\n{oauth}\n[librdkafka]\n{librdkafka}")
    };
    let file = "[oauth]\ntoken_file = \"t\"";
    for good in [
        text(file, bearer),
        text(
            "[oauth]\ntoken_command = [\"get\", \"it\"]\nlifetime_seconds = 5",
            bearer,
        ),
    ] {
        checked(&good).unwrap_or_else(|error| panic!("{good}: {error}"));
    }
    for (wrong, said) in [
        (
            text("", bearer),
            "token_file or token_command of [kafka.oauth]",
        ),
        (
            text("", &oidc),
            "token_file or token_command of [kafka.oauth]",
        ),
        (
            text(file, &oidc),
            "token_file or token_command of [kafka.oauth]",
        ),
        (
            text(file, scram),
            "[kafka.oauth] is for brokers that ask for tokens",
        ),
        (
            text(file, ""),
            "[kafka.oauth] is for brokers that ask for tokens",
        ),
        (
            text("[oauth]", bearer),
            "neither token_file nor token_command",
        ),
        (
            text(&format!("{file}\ntoken_command = [\"x\"]"), bearer),
            "both token_file",
        ),
        (text("[oauth]\ntoken_command = []", bearer), "is empty"),
        (
            text(&format!("{file}\nlifetime_seconds = 0"), bearer),
            "at least 1",
        ),
    ] {
        let Err(error) = checked(&wrong) else {
            panic!("taken: {wrong}");
        };
        assert!(error.contains(said), "{wrong}: {error}");
    }
}

#[test]
fn plaintext_leaves_the_machine_only_where_that_is_allowed() {
    for text in [
        "bootstrap = \"localhost:9092,127.0.0.2:9092,[::1]:9092\"",
        "bootstrap = \"kafka1:9092\"\nallow_plaintext = true",
        "bootstrap = \"kafka1:9092\"\n[librdkafka]\n\"security.protocol\" = \"SSL\"",
        "bootstrap = \"kafka1:9092\"\n[librdkafka]\n\"security.protocol\" = \"sasl_ssl\"",
    ] {
        checked(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    }
}

#[test]
fn each_role_gets_what_it_needs() {
    let settings =
        checked(&format!("{BROKER}prefix = \"p\"\ninstance = \"a\"")).expect("a good section");
    let cases = [
        (Role::Member { worker: 1 }, "group.id", Some("p")),
        (Role::Member { worker: 1 }, "group.instance.id", Some("a-1")),
        (
            Role::Member { worker: 1 },
            "partition.assignment.strategy",
            Some("range"),
        ),
        (
            Role::Member { worker: 1 },
            "enable.auto.commit",
            Some("false"),
        ),
        (
            Role::Member { worker: 1 },
            "isolation.level",
            Some("read_committed"),
        ),
        (Role::Member { worker: 1 }, "transactional.id", None),
        (Role::Reader, "group.instance.id", None),
        (Role::Reader, "isolation.level", Some("read_committed")),
        (
            Role::Writer { worker: 2 },
            "transactional.id",
            Some("p-a-2"),
        ),
        (
            Role::Writer { worker: 2 },
            "enable.idempotence",
            Some("true"),
        ),
        (Role::Writer { worker: 2 }, "group.id", None),
        (Role::Sender, "transactional.id", None),
        (Role::Admin, "client.id", Some("umbral-a")),
        (Role::Admin, "bootstrap.servers", Some("127.0.0.1:9092")),
    ];
    for (role, name, expected) in cases {
        let config = settings.client(role).expect("a configuration");
        assert_eq!(config.get(name), expected, "{role:?} {name}");
        config
            .create_native_config()
            .unwrap_or_else(|error| panic!("{role:?}: {error}"));
    }
}

#[test]
fn settings_of_librdkafka_go_before_ours_but_not_before_what_is_owned() {
    let text =
        format!("{BROKER}[librdkafka]\n\"session.timeout.ms\" = 10000\n\"linger.ms\" = \"5\"");
    let config = checked(&text)
        .expect("good")
        .client(Role::Member { worker: 0 })
        .expect("a configuration");
    assert_eq!(config.get("session.timeout.ms"), Some("10000"));
    assert_eq!(config.get("linger.ms"), Some("5"));
    assert_eq!(config.get("heartbeat.interval.ms"), Some("1500"));
}

#[test]
fn paths_are_meant_from_the_folder_of_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("pass"), "hunter2\n").expect("written");
    let mut settings = parsed(&format!(
        "{BROKER}snapshots = \"snap\"\n[librdkafka]\n\"sasl.password\" = {{ file = \"pass\" }}\n\"ssl.ca.location\" = \"ca.pem\"\n\"ssl.key.location\" = \"/k.pem\"\n\"https.ca.location\" = \"probe\""
    ))
    .expect("a section");
    settings.resolve(folder.path());
    let config = settings.client(Role::Admin).expect("a configuration");
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    assert_eq!(
        config.get("sasl.password"),
        Some("hunter2"),
        "without the line end"
    );
    assert_eq!(config.get("ssl.ca.location"), Some(at("ca.pem").as_str()));
    assert_eq!(config.get("ssl.key.location"), Some("/k.pem"));
    assert_eq!(config.get("https.ca.location"), Some("probe"));
    assert_eq!(settings.snapshots, Some(at("snap")));
    let mut elsewhere = parsed(&format!("{BROKER}snapshots = \"gs://b/p\"")).expect("a section");
    elsewhere.resolve(Path::new("/base"));
    assert_eq!(elsewhere.snapshots.as_deref(), Some("gs://b/p"));
}

#[test]
fn the_library_can_do_what_the_documentation_says() {
    let features = umbral_kafka::library_features();
    for feature in [
        "ssl",
        "sasl_plain",
        "sasl_scram",
        "sasl_oauthbearer",
        "zstd",
        "lz4",
        "gzip",
    ] {
        assert!(
            features.iter().any(|one| one == feature),
            "{feature} in {features:?}"
        );
    }
    for feature in ["oidc", "sasl_gssapi"] {
        assert!(
            !features.iter().any(|one| one == feature),
            "{feature} in {features:?}"
        );
    }
}

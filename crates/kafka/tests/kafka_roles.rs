//! A record goes through a transaction by clients of each role, with the rights that docs/kafka.md lists for the
//! engine and no others.
#![allow(clippy::expect_used, reason = "a test that cannot go on says why")]

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};
use std::time::{Duration, Instant};
use umbral_broker::Cluster;
use umbral_kafka::topics::{State, Topic, compare, wanted};
use umbral_kafka::{Admin, Role, Settings};

const BOUND: Duration = Duration::from_secs(20);

fn settings(kafka: &Cluster, protocol: &str) -> Settings {
    let secured = kafka.secured().expect("how to get in");
    let text = format!(
        "bootstrap = \"{}\"\ninstance = \"a\"\nreplication = 1\n[librdkafka]\n\"security.protocol\" = \"{protocol}\"\n\
         \"ssl.ca.location\" = \"{}\"\n\"sasl.mechanism\" = \"SCRAM-SHA-512\"\n\"sasl.username\" = \"umbral\"\n\
         \"sasl.password\" = \"pass\"\n",
        if protocol == "PLAINTEXT" {
            kafka.bootstrap()
        } else {
            &secured.scram
        },
        secured.authority.display()
    );
    toml::from_str(&text).expect("settings")
}

/// Grants the engine what the table of rights says.
fn grant(kafka: &Cluster) {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/kafka.md");
    let page = std::fs::read_to_string(page).expect("docs/kafka.md");
    let begin = page.find("| engine |").expect("rows of the engine");
    let rows = page[begin..]
        .lines()
        .take_while(|row| !row.starts_with("| producer"));
    for row in rows {
        let options = row.split('`').nth(1).expect("options");
        let mut arguments = vec!["--add", "--allow-principal", "User:umbral"];
        arguments.extend(options.split_whitespace());
        kafka
            .tool("org.apache.kafka.tools.AclCommand", &arguments)
            .expect("granted");
    }
}

/// Polls until there is a record; its topic and content.
fn next(consumer: &BaseConsumer) -> (String, Vec<u8>) {
    let end = Instant::now() + BOUND;
    loop {
        if let Some(polled) = consumer.poll(Duration::from_millis(100)) {
            let message = polled.expect("a record");
            let content = message.payload().expect("content").to_vec();
            return (message.topic().to_owned(), content);
        }
        assert!(Instant::now() < end, "no record came");
    }
}

fn create_topics(kafka: &Cluster) {
    let admin = Admin::connect(&settings(kafka, "PLAINTEXT")).expect("connected");
    let plan = wanted(&settings(kafka, "PLAINTEXT"), 2);
    admin
        .create(&plan.iter().collect::<Vec<_>>())
        .expect("created");
    let found = admin.found(&plan).expect("described");
    let compared = compare(plan, &found, kafka.bootstrap());
    for topic in compared {
        assert_eq!(
            topic.state,
            State::There(Vec::new()),
            "{}",
            topic.wanted.name
        );
    }
}

#[test]
fn a_record_goes_through_a_transaction_with_the_documented_rights() {
    let kafka = Cluster::start(
        &umbral_broker::Settings::one()
            .secured("umbral", "pass")
            .with(
                "authorizer.class.name",
                "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            )
            .with("super.users", "User:ANONYMOUS"),
    )
    .expect("a broker that asks for rights");
    create_topics(&kafka);
    grant(&kafka);
    let settings = settings(&kafka, "SASL_SSL");
    let usage = settings.topic(Topic::Usage);
    let credit = settings.topic(Topic::Credit);

    let sender: BaseProducer = settings
        .client(Role::Sender)
        .expect("settings")
        .create()
        .expect("a producer");
    sender
        .send(
            BaseRecord::to(&usage)
                .partition(1)
                .key("A1")
                .payload("input"),
        )
        .expect("queued");
    sender.flush(BOUND).expect("written");

    let member: BaseConsumer = settings
        .client(Role::Member { worker: 0 })
        .expect("settings")
        // The engine says from where to read; this test does not know.
        .set("auto.offset.reset", "earliest")
        .create()
        .expect("a consumer");
    member.subscribe(&[&usage]).expect("subscribed");
    assert_eq!(next(&member), (usage.clone(), b"input".to_vec()));

    let writer: BaseProducer = settings
        .client(Role::Writer { worker: 0 })
        .expect("settings")
        .create()
        .expect("a producer");
    writer
        .init_transactions(BOUND)
        .expect("ready for transactions");
    writer.begin_transaction().expect("begun");
    for (topic, content) in [
        (settings.topic(Topic::Journal), "frame"),
        (credit.clone(), "event"),
    ] {
        writer
            .send(
                BaseRecord::to(&topic)
                    .partition(1)
                    .key("A1")
                    .payload(content),
            )
            .expect("queued");
    }
    let mut positions = TopicPartitionList::new();
    positions
        .add_partition_offset(&usage, 1, Offset::Offset(1))
        .expect("a position");
    let group = member.group_metadata().expect("a member of the group");
    writer
        .send_offsets_to_transaction(&positions, &group, BOUND)
        .expect("positions");
    writer.commit_transaction(BOUND).expect("committed");

    let reader: BaseConsumer = settings
        .client(Role::Reader)
        .expect("settings")
        .create()
        .expect("a consumer");
    let mut journal = TopicPartitionList::new();
    let of_journal = settings.topic(Topic::Journal);
    journal
        .add_partition_offset(&of_journal, 1, Offset::Beginning)
        .expect("a position");
    reader.assign(&journal).expect("assigned");
    assert_eq!(next(&reader), (of_journal, b"frame".to_vec()));

    let committed = member
        .committed_offsets(positions, BOUND)
        .expect("positions");
    let position = committed
        .find_partition(&usage, 1)
        .expect("a partition")
        .offset();
    assert_eq!(position, Offset::Offset(1));

    // Reading what is for others is no right of the engine.
    let mut others = TopicPartitionList::new();
    others
        .add_partition_offset(&credit, 1, Offset::Beginning)
        .expect("a position");
    reader.assign(&others).expect("assigned");
    let end = Instant::now() + BOUND;
    let refused = loop {
        match reader.poll(Duration::from_millis(100)) {
            Some(Err(error)) => break error,
            Some(Ok(_)) => panic!("read what it has no right to"),
            None => assert!(Instant::now() < end, "neither a record nor a refusal"),
        }
    };
    let code = refused.rdkafka_error_code();
    assert_eq!(
        code,
        Some(rdkafka::error::RDKafkaErrorCode::TopicAuthorizationFailed)
    );
}

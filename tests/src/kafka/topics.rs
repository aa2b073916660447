//! Making topics, filling them, and reading what is committed in them.

use super::{Fed, json};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaErrorCode;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use umbral_kafka::{Admin, Deployment, Role};

/// A record that is committed.
#[derive(Clone, Debug)]
pub struct Taken {
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its headers.
    pub headers: BTreeMap<String, Vec<u8>>,
    /// Its value.
    pub value: Vec<u8>,
}

/// Creates all topics of a deployment, as the command does.
pub fn create(deployment: &Deployment) {
    let wanted = umbral_kafka::topics::wanted(deployment.settings(), deployment.partitions);
    let admin = Admin::connect(deployment.settings()).expect("brokers");
    let wanted: Vec<_> = wanted.iter().collect();
    admin.create(&wanted).expect("topics");
}

/// A producer that loses and repeats nothing.
pub struct Producing {
    producer: BaseProducer<DefaultProducerContext>,
}

impl Producing {
    /// For the topics of a deployment.
    pub fn new(deployment: &Deployment) -> Producing {
        let mut config = deployment.client(Role::Sender).expect("settings");
        config
            .set("enable.idempotence", "true")
            .set("message.max.bytes", "33554432")
            .set("queue.buffering.max.messages", "1000000")
            .set("linger.ms", "5");
        Producing {
            producer: config.create().expect("a producer"),
        }
    }

    /// Sends a record to a partition; it is on its way then.
    pub fn send(&self, topic: &str, partition: i32, key: &[u8], value: &[u8]) {
        self.send_record(
            BaseRecord::to(topic)
                .partition(partition)
                .key(key)
                .payload(value),
        );
    }

    /// Sends inputs to the partitions of their accounts, and waits until they are durable.
    pub fn send_all<'f>(&self, topic: &str, fed: impl IntoIterator<Item = &'f Fed>) {
        for one in fed {
            let key = one.account.as_ref().map_or("", |account| account.as_str());
            let partition = i32::from(one.partition.0);
            self.send(topic, partition, key.as_bytes(), &json(&one.incoming));
        }
        self.flush();
    }

    /// Sends a record with headers.
    pub fn send_with(
        &self,
        topic: &str,
        partition: i32,
        headers: &BTreeMap<String, String>,
        value: &[u8],
    ) {
        let mut written = OwnedHeaders::new();
        for (key, value) in headers {
            written = written.insert(Header {
                key,
                value: Some(value),
            });
        }
        let record = BaseRecord::<[u8], [u8]>::to(topic);
        self.send_record(record.partition(partition).headers(written).payload(value));
    }

    fn send_record(&self, record: BaseRecord<'_, [u8], [u8]>) {
        let mut record = record;
        loop {
            match self.producer.send(record) {
                Ok(()) => return,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), unsent)) => {
                    self.producer.poll(Duration::from_millis(5));
                    record = unsent;
                }
                Err((error, _)) => panic!("cannot produce: {error}"),
            }
        }
    }

    /// Waits until everything is durable.
    pub fn flush(&self) {
        self.producer
            .flush(Duration::from_secs(120))
            .expect("all is delivered");
    }
}

/// Reads what is committed of a topic, each partition from its beginning to its end.
pub fn read_committed(client: &ClientConfig, topic: &str, partitions: u16) -> Vec<Taken> {
    let mut config = client.clone();
    config
        .set("group.id", "tests")
        .set("enable.auto.commit", "false")
        .set("isolation.level", "read_committed")
        .set("enable.partition.eof", "true")
        .set("fetch.message.max.bytes", "33554432");
    let consumer: BaseConsumer = config.create().expect("a consumer");
    let mut list = TopicPartitionList::new();
    for partition in 0..partitions {
        list.add_partition_offset(topic, i32::from(partition), Offset::Beginning)
            .expect("an offset");
    }
    consumer.assign(&list).expect("an assignment");
    let (mut taken, mut open) = (Vec::new(), usize::from(partitions));
    let started = Instant::now();
    while open > 0 {
        assert!(
            started.elapsed() < Duration::from_secs(120),
            "{topic} is not read to its end"
        );
        match consumer.poll(Duration::from_millis(200)) {
            None => {}
            Some(Err(KafkaError::PartitionEOF(_))) => open -= 1,
            Some(Err(error)) => eprintln!("reading {topic}: {error}"),
            Some(Ok(message)) => taken.push(Taken {
                partition: message.partition(),
                offset: message.offset(),
                key: message.key().map(<[u8]>::to_vec),
                headers: headers(&message),
                value: message.payload().unwrap_or_default().to_vec(),
            }),
        }
    }
    taken
}

fn headers(message: &rdkafka::message::BorrowedMessage<'_>) -> BTreeMap<String, Vec<u8>> {
    let Some(headers) = message.headers() else {
        return BTreeMap::new();
    };
    let headers = headers.iter();
    headers
        .map(|header| {
            (
                header.key.to_owned(),
                header.value.unwrap_or_default().to_vec(),
            )
        })
        .collect()
}

/// How many records a topic has had, committed or not, marks of transactions included.
pub fn end(client: &ClientConfig, topic: &str, partition: i32) -> i64 {
    let consumer: BaseConsumer = client.create().expect("a consumer");
    let started = Instant::now();
    loop {
        match consumer.fetch_watermarks(topic, partition, Duration::from_secs(10)) {
            Ok((_, end)) => return end,
            // A topic that was just made may have no leader yet.
            Err(error) => assert!(started.elapsed() < Duration::from_secs(20), "{error}"),
        }
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

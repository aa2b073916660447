//! Clients with the settings that all ways through Kafka share.

use super::{PATIENCE, Packing};
use anyhow::{Context, Result};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext, Rebalance};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{ClientContext, error::KafkaError};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// A producer that its own thread polls.
pub type Producer = BaseProducer;

/// A consumer that its own thread polls, and that begins paused.
pub type Consumer = BaseConsumer<Assigned>;

/// How often it is looked for delivery reports.
const REPORT: Duration = Duration::from_micros(200);

/// Counts partitions that are assigned, and pauses them: measuring begins when all consumers have theirs.
#[derive(Default)]
pub struct Assigned(AtomicUsize);

impl Assigned {
    /// Partitions that are assigned.
    pub fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl ClientContext for Assigned {}

impl ConsumerContext for Assigned {
    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(partitions) => {
                // Nothing is measured that a consumer reads before the others are there.
                if consumer.pause(partitions).is_ok() {
                    self.0.store(partitions.count(), Ordering::SeqCst);
                }
            }
            _ => self.0.store(0, Ordering::SeqCst),
        }
    }
}

/// A producer; with a transactional id its transactions are initialised.
///
/// # Errors
/// What librdkafka says.
pub fn producer(bootstrap: &str, transactional_id: Option<&str>) -> Result<Producer> {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", bootstrap)
        .set("acks", "all")
        .set("linger.ms", "1")
        .set("queue.buffering.max.messages", "1000000")
        .set("queue.buffering.max.kbytes", "1048576");
    if let Some(id) = transactional_id {
        // As the engine's, whose journal is compressed.
        config
            .set("transactional.id", id)
            .set("compression.type", "lz4");
    }
    let producer: Producer = config.create().context("make a producer")?;
    if transactional_id.is_some() {
        producer
            .init_transactions(PATIENCE)
            .context("initialise transactions")?;
    }
    Ok(producer)
}

/// A consumer of what is committed, which commits nothing by itself.
///
/// # Errors
/// What librdkafka says.
pub fn consumer(bootstrap: &str, group: &str) -> Result<Consumer> {
    ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "earliest")
        .set("isolation.level", "read_committed")
        .set("fetch.queue.backoff.ms", "2")
        .set("fetch.wait.max.ms", "50")
        .set("fetch.message.max.bytes", "8388608")
        .create_with_context(Assigned::default())
        .context("make a consumer")
}

/// Hands a message to a producer; waits where its queue is full.
///
/// # Errors
/// What librdkafka says.
pub(super) fn send(producer: &Producer, topic: &str, partition: i32, value: &[u8]) -> Result<()> {
    send_record(
        producer,
        BaseRecord::to(topic).partition(partition).payload(value),
    )
}

/// As [`send`], with the header that tells a packed message from a single record.
pub(super) fn send_packed(
    producer: &Producer,
    topic: &str,
    partition: i32,
    value: &[u8],
    packing: Packing,
) -> Result<()> {
    let record = BaseRecord::to(topic).partition(partition).payload(value);
    let header = Header {
        key: "content-type",
        value: Some(umbral_kafka::input::PACKED),
    };
    let record = match packing {
        Packing::Single => record,
        Packing::Packed => record.headers(OwnedHeaders::new().insert(header)),
    };
    send_record(producer, record)
}

fn send_record(producer: &Producer, record: BaseRecord<'_, [u8], [u8]>) -> Result<()> {
    let mut record = record;
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), refused)) => {
                record = refused;
                producer.poll(REPORT);
            }
            Err((error, _)) => return Err(error).context("send a message"),
        }
    }
}

/// Waits until the broker has everything: flushing waits in steps of 100 ms, and short polls spin; this does neither.
pub fn drain(producer: &Producer) {
    loop {
        producer.poll(Duration::ZERO);
        if producer.in_flight_count() == 0 {
            return;
        }
        thread::park_timeout(REPORT);
    }
}

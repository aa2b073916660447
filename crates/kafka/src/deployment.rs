//! What every part of an instance knows of its deployment.

use crate::input::InputTopic;
use crate::outputs::{self, STREAMS};
use rdkafka::ClientConfig;
use std::time::Duration;
use umbral_model::ids::PartitionNo;

/// The topics of a deployment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Topics {
    /// Inputs keyed by account; all have the same number of partitions.
    pub inputs: Vec<InputTopic>,
    /// Catalogs, in one partition.
    pub catalog: String,
    /// The journal.
    pub journal: String,
    /// Derived topics in the order of [`STREAMS`]; none where a stream is not published.
    pub derived: [Option<String>; STREAMS.len()],
}

/// When a transaction is closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TransactionLimits {
    /// Messages after which it is.
    pub messages: usize,
    /// Time after which it is.
    pub wait: Duration,
}

/// What every part of an instance knows.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// Settings of every client: brokers and security.
    pub client: ClientConfig,
    /// Its topics.
    pub topics: Topics,
    /// Partitions of the journal and of every input topic.
    pub partitions: u16,
    /// Begins group and transactional ids.
    pub prefix: String,
    /// This instance's name: the same after a restart, and no other's.
    pub instance: String,
    /// How derived records are written.
    pub output: outputs::Settings,
    /// When transactions are closed.
    pub transaction: TransactionLimits,
    /// After so long without a heartbeat an instance is taken for dead.
    pub session_timeout: Duration,
}

impl Deployment {
    /// The consumer group of the engine.
    pub fn group(&self) -> String {
        format!("{}.engine", self.prefix)
    }

    /// The name of a worker in the group, and in transactions.
    pub fn worker_name(&self, worker: usize) -> String {
        format!("{}.{}.{worker}", self.prefix, self.instance)
    }

    /// The source that a partition of a topic is in the journal.
    pub fn source_id(topic: &str, partition: PartitionNo) -> String {
        format!("kafka:{topic}/{partition}")
    }

    /// Settings of a consumer that reads what is committed, and of no group.
    pub fn reader(&self) -> ClientConfig {
        let mut config = self.client.clone();
        config
            .set("group.id", format!("{}.reader", self.prefix))
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "error")
            .set("isolation.level", "read_committed")
            .set("fetch.queue.backoff.ms", "2")
            .set("fetch.wait.max.ms", "50")
            .set("fetch.message.max.bytes", "8388608")
            .set("allow.auto.create.topics", "false");
        config
    }

    /// Settings of a worker's consumer.
    pub fn member(&self, worker: usize) -> ClientConfig {
        let mut config = self.reader();
        let session = self.session_timeout.as_millis();
        config
            .set("group.id", self.group())
            .set("group.instance.id", self.worker_name(worker))
            .set("partition.assignment.strategy", "range")
            .set("session.timeout.ms", session.to_string())
            .set("heartbeat.interval.ms", (session / 4).max(200).to_string());
        config
    }

    /// Settings of a worker's producer.
    pub fn producer(&self, worker: usize) -> ClientConfig {
        let mut config = self.client.clone();
        config
            .set("transactional.id", self.worker_name(worker))
            .set("transaction.timeout.ms", "15000")
            .set("linger.ms", "1")
            .set("compression.type", "lz4")
            .set("message.max.bytes", "33554432")
            .set("queue.buffering.max.messages", "1000000")
            .set("queue.buffering.max.kbytes", "1048576");
        config
    }
}

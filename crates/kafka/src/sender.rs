//! Writing in transactions from outside of the engine: commands that send records, and note in the same transaction how
//! far they have come.

use crate::client::Role;
use crate::deployment::Deployment;
use crate::error::{Error, Result};
use crate::tail::ANSWER;
use crate::transaction::{DELIVERY, Delivering, NOT_JOURNAL, is_fencing, send};
use rdkafka::error::KafkaError;
use rdkafka::message::OwnedHeaders;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::time::{Duration, Instant};

/// How long the broker may take for a call of a transaction.
const CALL: Duration = Duration::from_secs(30);
/// How long the broker may take to begin.
const BEGIN: Duration = Duration::from_secs(60);

/// Whether the call may be made again.
fn is_retriable(error: &KafkaError) -> bool {
    matches!(error, KafkaError::Transaction(error) if error.is_retriable())
}

/// A record to be sent.
pub(crate) struct Outgoing<'r> {
    pub topic: &'r str,
    pub partition: u16,
    pub key: Option<&'r [u8]>,
    pub value: &'r [u8],
    pub headers: OwnedHeaders,
}

impl<'r> Outgoing<'r> {
    /// A record without a key and headers.
    pub(crate) fn new(topic: &'r str, partition: u16, value: &'r [u8]) -> Outgoing<'r> {
        Outgoing {
            topic,
            partition,
            key: None,
            value,
            headers: OwnedHeaders::new(),
        }
    }
}

/// A transactional producer of a command.
pub(crate) struct Sender {
    producer: BaseProducer<Delivering>,
    command: &'static str,
    name: String,
    is_open: bool,
}

impl Sender {
    /// Ends what an earlier run of the same command left open, and takes its place.
    pub(crate) fn begin(deployment: &Deployment, command: &'static str) -> Result<Sender> {
        let config = deployment.client(Role::Command(command))?;
        let name = config.get("transactional.id").unwrap_or_default();
        let name = name.to_owned();
        let producer = deployment
            .producer(&config)
            .map_err(Error::client("make a producer"))?;
        let started = Instant::now();
        // The first transaction of a cluster has it make a topic of its own.
        while let Err(error) = producer.init_transactions(ANSWER) {
            if !is_retriable(&error) || started.elapsed() > BEGIN {
                return Err(Error::client(format!("begin as {name}"))(error));
            }
        }
        Ok(Sender {
            producer,
            command,
            name,
            is_open: false,
        })
    }

    /// What the broker knows it by.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Sends a record in the open transaction, or in a new one.
    pub(crate) fn send(&mut self, outgoing: Outgoing<'_>) -> Result<()> {
        if !self.is_open {
            let begun = self.producer.begin_transaction();
            begun.map_err(|error| self.failed("begin a transaction", error))?;
            self.is_open = true;
        }
        let mut record =
            BaseRecord::<[u8], [u8], usize>::with_opaque_to(outgoing.topic, NOT_JOURNAL)
                .partition(i32::from(outgoing.partition))
                .payload(outgoing.value)
                .headers(outgoing.headers.clone());
        if let Some(key) = outgoing.key {
            record = record.key(key);
        }
        send(&self.producer, record)
            .map_err(|error| self.failed(&format!("send a record to {}", outgoing.topic), error))
    }

    /// What went wrong; if somebody took over the name, the library's own words are about what followed from that.
    fn failed(&self, doing: &str, error: KafkaError) -> Error {
        let fatal = self.producer.client().fatal_error();
        let is_replaced = fatal.is_some_and(|(code, _)| is_fencing(code));
        if is_replaced || error.rdkafka_error_code().is_some_and(is_fencing) {
            return Error::Replaced {
                command: self.command,
                name: self.name.clone(),
            };
        }
        Error::client(doing)(error)
    }

    /// Commits the open transaction, if there is one: all of it counts, or none.
    pub(crate) fn commit(&mut self) -> Result<()> {
        if !std::mem::take(&mut self.is_open) {
            return Ok(());
        }
        let started = Instant::now();
        while self.producer.in_flight_count() > 0 && started.elapsed() < DELIVERY {
            self.producer.poll(Duration::from_millis(1));
        }
        let delivered = self.producer.context().take();
        delivered.map_err(|error| self.failed("send records", error))?;
        let committed = self.producer.commit_transaction(CALL);
        committed.map_err(|error| self.failed("commit a transaction", error))
    }
}

//! Membership of the consumer group: what the coordinator wants is noted, and done by the worker between two
//! transactions.

use crate::deployment::Limits;
use crate::error::Result;
use crate::watch::{Listens, Watch};
use rdkafka::ClientContext;
use rdkafka::client::OAuthToken;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedMessage;
use rdkafka::statistics::Statistics;
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaRespErr;
use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What the coordinator wants.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Change {
    /// These partitions are this worker's from now on, and no others.
    Assigned(BTreeSet<u16>),
    /// All partitions are taken away; whether that is a fact already, and nothing can be committed any more.
    Revoked { lost: bool },
}

/// Notes what the coordinator wants. Nothing is done about it in the callback: the coordinator waits until the worker
/// has answered, and the worker answers when its transaction is ended.
pub(crate) struct Membership {
    changes: Mutex<VecDeque<Change>>,
    /// Any topic that is assigned stands for all: they have the same partitions.
    topic: String,
    is_ending: AtomicBool,
    watch: Watch,
}

impl Membership {
    pub(crate) fn new(topic: &str, watch: Watch) -> Membership {
        Membership {
            changes: Mutex::default(),
            topic: topic.to_owned(),
            is_ending: AtomicBool::new(false),
            watch,
        }
    }

    /// The next change that nothing was done about.
    pub(crate) fn next(&self) -> Option<Change> {
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        changes.pop_front()
    }

    pub(crate) fn has_changes(&self) -> bool {
        let changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        !changes.is_empty()
    }

    /// From now on changes are answered at once: the worker ends.
    pub(crate) fn end(&self) {
        self.is_ending.store(true, Ordering::SeqCst);
    }

    fn note(&self, change: Change) {
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        changes.push_back(change);
    }
}

impl Listens for Membership {
    fn watch(&self) -> &Watch {
        &self.watch
    }
}

/// Takes messages until a transaction's worth is there, or time is up, or the coordinator wants something. For the first
/// message is waited so long. `take` is given each, and errors; it says whether to go on.
pub(crate) fn gather(
    consumer: &BaseConsumer<Membership>,
    limits: Limits,
    patience: Duration,
    take: &mut dyn FnMut(std::result::Result<&BorrowedMessage<'_>, KafkaError>) -> Result<bool>,
) -> Result<()> {
    let (started, mut messages) = (Instant::now(), 0);
    while messages < limits.messages && !consumer.context().has_changes() {
        let wait = match messages {
            0 => patience,
            _ => limits.wait.saturating_sub(started.elapsed()),
        };
        let goes_on = match consumer.poll(wait) {
            None => false,
            Some(Err(error)) => take(Err(error))?,
            Some(Ok(message)) => {
                messages += 1;
                take(Ok(&message))?
            }
        };
        if !goes_on {
            break;
        }
    }
    Ok(())
}

impl ClientContext for Membership {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn generate_oauth_token(
        &self,
        config: Option<&str>,
    ) -> std::result::Result<OAuthToken, Box<dyn std::error::Error>> {
        self.watch.generate_oauth_token(config)
    }

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.watch.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.watch.error(error, reason);
    }

    fn stats(&self, statistics: Statistics) {
        for (name, topic) in statistics.topics {
            for (number, partition) in topic.partitions {
                if let (Ok(number), 0..) = (u16::try_from(number), partition.consumer_lag) {
                    crate::metrics::record_lag(&name, number, partition.consumer_lag);
                }
            }
        }
    }
}

impl ConsumerContext for Membership {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        error: RDKafkaRespErr,
        list: &mut TopicPartitionList,
    ) {
        if self.is_ending.load(Ordering::SeqCst) {
            let _ = consumer.unassign();
            return;
        }
        if error == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            let elements = list.elements();
            let of_topic = elements
                .iter()
                .filter(|element| element.topic() == self.topic);
            let partitions = of_topic.filter_map(|element| u16::try_from(element.partition()).ok());
            self.note(Change::Assigned(partitions.collect()));
        } else {
            let lost = consumer.assignment_lost();
            self.note(Change::Revoked { lost });
        }
    }
}

//! Reading partitions to their end. The end is where everything is that anybody had written when it was asked for:
//! a reader waits for transactions that are still open there.

use crate::deployment::Deployment;
use crate::error::{Error, Result};
use crate::pause::pause;
use crate::watch::Watch;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// How long a broker may take to answer.
pub(crate) const ANSWER: Duration = Duration::from_secs(10);
/// How long a reader waits for the next record while there should be some.
const STALL: Duration = Duration::from_secs(30);
/// How often an open transaction is looked at.
const LOOK: Duration = Duration::from_millis(10);
/// An open transaction that lasts longer than this is that of an owner which may be gone.
const PATIENCE: Duration = Duration::from_millis(300);
/// How far before an end the last record is looked for at first.
const NEAR_END: i64 = 16;
/// Longer than any transaction of ours may stay open, with the broker's delay in ending it.
const LONGEST_OPEN: Duration = Duration::from_secs(60);

/// A partition of a topic, from an offset on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Start {
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
}

/// Asks for offsets and reads partitions to their end.
pub(crate) struct Ends {
    deployment: Deployment,
    /// Sees what is not committed, too.
    all: BaseConsumer<Watch>,
    committed: BaseConsumer<Watch>,
}

impl Ends {
    pub(crate) fn new(deployment: &Deployment) -> Result<Ends> {
        let committed = deployment.reading(None)?;
        let all = deployment.reading(Some(("isolation.level", "read_uncommitted")))?;
        Ok(Ends {
            deployment: deployment.clone(),
            all,
            committed,
        })
    }

    /// First offset, and the one after the last record that anybody wrote, committed or not.
    pub(crate) fn bounds(&self, topic: &str, partition: i32) -> Result<(i64, i64)> {
        watermarks(&self.all, topic, partition)
    }

    /// First offset, and the one behind which nothing is committed yet.
    pub(crate) fn committed(&self, topic: &str, partition: i32) -> Result<(i64, i64)> {
        watermarks(&self.committed, topic, partition)
    }

    /// From where a topic is read on whose position is known, or on which nothing was read yet.
    ///
    /// # Errors
    /// [`Error::Gone`] if records from the position on are there no more, unless the settings say to go on without them.
    pub(crate) fn start_of(
        &self,
        topic: &str,
        partition: i32,
        position: Option<i64>,
    ) -> Result<i64> {
        let (first, _) = self.bounds(topic, partition)?;
        let Some(position) = position.filter(|position| *position < first) else {
            return Ok(position.unwrap_or(first));
        };
        let gone = Error::Gone {
            topic: topic.to_owned(),
            partition,
            position,
            first,
        };
        if !self.deployment.settings().skip_lost {
            return Err(gone);
        }
        tracing::warn!(%gone, "skip_lost is set: reading goes on behind them");
        Ok(first)
    }

    /// Whether nothing before `end` is in an open transaction.
    pub(crate) fn is_settled(&self, topic: &str, partition: i32, end: i64) -> Result<bool> {
        let (_, stable) = watermarks(&self.committed, topic, partition)?;
        Ok(stable >= end)
    }

    /// Waits until nothing before `end` is in an open transaction. `open_long` is called once when that takes long.
    pub(crate) fn wait_until_settled(
        &self,
        topic: &str,
        partition: i32,
        end: i64,
        open_long: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        let (started, mut called) = (Instant::now(), false);
        loop {
            if self.is_settled(topic, partition, end)? {
                return Ok(());
            }
            if started.elapsed() > PATIENCE && !called {
                called = true;
                open_long()?;
            }
            if started.elapsed() > LONGEST_OPEN {
                return Err(Error::Late {
                    what: format!("a transaction on {topic}/{partition} was not ended"),
                    seconds: LONGEST_OPEN.as_secs(),
                    hint: "see transaction.max.timeout.ms of the brokers, and kafka-transactions.sh find-hanging",
                });
            }
            pause(LOOK);
        }
    }

    /// Hands every committed record from the starts to the ends of their partitions to `sink`, those of a partition
    /// in order. All starts are of one topic.
    pub(crate) fn read(
        &self,
        starts: &[Start],
        sink: &mut dyn FnMut(&BorrowedMessage<'_>) -> Result<()>,
    ) -> Result<()> {
        self.read_until(starts, &BTreeMap::new(), sink)
    }

    /// As [`Ends::read`], of partitions that have one here only what lies before this offset.
    pub(crate) fn read_until(
        &self,
        starts: &[Start],
        until: &BTreeMap<i32, i64>,
        sink: &mut dyn FnMut(&BorrowedMessage<'_>) -> Result<()>,
    ) -> Result<()> {
        if starts.is_empty() {
            return Ok(());
        }
        let end_told = ("enable.partition.eof", "true");
        let consumer = self.deployment.reading(Some(end_told))?;
        assign(&consumer, starts)?;
        // The consumer is new: the first end that it finds is not one of an earlier moment.
        let mut open: BTreeSet<i32> = starts.iter().map(|start| start.partition).collect();
        let mut last = Instant::now();
        while !open.is_empty() {
            match consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) => {
                    last = Instant::now();
                    let partition = message.partition();
                    let end = until.get(&partition).copied().unwrap_or(i64::MAX);
                    if open.contains(&partition) && message.offset() < end {
                        sink(&message)?;
                    }
                    if message.offset() + 1 >= end {
                        open.remove(&partition);
                    }
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    open.remove(&partition);
                }
                Some(Err(error)) if is_passing(&error) => {
                    tracing::debug!(%error, "reading to the end");
                }
                Some(Err(error)) => return Err(Error::client("read to the end")(error)),
                None => {}
            }
            if last.elapsed() > STALL {
                return Err(Error::Late {
                    what: format!("{} was not read to its end", starts[0].topic),
                    seconds: STALL.as_secs(),
                    hint: "are the brokers there?",
                });
            }
        }
        Ok(())
    }

    /// Hands the last records of partitions of a topic, each with its bounds, to `sink`: from a few offsets before the
    /// end on, where marks of transactions stand as well, and from further away where none of them was one to be found.
    pub(crate) fn read_last(
        &self,
        topic: &str,
        bounds: &[(u16, i64, i64)],
        sink: &mut dyn FnMut(u16, &BorrowedMessage<'_>) -> Result<bool>,
    ) -> Result<()> {
        let (mut open, mut near) = (bounds.to_vec(), NEAR_END);
        while !open.is_empty() {
            let starts: Vec<Start> = open
                .iter()
                .map(|(partition, first, end)| Start {
                    topic: topic.to_owned(),
                    partition: i32::from(*partition),
                    offset: (end - near).max(*first),
                })
                .collect();
            let mut found = BTreeSet::new();
            self.read(&starts, &mut |message| {
                let partition = u16::try_from(message.partition()).map_err(|_| Error::Defect)?;
                if sink(partition, message)? {
                    found.insert(partition);
                }
                Ok(())
            })?;
            open.retain(|(partition, first, end)| {
                !found.contains(partition) && end - near > *first
            });
            near *= 16;
        }
        Ok(())
    }
}

fn watermarks(consumer: &BaseConsumer<Watch>, topic: &str, partition: i32) -> Result<(i64, i64)> {
    let mut tries = 0;
    loop {
        tries += 1;
        let watch = consumer.context();
        watch.renew_token(|wait| drop(consumer.poll(wait)));
        match consumer.fetch_watermarks(topic, partition, ANSWER) {
            Ok(marks) => return Ok(marks),
            Err(error) if tries < 20 => {
                tracing::debug!(%error, topic, partition, "asking for its end");
                pause(Duration::from_millis(100) * tries);
            }
            Err(error) => {
                return Err(Error::client(format!(
                    "find the end of {topic}/{partition}"
                ))(error));
            }
        }
    }
}

/// Has a consumer read these partitions and no others.
pub(crate) fn assign<C: rdkafka::consumer::ConsumerContext>(
    consumer: &BaseConsumer<C>,
    starts: &[Start],
) -> Result<()> {
    let mut list = TopicPartitionList::new();
    for start in starts {
        let offset = Offset::Offset(start.offset);
        list.add_partition_offset(&start.topic, start.partition, offset)
            .map_err(Error::client("name an offset"))?;
    }
    consumer
        .assign(&list)
        .map_err(Error::client("read partitions"))
}

/// Whether the client library will get over an error by itself.
pub(crate) fn is_passing(error: &KafkaError) -> bool {
    use rdkafka::types::RDKafkaErrorCode as Code;
    let KafkaError::MessageConsumption(code) = error else {
        return matches!(error, KafkaError::Global(_));
    };
    !matches!(
        code,
        Code::AutoOffsetReset
            | Code::OffsetOutOfRange
            | Code::UnknownTopic
            | Code::UnknownPartition
            | Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::Fatal
    )
}

/// The payload of a message; one without is empty.
pub(crate) fn payload<'m>(message: &'m BorrowedMessage<'_>) -> &'m [u8] {
    message.payload().unwrap_or_default()
}

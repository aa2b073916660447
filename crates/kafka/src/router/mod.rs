//! The router: for producers that know a number and not the account. It reads the inbox topic, finds the account in the
//! directory, and writes the record to the account's partition of its input topic, exactly once.
//!
//! A record of a number that nobody holds goes on as it is, so that the engine puts it into the quarantine with its bytes,
//! and is parked: when the directory learns the number, the record is sent again with its account. The same holds for a
//! number that two accounts of different partitions claim at once, until one of them gives it up.

mod parked;
mod routes;

use crate::client::Role;
use crate::deployment::Deployment;
use crate::error::{Error, Result};
use crate::group::{Change, Membership, gather};
use crate::ingest;
use crate::input::{self, ChunkBuilder};
use crate::status::Status;
use crate::tail::{ANSWER, Ends, Start, assign, is_passing};
use crate::topics::Topic;
use crate::transaction::{Delivering, begin_producer, commit_as_member, drain, send};
use parked::{Parked, ParkedRecord};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use routes::{Found, Routes};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use umbral_model::ids::PartitionNo;
use umbral_model::input::{Address, Incoming, IncomingBody};
use umbral_runtime::partitioner::{partition_of, partition_of_account};
use umbral_runtime::{Chunk, Original, Record};

/// How long a router without records sleeps at most.
const IDLE: Duration = Duration::from_millis(50);
/// How often parked records are looked at while the directory changes.
const RETRY: Duration = Duration::from_millis(200);

/// Where a record goes.
struct Routed {
    topic: Topic,
    partition: PartitionNo,
    key: Option<String>,
    value: Vec<u8>,
    /// The place in the inbox, for whoever looks for a record that could not be read.
    came_by: Option<String>,
}

/// What one transaction does.
#[derive(Default)]
struct Work {
    routed: Vec<Routed>,
    /// Records that are parked, with their partitions.
    parked: Vec<(u16, ParkedRecord)>,
    /// Keys of records that are parked no longer.
    freed: Vec<(u16, Vec<u8>)>,
    /// The offset to be read next, by partition.
    offsets: BTreeMap<u16, i64>,
}

impl Work {
    fn is_empty(&self) -> bool {
        self.offsets.is_empty() && self.freed.is_empty()
    }
}

/// A router.
pub(crate) struct Router {
    deployment: Arc<Deployment>,
    consumer: Arc<BaseConsumer<Membership>>,
    producer: BaseProducer<Delivering>,
    routes: Routes,
    parked: BTreeMap<u16, Parked>,
    retried: Instant,
    changed: bool,
    status: Arc<Status>,
}

impl Router {
    /// Joins the routers' group, when the directory is read to its end.
    pub(crate) fn join(deployment: &Arc<Deployment>, status: &Arc<Status>) -> Result<Router> {
        let routes = Routes::open(deployment)?;
        let writer = deployment.client(Role::RouterWriter)?;
        let producer = begin_producer(&writer, deployment)
            .map_err(Error::client("begin the router's producer"))?;
        let inbox = deployment.settings().topic(Topic::Inbox);
        let consumer = deployment.member(&deployment.client(Role::Router)?, &inbox)?;
        consumer
            .subscribe(&[&inbox])
            .map_err(Error::client("join the routers' group"))?;
        Ok(Router {
            deployment: Arc::clone(deployment),
            consumer: Arc::new(consumer),
            producer,
            routes,
            parked: BTreeMap::new(),
            retried: Instant::now(),
            changed: false,
            status: Arc::clone(status),
        })
    }

    /// Routes until it is told to stop.
    pub(crate) fn run(mut self) -> Result<()> {
        let ran = self.work();
        self.consumer.context().end();
        ran
    }

    fn work(&mut self) -> Result<()> {
        while !self.status.is_stopping() {
            self.follow_group()?;
            self.changed |= self.routes.follow()?;
            let chunks = self.gather()?;
            let mut work = Work::default();
            for (partition, next, chunk) in chunks {
                work.offsets.insert(partition, next);
                self.route_chunk(partition, chunk, &mut work);
            }
            self.retry(&mut work);
            if !work.is_empty() {
                self.commit(work)?;
            }
            self.producer.poll(Duration::ZERO);
        }
        Ok(())
    }

    fn follow_group(&mut self) -> Result<()> {
        while let Some(change) = self.consumer.context().next() {
            match change {
                Change::Revoked { .. } => {
                    self.parked.clear();
                    self.consumer
                        .unassign()
                        .map_err(Error::client("give partitions back"))?;
                }
                Change::Assigned(partitions) => {
                    let ends = Ends::new(&self.deployment)?;
                    self.parked = parked::load(&self.deployment, &ends, &partitions)?;
                    self.read_from_committed(&ends)?;
                    self.changed = true;
                }
            }
        }
        Ok(())
    }

    /// Reads each partition from where the last transaction left it.
    fn read_from_committed(&self, ends: &Ends) -> Result<()> {
        let inbox = self.deployment.settings().topic(Topic::Inbox);
        let mut list = TopicPartitionList::new();
        for partition in self.parked.keys() {
            list.add_partition(&inbox, i32::from(*partition));
        }
        let committed = self
            .consumer
            .committed_offsets(list, ANSWER)
            .map_err(Error::client("find out how far the inbox is read"))?;
        let mut starts = Vec::new();
        for element in committed.elements() {
            let position = match element.offset() {
                Offset::Offset(offset) => Some(offset),
                _ => None,
            };
            let offset = ends.start_of(&inbox, element.partition(), position)?;
            starts.push(Start {
                topic: inbox.clone(),
                partition: element.partition(),
                offset,
            });
        }
        assign(&self.consumer, &starts)
    }

    /// Messages of a transaction, by partition, with the offset that comes after them.
    fn gather(&mut self) -> Result<Vec<(u16, i64, Chunk)>> {
        let limits = self.deployment.limits;
        let mut builders: BTreeMap<u16, (ChunkBuilder, i64)> = BTreeMap::new();
        gather(&self.consumer, limits, IDLE, &mut |polled| match polled {
            Ok(message) => Ok(self.keep(message, &mut builders)),
            Err(error) => bear(error).map(|()| true),
        })?;
        let chunks = builders.into_iter();
        let chunks =
            chunks.map(|(partition, (mut builder, next))| (partition, next, builder.finish()));
        Ok(chunks.collect())
    }

    /// Whether a message found room; one of a partition that is not this router's does without.
    fn keep(
        &self,
        message: &BorrowedMessage<'_>,
        builders: &mut BTreeMap<u16, (ChunkBuilder, i64)>,
    ) -> bool {
        let Ok(partition) = u16::try_from(message.partition()) else {
            return true;
        };
        if !self.parked.contains_key(&partition) {
            return true;
        }
        let inbox = self.deployment.inbox();
        let (builder, next) = builders.entry(partition).or_insert_with(|| {
            let topics = std::slice::from_ref(&inbox);
            (
                ChunkBuilder::new(topics, i32::from(partition), input::MAX_RECORD),
                0,
            )
        });
        *next = message.offset() + 1;
        builder.push(&input::Message {
            topic: 0,
            offset: message.offset().unsigned_abs(),
            content_type: input::header(message, "content-type"),
            value: message.payload(),
            resubmits: None,
            forced: false,
            came_by: None,
        })
    }

    fn route_chunk(&self, partition: u16, chunk: Chunk, work: &mut Work) {
        for record in chunk.records {
            let Record {
                content,
                original,
                row,
                ..
            } = record;
            let bytes = || match original {
                Original::Span(from, to) => chunk.bytes[from as usize..to as usize].to_vec(),
                Original::Made => Vec::new(),
            };
            match content {
                // What cannot be read is put into the quarantine by the engine, which reads it again.
                Err(_) => work.routed.push(self.unread(bytes(), partition, row)),
                Ok(incoming) => match self.find(&incoming) {
                    Found::One(address) => work.routed.push(self.addressed(incoming, address)),
                    Found::Nobody => {
                        work.routed.extend(self.unaddressed(&incoming, &[]));
                        work.parked.push((partition, ParkedRecord::of(&incoming)));
                    }
                    Found::Several(claiming) => {
                        work.routed.extend(self.unaddressed(&incoming, &claiming));
                        work.parked.push((partition, ParkedRecord::of(&incoming)));
                    }
                },
            }
        }
    }

    fn find(&self, incoming: &Incoming) -> Found {
        match &incoming.address {
            Some(Address::Identifier(identifier)) => {
                self.routes.find(identifier, incoming.occurred_at)
            }
            Some(address) => Found::One(address.clone()),
            None => Found::Nobody,
        }
    }

    /// Parked records that can be sent by now.
    fn retry(&mut self, work: &mut Work) {
        if !self.changed || self.retried.elapsed() < RETRY {
            return;
        }
        self.retried = Instant::now();
        self.changed = false;
        for (partition, parked) in &self.parked {
            for (key, incoming) in parked.records() {
                if let Found::One(address) = self.find(incoming) {
                    work.routed.push(self.addressed(incoming.clone(), address));
                    work.freed.push((*partition, key.clone()));
                }
            }
        }
    }

    fn addressed(&self, incoming: Incoming, address: Address) -> Routed {
        let account = match &address {
            Address::Account(account, _) => Some(account.clone()),
            Address::Identifier(_) => None,
        };
        let partitions = self.deployment.partitions;
        let partition = account.as_ref().map_or(PartitionNo(0), |account| {
            partition_of_account(account, partitions)
        });
        let topic = topic_of(&incoming);
        let incoming = Incoming {
            address: Some(address),
            ..incoming
        };
        Routed {
            topic,
            partition,
            key: account.map(|account| account.to_string()),
            value: self.encode(topic, &incoming),
            came_by: None,
        }
    }

    /// To the partition of its key, or the next one in which nobody claims its number: there it comes into the
    /// quarantine. None if it is claimed everywhere.
    fn unaddressed(&self, incoming: &Incoming, claiming: &[u16]) -> Option<Routed> {
        let topic = topic_of(incoming);
        let count = self.deployment.partitions;
        let first = partition_of(incoming.key.event_id.as_str().as_bytes(), count).0;
        let mut all = (first..count).chain(0..first);
        let partition = all.find(|partition| !claiming.contains(partition))?;
        Some(Routed {
            topic,
            partition: PartitionNo(partition),
            key: None,
            value: self.encode(topic, incoming),
            came_by: None,
        })
    }

    fn unread(&self, bytes: Vec<u8>, partition: u16, row: u64) -> Routed {
        let inbox = self.deployment.settings().topic(Topic::Inbox);
        // Rows begin at 1, offsets at 0.
        let offset = row.saturating_sub(1);
        Routed {
            topic: Topic::Usage,
            partition: partition_of(&bytes, self.deployment.partitions),
            key: None,
            value: bytes,
            came_by: Some(format!("{inbox}/{partition}, offset {offset}")),
        }
    }

    fn encode(&self, topic: Topic, incoming: &Incoming) -> Vec<u8> {
        ingest::encode(incoming, self.deployment.settings().format(topic))
    }

    /// One transaction: what is sent, what is parked and freed, how far the inbox is read.
    fn commit(&mut self, work: Work) -> Result<()> {
        self.try_commit(&work)
            .map_err(Error::client("route records"))?;
        crate::metrics::record_routed(work.routed.len(), work.parked.len(), work.freed.len());
        for (partition, record) in work.parked {
            if let Some(parked) = self.parked.get_mut(&partition) {
                parked.put(record);
            }
        }
        for (partition, key) in &work.freed {
            if let Some(parked) = self.parked.get_mut(partition) {
                parked.free(key);
            }
        }
        Ok(())
    }

    fn try_commit(&self, work: &Work) -> std::result::Result<(), KafkaError> {
        let producer = &self.producer;
        producer.begin_transaction()?;
        producer.context().begin(0);
        for routed in &work.routed {
            let topic = self.deployment.settings().topic(routed.topic);
            let key = routed.key.as_deref().unwrap_or_default().as_bytes();
            let mut record = BaseRecord::<[u8], [u8], usize>::with_opaque_to(&topic, 0)
                .partition(i32::from(routed.partition.0))
                .payload(&routed.value);
            if routed.key.is_some() {
                record = record.key(key);
            }
            if let Some(place) = &routed.came_by {
                record = record.headers(OwnedHeaders::new().insert(Header {
                    key: input::CAME_BY,
                    value: Some(place),
                }));
            }
            send(producer, record)?;
        }
        let topic = self.deployment.settings().topic(Topic::Parked);
        let to = |partition: u16| {
            BaseRecord::<[u8], [u8], usize>::with_opaque_to(&topic, 0)
                .partition(i32::from(partition))
        };
        for (partition, record) in &work.parked {
            send(
                producer,
                to(*partition).key(&record.key).payload(&record.value),
            )?;
        }
        for (partition, key) in &work.freed {
            send(producer, to(*partition).key(key))?;
        }
        drain(producer)?;
        producer.context().take()?;
        let inbox = self.deployment.settings().topic(Topic::Inbox);
        let mut offsets = TopicPartitionList::new();
        for (partition, next) in &work.offsets {
            offsets.add_partition_offset(&inbox, i32::from(*partition), Offset::Offset(*next))?;
        }
        commit_as_member(producer, &self.consumer, &offsets)
    }
}

/// The topic of a record's kind.
fn topic_of(incoming: &Incoming) -> Topic {
    match &incoming.body {
        IncomingBody::Account(body) => ingest::topic_of(body),
        _ => Topic::Usage,
    }
}

/// What a consumer says that is no message.
fn bear(error: KafkaError) -> Result<()> {
    match is_passing(&error) {
        true => Ok(()),
        false => Err(Error::client("read the inbox")(error)),
    }
}

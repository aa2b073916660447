//! The router: for producers that know a number and not the account. It reads the inbox topic, finds the account in the
//! directory, and writes the record to the account's partition of its input topic, exactly once.
//!
//! A record of a number that nobody holds goes on as it is, so that the engine puts it into the quarantine with its bytes,
//! and is parked: when the directory learns the number, the record is sent again with its account. The same holds for a
//! number that two accounts of different partitions claim at once, until one of them gives it up.
//!
//! Purchases that nobody known made, and whatever claims one or brings a card, go to the router of one partition first,
//! which has the [registry] and decides for all.

mod parked;
pub(crate) mod registry;
mod routes;

use crate::catalogs::CatalogFeed;
use crate::client::Role;
use crate::deployment::Deployment;
use crate::error::{Error, Result};
use crate::group::{Change, Membership, gather};
use crate::ingest;
use crate::input::{self, ChunkBuilder};
use crate::pause::pause;
use crate::said::Said;
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
use registry::{Noted, REGISTRY, Registry, is_for_registry, purchase_of};
use routes::{Found, Partitions, Routes};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use umbral_intake::directory::reason_of;
use umbral_model::ids::PartitionNo;
use umbral_model::input::{Address, Incoming, IncomingBody};
use umbral_model::rejection::Reason;
use umbral_runtime::partitioner::{partition_of, partition_of_account};
use umbral_runtime::{Catalogs, Chunk, Original, Record};

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
    said: Option<Said>,
    /// The entry of the quarantine that it takes up.
    resubmits: Option<u64>,
    forced: bool,
}

/// What one transaction does.
#[derive(Default)]
struct Work {
    routed: Vec<Routed>,
    /// Records that are parked, with their partitions.
    parked: Vec<(u16, ParkedRecord)>,
    /// Keys of records that are parked no longer.
    freed: Vec<(u16, Vec<u8>)>,
    /// What the registry decided.
    noted: Vec<Noted>,
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
    /// While its partition is this router's.
    registry: Option<Registry>,
    feed: CatalogFeed,
    /// Records of the feed that are among the catalogs.
    catalogs_read: u64,
    catalogs: Catalogs,
    retried: Instant,
    changed: bool,
    status: Arc<Status>,
}

impl Router {
    /// Joins the routers' group, when the directory is read to its end.
    pub(crate) fn join(deployment: &Arc<Deployment>, status: &Arc<Status>) -> Result<Router> {
        let routes = Routes::open(deployment)?;
        let feed = first_catalog(deployment, status)?;
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
            registry: None,
            feed,
            catalogs_read: 0,
            catalogs: Catalogs::new(),
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
            self.follow_catalogs()?;
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
                    self.registry = None;
                    self.consumer
                        .unassign()
                        .map_err(Error::client("give partitions back"))?;
                }
                Change::Assigned(partitions) => {
                    let ends = Ends::new(&self.deployment)?;
                    (self.parked, self.registry) =
                        parked::load(&self.deployment, &ends, &partitions)?;
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
            resubmits: input::number(message, input::RESUBMITS),
            forced: input::header(message, input::FORCED) == Some(b"1"),
            came_by: None,
            said: None,
        })
    }

    fn follow_catalogs(&mut self) -> Result<()> {
        self.feed.follow()?;
        for record in self.feed.since(self.catalogs_read, REGISTRY) {
            self.catalogs_read = record.offset.unsigned_abs() + 1;
            if let Some((key, activation)) = record.activation()
                && let Err(refused) = self.catalogs.take(key, activation)
            {
                tracing::warn!(%refused, version = %activation.version, "the router leaves a catalog out");
            }
        }
        Ok(())
    }

    fn route_chunk(&mut self, partition: u16, chunk: Chunk, work: &mut Work) {
        for record in chunk.records {
            let Record {
                content,
                original,
                row,
                resubmits,
                ..
            } = record;
            let bytes = || match original {
                Original::Span(from, to) => chunk.bytes[from as usize..to as usize].to_vec(),
                Original::Made => Vec::new(),
            };
            match content {
                // What cannot be read is put into the quarantine by the engine, which reads it again.
                Err(_) => work.routed.push(self.unread(bytes(), partition, row)),
                Ok(incoming) => {
                    let (before, forced) = (work.routed.len(), incoming.forced);
                    self.route(partition, incoming, work);
                    for routed in &mut work.routed[before..] {
                        (routed.resubmits, routed.forced) = (resubmits, forced);
                    }
                }
            }
        }
        if partition == REGISTRY
            && let Some(registry) = &mut self.registry
        {
            work.noted.extend(registry.forget_old());
        }
    }

    fn route(&mut self, partition: u16, incoming: Incoming, work: &mut Work) {
        let claiming = match self.find(&incoming) {
            Found::One(address) => return self.route_found(partition, incoming, address, work),
            Found::Nobody => Partitions::new(),
            Found::Several(claiming) => claiming,
        };
        if purchase_of(&incoming).is_some() {
            if partition != REGISTRY {
                return work.routed.push(self.to_registry(&incoming));
            }
            work.noted.extend(self.keep_purchase(&incoming));
        }
        work.routed.extend(self.unaddressed(&incoming, &claiming));
        let is_given = |registry: &Registry| registry.is_given(&incoming);
        // What names nobody is nobody's for ever.
        if incoming.address.is_some() && !self.registry.as_ref().is_some_and(is_given) {
            work.parked.push((partition, ParkedRecord::of(&incoming)));
        }
    }

    fn route_found(
        &mut self,
        partition: u16,
        incoming: Incoming,
        address: Address,
        work: &mut Work,
    ) {
        let is_registered = is_registered(&incoming);
        if is_registered && partition != REGISTRY {
            return work
                .routed
                .push(self.to_registry(&addressed_to(incoming, address)));
        }
        let Some(registry) = self.registry.as_mut().filter(|_| partition == REGISTRY) else {
            return work.routed.push(self.addressed(incoming, address));
        };
        let (address, noted) = registry.take_up(&incoming, address);
        if let Some(noted) = noted {
            work.noted.push(noted);
            work.freed.push((REGISTRY, parked::key_of(&incoming.key)));
        }
        let incoming = addressed_to(incoming, address.clone());
        let mut said = None;
        if is_registered && let Some(input) = incoming.clone().into_input() {
            let decided = registry.decide(input, &self.routes, &self.catalogs);
            work.noted.extend(decided.noted);
            let given = decided.purchases.iter();
            work.freed
                .extend(given.map(|key| (REGISTRY, parked::key_of(key))));
            said = decided.said;
        }
        work.routed.push(Routed {
            said,
            ..self.addressed(incoming, address)
        });
    }

    /// Keeps a purchase that nobody known made, if the catalog lets purchases earn.
    fn keep_purchase(&mut self, incoming: &Incoming) -> Option<Noted> {
        let catalog = self.catalogs.at(incoming.occurred_at);
        let why = reason_of(incoming, catalog, Reason::UnknownIdentifier.into());
        let registry = self.registry.as_mut();
        let registry = registry.filter(|_| why.reason == Reason::UnidentifiedPurchase)?;
        registry.keep(incoming)
    }

    /// To the router that has the registry.
    fn to_registry(&self, incoming: &Incoming) -> Routed {
        Routed {
            topic: Topic::Inbox,
            partition: PartitionNo(REGISTRY),
            key: None,
            value: self.encode(Topic::Inbox, incoming),
            came_by: None,
            said: None,
            resubmits: None,
            forced: false,
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
                    // Without an offset nothing keeps a router that was replaced from sending the record once more: the
                    // registry is asked where it reads its partition, which is fenced.
                    let is_asked = is_registered(incoming) || purchase_of(incoming).is_some();
                    work.routed.push(match is_asked {
                        true => self.to_registry(&addressed_to(incoming.clone(), address)),
                        false => self.addressed(incoming.clone(), address),
                    });
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
        let incoming = addressed_to(incoming, address);
        Routed {
            topic,
            partition,
            key: account.map(|account| account.to_string()),
            value: self.encode(topic, &incoming),
            came_by: None,
            said: None,
            resubmits: None,
            forced: false,
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
            said: None,
            resubmits: None,
            forced: false,
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
            said: None,
            resubmits: None,
            forced: false,
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
            let said = routed.said.as_ref().and_then(Said::write);
            let headers = [
                (input::CAME_BY, &routed.came_by),
                (input::SAID, &said),
                (
                    input::RESUBMITS,
                    &routed.resubmits.map(|number| number.to_string()),
                ),
                (input::FORCED, &routed.forced.then(|| "1".to_owned())),
            ];
            if let Some(headers) = headers_of(headers) {
                record = record.headers(headers);
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
        for noted in &work.noted {
            let mut record = to(REGISTRY).key(noted.key.as_bytes());
            if let Some(value) = &noted.value {
                record = record.payload(value.as_bytes());
            }
            if let Some(headers) = headers_of([(input::SAID, &noted.said)]) {
                record = record.headers(headers);
            }
            send(producer, record)?;
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

/// Reads the catalogs; waits for the first one. Without it nobody decides, and what a purchase is worth is not known.
fn first_catalog(deployment: &Deployment, status: &Status) -> Result<CatalogFeed> {
    let mut feed = CatalogFeed::open(deployment, &Ends::new(deployment)?)?;
    while feed.is_empty() && !status.is_stopping() {
        pause(IDLE);
        feed.follow()?;
    }
    Ok(feed)
}

fn is_registered(incoming: &Incoming) -> bool {
    matches!(&incoming.body, IncomingBody::Account(body) if is_for_registry(body))
}

fn addressed_to(incoming: Incoming, address: Address) -> Incoming {
    Incoming {
        address: Some(address),
        ..incoming
    }
}

fn headers_of<const N: usize>(all: [(&str, &Option<String>); N]) -> Option<OwnedHeaders> {
    let there = all
        .into_iter()
        .filter_map(|(key, value)| Some((key, value.as_ref()?)));
    there.fold(None, |headers, (key, value)| {
        let headers = headers.unwrap_or_else(OwnedHeaders::new);
        let value = Some(value.as_str());
        Some(headers.insert(Header { key, value }))
    })
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

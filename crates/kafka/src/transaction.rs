//! One transaction after the other: journal records, derived records and offsets together, or none of them.
//!
//! The client library can lose or tear a transaction when a call times out and is answered later, so no call is repeated
//! after an error whose meaning is not certain. The producer is dropped instead, a new one under the same name ends
//! whatever was open, and the journal says whether the transaction took place. If it did not, the same bytes are sent
//! again: what was decided stays decided, so nothing has to be undone.

use crate::client::Role;
use crate::deployment::Deployment;
use crate::directory::record_of;
use crate::error::{Error, Result};
use crate::group::Membership;
use crate::journal;
use crate::outputs::{Counters, DerivedRecord, Publisher, index_of};
use crate::pause::pause;
use crate::tail::{ANSWER, Ends, Start, payload};
use crate::watch::{Listens, Watch};
use rdkafka::client::OAuthToken;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{DeliveryResult, Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaErrorCode as Code;
use rdkafka::{ClientConfig, ClientContext};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use umbral_journal::RecordChain;
use umbral_runtime::lane::LaneRecord;
use umbral_wire::WireError;

/// How long the broker may take for a call of a transaction.
const CALL: Duration = Duration::from_secs(10);
/// How long records may be on their way.
pub(crate) const DELIVERY: Duration = Duration::from_secs(30);
/// How often it is looked whether they have arrived.
const ON_ITS_WAY: Duration = Duration::from_micros(200);
/// How long it is tried to get one transaction through before the instance gives up.
const GIVE_UP: Duration = Duration::from_secs(120);
/// How often in a row somebody else may take over the name.
const TAKEN_OVER: u32 = 5;
/// Delivery mark of records that are not the journal's.
pub(crate) const NOT_JOURNAL: usize = usize::MAX;

/// What is to be committed together.
pub(crate) struct Job {
    /// Batches of partitions, those of one partition in order.
    pub records: Vec<(u16, LaneRecord)>,
    /// How far the inputs are read then.
    pub offsets: TopicPartitionList,
}

/// What came of a job.
pub(crate) enum Outcome {
    /// All of it is durable.
    Durable(Durable),
    /// The partitions are no longer this worker's; nothing of it took place.
    NotOwner,
}

/// A job that is durable.
pub(crate) struct Durable {
    /// Its batches, with their offsets.
    pub records: Vec<(u16, LaneRecord, i64)>,
    /// Where their partitions stand now.
    pub owned: Vec<(u16, Owned)>,
    /// The nanoseconds that it took.
    pub nanos: u64,
}

/// Where a partition stands for whoever commits it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owned {
    /// Records on the derived topics.
    pub published: Counters,
    /// The next record of the journal is here or later.
    pub next_offset: i64,
}

/// What became of the records on their way.
#[derive(Default)]
struct Deliveries {
    /// Offsets of the journal's records, by their mark.
    offsets: Vec<Option<i64>>,
    failed: Option<KafkaError>,
}

/// Notes deliveries.
pub(crate) struct Delivering {
    deliveries: Mutex<Deliveries>,
    watch: Watch,
}

impl Delivering {
    pub(crate) fn new(watch: Watch) -> Delivering {
        Delivering {
            deliveries: Mutex::default(),
            watch,
        }
    }

    pub(crate) fn begin(&self, records: usize) {
        let mut deliveries = self
            .deliveries
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        deliveries.offsets.clear();
        deliveries.offsets.resize(records, None);
        deliveries.failed = None;
    }

    /// The offsets of all records of the journal.
    pub(crate) fn take(&self) -> std::result::Result<Vec<i64>, KafkaError> {
        let mut deliveries = self
            .deliveries
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = deliveries.failed.take() {
            return Err(error);
        }
        let offsets = deliveries.offsets.iter().copied().collect::<Option<_>>();
        offsets.ok_or(KafkaError::MessageProduction(Code::MessageTimedOut))
    }
}

impl Listens for Delivering {
    fn watch(&self) -> &Watch {
        &self.watch
    }
}

impl ClientContext for Delivering {
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
}

impl ProducerContext for Delivering {
    type DeliveryOpaque = usize;

    fn delivery(&self, delivered: &DeliveryResult<'_>, mark: usize) {
        let mut deliveries = self
            .deliveries
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match delivered {
            Err((error, _)) => {
                deliveries.failed.get_or_insert_with(|| error.clone());
            }
            Ok(message) => {
                if let Some(offset) = deliveries.offsets.get_mut(mark) {
                    *offset = Some(message.offset());
                }
            }
        }
    }
}

/// Why a try did not end in a commit.
enum Trouble {
    /// It may have taken place or not; a new producer will tell.
    Client(KafkaError),
    /// It cannot succeed however often it is tried.
    Fatal(Error),
}

impl From<KafkaError> for Trouble {
    fn from(error: KafkaError) -> Trouble {
        Trouble::Client(error)
    }
}

impl From<WireError> for Trouble {
    fn from(_: WireError) -> Trouble {
        Trouble::Fatal(Error::Defect)
    }
}

/// One of the producers of a worker.
struct Turn {
    config: ClientConfig,
    producer: Option<BaseProducer<Delivering>>,
}

/// The transactional ids under which a worker of this name writes.
pub(crate) fn names_of(worker: &str) -> [String; 2] {
    [worker.to_owned(), format!("{worker}-2")]
}

/// Commits what one worker decides.
pub(crate) struct Transactions {
    deployment: Arc<Deployment>,
    consumer: Arc<BaseConsumer<Membership>>,
    worker: usize,
    name: String,
    /// Two, in turns: the broker makes a producer wait for the marks of its last transaction before it takes the next one.
    turns: [Turn; 2],
    turn: usize,
    publisher: Publisher,
    owned: BTreeMap<u16, Owned>,
    taken_over: u32,
}

impl Transactions {
    pub(crate) fn new(
        deployment: &Arc<Deployment>,
        consumer: &Arc<BaseConsumer<Membership>>,
        worker: usize,
    ) -> Result<Transactions> {
        let config = deployment.client(Role::Writer {
            worker: worker as u16,
        })?;
        let name = config
            .get("transactional.id")
            .unwrap_or_default()
            .to_owned();
        Ok(Transactions {
            deployment: Arc::clone(deployment),
            consumer: Arc::clone(consumer),
            worker,
            turns: names_of(&name).map(|id| {
                let mut config = config.clone();
                config.set("transactional.id", id);
                Turn {
                    config,
                    producer: None,
                }
            }),
            turn: 0,
            name,
            publisher: Publisher::new(deployment.output.clone()),
            owned: BTreeMap::new(),
            taken_over: 0,
        })
    }

    /// A partition is this worker's.
    pub(crate) fn own(&mut self, partition: u16, owned: Owned) {
        self.owned.insert(partition, owned);
    }

    /// Lets the producers see their events: a token that is to be renewed, for example.
    pub(crate) fn look(&self) {
        for producer in self.turns.iter().filter_map(|turn| turn.producer.as_ref()) {
            producer.poll(Duration::ZERO);
        }
    }

    /// Commits a job. On return it is durable as a whole, or nothing of it ever will be.
    ///
    /// # Errors
    /// What ends the instance: a torn transaction, brokers that are gone for long, another process of this name.
    pub(crate) fn commit(&mut self, job: Job) -> Result<Outcome> {
        let started = Instant::now();
        loop {
            let tried = self.attempt(&job);
            let error = match tried {
                Ok((offsets, published)) => {
                    self.taken_over = 0;
                    self.turn = 1 - self.turn;
                    return Ok(self.durable(job, offsets, published, started));
                }
                Err(Trouble::Fatal(error)) => return Err(error),
                Err(Trouble::Client(error)) => error,
            };
            crate::metrics::record_failed_transaction();
            tracing::info!(worker = self.name, %error, "transaction did not go through; a new producer ends it");
            self.count_take_over(&error)?;
            self.renew(started)?;
            if let Some(offsets) = self.find(&job)? {
                let published = self.count(&job)?;
                return Ok(self.durable(job, offsets, published, started));
            }
            if has_left_group(&error) {
                return Ok(Outcome::NotOwner);
            }
            if started.elapsed() > GIVE_UP {
                return Err(Error::client("commit a transaction")(error));
            }
            pause(Duration::from_millis(20));
        }
    }

    /// Another process under the same name would take the name over again and again.
    fn count_take_over(&mut self, error: &KafkaError) -> Result<()> {
        if !is_fenced(error) {
            return Ok(());
        }
        self.taken_over += 1;
        match self.taken_over < TAKEN_OVER {
            true => Ok(()),
            false => Err(Error::SameName {
                worker: self.worker,
            }),
        }
    }

    fn durable(
        &mut self,
        job: Job,
        offsets: Vec<i64>,
        published: BTreeMap<u16, Counters>,
        started: Instant,
    ) -> Outcome {
        for ((partition, _), offset) in job.records.iter().zip(&offsets) {
            if let Some(owned) = self.owned.get_mut(partition) {
                owned.next_offset = owned.next_offset.max(offset + 1);
            }
        }
        let mut moved = Vec::with_capacity(published.len());
        for (partition, counters) in published {
            if let Some(owned) = self.owned.get_mut(&partition) {
                owned.published = counters;
                moved.push((partition, *owned));
            }
        }
        let nanos = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        crate::metrics::record_transaction(job.records.len(), nanos);
        let records = job.records.into_iter().zip(offsets);
        let records = records.map(|((partition, record), offset)| (partition, record, offset));
        Outcome::Durable(Durable {
            records: records.collect(),
            owned: moved,
            nanos,
        })
    }

    fn attempt(
        &mut self,
        job: &Job,
    ) -> std::result::Result<(Vec<i64>, BTreeMap<u16, Counters>), Trouble> {
        let mut published = BTreeMap::new();
        let turn = &mut self.turns[self.turn];
        let producer = match turn.producer.take() {
            Some(producer) => producer,
            None => begin_producer(&turn.config, &self.deployment)?,
        };
        let producer = turn.producer.insert(producer);
        producer.begin_transaction()?;
        producer.context().begin(job.records.len());
        for (mark, (partition, record)) in job.records.iter().enumerate() {
            let before = self.owned.get(partition).map(|owned| owned.published);
            let counters = published
                .entry(*partition)
                .or_insert(before.unwrap_or_default());
            let mut send_on = |derived: &DerivedRecord<'_>| -> std::result::Result<(), Trouble> {
                Ok(send_derived(
                    producer,
                    &self.deployment,
                    *partition,
                    derived,
                )?)
            };
            self.publisher
                .publish(record.frame(), &record.world, counters, &mut send_on)?;
            send_directory(producer, &self.deployment, *partition, record)?;
            let headers = journal::headers(counters, &self.name);
            let to =
                BaseRecord::<(), [u8], usize>::with_opaque_to(&self.deployment.names.journal, mark)
                    .partition(i32::from(*partition))
                    .payload(&record.bytes)
                    .headers(headers);
            send(producer, to)?;
        }
        drain(producer)?;
        let offsets = producer.context().take()?;
        commit_as_member(producer, &self.consumer, &job.offsets)?;
        Ok((offsets, published))
    }

    /// Drops the producer, whatever state it is in, and begins another one under the same name: nothing of the old one
    /// can come later.
    fn renew(&mut self, started: Instant) -> Result<()> {
        let turn = &mut self.turns[self.turn];
        turn.producer = None;
        loop {
            match begin_producer(&turn.config, &self.deployment) {
                Ok(producer) => {
                    turn.producer = Some(producer);
                    return Ok(());
                }
                Err(error) if started.elapsed() > GIVE_UP => {
                    return Err(Error::client("begin a producer")(error));
                }
                Err(error) => {
                    tracing::debug!(%error, "beginning a producer");
                    pause(Duration::from_millis(100));
                }
            }
        }
    }

    /// Where the records of a job are in the journal; none if they are not. Nothing of it is on its way any more.
    fn find(&self, job: &Job) -> Result<Option<Vec<i64>>> {
        let topic = &self.deployment.names.journal;
        let ends = Ends::new(&self.deployment)?;
        let mut starts: BTreeMap<u16, i64> = BTreeMap::new();
        for (partition, _) in &job.records {
            let from = self
                .owned
                .get(partition)
                .map_or(0, |owned| owned.next_offset);
            starts.insert(*partition, from);
        }
        let mut to_read = Vec::new();
        for (partition, offset) in &starts {
            let number = i32::from(*partition);
            let (_, end) = ends.bounds(topic, number)?;
            ends.wait_until_settled(topic, number, end, &mut || Ok(()))?;
            if *offset < end {
                to_read.push(Start {
                    topic: topic.clone(),
                    partition: number,
                    offset: *offset,
                });
            }
        }
        let mut there: BTreeMap<(u16, u64), (u128, i64)> = BTreeMap::new();
        ends.read(&to_read, &mut |message| {
            if let Ok(chain) = RecordChain::after(payload(message)) {
                let place = (chain.partition, chain.batch);
                there.insert(place, (chain.hash, message.offset()));
            }
            Ok(())
        })?;
        let found: Vec<Option<i64>> = job
            .records
            .iter()
            .map(|(partition, record)| {
                let hash = RecordChain::after(&record.bytes).ok()?.hash;
                let (is, offset) = there.get(&(*partition, record.batch))?;
                (*is == hash).then_some(*offset)
            })
            .collect();
        whole(&job.records, found)
    }

    /// The counters after a job, without sending anything.
    fn count(&mut self, job: &Job) -> Result<BTreeMap<u16, Counters>> {
        let mut published = BTreeMap::new();
        for (partition, record) in &job.records {
            let before = self.owned.get(partition).map(|owned| owned.published);
            let counters = published
                .entry(*partition)
                .or_insert(before.unwrap_or_default());
            self.publisher
                .publish::<WireError>(record.frame(), &record.world, counters, &mut |_| Ok(()))
                .map_err(|_| Error::Defect)?;
        }
        Ok(published)
    }
}

/// All, none, or a torn transaction.
fn whole(records: &[(u16, LaneRecord)], found: Vec<Option<i64>>) -> Result<Option<Vec<i64>>> {
    let there = found.iter().flatten().count();
    if there == 0 {
        return Ok(None);
    }
    let missing = found.iter().position(Option::is_none);
    let Some(missing) = missing else {
        return Ok(Some(found.into_iter().flatten().collect()));
    };
    let (partition, record) = &records[missing];
    Err(Error::TornTransaction {
        total: records.len(),
        found: there,
        first: format!("batch {} of partition {partition} is not", record.batch),
    })
}

/// A producer under its name: whatever an older one left open is ended.
pub(crate) fn begin_producer(
    config: &ClientConfig,
    deployment: &Deployment,
) -> std::result::Result<BaseProducer<Delivering>, KafkaError> {
    let producer = deployment.producer(config)?;
    producer.init_transactions(ANSWER)?;
    Ok(producer)
}

/// Commits the open transaction with these offsets, if the consumer is the member of its group that may.
pub(crate) fn commit_as_member(
    producer: &BaseProducer<Delivering>,
    consumer: &BaseConsumer<Membership>,
    offsets: &TopicPartitionList,
) -> std::result::Result<(), KafkaError> {
    // Without a membership the coordinator would not compare generations.
    let metadata = consumer
        .group_metadata()
        .filter(|_| !consumer.assignment_lost())
        .ok_or(KafkaError::Global(Code::UnknownMemberId))?;
    producer.send_offsets_to_transaction(offsets, &metadata, CALL)?;
    producer.commit_transaction(CALL)
}

/// What the router has to know: who holds which number from here on.
fn send_directory(
    producer: &BaseProducer<Delivering>,
    deployment: &Deployment,
    partition: u16,
    record: &LaneRecord,
) -> std::result::Result<(), KafkaError> {
    for input in &record.identifiers {
        let (key, value) = record_of(input);
        let record = BaseRecord::<[u8], [u8], usize>::with_opaque_to(
            &deployment.names.directory,
            NOT_JOURNAL,
        );
        let record = record.partition(i32::from(partition));
        send(
            producer,
            record.key(key.as_bytes()).payload(value.as_bytes()),
        )?;
    }
    Ok(())
}

fn send_derived(
    producer: &BaseProducer<Delivering>,
    deployment: &Deployment,
    partition: u16,
    derived: &DerivedRecord<'_>,
) -> std::result::Result<(), KafkaError> {
    let topic = index_of(derived.stream).and_then(|index| deployment.names.derived[index].as_ref());
    let Some(topic) = topic else { return Ok(()) };
    let mut headers = OwnedHeaders::new_with_capacity(derived.headers.len());
    for (key, value) in derived.headers {
        headers = headers.insert(Header {
            key,
            value: Some(*value),
        });
    }
    let mut record = BaseRecord::<[u8], [u8], usize>::with_opaque_to(topic, NOT_JOURNAL)
        .partition(i32::from(partition))
        .payload(derived.value)
        .headers(headers);
    if let Some(key) = derived.key {
        record = record.key(key.as_bytes());
    }
    send(producer, record)
}

/// Hands a record over; waits while the line is full.
pub(crate) fn send<K: rdkafka::message::ToBytes + ?Sized>(
    producer: &BaseProducer<Delivering>,
    record: BaseRecord<'_, K, [u8], usize>,
) -> std::result::Result<(), KafkaError> {
    let mut record = record;
    let started = Instant::now();
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(Code::QueueFull), unsent))
                if started.elapsed() < DELIVERY =>
            {
                producer.poll(Duration::from_millis(1));
                record = unsent;
            }
            Err((error, _)) => return Err(error),
        }
    }
}

/// Waits until everything is delivered. The library's own `flush` sleeps for 100 ms at a time, and its `poll` spins for the
/// last millisecond of any wait.
pub(crate) fn drain(producer: &BaseProducer<Delivering>) -> std::result::Result<(), KafkaError> {
    let started = Instant::now();
    loop {
        producer.poll(Duration::ZERO);
        if producer.in_flight_count() == 0 {
            return Ok(());
        }
        if started.elapsed() > DELIVERY {
            return Err(KafkaError::MessageProduction(Code::MessageTimedOut));
        }
        pause(ON_ITS_WAY);
    }
}

/// Whether the coordinator no longer takes this worker for the owner of its partitions.
fn has_left_group(error: &KafkaError) -> bool {
    let code = error.rdkafka_error_code();
    matches!(
        code,
        Some(
            Code::UnknownMemberId
                | Code::IllegalGeneration
                | Code::FencedInstanceId
                | Code::StaleMemberEpoch
        )
    )
}

/// Whether another producer took over the name.
fn is_fenced(error: &KafkaError) -> bool {
    error.rdkafka_error_code().is_some_and(is_fencing)
}

/// Whether it says that another producer took over the name.
pub(crate) fn is_fencing(code: Code) -> bool {
    matches!(
        code,
        Code::ProducerFenced | Code::InvalidProducerEpoch | Code::Fenced
    )
}

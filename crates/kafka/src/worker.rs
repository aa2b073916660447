//! A worker: member of the group, owner of partitions. It reads inputs and decides them, while a thread of its own
//! commits what it decided before.
//!
//! ```text
//! poll -> lanes decide -> | transaction k+1 waits | -> committing thread: transaction k -> durable
//! ```

use crate::catalogs::CatalogFeed;
use crate::client::Role;
use crate::deployment::Deployment;
use crate::error::{Error, Result};
use crate::group::{Change, Membership, gather};
use crate::input::{self, ChunkBuilder};
use crate::journal::{self, JournalFrames, Loaded};
use crate::snapshots::Snapshots;
use crate::standby::Standby;
use crate::status::Status;
use crate::tail::{ANSWER, Ends, Start, assign, is_passing};
use crate::transaction::{Job, Outcome, Owned, Transactions};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaErrorCode as Code;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use umbral_model::ids::PartitionNo;
use umbral_runtime::Chunk;
use umbral_runtime::lane::{Lane, LaneOptions, LaneRecord};

/// How long a worker without inputs sleeps at most: how late a tick of the wall clock may be.
const IDLE: Duration = Duration::from_millis(50);
/// How often producers without work look at what librdkafka tells them.
const LOOK: Duration = Duration::from_millis(500);
/// Partitions that are folded before the coordinator is heard again.
const LOADED_AT_ONCE: usize = 8;

/// A partition that is driven, with where it stands in the journal.
struct Driven {
    lane: Lane,
    last_offset: Option<i64>,
    /// From where the input topics are read on that the journal does not know yet, or that forgot what it had not taken.
    starts: BTreeMap<String, i64>,
}

/// What the committing thread is told.
enum Order {
    Own(u16, Owned),
    Commit(Job),
}

/// A worker.
pub(crate) struct Worker {
    number: usize,
    deployment: Arc<Deployment>,
    options: LaneOptions,
    consumer: Arc<BaseConsumer<Membership>>,
    lanes: BTreeMap<u16, Driven>,
    /// Folded, and not this worker's now: it may get them back.
    parked: BTreeMap<u16, Loaded>,
    /// Assigned, and not folded yet.
    awaited: BTreeSet<u16>,
    /// What asks for the ends of their journals, while there are some.
    ends: Option<Ends>,
    builders: BTreeMap<u16, ChunkBuilder>,
    /// Chunks of builders that had no more room.
    full: BTreeMap<u16, Vec<Chunk>>,
    catalogs: CatalogFeed,
    committer: Option<(Sender<Order>, JoinHandle<()>)>,
    outcomes: Receiver<Result<Outcome>>,
    /// A job is with the committing thread.
    is_committing: bool,
    snapshots: Snapshots,
    standby: Standby,
    status: Arc<Status>,
    published: BTreeMap<u16, Owned>,
}

impl Worker {
    /// Joins the group.
    pub(crate) fn join(
        number: usize,
        deployment: &Arc<Deployment>,
        options: &LaneOptions,
        snapshots: Snapshots,
        standby: &Standby,
        status: &Arc<Status>,
    ) -> Result<Worker> {
        let ends = Ends::new(deployment)?;
        let catalogs = CatalogFeed::open(deployment, &ends)?;
        let topics: Vec<&str> = input_names(deployment).collect();
        let config = deployment.client(Role::Member {
            worker: number as u16,
        })?;
        let consumer = deployment.member(&config, topics.first().copied().unwrap_or_default())?;
        consumer
            .subscribe(&topics)
            .map_err(Error::client("join the group"))?;
        let consumer = Arc::new(consumer);
        let (orders, order_line) = bounded(0);
        let (outcome_line, outcomes) = bounded(1);
        let transactions = Transactions::new(deployment, &consumer, number)?;
        let committer = std::thread::Builder::new()
            .name(format!("commit-{number}"))
            .spawn(move || commit_orders(transactions, &order_line, &outcome_line))
            .map_err(Error::Thread)?;
        Ok(Worker {
            number,
            deployment: Arc::clone(deployment),
            options: options.clone(),
            consumer,
            lanes: BTreeMap::new(),
            parked: BTreeMap::new(),
            awaited: BTreeSet::new(),
            ends: None,
            builders: BTreeMap::new(),
            full: BTreeMap::new(),
            catalogs,
            committer: Some((orders, committer)),
            outcomes,
            is_committing: false,
            snapshots,
            standby: standby.clone(),
            status: Arc::clone(status),
            published: BTreeMap::new(),
        })
    }

    /// Works until it is told to stop.
    pub(crate) fn run(mut self) -> Result<()> {
        let ran = self.work();
        self.consumer.context().end();
        // Nobody takes over what is still under way: it is ended first.
        let ended = match &ran {
            Ok(()) => self.settle(),
            Err(_) => Ok(()),
        };
        self.status.owns(self.number, 0);
        if let Some((orders, thread)) = self.committer.take() {
            drop(orders);
            // Its consumer is gone then, too: another one may have the name.
            let _ = thread.join();
        }
        ran.and(ended)
    }

    fn work(&mut self) -> Result<()> {
        while !self.status.is_stopping() {
            self.follow_group()?;
            self.load_awaited()?;
            self.gather()?;
            self.catalogs.follow()?;
            self.decide()?;
            self.take_snapshot()?;
        }
        self.decide()?;
        self.settle()?;
        for (partition, driven) in &self.lanes {
            self.snapshots
                .take_last(*partition, &driven.lane, driven.last_offset);
        }
        self.snapshots.finish();
        Ok(())
    }

    /// Takes the snapshot that is most due, when everything that was decided is durable.
    fn take_snapshot(&mut self) -> Result<()> {
        let Some(partition) = self.snapshots.due(self.lanes.keys().copied()) else {
            return Ok(());
        };
        self.settle()?;
        if let Some(driven) = self.lanes.get(&partition) {
            self.snapshots
                .take(partition, &driven.lane, driven.last_offset);
        }
        Ok(())
    }

    /// Does what the coordinator wants.
    fn follow_group(&mut self) -> Result<()> {
        while let Some(change) = self.consumer.context().next() {
            crate::metrics::record_rebalance();
            match change {
                Change::Assigned(partitions) => {
                    tracing::info!(worker = self.number, ?partitions, "partitions assigned");
                    // Answered at once, reading nothing yet: what is read is chosen when a partition is folded.
                    self.read_lanes()?;
                    self.standby.owns(self.number, &partitions);
                    for (partition, loaded) in std::mem::take(&mut self.parked) {
                        match partitions.contains(&partition) {
                            true => drop(self.parked.insert(partition, loaded)),
                            false => self.standby.offer(partition, loaded),
                        }
                    }
                    self.awaited = partitions;
                }
                Change::Revoked { lost } => {
                    tracing::info!(worker = self.number, lost, "partitions revoked");
                    self.give_up(lost)?;
                    self.consumer
                        .unassign()
                        .map_err(Error::client("give partitions back"))?;
                }
            }
            self.status.owns(self.number, self.lanes.len());
            self.status.awaits(self.number, self.awaited.len());
        }
        Ok(())
    }

    /// Drops what was read and not decided: it is read again.
    fn forget_read(&mut self) {
        self.builders.clear();
        self.full.clear();
    }

    /// Ends what is under way and lets all partitions go.
    fn give_up(&mut self, lost: bool) -> Result<()> {
        self.forget_read();
        self.awaited.clear();
        self.ends = None;
        self.settle()?;
        let lost = lost || self.consumer.assignment_lost();
        for (partition, driven) in std::mem::take(&mut self.lanes) {
            let owned = self.published.remove(&partition);
            // What was decided and not committed is not in the journal: such a lane is of no use.
            let Some(owned) = owned.filter(|_| !lost) else {
                continue;
            };
            let Driven {
                lane, last_offset, ..
            } = driven;
            let state = lane.park();
            let loaded = Loaded::parked(state, owned.next_offset, last_offset, owned.published);
            self.parked.insert(partition, loaded);
        }
        Ok(())
    }

    /// Folds some of the assigned partitions to the ends of their journals, and begins to read their inputs.
    fn load_awaited(&mut self) -> Result<()> {
        self.catalogs.follow()?;
        if self.awaited.is_empty() || self.catalogs.is_empty() {
            self.status.has_catalog(!self.catalogs.is_empty());
            return Ok(());
        }
        self.status.has_catalog(true);
        let started = Instant::now();
        let some: Vec<u16> = self.awaited.iter().copied().take(LOADED_AT_ONCE).collect();
        let mut loaded = BTreeMap::new();
        for partition in &some {
            let known = self.parked.remove(partition);
            let known = known.or_else(|| self.standby.take(*partition));
            loaded.insert(
                *partition,
                known.unwrap_or_else(|| self.snapshots.newest(*partition)),
            );
        }
        let deployment = Arc::clone(&self.deployment);
        let ends = match self.ends.take() {
            Some(ends) => ends,
            None => Ends::new(&deployment)?,
        };
        let status = Arc::clone(&self.status);
        let number = self.number;
        let mut records = 0;
        journal::load(&deployment, &ends, &mut loaded, &mut |read, of| {
            records += 1;
            status.loading(number, read, of);
        })?;
        journal::compare_published(&deployment, &ends, &loaded)?;
        for (partition, loaded) in loaded {
            self.awaited.remove(&partition);
            self.own(partition, loaded, &ends)?;
        }
        self.ends = (!self.awaited.is_empty()).then_some(ends);
        crate::metrics::record_takeover(some.len(), records, started.elapsed().as_secs_f64());
        tracing::info!(
            worker = self.number,
            partitions = ?some,
            records,
            milliseconds = started.elapsed().as_millis() as u64,
            "partitions caught up"
        );
        self.compare_offsets(&some);
        self.read_lanes()?;
        self.status.owns(self.number, self.lanes.len());
        self.status.awaits(self.number, self.awaited.len());
        Ok(())
    }

    /// Says where the group's offsets are other than the journal, which is what counts.
    fn compare_offsets(&self, partitions: &[u16]) {
        let mut journal = BTreeMap::new();
        let mut asked = TopicPartitionList::new();
        for partition in partitions {
            let Some(driven) = self.lanes.get(partition) else {
                continue;
            };
            for topic in input_names(&self.deployment) {
                let id = Deployment::source_id(topic, PartitionNo(*partition));
                if let Some(source) = driven.lane.source(&id) {
                    let number = i32::from(*partition);
                    asked.add_partition(topic, number);
                    journal.insert((topic.to_owned(), number), source.records);
                }
            }
        }
        let Ok(group) = self.consumer.committed_offsets(asked, ANSWER) else {
            return;
        };
        for element in group.elements() {
            let place = (element.topic().to_owned(), element.partition());
            let Offset::Offset(offset) = element.offset() else {
                continue;
            };
            let expected = journal.get(&place).copied().unwrap_or_default();
            if offset.unsigned_abs() != expected {
                tracing::warn!(
                    topic = place.0,
                    partition = place.1,
                    group = offset,
                    journal = expected,
                    "The group's offset is not that of the journal; the journal's is read from."
                );
            }
        }
    }

    fn own(&mut self, partition: u16, loaded: Loaded, ends: &Ends) -> Result<()> {
        let mut starts = BTreeMap::new();
        for topic in input_names(&self.deployment) {
            let source = loaded
                .state
                .source(&Deployment::source_id(topic, PartitionNo(partition)));
            let position = source.map(|source| i64::try_from(source.records).unwrap_or(i64::MAX));
            let start = ends.start_of(topic, i32::from(partition), position)?;
            starts.insert(topic.to_owned(), start);
        }
        let owned = Owned {
            published: loaded.published,
            next_offset: loaded.next_offset,
        };
        self.order(Order::Own(partition, owned))?;
        self.published.insert(partition, owned);
        let frames = Box::new(JournalFrames::new(&self.deployment));
        let last_offset = loaded.last_offset;
        let lane = loaded.state.resume(&self.options, frames);
        let driven = Driven {
            lane,
            last_offset,
            starts,
        };
        self.lanes.insert(partition, driven);
        Ok(())
    }

    /// Has the consumer read the inputs of all lanes, each from where its journal says.
    fn read_lanes(&self) -> Result<()> {
        let mut starts = Vec::new();
        for (partition, driven) in &self.lanes {
            for topic in input_names(&self.deployment) {
                let number = PartitionNo(*partition);
                let source = driven.lane.source(&Deployment::source_id(topic, number));
                let known = driven.starts.get(topic).copied().unwrap_or_default();
                let offset = source.map_or(Ok(known), |source| i64::try_from(source.records));
                starts.push(Start {
                    topic: topic.to_owned(),
                    partition: i32::from(*partition),
                    offset: offset.unwrap_or(i64::MAX).max(known),
                });
            }
        }
        assign(&self.consumer, &starts)
    }

    /// Takes messages from the consumer until a transaction's worth is there, or time is up.
    fn gather(&mut self) -> Result<()> {
        let limits = self.deployment.limits;
        // An answer of the committing thread has to be seen, too.
        let patience = match self.is_committing {
            true => limits.wait.min(IDLE),
            false => IDLE,
        };
        let consumer = Arc::clone(&self.consumer);
        gather(&consumer, limits, patience, &mut |polled| {
            match polled {
                Ok(message) => self.keep(message),
                Err(error) => self.bear(error)?,
            }
            Ok(true)
        })
    }

    fn keep(&mut self, message: &BorrowedMessage<'_>) {
        let Ok(partition) = u16::try_from(message.partition()) else {
            return;
        };
        if !self.lanes.contains_key(&partition) {
            return;
        }
        let Some(topic) = input_names(&self.deployment).position(|name| name == message.topic())
        else {
            return;
        };
        let deployment = &self.deployment;
        let builder = self.builders.entry(partition).or_insert_with(|| {
            ChunkBuilder::new(
                &deployment.names.inputs,
                i32::from(partition),
                input::MAX_RECORD,
            )
        });
        let message = input::Message {
            topic,
            offset: message.offset().unsigned_abs(),
            content_type: input::header(message, "content-type"),
            value: message.payload(),
            resubmits: input::number(message, input::RESUBMITS),
            forced: input::header(message, input::FORCED) == Some(b"1"),
            came_by: input::header(message, input::CAME_BY),
            said: input::header(message, input::SAID),
        };
        if !builder.push(&message) {
            self.full
                .entry(partition)
                .or_default()
                .push(builder.finish());
            // A message alone always finds room.
            let _ = builder.push(&message);
        }
    }

    /// What a consumer says that is no message.
    fn bear(&self, error: KafkaError) -> Result<()> {
        if error.rdkafka_error_code() == Some(Code::FencedInstanceId) {
            return Err(Error::SameName {
                worker: self.number,
            });
        }
        if is_passing(&error) {
            tracing::debug!(%error, "consumer");
            return Ok(());
        }
        Err(Error::client("read inputs")(error))
    }

    /// Has the lanes decide what was gathered, and hands it on as one transaction.
    fn decide(&mut self) -> Result<()> {
        let mut job = Job {
            records: Vec::new(),
            offsets: TopicPartitionList::new(),
        };
        for (partition, driven) in &mut self.lanes {
            let failed = |failure| Error::Lane {
                partition: PartitionNo(*partition),
                failure,
            };
            feed_catalogs(
                &self.catalogs,
                &self.deployment.names.catalog,
                *partition,
                &mut driven.lane,
            )
            .map_err(failed)?;
            // Inputs are held against the clock, which has to stand before the first one.
            driven.lane.pass_time().map_err(failed)?;
            let full = self.full.remove(partition).unwrap_or_default();
            let last = self.builders.get_mut(partition).map(ChunkBuilder::finish);
            for chunk in full.into_iter().chain(last) {
                driven.lane.take(chunk).map_err(failed)?;
            }
            let records = driven.lane.close().map_err(failed)?;
            if !records.is_empty() {
                note_offsets(&self.deployment, *partition, &driven.lane, &mut job.offsets)?;
            }
            job.records
                .extend(records.into_iter().map(|record| (*partition, record)));
        }
        if job.records.is_empty() {
            return match self.outcomes.try_recv() {
                Ok(outcome) => self.learn(outcome),
                Err(_) => Ok(()),
            };
        }
        self.settle()?;
        // What an older transaction lost is not continued.
        job.records
            .retain(|(partition, _)| self.lanes.contains_key(partition));
        if job.records.is_empty() {
            return Ok(());
        }
        self.order(Order::Commit(job))?;
        self.is_committing = true;
        Ok(())
    }

    /// Waits for the transaction that is under way.
    fn settle(&mut self) -> Result<()> {
        if !self.is_committing {
            return Ok(());
        }
        let outcome = self.outcomes.recv().map_err(|_| Error::Defect)?;
        self.learn(outcome)
    }

    fn learn(&mut self, outcome: Result<Outcome>) -> Result<()> {
        self.is_committing = false;
        match outcome? {
            Outcome::Durable(durable) => {
                for (partition, record, offset) in &durable.records {
                    self.note_durable(*partition, record, *offset, durable.nanos);
                }
                self.published.extend(durable.owned);
                Ok(())
            }
            Outcome::NotOwner => {
                tracing::info!(
                    worker = self.number,
                    "no longer owner; what was not committed is dropped"
                );
                self.lanes.clear();
                self.published.clear();
                self.forget_read();
                self.status.owns(self.number, 0);
                // Nothing more is read until the coordinator has said what is whose.
                self.read_lanes()
            }
        }
    }

    fn note_durable(&mut self, partition: u16, record: &LaneRecord, offset: i64, nanos: u64) {
        let Some(driven) = self.lanes.get_mut(&partition) else {
            return;
        };
        driven.last_offset = Some(offset);
        driven.lane.durable(record, offset.unsigned_abs(), nanos);
        self.snapshots.note(partition, record.bytes.len());
        self.status.committed(&record.counts, record.events);
    }

    fn order(&self, order: Order) -> Result<()> {
        let (orders, _) = self.committer.as_ref().ok_or(Error::Defect)?;
        orders.send(order).map_err(|_| Error::Defect)
    }
}

fn commit_orders(
    mut transactions: Transactions,
    orders: &Receiver<Order>,
    outcomes: &Sender<Result<Outcome>>,
) {
    loop {
        match orders.recv_timeout(LOOK) {
            Err(RecvTimeoutError::Timeout) => transactions.look(),
            Err(RecvTimeoutError::Disconnected) => return,
            Ok(Order::Own(partition, owned)) => transactions.own(partition, owned),
            Ok(Order::Commit(job)) => {
                if outcomes.send(transactions.commit(job)).is_err() {
                    return;
                }
            }
        }
    }
}

fn input_names(deployment: &Deployment) -> impl Iterator<Item = &str> {
    deployment
        .names
        .inputs
        .iter()
        .map(|topic| topic.name.as_str())
}

/// Gives the lane of a partition the catalogs that it has not had.
fn feed_catalogs(
    catalogs: &CatalogFeed,
    topic: &str,
    partition: u16,
    lane: &mut Lane,
) -> std::result::Result<(), umbral_runtime::Failure> {
    let source = lane.source(&Deployment::source_id(topic, PartitionNo(0)));
    let from = source.map_or(0, |source| source.records);
    for record in catalogs.since(from, partition) {
        lane.take(record.chunk(topic))?;
    }
    Ok(())
}

/// How far the inputs of a partition are read, for the group: the journal says the same, and is what counts.
fn note_offsets(
    deployment: &Deployment,
    partition: u16,
    lane: &Lane,
    offsets: &mut TopicPartitionList,
) -> Result<()> {
    for topic in input_names(deployment) {
        let source = lane.source(&Deployment::source_id(topic, PartitionNo(partition)));
        let Some(source) = source else { continue };
        let offset = i64::try_from(source.records).unwrap_or(i64::MAX);
        offsets
            .add_partition_offset(topic, i32::from(partition), Offset::Offset(offset))
            .map_err(Error::client("name an offset"))?;
    }
    Ok(())
}

//! Consume, transact, produce: workers of one group, each with its own consumer and its own transactional
//! producers.

use super::clients::{Consumer, Producer, consumer, drain, producer, send};
use super::{PATIENCE, TRANSACTION_RECORDS, TRANSACTION_TIME};
use anyhow::{Context, Result, anyhow};
use rdkafka::consumer::Consumer as _;
use rdkafka::message::Message as _;
use rdkafka::producer::Producer as _;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Most workers: more than there are cores here would take turns.
const WORKERS: usize = 2;
/// Transactional producers of each worker, which take turns: a broker writes the markers of a transaction after it has
/// answered its commit, and librdkafka waits 20 ms with the next one of the same producer where they are not there yet.
const PRODUCERS: usize = 2;

/// From where to where.
pub struct Flow {
    /// The broker's address.
    pub bootstrap: String,
    /// The group; its name begins those of transactions too.
    pub group: String,
    /// The topic that is read.
    pub input: String,
    /// The topic that is written.
    pub output: String,
    /// Records to be read in all.
    pub records: u64,
    /// Partitions of both topics.
    pub partitions: i32,
}

/// What a worker does between reading and writing.
pub trait Stage: Send {
    /// Takes a message; how many records it held.
    ///
    /// # Errors
    /// Whatever keeps it from being taken.
    fn take(&mut self, partition: i32, value: &[u8], output: &Output<'_>) -> Result<u64>;

    /// Hands out what is to be in the transaction and is not yet.
    ///
    /// # Errors
    /// Whatever keeps it from being sent.
    fn end(&mut self, output: &Output<'_>) -> Result<()>;
}

/// Where a stage writes: into the open transaction.
pub struct Output<'f> {
    producer: &'f Producer,
    topic: &'f str,
}

impl Output<'_> {
    /// Sends a message.
    ///
    /// # Errors
    /// What librdkafka says.
    pub fn send(&self, partition: i32, value: &[u8]) -> Result<()> {
        self.producer.poll(Duration::ZERO);
        send(self.producer, self.topic, partition, value)
    }
}

/// What workers share.
#[derive(Default)]
struct Shared {
    ready: AtomicUsize,
    go: AtomicBool,
    committed: AtomicU64,
    broken: AtomicBool,
}

/// Seconds from the moment at which all workers have their partitions to the commit of the last record. `stage` makes
/// that of each worker, from its number.
///
/// # Errors
/// Anything that does not work.
pub fn run<S: Stage>(flow: &Flow, stage: impl Fn(usize) -> S) -> Result<f64> {
    let shared = Shared::default();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS)
            .map(|number| {
                let stage = stage(number);
                let shared = &shared;
                scope.spawn(move || {
                    let done = work(flow, number, stage, shared);
                    if done.is_err() {
                        shared.broken.store(true, Ordering::SeqCst);
                    }
                    done
                })
            })
            .collect();
        let broken = || shared.broken.load(Ordering::SeqCst);
        while shared.ready.load(Ordering::SeqCst) < WORKERS && !broken() {
            thread::park_timeout(Duration::from_millis(5));
        }
        let started = Instant::now();
        shared.go.store(true, Ordering::SeqCst);
        let mut seconds = 0f64;
        for worker in workers {
            let ended = worker.join().map_err(|_| anyhow!("a worker broke"))??;
            seconds = seconds.max((ended - started).as_secs_f64());
        }
        Ok(seconds)
    })
}

/// One worker, to the end of the input; when it committed last.
fn work(flow: &Flow, number: usize, mut stage: impl Stage, shared: &Shared) -> Result<Instant> {
    let producers = (0..PRODUCERS)
        .map(|turn| {
            let id = format!("{}-{number}-{turn}", flow.group);
            producer(&flow.bootstrap, Some(&id))
        })
        .collect::<Result<Vec<Producer>>>()?;
    let mut turns = producers.iter().cycle();
    let consumer = consumer(&flow.bootstrap, &flow.group)?;
    consumer.subscribe(&[&flow.input])?;
    wait_for_partitions(&consumer, flow, shared)?;
    consumer.resume(&consumer.assignment()?)?;
    let mut ended = Instant::now();
    let mut turn = turns.next().context("make a producer")?;
    while shared.committed.load(Ordering::SeqCst) < flow.records {
        let broken = shared.broken.load(Ordering::SeqCst);
        anyhow::ensure!(!broken, "another worker broke");
        let records = transaction(flow, &consumer, turn, &mut stage)?;
        if records > 0 {
            shared.committed.fetch_add(records, Ordering::SeqCst);
            ended = Instant::now();
            turn = turns.next().unwrap_or(turn);
        }
    }
    Ok(ended)
}

/// Polls until this worker has its share and all others have theirs.
fn wait_for_partitions(consumer: &Consumer, flow: &Flow, shared: &Shared) -> Result<()> {
    let share = flow.partitions as usize / WORKERS;
    let begun = Instant::now();
    let mut is_ready = false;
    while !shared.go.load(Ordering::SeqCst) {
        let in_time = begun.elapsed() < PATIENCE && !shared.broken.load(Ordering::SeqCst);
        anyhow::ensure!(in_time, "the workers did not get their partitions");
        if let Some(message) = consumer.poll(Duration::from_millis(5)) {
            message?;
            anyhow::bail!("a message came before all workers were there");
        }
        if !is_ready && consumer.context().count() == share {
            is_ready = true;
            shared.ready.fetch_add(1, Ordering::SeqCst);
        }
    }
    Ok(())
}

/// One transaction: messages up to its size or time, what the stage makes of them, their offsets. How many records were
/// in it.
fn transaction(
    flow: &Flow,
    consumer: &Consumer,
    producer: &Producer,
    stage: &mut impl Stage,
) -> Result<u64> {
    let end = Instant::now() + TRANSACTION_TIME;
    let output = Output {
        producer,
        topic: &flow.output,
    };
    let mut next: BTreeMap<i32, i64> = BTreeMap::new();
    let mut records = 0;
    while records < TRANSACTION_RECORDS {
        let Some(message) = consumer.poll(end.saturating_duration_since(Instant::now())) else {
            break;
        };
        let message = message.context("read a message")?;
        if next.is_empty() {
            producer
                .begin_transaction()
                .context("begin a transaction")?;
        }
        let value = message.payload().unwrap_or_default();
        records += stage.take(message.partition(), value, &output)?;
        next.insert(message.partition(), message.offset() + 1);
    }
    if next.is_empty() {
        return Ok(0);
    }
    stage.end(&output)?;
    drain(producer);
    let mut offsets = TopicPartitionList::new();
    for (partition, offset) in next {
        offsets.add_partition_offset(&flow.input, partition, Offset::Offset(offset))?;
    }
    let group = consumer
        .group_metadata()
        .context("the consumer has no group")?;
    producer
        .send_offsets_to_transaction(&offsets, &group, PATIENCE)
        .context("send offsets")?;
    producer.commit_transaction(PATIENCE).context("commit")?;
    Ok(records)
}

//! On a real broker: what Kafka itself does as a producer, a consumer, and exactly once without doing anything, which
//! is what the engine on Kafka is held against. Everything runs on this machine, the broker too.

mod clients;
mod derived;
mod engine;
mod load;
mod pass;
mod raw;
mod topics;
mod workers;

pub use clients::{Consumer, Producer, consumer, drain, producer};
pub use load::{Load, Packing, RECORD_BYTES};
pub use pass::PassThrough;
pub use topics::Topics;
pub use workers::{Flow, Output, Stage, run};

use crate::{Row, Sizes};
use anyhow::{Context, Result};
use std::time::Duration;
use umbral_broker::{Cluster, Settings};

/// Partitions of every topic.
pub const PARTITIONS: i32 = 8;
/// Records of a packed message.
pub const PACKED_RECORDS: usize = 500;
/// Records after which a transaction is committed.
pub const TRANSACTION_RECORDS: u64 = 10_000;
/// How long a transaction waits for as many.
pub const TRANSACTION_TIME: Duration = Duration::from_millis(20);
/// Longest wait for a broker's answer.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A broker with a load in its topics: what every way through them is measured on.
pub struct Stand {
    cluster: Cluster,
    topics: Topics,
    /// What is in the input topics.
    pub load: Load,
}

impl Stand {
    /// Starts a broker and makes a load; nothing is written yet.
    ///
    /// # Errors
    /// Anything that does not work.
    pub fn start(records: u64, accounts: u64) -> Result<Stand> {
        let cluster = Cluster::start(&Settings::one()).context("start a broker")?;
        let topics = Topics::new(cluster.bootstrap())?;
        let load = Load::new(records, accounts, PARTITIONS)?;
        Ok(Stand {
            cluster,
            topics,
            load,
        })
    }

    /// The broker's address.
    pub fn bootstrap(&self) -> &str {
        self.cluster.bootstrap()
    }

    /// A name within this run.
    pub fn named(&self, name: &str) -> String {
        self.topics.named(name)
    }

    /// Makes a topic; its whole name.
    ///
    /// # Errors
    /// What the broker says.
    pub fn topic(&self, name: &str) -> Result<String> {
        self.topics.create(name, PARTITIONS)
    }

    /// Records per second through a stage, from an input topic to an output topic of its own, exactly once; what comes
    /// out is counted, read committed.
    ///
    /// # Errors
    /// Anything that does not work, and another number of records than went in.
    pub fn through<S: Stage>(
        &self,
        name: &str,
        input: &str,
        stage: impl Fn(usize) -> S,
    ) -> Result<f64> {
        let flow = Flow {
            bootstrap: self.bootstrap().to_owned(),
            group: self.topics.named(name),
            input: input.to_owned(),
            output: self.topic(name)?,
            records: self.load.records(),
            partitions: PARTITIONS,
        };
        let seconds = run(&flow, stage)?;
        let out = raw::count(self.bootstrap(), &flow.output, |value| {
            load::records_of(Packing::Packed, value)
        })?;
        anyhow::ensure!(
            out == flow.records,
            "{name}: {} records went in, and {out} came out",
            flow.records
        );
        Ok(flow.records as f64 / seconds)
    }
}

/// Rows of raw produce and consume, of passing through exactly once, single and packed, and of what derived records
/// cost.
///
/// # Errors
/// Anything that does not work.
pub fn rows(sizes: &Sizes) -> Result<Vec<Row>> {
    let stand = Stand::start(sizes.kafka_records, sizes.accounts)?;
    let records = stand.load.records() as f64;
    let (single, packed) = (stand.topic("single")?, stand.topic("packed")?);
    let unit = "records/s";

    let produced =
        records / raw::produce(stand.bootstrap(), &single, &stand.load, Packing::Single)?;
    raw::produce(stand.bootstrap(), &packed, &stand.load, Packing::Packed)?;
    let consumed = records / raw::consume(stand.bootstrap(), &single, stand.load.records())?;
    let passed = stand.through("pass-single", &single, |_| {
        PassThrough::new(Packing::Single, PARTITIONS)
    })?;
    let passed_packed = stand.through("pass-packed", &packed, |_| {
        PassThrough::new(Packing::Packed, PARTITIONS)
    })?;
    let mut rows = vec![
        Row::plain("kafka_raw_produce", produced, unit),
        Row::plain("kafka_raw_consume", consumed, unit),
        Row::rate("kafka_pass_through", passed, unit, consumed),
        Row::plain("kafka_pass_through_packed", passed_packed, unit),
    ];
    rows.extend(engine::rows(&stand, sizes, [passed, passed_packed])?);
    drop(stand);
    rows.extend(derived::rows(sizes)?);
    Ok(rows)
}

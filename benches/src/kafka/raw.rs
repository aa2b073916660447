//! What Kafka does without transactions and groups: the floors.

use super::clients::send;
use super::{Load, PARTITIONS, PATIENCE, Packing, consumer, drain, load, producer};
use anyhow::{Context, Result};
use rdkafka::consumer::Consumer as _;
use rdkafka::message::Message as _;
use rdkafka::{Offset, TopicPartitionList};
use std::time::{Duration, Instant};

/// Messages after which delivery reports are served.
const SERVED: u32 = 1_000;

/// Seconds to write a load, until the broker has all of it.
pub(super) fn produce(bootstrap: &str, topic: &str, load: &Load, packing: Packing) -> Result<f64> {
    let producer = producer(bootstrap, None)?;
    let started = Instant::now();
    let mut unserved = 0;
    load.messages(packing, |partition, message| {
        unserved += 1;
        if unserved == SERVED {
            unserved = 0;
            producer.poll(Duration::ZERO);
        }
        send(&producer, topic, partition, message)
    })?;
    drain(&producer);
    Ok(started.elapsed().as_secs_f64())
}

/// Seconds to read a topic of so many single records, from the first one on.
pub(super) fn consume(bootstrap: &str, topic: &str, records: u64) -> Result<f64> {
    let (mut first, mut last) = (None, Instant::now());
    let read = read(bootstrap, topic, records, |value| {
        last = Instant::now();
        first.get_or_insert(last);
        load::records_of(Packing::Single, value)
    })?;
    anyhow::ensure!(read == records, "{read} of {records} records were read");
    let first = first.context("read a record")?;
    Ok((last - first).as_secs_f64())
}

/// What is committed in a topic, counted by `each`.
pub(super) fn count(bootstrap: &str, topic: &str, each: impl FnMut(&[u8]) -> u64) -> Result<u64> {
    read(bootstrap, topic, u64::MAX, each)
}

/// Reads a topic to its end, or until `each` gave as much as is wanted; what it gave.
fn read(
    bootstrap: &str,
    topic: &str,
    wanted: u64,
    mut each: impl FnMut(&[u8]) -> u64,
) -> Result<u64> {
    let consumer = consumer(bootstrap, &format!("{topic}-reader"))?;
    let mut all = TopicPartitionList::new();
    let mut left = 0;
    for partition in 0..PARTITIONS {
        let (_, end) = consumer.fetch_watermarks(topic, partition, PATIENCE)?;
        left += i64::from(end > 0);
        all.add_partition_offset(topic, partition, Offset::Beginning)?;
    }
    consumer.assign(&all)?;
    let mut found = 0;
    let mut quiet = Instant::now();
    while found < wanted && left > 0 {
        match consumer.poll(Duration::from_millis(100)) {
            Some(message) => {
                found += each(message?.payload().unwrap_or_default());
                quiet = Instant::now();
            }
            // The last offsets of a transactional topic hold no messages, so an end is not always seen.
            None if quiet.elapsed() > Duration::from_secs(2) => break,
            None => {}
        }
    }
    Ok(found)
}

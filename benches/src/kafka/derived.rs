//! What derived records cost, without a broker: from the bytes of frames to key, headers and value.

use crate::{Choice, Row, Seeded, Sizes, customer, embedded, restart, usage};
use anyhow::Result;
use std::path::Path;
use std::time::Instant;
use umbral_kafka::outputs::{Counters, Format, Publisher, STREAMS, Settings};
use umbral_runtime::{Engine, ScannedBatch, Scanner, WorldFold};
use umbral_wire::WireError;

const ACCOUNTS: u64 = 20_000;
const PREFIXES: usize = 1_000;

/// Nanoseconds for an entry of usage: its record in either form, and where the stream is switched off.
pub(super) fn rows(sizes: &Sizes) -> Result<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let dir = folder.path().join("data");
    fill(&dir, folder.path(), sizes.rows.min(300_000))?;
    let ways = [
        ("kafka_output_json_ns", Format::Json, true),
        ("kafka_output_protobuf_ns", Format::Protobuf, true),
        ("kafka_output_off_ns", Format::Protobuf, false),
    ];
    let mut scanner = Scanner::open(&dir)?;
    let mut batches = Vec::new();
    while let Some(batch) = scanner.next_batch()? {
        batches.push(batch);
    }
    ways.into_iter()
        .map(|(name, format, rated)| Ok(Row::plain(name, nanos(&batches, format, rated)?, "ns")))
        .collect()
}

fn fill(dir: &Path, folder: &Path, records: u64) -> Result<()> {
    embedded::found(dir, crate::catalog(PREFIXES))?;
    let (customers, calls) = (folder.join("customers.pb"), folder.join("usage.pb"));
    embedded::write_file(&customers, (0..ACCOUNTS).flat_map(customer))?;
    let mut random = Seeded::new(7);
    let stream =
        (0..records).map(|number| usage(number, ACCOUNTS, PREFIXES, Choice::Zipf, &mut random));
    embedded::write_file(&calls, stream)?;
    let engine = Engine::open(dir, restart::options(2))?;
    embedded::ingest(&engine, &customers)?;
    embedded::ingest(&engine, &calls)?;
    engine.stop()?;
    Ok(())
}

/// Nanoseconds for an input of the batches.
fn nanos(batches: &[ScannedBatch], format: Format, rated: bool) -> Result<f64> {
    let mut publisher = Publisher::new(Settings {
        format,
        rated,
        schema_ids: [None; STREAMS.len()],
        source: "/umbral/bench".to_owned(),
    });
    let (mut world, mut counters) = (WorldFold::new(), Counters::default());
    let (mut bytes, mut spent) = (0, 0f64);
    for batch in batches {
        world.follow(&batch.commit)?;
        let started = Instant::now();
        for (_, frame) in &batch.frames {
            publisher.publish(frame, world.world(), &mut counters, &mut |record| {
                bytes += record.value.len();
                Ok::<(), WireError>(())
            })?;
        }
        spent += started.elapsed().as_secs_f64();
    }
    std::hint::black_box(bytes);
    let inputs = batches.last().map_or(1, |batch| batch.commit.counts.inputs);
    Ok(spent * 1e9 / inputs as f64)
}

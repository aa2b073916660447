//! The catalog topic, which every partition reads by itself: how far is in its own journal.

use crate::deployment::Deployment;
use crate::error::{Error, Result};
use crate::tail::{Ends, Start, assign, is_passing, payload};
use crate::watch::Watch;
use rdkafka::consumer::BaseConsumer;
use rdkafka::message::Message;
use smol_str::SmolStr;
use std::sync::Arc;
use std::time::Duration;
use umbral_intake::reader::Refusal;
use umbral_model::ids::PartitionNo;
use umbral_model::rejection::{Reason, Rejection};
use umbral_runtime::{Chunk, Counting, Original, Record, SourceId};
use umbral_wire::json;

/// A catalog activation as it came.
#[derive(Clone, Debug)]
pub(crate) struct CatalogRecord {
    pub offset: i64,
    pub bytes: Arc<Vec<u8>>,
}

impl CatalogRecord {
    /// As a lane takes it.
    pub(crate) fn chunk(&self, topic: &str) -> Chunk {
        let name = Deployment::source_id(topic, PartitionNo(0));
        let source = SourceId {
            id: SmolStr::new(&name),
            name,
            format: SmolStr::new_static("json"),
            counting: Counting::Rows,
        };
        let content = json::parse_incoming(&self.bytes).map_err(|error| Refusal {
            key: None,
            occurred_at: None,
            rejection: Rejection::new(Reason::Unreadable, error.to_string()),
        });
        Chunk {
            sources: vec![Arc::new(source)],
            format: SmolStr::new_static("json"),
            bytes: Arc::clone(&self.bytes),
            records: vec![Record {
                content,
                original: Original::Span(0, u32::try_from(self.bytes.len()).unwrap_or(u32::MAX)),
                source: Some(0),
                row: self.offset.unsigned_abs() + 1,
                line: 0,
                resubmits: None,
            }],
        }
    }
}

/// All catalog activations so far, in order.
pub(crate) struct CatalogFeed {
    consumer: BaseConsumer<Watch>,
    records: Vec<CatalogRecord>,
}

impl CatalogFeed {
    /// Reads the topic to its end, and follows it.
    pub(crate) fn open(deployment: &Deployment, ends: &Ends<'_>) -> Result<CatalogFeed> {
        let topic = &deployment.names.catalog;
        let (first, end) = ends.bounds(topic, 0)?;
        let mut start = Start {
            topic: topic.clone(),
            partition: 0,
            offset: first,
        };
        let mut records = Vec::new();
        if first < end {
            ends.wait_until_settled(topic, 0, end, &mut || Ok(()))?;
            ends.read(std::slice::from_ref(&start), &mut |message| {
                records.push(record(message));
                Ok(())
            })?;
        }
        if let Some(last) = records.last() {
            start.offset = last.offset + 1;
        }
        let consumer = deployment.reading(None)?;
        assign(&consumer, std::slice::from_ref(&start))?;
        Ok(CatalogFeed { consumer, records })
    }

    /// Takes what came since; never waits.
    pub(crate) fn follow(&mut self) -> Result<()> {
        loop {
            match self.consumer.poll(Duration::ZERO) {
                Some(Ok(message)) => self.records.push(record(&message)),
                Some(Err(error)) if is_passing(&error) => {}
                Some(Err(error)) => return Err(Error::client("follow the catalog topic")(error)),
                None => return Ok(()),
            }
        }
    }

    /// Activations from an offset on.
    pub(crate) fn since(&self, offset: u64) -> &[CatalogRecord] {
        let from = self
            .records
            .partition_point(|record| record.offset.unsigned_abs() < offset);
        &self.records[from..]
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}

fn record(message: &rdkafka::message::BorrowedMessage<'_>) -> CatalogRecord {
    CatalogRecord {
        offset: message.offset(),
        bytes: Arc::new(payload(message).to_vec()),
    }
}

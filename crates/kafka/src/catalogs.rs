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
use umbral_model::input::{CatalogActivated, Incoming, IncomingBody, InputKey};
use umbral_model::rejection::{Reason, Rejection};
use umbral_runtime::{Chunk, Counting, Original, Record, SourceId};
use umbral_wire::json;

const NO_VALUE: &str = "the message has no value; a catalog is not taken back by a message without one, activate another one";
const NO_CATALOG: &str =
    "this topic takes catalogs and nothing else; send the record to the topic of its kind";

/// What came on the catalog topic.
#[derive(Clone, Debug)]
pub(crate) struct CatalogRecord {
    pub offset: i64,
    bytes: Arc<Vec<u8>>,
    content: std::result::Result<Incoming, Refusal>,
}

impl CatalogRecord {
    /// The catalog, if it is one.
    pub(crate) fn activation(&self) -> Option<(&InputKey, &CatalogActivated)> {
        match self
            .content
            .as_ref()
            .map(|incoming| (&incoming.key, &incoming.body))
        {
            Ok((key, IncomingBody::CatalogActivated(activation))) => Some((key, activation)),
            _ => None,
        }
    }

    /// As a lane takes it.
    pub(crate) fn chunk(&self, topic: &str) -> Chunk {
        let name = Deployment::source_id(topic, PartitionNo(0));
        let source = SourceId {
            id: SmolStr::new(&name),
            name,
            format: SmolStr::new_static("json"),
            counting: Counting::Rows,
        };
        Chunk {
            sources: vec![Arc::new(source)],
            format: SmolStr::new_static("json"),
            bytes: Arc::clone(&self.bytes),
            records: vec![Record {
                content: self.content.clone(),
                original: Original::Span(0, u32::try_from(self.bytes.len()).unwrap_or(u32::MAX)),
                source: Some(0),
                row: self.offset.unsigned_abs() + 1,
                line: 0,
                resubmits: None,
            }],
        }
    }
}

/// All that came on the catalog topic so far, in order.
pub(crate) struct CatalogFeed {
    consumer: BaseConsumer<Watch>,
    records: Vec<CatalogRecord>,
}

impl CatalogFeed {
    /// Reads the topic to its end, and follows it.
    pub(crate) fn open(deployment: &Deployment, ends: &Ends) -> Result<CatalogFeed> {
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

    /// What a partition takes from an offset on: every catalog. What is none comes into the quarantine, and that once,
    /// by the first partition.
    pub(crate) fn since(
        &self,
        offset: u64,
        partition: u16,
    ) -> impl Iterator<Item = &CatalogRecord> {
        let from = self
            .records
            .partition_point(|record| record.offset.unsigned_abs() < offset);
        let all = self.records[from..].iter();
        all.filter(move |record| record.content.is_ok() || partition == 0)
    }

    /// Whether there is no catalog.
    pub(crate) fn is_empty(&self) -> bool {
        !self.records.iter().any(|record| record.content.is_ok())
    }
}

fn record(message: &rdkafka::message::BorrowedMessage<'_>) -> CatalogRecord {
    CatalogRecord {
        offset: message.offset(),
        bytes: Arc::new(payload(message).to_vec()),
        content: content(message.payload()),
    }
}

fn content(value: Option<&[u8]>) -> std::result::Result<Incoming, Refusal> {
    let refused = |why: &str| Refusal::from(Rejection::new(Reason::Unreadable, why));
    let value = value.ok_or_else(|| refused(NO_VALUE))?;
    let incoming = json::parse_incoming(value).map_err(|error| refused(&error.to_string()))?;
    match incoming.body {
        IncomingBody::CatalogActivated(_) => Ok(incoming),
        _ => Err(refused(NO_CATALOG)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_catalog_is_refused_in_its_own_words() {
        let tick =
            br#"{"source":"s","event_id":"1","occurred_at":"2026-03-02T09:00:00Z","tick":{}}"#;
        for (value, said) in [
            (None, "has no value"),
            (Some(&b"{"[..]), "JSON"),
            (Some(&tick[..]), "takes catalogs and nothing else"),
        ] {
            let refused = content(value).expect_err(said).rejection;
            assert!(refused.detail.contains(said), "{refused}");
        }
    }
}

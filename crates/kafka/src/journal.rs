//! The journal topic: finding where a partition stands, folding it to its end, and reading single records again.

use crate::client::Role;
use crate::deployment::Deployment;
use crate::error::{Error, Result};
use crate::input::header;
use crate::outputs::Counters;
use crate::tail::{ANSWER, Ends, Start, assign, payload};
use crate::transaction::{begin_producer, names_of};
use crate::watch::Watch;
use rdkafka::consumer::BaseConsumer;
use rdkafka::message::{BorrowedMessage, Header, Message, OwnedHeaders};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use umbral_journal::{BatchPlace, RecordChain};
use umbral_model::ids::PartitionNo;
use umbral_runtime::FrameAt;
use umbral_runtime::lane::LaneState;

/// Header of a journal record: how many records each derived topic has had, the last of its own transaction included.
const PUBLISHED_HEADER: &str = "umbral-published";
/// Header of a journal record: the name under which its writer commits.
const WRITER_HEADER: &str = "umbral-writer";

/// The headers of a journal record.
pub(crate) fn headers(published: &Counters, writer: &str) -> OwnedHeaders {
    let counts: Vec<String> = published.iter().map(u64::to_string).collect();
    OwnedHeaders::new_with_capacity(2)
        .insert(Header {
            key: PUBLISHED_HEADER,
            value: Some(&counts.join(",")),
        })
        .insert(Header {
            key: WRITER_HEADER,
            value: Some(writer),
        })
}

fn header_text<'m>(message: &'m BorrowedMessage<'_>, key: &str) -> Option<&'m str> {
    std::str::from_utf8(header(message, key)?).ok()
}

/// Counts of published records as a header has them; none if it is not such a header.
fn published_of(message: &BorrowedMessage<'_>) -> Option<Counters> {
    let mut published = Counters::default();
    let mut counts = header_text(message, PUBLISHED_HEADER)?.split(',');
    for count in &mut published {
        *count = counts.next()?.parse().ok()?;
    }
    counts.next().is_none().then_some(published)
}

/// A partition that was folded to the end of its journal.
pub(crate) struct Loaded {
    pub state: LaneState,
    /// Where the next record will be, or later.
    pub next_offset: i64,
    /// Offset of the last record; none if there is none.
    pub last_offset: Option<i64>,
    /// Records on the derived topics.
    pub published: Counters,
    /// Who wrote the last record.
    writer: Option<String>,
    /// The snapshot is not of this journal.
    is_foreign: bool,
}

impl Loaded {
    fn of(state: LaneState, next_offset: i64) -> Loaded {
        Loaded {
            state,
            next_offset,
            last_offset: None,
            published: Counters::default(),
            writer: None,
            is_foreign: false,
        }
    }

    /// A partition of which nothing was folded.
    pub(crate) fn nothing(partition: PartitionNo, partitions: u16) -> Loaded {
        Loaded::of(LaneState::new(partition, partitions), 0)
    }

    /// As a snapshot has it, whose last record is at `offset`. That record is read again, to see that the journal has
    /// it, and for what its headers say.
    pub(crate) fn restored(state: LaneState, offset: i64) -> Loaded {
        Loaded::of(state, offset)
    }

    /// As an earlier ownership left it.
    pub(crate) fn parked(
        state: LaneState,
        next_offset: i64,
        last_offset: Option<i64>,
        published: Counters,
    ) -> Loaded {
        Loaded {
            last_offset,
            published,
            ..Loaded::of(state, next_offset)
        }
    }

    /// Whether the last record of the snapshot is still to be seen in the journal.
    fn expects_own_last(&self) -> bool {
        self.last_offset.is_none() && self.state.chain().batch > 0
    }

    /// Whether it is not of this journal: its last record is another one there, or none.
    fn is_useless(&self) -> bool {
        self.is_foreign || self.expects_own_last()
    }

    /// Folds the next record.
    pub(crate) fn take(&mut self, topic: &str, message: &BorrowedMessage<'_>) -> Result<()> {
        if self.is_foreign {
            return Ok(());
        }
        let offset = message.offset();
        let bytes = payload(message);
        let partition = self.state.partition();
        let failed = |source| Error::Journal {
            topic: topic.to_owned(),
            partition,
            offset,
            source: Box::new(source),
        };
        if self.expects_own_last() {
            let chain = RecordChain::after(bytes).map_err(|error| failed(error.into()))?;
            let own = self.state.chain();
            self.is_foreign = (chain.batch, chain.hash) != (own.batch, own.hash);
            if self.is_foreign {
                return Ok(());
            }
        } else {
            self.state
                .fold(bytes, offset.unsigned_abs())
                .map_err(failed)?;
        }
        self.published = published_of(message).unwrap_or(self.published);
        self.writer = header_text(message, WRITER_HEADER).map(str::to_owned);
        self.last_offset = Some(offset);
        self.next_offset = offset + 1;
        Ok(())
    }
}

/// Folds partitions to the ends of their journals. `progress` is told how many records were read, and of how many.
///
/// The end is where all transactions that were open when this began are decided. One that stays open is that of an
/// owner that is gone: it is ended under its own name, so that nobody waits for its timeout.
pub(crate) fn load(
    deployment: &Deployment,
    ends: &Ends,
    loaded: &mut BTreeMap<u16, Loaded>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<()> {
    let topic = &deployment.names.journal;
    let mut wanted = BTreeMap::new();
    let mut unsettled = Vec::new();
    for (partition, lane) in loaded.iter_mut() {
        let (first, end) = ends.bounds(topic, i32::from(*partition))?;
        lane.next_offset = lane.next_offset.max(first);
        if !ends.is_settled(topic, i32::from(*partition), end)? {
            unsettled.push((*partition, end));
        }
        wanted.insert(*partition, end);
    }
    read_until(deployment, ends, loaded, &wanted, progress)?;
    begin_again(deployment, ends, loaded, &wanted, progress)?;
    for (partition, end) in &unsettled {
        let writer = loaded.get(partition).and_then(|lane| lane.writer.clone());
        let mut end_writer = || match &writer {
            Some(writer) => end_transaction_of(deployment, writer),
            None => Ok(()),
        };
        ends.wait_until_settled(topic, i32::from(*partition), *end, &mut end_writer)?;
    }
    let wanted = unsettled.into_iter().collect();
    read_until(deployment, ends, loaded, &wanted, progress)
}

/// Folds what is committed of these partitions up to these ends, or further.
fn read_until(
    deployment: &Deployment,
    ends: &Ends,
    loaded: &mut BTreeMap<u16, Loaded>,
    wanted: &BTreeMap<u16, i64>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<()> {
    let topic = &deployment.names.journal;
    let (mut starts, mut total) = (Vec::new(), 0);
    for (partition, end) in wanted {
        let Some(lane) = loaded.get(partition) else {
            continue;
        };
        if lane.next_offset < *end {
            total += (end - lane.next_offset).unsigned_abs();
            starts.push(Start {
                topic: topic.clone(),
                partition: i32::from(*partition),
                offset: lane.next_offset,
            });
        }
    }
    let mut read = 0;
    ends.read(&starts, &mut |message| {
        let lane = u16::try_from(message.partition()).ok();
        let lane = lane.and_then(|partition| loaded.get_mut(&partition));
        lane.ok_or(Error::Defect)?.take(topic, message)?;
        read += 1;
        progress(read, total.max(read));
        Ok(())
    })
}

/// Folds partitions from the first record on whose snapshot is not of this journal.
fn begin_again(
    deployment: &Deployment,
    ends: &Ends,
    loaded: &mut BTreeMap<u16, Loaded>,
    wanted: &BTreeMap<u16, i64>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<()> {
    let mut again = BTreeMap::new();
    for (partition, lane) in loaded.iter_mut().filter(|(_, lane)| lane.is_useless()) {
        tracing::warn!(
            partition,
            offset = lane.next_offset,
            "Snapshot is of another journal, and not used: does another deployment write to the same store?"
        );
        *lane = Loaded::nothing(lane.state.partition(), deployment.partitions);
        again.extend(wanted.get_key_value(partition));
    }
    if again.is_empty() {
        return Ok(());
    }
    read_until(deployment, ends, loaded, &again, progress)
}

/// Ends the transaction that somebody left open, by taking over its name for a moment. Somebody who is alive gets a new
/// producer by itself.
fn end_transaction_of(deployment: &Deployment, writer: &str) -> Result<()> {
    tracing::info!(writer, "an owner left a transaction open; it is ended");
    for name in names_of(writer) {
        let mut config = deployment.client(Role::Writer { worker: 0 })?;
        config.set("transactional.id", &name);
        begin_producer(&config, deployment)
            .map_err(Error::client(format!("end the transaction of {name}")))?;
    }
    Ok(())
}

/// Number of a record on its derived topic.
pub(crate) const SEQUENCE_HEADER: &str = "umbral-seq";

/// Compares what journals say of the derived topics with what is there.
///
/// # Errors
/// [`Error::Torn`] for the first partition in which they disagree.
pub(crate) fn compare_published(
    deployment: &Deployment,
    ends: &Ends,
    loaded: &BTreeMap<u16, Loaded>,
) -> Result<()> {
    let topics = deployment.names.derived.iter().enumerate();
    let topics = topics.filter_map(|(stream, topic)| Some((stream, topic.as_ref()?)));
    // A consumer takes some tenths of a second to begin: all at once.
    let all_last: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = topics
            .map(|(stream, topic)| {
                let partitions = loaded.keys().copied();
                (
                    stream,
                    topic,
                    scope.spawn(move || last_numbers(ends, topic, partitions)),
                )
            })
            .collect();
        let joined = threads.into_iter().map(|(stream, topic, thread)| {
            (stream, topic, thread.join().unwrap_or(Err(Error::Defect)))
        });
        joined.collect()
    });
    for (stream, topic, last) in all_last {
        let last = last?;
        for (partition, lane) in loaded {
            let journal = lane.published[stream];
            // What retention has taken away cannot be compared.
            let Some(found) = last.get(partition).copied() else {
                continue;
            };
            if found == journal {
                continue;
            }
            let what = match found < journal {
                true => "the topic lost records that were published",
                false => "the journal lost a batch whose events were published",
            };
            return Err(Error::Torn {
                partition: PartitionNo(*partition),
                batch: lane.state.chain().batch,
                journal,
                topic: topic.clone(),
                found,
                what,
            });
        }
    }
    Ok(())
}

/// The number of the last record of each partition of a derived topic; 0 where there never was one, nothing where it
/// cannot be known.
fn last_numbers(
    ends: &Ends,
    topic: &str,
    partitions: impl Iterator<Item = u16>,
) -> Result<BTreeMap<u16, u64>> {
    let (mut found, mut open) = (BTreeMap::new(), Vec::new());
    for partition in partitions {
        let (first, end) = ends.bounds(topic, i32::from(partition))?;
        match (first, end) {
            (_, 0) => {
                found.insert(partition, 0);
            }
            (first, end) if first < end => open.push((partition, first, end)),
            _ => {}
        }
    }
    ends.read_last(topic, &open, &mut |partition, message| {
        let number = header_text(message, SEQUENCE_HEADER).and_then(|text| text.parse().ok());
        let is_numbered = number.is_some();
        found.extend(number.map(|number| (partition, number)));
        Ok(is_numbered)
    })?;
    for (partition, _, _) in open.iter().filter(|(_, first, _)| *first == 0) {
        found.entry(*partition).or_insert(0);
    }
    Ok(found)
}

/// Reads single records of one partition's journal again, for corrections.
pub(crate) struct JournalFrames {
    deployment: Arc<Deployment>,
    consumer: Option<BaseConsumer<Watch>>,
}

impl JournalFrames {
    pub(crate) fn new(deployment: &Arc<Deployment>) -> JournalFrames {
        JournalFrames {
            deployment: Arc::clone(deployment),
            consumer: None,
        }
    }

    fn read(&mut self, partition: PartitionNo, offset: i64) -> Result<Vec<u8>> {
        let topic = &self.deployment.names.journal;
        let consumer = match &mut self.consumer {
            Some(consumer) => consumer,
            none => none.insert(self.deployment.reading(None)?),
        };
        let start = Start {
            topic: topic.clone(),
            partition: i32::from(partition.0),
            offset,
        };
        assign(consumer, std::slice::from_ref(&start))?;
        let started = Instant::now();
        while started.elapsed() < ANSWER {
            match consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) if message.offset() == offset => {
                    return Ok(payload(&message).to_vec());
                }
                Some(Err(error)) if !crate::tail::is_passing(&error) => {
                    return Err(Error::client("read the journal again")(error));
                }
                _ => {}
            }
        }
        Err(Error::Late {
            what: format!("offset {offset} of {topic}/{partition} was not read"),
            seconds: ANSWER.as_secs(),
            hint: "are the brokers there?",
        })
    }
}

impl FrameAt for JournalFrames {
    fn frame_at(
        &mut self,
        place: BatchPlace,
        partition: PartitionNo,
    ) -> std::result::Result<Option<Vec<u8>>, String> {
        let offset = i64::try_from(place.offset).unwrap_or(i64::MAX);
        let bytes = self
            .read(partition, offset)
            .map_err(|error| error.to_string())?;
        let record = RecordChain::content(&bytes).map_err(|error| error.to_string())?;
        Ok(Some(record.payload.to_vec()).filter(|payload| !payload.is_empty()))
    }
}

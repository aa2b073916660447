//! Files into the input topics of a deployment on Kafka.

use super::intake::Reading;
use super::kafka;
use crate::failure::{Exit, Failure};
use crate::output::Out;
use crate::output::progress::{bar, grouped, per_second};
use crate::site::OnKafka;
use crate::text::count;
use indicatif::ProgressBar;
use serde_json::json;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};
use umbral_intake::reader::{ReadError, Record, RecordReader, SourceFile};
use umbral_kafka::{FileRecord, Ingestion, SentFile};
use umbral_model::input::Incoming;

/// Records that may be read ahead.
const AHEAD: usize = 1_024;
/// After so long without a record what was sent is committed.
const PAUSE: Duration = Duration::from_millis(200);

/// What was read of one file.
struct Sent {
    name: String,
    records: u64,
    skipped: u64,
}

/// Sends files in the order given.
pub(crate) fn run(
    found: &OnKafka,
    reading: &Reading,
    files: &[String],
    option: &str,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let ingestion = Ingestion::begin(&found.deployment);
    let mut ingestion = ingestion.map_err(|error| kafka::failure(&error))?;
    let started = Instant::now();
    let mut all = Vec::with_capacity(files.len());
    for file in files {
        let sent = send(&mut ingestion, reading, file, out)?;
        if sent.skipped == sent.records && sent.records > 0 {
            out.say(format!("{file} was sent before"));
        } else if sent.skipped > 0 {
            let records = count(sent.skipped, "record", "records");
            out.say(format!("{file}: went on after {records} sent before"));
        }
        all.push(sent);
    }
    show(&all, started.elapsed(), option, out)?;
    Ok(Exit::Done)
}

fn send(
    ingestion: &mut Ingestion,
    reading: &Reading,
    file: &str,
    out: &Out,
) -> Result<Sent, Failure> {
    let failed = |error| Failure::source(&error);
    let mut source = reading.open(file).map_err(failed)?;
    let id = source.content_id().map(str::to_owned);
    let known = id.as_deref().and_then(|id| ingestion.sent(id)).cloned();
    let taken = known.as_ref().map_or(0, |known| known.records);
    let mut sent = Sent {
        name: file.to_owned(),
        records: taken,
        skipped: taken,
    };
    if known.is_some_and(|known| known.done) {
        return Ok(sent);
    }
    source.skip_records(taken).map_err(failed)?;
    let bar = bar(out, source.progress().total, "bytes");
    bar.set_prefix(file.to_owned());
    let ended = send_records(ingestion, source, id.as_deref(), &mut sent, &bar);
    bar.finish_and_clear();
    ended.map(|()| sent)
}

/// A record, or why there is none, with the octets that were read so far.
type Next = (Result<Option<Record>, ReadError>, u64);

/// Has a thread read the source: a stream may pause for long, and what it brought does not wait for what comes next.
fn read(mut source: SourceFile) -> Result<Receiver<Next>, Failure> {
    let (line, records) = sync_channel(AHEAD);
    let body = move || loop {
        // Whether an account exists is not known here: a mapping's openings are sent once for each file.
        let next = source.next_record(&|_| false);
        let is_last = !matches!(next, Ok(Some(_)));
        if line.send((next, source.progress().bytes)).is_err() || is_last {
            return;
        }
    };
    let started = std::thread::Builder::new()
        .name("read".to_owned())
        .spawn(body);
    let started = started.map(|_| records);
    started.map_err(|error| Failure::unusable(format!("cannot start a thread: {error}")))
}

fn send_records(
    ingestion: &mut Ingestion,
    source: SourceFile,
    id: Option<&str>,
    sent: &mut Sent,
    bar: &ProgressBar,
) -> Result<(), Failure> {
    let failed = |error| kafka::failure(&error);
    let (started, format) = (Instant::now(), source.format());
    let records = read(source)?;
    loop {
        let next = match records.recv_timeout(PAUSE) {
            Ok(next) => Some(next),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
        let is_end = matches!(&next, Some((Ok(None) | Err(_), _)));
        if next.is_none() || is_end || ingestion.is_full() {
            let done = matches!(&next, Some((Ok(None), _)));
            let position = id.map(|id| (id, position(sent, done)));
            ingestion.commit(position).map_err(failed)?;
            let rate = per_second(sent.records - sent.skipped, started.elapsed());
            bar.set_message(format!("{} records, {rate}/s", grouped(sent.records)));
        }
        let Some((next, bytes)) = next else { continue };
        bar.set_position(bytes);
        let next = next.map_err(|error| {
            Failure::source(&error).note("the records before that place are sent")
        })?;
        let Some(record) = next else {
            return Ok(());
        };
        send_record(ingestion, &record, format).map_err(failed)?;
        sent.records += 1;
    }
}

fn position(sent: &Sent, done: bool) -> SentFile {
    SentFile {
        name: sent.name.clone(),
        records: sent.records,
        done,
    }
}

fn send_record(
    ingestion: &mut Ingestion,
    record: &Record,
    format: &str,
) -> umbral_kafka::Result<()> {
    if let Some(opening) = &record.opening {
        ingestion.send(&made(opening))?;
    }
    ingestion.send(&FileRecord {
        content: record.content.as_ref(),
        original: &record.original,
        format,
    })
}

/// What was made here and not read.
fn made(incoming: &Incoming) -> FileRecord<'_> {
    FileRecord {
        content: Ok(incoming),
        original: &[],
        format: "json",
    }
}

fn show(all: &[Sent], elapsed: Duration, option: &str, out: &mut Out) -> Result<(), Failure> {
    let sent: u64 = all.iter().map(|file| file.records - file.skipped).sum();
    if out.is_json() {
        let files: Vec<_> = all
            .iter()
            .map(|file| {
                json!({ "file": file.name, "records": file.records, "skipped": file.skipped })
            })
            .collect();
        return out.json(&json!({
            "files": files,
            "sent": sent,
            "seconds": elapsed.as_secs_f64(),
        }));
    }
    out.line(format!(
        "{} {} in {:.1} s, {} a second",
        out.paint().good("sent"),
        count(sent, "record", "records"),
        elapsed.as_secs_f64(),
        per_second(sent, elapsed),
    ))?;
    out.say("the instances take them; what came of them:");
    out.say(format!("  umbral tail {option}"));
    out.say(format!("  umbral quarantine list {option}"));
    Ok(())
}

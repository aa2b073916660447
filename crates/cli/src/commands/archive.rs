//! `umbral archive`: sealed segments of the journal into an object store, and back.

use crate::failure::{Exit, Failure, chain};
use crate::output::Out;
use crate::output::progress::{bar, grouped};
use crate::output::table::{Align, Table};
use crate::site::Site;
use crate::text::count;
use serde_json::{Value, json};
use umbral_journal::{ArchiveStatus, ArchivedSegment, JournalError, SegmentPlace};

/// Move sealed segments of the journal into an object store, or show what is where.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  umbral archive --data prod                             what is in the log, what in the archive
  umbral archive --data prod --to /mnt/archive/prod      moves what lies below all kept snapshots
  umbral archive --data prod --to s3://bucket/prod --keep 4
  umbral archive --data prod --verify                    reads every archived segment and compares
  umbral archive --data prod --back                      brings all of them back into the log

A segment is verified, put into the archive, read back from there, and only then removed. Every command
reads archived segments as if they were in the log. The service archives by itself, see [archive] in
docs/archive.md; while it runs, only the first form works.")]
pub(crate) struct Args {
    #[command(flatten)]
    site: Site,
    /// Where to: a folder, or s3://, gs://, az:// in a build with the feature `cloud`
    #[arg(long, value_name = "URL", conflicts_with_all = ["verify", "back"])]
    to: Option<String>,
    /// Newest sealed segments that stay in the log all the same
    #[arg(long, value_name = "N", default_value_t = 0, requires = "to")]
    keep: usize,
    /// Read every archived segment and compare it with the list
    #[arg(long, conflicts_with = "back")]
    verify: bool,
    /// Bring all archived segments back into the log; the objects stay
    #[arg(long)]
    back: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, out: &mut Out) -> Result<Exit, Failure> {
    let why = "has no archive: brokers keep the journal, see their tiered storage";
    let data = args.site.data_only(why, out)?;
    let data = umbral_journal::DataDir::open(&data).map_err(|error| told(&error))?;
    match &args.to {
        Some(url) => archive(&data, url, args.keep, out),
        None if args.verify => verify(&data, out),
        None if args.back => bring_back(&data, out),
        None => show(&status(&data)?, out),
    }
}

/// A failure of the journal: the place first, then the mend.
fn told(error: &JournalError) -> Failure {
    let text = chain(error);
    let mut parts = text.split("; ");
    let failure = Failure::unusable(parts.next().unwrap_or_default());
    parts.fold(failure, Failure::note)
}

fn status(data: &umbral_journal::DataDir) -> Result<ArchiveStatus, Failure> {
    data.archive_status().map_err(|error| told(&error))
}

fn archive(
    data: &umbral_journal::DataDir,
    url: &str,
    keep: usize,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let _lock = data.lock().map_err(|error| told(&error))?;
    let mut archive = data.archive_at(url).map_err(|error| told(&error))?;
    let before = status(data)?;
    is_whole(&before)?;
    let due = before.due(keep);
    let bytes = before
        .segments
        .iter()
        .filter(|one| due.contains(&one.number));
    let progress = bar(out, Some(bytes.map(|one| one.bytes).sum()), "bytes");
    progress.set_prefix("archiving");
    let mut moved = Vec::with_capacity(due.len());
    for number in due {
        // Later it would have to be fetched for that.
        umbral_runtime::index_segment(data, number).map_err(|error| told(&error))?;
        let stored = archive.store(number, &mut |octets| {
            progress.inc(octets);
            true
        });
        moved.push(stored.map_err(|error| {
            progress.finish_and_clear();
            told(&error)
        })?);
    }
    progress.finish_and_clear();
    let after = status(data)?;
    if out.is_json() {
        out.json(&json!({
            "url": archive.url(),
            "moved": moved.iter().map(segment).collect::<Vec<_>>(),
            "moved_bytes": moved.iter().map(|one| one.bytes).sum::<u64>(),
            "archived": after.segments.iter().filter(|one| one.archived.is_some()).count(),
        }))?;
        return Ok(Exit::Done);
    }
    let paint = out.paint();
    out.line(format!(
        "{} {}, {} bytes, to {}",
        paint.good("archived"),
        count(moved.len() as u64, "segment", "segments"),
        grouped(moved.iter().map(|one| one.bytes).sum()),
        archive.url(),
    ))?;
    why_not_more(&after, out);
    Ok(Exit::Done)
}

/// Says what keeps sealed segments in the log.
fn why_not_more(after: &ArchiveStatus, out: &Out) {
    let stays = after.segments.iter().filter(|one| one.sealed && one.local);
    let stays = stays.count() as u64;
    match after.below {
        _ if stays == 0 => {}
        None => out.say(format!(
            "{} in the log: there is no snapshot yet; umbral snapshot takes one",
            count(stays, "sealed segment stays", "sealed segments stay"),
        )),
        Some(below) => out.say(format!(
            "{} in the log: not wholly below batch {}, where the oldest kept snapshot ends, or kept by --keep",
            count(stays, "sealed segment stays", "sealed segments stay"),
            grouped(below),
        )),
    }
}

fn verify(data: &umbral_journal::DataDir, out: &mut Out) -> Result<Exit, Failure> {
    is_whole(&status(data)?)?;
    let Some(archive) = data.known_archive().map_err(|error| told(&error))? else {
        return nothing(out);
    };
    let bytes = archive.archived().iter().map(|one| one.bytes).sum();
    let progress = bar(out, Some(bytes), "bytes");
    progress.set_prefix("verifying");
    for one in archive.archived() {
        let verified = archive.verify(one);
        verified.map_err(|error| {
            progress.finish_and_clear();
            told(&error)
        })?;
        progress.inc(one.bytes);
    }
    progress.finish_and_clear();
    let segments = archive.archived().len() as u64;
    if out.is_json() {
        out.json(&json!({ "url": archive.url(), "verified": segments, "bytes": bytes }))?;
    } else {
        out.line(format!(
            "{} {}, {} bytes, in {} are what was archived",
            out.paint().good("verified:"),
            count(segments, "segment", "segments"),
            grouped(bytes),
            archive.url(),
        ))?;
    }
    Ok(Exit::Done)
}

fn bring_back(data: &umbral_journal::DataDir, out: &mut Out) -> Result<Exit, Failure> {
    let _lock = data.lock().map_err(|error| told(&error))?;
    is_whole(&status(data)?)?;
    let Some(mut archive) = data.known_archive().map_err(|error| told(&error))? else {
        return nothing(out);
    };
    let (mut segments, mut bytes) = (0u64, 0);
    while let Some(one) = archive.bring_back().map_err(|error| told(&error))? {
        segments += 1;
        bytes += one.bytes;
    }
    if out.is_json() {
        out.json(&json!({ "url": archive.url(), "back": segments, "bytes": bytes }))?;
    } else {
        out.line(format!(
            "{} {}, {} bytes, from {}",
            out.paint().good("brought back"),
            count(segments, "segment", "segments"),
            grouped(bytes),
            archive.url(),
        ))?;
        out.say("the objects are still there; the journal does not need them any more");
    }
    Ok(Exit::Done)
}

/// Refuses a log of which segments are nowhere: whatever is asked, the answer would be wrong.
fn is_whole(status: &ArchiveStatus) -> Result<(), Failure> {
    let missing = status.missing();
    let Some(first) = missing.first() else {
        return Ok(());
    };
    let title = format!(
        "{} (the first is {first}) neither in the log nor in log/archive.json",
        count(missing.len() as u64, "segment is", "segments are"),
    );
    Err(Failure::unusable(title).note(
        "put back the file log/archive.json, which says what is in the archive, or the segments themselves",
    ))
}

fn nothing(out: &mut Out) -> Result<Exit, Failure> {
    if out.is_json() {
        out.json(&json!({ "url": null }))?;
    } else {
        out.line("nothing was ever archived")?;
    }
    Ok(Exit::Done)
}

fn segment(one: &ArchivedSegment) -> Value {
    json!({ "number": one.number, "bytes": one.bytes, "object": one.object(), "hash": one.hash })
}

fn place(one: &SegmentPlace) -> &'static str {
    match (one.local, one.archived.is_some(), one.sealed) {
        (true, true, _) => "both",
        (false, true, _) => "archive",
        (false, false, _) => "MISSING",
        (true, false, true) => "log",
        (true, false, false) => "log, being written",
    }
}

fn show(status: &ArchiveStatus, out: &mut Out) -> Result<Exit, Failure> {
    let due = status.due(0);
    if out.is_json() {
        let segments = status.segments.iter().map(|one| {
            json!({
                "number": one.number,
                "first_batch": one.first_batch,
                "bytes": one.bytes,
                "sealed": one.sealed,
                "in_log": one.local,
                "in_archive": one.archived.is_some(),
                "object": one.archived.as_ref().map(ArchivedSegment::object),
                "may_go": due.contains(&one.number),
            })
        });
        out.json(&json!({
            "url": status.url,
            "below_batch": status.below,
            "segments": segments.collect::<Vec<_>>(),
        }))?;
        return is_whole(status).map(|()| Exit::Done);
    }
    let mut table = Table::new(&[
        ("segment", Align::Right),
        ("from batch", Align::Right),
        ("bytes", Align::Right),
        ("where", Align::Left),
        ("may go", Align::Left),
    ]);
    for one in &status.segments {
        table.row(&[
            one.number.to_string(),
            grouped(one.first_batch),
            grouped(one.bytes),
            place(one).to_owned(),
            if due.contains(&one.number) { "yes" } else { "" }.to_owned(),
        ]);
    }
    table.write(out)?;
    is_whole(status)?;
    match &status.url {
        Some(url) => out.line(format!("archive: {url}"))?,
        None => out.line("nothing was ever archived")?,
    }
    if due.is_empty() {
        why_not_more(status, out);
    } else {
        out.say("umbral archive --data DIR --to URL moves what may go");
    }
    Ok(Exit::Done)
}

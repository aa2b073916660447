//! Opening a log for writing: finds its end, cuts what a crash left unfinished there, refuses anything else.

use crate::datadir::DataDir;
use crate::error::JournalError;
use crate::manifest::{Manifest, SegmentEntry};
use crate::reader::{Reader, check_presence, check_reached};
use crate::scan::{Chains, Scanner, Step};
use crate::segment;
use crate::segments::Segments;
use crate::storage::{Storage, StorageFile};
use std::path::{Path, PathBuf};

/// What opening the log found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// The log was closed in order by its last writer.
    pub was_closed: bool,
    /// Number of the last whole batch; 0 if there is none.
    pub last_batch: u64,
    /// The unfinished batch that was cut, if there was one. It was never acknowledged.
    pub cut: Option<Cut>,
}

/// An unfinished batch at the log's end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The segment's file.
    pub path: PathBuf,
    /// Where the batch began, in octets; the log ends there now.
    pub offset: u64,
    /// Its number; the next append uses it again.
    pub batch: u64,
    /// Why it was taken for unfinished.
    pub reason: &'static str,
}

/// The log's end, ready to append.
pub(crate) struct End {
    pub(crate) file: Box<dyn StorageFile>,
    pub(crate) sealed: Vec<SegmentEntry>,
    pub(crate) number: u64,
    pub(crate) first_batch: u64,
    pub(crate) offset: u64,
    pub(crate) allocated: u64,
    pub(crate) chains: Chains,
    pub(crate) last_epoch: u32,
    pub(crate) recovery: Recovery,
}

/// Finds the end of the log; the caller holds the lock.
pub(crate) fn find_end(segments: &Segments, chains: usize) -> Result<End, JournalError> {
    let (storage, log_dir) = (segments.storage(), segments.log_dir());
    let manifest = Manifest::read(storage, log_dir, chains)?;
    remove_unfinished_files(storage, log_dir)?;
    segments.tidy_cache();
    let numbers = check_presence(segments, &manifest)?;
    let sealed = sealed_entries(segments, chains, &numbers, &manifest)?;
    let number = numbers[numbers.len() - 1];
    let path = segment::path(log_dir, number);
    let mut file = storage
        .open_for_writing(&path)
        .map_err(|error| JournalError::io("open", &path, error))?;
    let reading = storage
        .open(&path)
        .map_err(|error| JournalError::io("open", &path, error))?;
    let header = segment::read_header(reading.as_ref(), &path, number, chains)?;
    let first_batch = header.first_batch;
    let mut scanner = Scanner::new(reading, path.clone(), header);
    let unfinished = walk(&mut scanner, &manifest)?;
    check_reached(&manifest, &scanner)?;
    let cut = match unfinished {
        Some(reason) => Some(cut(file.as_mut(), &scanner, reason)?),
        None => None,
    };
    let allocated = file
        .size()
        .map_err(|error| JournalError::io("open", &path, error))?;
    Ok(End {
        file,
        sealed,
        number,
        first_batch,
        offset: scanner.offset(),
        allocated,
        chains: scanner.chains().clone(),
        last_epoch: manifest.epoch.max(scanner.chains().epoch),
        recovery: Recovery {
            was_closed: manifest.closed,
            last_batch: scanner.chains().next_batch - 1,
            cut,
        },
    })
}

/// Walks to the segment's end; the reason if an unfinished batch stands there.
fn walk(scanner: &mut Scanner, floor: &Manifest) -> Result<Option<&'static str>, JournalError> {
    loop {
        let chains = scanner.chains();
        if floor.contradicts(chains.next_batch, &chains.heads) {
            let what = "the hash chains are not those of log/manifest.json";
            return Err(JournalError::damaged(
                scanner.path(),
                scanner.offset(),
                what,
            ));
        }
        match scanner.step()? {
            Step::Batch => {}
            Step::End => return Ok(None),
            Step::Unfinished(why) => return Ok(Some(why)),
        }
    }
}

fn cut(
    file: &mut dyn StorageFile,
    scanner: &Scanner,
    reason: &'static str,
) -> Result<Cut, JournalError> {
    let cut = Cut {
        path: scanner.path().clone(),
        offset: scanner.offset(),
        batch: scanner.chains().next_batch,
        reason,
    };
    file.truncate(cut.offset)
        .and_then(|()| file.sync())
        .map_err(|error| JournalError::io("cut", &cut.path, error))?;
    tracing::warn!(
        path = %cut.path.display(),
        offset = cut.offset,
        batch = cut.batch,
        reason,
        "Unfinished last batch was cut; it had not been acknowledged."
    );
    Ok(cut)
}

/// Entries of all segments but the last: as the manifest has them, or measured where it is older than a roll.
fn sealed_entries(
    segments: &Segments,
    chains: usize,
    numbers: &[u64],
    manifest: &Manifest,
) -> Result<Vec<SegmentEntry>, JournalError> {
    let known = manifest.segments.len() - 1;
    let mut sealed = manifest.segments[..known].to_vec();
    for number in &numbers[known..numbers.len() - 1] {
        let (file, path) = segments.open(*number)?;
        let header = segment::read_header(file.as_ref(), &path, *number, chains)?;
        let bytes = file
            .size()
            .map_err(|error| JournalError::io("open", &path, error))?;
        sealed.push(SegmentEntry {
            number: *number,
            first_batch: header.first_batch,
            bytes,
        });
    }
    Ok(sealed)
}

/// Files written aside by a process that died before it could rename them.
fn remove_unfinished_files(storage: &dyn Storage, log_dir: &Path) -> Result<(), JournalError> {
    let names = storage
        .list(log_dir)
        .map_err(|error| JournalError::io("list", log_dir, error))?;
    for name in names.iter().filter(|name| name.ends_with(".tmp")) {
        let path = log_dir.join(name);
        storage
            .remove(&path)
            .map_err(|error| JournalError::io("remove", &path, error))?;
    }
    Ok(())
}

/// Writes a lost `log/manifest.json` anew from the segments, after verifying all of them; returns the number
/// of the last whole batch.
///
/// For an operator who has lost the manifest and has no backup: what is missing at the log's end can then no
/// longer be noticed, so no opening does this by itself. Takes the lock for as long as it runs.
pub fn rebuild_manifest(dir: &DataDir) -> Result<u64, JournalError> {
    let _lock = dir.lock()?;
    let (segments, chains) = (dir.segments(), dir.chains());
    let (storage, log_dir) = (segments.storage(), segments.log_dir());
    let numbers = segments.numbers()?;
    let (Some(first), Some(last)) = (numbers.first(), numbers.last()) else {
        let path = segments.path(1);
        return Err(JournalError::SegmentMissing { path });
    };
    let mut reader = Reader::at_segment(segments.clone(), chains, *first)?;
    while reader.next_batch()?.is_some() {}
    let end = reader.scanner();
    if end.segment() != *last {
        let path = segments.path(end.segment() + 1);
        return Err(JournalError::SegmentMissing { path });
    }
    let mut entries = Vec::new();
    for number in &numbers {
        let (file, path) = segments.open(*number)?;
        let header = segment::read_header(file.as_ref(), &path, *number, chains)?;
        let size = file
            .size()
            .map_err(|error| JournalError::io("open", &path, error))?;
        entries.push(SegmentEntry {
            number: *number,
            first_batch: header.first_batch,
            bytes: if number == last { end.offset() } else { size },
        });
    }
    let Chains {
        next_batch,
        epoch,
        heads,
    } = end.chains();
    Manifest::new(*epoch, false, *next_batch, entries, heads).write(storage, log_dir)?;
    Ok(next_batch - 1)
}

//! Reading the log, batch by batch, from any batch on; also beside a process that writes.

use crate::error::JournalError;
use crate::frame::FrameHeader;
use crate::manifest::Manifest;
use crate::picker::BatchPlace;
use crate::scan::{BatchView, Chains, FrameSpan, Scanner, Step};
use crate::segment;
use crate::storage::Storage;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

// A batch that is being written while we read looks torn for a moment; what still looks so after this long
// and did not change is damage.
const RETRIES: u32 = 25;
const RETRY_PAUSE: Duration = Duration::from_millis(4);

/// Reads batches in order and verifies checksums, sequences and hash chains on the way.
///
/// Needs no lock: beside a running writer it stops after the last whole batch, and goes on from there at
/// the next call.
pub struct Reader {
    storage: Arc<dyn Storage>,
    log_dir: PathBuf,
    chains: usize,
    from_batch: u64,
    // What the log holds at least; checked when it is reached.
    floor: Option<Manifest>,
    scanner: Scanner,
}

/// One whole batch. Slices point into the reader's buffer and live until its next call.
pub struct Batch<'a> {
    view: BatchView<'a>,
    segment: u64,
}

/// One frame of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The header.
    pub header: &'a FrameHeader,
    /// What was journaled.
    pub payload: &'a [u8],
}

impl<'a> Batch<'a> {
    /// Number of the batch, from 1.
    pub fn number(&self) -> u64 {
        self.view.number
    }

    /// Where it begins.
    pub fn place(&self) -> BatchPlace {
        BatchPlace {
            segment: self.segment,
            offset: self.view.offset,
        }
    }

    /// The partitions' frames, as they were appended; without the control frame.
    pub fn frames(&self) -> impl ExactSizeIterator<Item = Frame<'a>> {
        let bytes = self.view.bytes;
        let (_, partitions) = self.spans();
        partitions.iter().map(move |span| lend(span, bytes))
    }

    /// The control frame.
    pub fn control(&self) -> Frame<'a> {
        lend(self.spans().0, self.view.bytes)
    }

    fn spans(&self) -> (&'a FrameSpan, &'a [FrameSpan]) {
        match self.view.frames.split_last() {
            Some(spans) => spans,
            None => unreachable!("a whole batch has its control frame"),
        }
    }
}

fn lend<'a>(span: &'a FrameSpan, bytes: &'a [u8]) -> Frame<'a> {
    Frame {
        header: &span.header,
        payload: &bytes[span.payload_from..span.payload_to],
    }
}

impl Reader {
    /// Begins at batch `from_batch` (1 and below: the first one).
    pub(crate) fn open(
        storage: Arc<dyn Storage>,
        log_dir: &Path,
        partitions: u16,
        from_batch: u64,
    ) -> Result<Reader, JournalError> {
        let chains = usize::from(partitions) + 1;
        // The manifest first: what it lists is there from then on.
        let manifest = Manifest::read(storage.as_ref(), log_dir, chains)?;
        let numbers = check_presence(storage.as_ref(), log_dir, &manifest)?;
        let mut reader = Reader::at_segment(storage, log_dir, chains, numbers[0])?;
        reader.from_batch = from_batch;
        for number in numbers.into_iter().skip(1).rev() {
            let scanner = reader.open_segment(number)?;
            if scanner.chains().next_batch <= from_batch {
                reader.scanner = scanner;
                break;
            }
        }
        reader.floor = Some(manifest);
        reader.check_floor()?;
        Ok(reader)
    }

    /// Begins at a segment, without a manifest to check against.
    pub(crate) fn at_segment(
        storage: Arc<dyn Storage>,
        log_dir: &Path,
        chains: usize,
        number: u64,
    ) -> Result<Reader, JournalError> {
        let scanner = open_segment(storage.as_ref(), log_dir, chains, number)?;
        Ok(Reader {
            storage,
            log_dir: log_dir.to_owned(),
            chains,
            from_batch: 0,
            floor: None,
            scanner,
        })
    }

    /// The next whole batch; `None` at the end of what is there now.
    pub fn next_batch(&mut self) -> Result<Option<Batch<'_>>, JournalError> {
        while self.advance()? {
            if self.scanner.chains().next_batch > self.from_batch {
                return Ok(Some(Batch {
                    segment: self.scanner.segment(),
                    view: self.scanner.batch(),
                }));
            }
        }
        Ok(None)
    }

    /// Number of the batch that the next call begins to look for.
    pub fn next_number(&self) -> u64 {
        self.scanner.chains().next_batch.max(self.from_batch)
    }

    pub(crate) fn scanner(&self) -> &Scanner {
        &self.scanner
    }

    /// Walks over one batch, into the next segment if need be; false at the end.
    fn advance(&mut self) -> Result<bool, JournalError> {
        let (mut tries, mut read_anew) = (0, false);
        loop {
            // Asked before the step: when the next segment is there, this one is final.
            let has_next = self.has_next_segment()?;
            match (self.scanner.step(), has_next) {
                (Ok(Step::Batch), _) => {
                    self.check_floor()?;
                    return Ok(true);
                }
                // What the step looked at may have been read before the segment was final; nothing of it is
                // kept, so the next step looks at all of it.
                (_, true) if !read_anew => read_anew = true,
                (Ok(Step::End), true) => {
                    self.enter_next_segment()?;
                    read_anew = false;
                }
                (Ok(Step::Unfinished(why)), true) => {
                    let at = self.scanner.offset();
                    return Err(JournalError::damaged(self.scanner.path(), at, why));
                }
                (Ok(Step::End | Step::Unfinished(_)), false) => {
                    self.check_reached()?;
                    self.scanner.stop_surveying();
                    return Ok(false);
                }
                (Err(error), has_next) => {
                    tries += 1;
                    if has_next || tries > RETRIES {
                        return Err(error);
                    }
                    self.storage.pause(RETRY_PAUSE);
                }
            }
        }
    }

    fn has_next_segment(&self) -> Result<bool, JournalError> {
        let next = segment::path(&self.log_dir, self.scanner.segment() + 1);
        match self.storage.open(&next) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(JournalError::io("open", &next, error)),
        }
    }

    fn open_segment(&self, number: u64) -> Result<Scanner, JournalError> {
        open_segment(self.storage.as_ref(), &self.log_dir, self.chains, number)
    }

    fn enter_next_segment(&mut self) -> Result<(), JournalError> {
        let next = self.open_segment(self.scanner.segment() + 1)?;
        check_seam(&self.scanner, &next)?;
        self.scanner = next;
        Ok(())
    }

    fn check_floor(&self) -> Result<(), JournalError> {
        let Some(floor) = &self.floor else {
            return Ok(());
        };
        let Chains {
            next_batch, heads, ..
        } = self.scanner.chains();
        if floor.contradicts(*next_batch, heads) {
            let what = "the hash chains are not those of log/manifest.json";
            let (path, at) = (self.scanner.path(), self.scanner.offset());
            return Err(JournalError::damaged(path, at, what));
        }
        Ok(())
    }

    fn check_reached(&self) -> Result<(), JournalError> {
        match &self.floor {
            Some(floor) => check_reached(floor, &self.scanner),
            None => Ok(()),
        }
    }
}

fn open_segment(
    storage: &dyn Storage,
    log_dir: &Path,
    chains: usize,
    number: u64,
) -> Result<Scanner, JournalError> {
    let path = segment::path(log_dir, number);
    let file = storage.open(&path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => JournalError::SegmentMissing { path: path.clone() },
        _ => JournalError::io("open", &path, error),
    })?;
    let header = segment::read_header(file.as_ref(), &path, number, chains)?;
    Ok(Scanner::new(file, path, header))
}

/// The next segment must begin exactly where the one before it ended.
fn check_seam(before: &Scanner, after: &Scanner) -> Result<(), JournalError> {
    let (ended, begins) = (before.chains(), after.chains());
    if ended.next_batch < begins.next_batch {
        return Err(JournalError::SegmentShort {
            path: before.path().clone(),
            what: format!(
                "batches {} to {} are missing at its end",
                ended.next_batch,
                begins.next_batch - 1
            ),
            size: before.offset(),
        });
    }
    if ended.next_batch != begins.next_batch
        || ended.heads != begins.heads
        || ended.epoch > begins.epoch
    {
        let what = "it does not continue the segment before it";
        return Err(JournalError::damaged(after.path(), 0, what));
    }
    Ok(())
}

/// The end of the log must not lie before what the manifest knows.
pub(crate) fn check_reached(floor: &Manifest, end: &Scanner) -> Result<(), JournalError> {
    if end.chains().next_batch >= floor.next_batch {
        return Ok(());
    }
    Err(JournalError::SegmentShort {
        path: end.path().clone(),
        what: format!(
            "batches {} to {} were there and are missing",
            end.chains().next_batch,
            floor.next_batch - 1
        ),
        size: end.offset(),
    })
}

/// All segments there are, ascending and without a gap, with the sizes that the manifest knows.
pub(crate) fn check_presence(
    storage: &dyn Storage,
    log_dir: &Path,
    manifest: &Manifest,
) -> Result<Vec<u64>, JournalError> {
    let numbers = segment::list(storage, log_dir)?;
    let sealed = manifest.segments.len() - 1;
    for (index, entry) in manifest.segments.iter().enumerate() {
        let path = segment::path(log_dir, entry.number);
        if numbers.binary_search(&entry.number).is_err() {
            return Err(JournalError::SegmentMissing { path });
        }
        let size = storage
            .open(&path)
            .and_then(|file| file.size())
            .map_err(|error| JournalError::io("open", &path, error))?;
        if size < entry.bytes {
            let what = format!("it had {} octets at least", entry.bytes);
            return Err(JournalError::SegmentShort { path, what, size });
        }
        if index < sealed && size > entry.bytes {
            let what = "octets follow after the end of a sealed segment";
            return Err(JournalError::damaged(&path, entry.bytes, what));
        }
    }
    let first = manifest.segments[0].number;
    let mut present = Vec::new();
    for (expected, number) in (first..).zip(numbers.into_iter().filter(|n| *n >= first)) {
        if number != expected {
            let path = segment::path(log_dir, expected);
            return Err(JournalError::SegmentMissing { path });
        }
        present.push(number);
    }
    Ok(present)
}

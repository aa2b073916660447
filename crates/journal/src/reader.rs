//! Reading the log, batch by batch, from any batch on; also beside a process that writes.

use crate::error::JournalError;
use crate::frame::FrameHeader;
use crate::manifest::{Manifest, SegmentEntry};
use crate::picker::BatchPlace;
use crate::scan::{BatchView, Chains, FrameSpan, Scanner, Step};
use crate::segment;
use crate::segments::Segments;
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
    segments: Segments,
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
        segments: Segments,
        partitions: u16,
        from_batch: u64,
    ) -> Result<Reader, JournalError> {
        let chains = usize::from(partitions) + 1;
        // The manifest first: what it lists is there from then on.
        let manifest = Manifest::read(segments.storage(), segments.log_dir(), chains)?;
        let numbers = check_presence(&segments, &manifest)?;
        let first = first_to_read(&segments, chains, &numbers, &manifest, from_batch)?;
        let mut reader = Reader::at_segment(segments, chains, first)?;
        reader.from_batch = from_batch;
        reader.floor = Some(manifest);
        reader.check_floor()?;
        Ok(reader)
    }

    /// Begins at a segment, without a manifest to check against.
    pub(crate) fn at_segment(
        segments: Segments,
        chains: usize,
        number: u64,
    ) -> Result<Reader, JournalError> {
        let scanner = open_segment(&segments, chains, number)?;
        Ok(Reader {
            segments,
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
                    self.segments.storage().pause(RETRY_PAUSE);
                }
            }
        }
    }

    fn has_next_segment(&self) -> Result<bool, JournalError> {
        self.segments.has_next(self.scanner.segment())
    }

    fn enter_next_segment(&mut self) -> Result<(), JournalError> {
        let next = self.scanner.segment() + 1;
        let next = open_segment(&self.segments, self.chains, next)?;
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

/// The segment in which a batch is, or the first one. Segments that the manifest lists need not be opened for
/// that.
fn first_to_read(
    segments: &Segments,
    chains: usize,
    numbers: &[u64],
    manifest: &Manifest,
    from_batch: u64,
) -> Result<u64, JournalError> {
    let listed = manifest.segments[0].number;
    for number in numbers.iter().skip(1).rev() {
        let entry = manifest.segments.get((number - listed) as usize);
        let first_batch = match entry {
            Some(entry) => entry.first_batch,
            None => open_segment(segments, chains, *number)?.chains().next_batch,
        };
        if first_batch <= from_batch {
            return Ok(*number);
        }
    }
    Ok(numbers[0])
}

fn open_segment(segments: &Segments, chains: usize, number: u64) -> Result<Scanner, JournalError> {
    let (file, path) = segments.open(number)?;
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
    segments: &Segments,
    manifest: &Manifest,
) -> Result<Vec<u64>, JournalError> {
    let sealed = manifest.segments.len() - 1;
    for (index, entry) in manifest.segments.iter().enumerate() {
        check_size(segments, entry, index < sealed)?;
    }
    let first = manifest.segments[0].number;
    let mut present = Vec::new();
    for (expected, number) in (first..).zip(segments.numbers()?.into_iter().filter(|n| *n >= first))
    {
        if number != expected {
            let path = segments.path(expected);
            return Err(JournalError::SegmentMissing { path });
        }
        present.push(number);
    }
    Ok(present)
}

fn check_size(
    segments: &Segments,
    entry: &SegmentEntry,
    is_sealed: bool,
) -> Result<(), JournalError> {
    let path = segments.path(entry.number);
    let Some(file) = segments.open_local(entry.number)? else {
        // What it holds is compared with the list when it is fetched.
        return match segments.archived(entry.number)? {
            Some(archived) if is_sealed && archived.bytes == entry.bytes => Ok(()),
            _ => Err(JournalError::SegmentMissing { path }),
        };
    };
    let size = file
        .size()
        .map_err(|error| JournalError::io("open", &path, error))?;
    if size < entry.bytes {
        let what = format!("it had {} octets at least", entry.bytes);
        return Err(JournalError::SegmentShort { path, what, size });
    }
    if is_sealed && size > entry.bytes {
        let what = "octets follow after the end of a sealed segment";
        return Err(JournalError::damaged(&path, entry.bytes, what));
    }
    Ok(())
}

//! Walks the frames of one segment, batch by batch, checks everything about them, and judges its end:
//! whole, unfinished (a crash of ours explains it) or damaged (nothing of ours does).

use crate::error::JournalError;
use crate::frame::{self, FrameHeader, HEADER_BYTES, LAST_OF_BATCH, MAX_BATCH_BYTES, Place};
use crate::segment::{Head, SegmentHeader};
use crate::storage::{StorageFile, read_full_at};
use std::path::PathBuf;

const WINDOW_BYTES: usize = 1 << 20;

/// Where the chains stand between two batches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chains {
    /// The batch to come.
    pub(crate) next_batch: u64,
    /// Epoch of the newest frame.
    pub(crate) epoch: u32,
    /// Heads of the partitions' chains, then of the control chain.
    pub(crate) heads: Vec<Head>,
}

/// What a step found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A whole batch; see [`Scanner::batch`].
    Batch,
    /// The end, right after a whole batch.
    End,
    /// The end, after a batch that was never finished; why it is taken for that.
    Unfinished(&'static str),
}

/// A frame of the current batch: its header and where its payload lies, from the batch's beginning.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FrameSpan {
    pub(crate) header: FrameHeader,
    pub(crate) payload_from: usize,
    pub(crate) payload_to: usize,
}

/// A batch within the scanner's window; `bytes` begins with it.
pub(crate) struct BatchView<'a> {
    pub(crate) number: u64,
    pub(crate) offset: u64,
    pub(crate) bytes: &'a [u8],
    pub(crate) frames: &'a [FrameSpan],
}

/// Walks one segment.
pub(crate) struct Scanner {
    file: Box<dyn StorageFile>,
    path: PathBuf,
    segment: u64,
    // Where the next batch begins; everything before it is whole.
    offset: u64,
    chains: Chains,
    window: Window,
    frames: Vec<FrameSpan>,
    // Heads replaced by the frames of the current batch, to be put back if it is unfinished.
    replaced: Vec<(u16, Head, u32)>,
    batch_offset: u64,
    // Whether the rest of the file is looked at before an end is believed.
    surveys: bool,
}

/// Why the walk through a batch stopped.
enum Stop {
    /// The control frame was reached; where the next batch begins.
    Whole(u64),
    /// No frame at this offset: zeros, or the file ends.
    Nothing(u64),
    /// A frame at this offset that did not reach the disk whole.
    Torn(u64, Tear),
}

/// How a frame is torn.
#[derive(Clone, Copy)]
struct Tear {
    why: &'static str,
    // The tear is only believed if the file is zero from here on; what is wrong if it is not.
    unless: Option<(u64, &'static str)>,
}

/// One frame's verdict.
enum Walk {
    Frame { next: u64, last: bool },
    Nothing,
    Torn(Tear),
}

impl Scanner {
    /// Begins after the header of a segment.
    pub(crate) fn new(file: Box<dyn StorageFile>, path: PathBuf, header: SegmentHeader) -> Scanner {
        Scanner {
            file,
            path,
            segment: header.number,
            offset: header.bytes(),
            chains: Chains {
                next_batch: header.first_batch,
                epoch: header.epoch,
                heads: header.heads,
            },
            window: Window::default(),
            frames: Vec::new(),
            replaced: Vec::new(),
            batch_offset: 0,
            surveys: true,
        }
    }

    /// Where the chains stand after the batches walked so far.
    pub(crate) fn chains(&self) -> &Chains {
        &self.chains
    }

    /// Where the next batch begins.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// The segment's number.
    pub(crate) fn segment(&self) -> u64 {
        self.segment
    }

    /// The segment's file.
    pub(crate) fn path(&self) -> &PathBuf {
        &self.path
    }

    /// Believes an end without looking at the rest of the file from now on: for a reader that follows a
    /// writer and has looked once.
    pub(crate) fn stop_surveying(&mut self) {
        self.surveys = false;
    }

    /// The batch that the last step found.
    pub(crate) fn batch(&self) -> BatchView<'_> {
        let from = (self.batch_offset - self.window.base) as usize;
        BatchView {
            number: self.chains.next_batch - 1,
            offset: self.batch_offset,
            bytes: &self.window.bytes[from..self.window.filled],
            frames: &self.frames,
        }
    }

    /// Walks over one batch. After an end or an error the same place is read anew by the next step.
    pub(crate) fn step(&mut self) -> Result<Step, JournalError> {
        self.frames.clear();
        self.replaced.clear();
        let stop = self.walk_batch();
        if let Ok(Stop::Whole(next)) = stop {
            self.batch_offset = self.offset;
            self.offset = next;
            self.chains.next_batch += 1;
            return Ok(Step::Batch);
        }
        self.put_back();
        let verdict = stop.and_then(|stop| self.judge_end(stop));
        self.window.forget();
        verdict
    }

    fn walk_batch(&mut self) -> Result<Stop, JournalError> {
        let mut at = self.offset;
        loop {
            match self.walk_frame(at)? {
                Walk::Frame { next, last: true } => return Ok(Stop::Whole(next)),
                Walk::Frame { next, last: false } => at = next,
                Walk::Nothing => return Ok(Stop::Nothing(at)),
                Walk::Torn(tear) => return Ok(Stop::Torn(at, tear)),
            }
            if at - self.offset > MAX_BATCH_BYTES as u64 {
                return Err(self.damaged(self.offset, "the batch is longer than any can be"));
            }
        }
    }

    fn walk_frame(&mut self, at: u64) -> Result<Walk, JournalError> {
        let place = Place {
            segment: self.segment,
            offset: at,
        };
        let Some(bytes) = self.fetch(at, HEADER_BYTES)?.as_chunks().0.first() else {
            return Ok(Walk::Nothing);
        };
        if frame::is_zero(bytes) {
            return Ok(Walk::Nothing);
        }
        let header = match frame::decode_header(bytes, place) {
            Ok(header) => header,
            // Every frame has something after its header, its end mark at least.
            Err(what) => {
                return Ok(Walk::Torn(Tear {
                    why: "the write stopped inside its last frame's header",
                    unless: Some((at + HEADER_BYTES as u64, what)),
                }));
            }
        };
        self.check_place_in_chain(&header, at)?;
        let total = frame::frame_bytes(header.payload_bytes as usize);
        let bytes = self.fetch(at, total)?;
        if bytes.len() < total {
            return Ok(Walk::Torn(Tear {
                why: "the file ends inside its last frame",
                unless: None,
            }));
        }
        if let Err(what) = frame::check_body(&header, bytes) {
            if frame::page_missing(&header, bytes, at) {
                return Ok(Walk::Torn(Tear {
                    why: "a page of its last frame was never written",
                    unless: None,
                }));
            }
            if frame::end_missing(bytes) {
                return Ok(Walk::Torn(Tear {
                    why: "the end of its last frame was never written",
                    unless: Some((at + total as u64, what)),
                }));
            }
            return Err(self.damaged(at, what));
        }
        let hash = frame::hash(bytes);
        self.take(header, at, hash);
        Ok(Walk::Frame {
            next: at + total as u64,
            last: header.flags & LAST_OF_BATCH != 0,
        })
    }

    fn check_place_in_chain(&self, header: &FrameHeader, at: u64) -> Result<(), JournalError> {
        let control = self.chains.heads.len() - 1;
        let Some(head) = self.chains.heads.get(usize::from(header.partition)) else {
            return Err(self.damaged(at, "the frame is of a partition that does not exist"));
        };
        let last = header.flags & LAST_OF_BATCH != 0;
        let what = if header.batch != self.chains.next_batch {
            "the frame is of another batch than is expected here"
        } else if header.epoch < self.chains.epoch {
            "the frame is of an older writer than the frame before it"
        } else if header.sequence != head.sequence + 1 {
            "a frame of its partition is missing before it, or it is repeated"
        } else if header.prev_hash != head.hash {
            "the frame does not continue its partition's hash chain"
        } else if last != (usize::from(header.partition) == control) {
            "the batch does not end with its control frame"
        } else {
            return Ok(());
        };
        Err(self.damaged(at, what))
    }

    fn take(&mut self, header: FrameHeader, at: u64, hash: u128) {
        let head = &mut self.chains.heads[usize::from(header.partition)];
        self.replaced
            .push((header.partition, *head, self.chains.epoch));
        *head = Head {
            sequence: header.sequence,
            hash,
        };
        self.chains.epoch = header.epoch;
        // Relative to the batch: the window may still move.
        let payload_from = (at - self.offset) as usize + HEADER_BYTES;
        self.frames.push(FrameSpan {
            header,
            payload_from,
            payload_to: payload_from + header.payload_bytes as usize,
        });
    }

    fn put_back(&mut self) {
        for (partition, head, epoch) in self.replaced.drain(..).rev() {
            self.chains.heads[usize::from(partition)] = head;
            self.chains.epoch = epoch;
        }
        self.frames.clear();
    }

    /// Up to `length` octets from `at`, with everything since the batch's beginning kept in the window.
    fn fetch(&mut self, at: u64, length: usize) -> Result<&[u8], JournalError> {
        let end = at + length as u64;
        self.window
            .cover(self.file.as_ref(), self.offset, end)
            .map_err(|error| JournalError::io("read", &self.path, error))?;
        let from = (at - self.window.base) as usize;
        let bytes = &self.window.bytes[..self.window.filled];
        let rest = bytes.get(from..).unwrap_or_default();
        Ok(&rest[..rest.len().min(length)])
    }

    fn judge_end(&mut self, stop: Stop) -> Result<Step, JournalError> {
        let (at, tear) = match stop {
            Stop::Whole(_) => return Ok(Step::Batch),
            Stop::Nothing(at) if at == self.offset => (at, None),
            Stop::Nothing(at) => {
                let why = "its control frame is missing";
                (at, Some(Tear { why, unless: None }))
            }
            Stop::Torn(at, tear) => (at, Some(tear)),
        };
        if !self.surveys && tear.is_none_or(|tear| tear.unless.is_none()) {
            return Ok(tear.map_or(Step::End, |tear| Step::Unfinished(tear.why)));
        }
        let unless = tear.and_then(|tear| tear.unless);
        let rest = self.survey(unless.map_or(at, |(from, _)| from))?;
        if let (Some((_, what)), true) = (unless, rest.has_content) {
            return Err(self.damaged(at, what));
        }
        if let Some(later) = rest.later_frame {
            let what = format!(
                "a frame is gone or torn here, yet a later batch follows at offset {later}"
            );
            return Err(JournalError::damaged(&self.path, at, what));
        }
        match tear {
            None if !rest.has_content => Ok(Step::End),
            None => Ok(Step::Unfinished(
                "pages of a batch are there whose beginning was never written",
            )),
            Some(tear) => Ok(Step::Unfinished(tear.why)),
        }
    }

    /// Looks through the rest of the file for frames of batches after the one at its end: what one write
    /// left behind belongs to one batch.
    fn survey(&self, from: u64) -> Result<Rest, JournalError> {
        let mut rest = Rest::default();
        let mut buffer = vec![0u8; WINDOW_BYTES];
        let mut at = from;
        loop {
            let got = read_full_at(self.file.as_ref(), at, &mut buffer)
                .map_err(|error| JournalError::io("read", &self.path, error))?;
            if got == 0 {
                return Ok(rest);
            }
            let bytes = &buffer[..got];
            if !frame::is_zero(bytes) {
                rest.has_content = true;
                rest.later_frame = self.later_frame(bytes, at);
            }
            if rest.later_frame.is_some() {
                return Ok(rest);
            }
            at += got as u64;
        }
    }

    fn later_frame(&self, bytes: &[u8], at: u64) -> Option<u64> {
        let places = (at..).step_by(HEADER_BYTES);
        let mut headers = bytes.as_chunks::<HEADER_BYTES>().0.iter().zip(places);
        let later = headers.find(|(bytes, offset)| {
            let place = Place {
                segment: self.segment,
                offset: *offset,
            };
            frame::decode_header(bytes, place)
                .is_ok_and(|header| header.batch > self.chains.next_batch)
        })?;
        Some(later.1)
    }

    fn damaged(&self, at: u64, what: &str) -> JournalError {
        JournalError::damaged(&self.path, at, what)
    }
}

#[derive(Default)]
struct Rest {
    has_content: bool,
    later_frame: Option<u64>,
}

/// A part of the file in memory: from the current batch on, so that its frames can be lent as slices.
#[derive(Default)]
struct Window {
    base: u64,
    bytes: Vec<u8>,
    filled: usize,
}

impl Window {
    /// Makes `keep_from..end` present as far as the file has it.
    fn cover(&mut self, file: &dyn StorageFile, keep_from: u64, end: u64) -> std::io::Result<()> {
        let filled_to = self.base + self.filled as u64;
        if keep_from < self.base || keep_from > filled_to {
            (self.base, self.filled) = (keep_from, 0);
        } else if keep_from > self.base && (end > filled_to || self.filled == 0) {
            let drop = (keep_from - self.base) as usize;
            self.bytes.copy_within(drop..self.filled, 0);
            (self.base, self.filled) = (keep_from, self.filled - drop);
        }
        let wanted = (end - self.base) as usize;
        if wanted <= self.filled {
            return Ok(());
        }
        if wanted > self.bytes.len() {
            let size = wanted.next_multiple_of(WINDOW_BYTES);
            self.bytes.resize(size.max(self.bytes.len() * 3 / 2), 0);
        }
        let from = self.base + self.filled as u64;
        self.filled += read_full_at(file, from, &mut self.bytes[self.filled..])?;
        Ok(())
    }

    /// What was read may have changed since.
    fn forget(&mut self) {
        self.filled = 0;
    }
}

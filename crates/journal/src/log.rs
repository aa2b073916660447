//! The writer: one write and one fdatasync for each batch.

use crate::datadir::{DataDir, WriteLock};
use crate::error::JournalError;
use crate::frame::{
    self, FrameHeader, FrameToAppend, LAST_OF_BATCH, MAX_BATCH_BYTES, MAX_PAYLOAD_BYTES, Place,
};
use crate::manifest::{Manifest, SegmentEntry};
use crate::mark::JournalMark;
use crate::metrics as names;
use crate::picker::BatchPlace;
use crate::recover::{self, Recovery};
use crate::scan::Chains;
use crate::segment::{self, Head, SegmentHeader};
use crate::storage::{Storage, StorageFile, write_all_at};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

static ZEROS: [u8; 1 << 18] = [0; 1 << 18];
const SMALLEST_ALLOCATION: u64 = 1 << 20;
// Measured: small batches sync 1.5 times as fast into zeros; for large ones the zeros, which are written
// twice, cost more than the new file size that they save.
const ZEROS_AHEAD_BELOW: u64 = 128 << 10;

/// How a log is written; nothing here changes what is read from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogOptions {
    /// A segment is sealed before it would become larger than this many octets.
    pub segment_bytes: u64,
    /// Before small batches zeros are written ahead, in steps of at most this many octets, so that a sync
    /// need not record a new file size; 0 writes none ahead.
    pub allocation_bytes: u64,
    /// Syncs each batch. Without it a crash of the machine may lose or tear batches that were
    /// acknowledged: for throw-away runs only.
    pub sync: bool,
}

impl Default for LogOptions {
    /// Segments of 256 MiB, zeros 1 MiB ahead, every batch synced. Measured at 70 MB/s in small batches: 16 MiB of zeros
    /// held up a batch for 15 to 25 ms, four times a second; 1 MiB for one or two.
    fn default() -> Self {
        LogOptions {
            segment_bytes: 256 << 20,
            allocation_bytes: 1 << 20,
            sync: true,
        }
    }
}

/// A log open for writing. Dropping it without [`Log::close`] is safe, as a crash is.
pub struct Log {
    storage: Arc<dyn Storage>,
    dir: PathBuf,
    options: LogOptions,
    epoch: u32,
    chains: Chains,
    last_place: BatchPlace,
    // The heads before the batch that is being appended.
    heads_before: Vec<Head>,
    sealed: Vec<SegmentEntry>,
    active: Active,
    buffer: Vec<u8>,
    // The first error that made the state on disk uncertain; nothing is appended after it.
    stopped: Option<String>,
    manifest_is_late: bool,
    recovery: Recovery,
    _lock: WriteLock,
}

struct Active {
    file: Box<dyn StorageFile>,
    number: u64,
    first_batch: u64,
    // Where the next batch goes.
    end: u64,
    // Size of the file: zeros from `end` to here.
    allocated: u64,
}

impl Log {
    /// Opens the log of a data directory for writing, under the lock taken before.
    ///
    /// Cuts an unfinished batch at its end; refuses any other damage. The writer gets a new epoch.
    pub fn open(dir: &DataDir, lock: WriteLock, options: LogOptions) -> Result<Log, JournalError> {
        let (storage, log_dir) = (dir.storage(), dir.log_dir());
        let end = recover::find_end(&dir.segments(), dir.chains())?;
        let mut log = Log {
            storage,
            dir: log_dir,
            options,
            epoch: end.last_epoch + 1,
            last_place: BatchPlace {
                segment: end.number,
                offset: end.offset,
            },
            heads_before: end.chains.heads.clone(),
            chains: end.chains,
            sealed: end.sealed,
            active: Active {
                file: end.file,
                number: end.number,
                first_batch: end.first_batch,
                end: end.offset,
                allocated: end.allocated,
            },
            buffer: Vec::new(),
            stopped: None,
            manifest_is_late: false,
            recovery: end.recovery,
            _lock: lock,
        };
        // What the process before wrote may be in the machine's memory only: it is built upon from here on.
        log.sync_active()?;
        log.write_manifest(false)?;
        Ok(log)
    }

    /// What opening found.
    pub fn recovery(&self) -> &Recovery {
        &self.recovery
    }

    /// Number that the next batch gets; the first batch is 1.
    pub fn next_batch(&self) -> u64 {
        self.chains.next_batch
    }

    /// Number of this opening of the log, from 1; all frames written now carry it.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Appends the partitions' frames and the control frame as one batch, and returns its number when all
    /// of it is durable.
    ///
    /// After an error nothing of the batch counts. If the disk is full ([`JournalError::is_disk_full`])
    /// the same batch may be tried again; after any other error the log refuses further use, because nobody
    /// knows what reached the disk.
    pub fn append_batch(
        &mut self,
        frames: &[FrameToAppend<'_>],
        control: &[u8],
    ) -> Result<u64, JournalError> {
        let appended = self.try_append(frames, control);
        if appended.is_err() {
            metrics::counter!(names::ERRORS).increment(1);
        }
        appended
    }

    /// Where the batch appended last begins.
    pub fn last_place(&self) -> BatchPlace {
        self.last_place
    }

    /// Where all chains stand after the batch appended last: durable, like it.
    pub fn mark(&self) -> JournalMark {
        JournalMark::new(self.chains.next_batch - 1, &self.chains.heads)
    }

    /// Gives unused space back, records the log's end in the manifest, and frees the directory.
    pub fn close(mut self) -> Result<(), JournalError> {
        self.check_usable()?;
        self.trim()?;
        self.write_manifest(true)
    }

    fn try_append(
        &mut self,
        frames: &[FrameToAppend<'_>],
        control: &[u8],
    ) -> Result<u64, JournalError> {
        self.check_usable()?;
        let bytes = self.measure(frames, control)?;
        self.make_room(bytes)?;
        self.encode(frames, control);
        debug_assert_eq!(self.buffer.len() as u64, bytes);
        self.write()?;
        self.last_place = BatchPlace {
            segment: self.active.number,
            offset: self.active.end,
        };
        self.active.end += bytes;
        self.chains.next_batch += 1;
        metrics::counter!(names::BATCHES).increment(1);
        metrics::counter!(names::BYTES).increment(bytes);
        metrics::counter!(names::FRAMES).increment(frames.len() as u64 + 1);
        Ok(self.chains.next_batch - 1)
    }

    fn check_usable(&self) -> Result<(), JournalError> {
        match &self.stopped {
            None => Ok(()),
            Some(cause) => Err(JournalError::Stopped {
                cause: cause.clone(),
            }),
        }
    }

    /// Octets of the batch in the log; refuses what the format cannot hold.
    fn measure(&self, frames: &[FrameToAppend<'_>], control: &[u8]) -> Result<u64, JournalError> {
        let bad = |what: String| JournalError::BadBatch { what };
        let partitions = self.chains.heads.len() - 1;
        let mut total = frame::frame_bytes(control.len());
        for frame in frames {
            if usize::from(frame.partition) >= partitions {
                let what = format!("there is no partition {}", frame.partition);
                return Err(bad(what));
            }
            total += frame::frame_bytes(frame.payload.len());
        }
        let payloads = frames.iter().map(|frame| frame.payload.len());
        let longest = payloads.fold(control.len(), usize::max);
        if longest > MAX_PAYLOAD_BYTES || total > MAX_BATCH_BYTES {
            return Err(bad(format!(
                "it has {total} octets, its longest frame {longest}; \
                 a batch may have {MAX_BATCH_BYTES}, a frame {MAX_PAYLOAD_BYTES}"
            )));
        }
        Ok(total as u64)
    }

    fn encode(&mut self, frames: &[FrameToAppend<'_>], control: &[u8]) {
        let control_frame = FrameToAppend {
            partition: (self.chains.heads.len() - 1) as u16,
            count: 1,
            payload: control,
        };
        self.heads_before.clone_from(&self.chains.heads);
        self.buffer.clear();
        for frame in frames {
            self.encode_frame(frame, 0);
        }
        self.encode_frame(&control_frame, LAST_OF_BATCH);
    }

    fn encode_frame(&mut self, frame: &FrameToAppend<'_>, flags: u16) {
        let head = &mut self.chains.heads[usize::from(frame.partition)];
        let place = Place {
            segment: self.active.number,
            offset: self.active.end + self.buffer.len() as u64,
        };
        let header = FrameHeader {
            partition: frame.partition,
            flags,
            epoch: self.epoch,
            batch: self.chains.next_batch,
            sequence: head.sequence + 1,
            count: frame.count,
            prev_hash: head.hash,
            payload_bytes: 0,
            payload_crc: 0,
        };
        head.hash = frame::encode(&mut self.buffer, place, header, frame.payload);
        head.sequence += 1;
    }

    fn write(&mut self) -> Result<(), JournalError> {
        let written = write_all_at(self.active.file.as_mut(), self.active.end, &self.buffer);
        if let Err(error) = written {
            return Err(self.take_back(error));
        }
        self.active.allocated = self
            .active
            .allocated
            .max(self.active.end + self.buffer.len() as u64);
        if self.options.sync {
            self.sync_active()?;
        }
        Ok(())
    }

    /// Cuts what a failed write left. A full disk then leaves the log as it was before the batch.
    fn take_back(&mut self, error: std::io::Error) -> JournalError {
        let cut = self.active.file.truncate(self.active.end);
        let error = JournalError::io("write", &self.active_path(), error);
        if cut.is_ok() && error.is_disk_full() {
            self.active.allocated = self.active.end;
            self.chains.heads.clone_from(&self.heads_before);
            return error;
        }
        self.stopped = Some(error.to_string());
        error
    }

    fn sync_active(&mut self) -> Result<(), JournalError> {
        let began = Instant::now();
        if let Err(error) = self.active.file.sync() {
            return Err(self.stop("sync", error));
        }
        metrics::histogram!(names::SYNC_SECONDS).record(began.elapsed().as_secs_f64());
        Ok(())
    }

    /// Makes sure that the active segment takes a batch of this size without growing. On an error nothing
    /// that was appended is touched.
    fn make_room(&mut self, bytes: u64) -> Result<(), JournalError> {
        let has_batches = self.active.first_batch < self.chains.next_batch;
        if has_batches && self.active.end + bytes > self.options.segment_bytes {
            self.roll()?;
        }
        if self.manifest_is_late {
            let written = self.write_manifest(false);
            written.map_err(|error| self.stop_unless_full(error))?;
        }
        let needed = self.active.end + bytes;
        let ahead = self.options.allocation_bytes > 0 && bytes < ZEROS_AHEAD_BELOW;
        if ahead && needed > self.active.allocated {
            self.allocate(needed)?;
        }
        Ok(())
    }

    /// Writes zeros ahead: a step that grows with the segment, or just what is needed where the disk
    /// has no more.
    fn allocate(&mut self, needed: u64) -> Result<(), JournalError> {
        let most = self.options.allocation_bytes.max(SMALLEST_ALLOCATION);
        let step = self.active.end.clamp(SMALLEST_ALLOCATION, most);
        let ahead = (needed + step).min(self.options.segment_bytes).max(needed);
        if self.write_zeros(ahead).is_ok() {
            return self.sync_active();
        }
        match self.write_zeros(needed) {
            Ok(()) => self.sync_active(),
            Err(error) => {
                // Best effort: a longer tail of zeros does no harm.
                let _ = self.active.file.truncate(self.active.allocated);
                Err(JournalError::io("extend", &self.active_path(), error))
            }
        }
    }

    fn write_zeros(&mut self, to: u64) -> std::io::Result<()> {
        let mut at = self.active.allocated;
        while at < to {
            let count = (to - at).min(ZEROS.len() as u64);
            write_all_at(self.active.file.as_mut(), at, &ZEROS[..count as usize])?;
            at += count;
        }
        self.active.allocated = self.active.allocated.max(to);
        Ok(())
    }

    /// Seals the active segment and begins the next. The old one is final before the new one exists.
    fn roll(&mut self) -> Result<(), JournalError> {
        self.trim()?;
        let header = SegmentHeader {
            number: self.active.number + 1,
            first_batch: self.chains.next_batch,
            epoch: self.epoch,
            heads: self.chains.heads.clone(),
        };
        let created = segment::create(self.storage.as_ref(), &self.dir, &header);
        let file = created.map_err(|error| self.stop_unless_full(error))?;
        let begun = Active {
            file,
            number: header.number,
            first_batch: header.first_batch,
            end: header.bytes(),
            allocated: header.bytes(),
        };
        self.sealed.push(self.active.entry());
        self.active = begun;
        self.manifest_is_late = true;
        metrics::counter!(names::SEGMENTS).increment(1);
        Ok(())
    }

    /// Gives the zeros after the end back.
    fn trim(&mut self) -> Result<(), JournalError> {
        if let Err(error) = self.active.file.truncate(self.active.end) {
            return Err(self.stop("trim", error));
        }
        self.active.allocated = self.active.end;
        self.sync_active()
    }

    fn write_manifest(&mut self, closed: bool) -> Result<(), JournalError> {
        let mut segments = self.sealed.clone();
        segments.push(self.active.entry());
        let Chains {
            next_batch, heads, ..
        } = &self.chains;
        Manifest::new(self.epoch, closed, *next_batch, segments, heads)
            .write(self.storage.as_ref(), &self.dir)?;
        self.manifest_is_late = false;
        Ok(())
    }

    fn stop(&mut self, doing: &'static str, error: std::io::Error) -> JournalError {
        let error = JournalError::io(doing, &self.active_path(), error);
        self.stopped = Some(error.to_string());
        error
    }

    /// A full disk leaves everything as it was; after anything else nobody knows.
    fn stop_unless_full(&mut self, error: JournalError) -> JournalError {
        if !error.is_disk_full() {
            self.stopped = Some(error.to_string());
        }
        error
    }

    fn active_path(&self) -> PathBuf {
        segment::path(&self.dir, self.active.number)
    }
}

impl Active {
    fn entry(&self) -> SegmentEntry {
        SegmentEntry {
            number: self.number,
            first_batch: self.first_batch,
            bytes: self.end,
        }
    }
}

/// Creates the first segment and the manifest of an empty log.
pub(crate) fn create(
    storage: &dyn Storage,
    log_dir: &Path,
    chains: usize,
) -> Result<(), JournalError> {
    let header = SegmentHeader {
        number: 1,
        first_batch: 1,
        epoch: 0,
        heads: vec![Default::default(); chains],
    };
    segment::create(storage, log_dir, &header)?;
    let entry = SegmentEntry {
        number: 1,
        first_batch: 1,
        bytes: header.bytes(),
    };
    Manifest::new(0, true, 1, vec![entry], &header.heads).write(storage, log_dir)
}

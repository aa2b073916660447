//! Mirrors: for each partition of the journal a data directory on this machine, in which only that partition has frames.
//! Batch n of the partition is batch n of the directory, control part and frame as they are, so whatever reads data
//! directories reads deployments on Kafka.
//!
//! A mirror is a cache. It is extended to the journal's end, goes on where it ended, and is made anew when its last record
//! is not the journal's.

use crate::deployment::Deployment;
use crate::error::{Error, Result};
use crate::tail::{Ends, Start, payload};
use rdkafka::message::{BorrowedMessage, Message};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use umbral_journal::{
    Creation, DataDir, FrameToAppend, JournalError, Log, LogOptions, RecordChain,
};
use umbral_model::ids::PartitionNo;

/// Opening a log reads its last file: files are kept small.
const SEGMENT_BYTES: u64 = 16 << 20;
/// Octets after which it is noted how far a mirror has come.
const NOTED_EVERY: usize = 8 << 20;
/// Partitions that are extended at once: each has files open.
const AT_ONCE: usize = 64;
/// How long another process may take to extend a mirror.
const OTHERS: Duration = Duration::from_secs(120);
/// How often it is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(50);

/// The mirrors of a deployment.
pub struct Mirrors {
    deployment: Deployment,
    folder: PathBuf,
}

/// How far a mirror has come, as the file beside it says.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
#[serde(deny_unknown_fields)]
struct Mark {
    /// Everything before this offset is in the mirror.
    read_to: i64,
    /// Offset of its last record; none if it has none.
    last_offset: Option<i64>,
    batch: u64,
    epoch: u32,
    /// Hash of its last record.
    hash: String,
}

impl Mark {
    fn of(mirror: &Mirror) -> Mark {
        Mark {
            read_to: mirror.read_to,
            last_offset: mirror.last_offset,
            batch: mirror.chain.batch,
            epoch: mirror.chain.epoch,
            hash: format!("{:032x}", mirror.chain.hash),
        }
    }

    fn chain(&self, partition: u16) -> Option<RecordChain> {
        Some(RecordChain {
            partition,
            batch: self.batch,
            epoch: self.epoch,
            hash: u128::from_str_radix(&self.hash, 16).ok()?,
        })
    }

    fn read(path: &Path) -> Option<Mark> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }
}

/// A mirror that is being extended.
struct Mirror {
    log: Log,
    chain: RecordChain,
    read_to: i64,
    last_offset: Option<i64>,
    /// Its last record was not yet met in the journal.
    is_unproven: bool,
    /// The journal has another record in place of its last one.
    is_unfit: bool,
    /// Octets since it was last noted how far it has come.
    unnoted: usize,
    mark: PathBuf,
}

/// What opening a mirror came to.
enum Opened {
    Mine(Box<Mirror>),
    /// Another process extends it.
    Others,
}

impl Mirrors {
    /// The mirrors of a deployment below a folder of caches.
    pub fn new(deployment: Deployment, cache: &Path) -> Mirrors {
        let folder = cache.join(&deployment.settings().prefix);
        Mirrors { deployment, folder }
    }

    /// The deployment.
    pub fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// Where the mirror of a partition is.
    pub fn dir(&self, partition: PartitionNo) -> PathBuf {
        self.folder.join(partition.0.to_string())
    }

    fn mark(&self, partition: u16) -> PathBuf {
        self.folder.join(format!("{partition}.json"))
    }

    /// Extends the mirrors of these partitions to what is committed now. `progress` is told how many offsets were
    /// read, and of how many.
    ///
    /// # Errors
    /// Brokers that do not answer, a journal that is damaged, a folder that cannot be written.
    pub fn extend(
        &self,
        partitions: &[PartitionNo],
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<()> {
        let ends = Ends::new(&self.deployment)?;
        let wanted = self.ends_of(&ends, partitions)?;
        let mut pace = Pace::default();
        for (partition, (_, end)) in &wanted {
            let known = Mark::read(&self.mark(*partition)).map_or(0, |mark| mark.read_to);
            pace.total += (end - known).max(0).unsigned_abs();
        }
        let wanted: Vec<_> = wanted.into_iter().collect();
        for some in wanted.chunks(AT_ONCE) {
            let some: BTreeMap<u16, (i64, i64)> = some.iter().copied().collect();
            let mut open = BTreeMap::new();
            let left = self.extend_open(&ends, &mut open, &some, &mut pace, progress);
            for (partition, mirror) in open {
                mirror.close(&self.dir(PartitionNo(partition)))?;
            }
            self.wait_for_others(left?)?;
        }
        Ok(())
    }

    /// Extends mirrors again and again, and keeps them open: other processes find what they need in them meanwhile.
    ///
    /// # Errors
    /// As [`Mirrors::extend`].
    pub fn follow(&self, partitions: Vec<PartitionNo>) -> Result<Following<'_>> {
        Ok(Following {
            mirrors: self,
            ends: Ends::new(&self.deployment)?,
            partitions,
            open: BTreeMap::new(),
        })
    }

    /// First offsets, and ends of what is committed.
    fn ends_of(
        &self,
        ends: &Ends,
        partitions: &[PartitionNo],
    ) -> Result<BTreeMap<u16, (i64, i64)>> {
        let bounds = |partition: &PartitionNo| {
            let bounds = ends.committed(&self.deployment.names.journal, i32::from(partition.0));
            bounds.map(|bounds| (partition.0, bounds))
        };
        partitions.iter().map(bounds).collect()
    }

    /// Extends mirrors to their ends, opening those that are not open; gives those that others are extending.
    fn extend_open(
        &self,
        ends: &Ends,
        open: &mut BTreeMap<u16, Mirror>,
        wanted: &BTreeMap<u16, (i64, i64)>,
        pace: &mut Pace,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<BTreeMap<u16, i64>> {
        let mut others = BTreeMap::new();
        for (partition, bounds) in wanted {
            if open.contains_key(partition) {
                continue;
            }
            match self.open(*partition, *bounds)? {
                Opened::Mine(mirror) => {
                    open.insert(*partition, *mirror);
                }
                Opened::Others => {
                    others.insert(*partition, bounds.1);
                }
            }
        }
        self.read(ends, open, wanted, pace, progress)?;
        let mut anew = BTreeMap::new();
        for (partition, bounds) in wanted {
            let unfit = |mirror: &Mirror| mirror.is_unfit || mirror.is_unproven;
            if open.get(partition).is_some_and(unfit) {
                tracing::info!(
                    partition,
                    "the mirror is not of this journal; it is made anew"
                );
                open.remove(partition);
                self.remove(*partition)?;
                anew.insert(*partition, *bounds);
            }
        }
        if !anew.is_empty() {
            others.extend(self.extend_open(ends, open, &anew, pace, progress)?);
        }
        Ok(others)
    }

    fn read(
        &self,
        ends: &Ends,
        open: &mut BTreeMap<u16, Mirror>,
        wanted: &BTreeMap<u16, (i64, i64)>,
        pace: &mut Pace,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<()> {
        let topic = &self.deployment.names.journal;
        let (mut starts, mut until) = (Vec::new(), BTreeMap::new());
        for (partition, (first, end)) in wanted {
            let Some(mirror) = open.get(partition) else {
                continue;
            };
            if mirror.read_to < *end || mirror.is_unproven {
                let offset = mirror.starts_at().max(*first);
                starts.push(Start {
                    topic: topic.clone(),
                    partition: i32::from(*partition),
                    offset,
                });
                until.insert(i32::from(*partition), *end);
            }
        }
        ends.read_until(&starts, &until, &mut |message| {
            let partition = u16::try_from(message.partition()).unwrap_or(u16::MAX);
            let mirror = open.get_mut(&partition).ok_or(Error::Defect)?;
            pace.read += mirror.take(message, topic, &self.dir(PartitionNo(partition)))?;
            progress(pace.read.min(pace.total), pace.total);
            Ok(())
        })?;
        for (partition, end) in until {
            let partition = u16::try_from(partition).unwrap_or(u16::MAX);
            if let Some(mirror) = open.get_mut(&partition) {
                mirror.read_to = mirror.read_to.max(end);
                mirror.note()?;
            }
        }
        Ok(())
    }

    fn open(&self, partition: u16, bounds: (i64, i64)) -> Result<Opened> {
        let dir = self.dir(PartitionNo(partition));
        let failed = |source| of_mirror(&dir, source);
        make_private(&self.folder).map_err(|error| of_file(&self.folder, error))?;
        let opened = match self.data(partition) {
            Err(error) if is_locked(&error) => return Ok(Opened::Others),
            opened => opened.map_err(failed)?,
        };
        let lock = match opened.lock() {
            Err(error) if is_locked(&error) => return Ok(Opened::Others),
            lock => lock.map_err(failed)?,
        };
        let mark = self.mark(partition);
        let known = Mark::read(&mark);
        let fits = known.as_ref().is_some_and(|known| {
            known
                .last_offset
                .is_none_or(|last| bounds.0 <= last && last < bounds.1)
        });
        let log = Log::open(&opened, lock, options());
        let (Ok(log), true) = (
            log,
            fits && opened.partitions() == self.deployment.partitions,
        ) else {
            return self.open_anew(partition);
        };
        let known = known.filter(|known| known.batch < log.next_batch());
        let chain = known.as_ref().and_then(|known| known.chain(partition));
        match (known, chain) {
            (Some(known), Some(chain)) => Ok(Opened::Mine(Box::new(Mirror {
                is_unproven: known.last_offset.is_some(),
                read_to: known.read_to,
                last_offset: known.last_offset,
                ..Mirror::new(log, chain, mark)
            }))),
            _ => {
                drop(log);
                self.open_anew(partition)
            }
        }
    }

    fn open_anew(&self, partition: u16) -> Result<Opened> {
        self.remove(partition)?;
        let dir = self.dir(PartitionNo(partition));
        let failed = |source| of_mirror(&dir, source);
        let data = self.data(partition).map_err(failed)?;
        let lock = data.lock().map_err(failed)?;
        let log = Log::open(&data, lock, options()).map_err(failed)?;
        let chain = RecordChain::new(partition);
        let mirror = Mirror::new(log, chain, self.mark(partition));
        Ok(Opened::Mine(Box::new(mirror)))
    }

    /// The data directory of a mirror, made where it is missing.
    fn data(&self, partition: u16) -> std::result::Result<DataDir, JournalError> {
        let dir = self.dir(PartitionNo(partition));
        if DataDir::is_at(&dir) {
            return DataDir::open(&dir);
        }
        let creation = Creation {
            partitions: self.deployment.partitions,
            created_by: concat!("umbral ", env!("CARGO_PKG_VERSION"), " mirror").to_owned(),
        };
        DataDir::create(&dir, &creation)
    }

    fn remove(&self, partition: u16) -> Result<()> {
        let (dir, mark) = (self.dir(PartitionNo(partition)), self.mark(partition));
        for (path, removed) in [
            (&mark, fs::remove_file(&mark)),
            (&dir, fs::remove_dir_all(&dir)),
        ] {
            match removed {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(of_file(path, error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Waits until other processes have extended mirrors as far as this one needs them.
    fn wait_for_others(&self, mut left: BTreeMap<u16, i64>) -> Result<()> {
        let started = Instant::now();
        loop {
            left.retain(|partition, end| {
                let mark = Mark::read(&self.mark(*partition));
                mark.is_none_or(|mark| mark.read_to < *end)
            });
            let Some(partition) = left.keys().next() else {
                return Ok(());
            };
            if started.elapsed() > OTHERS {
                let dir = self.dir(PartitionNo(*partition));
                return Err(Error::Late {
                    what: format!("another process did not bring {} up to date", dir.display()),
                    seconds: OTHERS.as_secs(),
                    hint: "is it stopped? end it, and run the command again",
                });
            }
            std::thread::park_timeout(LOOK);
        }
    }
}

/// How much was read, and of how much.
#[derive(Default)]
struct Pace {
    read: u64,
    total: u64,
}

/// Mirrors that are kept open and extended again and again.
pub struct Following<'m> {
    mirrors: &'m Mirrors,
    ends: Ends,
    partitions: Vec<PartitionNo>,
    open: BTreeMap<u16, Mirror>,
}

impl Following<'_> {
    /// Extends the mirrors to what is committed now.
    ///
    /// # Errors
    /// As [`Mirrors::extend`].
    pub fn extend(&mut self) -> Result<()> {
        let mut wanted = self.mirrors.ends_of(&self.ends, &self.partitions)?;
        wanted.retain(|partition, (_, end)| {
            let known = self.open.get(partition);
            known.is_none_or(|mirror| mirror.read_to < *end)
        });
        let mut pace = Pace::default();
        let (mirrors, ends) = (self.mirrors, &self.ends);
        mirrors.extend_open(ends, &mut self.open, &wanted, &mut pace, &mut |_, _| {})?;
        Ok(())
    }
}

impl Mirror {
    fn new(log: Log, chain: RecordChain, mark: PathBuf) -> Mirror {
        Mirror {
            log,
            chain,
            read_to: 0,
            last_offset: None,
            is_unproven: false,
            is_unfit: false,
            unnoted: 0,
            mark,
        }
    }

    /// Where the journal is to be read from: the last record is read again, to see that it is the same.
    fn starts_at(&self) -> i64 {
        match self.last_offset {
            Some(last) if self.is_unproven => last,
            _ => self.read_to,
        }
    }

    /// Takes the next record; gives how many offsets it moved on.
    fn take(&mut self, message: &BorrowedMessage<'_>, topic: &str, dir: &Path) -> Result<u64> {
        let (offset, bytes) = (message.offset(), payload(message));
        if self.is_unfit {
            return Ok(0);
        }
        if self.is_unproven {
            let same = RecordChain::after(bytes).is_ok_and(|chain| chain == self.chain);
            self.is_unproven = false;
            self.is_unfit = !same || Some(offset) != self.last_offset;
            return Ok(0);
        }
        let record = self.chain.read(bytes).map_err(|error| Error::Journal {
            topic: topic.to_owned(),
            partition: PartitionNo(self.chain.partition),
            offset,
            source: Box::new(error.into()),
        })?;
        // What was written before it was noted is there already.
        if record.batch >= self.log.next_batch() {
            let frame = FrameToAppend {
                partition: self.chain.partition,
                count: record.count,
                payload: record.payload,
            };
            let frames = std::slice::from_ref(&frame);
            let frames = if record.payload.is_empty() {
                &[]
            } else {
                frames
            };
            let appended = self.log.append_batch(frames, record.control);
            let batch = appended.map_err(|source| of_mirror(dir, source))?;
            debug_assert_eq!(batch, record.batch, "both count the same batches");
        }
        let moved = (offset + 1 - self.read_to).max(0).unsigned_abs();
        self.last_offset = Some(offset);
        self.read_to = offset + 1;
        self.unnoted += bytes.len();
        if self.unnoted >= NOTED_EVERY {
            self.note()?;
        }
        Ok(moved)
    }

    /// Notes how far it has come.
    fn note(&mut self) -> Result<()> {
        if self.is_unfit || self.is_unproven {
            return Ok(());
        }
        self.unnoted = 0;
        let fresh = self.mark.with_extension("tmp");
        let text = serde_json::to_vec(&Mark::of(self)).map_err(|_| Error::Defect)?;
        fs::write(&fresh, text).map_err(|error| of_file(&fresh, error))?;
        fs::rename(&fresh, &self.mark).map_err(|error| of_file(&self.mark, error))
    }

    fn close(mut self, dir: &Path) -> Result<()> {
        self.note()?;
        self.log.close().map_err(|source| of_mirror(dir, source))
    }
}

/// Makes a folder that nobody else reads: what is in a journal is personal.
fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

/// Without syncing: what a crash of the machine takes from a mirror is read again.
fn options() -> LogOptions {
    LogOptions {
        segment_bytes: SEGMENT_BYTES,
        allocation_bytes: 0,
        sync: false,
    }
}

fn is_locked(error: &JournalError) -> bool {
    matches!(error, JournalError::Locked { .. })
}

fn of_mirror(dir: &Path, source: JournalError) -> Error {
    Error::Mirror {
        dir: dir.to_owned(),
        source: Box::new(source),
    }
}

fn of_file(path: &Path, source: io::Error) -> Error {
    Error::File {
        path: path.to_owned(),
        source,
    }
}

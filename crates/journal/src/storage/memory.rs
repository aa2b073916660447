//! A disk in memory with faults on order: short and failing writes, failing syncs, no space, and crashes
//! that keep any choice of the pages that were not synced. For tests and the simulator.

use super::{LockGuard, Storage, StorageFile};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const PAGE_BYTES: usize = 4096;

/// What a write does instead of writing everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteFault {
    /// Takes this many octets and says so.
    Short(usize),
    /// Takes this many octets and fails.
    Torn(usize, io::ErrorKind),
}

/// A disk in memory. Clones share the same disk.
#[derive(Clone, Debug, Default)]
pub struct MemoryDisk(Arc<Mutex<Disk>>);

#[derive(Debug, Default)]
struct Disk {
    files: Vec<Inode>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    dirs: BTreeSet<PathBuf>,
    locks: BTreeMap<PathBuf, String>,
    capacity: Option<usize>,
    // Operations left until the fault; the fault follows the last of them.
    write_fault: Option<(u64, WriteFault)>,
    sync_fault: Option<u64>,
    syncs: u64,
    operation_fault: Option<(u64, io::ErrorKind)>,
    operations: u64,
    read_limit: Option<usize>,
}

#[derive(Clone, Debug, Default)]
struct Inode {
    current: Vec<u8>,
    durable: Vec<u8>,
}

struct MemoryFile {
    disk: MemoryDisk,
    inode: usize,
}

struct MemoryLock {
    disk: MemoryDisk,
    path: PathBuf,
}

impl LockGuard for MemoryLock {}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        self.disk.state().locks.remove(&self.path);
    }
}

impl MemoryDisk {
    /// An empty disk without faults.
    pub fn new() -> MemoryDisk {
        MemoryDisk::default()
    }

    fn state(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets `writes` more writes pass and the one after them fail.
    pub fn fail_write_after(&self, writes: u64, fault: WriteFault) {
        self.state().write_fault = Some((writes, fault));
    }

    /// Lets `syncs` more syncs pass (of files and directories) and the one after them fail: it makes
    /// nothing durable.
    pub fn fail_sync_after(&self, syncs: u64) {
        self.state().sync_fault = Some(syncs);
    }

    /// Lets `operations` more operations pass (everything but reading) and the one after them fail: it
    /// changes nothing.
    pub fn fail_operation_after(&self, operations: u64, kind: io::ErrorKind) {
        self.state().operation_fault = Some((operations, kind));
    }

    /// A read gives this many octets at most, as the system may.
    pub fn limit_reads(&self, octets: usize) {
        self.state().read_limit = Some(octets);
    }

    /// Operations so far, those that failed included.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// Takes all faults back, the capacity included.
    pub fn heal(&self) {
        let mut disk = self.state();
        disk.write_fault = None;
        disk.sync_fault = None;
        disk.operation_fault = None;
        disk.read_limit = None;
        disk.capacity = None;
    }

    /// The disk is full when all files together hold this many octets.
    pub fn set_capacity(&self, octets: usize) {
        self.state().capacity = Some(octets);
    }

    /// Octets of all files.
    pub fn used(&self) -> usize {
        self.state().used()
    }

    /// Syncs so far, of files and directories.
    pub fn syncs(&self) -> u64 {
        self.state().syncs
    }

    /// A copy of a file's content as it is now; `None` if there is no such file.
    pub fn content(&self, path: &Path) -> Option<Vec<u8>> {
        let disk = self.state();
        let inode = *disk.names.get(path)?;
        Some(disk.files[inode].current.clone())
    }

    /// Sets a file's content, durably, from outside: damage on order.
    pub fn overwrite(&self, path: &Path, content: Vec<u8>) {
        let mut disk = self.state();
        let inode = match disk.names.get(path) {
            Some(inode) => *inode,
            None => disk.add(path),
        };
        disk.files[inode] = Inode {
            current: content.clone(),
            durable: content,
        };
        disk.durable_names.insert(path.to_owned(), inode);
    }

    /// Takes a file away, durably, from outside.
    pub fn take_away(&self, path: &Path) {
        let mut disk = self.state();
        disk.names.remove(path);
        disk.durable_names.remove(path);
    }

    /// The disk as another start finds it after a power cut: synced names and content, and of the pages
    /// that were not synced those for which `keep` (asked in order of file and page) says so.
    pub fn after_power_cut(&self, mut keep: impl FnMut() -> bool) -> MemoryDisk {
        let disk = self.state();
        let mut files = disk.files.clone();
        for inode in &mut files {
            inode.settle(&mut keep);
        }
        MemoryDisk(Arc::new(Mutex::new(Disk {
            files,
            names: disk.durable_names.clone(),
            durable_names: disk.durable_names.clone(),
            dirs: disk.dirs.clone(),
            ..Disk::default()
        })))
    }

    /// The disk as another start finds it after the process died: all that was written is there.
    pub fn after_kill(&self) -> MemoryDisk {
        let disk = self.state();
        MemoryDisk(Arc::new(Mutex::new(Disk {
            files: disk.files.clone(),
            names: disk.names.clone(),
            durable_names: disk.durable_names.clone(),
            dirs: disk.dirs.clone(),
            ..Disk::default()
        })))
    }
}

impl Inode {
    fn settle(&mut self, keep: &mut impl FnMut() -> bool) {
        let mut settled = self.durable.clone();
        if self.current.len() < settled.len() && keep() {
            settled.truncate(self.current.len());
        }
        for start in (0..self.current.len()).step_by(PAGE_BYTES) {
            let end = self.current.len().min(start + PAGE_BYTES);
            let page = &self.current[start..end];
            if settled.get(start..end) == Some(page) || !keep() {
                continue;
            }
            if settled.len() < end {
                settled.resize(end, 0);
            }
            settled[start..end].copy_from_slice(page);
        }
        self.current = settled.clone();
        self.durable = settled;
    }
}

impl Disk {
    fn used(&self) -> usize {
        let live = self.names.values().map(|inode| &self.files[*inode]);
        live.map(|inode| inode.current.len()).sum()
    }

    fn add(&mut self, path: &Path) -> usize {
        self.files.push(Inode::default());
        self.names.insert(path.to_owned(), self.files.len() - 1);
        self.files.len() - 1
    }

    fn find(&self, path: &Path) -> io::Result<usize> {
        self.names
            .get(path)
            .copied()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn count_operation(&mut self) -> io::Result<()> {
        self.operations += 1;
        match &mut self.operation_fault {
            Some((0, kind)) => {
                let kind = *kind;
                self.operation_fault = None;
                Err(kind.into())
            }
            Some((left, _)) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn count_sync(&mut self) -> io::Result<()> {
        self.syncs += 1;
        match &mut self.sync_fault {
            Some(0) => {
                self.sync_fault = None;
                Err(io::Error::other("injected sync failure"))
            }
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn due_write_fault(&mut self) -> Option<WriteFault> {
        match &mut self.write_fault {
            Some((0, fault)) => {
                let fault = *fault;
                self.write_fault = None;
                Some(fault)
            }
            Some((left, _)) => {
                *left -= 1;
                None
            }
            None => None,
        }
    }

    fn put(&mut self, inode: usize, offset: usize, bytes: &[u8]) -> io::Result<()> {
        let growth = (offset + bytes.len()).saturating_sub(self.files[inode].current.len());
        if self
            .capacity
            .is_some_and(|limit| self.used() + growth > limit)
        {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let content = &mut self.files[inode].current;
        if content.len() < offset + bytes.len() {
            content.resize(offset + bytes.len(), 0);
        }
        content[offset..offset + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }
}

impl Storage for MemoryDisk {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut disk = self.state();
        disk.count_operation()?;
        disk.dirs.insert(path.to_owned());
        Ok(())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn StorageFile>> {
        let mut disk = self.state();
        disk.count_operation()?;
        let inode = disk.add(path);
        Ok(Box::new(MemoryFile {
            disk: self.clone(),
            inode,
        }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn StorageFile>> {
        let inode = self.state().find(path)?;
        Ok(Box::new(MemoryFile {
            disk: self.clone(),
            inode,
        }))
    }

    fn open_for_writing(&self, path: &Path) -> io::Result<Box<dyn StorageFile>> {
        self.state().count_operation()?;
        self.open(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut disk = self.state();
        disk.count_operation()?;
        let inode = disk.find(from)?;
        disk.names.remove(from);
        disk.names.insert(to.to_owned(), inode);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut disk = self.state();
        disk.count_operation()?;
        disk.find(path)?;
        disk.names.remove(path);
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let disk = self.state();
        if !disk.dirs.contains(dir) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let entries = disk.names.keys().chain(&disk.dirs);
        let names: BTreeSet<String> = entries
            .filter(|path| path.parent() == Some(dir))
            .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
            .collect();
        Ok(names.into_iter().collect())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut disk = self.state();
        disk.count_operation()?;
        disk.count_sync()?;
        disk.durable_names
            .retain(|path, _| path.parent() != Some(dir));
        let here: Vec<(PathBuf, usize)> = disk
            .names
            .iter()
            .filter(|(path, _)| path.parent() == Some(dir))
            .map(|(path, inode)| (path.clone(), *inode))
            .collect();
        disk.durable_names.extend(here);
        Ok(())
    }

    fn lock(&self, path: &Path, holder: &str) -> io::Result<Box<dyn LockGuard>> {
        let mut disk = self.state();
        disk.count_operation()?;
        if disk.locks.contains_key(path) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        disk.locks.insert(path.to_owned(), holder.to_owned());
        Ok(Box::new(MemoryLock {
            disk: self.clone(),
            path: path.to_owned(),
        }))
    }

    // No time passes on this disk.
    fn pause(&self, _time: Duration) {}
}

impl StorageFile for MemoryFile {
    fn size(&self) -> io::Result<u64> {
        Ok(self.disk.state().files[self.inode].current.len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let disk = self.disk.state();
        let content = &disk.files[self.inode].current;
        let rest = content.get(offset as usize..).unwrap_or_default();
        let most = disk.read_limit.unwrap_or(usize::MAX);
        let count = rest.len().min(buffer.len()).min(most);
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let mut disk = self.disk.state();
        disk.count_operation()?;
        let (count, error) = match disk.due_write_fault() {
            None => (bytes.len(), None),
            Some(WriteFault::Short(count)) => (count.min(bytes.len()), None),
            Some(WriteFault::Torn(count, kind)) => (count.min(bytes.len()), Some(kind)),
        };
        disk.put(self.inode, offset as usize, &bytes[..count])?;
        match error {
            Some(kind) => Err(kind.into()),
            None => Ok(count),
        }
    }

    fn truncate(&mut self, size: u64) -> io::Result<()> {
        let mut disk = self.disk.state();
        disk.count_operation()?;
        disk.files[self.inode].current.resize(size as usize, 0);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut disk = self.disk.state();
        disk.count_operation()?;
        disk.count_sync()?;
        let inode = &mut disk.files[self.inode];
        inode.durable = inode.current.clone();
        Ok(())
    }
}

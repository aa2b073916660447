//! The port behind which files stand, so that tests and the simulator can run the same code on a disk that
//! tears, fails, fills up and forgets.

mod memory;
mod real;

pub use memory::{MemoryDisk, WriteFault};
pub use real::RealDisk;

use std::io;
use std::path::Path;
use std::time::Duration;

/// A file system, as far as the journal needs one.
pub trait Storage: Send + Sync {
    /// Creates a directory and its parents; one that exists is no error.
    fn create_dir(&self, path: &Path) -> io::Result<()>;

    /// Creates an empty file for reading and writing; an older one of that name is emptied.
    fn create(&self, path: &Path) -> io::Result<Box<dyn StorageFile>>;

    /// Opens a file for reading.
    fn open(&self, path: &Path) -> io::Result<Box<dyn StorageFile>>;

    /// Opens an existing file for reading and writing.
    fn open_for_writing(&self, path: &Path) -> io::Result<Box<dyn StorageFile>>;

    /// Renames a file, replacing one of the new name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Names of the entries of a directory, in order of name.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;

    /// Makes the names in a directory durable.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// Takes the exclusive lock on a file (created if missing) and writes `holder` into it.
    ///
    /// Never waits: the error kind is `WouldBlock` when somebody else holds it.
    fn lock(&self, path: &Path, holder: &str) -> io::Result<Box<dyn LockGuard>>;

    /// Waits, for a writer beside us to get on.
    fn pause(&self, time: Duration);
}

/// A lock that ends when this is dropped.
pub trait LockGuard: Send + Sync {}

/// An open file.
pub trait StorageFile: Send {
    /// Size in octets.
    fn size(&self) -> io::Result<u64>;

    /// Reads at an offset; fewer octets than asked for are possible, 0 at the end.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes at an offset; fewer octets than given are possible.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize>;

    /// Cuts the file at `size`.
    fn truncate(&mut self, size: u64) -> io::Result<()>;

    /// Makes content and size durable (fdatasync).
    fn sync(&mut self) -> io::Result<()>;
}

/// Writes all of `bytes`, going on after short writes.
pub fn write_all_at(file: &mut dyn StorageFile, offset: u64, bytes: &[u8]) -> io::Result<()> {
    let mut written = 0;
    while written < bytes.len() {
        match file.write_at(offset + written as u64, &bytes[written..]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => written += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads until `buffer` is full or the file ends; returns how much was read.
pub fn read_full_at(file: &dyn StorageFile, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while read < buffer.len() {
        match file.read_at(offset + read as u64, &mut buffer[read..]) {
            Ok(0) => break,
            Ok(count) => read += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

/// Reads a whole small file.
pub fn read_file(storage: &dyn Storage, path: &Path) -> io::Result<Vec<u8>> {
    let file = storage.open(path)?;
    let mut bytes = vec![0u8; file.size()? as usize];
    let got = read_full_at(file.as_ref(), 0, &mut bytes)?;
    bytes.truncate(got);
    Ok(bytes)
}

/// Replaces a small file durably: written aside, synced, renamed, directory synced. After a crash either
/// the old or the new content is there.
pub fn replace_file(storage: &dyn Storage, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut aside_name = path.file_name().unwrap_or_default().to_owned();
    aside_name.push(".tmp");
    let aside = path.with_file_name(aside_name);
    let mut file = storage.create(&aside)?;
    write_all_at(file.as_mut(), 0, bytes)?;
    file.sync()?;
    storage.rename(&aside, path)?;
    match path.parent() {
        Some(dir) => storage.sync_dir(dir),
        None => Ok(()),
    }
}

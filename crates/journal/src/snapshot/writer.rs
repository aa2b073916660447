//! Writing a snapshot: parts first, aside; then their name; then the manifest, which makes it count.

use super::manifest::Manifest;
use super::{ASIDE_SUFFIX, PARTS_HEAD_BYTES, Part, SnapshotError, Snapshots, Versions, parts_head};
use crate::mark::JournalMark;
use crate::storage::{StorageFile, replace_file, write_all_at};
use std::path::PathBuf;

/// Octets that are gathered before they are written.
const WRITE_BYTES: usize = 1 << 20;
/// Octets after which the file is synced: the log's own syncs must not wait behind gigabytes at the end.
const SYNC_BYTES: u64 = 32 << 20;

/// A snapshot that is being written. Dropped before [`SnapshotWriter::finish`] it leaves nothing that counts.
pub struct SnapshotWriter {
    snapshots: Snapshots,
    number: u64,
    path: PathBuf,
    file: Box<dyn StorageFile>,
    parts: Vec<Part>,
    buffer: Vec<u8>,
    written: u64,
    synced: u64,
}

impl SnapshotWriter {
    pub(super) fn begin(
        snapshots: Snapshots,
        number: u64,
    ) -> Result<SnapshotWriter, SnapshotError> {
        let mut path = snapshots.parts_path(number).into_os_string();
        path.push(ASIDE_SUFFIX);
        let path = PathBuf::from(path);
        let file = snapshots
            .storage
            .create(&path)
            .map_err(|error| SnapshotError::io(&path, &error))?;
        Ok(SnapshotWriter {
            snapshots,
            number,
            path,
            file,
            parts: Vec::new(),
            buffer: parts_head(number).to_vec(),
            written: 0,
            synced: 0,
        })
    }

    /// The snapshot's number.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Octets of the parts so far.
    pub fn bytes(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// Appends a part.
    ///
    /// # Errors
    /// A part longer than 4 GiB, or what the file system says.
    pub fn put(
        &mut self,
        (kind, partition): (u8, u16),
        items: usize,
        as_of: u64,
        content: &[u8],
    ) -> Result<(), SnapshotError> {
        let too_large = || SnapshotError::new(&self.path, "a part is too large");
        self.parts.push(Part {
            kind,
            partition,
            items: u32::try_from(items).map_err(|_| too_large())?,
            as_of,
            offset: self.bytes(),
            length: u32::try_from(content.len()).map_err(|_| too_large())?,
            crc: crc32c::crc32c(content),
        });
        self.buffer.extend_from_slice(content);
        if self.buffer.len() >= WRITE_BYTES {
            self.write()?;
        }
        Ok(())
    }

    /// Makes the parts durable, and then the manifest. The journal must hold the mark durably by now.
    ///
    /// # Errors
    /// What the file system says. The snapshot does not count then, or counts as a whole.
    pub fn finish(mut self, versions: Versions, mark: JournalMark) -> Result<(), SnapshotError> {
        debug_assert!(
            mark.batch() >= self.number,
            "the mark is not before the beginning"
        );
        self.write()?;
        self.sync()?;
        let (snapshots, number) = (&self.snapshots, self.number);
        let manifest = snapshots.manifest_path(number);
        // One that stood there under the same number, and was of no use, must not meet the new parts.
        snapshots.remove(&manifest)?;
        snapshots.sync_dir()?;
        let parts = snapshots.parts_path(number);
        snapshots
            .storage
            .rename(&self.path, &parts)
            .map_err(|error| SnapshotError::io(&parts, &error))?;
        snapshots.sync_dir()?;
        let bytes = Manifest {
            number,
            versions,
            parts_bytes: self.written,
            mark,
            parts: self.parts,
        }
        .encode();
        replace_file(snapshots.storage.as_ref(), &manifest, &bytes)
            .map_err(|error| SnapshotError::io(&manifest, &error))
    }

    fn write(&mut self) -> Result<(), SnapshotError> {
        write_all_at(self.file.as_mut(), self.written, &self.buffer)
            .map_err(|error| SnapshotError::io(&self.path, &error))?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        if self.written - self.synced >= SYNC_BYTES {
            self.sync()?;
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), SnapshotError> {
        self.file
            .sync()
            .map_err(|error| SnapshotError::io(&self.path, &error))?;
        self.synced = self.written;
        Ok(())
    }
}

const _: () = assert!(PARTS_HEAD_BYTES < WRITE_BYTES as u64);

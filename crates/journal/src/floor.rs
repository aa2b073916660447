//! The floor that benchmarks compare the log with: the same bytes, appended to a plain file.

use crate::error::JournalError;
use crate::storage::{RealDisk, Storage, StorageFile, write_all_at};
use std::path::{Path, PathBuf};

/// A plain file that bytes are appended to, nothing else.
pub struct RawFile {
    file: Box<dyn StorageFile>,
    path: PathBuf,
    end: u64,
}

impl RawFile {
    /// Creates the file, or empties it; `zeros_ahead` octets of zeros are written and synced first.
    pub fn create(path: &Path, zeros_ahead: u64) -> Result<RawFile, JournalError> {
        let fail = |error| JournalError::io("write", path, error);
        let mut file = RealDisk.create(path).map_err(fail)?;
        let zeros = vec![0u8; 1 << 20];
        let mut at = 0;
        while at < zeros_ahead {
            let count = (zeros_ahead - at).min(zeros.len() as u64);
            write_all_at(file.as_mut(), at, &zeros[..count as usize]).map_err(fail)?;
            at += count;
        }
        file.sync().map_err(fail)?;
        Ok(RawFile {
            file,
            path: path.to_owned(),
            end: 0,
        })
    }

    /// Appends bytes; with `sync`, they are durable on return.
    pub fn append(&mut self, bytes: &[u8], sync: bool) -> Result<(), JournalError> {
        let fail = |error| JournalError::io("write", &self.path, error);
        write_all_at(self.file.as_mut(), self.end, bytes).map_err(fail)?;
        self.end += bytes.len() as u64;
        if sync {
            self.file.sync().map_err(fail)?;
        }
        Ok(())
    }
}

//! `copying.json`: a data directory that is being made from another one. It is written before anything else and
//! removed after `umbral.json` is there, so a directory with it and without that is no deployment.

use crate::error::JournalError;
use crate::mark::JournalMark;
use crate::storage::{Storage, read_file, replace_file};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;

pub(crate) const FILE: &str = "copying.json";

/// What is known of a directory that is being made.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Unfinished {
    /// Partitions that it is to have.
    pub(crate) partitions: u16,
    /// The source's last batch when the copy began, or went on.
    batch: u64,
    /// The source's hash chains there: sequence and hash of each, in hexadecimal digits.
    heads: String,
}

impl Unfinished {
    /// A place that the source must hold.
    pub(crate) fn mark(&self) -> Result<JournalMark, JournalError> {
        let digits = self.heads.as_bytes().chunks(2);
        let bytes: Option<Vec<u8>> = digits
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect();
        let bytes = bytes.ok_or_else(|| unreadable("its chains are none".into()))?;
        Ok(JournalMark::decode(self.batch, &bytes))
    }
}

/// What was left in a directory; none if nothing is being made there.
pub(crate) fn read(storage: &dyn Storage, dir: &Path) -> Result<Option<Unfinished>, JournalError> {
    let path = dir.join(FILE);
    let bytes = match read_file(storage, &path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(|error| JournalError::io("read", &path, error))?,
    };
    let left = serde_json::from_slice(&bytes);
    left.map(Some)
        .map_err(|error| unreadable(error.to_string()))
}

/// Notes that a directory is being made, durably.
pub(crate) fn write(
    storage: &dyn Storage,
    dir: &Path,
    partitions: u16,
    mark: &JournalMark,
) -> Result<(), JournalError> {
    let path = dir.join(FILE);
    let mut heads = Vec::new();
    mark.encode_heads(&mut heads);
    let left = Unfinished {
        partitions,
        batch: mark.batch(),
        heads: heads.iter().map(|byte| format!("{byte:02x}")).collect(),
    };
    let text =
        serde_json::to_string_pretty(&left).map_err(|error| unreadable(error.to_string()))?;
    replace_file(storage, &path, format!("{text}\n").as_bytes())
        .map_err(|error| JournalError::io("write", &path, error))
}

/// Forgets that a directory was being made: it is whole.
pub(crate) fn remove(storage: &dyn Storage, dir: &Path) -> Result<(), JournalError> {
    let path = dir.join(FILE);
    let removed = storage.remove(&path).and_then(|()| storage.sync_dir(dir));
    removed.map_err(|error| JournalError::io("remove", &path, error))
}

fn unreadable(what: String) -> JournalError {
    JournalError::Unreadable {
        path: FILE.into(),
        what,
    }
}

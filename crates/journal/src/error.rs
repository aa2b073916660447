//! What can go wrong between the journal and the disk: every error names the place and the mend.

use crate::archive::ArchivedSegment;
use crate::segment;
use std::io;
use std::path::{Path, PathBuf};
use umbral_store::StoreError;

/// An error of the journal. The cause of an I/O error is its `source`.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// No data directory there.
    #[error(
        "{} is not a data directory: umbral.json is missing; create one with `umbral init --data {}`",
        .path.display(), .path.display()
    )]
    NotADataDir {
        /// The directory.
        path: PathBuf,
    },
    /// A data directory is there already.
    #[error("{} is a data directory already; use it, or choose another path", .path.display())]
    AlreadyADataDir {
        /// The directory.
        path: PathBuf,
    },
    /// Something else is there.
    #[error("{} is not empty; choose a new or an empty directory", .path.display())]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// A directory that is being made, or whose making was broken off.
    #[error(
        "{} is an unfinished copy; run the same `umbral copy` again, or delete the directory",
        .path.display()
    )]
    Unfinished {
        /// The directory.
        path: PathBuf,
    },
    /// An unfinished copy of something else.
    #[error(
        "{} is an unfinished copy of another data directory, or with another number of partitions; go on with that \
         one, or delete the directory",
        .path.display()
    )]
    OtherCopy {
        /// The directory.
        path: PathBuf,
    },
    /// A partition count outside the range.
    #[error("{found} partitions are not possible; choose 1 to {max}")]
    BadPartitions {
        /// What was asked for.
        found: u32,
        /// The most there can be.
        max: u16,
    },
    /// Written by a newer program.
    #[error(
        "{} has format version {found}, this program knows {known}; use a newer umbral",
        .path.display()
    )]
    UnknownFormat {
        /// The file.
        path: PathBuf,
        /// Version in the file.
        found: u32,
        /// Newest version of this program.
        known: u32,
    },
    /// A settings file or manifest that cannot be read.
    #[error("{} cannot be read: {what}; restore it from a backup", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Another process holds the directory.
    #[error(
        "{} is in use by another process{}; stop it first, or use another data directory",
        .path.display(), .holder
    )]
    Locked {
        /// The directory.
        path: PathBuf,
        /// ` (pid 123)` where it is known, empty otherwise.
        holder: String,
    },
    /// The operating system refused.
    #[error("cannot {doing} {}: {}", .path.display(), mend_of(.source))]
    Io {
        /// What was being done, as a verb.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Bytes that no crash of ours can explain.
    #[error(
        "{} is damaged at offset {offset}: {what}; nothing was changed; restore the file from a backup",
        .path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Offset of the frame or header, in bytes from the start of the file.
        offset: u64,
        /// What is wrong there.
        what: String,
    },
    /// A segment is not there although others or the manifest say that it was.
    #[error("{} is missing; restore the file from a backup", .path.display())]
    SegmentMissing {
        /// The file.
        path: PathBuf,
    },
    /// A segment ends before its content does.
    #[error(
        "{} was cut short: {what}; it ends at offset {size}; restore the file from a backup",
        .path.display()
    )]
    SegmentShort {
        /// The file.
        path: PathBuf,
        /// What was expected.
        what: String,
        /// Its size in bytes.
        size: u64,
    },
    /// A segment that is in the archive, says the list, is not there.
    #[error(
        "segment {segment} is archived, and {object} is not in {url}; put the object back there, or restore \
         {file} into the log from a backup; umbral explain A-0001"
    )]
    ArchivedMissing {
        /// The segment.
        segment: u64,
        /// Name of its object.
        object: String,
        /// Address of the archive.
        url: String,
        /// Name of its file in the log.
        file: String,
    },
    /// An archived segment came back as something else.
    #[error(
        "the archived segment {segment} is damaged: {object} in {url}: {what}; nothing was changed; put the \
         object back from a backup; umbral explain A-0002"
    )]
    ArchivedDamaged {
        /// The segment.
        segment: u64,
        /// Name of its object.
        object: String,
        /// Address of the archive.
        url: String,
        /// What is wrong with it.
        what: String,
    },
    /// The archive does not answer, or not to us.
    #[error(
        "the archive cannot be used: {what}; check its address, the network and the keys, then try again; \
         umbral explain A-0003"
    )]
    ArchiveUnusable {
        /// What is wrong.
        what: String,
    },
    /// Segments are archived at another address, and not all of them are at this one.
    #[error(
        "segments are archived in {known}, and {given} does not hold all of them: {what}; copy the objects \
         there first, or go on with {known}; umbral explain A-0004"
    )]
    OtherArchive {
        /// Address in the list.
        known: String,
        /// Address that was given.
        given: String,
        /// What is wrong with it.
        what: String,
    },
    /// An earlier error made the state on disk uncertain.
    #[error(
        "the journal stopped after an error ({cause}); nothing accepted is lost; \
         mend the cause and start again"
    )]
    Stopped {
        /// The first error.
        cause: String,
    },
    /// A batch that the format cannot hold: an error of the caller.
    #[error("the batch cannot be journaled: {what}")]
    BadBatch {
        /// What is wrong with it.
        what: String,
    },
}

impl JournalError {
    pub(crate) fn io(doing: &'static str, path: &Path, source: io::Error) -> JournalError {
        JournalError::Io {
            doing,
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn damaged(path: &Path, offset: u64, what: impl Into<String>) -> JournalError {
        JournalError::Damaged {
            path: path.to_owned(),
            offset,
            what: what.into(),
        }
    }

    /// What a store said of an archived segment.
    pub(crate) fn of_store(wanted: &ArchivedSegment, error: StoreError) -> JournalError {
        match error {
            StoreError::Missing { url, name } => JournalError::ArchivedMissing {
                segment: wanted.number,
                object: name,
                url,
                file: segment::file_name(wanted.number),
            },
            StoreError::Caller(error) => JournalError::ArchiveUnusable {
                what: format!("segment {}: {error}", wanted.number),
            },
            error => JournalError::of_address(error),
        }
    }

    /// What a store said of itself, with all that caused it.
    pub(crate) fn of_address(error: StoreError) -> JournalError {
        let mut what = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            what = format!("{what}: {}", one_line(&cause.to_string()));
            source = cause.source();
        }
        JournalError::ArchiveUnusable { what }
    }

    /// Whether the disk (or the quota) is full: the one error after which the same log may be used on,
    /// once there is space again.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, JournalError::Io { source, .. } if is_full(source.kind()))
    }
}

/// Answers of stores have many lines, and the message's own marks in them.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").replace("; ", ", ")
}

fn is_full(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

fn mend_of(source: &io::Error) -> &'static str {
    match source.kind() {
        kind if is_full(kind) => {
            "the disk is full; free some space and start again, nothing accepted is lost"
        }
        io::ErrorKind::PermissionDenied => "not permitted; give this user the right to it",
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only; mount it writable",
        io::ErrorKind::NotFound => "it is not there; check the path",
        io::ErrorKind::NotADirectory => "a part of the path is a file; check the path",
        _ => "the system refused; check the disk and its log",
    }
}

//! What is wrong with a file as a whole. Records before the place are good and stay taken.

use crate::codes;
use core::fmt;

/// A file that cannot be read, or not to its end.
#[derive(Debug)]
pub struct ReadError {
    /// `I-dddd`.
    pub code: &'static str,
    /// The file's name, with the place in it where one is known.
    pub place: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub mend: String,
    /// What the operating system or the decompressor said.
    pub cause: Option<std::io::Error>,
}

impl ReadError {
    pub(crate) fn new(
        code: &'static str,
        place: impl Into<String>,
        what: impl Into<String>,
        mend: impl Into<String>,
    ) -> ReadError {
        ReadError {
            code,
            place: place.into(),
            what: what.into(),
            mend: mend.into(),
            cause: None,
        }
    }

    /// A failed read: of a file on disk, or of compressed data that does not add up.
    pub(crate) fn io(
        place: impl Into<String>,
        error: std::io::Error,
        compressed: bool,
    ) -> ReadError {
        let damaged = compressed && error.raw_os_error().is_none();
        let mut read_error = if damaged {
            ReadError::new(
                codes::DAMAGED,
                place,
                "the compressed data is damaged or cut off",
                "fetch the file again, and ingest it again",
            )
        } else {
            ReadError::new(
                codes::UNREADABLE_FILE,
                place,
                "the file cannot be read",
                "check that it exists, is a file, and may be read",
            )
        };
        read_error.cause = Some(error);
        read_error
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: error[{}]: {}", self.place, self.code, self.what)?;
        if let Some(cause) = &self.cause {
            write!(f, ": {cause}")?;
        }
        write!(f, "\n  = {}", self.mend)
    }
}

impl std::error::Error for ReadError {}

//! Bytes of a file or stream, decompressed, counted and hashed.

use super::ReadError;
use flate2::bufread::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use xxhash_rust::xxh3::Xxh3;

/// Bytes read at once.
const BUFFER: usize = 256 * 1024;

/// Decompressed bytes.
pub(super) type Bytes = Box<dyn BufRead + Send>;

/// How a file is compressed, by its extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Gzip,
    Zstd,
}

/// Splits `usage.csv.gz` into its compression and the extension below it, in lower case.
pub(super) fn extensions(name: &str) -> (Compression, String) {
    let lower = name.to_ascii_lowercase();
    let (stem, last) = lower.rsplit_once('.').unwrap_or((&lower, ""));
    let inner = || {
        stem.rsplit_once('.')
            .map_or("", |(_, extension)| extension)
            .to_owned()
    };
    match last {
        "gz" | "gzip" => (Compression::Gzip, inner()),
        "zst" | "zstd" => (Compression::Zstd, inner()),
        other => (Compression::None, other.to_owned()),
    }
}

/// A file or standard input, open for reading from its start.
pub(super) struct Opened {
    pub(super) bytes: Bytes,
    /// Bytes read of the file as it lies on disk.
    pub(super) read: Arc<AtomicU64>,
    pub(super) total: Option<u64>,
    pub(super) compressed: bool,
}

/// Whether it can be read only once: standard input, a pipe.
pub(super) fn is_stream(name: &str) -> bool {
    name == "-" || std::fs::metadata(name).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// Opens a file by name; `-` is standard input, which is not decompressed.
pub(super) fn open(name: &str) -> Result<Opened, ReadError> {
    if name == "-" {
        return opened(io::stdin(), None, Compression::None)
            .map_err(|e| ReadError::io(name, e, false));
    }
    let fail = |error| ReadError::io(name, error, false);
    let file = File::open(Path::new(name)).map_err(fail)?;
    let metadata = file.metadata().map_err(fail)?;
    if metadata.is_dir() {
        return Err(fail(io::Error::from(io::ErrorKind::IsADirectory)));
    }
    let total = metadata.is_file().then_some(metadata.len());
    opened(file, total, extensions(name).0).map_err(fail)
}

fn opened(
    inner: impl Read + Send + 'static,
    total: Option<u64>,
    compression: Compression,
) -> io::Result<Opened> {
    let read = Arc::new(AtomicU64::new(0));
    let counted = Counted {
        inner,
        read: Arc::clone(&read),
    };
    let raw = BufReader::with_capacity(BUFFER, counted);
    let bytes: Bytes = match compression {
        Compression::None => Box::new(raw),
        Compression::Gzip => Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(raw))),
        Compression::Zstd => Box::new(BufReader::with_capacity(
            BUFFER,
            zstd::Decoder::with_buffer(raw)?,
        )),
    };
    Ok(Opened {
        bytes,
        read,
        total,
        compressed: compression != Compression::None,
    })
}

/// Hash of the decompressed content: the same records are the same file, compressed or not.
pub(super) fn content_id(name: &str) -> Result<String, ReadError> {
    let mut opened = open(name)?;
    let mut hash = Xxh3::new();
    loop {
        let chunk = opened
            .bytes
            .fill_buf()
            .map_err(|error| ReadError::io(name, error, opened.compressed))?;
        if chunk.is_empty() {
            return Ok(hex(&hash));
        }
        hash.update(chunk);
        let length = chunk.len();
        opened.bytes.consume(length);
    }
}

fn hex(hash: &Xxh3) -> String {
    format!("{:032x}", hash.digest128())
}

struct Counted<R> {
    inner: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Everything that passes is hashed too.
pub(super) struct Hashed {
    inner: Bytes,
    hash: Xxh3,
}

impl Hashed {
    pub(super) fn new(inner: Bytes) -> Hashed {
        Hashed {
            inner,
            hash: Xxh3::new(),
        }
    }

    /// The content id of what was read so far.
    pub(super) fn content_id(&self) -> String {
        hex(&self.hash)
    }
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hash.update(&buffer[..count]);
        Ok(count)
    }
}

impl BufRead for Hashed {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        // What is consumed lies in the buffer, so asking for it again reads nothing.
        if let Ok(chunk) = self.inner.fill_buf() {
            self.hash.update(&chunk[..amount.min(chunk.len())]);
        }
        self.inner.consume(amount);
    }
}

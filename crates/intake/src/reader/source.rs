//! One file or stream as a source of records.

use super::bytes::{self, Bytes, Hashed};
use super::framing::{Broken, Cut, Framer, Framing};
use super::{
    Decoder, Format, Progress, RawChunk, RawRecord, ReadError, Record, RecordReader, Refusal,
};
use crate::codes;
use crate::mapping::Mapping;
use rustc_hash::FxHashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use umbral_model::ids::{AccountId, EventId};
use umbral_model::input::{Address, Body, Incoming, IncomingBody, InputKey};

/// How a source is read.
#[derive(Clone, Debug)]
pub struct Options {
    /// The format; none means by the mapping or the file's extension, and NDJSON for standard input.
    pub format: Option<Format>,
    /// The mapping of a CSV or fixed-width file.
    pub mapping: Option<Arc<Mapping>>,
    /// Read in the order of `occurred_at`, even if the mapping does not say so.
    pub sorted: bool,
    /// Largest record, in bytes; a larger one goes to the quarantine with its beginning.
    pub max_record: usize,
    /// Most bytes of records held in memory: for sorting, and for standard input whose rows need the hash
    /// of the whole. About 64 more are used for each record.
    pub max_held: u64,
}

impl Default for Options {
    /// By extension, in file order, records up to 1 MiB, 1 GiB held.
    fn default() -> Options {
        Options {
            format: None,
            mapping: None,
            sorted: false,
            max_record: 1 << 20,
            max_held: 1 << 30,
        }
    }
}

/// A file, or standard input, as a source of records.
pub struct SourceFile {
    name: String,
    id: Option<String>,
    decoder: Arc<Decoder>,
    records: Records,
    read: Arc<AtomicU64>,
    total: Option<u64>,
    compressed: bool,
    taken: u64,
    /// Bytes that the next chunk will need, about.
    room: usize,
    /// Why it cannot be read on, once the records before that place are handed out.
    broken: Option<ReadError>,
    /// Accounts that this reader has met, so that each is asked about once.
    met: FxHashSet<AccountId>,
}

enum Records {
    Stream(Framer<Bytes>),
    /// All of them, in the order in which they are handed out.
    Held(std::vec::IntoIter<RawRecord>),
}

impl SourceFile {
    /// Opens a file by name; `-` is standard input. Gzip and zstd are told by the extension, and a format
    /// that is not given by what stands before it: `.ndjson`, `.jsonl`, `.json`, `.pb`, `.binpb`; every
    /// other file needs a mapping.
    pub fn open(name: &str, options: &Options) -> Result<SourceFile, ReadError> {
        let format = format_of(name, options)?;
        let mapping = options
            .mapping
            .as_ref()
            .filter(|_| format == Format::Mapped);
        let sorted = options.sorted || mapping.is_some_and(|mapping| mapping.is_sorted());
        let needs_id = mapping.is_some_and(|mapping| mapping.needs_content_id());
        let stream = bytes::is_stream(name);
        if sorted || (stream && needs_id) {
            return SourceFile::held(name, format, sorted, options);
        }
        let id = if stream {
            None
        } else {
            Some(bytes::content_id(name)?)
        };
        let opened = bytes::open(name)?;
        let mut framer = Framer::new(opened.bytes, framing(format, mapping), options.max_record);
        let decoder = decoder(
            name,
            format,
            mapping,
            id.as_deref(),
            &mut framer,
            opened.compressed,
        )?;
        Ok(SourceFile {
            name: name.to_owned(),
            id,
            decoder: Arc::new(decoder),
            records: Records::Stream(framer),
            read: opened.read,
            total: opened.total,
            compressed: opened.compressed,
            taken: 0,
            room: 0,
            broken: None,
            met: FxHashSet::default(),
        })
    }

    /// Whether a file is one of those that can be opened, as far as its name and the options say.
    ///
    /// # Errors
    /// A name that does not tell the format, where nothing else does.
    pub fn is_known(name: &str, options: &Options) -> Result<(), ReadError> {
        format_of(name, options).map(drop)
    }

    /// Reads everything before it hands out anything.
    fn held(
        name: &str,
        format: Format,
        sorted: bool,
        options: &Options,
    ) -> Result<SourceFile, ReadError> {
        let mapping = options
            .mapping
            .as_ref()
            .filter(|_| format == Format::Mapped);
        let opened = bytes::open(name)?;
        let compressed = opened.compressed;
        let hashed = Hashed::new(opened.bytes);
        let mut framer = Framer::new(hashed, framing(format, mapping), options.max_record);
        let decoder = decoder(name, format, mapping, None, &mut framer, compressed)?;
        let (mut all, mut held) = (Vec::new(), 0u64);
        while let Some(raw) = next_of(&mut framer, name, compressed)? {
            held += raw.bytes.len() as u64;
            if held > options.max_held {
                return Err(ReadError::new(
                    codes::TOO_LARGE_TO_HOLD,
                    name,
                    format!(
                        "more than {} bytes of records to hold in memory",
                        options.max_held
                    ),
                    "split the file by time, or sort it first and leave `sort` out of the mapping",
                ));
            }
            all.push(raw);
        }
        if sorted {
            all = by_time(all, &decoder);
        }
        let id = framer.bytes().content_id();
        let decoder = match decoder {
            Decoder::Rows(rows) => Decoder::Rows(Box::new(rows.with_content_id(&id))),
            other => other,
        };
        Ok(SourceFile {
            name: name.to_owned(),
            id: Some(id),
            decoder: Arc::new(decoder),
            records: Records::Held(all.into_iter()),
            read: opened.read,
            total: opened.total,
            compressed,
            taken: 0,
            room: 0,
            broken: None,
            met: FxHashSet::default(),
        })
    }

    /// The next record as it stands in the file, for callers that decode it elsewhere with
    /// [`SourceFile::decoder`] and [`SourceFile::finish`] it in order.
    pub fn next_raw(&mut self) -> Result<Option<RawRecord>, ReadError> {
        let raw = match &mut self.records {
            Records::Stream(framer) => next_of(framer, &self.name, self.compressed)?,
            Records::Held(all) => all.next(),
        };
        self.taken += u64::from(raw.is_some());
        Ok(raw)
    }

    /// The next records as they stand in the file, at most so many and about so many bytes; `None` at the end. They are
    /// decoded elsewhere, and [`SourceFile::opening`] is asked of each in order.
    pub fn next_chunk(
        &mut self,
        records: usize,
        bytes: usize,
    ) -> Result<Option<RawChunk>, ReadError> {
        if let Some(error) = self.broken.take() {
            return Err(error);
        }
        let mut chunk = RawChunk {
            bytes: Vec::with_capacity(self.room),
            records: Vec::with_capacity(records),
        };
        while chunk.records.len() < records && chunk.bytes.len() < bytes {
            match self.add_to(&mut chunk) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) if chunk.records.is_empty() => return Err(error),
                Err(error) => {
                    self.broken = Some(error);
                    break;
                }
            }
        }
        self.taken += chunk.records.len() as u64;
        self.room = chunk.bytes.len() + chunk.bytes.len() / 8;
        Ok((!chunk.records.is_empty()).then_some(chunk))
    }

    /// Adds a record to a chunk; says whether there was one.
    fn add_to(&mut self, chunk: &mut RawChunk) -> Result<bool, ReadError> {
        let from = chunk.bytes.len();
        let cut = match &mut self.records {
            Records::Stream(framer) => {
                cut_of(framer, &mut chunk.bytes, &self.name, self.compressed)?
            }
            Records::Held(all) => all.next().map(|raw| {
                chunk.bytes.extend_from_slice(&raw.bytes);
                Cut {
                    row: raw.row,
                    line: raw.line,
                    fault: raw.fault,
                }
            }),
        };
        if let Some(cut) = cut {
            chunk.push(cut, from);
        }
        Ok(cut.is_some())
    }

    /// What decodes the records of this source; may be shared by threads.
    pub fn decoder(&self) -> Arc<Decoder> {
        Arc::clone(&self.decoder)
    }

    /// A decoded record with the `customer_added` that must come before it. Called in the order of the
    /// records; `known` as in [`RecordReader::next_record`].
    pub fn finish(
        &mut self,
        raw: RawRecord,
        content: Result<Incoming, Refusal>,
        known: &dyn Fn(&AccountId) -> bool,
    ) -> Record {
        let opening = content
            .as_ref()
            .ok()
            .and_then(|incoming| self.opening(incoming, known));
        Record {
            row: raw.row,
            line: raw.line,
            original: raw.bytes,
            content,
            opening,
        }
    }

    /// Whether [`SourceFile::opening`] may ever give one.
    pub fn opens_accounts(&self) -> bool {
        match &*self.decoder {
            Decoder::Rows(rows) => rows.mapping().new_accounts().is_some(),
            Decoder::Json | Decoder::Protobuf => false,
        }
    }

    /// The `customer_added` that must come before an input, for a mapping that creates accounts. Asked in the
    /// order of the records; `known` as in [`RecordReader::next_record`].
    pub fn opening(
        &mut self,
        incoming: &Incoming,
        known: &dyn Fn(&AccountId) -> bool,
    ) -> Option<Incoming> {
        let Decoder::Rows(rows) = &*self.decoder else {
            return None;
        };
        let mapping = rows.mapping();
        let added = mapping.new_accounts()?;
        let Some(Address::Account(account, _)) = &incoming.address else {
            return None;
        };
        if self.met.contains(account) {
            return None;
        }
        self.met.insert(account.clone());
        if known(account) {
            return None;
        }
        Some(Incoming {
            key: InputKey {
                source: mapping.source().clone(),
                event_id: EventId::new(Mapping::opening_id(account)),
            },
            occurred_at: incoming.occurred_at,
            address: Some(Address::Account(account.clone(), None)),
            currency: incoming.currency,
            actor: None,
            reason: None,
            forced: false,
            body: IncomingBody::Account(Body::CustomerAdded(added.clone())),
        })
    }
}

impl RecordReader for SourceFile {
    fn name(&self) -> &str {
        &self.name
    }

    fn content_id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    fn format(&self) -> &'static str {
        self.decoder.format()
    }

    fn next_record(
        &mut self,
        known: &dyn Fn(&AccountId) -> bool,
    ) -> Result<Option<Record>, ReadError> {
        let Some(raw) = self.next_raw()? else {
            return Ok(None);
        };
        let content = self.decoder.decode(&raw);
        Ok(Some(self.finish(raw, content, known)))
    }

    fn skip_records(&mut self, records: u64) -> Result<u64, ReadError> {
        for skipped in 0..records {
            if self.next_raw()?.is_none() {
                return Ok(skipped);
            }
        }
        Ok(records)
    }

    fn progress(&self) -> Progress {
        Progress {
            records: self.taken,
            bytes: self.read.load(Ordering::Relaxed),
            total: self.total,
        }
    }
}

fn format_of(name: &str, options: &Options) -> Result<Format, ReadError> {
    let by_name = match bytes::extensions(name).1.as_str() {
        "ndjson" | "jsonl" | "json" => Some(Format::Ndjson),
        "pb" | "binpb" => Some(Format::Protobuf),
        _ => (name == "-").then_some(Format::Ndjson),
    };
    let by_mapping = options.mapping.is_some().then_some(Format::Mapped);
    let format = options.format.or(by_mapping).or(by_name);
    match format {
        Some(Format::Mapped) if options.mapping.is_none() => Err(unknown_format(name)),
        Some(format) => Ok(format),
        None => Err(unknown_format(name)),
    }
}

fn unknown_format(name: &str) -> ReadError {
    ReadError::new(
        codes::UNKNOWN_FORMAT,
        name,
        "nothing says how the records of the file are written",
        "name a mapping (--mapping M.toml), or name the file .ndjson or .pb, with .gz or .zst behind it if compressed",
    )
}

fn framing(format: Format, mapping: Option<&Arc<Mapping>>) -> Framing {
    let comment = mapping.and_then(|mapping| mapping.comment());
    match format {
        Format::Protobuf => Framing::Delimited,
        Format::Ndjson | Format::Mapped => Framing::Lines {
            comment: comment.map(str::to_owned),
        },
    }
}

fn decoder<B: std::io::BufRead>(
    name: &str,
    format: Format,
    mapping: Option<&Arc<Mapping>>,
    id: Option<&str>,
    framer: &mut Framer<B>,
    compressed: bool,
) -> Result<Decoder, ReadError> {
    let Some(mapping) = mapping else {
        return Ok(match format {
            Format::Protobuf => Decoder::Protobuf,
            _ => Decoder::Json,
        });
    };
    let header = if mapping.has_header() {
        let place = framer.place(name);
        let found = framer.header();
        let line = found.map_err(|error| broken(error, place, compressed))?;
        let line = line.map(|header| String::from_utf8_lossy(&header).into_owned());
        Some(line.unwrap_or_default())
    } else {
        None
    };
    let rows = Arc::clone(mapping).rows(name, header.as_deref(), id)?;
    Ok(Decoder::Rows(Box::new(rows)))
}

fn next_of<B: std::io::BufRead>(
    framer: &mut Framer<B>,
    name: &str,
    compressed: bool,
) -> Result<Option<RawRecord>, ReadError> {
    let mut bytes = Vec::new();
    let cut = cut_of(framer, &mut bytes, name, compressed)?;
    Ok(cut.map(|Cut { row, line, fault }| RawRecord {
        row,
        line,
        bytes,
        fault,
    }))
}

fn cut_of<B: std::io::BufRead>(
    framer: &mut Framer<B>,
    out: &mut Vec<u8>,
    name: &str,
    compressed: bool,
) -> Result<Option<Cut>, ReadError> {
    framer
        .cut(out)
        .map_err(|error| broken(error, framer.place(name), compressed))
}

fn broken(error: Broken, place: String, compressed: bool) -> ReadError {
    match error {
        Broken::Io(error) => ReadError::io(place, error, compressed),
        Broken::Length => ReadError::new(
            codes::NO_RECORDS,
            place,
            "no length of a record stands here",
            "send protobuf messages each behind its length as a varint; the records before are taken",
        ),
    }
}

/// Stable by time; a record whose time cannot be read stays behind the record before it.
fn by_time(all: Vec<RawRecord>, decoder: &Decoder) -> Vec<RawRecord> {
    let mut last = umbral_model::time::Timestamp::MIN;
    let mut timed: Vec<_> = all
        .into_iter()
        .map(|raw| {
            last = decoder.occurred_at(&raw).unwrap_or(last);
            (last, raw)
        })
        .collect();
    timed.sort_by_key(|(at, _)| *at);
    timed.into_iter().map(|(_, raw)| raw).collect()
}

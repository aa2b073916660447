//! What the journal holds: frames of entries. An entry is one input with its outcome and events; folding
//! the events of all frames gives the state, deciding the inputs again gives the same events.

use crate::event::Event;
use crate::ids::{PartitionNo, VersionNo};
use crate::input::{CatalogActivated, Input, InputKey, Scope};
use crate::money::Money;
use crate::rejection::Reason;
use crate::time::{Date, Timestamp, ZoneRules};
use smol_str::SmolStr;

/// The version of the rules that this build decides by. Frames carry it.
pub const LOGIC_VERSION: u32 = 5;

/// One partition's share of one batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    /// Whose it is.
    pub partition: PartitionNo,
    /// Rules that decided it.
    pub logic_version: u32,
    /// Number of the batch; all frames of a batch are committed together, the control frame last.
    pub batch: u64,
    /// Entries in the order in which they were decided.
    pub entries: Vec<Entry>,
}

/// One input, what came of it, and the events.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Number of the input in the order of the whole deployment, from 1.
    pub position: u64,
    /// The last tick when it was sequenced; `recorded_at` of its events.
    pub clock: Timestamp,
    /// Newest catalog version known when it was decided; `config_version` of its events.
    pub version: Option<VersionNo>,
    /// The input.
    pub input: JournaledInput,
    /// What came of it.
    pub outcome: Outcome,
    /// Events in order; of several accounts for ticks and configuration changes.
    pub events: Vec<AccountEvent>,
}

/// Of an entry of usage that was rated and did nothing else, what changes the account: no thresholds, timers or
/// meters of units. Most entries of a journal are such.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct UsageEntry<'a> {
    /// The last tick when it was sequenced.
    pub clock: Timestamp,
    /// The sender.
    pub source: &'a str,
    /// The sender's id of the record.
    pub event_id: &'a str,
    /// When the usage began.
    pub occurred_at: Timestamp,
    /// The account.
    pub account: &'a str,
    /// What `Usage::is_abroad` says.
    pub abroad: bool,
    /// Hash of the body.
    pub body_hash: u64,
    /// The event's number in the account.
    pub account_seq: u64,
    /// First day of the cycle that the amount belongs to.
    pub cycle: Date,
    /// What it counts as.
    pub scope: Scope,
    /// The price.
    pub amount: Money,
}

/// An event with its account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccountEvent {
    /// The account; none means the entry's own.
    pub account: Option<crate::ids::AccountId>,
    /// The event.
    pub event: Event,
}

/// An input as the journal stores it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum JournaledInput {
    /// An account's input, resolved.
    Account(Box<Input>),
    /// A tick (`as_of` is the entry's clock).
    Tick(InputKey),
    /// A catalog activation, in the partition's view: files and zones are in the control frame.
    ConfigChanged(InputKey),
    /// Bytes that could not be read or resolved.
    Raw(RawInput),
}

/// An input that could not be read or resolved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RawInput {
    /// Sender and id, as far as they could be read.
    pub key: Option<InputKey>,
    /// When it happened, as far as it could be read.
    pub occurred_at: Option<Timestamp>,
    /// What the bytes are: `json`, `protobuf`, `csv`, ...
    pub format: SmolStr,
    /// Where it stood: file and record.
    pub place: String,
}

/// What came of an input: exactly one of three.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Taken, with any number of events.
    Applied,
    /// A repeat of one that was taken.
    DuplicateIgnored,
    /// Not taken; kept with its bytes.
    Quarantined(Quarantined),
}

/// Why an input is in the quarantine, with its original bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Quarantined {
    /// Code.
    pub reason: Reason,
    /// Particulars.
    pub detail: String,
    /// The record as it came in: personal data of its own field, which can be forgotten.
    pub original: Vec<u8>,
}

/// The control partition's record at the end of a batch: positions and what concerns all partitions.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Commit {
    /// Number of the batch.
    pub batch: u64,
    /// Inputs sequenced so far, over all sources.
    pub position: u64,
    /// The clock after the batch.
    pub clock: Timestamp,
    /// How far each source of the batch is read.
    pub sources: Vec<SourcePosition>,
    /// Catalogs that came into force.
    pub catalogs: Vec<ActivatedCatalog>,
    /// Time zones used by accounts from here on.
    pub zones: Vec<ZoneRules>,
    /// Positions of quarantined entries that this batch took up again, whatever came of it.
    pub resubmitted: Vec<u64>,
    /// Counts over everything so far.
    pub counts: Counts,
    /// The batch was copied from another deployment, which published its outputs.
    pub copied: bool,
}

/// A catalog activation in the control partition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ActivatedCatalog {
    /// Its number in order of activation.
    pub number: VersionNo,
    /// Who sent it.
    pub key: InputKey,
    /// The activation.
    pub activation: CatalogActivated,
}

/// How far a file or stream is read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourcePosition {
    /// Hash of the content for files (128 bit, hex), a name for streams.
    pub id: SmolStr,
    /// Name it was read under.
    pub name: String,
    /// Records taken.
    pub records: u64,
    /// All of it is taken.
    pub done: bool,
}

/// Every input ends in exactly one of these.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Inputs sequenced.
    pub inputs: u64,
    /// Applied.
    pub applied: u64,
    /// Repeats.
    pub duplicates: u64,
    /// Quarantined.
    pub quarantined: u64,
}

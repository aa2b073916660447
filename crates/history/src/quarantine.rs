//! Records that could not be taken, and corrections whose record never came. An entry is open until it is
//! resubmitted, or until a later input with its key is journaled: that one was taken, or stands in the
//! quarantine in its place. A correction that was given up is listed at the position at which it came; repeats
//! of it that came while it waited settle nothing.

use crate::{History, HistoryError, threads};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;
use std::collections::BTreeMap;
use umbral_intake::directory::found_by;
use umbral_intake::reader::{Decoder, RawRecord};
use umbral_model::event::{CorrectionUnclaimed, EventBody};
use umbral_model::input::{Address, Incoming, IncomingBody, Input, InputKey};
use umbral_model::journal::{Entry, JournaledInput, Outcome, Quarantined};
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::Timestamp;
use umbral_runtime::{EngineError, FrameFold, Resubmission, ScannedFrame, fold_all};
use umbral_wire::{as_sent, json, proto};

/// Which records are meant.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Selection {
    /// Only these positions; empty for all.
    pub positions: Vec<u64>,
    /// Only this reason.
    pub reason: Option<Reason>,
    /// Also those that were settled since.
    pub settled_too: bool,
}

/// A record in the quarantine.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct QuarantinedRecord {
    /// The input's number, by which it is shown and resubmitted.
    pub position: u64,
    /// The stable code.
    pub code: &'static str,
    /// What the code means.
    pub reason: &'static str,
    /// Particulars.
    pub detail: String,
    /// Sender, as far as it could be read.
    pub source: Option<String>,
    /// The sender's id, as far as it could be read.
    pub event_id: Option<String>,
    /// When it happened, as far as that could be read.
    pub occurred_at: Option<String>,
    /// The clock when it came.
    pub recorded_at: String,
    /// Its account, where it was found.
    pub account_id: Option<String>,
    /// Its kind, where it could be read.
    pub kind: Option<&'static str>,
    /// What the bytes are; none where the record was read and found its account.
    pub format: Option<String>,
    /// Where it stood: file and record.
    pub place: Option<String>,
    /// Nothing was done about it yet.
    pub open: bool,
    /// The record as it came in, as text; bytes that are no text are replaced.
    pub original: String,
    /// The record as it came in.
    #[serde(skip)]
    pub original_bytes: Vec<u8>,
    #[serde(skip)]
    key: Option<InputKey>,
    #[serde(skip)]
    input: Option<Box<Input>>,
    /// Inputs with its key settle it when they come behind this position.
    #[serde(skip)]
    since: u64,
}

impl QuarantinedRecord {
    fn of(entry: &Entry, kept: &Quarantined) -> QuarantinedRecord {
        let mut record = QuarantinedRecord {
            position: entry.position,
            code: kept.reason.code(),
            reason: kept.reason.sentence(),
            detail: kept.detail.clone(),
            source: None,
            event_id: None,
            occurred_at: None,
            recorded_at: entry.clock.to_string(),
            account_id: None,
            kind: None,
            format: None,
            place: None,
            open: true,
            original: String::from_utf8_lossy(&kept.original).into_owned(),
            original_bytes: kept.original.clone(),
            key: None,
            input: None,
            since: entry.position,
        };
        match &entry.input {
            JournaledInput::Account(input) => {
                record.key = Some(input.key.clone());
                record.occurred_at = Some(input.occurred_at.to_string());
                record.account_id = Some(input.account.to_string());
                record.kind = Some(input.body.kind());
                record.input = Some(input.clone());
            }
            JournaledInput::Raw(raw) => {
                record.key.clone_from(&raw.key);
                record.occurred_at = raw.occurred_at.map(|at: Timestamp| at.to_string());
                record.format = Some(raw.format.to_string());
                record.place = Some(raw.place.clone()).filter(|place| !place.is_empty());
            }
            JournaledInput::Tick(_) | JournaledInput::ConfigChanged(_) => {}
        }
        record.source = record.key.as_ref().map(|key| key.source.to_string());
        record.event_id = record.key.as_ref().map(|key| key.event_id.to_string());
        record
    }

    /// A correction that waited in vain, at the position at which it came.
    fn of_unclaimed(parked: Parked, unclaimed: Unclaimed) -> QuarantinedRecord {
        let Parked {
            position,
            clock,
            input,
        } = parked;
        let CorrectionUnclaimed {
            key,
            reason,
            detail,
            ..
        } = unclaimed.body;
        let original = json::input(&input);
        QuarantinedRecord {
            position,
            code: reason.code(),
            reason: reason.sentence(),
            detail,
            source: Some(key.source.to_string()),
            event_id: Some(key.event_id.to_string()),
            occurred_at: Some(input.occurred_at.to_string()),
            recorded_at: clock.to_string(),
            account_id: Some(input.account.to_string()),
            kind: Some(input.body.kind()),
            format: None,
            place: None,
            open: true,
            original_bytes: original.as_bytes().to_vec(),
            original,
            key: Some(key),
            input: Some(Box::new(input)),
            since: unclaimed.position,
        }
    }

    /// The record as an input to be taken up again: read anew from its bytes, so that it resolves again,
    /// under its own key. Rows of a mapped file need the decoder of that file.
    pub fn resubmission(&self, decoder: Option<&Decoder>) -> Result<Resubmission, Rejection> {
        let mut incoming = self.read_again(decoder)?;
        if let Some(key) = &self.key {
            incoming.key = key.clone();
        }
        Ok(Resubmission {
            position: self.position,
            incoming,
            original: self.original_bytes.clone(),
            format: self.format.as_deref().unwrap_or("json").into(),
        })
    }

    fn read_again(&self, decoder: Option<&Decoder>) -> Result<Incoming, Rejection> {
        let bytes = self.original_bytes.as_slice();
        if let Some(input) = &self.input {
            // The format is not kept where the record was read; what it said is.
            let again = json::parse_incoming(bytes).or_else(|_| proto::decode_incoming(bytes));
            return Ok(again
                .ok()
                .filter(|again| again.key == input.key)
                .unwrap_or_else(|| unresolved(input)));
        }
        match self.format.as_deref() {
            Some("json") => json::parse_incoming(bytes).map_err(Rejection::from),
            Some("protobuf") => proto::decode_incoming(bytes).map_err(Rejection::from),
            _ => match decoder {
                Some(decoder) => {
                    let bytes = bytes.to_vec();
                    let raw = RawRecord {
                        row: self.row(),
                        line: 0,
                        bytes,
                        fault: None,
                    };
                    decoder.decode(&raw).map_err(|refusal| refusal.rejection)
                }
                None => Err(Rejection::new(
                    Reason::Unreadable,
                    "a row of a mapped file: name the file and its mapping to read it again",
                )),
            },
        }
    }

    /// The row number, where it is the record's id.
    fn row(&self) -> u64 {
        self.event_id
            .as_ref()
            .and_then(|id| id.parse().ok())
            .unwrap_or(0)
    }
}

/// What the edge filled in is filled in again.
fn unresolved(input: &Input) -> Incoming {
    let body = as_sent(&input.body).unwrap_or_else(|| input.body.clone());
    Incoming {
        key: input.key.clone(),
        occurred_at: input.occurred_at,
        address: Some(Address::Account(
            input.account.clone(),
            input.member.clone(),
        )),
        currency: input.currency,
        actor: input.actor.clone(),
        reason: input.reason.clone(),
        forced: input.forced,
        body: IncomingBody::Account(body),
    }
}

impl History {
    /// Records in the quarantine, by position.
    pub fn quarantine(
        &self,
        selection: &Selection,
    ) -> Result<Vec<QuarantinedRecord>, HistoryError> {
        History::quarantine_of(std::slice::from_ref(self), selection)
    }

    /// Records in the quarantine of a deployment whose partitions are logs of their own, by position. What one of them
    /// lists may have been taken up again by another.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub fn quarantine_of(
        parts: &[History],
        selection: &Selection,
    ) -> Result<Vec<QuarantinedRecord>, HistoryError> {
        let mut resubmitted = FxHashSet::default();
        let mut all = Vec::new();
        for part in parts {
            let (records, taken_up) = part.all_quarantined(selection)?;
            resubmitted.extend(taken_up);
            all.push((part, records));
        }
        let keys: FxHashSet<InputKey> = all
            .iter()
            .flat_map(|(_, records)| records.iter().filter_map(|record| record.key.clone()))
            .collect();
        let mut later = Vec::with_capacity(all.len());
        for (part, _) in &all {
            later.push(part.later_of(&keys)?);
        }
        let mut found = Vec::new();
        for (own, (_, mut records)) in all.into_iter().enumerate() {
            let is_taken = |key: &InputKey| {
                let mut all = later.iter().enumerate();
                all.any(|(part, later)| part != own && later.taken.contains(key))
            };
            for record in &mut records {
                let key = record.key.as_ref();
                let again = key.and_then(|key| later[own].newest.get(key));
                record.open = !resubmitted.contains(&record.position)
                    && again.is_none_or(|position| *position <= record.since)
                    && !key.is_some_and(is_taken);
            }
            found.extend(records);
        }
        found.retain(|record| selection.takes(record));
        found.sort_by_key(|record| record.position);
        Ok(found)
    }

    /// How many records came into the quarantine behind a position, by reason, whatever became of them since.
    /// Unlike a listing it holds none of them.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub fn quarantined_after(&self, position: u64) -> Result<BTreeMap<Reason, u64>, HistoryError> {
        let mut scanner = self.scan()?;
        let folds = (0..threads(self.partitions()))
            .map(|_| Tally::after(position))
            .collect();
        let (_, folds) = fold_all(&mut scanner, folds, &mut |_| true)?;
        let mut all = BTreeMap::new();
        for (reason, number) in folds.into_iter().flat_map(|tally| tally.reasons) {
            *all.entry(reason).or_default() += number;
        }
        Ok(all)
    }

    fn all_quarantined(
        &self,
        selection: &Selection,
    ) -> Result<(Vec<QuarantinedRecord>, FxHashSet<u64>), HistoryError> {
        let mut resubmitted = FxHashSet::default();
        let mut scanner = self.scan()?;
        let folds = (0..threads(self.partitions()))
            .map(|_| Gather::of(selection))
            .collect();
        let (_, folds) = fold_all(&mut scanner, folds, &mut |commit| {
            resubmitted.extend(commit.resubmitted.iter().copied());
            true
        })?;
        let records = folds.into_iter().flat_map(|gather| gather.records);
        Ok((records.collect(), resubmitted))
    }

    /// What came under these keys, last or at all.
    fn later_of(&self, keys: &FxHashSet<InputKey>) -> Result<Later, HistoryError> {
        let mut later = Later::default();
        if keys.is_empty() {
            return Ok(later);
        }
        let mut scanner = self.scan()?;
        let folds = (0..threads(self.partitions()))
            .map(|_| Newest {
                keys,
                found: Later::default(),
            })
            .collect();
        let (_, folds) = fold_all(&mut scanner, folds, &mut |_| true)?;
        for Later { newest, taken } in folds.into_iter().map(|fold| fold.found) {
            later.taken.extend(taken);
            for (key, position) in newest {
                let known = later.newest.entry(key).or_default();
                *known = position.max(*known);
            }
        }
        Ok(later)
    }
}

impl Selection {
    fn takes(&self, record: &QuarantinedRecord) -> bool {
        self.names(record.position, record.code) && (self.settled_too || record.open)
    }

    /// As far as that is known without what came later.
    fn names(&self, position: u64, code: &str) -> bool {
        (self.positions.is_empty() || self.positions.contains(&position))
            && self.reason.is_none_or(|reason| reason.code() == code)
    }
}

/// A correction that waits for its record.
struct Parked {
    position: u64,
    clock: Timestamp,
    input: Input,
}

/// A correction that was given up.
struct Unclaimed {
    position: u64,
    body: CorrectionUnclaimed,
}

/// What one thread finds. All of an account is in one partition, and a partition's frames come in order.
struct Gather<'s> {
    selection: &'s Selection,
    records: Vec<QuarantinedRecord>,
    parked: FxHashMap<InputKey, Parked>,
}

impl FrameFold for Gather<'_> {
    fn fold(&mut self, frame: &ScannedFrame) -> Result<(), EngineError> {
        for entry in frame.decode()?.entries {
            // A flood of others is not held only to be left out at the end.
            if let Outcome::Quarantined(kept) = &entry.outcome
                && self.selection.names(entry.position, kept.reason.code())
            {
                self.records.push(QuarantinedRecord::of(&entry, kept));
            }
            let (position, clock) = (entry.position, entry.clock);
            for event in entry.events {
                self.take(position, clock, event.event.body);
            }
        }
        Ok(())
    }
}

impl<'s> Gather<'s> {
    fn of(selection: &'s Selection) -> Self {
        Gather {
            selection,
            records: Vec::new(),
            parked: FxHashMap::default(),
        }
    }

    fn take(&mut self, position: u64, clock: Timestamp, body: EventBody) {
        match body {
            EventBody::CorrectionParked(parked) => {
                let input = parked.input;
                let parked = Parked {
                    position,
                    clock,
                    input,
                };
                self.parked.insert(parked.input.key.clone(), parked);
            }
            EventBody::CorrectionUnclaimed(body) => {
                if let Some(parked) = self.parked.remove(&body.key)
                    && self.selection.names(parked.position, body.reason.code())
                {
                    let unclaimed = Unclaimed { position, body };
                    let record = QuarantinedRecord::of_unclaimed(parked, unclaimed);
                    self.records.push(record);
                }
            }
            EventBody::UsageCorrected(correction) => {
                self.parked.remove(&correction.correction);
            }
            _ => {}
        }
    }
}

/// Counts what one thread finds behind a position.
struct Tally {
    after: u64,
    reasons: BTreeMap<Reason, u64>,
    /// Corrections that wait and came behind the position.
    parked: FxHashSet<InputKey>,
}

impl Tally {
    fn after(position: u64) -> Tally {
        Tally {
            after: position,
            reasons: BTreeMap::new(),
            parked: FxHashSet::default(),
        }
    }

    fn count(&mut self, reason: Reason) {
        *self.reasons.entry(reason).or_default() += 1;
    }
}

impl FrameFold for Tally {
    fn fold(&mut self, frame: &ScannedFrame) -> Result<(), EngineError> {
        let (after, entries) = (self.after, frame.decode()?.entries.into_iter());
        for entry in entries.filter(|entry| entry.position > after) {
            if let Outcome::Quarantined(kept) = &entry.outcome {
                self.count(kept.reason);
            }
            for event in entry.events {
                match event.event.body {
                    EventBody::CorrectionParked(body) => {
                        self.parked.insert(body.input.key);
                    }
                    EventBody::CorrectionUnclaimed(body) if self.parked.remove(&body.key) => {
                        self.count(body.reason);
                    }
                    EventBody::UsageCorrected(body) => {
                        self.parked.remove(&body.correction);
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

/// What came under some keys.
#[derive(Default)]
struct Later {
    /// The newest input of each.
    newest: FxHashMap<InputKey, u64>,
    /// Those of which an input was taken, or had been.
    taken: FxHashSet<InputKey>,
}

struct Newest<'k> {
    keys: &'k FxHashSet<InputKey>,
    found: Later,
}

impl FrameFold for Newest<'_> {
    fn fold(&mut self, frame: &ScannedFrame) -> Result<(), EngineError> {
        for entry in frame.decode()?.entries {
            let key = match &entry.input {
                JournaledInput::Account(input) => Some(&input.key),
                JournaledInput::Raw(raw) => raw.key.as_ref(),
                JournaledInput::Tick(_) | JournaledInput::ConfigChanged(_) => None,
            };
            if let Some(key) = key.filter(|key| self.keys.contains(key)) {
                // Frames of one batch come by partition, not by position.
                let newest = self.found.newest.entry(key.clone()).or_default();
                *newest = entry.position.max(*newest);
                if !matches!(entry.outcome, Outcome::Quarantined(_)) {
                    self.found.taken.insert(key.clone());
                }
            }
            // A purchase of nobody known is settled when an account has it.
            if let (JournaledInput::Account(input), Outcome::Applied) =
                (&entry.input, &entry.outcome)
            {
                let found = found_by(&input.body).iter().map(|purchase| &purchase.key);
                for key in found.filter(|key| self.keys.contains(key)) {
                    let newest = self.found.newest.entry(key.clone()).or_default();
                    *newest = entry.position.max(*newest);
                    self.found.taken.insert(key.clone());
                }
            }
        }
        Ok(())
    }
}

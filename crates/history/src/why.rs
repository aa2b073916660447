//! Why something happened: the event, the input that caused it, everything else that the same input did to
//! the account, and the earlier events that it names.

use crate::entries::{Walk, seen_by};
use crate::explained::add_amounts;
use crate::{CatalogNames, History, HistoryError, threads};
use core::ops::ControlFlow;
use memchr::memmem::Finder;
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use umbral_engine::World;
use umbral_model::event::{EventBody, OutId};
use umbral_model::ids::AccountId;
use umbral_model::input::InputKey;
use umbral_model::journal::{Entry, JournaledInput, Outcome, RawInput};
use umbral_model::money::Currency;
use umbral_runtime::{EngineError, FrameFold, ScannedFrame, fold_all};
use umbral_wire::{OutputBody, OutputEvent, json, outputs};

/// Earlier events that one answer may lead back to.
const MAX_LINKS: usize = 32;

/// What was asked about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reason {
    /// An event, by its `out_id`.
    Output(OutId),
    /// An input, by `SOURCE/EVENT_ID`.
    Input(String, String),
}

impl Reason {
    /// Reads an `out_id` (32 hex digits) or `SOURCE/EVENT_ID`.
    pub fn parse(text: &str) -> Option<Reason> {
        if text.len() == 32
            && let Ok(number) = u128::from_str_radix(text, 16)
        {
            return Some(Reason::Output(OutId(number)));
        }
        let (source, event_id) = text.split_once('/')?;
        Some(Reason::Input(source.to_owned(), event_id.to_owned()))
    }

    fn of(key: &InputKey) -> Reason {
        Reason::Input(key.source.to_string(), key.event_id.to_string())
    }

    /// What stands in the frame of an input with this key; of a timer nothing does.
    fn text(&self) -> Option<&str> {
        match self {
            Reason::Input(source, event_id) if source != "timer" => Some(event_id),
            Reason::Input(..) | Reason::Output(_) => None,
        }
    }

    fn is_answered_by(&self, output: &OutputEvent<'_>) -> bool {
        match self {
            Reason::Output(id) => output.out_id == *id,
            Reason::Input(source, event_id) => {
                output.caused_by.source.as_str() == source
                    && output.caused_by.event_id.as_str() == event_id
            }
        }
    }
}

/// Looks for the first entry that answers, in the frames of some partitions.
struct Seeker<'r> {
    reason: &'r Reason,
    /// What the bytes of a frame with the answer hold, where that is known.
    text: Option<Finder<'r>>,
    /// The first batch in which anybody found one: later ones are of no interest.
    batch: &'r AtomicU64,
    found: Option<(u64, AccountId)>,
    /// Entries that answer and are of no account.
    of_nobody: Vec<Link>,
}

impl FrameFold for Seeker<'_> {
    fn fold(&mut self, frame: &ScannedFrame) -> Result<(), EngineError> {
        let is_later = frame.batch > self.batch.load(Ordering::Relaxed);
        let lacks_it = |text: &Finder<'_>| text.find(&frame.payload).is_none();
        if is_later || self.found.is_some() || self.text.as_ref().is_some_and(lacks_it) {
            return Ok(());
        }
        for entry in frame.decode()?.entries {
            let outputs = outputs(&entry);
            let mut answers = outputs
                .iter()
                .filter(|output| self.reason.is_answered_by(output))
                .peekable();
            if answers.peek().is_none() {
                continue;
            }
            if let Some(account) = answers.find_map(|output| output.account_id) {
                self.found = Some((entry.position, account.clone()));
                break;
            }
            self.of_nobody.push(link_in(&frame.world, &entry));
        }
        if self.found.is_some() {
            self.batch.fetch_min(frame.batch, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// One link of a chain: an input with all that it did to the account.
#[derive(Clone, Debug, Serialize)]
pub struct Link {
    /// The input's number.
    pub position: u64,
    /// The clock when it was decided.
    pub recorded_at: String,
    /// The input as JSON; none where time or a catalog was the cause.
    pub input: Option<serde_json::Value>,
    /// What it did to the account, in order, as in the derived streams, state changes included.
    pub events: Vec<serde_json::Value>,
    /// Where a record lies that found no account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<LiesThere>,
}

/// A record of no account in the quarantine.
#[derive(Clone, Debug, Serialize)]
pub struct LiesThere {
    /// Number by which `umbral quarantine` shows and resubmits it.
    pub position: u64,
    /// The stable code.
    pub code: &'static str,
    /// What the code means.
    pub reason: &'static str,
    /// Particulars.
    pub detail: String,
    /// What the bytes are.
    pub format: String,
    /// Where it stood: file and record.
    pub place: String,
}

impl LiesThere {
    fn of(entry: &Entry) -> Option<LiesThere> {
        let (JournaledInput::Raw(raw), Outcome::Quarantined(kept)) = (&entry.input, &entry.outcome)
        else {
            return None;
        };
        Some(LiesThere {
            position: entry.position,
            code: kept.reason.code(),
            reason: kept.reason.sentence(),
            detail: kept.detail.clone(),
            format: raw.format.to_string(),
            place: raw.place.clone(),
        })
    }
}

impl History {
    /// The chain that leads to an event or input, newest first. A record that found no account has no chain: it is
    /// told where it lies, and why.
    pub fn why(&self, reason: &Reason) -> Result<Vec<Link>, HistoryError> {
        let account = match self.seek(reason)? {
            Sought::Account(account) => account,
            Sought::Nobody(links) if !links.is_empty() => return Ok(links),
            Sought::Nobody(_) => {
                return Err(HistoryError::UnknownId {
                    id: reason_text(reason),
                });
            }
        };
        let mut asked = VecDeque::from([reason.clone()]);
        let mut links: Vec<Link> = Vec::new();
        while let Some(next) = asked.pop_front() {
            let Some((link, named)) = self.link(&account, &next)? else {
                continue;
            };
            if links.iter().all(|known| known.position != link.position) {
                links.push(link);
                asked.extend(named);
            }
            if links.len() >= MAX_LINKS {
                break;
            }
        }
        links.sort_by_key(|link| core::cmp::Reverse(link.position));
        Ok(links)
    }

    /// The account of the first entry that answers, or the entries of none that do: looked for by all cores.
    fn seek(&self, reason: &Reason) -> Result<Sought, HistoryError> {
        let mut scanner = self.scan()?;
        let batch = AtomicU64::new(u64::MAX);
        let seekers = (0..threads(self.partitions())).map(|_| Seeker {
            reason,
            text: reason.text().map(Finder::new),
            batch: &batch,
            found: None,
            of_nobody: Vec::new(),
        });
        let (_, seekers) = fold_all(&mut scanner, seekers.collect(), &mut |_| {
            batch.load(Ordering::Relaxed) == u64::MAX
        })?;
        let (mut found, mut links) = (Vec::new(), Vec::new());
        for seeker in seekers {
            found.extend(seeker.found);
            links.extend(seeker.of_nobody);
        }
        let first = found.into_iter().min_by_key(|(position, _)| *position);
        Ok(match first {
            Some((_, account)) => Sought::Account(account),
            None => {
                links.sort_by_key(|link| core::cmp::Reverse(link.position));
                links.truncate(MAX_LINKS);
                Sought::Nobody(links)
            }
        })
    }

    /// The link of the account that answers, and the earlier events that it names.
    fn link(
        &self,
        account: &AccountId,
        reason: &Reason,
    ) -> Result<Option<(Link, Vec<Reason>)>, HistoryError> {
        let mut walk = Walk::of(self, account)?;
        walk.go(|walked| {
            let found = walked
                .entries
                .iter()
                .filter_map(|(_, entry)| seen_by(entry, account))
                .find(|entry| {
                    outputs(entry)
                        .iter()
                        .any(|output| reason.is_answered_by(output))
                });
            Ok(match found {
                Some(entry) => {
                    ControlFlow::Break((link_in(walked.world, &entry), named_by(&entry)))
                }
                None => ControlFlow::Continue(()),
            })
        })
    }
}

/// What answers to what was asked about.
enum Sought {
    Account(AccountId),
    Nobody(Vec<Link>),
}

/// The link of an entry, with the names of the catalogs of its time.
fn link_in(world: &World, entry: &Entry) -> Link {
    let currency = world.catalogs.latest();
    let currency = currency.map(|version| version.catalog.currency);
    link_of(entry, &CatalogNames(&world.catalogs), currency)
}

/// A record that could not be taken, as it came in; what was read of it where it is no JSON.
fn as_it_came(raw: &RawInput, outcome: &Outcome) -> Option<serde_json::Value> {
    let original = match outcome {
        Outcome::Quarantined(kept) => serde_json::from_slice(&kept.original).ok(),
        _ => None,
    };
    original.filter(serde_json::Value::is_object).or_else(|| {
        let key = raw.key.as_ref()?;
        Some(serde_json::json!({
            "source": key.source.as_str(),
            "event_id": key.event_id.as_str(),
            "occurred_at": raw.occurred_at.map(|at| at.to_string()),
        }))
    })
}

/// All versions of a deployment have one currency.
fn link_of(entry: &Entry, names: &CatalogNames<'_>, currency: Option<Currency>) -> Link {
    let value = |text: String| serde_json::from_str(&text).unwrap_or(serde_json::Value::Null);
    let input = match &entry.input {
        JournaledInput::Account(input) => Some(value(json::input(input))),
        JournaledInput::Raw(raw) => as_it_came(raw, &entry.outcome),
        _ => None,
    };
    Link {
        quarantine: LiesThere::of(entry),
        position: entry.position,
        recorded_at: entry.clock.to_string(),
        input,
        events: outputs(entry)
            .into_iter()
            .map(|mut output| {
                output.currency = currency;
                let mut told = value(json::output_with(&output, names));
                if let OutputBody::Event(body) = &output.body
                    && let Some(fields) = told.get_mut(body.kind())
                {
                    add_amounts(names.0, entry, body, fields);
                }
                told
            })
            .collect(),
    }
}

/// Earlier events and inputs that an entry's events name.
fn named_by(entry: &Entry) -> Vec<Reason> {
    let mut named = Vec::new();
    for output in outputs(entry) {
        let OutputBody::Event(body) = output.body else {
            continue;
        };
        match body {
            EventBody::ThresholdRecovered(recovered) => {
                named.push(Reason::Output(recovered.fired_out_id));
            }
            EventBody::AllowanceRecovered(recovered) => {
                named.push(Reason::Output(recovered.fired_out_id));
            }
            EventBody::UsageCorrected(correction) => {
                let keys = [
                    &correction.correction,
                    &correction.corrects,
                    &correction.root,
                ];
                named.extend(keys.map(Reason::of));
            }
            EventBody::CorrectionUnclaimed(unclaimed) => {
                named.push(Reason::of(&unclaimed.key));
            }
            _ => {}
        }
    }
    named
}

fn reason_text(reason: &Reason) -> String {
    match reason {
        Reason::Output(id) => id.to_string(),
        Reason::Input(source, event_id) => format!("{source}/{event_id}"),
    }
}

//! A customer's loyalty: ledgers, cards, and everything that happened to them with its reason.

use super::{CardReport, LedgerReport, card_of, ledger_of};
use crate::as_of::AccountFold;
use crate::bill::shown;
use crate::entries::{Walk, seen_by};
use crate::fields::fields_of;
use crate::{CatalogNames, History, HistoryError};
use core::ops::ControlFlow;
use rustc_hash::FxHashMap;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use umbral_model::event::{EventBody, Stream};
use umbral_model::ids::AccountId;
use umbral_model::journal::{Entry, JournaledInput};
use umbral_model::time::Timestamp;
use umbral_wire::{OutputBody, OutputEvent, outputs};

/// A customer's loyalty.
#[derive(Clone, Debug, Serialize)]
pub struct LoyaltyStory {
    /// The account.
    pub account_id: String,
    /// The clock of the last thing that is in it.
    #[serde(serialize_with = "shown")]
    pub as_of: Timestamp,
    /// Time zone of its local day.
    pub time_zone: String,
    /// Currency of all amounts.
    pub currency: String,
    /// Ledgers, in the order in which they opened.
    pub ledgers: Vec<LedgerReport>,
    /// Cards, in the order in which they were given out.
    pub cards: Vec<CardReport>,
    /// What happened, oldest first.
    pub history: Vec<LoyaltyLine>,
}

/// One thing that happened.
#[derive(Clone, Debug, Serialize)]
pub struct LoyaltyLine {
    /// From when it holds.
    #[serde(serialize_with = "shown")]
    pub at: Timestamp,
    /// The kind of event.
    pub kind: &'static str,
    /// The input, or the timer.
    pub caused_by: String,
    /// The kind of that input; none of a timer.
    pub input: Option<&'static str>,
    /// Who ordered it, where somebody did.
    pub actor: Option<String>,
    /// Its fields, as on the stream.
    pub fields: Value,
}

impl History {
    /// A customer's loyalty as it was when the clock stood at `as_of`, or as it is now.
    ///
    /// # Errors
    /// A journal that cannot be read, or an account that is not there.
    pub fn loyalty_of(
        &self,
        account: &AccountId,
        as_of: Option<Timestamp>,
    ) -> Result<LoyaltyStory, HistoryError> {
        let mut walk = Walk::of(self, account)?;
        let mut fold = AccountFold::new(account.clone());
        let mut history = Vec::new();
        let mut numbers = FxHashMap::default();
        walk.go(|walked| {
            fold.world = Arc::clone(walked.world);
            for (_, entry) in &walked.entries {
                if as_of.is_some_and(|as_of| entry.clock > as_of) {
                    return Ok(ControlFlow::Break(()));
                }
                if let Some(own) = seen_by(entry, account) {
                    let names = CatalogNames(&walked.world.catalogs);
                    for output in outputs(&own) {
                        note_number(&output, &mut numbers);
                        let line = line_of(&output, &own, &names);
                        history.extend(line.map(|line| with_number(line, &output, &numbers)));
                    }
                }
                fold.take(entry);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        let clock = fold.clock();
        let view = fold.view().ok_or_else(|| HistoryError::UnknownAccount {
            account: account.to_string(),
            at: as_of.map(|at| at.to_string()),
        })?;
        Ok(LoyaltyStory {
            account_id: account.to_string(),
            as_of: clock,
            time_zone: view.time_zone.to_string(),
            currency: view.currency.to_string(),
            ledgers: view.ledgers.into_iter().map(ledger_of).collect(),
            cards: view
                .all_cards
                .into_iter()
                .map(|card| {
                    let number = numbers.get(&card.card).cloned();
                    card_of(card, number)
                })
                .collect(),
            history,
        })
    }
}

/// Card numbers are told by events, not by the state.
fn note_number(output: &OutputEvent<'_>, numbers: &mut FxHashMap<u64, String>) {
    match &output.body {
        OutputBody::Event(EventBody::CardIssued(issued)) => {
            numbers.insert(issued.card, issued.number.to_string());
        }
        OutputBody::Event(EventBody::CardReplaced(replaced)) => {
            numbers.insert(replaced.new_card, replaced.new.to_string());
        }
        _ => {}
    }
}

/// Tells the number of a card of which the event knows a hash alone, where the journal told it before.
fn with_number(
    mut line: LoyaltyLine,
    output: &OutputEvent<'_>,
    numbers: &FxHashMap<u64, String>,
) -> LoyaltyLine {
    let ended = match &output.body {
        OutputBody::Event(EventBody::CardExpired(ended) | EventBody::CardClosed(ended)) => ended,
        _ => return line,
    };
    if let (None, Some(number), Some(fields)) = (
        &ended.number,
        numbers.get(&ended.card),
        line.fields.as_object_mut(),
    ) {
        fields.insert("number".to_owned(), number.as_str().into());
    }
    line
}

fn line_of(
    output: &OutputEvent<'_>,
    entry: &Entry,
    names: &CatalogNames<'_>,
) -> Option<LoyaltyLine> {
    let OutputBody::Event(body) = &output.body else {
        return None;
    };
    if body.stream() != Stream::Loyalty {
        return None;
    }
    let input = match &entry.input {
        JournaledInput::Account(input) => Some(input),
        _ => None,
    };
    let actor = input.and_then(|input| input.actor.as_ref());
    let own = input.filter(|input| input.key == output.caused_by);
    Some(LoyaltyLine {
        at: output.effective_at,
        kind: body.kind(),
        caused_by: output.caused_by.to_string(),
        input: own.map(|input| input.body.kind()),
        actor: actor.map(ToString::to_string),
        fields: fields_of(output, names)?,
    })
}

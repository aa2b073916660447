//! What the model keeps of an account, and what ledgers hold.

use super::facts::{Refund, Source};
use super::life::{number, text};
use crate::tariff_model::days::Zone;
use chrono::NaiveDate;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// An output.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub account: Option<String>,
    pub at: i64,
    pub kind: &'static str,
    pub fields: Value,
}

#[derive(Clone, Debug)]
pub(crate) struct Lot {
    pub no: i64,
    pub source: String,
    pub points: i64,
    pub remaining: i64,
    pub reserved: i64,
    /// Expired, or forfeited.
    pub gone: i64,
    pub pending: bool,
    pub earned_on: NaiveDate,
    pub available_on: NaiveDate,
    pub expires_on: Option<NaiveDate>,
}

/// A stretch in which points count for a tier; of the first one no day is too early.
#[derive(Clone, Debug)]
pub(crate) struct Base {
    pub from: Option<NaiveDate>,
    pub tier: usize,
    /// Points by hand.
    pub manual: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct Demotion {
    pub from: usize,
    pub base: usize,
    pub validity: usize,
    pub on: NaiveDate,
}

#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    pub line: String,
    /// When it ended, and whether for want of purchases.
    pub ended: Option<(NaiveDate, bool)>,
    pub lots: Vec<Lot>,
    pub debt: i64,
    pub tier: usize,
    /// Instant and tier of every change, as they were told.
    pub tiers: Vec<(i64, usize)>,
    pub bases: Vec<Base>,
    /// First days of validities.
    pub validities: Vec<NaiveDate>,
    pub valid_until: Option<NaiveDate>,
    pub demotion: Option<Demotion>,
    pub granted: Option<(usize, Option<NaiveDate>)>,
    pub active_on: NaiveDate,
    pub frozen_on: Option<NaiveDate>,
    /// Days on which nobody took part, and why: up to the one on which somebody did again.
    pub gaps: Vec<(NaiveDate, NaiveDate, &'static str)>,
    pub ages: bool,
    pub told: BTreeSet<(&'static str, NaiveDate, i64)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Card {
    pub number: String,
    pub kind: String,
    pub from: i64,
    pub unconfirmed: bool,
    pub lost: Option<i64>,
    pub replaced: Option<(i64, String)>,
    pub closed: Option<i64>,
    pub valid_until: Option<NaiveDate>,
    pub expired: bool,
    /// Days on which it was expired.
    pub gaps: Vec<(NaiveDate, NaiveDate)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Redemption {
    pub id: String,
    pub line: String,
    pub state: &'static str,
    pub parts: Vec<(i64, i64)>,
    pub until: Option<i64>,
}

#[derive(Clone, Debug)]
pub(crate) struct Parked {
    pub purchase: String,
    pub refund: Refund,
    pub points: Option<i64>,
    pub at: i64,
    pub until: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct Bill {
    pub id: String,
    pub amount: i64,
    pub reduced: i64,
    pub paid: Vec<Paid>,
}

#[derive(Clone, Debug)]
pub(crate) struct Paid {
    pub id: String,
    pub amount: i64,
    pub on: NaiveDate,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Account {
    pub id: String,
    pub rank: i64,
    pub category: String,
    pub ledgers: Vec<Ledger>,
    pub cards: Vec<Card>,
    pub sources: Vec<Source>,
    pub redemptions: Vec<Redemption>,
    pub parked: Vec<Parked>,
    pub bills: Vec<Bill>,
    pub lots: i64,
    pub out: Vec<Told>,
}

/// What holds while one input or timer is worked on.
#[derive(Clone, Copy)]
pub(crate) struct Now<'a> {
    pub club: &'a Value,
    pub zone: &'a Zone,
    /// The clock, or a timer's due instant.
    pub now: i64,
    /// When it happened.
    pub at: i64,
}

impl Now<'_> {
    pub(crate) fn today(&self) -> NaiveDate {
        self.zone.date(self.now)
    }

    pub(crate) fn setting(&self, key: &str) -> Option<i64> {
        self.club[key].as_i64()
    }

    /// The start of the day after a last day.
    pub(crate) fn end_of(&self, last: NaiveDate) -> i64 {
        self.zone.start_of(last.succ_opt().unwrap())
    }

    pub(crate) fn is_over(&self, last: Option<NaiveDate>, at: i64) -> bool {
        last.is_some_and(|last| self.end_of(last) <= at)
    }

    pub(crate) fn tiers(&self) -> &[Value] {
        self.club["tiers"].as_array().map_or(&[], Vec::as_slice)
    }

    pub(crate) fn tier(&self, name: &Value) -> usize {
        let found = self.tiers().iter().position(|tier| tier["name"] == *name);
        found.unwrap_or(0)
    }
}

pub(crate) fn plus(day: NaiveDate, days: i64) -> NaiveDate {
    day + chrono::TimeDelta::days(days)
}

impl Lot {
    pub(crate) fn moved(&self, delta: i64) -> Value {
        json!({"lot_id": self.no, "delta": delta, "expires_on": self.expires_on.map(|day| day.to_string())})
    }
}

impl Ledger {
    pub(crate) fn name(&self) -> String {
        format!("club/{}", self.line)
    }

    fn sum(&self, of: impl Fn(&Lot) -> i64) -> i64 {
        self.lots.iter().map(of).sum()
    }

    pub(crate) fn pending(&self) -> i64 {
        self.sum(|lot| if lot.pending { lot.remaining } else { 0 })
    }

    pub(crate) fn available(&self) -> i64 {
        self.sum(|lot| if lot.pending { 0 } else { lot.remaining })
    }

    pub(crate) fn reserved(&self) -> i64 {
        self.sum(|lot| lot.reserved)
    }

    pub(crate) fn balances(&self) -> Value {
        json!({"pending": self.pending(), "available": self.available(), "debt": self.debt})
    }

    /// Numbers of its lots in the order in which they are spent.
    pub(crate) fn spend_order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.lots.len()).collect();
        let last = |lot: &Lot| lot.expires_on.unwrap_or(NaiveDate::MAX);
        order.sort_by_key(|lot| {
            let lot = &self.lots[*lot];
            (last(lot), lot.earned_on, lot.no)
        });
        order
    }

    /// Why nobody took part on a day that is over.
    pub(crate) fn gap(&self, day: NaiveDate) -> Option<&'static str> {
        let mut gaps = self.gaps.iter();
        let gap = gaps.find(|(from, to, _)| *from <= day && day < *to)?;
        Some(gap.2)
    }

    pub(crate) fn lot(&mut self, no: i64) -> &mut Lot {
        self.lots.iter_mut().find(|lot| lot.no == no).unwrap()
    }
}

impl Card {
    /// How it stood at an instant.
    pub(crate) fn state(&self, now: &Now<'_>, at: i64) -> &'static str {
        let day = now.zone.date(at);
        let since = |instant: Option<i64>| instant.is_some_and(|instant| instant <= at);
        match () {
            () if at < self.from => "not yet",
            () if since(self.closed) => "closed",
            () if since(self.replaced.as_ref().map(|(at, _)| *at)) => "replaced",
            () if since(self.lost) => "lost",
            () if now.is_over(self.valid_until, at) => "expired",
            () if self.gaps.iter().any(|gap| gap.0 <= day && day < gap.1) => "expired",
            () if self.unconfirmed => "unconfirmed",
            () => "active",
        }
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.closed.is_some() || self.replaced.is_some()
    }
}

impl Account {
    pub(crate) fn tell(&mut self, now: &Now<'_>, kind: &'static str, fields: Value) {
        let account = Some(self.id.clone());
        let at = now.at;
        self.out.push(Told {
            account,
            at,
            kind,
            fields,
        });
    }

    pub(crate) fn find(&self, line: &str) -> Option<usize> {
        self.ledgers.iter().position(|ledger| ledger.line == line)
    }

    pub(crate) fn card(&self, number: &str) -> Option<usize> {
        self.cards.iter().position(|card| card.number == number)
    }

    /// The last card that took the place of a number's.
    pub(crate) fn live_card(&self, number: &str) -> Option<usize> {
        let mut card = self.card(number)?;
        while let Some((_, next)) = &self.cards[card].replaced {
            card = self.card(next)?;
        }
        Some(card)
    }

    pub(crate) fn not_earned(&mut self, now: &Now<'_>, source: &str, reason: &str) {
        self.tell(
            now,
            "points_not_earned",
            json!({"source_ref": source, "reason": reason}),
        );
    }

    /// Cards of a line that are neither closed nor replaced, but one.
    pub(crate) fn others(&self, now: &Now<'_>, line: &str, number: &str) -> Vec<&Card> {
        let own = |card: &&Card| {
            card.number != number && !card.is_gone() && line_of(now, &card.kind) == Some(line)
        };
        self.cards.iter().filter(own).collect()
    }

    /// The counter of a ledger: what sources and hands gave since its base.
    pub(crate) fn counter(&self, ledger: usize) -> i64 {
        let own = &self.ledgers[ledger];
        let base = own.bases.len() - 1;
        self.counted(ledger, base) + own.bases[base].manual
    }

    pub(crate) fn counted(&self, ledger: usize, base: usize) -> i64 {
        let line = &self.ledgers[ledger].line;
        let sources = self.sources.iter().filter(|source| source.line == *line);
        sources.map(|source| source.counted.of(base)).sum()
    }

    /// Sales of a validity, in millionths.
    pub(crate) fn sales(&self, ledger: usize, validity: usize) -> i64 {
        let line = &self.ledgers[ledger].line;
        let sources = self.sources.iter().filter(|source| source.line == *line);
        sources.map(|source| source.sales.of(validity)).sum()
    }
}

/// The line of a type of cards.
pub(crate) fn line_of<'a>(now: &Now<'a>, kind: &str) -> Option<&'a str> {
    now.club["card_types"][kind]["line"].as_str()
}

/// The line of purchases without a card.
pub(crate) fn default_line<'a>(now: &Now<'a>) -> Option<&'a str> {
    match now.club.get("default_line") {
        None => Some("-"),
        Some(line) => line.as_str(),
    }
}

pub(crate) fn timeout(now: &Now<'_>) -> Option<i64> {
    now.club["redemption"]["timeout_minutes"].as_i64()
}

pub(crate) fn min_points(now: &Now<'_>) -> i64 {
    number(&now.club["redemption"]["min_points"])
}

pub(crate) fn is_closed(now: &Now<'_>, channel: &str) -> bool {
    let closed = now.club["redemption"]["closed_channels"].as_array();
    closed
        .into_iter()
        .flatten()
        .any(|closed| text(closed) == channel)
}

//! Points that are earned, taken back, voided, released, expired.

use super::account::*;
use super::facts::{Source, last_day};
use super::life::{SOURCE, number, text};
use chrono::NaiveDate;
use serde_json::{Value, json};

/// What is to be taken: from which lots, and what becomes debt.
#[derive(Default)]
struct Taking {
    parts: Vec<(usize, i64)>,
    taken: i64,
}

impl Account {
    /// Posts the difference between what a source should have and what it has; gives its target.
    pub(crate) fn settle(
        &mut self,
        now: &Now<'_>,
        source: usize,
        share: (i64, i64),
        (day, lost_on): (NaiveDate, NaiveDate),
    ) -> i64 {
        let own = &self.sources[source];
        if own.voided {
            return 0;
        }
        let (target, granted) = (own.target(share), own.granted);
        let Some(ledger) = self.find(&own.line) else {
            return 0;
        };
        let rests =
            self.ledgers[ledger].ended.is_some() || self.ledgers[ledger].frozen_on.is_some();
        let grows = target.points > granted || target.sales > own.sales.sum();
        if own.kind == "invoice" && rests && grows {
            return target.points;
        }
        self.count_sales(now, source, target.sales, (day, lost_on));
        if target.points > granted {
            self.earn(now, source, target.points - granted, target.qualifying, day);
        }
        if target.points < granted {
            self.claw(
                now,
                source,
                granted - target.points,
                target.qualifying,
                lost_on,
            );
        }
        self.look(now, ledger, "points");
        target.points
    }

    fn count_sales(
        &mut self,
        now: &Now<'_>,
        source: usize,
        sales: i64,
        (day, lost_on): (NaiveDate, NaiveDate),
    ) {
        let own = &self.sources[source];
        let more = sales - own.sales.sum();
        let ledger = self.find(&own.line).unwrap();
        if own.kind == "invoice" && more > 0 {
            let paid = now.zone.date(now.at);
            let ledger = &mut self.ledgers[ledger];
            ledger.active_on = ledger.active_on.max(paid);
        }
        let on = if more > 0 { day } else { lost_on };
        let validity = self.validity_at(ledger, on);
        let is_open = self.is_open(now, ledger, on);
        let own = &mut self.sources[source];
        match more > 0 {
            true => own.sales.add(validity.filter(|_| is_open), more),
            false => own.sales.take(-more, validity),
        }
    }

    /// The validity of a day: the one that runs, or the one before the last demotion.
    fn validity_at(&self, ledger: usize, day: NaiveDate) -> Option<usize> {
        let ledger = &self.ledgers[ledger];
        let current = ledger.validities.len() - 1;
        if day >= ledger.validities[current] || current == 0 {
            return Some(current);
        }
        let last = ledger.demotion.as_ref()?.validity;
        (last == 0 || day >= ledger.validities[last]).then_some(last)
    }

    /// The base of a day: the one that runs, or the one before the last demotion.
    fn base_at(&self, ledger: usize, day: NaiveDate) -> Option<usize> {
        let ledger = &self.ledgers[ledger];
        let holds = |base: &usize| ledger.bases[*base].from.is_none_or(|from| day >= from);
        let current = Some(ledger.bases.len() - 1).filter(holds);
        let last = ledger.demotion.as_ref().map(|last| last.base);
        current.or(last.filter(holds))
    }

    /// Whether what was on a day still counts: there was no demotion since, or it can be corrected.
    fn is_open(&self, now: &Now<'_>, ledger: usize, day: NaiveDate) -> bool {
        let last = self.ledgers[ledger].demotion.as_ref();
        last.is_none_or(|last| day >= last.on || can_be_corrected(now, last, day))
    }

    fn earn(&mut self, now: &Now<'_>, source: usize, points: i64, qualifying: i64, day: NaiveDate) {
        let own = &self.sources[source];
        let ledger = self.find(&own.line).unwrap();
        let base = self.base_at(ledger, day);
        let base = base.filter(|_| self.is_open(now, ledger, day));
        let own = &mut self.sources[source];
        own.counted.add(base, qualifying - own.counted.sum());
        own.granted += points;
        let (name, version) = (own.name.clone(), own.version.clone());
        let waits = now.setting("pending_days").unwrap_or(0);
        self.credit(
            now,
            ledger,
            (points, day, plus(day, waits)),
            &name,
            Some(&version),
        );
    }

    /// A new lot: points, day on which they are earned, first day on which they can be spent.
    pub(crate) fn credit(
        &mut self,
        now: &Now<'_>,
        ledger: usize,
        (points, earned_on, available_on): (i64, NaiveDate, NaiveDate),
        source: &str,
        version: Option<&str>,
    ) {
        self.lots += 1;
        let pending = now.zone.start_of(available_on) > now.now;
        let own = &mut self.ledgers[ledger];
        let before = own.available();
        let repaid = if pending { 0 } else { own.debt.min(points) };
        own.debt -= repaid;
        let lot = Lot {
            no: self.lots,
            source: source.to_owned(),
            points,
            remaining: points - repaid,
            reserved: 0,
            gone: 0,
            pending,
            earned_on,
            available_on,
            expires_on: last_day(now.club, earned_on),
        };
        let moved = json!([lot.moved(points - repaid)]);
        own.lots.push(lot);
        let mut fields = json!({"ledger": own.name(), "delta": points, "lots": moved, "source_ref": source,
            "balances_after": own.balances()});
        if let Some(version) = version {
            fields["rule_version"] = json!(version);
        }
        self.tell(now, "points_earned", fields);
        self.tell_levels(now, ledger, before);
    }

    fn tell_levels(&mut self, now: &Now<'_>, ledger: usize, before: i64) {
        let after = self.ledgers[ledger].available();
        let levels = now.club["reward_levels"].as_array();
        for level in levels.into_iter().flatten().map(number) {
            if before < level && level <= after {
                self.tell(now, "reward_level_reached", json!({"level": level}));
            }
        }
    }

    /// The lots to take from, in order: those of `lots` that hold something.
    fn taking(&self, ledger: usize, lots: impl Iterator<Item = usize>, most: i64) -> Taking {
        let mut taking = Taking::default();
        for index in lots {
            let part = self.ledgers[ledger].lots[index]
                .remaining
                .min(most - taking.taken);
            if part > 0 && !taking.parts.iter().any(|(known, _)| *known == index) {
                taking.parts.push((index, part));
                taking.taken += part;
            }
        }
        taking
    }

    /// Takes it, and tells.
    fn take(
        &mut self,
        now: &Now<'_>,
        ledger: usize,
        kind: &'static str,
        (taking, owed): (&Taking, i64),
        mut fields: Value,
    ) {
        let own = &mut self.ledgers[ledger];
        own.debt += owed;
        let mut moved = Vec::new();
        for (index, part) in &taking.parts {
            let lot = &mut own.lots[*index];
            lot.remaining -= part;
            match kind {
                "points_expired" => lot.gone += part,
                "points_clawed_back" if fields["source_ref"] != lot.source.as_str() => {}
                _ => lot.points -= part,
            }
            moved.push(lot.moved(-part));
        }
        fields["ledger"] = json!(own.name());
        fields["delta"] = json!(-(taking.taken + owed));
        fields["lots"] = json!(moved);
        fields["balances_after"] = own.balances();
        self.tell(now, kind, fields);
    }

    /// Takes back what a source has too much (section 8, refund after redemption).
    fn claw(
        &mut self,
        now: &Now<'_>,
        source: usize,
        points: i64,
        qualifying: i64,
        lost_on: NaiveDate,
    ) {
        let ledger = self.find(&self.sources[source].line).unwrap();
        let base = self.base_at(ledger, lost_on);
        let own = &mut self.sources[source];
        own.granted -= points;
        own.counted.take(own.counted.sum() - qualifying, base);
        let (name, version) = (own.name.clone(), own.version.clone());
        let policy = now.club["refund_policy"].as_str().unwrap_or("debt");
        let lots = &self.ledgers[ledger].lots;
        let order = self.ledgers[ledger].spend_order();
        let is_own = |lot: &usize| lots[*lot].source == name;
        let own_pending = order
            .iter()
            .copied()
            .filter(|lot| is_own(lot) && lots[*lot].pending);
        let own_free = order
            .iter()
            .copied()
            .filter(|lot| is_own(lot) && !lots[*lot].pending);
        let others = order
            .iter()
            .copied()
            .filter(|lot| !is_own(lot) && !lots[*lot].pending);
        let taking = match policy {
            "only_pending" => self.taking(ledger, own_pending, points),
            _ => self.taking(ledger, own_pending.chain(own_free).chain(others), points),
        };
        let room = now.setting("max_debt").unwrap_or(i64::MAX) - self.ledgers[ledger].debt;
        let left = points - taking.taken;
        let owed = if policy == "debt" {
            left.min(room.max(0))
        } else {
            0
        };
        if taking.taken + owed > 0 {
            let fields = json!({"source_ref": name, "rule_version": version});
            self.take(now, ledger, "points_clawed_back", (&taking, owed), fields);
        }
    }

    /// Voids all that a source earned; the consumed part becomes debt.
    pub(crate) fn void_source(&mut self, now: &Now<'_>, source: usize) {
        let own = &mut self.sources[source];
        let granted = std::mem::take(&mut own.granted);
        (own.counted, own.voided) = (Default::default(), true);
        let (name, version, line) = (own.name.clone(), own.version.clone(), own.line.clone());
        let ledger = self.find(&line).unwrap();
        let lots = &self.ledgers[ledger].lots;
        let order = self.ledgers[ledger].spend_order();
        let own_lots: Vec<usize> = order
            .into_iter()
            .filter(|lot| lots[*lot].source == name)
            .collect();
        let gone: i64 = own_lots.iter().map(|lot| lots[*lot].gone).sum();
        let taking = self.taking(ledger, own_lots.into_iter(), i64::MAX);
        let owed = (granted - taking.taken - gone).max(0);
        let fields = json!({"source_ref": name, "rule_version": version});
        self.take(now, ledger, "points_voided", (&taking, owed), fields);
        self.look(now, ledger, "void");
    }

    /// Voids so many points: what can be spent goes before what cannot yet.
    pub(crate) fn void_points(&mut self, now: &Now<'_>, ledger: usize, points: i64) {
        let lots = &self.ledgers[ledger].lots;
        let order = self.ledgers[ledger].spend_order();
        let free = order.iter().copied().filter(|lot| !lots[*lot].pending);
        let pending = order.iter().copied().filter(|lot| lots[*lot].pending);
        let taking = self.taking(ledger, free.chain(pending), points);
        let owed = points - taking.taken;
        // What is of before the base does not count; of what was spent the oldest goes first.
        let base = self.ledgers[ledger].bases.last().unwrap().from;
        let is_old = |lot: &Lot| base.is_some_and(|base| lot.earned_on < base);
        let old = |part: &&(usize, i64)| is_old(&lots[part.0]);
        let taken_old: i64 = taking.parts.iter().filter(old).map(|(_, part)| part).sum();
        let spent = |lot: &Lot| (lot.points - lot.remaining - lot.reserved - lot.gone).max(0);
        let spent_old: i64 = lots.iter().filter(|lot| is_old(lot)).map(spent).sum();
        let counted = points - taken_old - owed.min(spent_old);
        self.take(now, ledger, "points_voided", (&taking, owed), json!({}));
        self.ledgers[ledger].bases.last_mut().unwrap().manual -= counted;
        self.look(now, ledger, "void");
    }

    pub(crate) fn release(&mut self, now: &Now<'_>, ledger: usize) {
        let own = &mut self.ledgers[ledger];
        let before = own.available();
        let (mut moved, mut delta) = (Vec::new(), 0);
        for index in 0..own.lots.len() {
            let debt = own.debt;
            let lot = &mut own.lots[index];
            if lot.pending && lot.remaining > 0 && now.zone.start_of(lot.available_on) <= now.now {
                let repaid = debt.min(lot.remaining);
                delta += lot.remaining;
                lot.pending = false;
                lot.remaining -= repaid;
                moved.push(lot.moved(lot.remaining));
                own.debt -= repaid;
            }
        }
        if delta > 0 {
            let fields = json!({"ledger": own.name(), "delta": delta, "lots": moved,
                "balances_after": own.balances()});
            self.tell(now, "points_released", fields);
            self.tell_levels(now, ledger, before);
        }
    }

    /// Lots whose last day is over, or all.
    pub(crate) fn expire(&mut self, now: &Now<'_>, ledger: usize, all: bool) {
        let own = &self.ledgers[ledger];
        let is_over =
            |lot: &usize| all || own.ages && now.is_over(own.lots[*lot].expires_on, now.now);
        let over: Vec<usize> = own.spend_order().into_iter().filter(is_over).collect();
        let taking = self.taking(ledger, over.into_iter(), i64::MAX);
        if taking.taken > 0 {
            self.take(now, ledger, "points_expired", (&taking, 0), json!({}));
        }
    }

    /// Points by hand.
    pub(crate) fn adjust(&mut self, now: &Now<'_>, body: &Value, event: &str) -> Result<(), ()> {
        let ledger = self.named_or_open(now, body)?;
        let points = number(&body["points"]);
        if points < 0 {
            self.void_points(now, ledger, -points);
            return Ok(());
        }
        self.ledgers[ledger].bases.last_mut().unwrap().manual += points;
        let today = now.today();
        self.credit(now, ledger, (points, today, today), event, None);
        self.look(now, ledger, "points");
        Ok(())
    }

    pub(crate) fn void(&mut self, now: &Now<'_>, body: &Value) -> Result<(), ()> {
        if body["source_ref"].is_null() {
            let ledger = self.named(now, body)?.ok_or(())?;
            self.void_points(now, ledger, number(&body["points"]));
            return Ok(());
        }
        let name = text(&body["source_ref"]);
        let is_meant = |source: &Source| source.name == name;
        let found: Vec<usize> = (0..self.sources.len())
            .filter(|s| is_meant(&self.sources[*s]))
            .collect();
        if found.is_empty() {
            return Err(());
        }
        for source in found {
            self.void_source(now, source);
        }
        Ok(())
    }

    /// A visit earns by the first rule that matches it; it is no activity.
    pub(crate) fn visit(&mut self, now: &Now<'_>, body: &Value, event: &str) -> Result<(), ()> {
        let line = match body["card"].as_str() {
            None => default_line(now),
            Some(number) => {
                let card = self.card(number).map(|card| &self.cards[card]);
                let good =
                    card.filter(|c| matches!(c.state(now, now.at), "active" | "unconfirmed"));
                good.and_then(|card| line_of(now, &card.kind))
            }
        };
        let Some(line) = line else { return Ok(()) };
        let location = text(&body["location"]);
        let source = self.source(now, "visit", &format!("{SOURCE}/{event}"), line, now.at);
        let mut source = source;
        let asked = super::facts::Asked {
            category: "",
            item: "",
            partner: "",
            location,
            method: "",
            member_category: &self.category,
            card_line: line,
        };
        let rule = super::facts::rule_of(&source.rules, "visit", &asked);
        if rule.is_none() {
            return Ok(());
        }
        self.open(now, line, now.at, false);
        let ledger = &self.ledgers[self.find(line).unwrap()];
        let day = now.zone.date(now.at);
        let frozen = ledger.frozen_on.is_some_and(|since| since <= day);
        if ledger.ended.is_some() || frozen || ledger.gap(day).is_some() {
            return Ok(());
        }
        source.lines.push(super::facts::Line {
            item: location.to_owned(),
            value: 0,
            rule,
        });
        source.multiplier = self.multiplier(now, line, now.at);
        self.sources.push(source);
        self.settle(now, self.sources.len() - 1, (1, 1), (day, day));
        Ok(())
    }
}

/// Whether a day before the last demotion still counts.
fn can_be_corrected(now: &Now<'_>, last: &Demotion, day: NaiveDate) -> bool {
    day < last.on && now.today() <= plus(last.on, now.setting("tier_correction_days").unwrap_or(30))
}

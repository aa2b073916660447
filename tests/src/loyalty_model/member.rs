//! Memberships, tiers and cards.

use super::account::*;
use super::life::{cents, money, months_after, number, text};
use chrono::NaiveDate;
use serde_json::{Value, json};

impl Account {
    /// Opens a ledger; one that ended opens anew only by hand.
    pub(crate) fn open(&mut self, now: &Now<'_>, line: &str, at: i64, by_hand: bool) {
        let from = now.zone.date(at);
        let tier = self.vip_floor(now);
        let validity = now
            .setting("tier_validity_months")
            .filter(|_| !now.tiers().is_empty());
        let base = Base {
            from: None,
            tier,
            manual: 0,
        };
        let fresh = Ledger {
            line: line.to_owned(),
            ended: None,
            lots: Vec::new(),
            debt: 0,
            tier,
            tiers: vec![(now.at, tier)],
            bases: vec![base.clone()],
            validities: vec![from],
            valid_until: validity.map(|months| months_after(from, months)),
            demotion: None,
            granted: None,
            active_on: from,
            frozen_on: None,
            gaps: Vec::new(),
            ages: true,
            told: Default::default(),
        };
        let Some(known) = self.find(line) else {
            self.ledgers.push(fresh);
            return;
        };
        let known = &mut self.ledgers[known];
        if known.ended.is_none() || !by_hand {
            return;
        }
        let mut old = std::mem::replace(known, fresh);
        (known.lots, known.debt) = (old.lots, old.debt);
        // What an earlier membership earned was good up to its end.
        let last = old.ended.map(|(ended, _)| plus(ended, -1));
        let frozen = old.frozen_on.map(|since| (since, from, "card_state"));
        let ended = old.ended.map(|(ended, _)| (ended, from, "not_enrolled"));
        known.gaps = old.gaps;
        known.gaps.extend(frozen.into_iter().chain(ended));
        // Expired cards are still to be renewed.
        if let (Some(since), Some((_, true))) = (old.frozen_on, old.ended) {
            (known.frozen_on, known.ages) = (Some(since.max(from)), old.ages);
        }
        for lot in &mut known.lots {
            lot.expires_on = lot.expires_on.or(last).min(last);
        }
        old.tiers.append(&mut known.tiers);
        known.tiers = old.tiers;
        old.bases.push(Base {
            from: Some(from),
            ..base
        });
        known.bases = old.bases;
        old.validities.push(from);
        known.validities = old.validities;
    }

    /// The ledger that an input means; none: the default one, which is not open yet.
    pub(crate) fn named(&self, now: &Now<'_>, body: &Value) -> Result<Option<usize>, ()> {
        if let Some(name) = body["ledger"].as_str() {
            let found = self.ledgers.iter().position(|ledger| ledger.name() == name);
            return found.map(Some).ok_or(());
        }
        match self.ledgers.len() {
            0 => default_line(now).map(|_| None).ok_or(()),
            1 => Ok(Some(0)),
            _ => Err(()),
        }
    }

    pub(crate) fn named_or_open(&mut self, now: &Now<'_>, body: &Value) -> Result<usize, ()> {
        match self.named(now, body)? {
            Some(ledger) => Ok(ledger),
            None => {
                self.open(now, default_line(now).ok_or(())?, now.at, false);
                Ok(0)
            }
        }
    }

    /// Enrolling opens the default ledger, and every one that ended.
    pub(crate) fn enrol(&mut self, now: &Now<'_>) {
        if let Some(line) = default_line(now) {
            self.open(now, line, now.at, true);
        }
        for ledger in 0..self.ledgers.len() {
            let line = self.ledgers[ledger].line.clone();
            self.open(now, &line, now.at, true);
        }
    }

    /// Whether a ledger takes part, or can be brought back by what came before its end and is known late.
    pub(crate) fn is_alive(&mut self, now: &Now<'_>, line: &str, at: i64) -> bool {
        let ledger = self.find(line).unwrap();
        let Some((ended, for_want)) = self.ledgers[ledger].ended else {
            return true;
        };
        let last = plus(ended, now.setting("correction_days").unwrap_or(30));
        if !for_want || now.zone.date(at) >= ended || now.today() > last {
            return false;
        }
        let own = &mut self.ledgers[ledger];
        own.ended = None;
        own.told.retain(|(what, _, _)| *what != "membership");
        for lot in &mut own.lots {
            if !now.is_over(lot.expires_on, now.now) {
                lot.remaining += std::mem::take(&mut lot.gone);
            }
        }
        self.tell(now, "correction_applied", json!({}));
        true
    }

    pub(crate) fn terminate(&mut self, now: &Now<'_>, ledger: usize) {
        let forfeited = self.forfeit(now, ledger, true);
        let name = self.ledgers[ledger].name();
        self.tell(
            now,
            "membership_terminated",
            json!({"ledger": name, "points_forfeited": forfeited}),
        );
    }

    fn forfeit(&mut self, now: &Now<'_>, ledger: usize, for_want: bool) -> i64 {
        let own = &mut self.ledgers[ledger];
        let forfeited = own.pending() + own.available();
        for lot in &mut own.lots {
            lot.gone += std::mem::take(&mut lot.remaining);
        }
        own.ended = Some((now.zone.date(now.at), for_want));
        forfeited
    }

    pub(crate) fn ends_on(&self, now: &Now<'_>, ledger: usize) -> Option<NaiveDate> {
        let months = now.setting("inactive_months")?;
        let own = &self.ledgers[ledger];
        own.ended
            .is_none()
            .then(|| months_after(own.active_on, months))
    }

    fn vip_floor(&self, now: &Now<'_>) -> usize {
        let floors = now.club["vip_floor"].as_object().into_iter().flatten();
        let reached = floors.filter(|(rank, _)| rank.parse::<i64>().unwrap() <= self.rank);
        reached.map(|(_, tier)| now.tier(tier)).max().unwrap_or(0)
    }

    fn floor(&self, now: &Now<'_>, ledger: usize) -> usize {
        let granted = self.ledgers[ledger].granted;
        let holds = granted.filter(|(_, until)| until.is_none_or(|until| now.today() <= until));
        holds.map_or(0, |(tier, _)| tier).max(self.vip_floor(now))
    }

    /// The multiplier of the tier that a ledger had at an instant, by all that was told of it.
    pub(crate) fn multiplier(&self, now: &Now<'_>, line: &str, at: i64) -> i64 {
        let ledger = self.find(line).map(|ledger| &self.ledgers[ledger]);
        let tiers = ledger.map_or(&[][..], |ledger| &ledger.tiers);
        let tier = tiers
            .iter()
            .rfind(|(from, _)| *from <= at)
            .map_or(0, |(_, tier)| *tier);
        let tier = now.tiers().get(tier);
        tier.and_then(|tier| tier["multiplier_bps"].as_i64())
            .unwrap_or(10_000)
    }

    fn retain(now: &Now<'_>, tier: usize) -> i64 {
        now.tiers()
            .get(tier)
            .map_or(0, |tier| cents(&tier["retain"]) * 10_000)
    }

    fn move_tier(
        &mut self,
        now: &Now<'_>,
        kind: &'static str,
        ledger: usize,
        to: usize,
        basis: &str,
    ) {
        let is_restored = kind == "tier_restored";
        let last = self.ledgers[ledger].demotion.as_ref().map(|last| last.base);
        let counter = match last.filter(|_| is_restored) {
            Some(base) => self.counted(ledger, base) + self.ledgers[ledger].bases[base].manual,
            None => self.counter(ledger),
        };
        let own = &mut self.ledgers[ledger];
        let from = own.tier;
        let standard = if is_restored { to } else { from };
        let name = |tier: usize| now.tiers()[tier]["name"].clone();
        let needed = match (basis, now.tiers().get(to + 1)) {
            ("sales", _) => json!(money(cents(&now.tiers()[standard]["retain"]))),
            (_, Some(next)) => json!(number(&next["from"]).to_string()),
            (_, None) => json!(""),
        };
        let until = own.valid_until.map(|day| day.to_string());
        let fields = json!({"from": name(from), "to": name(to), "basis": basis, "counter": counter,
            "needed": needed, "valid_until": until});
        if kind != "tier_will_change" {
            own.tier = to;
            own.tiers.push((now.at, to));
        }
        self.tell(now, kind, fields);
    }

    /// The tier is what the base, the counter and the floor say; only a void lowers it here.
    pub(crate) fn look(&mut self, now: &Now<'_>, ledger: usize, basis: &str) {
        if now.tiers().is_empty() {
            return;
        }
        let counter = self.counter(ledger);
        let steps = now
            .tiers()
            .iter()
            .rposition(|tier| number(&tier["from"]) <= counter);
        let own = &self.ledgers[ledger];
        let base = own.bases.last().unwrap().tier;
        let reached = base.max(steps.unwrap_or(0)).max(self.floor(now, ledger));
        let to = if basis == "void" {
            reached
        } else {
            reached.max(own.tier)
        };
        if to != own.tier {
            self.move_tier(now, "tier_changed", ledger, to, basis);
        }
        self.restore(now, ledger);
    }

    /// Whether sales of the last validity meet its standard after all.
    fn restore(&mut self, now: &Now<'_>, ledger: usize) {
        let Some(last) = self.ledgers[ledger].demotion.clone() else {
            return;
        };
        let days = now.setting("tier_correction_days").unwrap_or(30);
        let met = self.sales(ledger, last.validity) >= Self::retain(now, last.from);
        if !met || now.today() > plus(last.on, days) || last.from <= self.ledgers[ledger].tier {
            return;
        }
        self.move_tier(now, "tier_restored", ledger, last.from, "sales");
        let own = &mut self.ledgers[ledger];
        let dropped = own.bases.len() - 1;
        let manual = own.bases.pop().unwrap().manual;
        own.bases[last.base].manual += manual;
        own.demotion = None;
        let line = own.line.clone();
        for source in self.sources.iter_mut().filter(|source| source.line == line) {
            source.counted.merge(dropped, last.base);
        }
        self.look(now, ledger, "points");
    }

    /// Where a validity that ends now would lead.
    fn after_validity(&self, now: &Now<'_>, ledger: usize) -> usize {
        let own = &self.ledgers[ledger];
        let sales = self.sales(ledger, own.validities.len() - 1);
        let meets = |tier: usize| sales >= Self::retain(now, tier);
        if own.tier == 0 || meets(own.tier) {
            return own.tier;
        }
        let to = match now.club["demotion"] == "recompute" {
            true => (0..own.tier).rfind(|tier| meets(*tier)).unwrap_or(0),
            false => own.tier - 1,
        };
        to.max(self.floor(now, ledger)).min(own.tier)
    }

    pub(crate) fn end_validity(&mut self, now: &Now<'_>, ledger: usize) {
        let to = self.after_validity(now, ledger);
        let months = now.setting("tier_validity_months").unwrap();
        let own = &mut self.ledgers[ledger];
        let (from, old_end) = (own.tier, own.valid_until.unwrap());
        own.valid_until = Some(months_after(old_end, months));
        let on = old_end.succ_opt().unwrap();
        if to != from {
            own.demotion = Some(Demotion {
                from,
                base: own.bases.len() - 1,
                validity: own.validities.len() - 1,
                on,
            });
            self.move_tier(now, "tier_changed", ledger, to, "sales");
            self.ledgers[ledger].bases.push(Base {
                from: Some(on),
                tier: to,
                manual: 0,
            });
        }
        self.ledgers[ledger].validities.push(on);
    }

    pub(crate) fn tier_notice(&mut self, now: &Now<'_>, ledger: usize) {
        let to = self.after_validity(now, ledger);
        if to != self.ledgers[ledger].tier {
            self.move_tier(now, "tier_will_change", ledger, to, "sales");
        }
    }

    pub(crate) fn grant(&mut self, now: &Now<'_>, body: &Value) -> Result<(), ()> {
        let until: Option<NaiveDate> = body["until"].as_str().map(|day| day.parse().unwrap());
        if until.is_some_and(|until| until < now.today()) {
            return Err(());
        }
        let mut meant: Vec<usize> = match body["ledger"].is_null() {
            false => vec![self.named_or_open(now, body)?],
            true => (0..self.ledgers.len())
                .filter(|l| self.ledgers[*l].ended.is_none())
                .collect(),
        };
        if meant.is_empty()
            && let Some(line) = default_line(now)
        {
            self.open(now, line, now.at, false);
            meant.extend(self.find(line));
        }
        for ledger in meant {
            self.ledgers[ledger].granted = Some((now.tier(&body["tier"]), until));
            self.look(now, ledger, "grant");
        }
        Ok(())
    }

    pub(crate) fn issue(&mut self, now: &Now<'_>, body: &Value) {
        let kind = text(&body["type"]);
        let settings = &now.club["card_types"][kind];
        let until = settings["validity_months"].as_i64();
        let until = until.map(|months| months_after(now.zone.date(now.at), months));
        let line = line_of(now, kind).unwrap();
        self.open(now, line, now.at, false);
        self.thaw(now, line);
        self.cards.push(Card {
            number: text(&body["number"]).to_owned(),
            kind: kind.to_owned(),
            from: now.at,
            unconfirmed: settings["confirm"] == true,
            lost: None,
            replaced: None,
            closed: None,
            valid_until: until,
            expired: false,
            gaps: Vec::new(),
        });
        let until = until.map(|day| day.to_string());
        self.tell(
            now,
            "card_issued",
            json!({"number": body["number"], "valid_until": until}),
        );
    }

    /// A ledger is alive again: lots that did not age live longer by the days that it was frozen.
    fn thaw(&mut self, now: &Now<'_>, line: &str) {
        let ledger = self.find(line).unwrap();
        let own = &mut self.ledgers[ledger];
        let Some(since) = own.frozen_on.take() else {
            return;
        };
        own.gaps.push((since, now.zone.date(now.at), "card_state"));
        let days = (now.zone.date(now.at) - since).num_days().max(0);
        for lot in own
            .lots
            .iter_mut()
            .filter(|lot| !own.ages && lot.expires_on >= Some(since))
        {
            lot.expires_on = lot.expires_on.map(|last| plus(last, days));
        }
        own.ages = true;
    }

    pub(crate) fn card_named(
        &mut self,
        now: &Now<'_>,
        kind: &'static str,
        body: &Value,
    ) -> Result<(), ()> {
        let number = &body["number"];
        let index = self.card(text(number)).ok_or(())?;
        let card = &mut self.cards[index];
        match kind {
            "card_confirmed" if card.unconfirmed => card.unconfirmed = false,
            "card_lost_reported" if card.lost.is_none() && !card.is_gone() => {
                card.lost = Some(now.at)
            }
            "card_closed" if !card.is_gone() => {
                self.close(now, index);
                return Ok(());
            }
            _ => return Err(()),
        }
        self.tell(now, kind, json!({"number": number}));
        Ok(())
    }

    pub(crate) fn close(&mut self, now: &Now<'_>, index: usize) {
        let (number, kind) = (
            self.cards[index].number.clone(),
            self.cards[index].kind.clone(),
        );
        let line = line_of(now, &kind).unwrap();
        let others = self.others(now, line, &number);
        let is_last = others.is_empty();
        let is_over = |other: &&Card| now.is_over(other.valid_until, now.now);
        let waiting = others.iter().rev().max_by_key(|other| other.valid_until);
        let waiting = waiting.filter(|_| others.iter().all(is_over));
        let ages = waiting.map(|card| now.club["card_types"][&card.kind]["freeze_lots"] != true);
        self.cards[index].closed = Some(now.at);
        let ledger = self.find(line).unwrap();
        let own = &mut self.ledgers[ledger];
        if let (Some(ages), None) = (ages, own.frozen_on) {
            (own.frozen_on, own.ages) = (Some(now.zone.date(now.at)), ages);
        }
        let forfeited = if is_last {
            self.forfeit(now, ledger, false)
        } else {
            0
        };
        self.tell(now, "card_closed", json!({"points_forfeited": forfeited}));
    }

    pub(crate) fn replace(&mut self, now: &Now<'_>, body: &Value) -> Result<(), ()> {
        let index = self.card(text(&body["old"])).ok_or(())?;
        let new = text(&body["new"]).to_owned();
        let old = &mut self.cards[index];
        if old.is_gone() {
            return Err(());
        }
        let card = Card {
            number: new.clone(),
            from: now.at,
            lost: None,
            ..old.clone()
        };
        old.replaced = Some((now.at, new));
        let line = line_of(now, &card.kind).unwrap();
        let ledger = &self.ledgers[self.find(line).unwrap()];
        let carried = ledger.pending() + ledger.available();
        self.cards.push(card);
        let fields = json!({"old": body["old"], "new": body["new"], "points_carried": carried});
        self.tell(now, "card_replaced", fields);
        Ok(())
    }

    pub(crate) fn renew(&mut self, now: &Now<'_>, body: &Value) -> Result<(), ()> {
        let index = self.live_card(text(&body["number"])).ok_or(())?;
        let today = now.zone.date(now.at);
        let card = &mut self.cards[index];
        let settings = &now.club["card_types"][&card.kind];
        if card.closed.is_some() {
            return Err(());
        }
        let from = match settings["renew_from"] == "old_end" {
            true => card.valid_until.unwrap_or(today),
            false => today,
        };
        let by_type = settings["validity_months"].as_i64();
        let by_hand = body["valid_until"]
            .as_str()
            .map(|day| day.parse::<NaiveDate>().unwrap());
        if by_hand.is_some_and(|last| last < now.today()) {
            return Err(());
        }
        let until = by_hand
            .or(by_type.map(|months| months_after(from, months)))
            .ok_or(())?;
        if card.expired {
            card.gaps.push((plus(card.valid_until.unwrap(), 1), today));
        }
        (card.valid_until, card.expired) = (Some(until), false);
        let line = line_of(now, &card.kind.clone()).unwrap();
        self.thaw(now, line);
        self.tell(
            now,
            "card_renewed",
            json!({"valid_until": until.to_string()}),
        );
        Ok(())
    }

    pub(crate) fn expire_card(&mut self, now: &Now<'_>, index: usize) {
        let card = &mut self.cards[index];
        card.expired = true;
        let (number, kind) = (card.number.clone(), card.kind.clone());
        let line = line_of(now, &kind).unwrap();
        let others = self.others(now, line, &number);
        if others
            .iter()
            .all(|other| now.is_over(other.valid_until, now.now))
        {
            let ledger = self.find(line).unwrap();
            let own = &mut self.ledgers[ledger];
            own.frozen_on = Some(now.zone.date(now.at));
            own.ages = now.club["card_types"][&kind]["freeze_lots"] != true;
        }
        self.tell(now, "card_expired", json!({}));
    }
}

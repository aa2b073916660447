//! The model: inputs one by one, timers found anew after each of them by looking at everything there is.

use super::account::*;
use super::life::{Life, Step, number, text};
use crate::tariff_model::days::{DAY, Zone};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How long an input may have happened before the clock.
const OLDEST: i64 = 90 * DAY;

/// What is due, in the order of section 4b, 11; refunds that waited long enough and notices around it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Due {
    Parked,
    Release,
    Timeout,
    Expiry,
    TierEnd,
    CardExpiry,
    CardClosing,
    Inactivity,
    Notice,
}

/// A purchase of nobody known.
#[derive(Clone)]
struct Unassigned {
    body: Value,
    at: i64,
    owner: Option<String>,
}

pub(crate) struct Model<'l> {
    life: &'l Life,
    zone: Zone,
    now: i64,
    pub accounts: BTreeMap<String, Account>,
    unassigned: Vec<Unassigned>,
    /// Instant and account by card number or phone.
    owners: BTreeMap<String, (i64, String)>,
    pub out: Vec<Told>,
}

impl<'l> Model<'l> {
    pub(crate) fn new(life: &'l Life) -> Model<'l> {
        let accounts = life.openings().map(|(id, body)| {
            let account = Account {
                id: id.to_owned(),
                rank: number(&body["vip_rank"]),
                category: text(&body["member_category"]).to_owned(),
                ..Account::default()
            };
            (id.to_owned(), account)
        });
        Model {
            life,
            zone: Zone::new(life.zone),
            now: life.opened,
            accounts: accounts.collect(),
            unassigned: Vec::new(),
            owners: BTreeMap::new(),
            out: Vec::new(),
        }
    }

    /// Lets the clock come to an instant.
    pub(crate) fn tick(&mut self, to: i64) {
        self.now = self.now.max(to);
        let ids: Vec<String> = self.accounts.keys().cloned().collect();
        for id in ids {
            let mut account = self.accounts.remove(&id).unwrap();
            while let Some((due, at)) = self.earliest(&account) {
                let now = self.at(at, at);
                account.fire(&now, due);
            }
            self.out.append(&mut account.out);
            self.accounts.insert(id, account);
        }
    }

    fn at(&self, now: i64, at: i64) -> Now<'_> {
        let (club, zone) = (&self.life.club, &self.zone);
        Now {
            club,
            zone,
            now,
            at,
        }
    }

    fn earliest(&self, account: &Account) -> Option<(Due, i64)> {
        let now = self.at(self.now, self.now);
        let due = account
            .due(&now)
            .into_iter()
            .filter(|(at, _)| *at <= self.now);
        due.min().map(|(at, due)| (due, at))
    }

    pub(crate) fn step(&mut self, step: &Step) {
        self.tick(step.recorded);
        if step.kind == "tick" {
            return;
        }
        let Some(id) = self.owner(step) else {
            self.unassigned.push(Unassigned {
                body: step.body.clone(),
                at: step.occurred,
                owner: None,
            });
            self.out.push(Told {
                account: None,
                at: step.occurred,
                kind: "points_not_earned",
                fields: json!({"source_ref": step.body["purchase_id"], "reason": "unidentified"}),
            });
            return;
        };
        let mut account = self.accounts.remove(&id).unwrap();
        let before = account.clone();
        let is_old = self.now - step.occurred > OLDEST;
        if is_old || self.give(&mut account, step).is_err() {
            account = before;
            let now = self.at(self.now, step.occurred);
            account.tell(&now, "quarantined", json!({}));
        }
        self.out.append(&mut account.out);
        self.accounts.insert(id, account);
    }

    /// Whom an input concerns.
    fn owner(&self, step: &Step) -> Option<String> {
        if let Some(account) = step.account {
            return Some(account.to_owned());
        }
        // Whose a number was is asked as of the purchase.
        let number = text(&step.body["identifier"]["value"]);
        let (since, owner) = self.owners.get(number)?;
        (*since <= step.occurred).then(|| owner.clone())
    }

    fn give(&mut self, account: &mut Account, step: &Step) -> Result<(), ()> {
        let body = &step.body;
        match step.kind {
            "card_issued" => self.take_number(account, &body["number"], step.occurred)?,
            "card_replaced"
                if account
                    .card(text(&body["old"]))
                    .is_some_and(|c| !account.cards[c].is_gone()) =>
            {
                self.take_number(account, &body["new"], step.occurred)?;
            }
            "purchase_claimed" => return self.claim(account, step),
            _ => {}
        }
        let now = self.at(self.now, step.occurred);
        let event = step.event_id();
        match step.kind {
            "purchase" => account.bought(&now, body)?,
            "refund" => account.refund(&now, body)?,
            "bill_issued" => account.bill(&now, body),
            "payment_received" | "payment_reversed" | "credit_note" | "write_off" => {
                account.money(&now, step.kind, body)?;
            }
            "redemption_requested" => account.request(&now, body)?,
            "redemption_committed" => account.end(&now, body, true)?,
            "redemption_released" => account.end(&now, body, false)?,
            "points_adjusted" => account.adjust(&now, body, &event)?,
            "points_voided" => account.void(&now, body)?,
            "visit" => account.visit(&now, body, &event)?,
            "tier_granted" => account.grant(&now, body)?,
            "card_issued" => account.issue(&now, body),
            "card_replaced" => account.replace(&now, body)?,
            "card_renewed" => account.renew(&now, body)?,
            "card_confirmed" | "card_lost_reported" | "card_closed" => {
                account.card_named(&now, step.kind, body)?;
            }
            "enrolled" => {
                account.enrol(&now);
                self.enrolled(account, step);
            }
            other => panic!("{other} is no input of the model"),
        }
        Ok(())
    }

    /// A number is given out once.
    fn take_number(&mut self, account: &Account, number: &Value, at: i64) -> Result<(), ()> {
        let number = text(number).to_owned();
        if self.owners.contains_key(&number) {
            return Err(());
        }
        self.owners.insert(number, (at, account.id.clone()));
        Ok(())
    }

    /// What was bought under a phone is credited to who enrols with it in time.
    fn enrolled(&mut self, account: &mut Account, step: &Step) {
        let phone = &step.body["identifier"];
        if phone.is_null() {
            return;
        }
        let number = text(&phone["value"]).to_owned();
        let owner = (step.occurred, account.id.clone());
        self.owners.entry(number).or_insert(owner);
        for index in 0..self.unassigned.len() {
            let found = self.unassigned[index].clone();
            let is_own = found.owner.is_none() && found.body["identifier"] == *phone;
            let now = self.at(self.now, step.occurred);
            if is_own && is_in_window(&now, found.at) {
                account.purchase(&now, &found.body, (found.at, true));
                self.unassigned[index].owner = Some(account.id.clone());
            }
        }
    }

    fn claim(&mut self, account: &mut Account, step: &Step) -> Result<(), ()> {
        let name = text(&step.body["purchase_id"]);
        let is_it = |known: &Unassigned| known.body["purchase_id"] == name;
        let Some(index) = self.unassigned.iter().position(is_it) else {
            return account.claim_own(&self.at(self.now, step.occurred), name);
        };
        let found = self.unassigned[index].clone();
        let now = self.at(self.now, step.occurred);
        match found.owner {
            Some(owner) if owner == account.id => return account.claim_own(&now, name),
            Some(_) => account.not_earned(&now, name, "already_credited"),
            // Without a card nothing could earn: there is nothing to say.
            None if default_line(&now).is_none() => {
                self.unassigned[index].owner = Some(account.id.clone())
            }
            None if !is_in_window(&now, found.at) => account.not_earned(&now, name, "claim_window"),
            None => {
                account.purchase(&now, &found.body, (found.at, true));
                self.unassigned[index].owner = Some(account.id.clone());
            }
        }
        Ok(())
    }
}

fn is_in_window(now: &Now<'_>, bought_at: i64) -> bool {
    let days = now.setting("claim_window_days").unwrap_or(30);
    now.zone.date(now.at) <= plus(now.zone.date(bought_at), days)
}

/// A notice: ledger, what about, last day, days before.
type Notice = (usize, &'static str, chrono::NaiveDate, i64);

fn days_of(now: &Now<'_>, key: &str, default: &[i64]) -> Vec<i64> {
    match now.club[key].as_array() {
        Some(days) => days.iter().map(number).collect(),
        None => default.to_vec(),
    }
}

impl Account {
    /// All that is due some time.
    fn due(&self, now: &Now<'_>) -> Vec<(i64, Due)> {
        let mut due: Vec<(i64, Due)> = self
            .parked
            .iter()
            .map(|one| (one.until, Due::Parked))
            .collect();
        for (index, ledger) in self.ledgers.iter().enumerate() {
            for lot in ledger.lots.iter().filter(|lot| lot.remaining > 0) {
                if lot.pending {
                    due.push((now.zone.start_of(lot.available_on), Due::Release));
                }
                if let Some(last) = lot.expires_on.filter(|_| ledger.ages) {
                    due.push((now.end_of(last), Due::Expiry));
                }
            }
            if let Some(last) = ledger.valid_until.filter(|_| ledger.ended.is_none()) {
                due.push((now.end_of(last), Due::TierEnd));
            }
            if let Some(last) = self.ends_on(now, index) {
                due.push((now.end_of(last), Due::Inactivity));
            }
        }
        for known in self
            .redemptions
            .iter()
            .filter(|known| known.state == "reserved")
        {
            due.extend(known.until.map(|until| (until, Due::Timeout)));
        }
        for card in self.cards.iter().filter(|card| !card.is_gone()) {
            let Some(last) = card.valid_until else {
                continue;
            };
            let window = now.club["card_types"][&card.kind]["renewal_window_days"].as_i64();
            match (card.expired, window) {
                (false, _) => due.push((now.end_of(last), Due::CardExpiry)),
                (true, Some(days)) => due.push((now.end_of(plus(last, days)), Due::CardClosing)),
                (true, None) => {}
            }
        }
        let notices = self.notices(now).into_iter();
        due.extend(
            notices.map(|(_, _, last, days)| (now.zone.start_of(plus(last, -days)), Due::Notice)),
        );
        due
    }

    /// Notices that are still to be given; one whose subject begins that day or later is left out.
    fn notices(&self, now: &Now<'_>) -> Vec<Notice> {
        let mut all = Vec::new();
        for (index, ledger) in self
            .ledgers
            .iter()
            .enumerate()
            .filter(|(_, l)| l.ended.is_none())
        {
            let mut offer = |what, last, days: &[i64], begun| {
                for days in days {
                    let day = plus(last, -days);
                    if day > begun && !ledger.told.contains(&(what, last, *days)) {
                        all.push((index, what, last, *days));
                    }
                }
            };
            if ledger.ages && !now.club["expiry"].is_null() {
                let days = days_of(now, "expiry_notice_days", &[]);
                let mut seen = Vec::new();
                for lot in ledger.lots.iter().filter(|lot| lot.remaining > 0) {
                    let Some(last) = lot.expires_on.filter(|last| !seen.contains(last)) else {
                        continue;
                    };
                    seen.push(last);
                    let group = ledger
                        .lots
                        .iter()
                        .filter(|lot| lot.expires_on == Some(last));
                    offer(
                        "lots",
                        last,
                        &days,
                        group.map(|lot| lot.earned_on).min().unwrap(),
                    );
                }
            }
            if let Some(last) = ledger.valid_until.filter(|_| ledger.tier > 0) {
                let days = days_of(now, "tier_notice_days", &[]);
                offer("tier", last, &days, *ledger.validities.last().unwrap());
            }
            if let Some(last) = self.ends_on(now, index) {
                let days = days_of(now, "inactive_notice_days", &[30, 7]);
                offer("membership", last, &days, ledger.active_on);
            }
        }
        all
    }

    fn fire(&mut self, now: &Now<'_>, due: Due) {
        let is_over = |last: Option<chrono::NaiveDate>| now.is_over(last, now.now);
        match due {
            Due::Parked => {
                for _ in self
                    .parked
                    .iter()
                    .filter(|one| one.until <= now.now)
                    .collect::<Vec<_>>()
                {
                    self.out.push(Told {
                        account: Some(self.id.clone()),
                        at: now.at,
                        kind: "quarantined",
                        fields: json!({}),
                    });
                }
                self.parked.retain(|one| one.until > now.now);
            }
            Due::Release => (0..self.ledgers.len()).for_each(|ledger| self.release(now, ledger)),
            Due::Expiry => {
                (0..self.ledgers.len()).for_each(|ledger| self.expire(now, ledger, false))
            }
            Due::Timeout => {
                for index in 0..self.redemptions.len() {
                    let known = &self.redemptions[index];
                    if known.state == "reserved"
                        && known.until.is_some_and(|until| until <= now.now)
                    {
                        self.free(now, index, "timeout");
                    }
                }
            }
            Due::TierEnd => {
                for ledger in 0..self.ledgers.len() {
                    let own = &self.ledgers[ledger];
                    if own.ended.is_none() && is_over(own.valid_until) {
                        self.end_validity(now, ledger);
                    }
                }
            }
            Due::CardExpiry | Due::CardClosing => self.fire_cards(now, due == Due::CardClosing),
            Due::Inactivity => {
                for ledger in 0..self.ledgers.len() {
                    if is_over(self.ends_on(now, ledger)) {
                        self.terminate(now, ledger);
                    }
                }
            }
            Due::Notice => self.give_notices(now),
        }
    }

    fn fire_cards(&mut self, now: &Now<'_>, close: bool) {
        for index in 0..self.cards.len() {
            let card = &self.cards[index];
            let window = now.club["card_types"][&card.kind]["renewal_window_days"].as_i64();
            let last = match close {
                true => card
                    .valid_until
                    .zip(window)
                    .map(|(last, days)| plus(last, days)),
                false => card.valid_until,
            };
            if card.is_gone() || card.expired != close || !now.is_over(last, now.now) {
                continue;
            }
            match close {
                true => self.close(now, index),
                false => self.expire_card(now, index),
            }
        }
    }

    fn give_notices(&mut self, now: &Now<'_>) {
        let due = self.notices(now).into_iter();
        let due = due.filter(|(_, _, last, days)| now.zone.start_of(plus(*last, -days)) <= now.now);
        for (ledger, what, last, days) in due.collect::<Vec<_>>() {
            let own = &mut self.ledgers[ledger];
            own.told.insert((what, last, days));
            match what {
                "lots" => {
                    let lots = own.lots.iter().filter(|lot| lot.expires_on == Some(last));
                    let points: i64 = lots.map(|lot| lot.remaining).sum();
                    let fields = json!({"expires_on": last.to_string(), "points": points, "notice_day": days});
                    self.tell(now, "points_expiring", fields);
                }
                "tier" => self.tier_notice(now, ledger),
                _ => self.tell(
                    now,
                    "membership_warned",
                    json!({"ends_on": last.to_string()}),
                ),
            }
        }
    }
}

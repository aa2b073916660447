//! Purchases, claims, refunds and bills.

use super::account::*;
use super::facts::{Asked, Line, Refund, Source, left_of, rule_of, version_at};
use super::life::{cents, text};
use chrono::NaiveDate;
use serde_json::{Value, json};

impl Account {
    /// A source without lines yet.
    pub(crate) fn source(
        &self,
        now: &Now<'_>,
        kind: &'static str,
        name: &str,
        line: &str,
        at: i64,
    ) -> Source {
        let (version, rules) = version_at(now.club, at);
        Source {
            kind,
            name: name.to_owned(),
            line: line.to_owned(),
            at,
            lines: Vec::new(),
            version,
            rules,
            multiplier: self.multiplier(now, line, at),
            in_points: None,
            refunds: Vec::new(),
            held: None,
            card: None,
            voided: false,
            written_off: false,
            granted: 0,
            counted: Default::default(),
            sales: Default::default(),
        }
    }

    /// A purchase as it comes: points pay no more than it comes to.
    pub(crate) fn bought(&mut self, now: &Now<'_>, body: &Value) -> Result<(), ()> {
        let lines = body["lines"].as_array().unwrap().iter();
        let owed =
            |line: &Value| cents(&line["net"]) + cents(&line["tax"]) - cents(&line["discount"]);
        if cents(&body["points_part"]["amount"]) > lines.map(owed).sum() {
            return Err(());
        }
        let is_claim = false;
        self.purchase(now, body, (now.at, is_claim));
        Ok(())
    }

    /// A purchase of an instant: the line of its card or the default line, and whether that lets it earn.
    pub(crate) fn purchase(
        &mut self,
        now: &Now<'_>,
        body: &Value,
        (bought_at, is_claim): (i64, bool),
    ) {
        let name = text(&body["purchase_id"]);
        let by_card = body["identifier"]["kind"] == "card";
        let (line, held) = match by_card {
            false => (
                default_line(now),
                self.is_frozen(now, default_line(now), bought_at),
            ),
            true => match self.card(text(&body["identifier"]["value"])) {
                None => {
                    self.not_earned(now, name, "card_state");
                    return self.take_up(now, name);
                }
                Some(card) => {
                    let card = &self.cards[card];
                    let good = matches!(card.state(now, bought_at), "active" | "unconfirmed");
                    (line_of(now, &card.kind), !good)
                }
            },
        };
        if let Some(line) = line {
            let ledger = self.find(line).filter(|_| !is_claim);
            let gap = ledger.and_then(|l| self.ledgers[l].gap(now.zone.date(bought_at)));
            let held = if held { Some("card_state") } else { gap };
            self.buy(now, body, bought_at, line, held);
        }
        self.take_up(now, name);
    }

    /// Whether all cards of a line had expired by an instant.
    fn is_frozen(&self, now: &Now<'_>, line: Option<&str>, at: i64) -> bool {
        let ledger = line.and_then(|line| self.find(line));
        let since = ledger.and_then(|ledger| self.ledgers[ledger].frozen_on);
        since.is_some_and(|since| since <= now.zone.date(at))
    }

    fn buy(
        &mut self,
        now: &Now<'_>,
        body: &Value,
        at: i64,
        line: &str,
        held: Option<&'static str>,
    ) {
        let name = text(&body["purchase_id"]);
        self.open(now, line, at, false);
        let mut source = self.source(now, "purchase", name, line, at);
        let part = &body["points_part"];
        if !part.is_null() {
            source.in_points = Some((
                text(&part["redemption_id"]).to_owned(),
                cents(&part["amount"]),
            ));
        }
        for given in body["lines"].as_array().unwrap() {
            let asked = Asked {
                category: text(&given["category"]),
                item: text(&given["item"]),
                partner: text(&body["partner"]),
                location: text(&body["location"]),
                method: text(&body["method"]),
                member_category: &self.category,
                card_line: line,
            };
            let tax = if now.club["tax"] == "gross" {
                cents(&given["tax"])
            } else {
                0
            };
            source.lines.push(Line {
                item: text(&given["item"]).to_owned(),
                value: cents(&given["net"]) + tax - cents(&given["discount"]),
                rule: rule_of(&source.rules, "purchase", &asked),
            });
        }
        let mut rules = source.lines.iter().filter_map(|line| line.rule);
        let is_activity = rules.any(|rule| source.rules[rule]["qualifying"] != false);
        // Only activity brings a membership back.
        let held = held.or_else(|| {
            let ended = self.ledgers[self.find(line).unwrap()].ended.is_some();
            let alive = !ended || is_activity && self.is_alive(now, line, at);
            (!alive).then_some("not_enrolled")
        });
        source.held = held;
        let card = &body["identifier"];
        source.card =
            (held.is_some() && card["kind"] == "card").then(|| text(&card["value"]).to_owned());
        self.sources.push(source);
        match held {
            Some(reason) => self.not_earned(now, name, reason),
            None => self.credit_purchase(now, self.sources.len() - 1),
        }
    }

    fn credit_purchase(&mut self, now: &Now<'_>, index: usize) {
        let source = &self.sources[index];
        let day = now.zone.date(source.at);
        let rules: Vec<usize> = source.lines.iter().filter_map(|line| line.rule).collect();
        if rules
            .iter()
            .any(|rule| source.rules[*rule]["qualifying"] != false)
        {
            let ledger = self.find(&source.line).unwrap();
            let ledger = &mut self.ledgers[ledger];
            ledger.active_on = ledger.active_on.max(day);
        }
        let name = source.name.clone();
        if self.settle(now, index, (1, 1), (day, day)) == 0 {
            let reason = if rules.is_empty() {
                "excluded"
            } else {
                "below_unit"
            };
            self.not_earned(now, &name, reason);
        }
    }

    /// A claim of an own purchase.
    pub(crate) fn claim_own(&mut self, now: &Now<'_>, name: &str) -> Result<(), ()> {
        let is_it = |source: &Source| source.kind == "purchase" && source.name == name;
        let index = self.sources.iter().position(is_it).ok_or(())?;
        let source = &self.sources[index];
        let ledger = &self.ledgers[self.find(&source.line).unwrap()];
        let last = plus(
            now.zone.date(source.at),
            now.setting("claim_window_days").unwrap_or(30),
        );
        let refused = match () {
            () if source.held.is_none() => Some("already_credited"),
            () if now.zone.date(now.at) > last => Some("claim_window"),
            () if ledger.frozen_on.is_some() => Some("card_state"),
            () if source
                .card
                .as_ref()
                .is_some_and(|card| !self.is_good(now, card)) =>
            {
                Some("card_state")
            }
            () if ledger.ended.is_some() => Some("not_enrolled"),
            () => None,
        };
        if let Some(reason) = refused {
            self.not_earned(now, name, reason);
            return Ok(());
        }
        self.sources[index].held = None;
        self.credit_purchase(now, index);
        Ok(())
    }

    /// Whether a card, or the one in its place, is good now.
    fn is_good(&self, now: &Now<'_>, card: &str) -> bool {
        let state = self
            .live_card(card)
            .map(|card| self.cards[card].state(now, now.at));
        matches!(state, Some("active" | "unconfirmed"))
    }

    /// A refund; one without its purchase waits.
    pub(crate) fn refund(&mut self, now: &Now<'_>, body: &Value) -> Result<(), ()> {
        let lines = body["lines"].as_array().into_iter().flatten();
        let refund = Refund {
            id: text(&body["refund_id"]).to_owned(),
            lines: lines
                .map(|line| (text(&line["item"]).to_owned(), cents(&line["net"])))
                .collect(),
            amount: cents(&body["amount"]),
        };
        let (name, points) = (text(&body["purchase_id"]), body["points"].as_i64());
        if self
            .sources
            .iter()
            .any(|source| source.kind == "purchase" && source.name == name)
        {
            return self.give_back(now, name, &refund, points);
        }
        let horizon = now.setting("refund_horizon_days").unwrap_or(30);
        self.parked.push(Parked {
            purchase: name.to_owned(),
            refund,
            points,
            at: now.at,
            until: now.at + horizon * crate::tariff_model::days::DAY,
        });
        Ok(())
    }

    fn give_back(
        &mut self,
        now: &Now<'_>,
        name: &str,
        refund: &Refund,
        points: Option<i64>,
    ) -> Result<(), ()> {
        let is_it = |source: &Source| source.kind == "purchase" && source.name == name;
        let index = self.sources.iter().position(is_it).ok_or(())?;
        let source = &self.sources[index];
        let in_points = source.in_points.clone();
        let mut refunds = source.refunds.clone();
        if refunds.iter().any(|known| known.id == refund.id) {
            return Err(());
        }
        refunds.push(refund.clone());
        let left: i64 = left_of(&source.lines, &refunds).ok_or(())?.iter().sum();
        let amounts: i64 = refunds.iter().map(|refund| refund.amount).sum();
        let paid_in_points = in_points.as_ref().map_or(0, |(_, cents)| *cents);
        // Lines come back whole, the part of them that was paid in points too; an amount is money.
        let room = if refund.amount > 0 {
            left - paid_in_points
        } else {
            left
        };
        if amounts > room.max(0) {
            return Err(());
        }
        if let Some(points) = points {
            let (redemption, _) = in_points.as_ref().ok_or(())?;
            let known = self
                .redemptions
                .iter()
                .find(|known| known.id == *redemption);
            let known = known.filter(|known| known.state == "committed").ok_or(())?;
            if points > known.parts.iter().map(|(_, points)| *points).sum() {
                return Err(());
            }
        }
        let day = now.zone.date(source.at);
        self.sources[index].refunds = refunds;
        self.settle(now, index, (1, 1), (day, day));
        if let (Some(points), Some((redemption, _))) = (points, in_points) {
            self.give_points_back(now, &redemption, points);
        }
        Ok(())
    }

    /// Refunds that waited for a purchase, each at its own instant.
    pub(crate) fn take_up(&mut self, now: &Now<'_>, name: &str) {
        if !self
            .sources
            .iter()
            .any(|source| source.kind == "purchase" && source.name == name)
        {
            return;
        }
        let (found, others) = std::mem::take(&mut self.parked)
            .into_iter()
            .partition(|p: &Parked| p.purchase == name);
        self.parked = others;
        for parked in found {
            let then = Now {
                at: parked.at,
                ..*now
            };
            if self
                .give_back(&then, name, &parked.refund, parked.points)
                .is_err()
            {
                self.tell(&then, "quarantined", json!({}));
            }
        }
    }

    pub(crate) fn bill(&mut self, now: &Now<'_>, body: &Value) {
        let id = text(&body["bill_id"]);
        self.bills.push(Bill {
            id: id.to_owned(),
            amount: cents(&body["amount"]),
            reduced: 0,
            paid: Vec::new(),
        });
        let Some(line) = default_line(now) else {
            return;
        };
        let mut source = self.source(now, "invoice", id, line, now.at);
        let asked = |category, item| Asked {
            category,
            item,
            partner: "",
            location: "",
            method: "",
            member_category: &self.category,
            card_line: line,
        };
        let whole = [json!({"net": body["amount"]})];
        for given in body["lines"].as_array().map_or(&whole[..], Vec::as_slice) {
            let bought = text(&given["purchase_id"]);
            let is_bought = |source: &Source| source.kind == "purchase" && source.name == bought;
            if self.sources.iter().any(is_bought) {
                continue;
            }
            let (category, item) = (text(&given["category"]), text(&given["item"]));
            source.lines.push(Line {
                item: item.to_owned(),
                value: cents(&given["net"]),
                rule: rule_of(&source.rules, "invoice", &asked(category, item)),
            });
        }
        if source.lines.iter().all(|line| line.rule.is_none()) {
            return self.look_at_bills(now, now.zone.date(now.at));
        }
        self.open(now, line, now.at, false);
        let ledger = &self.ledgers[self.find(line).unwrap()];
        if ledger.ended.is_none() {
            source.multiplier = self.multiplier(now, line, now.at);
            self.sources.push(source);
        }
        self.look_at_bills(now, now.zone.date(now.at));
    }

    /// A payment, its reversal, a credit note, a write-off: every bill is looked at anew.
    pub(crate) fn money(&mut self, now: &Now<'_>, kind: &str, body: &Value) -> Result<(), ()> {
        let (payment, amount) = (text(&body["payment_id"]), cents(&body["amount"]));
        let mut lost_on = now.zone.date(now.at);
        if kind == "payment_reversed" {
            let is_it = |paid: &Paid| paid.id == payment;
            let mut bills = self.bills.iter_mut();
            let bill = bills.find(|bill| bill.paid.iter().any(is_it)).ok_or(())?;
            lost_on = bill.paid.iter().find(|paid| is_it(paid)).unwrap().on;
            bill.paid.retain(|part| !is_it(part));
        } else {
            let id = match kind {
                "payment_received" => text(&body["allocations"][0]["bill_id"]),
                _ => text(&body["bill_id"]),
            };
            let bill = self.bills.iter_mut().find(|bill| bill.id == id).ok_or(())?;
            match kind {
                "payment_received" => bill.paid.push(Paid {
                    id: payment.to_owned(),
                    amount,
                    on: lost_on,
                }),
                _ => bill.reduced += amount,
            }
            if kind == "write_off" {
                let of_bill = |source: &&mut Source| source.kind == "invoice" && source.name == id;
                self.sources
                    .iter_mut()
                    .filter(of_bill)
                    .for_each(|source| source.written_off = true);
            }
        }
        self.look_at_bills(now, lost_on);
        Ok(())
    }

    /// What is paid of every bill earns; what waited while nobody took part is made right. What is lost counted on
    /// the day of its payment.
    fn look_at_bills(&mut self, now: &Now<'_>, lost_on: NaiveDate) {
        let days = (now.zone.date(now.at), lost_on);
        for index in 0..self.sources.len() {
            let bill = self
                .bills
                .iter()
                .find(|bill| bill.id == self.sources[index].name);
            if let Some(bill) = bill.filter(|_| self.sources[index].kind == "invoice") {
                let paid: i64 = bill.paid.iter().map(|paid| paid.amount).sum();
                let is_paid = paid + bill.reduced == bill.amount;
                let part = match now.club["invoice"] == "progressive" || is_paid {
                    true => paid,
                    false => 0,
                };
                let lines = self.sources[index].lines.iter();
                let lines: i64 = lines.map(|line| line.value).sum();
                let share = (part, bill.amount.max(lines));
                self.settle(now, index, share, days);
            }
        }
    }
}

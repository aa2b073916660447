//! Redemptions.

use super::account::*;
use super::life::{number, text};
use serde_json::{Value, json};

fn told(parts: &[(i64, i64)]) -> Value {
    let parts = parts
        .iter()
        .map(|(lot, points)| json!({"lot_id": lot, "points": points}));
    Value::Array(parts.collect())
}

impl Account {
    pub(crate) fn request(&mut self, now: &Now<'_>, body: &Value) -> Result<(), ()> {
        let id = text(&body["redemption_id"]);
        if self.redemptions.iter().any(|known| known.id == id) {
            return Err(());
        }
        let ledger = self.ledger_of(now, body)?;
        let refused = match self.asked(now, body) {
            Err(reason) => Some(reason),
            Ok(points) => self.refusal(now, ledger, body, points),
        };
        match refused {
            Some(reason) => {
                let fields = json!({"redemption_id": id, "reason": reason});
                self.tell(now, "redemption_rejected", fields);
            }
            None => {
                let points = self.asked(now, body).unwrap();
                self.reserve(now, ledger.unwrap(), id, points);
            }
        }
        Ok(())
    }

    fn ledger_of(&self, now: &Now<'_>, body: &Value) -> Result<Option<usize>, ()> {
        let Some(number) = body["card"].as_str() else {
            return self.named(now, body);
        };
        match self.card(number) {
            Some(card) => Ok(self.find(line_of(now, &self.cards[card].kind).unwrap())),
            None if self.ledgers.is_empty() => self.named(now, body),
            None => Ok(Some(0)),
        }
    }

    fn asked(&self, now: &Now<'_>, body: &Value) -> Result<i64, &'static str> {
        let Some(reward) = body["reward"].as_str() else {
            return Ok(number(&body["points"]));
        };
        let points = now.club["redemption"]["catalogue"][reward]
            .as_i64()
            .ok_or("catalogue")?;
        Ok(points * body["quantity"].as_i64().unwrap_or(1))
    }

    /// Why points cannot be spent, in the order of the reasons.
    fn refusal(
        &self,
        now: &Now<'_>,
        ledger: Option<usize>,
        body: &Value,
        points: i64,
    ) -> Option<&'static str> {
        if is_closed(now, text(&body["channel"])) {
            return Some("channel");
        }
        if let Some(reason) = self.card_refusal(now, ledger, body) {
            return Some(reason);
        }
        if points < min_points(now) {
            return Some("min_points");
        }
        let held = ledger.map_or(0, |ledger| {
            let lots = &self.ledgers[ledger].lots;
            let free = lots.iter().filter(|lot| !lot.pending);
            free.map(|lot| lot.remaining + self.back(now, ledger, lot))
                .sum()
        });
        (held < points).then_some("insufficient")
    }

    fn card_refusal(
        &self,
        now: &Now<'_>,
        ledger: Option<usize>,
        body: &Value,
    ) -> Option<&'static str> {
        let ledger = ledger.map(|ledger| &self.ledgers[ledger]);
        let frozen = ledger.and_then(|ledger| ledger.frozen_on);
        let day = now.zone.date(now.at);
        let gap = ledger.and_then(|ledger| ledger.gap(day));
        if gap.is_some() || frozen.is_some_and(|since| since <= day) {
            return Some("card_state");
        }
        let answer = |card: &Card| match card.state(now, now.at) {
            "active" if now.club["card_types"][&card.kind]["code"] != true => None,
            "active" if body["code_confirmed"] == true => None,
            "active" | "unconfirmed" => Some("unconfirmed"),
            _ => Some("card_state"),
        };
        if let Some(number) = body["card"].as_str() {
            let card = self.card(number).map(|card| &self.cards[card]);
            return card.map_or(Some("card_state"), answer);
        }
        let line = ledger.map_or("", |ledger| &ledger.line);
        let answers: Vec<_> = self.others(now, line, "").into_iter().map(answer).collect();
        if answers.is_empty() || answers.contains(&None) {
            return None;
        }
        // The best card of the line decides: one that could be confirmed is better than one that is no good.
        answers.into_iter().flatten().max()
    }

    /// What of a lot expired after an instant at which it was still good, and may come back.
    fn back(&self, now: &Now<'_>, ledger: usize, lot: &Lot) -> i64 {
        let own = &self.ledgers[ledger];
        let Some(last) = lot.expires_on.filter(|_| own.ended.is_none()) else {
            return 0;
        };
        let days = now.setting("correction_days").unwrap_or(30);
        let expired_late = !now.is_over(Some(last), now.at) && now.is_over(Some(last), now.now);
        let in_time = now.today() <= plus(last, 1 + days);
        if expired_late && in_time { lot.gone } else { 0 }
    }

    fn reserve(&mut self, now: &Now<'_>, ledger: usize, id: &str, points: i64) {
        let (mut left, mut parts, mut came_back) = (points, Vec::new(), false);
        for index in self.ledgers[ledger].spend_order() {
            let lot = &self.ledgers[ledger].lots[index];
            let part = (lot.remaining + self.back(now, ledger, lot)).min(left);
            if lot.pending || part == 0 {
                continue;
            }
            left -= part;
            let lot = &mut self.ledgers[ledger].lots[index];
            let back = (part - lot.remaining).max(0);
            came_back |= back > 0;
            lot.gone -= back;
            lot.remaining += back - part;
            lot.reserved += part;
            parts.push((lot.no, part));
        }
        if came_back {
            self.tell(now, "correction_applied", json!({}));
        }
        let fields = json!({"redemption_id": id, "allocations": told(&parts)});
        self.tell(now, "redemption_accepted", fields);
        self.redemptions.push(Redemption {
            id: id.to_owned(),
            line: self.ledgers[ledger].line.clone(),
            state: "reserved",
            parts,
            until: timeout(now).map(|minutes| now.at.max(now.now) + minutes),
        });
    }

    /// A commit or release.
    pub(crate) fn end(&mut self, now: &Now<'_>, body: &Value, commit: bool) -> Result<(), ()> {
        let id = text(&body["redemption_id"]);
        let is_it = |known: &Redemption| known.id == id && known.state == "reserved";
        let index = self.redemptions.iter().position(is_it).ok_or(())?;
        if !commit {
            self.free(now, index, "released");
            return Ok(());
        }
        let known = &mut self.redemptions[index];
        known.state = "committed";
        let (parts, line) = (known.parts.clone(), known.line.clone());
        let ledger = self.find(&line).unwrap();
        for (lot, points) in &parts {
            self.ledgers[ledger].lot(*lot).reserved -= points;
        }
        let fields = json!({"redemption_id": id, "allocations": told(&parts)});
        self.tell(now, "redemption_committed", fields);
        Ok(())
    }

    pub(crate) fn free(&mut self, now: &Now<'_>, index: usize, reason: &str) {
        let known = &mut self.redemptions[index];
        known.state = "reversed";
        let (id, parts, line) = (
            known.id.clone(),
            std::mem::take(&mut known.parts),
            known.line.clone(),
        );
        let ledger = self.find(&line).unwrap();
        for (lot, points) in &parts {
            let lot = self.ledgers[ledger].lot(*lot);
            lot.reserved -= points;
            lot.remaining += points;
        }
        self.reversed(now, ledger, (&id, &parts, reason));
    }

    fn reversed(
        &mut self,
        now: &Now<'_>,
        ledger: usize,
        (id, parts, reason): (&str, &[(i64, i64)], &str),
    ) {
        let fields = json!({"redemption_id": id, "allocations": told(parts), "reason": reason});
        self.tell(now, "redemption_reversed", fields);
        let all = self.ledgers[ledger].ended.is_some();
        self.expire(now, ledger, all);
    }

    /// Points of a committed redemption go back to their lots; expired ones live on for the days of grace.
    pub(crate) fn give_points_back(&mut self, now: &Now<'_>, id: &str, points: i64) {
        let known = self
            .redemptions
            .iter_mut()
            .find(|known| known.id == id)
            .unwrap();
        let (mut left, mut parts) = (points, Vec::new());
        for (lot, own) in known.parts.iter_mut().rev() {
            let part = left.min(*own);
            if part > 0 {
                *own -= part;
                left -= part;
                parts.push((*lot, part));
            }
        }
        known.parts.retain(|(_, points)| *points > 0);
        if known.parts.is_empty() {
            known.state = "reversed";
        }
        let line = known.line.clone();
        let ledger = self.find(&line).unwrap();
        let days = now.setting("reward_grace_days").filter(|days| *days > 0);
        let own = &mut self.ledgers[ledger];
        let grace = days.map(|days| plus(now.today(), days));
        for (no, points) in &parts {
            let lot = own.lot(*no);
            lot.remaining += points;
            if now.is_over(lot.expires_on, now.now) {
                lot.expires_on = grace.or(lot.expires_on);
            }
        }
        self.reversed(now, ledger, (id, &parts, "refund"));
    }
}

//! The naive account: what is unbilled, open, paid and claimed, and which thresholds have fired.

use super::{DAY, LIMIT, MONTHS, START, month_of};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub(super) struct ModelBill {
    pub(super) month_end: usize,
    pub(super) due: i64,
    pub(super) amount: Decimal,
    pub(super) remaining: Decimal,
    pub(super) reduced: Decimal,
    pub(super) voided: bool,
    /// Payments by number; `None` for credit of other origin.
    pub(super) paid_by: BTreeMap<Option<usize>, Decimal>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub(super) minute: i64,
    pub(super) unbilled: BTreeMap<i64, Decimal>,
    pub(super) billed_to: usize,
    pub(super) usage: BTreeMap<(usize, &'static str), Decimal>,
    pub(super) charges: BTreeMap<usize, Decimal>,
    pub(super) bills: Vec<ModelBill>,
    pub(super) payments: Vec<(Decimal, bool)>,
    pub(super) credit: BTreeMap<Option<usize>, Decimal>,
    pub(super) disputes: Vec<Option<(usize, Decimal)>>,
    pub(super) own_limit: Option<Decimal>,
    pub(super) deposit: Decimal,
    pub(super) fired: BTreeMap<(&'static str, &'static str), bool>,
    pub(super) told: BTreeMap<(&'static str, &'static str), i64>,
}

pub(super) const MEASURES: [&str; 3] = ["exposure", "cycle_usage", "cycle_charges"];

/// (id, amount, recovers at or below, is the breach), ascending, the limit last.
type Threshold = (&'static str, Decimal, Decimal, bool);

impl Model {
    pub(super) fn month(&self) -> usize {
        month_of(self.minute)
    }

    pub(super) fn disputed(&self, bill: usize) -> Decimal {
        let claimed: Decimal = self
            .disputes
            .iter()
            .flatten()
            .filter(|(of, _)| *of == bill)
            .map(|(_, amount)| *amount)
            .sum();
        claimed.min(self.bills[bill].remaining)
    }

    pub(super) fn exposure(&self) -> Decimal {
        let unbilled: Decimal = self.unbilled.values().sum();
        let open: Decimal = self.bills.iter().map(|bill| bill.remaining).sum();
        let disputed: Decimal = (0..self.bills.len()).map(|bill| self.disputed(bill)).sum();
        let weighted = (disputed * Decimal::new(4, 1))
            .round_dp_with_strategy(6, rust_decimal::RoundingStrategy::ToPositiveInfinity);
        unbilled + open - disputed + weighted - self.credit.values().sum::<Decimal>()
    }

    pub(super) fn value(&self, measure: &str) -> Decimal {
        let month = self.month();
        let used = |scope| self.usage.get(&(month, scope)).copied().unwrap_or_default();
        match measure {
            "exposure" => self.exposure(),
            "cycle_usage" => used("data"),
            _ => used("all") + self.charges.get(&month).copied().unwrap_or_default(),
        }
    }

    pub(super) fn limit(&self, measure: &str) -> Decimal {
        match measure {
            "exposure" => self.own_limit.unwrap_or(Decimal::from(300)) + self.deposit,
            "cycle_usage" => Decimal::from(40),
            _ => Decimal::from(220),
        }
    }

    pub(super) fn thresholds(&self, measure: &str) -> Vec<Threshold> {
        let limit = self.limit(measure);
        let floor = if measure == "exposure" {
            Decimal::from(-20)
        } else {
            Decimal::ZERO
        };
        let up = |amount: Decimal| {
            amount.round_dp_with_strategy(6, rust_decimal::RoundingStrategy::ToPositiveInfinity)
        };
        let share = |bps: i64| floor + up((limit - floor) * Decimal::new(bps, 4));
        let margin = |amount: Decimal| match measure {
            "exposure" => Decimal::from(7).max(up(amount.abs() * Decimal::new(3, 2))),
            _ => up(amount.abs() * Decimal::new(5, 2)),
        };
        let mut warnings: Vec<(&'static str, Decimal)> = match measure {
            "exposure" => {
                vec![
                    ("half", share(5_000)),
                    ("most", share(8_333)),
                    ("fix", Decimal::from(42)),
                ]
            }
            "cycle_usage" => vec![("half", share(5_000)), ("most", share(9_000))],
            _ => vec![("most", share(7_500))],
        };
        warnings.sort_by_key(|(_, amount)| *amount);
        let breach_margin = match measure {
            "exposure" => up(limit.abs() * Decimal::new(15, 3)),
            _ => Decimal::ZERO,
        };
        let mut all: Vec<Threshold> = warnings
            .into_iter()
            .map(|(id, amount)| (id, amount, amount - margin(amount), false))
            .collect();
        all.push((LIMIT, limit, limit - breach_margin, true));
        all
    }

    /// Compares values with thresholds; gives the outputs that must come, as short texts.
    pub(super) fn compare(&mut self, at: i64) -> Vec<String> {
        let mut outputs = Vec::new();
        for measure in MEASURES {
            let value = self.value(measure);
            let (mut crossed, mut recovered) = (Vec::new(), Vec::new());
            for (id, amount, back, is_breach) in self.thresholds(measure) {
                let fired = self.fired.entry((measure, id)).or_default();
                let reached = if is_breach {
                    value > amount
                } else {
                    value >= amount
                };
                if !*fired && reached {
                    *fired = true;
                    crossed.push(id);
                } else if *fired && value <= back && (is_breach || value < amount) {
                    *fired = false;
                    recovered.push(id);
                }
            }
            if !crossed.is_empty() {
                let cooldown = if measure == "cycle_usage" { 300 } else { 1_440 };
                let told = crossed.iter().any(|id| {
                    let last = self.told.get(&(measure, *id));
                    *id == LIMIT || last.is_none_or(|last| at - last >= cooldown)
                });
                if told {
                    self.told
                        .extend(crossed.iter().map(|id| ((measure, *id), at)));
                }
                outputs.push(format!(
                    "{measure} crossed {} {value} {told}",
                    crossed.join("+")
                ));
                if crossed.contains(&LIMIT) {
                    let over = value - self.limit(measure);
                    outputs.push(format!("{measure} breached {over}"));
                }
            }
            outputs.extend(
                recovered
                    .iter()
                    .map(|id| format!("{measure} recovered {id} {value}")),
            );
            if recovered.contains(&LIMIT) {
                outputs.push(format!("{measure} cured {value} over by 0.00"));
            }
        }
        outputs
    }

    /// Cycle measures start anew with a month; a breach of theirs is cured at its start.
    pub(super) fn advance(&mut self, to: i64) -> Vec<String> {
        let mut outputs = Vec::new();
        while month_of(to) > self.month() {
            self.minute = START + MONTHS[self.month() + 1] * DAY;
            for measure in &MEASURES[1..] {
                if self.fired.get(&(measure, LIMIT)) == Some(&true) {
                    outputs.push(format!("{measure} cured 0 over by 0.00"));
                }
                self.fired.retain(|(of, _), _| of != measure);
                self.told.retain(|(of, _), _| of != measure);
            }
        }
        self.minute = to;
        outputs
    }

    pub(super) fn add_unbilled(&mut self, month: usize, amount: Decimal) {
        let bucket = if month < self.billed_to {
            self.month()
        } else {
            month
        };
        *self.unbilled.entry(bucket as i64).or_default() += amount;
    }

    pub(super) fn use_service(&mut self, month: usize, scopes: &[&'static str], amount: Decimal) {
        self.add_unbilled(month, amount);
        for scope in scopes {
            *self.usage.entry((month, scope)).or_default() += amount;
        }
    }

    /// Pays bills oldest due first, without their disputed parts; gives what is left.
    pub(super) fn pay_undisputed(&mut self, payer: Option<usize>, amount: Decimal) -> Decimal {
        let mut order: Vec<usize> = (0..self.bills.len()).collect();
        order.sort_by_key(|bill| self.bills[*bill].due);
        let mut left = amount;
        for bill in order {
            let part = left.min(self.bills[bill].remaining - self.disputed(bill));
            left -= self.pay(bill, payer, part);
        }
        left
    }

    pub(super) fn pay(&mut self, bill: usize, payer: Option<usize>, part: Decimal) -> Decimal {
        if part > Decimal::ZERO {
            self.bills[bill].remaining -= part;
            *self.bills[bill].paid_by.entry(payer).or_default() += part;
        }
        part.max(Decimal::ZERO)
    }

    pub(super) fn use_credit(&mut self) {
        // Payments' credit goes first, in their order; other credit last.
        let mut budget: Decimal = self.credit.values().sum();
        let payers: Vec<Option<usize>> = self
            .credit
            .keys()
            .filter(|payer| payer.is_some())
            .copied()
            .chain([None])
            .collect();
        for payer in payers {
            let have = self
                .credit
                .get(&payer)
                .copied()
                .unwrap_or_default()
                .min(budget);
            if have > Decimal::ZERO {
                let used = have - self.pay_undisputed(payer, have);
                budget -= used;
                *self.credit.entry(payer).or_default() -= used;
            }
        }
    }

    pub(super) fn reduce(&mut self, bill: usize, amount: Decimal) {
        let off = amount.min(self.bills[bill].remaining);
        self.bills[bill].remaining -= off;
        self.bills[bill].reduced += amount;
        *self.credit.entry(None).or_default() += amount - off;
    }
}

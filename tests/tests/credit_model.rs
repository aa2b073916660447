//! Exposure, cycle measures, thresholds, bills and payments against a naive model: decimals, plain lists,
//! everything counted anew after every input. The model shares no code with the engine.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use umbral_tests::stage::Stage;

/// 2026-01-01T00:00:00Z, in minutes since the epoch.
const START: i64 = 29_453_760;
const DAY: i64 = 1_440;
/// First days of the months of 2026 and January 2027, in days of the year.
const MONTHS: [i64; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];
const LIMIT: &str = "limit";

fn config() -> Value {
    json!({
        "currency": "EUR",
        "prices": {"voice": "0.07", "data": "0.0013", "sms": "0.25"},
        "classes": {"tested": {"schedule": null, "dispute_weight_bps": 4000, "measures": [
            {"measure": "exposure", "limit": "300", "floor": "-20", "margin": "7", "margin_bps": 300,
             "warn": [{"id": "half", "bps": 5000}, {"id": "most", "bps": 8333}, {"id": "fix", "amount": "42"}],
             "breach_margin_bps": 150},
            {"measure": "cycle_usage", "scope": "data", "limit": "40", "cooldown_hours": 5,
             "warn": [{"id": "half", "bps": 5000}, {"id": "most", "bps": 9000}]},
            {"measure": "cycle_charges", "limit": "220", "warn": [{"id": "most", "bps": 7500}]}]}},
        "schedules": {}, "calendars": {}
    })
}

/// Something that happens, `after` so many minutes.
#[derive(Clone, Debug)]
struct Happening {
    after: i64,
    late: i64,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Voice(u64),
    Data(u64, bool),
    Sms(u64),
    Charge(i64),
    Bill {
        cents: i64,
        months_back: u8,
        due: i64,
    },
    Void(usize),
    Pay {
        cents: i64,
        instructed: Option<usize>,
    },
    Reverse(usize),
    CreditNote(usize, i64),
    WriteOff(usize, i64),
    Dispute(usize, i64),
    Resolve(usize, i64),
    OwnLimit(Option<i64>),
    Deposit(i64),
    Tick,
}

/// Any amount in cents, or one of a coarse grid on which thresholds and their margins lie.
fn amount(from: i64, to: i64) -> impl Strategy<Value = i64> {
    prop_oneof![
        from..to,
        (from / 700..to / 700).prop_map(|sevens| sevens * 700)
    ]
    .prop_filter("no amount is nothing", |cents| *cents != 0)
}

fn what() -> impl Strategy<Value = What> {
    prop_oneof![
        6 => (1u64..900).prop_map(What::Voice),
        3 => (1u64..9).prop_map(|hundreds| What::Voice(hundreds * 100)),
        5 => (1u64..20_000, any::<bool>()).prop_map(|(octets, abroad)| What::Data(octets, abroad)),
        3 => (1u64..200).prop_map(What::Sms),
        6 => amount(-9_000, 12_000).prop_map(What::Charge),
        4 => (amount(-2_000, 20_000), 0u8..3, 0i64..30)
            .prop_map(|(cents, months_back, due)| What::Bill { cents, months_back, due }),
        1 => (0usize..8).prop_map(What::Void),
        6 => (amount(1, 25_000), prop::option::of(0usize..8))
            .prop_map(|(cents, instructed)| What::Pay { cents, instructed }),
        2 => (0usize..8).prop_map(What::Reverse),
        2 => (0usize..8, amount(1, 9_000)).prop_map(|(bill, cents)| What::CreditNote(bill, cents)),
        1 => (0usize..8, amount(1, 9_000)).prop_map(|(bill, cents)| What::WriteOff(bill, cents)),
        3 => (0usize..8, amount(1, 15_000)).prop_map(|(bill, cents)| What::Dispute(bill, cents)),
        3 => (0usize..8, 0i64..15_000).prop_map(|(dispute, cents)| What::Resolve(dispute, cents)),
        1 => prop::option::of(0i64..60_000).prop_map(What::OwnLimit),
        1 => amount(1, 10_000).prop_map(What::Deposit),
        1 => Just(What::Tick),
    ]
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let after = prop_oneof![1i64..4_000, (1i64..60).prop_map(|hours| hours * 60)];
    let late = prop_oneof![2 => Just(0i64), 1 => 0..8_000i64];
    let one = (after, late, what()).prop_map(|(after, late, what)| Happening { after, late, what });
    prop::collection::vec(one, 1..120)
}

fn cents(amount: i64) -> Decimal {
    Decimal::new(amount, 2)
}

fn month_of(minute: i64) -> usize {
    let day = (minute - START).div_euclid(DAY);
    MONTHS.iter().rposition(|first| *first <= day).unwrap_or(0)
}

fn date_text(day_of_year: i64) -> String {
    let month = MONTHS
        .iter()
        .rposition(|first| *first <= day_of_year)
        .unwrap_or(0);
    let (year, month_number) = if month == 12 {
        (2027, 1)
    } else {
        (2026, month + 1)
    };
    format!(
        "{year}-{month_number:02}-{:02}",
        day_of_year - MONTHS[month] + 1
    )
}

fn instant_text(minute: i64) -> String {
    let day = (minute - START).div_euclid(DAY);
    let of_day = (minute - START).rem_euclid(DAY);
    format!(
        "{}T{:02}:{:02}:00Z",
        date_text(day),
        of_day / 60,
        of_day % 60
    )
}

#[derive(Clone, Debug)]
struct ModelBill {
    month_end: usize,
    due: i64,
    amount: Decimal,
    remaining: Decimal,
    reduced: Decimal,
    voided: bool,
    /// Payments by number; `None` for credit of other origin.
    paid_by: BTreeMap<Option<usize>, Decimal>,
}

#[derive(Clone, Debug, Default)]
struct Model {
    minute: i64,
    unbilled: BTreeMap<i64, Decimal>,
    billed_to: usize,
    usage: BTreeMap<(usize, &'static str), Decimal>,
    charges: BTreeMap<usize, Decimal>,
    bills: Vec<ModelBill>,
    payments: Vec<(Decimal, bool)>,
    credit: BTreeMap<Option<usize>, Decimal>,
    disputes: Vec<Option<(usize, Decimal)>>,
    own_limit: Option<Decimal>,
    deposit: Decimal,
    fired: BTreeMap<(&'static str, &'static str), bool>,
    told: BTreeMap<(&'static str, &'static str), i64>,
}

const MEASURES: [&str; 3] = ["exposure", "cycle_usage", "cycle_charges"];

/// (id, amount, recovers at or below, is the breach), ascending, the limit last.
type Threshold = (&'static str, Decimal, Decimal, bool);

impl Model {
    fn month(&self) -> usize {
        month_of(self.minute)
    }

    fn disputed(&self, bill: usize) -> Decimal {
        let claimed: Decimal = self
            .disputes
            .iter()
            .flatten()
            .filter(|(of, _)| *of == bill)
            .map(|(_, amount)| *amount)
            .sum();
        claimed.min(self.bills[bill].remaining)
    }

    fn exposure(&self) -> Decimal {
        let unbilled: Decimal = self.unbilled.values().sum();
        let open: Decimal = self.bills.iter().map(|bill| bill.remaining).sum();
        let disputed: Decimal = (0..self.bills.len()).map(|bill| self.disputed(bill)).sum();
        let weighted = (disputed * Decimal::new(4, 1))
            .round_dp_with_strategy(6, rust_decimal::RoundingStrategy::ToPositiveInfinity);
        unbilled + open - disputed + weighted - self.credit.values().sum::<Decimal>()
    }

    fn value(&self, measure: &str) -> Decimal {
        let month = self.month();
        let used = |scope| self.usage.get(&(month, scope)).copied().unwrap_or_default();
        match measure {
            "exposure" => self.exposure(),
            "cycle_usage" => used("data"),
            _ => used("all") + self.charges.get(&month).copied().unwrap_or_default(),
        }
    }

    fn limit(&self, measure: &str) -> Decimal {
        match measure {
            "exposure" => self.own_limit.unwrap_or(Decimal::from(300)) + self.deposit,
            "cycle_usage" => Decimal::from(40),
            _ => Decimal::from(220),
        }
    }

    fn thresholds(&self, measure: &str) -> Vec<Threshold> {
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
    fn compare(&mut self, at: i64) -> Vec<String> {
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
                outputs.push(format!("{measure} cured {value}"));
            }
        }
        outputs
    }

    /// Cycle measures start anew with a month; a breach of theirs is cured at its start.
    fn advance(&mut self, to: i64) -> Vec<String> {
        let mut outputs = Vec::new();
        while month_of(to) > self.month() {
            self.minute = START + MONTHS[self.month() + 1] * DAY;
            for measure in &MEASURES[1..] {
                if self.fired.get(&(measure, LIMIT)) == Some(&true) {
                    outputs.push(format!("{measure} cured 0"));
                }
                self.fired.retain(|(of, _), _| of != measure);
                self.told.retain(|(of, _), _| of != measure);
            }
        }
        self.minute = to;
        outputs
    }

    fn add_unbilled(&mut self, month: usize, amount: Decimal) {
        let bucket = if month < self.billed_to {
            self.month()
        } else {
            month
        };
        *self.unbilled.entry(bucket as i64).or_default() += amount;
    }

    fn use_service(&mut self, month: usize, scopes: &[&'static str], amount: Decimal) {
        self.add_unbilled(month, amount);
        for scope in scopes {
            *self.usage.entry((month, scope)).or_default() += amount;
        }
    }

    /// Pays bills oldest due first, without their disputed parts; gives what is left.
    fn pay_undisputed(&mut self, payer: Option<usize>, amount: Decimal) -> Decimal {
        let mut order: Vec<usize> = (0..self.bills.len()).collect();
        order.sort_by_key(|bill| self.bills[*bill].due);
        let mut left = amount;
        for bill in order {
            let part = left.min(self.bills[bill].remaining - self.disputed(bill));
            left -= self.pay(bill, payer, part);
        }
        left
    }

    fn pay(&mut self, bill: usize, payer: Option<usize>, part: Decimal) -> Decimal {
        if part > Decimal::ZERO {
            self.bills[bill].remaining -= part;
            *self.bills[bill].paid_by.entry(payer).or_default() += part;
        }
        part.max(Decimal::ZERO)
    }

    fn use_credit(&mut self) {
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

    fn reduce(&mut self, bill: usize, amount: Decimal) {
        let off = amount.min(self.bills[bill].remaining);
        self.bills[bill].remaining -= off;
        self.bills[bill].reduced += amount;
        *self.credit.entry(None).or_default() += amount - off;
    }
}

/// The engine and the model side by side.
struct Pair {
    stage: Stage,
    model: Model,
    count: usize,
}

impl Pair {
    fn new() -> Pair {
        let mut stage = Stage::new(config()).unwrap();
        let opened =
            json!({"class": "tested", "plan": "story", "time_zone": "UTC", "cycle_day": 1});
        stage.input("A", "c", &instant_text(START), "customer_added", opened);
        let model = Model {
            minute: START,
            ..Model::default()
        };
        Pair {
            stage,
            model,
            count: 0,
        }
    }

    /// Lets one thing happen to both; gives what the model says must come out.
    fn happen(&mut self, happening: &Happening) -> Option<(Vec<String>, Vec<String>)> {
        let minute = self.model.minute + happening.after;
        if minute >= START + 340 * DAY {
            return None;
        }
        let mut expected = self.model.advance(minute);
        let is_record = matches!(
            happening.what,
            What::Voice(_) | What::Data(..) | What::Sms(_) | What::Charge(_)
        );
        let at = if is_record {
            (minute - happening.late).max(START)
        } else {
            minute
        };
        self.stage.tick(&instant_text(minute));
        self.count += 1;
        let body = self.body(&happening.what, at)?;
        let Some((kind, body)) = body else {
            return Some((expected, short(&self.stage.take_outputs())));
        };
        let refused = !self.apply(&happening.what, at);
        if refused {
            expected.push("refused".to_owned());
        } else {
            expected.extend(self.model.compare(at));
        }
        self.stage.input(
            "A",
            &format!("e{}", self.count),
            &instant_text(at),
            kind,
            body,
        );
        Some((expected, short(&self.stage.take_outputs())))
    }

    /// Kind and body of the input; none for a tick.
    #[allow(clippy::type_complexity)]
    fn body(&self, what: &What, at: i64) -> Option<Option<(&'static str, Value)>> {
        let today = (at - START).div_euclid(DAY);
        let money = |amount: i64| cents(amount).to_string();
        Some(Some(match what {
            What::Voice(seconds) => (
                "usage",
                json!({"service": "voice", "quantity": seconds.to_string()}),
            ),
            What::Data(octets, abroad) => {
                let scope = if *abroad { "roaming_data" } else { "data" };
                let quantity = octets.to_string();
                (
                    "usage",
                    json!({"service": "data", "quantity": quantity, "scope": scope}),
                )
            }
            What::Sms(count) => (
                "usage",
                json!({"service": "sms", "quantity": count.to_string()}),
            ),
            What::Charge(amount) => (
                "charge_added",
                json!({"amount": money(*amount), "code": "x"}),
            ),
            What::Bill {
                cents,
                months_back,
                due,
            } => {
                let end = self.model.month().saturating_sub(usize::from(*months_back));
                let (cycle_end, due_on) = (date_text(MONTHS[end]), date_text(today + due));
                let bill = format!("B{}", self.model.bills.len());
                (
                    "bill_issued",
                    json!({"bill_id": bill, "cycle_end": cycle_end,
                    "amount": money(*cents), "due_on": due_on}),
                )
            }
            What::Void(bill) => ("bill_voided", json!({"bill_id": format!("B{bill}")})),
            What::Pay { cents, instructed } => {
                let payment = format!("P{}", self.model.payments.len());
                let mut body =
                    json!({"payment_id": payment, "amount": money(*cents), "method": "card"});
                if let Some(bill) = instructed {
                    let part = json!({"bill_id": format!("B{bill}"), "amount": money(*cents)});
                    body["allocations"] = json!([part]);
                }
                ("payment_received", body)
            }
            What::Reverse(payment) => (
                "payment_reversed",
                json!({"payment_id": format!("P{payment}")}),
            ),
            What::CreditNote(bill, amount) => (
                "credit_note",
                json!({"bill_id": format!("B{bill}"), "amount": money(*amount)}),
            ),
            What::WriteOff(bill, amount) => (
                "write_off",
                json!({"bill_id": format!("B{bill}"), "amount": money(*amount)}),
            ),
            What::Dispute(bill, amount) => {
                let dispute = format!("D{}", self.model.disputes.len());
                (
                    "dispute_opened",
                    json!({"dispute_id": dispute, "bill_id": format!("B{bill}"),
                    "amount": money(*amount)}),
                )
            }
            What::Resolve(dispute, amount) => (
                "dispute_resolved",
                json!({
                "dispute_id": format!("D{dispute}"), "accepted_amount": money(*amount)}),
            ),
            What::OwnLimit(amount) => {
                let mut body = json!({"measure": "exposure"});
                if let Some(amount) = amount {
                    body["amount"] = json!(money(*amount));
                }
                ("limit_overridden", body)
            }
            What::Deposit(amount) => ("deposit_received", json!({"amount": money(*amount)})),
            What::Tick => return Some(None),
        }))
    }

    /// Does the same to the model; gives whether it is taken.
    fn apply(&mut self, what: &What, at: i64) -> bool {
        let model = &mut self.model;
        let (now, of_record) = (model.month(), month_of(at));
        let bill_is =
            |model: &Model, bill: usize| model.bills.get(bill).is_some_and(|bill| !bill.voided);
        let too_old = |model: &Model, days: i64| model.minute - at > days * DAY;
        match what {
            What::Voice(_) | What::Sms(_) if too_old(model, 7) => return false,
            What::Data(_, abroad) if too_old(model, if *abroad { 45 } else { 7 }) => return false,
            What::Voice(seconds) => {
                let amount = Decimal::new(7, 2) * Decimal::from(*seconds);
                model.use_service(of_record, &["all", "voice"], amount);
            }
            What::Data(octets, _) => {
                let amount = Decimal::new(13, 4) * Decimal::from(*octets);
                model.use_service(of_record, &["all", "data"], amount);
            }
            What::Sms(count) => {
                model.use_service(
                    of_record,
                    &["all"],
                    Decimal::new(25, 2) * Decimal::from(*count),
                );
            }
            What::Charge(amount) => {
                model.add_unbilled(of_record, cents(*amount));
                *model.charges.entry(of_record).or_default() += cents(*amount);
            }
            What::Bill {
                cents: amount,
                months_back,
                due,
            } => {
                let end = now.saturating_sub(usize::from(*months_back));
                model.unbilled.retain(|month, _| *month >= end as i64);
                model.billed_to = model.billed_to.max(end);
                let amount = cents(*amount);
                model.bills.push(ModelBill {
                    month_end: end,
                    due: (at - START).div_euclid(DAY) + due,
                    amount,
                    remaining: amount.max(Decimal::ZERO),
                    reduced: Decimal::ZERO,
                    voided: false,
                    paid_by: BTreeMap::new(),
                });
                *model.credit.entry(None).or_default() += (-amount).max(Decimal::ZERO);
                model.use_credit();
            }
            What::Void(number) => {
                if !bill_is(model, *number) {
                    return false;
                }
                for dispute in &mut model.disputes {
                    dispute.take_if(|(of, _)| of == number);
                }
                let bill = model.bills[*number].clone();
                let paid = bill.amount - bill.reduced - bill.remaining;
                let tracked: Decimal = bill.paid_by.values().sum();
                for (payer, part) in &bill.paid_by {
                    *model.credit.entry(*payer).or_default() += part;
                }
                *model.credit.entry(None).or_default() += paid - tracked;
                let key = bill.month_end as i64 - 1;
                *model.unbilled.entry(key).or_default() += bill.amount - bill.reduced;
                let bill = &mut model.bills[*number];
                (bill.voided, bill.remaining, bill.reduced) = (true, Decimal::ZERO, bill.amount);
                bill.paid_by.clear();
                model.use_credit();
            }
            What::Pay {
                cents: amount,
                instructed,
            } => {
                if instructed.is_some_and(|bill| !bill_is(model, bill)) {
                    return false;
                }
                let payer = Some(model.payments.len());
                let mut left = cents(*amount);
                if let Some(bill) = instructed {
                    let part = left.min(model.bills[*bill].remaining);
                    left -= model.pay(*bill, payer, part);
                }
                left = model.pay_undisputed(payer, left);
                model.credit.insert(payer, left);
                model.payments.push((cents(*amount), false));
            }
            What::Reverse(number) => {
                match model.payments.get_mut(*number) {
                    Some((_, reversed)) if !*reversed => *reversed = true,
                    _ => return false,
                }
                for bill in &mut model.bills {
                    bill.remaining += bill.paid_by.remove(&Some(*number)).unwrap_or_default();
                }
                model.credit.remove(&Some(*number));
                model.use_credit();
            }
            What::CreditNote(bill, amount) => {
                let amount = cents(*amount);
                if !bill_is(model, *bill)
                    || amount > model.bills[*bill].amount - model.bills[*bill].reduced
                {
                    return false;
                }
                model.reduce(*bill, amount);
                model.use_credit();
            }
            What::WriteOff(bill, amount) => {
                let amount = cents(*amount);
                if !bill_is(model, *bill) || amount > model.bills[*bill].remaining {
                    return false;
                }
                model.reduce(*bill, amount);
            }
            What::Dispute(bill, amount) => {
                if !bill_is(model, *bill) {
                    return false;
                }
                let open = model.bills[*bill].remaining - model.disputed(*bill);
                if open == Decimal::ZERO {
                    return false;
                }
                model.disputes.push(Some((*bill, cents(*amount).min(open))));
            }
            What::Resolve(number, amount) => {
                let amount = cents(*amount);
                match model.disputes.get(*number).copied().flatten() {
                    Some((bill, disputed)) if amount <= disputed => {
                        model.disputes[*number] = None;
                        model.reduce(bill, amount);
                        model.use_credit();
                    }
                    _ => return false,
                }
            }
            What::OwnLimit(amount) => model.own_limit = amount.map(cents),
            What::Deposit(amount) => model.deposit += cents(*amount),
            What::Tick => {}
        }
        true
    }

    /// Values and latches of both are the same.
    fn check_state(&self) {
        let account = self.stage.account("A").unwrap();
        for (view, measure) in account.measures.iter().zip(MEASURES) {
            let value: Decimal = view.value.to_string().parse().unwrap();
            assert_eq!(value, self.model.value(measure), "value of {measure}");
            for latch in &view.latches {
                let fired = self.model.fired.iter().any(|((of, id), fired)| {
                    *of == measure && *id == latch.threshold.as_str() && *fired
                });
                assert_eq!(latch.fired, fired, "latch {measure} {}", latch.threshold);
            }
        }
        for bill in &account.open_bills {
            let number: usize = bill.bill.as_str()[1..].parse().unwrap();
            let remaining: Decimal = bill.remaining.to_string().parse().unwrap();
            assert_eq!(
                remaining, self.model.bills[number].remaining,
                "rest of {}",
                bill.bill
            );
        }
    }
}

/// The engine's outputs in the model's short form.
fn short(outputs: &[Value]) -> Vec<String> {
    outputs.iter().filter_map(short_of).collect()
}

fn short_of(output: &Value) -> Option<String> {
    let fields = &output["fields"];
    let text = |key: &str| fields[key].as_str().unwrap_or_default().to_owned();
    let number = |key: &str| {
        let value: Decimal = text(key).parse().unwrap_or_default();
        value.normalize()
    };
    let measure = text("measure");
    Some(match output["kind"].as_str()? {
        "threshold_crossed" => {
            let crossed: Vec<&str> = fields["crossed"]
                .as_array()?
                .iter()
                .filter_map(|crossed| crossed["threshold_id"].as_str())
                .collect();
            let told = fields["notify"].as_bool()?;
            format!(
                "{measure} crossed {} {} {told}",
                crossed.join("+"),
                number("value_after")
            )
        }
        "threshold_recovered" => {
            format!(
                "{measure} recovered {} {}",
                text("threshold_id"),
                number("value")
            )
        }
        "limit_breached" => format!("{measure} breached {}", number("over_by")),
        "limit_cured" => format!("{measure} cured {}", number("exposure")),
        "quarantined" => "refused".to_owned(),
        _ => return None,
    })
}

/// Numbers in the model's texts without trailing zeros.
fn normalized(texts: Vec<String>) -> Vec<String> {
    let word = |word: &str| match word.parse::<Decimal>() {
        Ok(number) => number.normalize().to_string(),
        Err(_) => word.to_owned(),
    };
    texts
        .into_iter()
        .map(|text| text.split(' ').map(word).collect::<Vec<_>>().join(" "))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn engine_and_model_agree(happenings in happenings()) {
        let mut pair = Pair::new();
        pair.stage.take_outputs();
        for (number, happening) in happenings.iter().enumerate() {
            let Some((expected, got)) = pair.happen(happening) else { break };
            prop_assert_eq!(normalized(expected), normalized(got), "input {} {:?}", number, happening);
            pair.check_state();
        }
    }
}

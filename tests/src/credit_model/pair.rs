//! The engine and the model side by side.

use super::model::{MEASURES, Model, ModelBill};
use super::{DAY, Happening, MONTHS, START, What, cents, date_text, instant_text, month_of};
use crate::stage::Stage;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::collections::BTreeMap;

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

/// The engine and the model side by side.
pub(super) struct Pair {
    stage: Stage,
    model: Model,
    count: usize,
}

impl Pair {
    pub(super) fn new() -> Pair {
        let mut stage = Stage::new(config()).unwrap();
        let opened =
            json!({"class": "tested", "plan": "story", "time_zone": "UTC", "cycle_day": 1});
        stage.input("A", "c", &instant_text(START), "customer_added", opened);
        stage.take_outputs();
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
    pub(super) fn happen(&mut self, happening: &Happening) -> Option<(Vec<String>, Vec<String>)> {
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
    pub(super) fn check_state(&self) {
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
        "limit_cured" => format!(
            "{measure} cured {} over by {}",
            number("exposure"),
            text("over_by")
        ),
        "quarantined" => "refused".to_owned(),
        _ => return None,
    })
}

/// Numbers in the model's texts without trailing zeros.
pub(super) fn normalized(texts: Vec<String>) -> Vec<String> {
    let word = |word: &str| match word.parse::<Decimal>() {
        Ok(number) => number.normalize().to_string(),
        Err(_) => word.to_owned(),
    };
    texts
        .into_iter()
        .map(|text| text.split(' ').map(word).collect::<Vec<_>>().join(" "))
        .collect()
}

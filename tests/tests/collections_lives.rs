//! What must hold in every life of a debtor: money is conserved, steps come in order and once, and how often time
//! is told to pass changes nothing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use umbral_model::event::{ChargeKind, EventBody};
use umbral_model::money::Money;
use umbral_model::time::Timestamp;
use umbral_tests::stage::Stage;

const DAY: i64 = 86_400;
/// 2026-05-01T00:00:00Z.
const START: i64 = 1_777_593_600;
/// Days that are lived after the last thing that happens.
const AFTER: i64 = 40;

fn config() -> Value {
    json!({
        "currency": "EUR",
        "prices": {"sms": "1"},
        "classes": {
            "plain": {"schedule": "soft", "lift_on_full_dispute": true, "measures": []},
            "strict": {"schedule": "hard", "measures": []},
        },
        "calendars": {"office": {"weekdays": [1, 2, 3, 4, 5], "hours": [9, 18]}},
        "schedules": {
            "soft": {"entry_amount": "20.00", "exit_amount": "5.00", "entry_days": 2, "calendar": "office",
                "dispute_grace_days": 1, "pending_grace_days": 3, "steps": [
                {"action": "sms", "offset": 3, "severity": 10},
                {"action": "late_fee", "offset": 4, "severity": 20, "customer_facing": false, "fee": "6.00"},
                {"action": "letter", "offset": 6, "min_gap": 2, "severity": 30},
                {"action": "bar outgoing", "offset": 9, "min_gap": 2, "severity": 60}]},
            "hard": {"entry_amount": "10.00", "exit_amount": "1.00", "entry_days": 1, "steps": [
                {"action": "letter", "offset": 2, "severity": 30},
                {"action": "bar outgoing", "offset": 3, "severity": 60},
                {"action": "terminate", "offset": 9, "min_gap": 3, "severity": 90}]},
        },
    })
}

#[derive(Clone, Debug)]
enum What {
    Bill(u32, i64),
    Void(u8),
    Pay(u32),
    Announce(u32),
    Settle(u8),
    Return(u8),
    Credit(u8, u32),
    WriteOff(u8, u32),
    Dispute(u8, u32),
    Resolve(u8, u32),
    Promise(u32, i64),
    Cancel,
    Hold(bool, Option<i64>),
    Release(bool),
    Class(bool, bool),
}

fn what() -> impl Strategy<Value = What> {
    let cents = || 50u32..6_000;
    prop_oneof![
        6 => (cents(), -12i64..12).prop_map(|(cents, due)| What::Bill(cents, due)),
        1 => (0u8..6).prop_map(What::Void),
        6 => cents().prop_map(What::Pay),
        1 => cents().prop_map(What::Announce),
        2 => (0u8..4).prop_map(What::Settle),
        2 => (0u8..6).prop_map(What::Return),
        1 => (0u8..6, cents()).prop_map(|(bill, cents)| What::Credit(bill, cents)),
        1 => (0u8..6, cents()).prop_map(|(bill, cents)| What::WriteOff(bill, cents)),
        3 => (0u8..6, cents()).prop_map(|(bill, cents)| What::Dispute(bill, cents)),
        3 => (0u8..4, 0u32..6_000).prop_map(|(dispute, cents)| What::Resolve(dispute, cents)),
        2 => (cents(), 0i64..9).prop_map(|(cents, days)| What::Promise(cents, days)),
        1 => Just(What::Cancel),
        1 => (any::<bool>(), prop::option::of(0i64..9)).prop_map(|(exempt, days)| What::Hold(exempt, days)),
        1 => any::<bool>().prop_map(What::Release),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(strict, migrate)| What::Class(strict, migrate)),
    ]
}

/// Things that happen, each so many minutes after the one before.
fn life() -> impl Strategy<Value = Vec<(i64, What)>> {
    prop::collection::vec((1i64..7_000, what()), 1..40)
}

fn money(cents: u32) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn instant(second: i64) -> String {
    Timestamp::from_seconds(second).to_string()
}

fn date(second: i64) -> String {
    Timestamp::from_seconds(second).utc_date().to_string()
}

/// Numbers of what there is so far.
#[derive(Default)]
struct Ids {
    bills: u32,
    payments: u32,
    announced: u32,
    disputes: u32,
    promises: u32,
}

/// One of those that there are; one that is not where there is none.
fn one(prefix: &str, index: u8, count: u32) -> String {
    format!("{prefix}{}", 1 + u32::from(index) % count.max(1))
}

fn input(what: &What, at: i64, ids: &mut Ids) -> (&'static str, Value) {
    match what {
        What::Bill(cents, due) => {
            ids.bills += 1;
            let id = format!("B{}", ids.bills);
            (
                "bill_issued",
                json!({"bill_id": id, "cycle_end": "2026-05-01", "amount": money(*cents), "due_on": date(at + due * DAY)}),
            )
        }
        What::Void(bill) => (
            "bill_voided",
            json!({"bill_id": one("B", *bill, ids.bills)}),
        ),
        What::Pay(cents) => {
            ids.payments += 1;
            (
                "payment_received",
                json!({"payment_id": format!("P{}", ids.payments), "amount": money(*cents), "method": "card"}),
            )
        }
        What::Announce(cents) => {
            ids.announced += 1;
            (
                "payment_received",
                json!({"payment_id": format!("N{}", ids.announced), "amount": money(*cents), "method": "bank", "pending": true}),
            )
        }
        What::Settle(index) => (
            "payment_received",
            json!({"payment_id": one("N", *index, ids.announced), "amount": "9.00", "method": "bank"}),
        ),
        What::Return(index) => (
            "payment_reversed",
            json!({"payment_id": one("P", *index, ids.payments)}),
        ),
        What::Credit(bill, cents) => (
            "credit_note",
            json!({"bill_id": one("B", *bill, ids.bills), "amount": money(*cents)}),
        ),
        What::WriteOff(bill, cents) => (
            "write_off",
            json!({"bill_id": one("B", *bill, ids.bills), "amount": money(*cents)}),
        ),
        What::Dispute(bill, cents) => {
            ids.disputes += 1;
            (
                "dispute_opened",
                json!({"dispute_id": format!("D{}", ids.disputes), "bill_id": one("B", *bill, ids.bills), "amount": money(*cents)}),
            )
        }
        What::Resolve(index, cents) => (
            "dispute_resolved",
            json!({"dispute_id": one("D", *index, ids.disputes), "accepted_amount": money(*cents)}),
        ),
        What::Promise(cents, days) => {
            ids.promises += 1;
            let part =
                |days: i64| json!({"amount": money(*cents), "due_on": date(at + days * DAY)});
            (
                "promise_made",
                json!({"promise_id": format!("R{}", ids.promises), "instalments": [part(*days), part(days + 3)]}),
            )
        }
        What::Cancel => ("promise_cancelled", json!({})),
        What::Hold(exempt, days) => {
            let until = days.map(|days| date(at + days * DAY));
            ("hold_set", json!({"reason": hold(*exempt), "until": until}))
        }
        What::Release(exempt) => ("hold_cleared", json!({"reason": hold(*exempt)})),
        What::Class(strict, migrate) => {
            let class = if *strict { "strict" } else { "plain" };
            (
                "class_changed",
                json!({"class": class, "migrate_case": migrate}),
            )
        }
    }
}

fn hold(exempt: bool) -> &'static str {
    if exempt { "exempt" } else { "manual" }
}

/// Lives a life; time is told to pass every `beat` seconds, and in the last second of every day.
fn live(life: &[(i64, What)], beat: i64) -> Stage {
    let mut stage = Stage::new(config()).unwrap();
    let added = json!({"class": "plain", "time_zone": "UTC", "cycle_day": 1});
    stage.input(
        "A",
        "a",
        &instant(START - 40 * DAY),
        "customer_added",
        added,
    );
    let (mut at, mut ids) = (START, Ids::default());
    for (index, (after, what)) in life.iter().enumerate() {
        pass(&mut stage, at, at + after * 60, beat);
        at += after * 60;
        let (kind, body) = input(what, at, &mut ids);
        stage.tick(&instant(at));
        stage.input("A", &format!("i{index}"), &instant(at), kind, body);
    }
    pass(&mut stage, at, at + AFTER * DAY, beat);
    stage
}

fn pass(stage: &mut Stage, from: i64, to: i64, beat: i64) {
    let mut at = from;
    loop {
        let next_beat = (at / beat + 1) * beat;
        let end_of_day = (at + 1).div_euclid(DAY) * DAY + DAY - 1;
        at = next_beat.min(end_of_day);
        if at > to {
            return;
        }
        stage.tick(&instant(at));
    }
}

/// Everything that happened, without the clock at which it was noticed.
fn events(stage: &Stage) -> Vec<String> {
    let entries = stage.entries();
    let events = entries.flat_map(|entry| &entry.events);
    events.map(|event| format!("{:?}", event.event)).collect()
}

/// What is owed by the events: what came on bills, less what came off them.
fn owed(stage: &Stage) -> Money {
    let entries = stage.entries();
    let bodies = entries.flat_map(|entry| entry.events.iter().map(|event| &event.event.body));
    bodies
        .map(|body| match body {
            EventBody::BillOpened(opened) => opened.amount,
            EventBody::BillWithdrawn(withdrawn) => -withdrawn.unbilled,
            EventBody::ChargePosted(posted) => match posted.kind {
                ChargeKind::LateFee { .. } => posted.amount,
                _ => Money::ZERO,
            },
            EventBody::PaymentPosted(posted) if !posted.pending => -posted.amount,
            EventBody::PaymentReturned(returned) => {
                let parts = returned.allocations.iter().map(|part| part.amount);
                parts.sum::<Money>() + returned.credit
            }
            EventBody::BillReduced(reduced) => -(reduced.amount + reduced.credit),
            EventBody::DisputeSettled(settled) => -settled.accepted_amount,
            _ => Money::ZERO,
        })
        .sum()
}

/// Steps of each case: numbers without a gap, each once, one a day of those that the customer notices.
fn check_steps(stage: &Stage) -> Result<(), TestCaseError> {
    let mut last: BTreeMap<String, u16> = BTreeMap::new();
    let mut days = BTreeSet::new();
    let mut started: BTreeMap<String, u16> = BTreeMap::new();
    for event in stage.entries().flat_map(|entry| &entry.events) {
        match &event.event.body {
            EventBody::CaseOpened(state) => {
                started.insert(state.case.to_string(), state.first_step);
            }
            EventBody::StepDue(due) => {
                let case = due.case.to_string();
                let wanted = match last.get(&case) {
                    Some(before) => before + 1,
                    None => started[&case],
                };
                prop_assert_eq!(due.step, wanted, "{:?}", due);
                last.insert(case, due.step);
                if due.customer_facing {
                    prop_assert!(days.insert(due.due_on), "two on {}", due.due_on);
                }
                prop_assert!(due.amount > due.cure_amount && due.cure_amount > Money::ZERO);
            }
            _ => {}
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn how_often_time_passes_changes_nothing(life in life()) {
        let (hourly, daily) = (live(&life, 3_600), live(&life, DAY));
        prop_assert_eq!(events(&hourly), events(&daily));
    }

    #[test]
    fn money_is_conserved_and_steps_come_in_order_and_once(life in life()) {
        let stage = live(&life, 6 * 3_600);
        let view = stage.account("A").unwrap();
        let open: Money = view.open_bills.iter().map(|bill| bill.remaining).sum();
        prop_assert_eq!(open - view.credit, owed(&stage));
        check_steps(&stage)?;
        prop_assert_eq!(stage.account_hashes(), stage.replayed_hashes());
    }
}

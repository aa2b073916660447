//! Same inputs, same events and same state: after a replay, after a restart at any point, with any number of
//! partitions, with ticks as often or as seldom as one likes within a local day.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use proptest::prelude::*;
use serde_json::{Value, json};
use umbral_tests::stage::Stage;

const ACCOUNTS: [&str; 3] = ["A", "B-2", "Cc"];
const DAY: i64 = 1_440;

/// The catalog that comes into force in the middle: limits and the schedule of class `one` differ.
fn second_config() -> Value {
    let mut config = config();
    config["classes"]["one"]["measures"][0]["limit"] = json!("70");
    config["classes"]["one"]["measures"][0]["warn"] =
        json!([{"id": "most", "bps": 8000}, {"id": "first", "bps": 1000}]);
    config["classes"]["one"]["schedule"] = json!("slow");
    config["classes"]["two"]["lift_on_exempt"] = json!(false);
    config
}

fn config() -> Value {
    json!({
        "currency": "EUR",
        "prices": {"voice": "0.05", "data": "0.001", "sms": "0.50"},
        "classes": {
            "one": {"schedule": "quick", "lift_on_full_dispute": true, "dispute_weight_bps": 0,
                "measures": [
                {"measure": "exposure", "limit": "90", "on_breach": ["bar outgoing"],
                 "warn": [{"id": "half", "bps": 5000}, {"id": "most", "bps": 9000}]},
                {"measure": "cycle_usage", "limit": "30", "on_breach": ["bar outgoing", "bar data"],
                 "warn": [{"id": "most", "bps": 8000}]}]},
            "two": {"schedule": "slow", "lift_on_exempt": true, "measures": [
                {"measure": "exposure", "limit": "60", "on_breach": ["bar data"],
                 "warn": [{"id": "half", "bps": 4000}]}]}},
        "schedules": {
            "quick": {"version": "q1", "entry_amount": "10.00", "exit_amount": "2.00", "entry_days": 1,
                "relapse_start": 2, "dispute_grace_days": 2, "pending_grace_days": 2, "severe_from": 40,
                "calendar": "office", "steps": [
                {"action": "sms", "offset": 2, "severity": 10},
                {"action": "late_fee", "offset": 3, "severity": 20, "customer_facing": false, "fee": "4.00"},
                {"action": "bar outgoing", "offset": 5, "min_gap": 2, "severity": 50},
                {"action": "terminate", "offset": 9, "severity": 90}]},
            "slow": {"version": "s1", "entry_amount": "20.00", "exit_amount": "5.00", "entry_days": 3,
                "rebase": false, "steps": [
                {"action": "letter", "offset": 4, "severity": 10},
                {"action": "bar data", "offset": 8, "severity": 60}]}},
        "calendars": {"office": {"weekdays": [1, 2, 3, 4, 5], "hours": [9, 18], "holidays": ["2026-04-03"]}}
    })
}

/// An input of one of the accounts, so many minutes after the one before.
#[derive(Clone, Debug)]
struct Happening {
    after: i64,
    account: usize,
    kind: &'static str,
    body: Value,
    late: i64,
}

fn money(cents: i64) -> String {
    format!(
        "{}{}.{:02}",
        if cents < 0 { "-" } else { "" },
        cents.abs() / 100,
        cents.abs() % 100
    )
}

fn date(day: i64) -> String {
    // 2026-03-01 is day 0; the stories of this test end before August.
    const MONTHS: [i64; 6] = [0, 31, 61, 92, 122, 153];
    let month = MONTHS.iter().rposition(|first| *first <= day).unwrap_or(0);
    format!("2026-{:02}-{:02}", month + 3, day - MONTHS[month] + 1)
}

fn instant(minute: i64) -> String {
    let of_day = minute.rem_euclid(DAY);
    format!(
        "{}T{:02}:{:02}:00Z",
        date(minute.div_euclid(DAY)),
        of_day / 60,
        of_day % 60
    )
}

/// Kind and body; `day` and small numbers choose among what may exist.
fn body() -> impl Strategy<Value = (&'static str, Value)> {
    let id = 0usize..6;
    prop_oneof![
        5 => (1u32..400).prop_map(|n| ("usage", json!({"service": "sms", "quantity": n.to_string()}))),
        2 => (1u32..9_000).prop_map(|n| ("usage",
            json!({"service": "data", "quantity": n.to_string(), "scope": "roaming_data"}))),
        3 => (-3_000i64..6_000).prop_map(|c| ("charge_added", json!({"amount": money(c), "code": "x"}))),
        6 => (id.clone(), -500i64..5_000, 0i64..12, 0i64..3).prop_map(|(n, c, due, end)| ("bill_issued",
            json!({"bill_id": format!("B{n}"), "amount": money(c), "due": due, "end": end}))),
        1 => id.clone().prop_map(|n| ("bill_voided", json!({"bill_id": format!("B{n}")}))),
        6 => (id.clone(), 1i64..5_000, any::<bool>()).prop_map(|(n, c, pending)| ("payment_received",
            json!({"payment_id": format!("P{n}"), "amount": money(c), "method": "m", "pending": pending}))),
        3 => id.clone().prop_map(|n| ("payment_reversed", json!({"payment_id": format!("P{n}")}))),
        1 => (id.clone(), 1i64..2_000).prop_map(|(n, c)| ("credit_note",
            json!({"bill_id": format!("B{n}"), "amount": money(c)}))),
        1 => (id.clone(), 1i64..2_000).prop_map(|(n, c)| ("write_off",
            json!({"bill_id": format!("B{n}"), "amount": money(c)}))),
        3 => (id.clone(), id.clone(), 1i64..5_000).prop_map(|(n, b, c)| ("dispute_opened",
            json!({"dispute_id": format!("D{n}"), "bill_id": format!("B{b}"), "amount": money(c)}))),
        3 => (id.clone(), 0i64..3_000).prop_map(|(n, c)| ("dispute_resolved",
            json!({"dispute_id": format!("D{n}"), "accepted_amount": money(c)}))),
        2 => (id.clone(), 1i64..3_000, 0i64..9).prop_map(|(n, c, due)| ("promise_made",
            json!({"promise_id": format!("Q{n}"), "amount": money(c), "due": due}))),
        1 => Just(("promise_cancelled", json!({}))),
        2 => (any::<bool>(), prop::option::of(0i64..8)).prop_map(|(manual, until)| ("hold_set",
            json!({"reason": if manual { "manual" } else { "exempt" }, "until_in": until}))),
        2 => any::<bool>().prop_map(|manual| ("hold_cleared",
            json!({"reason": if manual { "manual" } else { "exempt" }}))),
        1 => (1i64..3).prop_map(|n| ("case_closed_by", json!({"case": n, "outcome": "agency"}))),
        1 => (any::<bool>(), 0usize..3).prop_map(|(one, when)| ("class_changed",
            json!({"class": if one { "one" } else { "two" }, "when": when}))),
        1 => any::<bool>().prop_map(|there| ("time_zone_changed",
            json!({"time_zone": if there { "UTC" } else { "Africa/Abidjan" }}))),
        1 => prop::option::of(0i64..20_000).prop_map(|c| ("limit_overridden",
            json!({"measure": "exposure", "cents": c}))),
        1 => (1i64..3_000).prop_map(|c| ("deposit_received", json!({"amount": money(c)}))),
    ]
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let late = prop_oneof![5 => Just(0i64), 1 => 1..6_000i64];
    let one = (0i64..2_500, 0usize..ACCOUNTS.len(), body(), late).prop_map(
        |(after, account, (kind, body), late)| Happening {
            after,
            account,
            kind,
            body,
            late,
        },
    );
    prop::collection::vec(one, 1..70)
}

/// Completes a body with what depends on the day and the account.
fn complete(happening: &Happening, minute: i64) -> Value {
    let day = minute.div_euclid(DAY);
    let mut body = happening.body.clone();
    let number = |body: &Value, key: &str| body[key].as_i64().unwrap_or_default();
    match happening.kind {
        "bill_issued" => {
            let due = number(&body, "due");
            let end = number(&body, "end");
            let cycle_end = ["2026-03-05", "2026-04-05", "2026-05-05"][end as usize];
            body = json!({"bill_id": body["bill_id"], "amount": body["amount"],
                "due_on": date(day + due), "cycle_end": cycle_end});
        }
        "promise_made" => {
            let instalment =
                json!({"amount": body["amount"], "due_on": date(day + number(&body, "due"))});
            body = json!({"promise_id": body["promise_id"], "instalments": [instalment]});
        }
        "hold_set" => {
            let until = body["until_in"].as_i64();
            body = json!({"reason": body["reason"]});
            if let Some(until) = until {
                body["until"] = json!(date(day + until));
            }
        }
        "case_closed_by" => {
            let case = format!("{}/{}", ACCOUNTS[happening.account], number(&body, "case"));
            body = json!({"case_id": case, "outcome": body["outcome"]});
        }
        "class_changed" => {
            let when = ["now".to_owned(), "next_cycle".to_owned(), date(day + 2)];
            let effective = &when[number(&body, "when") as usize];
            body = json!({"class": body["class"], "effective": effective});
        }
        "limit_overridden" => {
            let cents = body["cents"].as_i64();
            body = json!({"measure": "exposure"});
            if let Some(cents) = cents {
                body["amount"] = json!(money(cents));
                body["until"] = json!(date(day + cents % 7));
            }
        }
        _ => {}
    }
    body
}

/// How a list of happenings is played.
#[derive(Clone, Copy)]
struct Manner {
    partitions: usize,
    /// Minutes between ticks; the end of a day always ticks.
    every: i64,
    /// Before which happening everything is replayed from nothing.
    restart_at: usize,
    /// Before which happening a copy begins, one row of each partition a happening; and before which one
    /// everything goes on from the copy.
    copy: (usize, usize),
    /// Before which happening another catalog is activated, and how many minutes later it is in force.
    config: (usize, i64),
}

fn play(happenings: &[Happening], manner: Manner) -> Stage {
    let Manner {
        partitions,
        every,
        restart_at,
        copy: (copy_at, go_on_at),
        config: (config_at, delay),
    } = manner;
    let mut stage = Stage::with_partitions(config(), partitions).unwrap();
    for account in ACCOUNTS {
        let class = if account == "A" { "one" } else { "two" };
        let body = json!({"class": class, "time_zone": "UTC", "cycle_day": 5});
        stage.input(account, "open", &instant(0), "customer_added", body);
    }
    let mut minute = 0;
    for (index, happening) in happenings.iter().enumerate() {
        let next = minute + happening.after;
        if next >= 140 * DAY {
            break;
        }
        for between in minute + 1..=next {
            if between % every == 0 || between % DAY == DAY - 1 {
                stage.tick(&instant(between));
            }
        }
        minute = next;
        stage.tick(&instant(minute));
        if index == config_at {
            stage
                .activate(&second_config(), &instant(minute + delay))
                .unwrap();
        }
        if index == restart_at {
            stage.restart();
        }
        if index == copy_at {
            stage.begin_copy();
        }
        if index == go_on_at {
            stage.restart_from_copy();
        }
        stage.copy_some(1);
        let at = instant((minute - happening.late).max(0));
        let body = complete(happening, minute);
        stage.input(
            ACCOUNTS[happening.account],
            &format!("e{index}"),
            &at,
            happening.kind,
            body,
        );
    }
    stage.tick(&instant((minute / DAY + 30) * DAY));
    stage
}

/// The same events, each with the same sequence number, instant and timer.
fn same_histories(one: &Stage, other: &Stage, account: &str) -> Result<(), TestCaseError> {
    let (one, other) = (one.history(account), other.history(account));
    for (left, right) in one.iter().zip(&other) {
        prop_assert_eq!(left, right, "account {}", account);
    }
    prop_assert_eq!(one.len(), other.len(), "events of account {}", account);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn replay_restart_and_partitions_change_nothing(
        happenings in happenings(),
        restart_at in 0usize..70,
        copy in (0usize..70, 0usize..40),
        config in (0usize..90, 0i64..4_000),
    ) {
        let (never, go_on_at) = (usize::MAX, copy.0 + copy.1);
        let manner = Manner { partitions: 1, every: 60, restart_at: never, copy: (never, never), config };
        let reference = play(&happenings, manner);
        prop_assert_eq!(reference.account_hashes(), reference.replayed_hashes(), "replay");
        let other = play(&happenings, Manner { partitions: 3, restart_at, ..manner });
        for account in ACCOUNTS {
            same_histories(&reference, &other, account)?;
        }
        prop_assert_eq!(reference.account_hashes(), other.account_hashes(), "restart, partitions");
        for partitions in [1, 2] {
            let other = play(&happenings, Manner { partitions, copy: (copy.0, go_on_at), ..manner });
            for account in ACCOUNTS {
                same_histories(&reference, &other, account)?;
            }
            prop_assert_eq!(reference.account_hashes(), other.account_hashes(), "copy");
        }
    }

    #[test]
    fn ticks_within_a_day_change_nothing(
        happenings in happenings(),
        config in (0usize..90, 0i64..4_000),
    ) {
        let (never, every) = (usize::MAX, 15);
        let manner = Manner { partitions: 1, every, restart_at: never, copy: (never, never), config };
        let often = play(&happenings, manner);
        let seldom = play(&happenings, Manner { every: DAY, ..manner });
        for account in ACCOUNTS {
            same_histories(&often, &seldom, account)?;
        }
    }
}

#[test]
fn a_version_that_did_nothing_to_an_account_still_counts_for_it_after_a_restart() {
    let play = |restart: bool| {
        let mut stage = Stage::new(config()).unwrap();
        let body = json!({"class": "two", "time_zone": "UTC", "cycle_day": 5});
        stage.input("A", "open", &instant(0), "customer_added", body);
        let bill = json!({"bill_id": "B", "amount": "50.00", "due_on": date(1), "cycle_end": "2026-03-01"});
        stage.input("A", "bill", &instant(1), "bill_issued", bill);
        stage.tick(&instant(DAY));
        // Cases of class two open a day earlier from here on; the account is not in one yet.
        let mut sooner = config();
        sooner["schedules"]["slow"]["entry_days"] = json!(1);
        stage.activate(&sooner, &instant(DAY)).unwrap();
        if restart {
            stage.restart();
        }
        for day in 1..12 {
            stage.tick(&instant(day * DAY + 60));
        }
        stage.history("A")
    };
    let through = play(false);
    assert!(
        through
            .iter()
            .any(|event| event.body.kind() == "case_opened")
    );
    assert_eq!(through, play(true));
}

//! The work list of a day and the story of a case.

#![allow(
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

mod common;

use common::*;
use serde_json::{Value, json};
use umbral_history::{CaseStanding, History, HistoryError, Moment, Wanted};
use umbral_model::ids::AccountId;
use umbral_model::time::Date;

const COLLECTIONS: &str = r#"
[class.debtor]
collections = "soft"
[class.strict]
collections = "hard"
[collections.soft]
version = "soft-1"
entry_amount = "20.00"
exit_amount = "5.00"
entry_days = 3
steps = [
  { action = "reminder", offset = 5, severity = 10 },
  { action = "letter", offset = 12, min_gap = 3, severity = 20 },
  { action = "bar outgoing", offset = 30, min_gap = 5, severity = 50 },
]
[class.patient]
collections = "waiting"
[collections.waiting]
entry_amount = "20.00"
exit_amount = "5.00"
entry_days = 1
pending_grace_days = 4
severe_from = 50
steps = [
  { action = "reminder", offset = 2, severity = 10 },
  { action = "bar outgoing", offset = 9, severity = 70 },
]
[collections.hard]
version = "hard-1"
entry_amount = "20.00"
exit_amount = "5.00"
entry_days = 1
steps = [ { action = "bar outgoing", offset = 2, severity = 70 } ]
"#;

struct Lines(Vec<String>);

impl Lines {
    fn add(&mut self, at: &str, account: &str, kind: &str, body: Value) {
        let id = self.0.len();
        let mut line = json!({ "source": "test", "event_id": format!("e{id}"), "occurred_at": at, "account_id": account });
        line[kind] = body;
        // The reason of a hold is its own; that of an order belongs to the envelope.
        let of_envelope: &[&str] = match kind {
            "hold_set" => &["actor"],
            _ => &["actor", "reason"],
        };
        for key in of_envelope {
            let body = line[kind].as_object_mut().expect("a body");
            if let Some(value) = body.remove(*key) {
                line[*key] = value;
            }
        }
        self.0.push(line.to_string());
    }

    fn customer(&mut self, account: &str, class: &str, rank: u16, bills: &[(&str, &str, &str)]) {
        self.add(
            "2026-03-01T00:00:00Z",
            account,
            "customer_added",
            json!({"class": class, "plan": "basic", "time_zone": "Europe/Madrid", "cycle_day": 1, "vip_rank": rank}),
        );
        for (bill, amount, due_on) in bills {
            self.add(
                "2026-03-02T08:00:00Z",
                account,
                "bill_issued",
                json!({"bill_id": bill, "cycle_end": "2026-03-01", "amount": amount, "due_on": due_on}),
            );
        }
    }

    fn tick(&mut self, at: &str) {
        let id = self.0.len();
        self.0.push(
            json!({ "source": "clock", "event_id": format!("t{id}"), "occurred_at": at, "tick": {} })
                .to_string(),
        );
    }
}

/// A and B owe by one schedule, C by another; D pays in time.
fn told() -> Place {
    let place = Place::with_tariff(8, &format!("{TARIFF}{COLLECTIONS}"));
    let mut lines = Lines(Vec::new());
    lines.customer(
        "A",
        "debtor",
        2,
        &[("A1", "40.00", "2026-03-10"), ("A2", "12.00", "2026-03-12")],
    );
    lines.customer("B", "debtor", 0, &[("B1", "30.00", "2026-03-11")]);
    lines.customer("C", "strict", 0, &[("C1", "21.00", "2026-03-10")]);
    lines.customer("D", "debtor", 0, &[("D1", "50.00", "2026-03-10")]);
    let pay =
        |id: &str, amount: &str| json!({"payment_id": id, "amount": amount, "method": "card"});
    lines.add(
        "2026-03-09T10:00:00Z",
        "D",
        "payment_received",
        pay("PD", "50.00"),
    );
    lines.tick("2026-03-15T12:00:00Z");
    lines.add("2026-03-16T10:00:00Z", "A", "step_completed", json!({"case_id": "A/1", "step": 1, "result": "will pay on Friday", "actor": "maria", "reason": "called back"}));
    lines.add(
        "2026-03-16T11:00:00Z",
        "A",
        "effort_scored",
        json!({"score": 5}),
    );
    lines.add(
        "2026-03-16T12:00:00Z",
        "B",
        "hold_set",
        json!({"reason": "manual", "until": "2026-03-31"}),
    );
    lines.add("2026-03-17T10:00:00Z", "A", "promise_made", json!({"promise_id": "PR1", "instalments": [{"amount": "20.00", "due_on": "2026-03-20"}, {"amount": "32.00", "due_on": "2026-04-20"}]}));
    lines.add(
        "2026-03-19T10:00:00Z",
        "A",
        "payment_received",
        pay("PA", "20.00"),
    );
    lines.add(
        "2026-03-20T10:00:00Z",
        "C",
        "payment_received",
        pay("PC", "21.00"),
    );
    lines.tick("2026-03-21T12:00:00Z");
    take(&place, &lines);
    place
}

fn take(place: &Place, lines: &Lines) {
    let engine = place.engine(event_options());
    let texts: Vec<&str> = lines.0.iter().map(String::as_str).collect();
    for (line, receipt) in texts.iter().zip(submit(&engine, &texts)) {
        assert_eq!(receipt.verdict, umbral_runtime::Verdict::Applied, "{line}");
    }
    engine.stop().expect("stopped");
}

/// E announces a payment that does not come.
fn announced() -> Place {
    let place = Place::with_tariff(8, &format!("{TARIFF}{COLLECTIONS}"));
    let mut lines = Lines(Vec::new());
    lines.customer("E", "patient", 0, &[("E1", "30.00", "2026-03-10")]);
    lines.tick("2026-03-12T12:00:00Z");
    lines.add(
        "2026-03-17T10:00:00Z",
        "E",
        "payment_received",
        json!({"payment_id": "PE", "amount": "30.00", "method": "debit", "pending": true}),
    );
    lines.add(
        "2026-03-18T10:00:00Z",
        "E",
        "payment_reversed",
        json!({"payment_id": "PE"}),
    );
    lines.tick("2026-03-18T12:00:00Z");
    take(&place, &lines);
    place
}

fn list(place: &Place, wanted: &Wanted) -> Value {
    let list = History::work_list_of(&[place.history()], wanted).expect("a list");
    serde_json::to_value(list).expect("JSON")
}

fn ids(list: &Value) -> Vec<&str> {
    let cases = list["cases"].as_array().expect("cases").iter();
    cases
        .map(|case| case["case_id"].as_str().expect("an id"))
        .collect()
}

fn day(text: &str) -> Moment {
    Moment::Day(Date::parse(text).expect("a day"))
}

#[test]
fn the_hardest_case_comes_first_and_carries_what_a_collector_needs() {
    let place = told();
    let wanted = Wanted {
        moment: day("2026-03-15"),
        ..Wanted::default()
    };
    let list = list(&place, &wanted);
    assert_eq!(ids(&list), ["C/1", "A/1", "B/1"]);
    let case = &list["cases"][1];
    assert_eq!(case["account_id"], "A");
    assert_eq!(
        (&case["class"], &case["vip_rank"]),
        (&json!("debtor"), &json!(2))
    );
    assert_eq!(
        (&case["amount"], &case["cure_amount"]),
        (&json!("52.00"), &json!("47.00"))
    );
    assert_eq!(
        (&case["oldest_bill_id"], &case["oldest_due_on"]),
        (&json!("A1"), &json!("2026-03-10"))
    );
    assert_eq!(case["last_step"]["action"], "reminder");
    assert_eq!(
        (&case["next_step"]["action"], &case["next_step"]["on"]),
        (&json!("letter"), &json!("2026-03-22"))
    );
    assert_eq!(list["totals"][0]["amount"], "103.00");
    assert_eq!(list["totals"][0]["cases"], 3);
}

#[test]
fn a_list_is_as_of_its_moment_and_holds_what_is_wanted() {
    let place = told();
    let now = list(&place, &Wanted::default());
    assert_eq!(ids(&now), ["A/1", "B/1"], "C has paid");
    assert_eq!(now["cases"][0]["promise"]["missing"], "32.00");
    assert_eq!(now["cases"][1]["holds"][0]["until"], "2026-03-31");
    let with = |change: &dyn Fn(&mut Wanted)| {
        let mut wanted = Wanted {
            moment: day("2026-03-15"),
            ..Wanted::default()
        };
        change(&mut wanted);
        ids(&list(&place, &wanted)).join(" ")
    };
    assert_eq!(
        with(&|wanted| wanted.classes = vec!["strict".into()]),
        "C/1"
    );
    assert_eq!(with(&|wanted| wanted.min_severity = 11), "C/1");
    assert_eq!(
        with(&|wanted| wanted.standings = vec![CaseStanding::Exhausted]),
        "C/1"
    );
    assert_eq!(
        with(&|wanted| wanted.due = true),
        "C/1 A/1",
        "steps of the day itself"
    );
    assert_eq!(with(&|wanted| wanted.moment = day("2026-03-11")), "");
    let noon = "2026-03-15T12:00:00Z".parse_instant();
    let before = noon.plus_nanos(-1);
    assert_eq!(
        with(&|wanted| wanted.moment = Moment::Instant(noon)),
        "C/1 A/1 B/1"
    );
    assert_eq!(with(&|wanted| wanted.moment = Moment::Instant(before)), "");
}

#[test]
fn a_case_tells_its_story() {
    let place = told();
    let story = place
        .history()
        .case_story("A/1", Moment::Now)
        .expect("a story");
    let story = serde_json::to_value(story).expect("JSON");
    assert_eq!(
        (&story["state"], &story["schedule_version"]),
        (&json!("held"), &json!("soft-1"))
    );
    assert_eq!(story["steps_done"][0]["result"], "will pay on Friday");
    assert_eq!(story["overdue_bills"][0]["remaining"], "20.00");
    let timeline = story["timeline"].as_array().expect("a timeline");
    let texts: Vec<&str> = timeline
        .iter()
        .map(|one| one["text"].as_str().expect("a text"))
        .collect();
    for (index, text) in [
        "bill A1 of 40.00 EUR, due on 2026-03-10",
        "bill A2 of 12.00 EUR, due on 2026-03-12",
        "case opened: 52.00 EUR overdue on 2 bills, next step on 2026-03-15",
        "step 1, reminder: asks for 52.00 EUR (47.00 EUR would do); letter follows on 2026-03-22",
        "result of step 1: will pay on Friday",
        "effort scored 5 by the customer",
        "promise PR1: 20.00 EUR to 2026-03-20, 32.00 EUR to 2026-04-20",
    ]
    .iter()
    .enumerate()
    {
        assert_eq!(texts.get(index), Some(text), "{texts:#?}");
    }
    assert!(
        texts.contains(&"payment PA of 20.00 EUR by card: 20.00 EUR on A1"),
        "{texts:#?}"
    );
    let called = &timeline[4];
    assert_eq!(
        (&called["actor"], &called["reason"]),
        (&json!("maria"), &json!("called back"))
    );
    assert_eq!(called["caused_by"], "test/e11");
}

#[test]
fn a_story_that_is_over_says_how_it_ended() {
    let place = told();
    let at = |moment| {
        let story = place.history().case_story("C/1", moment).expect("a story");
        serde_json::to_value(story).expect("JSON")
    };
    let before = at(day("2026-03-19"));
    assert_eq!(
        (&before["state"], &before["barred"]),
        (&json!("exhausted"), &json!(["outgoing"]))
    );
    let after = at(Moment::Now);
    assert_eq!(
        (&after["closed_as"], &after["closed_on"]),
        (&json!("cured"), &json!("2026-03-20"))
    );
    assert_eq!(after["barred"], json!([]));
    assert_eq!(before["amount"], "21.00");
    assert_eq!(
        (&after["amount"], &after["cure_amount"], &after["bills"]),
        (&json!("0.00"), &json!("0.00"), &json!(0))
    );
    assert_eq!(
        (&after["overdue_bills"], &after["oldest_bill_id"]),
        (&json!([]), &Value::Null)
    );
    assert_eq!(after["next_step"], Value::Null);
    let account = place
        .history()
        .account_at(&AccountId::new("C"), None)
        .expect("an account");
    let account = serde_json::to_value(account).expect("JSON");
    let closed = json!({"case_id": "C/1", "state": "closed", "overdue_total": "0.00", "step": 1, "next_step_on": null,
        "hold_reasons": [], "closed_on": "2026-03-20", "closed_as": "cured"});
    assert_eq!(account["cases"], json!([closed]));
    let last = after["timeline"].as_array().and_then(|all| all.last());
    let last = last.expect("an end");
    assert_eq!(
        last["text"],
        "case closed: cured by payment PC; taken back: bar outgoing"
    );
}

#[test]
fn a_step_is_shown_on_the_day_on_which_an_announced_payment_lets_it_come() {
    let place = announced();
    let next_on = |date: &str| {
        let wanted = Wanted {
            moment: day(date),
            ..Wanted::default()
        };
        list(&place, &wanted)["cases"][0]["next_step"]["on"].clone()
    };
    assert_eq!(next_on("2026-03-16"), "2026-03-19");
    assert_eq!(next_on("2026-03-17"), "2026-03-21");
    assert_eq!(next_on("2026-03-18"), "2026-03-19");
}

#[test]
fn an_announced_payment_that_does_not_come_is_told_with_its_amount() {
    let place = announced();
    let story = place.history().case_story("E/1", Moment::Now);
    let told = story.expect("a story").timeline;
    let returned = told.iter().find(|one| one.kind == "payment_returned");
    let returned = returned.expect("it is told");
    assert_eq!(
        returned.text,
        "payment PE of 30.00 EUR, which had been announced only, will not come"
    );
    assert_eq!(returned.amount.as_deref(), Some("30.00"));
}

#[test]
fn a_case_that_is_not_there_names_those_that_are() {
    let place = told();
    let ask = |case: &str| place.history().case_story(case, Moment::Now);
    match ask("A/2") {
        Err(HistoryError::UnknownCase { hint, .. }) => {
            assert_eq!(hint.as_deref(), Some("account A has A/1 only"));
        }
        other => panic!("{other:?}"),
    }
    for nobody in ["D/1", "nobody", "X/1", "A/one"] {
        assert!(
            matches!(
                ask(nobody),
                Err(HistoryError::UnknownCase { hint: None, .. })
            ),
            "{nobody}"
        );
    }
    let mut ids = History::case_ids_of(&[place.history()]).expect("ids");
    ids.sort_unstable();
    assert_eq!(ids, ["A/1", "B/1", "C/1"]);
}

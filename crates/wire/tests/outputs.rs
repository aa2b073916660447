//! What leaves: derived streams as JSON, and one frame byte by byte.
#![allow(clippy::expect_used)]

use smol_str::SmolStr;
use umbral_model::charge::{Charge, Segment};
use umbral_model::event::*;
use umbral_model::ids::*;
use umbral_model::input::*;
use umbral_model::journal::*;
use umbral_model::money::{Currency, Money, Pico, Rounding, RoundingMode};
use umbral_model::rejection::Reason;
use umbral_model::time::{Date, Timestamp};
use umbral_model::units::Measurement;
use umbral_wire::{Names, frame, json, outputs};

fn amount(text: &str) -> Money {
    Money::parse(text).expect("an amount")
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("an instant")
}

fn call() -> Input {
    Input {
        key: InputKey {
            source: "med1".into(),
            event_id: "u-1".into(),
        },
        occurred_at: at("2026-03-02T09:00:00Z"),
        account: "A1".into(),
        member: Some("M1".into()),
        currency: None,
        actor: None,
        reason: None,
        forced: false,
        body: Body::Usage(Usage {
            service: "voice".into(),
            direction: Direction::Originating,
            to: PartyNumber::split("34600111222"),
            zone: None,
            network: None,
            quantity: 61_000_000_000,
            duration: None,
            scope: None,
            continued: None,
            reservation: None,
        }),
    }
}

fn rated() -> EventBody {
    let segment = Segment {
        version: VersionNo(0),
        rule: RuleNo(3),
        rate: RateNo(2),
        band: None,
        offset: 0,
        usage: 61_000_000_000,
        billed: 61_000_000_000,
        covered: 0,
        tier: None,
        increment: 1_000_000_000,
        price: Pico::parse("0.09").expect("a price"),
        unit: 60_000_000_000,
    };
    let charge = Charge {
        amount: amount("0.2415"),
        version: VersionNo(0),
        plan: PlanNo(1),
        service: ServiceNo(0),
        rule: RuleNo(3),
        prefix: Some(PrefixNo(7)),
        zone: None,
        segments: [segment].into_iter().collect(),
        covered: Default::default(),
        setup: Pico::parse("0.15").expect("a price"),
        held_at: None,
        discounts: Default::default(),
        discount_bps: 0,
        rounding: Rounding {
            mode: RoundingMode::HalfUp,
            decimals: 4,
        },
    };
    EventBody::UsageRated(UsageRated {
        member: Some("M1".into()),
        scope: Scope::Voice,
        cycle: Date::parse("2026-03-01").expect("a date"),
        quantity: 61_000_000_000,
        charge: Box::new(charge),
        over_limit_amount: Money::ZERO,
    })
}

fn crossed() -> EventBody {
    EventBody::ThresholdCrossed(Box::new(ThresholdCrossed {
        measure: Measure::Exposure,
        scope: Scope::All,
        epoch: None,
        crossed: vec![Crossed {
            threshold: "80".into(),
            amount: amount("120"),
            bps: Some(8_000),
        }],
        highest: "80".into(),
        value_before: amount("119.90"),
        value_after: amount("120.14"),
        limit: Some(amount("150")),
        remaining: Some(amount("29.86")),
        cause: Cause::Usage,
        notify: true,
        out_id: OutId(0),
    }))
}

fn event(account_seq: u64, timer: Option<TimerCause>, body: EventBody) -> AccountEvent {
    let effective_at = at("2026-03-02T09:00:00Z");
    AccountEvent {
        account: None,
        event: Event {
            account_seq,
            effective_at,
            timer,
            body,
        },
    }
}

fn entry(outcome: Outcome, events: Vec<AccountEvent>) -> Entry {
    Entry {
        position: 9,
        clock: at("2026-03-02T09:15:00Z"),
        version: Some(VersionNo(0)),
        input: JournaledInput::Account(Box::new(call())),
        outcome,
        events,
    }
}

struct Catalog;

impl Names for Catalog {
    fn version(&self, _: VersionNo) -> Option<SmolStr> {
        Some("v1".into())
    }

    fn service(&self, _: VersionNo, _: ServiceNo) -> Option<(SmolStr, Measurement)> {
        Some(("voice".into(), Measurement::Time))
    }

    fn rate(&self, _: VersionNo, rate: RateNo) -> Option<SmolStr> {
        Some(format!("rate {rate}").into())
    }
}

#[test]
fn a_rated_record_carries_its_explanation() {
    let entry = entry(Outcome::Applied, vec![event(17, None, rated())]);
    let mut output = outputs(&entry).remove(0);
    output.currency = Currency::parse("EUR");
    let id = OutId::of("usage_rated", &"A1".into(), CauseKey::Input(&call().key), 0);
    let expected = format!(
        concat!(
            r#"{{"out_id":"{}","account_id":"A1","account_seq":17,"#,
            r#""effective_at":"2026-03-02T09:00:00Z","recorded_at":"2026-03-02T09:15:00Z","#,
            r#""caused_by":{{"source":"med1","event_id":"u-1"}},"config_version":"v1","currency":"EUR","#,
            r#""usage_rated":{{"member_id":"M1","scope":"voice","cycle_start":"2026-03-01","#,
            r#""quantity":"61s","over_limit_amount":"0.00","amount":"0.2415","catalog_version":"v1","#,
            r#""plan":"1","service":"voice","rule":"3","prefix":"7","segments":[{{"rate":"rate 2","#,
            r#""catalog_version":"v1","rule":"3","offset":"0s","usage":"61s","billed":"61s","#,
            r#""increment":"1s","per":"60s","price":"0.09"}}],"setup":"0.15","#,
            r#""rounding":{{"mode":"half_up","decimals":4}}}}}}"#
        ),
        id
    );
    assert_eq!(json::output_with(&output, &Catalog), expected);
}

#[test]
fn a_crossing_reads_as_published() {
    let entry = entry(
        Outcome::Applied,
        vec![event(17, None, rated()), event(18, None, crossed())],
    );
    let outputs = outputs(&entry);
    let text = json::output(&outputs[1]);
    let body = concat!(
        r#""threshold_crossed":{"measure":"exposure","scope":"all","#,
        r#""crossed":[{"threshold_id":"80","amount":"120.00","bps":8000}],"highest":"80","#,
        r#""value_before":"119.90","value_after":"120.14","limit":"150.00","remaining":"29.86","#,
        r#""cause":"usage","notify":true}}"#
    );
    assert!(text.ends_with(body), "{text}");
    let id = OutId::of(
        "threshold_crossed",
        &"A1".into(),
        CauseKey::Input(&call().key),
        1,
    );
    assert_eq!(outputs[1].out_id, id, "the second event of its cause");
}

#[test]
fn events_of_a_timer_name_the_timer_and_count_on_their_own() {
    let timer = TimerCause {
        kind: TimerKind::OverrideEnd,
        id: "exposure".into(),
        due_at: at("2026-03-02T00:00:00Z"),
    };
    let events = vec![
        event(16, Some(timer.clone()), crossed()),
        event(17, None, rated()),
    ];
    let entry = entry(Outcome::Applied, events);
    let outputs = outputs(&entry);
    let cause = (
        outputs[0].caused_by.source.as_str(),
        outputs[0].caused_by.event_id.as_str(),
    );
    assert_eq!(
        cause,
        ("timer", "override_end/exposure/2026-03-02T00:00:00Z")
    );
    let account = AccountId::new("A1");
    let id = OutId::of("threshold_crossed", &account, CauseKey::Timer(&timer), 0);
    assert_eq!(outputs[0].out_id, id);
    let id = OutId::of("usage_rated", &account, CauseKey::Input(&call().key), 0);
    assert_eq!(outputs[1].out_id, id);
}

#[test]
fn a_quarantined_record_says_why_and_what_came() {
    let quarantined = |original: &[u8]| {
        Outcome::Quarantined(Quarantined {
            reason: Reason::UnknownAccount,
            detail: "no account A1".into(),
            original: original.to_vec(),
        })
    };
    let as_text = entry(quarantined(b"{\"a\":1}"), vec![]);
    let text = json::output(&outputs(&as_text)[0]);
    let body = concat!(
        r#""quarantined":{"code":"U-0020","reason":"the account is not known","#,
        r#""detail":"no account A1","original":"{\"a\":1}"}}"#
    );
    assert!(text.ends_with(body), "{text}");
    let as_bytes = entry(quarantined(&[0xff, 0, 1, 2]), vec![]);
    let text = json::output(&outputs(&as_bytes)[0]);
    assert!(
        text.ends_with(r#""original_base64":"/wABAg=="}}"#),
        "{text}"
    );
}

#[test]
fn an_input_is_written_as_it_could_have_come_in() {
    let text = concat!(
        r#"{"source":"med1","event_id":"u-1","occurred_at":"2026-03-02T09:00:00Z","account_id":"A1","#,
        r#""member_id":"M1","usage":{"service":"voice","direction":"originating","to":"34600111222","#,
        r#""quantity":"61s"}}"#
    );
    assert_eq!(json::input(&call()), text);
}

/// The bytes of format 1. They may never change: a journal holds them.
#[test]
fn a_frame_has_the_bytes_of_its_format() {
    let frame = Frame {
        partition: PartitionNo(5),
        logic_version: 1,
        batch: 300,
        entries: vec![entry(Outcome::Applied, vec![event(17, None, rated())])],
    };
    let mut bytes = Vec::new();
    frame::encode(&frame, &mut bytes);
    let mut piecewise = Vec::new();
    frame::encode_header(
        frame.partition,
        frame.logic_version,
        frame.batch,
        &mut piecewise,
    );
    frame
        .entries
        .iter()
        .for_each(|entry| frame::encode_entry(entry, &mut piecewise));
    assert_eq!(piecewise, bytes);
    let hexadecimal: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hexadecimal, GOLDEN_FRAME);
    assert_eq!(frame::decode(&bytes), Ok(frame));
}

const GOLDEN_FRAME: &str = concat!(
    "0805100118ac0222ae0108091100c8293f6dfb98181800223b0a046d6564311203752d311900a0fbb29bfa9818",
    "220241312a024d315a1d0a05766f6963651a07333436303031312204313232323880c4889fe301526210111900",
    "a0fbb29bfa98188201540a024d31100118a1a0012080c4889fe3012a4108dcde0e180128033007422810031802",
    "3080c4889fe3013880c4889fe301408094ebdc034a07108088aca3cf025080b09dc2df014a071080b8c9e5ae04",
    "62021004",
);

//! What leaves: derived streams as JSON, and one frame byte by byte.
#![allow(clippy::expect_used)]

use smol_str::SmolStr;
use umbral_model::charge::{Charge, Covered, Segment};
use umbral_model::event::*;
use umbral_model::ids::*;
use umbral_model::input::*;
use umbral_model::journal::*;
use umbral_model::money::{Currency, Money, Pico, Rounding, RoundingMode};
use umbral_model::rejection::Reason;
use umbral_model::time::{Date, Timestamp};
use umbral_model::units::Measurement;
use umbral_wire::frame::{self, EntryHead, OpenEntry};
use umbral_wire::{Names, body_hash, json, outputs};

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

    fn allowance(&self, _: VersionNo, _: AllowanceNo) -> Option<(SmolStr, Measurement)> {
        Some(("30 minutes".into(), Measurement::Time))
    }

    fn discount(&self, _: VersionNo, discount: DiscountNo) -> Option<SmolStr> {
        Some(["staff", "summer"][discount.index()].into())
    }

    fn tiers_of(&self, rate: &str) -> Option<Measurement> {
        (rate == "calls").then_some(Measurement::Time)
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

/// Everything that a charge may hold: a segment that an allowance covers in part, one in a tier, discounts.
fn rated_with_everything() -> UsageRated {
    let EventBody::UsageRated(mut rated) = rated() else {
        panic!("usage");
    };
    let charge = &mut *rated.charge;
    let mut second = charge.segments[0];
    charge.segments[0].covered = 31_000_000_000;
    second.tier = Some(1);
    charge.segments.push(second);
    charge.covered.push(Covered {
        segment: 0,
        grant: GrantNo(4),
        version: VersionNo(0),
        allowance: AllowanceNo(2),
        units: 31_000_000_000,
        left: 0,
    });
    charge.discounts.push((DiscountNo(0), 1_000));
    charge.discounts.push((DiscountNo(1), 250));
    charge.discount_bps = 1_250;
    rated
}

const EXPLAINED: &str = concat!(
    r#"{"member_id":"M1","scope":"voice","cycle_start":"2026-03-01","quantity":"61s","#,
    r#""over_limit_amount":"0.00","amount":"0.2415","catalog_version":"v1","plan":"1","#,
    r#""service":"voice","rule":"3","prefix":"7","segments":[{"rate":"rate 2","#,
    r#""catalog_version":"v1","rule":"3","offset":"0s","usage":"61s","billed":"61s","#,
    r#""covered":"31s","increment":"1s","per":"60s","price":"0.09"},{"rate":"rate 2","#,
    r#""catalog_version":"v1","rule":"3","offset":"0s","usage":"61s","billed":"61s","#,
    r#""increment":"1s","per":"60s","price":"0.09","tier":2}],"allowances":[{"name":"30 minutes","#,
    r#""segment":1,"grant":4,"units":"31s","left":"0s"}],"setup":"0.15","#,
    r#""discounts":[{"name":"staff","percent":"10%"},{"name":"summer","percent":"2.5%"}],"#,
    r#""discount":"12.5%","rounding":{"mode":"half_up","decimals":4}}"#,
);

fn key(event_id: &str) -> InputKey {
    InputKey {
        source: "med1".into(),
        event_id: event_id.into(),
    }
}

/// The JSON of an event's body, with the names of `Catalog`.
fn written(body: EventBody) -> String {
    let kind = body.kind();
    let entry = entry(Outcome::Applied, vec![event(17, None, body)]);
    let text = json::output_with(&outputs(&entry)[0], &Catalog);
    let start = text.find(&format!(r#""{kind}":"#)).expect("the body");
    text[start..text.len() - 1].to_owned()
}

#[test]
fn a_charge_shows_allowances_tiers_and_discounts_where_they_apply() {
    assert_eq!(
        written(EventBody::UsageRated(rated_with_everything())),
        format!(r#""usage_rated":{EXPLAINED}"#)
    );
}

#[test]
fn a_correction_shows_what_stood_and_what_stands() {
    let correction = |after| {
        EventBody::UsageCorrected(Box::new(UsageCorrection {
            root: key("u-1"),
            corrects: key("k-1"),
            correction: key("k-2"),
            occurred_at: at("2026-03-02T09:00:00Z"),
            started_at: at("2026-03-02T09:01:00Z"),
            before: Some(rated_with_everything()),
            after,
            difference: amount("-0.10"),
        }))
    };
    let begins = concat!(
        r#""usage_corrected":{"corrects":{"source":"med1","event_id":"k-1"},"#,
        r#""record":{"source":"med1","event_id":"u-1"},"correction":{"source":"med1","event_id":"k-2"},"#,
        r#""occurred_at":"2026-03-02T09:00:00Z","started_at":"2026-03-02T09:01:00Z","difference":"-0.10","before":"#
    );
    assert_eq!(
        written(correction(Some(rated_with_everything()))),
        format!(r#"{begins}{EXPLAINED},"after":{EXPLAINED}}}"#)
    );
    assert_eq!(written(correction(None)), format!("{begins}{EXPLAINED}}}"));
}

fn posted(kind: ChargeKind, code: &str, owed: &str) -> EventBody {
    EventBody::ChargePosted(ChargePosted {
        kind,
        amount: amount(owed),
        code: code.into(),
        cycle: Date::parse("2026-03-01").expect("a date"),
    })
}

fn bought(item: &str) -> BoughtLine {
    BoughtLine {
        item: item.into(),
        qty: 1,
        product: None,
        amount: amount("5"),
        instalments: 1,
        card: None,
    }
}

#[test]
fn charges_read_by_their_kind() {
    let day = |text: &str| Date::parse(text).expect("a date");
    let fee = FeeCharge {
        plan: "libre".into(),
        member: Some("M1".into()),
        fee: amount("9.90"),
        from: day("2026-03-11"),
        until: day("2026-04-01"),
        days_in_cycle: 31,
        by_day: true,
        credit: true,
    };
    let price = |text: &str| Pico::parse(text).expect("a price");
    let volume = |rate: &str| {
        Box::new(VolumeCharge {
            rate: rate.into(),
            member: None,
            scope: Scope::Voice,
            from_tier: 0,
            to_tier: 1,
            units_before: 6_000_000_000_000,
            units_after: 6_060_000_000_000,
            from_price: price("0.09"),
            from_unit: 60_000_000_000,
            to_price: price("0.07"),
            to_unit: 60_000_000_000,
            discount_bps: 0,
            own: price("0.07"),
        })
    };
    let product = BoughtLine {
        product: Some(VersionNo(0)),
        instalments: 24,
        card: Some("club".into()),
        ..bought("phone")
    };
    let instalment = ChargeKind::Instalment {
        purchase: "P1".into(),
        product: "phone".into(),
        number: 2,
        of: 24,
    };
    let cases = [
        (
            posted(
                ChargeKind::Purchase("P1".into(), vec![bought("cable"), product]),
                "purchase",
                "10",
            ),
            concat!(
                r#"{"kind":"purchase","purchase_id":"P1","lines":[{"item":"cable","qty":1,"amount":"5.00"},"#,
                r#"{"item":"phone","qty":1,"catalog_version":"v1","amount":"5.00","instalments":24,"#,
                r#""card":"club"}],"amount":"10.00","code":"purchase","cycle_start":"2026-03-01"}"#
            ),
        ),
        (
            posted(ChargeKind::Fee(fee), "monthly_fee", "-6.71"),
            concat!(
                r#"{"kind":"fee","plan":"libre","member_id":"M1","fee":"9.90","from":"2026-03-11","#,
                r#""until":"2026-04-01","days_in_cycle":31,"by_day":true,"credit":true,"amount":"-6.71","#,
                r#""code":"monthly_fee","cycle_start":"2026-03-01"}"#
            ),
        ),
        (
            posted(ChargeKind::Volume(volume("calls")), "volume", "-2"),
            concat!(
                r#"{"kind":"volume","rate":"calls","scope":"voice","from_tier":1,"to_tier":2,"#,
                r#""units_before":"6000s","units_after":"6060s","from_price":"0.09","from_per":"60s","#,
                r#""to_price":"0.07","to_per":"60s","own":"0.07","amount":"-2.00","code":"volume","cycle_start":"2026-03-01"}"#
            ),
        ),
        (
            posted(ChargeKind::Volume(volume("unknown")), "volume", "-2"),
            concat!(
                r#"{"kind":"volume","rate":"unknown","scope":"voice","from_tier":1,"to_tier":2,"#,
                r#""units_before":"6000000000000","units_after":"6060000000000","from_price":"0.09","#,
                r#""from_per":"60000000000","to_price":"0.07","to_per":"60000000000","own":"0.07","amount":"-2.00","code":"volume","cycle_start":"2026-03-01"}"#
            ),
        ),
        (
            posted(instalment, "instalment", "25"),
            concat!(
                r#"{"kind":"instalment","purchase_id":"P1","product":"phone","number":2,"of":24,"#,
                r#""amount":"25.00","code":"instalment","cycle_start":"2026-03-01"}"#
            ),
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(written(body), format!(r#""charge_posted":{expected}"#));
    }
}

#[test]
fn allowances_count_in_their_own_unit() {
    let granted = |cause, units_abroad| {
        EventBody::AllowanceGranted(AllowanceGranted {
            grant: GrantNo(4),
            name: "30 minutes".into(),
            version: VersionNo(0),
            allowance: AllowanceNo(2),
            member: None,
            units: 1_800_000_000_000,
            units_abroad,
            from: at("2026-03-01T00:00:00Z"),
            until: at("2026-04-01T00:00:00Z"),
            cycle: Date::parse("2026-03-01").expect("a date"),
            cause,
        })
    };
    let crossed = EventBody::AllowanceCrossed(Box::new(AllowanceCrossed {
        grant: GrantNo(4),
        name: "10 GB".into(),
        member: Some("M1".into()),
        measurement: Measurement::Octets,
        crossed: vec![CrossedUnits {
            threshold: "soon".into(),
            units: 8_000_000_000,
            bps: 8_000,
        }],
        highest: "soon".into(),
        used_before: 7_999_000_000,
        used_after: 8_002_000_000,
        granted: 10_000_000_000,
        remaining: 1_998_000_000,
        until: at("2026-04-01T00:00:00Z"),
        cause: Cause::Usage,
        notify: true,
        out_id: OutId(9),
    }));
    let recovered = EventBody::AllowanceRecovered(AllowanceRecovered {
        grant: GrantNo(4),
        name: "10 GB".into(),
        member: None,
        measurement: Measurement::Octets,
        threshold: "soon".into(),
        fired_out_id: OutId(9),
        used: 3_000_000,
        cause: Cause::ReplayCorrection,
    });
    let ended = EventBody::AllowanceEnded(AllowanceEnded {
        grant: GrantNo(4),
        name: "100 texts".into(),
        left: 3,
        measurement: Measurement::Events,
        until: at("2026-03-11T00:00:00Z"),
    });
    let cases = [
        (
            granted(GrantCause::Plan, None),
            concat!(
                r#""allowance_granted":{"grant":4,"name":"30 minutes","catalog_version":"v1","units":"1800s","#,
                r#""from":"2026-03-01T00:00:00Z","until":"2026-04-01T00:00:00Z","cycle_start":"2026-03-01","#,
                r#""cause":"plan"}"#
            ),
        ),
        (
            granted(GrantCause::Purchase("P1".into()), Some(60_000_000_000)),
            concat!(
                r#""allowance_granted":{"grant":4,"name":"30 minutes","catalog_version":"v1","units":"1800s","#,
                r#""units_abroad":"60s","from":"2026-03-01T00:00:00Z","until":"2026-04-01T00:00:00Z","#,
                r#""cycle_start":"2026-03-01","cause":"purchase","purchase_id":"P1"}"#
            ),
        ),
        (
            crossed,
            concat!(
                r#""allowance_threshold_crossed":{"grant":4,"name":"10 GB","member_id":"M1","#,
                r#""crossed":[{"threshold_id":"soon","units":"8GB","percent":"80%"}],"highest":"soon","#,
                r#""used_before":"7999MB","used_after":"8002MB","granted":"10GB","remaining":"1998MB","#,
                r#""until":"2026-04-01T00:00:00Z","cause":"usage","notify":true}"#
            ),
        ),
        (
            recovered,
            concat!(
                r#""allowance_threshold_recovered":{"grant":4,"name":"10 GB","threshold_id":"soon","#,
                r#""fired_out_id":"00000000000000000000000000000009","used":"3MB","#,
                r#""cause":"replay_correction"}"#
            ),
        ),
        (
            ended,
            concat!(
                r#""allowance_ended":{"grant":4,"name":"100 texts","left":"3","#,
                r#""until":"2026-03-11T00:00:00Z"}"#
            ),
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(written(body), expected);
    }
}

#[test]
fn what_only_changes_state_reads_too() {
    let until = Date::parse("2026-12-31");
    let parked = CorrectionParked {
        of: key("u-1"),
        input: call(),
        until: at("2026-04-01T00:00:00Z"),
    };
    let unclaimed = CorrectionUnclaimed {
        key: key("k-1"),
        of: key("u-1"),
        reason: Reason::UnknownRecord,
        detail: "no record med1/u-1".into(),
    };
    let agreed = InstalmentsAgreed {
        purchase: "P1".into(),
        product: "phone".into(),
        count: 24,
        amount: amount("25"),
        last_amount: amount("24.98"),
    };
    let recorded = PurchaseRecorded {
        purchase: "P1".into(),
        method: "cash".into(),
        total: amount("5"),
        cycle: Date::parse("2026-03-01").expect("a date"),
        lines: vec![bought("cable")],
    };
    let barred = ServiceRestrictionChanged {
        service: "outgoing".into(),
        barred: true,
        reasons: vec![RestrictionReason::Limit],
        never_barred: vec!["112".into(), "061".into()],
    };
    let cases = [
        (
            EventBody::CorrectionParked(Box::new(parked)),
            format!(
                r#"{{"record":{{"source":"med1","event_id":"u-1"}},"input":{},"until":"2026-04-01T00:00:00Z"}}"#,
                json::input(&call())
            ),
        ),
        (
            EventBody::CorrectionUnclaimed(unclaimed),
            concat!(
                r#"{"code":"U-0055","reason":"the account has no such usage record","#,
                r#""detail":"no record med1/u-1","correction":{"source":"med1","event_id":"k-1"},"#,
                r#""record":{"source":"med1","event_id":"u-1"}}"#
            )
            .to_owned(),
        ),
        (
            EventBody::TierSet(TierSet {
                tier: Some("gold".into()),
                until,
                ledger: None,
            }),
            r#"{"tier":"gold","until":"2026-12-31"}"#.to_owned(),
        ),
        (
            EventBody::TierSet(TierSet {
                tier: None,
                until: None,
                ledger: None,
            }),
            "{}".to_owned(),
        ),
        (
            EventBody::InstalmentsAgreed(agreed),
            concat!(
                r#"{"purchase_id":"P1","product":"phone","count":24,"amount":"25.00","#,
                r#""last_amount":"24.98"}"#
            )
            .to_owned(),
        ),
        (
            EventBody::PurchaseRecorded(recorded),
            concat!(
                r#"{"purchase_id":"P1","method":"cash","total":"5.00","cycle_start":"2026-03-01","#,
                r#""lines":[{"item":"cable","qty":1,"amount":"5.00"}]}"#
            )
            .to_owned(),
        ),
        (
            EventBody::ServiceRestrictionChanged(barred),
            concat!(
                r#"{"service":"outgoing","barred":true,"reasons":["limit"],"#,
                r#""never_barred":["112","061"]}"#
            )
            .to_owned(),
        ),
    ];
    for (body, expected) in cases {
        let kind = body.kind();
        assert_eq!(written(body), format!(r#""{kind}":{expected}"#));
    }
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
    for entry in &frame.entries {
        let head = EntryHead {
            position: entry.position,
            clock: entry.clock,
            version: entry.version,
        };
        let JournaledInput::Account(input) = &entry.input else {
            panic!("the entry is of an account");
        };
        let (open, hash) = OpenEntry::of_account(&head, input, &mut piecewise);
        open.finish(&entry.outcome, &entry.events, &mut piecewise);
        assert_eq!(hash, body_hash(input));
    }
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

//! Inputs as people write them: what is taken, what it means, and what is refused with which words.
#![allow(clippy::expect_used)]

use prost::Message;
use umbral_model::ids::{AccountId, MemberId};
use umbral_model::input::*;
use umbral_model::money::Money;
use umbral_model::rejection::Reason;
use umbral_model::time::{Date, Timestamp};
use umbral_wire::{WireError, json, proto, schema};

fn parse(line: &str) -> Result<Incoming, WireError> {
    json::parse_incoming(line.as_bytes())
}

fn body(line: &str) -> Body {
    match parse(line).expect(line).body {
        IncomingBody::Account(body) => body,
        other => panic!("{line}: {other:?}"),
    }
}

fn usage(fields: &str) -> Result<Usage, WireError> {
    let line = format!(
        r#"{{"source":"m","event_id":"1","occurred_at":"2026-03-02T09:00:00Z","account_id":"A","usage":{{{fields}}}}}"#
    );
    match parse(&line)?.body {
        IncomingBody::Account(Body::Usage(usage)) => Ok(usage),
        other => panic!("{line}: {other:?}"),
    }
}

fn amount(text: &str) -> Money {
    Money::parse(text).expect("an amount")
}

fn date(text: &str) -> Date {
    Date::parse(text).expect("a date")
}

/// The seven lines of the interface's page, as they stand there.
#[test]
fn the_published_examples_are_taken() {
    let lines = [
        r#"{"source":"crm","event_id":"c-1","occurred_at":"2026-03-01T00:00:00Z","account_id":"A1","customer_added":{"class":"standard","plan":"libre","time_zone":"Europe/Madrid","cycle_day":1,"vip_rank":0}}"#,
        r#"{"source":"crm","event_id":"c-2","occurred_at":"2026-03-01T00:00:00Z","account_id":"A1","member_added":{"member_id":"M1","identifiers":[{"kind":"msisdn","value":"34600000001"}]}}"#,
        r#"{"source":"med1","event_id":"u-1","occurred_at":"2026-03-02T09:00:00Z","identifier":{"kind":"msisdn","value":"34600000001"},"usage":{"service":"voice","direction":"originating","to":"34600111222","quantity":"61s"}}"#,
        r#"{"source":"shop","event_id":"s-1","occurred_at":"2026-03-03T10:00:00Z","account_id":"A1","purchase":{"purchase_id":"P1","method":"cash","location":"L1","lines":[{"category":"cosmetics","item":"I1","qty":1,"net":"21.90"}]}}"#,
        r#"{"source":"billing","event_id":"b-1","occurred_at":"2026-04-01T00:00:00Z","account_id":"A1","bill_issued":{"bill_id":"B1","cycle_end":"2026-04-01","amount":"35.20","due_on":"2026-04-15"}}"#,
        r#"{"source":"bank","event_id":"p-1","occurred_at":"2026-04-20T08:00:00Z","account_id":"A1","payment_received":{"payment_id":"PAY1","amount":"35.20","method":"transfer"}}"#,
        r#"{"source":"clock","event_id":"t-1","occurred_at":"2026-04-20T09:00:00Z","tick":{}}"#,
    ];
    let customer = CustomerAdded {
        class: "standard".into(),
        plan: Some("libre".into()),
        profile: None,
        time_zone: "Europe/Madrid".into(),
        cycle_day: 1,
        vip_rank: 0,
        member_category: None,
    };
    assert_eq!(body(lines[0]), Body::CustomerAdded(customer));
    let number = Identifier {
        kind: IdentifierKind::Msisdn,
        value: "34600000001".into(),
    };
    let member = MemberAdded {
        member: "M1".into(),
        plan: None,
        identifiers: vec![number.clone()],
    };
    assert_eq!(body(lines[1]), Body::MemberAdded(member));
    let call = Usage {
        service: "voice".into(),
        direction: Direction::Originating,
        to: PartyNumber {
            head: "3460011".into(),
            tail: "1222".into(),
        },
        zone: None,
        network: None,
        quantity: 61_000_000_000,
        duration: None,
        scope: None,
        continued: None,
        reservation: None,
    };
    assert_eq!(body(lines[2]), Body::Usage(call));
    assert_eq!(
        parse(lines[2]).expect("usage").address,
        Some(Address::Identifier(number))
    );
    let line = PurchaseLine {
        category: "cosmetics".into(),
        item: "I1".into(),
        qty: 1,
        net: Some(amount("21.90")),
        tax: Money::ZERO,
        discount: Money::ZERO,
    };
    let purchase = Purchase {
        purchase: "P1".into(),
        method: "cash".into(),
        location: Some("L1".into()),
        partner: None,
        card: None,
        points_part: None,
        lines: vec![line],
    };
    assert_eq!(body(lines[3]), Body::Purchase(purchase));
    let bill = BillIssued {
        bill: "B1".into(),
        cycle_end: date("2026-04-01"),
        amount: amount("35.20"),
        due_on: date("2026-04-15"),
        lines: vec![],
        replaces: None,
        keep_due_on: false,
    };
    assert_eq!(body(lines[4]), Body::BillIssued(bill));
    let payment = PaymentReceived {
        payment: "PAY1".into(),
        amount: amount("35.20"),
        method: "transfer".into(),
        allocations: vec![],
        pending: false,
    };
    assert_eq!(body(lines[5]), Body::PaymentReceived(payment));
    let tick = parse(lines[6]).expect("a tick");
    assert_eq!(tick.body, IncomingBody::Tick);
    assert_eq!(
        tick.occurred_at,
        Timestamp::parse("2026-04-20T09:00:00Z").expect("an instant")
    );
}

#[test]
fn the_envelope_takes_what_semantics_name() {
    let full = r#" { "kind":"hold_set", "schema_version":1, "recorded_at":"2026-01-01T00:00:00Z",
        "hold_set":{"reason":"manual","until":"2026-05-31"}, "forced":true, "reason":"letter of \u00e9\ud83d\ude00",
        "actor":"ana", "currency":"EUR", "member_id":"M1", "account_id":"A1", "identifier":null,
        "occurred_at":"2026-03-02T10:00:00+01:00", "event_id":"h-1", "source":"crm" } "#;
    let incoming = parse(full).expect("an input");
    let address = Address::Account(AccountId::new("A1"), Some(MemberId::new("M1")));
    assert_eq!(incoming.address, Some(address));
    assert_eq!(incoming.occurred_at.to_string(), "2026-03-02T09:00:00Z");
    assert_eq!(incoming.reason.as_deref(), Some("letter of é😀"));
    assert_eq!(incoming.actor.as_deref(), Some("ana"));
    assert!(incoming.forced);

    let inner = r#"{"source":"m","event_id":"1","occurred_at":"2026-03-02T09:00:00Z","account_id":"A","usage":{"member_id":"M2","service":"sms","quantity":1}}"#;
    let address = Address::Account(AccountId::new("A"), Some(MemberId::new("M2")));
    assert_eq!(parse(inner).expect("usage").address, Some(address));

    let tick = r#"{"source":"c","event_id":"1","occurred_at":"2026-03-02T09:00:00Z","account_id":"A","tick":{}}"#;
    assert_eq!(parse(tick).expect("a tick").address, None);
}

#[test]
fn quantities_are_read_in_the_unit_of_the_service() {
    let cases = [
        ("voice", r#""61s""#, 61_000_000_000),
        ("voice", "61", 61_000_000_000),
        ("voice", r#""1m30s""#, 90_000_000_000),
        ("data", r#""10kB""#, 10_000),
        ("data", "1500", 1_500),
        ("sms", "3", 3),
        ("sms", r#""3""#, 3),
        ("satellite", r#""61s""#, 61_000_000_000),
        ("satellite", r#""1MB""#, 1_000_000),
        ("satellite", "61", 61),
    ];
    for (service, quantity, units) in cases {
        let read = usage(&format!(r#""service":"{service}","quantity":{quantity}"#));
        assert_eq!(
            read.map(|usage| usage.quantity),
            Ok(units),
            "{service} {quantity}"
        );
    }
    let legs = [
        ("true", Some(0)),
        ("false", None),
        (r#""30s""#, Some(30_000_000_000)),
    ];
    for (continued, units) in legs {
        let read = usage(&format!(
            r#""quantity":"5s","continued":{continued},"service":"voice""#
        ));
        assert_eq!(read.map(|usage| usage.continued), Ok(units), "{continued}");
    }
    let session = usage(r#""service":"data","quantity":"1GB","duration":"90""#).expect("a session");
    assert_eq!(session.duration, Some(90_000_000_000));
}

#[test]
fn changes_take_effect_now_at_the_next_cycle_or_on_a_day() {
    let cases = [
        ("", Effective::Now),
        (r#","effective":"now""#, Effective::Now),
        (r#","effective":"next_cycle""#, Effective::NextCycle),
        (
            r#","effective":"2026-04-15""#,
            Effective::On(date("2026-04-15")),
        ),
    ];
    for (effective, expected) in cases {
        let line = format!(
            r#"{{"source":"crm","event_id":"1","occurred_at":"2026-03-02T09:00:00Z","account_id":"A","class_changed":{{"class":"vip"{effective}}}}}"#
        );
        let changed = ClassChanged {
            class: "vip".into(),
            effective: expected,
            migrate_case: false,
        };
        assert_eq!(body(&line), Body::ClassChanged(changed));
    }
}

/// Corrections, tiers and cards: the record, and the body that it means.
#[test]
fn corrections_tiers_and_cards_are_taken() {
    let line = |address: &str, body: &str| {
        format!(
            r#"{{"source":"med1","event_id":"k-1","occurred_at":"2026-03-02T09:00:00Z",{address},{body}}}"#
        )
    };
    let account = r#""account_id":"A1","member_id":"M1""#;
    let number = r#""identifier":{"kind":"msisdn","value":"34600000001"}"#;
    let call = usage(r#""service":"voice","to":"34600111222","quantity":"61s""#).expect("a call");
    let corrected = |corrects_source: Option<&str>| {
        Body::UsageCorrected(Box::new(UsageCorrected {
            corrects: "u-1".into(),
            corrects_source: corrects_source.map(Into::into),
            usage: call.clone(),
            original: None,
        }))
    };
    let cancelled = |cancels_source: Option<&str>| {
        Body::UsageCancelled(UsageCancelled {
            cancels: "u-1".into(),
            cancels_source: cancels_source.map(Into::into),
            started_at: None,
            original: None,
        })
    };
    let cases = [
        (
            r#""usage_corrected":{"corrects":"u-1","usage":{"service":"voice","to":"34600111222","quantity":"61s"}}"#,
            corrected(None),
        ),
        (
            r#""usage_corrected":{"usage":{"service":"voice","to":"+34600111222","quantity":61},"source":"med2","corrects":"u-1"}"#,
            corrected(Some("med2")),
        ),
        (r#""usage_cancelled":{"cancels":"u-1"}"#, cancelled(None)),
        (
            r#""usage_cancelled":{"source":"med2","cancels":"u-1"}"#,
            cancelled(Some("med2")),
        ),
        (
            r#""usage_cancelled":{"cancels":"u-1","started_at":"2026-02-01T09:00:00Z"}"#,
            Body::UsageCancelled(UsageCancelled {
                cancels: "u-1".into(),
                cancels_source: None,
                started_at: Timestamp::parse("2026-02-01T09:00:00Z"),
                original: None,
            }),
        ),
    ];
    for (text, expected) in cases {
        for address in [account, number] {
            assert_eq!(body(&line(address, text)), expected, "{address} {text}");
        }
    }
    let inner = r#""usage_corrected":{"corrects":"u-1","usage":{"member_id":"M2","service":"sms","quantity":1}}"#;
    assert_eq!(
        parse(&line(r#""account_id":"A1""#, inner))
            .expect(inner)
            .address,
        Some(Address::Account("A1".into(), Some("M2".into()))),
        "a correction names its member as usage does"
    );
}

#[test]
fn a_product_is_bought_at_the_price_of_the_catalog() {
    let line = r#"{"source":"shop","event_id":"s-1","occurred_at":"2026-03-03T10:00:00Z","account_id":"A1","purchase":{"purchase_id":"P1","method":"on_account","lines":[{"item":"extra_5gb","qty":2},{"item":"extra_5gb","net":null}]}}"#;
    let Body::Purchase(purchase) = body(line) else {
        panic!("{line}")
    };
    let lines: Vec<_> = purchase
        .lines
        .iter()
        .map(|line| (line.item.as_str(), line.qty, line.net))
        .collect();
    assert_eq!(lines, [("extra_5gb", 2, None), ("extra_5gb", 1, None)]);
}

#[test]
fn a_catalog_comes_with_its_files() {
    let line = r#"{"source":"tariffs","event_id":"v2","occurred_at":"2026-03-01T00:00:00Z","catalog_activated":{"version":"v2","effective_from":"2026-04-01T00:00:00Z","retroactive":false,"files":[{"path":"catalog.toml","content":"name = \"x\"\n"}]}}"#;
    match parse(line).expect("a catalog").body {
        IncomingBody::CatalogActivated(activated) => {
            assert_eq!(
                activated.files,
                [("catalog.toml".into(), "name = \"x\"\n".into())]
            );
            assert!(activated.effective_from.is_some());
        }
        other => panic!("{other:?}"),
    }
}

/// Each line: the record, the reason, and what its message must say.
#[test]
fn bad_records_are_refused_with_reason_field_and_mend() {
    use Reason::{MalformedField, MissingField, UnknownField, Unreadable};
    let cases: &[(&str, Reason, &[&str])] = &[
        ("", Unreadable, &["byte 0"]),
        ("[]", MalformedField, &["an object"]),
        ("{", Unreadable, &["byte 1"]),
        (r#"{"source":"a" "event_id":"b"}"#, Unreadable, &["a comma"]),
        (r#"{"source":"a}"#, Unreadable, &["quotation mark"]),
        ("{\"source\":\"a\tb\"}", Unreadable, &["control"]),
        (r#"{"source":"\ud800"}"#, Unreadable, &["surrogate"]),
        (r#"{"source":"\x"}"#, Unreadable, &["escape"]),
        (r#"{"source":01}"#, Unreadable, &["a number"]),
        (r#"{"source":"a"} {}"#, Unreadable, &["one object a line"]),
        (
            r#"{"source":7}"#,
            MalformedField,
            &["source", "a string", "7"],
        ),
        (
            r#"{"sauce":"a"}"#,
            UnknownField,
            &["sauce", "source", "usage", "tick"],
        ),
        (
            r#"{"source":"a","source":"b"}"#,
            MalformedField,
            &["source", "twice"],
        ),
        ("{}", MissingField, &["body", "usage", "tick"]),
        (r#"{"tick":{}}"#, MissingField, &["source"]),
        (r#"{"source":"a","tick":{}}"#, MissingField, &["event_id"]),
        (
            r#"{"source":"a","event_id":"b","tick":{}}"#,
            MissingField,
            &["occurred_at"],
        ),
        (r#"{"tick":{"at":1}}"#, UnknownField, &["tick.at"]),
        (
            r#"{"tick":{},"usage":{"service":"sms","quantity":1}}"#,
            MalformedField,
            &["one body"],
        ),
        (
            r#"{"kind":"usage","tick":{}}"#,
            MalformedField,
            &["kind", "tick"],
        ),
        (
            r#"{"schema_version":2}"#,
            MalformedField,
            &["schema_version", "reads 1"],
        ),
        (
            r#"{"occurred_at":"2026-03-02"}"#,
            MalformedField,
            &["occurred_at", "2026-03-02T09:00:00Z"],
        ),
        (
            r#"{"occurred_at":1772442000}"#,
            MalformedField,
            &["occurred_at", "2026-03-02T09:00:00Z"],
        ),
        (
            r#"{"currency":"euro"}"#,
            MalformedField,
            &["currency", "EUR"],
        ),
        (
            r#"{"forced":"yes"}"#,
            MalformedField,
            &["forced", "true or false"],
        ),
        (
            r#"{"source":"","tick":{}}"#,
            MalformedField,
            &["source", "empty"],
        ),
        (
            r#"{"identifier":{"kind":"iccid","value":"1"}}"#,
            MalformedField,
            &["identifier.kind", "msisdn, imsi, card, phone, external"],
        ),
        (
            r#"{"identifier":{"kind":"msisdn"}}"#,
            MissingField,
            &["identifier.value"],
        ),
        (
            r#"{"identifier":{"kind":"msisdn","value":"+34 600"},"usage":{"service":"sms","quantity":1}}"#,
            MalformedField,
            &["identifier.value", "digits only"],
        ),
        (
            r#"{"account_id":"A","identifier":{"kind":"card","value":"1"},"usage":{"service":"sms","quantity":1}}"#,
            MalformedField,
            &["identifier", "not both"],
        ),
        (
            r#"{"member_id":"M","usage":{"service":"sms","quantity":1}}"#,
            MalformedField,
            &["member_id", "account_id"],
        ),
        (
            r#"{"account_id":"A","member_id":"M","usage":{"member_id":"N","service":"sms","quantity":1}}"#,
            MalformedField,
            &["usage.member_id"],
        ),
        (
            r#"{"source":"a","event_id":"b","usage":{"service":"sms","quantity":1}}"#,
            MissingField,
            &["account_id", "identifier"],
        ),
        (
            r#"{"usage":{"quantity":1}}"#,
            MissingField,
            &["usage.service"],
        ),
        (
            r#"{"usage":{"service":"sms"}}"#,
            MissingField,
            &["usage.quantity"],
        ),
        (
            r#"{"usage":{"service":"sms","quantity":1.5}}"#,
            MalformedField,
            &["usage.quantity", "as a string"],
        ),
        (
            r#"{"usage":{"service":"sms","quantity":-1}}"#,
            MalformedField,
            &["usage.quantity"],
        ),
        (
            r#"{"usage":{"service":"voice","quantity":"10kB"}}"#,
            MalformedField,
            &["usage.quantity", "10kB", "time for calls"],
        ),
        (
            r#"{"usage":{"service":"data","quantity":"lots"}}"#,
            MalformedField,
            &["usage.quantity", "10kB"],
        ),
        (
            r#"{"usage":{"service":"sms","quantity":1,"direction":"up"}}"#,
            MalformedField,
            &["usage.direction", "originating, terminating"],
        ),
        (
            r#"{"usage":{"service":"sms","quantity":1,"scope":"home"}}"#,
            MalformedField,
            &["usage.scope", "all, voice, data, roaming_data"],
        ),
        (
            r#"{"usage":{"service":"sms","qty":1}}"#,
            UnknownField,
            &["usage.qty", "quantity"],
        ),
        (
            r#"{"account_id":"A","usage":{"service":"sms","quantity":1,"zone":""}}"#,
            MalformedField,
            &["usage.zone", "empty"],
        ),
        (
            r#"{"account_id":"A","usage":{"service":"sms","quantity":1,"network":"+21407"}}"#,
            MalformedField,
            &["usage.network", "five or six digits"],
        ),
        (
            r#"{"account_id":"A","usage":{"service":"sms","quantity":1,"to":"112\u0000"}}"#,
            MalformedField,
            &["usage.to", "control characters"],
        ),
        (
            r#"{"account_id":"A","usage_corrected":{"corrects":"x","usage":{"service":"sms","quantity":1,"network":"21407999"}}}"#,
            MalformedField,
            &["usage_corrected.usage.network"],
        ),
        (
            r#"{"source":"s","event_id":"x","account_id":"A","usage_corrected":{"corrects":"x","usage":{"service":"sms","quantity":1}}}"#,
            MalformedField,
            &["usage_corrected.corrects", "itself"],
        ),
        (
            r#"{"source":"s","event_id":"x","account_id":"A","usage_cancelled":{"cancels":"x","source":"s"}}"#,
            MalformedField,
            &["usage_cancelled.cancels", "itself"],
        ),
        (
            r#"{"account_id":"A","purchase":{"purchase_id":"P","method":"cash","lines":[{"net":"1","qty":0}]}}"#,
            MalformedField,
            &["purchase.lines[0].qty", "1 to 1000000"],
        ),
        (
            r#"{"account_id":"A","purchase":{"purchase_id":"P","method":"cash","lines":[{"net":"1"},{"net":"1","qty":1000001}]}}"#,
            MalformedField,
            &["purchase.lines[1].qty"],
        ),
        (
            r#"{"account_id":"A","purchase":{"purchase_id":"P","method":"cash","lines":[{"net":"10.00","discount":"-1.00"}]}}"#,
            MalformedField,
            &["purchase.lines[0].discount", "below zero"],
        ),
        (
            r#"{"account_id":"A","points_adjusted":{"points":1000000001,"reason":"goodwill"}}"#,
            MalformedField,
            &["points_adjusted.points", "1000000000"],
        ),
        (
            r#"{"charge_added":{"amount":1.5,"code":"x"}}"#,
            MalformedField,
            &["charge_added.amount", "\"1.5\""],
        ),
        (
            r#"{"charge_added":{"amount":"1,50","code":"x"}}"#,
            MalformedField,
            &["charge_added.amount", "1,50", "35.20"],
        ),
        (
            r#"{"charge_added":{"amount":"1e3","code":"x"}}"#,
            MalformedField,
            &["charge_added.amount", "1e3"],
        ),
        (
            r#"{"charge_added":{"amount":"0.0000001","code":"x"}}"#,
            MalformedField,
            &["charge_added.amount", "six decimals"],
        ),
        (
            r#"{"charge_added":{"amount":"99999999999999","code":"x"}}"#,
            MalformedField,
            &["charge_added.amount", "too large"],
        ),
        (
            r#"{"charge_added":{"amount":null,"code":"x"}}"#,
            MissingField,
            &["charge_added.amount"],
        ),
        (
            r#"{"charge_added":{"amount":["1"],"code":"x"}}"#,
            MalformedField,
            &["charge_added.amount", "a list"],
        ),
        (
            r#"{"bill_issued":{"bill_id":"B","amount":"1"}}"#,
            MissingField,
            &["bill_issued.cycle_end"],
        ),
        (
            r#"{"bill_issued":{"due_on":"2026-02-30"}}"#,
            MalformedField,
            &["bill_issued.due_on", "2026-02-30"],
        ),
        (
            r#"{"purchase":{"purchase_id":"P","lines":[{"net":"1"},{"net":2}]}}"#,
            MalformedField,
            &["purchase.lines[1].net", "\"2\""],
        ),
        (
            r#"{"purchase":{"purchase_id":"P","lines":[{"net":"1","price":"2"}]}}"#,
            UnknownField,
            &["purchase.lines[0].price"],
        ),
        (
            r#"{"purchase":{"purchase_id":"P","lines":[{"net":"1","qty":-1}]}}"#,
            MalformedField,
            &["purchase.lines[0].qty", "whole number"],
        ),
        (
            r#"{"payment_received":{"payment_id":"P","amount":"1"}}"#,
            MissingField,
            &["payment_received.method"],
        ),
        (
            r#"{"account_id":"A","customer_added":{"class":"c","time_zone":"UTC","cycle_day":0}}"#,
            MalformedField,
            &["customer_added.cycle_day", "1 to 31"],
        ),
        (
            r#"{"customer_added":{"class":"c","time_zone":"UTC","cycle_day":300}}"#,
            MalformedField,
            &["customer_added.cycle_day"],
        ),
        (
            r#"{"account_id":"A","customer_added":{"class":"c","plan":"p","profile":"q","time_zone":"UTC","cycle_day":1}}"#,
            MalformedField,
            &["customer_added.profile", "not both"],
        ),
        (
            r#"{"class_changed":{"class":"c","effective":"soon"}}"#,
            MalformedField,
            &["class_changed.effective", "now, next_cycle"],
        ),
        (
            r#"{"limit_overridden":{"measure":"speed"}}"#,
            MalformedField,
            &[
                "limit_overridden.measure",
                "exposure, cycle_usage, cycle_charges",
            ],
        ),
        (
            r#"{"account_id":"A","purchase":{"purchase_id":"P","method":"cash"}}"#,
            MissingField,
            &["purchase.lines"],
        ),
        (
            r#"{"account_id":"A","promise_made":{"promise_id":"P","instalments":[]}}"#,
            MissingField,
            &["promise_made.instalments"],
        ),
        (
            r#"{"account_id":"A","hold_set":{"reason":"dispute"}}"#,
            MalformedField,
            &["hold_set.reason", "exempt, manual"],
        ),
        (
            r#"{"account_id":"A","restriction_changed":{"service":"s","reason":"limit","command":"c","barred":true}}"#,
            MalformedField,
            &["restriction_changed.reason", "manual, fraud"],
        ),
        (
            r#"{"account_id":"A","case_closed_by":{"case_id":"A/1","outcome":"lost"}}"#,
            MalformedField,
            &["case_closed_by.outcome", "agency, exempted, written_off"],
        ),
        (
            r#"{"account_id":"A","purchase":{"purchase_id":"P","lines":[{"net":"1"},{"category":"c"}]}}"#,
            MissingField,
            &["purchase.lines[1].net", "product of the catalog"],
        ),
        (
            r#"{"usage_corrected":{"corrects":"u-1"}}"#,
            MissingField,
            &["usage_corrected.usage"],
        ),
        (
            r#"{"usage_corrected":{"usage":{"service":"sms","quantity":1}}}"#,
            MissingField,
            &["usage_corrected.corrects"],
        ),
        (
            r#"{"usage_corrected":{"corrects":"u-1","usage":{"service":"sms"}}}"#,
            MissingField,
            &["usage_corrected.usage.quantity"],
        ),
        (
            r#"{"usage_corrected":{"corrects":"u-1","usage":{"service":"sms","quantity":1},"usage":{}}}"#,
            MalformedField,
            &["usage_corrected.usage", "twice"],
        ),
        (
            r#"{"account_id":"A","usage_corrected":{"corrects":"","usage":{"service":"sms","quantity":1}}}"#,
            MalformedField,
            &["usage_corrected.corrects", "empty"],
        ),
        (
            r#"{"account_id":"A","usage_corrected":{"corrects":"u-1","usage":{"service":"sms","quantity":1,"zone":""}}}"#,
            MalformedField,
            &["usage_corrected.usage.zone", "empty"],
        ),
        (
            r#"{"account_id":"A","member_id":"M","usage_corrected":{"corrects":"u-1","usage":{"member_id":"N","service":"sms","quantity":1}}}"#,
            MalformedField,
            &["usage_corrected.usage.member_id", "envelope"],
        ),
        (
            r#"{"usage_corrected":{"corrects":"u-1","original":{}}}"#,
            UnknownField,
            &["usage_corrected.original", "corrects, source, usage"],
        ),
        (
            r#"{"usage_cancelled":{"source":"m"}}"#,
            MissingField,
            &["usage_cancelled.cancels"],
        ),
        (
            r#"{"account_id":"A","usage_cancelled":{"cancels":"u-1","source":""}}"#,
            MalformedField,
            &["usage_cancelled.source", "empty"],
        ),
        (
            r#"{"usage_cancelled":{"cancels":"u-1","usage":{}}}"#,
            UnknownField,
            &["usage_cancelled.usage", "cancels, source, started_at"],
        ),
    ];
    for (line, reason, words) in cases {
        let error = parse(line).expect_err(line);
        assert_eq!(error.reason, *reason, "{line}: {error}");
        for word in *words {
            assert!(
                error.to_string().contains(word),
                "{line}: {error} does not say {word}"
            );
        }
    }
    let long = format!(r#"{{"source":"{}","tick":{{}}}}"#, "x".repeat(129));
    let error = parse(&long).expect_err("an id of 129 bytes");
    assert_eq!(
        (error.reason, error.path.as_str()),
        (MalformedField, "source")
    );
    let error = json::parse_incoming(b"{\"source\":\"\xff\"}").expect_err("no UTF-8");
    assert_eq!(
        (error.reason, error.detail.as_str()),
        (Unreadable, "not UTF-8 at byte 11")
    );
    let deep = format!(r#"{{"charge_added":{}"#, "[".repeat(1_000_000));
    assert_eq!(
        parse(&deep).map_err(|error| error.reason),
        Err(MalformedField)
    );
}

/// A message of `umbral.v1.Input` as a sender's generated code makes it.
fn message() -> schema::Input {
    schema::Input {
        source: "med1".into(),
        event_id: "u-1".into(),
        occurred_at_ns: Some(1_772_442_000_000_000_000),
        account_id: Some("A1".into()),
        body: Some(schema::input::Body::Usage(schema::Usage {
            service: "voice".into(),
            to: "+34600111222".into(),
            quantity: Some(61_000_000_000),
            member_id: Some("M1".into()),
            ..Default::default()
        })),
        ..Default::default()
    }
}

#[test]
fn protobuf_from_generated_code_means_the_same_as_json() {
    let line = r#"{"source":"med1","event_id":"u-1","occurred_at":"2026-03-02T09:00:00Z","account_id":"A1","member_id":"M1","usage":{"service":"voice","to":"34600111222","quantity":"61s"}}"#;
    assert_eq!(
        proto::decode_incoming(&message().encode_to_vec()),
        parse(line)
    );
}

/// What stood for a record before is looked up by the engine; a sender that claims it is refused.
#[test]
fn the_original_of_a_correction_is_never_taken_from_outside() {
    let original = || {
        Some(schema::RatedRecord {
            record: Some(schema::InputKey {
                source: "med1".into(),
                event_id: "u-1".into(),
            }),
            occurred_at_ns: 0,
            rated: None,
        })
    };
    let sent = |body| schema::Input {
        body: Some(body),
        ..message()
    };
    let corrected = |original| {
        schema::input::Body::UsageCorrected(schema::UsageCorrected {
            corrects: "u-0".into(),
            source: None,
            usage: Some(schema::Usage {
                service: "sms".into(),
                quantity: Some(1),
                ..Default::default()
            }),
            original,
        })
    };
    let cancelled = |original| {
        schema::input::Body::UsageCancelled(schema::UsageCancelled {
            cancels: "u-0".into(),
            source: None,
            started_at_ns: None,
            original,
        })
    };
    for body in [corrected(None), cancelled(None)] {
        let bytes = sent(body).encode_to_vec();
        assert!(proto::decode_incoming(&bytes).is_ok());
    }
    for (body, path) in [
        (corrected(original()), "usage_corrected.original"),
        (cancelled(original()), "usage_cancelled.original"),
    ] {
        let error = proto::decode_incoming(&sent(body).encode_to_vec()).expect_err(path);
        assert_eq!(
            (error.reason, error.path.as_str()),
            (Reason::MalformedField, path),
            "{error}"
        );
    }
}

#[test]
fn bad_protobuf_is_refused_with_reason_and_field() {
    use Reason::{MalformedField, MissingField, UnknownField, Unreadable};
    let changed = |change: &dyn Fn(&mut schema::Input)| {
        let mut input = message();
        change(&mut input);
        input.encode_to_vec()
    };
    let usage = |change: &dyn Fn(&mut schema::Usage)| {
        changed(&|input| {
            if let Some(schema::input::Body::Usage(usage)) = &mut input.body {
                change(usage);
            }
        })
    };
    let mut unknown = message().encode_to_vec();
    unknown.extend([0xf8, 0x06, 1]);
    let charge = schema::input::Body::ChargeAdded(schema::ChargeAdded {
        amount_micros: None,
        code: "x".into(),
    });
    let cases = [
        (vec![0xff], Unreadable, ""),
        (vec![0x0a, 5, b'a'], Unreadable, ""),
        (vec![0x08, 1], MalformedField, "source"),
        (unknown, UnknownField, "field 111"),
        (
            changed(&|input| input.source.clear()),
            MissingField,
            "source",
        ),
        (
            changed(&|input| input.occurred_at_ns = None),
            MissingField,
            "occurred_at",
        ),
        (
            changed(&|input| input.currency = Some("eur".into())),
            MalformedField,
            "currency",
        ),
        (changed(&|input| input.body = None), MissingField, "body"),
        (
            changed(&|input| input.body = Some(charge.clone())),
            MissingField,
            "charge_added.amount",
        ),
        (
            usage(&|usage| usage.quantity = None),
            MissingField,
            "usage.quantity",
        ),
        (
            usage(&|usage| usage.quantity = Some(u64::MAX)),
            MalformedField,
            "usage.quantity",
        ),
        (
            usage(&|usage| usage.direction = 9),
            MalformedField,
            "usage.direction",
        ),
        (
            usage(&|usage| usage.service = "x".repeat(200)),
            MalformedField,
            "usage.service",
        ),
    ];
    for (bytes, reason, path) in cases {
        let error = proto::decode_incoming(&bytes).expect_err(path);
        assert_eq!(
            (error.reason, error.path.as_str()),
            (reason, path),
            "{error}"
        );
    }
}

#[test]
fn a_refused_record_still_says_who_sent_it() {
    let line = r#"{"source":"med1","event_id":"u-1","occurred_at":"2026-03-02T09:00:00Z","usage":{"bad":[{}]}}"#;
    let identity = json::identify(line.as_bytes());
    let key = identity.key.clone().expect("a key");
    assert_eq!(
        (key.source.as_str(), key.event_id.as_str()),
        ("med1", "u-1")
    );
    assert_eq!(
        identity.occurred_at,
        Timestamp::parse("2026-03-02T09:00:00Z")
    );
    assert_eq!(json::identify(b"{\"source\":\"med1\"").key, None);
    let mut bytes = message().encode_to_vec();
    bytes.extend([0xf8, 0x06, 1]);
    assert_eq!(proto::identify(&bytes), identity);
}

#[test]
fn a_stream_is_split_into_its_messages() {
    let incoming = proto::decode_incoming(&message().encode_to_vec()).expect("an input");
    let mut stream = Vec::new();
    for _ in 0..3 {
        proto::encode_delimited(&incoming, &mut stream);
    }
    let length = stream.len() as u64 / 3;
    let mut reader = proto::DelimitedReader::new(stream.as_slice(), 1_000);
    for number in 1..=3 {
        let message = reader
            .next_message()
            .expect("a message")
            .expect("not the end")
            .to_vec();
        assert_eq!(proto::decode_incoming(&message).as_ref(), Ok(&incoming));
        assert_eq!(reader.offset(), number * length);
    }
    assert!(reader.next_message().expect("the end").is_none());

    let cut = &stream[..stream.len() - 1];
    let mut reader = proto::DelimitedReader::new(cut, 1_000);
    let mut last = Ok(());
    for _ in 0..3 {
        last = reader.next_message().map(|_| ());
    }
    let text = last.expect_err("a message that is cut off").to_string();
    assert!(text.contains(&(2 * length).to_string()), "{text}");

    let mut reader = proto::DelimitedReader::new(&[0xff, 0xff, 0x7f][..], 1_000);
    assert!(matches!(
        reader.next_message(),
        Err(proto::StreamError::BadLength { offset: 0, .. })
    ));
}

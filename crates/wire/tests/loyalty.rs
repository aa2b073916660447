//! Loyalty inputs and events as people write and read them.
#![allow(clippy::expect_used)]

use umbral_model::event::*;
use umbral_model::ids::{AccountId, LotNo};
use umbral_model::input::*;
use umbral_model::journal::*;
use umbral_model::money::Money;
use umbral_model::rejection::Reason;
use umbral_model::time::{Date, Timestamp};
use umbral_wire::{WireError, body_hash, json, outputs, proto};

fn parse(line: &str) -> Result<Incoming, WireError> {
    json::parse_incoming(line.as_bytes())
}

/// An input with the fields that every one has.
fn line(rest: &str) -> String {
    format!(r#"{{"source":"s","event_id":"e","occurred_at":"2026-03-02T09:00:00Z",{rest}}}"#)
}

fn taken(rest: &str) -> Incoming {
    let text = line(rest);
    let incoming = parse(&text).expect(rest);
    // What it means survives both forms.
    let again = json::incoming(&incoming);
    assert_eq!(parse(&again).as_ref(), Ok(&incoming), "{again}");
    let mut bytes = Vec::new();
    proto::encode_incoming(&incoming, &mut bytes);
    assert_eq!(
        proto::decode_incoming(&bytes).as_ref(),
        Ok(&incoming),
        "{again}"
    );
    incoming
}

fn body(rest: &str) -> Body {
    match taken(&format!(r#""account_id":"A","actor":"ops",{rest}"#)).body {
        IncomingBody::Account(body) => body,
        other => panic!("{rest}: {other:?}"),
    }
}

fn amount(text: &str) -> Money {
    Money::parse(text).expect("an amount")
}

fn card(number: &str) -> Identifier {
    Identifier {
        kind: IdentifierKind::Card,
        value: number.into(),
    }
}

fn phone(number: &str) -> Identifier {
    Identifier {
        kind: IdentifierKind::Phone,
        value: number.into(),
    }
}

#[test]
fn cards_and_tiers_are_read() {
    let until = Date::parse("2026-12-31");
    let tier = |tier: Option<&str>, until, ledger: Option<&str>| {
        Body::TierGranted(TierGranted {
            tier: tier.map(Into::into),
            until,
            ledger: ledger.map(Into::into),
        })
    };
    let issued = |number: Option<&str>, valid_until| {
        Body::CardIssued(CardIssued {
            number: number.map(Into::into),
            card_type: "club".into(),
            valid_until,
            allocated: false,
            stock: None,
        })
    };
    let named = || CardNamed {
        number: "10001".into(),
    };
    let cases = [
        (
            r#""tier_granted":{"tier":"gold","until":"2026-12-31","ledger":"club/main"}"#,
            tier(Some("gold"), until, Some("club/main")),
        ),
        (
            r#""tier_granted":{"tier":"gold"}"#,
            tier(Some("gold"), None, None),
        ),
        (r#""tier_granted":{}"#, tier(None, None, None)),
        (
            r#""card_issued":{"number":"10001","type":"club","valid_until":"2026-12-31"}"#,
            issued(Some("10001"), until),
        ),
        (r#""card_issued":{"type":"club"}"#, issued(None, None)),
        (
            r#""card_closed":{"number":"10001","reason":"returned"}"#,
            Body::CardClosed(CardClosed {
                number: "10001".into(),
                reason: Some("returned".into()),
            }),
        ),
        (
            r#""card_confirmed":{"number":"10001"}"#,
            Body::CardConfirmed(named()),
        ),
        (
            r#""card_lost_reported":{"number":"10001"}"#,
            Body::CardLostReported(named()),
        ),
        (
            r#""card_replaced":{"old":"10001","new":"10002"}"#,
            Body::CardReplaced(CardReplacement {
                old: "10001".into(),
                new: "10002".into(),
                stock: None,
            }),
        ),
        (
            r#""card_renewed":{"number":"10001","valid_until":"2026-12-31"}"#,
            Body::CardRenewed(CardRenewal {
                number: "10001".into(),
                valid_until: until,
            }),
        ),
        (
            r#""card_checked":{"card":"10001","result":"holder"}"#,
            Body::CardChecked(CardCheck {
                card: "10001".into(),
                result: "holder".into(),
            }),
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(body(text), expected, "{text}");
    }
}

#[test]
fn points_are_asked_for_given_and_taken() {
    let redemption = |points, reward: Option<&str>, quantity| RedemptionRequested {
        redemption: "R1".into(),
        points,
        reward: reward.map(Into::into),
        quantity,
        channel: "till".into(),
        card: None,
        ledger: None,
        code_confirmed: false,
        partner: None,
    };
    let refund = || RefundRequest {
        refund: "F1".into(),
        purchase: "P1".into(),
        lines: vec![],
        amount: None,
        points: None,
    };
    let voided = || PointsVoided {
        source_ref: None,
        lots: vec![],
        points: None,
        reason: "fraud".into(),
        ledger: None,
    };
    let cases = [
        (
            r#""redemption_requested":{"redemption_id":"R1","points":100,"channel":"till"}"#,
            Body::RedemptionRequested(redemption(Some(100), None, 1)),
        ),
        (
            r#""redemption_requested":{"redemption_id":"R1","reward":"wash","quantity":2,"channel":"till","ledger":"club/main","code_confirmed":true,"partner":"X","card":"10001"}"#,
            Body::RedemptionRequested(RedemptionRequested {
                ledger: Some("club/main".into()),
                code_confirmed: true,
                partner: Some("X".into()),
                card: Some("10001".into()),
                ..redemption(None, Some("wash"), 2)
            }),
        ),
        (
            r#""redemption_committed":{"redemption_id":"R1"}"#,
            Body::RedemptionCommitted(RedemptionNamed {
                redemption: "R1".into(),
            }),
        ),
        (
            r#""refund":{"refund_id":"F1","purchase_id":"P1","lines":[{"item":"i","net":"5.00"}],"points":3}"#,
            Body::Refund(RefundRequest {
                lines: vec![RefundLine {
                    item: "i".into(),
                    net: amount("5"),
                }],
                points: Some(3),
                ..refund()
            }),
        ),
        (
            r#""refund":{"refund_id":"F1","purchase_id":"P1","amount":"5.00"}"#,
            Body::Refund(RefundRequest {
                amount: Some(amount("5")),
                ..refund()
            }),
        ),
        (
            r#""points_adjusted":{"points":-5,"reason":"mistake"}"#,
            Body::PointsAdjusted(PointsAdjusted {
                points: -5,
                reason: "mistake".into(),
                ledger: None,
            }),
        ),
        (
            r#""points_voided":{"lots":["1","12"],"reason":"fraud"}"#,
            Body::PointsVoided(PointsVoided {
                lots: vec![LotNo(1), LotNo(12)],
                ..voided()
            }),
        ),
        (
            r#""points_voided":{"source_ref":"P1","reason":"fraud"}"#,
            Body::PointsVoided(PointsVoided {
                source_ref: Some("P1".into()),
                ..voided()
            }),
        ),
        (
            r#""effort_scored":{"score":7}"#,
            Body::EffortScored(EffortScored { score: 7 }),
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(body(text), expected, "{text}");
    }
}

/// A quantity that is left out is 1, in either form and for the hash by which a repeat is known.
#[test]
fn a_redemption_without_quantity_is_of_one() {
    let of = |quantity: &str| {
        let text = format!(
            r#""redemption_requested":{{"redemption_id":"R1","reward":"wash","channel":"till"{quantity}}}"#
        );
        body(&text)
    };
    assert_eq!(of(""), of(r#","quantity":1"#));
    assert_ne!(of(""), of(r#","quantity":2"#));
}

const GOODS: &str = r#""lines":[{"item":"i","net":"21.90"}]"#;

fn bought(envelope: &str, inside: &str) -> Result<(Option<Address>, Option<String>), WireError> {
    let text = line(&format!(
        r#"{envelope}"purchase":{{"purchase_id":"P1"{inside},{GOODS}}}"#
    ));
    let incoming = parse(&text)?;
    let IncomingBody::Account(Body::Purchase(purchase)) = incoming.body else {
        panic!("{text}")
    };
    Ok((incoming.address, purchase.card.map(String::from)))
}

/// A purchase may name its buyer inside it, or nobody; a card that was shown is the purchase's.
#[test]
fn a_purchase_names_who_made_it() {
    let shown = r#","identifier":{"kind":"card","value":"10001"}"#;
    let called = r#","identifier":{"kind":"phone","value":"34600000001"}"#;
    let account = || Some(Address::Account(AccountId::from("A"), None));
    let cases = [
        ("", "", (None, None)),
        (
            "",
            shown,
            (Some(Address::Identifier(card("10001"))), Some("10001")),
        ),
        (
            "",
            called,
            (Some(Address::Identifier(phone("34600000001"))), None),
        ),
        (r#""account_id":"A","#, "", (account(), None)),
        (r#""account_id":"A","#, shown, (account(), Some("10001"))),
        (
            r#""identifier":{"kind":"card","value":"10002"},"#,
            "",
            (Some(Address::Identifier(card("10002"))), Some("10002")),
        ),
        (
            r#""identifier":{"kind":"phone","value":"34600000001"},"#,
            called,
            (Some(Address::Identifier(phone("34600000001"))), None),
        ),
    ];
    for (envelope, inside, (address, shown)) in cases {
        let (found, card) = bought(envelope, inside).expect(inside);
        assert_eq!(found, address, "{envelope} {inside}");
        assert_eq!(card.as_deref(), shown, "{envelope} {inside}");
    }
    let error = bought(r#""account_id":"A","#, called).expect_err("two buyers");
    assert_eq!(error.path, "purchase.identifier");
    let incoming = taken(&format!(
        r#""purchase":{{"purchase_id":"P1","identifier":{{"kind":"card","value":"10001"}},"points_part":{{"redemption_id":"R1","amount":"2.00"}},{GOODS}}}"#
    ));
    let IncomingBody::Account(Body::Purchase(purchase)) = incoming.body else {
        panic!("{incoming:?}")
    };
    let part = PointsPaid {
        redemption: "R1".into(),
        amount: amount("2"),
    };
    assert_eq!(purchase.points_part, Some(part));
}

#[test]
fn a_card_by_which_the_account_is_named_is_the_one_that_was_shown() {
    let by_card = |rest: &str| {
        taken(&format!(
            r#""identifier":{{"kind":"card","value":"10001"}},{rest}"#
        ))
    };
    let shown = |incoming: Incoming| match incoming.body {
        IncomingBody::Account(Body::Visit(visit)) => visit.card,
        IncomingBody::Account(Body::RedemptionRequested(requested)) => requested.card,
        IncomingBody::Account(Body::CardChecked(check)) => Some(check.card),
        other => panic!("{other:?}"),
    };
    for rest in [
        r#""visit":{"location":"L"}"#,
        r#""redemption_requested":{"redemption_id":"R1","points":1,"channel":"till"}"#,
        r#""card_checked":{"result":"holder"}"#,
    ] {
        assert_eq!(shown(by_card(rest)).as_deref(), Some("10001"), "{rest}");
    }
    let other = by_card(r#""visit":{"location":"L","card":"10002"}"#);
    assert_eq!(shown(other).as_deref(), Some("10002"));
}

#[test]
fn a_claim_names_its_account_once_or_twice() {
    let account = || Some(Address::Account(AccountId::from("A"), None));
    let inside = taken(r#""purchase_claimed":{"purchase_id":"P1","account":"A"}"#);
    assert_eq!(inside.address, account());
    let outside = taken(r#""account_id":"A","purchase_claimed":{"purchase_id":"P1"}"#);
    assert_eq!(outside.address, account());
    let refused = [
        (
            r#""account_id":"B","purchase_claimed":{"purchase_id":"P1","account":"A"}"#,
            "purchase_claimed.account",
        ),
        (
            r#""identifier":{"kind":"card","value":"10001"},"purchase_claimed":{"purchase_id":"P1","account":"A"}"#,
            "purchase_claimed.account",
        ),
        (r#""purchase_claimed":{"purchase_id":"P1"}"#, "account_id"),
    ];
    for (rest, path) in refused {
        assert_eq!(parse(&line(rest)).expect_err(rest).path, path);
    }
}

/// What is refused, the field, and words of the mend.
#[test]
fn what_cannot_be_is_refused_with_the_mend() {
    use Reason::*;
    let cases: &[(&str, Reason, &[&str])] = &[
        (
            r#""tier_granted":{"tier":""}"#,
            MalformedField,
            &["tier_granted.tier", "empty"],
        ),
        (
            r#""tier_granted":{"until":"2026-12-31"}"#,
            MalformedField,
            &["tier_granted.until", "tier"],
        ),
        (
            r#""tier_granted":{"tier":"gold","ledger":"main"}"#,
            MalformedField,
            &["tier_granted.ledger", "PROGRAMME/LINE"],
        ),
        (
            r#""card_issued":{"number":"1234","type":"club"}"#,
            MalformedField,
            &["card_issued.number", "4 characters", "5 or more"],
        ),
        (
            r#""card_issued":{"number":"10001"}"#,
            MissingField,
            &["card_issued.type"],
        ),
        (
            r#""card_issued":{"number":"10001","type":""}"#,
            MalformedField,
            &["card_issued.type", "empty"],
        ),
        (
            r#""card_issued":{"type":"club","allocated":true}"#,
            MalformedField,
            &["card_issued.allocated", "leave it out"],
        ),
        (
            r#""card_issued":{"number":"10001","type":"club","stock":{"type":"club"}}"#,
            MalformedField,
            &["card_issued.stock", "leave it out"],
        ),
        (
            r#""cards_stocked":{"type":"club","number":"1234"}"#,
            MalformedField,
            &["cards_stocked.number", "4 characters"],
        ),
        (
            r#""cards_stocked":{"type":"club","number":"A1000","last":"A1009"}"#,
            MalformedField,
            &["cards_stocked.last", "digits alone"],
        ),
        (
            r#""cards_stocked":{"type":"club","number":"10009","last":"10000"}"#,
            MalformedField,
            &["cards_stocked.last", "less than the first"],
        ),
        (
            r#""cards_stocked":{"type":"club","number":"10000","last":"20000"}"#,
            MalformedField,
            &["cards_stocked.last", "at most 10000 cards"],
        ),
        (
            r#""card_closed":{"number":"éééé"}"#,
            MalformedField,
            &["card_closed.number", "4 characters"],
        ),
        (
            r#""card_replaced":{"old":"10001","new":"10001"}"#,
            MalformedField,
            &["card_replaced.new", "another"],
        ),
        (
            r#""card_replaced":{"old":"10001","new":"1"}"#,
            MalformedField,
            &["card_replaced.new"],
        ),
        (
            r#""card_checked":{"result":"holder"}"#,
            MalformedField,
            &["card_checked.card"],
        ),
        (
            r#""enrolled":{"identifier":{"kind":"phone","value":"+34 600"}}"#,
            MalformedField,
            &["enrolled.identifier.value", "digits"],
        ),
        (
            r#""enrolled":{"unclaimed":[]}"#,
            MalformedField,
            &["enrolled.unclaimed", "leave it out"],
        ),
        (
            r#""purchase_claimed":{"purchase_id":"P1","taken":true}"#,
            MalformedField,
            &["purchase_claimed.taken", "leave it out"],
        ),
        (
            r#""visit":{"location":""}"#,
            MalformedField,
            &["visit.location", "empty"],
        ),
        (
            r#""refund":{"refund_id":"F","purchase_id":"P"}"#,
            MissingField,
            &["refund.amount", "lines, an amount, or points"],
        ),
        (
            r#""refund":{"refund_id":"F","purchase_id":"P","amount":"1.00","lines":[{"item":"i","net":"1.00"}]}"#,
            MalformedField,
            &["refund.amount", "not both"],
        ),
        (
            r#""refund":{"refund_id":"F","purchase_id":"P","lines":[{"item":"i","net":"-1.00"}]}"#,
            MalformedField,
            &["refund.lines[0].net", "above zero"],
        ),
        (
            r#""redemption_requested":{"redemption_id":"R","channel":"till"}"#,
            MissingField,
            &["redemption_requested.points", "reward"],
        ),
        (
            r#""redemption_requested":{"redemption_id":"R","channel":"till","points":1,"reward":"wash"}"#,
            MalformedField,
            &["redemption_requested.points", "not both"],
        ),
        (
            r#""redemption_requested":{"redemption_id":"R","channel":"till","points":0}"#,
            MalformedField,
            &["redemption_requested.points", "0"],
        ),
        (
            r#""points_adjusted":{"points":0,"reason":"r"}"#,
            MalformedField,
            &["points_adjusted.points", "0"],
        ),
        (
            r#""points_adjusted":{"points":-9223372036854775808,"reason":"r"}"#,
            MalformedField,
            &["points_adjusted.points", "too large"],
        ),
        (
            r#""points_adjusted":{"points":1,"reason":""}"#,
            MalformedField,
            &["points_adjusted.reason", "why"],
        ),
        (
            r#""points_voided":{"reason":"r"}"#,
            MalformedField,
            &[
                "points_voided",
                "exactly one of source_ref, lots and points",
            ],
        ),
        (
            r#""points_voided":{"reason":"r","points":1,"source_ref":"P"}"#,
            MalformedField,
            &["points_voided", "exactly one"],
        ),
        (
            r#""effort_scored":{"score":8}"#,
            MalformedField,
            &["effort_scored.score", "1 (easy) to 7"],
        ),
        (
            r#""purchase":{"purchase_id":"P","points_part":{"redemption_id":"R","amount":"0.00"},"lines":[{"item":"i","net":"1.00"}]}"#,
            MalformedField,
            &["purchase.points_part.amount", "above zero"],
        ),
    ];
    for (rest, reason, words) in cases {
        let text = line(&format!(r#""account_id":"A","actor":"ops",{rest}"#));
        let error = parse(&text).expect_err(rest);
        assert_eq!(error.reason, *reason, "{rest}: {error}");
        for word in *words {
            assert!(
                error.to_string().contains(word),
                "{rest}: {error} does not say {word}"
            );
        }
    }
    for rest in [
        r#""points_adjusted":{"points":1,"reason":"r"}"#,
        r#""points_voided":{"points":1,"reason":"r"}"#,
    ] {
        let error = parse(&line(&format!(r#""account_id":"A",{rest}"#))).expect_err(rest);
        assert_eq!(
            (error.reason, error.path.as_str()),
            (MissingField, "actor"),
            "{rest}"
        );
    }
}

fn input_of(body: Body) -> Input {
    Input {
        key: InputKey {
            source: "s".into(),
            event_id: "e".into(),
        },
        occurred_at: Timestamp::parse("2026-03-02T09:00:00Z").expect("an instant"),
        account: "A".into(),
        member: None,
        currency: None,
        actor: None,
        reason: None,
        forced: false,
        body,
    }
}

fn unclaimed() -> UnclaimedPurchase {
    let incoming = parse(&line(&format!(
        r#""purchase":{{"purchase_id":"P1",{GOODS}}}"#
    )));
    let incoming = incoming.expect("a purchase");
    match incoming.body {
        IncomingBody::Account(Body::Purchase(purchase)) => UnclaimedPurchase {
            key: incoming.key,
            occurred_at: incoming.occurred_at,
            purchase,
        },
        other => panic!("{other:?}"),
    }
}

/// What the edge fills in is in the journal, and neither in JSON nor in the hash by which a repeat is known.
#[test]
fn what_is_filled_in_is_in_the_journal_only() {
    let claimed = |found: Option<UnclaimedPurchase>, taken| {
        Body::PurchaseClaimed(PurchaseClaimed {
            purchase: "P1".into(),
            account: None,
            found: found.map(Box::new),
            taken,
        })
    };
    let enrolled = |unclaimed| {
        Body::Enrolled(Enrolled {
            identifier: Some(phone("34600000001")),
            programme: None,
            unclaimed,
            cards: Vec::new(),
        })
    };
    let issued = |number: Option<&str>| {
        Body::CardIssued(CardIssued {
            number: number.map(Into::into),
            card_type: "club".into(),
            valid_until: None,
            allocated: number.is_some(),
            stock: None,
        })
    };
    let cases = [
        (claimed(None, false), claimed(Some(unclaimed()), false)),
        (claimed(None, false), claimed(None, true)),
        (enrolled(vec![]), enrolled(vec![unclaimed()])),
        (issued(None), issued(Some("10001"))),
    ];
    for (sent, filled) in cases {
        let (sent, filled) = (input_of(sent), input_of(filled));
        assert_eq!(body_hash(&sent), body_hash(&filled), "{filled:?}");
        let entry = Entry {
            position: 1,
            clock: sent.occurred_at,
            version: None,
            input: JournaledInput::Account(Box::new(filled.clone())),
            outcome: Outcome::Applied,
            events: vec![],
        };
        let frame = Frame {
            partition: umbral_model::ids::PartitionNo(0),
            logic_version: 1,
            batch: 1,
            entries: vec![entry],
        };
        let mut bytes = Vec::new();
        umbral_wire::frame::encode(&frame, &mut bytes);
        assert_eq!(umbral_wire::frame::decode(&bytes), Ok(frame), "{filled:?}");
        let text = json::input(&filled);
        assert!(
            !text.contains("found") && !text.contains("unclaimed"),
            "{text}"
        );
    }
    let given = input_of(Body::CardIssued(CardIssued {
        number: Some("10001".into()),
        card_type: "club".into(),
        valid_until: None,
        allocated: false,
        stock: None,
    }));
    assert_ne!(body_hash(&given), body_hash(&input_of(issued(None))));
}

fn written(body: EventBody) -> String {
    let (kind, entry) = (body.kind(), entry_of(Outcome::Applied, vec![body]));
    let text = json::output(&outputs(&entry)[0]);
    let start = text.find(&format!(r#""{kind}":"#)).expect("the body");
    text[start..text.len() - 1].to_owned()
}

fn entry_of(outcome: Outcome, bodies: Vec<EventBody>) -> Entry {
    let event = |body| AccountEvent {
        account: None,
        event: Event {
            account_seq: 7,
            effective_at: Timestamp::default(),
            timer: None,
            body,
        },
    };
    Entry {
        position: 1,
        clock: Timestamp::default(),
        version: None,
        input: JournaledInput::Account(Box::new(input_of(Body::Visit(Visit {
            location: "L".into(),
            card: None,
        })))),
        outcome,
        events: bodies.into_iter().map(event).collect(),
    }
}

fn balances() -> Balances {
    Balances {
        pending: 1,
        available: 2,
        reserved: 3,
        debt: 4,
    }
}

#[test]
fn events_read_as_their_page_says() {
    let day = Date::parse("2026-03-02").expect("a date");
    let earned = PointsEarned {
        ledger: "club/main".into(),
        delta: 2,
        lots: vec![LotMoved {
            lot: LotNo(12),
            delta: 2,
            expires_on: Date::parse("2027-03-31"),
        }],
        source_ref: "P1".into(),
        rule_version: Some("v1".into()),
        balances_after: balances(),
        used_before_report: false,
        earned_on: day,
        available_on: day,
        counter_delta: 2,
        counts_for_previous: true,
        counts_for_none: false,
        source: Some(EarningKind::Purchase),
        pending: false,
    };
    let reversed = RedemptionReversed {
        redemption: "R1".into(),
        ledger: "club/main".into(),
        allocations: vec![LotSpent {
            lot: LotNo(12),
            points: 5,
        }],
        reason: ReversalReason::Timeout,
        grace_until: None,
        balances_after: balances(),
        graced: Vec::new(),
    };
    let issued = CardEvent {
        number: "10001".into(),
        card: 99,
        card_type: "club".into(),
        ledger: Some("club/main".into()),
        holder: Some("M1".into()),
        valid_until: Some(day),
        pending_confirmation: true,
        frozen_days: 3,
        from_stock: true,
    };
    let replaced = CardReplaced {
        old: "10001".into(),
        new: "10002".into(),
        old_card: 1,
        new_card: 2,
        ledger: None,
        points_carried: 40,
        from_stock: None,
    };
    let enrolled = MemberEnrolled {
        ledger: "club/main".into(),
        tier: Some("ordinary".into()),
        valid_until: Some(day),
        from: day,
        quiet: true,
    };
    let cases = [
        (
            EventBody::PointsEarned(Box::new(earned)),
            concat!(
                r#""points_earned":{"ledger":"club/main","delta":2,"#,
                r#""lots":[{"lot_id":"12","delta":2,"expires_on":"2027-03-31"}],"source_ref":"P1","#,
                r#""rule_version":"v1","balances_after":{"pending":1,"available":2,"reserved":3,"debt":4},"#,
                r#""used_before_report":false,"earned_on":"2026-03-02","available_on":"2026-03-02","#,
                r#""source":"purchase","pending":false}"#,
            ),
        ),
        (
            EventBody::RedemptionReversed(Box::new(reversed)),
            concat!(
                r#""redemption_reversed":{"redemption_id":"R1","ledger":"club/main","#,
                r#""allocations":[{"lot_id":"12","points":5}],"reason":"timeout","#,
                r#""balances_after":{"pending":1,"available":2,"reserved":3,"debt":4}}"#,
            ),
        ),
        (
            EventBody::CardIssued(Box::new(issued)),
            concat!(
                r#""card_issued":{"number":"10001","type":"club","ledger":"club/main","holder":"M1","#,
                r#""valid_until":"2026-03-02","pending_confirmation":true}"#,
            ),
        ),
        (
            EventBody::CardReplaced(Box::new(replaced)),
            r#""card_replaced":{"old":"10001","new":"10002","points_carried":40}"#,
        ),
        (
            EventBody::MemberEnrolled(enrolled),
            r#""enrolled":{"ledger":"club/main","tier":"ordinary","valid_until":"2026-03-02","from":"2026-03-02"}"#,
        ),
        (
            EventBody::PointsNotEarned(PointsNotEarned {
                ledger: None,
                source_ref: "P1".into(),
                reason: NotEarned::BelowUnit,
            }),
            r#""points_not_earned":{"source_ref":"P1","reason":"below_unit"}"#,
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(written(body), expected);
    }
}

/// A purchase of nobody known is told to those who follow points, not to those who follow the quarantine.
#[test]
fn an_unidentified_purchase_is_points_not_earned() {
    let text = line(&format!(r#""purchase":{{"purchase_id":"P1",{GOODS}}}"#));
    let mut bytes = Vec::new();
    proto::encode_incoming(&parse(&text).expect("a purchase"), &mut bytes);
    let kept = |format: &str, reason, original| Entry {
        position: 9,
        clock: Timestamp::default(),
        version: None,
        input: JournaledInput::Raw(RawInput {
            key: Some(input_of(Body::EffortScored(EffortScored { score: 1 })).key),
            occurred_at: None,
            format: format.into(),
            place: String::new(),
        }),
        outcome: Outcome::Quarantined(Quarantined {
            reason,
            detail: String::new(),
            original,
        }),
        events: vec![],
    };
    for (format, original) in [("json", text.clone().into_bytes()), ("protobuf", bytes)] {
        let entry = kept(format, Reason::UnidentifiedPurchase, original);
        let all = outputs(&entry);
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].body.stream(), Stream::Loyalty);
        let expected = r#""points_not_earned":{"source_ref":"P1","reason":"unidentified"}"#;
        let written = json::output(&all[0]);
        assert!(
            written.contains(expected) && !written.contains("account_id"),
            "{written}"
        );
    }
    let other = kept("json", Reason::UnknownIdentifier, text.into_bytes());
    assert_eq!(outputs(&other)[0].body.stream(), Stream::Quarantine);
}

//! The directory against a list that says for every instant who holds what.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;
use std::collections::BTreeMap;
use umbral_intake::directory::{Directory, Key, Refused, Touched, normalise};
use umbral_model::ids::{AccountId, EventId, MemberId, Source};
use umbral_model::input::{
    Body, Identifier, IdentifierChange, IdentifierKind, Input, InputKey, MemberAdded, MemberRemoved,
};
use umbral_model::rejection::Reason;
use umbral_model::time::Timestamp;

const END: i64 = 24;

fn number(index: u8) -> Identifier {
    Identifier {
        kind: IdentifierKind::Msisdn,
        value: format!("3460000000{index}").into(),
    }
}

fn holder(index: u8) -> (AccountId, MemberId) {
    (
        AccountId::new(format!("A{}", index / 2)),
        MemberId::new(format!("M{}", index % 2)),
    )
}

/// A holder as it is found.
fn found(index: u8) -> (AccountId, Option<MemberId>) {
    let (account, member) = holder(index);
    (account, Some(member))
}

fn at(instant: i64) -> Timestamp {
    Timestamp::from_nanos(instant)
}

#[derive(Clone, Debug)]
enum Step {
    Claim(u8, u8, i64),
    Release(u8, u8, i64),
    End(u8, i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..3u8, 0..4u8, 0..END).prop_map(|(n, h, t)| Step::Claim(n, h, t)),
        3 => (0..3u8, 0..4u8, 0..END).prop_map(|(n, h, t)| Step::Release(n, h, t)),
        1 => (0..4u8, 0..END).prop_map(|(h, t)| Step::End(h, t)),
    ];
    prop::collection::vec(step, 0..40)
}

/// Who holds each number at each instant of a short world.
type Naive = BTreeMap<(u8, i64), u8>;

fn naive_claim(naive: &mut Naive, number: u8, holder: u8, from: i64) -> bool {
    let first = (from..END).find_map(|t| naive.get(&(number, t)).map(|found| (t, *found)));
    match first {
        Some((_, other)) if other != holder => return false,
        Some((until, _)) => (from..until).for_each(|t| {
            naive.insert((number, t), holder);
        }),
        None => (from..END).for_each(|t| {
            naive.insert((number, t), holder);
        }),
    }
    true
}

fn naive_release(naive: &mut Naive, number: u8, holder: u8, from: i64) -> bool {
    let held = (from..END).take_while(|t| naive.get(&(number, *t)) == Some(&holder));
    let held: Vec<i64> = held.collect();
    for t in &held {
        naive.remove(&(number, *t));
    }
    !held.is_empty()
}

proptest! {
    #[test]
    fn intervals_agree_with_a_naive_list(steps in steps()) {
        let directory = Directory::new();
        let mut naive = Naive::new();
        for step in steps {
            match step {
                Step::Claim(n, h, t) => {
                    let (account, member) = holder(h);
                    let got = directory.claim(&number(n), &account, &member, at(t));
                    prop_assert_eq!(got.is_ok(), naive_claim(&mut naive, n, h, t), "{:?}", got);
                }
                Step::Release(n, h, t) => {
                    let (account, member) = holder(h);
                    let got = directory.release(&number(n), &account, &member, at(t));
                    prop_assert_eq!(got.is_ok(), naive_release(&mut naive, n, h, t), "{:?}", got);
                }
                Step::End(h, t) => {
                    let (account, member) = holder(h);
                    directory.apply(&input(&account, t, Body::MemberRemoved(MemberRemoved { member })));
                    naive.retain(|(_, instant), held| *held != h || *instant < t);
                }
            }
            for n in 0..3 {
                for t in 0..END {
                    let expected = naive.get(&(n, t)).map(|h| found(*h));
                    prop_assert_eq!(directory.resolve(&number(n), at(t)), expected, "{} at {}", n, t);
                }
            }
        }
    }
}

fn input(account: &AccountId, instant: i64, body: Body) -> Input {
    Input {
        key: InputKey {
            source: Source::new("crm"),
            event_id: EventId::new("1"),
        },
        occurred_at: at(instant),
        account: account.clone(),
        member: None,
        currency: None,
        actor: None,
        reason: None,
        forced: false,
        body,
    }
}

fn added(holder_index: u8, instant: i64, numbers: &[u8]) -> Input {
    let (account, member) = holder(holder_index);
    let body = Body::MemberAdded(MemberAdded {
        member,
        plan: None,
        identifiers: numbers.iter().map(|n| number(*n)).collect(),
    });
    input(&account, instant, body)
}

fn changed(holder_index: u8, instant: i64, n: u8, given: bool) -> Input {
    let (account, member) = holder(holder_index);
    let change = IdentifierChange {
        member,
        identifier: number(n),
    };
    let body = if given {
        Body::IdentifierAdded(change)
    } else {
        Body::IdentifierRemoved(change)
    };
    input(&account, instant, body)
}

#[test]
fn a_number_that_changes_hands_charges_whoever_held_it() {
    let directory = Directory::new();
    directory.apply(&added(0, 10, &[1, 2]));
    let taken = directory.check(&changed(2, 20, 1, true)).unwrap_err();
    assert_eq!(taken.reason, Reason::IdentifierTaken);
    assert!(
        taken.detail.contains("account A0") && !taken.detail.contains("346"),
        "{taken}"
    );
    directory.apply(&changed(0, 20, 1, false));
    directory.check(&changed(2, 20, 1, true)).unwrap();
    directory.apply(&changed(2, 20, 1, true));
    for (instant, expected) in [
        (9, None),
        (10, Some(0)),
        (19, Some(0)),
        (20, Some(2)),
        (99, Some(2)),
    ] {
        assert_eq!(
            directory.resolve(&number(1), at(instant)),
            expected.map(found),
            "{instant}"
        );
    }
    // The member ends: its other number is free, the one that it gave away is not touched.
    let (account, member) = holder(0);
    directory.apply(&input(
        &account,
        30,
        Body::MemberRemoved(MemberRemoved { member }),
    ));
    assert_eq!(directory.resolve(&number(2), at(29)), Some(found(0)));
    assert_eq!(directory.resolve(&number(2), at(30)), None);
    assert_eq!(directory.resolve(&number(1), at(30)), Some(found(2)));
    assert_eq!(directory.len(), 2);
}

#[test]
fn checks_name_the_reason_and_change_nothing() {
    let directory = Directory::new();
    directory.apply(&added(0, 10, &[1]));
    let bad = Identifier {
        kind: IdentifierKind::Imsi,
        value: "21407x".into(),
    };
    let (account, member) = holder(3);
    let malformed = Body::IdentifierAdded(IdentifierChange {
        member: member.clone(),
        identifier: bad.clone(),
    });
    let cases = [
        (added(2, 15, &[3, 1]), Some(Reason::IdentifierTaken)),
        (changed(2, 15, 1, false), Some(Reason::UnknownIdentifier)),
        (changed(0, 5, 1, false), Some(Reason::UnknownIdentifier)),
        (changed(0, 15, 3, false), Some(Reason::UnknownIdentifier)),
        (input(&account, 15, malformed), Some(Reason::MalformedField)),
        (changed(0, 5, 1, true), None),
        (changed(0, 15, 1, false), None),
    ];
    for (input, expected) in cases {
        let got = directory
            .check(&input)
            .err()
            .map(|rejection| rejection.reason);
        assert_eq!(got, expected, "{input:?}");
    }
    assert_eq!(directory.resolve(&number(1), at(9)), None);
    assert_eq!(directory.resolve(&number(3), at(15)), None);
    assert_eq!(directory.len(), 1);
    let refused = directory.claim(&bad, &account, &member, at(1)).unwrap_err();
    assert!(matches!(refused, Refused::Malformed(_)));
}

#[test]
fn a_batch_ends_before_an_input_that_builds_on_it() {
    let directory = Directory::new();
    directory.apply(&added(0, 10, &[1]));
    let mut touched = Touched::default();
    let (account, member) = holder(0);
    let removed = input(&account, 20, Body::MemberRemoved(MemberRemoved { member }));
    assert!(touched.note(&directory, &removed));
    assert!(
        !touched.note(&directory, &changed(2, 20, 1, true)),
        "the number is just being freed"
    );
    assert!(
        !touched.note(&directory, &changed(0, 20, 3, true)),
        "the member is just ending"
    );
    assert!(touched.note(&directory, &added(2, 20, &[4])));
    assert!(
        !touched.note(&directory, &added(3, 20, &[4])),
        "the number is just being given"
    );
    touched.clear();
    assert!(touched.note(&directory, &added(3, 20, &[4])));
}

#[test]
fn texts_are_compared_without_separators() {
    use IdentifierKind::{Card, External, Imsi, Msisdn, Phone};
    let cases = [
        (Msisdn, "+34 600-11.12/22", Some("34600111222")),
        (Msisdn, "(34)600111222", Some("34600111222")),
        (Msisdn, "0034600111222", Some("0034600111222")),
        (Phone, "+353 87 1234567", Some("353871234567")),
        (Imsi, "214 07 0123456789", Some("214070123456789")),
        (Imsi, "+21407", None),
        (Card, "1234 5678 9012 3456", Some("1234567890123456")),
        (Card, "AB-12", Some("AB12")),
        (External, " cust/0-1 ", Some("cust/0-1")),
        (Msisdn, "lucia", None),
        (Msisdn, "+", None),
        (Card, " - ", None),
        (External, "", None),
    ];
    for (kind, text, expected) in cases {
        assert_eq!(normalise(kind, text).ok().as_deref(), expected, "{text:?}");
    }
    assert!(normalise(External, &"x".repeat(129)).is_err());
}

#[test]
fn different_identifiers_never_share_a_key() {
    let texts = [
        "0",
        "00",
        "1",
        "01",
        "34600111222",
        "034600111222",
        "99999999999999999",
        "199999999999999999",
        "999999999999999999",
    ];
    let mut keys = std::collections::HashMap::new();
    for (kind, _) in IdentifierKind::WORDS {
        for text in texts {
            let identifier = Identifier {
                kind,
                value: text.into(),
            };
            let key = Key::of(&identifier).unwrap();
            let packed = matches!(key, Key::Packed(_));
            assert_eq!(packed, text.len() <= 17, "{text}");
            assert_eq!(keys.insert(key, identifier), None);
        }
    }
    assert!(size_of::<Key>() <= 16);
}

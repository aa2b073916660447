//! What a tariff gives and takes, summed up over a whole deployment: as it stands after corrections.

#![allow(
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

mod common;

use common::*;
use umbral_history::{CountedAmount, Summary};
use umbral_runtime::Verdict;

const TARIFF: &str = r#"
[zone.national]
prefixes = ["34"]

[rate.calls]
price = "0.60 per minute"

[plan.libre]
monthly_fee = "10.00"
rules = [ { service = "voice", zone = "national", rate = "calls" } ]
allowances = [ { name = "5 minutes", service = "voice", units = "5m", warn_at = ["80%"] } ]

[product.extra]
price = "2.00"
allowances = [ { name = "10 more", service = "voice", units = "10m", valid = "10 days" } ]
[product.phone]
price = "100.00"
instalments = 3

[discount.class]
percent = "10%"
class = "standard"
[discount.calls]
percent = "5%"
service = "voice"

[class.standard]
limit.exposure = "900.00"
"#;

const LINES: [&str; 9] = [
    r#"{"source":"crm","event_id":"c","occurred_at":"2026-03-01T00:00:00Z","account_id":"A","customer_added":{"class":"standard","plan":"libre","time_zone":"Europe/Madrid","cycle_day":1,"vip_rank":0}}"#,
    r#"{"source":"med","event_id":"1","occurred_at":"2026-03-02T09:00:00Z","account_id":"A","usage":{"service":"voice","to":"34910000000","quantity":"4m"}}"#,
    r#"{"source":"med","event_id":"2","occurred_at":"2026-03-02T10:00:00Z","account_id":"A","usage":{"service":"voice","to":"34910000000","quantity":"3m"}}"#,
    r#"{"source":"med","event_id":"3","occurred_at":"2026-03-02T11:00:00Z","account_id":"A","usage":{"service":"voice","to":"34910000000","quantity":"1m"}}"#,
    r#"{"source":"shop","event_id":"4","occurred_at":"2026-03-03T12:00:00Z","account_id":"A","purchase":{"purchase_id":"P1","method":"on_account","lines":[{"item":"extra"},{"item":"phone"},{"category":"c","item":"case","net":"5.00"}]}}"#,
    r#"{"source":"shop","event_id":"5","occurred_at":"2026-03-03T12:00:00Z","account_id":"A","purchase":{"purchase_id":"P2","method":"cash","lines":[{"item":"extra"}]}}"#,
    r#"{"source":"med","event_id":"6","occurred_at":"2026-03-02T10:00:00Z","account_id":"A","usage_corrected":{"corrects":"2","usage":{"service":"voice","to":"34910000000","quantity":"2m"}}}"#,
    r#"{"source":"med","event_id":"7","occurred_at":"2026-03-04T10:00:00Z","account_id":"A","usage_cancelled":{"cancels":"3"}}"#,
    r#"{"source":"clock","event_id":"t","occurred_at":"2026-04-02T00:00:00Z","tick":{}}"#,
];

/// The summary after so many lines.
fn summary(lines: usize) -> Summary {
    let place = Place::with_tariff(8, TARIFF);
    let engine = place.engine(event_options());
    for (line, receipt) in LINES.iter().zip(submit(&engine, &LINES[..lines])) {
        assert_eq!(receipt.verdict, Verdict::Applied, "{line}");
    }
    engine.stop().expect("stopped");
    place.history().summary(1).expect("a summary")
}

fn counted(sum: CountedAmount) -> (u64, String) {
    (sum.count, sum.amount.to_string())
}

/// Name, grants, records, quantity, warnings.
fn allowances(summary: &Summary) -> Vec<(&str, u64, u64, &str, u64)> {
    let given = summary.allowances.iter();
    given
        .map(|given| {
            (
                given.allowance.as_str(),
                given.grants,
                given.records,
                given.quantity.as_str(),
                given.warnings,
            )
        })
        .collect()
}

fn discounts(summary: &Summary) -> Vec<(&str, u64, String)> {
    let given = summary.discounts.iter();
    given
        .map(|given| {
            (
                given.discount.as_str(),
                given.records,
                given.amount.to_string(),
            )
        })
        .collect()
}

#[test]
fn units_and_discounts_of_records_are_added_up() {
    let summary = summary(4);
    assert_eq!(
        allowances(&summary),
        [("5 minutes", 1, 2, "300s", 1)],
        "four minutes of the first call, one of the second"
    );
    // Of 1.20 and 0.60 that the calls would cost, 15 % are taken off: 10 and 5.
    assert_eq!(
        discounts(&summary),
        [
            ("calls", 2, "0.09".to_owned()),
            ("class", 2, "0.18".to_owned())
        ]
    );
    assert_eq!(summary.services[0].amount.to_string(), "1.53");
    assert_eq!(
        counted(summary.charges_by_kind.fees),
        (1, "10.00".to_owned())
    );
    assert_eq!(summary.products.len(), 0);
}

#[test]
fn corrections_take_back_what_stood_before() {
    let summary = summary(LINES.len());
    assert_eq!(
        allowances(&summary),
        [("10 more", 2, 0, "0s", 0), ("5 minutes", 2, 2, "300s", 1)]
    );
    assert_eq!(
        discounts(&summary),
        [
            ("calls", 1, "0.03".to_owned()),
            ("class", 1, "0.06".to_owned())
        ]
    );
    let corrections = summary.corrections;
    assert_eq!(counted(corrections.corrected), (1, "-0.51".to_owned()));
    assert_eq!(counted(corrections.cancelled), (1, "-0.51".to_owned()));
    assert_eq!(corrections.unclaimed, 0);
}

#[test]
fn charges_and_products_are_told_apart() {
    let summary = summary(LINES.len());
    let kinds = summary.charges_by_kind;
    assert_eq!(counted(kinds.fees), (2, "20.00".to_owned()));
    assert_eq!(counted(kinds.purchases), (1, "40.33".to_owned()));
    assert_eq!(counted(kinds.instalments), (1, "33.33".to_owned()));
    assert_eq!(counted(summary.charges), (4, "93.66".to_owned()));
    assert_eq!(counted(summary.paid_at_once), (1, "2.00".to_owned()));
    let products: Vec<_> = summary
        .products
        .iter()
        .map(|sold| (sold.product.as_str(), sold.count, sold.amount.to_string()))
        .collect();
    assert_eq!(
        products,
        [
            ("extra", 2, "4.00".to_owned()),
            ("phone", 1, "33.33".to_owned())
        ]
    );
    assert_eq!(summary.revenue.to_string(), "94.17");
}

const CLUB: &str = r#"
[programme.club]
earn = [ { points = 10, per = "1.00" } ]
[programme.club.card.club]
line = "-"
[programme.club.redeem]
rewards = { coffee = 40 }
"#;

const MEMBER: [&str; 10] = [
    r#"{"source":"crm","event_id":"1","occurred_at":"2026-03-01T00:00:00Z","account_id":"A","customer_added":{"class":"standard","plan":"libre","time_zone":"Europe/Madrid","cycle_day":1,"vip_rank":0}}"#,
    r#"{"source":"crm","event_id":"2","occurred_at":"2026-03-01T00:00:00Z","account_id":"B","customer_added":{"class":"standard","time_zone":"Europe/Madrid","cycle_day":1,"vip_rank":0}}"#,
    r#"{"source":"crm","event_id":"3","occurred_at":"2026-03-01T00:00:00Z","account_id":"B","card_issued":{"number":"10001","type":"club"}}"#,
    r#"{"source":"shop","event_id":"4","occurred_at":"2026-03-02T10:00:00Z","account_id":"B","purchase":{"purchase_id":"P1","method":"cash","lines":[{"category":"c","item":"case","net":"9.00"}]}}"#,
    r#"{"source":"shop","event_id":"5","occurred_at":"2026-03-02T10:05:00Z","account_id":"B","redemption_requested":{"redemption_id":"R1","reward":"coffee","quantity":1,"channel":"shop","card":"10001"}}"#,
    r#"{"source":"shop","event_id":"6","occurred_at":"2026-03-02T10:06:00Z","account_id":"B","redemption_committed":{"redemption_id":"R1"}}"#,
    r#"{"source":"shop","event_id":"7","occurred_at":"2026-03-03T10:00:00Z","account_id":"B","refund":{"refund_id":"G1","purchase_id":"P1","amount":"2.00"}}"#,
    r#"{"source":"club","event_id":"8","occurred_at":"2026-03-03T11:00:00Z","account_id":"B","card_lost_reported":{"number":"10001"}}"#,
    r#"{"source":"shop","event_id":"9","occurred_at":"2026-03-03T12:00:00Z","account_id":"B","redemption_requested":{"redemption_id":"R2","points":10,"channel":"shop","card":"10001"}}"#,
    r#"{"source":"club","event_id":"10","occurred_at":"2026-03-04T12:00:00Z","account_id":"B","actor":"desk","points_adjusted":{"points":5,"reason":"goodwill"}}"#,
];

#[test]
fn members_points_and_cards_are_added_up() {
    let place = Place::with_tariff(8, &[TARIFF, CLUB].concat());
    let engine = place.engine(event_options());
    for (line, receipt) in MEMBER.iter().zip(submit(&engine, &MEMBER)) {
        assert_eq!(receipt.verdict, Verdict::Applied, "{line}");
    }
    engine.stop().expect("stopped");
    let loyalty = place.history().summary(1).expect("a summary").loyalty;
    assert_eq!((loyalty.members, loyalty.refused), (1, 1));
    let sources = loyalty.points_by_source.iter();
    let sources: Vec<_> = sources
        .map(|source| (source.source, source.earned, source.taken_back))
        .collect();
    assert_eq!(sources, [("by_hand", 5, 0), ("purchase", 90, 20)]);
    let rewards = loyalty.rewards.iter();
    let rewards: Vec<_> = rewards
        .map(|given| (given.reward.as_str(), given.count, given.points))
        .collect();
    assert_eq!(rewards, [("coffee", 1, 40)]);
    assert_eq!(loyalty.outstanding.points, 90 - 40 - 20 + 5);
    let cards = (
        loyalty.cards_issued,
        loyalty.cards_lost,
        loyalty.cards_replaced,
    );
    assert_eq!(cards, (1, 1, 0));
    assert_eq!(loyalty.richest_member.as_deref(), Some("B"));
}

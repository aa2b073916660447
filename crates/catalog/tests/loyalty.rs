//! A whole loyalty programme, compiled; and the arithmetic of accrual.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Zones, files};
use smol_str::SmolStr;
use umbral_catalog::loyalty::accrual::{EarnLine, Earned, Fraction, points};
use umbral_catalog::loyalty::{
    AccrualRule, AccrualSource, CardType, Demotion, Expiry, InvoiceAccrual, LineFacts, LineFilter,
    LoyaltyTier, Programme, Promotion, RedemptionRules, RefundPolicy, RenewFrom, Reward,
    RuleVersion,
};
use umbral_catalog::{Compiled, load};
use umbral_model::money::Money;
use umbral_model::time::{Date, Timestamp};

const HEAD: &str = r#"
name = "T"
currency = "EUR"
time_zone = "Europe/Madrid"
valid_from = 2026-03-01
"#;
const CLUB: &str = r#"
[programme.club]
description = "Everything that a programme can say"
default_line = "store"
basis = "gross"
expiry = "1 year and 3 days, to the end of the month"
expiry_notices = ["7 days", "30 days"]
pending = "2 weeks"
invoices = "progressive"
refunds = "within balance"
max_debt = 500
reward_grace = "10 days"
reward_levels = [900, 400]
tier_validity = "2 years"
demotion = "recompute"
tier_correction = "15 days"
tier_notices = "30 days"
vip_floor = { 3 = "gold", 1 = "silver" }
inactive_after = "18 months"
inactive_notices = ["60 days", "30 days"]
claim_window = "45 days"
correction_window = "40 days"
refund_horizon = "35 days"
auto_issue = "gold"

[[programme.club.version]]
name = "2020"
from = 2020-01-01
earn = [ { points = 1, per = "10.00" } ]

[[programme.club.version]]
name = "2026"
from = "2026-06-01T12:00:00Z"
earn = [
  { category = ["tobacco", "gift_card"], earns = "nothing" },
  { category = "food", points = 2, per = "5.00", min_units = 3, multiplied = false, qualifying = false },
  { on = "visit", location = "gym", points = 5 },
  { on = "invoice", category = "fee", item = "i", partner = "p", method = "m", member_category = "staff", card_line = "store", points = 1, per = "1" },
  { on = "usage", category = ["voice", "data"], points = 1, per = "2.00" },
  { points = 1, per = "10.00" },
]

[[programme.club.promotion]]
name = "june"
from = 2026-06-01
until = 2026-06-30
category = "food"
bonus = "50%"

[[programme.club.promotion]]
name = "always"
bonus = "12.5%"

[programme.club.tier.ordinary]
from = 0

[programme.club.tier.silver]
from = 1000
retain = "500.00"
multiplier = "1.5x"

[programme.club.tier.gold]
from = 5000
retain = "2000.00"
multiplier = "2x"

[programme.club.card.club]
line = "store"

[programme.club.card.gold]
line = "gold"
confirm = true
code = true
validity = "24 months"
renewal_window = "60 days"
freeze_lots = true
renew_from = "old end"
transferable = true
fee = "20.00"
min_spend = "300.00"
numbers_from = 10001

[programme.club.redeem]
min_points = 100
timeout = "1 hour"
closed_channels = ["invoice"]
rewards = { "parking hour" = 400, car_wash = 1200 }
"#;

fn compiled(text: &str) -> Compiled {
    load(&files(&[("catalog.toml", HEAD), ("a.toml", text)]), &Zones)
        .unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn money(text: &str) -> Money {
    Money::parse(text).unwrap()
}

fn words(words: &[&str]) -> Vec<SmolStr> {
    words.iter().map(SmolStr::new).collect()
}

/// A rule on purchases of everything.
fn rule(points: u64, per: &str) -> AccrualRule {
    AccrualRule {
        source: AccrualSource::Purchase,
        matches: LineFilter::default(),
        exclude: false,
        points,
        per: Some(money(per)),
        min_units: 1,
        multiplied: true,
        qualifying: true,
    }
}

fn of_category(categories: &[&str]) -> LineFilter {
    LineFilter {
        categories: words(categories),
        ..LineFilter::default()
    }
}

fn rules_of_2026() -> Vec<AccrualRule> {
    let nothing = AccrualRule {
        matches: of_category(&["tobacco", "gift_card"]),
        exclude: true,
        points: 0,
        per: None,
        ..rule(0, "1")
    };
    let food = AccrualRule {
        matches: of_category(&["food"]),
        min_units: 3,
        multiplied: false,
        qualifying: false,
        ..rule(2, "5.00")
    };
    let visit = AccrualRule {
        source: AccrualSource::Visit,
        matches: LineFilter {
            locations: words(&["gym"]),
            ..LineFilter::default()
        },
        per: None,
        ..rule(5, "1")
    };
    let invoice = AccrualRule {
        source: AccrualSource::Invoice,
        matches: LineFilter {
            categories: words(&["fee"]),
            items: words(&["i"]),
            partners: words(&["p"]),
            methods: words(&["m"]),
            member_categories: words(&["staff"]),
            card_lines: words(&["store"]),
            ..LineFilter::default()
        },
        ..rule(1, "1")
    };
    let usage = AccrualRule {
        source: AccrualSource::Usage,
        matches: of_category(&["voice", "data"]),
        ..rule(1, "2.00")
    };
    vec![nothing, food, visit, invoice, usage, rule(1, "10.00")]
}

fn versions() -> Vec<RuleVersion> {
    let at = |text: &str| Timestamp::parse(text).unwrap();
    vec![
        RuleVersion {
            name: "2020".into(),
            from: at("2019-12-31T23:00:00Z"),
            rules: vec![rule(1, "10.00")],
        },
        RuleVersion {
            name: "2026".into(),
            from: at("2026-06-01T12:00:00Z"),
            rules: rules_of_2026(),
        },
    ]
}

fn promotions() -> Vec<Promotion> {
    let day = |day: u8| Date::from_ymd(2026, 6, day).unwrap();
    vec![
        Promotion {
            name: "june".into(),
            matches: of_category(&["food"]),
            from: day(1),
            until: day(30),
            bonus_bps: 5_000,
        },
        Promotion {
            name: "always".into(),
            matches: LineFilter::default(),
            from: Date::from_days(i32::MIN),
            until: Date::from_days(i32::MAX),
            bonus_bps: 1_250,
        },
    ]
}

fn tiers() -> Vec<LoyaltyTier> {
    let tier = |name: &str, from: u64, retain: &str, multiplier_bps: u32| LoyaltyTier {
        name: name.into(),
        from,
        retain: money(retain),
        multiplier_bps,
    };
    vec![
        tier("ordinary", 0, "0", 10_000),
        tier("silver", 1_000, "500", 15_000),
        tier("gold", 5_000, "2000", 20_000),
    ]
}

/// A card that says nothing but its line.
fn card(name: &str, line: &str) -> CardType {
    CardType {
        name: name.into(),
        line: line.into(),
        confirm: false,
        code: false,
        validity_months: None,
        renewal_window_days: None,
        freeze_lots: false,
        renew_from: RenewFrom::Renewal,
        transferable: false,
        fee: None,
        min_spend: None,
        numbers_from: None,
        from_stock: false,
    }
}

/// What `CLUB` says.
fn club() -> Programme {
    let gold = CardType {
        confirm: true,
        code: true,
        validity_months: Some(24),
        renewal_window_days: Some(60),
        freeze_lots: true,
        renew_from: RenewFrom::OldEnd,
        transferable: true,
        fee: Some(money("20")),
        min_spend: Some(money("300")),
        numbers_from: Some(10_001),
        from_stock: false,
        ..card("gold", "gold")
    };
    let reward = |name: &str, points: u64| Reward {
        name: name.into(),
        points,
    };
    Programme {
        name: "club".into(),
        versions: versions(),
        promotions: promotions(),
        default_line: Some("store".into()),
        with_tax: true,
        expiry: Some(Expiry {
            months: 12,
            days: 3,
            month_end: true,
        }),
        pending_days: 14,
        expiry_notice_days: vec![30, 7],
        invoice: InvoiceAccrual::Progressive,
        refund_policy: RefundPolicy::WithinBalance,
        max_debt: Some(500),
        reward_grace_days: 10,
        redemption: RedemptionRules {
            min_points: 100,
            timeout_minutes: Some(60),
            closed_channels: words(&["invoice"]),
            rewards: vec![reward("parking hour", 400), reward("car_wash", 1_200)],
        },
        reward_levels: vec![400, 900],
        tiers: tiers(),
        tier_validity_months: Some(24),
        demotion: Demotion::Recompute,
        tier_correction_days: 15,
        tier_notice_days: vec![30],
        vip_floor: vec![(1, 1), (3, 2)],
        inactive_months: Some(18),
        inactive_notice_days: vec![60, 30],
        claim_window_days: 45,
        correction_days: 40,
        refund_horizon_days: 35,
        card_types: vec![card("club", "store"), gold],
        auto_issue: Some(1),
    }
}

#[test]
fn everything_in_its_place() {
    let compiled = compiled(CLUB);
    assert_eq!(compiled.warnings, []);
    assert_eq!(compiled.catalog.programmes, [club()]);
}

#[test]
fn what_is_not_said_is_as_the_reference_has_it() {
    let compiled = compiled("[programme.club]\nearn = [ { points = 1, per = \"10.00\" } ]\n");
    let [programme] = compiled.catalog.programmes.as_slice() else {
        panic!("one programme");
    };
    let [version] = programme.versions.as_slice() else {
        panic!("one version");
    };
    assert_eq!((version.from, version.name.len()), (Timestamp::MIN, 13));
    assert_eq!(version.rules, [rule(1, "10.00")]);
    let plain = Programme {
        name: "club".into(),
        versions: programme.versions.clone(),
        promotions: Vec::new(),
        default_line: Some("-".into()),
        with_tax: false,
        expiry: None,
        pending_days: 0,
        expiry_notice_days: Vec::new(),
        invoice: InvoiceAccrual::WhenPaid,
        refund_policy: RefundPolicy::Debt,
        max_debt: None,
        reward_grace_days: 0,
        redemption: RedemptionRules::default(),
        reward_levels: Vec::new(),
        tiers: Vec::new(),
        tier_validity_months: None,
        demotion: Demotion::OneDown,
        tier_correction_days: 30,
        tier_notice_days: Vec::new(),
        vip_floor: Vec::new(),
        inactive_months: None,
        inactive_notice_days: vec![30, 7],
        claim_window_days: 30,
        correction_days: 30,
        refund_horizon_days: 30,
        card_types: Vec::new(),
        auto_issue: None,
    };
    assert_eq!(*programme, plain);
}

#[test]
fn the_name_of_unnamed_rules_is_of_what_they_say() {
    let name = |per: &str| {
        let text = format!("[programme.club]\nearn = [ {{ points = 1, per = \"{per}\" }} ]\n");
        compiled(&text).catalog.programmes[0].versions[0]
            .name
            .clone()
    };
    assert_eq!(name("10"), name("10.00"));
    assert_ne!(name("10"), name("5"));
}

/// A line that the rule with this number lets earn.
fn line(rule: u16, basis: &str) -> EarnLine {
    EarnLine {
        rule: Some(rule),
        promotion: None,
        basis: Fraction::of(money(basis)),
    }
}

fn promoted(rule: u16, promotion: u16, basis: &str) -> EarnLine {
    EarnLine {
        promotion: Some(promotion),
        ..line(rule, basis)
    }
}

fn third(basis: &str) -> EarnLine {
    EarnLine {
        basis: Fraction {
            numerator: i128::from(money(basis).micros()),
            denominator: 3,
        },
        ..line(0, "0")
    }
}

#[test]
fn points_of_lines() {
    let rules = vec![
        rule(1, "10"),
        AccrualRule {
            multiplied: false,
            qualifying: false,
            min_units: 3,
            ..rule(2, "5")
        },
        AccrualRule {
            exclude: true,
            ..rule(0, "1")
        },
        AccrualRule {
            source: AccrualSource::Visit,
            per: None,
            ..rule(7, "1")
        },
    ];
    let version = RuleVersion {
        name: "1".into(),
        from: Timestamp::MIN,
        rules,
    };
    let promotions = promotions();
    let unruled = EarnLine {
        rule: None,
        ..line(0, "500")
    };
    // Lines, the tier's multiplier, points, points that count towards a tier, and whether there was a full unit.
    type Row = (Vec<EarnLine>, u32, u64, u64, bool);
    let rows: Vec<Row> = vec![
        (vec![], 10_000, 0, 0, false),
        (vec![unruled], 10_000, 0, 0, false),
        (vec![line(0, "21.90")], 10_000, 2, 2, true),
        (vec![line(0, "9.999999")], 10_000, 0, 0, false),
        // Lines of one rule are summed before units are counted, lines of two rules are not.
        (
            vec![line(0, "9"), line(0, "8"), line(0, "4")],
            10_000,
            2,
            2,
            true,
        ),
        (vec![line(0, "9"), line(1, "4")], 10_000, 0, 0, false),
        // A coupon lowers what the lines of its rule come to, to nothing at least.
        (vec![line(0, "29"), line(0, "-8")], 10_000, 2, 2, true),
        (vec![line(0, "19"), line(0, "-18")], 10_000, 0, 0, false),
        (vec![line(0, "-50"), line(1, "15")], 10_000, 6, 0, true),
        // Fewer units than asked for earn nothing; the multiplier does not count for this rule.
        (vec![line(1, "14.99")], 20_000, 0, 0, false),
        (vec![line(1, "15")], 20_000, 6, 0, true),
        (vec![line(2, "1000")], 20_000, 0, 0, false),
        // Shares are summed over rules before the one rounding.
        (vec![line(0, "30")], 15_000, 4, 4, true),
        (vec![line(0, "30"), line(1, "15")], 15_000, 10, 4, true),
        (vec![line(0, "10"), line(3, "0")], 15_000, 12, 12, true),
        // A promotion counts full units of its own lines, without the multiplier.
        (vec![promoted(0, 0, "40")], 20_000, 10, 10, true),
        (vec![promoted(0, 0, "15"), line(0, "5")], 10_000, 2, 2, true),
        (
            vec![promoted(0, 0, "15"), promoted(0, 0, "5")],
            10_000,
            3,
            3,
            true,
        ),
        (
            vec![promoted(0, 1, "70"), promoted(0, 0, "10")],
            10_000,
            9,
            9,
            true,
        ),
        (vec![promoted(1, 0, "14")], 10_000, 0, 0, false),
        // Thirds are whole together.
        (vec![third("10"), third("10")], 10_000, 0, 0, false),
        (
            vec![third("10"), third("10"), third("10")],
            10_000,
            1,
            1,
            true,
        ),
        // Once for each visit.
        (vec![line(3, "0")], 10_000, 7, 7, true),
        (vec![line(3, "0")], 0, 0, 0, true),
    ];
    for (lines, multiplier, all, qualifying, units_seen) in rows {
        let expected = Earned {
            points: all,
            qualifying,
            units_seen,
        };
        let got = points(&version, &promotions, &lines, multiplier);
        assert_eq!(got, expected, "{multiplier}: {lines:#?}");
    }
}

#[test]
fn no_purchase_is_too_large() {
    let version = RuleVersion {
        name: "1".into(),
        from: Timestamp::MIN,
        rules: vec![rule(u64::MAX, "0.000001")],
    };
    let lines = vec![
        EarnLine {
            basis: Fraction::of(Money::MAX),
            ..line(0, "0")
        };
        3
    ];
    let earned = points(&version, &[], &lines, u32::MAX);
    assert_eq!(earned.points, i64::MAX as u64);
}

#[test]
fn sums_of_fractions() {
    let fraction = |numerator: i128, denominator: i128| Fraction {
        numerator,
        denominator,
    };
    for (left, right, whole) in [
        (fraction(1, 2), fraction(1, 3), 0),
        (fraction(2, 3), fraction(2, 6), 1),
        (fraction(-1, 2), fraction(1, 4), -1),
        (fraction(7, 7), Fraction::ZERO, 1),
        // A common denominator beyond 128 bit: each is rounded down before.
        (fraction(i128::MAX, i128::MAX - 1), fraction(8, 3), 3),
    ] {
        assert_eq!(left.plus(right).whole(), whole, "{left:?} + {right:?}");
        assert_eq!(right.plus(left).whole(), whole, "{right:?} + {left:?}");
    }
}

#[test]
fn the_first_rule_and_promotion_that_match_decide() {
    let programme = club();
    let facts = LineFacts {
        category: "food",
        item: "i",
        partner: None,
        location: None,
        method: Some("m"),
        member_category: None,
        card_line: "store",
    };
    let new = &programme.versions[1];
    let of = |source: AccrualSource, facts: &LineFacts<'_>| new.rule_of(source, facts);
    let tobacco = LineFacts {
        category: "tobacco",
        ..facts
    };
    let books = LineFacts {
        category: "books",
        ..facts
    };
    assert_eq!(of(AccrualSource::Purchase, &facts), Some(1));
    assert_eq!(of(AccrualSource::Purchase, &tobacco), Some(0));
    assert_eq!(of(AccrualSource::Purchase, &books), Some(5));
    // A rule that asks for a partner does not match a line without one.
    let fee = LineFacts {
        category: "fee",
        ..facts
    };
    assert_eq!(of(AccrualSource::Invoice, &fee), None);
    let staff = LineFacts {
        partner: Some("p"),
        member_category: Some("staff"),
        ..fee
    };
    assert_eq!(of(AccrualSource::Invoice, &staff), Some(3));
    assert_eq!(of(AccrualSource::Visit, &facts), None);

    let day = |month: u8, day: u8| Date::from_ymd(2026, month, day).unwrap();
    assert_eq!(programme.promotion_of(day(5, 31), &facts), Some(1));
    assert_eq!(programme.promotion_of(day(6, 1), &facts), Some(0));
    assert_eq!(programme.promotion_of(day(6, 30), &facts), Some(0));
    assert_eq!(programme.promotion_of(day(7, 1), &facts), Some(1));
    assert_eq!(programme.promotion_of(day(6, 1), &books), Some(1));
}

#[test]
fn cases_of_points_are_judged() {
    let case = |text: &str| format!("{CLUB}\n[[case]]\nprogramme = \"club\"\n{text}\n");
    for (text, got) in [
        // Before June the older version counts, with the promotion of an eighth.
        ("purchase = \"80.00\"\npoints = 9", None),
        ("purchase = \"80.00\"\ntier = \"silver\"\npoints = 13", None),
        (
            "purchase = \"79.99\"\npoints = 8",
            Some("the programme gives 7"),
        ),
        // Food from three units on, half as much again in June, no multiplier.
        (
            "on = 2026-06-02\ntier = \"gold\"\npurchase = [ { category = \"food\", net = \"15\" } ]\npoints = 9",
            None,
        ),
        (
            "on = 2026-06-02\npurchase = [ { category = \"food\", net = \"15\", discount = \"0.01\" } ]\npoints = 0",
            None,
        ),
        // With tax.
        (
            "on = 2026-07-02\npurchase = [ { net = \"75\", tax = \"15.75\", discount = \"10.75\" } ]\npoints = 9",
            None,
        ),
        (
            "on = 2026-07-02\npurchase = [ { category = \"tobacco\", net = \"75\" }, { net = \"10\" } ]\npoints = 1",
            None,
        ),
        (
            "on = 2026-07-02\nvisit = true\nlocation = \"gym\"\npoints = 5",
            None,
        ),
        (
            "on = 2026-07-02\nvisit = true\nlocation = \"pool\"\npoints = 0",
            None,
        ),
        (
            "on = 2026-07-02\nusage = [ { category = \"voice\", net = \"3.99\" }, { category = \"data\", net = \"0.01\" } ]\npoints = 2",
            None,
        ),
        (
            "on = 2026-07-02\ninvoice = [ { category = \"fee\", item = \"i\", net = \"9\" } ]\npartner = \"p\"\nmethod = \"m\"\nmember_category = \"staff\"\npoints = 10",
            None,
        ),
        (
            "on = 2026-07-02\ninvoice = [ { category = \"fee\", item = \"i\", net = \"9\" } ]\npartner = \"p\"\nmethod = \"m\"\nmember_category = \"staff\"\ncard_line = \"gold\"\npoints = 0",
            None,
        ),
    ] {
        let compiled = compiled(&case(text));
        assert_eq!((compiled.cases.len(), compiled.points.len()), (0, 1));
        let problem = compiled.points[0].judge(&compiled.catalog);
        let label = problem.as_ref().map(|problem| problem.label.as_str());
        assert_eq!(label, got, "{text}");
        if let Some(problem) = problem {
            let file = case(text);
            assert_eq!(problem.code, "C-0164");
            assert_eq!(&file[problem.span], "points = 8");
        }
    }
}

#[test]
fn usage_may_be_left_out_of_bills() {
    // Neither of these pays twice for usage.
    for rules in [
        "{ on = \"usage\", category = \"voice\", points = 1, per = \"10\" }, { on = \"invoice\", category = \"data\", points = 1, per = \"10\" }",
        "{ on = \"usage\", category = \"voice\", points = 1, per = \"10\" }, { on = \"invoice\", category = \"voice\", earns = \"nothing\" }, { on = \"invoice\", points = 1, per = \"10\" }",
        "{ on = \"usage\", points = 1, per = \"10\" }, { on = \"invoice\", category = \"fee\", points = 1, per = \"10\" }",
        "{ on = \"purchase\", points = 1, per = \"10\" }, { on = \"invoice\", points = 1, per = \"10\" }",
    ] {
        let compiled = compiled(&format!("[programme.club]\nearn = [ {rules} ]\n"));
        assert_eq!(compiled.warnings, [], "{rules}");
    }
}

#[test]
fn the_summary_says_what_members_get() {
    let summary = compiled(CLUB).summary;
    let [club] = summary.programmes.as_slice() else {
        panic!("one programme");
    };
    let texts = |parts: &[(SmolStr, String)]| -> Vec<String> {
        let parts = parts.iter();
        parts
            .map(|(name, words)| format!("{name}: {words}"))
            .collect()
    };
    assert_eq!(
        club.earns,
        [
            "2020 from 2020-01-01 on: 1 point per 10.00 of purchases",
            "2026 from 2026-06-01 on: nothing for purchases, category tobacco or gift_card",
            "2026 from 2026-06-01 on: 2 points per 5.00 of purchases, category food, from 3 units on, without the tier's multiplier, not towards a tier",
            "2026 from 2026-06-01 on: 5 points each for visits, location gym",
            "2026 from 2026-06-01 on: 1 point per 1.00 of paid invoices, category fee, item i, partner p, paid by m, members of category staff, card line store",
            "2026 from 2026-06-01 on: 1 point per 2.00 of usage, category voice or data",
            "2026 from 2026-06-01 on: 1 point per 10.00 of purchases",
        ]
    );
    assert_eq!(
        club.expiry.as_deref(),
        Some("12 months and 3 days, to the end of the month")
    );
    assert_eq!(
        texts(&club.promotions),
        [
            "june: 50% more, from 2026-06-01 to 2026-06-30, category food",
            "always: 12.5% more",
        ]
    );
    assert_eq!(
        texts(&club.tiers),
        [
            "ordinary: from 0 points",
            "silver: from 1000 points, kept by sales of 500.00, points 1.5x",
            "gold: from 5000 points, kept by sales of 2000.00, points 2x",
        ]
    );
    assert_eq!(
        texts(&club.cards),
        [
            "club: line store",
            "gold: line gold, good for 24 months, renewed within 60 days, from the old end, fee 20.00, from sales of 300.00 on, confirmed before points are spent, a code for each redemption, points do not age while it is expired, may be handed on, numbers from 10001",
        ]
    );
    let rewards: Vec<(&str, u64)> = club
        .rewards
        .iter()
        .map(|(name, points)| (name.as_str(), *points))
        .collect();
    assert_eq!(rewards, [("parking hour", 400), ("car_wash", 1_200)]);
}

/// What is said of a change, in a line each.
fn changes(edits: &[(&str, &str)]) -> Vec<String> {
    let mut text = CLUB.to_owned();
    for (from, to) in edits {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    let changes = umbral_catalog::diff::compiled(&compiled(CLUB), &compiled(&text));
    let none = || "-".to_owned();
    let told = changes.into_iter().map(|change| {
        let (from, to) = (
            change.from.unwrap_or_else(none),
            change.to.unwrap_or_else(none),
        );
        format!("{} {}: {from} -> {to}", change.kind.word(), change.what)
    });
    told.collect()
}

#[test]
fn a_comparison_says_what_changes_for_members() {
    assert!(changes(&[("\"2 weeks\"", "\"14 days\"")]).is_empty());
    let rows: &[(&str, &str, &[&str])] = &[
        (
            "pending = \"2 weeks\"",
            "pending = \"1 day\"",
            &["programme programme club, points wait: 14 days -> 1 day"],
        ),
        (
            "expiry = \"1 year and 3 days, to the end of the month\"",
            "expiry = \"2 years\"",
            &[
                "programme programme club, points live: 12 months and 3 days, to the end of the month -> 24 months",
            ],
        ),
        (
            "vip_floor = { 3 = \"gold\", 1 = \"silver\" }",
            "vip_floor = { 1 = \"silver\" }",
            &[
                "programme programme club, least tiers of VIPs: silver from rank 1 on, gold from rank 3 on -> silver from rank 1 on",
            ],
        ),
        (
            "name = \"2020\"\nfrom = 2020-01-01\nearn = [ { points = 1, per = \"10.00\" } ]",
            "name = \"old\"\nfrom = 2020-01-01\nearn = [ { points = 1, per = \"5.00\" } ]",
            &[
                "programme programme club, earns from 2020-01-01 on: 1 point per 10.00 of purchases -> 1 point per 5.00 of purchases",
            ],
        ),
        (
            "bonus = \"50%\"",
            "bonus = \"60%\"",
            &[
                "programme programme club, promotion june: 50% more, from 2026-06-01 to 2026-06-30, category food -> 60% more, from 2026-06-01 to 2026-06-30, category food",
            ],
        ),
        (
            "retain = \"500.00\"\nmultiplier = \"1.5x\"",
            "retain = \"600.00\"",
            &[
                "programme programme club, tier silver: from 1000 points, kept by sales of 500.00, points 1.5x -> from 1000 points, kept by sales of 600.00",
            ],
        ),
        (
            "rewards = { \"parking hour\" = 400, car_wash = 1200 }",
            "rewards = { \"parking hour\" = 400, lunch = 900 }",
            &[
                "programme programme club, reward lunch: - -> 900 points",
                "programme programme club, reward car_wash: 1200 points -> -",
            ],
        ),
        (
            "[programme.club.card.club]\nline = \"store\"",
            "[programme.club.card.club]\nline = \"store\"\nconfirm = true",
            &[
                "programme programme club, card club: line store -> line store, confirmed before points are spent",
            ],
        ),
    ];
    for (from, to, expected) in rows {
        assert_eq!(changes(&[(from, to)]), *expected, "{to}");
    }
    let renamed = CLUB.replace("programme.club", "programme.circle");
    let changes = umbral_catalog::diff::compiled(&compiled(CLUB), &compiled(&renamed));
    let told: Vec<_> = changes
        .iter()
        .map(|change| {
            (
                change.what.as_str(),
                change.from.as_deref(),
                change.to.as_deref(),
            )
        })
        .collect();
    let size = Some("7 rules, 3 tiers, 2 cards, 2 rewards");
    assert_eq!(
        told,
        [
            ("programme circle", None, size),
            ("programme club", size, None)
        ]
    );
}

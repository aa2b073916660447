//! Rules 1 to 5 of the tariff reference, a table of cases for each, with numbers of their own.

#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use umbral_catalog::tables::{Holidays, Rate};
use umbral_catalog::version::CatalogSet;
use umbral_model::charge::{Charge, Held};
use umbral_model::ids::PlanNo;
use umbral_model::input::Direction;
use umbral_model::money::{Money, Rounding, RoundingMode};
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::{Date, Timestamp};
use umbral_rating::{Record, Tariff, rate};

const S: u64 = 1_000_000_000;
const MIN: u64 = 60 * S;
const H: u32 = 3600;

fn call(to: &str, start: &str, seconds: u64) -> Record<'static> {
    Record {
        service: "voice",
        direction: Direction::Originating,
        to: Box::leak(to.to_owned().into_boxed_str()),
        whole: true,
        zone: None,
        network: None,
        start: at(start),
        quantity: seconds * S,
        duration: None,
        continued: None,
    }
}

fn data(start: &str, octets: u64, seconds: Option<u64>) -> Record<'static> {
    let duration = seconds.map(|seconds| seconds * S);
    Record {
        service: "data",
        to: "",
        quantity: octets,
        duration,
        ..call("", start, 0)
    }
}

fn price_of(catalogs: &CatalogSet, record: &Record<'_>) -> Result<Charge, Rejection> {
    rate(catalogs, Tariff::Plan(PlanNo(0)), record)
}

/// `usage/billed@price` of each segment, in seconds.
fn segments(charge: &Charge) -> String {
    let parts: Vec<String> = charge
        .segments
        .iter()
        .map(|s| format!("{}/{}@{}", s.usage / S, s.billed / S, s.price))
        .collect();
    parts.join(" ")
}

fn amount(charge: &Result<Charge, Rejection>) -> String {
    match charge {
        Ok(charge) => charge.amount.to_string(),
        Err(rejection) => rejection.reason.code().to_owned(),
    }
}

/// One plan with one rule for everything.
fn flat(rate: Rate) -> Draft {
    let mut draft = Draft::new(chrono_tz::Europe::Madrid);
    draft.rates = vec![rate];
    draft.plans = vec![DraftPlan {
        rules: vec![DraftRule::default()],
        ..DraftPlan::default()
    }];
    draft
}

fn rounded(rate: Rate, mode: RoundingMode, decimals: u8) -> Rate {
    Rate {
        rounding: Rounding { mode, decimals },
        ..rate
    }
}

#[test]
fn segments_are_lengthened_to_increments_and_eat_the_beginning_of_the_next() {
    // 45 s by 20 s up to second 50, then by the second: the first segment takes 60 s.
    let steps = [(0, "0.30", MIN, 20 * S), (50 * S, "0.12", MIN, S)];
    let catalogs = flat(stepped(&steps)).catalogs();
    for (seconds, cost, parts) in [
        (0, "0.00", ""),
        (1, "0.10", "1/20@0.30"),
        (20, "0.10", "20/20@0.30"),
        (21, "0.20", "21/40@0.30"),
        (50, "0.30", "50/60@0.30"),
        (60, "0.30", "60/60@0.30"),
        (61, "0.302", "60/60@0.30 1/1@0.12"),
        (110, "0.40", "60/60@0.30 50/50@0.12"),
    ] {
        let charge = price_of(&catalogs, &call("7", "2026-05-05T10:00:00Z", seconds)).unwrap();
        assert_eq!(
            (
                charge.amount.to_string().as_str(),
                segments(&charge).as_str()
            ),
            (cost, parts)
        );
    }
}

#[test]
fn a_segment_may_eat_the_whole_of_the_next_one() {
    let steps = [
        (0, "0.60", MIN, 45 * S),
        (50 * S, "9.00", MIN, S),
        (80 * S, "0.06", MIN, 10 * S),
    ];
    let catalogs = flat(stepped(&steps)).catalogs();
    let charge = price_of(&catalogs, &call("7", "2026-05-05T10:00:00Z", 95)).unwrap();
    assert_eq!(segments(&charge), "90/90@0.60 5/10@0.06");
    assert_eq!(charge.amount.to_string(), "0.91");
}

#[test]
fn setup_minimum_maximum_and_zero_usage() {
    let base = stepped(&[(0, "0.10", MIN, S)]);
    let with = |setup: &str, minimum: Option<&str>, maximum: Option<&str>| Rate {
        setup: price(setup),
        minimum: minimum.map(price),
        maximum: maximum.map(price),
        ..base.clone()
    };
    for (rate, seconds, cost, held) in [
        (with("0.15", None, None), 30, "0.20", None),
        (with("0.15", None, None), 0, "0.00", None),
        (
            with("0.15", Some("0.40"), None),
            30,
            "0.40",
            Some(Held::Minimum(price("0.40"))),
        ),
        (with("0.15", Some("0.40"), None), 0, "0.00", None),
        (with("0.15", Some("0.20"), None), 30, "0.20", None),
        // The setup fee counts towards the maximum.
        (
            with("0.15", None, Some("0.19")),
            30,
            "0.19",
            Some(Held::Maximum(price("0.19"))),
        ),
        (with("0.15", None, Some("0.20")), 30, "0.20", None),
        // Compared before rounding: 1 s more costs 0.0016..., which is above.
        (
            with("0.15", None, Some("0.20")),
            31,
            "0.20",
            Some(Held::Maximum(price("0.20"))),
        ),
    ] {
        let catalogs = flat(rate).catalogs();
        let charge = price_of(&catalogs, &call("7", "2026-05-05T10:00:00Z", seconds)).unwrap();
        assert_eq!(
            (charge.amount.to_string().as_str(), charge.held_at),
            (cost, held)
        );
    }
}

#[test]
fn one_rounding_at_the_end() {
    use RoundingMode::{Down, HalfEven, HalfUp, Up};
    // A third of a cent a second: no increment is rounded on its own.
    let third = stepped(&[(0, "0.20", MIN, S)]);
    // 0.0125 a second: halves at two decimals and at three.
    let half = stepped(&[(0, "0.0125", S, S)]);
    let credit = stepped(&[(0, "-0.0125", S, S)]);
    for (rate, mode, decimals, seconds, cost) in [
        (&third, Up, 4, 3, "0.01"),
        (&third, Up, 4, 1, "0.0034"),
        (&third, Down, 4, 1, "0.0033"),
        (&third, HalfUp, 6, 1, "0.003333"),
        (&third, HalfUp, 6, 2, "0.006667"),
        (&third, Up, 0, 1, "1.00"),
        (&half, HalfUp, 3, 1, "0.013"),
        (&half, HalfEven, 3, 1, "0.012"),
        (&half, HalfEven, 3, 3, "0.038"),
        (&half, HalfUp, 2, 2, "0.03"),
        (&credit, HalfUp, 3, 1, "-0.013"),
        (&credit, HalfEven, 3, 1, "-0.012"),
        (&credit, Up, 3, 1, "-0.012"),
        (&credit, Down, 3, 1, "-0.013"),
    ] {
        let catalogs = flat(rounded(rate.clone(), mode, decimals)).catalogs();
        let charge = price_of(&catalogs, &call("7", "2026-05-05T10:00:00Z", seconds));
        assert_eq!(amount(&charge), cost, "{mode:?} to {decimals}, {seconds} s");
    }
}

#[test]
fn the_rate_with_most_decimals_rounds() {
    let mut draft = flat(rounded(
        stepped(&[(0, "0.0123456", S, S)]),
        RoundingMode::Up,
        2,
    ));
    draft.rates.push(rounded(
        stepped(&[(0, "0.0123456", S, S)]),
        RoundingMode::Down,
        5,
    ));
    draft.bands = vec![vec![window(0, 12 * H)]];
    draft.plans[0].rules = vec![
        DraftRule {
            band: Some(0),
            ..DraftRule::default()
        },
        DraftRule {
            rate: 1,
            ..DraftRule::default()
        },
    ];
    let catalogs = draft.catalogs();
    // Noon in Madrid is 10:00 UTC in May.
    for (start, cost) in [
        ("2026-05-05T09:59:50Z", "0.13"),
        ("2026-05-05T09:59:55Z", "0.12345"),
        ("2026-05-05T10:00:00Z", "0.12345"),
    ] {
        assert_eq!(
            amount(&price_of(&catalogs, &call("7", start, 10))),
            cost,
            "{start}"
        );
    }
}

#[test]
fn continued_records_have_no_setup_and_may_go_on_in_their_price_step() {
    let mut rate = stepped(&[(0, "0.60", MIN, S), (5 * MIN, "0.06", MIN, S)]);
    rate.setup = price("1.00");
    let catalogs = flat(rate).catalogs();
    for (continued, cost) in [
        (None, "4.02"),
        (Some(0), "3.02"),
        (Some(4 * MIN), "0.86"),
        (Some(5 * MIN), "0.32"),
    ] {
        let mut record = call("7", "2026-05-05T10:00:00Z", 320);
        record.continued = continued;
        assert_eq!(amount(&price_of(&catalogs, &record)), cost, "{continued:?}");
    }
}

/// Zones 34 and 346 with day and night prices, and a rate for all the rest.
fn bands(fall_through: bool) -> Draft {
    let mut draft = Draft::new(chrono_tz::Europe::Madrid);
    draft.zones = vec![vec!["34".into()], vec!["346".into()]];
    draft.bands = vec![
        vec![window(8 * H, 20 * H)],
        vec![window(0, 8 * H), window(20 * H, 24 * H)],
        vec![window(2 * H + 1800, 3 * H + 1800)],
    ];
    draft.rates = ["0.60", "0.06", "0.006", "6.00"]
        .map(|amount| stepped(&[(0, amount, MIN, S)]))
        .to_vec();
    let rule = |zone, band, rate| DraftRule {
        zone,
        band,
        rate,
        ..DraftRule::default()
    };
    draft.plans = vec![DraftPlan {
        fall_through,
        rules: vec![
            rule(Some(0), Some(0), 0),
            rule(Some(0), Some(1), 1),
            rule(Some(1), Some(0), 2),
            rule(None, None, 3),
        ],
    }];
    draft
}

#[test]
fn the_longest_prefix_is_chosen_before_the_band() {
    for (fall_through, to, start, cost) in [
        (false, "3491", "2026-05-05T10:00:00Z", "0.60"),
        (false, "3491", "2026-05-05T20:00:00Z", "0.06"),
        (false, "3461", "2026-05-05T10:00:00Z", "0.006"),
        // A gap of the longer prefix is not filled, unless the plan says so.
        (false, "3461", "2026-05-05T20:00:00Z", "U-0033"),
        (true, "3461", "2026-05-05T20:00:00Z", "0.06"),
        (false, "35", "2026-05-05T20:00:00Z", "6.00"),
        (false, "", "2026-05-05T20:00:00Z", "6.00"),
        (true, "3461", "2026-05-05T10:00:00Z", "0.006"),
    ] {
        let charge = price_of(&bands(fall_through).catalogs(), &call(to, start, 60));
        assert_eq!(amount(&charge), cost, "{to} {start} {fall_through}");
    }
}

#[test]
fn a_band_boundary_cuts_the_record() {
    // 20:00 in Madrid is 18:00 UTC in summer, 19:00 UTC in winter.
    for (fall_through, to, start, seconds, outcome) in [
        (
            false,
            "3491",
            "2026-07-01T17:59:00Z",
            120,
            "60/60@0.60 60/60@0.06",
        ),
        (
            false,
            "3491",
            "2026-12-01T18:59:00Z",
            120,
            "60/60@0.60 60/60@0.06",
        ),
        (false, "3491", "2026-12-01T19:00:00Z", 120, "120/120@0.06"),
        (false, "3491", "2026-12-01T18:58:00Z", 120, "120/120@0.60"),
        // The whole night and two edges of it.
        (
            false,
            "3491",
            "2026-12-01T18:59:00Z",
            43_320,
            "60/60@0.60 43200/43200@0.06 60/60@0.60",
        ),
        (false, "3461", "2026-12-01T18:59:00Z", 120, "U-0033"),
        (
            true,
            "3461",
            "2026-12-01T18:59:00Z",
            120,
            "60/60@0.006 60/60@0.06",
        ),
        (
            true,
            "3461",
            "2026-12-02T06:59:00Z",
            120,
            "60/60@0.06 60/60@0.006",
        ),
    ] {
        let charge = price_of(&bands(fall_through).catalogs(), &call(to, start, seconds));
        let shown = charge.as_ref().map_or_else(|_| amount(&charge), segments);
        assert_eq!(shown, outcome, "{to} {start}");
    }
}

#[test]
fn bands_follow_the_wall_clock_when_clocks_change() {
    // A band from 02:30 to 03:30 local time, on the nights on which Madrid changes its clocks.
    let mut draft = bands(false);
    let rule = |band, rate| DraftRule {
        band,
        rate,
        ..DraftRule::default()
    };
    draft.plans[0].rules = vec![rule(Some(2), 3), rule(None, 0)];
    let catalogs = draft.catalogs();
    for (start, seconds, parts) in [
        // Forward: 02:00 becomes 03:00, so the band holds from the change to 03:30.
        (
            "2026-03-29T00:50:00Z",
            3600,
            "600/600@0.60 1800/1800@6.00 1200/1200@0.60",
        ),
        // Back: 02:30 to 03:00, again 02:30 to 03:30.
        (
            "2026-10-25T00:20:00Z",
            9000,
            "600/600@0.60 1800/1800@6.00 1800/1800@0.60 3600/3600@6.00 1200/1200@0.60",
        ),
        // A usual night.
        (
            "2026-10-26T01:20:00Z",
            4800,
            "600/600@0.60 3600/3600@6.00 600/600@0.60",
        ),
    ] {
        let charge = price_of(&catalogs, &call("7", start, seconds)).unwrap();
        assert_eq!(segments(&charge), parts, "{start}");
    }
}

#[test]
fn windows_ask_for_days_months_years_and_holidays() {
    let leap_day = Date::parse("2028-02-29").unwrap();
    let saturday = [1u8 << 6, 1 << 7];
    let cases = [
        (window(0, 24 * H), "2026-05-05T10:00:00Z", true),
        (
            umbral_catalog::tables::Window {
                weekdays: saturday[0],
                ..window(0, 24 * H)
            },
            "2026-05-09T10:00:00Z",
            true,
        ),
        (
            umbral_catalog::tables::Window {
                weekdays: saturday[1],
                ..window(0, 24 * H)
            },
            "2026-05-09T10:00:00Z",
            false,
        ),
        // 23:00 UTC on Saturday is Sunday in Madrid.
        (
            umbral_catalog::tables::Window {
                weekdays: saturday[1],
                ..window(0, 24 * H)
            },
            "2026-05-09T23:00:00Z",
            true,
        ),
        (
            umbral_catalog::tables::Window {
                months: 1 << 5,
                ..window(0, 24 * H)
            },
            "2026-05-09T10:00:00Z",
            true,
        ),
        (
            umbral_catalog::tables::Window {
                months: 1 << 6,
                ..window(0, 24 * H)
            },
            "2026-05-09T10:00:00Z",
            false,
        ),
        (
            umbral_catalog::tables::Window {
                month_days: 1 << 29,
                ..window(0, 24 * H)
            },
            "2028-02-29T10:00:00Z",
            true,
        ),
        (
            umbral_catalog::tables::Window {
                month_days: 1 << 29,
                ..window(0, 24 * H)
            },
            "2027-02-28T10:00:00Z",
            false,
        ),
        (
            umbral_catalog::tables::Window {
                years: vec![2026],
                ..window(0, 24 * H)
            },
            "2026-12-31T22:59:59Z",
            true,
        ),
        (
            umbral_catalog::tables::Window {
                years: vec![2026],
                ..window(0, 24 * H)
            },
            "2026-12-31T23:00:00Z",
            false,
        ),
        (
            umbral_catalog::tables::Window {
                holidays: Holidays::Only(vec![leap_day]),
                ..window(0, 24 * H)
            },
            "2028-02-29T10:00:00Z",
            true,
        ),
        (
            umbral_catalog::tables::Window {
                holidays: Holidays::Except(vec![leap_day]),
                ..window(0, 24 * H)
            },
            "2028-02-29T10:00:00Z",
            false,
        ),
    ];
    for (window, start, holds) in cases {
        let mut draft = bands(false);
        draft.bands = vec![vec![window.clone()]];
        draft.plans[0].rules = vec![DraftRule {
            band: Some(0),
            ..DraftRule::default()
        }];
        let charge = price_of(&draft.catalogs(), &call("7", start, 1));
        assert_eq!(charge.is_ok(), holds, "{window:?} at {start}");
    }
}

#[test]
fn of_the_rules_of_a_prefix_priority_wins_then_what_names_more() {
    let mut draft = bands(false);
    draft.networks = vec![vec!["208".into(), "26201".into()], vec!["20810".into()]];
    let rule = DraftRule {
        zone: Some(0),
        ..DraftRule::default()
    };
    draft.plans[0].rules = vec![
        rule.clone(),
        DraftRule {
            rate: 1,
            direction: Some(Direction::Terminating),
            ..rule.clone()
        },
        DraftRule {
            rate: 2,
            roaming: Some(0),
            ..rule.clone()
        },
        DraftRule {
            rate: 3,
            roaming: Some(1),
            ..rule.clone()
        },
        DraftRule {
            rate: 3,
            priority: 5,
            band: Some(2),
            ..rule.clone()
        },
    ];
    let catalogs = draft.catalogs();
    for (terminating, network, start, cost) in [
        (false, None, "2026-05-05T10:00:00Z", "0.60"),
        (true, None, "2026-05-05T10:00:00Z", "0.06"),
        (false, Some("20801"), "2026-05-05T10:00:00Z", "0.006"),
        (false, Some("20810"), "2026-05-05T10:00:00Z", "6.00"),
        (false, Some("26201"), "2026-05-05T10:00:00Z", "0.006"),
        (false, Some("310"), "2026-05-05T10:00:00Z", "U-0032"),
        (true, None, "2026-05-05T01:00:00Z", "6.00"),
    ] {
        let mut record = call("3491", start, 60);
        record.network = network;
        if terminating {
            record.direction = Direction::Terminating;
        }
        assert_eq!(
            amount(&price_of(&catalogs, &record)),
            cost,
            "{terminating} {network:?}"
        );
    }
}

#[test]
fn data_is_spread_evenly_over_its_session() {
    let mut draft = bands(false);
    draft.rates[0] = stepped(&[(0, "1.00", 1_000_000, 1)]);
    draft.rates[1] = stepped(&[(0, "0.10", 1_000_000, 1)]);
    let rule = |band, rate| DraftRule {
        band: Some(band),
        rate,
        ..DraftRule::default()
    };
    draft.plans[0].rules = vec![rule(0, 0), rule(1, 1)];
    let catalogs = draft.catalogs();
    // An hour and a half around 20:00 in Madrid (18:00 UTC in July): a third before it.
    for (octets, seconds, cost) in [
        (3_000_000, Some(5400), "1.20"),
        (3_000_000, None, "3.00"),
        (3_000_000, Some(0), "3.00"),
        (0, Some(5400), "0.00"),
        // Three octets: the second one begins at the boundary, and is cheap.
        (3, Some(5400), "0.000001"),
    ] {
        let record = data("2026-07-01T17:30:00Z", octets, seconds);
        assert_eq!(
            amount(&price_of(&catalogs, &record)),
            cost,
            "{octets} in {seconds:?}"
        );
    }
}

#[test]
fn versions_and_plan_changes_cut_the_record() {
    let zone = zone_rules(chrono_tz::Europe::Madrid);
    let version = |first: &str, second: &str| {
        let mut draft = flat(stepped(&[(0, first, MIN, S)]));
        draft.rates.push(stepped(&[(0, second, MIN, S)]));
        draft.plans.push(DraftPlan {
            rules: vec![DraftRule {
                rate: 1,
                ..DraftRule::default()
            }],
            ..DraftPlan::default()
        });
        draft.catalog(&zone)
    };
    let mut catalogs = CatalogSet::new();
    catalogs.activate(version("0.60", "6.00"), at("2026-01-01T00:00:00Z"));
    catalogs.activate(version("0.30", "3.00"), at("2026-06-01T00:00:00Z"));
    let changes = [
        (at("2026-01-01T00:00:00Z"), PlanNo(0)),
        (at("2026-06-01T00:02:00Z"), PlanNo(1)),
    ];
    for (start, seconds, outcome) in [
        ("2026-05-31T23:59:00Z", 60, "60/60@0.60"),
        ("2026-05-31T23:59:00Z", 120, "60/60@0.60 60/60@0.30"),
        (
            "2026-05-31T23:59:00Z",
            240,
            "60/60@0.60 120/120@0.30 60/60@3.00",
        ),
        ("2026-06-01T00:02:00Z", 60, "60/60@3.00"),
        ("2025-12-31T23:59:59Z", 60, "U-0030"),
    ] {
        let charge = rate(
            &catalogs,
            Tariff::Plans(&changes),
            &call("7", start, seconds),
        );
        let shown = charge.as_ref().map_or_else(|_| amount(&charge), segments);
        assert_eq!(shown, outcome, "{start}");
    }
}

#[test]
fn profiles_activate_by_time_and_fall_back() {
    let mut draft = bands(false);
    let only = |zone: usize, rate: usize| DraftPlan {
        rules: vec![DraftRule {
            zone: Some(zone),
            rate,
            ..DraftRule::default()
        }],
        ..DraftPlan::default()
    };
    draft.zones = (0..6).map(|zone| vec![format!("{zone}")]).collect();
    draft.rates = (1..7)
        .map(|n| stepped(&[(0, &format!("0.{n}0"), MIN, S)]))
        .collect();
    draft.plans = (0..6).map(|zone| only(zone, zone)).collect();
    let jan = "2026-01-01T00:00:00Z";
    draft.profiles = vec![
        ("t/call/*any", vec![(jan, 0, vec!["t/call/far"])]),
        (
            "t/call/own",
            vec![(
                "2026-02-01T00:00:00Z",
                1,
                vec!["t/call/nobody", "t/call/one", "t/call/*any"],
            )],
        ),
        ("t/call/one", vec![(jan, 2, vec!["t/call/two"])]),
        (
            "t/call/two",
            vec![(jan, 3, vec!["t/call/three", "t/call/own"])],
        ),
        ("t/call/three", vec![(jan, 4, vec!["t/call/far"])]),
        ("t/call/far", vec![(jan, 5, vec![])]),
        (
            "t/call/twice",
            vec![(jan, 1, vec![]), ("2026-02-01T00:00:00Z", 2, vec![])],
        ),
        ("t/call/early", vec![("2026-02-01T00:00:00Z", 1, vec![])]),
    ];
    let catalogs = draft.catalogs();
    for (profile, to, start, cost) in [
        // No profile of its own: `*any`, whose fallbacks do not count.
        ("t/call/guest", "0", "2026-03-01T00:00:00Z", "0.10"),
        ("t/call/guest", "5", "2026-03-01T00:00:00Z", "U-0032"),
        ("t/data/guest", "0", "2026-03-01T00:00:00Z", "U-0034"),
        ("u/call/guest", "0", "2026-03-01T00:00:00Z", "U-0034"),
        ("nonsense", "0", "2026-03-01T00:00:00Z", "U-0034"),
        ("t/call/guest", "0", "2025-12-31T23:00:00Z", "U-0034"),
        // Its own plan, then fallbacks in order and depth first, three levels deep.
        ("t/call/own", "1", "2026-03-01T00:00:00Z", "0.20"),
        ("t/call/own", "2", "2026-03-01T00:00:00Z", "0.30"),
        ("t/call/own", "3", "2026-03-01T00:00:00Z", "0.40"),
        ("t/call/own", "4", "2026-03-01T00:00:00Z", "0.50"),
        ("t/call/own", "5", "2026-03-01T00:00:00Z", "U-0032"),
        ("t/call/own", "0", "2026-03-01T00:00:00Z", "0.10"),
        // Before its first activation a subject has no profile of its own.
        ("t/call/own", "0", "2026-01-15T00:00:00Z", "0.10"),
        ("t/call/twice", "1", "2026-01-15T00:00:00Z", "0.20"),
        ("t/call/twice", "1", "2026-03-01T00:00:00Z", "U-0032"),
        ("t/call/twice", "2", "2026-03-01T00:00:00Z", "0.30"),
    ] {
        let charge = rate(&catalogs, Tariff::Profile(profile), &call(to, start, 60));
        assert_eq!(amount(&charge), cost, "{profile} to {to} at {start}");
    }
    // Fallback "own -> one -> two -> own" is a circle, and ends.
    let charge = rate(
        &catalogs,
        Tariff::Profile("t/call/two"),
        &call("9", "2026-03-01T00:00:00Z", 60),
    );
    assert_eq!(amount(&charge), "U-0032");
}

#[test]
fn a_later_activation_cuts_the_record() {
    let mut draft = flat(stepped(&[(0, "0.60", MIN, S)]));
    draft.rates.push(stepped(&[(0, "0.06", MIN, S)]));
    draft.plans.push(DraftPlan {
        rules: vec![DraftRule {
            rate: 1,
            ..DraftRule::default()
        }],
        ..DraftPlan::default()
    });
    let (jan, feb) = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z");
    draft.profiles = vec![
        ("t/c/*any", vec![(jan, 0, vec![])]),
        ("t/c/s", vec![(jan, 0, vec![]), (feb, 1, vec![])]),
        ("t/c/new", vec![(feb, 1, vec![])]),
    ];
    let catalogs = draft.catalogs();
    for profile in ["t/c/s", "t/c/new"] {
        let record = call("7", "2026-01-31T23:59:30Z", 60);
        let charge = rate(&catalogs, Tariff::Profile(profile), &record).unwrap();
        assert_eq!(segments(&charge), "30/30@0.60 30/30@0.06", "{profile}");
        assert_eq!(charge.plan, PlanNo(0));
    }
}

#[test]
fn what_no_rule_prices_is_rejected_with_its_particulars() {
    let mut draft = bands(false);
    draft.plans[0].rules.truncate(3);
    for rule in &mut draft.plans[0].rules {
        rule.service = Some(0);
    }
    let catalogs = draft.catalogs();
    let record = call("35600", "2026-05-05T10:00:00Z", 60);
    let sms = Record {
        service: "sms",
        ..record
    };
    let fax = Record {
        service: "fax",
        ..record
    };
    let night = Record {
        start: at("2026-05-05T22:00:00Z"),
        to: "3461",
        ..record
    };
    let zone = Record {
        zone: Some("moon"),
        ..record
    };
    for (record, reason, parts) in [
        (
            record,
            Reason::NoDestinationRule,
            vec!["p0", "voice", "35600", "2026-05-05T10:00:00Z"],
        ),
        (sms, Reason::NoServiceRule, vec!["p0", "sms"]),
        (fax, Reason::UnknownService, vec!["fax"]),
        (
            night,
            Reason::NoRuleAtThatTime,
            vec!["p0", "3461", "00:00:00 in Europe/Madrid"],
        ),
        (zone, Reason::UnknownZone, vec!["moon"]),
    ] {
        let rejection = price_of(&catalogs, &record).unwrap_err();
        assert_eq!(rejection.reason, reason);
        for part in parts {
            assert!(
                rejection.detail.contains(part),
                "{part} in {}",
                rejection.detail
            );
        }
    }
    let named = Record {
        zone: Some("z0"),
        to: "",
        ..record
    };
    assert_eq!(amount(&price_of(&catalogs, &named)), "0.60");
    let unknown = rate(&catalogs, Tariff::Plan(PlanNo(7)), &record).unwrap_err();
    assert_eq!(unknown.reason, Reason::UnknownPlan);
}

#[test]
fn what_cannot_be_computed_exactly_is_rejected() {
    let huge = stepped(&[(0, "1000000000000", 1, 1)]);
    let coprime = stepped(&[
        (0, "0.000000000001", (1 << 61) - 1, 1),
        (1, "0.000000000001", u64::MAX, 1),
        (2, "0.000000000001", u64::MAX - 58, 1),
    ]);
    for (rate_, octets) in [(huge, u64::MAX / 2), (coprime, 3)] {
        let charge = price_of(
            &flat(rate_).catalogs(),
            &data("2026-05-05T10:00:00Z", octets, None),
        );
        assert_eq!(charge.unwrap_err().reason, Reason::PriceOutOfRange);
    }
    let flat = flat(stepped(&[(0, "0.01", MIN, S)])).catalogs();
    let long = Record {
        quantity: u64::MAX,
        ..call("7", "2026-05-05T10:00:00Z", 1)
    };
    assert_eq!(
        price_of(&flat, &long).unwrap_err().reason,
        Reason::PriceOutOfRange
    );
}

#[test]
fn usage_beyond_the_last_instant_is_rejected() {
    let catalogs = flat(stepped(&[(0, "0.01", MIN, S)])).catalogs();
    let cases = [
        call("7", "2026-03-02T10:00:00Z", 9_000_000_000),
        call("7", "2262-04-11T23:47:00Z", 61),
        data("2026-03-02T10:00:00Z", 1_000_000_000, Some(9_000_000_000)),
        Record {
            continued: Some(u64::MAX),
            ..call("7", "2026-03-02T10:00:00Z", 60)
        },
    ];
    for record in cases {
        let refused = price_of(&catalogs, &record).unwrap_err();
        assert_eq!(refused.reason, Reason::PriceOutOfRange, "{record:?}");
    }
    let last = call("7", "2262-04-11T23:46:00Z", 60);
    assert_eq!(
        price_of(&catalogs, &last).map(|charge| charge.amount),
        Ok(Money::from_micros(10_000))
    );
}

#[test]
fn different_price_units_add_up_exactly() {
    // A third, a sixth and a half of a cent: one cent, rounded down.
    let thirds = stepped(&[(0, "0.01", 3, 1), (1, "0.01", 6, 1), (2, "0.01", 2, 1)]);
    let catalogs = flat(rounded(thirds, RoundingMode::Down, 6)).catalogs();
    let charge = price_of(&catalogs, &data("2026-05-05T10:00:00Z", 3, None)).unwrap();
    assert_eq!(charge.amount.to_string(), "0.01");
}

#[test]
fn work_does_not_grow_with_increments() {
    let catalogs = flat(stepped(&[(0, "0.001", 1, 1)])).catalogs();
    let record = data("2026-05-05T10:00:00Z", 1_000_000_000_000, None);
    let charge = price_of(&catalogs, &record).unwrap();
    assert_eq!(
        (charge.amount.to_string().as_str(), charge.segments.len()),
        ("1000000000.00", 1)
    );
    assert_eq!(charge.segments[0].billed, 1_000_000_000_000);
    assert_eq!(record.start, Timestamp::from_seconds(1_777_975_200));
}

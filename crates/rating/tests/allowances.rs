//! What allowances take of a record, a table of cases for each rule.

#![allow(clippy::unwrap_used)]

mod common;

use common::written::{answer, catalogs, taken, told};
use umbral_catalog::version::CatalogSet;
use umbral_model::ids::{AllowanceNo, GrantNo, PlanNo, VersionNo};
use umbral_model::input::Direction;
use umbral_model::time::Timestamp;
use umbral_rating::{Account, Available, Record, Tariff, rate_for};

const TARIFF: &str = r#"
[zone.national]
prefixes = ["34"]
[zone.far]
prefixes = ["57"]

[band.weekend]
weekdays = "Sat-Sun"
[band.night]
from = "22:00"
to = "06:00"

[rate.call]
setup = "0.15"
price = "0.06 per minute"
increments = "60s, then 1s"
minimum = "0.40"
maximum = "2.00"
[rate.far]
steps = [
  { price = "0.60 per minute", increment = "60s" },
  { from = "2m", price = "0.12 per minute", increment = "1s" },
]
[rate.gift]
price = "free"
[rate.pays]
price = "-0.06 per minute"
allow_negative = true
[rate.text]
price = "0.10 per event"
[rate.octets]
price = "2.00 per GB"
increments = "10MB"

[plan.p]
rules = [
  { service = "voice", zone = "national", direction = "originating", rate = "call" },
  { service = "voice", zone = "far", direction = "originating", rate = "far" },
  { service = "voice", zone = "national", direction = "terminating", rate = "gift" },
  { service = "voice", zone = "far", direction = "terminating", rate = "pays" },
  { service = "sms", rate = "text" },
  { service = "data", rate = "octets" },
]
allowances = [
  { name = "any", service = "voice", units = "100m" },
  { name = "first", service = "voice", units = "100m", priority = 5 },
  { name = "last", service = "voice", units = "100m", priority = -5 },
  { name = "national", service = "voice", units = "100m", zone = "national", waive_setup = true },
  { name = "made", service = "voice", units = "100m", direction = "originating" },
  { name = "weekend", service = "voice", units = "100m", band = "weekend", priority = 10 },
  { name = "night", service = "voice", units = "100m", band = "night", priority = 5, waive_setup = true },
  { name = "data", service = "data", units = "1GB" },
  { name = "night data", service = "data", units = "1GB", band = "night", priority = 1 },
  { name = "messages", service = "sms", units = "100" },
]
[plan.other]
rules = [ { service = "sms", rate = "text" } ]

[product.pack]
price = "5"
allowances = [
  { name = "minutes", service = "voice", units = "30m", valid = "30 days", priority = 7 },
  { name = "data", service = "data", units = "1GB", valid = "24h" },
]
"#;

fn tariff() -> CatalogSet {
    catalogs(&[("2026-01-01", "", TARIFF)])
}

/// A call to Spain (34) or far away (57) on Monday 2 March 2026 at ten.
fn call(to: &str, usage: &str, left: &str) -> String {
    format!(
        r#""plan":"p","service":"voice","to":"{to}","start":"2026-03-02T10:00:00+01:00","usage":"{usage}","left":{{{left}}}"#
    )
}

fn check(lines: &[(String, &str, &str)]) {
    let tariff = tariff();
    for (line, outcome, took) in lines {
        let answer = answer(&tariff, line);
        let found = (told(&answer), taken(&answer));
        assert_eq!(
            (found.0.as_str(), found.1.as_str()),
            (*outcome, *took),
            "{line}: {answer}"
        );
    }
}

#[test]
fn the_first_billed_units_are_taken_and_money_goes_on_at_its_price_step() {
    check(&[
        // Steps of a minute for two minutes, then seconds: two minutes cost 1.20, three 1.32.
        (call("57300", "3m", ""), "1.32: far 120s far 60s", ""),
        (
            call("57300", "3m", r#""any":"90s""#),
            "0.42: far 120s-90s far 60s",
            "any 90s (0s left)",
        ),
        (
            call("57300", "3m", r#""any":"2m30s""#),
            "0.06: far 120s-120s far 60s-30s",
            "any 120s (30s left), any 30s (0s left)",
        ),
        (
            call("57300", "3m", r#""any":"3m""#),
            "0.00: far 120s-120s far 60s-60s",
            "any 120s (60s left), any 60s (0s left)",
        ),
        (
            call("57300", "3m", r#""any":"0""#),
            "1.32: far 120s far 60s",
            "",
        ),
    ]);
}

#[test]
fn an_increment_larger_than_what_is_left_is_paid_in_part() {
    check(&[
        // One second is billed as a minute; ten seconds of it are left, 50 s cost 0.50.
        (
            call("57300", "1s", r#""any":"10s""#),
            "0.50: far 60s-10s",
            "any 10s (0s left)",
        ),
        // Lengthened units are taken like others.
        (
            call("57300", "1s", r#""any":"5m""#),
            "0.00: far 60s-60s",
            "any 60s (240s left)",
        ),
        (
            r#""plan":"p","service":"data","start":"2026-03-02T10:00:00Z","usage":"15MB","left":{"data":"12MB"}"#.into(),
            "0.016: octets 20MB-12MB",
            "data 12MB (0B left)",
        ),
        (
            r#""plan":"p","service":"sms","start":"2026-03-02T10:00:00Z","usage":"3","left":{"messages":"2"}"#.into(),
            "0.10: text 3-2",
            "messages 2 (0 left)",
        ),
    ]);
}

#[test]
fn grants_are_spent_by_priority_then_as_they_come() {
    check(&[
        (
            call(
                "57300",
                "3m",
                r#""last":"1m","any":"1m","first":"30s","made":"10s""#,
            ),
            "0.04: far 120s-120s far 60s-40s",
            "first 30s (0s left), any 60s (0s left), made 10s (0s left), last 20s (40s left), last 40s (0s left)",
        ),
        (
            call("57300", "1m", r#""made":"40s","any":"40s""#),
            "0.00: far 60s-60s",
            "made 40s (0s left), any 20s (20s left)",
        ),
        // Those of products lie among those of the plan.
        (
            call("57300", "1m", r#""first":"1m","pack/minutes":"40s""#),
            "0.00: far 60s-60s",
            "minutes 40s (0s left), first 20s (40s left)",
        ),
    ]);
}

#[test]
fn what_an_allowance_does_not_cover_it_does_not_take() {
    let all = r#""national":"1h","made":"0","data":"1GB","messages":"9""#;
    check(&[
        (call("57300", "1m", all), "0.60: far 60s", ""),
        (
            call("34600", "1m", r#""national":"1h""#),
            "0.00: call 60s-60s",
            "national 60s (3540s left)",
        ),
        // What costs nothing or pays is never taken.
        (
            call("34600", "1m", r#""any":"1h""#)
                .replace("\"to\"", "\"direction\":\"terminating\",\"from\""),
            "0.00: gift 60s",
            "",
        ),
        (
            call("57300", "1m", r#""any":"1h""#)
                .replace("\"to\"", "\"direction\":\"terminating\",\"from\""),
            "-0.06: pays 60s",
            "",
        ),
        (call("57300", "0", r#""any":"1h""#), "0.00:", ""),
    ]);
}

#[test]
fn setup_minimum_and_maximum_beside_allowances() {
    check(&[
        // 0.15 + 0.06 is raised to 0.40; a minute more makes 0.27, an hour 2.00 at most.
        (call("34600", "1m", ""), "0.40: call 60s + 0.15", ""),
        (
            call("34600", "1h", ""),
            "2.00: call 60s call 3540s + 0.15",
            "",
        ),
        // One unit taken: no minimum any more. The setup fee stays unless the allowance waives it.
        (
            call("34600", "1m", r#""any":"20s""#),
            "0.19: call 60s-20s + 0.15",
            "any 20s (0s left)",
        ),
        (
            call("34600", "1m", r#""any":"1h""#),
            "0.15: call 60s-60s + 0.15",
            "any 60s (3540s left)",
        ),
        (
            call("34600", "1m", r#""national":"20s""#),
            "0.04: call 60s-20s",
            "national 20s (0s left)",
        ),
        // It waives only where it took something.
        (
            call("34600", "1m", r#""first":"1m","national":"1m""#),
            "0.15: call 60s-60s + 0.15",
            "first 60s (0s left)",
        ),
        // The maximum holds always.
        (
            call("34600", "1h", r#""any":"20m""#),
            "2.00: call 60s-60s call 3540s-1140s + 0.15",
            "any 60s (1140s left), any 1140s (0s left)",
        ),
        // A later leg has no setup fee to waive.
        (
            call("34600", "1m", r#""any":"20s""#) + r#","continued":true"#,
            "0.04: call 60s-20s",
            "any 20s (0s left)",
        ),
    ]);
}

#[test]
fn bands_of_an_allowance_are_its_own() {
    let friday = |start: &str, usage: &str, left: &str| {
        format!(
            r#""plan":"p","service":"voice","to":"57300","start":"{start}","usage":"{usage}","left":{{{left}}}"#
        )
    };
    check(&[
        // Friday 23:58 to Saturday 00:03: the last three minutes are weekend minutes.
        (
            friday("2026-03-06T23:58:00+01:00", "5m", r#""weekend":"100m""#),
            "1.20: far 120s far 180s-180s",
            "weekend 180s (5820s left)",
        ),
        // Sunday 23:59: one weekend minute; then the allowance that holds always.
        (
            friday(
                "2026-03-08T23:59:00+01:00",
                "5m",
                r#""weekend":"100m","any":"100m""#,
            ),
            "0.00: far 120s-120s far 180s-180s",
            "weekend 60s (5940s left), any 60s (5940s left), any 180s (5760s left)",
        ),
        // Two stretches of a night in one segment are one part of it.
        (
            friday("2026-03-03T05:55:00+01:00", "16h6m", r#""night":"100m""#),
            "115.20: far 120s-120s far 57840s-240s",
            "night 120s (5880s left), night 240s (5640s left)",
        ),
        // The night before the clocks go forward is seven hours long: 22:00 to 06:00 without 02:00 to 03:00.
        (
            friday("2026-03-28T21:00:00+01:00", "9h", r#""night":"600m""#),
            "15.36: far 120s far 32280s-25200s",
            "night 25200s (10800s left)",
        ),
        // And nine hours long when they go back.
        (
            friday("2026-10-24T21:00:00+02:00", "11h", r#""night":"600m""#),
            "15.36: far 120s far 39480s-32400s",
            "night 32400s (3600s left)",
        ),
        // Lengthened units begin where time gives them: 21:59:30 and one second are billed to 22:00:30.
        (
            friday("2026-03-02T21:59:30+01:00", "1s", r#""night":"100m""#),
            "0.30: far 60s-30s",
            "night 30s (5970s left)",
        ),
    ]);
}

#[test]
fn data_lies_in_time_as_far_as_its_duration_goes() {
    let data = |start: &str, duration: &str| {
        format!(
            r#""plan":"p","service":"data","start":"{start}","usage":"100MB",{duration}"left":{{"night data":"1GB"}}"#
        )
    };
    check(&[
        // An hour from 21:30 on: half of it at night.
        (
            data("2026-03-02T21:30:00+01:00", r#""duration":"1h","#),
            "0.10: octets 100MB-50MB",
            "night data 50MB (950MB left)",
        ),
        // Without a duration all of it lies at the start.
        (
            data("2026-03-02T21:30:00+01:00", ""),
            "0.20: octets 100MB",
            "",
        ),
        (
            data("2026-03-02T22:00:00+01:00", ""),
            "0.00: octets 100MB-100MB",
            "night data 100MB (900MB left)",
        ),
    ]);
}

#[test]
fn a_grant_holds_as_it_was_sold() {
    let later = TARIFF
        .replace("from = \"22:00\"", "from = \"23:00\"")
        .replace(
            r#"zone = "national", waive_setup = true"#,
            r#"zone = "far""#,
        )
        .replace(
            "[rate.call]",
            "[rate.more]\nprice = \"1.00 per event\"\n[rate.call]",
        );
    let tariff = catalogs(&[("2026-01-01", "", TARIFF), ("2026-06-01", "", &later)]);
    let version = |number| tariff.get(VersionNo(number)).unwrap();
    let night = |number| {
        version(number)
            .catalog
            .allowances
            .iter()
            .position(|a| a.name == "night")
    };
    let national = |number| {
        version(number)
            .catalog
            .allowances
            .iter()
            .position(|a| a.name == "national")
    };
    let at = |text: &str| Timestamp::parse(text).unwrap();
    // From 22:30 on for an hour, in June: the night of the old version begins at 22:00, that of the new at 23:00.
    for (number, allowance, to, seconds) in [
        (0, night(0), "57300", 3600),
        (1, night(1), "57300", 1800),
        (0, national(0), "34600", 3600),
        (0, national(0), "57300", 0),
        (1, national(1), "57300", 3600),
        (1, national(1), "34600", 0),
    ] {
        let grant = Available {
            grant: GrantNo(7),
            version: version(number),
            allowance: AllowanceNo(allowance.unwrap() as u16),
            left: 7_200_000_000_000,
            left_abroad: None,
        };
        let record = Record {
            service: "voice",
            direction: Direction::Originating,
            to,
            whole: true,
            zone: None,
            network: None,
            start: at("2026-06-02T22:30:00+02:00"),
            quantity: 3_600_000_000_000,
            duration: None,
            continued: None,
        };
        let account = Account {
            allowances: &[grant],
            ..Account::default()
        };
        let charge = rate_for(&tariff, Tariff::Plan(PlanNo(0)), &record, &account).unwrap();
        let units: u64 = charge.covered.iter().map(|part| part.units).sum();
        assert_eq!(units, seconds * 1_000_000_000, "{number} {to}: {charge:?}");
        assert!(charge.covered.iter().all(|part| part.grant == GrantNo(7)));
    }
}

#[test]
fn work_does_not_grow_with_the_units_that_are_taken() {
    // 8 TB of data by 10 MB, and a year of calls: closed form, or this test would not end.
    check(&[(
        r#""plan":"p","service":"data","start":"2026-03-02T10:00:00Z","usage":"8000000TB","left":{"data":"7999999TB"}"#.into(),
        "2000.00: octets 8000000TB-7999999TB",
        "data 7999999TB (0B left)",
    )]);
}

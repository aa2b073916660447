//! Prices by the usage of a cycle: graduated and volume, at every border of their tiers.

#![allow(clippy::unwrap_used)]

mod common;

use common::written::{answer, catalogs, taken, told};
use umbral_catalog::version::CatalogSet;
use umbral_model::event::VolumeCharge;
use umbral_model::input::Scope;
use umbral_model::money::{Rounding, RoundingMode};
use umbral_rating::volume_amount;

const TARIFF: &str = r#"
[zone.near]
prefixes = ["34"]
[zone.far]
prefixes = ["57"]

[band.peak]
from = "08:00"
to = "20:00"
[band.off_peak]
from = "20:00"
to = "08:00"

[rate.text]
tiers = [
  { up_to = "100 events", price = "0.09 per event" },
  { up_to = "103 events", price = "0.07 per event" },
  { price = "0.05 per event" },
]
tier_kind = "graduated"

[rate.minutes]
tiers = [
  { up_to = "10m", price = "0.60 per minute" },
  { up_to = "20m", price = "0.30 per minute" },
  { price = "0.06 per minute" },
]
tier_kind = "graduated"
per = "member"
increment = "1m"
setup = "0.10"
minimum = "0.20"
maximum = "5.00"

[rate.octets]
tiers = [
  { up_to = "1GB", price = "4.00 per GB" },
  { up_to = "5GB", price = "3.00 per GB" },
  { price = "free" },
]
tier_kind = "volume"
increment = "1MB"
setup = "0.01"

[rate.night]
tiers = [
  { up_to = "1h", price = "0.60 per minute" },
  { price = "0.30 per minute" },
]
tier_kind = "volume"

[plan.p]
rules = [
  { service = "sms", rate = "text" },
  { service = "voice", zone = "near", rate = "minutes" },
  { service = "voice", zone = "far", band = "peak", rate = "minutes" },
  { service = "voice", zone = "far", band = "off_peak", rate = "night" },
  { service = "data", rate = "octets" },
]
allowances = [
  { name = "5 minutes", service = "voice", units = "5m" },
  { name = "data", service = "data", units = "10GB" },
  { name = "texts", service = "sms", units = "50", waive_setup = true },
]
"#;

fn tariff() -> CatalogSet {
    catalogs(&[("2026-01-01", "", TARIFF)])
}

fn check(lines: &[(&str, &str)]) {
    let tariff = tariff();
    for (fields, outcome) in lines {
        let line = match fields.contains("start") {
            true => format!(r#""plan":"p",{fields}"#),
            false => format!(r#""plan":"p","start":"2026-03-02T10:00:00Z",{fields}"#),
        };
        let answer = answer(&tariff, &line);
        assert_eq!(told(&answer), *outcome, "{line}: {answer}");
    }
}

#[test]
fn graduated_units_lie_in_the_tier_that_the_counter_is_in() {
    check(&[
        // The first of a cycle, the last of the first tier, the first of the second one.
        (r#""service":"sms","usage":"1""#, "0.09: text 1 t1"),
        (
            r#""service":"sms","usage":"1","so_far":{"text":"0"}"#,
            "0.09: text 1 t1",
        ),
        (
            r#""service":"sms","usage":"1","so_far":{"text":"99"}"#,
            "0.09: text 1 t1",
        ),
        (
            r#""service":"sms","usage":"1","so_far":{"text":"100"}"#,
            "0.07: text 1 t2",
        ),
        (
            r#""service":"sms","usage":"1","so_far":{"text":"102"}"#,
            "0.07: text 1 t2",
        ),
        (
            r#""service":"sms","usage":"1","so_far":{"text":"103"}"#,
            "0.05: text 1 t3",
        ),
        (
            r#""service":"sms","usage":"1","so_far":{"text":"9999999"}"#,
            "0.05: text 1 t3",
        ),
        // Across one border, and across both: 1 x 0.09 + 3 x 0.07 + 2 x 0.05.
        (
            r#""service":"sms","usage":"2","so_far":{"text":"99"}"#,
            "0.16: text 1 t1 text 1 t2",
        ),
        (
            r#""service":"sms","usage":"6","so_far":{"text":"99"}"#,
            "0.40: text 1 t1 text 3 t2 text 2 t3",
        ),
        (
            r#""service":"sms","usage":"1000""#,
            "54.06: text 100 t1 text 3 t2 text 897 t3",
        ),
        // Up to a border exactly: nothing lies beyond it.
        (
            r#""service":"sms","usage":"103""#,
            "9.21: text 100 t1 text 3 t2",
        ),
    ]);
}

#[test]
fn the_end_of_a_tier_lengthens_nothing() {
    check(&[
        // Billed by the minute: 61 s are two minutes. From 9 m 30 s on half a minute lies in the first tier.
        (
            r#""service":"voice","to":"34600","usage":"61s""#,
            "1.30: minutes 120s t1 + 0.10",
        ),
        (
            r#""service":"voice","to":"34600","usage":"61s","so_far":{"minutes":"9m30s"}"#,
            "0.85: minutes 30s t1 minutes 90s t2 + 0.10",
        ),
        // Setup fee, minimum and maximum are of the whole record.
        (
            r#""service":"voice","to":"34600","usage":"1s","so_far":{"minutes":"20m"}"#,
            "0.20: minutes 60s t3 + 0.10",
        ),
        (
            r#""service":"voice","to":"34600","usage":"10m""#,
            "5.00: minutes 600s t1 + 0.10",
        ),
        (
            r#""service":"voice","to":"34600","usage":"0","so_far":{"minutes":"9m"}"#,
            "0.00:",
        ),
    ]);
    // The pieces share the usage as far as it goes: of 61 s the second piece has 31.
    let line = r#""plan":"p","start":"2026-03-02T10:00:00Z","service":"voice","to":"34600","usage":"61s","so_far":{"minutes":"9m30s"}"#;
    let answer = answer(&tariff(), line);
    let usage = |index: usize| answer["segments"][index]["usage"].clone();
    assert_eq!([usage(0), usage(1)], ["30s", "31s"]);
    assert_eq!(answer["segments"][1]["start"], "2026-03-02T11:00:30+01:00");
}

#[test]
fn all_units_of_a_volume_rate_have_the_price_of_the_tier_that_they_reach() {
    check(&[
        (
            r#""service":"data","usage":"1GB""#,
            "4.01: octets 1GB t1 + 0.01",
        ),
        (
            r#""service":"data","usage":"1001MB""#,
            "3.013: octets 1001MB t2 + 0.01",
        ),
        (
            r#""service":"data","usage":"1MB","so_far":{"octets":"999MB"}"#,
            "0.014: octets 1MB t1 + 0.01",
        ),
        (
            r#""service":"data","usage":"1MB","so_far":{"octets":"1GB"}"#,
            "0.013: octets 1MB t2 + 0.01",
        ),
        (
            r#""service":"data","usage":"2GB","so_far":{"octets":"3GB"}"#,
            "6.01: octets 2GB t2 + 0.01",
        ),
        // Lengthened units count.
        (
            r#""service":"data","usage":"1B","so_far":{"octets":"5GB"}"#,
            "0.01: octets 1MB t3 + 0.01",
        ),
        (
            r#""service":"data","usage":"2000000001B","so_far":{"octets":"3GB"}"#,
            "0.01: octets 2001MB t3 + 0.01",
        ),
    ]);
}

#[test]
fn counters_run_on_inside_a_record() {
    check(&[
        // Peak to 20:00, then the night rate, then nothing else: the minutes before and after have one counter each.
        (
            r#""service":"voice","to":"57300","start":"2026-03-02T19:55:00+01:00","usage":"70m""#,
            "5.00: minutes 300s t1 night 3900s t2 + 0.10",
        ),
        // Nights on both sides of a day count together: 1 h reached is still the first tier, a second more is not.
        (
            r#""service":"voice","to":"57300","start":"2026-03-02T07:59:00+01:00","usage":"12h2m","so_far":{"night":"58m"}"#,
            "52.20: night 60s t1 minutes 600s t1 minutes 600s t2 minutes 42000s t3 night 60s t1",
        ),
        (
            r#""service":"voice","to":"57300","start":"2026-03-02T07:59:00+01:00","usage":"12h2m","so_far":{"night":"58m1s"}"#,
            "51.60: night 60s t2 minutes 600s t1 minutes 600s t2 minutes 42000s t3 night 60s t2",
        ),
    ]);
}

#[test]
fn units_that_allowances_take_do_not_count() {
    let tariff = tariff();
    for (fields, outcome, took) in [
        // Five of eight minutes are covered; of three one lies in the first tier.
        (
            r#""service":"voice","to":"34600","usage":"8m","so_far":{"minutes":"9m"},"left":{"5 minutes":"5m"}"#,
            "1.30: minutes 360s-300s t1 minutes 120s t2 + 0.10",
            "5 minutes 300s (0s left)",
        ),
        (
            r#""service":"voice","to":"34600","usage":"2m","so_far":{"minutes":"9m"},"left":{"5 minutes":"5m"}"#,
            "0.10: minutes 120s-120s t1 + 0.10",
            "5 minutes 120s (180s left)",
        ),
        (
            r#""service":"voice","to":"34600","usage":"2m","so_far":{"minutes":"10m"},"left":{"5 minutes":"5m"}"#,
            "0.10: minutes 120s-120s t2 + 0.10",
            "5 minutes 120s (180s left)",
        ),
        (
            r#""service":"data","usage":"3GB","left":{"data":"2GB"}"#,
            "4.01: octets 3GB-2GB t1 + 0.01",
            "data 2GB (0B left)",
        ),
        // Also where the tier reached costs nothing: which one that is, is not known before.
        (
            r#""service":"data","usage":"3GB","so_far":{"octets":"9GB"},"left":{"data":"2GB"}"#,
            "0.01: octets 3GB-2GB t3 + 0.01",
            "data 2GB (0B left)",
        ),
    ] {
        let line = format!(r#""plan":"p","start":"2026-03-02T10:00:00Z",{fields}"#);
        let answer = answer(&tariff, &line);
        assert_eq!(
            (told(&answer).as_str(), taken(&answer).as_str()),
            (outcome, took),
            "{fields}"
        );
    }
}

#[test]
fn a_later_version_prices_its_part_by_its_own_tiers_from_one_counter() {
    let later = TARIFF.replace("0.60 per minute", "1.20 per minute");
    let tariff = catalogs(&[("2026-01-01", "", TARIFF), ("2026-06-01", "", &later)]);
    // 23:55 to 00:15 in June's first night: five minutes of the old version, fifteen of the new one. From 7 minutes
    // on 3 lie in the first tier, then 10 in the second, then 7 in the third.
    let line = r#""plan":"p","service":"voice","to":"34600","start":"2026-05-31T23:55:00+02:00","usage":"20m","so_far":{"minutes":"7m"}"#;
    let found = answer(&tariff, line);
    assert_eq!(
        told(&found),
        "5.00: minutes 180s t1 minutes 120s t2 minutes 480s t2 minutes 420s t3 + 0.10"
    );
    let line = line.replace("7m", "9m").replace("20m", "6m");
    assert_eq!(
        told(&answer(&tariff, &line)),
        "2.20: minutes 60s t1 minutes 240s t2 minutes 60s t2 + 0.10"
    );
    let line = line.replace("9m", "0").replace("23:55", "23:59");
    // One minute at 0.60, five at 1.20.
    assert_eq!(
        told(&answer(&tariff, &line)),
        "5.00: minutes 60s t1 minutes 300s t1 + 0.10"
    );
}

/// A volume charge of units before and after at tiers of 0.09, 0.07 and 0.05 for an event.
fn volume(before: (u64, &str), after: (u64, &str), own: &str, bps: u32) -> VolumeCharge {
    VolumeCharge {
        rate: "text".into(),
        member: None,
        scope: Scope::All,
        from_tier: 0,
        to_tier: 1,
        units_before: before.0,
        units_after: after.0,
        from_price: common::price(before.1),
        from_unit: 1,
        to_price: common::price(after.1),
        to_unit: 1,
        own: common::price(own),
        discount_bps: bps,
    }
}

#[test]
fn a_volume_charge_brings_the_cycle_to_the_price_of_the_tier_that_it_reached() {
    let rounding = Rounding {
        mode: RoundingMode::HalfUp,
        decimals: 2,
    };
    for (charge, amount) in [
        // 100 units at 0.09, then 5 at 0.07: the 100 cost 2.00 less.
        (volume((100, "0.09"), (105, "0.07"), "0.35", 0), "-2.00"),
        // The 5 are taken back at 0.07: the 100 cost 2.00 more again.
        (volume((105, "0.07"), (100, "0.09"), "-0.35", 0), "2.00"),
        (volume((100, "0.09"), (105, "0.07"), "0.35", 1000), "-1.80"),
        (volume((0, "0.09"), (105, "0.07"), "7.35", 0), "0.00"),
        // Rounded once, halves away from zero.
        (volume((1, "0.09"), (2, "0.085"), "0.085", 0), "-0.01"),
        (volume((1, "0.09"), (2, "0.0851"), "0.0851", 0), "0.00"),
    ] {
        let found = volume_amount(&charge, rounding).unwrap();
        assert_eq!(found.to_string(), amount, "{charge:?}");
    }
}

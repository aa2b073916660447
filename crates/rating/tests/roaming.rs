//! Where a record was served and which number it was for: home, visited and other networks, calls received
//! abroad, whole numbers against prefixes, emergency numbers.

#![allow(clippy::unwrap_used)]

mod common;

use common::written::{answer, catalogs, taken, told};
use umbral_catalog::version::CatalogSet;

const HEAD: &str = r#"
home_networks = ["21407", "21419"]
emergency = ["112", "061", "116000"]
"#;
const TARIFF: &str = r#"
[zone.national]
prefixes = ["34"]
[zone.france]
prefixes = ["33"]
[zone.germany]
prefixes = ["49"]
[zone.special]
prefixes = ["10"]
[zone.care]
numbers = ["1004", "10045"]

[network.eu_france]
networks = ["208"]
country_code = "33"
[network.eu_germany]
networks = ["262"]
country_code = "49"
[network.ships]
networks = ["20899"]
[network.world]
networks = ["*"]

[rate.at_home]
price = "0.06 per minute"
[rate.abroad]
price = "0.60 per minute"
[rate.special]
price = "0.30 per minute"
[rate.care]
price = "free"
[rate.local]
price = "0.12 per minute"
[rate.home_again]
price = "0.18 per minute"
[rate.across]
price = "0.24 per minute"
[rate.received]
price = "0.03 per minute"
[rate.ship]
price = "3.00 per minute"
[rate.far]
price = "1.20 per minute"
[rate.far_received]
price = "0.90 per minute"
[rate.octets]
price = "2.00 per GB"
increments = "1kB"

[plan.travel]
rules = [
  { service = "voice", zone = "national", rate = "at_home" },
  { service = "voice", zone = ["france", "germany"], rate = "abroad" },
  { service = "voice", zone = "special", rate = "special" },
  { service = "voice", zone = "care", rate = "care" },
  { service = "voice", roaming = "eu_france", visited = true, direction = "originating", rate = "local" },
  { service = "voice", roaming = "eu_germany", visited = true, direction = "originating", rate = "local" },
  { service = "voice", roaming = "eu_france", zone = "national", direction = "originating", rate = "home_again" },
  { service = "voice", roaming = "eu_germany", zone = "national", direction = "originating", rate = "home_again" },
  { service = "voice", roaming = "eu_france", direction = "originating", rate = "across" },
  { service = "voice", roaming = "eu_germany", direction = "originating", rate = "across" },
  { service = "voice", roaming = "eu_france", direction = "terminating", rate = "received" },
  { service = "voice", roaming = "eu_germany", direction = "terminating", rate = "received" },
  { service = "voice", roaming = "ships", rate = "ship" },
  { service = "voice", roaming = "world", direction = "originating", rate = "far" },
  { service = "voice", roaming = "world", direction = "terminating", rate = "far_received" },
  { service = "data", rate = "octets" },
  { service = "data", roaming = "eu_france", rate = "octets" },
  { service = "data", roaming = "world", rate = "octets" },
]
allowances = [
  { name = "EU minutes", service = "voice", units = "60m", roaming = ["home", "eu_france", "eu_germany"], zone = ["national", "france"] },
  { name = "10 GB", service = "data", units = "10GB", roaming = ["home", "eu_france"], units_abroad = "2GB" },
]

[plan.deaf]
rules = [ { service = "data", rate = "octets" } ]
"#;

fn tariff() -> CatalogSet {
    catalogs(&[("2026-01-01", HEAD, TARIFF)])
}

fn call(to: &str, network: &str, more: &str) -> String {
    format!(
        r#""plan":"travel","service":"voice","to":"{to}","network":"{network}","start":"2026-03-02T10:00:00+01:00","usage":"1m"{more}"#
    )
}

#[test]
fn the_serving_network_decides_who_prices_a_call() {
    let tariff = tariff();
    for (to, network, outcome) in [
        // No network, one's own and one that counts as such are home.
        ("34600111222", "", "0.06: at_home 60s"),
        ("34600111222", "21407", "0.06: at_home 60s"),
        ("34600111222", "2141901", "0.06: at_home 60s"),
        ("33100111222", "21407", "0.60: abroad 60s"),
        // In France: to French numbers, back home, and to a third country.
        ("33100111222", "20801", "0.12: local 60s"),
        ("34600111222", "20801", "0.18: home_again 60s"),
        ("49151111222", "20801", "0.24: across 60s"),
        // In Germany the German numbers are the local ones.
        ("33100111222", "26201", "0.24: across 60s"),
        ("49151111222", "26201", "0.12: local 60s"),
        // The longest code decides the group; a group without a country has no local numbers.
        ("33100111222", "20899", "3.00: ship 60s"),
        // All networks that no other group lists.
        ("33100111222", "31026", "1.20: far 60s"),
        ("", "31026", "1.20: far 60s"),
    ] {
        let answer = answer(&tariff, &call(to, network, ""));
        assert_eq!(told(&answer), outcome, "{to} in {network}: {answer}");
    }
}

#[test]
fn received_calls_have_prices_of_their_own() {
    let tariff = tariff();
    let terminating = r#","direction":"terminating""#;
    for (from, network, outcome) in [
        // At home the rules of the plan do not ask for the direction.
        ("34600111222", "", "0.06: at_home 60s"),
        ("34600111222", "20801", "0.03: received 60s"),
        // Visited rules are for calls made here.
        ("33100111222", "20801", "0.03: received 60s"),
        ("33100111222", "26201", "0.03: received 60s"),
        ("34600111222", "20899", "3.00: ship 60s"),
        ("34600111222", "31026", "0.90: far_received 60s"),
    ] {
        let answer = answer(&tariff, &call(from, network, terminating));
        assert_eq!(told(&answer), outcome, "{from} in {network}: {answer}");
    }
}

#[test]
fn visited_rules_may_be_for_calls_received_or_for_both_directions() {
    let rules = |directions: &str| {
        format!(
            r#"
[network.france]
networks = ["208"]
country_code = "33"
[rate.local]
price = "0.12 per minute"
[rate.other]
price = "0.50 per minute"
[plan.travel]
rules = [
  {{ service = "voice", roaming = "france", rate = "other" }},
  {{ service = "voice", roaming = "france", visited = true, {directions} rate = "local" }},
]
"#
        )
    };
    for (directions, made, received) in [
        ("", "0.12: local 60s", "0.12: local 60s"),
        (
            r#"direction = "terminating","#,
            "0.50: other 60s",
            "0.12: local 60s",
        ),
        (
            r#"direction = "originating","#,
            "0.12: local 60s",
            "0.50: other 60s",
        ),
    ] {
        let tariff = catalogs(&[("2026-01-01", "", &rules(directions))]);
        let line = call("33100111222", "20801", "");
        assert_eq!(told(&answer(&tariff, &line)), made, "{directions}");
        let line = call("33100111222", "20801", r#","direction":"terminating""#);
        assert_eq!(told(&answer(&tariff, &line)), received, "{directions}");
        // A record that names its zone has no number; there is no home rule at all.
        let line = call("34600111222", "20801", "");
        assert_eq!(told(&answer(&tariff, &line)), "0.50: other 60s");
        let line = call("33100111222", "", "");
        assert_eq!(told(&answer(&tariff, &line)), "U-0032");
    }
}

#[test]
fn a_network_that_no_group_lists_is_not_home() {
    let listed = TARIFF.replace("networks = [\"*\"]", "networks = [\"310\"]");
    let tariff = catalogs(&[("2026-01-01", HEAD, &listed)]);
    for (network, outcome) in [
        ("31026", "1.20: far 60s"),
        ("72410", "U-0032"),
        ("21401", "U-0032"),
    ] {
        let answer = answer(&tariff, &call("34600111222", network, ""));
        assert_eq!(told(&answer), outcome, "{network}");
    }
}

#[test]
fn allowances_of_home_hold_where_they_say_so() {
    let tariff = tariff();
    for (to, network, outcome) in [
        ("34600111222", "", "0.00: at_home 60s-60s"),
        ("34600111222", "20801", "0.00: home_again 60s-60s"),
        // The number's own zone counts, also under a visited rule.
        ("33100111222", "20801", "0.00: local 60s-60s"),
        ("49151111222", "26201", "0.12: local 60s"),
        ("33100111222", "20899", "3.00: ship 60s"),
        ("34600111222", "31026", "1.20: far 60s"),
    ] {
        let line = call(to, network, r#","left":{"EU minutes":"1h"}"#);
        let answer = answer(&tariff, &line);
        assert_eq!(told(&answer), outcome, "{to} in {network}: {answer}");
    }
}

#[test]
fn of_data_so_much_may_be_used_abroad() {
    let tariff = tariff();
    let data = |network: &str, usage: &str, left: &str| {
        format!(
            r#""plan":"travel","service":"data","network":"{network}","start":"2026-03-02T10:00:00Z","usage":"{usage}","left":{{"10 GB":"{left}"}}"#
        )
    };
    for (network, usage, left, outcome, took) in [
        (
            "",
            "3GB",
            "10GB",
            "0.00: octets 3GB-3GB",
            "10 GB 3GB (7GB left)",
        ),
        (
            "20801",
            "3GB",
            "10GB",
            "2.00: octets 3GB-2GB",
            "10 GB 2GB (8GB left)",
        ),
        (
            "20801",
            "3GB",
            "1GB",
            "4.00: octets 3GB-1GB",
            "10 GB 1GB (0B left)",
        ),
        (
            "20801",
            "2GB",
            "2GB",
            "0.00: octets 2GB-2GB",
            "10 GB 2GB (0B left)",
        ),
        ("31026", "3GB", "10GB", "6.00: octets 3GB", ""),
    ] {
        let answer = answer(&tariff, &data(network, usage, left));
        assert_eq!(
            (told(&answer).as_str(), taken(&answer).as_str()),
            (outcome, took)
        );
    }
}

#[test]
fn whole_numbers_come_before_prefixes_and_match_nothing_longer() {
    let tariff = tariff();
    for (to, outcome) in [
        ("1004", "0.00: care 60s"),
        ("+1004", "0.00: care 60s"),
        ("10045", "0.00: care 60s"),
        ("100", "0.30: special 60s"),
        ("10046", "0.30: special 60s"),
        ("10040000", "0.30: special 60s"),
        // Of a longer number only the beginning is read; that is no short code.
        ("100451234", "0.30: special 60s"),
    ] {
        let answer = answer(&tariff, &call(to, "", ""));
        assert_eq!(told(&answer), outcome, "{to}: {answer}");
    }
}

#[test]
fn a_network_that_no_group_lists_is_told() {
    let head = HEAD;
    let rest = TARIFF.replace("networks = [\"*\"]", "networks = [\"310\"]");
    let tariff = catalogs(&[("2026-01-01", head, &rest)]);
    let answer = answer(&tariff, &call("33100111222", "72410", "")).to_string();
    assert!(
        answer.contains("U-0032") && answer.contains("no network group lists 72410: add it to one"),
        "{answer}"
    );
}

#[test]
fn emergency_numbers_are_never_charged() {
    let tariff = tariff();
    let free = "0.00: emergency numbers 90s";
    for (fields, outcome) in [
        (r#""plan":"travel","service":"voice","to":"112""#, free),
        (r#""plan":"travel","service":"voice","to":"+112""#, free),
        (r#""plan":"travel","service":"voice","to":"116000""#, free),
        // In a plan without calls, abroad, at sea, received, as a later leg.
        (r#""plan":"deaf","service":"voice","to":"112""#, free),
        (
            r#""plan":"travel","service":"voice","to":"112","network":"20899""#,
            free,
        ),
        (
            r#""plan":"travel","service":"voice","to":"061","network":"72410""#,
            free,
        ),
        (
            r#""plan":"travel","service":"voice","direction":"terminating","from":"112""#,
            free,
        ),
        (
            r#""plan":"travel","service":"voice","to":"112","continued":true"#,
            free,
        ),
        // No allowance is touched.
        (
            r#""plan":"travel","service":"voice","to":"112","left":{"EU minutes":"1h"}"#,
            free,
        ),
        // However it is written, and whatever zone the record names.
        (r#""plan":"travel","service":"voice","to":"112 ""#, free),
        (r#""plan":"travel","service":"voice","to":"1-1-2""#, free),
        (
            r#""plan":"travel","service":"voice","to":"112","zone":"special""#,
            free,
        ),
        (
            r#""plan":"travel","service":"voice","to":"112\u0000""#,
            "U-0004",
        ),
        // Other numbers.
        (r#""plan":"travel","service":"voice","to":"1124""#, "U-0032"),
        (
            r#""plan":"travel","service":"voice","to":"1160001234""#,
            "U-0032",
        ),
        (r#""plan":"deaf","service":"voice","to":"1123""#, "U-0031"),
        (
            r#""plan":"travel","service":"voice","to":"113","zone":"special""#,
            "0.45: special 90s",
        ),
    ] {
        let line = format!(r#"{fields},"start":"2026-03-02T10:00:00Z","usage":"90s""#);
        let answer = answer(&tariff, &line);
        assert_eq!(told(&answer), outcome, "{fields}: {answer}");
    }
    let message =
        r#""plan":"deaf","service":"sms","to":"112","start":"2026-03-02T10:00:00Z","usage":"1""#;
    assert_eq!(told(&answer(&tariff, message)), "0.00: emergency numbers 1");
    let nothing =
        r#""plan":"deaf","service":"voice","to":"112","start":"2026-03-02T10:00:00Z","usage":"0""#;
    assert_eq!(told(&answer(&tariff, nothing)), "0.00:");
}

//! `rate --batch`: lines in, lines out.

#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use umbral_catalog::version::CatalogSet;
use umbral_model::input::Direction;
use umbral_rating::batch::{Detail, rate_line};

const S: u64 = 1_000_000_000;

fn catalogs() -> CatalogSet {
    let mut draft = Draft::new(chrono_tz::Europe::Madrid);
    draft.zones = vec![vec!["34600".into()]];
    draft.bands = vec![vec![window(8 * 3600, 20 * 3600)]];
    let mut call = stepped(&[(0, "0.08", 60 * S, 30 * S), (30 * S, "0.08", 60 * S, S)]);
    call.setup = price("0.12");
    call.rounding.decimals = 4;
    draft.rates = vec![call, stepped(&[(0, "3.00", 1_000_000_000, 10_000)])];
    let rule = |service, rate| DraftRule {
        service: Some(service),
        rate,
        ..DraftRule::default()
    };
    draft.plans = vec![DraftPlan {
        rules: vec![
            DraftRule {
                zone: Some(0),
                band: Some(0),
                ..rule(0, 0)
            },
            DraftRule {
                direction: Some(Direction::Terminating),
                ..rule(0, 1)
            },
            rule(1, 1),
            rule(2, 1),
        ],
        ..DraftPlan::default()
    }];
    draft.profiles = vec![("t/call/*any", vec![("2026-01-01T00:00:00Z", 0, vec![])])];
    draft.catalogs()
}

fn answer(line: &str, detail: Detail) -> String {
    let mut out = b"before\n".to_vec();
    rate_line(&catalogs(), line.as_bytes(), detail, &mut out);
    let text = String::from_utf8(out).unwrap();
    let answer = text.strip_prefix("before\n").unwrap();
    serde_json::from_str::<serde_json::Value>(answer).unwrap_or_else(|e| panic!("{answer}: {e}"));
    answer.trim_end().to_owned()
}

#[test]
fn a_charge_with_its_explanation() {
    let line = r#"{"id":"1","plan":"p0","service":"voice","to":"+34600111222","start":"2026-03-02T10:00:00+01:00","usage":"61s"}"#;
    assert_eq!(
        answer(line, Detail::Full),
        concat!(
            r#"{"id":"1","amount":"0.2013","currency":"EUR","catalog_version":"v","plan":"p0","service":"voice","#,
            r#""rule":"rule 0","prefix":"34600","zone":"z0","segments":["#,
            r#"{"rate":"r0","band":"b0","start":"2026-03-02T10:00:00+01:00","usage":"30s","billed":"30s","#,
            r#""increment":"30s","price":"0.08","per":"60s","amount":"0.04"},"#,
            r#"{"rate":"r0","band":"b0","start":"2026-03-02T10:00:30+01:00","usage":"31s","billed":"31s","#,
            r#""increment":"1s","price":"0.08","per":"60s","amount":"0.041333333333"}],"#,
            r#""setup":"0.12","rounding":{"mode":"half_up","decimals":4}}"#,
        )
    );
    assert_eq!(
        answer(line, Detail::Brief),
        r#"{"id":"1","amount":"0.2013","currency":"EUR"}"#
    );
}

#[test]
fn lines_that_are_priced() {
    for (fields, cost) in [
        (r#""plan":"p0","service":"data","usage":"1GB""#, "3.00"),
        (r#""plan":"p0","service":"data","usage":1000000000"#, "3.00"),
        (
            r#""plan":"p0","service":"data","usage":"1kB","duration":"1h""#,
            "0.00003",
        ),
        (
            r#""profile":"t/call/x","service":"data","usage":"1GB""#,
            "3.00",
        ),
        (
            r#""plan":"p0","service":"voice","to":"34600111222","usage":61"#,
            "0.2013",
        ),
        (
            r#""plan":"p0","service":"voice","to":"34600111222","usage":"61s","duration":"61s""#,
            "0.2013",
        ),
        (
            r#""plan":"p0","service":"voice","to":"34600111222","usage":"61s","continued":true"#,
            "0.0813",
        ),
        (
            r#""plan":"p0","service":"voice","to":"34600111222","usage":"61s","continued":false"#,
            "0.2013",
        ),
        (
            r#""plan":"p0","service":"voice","to":"34600111222","usage":"1s","continued":"30s""#,
            "0.0013",
        ),
        (
            r#""plan":"p0","service":"voice","to":"34600111222","usage":"0","network":null,"zone":"""#,
            "0.00",
        ),
        // The other party of a received call is the caller.
        (
            r#""plan":"p0","service":"voice","direction":"terminating","from":"34600111222","to":"9","usage":"61s""#,
            "0.2013",
        ),
        (
            r#""plan":"p0","service":"sms","usage":"10 ","from":"34600111222""#,
            "0.00003",
        ),
    ] {
        let line = format!(r#"{{"id":"7","start":"2026-03-02T09:00:00Z",{fields}}}"#);
        let expected = format!(r#"{{"id":"7","amount":"{cost}","currency":"EUR"}}"#);
        assert_eq!(answer(&line, Detail::Brief), expected, "{line}");
    }
}

#[test]
fn lines_that_are_refused() {
    let good = r#""plan":"p0","service":"voice","to":"34600111222","start":"2026-03-02T09:00:00Z","usage":"61s""#;
    for (line, id, code, word) in [
        ("", "null", "U-0001", "JSON"),
        ("[1]", "null", "U-0001", "object"),
        (r#"{"id":"7""#, "null", "U-0001", "EOF"),
        (
            &format!(r#"{{"id":"7",{good}}} x"#),
            "null",
            "U-0001",
            "trailing",
        ),
        (
            &format!(r#"{{"id":"7",{good},"colour":{{"a":[1.5,-2]}}}}"#),
            "\"7\"",
            "U-0002",
            "colour",
        ),
        (&format!(r#"{{{good}}}"#), "null", "U-0003", "id"),
        (&format!(r#"{{"id":[],{good}}}"#), "null", "U-0004", "id"),
        (
            &format!(r#"{{"id":"7","id":"8",{good}}}"#),
            "\"8\"",
            "U-0004",
            "twice",
        ),
        (
            &format!(r#"{{"id":7,{good},"profile":"t/c/x"}}"#),
            "\"7\"",
            "U-0004",
            "profile",
        ),
        (r#"{"id":"7","service":"voice"}"#, "\"7\"", "U-0003", "plan"),
        (
            r#"{"id":"7","plan":"nope","service":"voice"}"#,
            "\"7\"",
            "U-0028",
            "nope",
        ),
        (r#"{"id":"7","plan":"p0"}"#, "\"7\"", "U-0003", "service"),
        (
            r#"{"id":"7","plan":"p0","service":"voice"}"#,
            "\"7\"",
            "U-0003",
            "start",
        ),
        (
            r#"{"id":"7","plan":"p0","service":"voice","start":"yesterday"}"#,
            "\"7\"",
            "U-0004",
            "start",
        ),
        (
            r#"{"id":"7","plan":"p0","service":"voice","start":"2026-03-02T09:00:00ZZ"}"#,
            "\"7\"",
            "U-0004",
            "start",
        ),
        (
            r#"{"id":"7","plan":"p0","service":"voice","start":"2026-03-02T09:00:00Z"}"#,
            "\"7\"",
            "U-0003",
            "usage",
        ),
        (
            r#"{"id":"7","plan":"p0","service":"fax","start":"2026-03-02T09:00:00Z"}"#,
            "\"7\"",
            "U-0035",
            "fax",
        ),
        (
            &format!(r#"{{"id":"7",{}}}"#, good.replace("61s", "61kB")),
            "\"7\"",
            "U-0004",
            "usage",
        ),
        (
            &format!(r#"{{"id":"7",{}}}"#, good.replace("\"61s\"", "-1")),
            "\"7\"",
            "U-0004",
            "usage",
        ),
        (
            &format!(r#"{{"id":"7",{}}}"#, good.replace("\"61s\"", "1.5")),
            "\"7\"",
            "U-0004",
            "usage",
        ),
        (
            &format!(r#"{{"id":"7",{good},"direction":"up"}}"#),
            "\"7\"",
            "U-0004",
            "direction",
        ),
        (
            &format!(r#"{{"id":"7",{good},"duration":"1s"}}"#),
            "\"7\"",
            "U-0004",
            "duration",
        ),
        (
            &format!(r#"{{"id":"7",{good},"zone":5}}"#),
            "\"7\"",
            "U-0004",
            "zone",
        ),
        (
            &format!(r#"{{"id":"7",{good},"zone":"moon"}}"#),
            "\"7\"",
            "U-0039",
            "moon",
        ),
        (
            &format!(r#"{{"id":"7",{}}}"#, good.replace("T09", "T22")),
            "\"7\"",
            "U-0033",
            "3460011",
        ),
        (
            &format!(r#"{{"id":"7",{}}}"#, good.replace("34600111222", "35")),
            "\"7\"",
            "U-0032",
            "35",
        ),
    ] {
        for detail in [Detail::Full, Detail::Brief] {
            let answer = answer(line, detail);
            let start = format!(r#"{{"id":{id},"code":"{code}","reason":""#);
            assert!(answer.starts_with(&start), "{line}: {answer}");
            assert!(answer.contains(word), "{line}: {answer}");
        }
    }
}

#[test]
fn a_start_without_offset_is_the_wall_clock_of_the_tariff() {
    for (start, outcome) in [
        (
            "2026-07-01T08:00:00",
            r#""start":"2026-07-01T08:00:00+02:00""#,
        ),
        // Clocks go back at 03:00: the earlier 02:30 is meant.
        (
            "2026-10-25T02:30:00",
            r#""start":"2026-10-25T02:30:00+02:00""#,
        ),
        (
            "2026-10-25T02:30:00+01:00",
            r#""start":"2026-10-25T02:30:00+01:00""#,
        ),
        // Clocks go forward at 02:00: there is no 02:30.
        ("2026-03-29T02:30:00", r#""code":"U-0004""#),
    ] {
        let line =
            format!(r#"{{"id":"1","plan":"p0","service":"data","start":"{start}","usage":"1B"}}"#);
        let answer = answer(&line, Detail::Full);
        assert!(answer.contains(outcome), "{start}: {answer}");
    }
}

fn with_account() -> CatalogSet {
    let tariff = r#"
[rate.octets]
price = "2.00 per GB"
increments = "1MB"
[rate.text]
tiers = [ { up_to = "100", price = "0.09 per event" }, { price = "0.07 per event" } ]
tier_kind = "graduated"
[plan.p]
rules = [ { service = "data", rate = "octets" }, { service = "sms", rate = "text" } ]
allowances = [ { name = "10 GB", service = "data", units = "10GB" } ]
[product.more]
price = "5.00"
allowances = [ { name = "1 GB", service = "data", units = "1GB", valid = "30 days", priority = 1 } ]
[discount.staff]
percent = "12.5%"
class = "staff"
[discount.gold]
percent = "80%"
tier = "gold"
[class.staff]
"#;
    written::catalogs(&[("2026-01-01", "version = \"v\"\n", tariff)])
}

fn answer_of(fields: &str) -> String {
    let mut out = Vec::new();
    let line = format!(r#"{{"id":"1","plan":"p","start":"2026-03-02T10:00:00+01:00",{fields}}}"#);
    rate_line(&with_account(), line.as_bytes(), Detail::Full, &mut out);
    String::from_utf8(out).unwrap().trim_end().to_owned()
}

#[test]
fn an_explanation_names_allowances_tiers_and_discounts() {
    let data = r#""service":"data","usage":"5MB","left":{"10 GB":"3MB","more/1 GB":"500kB"},"class":"staff","tier":"gold""#;
    assert_eq!(
        answer_of(data),
        concat!(
            r#"{"id":"1","amount":"0.0006","currency":"EUR","catalog_version":"v","plan":"p","service":"data","#,
            r#""rule":"tariff.toml:9","prefix":null,"zone":null,"segments":["#,
            r#"{"rate":"octets","band":null,"start":"2026-03-02T10:00:00+01:00","usage":"5MB","billed":"5MB","#,
            r#""covered":"3500kB","increment":"1MB","price":"2.00","per":"1GB","amount":"0.003"}],"#,
            r#""allowances":[{"name":"1 GB","segment":1,"units":"500kB","left":"0B"},"#,
            r#"{"name":"10 GB","segment":1,"units":"3MB","left":"0B"}],"setup":"0.00","#,
            r#""discounts":[{"name":"staff","percent":"12.5%","amount":"0.000375"},"#,
            r#"{"name":"gold","percent":"80%","amount":"0.002025"}],"discount":"80%","discount_amount":"0.0024","#,
            r#""rounding":{"mode":"half_up","decimals":6}}"#,
        )
    );
    assert_eq!(
        answer_of(r#""service":"sms","usage":"3","so_far":{"text":"98"}"#),
        concat!(
            r#"{"id":"1","amount":"0.25","currency":"EUR","catalog_version":"v","plan":"p","service":"sms","#,
            r#""rule":"tariff.toml:9","prefix":null,"zone":null,"segments":["#,
            r#"{"rate":"text","band":null,"start":"2026-03-02T10:00:00+01:00","usage":"2","billed":"2","tier":1,"#,
            r#""increment":"1","price":"0.09","per":"1","amount":"0.18"},"#,
            r#"{"rate":"text","band":null,"start":"2026-03-02T10:00:00+01:00","usage":"1","billed":"1","tier":2,"#,
            r#""increment":"1","price":"0.07","per":"1","amount":"0.07"}],"setup":"0.00","#,
            r#""rounding":{"mode":"half_up","decimals":6}}"#,
        )
    );
}

#[test]
fn units_are_those_of_the_allowance_or_rate_whatever_the_record_is() {
    // Octets left beside a message, messages so far beside data.
    let message = answer_of(r#""service":"sms","usage":"1","left":{"10 GB":"3 MB"}"#);
    assert!(message.contains(r#""amount":"0.09""#), "{message}");
    let data = answer_of(r#""service":"data","usage":"5MB","so_far":{"text":"98 events"}"#);
    assert!(data.contains(r#""amount":"0.01""#), "{data}");
    let wrong = answer_of(r#""service":"data","usage":"5MB","so_far":{"text":"3MB"}"#);
    assert!(wrong.contains("U-0004"), "{wrong}");
}

#[test]
fn a_network_is_a_network_code() {
    for good in ["214", "21407", "334020"] {
        let answer = answer_of(&format!(
            r#""service":"data","usage":"5MB","network":"{good}""#
        ));
        assert!(!answer.contains("U-0004"), "{answer}");
    }
    for bad in [
        "abc",
        "21",
        "2140",
        "20a01",
        "+21407",
        " 21407",
        "214-07",
        "208019999999",
        "\\u0000",
    ] {
        let answer = answer_of(&format!(
            r#""service":"data","usage":"5MB","network":"{bad}""#
        ));
        assert!(
            answer.contains(r#""code":"U-0004","reason":"network "#),
            "{bad}: {answer}"
        );
    }
}

#[test]
fn what_a_line_says_of_the_account_is_checked() {
    for (fields, code, word) in [
        (r#""left":{"10GB":"3MB"}"#, "U-0004", r#"it has \"10 GB\""#),
        (r#""left":{"1 GB":"3MB"}"#, "U-0004", "PRODUCT/NAME"),
        (r#""left":{"more/2 GB":"3MB"}"#, "U-0004", "no allowance"),
        (r#""left":{"10 GB":"3s"}"#, "U-0004", "left of"),
        (r#""left":{"10 GB":-3}"#, "U-0004", "left of"),
        (r#""left":{"10 GB":"1B","10 GB":"2B"}"#, "U-0004", "twice"),
        (r#""left":["10 GB"]"#, "U-0004", "left is an object"),
        (r#""so_far":{"octets":"3MB"}"#, "U-0004", "no tiers"),
        (r#""so_far":{"nothing":"3MB"}"#, "U-0004", "no such rate"),
        (r#""so_far":"3MB""#, "U-0004", "so_far is an object"),
        (r#""class":"gold""#, "U-0027", r#"it has \"staff\""#),
        (r#""class":5"#, "U-0004", "class"),
        (r#""tier":["gold"]"#, "U-0004", "tier"),
        (r#""card":5"#, "U-0004", "card"),
        (r#""card":["club",5]"#, "U-0004", "card"),
        (r#""vip_rank":65536"#, "U-0004", "vip_rank"),
        (r#""vip_rank":"high""#, "U-0004", "vip_rank"),
        (r#""vip_rank":-1"#, "U-0004", "vip_rank"),
        (r#""cards":["club"]"#, "U-0002", "card, vip_rank"),
    ] {
        let answer = answer_of(&format!(r#""service":"data","usage":"5MB",{fields}"#));
        let start = format!(r#"{{"id":"1","code":"{code}","reason":""#);
        assert!(
            answer.starts_with(&start) && answer.contains(word),
            "{fields}: {answer}"
        );
    }
    for nothing in [
        r#""left":{},"so_far":null,"class":"","tier":null,"card":[],"vip_rank":null"#,
        r#""left":{"10 GB":"0","more/1 GB":null},"so_far":{"text":"7"},"vip_rank":"3","card":"club""#,
    ] {
        let answer = answer_of(&format!(r#""service":"data","usage":"5MB",{nothing}"#));
        assert!(
            answer.contains(r#""amount":"0.01","#),
            "{nothing}: {answer}"
        );
        assert!(
            !answer.contains("allowances") && !answer.contains("discount"),
            "{answer}"
        );
    }
}

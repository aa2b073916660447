//! Discounts: their conditions one by one, sums, the cap, promotions to the second, and where they stand among
//! setup fee, minimum, maximum and the one rounding.

#![allow(clippy::unwrap_used)]

mod common;

use common::written::{answer, catalogs, discounted, told};
use umbral_catalog::version::CatalogSet;

const TARIFF: &str = r#"
[zone.near]
prefixes = ["34"]
[zone.far]
prefixes = ["57"]
[network.abroad]
networks = ["*"]

[rate.call]
setup = "0.15"
price = "0.05 per minute"
minimum = "0.40"
maximum = "2.00"
[rate.text]
price = "0.0333 per event"
rounding = "half_up to 2"
[rate.abroad]
price = "1.00 per minute"
[rate.back]
price = "-0.10 per minute"
allow_negative = true

[plan.p]
rules = [
  { service = "voice", direction = "originating", rate = "call" },
  { service = "voice", direction = "terminating", rate = "back" },
  { service = "voice", roaming = "abroad", rate = "abroad" },
  { service = "sms", rate = "text" },
  { service = "mms", rate = "text" },
]
[plan.other]
rules = [ { service = "sms", rate = "text" }, { service = "voice", rate = "call" } ]

[class.standard]
[class.vip]
"#;

const CUSTOMER: &str = r#"
[discount.vip]
percent = "10%"
class = "vip"
service = "sms"
[discount.gold]
percent = "20%"
tier = ["gold", "platinum"]
service = "sms"
[discount.club]
percent = "2.5%"
card = ["club", "blue"]
service = "sms"
[discount.rank]
percent = "1%"
vip_rank = 2
service = "sms"
"#;

fn with(discounts: &str) -> CatalogSet {
    catalogs(&[("2026-01-01", "", &format!("{TARIFF}{discounts}"))])
}

fn texts(more: &str) -> String {
    format!(r#""plan":"p","service":"sms","start":"2026-03-02T10:00:00Z","usage":"100"{more}"#)
}

#[test]
fn who_is_charged_decides() {
    let tariff = with(CUSTOMER);
    for (customer, cost, which) in [
        ("", "3.33", ""),
        (r#","class":"vip""#, "3.00", "vip 10% = 10%"),
        (r#","class":"standard""#, "3.33", ""),
        (r#","tier":"gold""#, "2.66", "gold 20% = 20%"),
        (r#","tier":"platinum""#, "2.66", "gold 20% = 20%"),
        (r#","tier":"silver""#, "3.33", ""),
        (r#","card":"club""#, "3.25", "club 2.5% = 2.5%"),
        (r#","card":["black","blue"]"#, "3.25", "club 2.5% = 2.5%"),
        (r#","card":["black"]"#, "3.33", ""),
        // Two cards of one discount count once.
        (r#","card":["blue","club"]"#, "3.25", "club 2.5% = 2.5%"),
        (r#","vip_rank":1"#, "3.33", ""),
        (r#","vip_rank":2"#, "3.30", "rank 1% = 1%"),
        (r#","vip_rank":3"#, "3.30", "rank 1% = 1%"),
        // They add up: a third off is 33.5 %, not 10 % of 80 %.
        (
            r#","class":"vip","tier":"gold","card":"club","vip_rank":9"#,
            "2.21",
            "vip 10% + gold 20% + club 2.5% + rank 1% = 33.5%",
        ),
    ] {
        let answer = answer(&tariff, &texts(customer));
        let found = (answer["amount"].as_str().unwrap(), discounted(&answer));
        assert_eq!(
            (found.0, found.1.as_str()),
            (cost, which),
            "{customer}: {answer}"
        );
    }
}

#[test]
fn what_is_charged_decides() {
    let discount = |condition: &str| format!("[discount.d]\npercent = \"50%\"\n{condition}\n");
    let sms = r#""plan":"p","service":"sms","usage":"100""#;
    let mms = r#""plan":"p","service":"mms","usage":"100""#;
    let other = r#""plan":"other","service":"sms","usage":"100""#;
    let near = r#""plan":"p","service":"voice","to":"34600","usage":"10m""#;
    let far = r#""plan":"p","service":"voice","to":"57300","usage":"10m""#;
    let named = r#""plan":"p","service":"voice","zone":"far","usage":"10m""#;
    let abroad = r#""plan":"p","service":"voice","to":"34600","network":"20801","usage":"1m""#;
    let received =
        r#""plan":"p","service":"voice","direction":"terminating","from":"34600","usage":"10m""#;
    for (condition, applies, does_not) in [
        (
            "",
            &[sms, mms, other, near, far, abroad, received][..],
            &[][..],
        ),
        ("service = \"sms\"", &[sms, other], &[mms, near]),
        ("service = [\"mms\", \"voice\"]", &[mms, near], &[sms]),
        ("plan = \"other\"", &[other], &[sms, near]),
        ("plan = [\"other\", \"p\"]", &[other, sms], &[]),
        ("zone = \"far\"", &[far, named], &[near, sms, abroad]),
        (
            "zone = [\"far\", \"near\"]",
            &[far, near, named, abroad],
            &[sms],
        ),
        ("roaming = \"home\"", &[near, sms], &[abroad]),
        ("roaming = [\"abroad\"]", &[abroad], &[near, sms]),
        ("roaming = \"*\"", &[abroad, near], &[]),
        ("direction = \"originating\"", &[near, sms], &[received]),
        ("direction = \"terminating\"", &[received], &[near]),
    ] {
        let tariff = with(&discount(condition));
        for (lines, expected) in [(applies, "d 50% = 50%"), (does_not, "")] {
            for line in lines {
                let line = format!(r#"{line},"start":"2026-03-02T10:00:00Z""#);
                let answer = answer(&tariff, &line);
                assert_eq!(
                    discounted(&answer),
                    expected,
                    "{condition}: {line} {answer}"
                );
            }
        }
    }
}

#[test]
fn the_sum_is_held_at_the_cap_and_each_is_listed() {
    let three = r#"
[discount.a]
percent = "30%"
[discount.b]
percent = "25%"
[discount.c]
percent = "40%"
"#;
    for (head, cost, sum, taken) in [
        ("", "0.67", "80%", ["0.999", "0.8325", "0.8325"]),
        (
            "discount_cap = \"60%\"\n",
            "1.33",
            "60%",
            ["0.999", "0.8325", "0.1665"],
        ),
        (
            "discount_cap = \"40%\"\n",
            "2.00",
            "40%",
            ["0.999", "0.333", "0.00"],
        ),
    ] {
        let tariff = catalogs(&[("2026-01-01", head, &format!("{TARIFF}{three}"))]);
        let answer = answer(&tariff, &texts(""));
        assert_eq!(answer["amount"], cost, "{answer}");
        assert_eq!(
            discounted(&answer),
            format!("a 30% + b 25% + c 40% = {sum}")
        );
        let amount = |index: usize| {
            answer["discounts"][index]["amount"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        assert_eq!([amount(0), amount(1), amount(2)], taken, "{answer}");
    }
}

#[test]
fn a_promotion_holds_from_its_first_day_to_its_last_one() {
    let tariff =
        with("[discount.summer]\npercent = \"10%\"\nfrom = 2026-06-01\nuntil = 2026-08-31\n");
    for (start, cost) in [
        ("2026-05-31T23:59:59.999999999+02:00", "3.33"),
        ("2026-06-01T00:00:00+02:00", "3.00"),
        ("2026-08-31T23:59:59.999999999+02:00", "3.00"),
        ("2026-09-01T00:00:00+02:00", "3.33"),
        // The start of the record decides, by the clock of the catalog's zone.
        ("2026-05-31T22:00:00Z", "3.00"),
        ("2026-05-31T21:59:59Z", "3.33"),
    ] {
        let line = texts("").replace("2026-03-02T10:00:00Z", start);
        assert_eq!(answer(&tariff, &line)["amount"], cost, "{start}");
    }
    // A call that goes on past the end keeps it.
    let line = r#""plan":"p","service":"voice","to":"34600","start":"2026-08-31T23:50:00+02:00","usage":"1h""#;
    assert_eq!(discounted(&answer(&tariff, line)), "summer 10% = 10%");
}

#[test]
fn discounts_come_after_minimum_and_maximum_and_before_the_one_rounding() {
    let tariff = with("[discount.d]\npercent = \"10%\"\n");
    let call = |usage: &str, more: &str| {
        format!(
            r#""plan":"p","service":"voice","to":"34600","start":"2026-03-02T10:00:00Z","usage":"{usage}"{more}"#
        )
    };
    for (line, outcome) in [
        // 0.15 + 0.05 is raised to 0.40; 10 % off the minimum, which is none after that.
        (call("1m", ""), "0.36: call 60s + 0.15"),
        // 0.15 + 0.50, setup fee included.
        (call("10m", ""), "0.585: call 600s + 0.15"),
        // 10 % off the maximum.
        (call("10h", ""), "1.80: call 36000s + 0.15"),
        (call("0", ""), "0.00:"),
        // A third of a cent less ten percent: 0.03 per message would be 0.03 of ten, not 0.2997 of ten.
        (texts("").replace("\"100\"", "\"10\""), "0.30: text 10"),
        // What is paid back is paid back less.
        (
            call("10m", "").replace("\"to\"", "\"direction\":\"terminating\",\"from\""),
            "-0.90: back 600s",
        ),
    ] {
        let answer = answer(&tariff, &line);
        assert_eq!(told(&answer), outcome, "{line}: {answer}");
        let listed = if outcome == "0.00:" {
            ""
        } else {
            "d 10% = 10%"
        };
        assert_eq!(discounted(&answer), listed, "{answer}");
    }
}

#[test]
fn shares_of_a_hundredth_of_a_percent_are_exact() {
    // 0.0333 x 3 x (1 - 0.0001) = 0.09989001; rounded up to six decimals.
    let tariff = TARIFF.replace("half_up to 2", "up to 6");
    let tariff = format!("{tariff}[discount.d]\npercent = \"0.01%\"\n");
    let tariff = catalogs(&[("2026-01-01", "", &tariff)]);
    let answer = answer(&tariff, &texts("").replace("\"100\"", "\"3\""));
    assert_eq!(answer["amount"], "0.099891", "{answer}");
    assert_eq!(answer["discount_amount"], "0.00000999", "{answer}");
    assert_eq!(answer["discount"], "0.01%", "{answer}");
}

#[test]
fn the_version_at_the_start_decides() {
    let first = format!("{TARIFF}[discount.old]\npercent = \"10%\"\n");
    let second = format!("{TARIFF}[discount.new]\npercent = \"20%\"\n");
    let tariff = catalogs(&[("2026-01-01", "", &first), ("2026-06-01", "", &second)]);
    for (start, which) in [
        ("2026-05-31T23:50:00+02:00", "old 10% = 10%"),
        ("2026-06-01T00:00:00+02:00", "new 20% = 20%"),
    ] {
        let line =
            format!(r#""plan":"p","service":"voice","to":"34600","start":"{start}","usage":"1h""#);
        assert_eq!(discounted(&answer(&tariff, &line)), which);
    }
}

#[test]
fn what_is_shown_is_the_nearest_millionth_of_a_millionth() {
    let tariff = with(
        "[discount.d]\npercent = \"50%\"\nservice = \"voice\"\n[discount.e]\npercent = \"30%\"\nroaming = \"abroad\"\n",
    );
    // A second at 1.00 per minute is 0.01666...; 30 % of it 0.005 exactly, 80 % 0.01333...
    let line = r#""plan":"p","service":"voice","to":"34600","network":"20801","start":"2026-03-02T10:00:00Z","usage":"1s""#;
    let answer = answer(&tariff, line);
    assert_eq!(
        answer["segments"][0]["amount"], "0.016666666667",
        "{answer}"
    );
    assert_eq!(
        answer["discounts"][0]["amount"], "0.008333333333",
        "{answer}"
    );
    assert_eq!(answer["discounts"][1]["amount"], "0.005", "{answer}");
    assert_eq!(answer["discount_amount"], "0.013333333333", "{answer}");
    // Two of them: 0.0333..., 80 % of it 0.02666..., which is nearer to 0.026666666667.
    let answer = common::written::answer(&tariff, &line.replace("\"1s\"", "\"2s\""));
    assert_eq!(
        answer["discounts"][0]["amount"], "0.016666666667",
        "{answer}"
    );
    assert_eq!(answer["discounts"][1]["amount"], "0.01", "{answer}");
    assert_eq!(answer["discount_amount"], "0.026666666667", "{answer}");
}

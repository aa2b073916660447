//! A whole tariff: fees, allowances, tiers, products, discounts, networks and emergency numbers, compiled.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Zones, files};
use umbral_catalog::summary::AllowanceSummary;
use umbral_catalog::tables::{
    AllowanceOf, Catalog, NetworkFilter, TierKind, TierPer, Validity, Whereabouts,
};
use umbral_catalog::{Compiled, load};
use umbral_model::ids::{AllowanceNo, BandNo, ProductNo, RateNo, ServiceNo};
use umbral_model::input::Direction;
use umbral_model::money::{Money, Pico};
use umbral_model::time::Timestamp;
use umbral_model::units::Measurement;

const HEAD: &str = r#"
name = "T"
currency = "EUR"
time_zone = "Europe/Madrid"
valid_from = 2026-03-01
home_networks = ["21419", "21407"]
emergency = ["112", "061"]
discount_cap = "50%"
"#;
const TARIFF: &str = r#"
[zone.es]
prefixes = ["34"]
[zone.service]
prefixes = ["10"]
numbers = ["1004", "22122"]
[zone.landline]

[network.france]
networks = ["208"]
country_code = "33"
[network.abroad]
networks = ["*"]

[band.night]
from = "20:00"
to = "08:00"

[rate.call]
price = "0.09 per minute"
[rate.local]
price = "0.20 per minute"
[rate.mb]
price = "2.00 per GB"
[rate.business_sms]
tiers = [
  { up_to = "100 events", price = "0.09 per event" },
  { up_to = "1000 events", price = "0.70 per 10 events" },
  { price = "free" },
]
tier_kind = "graduated"
minimum = "0.05"
[rate.company]
tiers = [ { up_to = "1h", price = "0.10 per minute" }, { price = "0.05 per minute" } ]
tier_kind = "volume"
per = "member"
increment = "1m"

[plan.basic]
rules = [ { service = "voice", rate = "company" } ]

[plan.libre]
monthly_fee = "9.90"
proration = "daily"
rules = [
  { service = "voice", rate = "call" },
  { service = "voice", zone = ["service", "landline"], rate = "local" },
  { service = "voice", roaming = "france", rate = "call" },
  { service = "voice", roaming = "france", visited = true, rate = "local" },
  { service = "voice", roaming = "france", visited = true, direction = "terminating", rate = "call" },
  { service = ["sms", "mms"], rate = "business_sms" },
  { service = "data", rate = "mb" },
  { service = "data", roaming = "abroad", rate = "mb" },
]
allowances = [
  { name = "10 GB", service = "data", units = "10GB", units_abroad = "2GB", roaming = ["home", "abroad"], roll_over = "1 cycle", priority = 5, shared = false, warn_at = ["100%", { id = "soon", at = "80%" }, "12.5%"], margin = "1%", cooldown = "2h" },
  { name = "night", service = "voice", units = "300 minutes", per = "cycle", zone = ["service", "es"], band = ["night"], direction = "originating", waive_setup = true },
]

[product.extra_5gb]
price = "5.00"
category = "bundle"
description.es = "5 GB"
allowances = [
  { name = "5 GB extra", service = "data", units = "5GB", valid = "30 days" },
  { name = "a day", service = "voice", units = "1h", valid = "24h" },
  { name = "this cycle", service = ["sms", "mms"], units = "10", valid = "1 cycle" },
  { name = "two cycles", service = "sms", units = "10 events", valid = "2 cycles", roaming = "*" },
]
[product.phone]
price = "480"
instalments = 24
[product.change]
price = "0"
plan = "libre"
card = "club"

[discount.staff]
percent = "10%"
[discount.summer]
percent = "12.5%"
class = ["vip", "other"]
tier = "gold"
card = ["club", "blue"]
vip_rank = 2
plan = "libre"
service = ["data", "voice"]
zone = "es"
roaming = ["home", "france"]
direction = "originating"
from = 2026-06-01
until = 2026-10-25

[class.vip]
[class.other]

[[case]]
plan = "libre"
record = { service = "sms", start = "2026-03-02", usage = "10" }
left = { "10 GB" = "500MB", "night" = "90", "extra_5gb/this cycle" = "3" }
so_far = { business_sms = "95", company = "30 minutes" }
class = "vip"
tier = "gold"
card = "club"
vip_rank = 1
charge = "0.70"
"#;

fn whole() -> Compiled {
    let all = files(&[("catalog.toml", HEAD), ("tariff.toml", TARIFF)]);
    load(&all, &Zones).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn money(text: &str) -> Money {
    Money::parse(text).unwrap()
}

fn service(catalog: &Catalog, name: &str) -> ServiceNo {
    let found = catalog
        .services
        .iter()
        .position(|service| service.name == name);
    ServiceNo(found.unwrap() as u8)
}

#[test]
fn nothing_is_wrong_with_it() {
    assert_eq!(whole().warnings, []);
}

#[test]
fn emergency_numbers_have_a_rule_after_all_others() {
    let catalog = whole().catalog;
    assert_eq!(catalog.emergency, ["061", "112"]);
    let number = catalog.emergency_rule.unwrap();
    assert_eq!(number.index(), catalog.rules.len() - 1);
    let rule = &catalog.rules[number.index()];
    assert_eq!(rule.label, "catalog.toml:7 emergency numbers");
    assert_eq!(
        (rule.plan, rule.rate),
        (u32::MAX, RateNo(catalog.rates.len() as u32 - 1))
    );
    let rate = &catalog.rates[rule.rate.index()];
    assert_eq!((rate.steps.len(), rate.steps[0].price), (1, Pico::ZERO));
    for plan in &catalog.plans {
        for rules in &plan.by_service {
            let listed = rules.anywhere.iter().chain(&rules.visited);
            let all: Vec<_> = listed.chain(rules.by_zone.iter().flatten()).collect();
            assert!(!all.contains(&&number));
        }
    }
    let plain = HEAD.replace("emergency = [\"112\", \"061\"]\n", "");
    let all = files(&[("catalog.toml", &plain), ("tariff.toml", TARIFF)]);
    let without = load(&all, &Zones).unwrap();
    assert_eq!(without.catalog.emergency_rule, None);
    assert_eq!(without.catalog.rates.len(), catalog.rates.len() - 1);
    assert_eq!(without.summary.rates, whole().summary.rates);
}

#[test]
fn whereabouts_and_countries() {
    let networks = whole().catalog.network_index;
    assert_eq!(networks.home, ["21407", "21419"]);
    for (network, place) in [
        (None, Whereabouts::Home),
        (Some("21407"), Whereabouts::Home),
        (Some("20801"), Whereabouts::Group(0)),
        (Some("21401"), Whereabouts::Group(1)),
        (Some("31026"), Whereabouts::Group(1)),
    ] {
        assert_eq!(networks.whereabouts(network), place, "{network:?}");
    }
    assert_eq!(networks.country("20810"), Some("33"));
    assert_eq!(networks.country("31026"), None);
}

#[test]
fn a_deck_of_networks_names_countries_by_its_header() {
    let tables = "[network.eu]\ncountry_code = \"30\"\n[rate.r]\nprice = \"free\"\n[plan.p]\nrules = [ { service = \"voice\", roaming = \"eu\", visited = true, rate = \"r\" } ]\n";
    let with = |deck: &str| {
        let all = files(&[
            ("catalog.toml", HEAD),
            ("t.toml", tables),
            ("networks.csv", deck),
        ]);
        load(&all, &Zones).unwrap().catalog.network_index
    };
    let full = with(
        "group,country_code,network,description\neu,33,208,France\neu,,202,Greece\nworld,,*,the rest\n",
    );
    assert_eq!(full.country("20801"), Some("33"));
    assert_eq!(full.country("20201"), Some("30"));
    assert_eq!(full.whereabouts(Some("310")), Whereabouts::Group(1));
    let short = with("network,group\n208,eu\n");
    assert_eq!(short.country("20801"), Some("30"));
    assert_eq!(short.whereabouts(Some("310")), Whereabouts::Elsewhere);
}

#[test]
fn whole_numbers_come_before_prefixes() {
    let compiled = whole();
    let deck = &compiled.catalog.deck;
    let zone = |number: &str| {
        let entry = deck.entry(deck.longest(number)?)?;
        let zones = &deck.zone_sets[entry.zone_set as usize];
        Some((
            compiled.catalog.destinations[zones[0].index()].as_str(),
            entry.shorter.is_some(),
        ))
    };
    assert_eq!(zone("22122"), Some(("service", false)));
    assert_eq!(zone("1004"), Some(("service", false)));
    assert_eq!(zone("221221"), None);
    assert_eq!(zone("10041"), Some(("service", false)));
    assert_eq!(zone("34600111"), Some(("es", false)));
    assert_eq!(compiled.summary.prefixes, 2);
}

#[test]
fn tiers() {
    let catalog = whole().catalog;
    let rate = |name: &str| {
        catalog
            .rates
            .iter()
            .find(|rate| rate.name == name)
            .unwrap()
            .clone()
    };
    let sms = rate("business_sms");
    let tiers = sms.tiers.unwrap();
    assert_eq!(
        (tiers.kind, tiers.per),
        (TierKind::Graduated, TierPer::Account)
    );
    let reach: Vec<u64> = tiers.tiers.iter().map(|tier| tier.up_to).collect();
    assert_eq!(reach, [100, 1000, u64::MAX]);
    assert_eq!(
        (tiers.tiers[1].unit, tiers.tiers[2].price),
        (10, Pico::ZERO)
    );
    assert_eq!(sms.minimum, Some(Pico::parse("0.05").unwrap()));
    let [step] = sms.steps.as_slice() else {
        panic!("{:?}", sms.steps)
    };
    assert_eq!((step.start, step.unit, step.increment), (0, 1, 1));
    assert_eq!(step.price, Pico::parse("0.09").unwrap());
    let company = rate("company");
    assert_eq!(company.steps[0].increment, 60_000_000_000);
    let tiers = company.tiers.unwrap();
    assert_eq!((tiers.kind, tiers.per), (TierKind::Volume, TierPer::Member));
    assert_eq!(tiers.tiers[0].up_to, 3_600_000_000_000);
}

#[test]
fn visited_rules_are_a_list_of_their_own() {
    let catalog = whole().catalog;
    let plan = catalog
        .plans
        .iter()
        .find(|plan| plan.name == "libre")
        .unwrap();
    let voice = &plan.by_service[service(&catalog, "voice").index()];
    let labels: Vec<_> = voice
        .visited
        .iter()
        .map(|rule| {
            let rule = &catalog.rules[rule.index()];
            (rule.visited, rule.direction)
        })
        .collect();
    assert_eq!(labels, [(true, Some(Direction::Terminating)), (true, None)]);
    assert_eq!(voice.anywhere.len(), 2);
    let data = &plan.by_service[service(&catalog, "data").index()];
    assert!(data.visited.is_empty());
}

#[test]
fn plans_have_fees_and_allowances() {
    let catalog = whole().catalog;
    let [basic, libre] = catalog.plans.as_slice() else {
        panic!("{:?}", catalog.plans)
    };
    assert_eq!((basic.monthly_fee, basic.by_day), (Money::ZERO, false));
    assert_eq!((libre.monthly_fee, libre.by_day), (money("9.90"), true));
    assert_eq!(basic.allowances, []);
    assert_eq!(libre.allowances, [AllowanceNo(0), AllowanceNo(1)]);
    let [data, night, ..] = catalog.allowances.as_slice() else {
        panic!("{:?}", catalog.allowances)
    };
    assert_eq!(data.name, "10 GB");
    assert_eq!(data.of, AllowanceOf::Plan(1));
    assert_eq!(
        (data.units, data.units_abroad),
        (10_000_000_000, Some(2_000_000_000))
    );
    assert_eq!(data.measurement, Measurement::Octets);
    assert_eq!(data.services, [service(&catalog, "data")]);
    let abroad = NetworkFilter {
        everywhere: false,
        home: true,
        groups: vec![1],
    };
    assert_eq!(data.networks, abroad);
    assert_eq!(
        (data.priority, data.shared, data.waives_setup),
        (5, false, false)
    );
    assert_eq!(data.valid, Validity::Cycles(1));
    let warnings: Vec<_> = data
        .warnings
        .iter()
        .map(|warning| (warning.id.as_str(), warning.bps))
        .collect();
    assert_eq!(
        warnings,
        [("12.5", 1_250), ("soon", 8_000), ("100", 10_000)]
    );
    assert_eq!((data.margin_bps, data.cooldown), (100, 7_200_000_000_000));

    assert_eq!(night.units, 18_000_000_000_000);
    assert_eq!(night.bands, [BandNo(0)]);
    assert_eq!(night.direction, Some(Direction::Originating));
    assert_eq!(night.valid, Validity::Cycles(0));
    assert_eq!((night.shared, night.waives_setup), (true, true));
    assert_eq!(
        (night.margin_bps, night.cooldown),
        (500, 86_400_000_000_000)
    );
    assert!(night.networks.home && night.networks.groups.is_empty());
    let names: Vec<&str> = night
        .zones
        .zones
        .iter()
        .map(|zone| catalog.destinations[zone.index()].as_str())
        .collect();
    assert_eq!(names, ["es", "service"]);
}

#[test]
fn an_allowance_knows_its_zones_by_name_and_by_number() {
    let catalog = whole().catalog;
    let zones = &catalog.allowances[1].zones;
    let set = |number: &str| {
        let prefix = catalog.deck.longest(number)?;
        Some(catalog.deck.entry(prefix)?.zone_set)
    };
    assert!(zones.admits(None, set("34600111222")));
    assert!(zones.admits(None, set("1004")));
    assert!(!zones.admits(None, set("221221")));
    let landline = catalog
        .destinations
        .iter()
        .position(|zone| zone == "landline")
        .unwrap();
    let number = |index: usize| umbral_model::ids::DestinationNo(index as u16);
    assert!(!zones.admits(Some(number(landline)), set("34600111222")));
    assert!(zones.admits(Some(zones.zones[0]), None));
    assert!(catalog.allowances[0].zones.admits(None, None));
}

#[test]
fn products_and_how_long_they_hold() {
    let catalog = whole().catalog;
    let [extra, phone, change] = catalog.products.as_slice() else {
        panic!("{:?}", catalog.products)
    };
    assert_eq!(
        (extra.price, extra.category.as_str()),
        (money("5"), "bundle")
    );
    assert_eq!((phone.price, phone.instalments), (money("480"), 24));
    assert_eq!((extra.instalments, phone.category.as_str()), (1, "product"));
    assert_eq!(
        (change.plan, change.card.as_deref()),
        (Some(1), Some("club"))
    );
    assert_eq!(extra.descriptions, [("es".into(), "5 GB".into())]);
    assert_eq!(extra.allowances.len(), 4);
    let valid: Vec<Validity> = extra
        .allowances
        .iter()
        .map(|number| catalog.allowances[number.index()].valid)
        .collect();
    assert_eq!(
        valid,
        [
            Validity::Days(30),
            Validity::Time(86_400_000_000_000),
            Validity::Cycles(0),
            Validity::Cycles(1),
        ]
    );
    let last = &catalog.allowances[extra.allowances[3].index()];
    assert_eq!(last.of, AllowanceOf::Product(ProductNo(0)));
    assert!(last.networks.everywhere);
}

#[test]
fn discounts() {
    let catalog = whole().catalog;
    assert_eq!(catalog.discount_cap_bps, 5_000);
    let [staff, summer] = catalog.discounts.as_slice() else {
        panic!("{:?}", catalog.discounts)
    };
    assert_eq!((staff.name.as_str(), staff.bps), ("staff", 1_000));
    assert!(staff.networks.everywhere && staff.classes.is_empty() && staff.plans.is_empty());
    assert_eq!((staff.from, staff.until), (Timestamp::MIN, Timestamp::MAX));
    assert_eq!(summer.bps, 1_250);
    assert_eq!(summer.classes, ["vip", "other"]);
    assert_eq!((summer.tiers.len(), summer.cards.len()), (1, 2));
    assert_eq!((summer.vip_rank, summer.plans.as_slice()), (2, &[1][..]));
    let services = [service(&catalog, "voice"), service(&catalog, "data")];
    assert_eq!(summer.services, services);
    assert!(summer.networks.home && summer.networks.groups == [0]);
    assert_eq!(summer.direction, Some(Direction::Originating));
    // The last day has 25 hours, and all of them count.
    assert_eq!(summer.from.to_string(), "2026-05-31T22:00:00Z");
    assert_eq!(summer.until.to_string(), "2026-10-25T23:00:00Z");
}

#[test]
fn cases_say_what_was_used_and_who_is_charged() {
    let compiled = whole();
    let case = &compiled.cases[0];
    assert_eq!(
        case.left,
        [
            ("10 GB".into(), 500_000_000),
            ("night".into(), 90_000_000_000),
            ("extra_5gb/this cycle".into(), 3),
        ]
    );
    assert_eq!(
        case.so_far,
        [
            ("business_sms".into(), 95),
            ("company".into(), 1_800_000_000_000),
        ]
    );
    assert_eq!(
        (case.class.as_deref(), case.tier.as_deref()),
        (Some("vip"), Some("gold"))
    );
    assert_eq!((case.cards.len(), case.vip_rank), (1, 1));
}

#[test]
fn the_summary_says_what_is_sold() {
    let summary = whole().summary;
    let libre = &summary.plans[1];
    assert_eq!((libre.monthly_fee, libre.by_day), (money("9.90"), true));
    let lines = |allowances: &[AllowanceSummary]| -> Vec<String> {
        allowances.iter().map(AllowanceSummary::line).collect()
    };
    assert_eq!(
        lines(&libre.allowances),
        [
            "10 GB: 10GB of data, rolls over, at home, abroad, 2GB of them abroad, each member its own",
            "night: 300 minutes of voice, to es, service, in night, originating, no setup fee",
        ]
    );
    let [extra, phone, change] = summary.products.as_slice() else {
        panic!("{:?}", summary.products)
    };
    assert_eq!(
        extra.gives(),
        [
            "5 GB extra: 5GB of data, for 30 days",
            "a day: 60 minutes of voice, for 24h",
            "this cycle: 10 events of sms and mms, for the cycle",
            "two cycles: 10 events of sms, for 2 cycles, everywhere",
        ]
    );
    assert_eq!((phone.price, phone.instalments), (money("480"), 24));
    assert_eq!(change.gives(), ["the plan libre", "a card club"]);
    let [staff, summer] = summary.discounts.as_slice() else {
        panic!("{:?}", summary.discounts)
    };
    assert_eq!((staff.percent.as_str(), staff.conditions.len()), ("10%", 0));
    assert_eq!(
        summer.conditions,
        [
            "class vip or other",
            "tier gold",
            "card club or blue",
            "plan libre",
            "VIP rank from 2 on",
            "voice and data",
            "to es",
            "originating",
            "at home, france",
            "from 2026-06-01 to 2026-10-25",
        ]
    );
    assert_eq!(summary.discount_cap, "50%");
    let [sms, company] = summary.tiers.as_slice() else {
        panic!("{:?}", summary.tiers)
    };
    assert_eq!((sms.kind, sms.per), ("graduated", "account"));
    assert_eq!(
        sms.prices,
        [
            "0.09 per event up to 100 events",
            "0.07 per event up to 1000 events",
            "free",
        ]
    );
    assert_eq!((company.kind, company.per), ("volume", "member"));
    assert_eq!(
        company.prices,
        ["0.10 per minute up to 60 minutes", "0.05 per minute"]
    );
    let service = |name: &str| {
        let found = libre.services.iter().find(|sold| sold.service == name);
        found.map(|sold| (sold.lowest.to_string(), sold.highest.to_string()))
    };
    // The lowest and highest of all tiers, and the price within visited countries.
    let price = |lowest: &str, highest: &str| Some((lowest.to_owned(), highest.to_owned()));
    assert_eq!(service("sms"), price("0.00", "0.09"));
    assert_eq!(service("voice"), price("0.09", "0.20"));
    assert_eq!((summary.numbers, summary.emergency.len()), (2, 2));
}

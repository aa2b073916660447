//! What a diff of two catalogs says against what records cost: where the diff of prices is empty no record costs
//! anything else, and a record that does is one of those that some line of the diff is about.

#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::cell::Cell;
use umbral_catalog::diff::{Change, Kind, catalogs};
use umbral_catalog::tables::{Catalog, Holidays, Rate, Window};
use umbral_catalog::version::CatalogSet;
use umbral_model::ids::PlanNo;
use umbral_model::input::Direction;
use umbral_model::money::{Pico, Rounding, RoundingMode};
use umbral_model::time::{Date, Timestamp, ZoneRules};
use umbral_rating::{Record, Tariff, rate};

const CASES: u32 = 3_000;
const RECORDS: usize = 12;
const SECOND: u64 = 1_000_000_000;
const PREFIXES: [&str; 8] = ["3", "34", "346", "3460", "7", "71", "", "9"];
const NUMBERS: [&str; 9] = ["", "3", "34", "34600", "346", "71", "8", "9112", "112"];
const NETWORKS: [Option<&str>; 6] = [
    None,
    Some("20801"),
    Some("208"),
    Some("310"),
    Some("21407"),
    Some("999"),
];

/// One change to a tariff.
#[derive(Clone, Debug)]
enum Edit {
    Rate(usize, Rate),
    /// One part of a rate, taken from another one.
    Part(usize, u8, Rate),
    Band(usize, Vec<Window>),
    Rule(usize, DraftRule),
    RuleAway(usize),
    RulesBackwards,
    Prefixes(usize, Vec<&'static str>),
    Network(usize, Vec<&'static str>),
    Home(Vec<&'static str>),
    Country(Vec<(&'static str, &'static str)>),
    Emergency(Vec<&'static str>),
    Exact(Vec<(&'static str, usize)>),
    FallThrough,
    /// The same prices written in another way.
    Rewritten,
}

fn window() -> impl Strategy<Value = Window> {
    let days = [60, 181].map(|day| Date::from_days(20_454 + day)).to_vec();
    let part = (
        prop_oneof![Just(vec![]), Just(vec![2026])],
        prop_oneof![2 => Just(0xFEu8), 2 => any::<u8>()],
        0..6u32,
        (0..24u32, 1..=24u32),
    );
    part.prop_map(move |(years, weekdays, holidays, (a, b))| Window {
        years,
        weekdays,
        holidays: match holidays {
            0 => Holidays::Only(days.clone()),
            1 => Holidays::Except(days.clone()),
            _ => Holidays::Ignored,
        },
        ..common::window(a.min(b - 1) * 3600, a.max(b) * 3600)
    })
}

fn rates() -> impl Strategy<Value = Rate> {
    let step = (
        0..200u64,
        prop_oneof![Just(0i64), 1..100i64],
        prop::sample::select(vec![1u64, 60]),
        prop::sample::select(vec![1u64, 30, 60, 7]),
    );
    let head = (
        prop::collection::vec(step, 1..3),
        prop_oneof![Just(0i64), 1..30i64],
        prop_oneof![4 => Just(None), 1 => (1..500i64).prop_map(Some)],
        prop_oneof![4 => Just(None), 1 => (500..5000i64).prop_map(Some)],
        prop_oneof![3 => Just(6u8), 1 => Just(2u8)],
    );
    head.prop_map(|(steps, setup, minimum, maximum, decimals)| {
        let cents = |amount: i64| Pico::from_picos(i128::from(amount) * 10_000_000_000);
        let mut rate = stepped(&[]);
        for (index, (start, price, unit, increment)) in steps.into_iter().enumerate() {
            let start = if index == 0 { 0 } else { start + 1 };
            rate.steps.push(umbral_catalog::tables::Step {
                start: start * SECOND,
                price: cents(price),
                unit: unit * SECOND,
                increment: increment * SECOND,
            });
        }
        rate.setup = cents(setup);
        (rate.minimum, rate.maximum) = (minimum.map(cents), maximum.map(cents));
        rate.rounding = Rounding {
            mode: RoundingMode::HalfUp,
            decimals,
        };
        rate
    })
}

fn rule() -> impl Strategy<Value = DraftRule> {
    let parts = (
        prop_oneof![1 => Just(None), 2 => (0..3usize).prop_map(Some)],
        prop_oneof![1 => Just(None), 1 => (0..3usize).prop_map(Some)],
        prop_oneof![
            4 => Just(None),
            1 => Just(Some(Direction::Originating)),
            1 => Just(Some(Direction::Terminating))
        ],
        prop_oneof![3 => Just((None, false)), 1 => (0..2u16, any::<bool>()).prop_map(|(g, v)| (Some(g), v))],
        -1..2i64,
        0..3usize,
    );
    parts.prop_map(
        |(zone, band, direction, (roaming, visited), priority, rate)| DraftRule {
            zone: zone.filter(|_| !visited),
            band,
            direction,
            roaming,
            visited,
            service: Some(0),
            priority,
            rate,
        },
    )
}

fn prefixes() -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(PREFIXES.to_vec()), 0..3)
}

fn networks() -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(vec!["208", "20801", "310", "*"]), 0..3)
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => (0..3usize, rates()).prop_map(|(at, rate)| Edit::Rate(at, rate)),
        4 => (0..3usize, 0..6u8, rates()).prop_map(|(at, part, rate)| Edit::Part(at, part, rate)),
        2 => (0..3usize, prop::collection::vec(window(), 1..3)).prop_map(|(at, w)| Edit::Band(at, w)),
        4 => (0..6usize, rule()).prop_map(|(at, rule)| Edit::Rule(at, rule)),
        1 => (0..6usize).prop_map(Edit::RuleAway),
        1 => Just(Edit::RulesBackwards),
        3 => (0..3usize, prefixes()).prop_map(|(at, list)| Edit::Prefixes(at, list)),
        2 => (0..2usize, networks()).prop_map(|(at, list)| Edit::Network(at, list)),
        1 => prop::sample::select(vec![vec![], vec!["214"], vec!["20801"]]).prop_map(Edit::Home),
        1 => prop::sample::select(vec![vec![], vec![("208", "34")], vec![("20801", "3"), ("310", "7")]])
            .prop_map(Edit::Country),
        1 => prop::sample::select(vec![vec![], vec!["112"]]).prop_map(Edit::Emergency),
        1 => prop::sample::select(vec![vec![], vec![("9112", 0)], vec![("8", 1)]]).prop_map(Edit::Exact),
        1 => Just(Edit::FallThrough),
        2 => Just(Edit::Rewritten),
    ]
}

fn draft() -> impl Strategy<Value = Draft> {
    (
        prop::collection::vec(prefixes(), 3),
        prop::collection::vec(networks(), 2),
        prop::collection::vec(prop::collection::vec(window(), 1..3), 3),
        prop::collection::vec(rates(), 3),
        prop::collection::vec(rule(), 1..6),
        prop::sample::select(vec![vec![], vec![("208", "34")]]),
        any::<bool>(),
    )
        .prop_map(
            |(zones, networks, bands, rates, mut rules, countries, floor)| {
                let texts = |lists: Vec<Vec<&str>>| -> Vec<Vec<String>> {
                    let owned = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect();
                    lists.into_iter().map(owned).collect()
                };
                let mut draft = Draft::new(chrono_tz::Europe::Madrid);
                (draft.zones, draft.networks) = (texts(zones), texts(networks));
                (draft.bands, draft.rates, draft.countries) = (bands, rates, countries);
                if floor {
                    rules.push(DraftRule {
                        priority: -2,
                        ..DraftRule::default()
                    });
                }
                draft.plans = vec![DraftPlan {
                    rules,
                    ..DraftPlan::default()
                }];
                draft
            },
        )
}

fn edited(draft: &Draft, edits: &[Edit]) -> Draft {
    let mut draft = draft.clone();
    let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    for edit in edits {
        let rules = &mut draft.plans[0].rules;
        match edit {
            Edit::Rate(at, rate) => draft.rates[*at] = rate.clone(),
            Edit::Part(at, part, donor) => take(&mut draft.rates[*at], *part, donor),
            Edit::Band(at, windows) => draft.bands[*at] = windows.clone(),
            Edit::Rule(at, rule) => match rules.get_mut(*at) {
                Some(known) => *known = rule.clone(),
                None => rules.push(rule.clone()),
            },
            Edit::RuleAway(at) => drop((*at < rules.len()).then(|| rules.remove(*at))),
            Edit::RulesBackwards => rules.reverse(),
            Edit::Prefixes(at, list) => draft.zones[*at] = owned(list),
            Edit::Network(at, list) => draft.networks[*at] = owned(list),
            Edit::Home(list) => draft.home.clone_from(list),
            Edit::Country(list) => draft.countries.clone_from(list),
            Edit::Emergency(list) => draft.emergency.clone_from(list),
            Edit::Exact(list) => draft.exact.clone_from(list),
            Edit::FallThrough => draft.plans[0].fall_through ^= true,
            Edit::Rewritten => rewrite(&mut draft),
        }
    }
    draft
}

fn take(rate: &mut Rate, part: u8, donor: &Rate) {
    let step = donor.steps[0];
    match part {
        0 => rate.setup = donor.setup,
        1 => rate.minimum = donor.minimum,
        2 => rate.maximum = Some(Pico::from_picos(step.price.picos() * 10)),
        3 => rate.rounding.decimals = 2,
        4 => rate.steps[0].increment = step.increment,
        _ => rate.steps[0].price = step.price,
    }
}

/// Rates in another order and of larger units, bands in one window more.
fn rewrite(draft: &mut Draft) {
    let last = draft.rates.len() - 1;
    draft.rates.reverse();
    for rule in &mut draft.plans[0].rules {
        rule.rate = last - rule.rate;
    }
    for step in draft.rates.iter_mut().flat_map(|rate| &mut rate.steps) {
        step.price = Pico::from_picos(step.price.picos() * 3);
        step.unit *= 3;
    }
    for band in &mut draft.bands {
        let twice = band[0].clone();
        band.push(twice);
    }
}

#[derive(Clone, Debug)]
struct Call {
    to: &'static str,
    whole: bool,
    zone: Option<&'static str>,
    network: Option<&'static str>,
    direction: Direction,
    start: Timestamp,
    seconds: u64,
}

fn call() -> impl Strategy<Value = Call> {
    (
        prop::sample::select(NUMBERS.to_vec()),
        any::<bool>(),
        prop_oneof![6 => Just(None), 1 => prop::sample::select(vec![Some("z0"), Some("z1")])],
        prop::sample::select(NETWORKS.to_vec()),
        any::<bool>(),
        1_767_222_000i64..1_800_000_000,
        prop_oneof![1 => Just(0u64), 5 => 1..4_000u64, 1 => 1..90_000u64],
    )
        .prop_map(
            |(to, whole, zone, network, terminating, second, seconds)| Call {
                to,
                whole,
                zone,
                network,
                direction: match terminating {
                    true => Direction::Terminating,
                    false => Direction::Originating,
                },
                start: Timestamp::from_seconds(second),
                seconds,
            },
        )
}

impl Call {
    fn record(&self) -> Record<'_> {
        Record {
            service: "voice",
            direction: self.direction,
            to: self.to,
            whole: self.whole,
            zone: self.zone,
            network: self.network,
            start: self.start,
            quantity: self.seconds * SECOND,
            duration: None,
            continued: None,
        }
    }

    /// Whether a change is about this record; of its hours nothing is asked.
    fn is_meant(&self, change: &Change, sides: [&Catalog; 2]) -> bool {
        if change.kind == Kind::Emergency {
            return self.whole && change.what.ends_with(self.to);
        }
        let at = &change.at;
        change.kind.is_of_price()
            && (change.services.is_empty() || change.services.iter().any(|name| name == "voice"))
            && at
                .direction
                .is_none_or(|direction| direction == self.direction)
            && self.is_there(&at.places)
            && (!at.some_destinations || self.goes_to(change, sides))
    }

    fn is_there(&self, places: &[String]) -> bool {
        let home = self
            .network
            .is_none_or(|network| network.starts_with("214"));
        places.is_empty()
            || places.iter().any(|place| match place.as_str() {
                "" => home,
                place => self.network.is_some() || place.contains("home"),
            })
    }

    fn goes_to(&self, change: &Change, sides: [&Catalog; 2]) -> bool {
        let at = &change.at;
        if let Some(zone) = self.zone {
            return at.zones.iter().any(|name| name == zone);
        }
        if at.visited && self.network.is_some() {
            return true;
        }
        let longest = sides.map(|side| match (self.to, self.whole) {
            ("", _) => None,
            (to, true) => side.deck.longest(to),
            (to, false) => side.deck.beginning(to),
        });
        let texts = [0, 1].map(|side| {
            longest[side].map(|prefix| sides[side].deck.prefixes[prefix.index()].clone())
        });
        let moved = at.moved.iter().flat_map(|moved| &moved.prefixes);
        let is_moved = moved
            .into_iter()
            .any(|prefix| texts.iter().flatten().any(|text| text == prefix));
        let zones: Vec<_> = longest[1]
            .and_then(|prefix| sides[1].deck.entry(prefix))
            .map(|entry| &sides[1].deck.zone_sets[entry.zone_set as usize])
            .into_iter()
            .flatten()
            .map(|zone| &sides[1].destinations[zone.index()])
            .collect();
        let is_in_zone = at.zones.iter().any(|zone| zones.contains(&zone));
        is_moved || is_in_zone || (at.others && zones.is_empty())
    }
}

fn runner() -> TestRunner {
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    };
    let seed = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    TestRunner::new_with_rng(config, seed)
}

fn set(draft: &Draft, zone: &ZoneRules) -> CatalogSet {
    let mut set = CatalogSet::new();
    set.activate(draft.catalog(zone), Timestamp::MIN);
    set
}

#[test]
fn a_record_that_costs_something_else_is_one_of_those_that_the_diff_is_about() {
    let zone = zone_rules(chrono_tz::Europe::Madrid);
    let cases = (
        draft(),
        prop::collection::vec(edit(), 0..3),
        prop::collection::vec(call(), RECORDS),
    );
    let (same, different) = (Cell::new(0), Cell::new(0));
    let outcome = runner().run(&cases, |(draft, edits, calls)| {
        let sets = [set(&draft, &zone), set(&edited(&draft, &edits), &zone)];
        let sides = [0, 1].map(|side| &*sets[side].latest().unwrap().catalog);
        let changes = catalogs(sides[0], sides[1]);
        let priced = changes.iter().any(|change| change.kind.is_of_price());
        let met = if priced { &different } else { &same };
        met.set(met.get() + 1);
        for call in &calls {
            let costs = [0, 1].map(|side| {
                let charge = rate(&sets[side], Tariff::Plan(PlanNo(0)), &call.record());
                charge
                    .map(|charge| charge.amount)
                    .map_err(|rejection| rejection.reason)
            });
            // Why a record is refused may differ.
            if costs[0] == costs[1] || costs.iter().all(Result::is_err) {
                continue;
            }
            prop_assert!(
                changes.iter().any(|change| call.is_meant(change, sides)),
                "{call:?}: {costs:?}, edits {edits:?}, changes {changes:#?}"
            );
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    // Both kinds of pairs are met often.
    let figures = (same.get(), different.get());
    assert!(
        figures.0 > CASES / 10 && figures.1 > CASES / 4,
        "{figures:?}"
    );
}

//! Random tariffs and records, priced by the engine and by a naive model that shares no code with it: the
//! model bills one increment after the other, looks up the rule anew for each from the draft, takes local
//! time from chrono, and adds with decimals. Not a micro-unit may differ.

#![allow(clippy::unwrap_used)]

mod common;

use chrono::{Datelike, TimeZone, Timelike};
use common::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rust_decimal::Decimal;
use umbral_catalog::tables::{Holidays, Rate, Window};
use umbral_catalog::version::CatalogSet;
use umbral_model::ids::PlanNo;
use umbral_model::input::Direction;
use umbral_model::money::{Pico, Rounding, RoundingMode};
use umbral_model::time::{Date, Timestamp};
use umbral_rating::{Record, Tariff, rate};

const SECOND: u64 = 1_000_000_000;
const CASES: u32 = 12_000;
/// Whole units that every generated unit divides: 3600 s and 7 s for time, 7000 octets or events.
const COMMON: u64 = 25_200;
const ZONES: [chrono_tz::Tz; 5] = [
    chrono_tz::Europe::Madrid,
    chrono_tz::America::New_York,
    chrono_tz::Australia::Lord_Howe,
    chrono_tz::Asia::Kathmandu,
    chrono_tz::UTC,
];

/// What is drawn: versions by date, changes of plan, and a record.
#[derive(Clone, Debug)]
struct Case {
    versions: Vec<(i64, Draft)>,
    changes: Vec<(i64, u16)>,
    service: usize,
    number: String,
    named_zone: Option<usize>,
    terminating: bool,
    start: i64,
    usage: u64,
    duration: Option<u64>,
    continued: Option<u64>,
}

fn windows() -> impl Strategy<Value = Vec<Window>> {
    let one = (
        prop_oneof![Just(vec![]), Just(vec![2024]), Just(vec![2025, 2026])],
        prop_oneof![4 => Just(0x1FFEu16), 1 => any::<u16>()],
        prop_oneof![4 => Just(0xFFFF_FFFEu32), 1 => any::<u32>(), 1 => Just(1 << 29)],
        prop_oneof![2 => Just(0xFEu8), 2 => any::<u8>()],
        0..4u32,
        (0..48u32, 1..=48u32, 0..2u32),
    );
    let one = one.prop_map(
        |(years, months, month_days, weekdays, holidays, (a, b, odd))| {
            let (from, to) = if a < b { (a, b) } else { (b - 1, a + 1) };
            let days = [60, 181, 182]
                .map(|day| Date::from_days(19_723 + day))
                .to_vec();
            Window {
                years,
                months,
                month_days,
                weekdays,
                holidays: match holidays {
                    0 => Holidays::Only(days),
                    1 => Holidays::Except(days),
                    _ => Holidays::Ignored,
                },
                from: from * 1800 + odd * 7,
                to: to * 1800,
            }
        },
    );
    prop::collection::vec(one, 1..4)
}

/// Rates in seconds, octets or events: the numbers are scaled to nanoseconds for `scale` 10^9.
fn rates(scale: u64) -> impl Strategy<Value = Rate> {
    let step = (
        0..400u64,
        prop_oneof![Just(0i64), 1..100_000i64, 1..9i64],
        prop::sample::select(vec![1u64, 60, 7, 3600]),
        prop_oneof![1..5u64, Just(30), Just(60), 1..600u64],
    );
    let head = (
        prop::collection::vec(step, 1..4),
        0..3_000_000i64,
        prop_oneof![3 => Just(None), 1 => (0..5_000_000i64).prop_map(Some)],
        prop_oneof![3 => Just(None), 1 => (5_000_000..50_000_000i64).prop_map(Some)],
        0..=6u8,
        0..4usize,
    );
    head.prop_map(move |(steps, setup, minimum, maximum, decimals, mode)| {
        let micros = |amount: i64| Pico::from_picos(i128::from(amount) * 1_000_000);
        let mut rate = stepped(&[]);
        for (index, (start, price, unit, increment)) in steps.into_iter().enumerate() {
            let start = if index == 0 { 0 } else { start + 1 };
            rate.steps.push(umbral_catalog::tables::Step {
                start: start * scale,
                price: Pico::from_picos(i128::from(price) * 1_000_000),
                unit: unit * scale,
                increment: increment * scale,
            });
        }
        rate.steps.sort_by_key(|step| step.start);
        rate.steps.dedup_by_key(|step| step.start);
        rate.setup = micros(setup);
        (rate.minimum, rate.maximum) = (minimum.map(micros), maximum.map(micros));
        let modes = [
            RoundingMode::Up,
            RoundingMode::Down,
            RoundingMode::HalfUp,
            RoundingMode::HalfEven,
        ];
        rate.rounding = Rounding {
            mode: modes[mode],
            decimals,
        };
        rate
    })
}

fn draft(zone: chrono_tz::Tz, scale: u64) -> impl Strategy<Value = Draft> {
    let rule = (
        prop_oneof![2 => Just(None), 5 => (0..4usize).prop_map(Some)],
        prop_oneof![1 => Just(None), 3 => (0..5usize).prop_map(Some)],
        prop_oneof![
            4 => Just(None),
            1 => Just(Some(Direction::Originating)),
            1 => Just(Some(Direction::Terminating))
        ],
        -1..2i64,
        0..4usize,
    );
    let rule = rule.prop_map(|(zone, band, direction, priority, rate)| DraftRule {
        zone,
        band,
        direction,
        priority,
        rate,
        ..DraftRule::default()
    });
    let plan = (
        any::<bool>(),
        prop::collection::vec(rule, 1..8),
        any::<bool>(),
    );
    let plan = plan.prop_map(|(fall_through, mut rules, floor)| {
        // Most plans have a rule for everything, so that records are priced and not only refused.
        if floor {
            rules.push(DraftRule {
                priority: -2,
                ..DraftRule::default()
            });
        }
        DraftPlan {
            fall_through,
            rules,
        }
    });
    let prefix = prop::sample::select(vec!["3", "34", "346", "3460", "7", "71", "", "9"]);
    let prefixes = prop::collection::vec(prop::collection::vec(prefix, 1..3), 4);
    (
        prefixes,
        prop::collection::vec(windows(), 5),
        prop::collection::vec(rates(scale), 4),
        prop::collection::vec(plan, 2),
    )
        .prop_map(move |(prefixes, bands, rates, plans)| {
            let mut draft = Draft::new(zone);
            draft.zones = prefixes
                .into_iter()
                .map(|zone| zone.into_iter().map(str::to_owned).collect())
                .collect();
            (draft.bands, draft.rates, draft.plans) = (bands, rates, plans);
            draft
        })
}

/// Starts near changes of the clocks (both ways, both hemispheres), leap days, ends of years, or anywhere.
fn start() -> impl Strategy<Value = i64> {
    let near = prop::sample::select(vec![
        "2026-03-29T01:00:00Z",
        "2026-10-25T01:00:00Z",
        "2026-03-08T07:00:00Z",
        "2026-11-01T06:00:00Z",
        "2026-04-04T15:00:00Z",
        "2026-10-03T15:30:00Z",
        "2024-02-29T00:00:00Z",
        "2024-02-29T23:59:00Z",
        "2025-12-31T23:30:00Z",
    ]);
    let near = (near, -100_000..1000i64, 0..3i64).prop_map(|(text, seconds, odd)| {
        at(text).seconds() * 1_000_000_000 + seconds * 1_000_000_000 + odd * 499_999_999
    });
    let anywhere = (1_704_067_200i64..1_830_000_000).prop_map(|second| second * 1_000_000_000);
    prop_oneof![4 => near, 1 => anywhere]
}

fn case() -> impl Strategy<Value = Case> {
    (0..3usize, prop::sample::select(ZONES.to_vec())).prop_flat_map(|(service, zone)| {
        let scale = if service == 0 { SECOND } else { 1 };
        let time = (
            start(),
            prop_oneof![1 => Just(0), 6 => 1..600u64, 6 => 1..200_000u64],
            0..3u64,
            prop_oneof![1 => Just(None), 3 => (1..200_000u64).prop_map(Some)],
            prop_oneof![4 => Just(None), 1 => Just(Some(0)), 1 => (1..500u64).prop_map(Some)],
        );
        let drafts = prop::collection::vec((-90_000..200_000i64, draft(zone, scale)), 0..2);
        let changes = prop::collection::vec((-90_000..200_000i64, 0..2u16), 0..3);
        let number = prop::sample::select(vec!["", "3", "34", "34600", "346", "71", "8", "9112"]);
        let party = (
            number,
            prop_oneof![6 => Just(None), 1 => (0..4usize).prop_map(Some)],
        );
        (
            draft(zone, scale),
            drafts,
            changes,
            party,
            any::<bool>(),
            time,
        )
            .prop_map(
                move |(first, later, changes, (number, named_zone), terminating, time)| {
                    let (start, usage, odd, duration, continued) = time;
                    let near = |seconds: i64| start + seconds * 1_000_000_000;
                    let mut versions = vec![(i64::MIN, first)];
                    versions.extend(later.into_iter().map(|(after, draft)| (near(after), draft)));
                    let mut changes: Vec<_> = changes
                        .into_iter()
                        .map(|(after, plan)| (near(after), plan))
                        .collect();
                    changes.push((i64::MIN, 0));
                    changes.sort_by_key(|change| change.0);
                    let odd = if usage > 0 && service == 0 {
                        odd * 333_333_333
                    } else {
                        0
                    };
                    Case {
                        versions,
                        changes,
                        service,
                        number: number.to_owned(),
                        named_zone,
                        terminating,
                        start,
                        usage: usage * scale + odd,
                        duration: duration
                            .filter(|_| service != 0)
                            .map(|seconds| seconds * SECOND),
                        continued: continued.map(|before| before * scale),
                    }
                },
            )
    })
}

impl Case {
    fn catalogs(&self) -> CatalogSet {
        let rules = zone_rules_cached(self.versions[0].1.zone);
        let mut set = CatalogSet::new();
        for (from, draft) in &self.versions {
            set.activate(draft.catalog(&rules), Timestamp::from_nanos(*from));
        }
        set
    }

    /// The naive price in micro-units; `None` where no rule holds for some part of the record.
    fn naive(&self) -> Option<i64> {
        let first = self.rule_at(0)?;
        if self.usage == 0 {
            return Some(0);
        }
        let scale = if self.service == 0 { SECOND } else { 1 };
        let mut total = Decimal::ZERO; // times COMMON
        let first_rate = &first.0.rates[first.1.rate];
        let mut rounding = first_rate.rounding;
        let mut used = 0u64;
        while used < self.usage {
            let (draft, rule) = self.rule_at(used)?;
            let rate = &draft.rates[rule.rate];
            if rate.rounding.decimals > rounding.decimals {
                rounding = rate.rounding;
            }
            let position = used + self.continued.unwrap_or(0);
            let step = rate
                .steps
                .iter()
                .rev()
                .find(|step| step.start <= position)
                .unwrap();
            let increment = Decimal::from(step.increment) / Decimal::from(scale);
            let per_unit = Decimal::from(COMMON * scale / step.unit);
            total += decimal(step.price) * increment * per_unit;
            used += step.increment;
        }
        let common = Decimal::from(COMMON);
        if self.continued.is_none() {
            total += decimal(first_rate.setup) * common;
        }
        if let Some(minimum) = first_rate.minimum {
            total = total.max(decimal(minimum) * common);
        }
        if let Some(maximum) = first_rate.maximum {
            total = total.min(decimal(maximum) * common);
        }
        Some(round(total, common, rounding))
    }

    /// The draft and the rule that price the unit after `used` units.
    fn rule_at(&self, used: u64) -> Option<(&Draft, &DraftRule)> {
        let passed = match (self.service, self.duration) {
            (0, _) => used,
            (_, Some(nanos)) => (used as u128 * nanos as u128 / self.usage.max(1) as u128) as u64,
            _ => 0,
        };
        let instant = self.start + passed as i64;
        let (_, draft) = self
            .versions
            .iter()
            .enumerate()
            .filter(|(_, (from, _))| *from <= instant)
            .max_by_key(|(order, (from, _))| (*from, *order))
            .map(|(_, version)| version)?;
        let (_, plan) = self
            .changes
            .iter()
            .rev()
            .find(|(from, _)| *from <= instant)?;
        let plan = &draft.plans[usize::from(*plan)];
        let mut tried: Vec<Option<&str>> = (0..=self.number.len())
            .rev()
            .filter(|_| !self.number.is_empty())
            .map(|length| Some(&self.number[..length]))
            .collect();
        if let Some(zone) = self.named_zone {
            tried = vec![Some("")];
            let in_zone = |rule: &&DraftRule| rule.zone == Some(zone);
            if let Some(found) = self.pick(draft, plan.rules.iter().filter(in_zone), instant) {
                match found {
                    Some(rule) => return Some((draft, rule)),
                    None if !plan.fall_through => return None,
                    None => {}
                }
            }
            tried.clear();
        }
        tried.push(None);
        for prefix in tried {
            let of_prefix = plan.rules.iter().filter(|rule| match (prefix, rule.zone) {
                (Some(prefix), Some(zone)) => draft.zones[zone].iter().any(|p| p == prefix),
                (None, None) => true,
                _ => false,
            });
            match self.pick(draft, of_prefix, instant) {
                Some(Some(rule)) => return Some((draft, rule)),
                Some(None) if !plan.fall_through => return None,
                _ => {}
            }
        }
        None
    }

    /// Of the rules for one prefix: none that fits, none that holds now, or the best that holds.
    fn pick<'d>(
        &self,
        draft: &Draft,
        rules: impl Iterator<Item = &'d DraftRule>,
        instant: i64,
    ) -> Option<Option<&'d DraftRule>> {
        let direction = if self.terminating {
            Direction::Terminating
        } else {
            Direction::Originating
        };
        let mut fitting = rules
            .filter(|rule| rule.direction.is_none_or(|only| only == direction))
            .peekable();
        fitting.peek()?;
        let holding = fitting.filter(|rule| match rule.band {
            None => true,
            Some(band) => draft.bands[band]
                .iter()
                .any(|w| holds(w, draft.zone, instant)),
        });
        let mut best: Option<&DraftRule> = None;
        for rule in holding {
            let rank =
                |rule: &DraftRule| (rule.priority, rule.band.is_some(), rule.direction.is_some());
            if best.is_none_or(|known| rank(rule) > rank(known)) {
                best = Some(rule);
            }
        }
        Some(best)
    }
}

fn holds(window: &Window, zone: chrono_tz::Tz, instant: i64) -> bool {
    let utc = chrono::DateTime::from_timestamp_nanos(instant).naive_utc();
    let local = zone.from_utc_datetime(&utc);
    let second = local.num_seconds_from_midnight();
    let date = Date::from_ymd(local.year(), local.month() as u8, local.day() as u8).unwrap();
    (window.years.is_empty() || window.years.contains(&local.year()))
        && window.months >> local.month() & 1 == 1
        && window.month_days >> local.day() & 1 == 1
        && window.weekdays >> local.weekday().number_from_monday() & 1 == 1
        && match &window.holidays {
            Holidays::Ignored => true,
            Holidays::Only(days) => days.contains(&date),
            Holidays::Except(days) => !days.contains(&date),
        }
        && (window.from..window.to).contains(&second)
}

fn decimal(amount: Pico) -> Decimal {
    Decimal::from_i128_with_scale(amount.picos(), 12)
}

/// `total / common` rounded, in micro-units.
fn round(total: Decimal, common: Decimal, rounding: Rounding) -> i64 {
    let scaled = total * Decimal::from(10i64.pow(u32::from(rounding.decimals)));
    let mut floor = (scaled / common).floor();
    while floor * common > scaled {
        floor -= Decimal::ONE;
    }
    while (floor + Decimal::ONE) * common <= scaled {
        floor += Decimal::ONE;
    }
    let rest = scaled - floor * common;
    let twice = rest + rest;
    let up = match rounding.mode {
        RoundingMode::Up => !rest.is_zero(),
        RoundingMode::Down => false,
        RoundingMode::HalfUp => twice >= common,
        RoundingMode::HalfEven => {
            twice > common || (twice == common && floor % Decimal::TWO != Decimal::ZERO)
        }
    };
    let units = if up { floor + Decimal::ONE } else { floor };
    let micros = units * Decimal::from(10i64.pow(6 - u32::from(rounding.decimals)));
    i64::try_from(micros).unwrap()
}

fn zone_rules_cached(zone: chrono_tz::Tz) -> umbral_model::time::ZoneRules {
    use std::sync::OnceLock;
    static RULES: OnceLock<Vec<umbral_model::time::ZoneRules>> = OnceLock::new();
    let rules = RULES.get_or_init(|| ZONES.map(zone_rules).to_vec());
    rules
        .iter()
        .find(|rules| rules.name == zone.name())
        .unwrap()
        .clone()
}

#[test]
fn engine_and_naive_model_agree_to_the_micro_unit() {
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    };
    let seed = [0x5A; 32];
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let priced = std::cell::Cell::new((0u32, 0u32, 0u32));
    let outcome = runner.run(&case(), |case| {
        let catalogs = case.catalogs();
        let zone_name = case.named_zone.map(|zone| format!("z{zone}"));
        let changes: Vec<_> = case
            .changes
            .iter()
            .map(|(from, plan)| (Timestamp::from_nanos(*from), PlanNo(*plan)))
            .collect();
        let record = Record {
            service: SERVICES[case.service].0,
            direction: if case.terminating {
                Direction::Terminating
            } else {
                Direction::Originating
            },
            to: &case.number,
            whole: true,
            zone: zone_name.as_deref(),
            network: None,
            start: Timestamp::from_nanos(case.start),
            quantity: case.usage,
            duration: case.duration,
            continued: case.continued,
        };
        let charge = rate(&catalogs, Tariff::Plans(&changes), &record);
        let expected = case.naive();
        let (mut ok, mut many, mut refused) = priced.get();
        match &charge {
            Ok(charge) => {
                ok += 1;
                many += u32::from(charge.segments.len() > 2);
                let usage: u64 = charge.segments.iter().map(|segment| segment.usage).sum();
                prop_assert_eq!(usage, case.usage, "segments cover the record");
            }
            Err(_) => refused += 1,
        }
        priced.set((ok, many, refused));
        let found = charge.as_ref().ok().map(|charge| charge.amount.micros());
        prop_assert_eq!(found, expected, "{:?}", charge);
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    let (ok, many, refused) = priced.get();
    assert!(
        ok > CASES / 3 && many > CASES / 20 && refused > CASES / 20,
        "{ok} {many} {refused}"
    );
}

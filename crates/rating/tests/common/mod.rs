//! A tariff written down plainly, for tests, and the catalog tables made from it by hand.
#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    clippy::type_complexity
)]

use chrono::{Offset, TimeZone};
use umbral_catalog::tables::*;
use umbral_catalog::version::CatalogSet;
use umbral_model::ids::*;
use umbral_model::input::Direction;
use umbral_model::money::{Currency, Pico, Rounding, RoundingMode};
use umbral_model::time::{Timestamp, ZoneRules};
use umbral_model::units::Measurement;

/// Services of every draft, in the order of their numbers.
pub const SERVICES: [(&str, Measurement); 3] = [
    ("voice", Measurement::Time),
    ("data", Measurement::Octets),
    ("sms", Measurement::Events),
];

#[derive(Clone, Debug)]
pub struct Draft {
    pub zone: chrono_tz::Tz,
    /// Prefixes of each destination zone.
    pub zones: Vec<Vec<String>>,
    pub networks: Vec<Vec<String>>,
    pub bands: Vec<Vec<Window>>,
    pub rates: Vec<Rate>,
    pub plans: Vec<DraftPlan>,
    pub profiles: Vec<(&'static str, Vec<(&'static str, u32, Vec<&'static str>)>)>,
}

#[derive(Clone, Debug, Default)]
pub struct DraftPlan {
    pub fall_through: bool,
    pub rules: Vec<DraftRule>,
}

#[derive(Clone, Debug, Default)]
pub struct DraftRule {
    pub zone: Option<usize>,
    pub band: Option<usize>,
    pub direction: Option<Direction>,
    pub roaming: Option<u16>,
    pub service: Option<u8>,
    pub priority: i64,
    pub rate: usize,
}

pub fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap_or_else(|| panic!("not an instant: {text}"))
}

pub fn price(text: &str) -> Pico {
    Pico::parse(text).unwrap()
}

/// A window of every day from one second of the day to another.
pub fn window(from: u32, to: u32) -> Window {
    Window {
        years: vec![],
        months: 0x1FFE,
        month_days: 0xFFFF_FFFE,
        weekdays: 0xFE,
        holidays: Holidays::Ignored,
        from,
        to,
    }
}

/// A rate of steps `(start, price, unit, increment)`.
pub fn stepped(steps: &[(u64, &str, u64, u64)]) -> Rate {
    let steps = steps.iter().map(|(start, amount, unit, increment)| Step {
        start: *start,
        price: price(amount),
        unit: *unit,
        increment: *increment,
    });
    Rate {
        name: "".into(),
        setup: Pico::ZERO,
        steps: steps.collect(),
        minimum: None,
        maximum: None,
        rounding: Rounding {
            mode: RoundingMode::HalfUp,
            decimals: 6,
        },
    }
}

/// The rules of an IANA zone for the years 2019 to 2031, found by asking for the offset every quarter of an hour.
pub fn zone_rules(zone: chrono_tz::Tz) -> ZoneRules {
    let offset = |second: i64| {
        let utc = chrono::DateTime::from_timestamp(second, 0)
            .unwrap()
            .naive_utc();
        zone.offset_from_utc_datetime(&utc).fix().local_minus_utc()
    };
    let (first, last) = (
        at("2019-01-01T00:00:00Z").seconds(),
        at("2032-01-01T00:00:00Z").seconds(),
    );
    let mut known = offset(first);
    let mut rules = ZoneRules {
        name: zone.name().into(),
        initial_offset: known,
        transitions: vec![],
    };
    for second in (first..last).step_by(900) {
        if offset(second) != known {
            known = offset(second);
            rules.transitions.push((second, known));
        }
    }
    rules
}

impl Draft {
    pub fn new(zone: chrono_tz::Tz) -> Draft {
        Draft {
            zone,
            zones: vec![],
            networks: vec![],
            bands: vec![],
            rates: vec![],
            plans: vec![],
            profiles: vec![],
        }
    }

    /// The compiled tables. Plans are `p0`, `p1`, ...; zones `z0`, ...; rates `r0`, ...; bands `b0`, ...
    pub fn catalog(&self, rules_of_zone: &ZoneRules) -> Catalog {
        let named = |letter: char, index: usize| smol_str::format_smolstr!("{letter}{index}");
        let listed = self.zones.iter().enumerate().flat_map(|(zone, prefixes)| {
            prefixes
                .iter()
                .map(move |prefix| (prefix.as_str().into(), DestinationNo(zone as u16)))
        });
        let mut catalog = Catalog {
            name: "draft".into(),
            label: "v".into(),
            currency: Currency::parse("EUR").unwrap(),
            zone: rules_of_zone.clone(),
            valid_from: Timestamp::MIN,
            numbers: NumberForm::E164,
            services: SERVICES
                .map(|(name, measurement)| Service {
                    name: name.into(),
                    measurement,
                })
                .to_vec(),
            destinations: (0..self.zones.len()).map(|zone| named('z', zone)).collect(),
            deck: Deck::build(listed),
            networks: vec![],
            bands: vec![],
            rates: vec![],
            rules: vec![],
            plans: vec![],
            profiles: Profiles::default(),
            classes: vec![],
            schedules: vec![],
        };
        for (index, networks) in self.networks.iter().enumerate() {
            let networks = networks
                .iter()
                .map(|network| network.as_str().into())
                .collect();
            catalog.networks.push(NetworkGroup {
                name: named('n', index),
                networks,
            });
        }
        for (index, windows) in self.bands.iter().enumerate() {
            catalog.bands.push(Band {
                name: named('b', index),
                windows: windows.clone(),
            });
        }
        for (index, rate) in self.rates.iter().enumerate() {
            catalog.rates.push(Rate {
                name: named('r', index),
                ..rate.clone()
            });
        }
        for (index, plan) in self.plans.iter().enumerate() {
            self.add_plan(&mut catalog, named('p', index), plan);
        }
        for (name, activations) in &self.profiles {
            let activations = activations
                .iter()
                .map(|(from, plan, fallbacks)| Activation {
                    from: at(from),
                    plan: *plan,
                    fallbacks: fallbacks.iter().map(|name| (*name).into()).collect(),
                });
            catalog
                .profiles
                .by_name
                .insert((*name).into(), activations.collect());
        }
        catalog
    }

    fn add_plan(&self, catalog: &mut Catalog, name: smol_str::SmolStr, plan: &DraftPlan) {
        let (sets, zones) = (catalog.deck.zone_sets.len(), self.zones.len());
        let mut by_service: Vec<ServiceRules> = SERVICES
            .iter()
            .map(|_| ServiceRules {
                by_zone_set: vec![vec![]; sets],
                by_zone: vec![vec![]; zones],
                anywhere: vec![],
            })
            .collect();
        let mut order: Vec<&DraftRule> = plan.rules.iter().collect();
        order.sort_by_key(|rule| {
            let open = (
                rule.roaming.is_none(),
                rule.band.is_none(),
                rule.direction.is_none(),
            );
            (std::cmp::Reverse(rule.priority), open)
        });
        for rule in order {
            let number = RuleNo(catalog.rules.len() as u32);
            for (service, rules) in by_service.iter_mut().enumerate() {
                if rule.service.is_some_and(|only| only as usize != service) {
                    continue;
                }
                let Some(zone) = rule.zone else {
                    rules.anywhere.push(number);
                    continue;
                };
                rules.by_zone[zone].push(number);
                for (set, listed) in catalog.deck.zone_sets.iter().enumerate() {
                    if listed.contains(&DestinationNo(zone as u16)) {
                        rules.by_zone_set[set].push(number);
                    }
                }
            }
            catalog.rules.push(Rule {
                plan: catalog.plans.len() as u32,
                label: smol_str::format_smolstr!("rule {}", number),
                services: rule.service.map(ServiceNo).into_iter().collect(),
                zone: rule.zone.map(|zone| DestinationNo(zone as u16)),
                direction: rule.direction,
                roaming: rule.roaming,
                band: rule.band.map(|band| BandNo(band as u16)),
                priority: rule.priority,
                rate: RateNo(rule.rate as u32),
            });
        }
        catalog.plans.push(Plan {
            number: PlanNo(0),
            name,
            fall_through: plan.fall_through,
            by_service,
            monthly_fee: Default::default(),
            descriptions: vec![],
        });
    }

    /// A deployment with this draft as its only version, in force since ever.
    pub fn catalogs(&self) -> CatalogSet {
        let mut set = CatalogSet::new();
        set.activate(self.catalog(&zone_rules(self.zone)), Timestamp::MIN);
        set
    }
}

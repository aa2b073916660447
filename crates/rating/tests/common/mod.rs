//! A tariff written down plainly, for tests, and the catalog tables made from it by hand.
#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    clippy::type_complexity
)]

pub mod written;

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
    /// Whole numbers and their zones.
    pub exact: Vec<(&'static str, usize)>,
    /// Codes of each network group; `*` for all that no other group lists.
    pub networks: Vec<Vec<String>>,
    /// Calling codes of networks.
    pub countries: Vec<(&'static str, &'static str)>,
    /// Networks that count as home.
    pub home: Vec<&'static str>,
    /// Emergency numbers, ascending.
    pub emergency: Vec<&'static str>,
    pub bands: Vec<Vec<Window>>,
    pub rates: Vec<Rate>,
    pub plans: Vec<DraftPlan>,
    /// Zone filters of these and of discounts name zones only; their zone sets are found here.
    pub allowances: Vec<Allowance>,
    pub discounts: Vec<Discount>,
    pub discount_cap_bps: u32,
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
    pub visited: bool,
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
        tiers: None,
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
            exact: vec![],
            networks: vec![],
            countries: vec![],
            home: vec![],
            emergency: vec![],
            bands: vec![],
            rates: vec![],
            plans: vec![],
            allowances: vec![],
            discounts: vec![],
            discount_cap_bps: 8000,
            profiles: vec![],
        }
    }

    /// Prefixes and whole numbers.
    fn deck(&self) -> Deck {
        let listed = self.zones.iter().enumerate().flat_map(|(zone, prefixes)| {
            prefixes
                .iter()
                .map(move |prefix| (prefix.as_str().into(), DestinationNo(zone as u16)))
        });
        let mut deck = Deck::build(listed);
        let exact = self.exact.iter();
        deck.add_exact(exact.map(|(number, zone)| ((*number).into(), DestinationNo(*zone as u16))));
        deck
    }

    fn network_index(&self) -> NetworkIndex {
        let mut index = NetworkIndex {
            home: self.home.iter().map(|code| (*code).into()).collect(),
            ..NetworkIndex::default()
        };
        for (group, codes) in self.networks.iter().enumerate() {
            for code in codes {
                match code.as_str() {
                    "*" => index.rest = Some(group as u16),
                    code => drop(index.groups.insert(code.into(), group as u16)),
                }
            }
        }
        for (network, country) in &self.countries {
            index.countries.insert((*network).into(), (*country).into());
        }
        index
    }

    /// The compiled tables. Plans are `p0`, `p1`, ...; zones `z0`, ...; rates `r0`, ...; bands `b0`, ...
    pub fn catalog(&self, rules_of_zone: &ZoneRules) -> Catalog {
        let named = |letter: char, index: usize| smol_str::format_smolstr!("{letter}{index}");
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
            deck: self.deck(),
            networks: vec![],
            network_index: self.network_index(),
            emergency: self
                .emergency
                .iter()
                .map(|number| (*number).into())
                .collect(),
            emergency_rule: None,
            allowances: self.allowances.clone(),
            products: vec![],
            discounts: self.discounts.clone(),
            discount_cap_bps: self.discount_cap_bps,
            bands: vec![],
            rates: vec![],
            rules: Rules::default(),
            plans: vec![],
            profiles: Profiles::default(),
            classes: vec![],
            vip_levels: Vec::new(),
            schedules: vec![],
            programmes: vec![],
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
        self.add_emergency_rule(&mut catalog);
        let sets = catalog.deck.zone_sets.clone();
        let allowances = catalog.allowances.iter_mut().map(|known| &mut known.zones);
        let discounts = catalog.discounts.iter_mut().map(|known| &mut known.zones);
        for filter in allowances.chain(discounts) {
            find_zone_sets(filter, &sets);
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

    /// The rule at the end of all, with a rate of its own.
    fn add_emergency_rule(&self, catalog: &mut Catalog) {
        if self.emergency.is_empty() {
            return;
        }
        catalog.emergency_rule = Some(RuleNo(catalog.rules.len() as u32));
        catalog.rates.push(Rate {
            name: "emergency".into(),
            ..stepped(&[(0, "0", 1, 1)])
        });
        let rule = Rule {
            plan: u32::MAX,
            label: "emergency".into(),
            services: vec![],
            direction: None,
            roaming: None,
            visited: false,
            band: None,
            priority: 0,
            rate: RateNo(catalog.rates.len() as u32 - 1),
        };
        catalog.rules.push(rule, None);
    }

    fn add_plan(&self, catalog: &mut Catalog, name: smol_str::SmolStr, plan: &DraftPlan) {
        let (sets, zones) = (catalog.deck.zone_sets.len(), self.zones.len());
        let mut by_service = SERVICES.map(|_| Lists {
            visited: vec![],
            by_zone_set: vec![vec![]; sets],
            by_zone: vec![vec![]; zones],
            anywhere: vec![],
        });
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
                if rule.visited {
                    rules.visited.push(number);
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
            let terms = Rule {
                plan: catalog.plans.len() as u32,
                label: smol_str::format_smolstr!("rule {}", number),
                services: rule.service.map(ServiceNo).into_iter().collect(),
                direction: rule.direction,
                roaming: rule.roaming,
                visited: rule.visited,
                band: rule.band.map(|band| BandNo(band as u16)),
                priority: rule.priority,
                rate: RateNo(rule.rate as u32),
            };
            let zone = rule.zone.map(|zone| DestinationNo(zone as u16));
            catalog.rules.push(terms, zone);
        }
        catalog.plans.push(Plan {
            number: PlanNo(0),
            name,
            fall_through: plan.fall_through,
            by_service: by_service.into_iter().map(Lists::packed).collect(),
            monthly_fee: Default::default(),
            by_day: false,
            allowances: vec![],
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

/// Rules of one service while they are sorted.
struct Lists {
    visited: Vec<RuleNo>,
    by_zone_set: Vec<Vec<RuleNo>>,
    by_zone: Vec<Vec<RuleNo>>,
    anywhere: Vec<RuleNo>,
}

impl Lists {
    fn packed(self) -> ServiceRules {
        ServiceRules {
            visited: self.visited,
            by_zone_set: RuleLists::pack(&self.by_zone_set),
            by_zone: RuleLists::pack(&self.by_zone),
            anywhere: self.anywhere,
        }
    }
}

fn find_zone_sets(filter: &mut ZoneFilter, sets: &[Vec<DestinationNo>]) {
    if filter.zones.is_empty() {
        return;
    }
    filter.zone_sets = vec![0; sets.len().div_ceil(64)];
    for (number, set) in sets.iter().enumerate() {
        if set.iter().any(|zone| filter.zones.contains(zone)) {
            filter.zone_sets[number / 64] |= 1 << (number % 64);
        }
    }
}

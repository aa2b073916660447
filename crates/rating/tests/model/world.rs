//! Random tariffs, accounts and records. Everything of one world is a multiple of one quantum of usage, so that
//! the naive model can walk it quantum by quantum.

use crate::common::*;
use crate::dice::Dice;
use umbral_catalog::tables::*;
use umbral_catalog::version::CatalogSet;
use umbral_model::ids::{BandNo, CounterNo, DestinationNo, PlanNo, ServiceNo};
use umbral_model::input::Direction;
use umbral_model::money::{Pico, Rounding, RoundingMode};
use umbral_model::time::{Date, Timestamp, ZoneRules};
use umbral_model::units::Measurement;

pub const SECOND: u64 = 1_000_000_000;
const PREFIXES: [&str; 10] = ["3", "34", "346", "3460", "7", "71", "", "9", "33", "10"];
const EXACT: [&str; 4] = ["1004", "346", "8", "112"];
pub const CLASSES: [&str; 3] = ["standard", "vip", "staff"];
pub const TIERS: [&str; 2] = ["silver", "gold"];
pub const CARDS: [&str; 3] = ["club", "blue", "black"];
const ZONES: [chrono_tz::Tz; 5] = [
    chrono_tz::Europe::Madrid,
    chrono_tz::America::New_York,
    chrono_tz::Australia::Lord_Howe,
    chrono_tz::Asia::Kathmandu,
    chrono_tz::UTC,
];
/// Changes of the clocks both ways in both hemispheres, leap days, ends of months and years.
const ANCHORS: [&str; 12] = [
    "2026-03-29T01:00:00Z",
    "2026-10-25T01:00:00Z",
    "2026-03-08T07:00:00Z",
    "2026-11-01T06:00:00Z",
    "2026-04-04T15:00:00Z",
    "2026-10-03T15:30:00Z",
    "2024-02-29T00:00:00Z",
    "2024-03-01T05:00:00Z",
    "2024-02-28T23:00:00Z",
    "2025-12-31T23:00:00Z",
    "2026-06-30T18:15:00Z",
    "2026-05-15T16:00:00Z",
];

/// A deployment: versions by date and changes of plan, for one service.
pub struct World {
    pub service: usize,
    /// Base units of a quantum.
    pub quantum: u64,
    /// Instants of the world lie around here, in nanoseconds; a whole wall-clock quantum in all its zones.
    anchor: i64,
    /// Distance of two instants that may be drawn, in nanoseconds.
    pub grid: i64,
    pub versions: Vec<(i64, Draft)>,
    pub changes: Vec<(i64, u16)>,
}

impl World {
    pub fn draw(dice: &mut Dice) -> World {
        let service = dice.below(3) as usize;
        // Whole half hours lie on the hours of all zones but that of Kathmandu.
        let coarse = service == 0 && dice.once_in(2);
        let quantum = match service {
            0 if coarse => 1800 * SECOND,
            0 => SECOND,
            1 => *dice.pick(&[1, 1, 1, 10_000, 1_000_000, 1_000_000_000]),
            _ => 1,
        };
        let zones = if coarse && !dice.once_in(5) {
            &[ZONES[0], ZONES[1], ZONES[2], ZONES[4]][..]
        } else {
            &ZONES[3..4]
        };
        let all = if coarse { zones } else { &ZONES };
        let zone = *dice.pick(all);
        let named = *dice.pick(&ANCHORS);
        let mut anchor = at(named).nanos();
        if coarse {
            // Kathmandu is a quarter of an hour beside the half hours of the others.
            anchor -= anchor.rem_euclid(1800 * SECOND as i64);
            anchor += if zone == ZONES[3] {
                900 * SECOND as i64
            } else {
                0
            };
        }
        let grid = if coarse {
            1800 * SECOND as i64
        } else {
            SECOND as i64
        };
        let mut world = World {
            service,
            quantum,
            anchor,
            grid,
            versions: vec![],
            changes: vec![(i64::MIN, 0)],
        };
        for index in 0..1 + dice.below(3) {
            let other = dice.once_in(8).then(|| *dice.pick(all));
            let from = if index == 0 {
                i64::MIN
            } else {
                world.instant(dice)
            };
            let draft = world.draft(dice, other.unwrap_or(zone));
            world.versions.push((from, draft));
        }
        for _ in 0..dice.below(3) {
            let from = world.instant(dice);
            world.changes.push((from, dice.below(2) as u16));
        }
        world.changes.sort_by_key(|change| change.0);
        world
    }

    /// An instant near the anchor.
    pub fn instant(&self, dice: &mut Dice) -> i64 {
        let span = match self.service {
            0 => 60,
            _ => 30_000,
        };
        self.anchor + dice.within(-span, span) * self.grid
    }

    /// Half hours of the day, or seconds near those of the anchor.
    fn second_of_day(&self, dice: &mut Dice, zone: chrono_tz::Tz) -> u32 {
        if self.grid > SECOND as i64 || dice.once_in(2) {
            return dice.below(48) as u32 * 1800;
        }
        let local = crate::naive::local(zone, self.instant(dice));
        local.second
    }

    fn windows(&self, dice: &mut Dice, zone: chrono_tz::Tz) -> Vec<Window> {
        let mut windows = Vec::new();
        for _ in 0..1 + dice.below(3) {
            let (a, b) = (
                self.second_of_day(dice, zone),
                self.second_of_day(dice, zone),
            );
            let days = [60, 181, 182]
                .map(|day| Date::from_days(19_723 + day))
                .to_vec();
            windows.push(Window {
                years: dice
                    .pick(&[vec![], vec![], vec![2024], vec![2025, 2026]])
                    .clone(),
                months: if dice.once_in(5) {
                    dice.next() as u16
                } else {
                    0x1FFE
                },
                month_days: match dice.below(6) {
                    0 => dice.next() as u32,
                    1 => 1 << 29,
                    _ => 0xFFFF_FFFE,
                },
                weekdays: if dice.once_in(2) {
                    0xFE
                } else {
                    dice.next() as u8
                },
                holidays: match dice.below(6) {
                    0 => Holidays::Only(days),
                    1 => Holidays::Except(days),
                    _ => Holidays::Ignored,
                },
                from: a.min(b),
                to: if a == b { 86_400 } else { a.max(b) },
            });
        }
        windows
    }

    fn rate(&self, dice: &mut Dice) -> Rate {
        let quantum = self.quantum;
        let mut rate = stepped(&[]);
        for index in 0..1 + dice.below(3) {
            let (amount, unit) = self.amount(dice);
            rate.steps.push(Step {
                start: if index == 0 {
                    0
                } else {
                    (1 + dice.below(60)) * quantum
                },
                price: amount,
                unit,
                increment: *dice.pick(&[1, 1, 2, 3, 5, 7, 30]) * quantum,
            });
        }
        rate.steps.sort_by_key(|step| step.start);
        rate.steps.dedup_by_key(|step| step.start);
        let cents =
            |dice: &mut Dice, most| Pico::from_picos(i128::from(dice.below(most)) * 1_000_000);
        if dice.once_in(2) {
            rate.setup = cents(dice, 3_000_000);
        }
        if dice.once_in(4) {
            rate.minimum = Some(cents(dice, 5_000_000));
        }
        if dice.once_in(4) {
            rate.maximum = Some(Pico::from_picos(
                5_000_000_000_000 + cents(dice, 45_000_000).picos(),
            ));
        }
        rate.rounding = Rounding {
            mode: *dice.pick(&[
                RoundingMode::Up,
                RoundingMode::Down,
                RoundingMode::HalfUp,
                RoundingMode::HalfEven,
            ]),
            decimals: dice.below(7) as u8,
        };
        if dice.once_in(3) {
            self.add_tiers(dice, &mut rate);
        }
        rate
    }

    /// A price and the base units that it is for.
    fn amount(&self, dice: &mut Dice) -> (Pico, u64) {
        let whole = if self.service == 0 { SECOND } else { 1 };
        // As large and as fine as the decimals of the model hold exactly.
        let picos = match dice.below(12) {
            0 => 0,
            1 => -i128::from(dice.below(50_000)) * 1_000_000,
            2 if self.quantum == whole => i128::from(dice.below(100_000_000_000)),
            _ => i128::from(dice.below(100_000)) * 1_000_000,
        };
        let large = self.quantum / whole > 1_000_000;
        let of = *dice.pick(&[if large { self.quantum } else { whole }, self.quantum]);
        (Pico::from_picos(picos), dice.pick(&[1, 60, 7, 3600]) * of)
    }

    fn add_tiers(&self, dice: &mut Dice, rate: &mut Rate) {
        rate.steps.truncate(1);
        let (mut tiers, mut up_to) = (Vec::new(), 0);
        let count = 1 + dice.below(4);
        for index in 0..count {
            let (price, unit) = self.amount(dice);
            let most = *dice.pick(&[3, 40]);
            up_to += 1 + dice.below(most);
            let up_to = if index + 1 == count {
                u64::MAX
            } else {
                up_to * self.quantum
            };
            tiers.push(Tier { up_to, price, unit });
        }
        (rate.steps[0].price, rate.steps[0].unit) = (tiers[0].price, tiers[0].unit);
        rate.tiers = Some(Tiers {
            kind: *dice.pick(&[TierKind::Graduated, TierKind::Volume]),
            per: *dice.pick(&[TierPer::Account, TierPer::Member]),
            counter: CounterNo(0),
            measurement: [Measurement::Time, Measurement::Octets, Measurement::Events]
                [self.service],
            tiers,
        });
    }

    fn draft(&self, dice: &mut Dice, zone: chrono_tz::Tz) -> Draft {
        let mut draft = Draft::new(zone);
        for _ in 0..4 {
            let mut prefixes = vec![dice.pick(&PREFIXES).to_string()];
            if dice.once_in(2) {
                prefixes.push(dice.pick(&PREFIXES).to_string());
            }
            draft.zones.push(prefixes);
        }
        for number in dice.some_of(&EXACT, 3) {
            draft.exact.push((number, dice.below(4) as usize));
        }
        let codes = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect();
        draft.networks = vec![codes(&["208"]), codes(&["20810", "262"]), codes(&[])];
        if dice.once_in(2) {
            draft.networks[2] = codes(&["*"]);
        }
        draft.countries = vec![("208", "33"), ("262", "49")];
        if dice.once_in(2) {
            draft.countries.push(("20810", "34"));
        }
        draft.home = dice.some_of(&["21407", "21419"], 2);
        if dice.once_in(3) {
            draft.emergency = vec!["112", "71"];
        }
        draft.bands = (0..4).map(|_| self.windows(dice, zone)).collect();
        draft.rates = (0..5).map(|_| self.rate(dice)).collect();
        draft.plans = (0..2).map(|_| plan(dice)).collect();
        for index in 0..1 + dice.below(5) {
            draft.allowances.push(self.allowance(dice, index));
        }
        for index in 0..dice.below(6) {
            draft.discounts.push(self.discount(dice, index));
        }
        draft.discount_cap_bps = *dice.pick(&[1, 2500, 5000, 8000]);
        draft
    }

    fn allowance(&self, dice: &mut Dice, index: u64) -> Allowance {
        Allowance {
            name: smol_str::format_smolstr!("a{index}"),
            of: AllowanceOf::Plan(0),
            units: 1 << 40,
            measurement: [Measurement::Time, Measurement::Octets, Measurement::Events]
                [self.service],
            services: match dice.below(8) {
                0 => vec![ServiceNo(((self.service + 1) % 3) as u8)],
                1 => vec![ServiceNo(0), ServiceNo(1), ServiceNo(2)],
                _ => vec![ServiceNo(self.service as u8)],
            },
            zones: zone_filter(dice),
            bands: match dice.below(3) {
                0 => (0..4).filter(|_| dice.once_in(2)).map(BandNo).collect(),
                _ => vec![],
            },
            direction: direction(dice),
            networks: network_filter(dice, 2),
            units_abroad: None,
            priority: 0,
            shared: true,
            waives_setup: dice.once_in(3),
            valid: Validity::Cycles(0),
            warnings: vec![],
            margin_bps: 500,
            cooldown: 0,
        }
    }

    fn discount(&self, dice: &mut Dice, index: u64) -> Discount {
        let names = |some: Vec<&'static str>| some.into_iter().map(Into::into).collect();
        let bounds = dice
            .once_in(4)
            .then(|| (self.instant(dice), self.instant(dice)));
        Discount {
            name: smol_str::format_smolstr!("d{index}"),
            bps: *dice.pick(&[1, 333, 1000, 1250, 5000]),
            classes: names(dice.some_of(&CLASSES, 6)),
            tiers: names(dice.some_of(&TIERS, 6)),
            cards: names(dice.some_of(&CARDS, 8)),
            vip_rank: if dice.once_in(5) { 2 } else { 0 },
            plans: dice.some_of(&[0, 1], 5),
            services: match dice.below(6) {
                0 => vec![ServiceNo(((self.service + 1) % 3) as u8)],
                1 => vec![ServiceNo(self.service as u8)],
                _ => vec![],
            },
            zones: zone_filter(dice),
            networks: network_filter(dice, 5),
            direction: direction(dice),
            from: bounds.map_or(Timestamp::MIN, |bounds| Timestamp::from_nanos(bounds.0)),
            until: bounds.map_or(Timestamp::MAX, |bounds| Timestamp::from_nanos(bounds.1)),
        }
    }

    /// The compiled deployment.
    pub fn catalogs(&self, rules: &[ZoneRules]) -> CatalogSet {
        let mut set = CatalogSet::new();
        for (from, draft) in &self.versions {
            let zone = draft.zone.name();
            let rules = rules.iter().find(|rules| rules.name == zone).unwrap();
            set.activate(draft.catalog(rules), Timestamp::from_nanos(*from));
        }
        set
    }

    pub fn plans(&self) -> Vec<(Timestamp, PlanNo)> {
        let changes = self.changes.iter();
        changes
            .map(|(from, plan)| (Timestamp::from_nanos(*from), PlanNo(*plan)))
            .collect()
    }
}

fn direction(dice: &mut Dice) -> Option<Direction> {
    match dice.below(6) {
        0 => Some(Direction::Originating),
        1 if dice.once_in(2) => Some(Direction::Terminating),
        _ => None,
    }
}

fn zone_filter(dice: &mut Dice) -> ZoneFilter {
    let zones = match dice.below(3) {
        0 => dice.some_of(&[0, 1, 2, 3], 2),
        _ => vec![],
    };
    ZoneFilter {
        zones: zones.into_iter().map(DestinationNo).collect(),
        zone_sets: vec![],
    }
}

fn network_filter(dice: &mut Dice, everywhere: u64) -> NetworkFilter {
    NetworkFilter {
        everywhere: dice.below(6) < everywhere,
        home: !dice.once_in(4),
        groups: dice.some_of(&[0, 1, 2], 2),
    }
}

fn plan(dice: &mut Dice) -> DraftPlan {
    let mut rules = Vec::new();
    for _ in 0..1 + dice.below(7) {
        let roaming = dice.once_in(3).then(|| dice.below(3) as u16);
        let visited = roaming.is_some() && dice.once_in(3);
        rules.push(DraftRule {
            zone: (!visited && !dice.once_in(3)).then(|| dice.below(4) as usize),
            band: dice.once_in(2).then(|| dice.below(4) as usize),
            direction: direction(dice),
            roaming,
            visited,
            service: None,
            priority: dice.within(-1, 2),
            rate: dice.below(5) as usize,
        });
    }
    // Most plans have a rule for everything, so that records are priced and not only refused.
    for roaming in [None, Some(0), Some(1), Some(2)] {
        if !dice.once_in(5) {
            rules.push(DraftRule {
                roaming,
                priority: -2,
                rate: dice.below(5) as usize,
                ..DraftRule::default()
            });
        }
    }
    DraftPlan {
        fall_through: dice.once_in(2),
        rules,
    }
}

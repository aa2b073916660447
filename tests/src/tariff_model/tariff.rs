//! Tariffs as the model knows them: coarse units, prices in millionths, plain lists.

use chrono::NaiveDate;

/// Millionths of a euro.
pub(crate) type Micro = i64;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Service {
    Voice,
    Sms,
    Data,
}

impl Service {
    pub(crate) const ALL: [Service; 3] = [Service::Voice, Service::Sms, Service::Data];

    pub(crate) fn word(self) -> &'static str {
        ["voice", "sms", "data"][self as usize]
    }

    /// Base units of the coarse unit that the model walks in and that prices are for.
    pub(crate) fn unit(self) -> i128 {
        [60_000_000_000, 1, 100_000][self as usize]
    }

    /// So many coarse units as a catalog writes them.
    pub(crate) fn text(self, units: i128) -> String {
        match self {
            Service::Voice => format!("{units}m"),
            Service::Sms => format!("{units} events"),
            Service::Data => format!("{}kB", units * 100),
        }
    }

    pub(crate) fn per(self) -> &'static str {
        ["minute", "event", "100 kB"][self as usize]
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Zone {
    National,
    Mobile,
    France,
}

impl Zone {
    pub(crate) fn word(self) -> &'static str {
        ["national", "mobile", "france"][self as usize]
    }
}

/// Where a member is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Place {
    Home,
    Eu,
    World,
}

impl Place {
    pub(crate) fn word(self) -> &'static str {
        ["home", "eu", "world"][self as usize]
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Band {
    /// 08:00 to 20:00 of the catalog's zone.
    Day,
    Night,
}

impl Band {
    pub(crate) fn word(self) -> &'static str {
        ["day", "night"][self as usize]
    }

    pub(crate) fn at_hour(hour: u32) -> Band {
        match (8..20).contains(&hour) {
            true => Band::Day,
            false => Band::Night,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    Up,
    Down,
    HalfUp,
    HalfEven,
}

impl Mode {
    pub(crate) fn word(self) -> &'static str {
        ["up", "down", "half_up", "half_even"][self as usize]
    }
}

/// From so many units of the record on: a price of a unit, billed in blocks of so many units.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) from: i128,
    pub(crate) price: Micro,
    pub(crate) block: i128,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tiers {
    pub(crate) volume: bool,
    pub(crate) per_member: bool,
    /// Units up to which each reaches, none for the last, with its price.
    pub(crate) tiers: Vec<(Option<i128>, Micro)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rate {
    pub(crate) name: String,
    pub(crate) service: Service,
    pub(crate) setup: Micro,
    pub(crate) steps: Vec<Step>,
    pub(crate) tiers: Option<Tiers>,
    pub(crate) minimum: Option<Micro>,
    pub(crate) maximum: Option<Micro>,
    pub(crate) mode: Mode,
    pub(crate) decimals: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) service: Service,
    pub(crate) zone: Option<Zone>,
    /// Only calls that the member makes (true) or gets (false).
    pub(crate) made: Option<bool>,
    pub(crate) place: Place,
    pub(crate) band: Option<Band>,
    pub(crate) rate: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Valid {
    /// To the end of the cycle, and of so many more.
    Cycles(i64),
    /// To the end of the local day so many days later.
    Days(i64),
    Hours(i64),
}

#[derive(Clone, Debug)]
pub(crate) struct Allowance {
    pub(crate) name: String,
    pub(crate) service: Service,
    /// In base units.
    pub(crate) units: i128,
    pub(crate) valid: Valid,
    /// Empty for any destination.
    pub(crate) zones: Vec<Zone>,
    pub(crate) band: Option<Band>,
    pub(crate) made: Option<bool>,
    pub(crate) places: Vec<Place>,
    /// In base units.
    pub(crate) abroad: Option<i128>,
    pub(crate) priority: i64,
    pub(crate) shared: bool,
    pub(crate) waives_setup: bool,
    /// In hundredths of a percent, ascending.
    pub(crate) warn: Vec<i128>,
    pub(crate) margin: i128,
    /// In minutes.
    pub(crate) cooldown: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) fee: Micro,
    pub(crate) by_day: bool,
    pub(crate) rules: Vec<Rule>,
    pub(crate) allowances: Vec<Allowance>,
}

#[derive(Clone, Debug)]
pub(crate) struct Product {
    pub(crate) name: String,
    pub(crate) price: Micro,
    pub(crate) instalments: i64,
    pub(crate) allowances: Vec<Allowance>,
    pub(crate) plan: Option<usize>,
}

#[derive(Clone, Debug)]
pub(crate) struct Discount {
    pub(crate) name: String,
    pub(crate) bps: i128,
    pub(crate) class: Option<usize>,
    pub(crate) tier: Option<&'static str>,
    pub(crate) card: Option<&'static str>,
    pub(crate) vip: u16,
    pub(crate) plan: Option<usize>,
    pub(crate) service: Option<Service>,
    pub(crate) zone: Option<Zone>,
    /// None for everywhere.
    pub(crate) places: Option<Vec<Place>>,
    pub(crate) from: Option<NaiveDate>,
    pub(crate) until: Option<NaiveDate>,
}

/// One version of the catalog.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    /// In force from this minute on.
    pub(crate) from: i64,
    pub(crate) rates: Vec<Rate>,
    pub(crate) plans: Vec<Plan>,
    pub(crate) products: Vec<Product>,
    pub(crate) discounts: Vec<Discount>,
    pub(crate) cap: i128,
}

/// All versions, ascending; the first one has been in force for ever.
#[derive(Clone, Debug)]
pub(crate) struct Tariff {
    /// Zone of bands and promotions.
    pub(crate) zone: chrono_tz::Tz,
    pub(crate) versions: Vec<Version>,
}

pub(crate) const CLASSES: [&str; 2] = ["one", "two"];
pub(crate) const TIERS: [&str; 2] = ["silver", "gold"];
pub(crate) const CARDS: [&str; 2] = ["club", "staff"];
/// Limits of both classes and shares at which they warn, in hundredths of a percent.
pub(crate) const EXPOSURE_LIMIT: Micro = 40_000_000;
pub(crate) const USAGE_LIMIT: Micro = 12_000_000;
pub(crate) const CHARGES_LIMIT: Micro = 30_000_000;

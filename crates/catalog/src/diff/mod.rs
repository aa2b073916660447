//! What changes from one compiled catalog to another, and for whom.
//!
//! Behaviour is compared, not text: for every plan, service, direction, serving network, destination and hour
//! the rate that wins before is held against the one that wins after, and equal differences are told once.
//! `places`, `destinations` and `hours` divide records into those that both catalogs treat alike, `ladder`
//! finds the rules of each, `rates` compares two rates, `prices` puts the differences together. The other
//! files compare what is not priced by the record.

mod allowances;
mod credit;
mod destinations;
mod discounts;
mod fields;
mod hours;
mod ladder;
mod merge;
mod places;
mod plans;
mod prices;
mod products;
mod profiles;
mod programmes;
mod rates;
mod text;
mod whole;
mod zones;

use crate::tables::Catalog;
use crate::{Amounts, Compiled};
use destinations::Destinations;
use hours::Calendar;
use places::Place;
use smol_str::SmolStr;
use umbral_model::input::Direction;

/// What kind of thing changes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// The catalog as a whole: dates, currency, time zone.
    Catalog,
    /// A service.
    Service,
    /// A plan comes or goes.
    Plan,
    /// Something begins or ceases to be sold.
    Sold,
    /// A price.
    Price,
    /// Prices by units of the cycle.
    Tiers,
    /// A setup fee.
    Setup,
    /// Increments.
    Increments,
    /// The least charge of a record.
    Minimum,
    /// The greatest charge of a record.
    Maximum,
    /// The rounding.
    Rounding,
    /// The monthly fee.
    Fee,
    /// Included units.
    Allowance,
    /// A product.
    Product,
    /// A discount.
    Discount,
    /// A destination zone.
    Zone,
    /// Serving networks.
    Network,
    /// A time band.
    Band,
    /// Emergency numbers.
    Emergency,
    /// A credit class.
    Class,
    /// A collection schedule.
    Collections,
    /// A loyalty programme.
    Programme,
    /// Rating profiles.
    Profile,
}

impl Kind {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Catalog => "catalog",
            Kind::Service => "service",
            Kind::Plan => "plan",
            Kind::Sold => "sold",
            Kind::Price => "price",
            Kind::Tiers => "tiers",
            Kind::Setup => "setup",
            Kind::Increments => "increments",
            Kind::Minimum => "minimum",
            Kind::Maximum => "maximum",
            Kind::Rounding => "rounding",
            Kind::Fee => "fee",
            Kind::Allowance => "allowance",
            Kind::Product => "product",
            Kind::Discount => "discount",
            Kind::Zone => "zone",
            Kind::Network => "network",
            Kind::Band => "band",
            Kind::Emergency => "emergency",
            Kind::Class => "class",
            Kind::Collections => "collections",
            Kind::Programme => "programme",
            Kind::Profile => "profile",
        }
    }

    /// Whether it changes what a record costs by the rules of its plan.
    pub const fn is_of_price(self) -> bool {
        matches!(
            self,
            Kind::Sold
                | Kind::Price
                | Kind::Tiers
                | Kind::Setup
                | Kind::Increments
                | Kind::Minimum
                | Kind::Maximum
                | Kind::Rounding
        )
    }
}

/// What a change does to the customer's bill.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Effect {
    /// It may rise.
    Dearer,
    /// It may fall.
    Cheaper,
    /// It may do both.
    Mixed,
    /// It cannot be said.
    Neutral,
}

impl Effect {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Effect::Dearer => "dearer",
            Effect::Cheaper => "cheaper",
            Effect::Mixed => "mixed",
            Effect::Neutral => "neutral",
        }
    }
}

/// For which records something changes. What is empty or not said does not matter.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Where {
    /// Made or received.
    pub direction: Option<Direction>,
    /// Not for all destinations: for the following ones only.
    pub some_destinations: bool,
    /// Destination zones.
    pub zones: Vec<SmolStr>,
    /// Prefixes and numbers that move from one zone to another, by this move.
    pub moved: Vec<Moved>,
    /// Destinations of no zone, and records without a destination.
    pub others: bool,
    /// Numbers of the country in which the member is.
    pub visited: bool,
    /// Places; empty for everywhere, and an empty name for home.
    pub places: Vec<String>,
    /// Band, or days and hours.
    pub times: Option<String>,
}

/// Prefixes and whole numbers that are in other zones than before.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Moved {
    /// Zones before; empty for none.
    pub from: Vec<SmolStr>,
    /// Zones after; empty for none.
    pub to: Vec<SmolStr>,
    /// They are whole numbers, not prefixes.
    pub whole: bool,
    /// The prefixes, ascending.
    pub prefixes: Vec<SmolStr>,
}

/// One change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// Of what.
    pub kind: Kind,
    /// The plans that it is for; empty for all, or where it is not about plans.
    pub plans: Vec<SmolStr>,
    /// The credit class or schedule that it is about.
    pub class: Option<SmolStr>,
    /// The services that it is for; empty for all, or where it is not about services.
    pub services: Vec<SmolStr>,
    /// For which records.
    pub at: Where,
    /// What changes: `price`, `setup fee`, `zone eu`.
    pub what: String,
    /// Before; none where it was not there.
    pub from: Option<String>,
    /// After; none where it is not there any more.
    pub to: Option<String>,
    /// By how much, such as `-12.5%`.
    pub percent: Option<String>,
    /// What it does to bills.
    pub effect: Effect,
    /// Further particulars.
    pub notes: Vec<String>,
}

impl Change {
    fn new(kind: Kind, what: impl Into<String>) -> Change {
        Change {
            kind,
            plans: Vec::new(),
            class: None,
            services: Vec::new(),
            at: Where::default(),
            what: what.into(),
            from: None,
            to: None,
            percent: None,
            effect: Effect::Neutral,
            notes: Vec::new(),
        }
    }

    fn between(mut self, from: impl Into<String>, to: impl Into<String>) -> Change {
        self.from = Some(from.into());
        self.to = Some(to.into());
        self
    }

    fn effect(mut self, effect: Effect) -> Change {
        self.effect = effect;
        self
    }

    fn note(mut self, note: impl Into<String>) -> Change {
        self.notes.push(note.into());
        self
    }

    fn of_plan(mut self, plan: &SmolStr) -> Change {
        self.plans = vec![plan.clone()];
        self
    }

    fn of_class(mut self, class: &SmolStr) -> Change {
        self.class = Some(class.clone());
        self
    }
}

impl Where {
    /// For which records, in words; empty where it is for all.
    pub fn words(&self) -> String {
        merge::words(self)
    }
}

/// All changes from `from` to `to`, in the order of `Kind`; tax too, which only a catalog's head tells.
pub fn compiled(from: &Compiled, to: &Compiled) -> Vec<Change> {
    let mut changes = catalogs(&from.catalog, &to.catalog);
    let amounts = [from, to].map(|side| side.summary.amounts);
    if amounts[0] != amounts[1] {
        let [from, to] = amounts.map(|amounts| match amounts {
            Amounts::Gross => "with tax",
            Amounts::Net => "without tax",
        });
        changes.insert(0, Change::new(Kind::Catalog, "amounts").between(from, to));
    }
    changes
}

/// All changes between the tables of two catalogs, in the order of `Kind`.
pub fn catalogs(from: &Catalog, to: &Catalog) -> Vec<Change> {
    let mut pair = Pair {
        sides: [from, to],
        calendar: Calendar::new(from, to),
        places: Vec::new(),
        destinations: Destinations::new(from, to),
    };
    pair.places = places::places(&pair);
    let mut changes = Vec::new();
    whole::changes(&pair, &mut changes);
    plans::changes(&pair, &mut changes);
    let touched = prices::changes(&pair, &mut changes);
    allowances::changes(&pair, &mut changes);
    products::changes(&pair, &mut changes);
    discounts::changes(&pair, &mut changes);
    zones::changes(&pair, &touched, &mut changes);
    places::changes(&pair, &mut changes);
    hours::changes(&pair, &mut changes);
    credit::changes(&pair, &mut changes);
    programmes::changes(&pair, &mut changes);
    profiles::changes(&pair, &mut changes);
    changes.sort_by_cached_key(order);
    changes
}

/// Prices together, by plan, those of all plans first; everything else by its kind.
fn order(change: &Change) -> (Kind, bool, Vec<SmolStr>) {
    match change.kind.is_of_price() {
        true => (Kind::Price, !change.plans.is_empty(), change.plans.clone()),
        false => (change.kind, false, Vec::new()),
    }
}

/// Two catalogs, and how records are divided into those that both treat alike.
struct Pair<'c> {
    /// Before and after.
    sides: [&'c Catalog; 2],
    calendar: Calendar,
    places: Vec<Place>,
    destinations: Destinations,
}

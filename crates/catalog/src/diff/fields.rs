//! Things that are said in fields: what differs from one to the other, field by field.

use super::{Change, Effect, Kind, Pair, text};
use crate::tables::{Catalog, NetworkFilter, ZoneFilter};
use smol_str::SmolStr;
use umbral_model::ids::{BandNo, ServiceNo};
use umbral_model::input::Direction;
use umbral_model::time::{NANOS_PER_SECOND, Timestamp};

/// One field of a thing.
pub(super) struct Field {
    what: &'static str,
    value: String,
    /// Where `value` is shortened: what it stands for.
    exact: String,
    /// Sign and amount where it has one; amounts of different scales are not compared.
    amount: Option<(u8, i128)>,
    /// What a larger amount does to bills.
    more: Effect,
    /// Whether it is said by how much it changes.
    relative: bool,
}

impl Field {
    pub(super) fn new(what: &'static str, value: impl Into<String>) -> Field {
        Field {
            what,
            value: value.into(),
            exact: String::new(),
            amount: None,
            more: Effect::Neutral,
            relative: false,
        }
    }

    /// A field whose text may be the same for different things.
    pub(super) fn exactly(mut self, exact: String) -> Field {
        self.exact = exact;
        self
    }

    /// A field with an amount; more of it has this effect.
    pub(super) fn amount(self, amount: i128, more: Effect) -> Field {
        Field {
            relative: true,
            ..self.scaled(0, amount, more)
        }
    }

    /// A field with an amount of some scale, of which no percentage is said.
    pub(super) fn scaled(mut self, scale: u8, amount: i128, more: Effect) -> Field {
        self.amount = Some((scale, amount));
        self.more = more;
        self
    }

    fn change(&self, new: &Field, kind: Kind, name: &str) -> Option<Change> {
        if self.value == new.value && self.exact == new.exact {
            return None;
        }
        let what = match (name, self.what) {
            (name, "") => name.to_owned(),
            ("", what) => what.to_owned(),
            (name, what) => format!("{name}, {what}"),
        };
        let mut change = Change::new(kind, what).between(self.value.clone(), new.value.clone());
        if let (Some((scale, old)), Some((other, new))) = (self.amount, new.amount)
            && scale == other
        {
            change.effect = match (old < new, self.more) {
                _ if old == new => Effect::Neutral,
                (true, effect) => effect,
                (false, Effect::Dearer) => Effect::Cheaper,
                (false, Effect::Cheaper) => Effect::Dearer,
                (false, effect) => effect,
            };
            change.percent = text::percent(old, new).filter(|_| self.relative);
        }
        Some(change)
    }
}

/// What differs between two things of a kind that have the same fields.
pub(super) fn changes(kind: Kind, name: &str, old: &[Field], new: &[Field]) -> Vec<Change> {
    let pairs = old.iter().zip(new);
    pairs
        .filter_map(|(old, new)| old.change(new, kind, name))
        .collect()
}

/// Names of both lists in the order of the new one, those that are gone last; each with its places.
pub(super) fn paired<'t, T>(
    old: &'t [T],
    new: &'t [T],
    name: impl Fn(&T) -> &str,
) -> Vec<(Option<&'t T>, Option<&'t T>)> {
    let find = |list: &'t [T], wanted: &T| list.iter().find(|item| name(item) == name(wanted));
    let mut pairs: Vec<_> = new
        .iter()
        .map(|item| (find(old, item), Some(item)))
        .collect();
    let gone = old.iter().filter(|item| find(new, item).is_none());
    pairs.extend(gone.map(|item| (Some(item), None)));
    pairs
}

/// Names of services; all where there are none.
pub(super) fn services(catalog: &Catalog, services: &[ServiceNo]) -> String {
    let numbers = services.iter();
    let mut names: Vec<&str> = numbers
        .filter_map(|number| catalog.services.get(number.index()))
        .map(|service| service.name.as_str())
        .collect();
    names.sort_unstable();
    match names.as_slice() {
        [] => "all services".to_owned(),
        names => names.join(", "),
    }
}

/// Names of plans by index; all where there are none.
pub(super) fn plans(catalog: &Catalog, plans: &[u32]) -> String {
    let found = plans
        .iter()
        .filter_map(|plan| catalog.plans.get(*plan as usize));
    let mut names: Vec<SmolStr> = found.map(|plan| plan.name.clone()).collect();
    names.sort_unstable();
    text::names_or(&names, "all plans")
}

/// Destinations of a filter, by the names of today.
pub(super) fn zones(
    pair: &Pair<'_>,
    side: usize,
    what: &'static str,
    filter: &ZoneFilter,
) -> Field {
    let found = filter.zones.iter();
    let found = found.filter_map(|zone| pair.sides[side].destinations.get(zone.index()));
    let mut names: Vec<SmolStr> = match side {
        0 => found.map(|zone| pair.destinations.now(zone)).collect(),
        _ => found.cloned().collect(),
    };
    names.sort_unstable();
    Field::new(what, text::names_or(&names, "any destination")).exactly(names.join(","))
}

/// Serving networks of a filter, by the names of today.
pub(super) fn networks(
    pair: &Pair<'_>,
    side: usize,
    what: &'static str,
    filter: &NetworkFilter,
) -> Field {
    if filter.everywhere {
        return Field::new(what, "everywhere");
    }
    let mut names: Vec<SmolStr> = Vec::new();
    let groups = filter.groups.iter();
    names.extend(groups.map(|group| super::places::group_now(pair, side, *group)));
    names.sort_unstable();
    if filter.home {
        names.insert(0, "home".into());
    }
    Field::new(what, text::names_or(&names, "nowhere")).exactly(names.join(","))
}

/// Bands, by the hours in which one of them holds.
pub(super) fn bands(pair: &Pair<'_>, side: usize, what: &'static str, bands: &[BandNo]) -> Field {
    let times = pair.calendar.of(side, bands);
    let name = match bands {
        [] => "at all times".to_owned(),
        _ => pair.calendar.name(pair.sides, &times),
    };
    Field::new(what, name).exactly(format!("{times:?}"))
}

/// Made, received, or both.
pub(super) fn direction(direction: Option<Direction>) -> &'static str {
    match direction {
        None => "made and received",
        Some(Direction::Originating) => "made",
        Some(Direction::Terminating) => "received",
    }
}

/// An instant by the catalog's clock; a date alone where it is midnight.
pub(super) fn moment(catalog: &Catalog, at: Timestamp) -> String {
    if at == Timestamp::MIN || at == Timestamp::MAX {
        return "always".to_owned();
    }
    let local = catalog.zone.local(at);
    let second = local.nano_of_day / NANOS_PER_SECOND;
    match local.nano_of_day {
        0 => local.date.to_string(),
        _ => format!(
            "{} {:02}:{:02}:{:02}",
            local.date,
            second / 3_600,
            second / 60 % 60,
            second % 60
        ),
    }
}

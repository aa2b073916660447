//! From a record to the rules that may price it: version, plan, service, serving network, longest prefix.

use crate::band::WallClock;
use crate::profile;
use crate::record::{Record, Tariff};
use crate::view::View;
use smallvec::SmallVec;
use umbral_catalog::tables::{Catalog, Plan, Rule, Whereabouts};
use umbral_catalog::version::{CatalogSet, Version};
use umbral_model::ids::{BandNo, PlanNo, PrefixNo, RateNo, RuleNo, ServiceNo};
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::Timestamp;

/// A rule that fits the record but for its band.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rung {
    pub(crate) rule: RuleNo,
    pub(crate) rate: RateNo,
    pub(crate) band: Option<BandNo>,
    pub(crate) prefix: Option<PrefixNo>,
}

/// The rules that fit a record in one plan of one version, best first: the first whose band holds prices it.
#[derive(Clone, Debug)]
pub(crate) struct Ladder<'c> {
    pub(crate) version: &'c Version,
    pub(crate) plan: &'c Plan,
    pub(crate) service: ServiceNo,
    pub(crate) view: View,
    /// When another version, plan or activation comes into force.
    pub(crate) until: Timestamp,
    rungs: SmallVec<[Rung; 4]>,
}

/// The catalog version in force at `at`.
pub(crate) fn version_at(catalogs: &CatalogSet, at: Timestamp) -> Result<&Version, Rejection> {
    catalogs.in_force(at).ok_or_else(|| {
        let first = catalogs.iter().map(|version| version.effective_from).min();
        let first = first.map(|first| format!("; the first one is valid from {first} on"));
        let first = first.unwrap_or_default();
        let detail = format!("no catalog version is in force at {at}{first}");
        Rejection::new(Reason::NoVersion, detail)
    })
}

/// The plan at `at` of plans that change, and until when it holds.
pub(crate) fn plan_at(
    changes: &[(Timestamp, PlanNo)],
    at: Timestamp,
) -> Result<(PlanNo, Timestamp), Rejection> {
    let past = changes.partition_point(|(from, _)| *from <= at);
    let Some((_, plan)) = past.checked_sub(1).and_then(|index| changes.get(index)) else {
        let detail = format!("no plan is set at {at}");
        return Err(Rejection::new(Reason::UnknownPlan, detail));
    };
    let until = changes.get(past).map_or(Timestamp::MAX, |(from, _)| *from);
    Ok((*plan, until))
}

/// The rules for `record` from `at` on, when `version` is in force. A plan that it dropped goes on as the last
/// version that had it says, with all that this version has around it.
pub(crate) fn ladder<'c>(
    catalogs: &'c CatalogSet,
    version: &'c Version,
    tariff: Tariff<'_>,
    record: &Record<'_>,
    at: Timestamp,
) -> Result<Ladder<'c>, Rejection> {
    let until = catalogs.next_change(at).unwrap_or(Timestamp::MAX);
    let (number, plan_until) = match tariff {
        Tariff::Plan(plan) => (plan, Timestamp::MAX),
        Tariff::Plans(changes) => plan_at(changes, at)?,
        Tariff::Profile(name) => return profile::ladder(version, name, record, at, until),
    };
    let (version, plan) = match version.plan(number) {
        Some(plan) => (version, plan),
        None => catalogs
            .plan_at(number, at)
            .ok_or_else(|| no_plan(catalogs, version, number, at))?,
    };
    Ladder::of(version, plan, record, at, until.min(plan_until))
}

/// The rejection where a version does not have the plan.
pub(crate) fn no_plan(
    catalogs: &CatalogSet,
    version: &Version,
    number: PlanNo,
    at: Timestamp,
) -> Rejection {
    let name = catalogs.plan_name(number).unwrap_or("?");
    let label = &version.catalog.label;
    let detail = format!("catalog {label} in force at {at} has no plan {name}");
    Rejection::new(Reason::UnknownPlan, detail)
}

impl<'c> Ladder<'c> {
    /// The rules of `plan` that fit `record`. Rules of the longest prefix only, unless the plan lets
    /// shorter ones fill its gaps.
    pub(crate) fn of(
        version: &'c Version,
        plan: &'c Plan,
        record: &Record<'_>,
        at: Timestamp,
        until: Timestamp,
    ) -> Result<Ladder<'c>, Rejection> {
        let catalog = &*version.catalog;
        let view = View::of(catalog, record);
        let Some(service) = view.service else {
            return Err(unknown_service(catalog, record.service));
        };
        let zone = view.named_zone();
        if let Some(name) = record.zone.filter(|_| zone.is_none()) {
            let detail = format!("catalog {} has no zone {name}", catalog.label);
            return Err(Rejection::new(Reason::UnknownZone, detail));
        }
        let mut ladder = Ladder {
            version,
            plan,
            service,
            view,
            until,
            rungs: SmallVec::new(),
        };
        let Some(rules) = plan.by_service.get(service.index()) else {
            return Err(ladder.no_service(record, at));
        };
        let mut settled = false;
        if let Some(zone) = zone {
            settled = ladder.climb(rules.by_zone.get(zone), None, record);
        } else if !record.to.is_empty() {
            if !rules.visited.is_empty() && ladder.is_in_visited_country(record) {
                settled = ladder.climb(&rules.visited, None, record);
            }
            let mut next = view.prefix.zip(view.zone_set).filter(|_| !settled);
            while let Some((prefix, zone_set)) = next {
                let of_prefix = rules.by_zone_set.get(zone_set as usize);
                settled = ladder.climb(of_prefix, Some(prefix), record);
                if settled {
                    break;
                }
                next = catalog.deck.shorter(prefix);
            }
        }
        if !settled {
            ladder.climb(&rules.anywhere, None, record);
        }
        if !ladder.rungs.is_empty() {
            return Ok(ladder);
        }
        let sold = !rules.anywhere.is_empty()
            || !rules.visited.is_empty()
            || !rules.by_zone.is_empty()
            || !rules.by_zone_set.is_empty();
        Err(if sold {
            ladder.no_destination(record, at)
        } else {
            ladder.no_service(record, at)
        })
    }

    /// Whether the number is one of the country in which the member is.
    fn is_in_visited_country(&self, record: &Record<'_>) -> bool {
        let index = &self.version.catalog.network_index;
        let country = record.network.and_then(|network| index.country(network));
        country.is_some_and(|code| record.to.starts_with(code))
    }

    /// Adds those of `rules` that fit the record. Returns whether nothing after them can come into play.
    fn climb(&mut self, rules: &[RuleNo], prefix: Option<PrefixNo>, record: &Record<'_>) -> bool {
        let catalog = &*self.version.catalog;
        let before = self.rungs.len();
        for number in rules {
            let Some(rule) = catalog.rules.get(number.index()) else {
                continue;
            };
            if !fits(rule, record, self.view.place) {
                continue;
            }
            self.rungs.push(Rung {
                rule: *number,
                rate: rule.rate,
                band: rule.band,
                prefix,
            });
            if rule.band.is_none() {
                return true;
            }
        }
        self.rungs.len() > before && !self.plan.fall_through
    }

    /// The rule that holds at `at`, and until when it does. Edges from `end` on do not matter.
    pub(crate) fn rule_at(&self, at: Timestamp, end: Timestamp) -> Option<(Rung, Timestamp)> {
        let first = *self.rungs.first()?;
        if first.band.is_none() {
            return Some((first, self.until));
        }
        let limit = end.min(self.until);
        let catalog = &*self.version.catalog;
        let mut clock = WallClock::at(&catalog.zone, at);
        let chosen = self.holding(&clock)?;
        loop {
            let watched = self.rungs[..=chosen].iter().filter_map(|rung| rung.band);
            let windows = watched.filter_map(|band| catalog.bands.get(band.index()));
            let edge = clock.next_edge(windows.flat_map(|band| &band.windows));
            if edge >= limit {
                return Some((self.rungs[chosen], self.until));
            }
            clock = clock.later(&catalog.zone, edge);
            if self.holding(&clock) != Some(chosen) {
                return Some((self.rungs[chosen], edge));
            }
        }
    }

    fn holding(&self, clock: &WallClock) -> Option<usize> {
        let bands = &self.version.catalog.bands;
        self.rungs.iter().position(|rung| match rung.band {
            None => true,
            Some(band) => bands
                .get(band.index())
                .is_some_and(|band| clock.holds(band)),
        })
    }

    fn no_service(&self, record: &Record<'_>, at: Timestamp) -> Rejection {
        let (plan, service) = (&self.plan.name, record.service);
        let detail = format!("plan {plan} has no rule for {service} (at {at})");
        Rejection::new(Reason::NoServiceRule, detail)
    }

    fn no_destination(&self, record: &Record<'_>, at: Timestamp) -> Rejection {
        let plan = &self.plan.name;
        let mut detail = format!("plan {plan} has no rule for {} at {at}", Wording(record));
        if let (Whereabouts::Elsewhere, Some(network)) = (self.view.place, record.network) {
            let unlisted =
                format!("; no network group lists {network}: add it to one, or use \"*\"");
            detail.push_str(&unlisted);
        }
        Rejection::new(Reason::NoDestinationRule, detail)
    }

    /// The rejection where rules fit but none of their bands holds at `at`.
    pub(crate) fn gap(&self, record: &Record<'_>, at: Timestamp) -> Rejection {
        let plan = &self.plan.name;
        let clock = self.version.catalog.zone.local(at);
        let second = clock.nano_of_day / 1_000_000_000;
        let detail = format!(
            "the rules of plan {plan} for {} leave out {at} ({} {:02}:{:02}:{:02} in {})",
            Wording(record),
            clock.date,
            second / 3600,
            second / 60 % 60,
            second % 60,
            self.version.catalog.zone.name,
        );
        Rejection::new(Reason::NoRuleAtThatTime, detail)
    }
}

/// The number of a service.
pub(crate) fn service_no(catalog: &Catalog, name: &str) -> Result<ServiceNo, Rejection> {
    let services = &catalog.services;
    match services.iter().position(|service| service.name == name) {
        Some(index) => Ok(ServiceNo(index as u8)),
        None => Err(unknown_service(catalog, name)),
    }
}

fn unknown_service(catalog: &Catalog, name: &str) -> Rejection {
    let detail = format!("catalog {} has no service {name}", catalog.label);
    Rejection::new(Reason::UnknownService, detail)
}

/// Whether a rule is for the record's direction and for the place where it is served.
fn fits(rule: &Rule, record: &Record<'_>, place: Whereabouts) -> bool {
    if rule
        .direction
        .is_some_and(|direction| direction != record.direction)
    {
        return false;
    }
    match rule.roaming {
        None => place == Whereabouts::Home,
        Some(group) => place == Whereabouts::Group(group),
    }
}

/// A record in words, for the detail of a rejection.
struct Wording<'r>(&'r Record<'r>);

impl core::fmt::Display for Wording<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let record = self.0;
        write!(f, "{} {}", record.direction.word(), record.service)?;
        match (record.zone, record.to) {
            (Some(zone), _) => write!(f, " to zone {zone}")?,
            (None, "") => f.write_str(" without a number")?,
            (None, number) => write!(f, " to {number}")?,
        }
        match record.network {
            Some(network) => write!(f, " in network {network}"),
            None => Ok(()),
        }
    }
}

//! Rules with numbers in place of names.

use super::names::Names;
use crate::draft::Draft;
use crate::draft::plans::DraftRule;
use crate::problem::Report;
use crate::source::Spot;
use umbral_model::input::Direction;

/// Priority, and whether network, band and direction are named.
pub(crate) type Rank = (i64, bool, bool, bool);

/// A rule of a plan.
#[derive(Clone, Debug)]
pub(crate) struct ResolvedRule {
    /// Its plan.
    pub(crate) plan: usize,
    /// Its place in the plan, from 1.
    pub(crate) ordinal: usize,
    /// Where it stands.
    pub(crate) spot: Spot,
    /// Where its band is named, else its own place.
    pub(crate) band_spot: Spot,
    /// Where its rate is named, else its own place.
    pub(crate) rate_spot: Spot,
    /// Services; empty for all.
    pub(crate) services: Vec<u8>,
    /// Zones; empty for anywhere.
    pub(crate) zones: Vec<u16>,
    /// Direction.
    pub(crate) direction: Option<Direction>,
    /// Band.
    pub(crate) band: Option<u16>,
    /// Network group.
    pub(crate) roaming: Option<u16>,
    /// Only for numbers of the country of the serving network; where that is written.
    pub(crate) visited: Option<Spot>,
    /// Priority.
    pub(crate) priority: i64,
    /// Rate.
    pub(crate) rate: Option<u32>,
    /// Everything that decides when it matches is known.
    pub(crate) sound: bool,
}

impl ResolvedRule {
    /// What decides before the order of the file: higher comes first.
    pub(crate) fn rank(&self) -> Rank {
        let Self {
            priority,
            roaming,
            band,
            direction,
            ..
        } = self;
        (
            *priority,
            roaming.is_some(),
            band.is_some(),
            direction.is_some(),
        )
    }

    /// Whether it prices this direction.
    pub(crate) fn serves(&self, direction: Direction) -> bool {
        self.direction.is_none_or(|own| own == direction)
    }
}

/// Resolves the names of all rules; unknown ones are reported.
pub(crate) fn resolve(draft: &Draft, names: &Names<'_>, report: &mut Report) -> Vec<ResolvedRule> {
    let mut rules = Vec::new();
    for (plan, draft_plan) in draft.plans.iter().enumerate() {
        for (index, rule) in draft_plan.rules.iter().enumerate() {
            rules.push(resolve_rule(draft, rule, (plan, index + 1), names, report));
        }
    }
    rules
}

fn resolve_rule(
    draft: &Draft,
    rule: &DraftRule,
    (plan, ordinal): (usize, usize),
    names: &Names<'_>,
    report: &mut Report,
) -> ResolvedRule {
    let services: Vec<u8> = rule
        .services
        .iter()
        .filter_map(|name| names.service(name, report))
        .collect();
    let zones: Vec<u16> = rule
        .zones
        .iter()
        .filter_map(|name| names.zone(name, report))
        .collect();
    let band = rule.band.as_ref().and_then(|name| names.band(name, report));
    let roaming = rule
        .roaming
        .as_ref()
        .and_then(|name| names.network(name, report));
    let rate = rule.rate.as_ref().and_then(|name| names.rate(name, report));
    let band_is_read = band.is_none_or(|band| draft.bands[band as usize].band.is_some());
    let sound = !rule.broken
        && services.len() == rule.services.len()
        && zones.len() == rule.zones.len()
        && band.is_some() == rule.band.is_some()
        && roaming.is_some() == rule.roaming.is_some()
        && band_is_read;
    ResolvedRule {
        plan,
        ordinal,
        spot: rule.spot,
        band_spot: rule.band.as_ref().map_or(rule.spot, |band| band.spot),
        rate_spot: rule.rate.as_ref().map_or(rule.spot, |rate| rate.spot),
        services,
        zones,
        direction: rule.direction,
        band,
        roaming,
        visited: rule.visited,
        priority: rule.priority,
        rate,
        sound,
    }
}

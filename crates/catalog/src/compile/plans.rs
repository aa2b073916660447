//! Rules by plan, service and zone set, best first.

use crate::check::Checked;
use crate::check::rules::ResolvedRule;
use crate::draft::Draft;
use crate::source::Spot;
use crate::tables::{Deck, Plan, Rule, RuleLists, ServiceRules};
use core::cmp::Reverse;
use smol_str::SmolStr;
use umbral_model::ids::{BandNo, DestinationNo, PlanNo, RateNo, RuleNo, ServiceNo};

/// What the rule and the rate of emergency numbers are called.
pub(super) const EMERGENCY: &str = "emergency numbers";

/// Rules of all plans, and the plans. A rule for several zones becomes one rule for each.
pub(crate) fn compile(
    draft: &Draft,
    checked: &Checked,
    files: &[(SmolStr, &str)],
) -> (Vec<Rule>, Vec<Plan>) {
    let mut lines = Lines::new(files);
    let mut rules = Vec::new();
    let mut sources = Vec::new();
    for resolved in &checked.rules {
        let drafted = &draft.plans[resolved.plan].rules[resolved.ordinal - 1];
        let label = lines.label(resolved.spot, drafted.note.as_deref());
        let zones: Vec<Option<u16>> = match resolved.zones.as_slice() {
            [] => vec![None],
            zones => zones.iter().copied().map(Some).collect(),
        };
        for zone in zones {
            rules.extend(rule(resolved, zone, label.clone()));
            sources.push(resolved);
        }
    }
    let sets = sets_of_zones(&checked.deck, draft.zones.names.len());
    let plans = (0..draft.plans.len()).map(|plan| {
        let by_service = (0..draft.services.len()).map(|service| {
            service_rules(plan, service as u8, &rules, &sources, &sets, &checked.deck)
        });
        let drafted = &draft.plans[plan];
        Plan {
            number: PlanNo(plan as u16),
            name: drafted.name.value.clone(),
            fall_through: drafted.fall_through,
            by_service: by_service.collect(),
            monthly_fee: drafted.monthly_fee,
            by_day: drafted.by_day,
            allowances: checked.allowances.of_plans[plan].clone(),
            descriptions: drafted.descriptions.clone(),
        }
    });
    let plans = plans.collect();
    if !draft.head.emergency.is_empty() {
        // After all others, so that rules stand in order of plans.
        let label = lines.label(draft.head.emergency_spot, Some(EMERGENCY));
        rules.push(emergency_rule(label, RateNo(draft.rates.len() as u32)));
    }
    (rules, plans)
}

/// The rule of no plan that prices emergency numbers in all of them.
fn emergency_rule(label: SmolStr, rate: RateNo) -> Rule {
    Rule {
        plan: u32::MAX,
        label,
        services: Vec::new(),
        zone: None,
        direction: None,
        roaming: None,
        visited: false,
        band: None,
        priority: 0,
        rate,
    }
}

fn rule(resolved: &ResolvedRule, zone: Option<u16>, label: SmolStr) -> Option<Rule> {
    Some(Rule {
        plan: resolved.plan as u32,
        label,
        services: resolved
            .services
            .iter()
            .map(|service| ServiceNo(*service))
            .collect(),
        zone: zone.map(DestinationNo),
        direction: resolved.direction,
        roaming: resolved.roaming,
        visited: resolved.visited.is_some(),
        band: resolved.band.map(BandNo),
        priority: resolved.priority,
        rate: RateNo(resolved.rate?),
    })
}

/// Zone sets of the deck in which each zone is.
fn sets_of_zones(deck: &Deck, zones: usize) -> Vec<Vec<u32>> {
    let mut sets = vec![Vec::new(); zones];
    for (set, members) in deck.zone_sets.iter().enumerate() {
        for zone in members {
            sets[zone.index()].push(set as u32);
        }
    }
    sets
}

fn service_rules(
    plan: usize,
    service: u8,
    rules: &[Rule],
    sources: &[&ResolvedRule],
    sets: &[Vec<u32>],
    deck: &Deck,
) -> ServiceRules {
    // Rules stand in order of their plans, so those of one plan are a stretch.
    let first = rules.partition_point(|rule| (rule.plan as usize) < plan);
    let last = rules.partition_point(|rule| rule.plan as usize <= plan);
    let mut table = ServiceRules::default();
    let (mut by_zone, mut by_zone_set) = (Vec::new(), Vec::new());
    for (number, rule) in (first..last).zip(&rules[first..last]) {
        if !rule.services.is_empty() && !rule.services.contains(&ServiceNo(service)) {
            continue;
        }
        let number = RuleNo(number as u32);
        if rule.visited {
            table.visited.push(number);
            continue;
        }
        let Some(zone) = rule.zone else {
            table.anywhere.push(number);
            continue;
        };
        if by_zone.is_empty() {
            by_zone = vec![Vec::new(); sets.len()];
            by_zone_set = vec![Vec::new(); deck.zone_sets.len()];
        }
        by_zone[zone.index()].push(number);
        for set in &sets[zone.index()] {
            by_zone_set[*set as usize].push(number);
        }
    }
    let best_first = |list: &mut Vec<RuleNo>| {
        list.sort_by_key(|number| (Reverse(sources[number.index()].rank()), *number));
    };
    best_first(&mut table.visited);
    best_first(&mut table.anywhere);
    by_zone.iter_mut().for_each(best_first);
    by_zone_set.iter_mut().for_each(best_first);
    table.by_zone = RuleLists::pack(&by_zone);
    table.by_zone_set = RuleLists::pack(&by_zone_set);
    table
}

/// Line numbers of spots, counted once for each file.
struct Lines<'f> {
    files: &'f [(SmolStr, &'f str)],
    starts: Vec<Option<Vec<u32>>>,
}

impl<'f> Lines<'f> {
    fn new(files: &'f [(SmolStr, &'f str)]) -> Self {
        Lines {
            files,
            starts: vec![None; files.len()],
        }
    }

    /// `plans/libre.toml:14`, and the note.
    fn label(&mut self, spot: Spot, note: Option<&str>) -> SmolStr {
        let file = spot.file as usize;
        let Some((path, text)) = self.files.get(file) else {
            return SmolStr::default();
        };
        let starts = self.starts[file].get_or_insert_with(|| {
            let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
            breaks.map(|(at, _)| at as u32).collect()
        });
        let line = starts.partition_point(|at| *at < spot.start) + 1;
        match note {
            Some(note) => SmolStr::new(format!("{path}:{line} {note}")),
            None => SmolStr::new(format!("{path}:{line}")),
        }
    }
}

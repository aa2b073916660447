//! Rules by plan, service and zone set, best first.

use crate::check::Checked;
use crate::check::rules::ResolvedRule;
use crate::draft::Draft;
use crate::source::Spot;
use crate::tables::{Deck, Plan, Rule, RuleLists, Rules, ServiceRules};
use core::cmp::Reverse;
use smol_str::SmolStr;
use std::sync::Arc;
use umbral_model::ids::{BandNo, DestinationNo, PlanNo, RateNo, RuleNo, ServiceNo};

/// What the rule and the rate of emergency numbers are called.
pub(super) const EMERGENCY: &str = "emergency numbers";

/// Rules of all plans, and the plans. A rule for several zones becomes one rule for each.
pub(crate) fn compile(
    draft: &Draft,
    checked: &Checked,
    files: &[(SmolStr, &str)],
) -> (Rules, Vec<Plan>) {
    let mut lines = Lines::new(files);
    let mut rules = Rules::default();
    let mut numbered = Vec::with_capacity(checked.rules.len());
    for resolved in &checked.rules {
        let drafted = &draft.plans[resolved.plan].rules[resolved.ordinal - 1];
        let label = lines.label(resolved.spot, drafted.note.as_deref());
        let Some(terms) = terms(resolved, label) else {
            continue;
        };
        let zones: Vec<DestinationNo> = resolved.zones.iter().copied().map(DestinationNo).collect();
        let first = match zones.as_slice() {
            [] => rules.push(terms, None),
            zones => rules.push_for_zones(terms, zones),
        };
        numbered.push(Numbered { resolved, first });
    }
    let keys = Keys::new(&checked.deck, draft.zones.names.len());
    let plans = (0..draft.plans.len()).map(|plan| {
        let drafted = &draft.plans[plan];
        Plan {
            number: PlanNo(plan as u16),
            name: drafted.name.value.clone(),
            fall_through: drafted.fall_through,
            by_service: by_service(plan, draft.services.len(), &numbered, &keys),
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
        rules.push(
            emergency_rule(label, RateNo(draft.rates.len() as u32)),
            None,
        );
    }
    rules.shrink();
    (rules, plans)
}

/// A rule and the number that it has for the first of its zones.
struct Numbered<'r> {
    resolved: &'r ResolvedRule,
    first: RuleNo,
}

/// The rule of no plan that prices emergency numbers in all of them.
fn emergency_rule(label: SmolStr, rate: RateNo) -> Rule {
    Rule {
        plan: u32::MAX,
        label,
        services: Vec::new(),
        direction: None,
        roaming: None,
        visited: false,
        band: None,
        priority: 0,
        rate,
    }
}

fn terms(resolved: &ResolvedRule, label: SmolStr) -> Option<Rule> {
    Some(Rule {
        plan: resolved.plan as u32,
        label,
        services: resolved
            .services
            .iter()
            .map(|service| ServiceNo(*service))
            .collect(),
        direction: resolved.direction,
        roaming: resolved.roaming,
        visited: resolved.visited.is_some(),
        band: resolved.band.map(BandNo),
        priority: resolved.priority,
        rate: RateNo(resolved.rate?),
    })
}

/// Keys of the lists of rules, shared by all plans: one list for each zone, and after these one for each zone
/// set of several zones. A zone set of one zone has the list of that zone.
struct Keys {
    of_zones: Arc<[u32]>,
    of_sets: Arc<[u32]>,
    /// Lists of zone sets of several zones, by zone.
    more: Vec<Vec<u32>>,
    lists: usize,
}

impl Keys {
    fn new(deck: &Deck, zones: usize) -> Keys {
        let mut more = vec![Vec::new(); zones];
        let mut lists = zones;
        let of_sets = deck.zone_sets.iter().map(|set| match set.as_slice() {
            [zone] => u32::from(zone.0),
            several => {
                for zone in several {
                    more[zone.index()].push(lists as u32);
                }
                lists += 1;
                lists as u32 - 1
            }
        });
        Keys {
            of_sets: of_sets.collect(),
            of_zones: (0..zones as u32).collect(),
            more,
            lists,
        }
    }
}

/// The tables of a plan by service.
fn by_service(
    plan: usize,
    services: usize,
    rules: &[Numbered<'_>],
    keys: &Keys,
) -> Vec<ServiceRules> {
    // Rules stand in order of their plans, so those of one plan are a stretch.
    let first = rules.partition_point(|rule| rule.resolved.plan < plan);
    let last = rules.partition_point(|rule| rule.resolved.plan <= plan);
    let mut best_first: Vec<&Numbered<'_>> = rules[first..last].iter().collect();
    best_first.sort_by_key(|rule| (Reverse(rule.resolved.rank()), rule.first));
    let of_service = |service: usize| {
        let own: Vec<&Numbered<'_>> = best_first
            .iter()
            .copied()
            .filter(|rule| {
                let services = &rule.resolved.services;
                services.is_empty() || services.contains(&(service as u8))
            })
            .collect();
        service_rules(&own, keys)
    };
    (0..services).map(of_service).collect()
}

/// Lists of these rules, which come best first.
fn service_rules(rules: &[&Numbered<'_>], keys: &Keys) -> ServiceRules {
    let mut table = ServiceRules::default();
    let mut zoned: Vec<&Numbered<'_>> = Vec::new();
    for rule in rules {
        if rule.resolved.visited.is_some() {
            table.visited.push(rule.first);
        } else if rule.resolved.zones.is_empty() {
            table.anywhere.push(rule.first);
        } else {
            zoned.push(rule);
        }
    }
    if zoned.is_empty() {
        return table;
    }
    let entries = || {
        let numbers = zoned.iter().flat_map(|rule| {
            let zones = &rule.resolved.zones;
            (rule.first.0..)
                .zip(zones)
                .map(|(number, zone)| (*zone, RuleNo(number)))
        });
        numbers.flat_map(|(zone, number)| {
            let more = keys.more[usize::from(zone)].iter().copied();
            core::iter::once(u32::from(zone))
                .chain(more)
                .map(move |list| (list, number))
        })
    };
    table.by_zone = RuleLists::of_entries(keys.lists, Arc::clone(&keys.of_zones), entries);
    table.by_zone_set = table.by_zone.keyed(Arc::clone(&keys.of_sets));
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

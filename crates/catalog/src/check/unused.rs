//! Things that nothing uses: warnings, because they are often slips.

use super::rules::ResolvedRule;
use crate::codes;
use crate::draft::Draft;
use crate::problem::Report;
use crate::source::{At, Source};
use smol_str::SmolStr;

/// Warns of schedules, rates, bands and zones that nothing names.
pub(crate) fn check(
    draft: &Draft,
    source: &Source<'_>,
    rules: &[ResolvedRule],
    report: &mut Report,
) {
    idle_schedules(draft, source, report);
    if source.of("plan").is_empty() {
        return;
    }
    let used = Used::of(draft, rules);
    for (rate, used) in draft.rates.iter().zip(&used.rates) {
        if !used && rate.rate.is_some() {
            let title = format!("no rule uses the rate {}", rate.name.value);
            report
                .warn(codes::UNUSED_RATE, rate.name.spot, title, "never used")
                .note("name it in a rule, or leave it out");
        }
    }
    for (band, used) in draft.bands.iter().zip(&used.bands) {
        if !used && band.band.is_some() {
            let title = format!("nothing uses the band {}", band.name.value);
            report
                .warn(codes::UNUSED_BAND, band.name.spot, title, "never used")
                .note("name it in a rule or an allowance, or leave it out");
        }
    }
    idle_zones(draft, &used.zones, report);
}

/// A catalog without classes is a part of one, whose classes stand elsewhere.
fn idle_schedules(draft: &Draft, source: &Source<'_>, report: &mut Report) {
    if draft.classes.is_empty() {
        return;
    }
    for definition in source.of("collections") {
        let name = &definition.name;
        let mut classes = draft.classes.iter();
        if classes.any(|class| class.schedule.as_ref() == Some(&name.value)) {
            continue;
        }
        let title = format!("no class has the schedule {}", name.value);
        report
            .warn(codes::UNUSED_SCHEDULE, name.spot, title, "never used")
            .note(format!(
                "write collections = \"{}\" in a class, or leave it out",
                name.value
            ));
    }
}

/// One warning for all zones that nothing names.
fn idle_zones(draft: &Draft, used: &[bool], report: &mut Report) {
    let zones = draft.zones.names.iter().zip(used);
    let idle: Vec<&At<SmolStr>> = zones
        .filter(|(_, used)| !**used)
        .map(|(zone, _)| zone)
        .collect();
    let Some(first) = idle.first() else { return };
    let names: Vec<&str> = idle
        .iter()
        .take(5)
        .map(|zone| zone.value.as_str())
        .collect();
    let more = if idle.len() > 5 {
        format!(" and {} more", idle.len() - 5)
    } else {
        String::new()
    };
    let title = format!("nothing names the zone {}{more}", names.join(", "));
    report
        .warn(codes::UNUSED_ZONE, first.spot, title, "never named")
        .note("its numbers are priced by a shorter prefix, or by rules for any zone");
}

/// What is used, by number.
struct Used {
    rates: Vec<bool>,
    bands: Vec<bool>,
    zones: Vec<bool>,
}

impl Used {
    fn of(draft: &Draft, rules: &[ResolvedRule]) -> Used {
        let mut used = Used {
            rates: vec![false; draft.rates.len()],
            bands: vec![false; draft.bands.len()],
            zones: vec![false; draft.zones.names.len()],
        };
        for rule in rules {
            rule.rate
                .into_iter()
                .for_each(|rate| used.rates[rate as usize] = true);
            rule.band
                .into_iter()
                .for_each(|band| used.bands[band as usize] = true);
            rule.zones
                .iter()
                .for_each(|zone| used.zones[*zone as usize] = true);
        }
        let of_plans = draft.plans.iter().flat_map(|plan| &plan.allowances);
        let products = draft.products.iter();
        let of_products = products.flat_map(|product| &product.allowances);
        for allowance in of_plans.chain(of_products) {
            used.mark_zones(draft, &allowance.zones);
            used.mark_bands(draft, &allowance.bands);
        }
        for discount in &draft.discounts {
            used.mark_zones(draft, &discount.zones);
        }
        used
    }

    fn mark_zones(&mut self, draft: &Draft, names: &[At<SmolStr>]) {
        let known = names
            .iter()
            .filter_map(|name| draft.zones.by_name.get(&name.value));
        known.for_each(|zone| self.zones[*zone as usize] = true);
    }

    fn mark_bands(&mut self, draft: &Draft, names: &[At<SmolStr>]) {
        for (band, used) in draft.bands.iter().zip(&mut self.bands) {
            *used |= names.iter().any(|name| name.value == band.name.value);
        }
    }
}

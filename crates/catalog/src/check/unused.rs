//! Things that nothing uses: warnings, because they are often slips.

use super::rules::ResolvedRule;
use crate::codes;
use crate::draft::Draft;
use crate::problem::Report;
use crate::source::{At, Source};
use smol_str::SmolStr;

/// Warns of rates, bands and zones that nothing names.
pub(crate) fn check(
    draft: &Draft,
    source: &Source<'_>,
    rules: &[ResolvedRule],
    report: &mut Report,
) {
    let mut rates = vec![false; draft.rates.len()];
    let mut bands = vec![false; draft.bands.len()];
    let mut zones = vec![false; draft.zones.names.len()];
    for rule in rules {
        rule.rate
            .into_iter()
            .for_each(|rate| rates[rate as usize] = true);
        rule.band
            .into_iter()
            .for_each(|band| bands[band as usize] = true);
        rule.zones
            .iter()
            .for_each(|zone| zones[*zone as usize] = true);
    }
    let plans = draft.plans.iter().flat_map(|plan| &plan.allowances);
    let products = draft
        .products
        .iter()
        .flat_map(|product| &product.allowances);
    for allowance in plans.chain(products) {
        mark_zones(draft, &allowance.zones, &mut zones);
        for band in &allowance.bands {
            let named = draft
                .bands
                .iter()
                .position(|known| known.name.value == band.value);
            named.into_iter().for_each(|band| bands[band] = true);
        }
    }
    for discount in &draft.discounts {
        mark_zones(draft, &discount.zones, &mut zones);
    }
    if source.of("plan").is_empty() {
        return;
    }
    for (rate, used) in draft.rates.iter().zip(rates) {
        if !used && rate.rate.is_some() {
            let title = format!("no rule uses the rate {}", rate.name.value);
            report
                .warn(codes::UNUSED_RATE, rate.name.spot, title, "never used")
                .note("name it in a rule, or leave it out");
        }
    }
    for (band, used) in draft.bands.iter().zip(bands) {
        if !used && band.band.is_some() {
            let title = format!("nothing uses the band {}", band.name.value);
            report
                .warn(codes::UNUSED_BAND, band.name.spot, title, "never used")
                .note("name it in a rule or an allowance, or leave it out");
        }
    }
    let idle: Vec<_> = draft
        .zones
        .names
        .iter()
        .zip(zones)
        .filter(|(_, used)| !used)
        .map(|(zone, _)| zone)
        .collect();
    if let Some(first) = idle.first() {
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
}

fn mark_zones(draft: &Draft, names: &[At<SmolStr>], used: &mut [bool]) {
    let known = names
        .iter()
        .filter_map(|name| draft.zones.by_name.get(&name.value));
    known.for_each(|zone| used[*zone as usize] = true);
}

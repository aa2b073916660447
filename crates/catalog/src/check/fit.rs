//! Rates in units that a service is not counted in, and tiers that would count different units together.

use super::rules::ResolvedRule;
use crate::codes;
use crate::draft::Draft;
use crate::problem::Report;
use crate::tables::NumberForm;
use umbral_model::units::Measurement;

/// Reports each rule whose rate does not fit one of its services.
pub(crate) fn check(draft: &Draft, rules: &[ResolvedRule], report: &mut Report) {
    if draft.head.numbers == NumberForm::Verbatim {
        return;
    }
    tiers_count_one_thing(draft, rules, report);
    for rule in rules {
        let Some(rate) = rule.rate.map(|rate| &draft.rates[rate as usize]) else {
            continue;
        };
        let Some(kind) = rate.kind else { continue };
        let all: Vec<u8> = (0..draft.services.len() as u8).collect();
        let services = if rule.services.is_empty() {
            &all
        } else {
            &rule.services
        };
        let misfit = services
            .iter()
            .map(|number| &draft.services[*number as usize])
            .find(|service| {
                rule.sound
                    && service
                        .measurement
                        .is_some_and(|measurement| !kind.fits(measurement))
            });
        let Some(service) = misfit else { continue };
        let title = format!("the rate {} does not fit {}", rate.name.value, service.name);
        let label = format!("is priced by {}", kind.word());
        let counted = match service.measurement {
            Some(Measurement::Time) => "time: write its price per second, minute or hour",
            Some(Measurement::Octets) => "octets: write its price per kB, MB or GB",
            _ => "events: write its price per event",
        };
        report
            .error(codes::RATE_DOES_NOT_FIT, rule.rate_spot, title, label)
            .note(format!(
                "{} is counted in {counted}, or per unit",
                service.name
            ));
    }
}

/// Tiers in plain units fit every service, but a counter of minutes and messages together says nothing.
fn tiers_count_one_thing(draft: &Draft, rules: &[ResolvedRule], report: &mut Report) {
    let mut counted: Vec<Option<Measurement>> = vec![None; draft.rates.len()];
    for rule in rules.iter().filter(|rule| rule.sound) {
        let Some(number) = rule.rate else { continue };
        let rate = &draft.rates[number as usize];
        let has_tiers = rate.rate.as_ref().is_some_and(|rate| rate.tiers.is_some());
        let of_one_kind = rate.kind.and_then(|kind| kind.measurement()).is_some();
        if !has_tiers || of_one_kind {
            continue;
        }
        let services = draft.services.iter().enumerate().filter(|(number, _)| {
            rule.services.is_empty() || rule.services.contains(&(*number as u8))
        });
        for measurement in services.filter_map(|(_, service)| service.measurement) {
            if *counted[number as usize].get_or_insert(measurement) == measurement {
                continue;
            }
            let title = format!(
                "the tiers of rate {} would count different units together",
                rate.name.value
            );
            report
                .error(codes::RATE_DOES_NOT_FIT, rule.rate_spot, title, "")
                .note("make a rate with tiers for the services that are counted alike, and another one for the rest");
            break;
        }
    }
}

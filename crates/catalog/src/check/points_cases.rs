//! Names in the catalog's own cases of points.

use super::names::unknown;
use crate::codes;
use crate::draft::Draft;
use crate::draft::points_cases::DraftPointsCase;
use crate::loyalty::case::PointsCase;
use crate::problem::Report;

/// Checks all cases of points.
pub(crate) fn resolve(draft: &Draft, report: &mut Report) -> Vec<PointsCase> {
    for case in &draft.points_cases {
        names(draft, case, report);
    }
    let cases = draft.points_cases.iter();
    cases.filter_map(|case| case.case.clone()).collect()
}

fn names(draft: &Draft, case: &DraftPointsCase, report: &mut Report) {
    let Some(name) = &case.programme else { return };
    let mut programmes = draft.programmes.iter();
    let Some(found) = programmes.find(|programme| programme.name.value == name.value) else {
        let known = draft.programmes.iter();
        let known = known.map(|programme| programme.name.value.as_str());
        unknown(codes::UNKNOWN_PROGRAMME, "programme", name, known, report)
            .note(format!("define it as [programme.{}]", name.value));
        return;
    };
    let programme = &found.programme;
    if let Some(tier) = &case.tier
        && programme.tier(&tier.value).is_none()
    {
        let known = programme.tiers.iter().map(|tier| tier.name.as_str());
        unknown(codes::UNKNOWN_TIER, "tier", tier, known, report).note(format!(
            "define it as [programme.{}.tier.{}]",
            name.value, tier.value
        ));
    }
    if let Some(line) = &case.card_line {
        super::programmes::card_line(line, found, report);
    }
}

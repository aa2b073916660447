//! Profiles that name what is not there, or fall back without end.

use super::names::Names;
use crate::codes;
use crate::draft::Draft;
use crate::draft::profiles::DraftActivation;
use crate::problem::Report;
use rustc_hash::{FxHashMap, FxHashSet};
use umbral_model::time::Timestamp;

/// Levels of fallbacks that are followed.
const DEEPEST: usize = 3;

/// Checks profiles.
pub(crate) fn check(draft: &Draft, names: &Names<'_>, report: &mut Report) {
    let mut seen: FxHashSet<(&str, Timestamp)> = FxHashSet::default();
    let mut fallbacks: FxHashMap<&str, Vec<&str>> = FxHashMap::default();
    for activation in &draft.profiles {
        names.plan(&activation.plan, report);
        for name in &activation.fallbacks {
            names.profile(name, false, report);
        }
        let list = fallbacks.entry(&activation.profile.value).or_default();
        list.extend(activation.fallbacks.iter().map(|name| name.value.as_str()));
        if activation.sound && !seen.insert((&activation.profile.value, activation.from)) {
            duplicate(activation, report);
        }
    }
    for activation in &draft.profiles {
        let profile = activation.profile.value.as_str();
        if !activation.fallbacks.is_empty() && too_deep(profile, &fallbacks, DEEPEST) {
            let title = format!("the fallbacks of {profile} go deeper than {DEEPEST} levels");
            report
                .warn(codes::DEEP_FALLBACKS, activation.profile.spot, title, "")
                .note("what lies deeper is never used; a circle of fallbacks lies deeper at once");
        }
    }
}

fn duplicate(activation: &DraftActivation, report: &mut Report) {
    let title = format!(
        "{} has two plans from {}",
        activation.profile.value, activation.from
    );
    report
        .error(
            codes::DUPLICATE_ACTIVATION,
            activation.profile.spot,
            title,
            "second one",
        )
        .note("leave one of the two lines out");
}

fn too_deep(profile: &str, fallbacks: &FxHashMap<&str, Vec<&str>>, levels: usize) -> bool {
    let Some(next) = fallbacks.get(profile).filter(|next| !next.is_empty()) else {
        return false;
    };
    levels == 0
        || next
            .iter()
            .any(|name| too_deep(name, fallbacks, levels - 1))
}

//! Rating profiles.

use super::head::{Head, moment};
use crate::codes;
use crate::problem::Report;
use crate::source::{At, Source, csv};
use smol_str::SmolStr;
use umbral_model::time::Timestamp;

/// A profile's plan from an instant on.
#[derive(Clone, Debug)]
pub(crate) struct DraftActivation {
    /// Whether profile and instant could be read.
    pub(crate) sound: bool,
    /// The profile.
    pub(crate) profile: At<SmolStr>,
    /// From when on.
    pub(crate) from: Timestamp,
    /// The plan.
    pub(crate) plan: At<SmolStr>,
    /// Other profiles.
    pub(crate) fallbacks: Vec<At<SmolStr>>,
}

/// Reads profile decks.
pub(crate) fn read(source: &Source<'_>, head: &Head, report: &mut Report) -> Vec<DraftActivation> {
    let mut activations = Vec::new();
    for deck in &source.profiles {
        csv::read(
            *deck,
            &["profile", "from", "plan", "fallbacks"],
            3,
            report,
            |row, report| {
                let cell = |column: usize| {
                    let field = row.field(column);
                    At::new(SmolStr::new(&field.text), field.spot)
                };
                let (profile, from, plan, fallbacks) = (cell(0), cell(1), cell(2), cell(3));
                let sound = is_profile(&profile, report);
                let fallbacks = fallbacks
                    .value
                    .split(';')
                    .map(str::trim)
                    .filter(|name| !name.is_empty())
                    .map(|name| At::new(SmolStr::new(name), fallbacks.spot))
                    .collect();
                let from = moment(&from, "from", &head.zone, report);
                activations.push(DraftActivation {
                    sound: sound && from.is_some(),
                    profile,
                    from: from.unwrap_or(head.valid_from),
                    plan,
                    fallbacks,
                });
            },
        );
    }
    activations
}

/// Reports a text that does not have the three parts of a profile.
fn is_profile(profile: &At<SmolStr>, report: &mut Report) -> bool {
    let text = profile.value.as_str();
    let parts = text.splitn(3, '/').filter(|part| !part.is_empty());
    let sound = parts.count() == 3 && !text.contains(char::is_control);
    if !sound {
        report
            .error(
                codes::BAD_NAME,
                profile.spot,
                format!("{text} is no profile"),
                "",
            )
            .note("write TENANT/CATEGORY/SUBJECT");
    }
    sound
}

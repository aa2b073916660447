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
                if profile
                    .value
                    .splitn(3, '/')
                    .filter(|part| !part.is_empty())
                    .count()
                    != 3
                {
                    report
                        .error(
                            codes::BAD_NAME,
                            profile.spot,
                            format!("{} is no profile", profile.value),
                            "",
                        )
                        .note("write TENANT/CATEGORY/SUBJECT");
                    return;
                }
                let fallbacks = fallbacks
                    .value
                    .split(';')
                    .map(str::trim)
                    .filter(|name| !name.is_empty())
                    .map(|name| At::new(SmolStr::new(name), fallbacks.spot))
                    .collect();
                if let Some(from) = moment(&from, "from", &head.zone, report) {
                    activations.push(DraftActivation {
                        profile,
                        from,
                        plan,
                        fallbacks,
                    });
                }
            },
        );
    }
    activations
}

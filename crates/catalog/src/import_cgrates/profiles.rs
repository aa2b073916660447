//! Rating profiles: which plan a subject has, and since when.

use super::desk::{Desk, Fault, Named};
use super::rows::Row;
use super::values::{Moment, moment};
use crate::codes;
use crate::source::Spot;
use crate::text::suggest::did_you_mean;
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

/// What stands for the beginning of all usage in an imported catalog.
pub(super) const BEGINNING: &str = "1970-01-01T00:00:00Z";

/// A line of our `profiles.csv`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Activation {
    pub(super) profile: String,
    pub(super) from: String,
    pub(super) plan: SmolStr,
    pub(super) fallbacks: Vec<String>,
    /// The row.
    pub(super) spot: Spot,
}

/// Reads the table; plans are named as `plans` says.
pub(super) fn read(
    rows: &[Row<'_>],
    plans: &Named<SmolStr>,
    desk: &mut Desk<'_>,
) -> Vec<Activation> {
    if rows.is_empty() {
        desk.note_folder("there are no rating profiles; records name their plan".to_owned());
    }
    let known: FxHashSet<String> = rows.iter().map(|row| profile(row, row.text(2))).collect();
    let mut seen: FxHashMap<(String, String), usize> = FxHashMap::default();
    let mut loaded_now: FxHashMap<String, &Row<'_>> = FxHashMap::default();
    let mut activations: Vec<Activation> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let Some(activation) = activation(row, plans, &known, desk) else {
            continue;
        };
        if moment(row.text(3)) == Some(Moment::Now) {
            loaded_now.insert(activation.profile.clone(), row);
        }
        let key = (activation.profile.clone(), activation.from.clone());
        if let Some(first) = seen.insert(key, index) {
            conflict(row, &rows[first], desk);
            continue;
        }
        activations.push(activation);
    }
    for (name, row) in &loaded_now {
        if activations
            .iter()
            .filter(|activation| activation.profile == *name)
            .count()
            > 1
        {
            let title = format!("profile {name} begins *now and at other times too");
            let mend = "write the instant that is meant instead of *now";
            desk.refuse(&Fault::new(codes::IMPORT_VALUE, row.spot(3), title, mend));
        }
    }
    activations
}

fn profile(row: &Row<'_>, subject: &str) -> String {
    format!("{}/{}/{subject}", row.text(0), row.text(1))
}

fn conflict(row: &Row<'_>, first: &Row<'_>, desk: &mut Desk<'_>) {
    if row.same_as(first) {
        return;
    }
    let title = format!(
        "profile {} has two activations at one time",
        profile(row, row.text(2))
    );
    let mend = format!(
        "leave one out; the first one is at {}",
        desk.place(first.spot)
    );
    desk.refuse(&Fault::new(codes::IMPORT_CONFLICT, row.spot, title, mend));
}

fn activation(
    row: &Row<'_>,
    plans: &Named<SmolStr>,
    known: &FxHashSet<String>,
    desk: &mut Desk<'_>,
) -> Option<Activation> {
    for (column, what) in [(0, "tenant"), (1, "category"), (2, "subject")] {
        let text = row.text(column);
        let control = text.contains(char::is_control);
        if text.is_empty() || control || (column < 2 && text.contains('/')) {
            let title = format!("{text:?} is no {what} of a profile");
            let mend = match control {
                true => "leave the control character out",
                false => {
                    "profiles are named TENANT/CATEGORY/SUBJECT, so the first two hold no slash"
                }
            };
            desk.refuse(&Fault::new(
                codes::IMPORT_VALUE,
                row.spot(column),
                title,
                mend,
            ));
            return None;
        }
    }
    let plan = plan(row, plans, desk);
    let from = from(row, desk);
    let fallbacks = fallbacks(row, known, desk);
    if !row.text(6).is_empty() {
        desk.note(
            row.spot(6),
            "statistics queues lie outside of rating; left out",
        );
    }
    Some(Activation {
        profile: profile(row, row.text(2)),
        from: from?,
        plan: plan?,
        fallbacks,
        spot: row.spot,
    })
}

fn plan(row: &Row<'_>, plans: &Named<SmolStr>, desk: &mut Desk<'_>) -> Option<SmolStr> {
    let id = row.text(4);
    let name = plans.get(id).cloned();
    if name.is_none() {
        let hint = did_you_mean(id, plans.ids()).map(|hint| format!("; {hint}"));
        let title = format!("there is no rating plan {id}");
        let mend = format!("define it in RatingPlans.csv{}", hint.unwrap_or_default());
        desk.refuse(&Fault::new(codes::IMPORT_UNKNOWN, row.spot(4), title, mend));
    }
    name
}

fn from(row: &Row<'_>, desk: &mut Desk<'_>) -> Option<String> {
    let text = row.text(3);
    match moment(text) {
        Some(Moment::At(at)) => Some(at.to_string()),
        Some(Moment::Local(at)) => {
            desk.note(
                row.spot(3),
                "no offset: taken as wall clock of the catalog's time zone",
            );
            Some(at.to_string().trim_end_matches('Z').to_owned())
        }
        Some(Moment::Beginning) => {
            desk.note(row.spot(3), "no activation time: holds from the beginning");
            Some(BEGINNING.to_owned())
        }
        Some(Moment::TooEarly) => {
            desk.note(row.spot(3), "before 1678: holds from the beginning");
            Some(BEGINNING.to_owned())
        }
        Some(Moment::TooLate) => {
            let title = format!("the activation time lies after 2261: {text:?}");
            let mend = "write an instant before 2262, or leave the row out";
            desk.refuse(&Fault::new(codes::IMPORT_VALUE, row.spot(3), title, mend));
            None
        }
        Some(Moment::Now) => {
            desk.note(
                row.spot(3),
                "*now is not a date of the tariff: holds from the beginning",
            );
            Some(BEGINNING.to_owned())
        }
        None => {
            let title = format!("the activation time cannot be read: {text:?}");
            let mend = "write an instant such as 2026-01-01T00:00:00Z";
            desk.refuse(&Fault::new(codes::IMPORT_VALUE, row.spot(3), title, mend));
            None
        }
    }
}

/// Fallback subjects are of the same tenant and category. Those without a profile never serve.
fn fallbacks(row: &Row<'_>, known: &FxHashSet<String>, desk: &mut Desk<'_>) -> Vec<String> {
    let mut list = Vec::new();
    let subjects = row
        .text(5)
        .split(';')
        .map(str::trim)
        .filter(|subject| !subject.is_empty());
    for subject in subjects {
        let name = profile(row, subject);
        if row.text(2) == "*any" {
            let text = format!(
                "fallback {subject} is left out: fallbacks serve subjects of their own only"
            );
            desk.note(row.spot(5), &text);
        } else if subject == row.text(2) {
            desk.note(
                row.spot(5),
                &format!("fallback {subject} of itself is left out"),
            );
        } else if !known.contains(&name) {
            let text = format!("fallback {subject} has no profile {name} and is left out");
            desk.note(row.spot(5), &text);
        } else if !list.contains(&name) {
            list.push(name);
        }
    }
    list
}

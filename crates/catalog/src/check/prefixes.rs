//! Prefixes that are there twice.

use crate::codes;
use crate::draft::Draft;
use crate::draft::zones::{DraftPrefix, Zones};
use crate::problem::{Report, Severity};
use crate::tables::{Deck, NumberForm};
use rustc_hash::FxHashSet;
use umbral_model::ids::DestinationNo;

/// Warns of short codes, and of prefixes, that are emergency numbers: their zone would have no effect on these.
pub(crate) fn emergency(draft: &Draft, report: &mut Report) {
    let emergency: FxHashSet<&str> = draft
        .head
        .emergency
        .iter()
        .map(|number| number.value.as_str())
        .collect();
    for number in draft.zones.numbers.iter().chain(&draft.zones.prefixes) {
        if emergency.contains(number.text.as_str()) {
            let zone = &draft.zones.names[usize::from(number.zone)].value;
            let title = format!("{} of zone {zone} is an emergency number", number.text);
            report
                .warn(codes::DUPLICATE_PREFIX, number.spot, title, "has no effect")
                .note("emergency numbers cost nothing in every plan, and need no zone");
        }
    }
}

/// Reports the later ones of equal prefixes and of equal whole numbers, and builds the deck.
pub(crate) fn deck(zones: &Zones, numbers: NumberForm, report: &mut Report) -> Deck {
    each_once(&zones.prefixes, "prefix", zones, numbers, report);
    each_once(&zones.numbers, "number", zones, NumberForm::E164, report);
    // Of equal prefixes of one zone each only the first one counts: one mistake must not become two.
    let mut seen: FxHashSet<&str> = FxHashSet::default();
    let listed = zones
        .prefixes
        .iter()
        .filter(|prefix| seen.insert(&prefix.text) || numbers == NumberForm::Verbatim);
    let mut deck =
        Deck::build(listed.map(|prefix| (prefix.text.clone(), DestinationNo(prefix.zone))));
    let whole = zones.numbers.iter();
    deck.add_exact(whole.map(|number| (number.text.clone(), DestinationNo(number.zone))));
    deck
}

fn each_once(
    listed: &[DraftPrefix],
    what: &str,
    zones: &Zones,
    numbers: NumberForm,
    report: &mut Report,
) {
    let mut order: Vec<&DraftPrefix> = listed.iter().collect();
    // Stable, so that of equal prefixes the first one in the files stays first.
    order.sort_by(|left, right| left.text.cmp(&right.text));
    for same in order.chunk_by(|left, right| left.text == right.text) {
        twice(same, what, zones, numbers, report);
    }
}

fn twice(
    same: &[&DraftPrefix],
    what: &str,
    zones: &Zones,
    numbers: NumberForm,
    report: &mut Report,
) {
    let [first, rest @ ..] = same else { return };
    for (index, prefix) in rest.iter().enumerate() {
        let again = same[..=index].iter().any(|known| known.zone == prefix.zone);
        if numbers == NumberForm::Verbatim && !again {
            continue;
        }
        let title = format!("the {what} {} is there twice", prefix.text);
        let owner = &zones.names[usize::from(first.zone)].value;
        let label = match again {
            true => "second time".to_owned(),
            false => format!("belongs to {owner} already"),
        };
        let problem = report.error(codes::DUPLICATE_PREFIX, prefix.spot, title, label);
        problem.note(format!(
            "a {what} belongs to one zone: leave one of the two out"
        ));
        if numbers == NumberForm::Verbatim {
            problem.severity = Severity::Warning;
        }
    }
}

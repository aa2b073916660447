//! Prefixes that are there twice.

use crate::codes;
use crate::draft::zones::{DraftPrefix, Zones};
use crate::problem::{Report, Severity};
use crate::tables::{Deck, NumberForm};
use rustc_hash::FxHashSet;
use umbral_model::ids::DestinationNo;

/// Reports the later ones of equal prefixes, and builds the deck.
pub(crate) fn deck(zones: &Zones, numbers: NumberForm, report: &mut Report) -> Deck {
    let mut order: Vec<&DraftPrefix> = zones.prefixes.iter().collect();
    // Stable, so that of equal prefixes the first one in the files stays first.
    order.sort_by(|left, right| left.text.cmp(&right.text));
    for same in order.chunk_by(|left, right| left.text == right.text) {
        twice(same, zones, numbers, report);
    }
    // Of equal prefixes of one zone each only the first one counts: one mistake must not become two.
    let mut seen: FxHashSet<&str> = FxHashSet::default();
    let listed = zones
        .prefixes
        .iter()
        .filter(|prefix| seen.insert(&prefix.text) || numbers == NumberForm::Verbatim);
    Deck::build(listed.map(|prefix| (prefix.text.clone(), DestinationNo(prefix.zone))))
}

fn twice(same: &[&DraftPrefix], zones: &Zones, numbers: NumberForm, report: &mut Report) {
    let [first, rest @ ..] = same else { return };
    for (index, prefix) in rest.iter().enumerate() {
        let again = same[..=index].iter().any(|known| known.zone == prefix.zone);
        if numbers == NumberForm::Verbatim && !again {
            continue;
        }
        let title = format!("the prefix {} is there twice", prefix.text);
        let owner = &zones.names[usize::from(first.zone)].value;
        let label = match again {
            true => "second time".to_owned(),
            false => format!("belongs to {owner} already"),
        };
        let problem = report.error(codes::DUPLICATE_PREFIX, prefix.spot, title, label);
        problem.note("a prefix belongs to one zone: leave one of the two lines out");
        if numbers == NumberForm::Verbatim {
            problem.severity = Severity::Warning;
        }
    }
}

//! Bands that hold at no time.

use super::almanac::{Almanac, is_never};
use crate::codes;
use crate::draft::Draft;
use crate::problem::Report;

/// Reports bands that never hold from the catalog's first day on.
pub(crate) fn check(draft: &Draft, almanac: &Almanac, report: &mut Report) {
    for (number, band) in draft.bands.iter().enumerate() {
        if band.band.is_some() && is_never(&almanac.union(&[number as u16])) {
            let title = format!("the band {} never holds", band.name.value);
            let label = format!("no such time from {} on", draft.head.first_day());
            report
                .error(codes::NEVER_HOLDS, band.name.spot, title, label)
                .note("its conditions must be true together on some day: years, months, days, weekdays, holidays");
        }
    }
}

//! Credit control: what an account owes or used, its limits and thresholds, and what is barred.

pub(crate) mod exposure;
pub(crate) mod latch;
pub(crate) mod limit;
pub(crate) mod restriction;

use crate::account::Row;
use umbral_model::event::{Event, EventBody};

/// Takes an event of credit control into the row.
pub(crate) fn apply(row: &mut Row, event: &Event) {
    match &event.body {
        EventBody::LimitSet(body) => limit::apply_override(row, body),
        EventBody::DepositPosted(body) => limit::apply_deposit(row, body),
        EventBody::LatchSet(body) => latch::apply_set(row, body),
        EventBody::ThresholdCrossed(body) => latch::apply_crossed(row, event.effective_at, body),
        EventBody::ThresholdRecovered(body) => latch::apply_recovered(row, body),
        EventBody::RestrictionNoted(body) => restriction::apply(row, body),
        _ => {}
    }
}

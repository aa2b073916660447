//! What an account has from its plans and purchases: grants of allowances, counters of tiers, fees,
//! instalments, and corrections of what was rated.

pub(crate) mod correction;
pub(crate) mod customer;
pub(crate) mod fees;
pub(crate) mod grants;
pub(crate) mod meters;
pub(crate) mod parked;
pub(crate) mod purchase;
pub(crate) mod volume;
pub(crate) mod warnings;

use crate::account::Row;
use crate::loyalty::refund;
use crate::world::World;
use umbral_model::event::{Event, EventBody};

/// Takes an event of this room into the row.
pub(crate) fn apply(world: &World, row: &mut Row, event: &Event) {
    match &event.body {
        EventBody::UsageCorrected(body) => correction::apply(world, row, body),
        EventBody::AllowanceGranted(body) => grants::apply_granted(row, body),
        EventBody::AllowanceEnded(body) => grants::apply_ended(row, body),
        EventBody::AllowanceCrossed(body) => {
            warnings::apply_crossed(row, event.effective_at, body);
        }
        EventBody::AllowanceRecovered(body) => warnings::apply_recovered(row, body),
        EventBody::FeesCharged(_) => row.fees_due = false,
        EventBody::InstalmentsAgreed(body) => purchase::apply_agreed(row, body),
        EventBody::CorrectionParked(body) => parked::apply_parked(row, body),
        EventBody::CorrectionUnclaimed(body) => {
            parked::remove(row, &body.key);
            refund::remove(row, &body.key);
        }
        _ => {}
    }
}

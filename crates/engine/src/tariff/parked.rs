//! Corrections that came before their record: they wait in the account until it comes, or until their time is
//! over; then they are given up with a code, and can be sent again.

use super::correction;
use super::warnings::Touched;
use crate::account::{Parked, Row};
use crate::draft::Draft;
use std::sync::Arc;
use umbral_model::event::{CorrectionParked, CorrectionUnclaimed, EventBody};
use umbral_model::input::{Input, InputKey, RatedRecord};
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::NANOS_PER_DAY;

/// How long a correction waits for its record, by ticks.
const WAIT_DAYS: i64 = 7;
/// Corrections that an account keeps waiting at a time.
const PARKED_MOST: usize = 100;

/// Keeps a correction until its record comes.
pub(crate) fn park(draft: &mut Draft<'_>, input: &Input, of: InputKey) -> Result<(), Rejection> {
    if draft.row.cold().tariff.parked.len() >= PARKED_MOST {
        return Err(Rejection::new(
            Reason::UnknownRecord,
            format!("{PARKED_MOST} corrections of the account wait for their records already"),
        ));
    }
    let wait = WAIT_DAYS * NANOS_PER_DAY;
    draft.push(EventBody::CorrectionParked(Box::new(CorrectionParked {
        of,
        input: input.clone(),
        until: draft.now.plus_nanos(wait),
    })));
    Ok(())
}

/// Takes up what waited for a record that has just been rated, and for corrections of it, in the order in
/// which they came. What cannot be corrected so is given up; the record stands, and corrections of what was given
/// up wait on.
pub(crate) fn release(
    draft: &mut Draft<'_>,
    mut record: RatedRecord,
    own: &InputKey,
    touched: &mut Touched,
) -> Result<(), Rejection> {
    let mut known = vec![own.clone()];
    while let Some(parked) = first_of(&draft.row, &known) {
        match correction::prepare(draft, &parked.input, &record) {
            Ok(prepared) => {
                record = correction::post(draft, prepared, touched)?;
                known.push(parked.input.key.clone());
            }
            Err(rejection) => give_up(draft, &parked.input.key, &parked.of, rejection),
        }
    }
    Ok(())
}

fn first_of(row: &Row, known: &[InputKey]) -> Option<Parked> {
    let parked = row.cold().tariff.parked.iter();
    parked
        .clone()
        .find(|parked| known.contains(&parked.of))
        .cloned()
}

fn give_up(draft: &mut Draft<'_>, key: &InputKey, of: &InputKey, rejection: Rejection) {
    draft.push(EventBody::CorrectionUnclaimed(CorrectionUnclaimed {
        key: key.clone(),
        of: of.clone(),
        reason: rejection.reason,
        detail: rejection.detail,
    }));
}

/// The timer of corrections that have waited long enough.
pub(crate) fn end_waiting(draft: &mut Draft<'_>) {
    let parked = draft.row.cold().tariff.parked.iter();
    let over: Vec<Parked> = parked
        .filter(|parked| parked.until <= draft.now)
        .cloned()
        .collect();
    for parked in over {
        let detail = format!(
            "the record {}/{} did not come within {WAIT_DAYS} days; resubmit the correction when it has",
            parked.of.source, parked.of.event_id
        );
        let rejection = Rejection::new(Reason::UnknownRecord, detail);
        give_up(draft, &parked.input.key, &parked.of, rejection);
    }
}

/// Takes a waiting correction into the row.
pub(crate) fn apply_parked(row: &mut Row, body: &CorrectionParked) {
    row.cold_mut().tariff.parked.push(Parked {
        of: body.of.clone(),
        input: Arc::new(body.input.clone()),
        until: body.until,
    });
}

/// A correction waits no longer.
pub(crate) fn remove(row: &mut Row, correction: &InputKey) {
    row.cold_mut()
        .tariff
        .parked
        .retain(|parked| parked.input.key != *correction);
}

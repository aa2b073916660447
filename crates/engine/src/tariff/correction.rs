//! Corrected and cancelled usage: what stood for the record is taken back, what it should have been is rated
//! in its place, and the difference is posted as an event that names the old one (rule 11 of the tariff
//! reference). Nothing is edited.

use super::volume::{self, Change};
use super::{meters, parked, warnings};
use crate::account::Row;
use crate::credit::latch;
use crate::draft::Draft;
use crate::usage::{self, Priced};
use crate::world::World;
use umbral_model::event::*;
use umbral_model::input::{Body, Input, InputKey, RatedRecord, Usage};
use umbral_model::money::Money;
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::{NANOS_PER_SECOND, SECONDS_PER_DAY};

/// Days after which a record is no longer corrected, except by force: 24 months.
const HORIZON_DAYS: i64 = 730;

/// What a correction names.
pub(crate) struct Named<'a> {
    /// The record, or an earlier correction of it.
    pub key: InputKey,
    /// What stood for it, where the edge found it.
    original: Option<&'a RatedRecord>,
    /// What it should have been; none for a cancellation.
    usage: Option<&'a Usage>,
}

impl Named<'_> {
    /// What the input corrects, if it is a correction.
    pub(crate) fn of(input: &Input) -> Option<Named<'_>> {
        let (id, source, original, usage) = match &input.body {
            Body::UsageCorrected(body) => (
                &body.corrects,
                &body.corrects_source,
                &body.original,
                Some(&body.usage),
            ),
            Body::UsageCancelled(body) => {
                (&body.cancels, &body.cancels_source, &body.original, None)
            }
            _ => return None,
        };
        let key = InputKey {
            source: source.clone().unwrap_or_else(|| input.key.source.clone()),
            event_id: id.clone(),
        };
        Some(Named {
            key,
            original: original.as_deref(),
            usage,
        })
    }
}

/// Decides a correction: at once where its record is known, otherwise it waits.
pub(crate) fn decide(draft: &mut Draft<'_>, input: &Input) -> Result<(), Rejection> {
    let Some(named) = Named::of(input) else {
        return Ok(());
    };
    let Some(original) = named.original else {
        return parked::park(draft, input, named.key);
    };
    let correction = prepare(draft, input, original)?;
    let record = post(draft, correction)?;
    parked::release(draft, record, &input.key)
}

/// Works out what a correction changes; nothing happens yet.
pub(crate) fn prepare(
    draft: &Draft<'_>,
    input: &Input,
    original: &RatedRecord,
) -> Result<UsageCorrection, Rejection> {
    let Some(named) = Named::of(input) else {
        return Err(Reason::UnknownRecord.into());
    };
    within_horizon(draft, input, original)?;
    if named.usage.is_none() && original.rated.is_none() {
        return Err(Rejection::new(
            Reason::UnknownRecord,
            format!("the record {} was cancelled already", named.key.event_id),
        ));
    }
    let after = match named.usage {
        Some(usage) => Some(rate_again(draft, input, usage, original)?),
        None => None,
    };
    let owed = |rated: &Option<UsageRated>| rated.as_ref().map_or(Money::ZERO, |r| r.charge.amount);
    Ok(UsageCorrection {
        root: original.root.clone(),
        corrects: named.key,
        correction: None,
        occurred_at: original.occurred_at,
        started_at: match named.usage {
            Some(_) => input.occurred_at,
            None => original.occurred_at,
        },
        difference: owed(&after) - owed(&original.rated),
        before: original.rated.clone(),
        after,
    })
}

/// Posts the difference between what stood for a record and what stands for it now, and gives the latter.
pub(crate) fn post(
    draft: &mut Draft<'_>,
    correction: UsageCorrection,
) -> Result<RatedRecord, Rejection> {
    let record = RatedRecord {
        root: correction.root.clone(),
        occurred_at: correction.started_at,
        rated: correction.after.clone(),
    };
    let before = correction.before.clone();
    draft.push(EventBody::UsageCorrected(Box::new(correction)));
    let change = Change {
        before: before.as_ref(),
        after: record.rated.as_ref(),
    };
    volume::post(draft, change)?;
    let sides = before.iter().chain(&record.rated);
    warnings::compare(
        draft,
        sides.map(|rated| &*rated.charge),
        Cause::ReplayCorrection,
    );
    latch::compare(draft, Cause::ReplayCorrection);
    Ok(record)
}

fn within_horizon(
    draft: &Draft<'_>,
    input: &Input,
    original: &RatedRecord,
) -> Result<(), Rejection> {
    let most = HORIZON_DAYS * SECONDS_PER_DAY * NANOS_PER_SECOND;
    if input.forced || draft.now.since(original.occurred_at) <= most {
        return Ok(());
    }
    Err(Rejection::new(
        Reason::CycleTooOld,
        format!(
            "the record is of {}, more than 24 months ago; force the correction to take it",
            original.occurred_at
        ),
    ))
}

/// Rates the record as if what stood for it had never been.
fn rate_again(
    draft: &Draft<'_>,
    input: &Input,
    usage: &Usage,
    original: &RatedRecord,
) -> Result<UsageRated, Rejection> {
    let mut row = draft.row.clone();
    if let Some(rated) = &original.rated {
        take_back(draft.world, &mut row, rated);
    }
    let plan = original.rated.as_ref().map(|rated| rated.charge.plan);
    usage::price(
        draft,
        &row,
        Priced {
            input,
            usage,
            plan_of_old: plan,
        },
    )
}

/// Takes what stood for a record out of the row.
fn take_back(world: &World, row: &mut Row, rated: &UsageRated) {
    meters::return_units(world, row, rated);
    usage::add_rated(row, rated, -rated.charge.amount);
}

/// Takes a correction into the row.
pub(crate) fn apply(world: &World, row: &mut Row, body: &UsageCorrection) {
    if let Some(before) = &body.before {
        take_back(world, row, before);
    }
    if let Some(after) = &body.after {
        meters::use_units(world, row, after);
        usage::add_rated(row, after, after.charge.amount);
    }
    if let Some(correction) = &body.correction {
        parked::remove(row, correction);
    }
}

//! Corrected and cancelled usage: what stood for the record is taken back, what it should have been is rated
//! in its place, and the difference is posted as an event that names the old one (rule 11 of the tariff
//! reference). Nothing is edited.

use super::volume::{self, Change};
use super::warnings::{self, Touched};
use super::{meters, parked};
use crate::account::{Corrected, Row};
use crate::credit::latch;
use crate::draft::Draft;
use crate::usage::{self, Priced};
use crate::world::World;
use std::sync::Arc;
use umbral_model::event::*;
use umbral_model::input::{Body, Input, InputKey, RatedRecord, Usage};
use umbral_model::money::Money;
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::{Date, NANOS_PER_DAY};

/// Days after which a record is no longer corrected, except by force: 24 months.
const HORIZON_DAYS: i32 = 730;

/// What a correction says.
struct Named<'a> {
    /// The record, or an earlier correction of it.
    key: InputKey,
    /// What the edge found in the journal for it.
    original: Option<&'a RatedRecord>,
    /// What it should have been; none for a cancellation.
    usage: Option<&'a Usage>,
}

impl Named<'_> {
    fn of(input: &Input) -> Option<Named<'_>> {
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

/// What stands for a record that was corrected before; it may be named by its own key or a correction's.
fn corrected<'r>(row: &'r Row, key: &InputKey) -> Option<&'r Arc<RatedRecord>> {
    let mut known = row.cold().tariff.corrected.iter();
    let found = known.find(|c| c.record.root == *key || c.corrections.contains(key))?;
    Some(&found.record)
}

/// Decides a correction: at once where its record is known, otherwise it waits.
pub(crate) fn decide(draft: &mut Draft<'_>, input: &Input) -> Result<(), Rejection> {
    let Some(named) = Named::of(input) else {
        return Ok(());
    };
    let record = match (corrected(&draft.row, &named.key).cloned(), named.original) {
        (Some(record), _) => record,
        (None, Some(original)) => Arc::new(original.clone()),
        (None, None) => return parked::park(draft, input, named.key),
    };
    let correction = prepare(draft, input, &record)?;
    let mut touched = Touched::default();
    let record = post(draft, correction, &mut touched)?;
    parked::release(draft, record, &input.key, &mut touched)?;
    warnings::compare(draft, touched, Cause::ReplayCorrection);
    latch::compare(draft, Cause::ReplayCorrection);
    Ok(())
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
        correction: input.key.clone(),
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
/// Warnings and thresholds are compared when all corrections of the decision are posted.
pub(crate) fn post(
    draft: &mut Draft<'_>,
    correction: UsageCorrection,
    touched: &mut Touched,
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
    for rated in before.iter().chain(&record.rated) {
        touched.add(&rated.charge);
    }
    Ok(record)
}

fn within_horizon(
    draft: &Draft<'_>,
    input: &Input,
    original: &RatedRecord,
) -> Result<(), Rejection> {
    let most = i64::from(HORIZON_DAYS) * NANOS_PER_DAY;
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
    parked::remove(row, &body.correction);
    let record = Arc::new(RatedRecord {
        root: body.root.clone(),
        occurred_at: body.started_at,
        rated: body.after.clone(),
    });
    let corrected = &mut row.cold_mut().tariff.corrected;
    match corrected
        .iter_mut()
        .find(|known| known.record.root == body.root)
    {
        Some(known) => {
            known.corrections.push(body.correction.clone());
            known.record = record;
        }
        None => corrected.push(Corrected {
            corrections: vec![body.correction.clone()],
            record,
        }),
    }
}

/// Forgets what is too old to be corrected again on the local day `today`.
pub(crate) fn forget(world: &World, row: &mut Row, today: Date) {
    let zone = world.zone(row.zone);
    let before = zone.start_of_day(today.plus_days(-HORIZON_DAYS));
    let is_past = |known: &Corrected| known.record.occurred_at < before;
    if row.cold().tariff.corrected.iter().any(is_past) {
        row.cold_mut()
            .tariff
            .corrected
            .retain(|known| !is_past(known));
    }
}

//! Warnings of allowances: the latches of money (section 2 of the semantics) on the units used of one grant.
//! A warning fires when its share is reached and is armed again below its margin, when units are given back.
//! A grant warns while it holds; a plan's in the cycle in which it was given: a leftover that rolled over is
//! silent.

use super::meters::{Grant, UnitLatch, grant_mut};
use crate::account::Row;
use crate::draft::Draft;
use smallvec::SmallVec;
use umbral_catalog::tables::{Allowance, AllowanceOf, UnitWarning};
use umbral_model::charge::Charge;
use umbral_model::event::*;
use umbral_model::ids::{GrantNo, ThresholdId};
use umbral_model::time::Timestamp;

const WHOLE_BPS: u64 = 10_000;

/// Grants that a group of events touched.
#[derive(Clone, Debug, Default)]
pub(crate) struct Touched(SmallVec<[GrantNo; 4]>);

impl Touched {
    /// Adds those that a charge took units of.
    pub(crate) fn add(&mut self, charge: &Charge) {
        let grants = charge.covered.iter().map(|covered| covered.grant);
        self.0.extend(grants);
    }
}

/// Compares the grants that a group of events touched, before and after it.
pub(crate) fn compare(draft: &mut Draft<'_>, touched: Touched, cause: Cause) {
    let mut touched = touched.0;
    touched.sort_unstable();
    touched.dedup();
    for number in touched {
        compare_grant(draft, number, cause);
    }
}

fn compare_grant(draft: &mut Draft<'_>, number: GrantNo, cause: Cause) {
    let world = draft.world;
    let Some(grant) = find(&draft.row, number) else {
        return;
    };
    let Some(allowance) = grant.definition(world) else {
        return;
    };
    if !warns(draft, grant, allowance) {
        return;
    }
    let rising: Vec<&UnitWarning> = allowance
        .warnings
        .iter()
        .filter(|warning| !is_fired(grant, warning) && grant.used >= units_of(grant, warning))
        .collect();
    let falling: Vec<&UnitWarning> = allowance
        .warnings
        .iter()
        .filter(|warning| is_fired(grant, warning))
        .filter(|warning| grant.used <= recovers_at(grant, warning, allowance.margin_bps))
        .collect();
    if !rising.is_empty() {
        cross(draft, number, allowance, &rising, cause);
    }
    for warning in falling {
        recover(draft, number, allowance, warning, cause);
    }
}

fn find(row: &Row, number: GrantNo) -> Option<&Grant> {
    let grants = &row.meters().grants;
    let found = grants.binary_search_by_key(&number, |grant| grant.no);
    found.ok().map(|index| &grants[index])
}

fn warns(draft: &Draft<'_>, grant: &Grant, allowance: &Allowance) -> bool {
    let holds = draft.now < grant.until;
    match allowance.of {
        AllowanceOf::Plan(_) => holds && grant.cycle == draft.row.cycle_start,
        AllowanceOf::Product(_) => holds,
    }
}

/// `units granted x share`, rounded up to a whole unit.
fn units_of(grant: &Grant, warning: &UnitWarning) -> u64 {
    share_up(grant.units, warning.bps)
}

/// The most units used at which a fired warning is armed again.
fn recovers_at(grant: &Grant, warning: &UnitWarning, margin_bps: u32) -> u64 {
    let at = units_of(grant, warning);
    at.saturating_sub(share_up(at, margin_bps).max(1))
}

fn share_up(units: u64, bps: u32) -> u64 {
    let product = u128::from(units) * u128::from(bps);
    u64::try_from(product.div_ceil(u128::from(WHOLE_BPS))).unwrap_or(u64::MAX)
}

fn latch<'g>(grant: &'g Grant, warning: &UnitWarning) -> Option<&'g UnitLatch> {
    let mut latches = grant.latches.iter();
    latches.find(|latch| latch.threshold.as_str() == warning.id)
}

fn is_fired(grant: &Grant, warning: &UnitWarning) -> bool {
    latch(grant, warning).is_some_and(|latch| latch.published.is_some())
}

fn cross(
    draft: &mut Draft<'_>,
    number: GrantNo,
    allowance: &Allowance,
    rising: &[&UnitWarning],
    cause: Cause,
) {
    let Some(grant) = find(&draft.row, number) else {
        return;
    };
    let Some(highest) = rising.last() else { return };
    let is_told = |warning: &&UnitWarning| {
        let told_at = latch(grant, warning).and_then(|latch| latch.notified_at);
        told_at.is_none_or(|told_at| draft.effective_at.since(told_at) >= allowance.cooldown)
    };
    let crossed = rising.iter().map(|warning| CrossedUnits {
        threshold: ThresholdId::new(warning.id.clone()),
        units: units_of(grant, warning),
        bps: warning.bps,
    });
    let body = AllowanceCrossed {
        grant: number,
        name: allowance.name.clone(),
        member: grant.member.clone(),
        measurement: allowance.measurement,
        crossed: crossed.collect(),
        highest: ThresholdId::new(highest.id.clone()),
        used_before: find(draft.before, number).map_or(0, |grant| grant.used),
        used_after: grant.used,
        granted: grant.units,
        remaining: grant.left(),
        until: grant.until,
        cause,
        notify: rising.iter().any(is_told),
        out_id: draft.next_out_id("allowance_threshold_crossed"),
    };
    draft.push(EventBody::AllowanceCrossed(Box::new(body)));
}

fn recover(
    draft: &mut Draft<'_>,
    number: GrantNo,
    allowance: &Allowance,
    warning: &UnitWarning,
    cause: Cause,
) {
    let Some(grant) = find(&draft.row, number) else {
        return;
    };
    let Some(fired) = latch(grant, warning).and_then(|latch| latch.published) else {
        return;
    };
    let body = AllowanceRecovered {
        grant: number,
        name: allowance.name.clone(),
        member: grant.member.clone(),
        measurement: allowance.measurement,
        threshold: ThresholdId::new(warning.id.clone()),
        fired_out_id: fired,
        used: grant.used,
        cause,
    };
    draft.push(EventBody::AllowanceRecovered(body));
}

/// Takes a crossing into the row.
pub(crate) fn apply_crossed(row: &mut Row, at: Timestamp, body: &AllowanceCrossed) {
    let Some(grant) = grant_mut(row, body.grant) else {
        return;
    };
    for crossed in &body.crossed {
        let latch = entry(grant, &crossed.threshold);
        latch.published = Some(body.out_id);
        if body.notify {
            latch.notified_at = Some(at);
        }
    }
}

/// Takes a recovery into the row.
pub(crate) fn apply_recovered(row: &mut Row, body: &AllowanceRecovered) {
    if let Some(grant) = grant_mut(row, body.grant) {
        entry(grant, &body.threshold).published = None;
    }
}

fn entry<'g>(grant: &'g mut Grant, id: &ThresholdId) -> &'g mut UnitLatch {
    let found = grant
        .latches
        .binary_search_by(|latch| latch.threshold.cmp(id));
    let index = found.unwrap_or_else(|index| {
        let fresh = UnitLatch {
            threshold: id.clone(),
            published: None,
            notified_at: None,
        };
        grant.latches.insert(index, fresh);
        index
    });
    &mut grant.latches[index]
}

//! What is barred: a set of (service, reason, source). A service is barred while its set is not empty, and
//! only a change of that is told.

use crate::account::{Restriction, Row};
use crate::draft::Draft;
use smol_str::{SmolStr, format_smolstr};
use umbral_catalog::tables::MeasureRule;
use umbral_model::event::{EventBody, RestrictionNoted, ServiceRestrictionChanged};
use umbral_model::ids::CaseId;
use umbral_model::input::{Measure, RestrictionChanged, RestrictionReason, Scope};
use umbral_model::rejection::{Reason, Rejection};

/// The service that an action bars, if it bars one.
pub(crate) fn barred_by(action: &str) -> Option<&str> {
    action.strip_prefix("bar ").map(str::trim)
}

fn source_of_measure(measure: Measure, scope: Scope) -> SmolStr {
    match scope {
        Scope::All => SmolStr::new_static(measure.word()),
        _ => format_smolstr!("{}/{}", measure.word(), scope.word()),
    }
}

/// Bars what the class bars on breach of a measure, in the order of its actions.
pub(crate) fn bar_for_measure(draft: &mut Draft<'_>, rule: &MeasureRule) {
    let source = source_of_measure(rule.measure, rule.scope);
    for service in rule.on_breach.iter().filter_map(|action| barred_by(action)) {
        bar(draft, service, RestrictionReason::Limit, &source);
    }
}

/// Lifts what the breach of a measure barred.
pub(crate) fn lift_of_measure(draft: &mut Draft<'_>, measure: Measure, scope: Scope) {
    lift_all(
        draft,
        RestrictionReason::Limit,
        &source_of_measure(measure, scope),
    );
}

/// Actions that barred something on breach of a measure and hold now.
pub(crate) fn bars_of_measure(row: &Row, measure: Measure, scope: Scope) -> Vec<SmolStr> {
    let source = source_of_measure(measure, scope);
    held_for(row, RestrictionReason::Limit, &source)
        .map(|service| format_smolstr!("bar {service}"))
        .collect()
}

/// Services that are barred for a reason from a source.
fn held_for<'r>(
    row: &'r Row,
    reason: RestrictionReason,
    source: &'r str,
) -> impl Iterator<Item = &'r SmolStr> {
    let restrictions = row.cold().restrictions.iter();
    restrictions
        .filter(move |held| held.reason == reason && held.source == source)
        .map(|held| &held.service)
}

/// Lifts what the steps of a case barred.
pub(crate) fn lift_of_case(draft: &mut Draft<'_>, case: &CaseId) {
    lift_all(draft, RestrictionReason::Collections, case.as_str());
}

/// Whether a case bars the service now.
pub(crate) fn is_barred_by_case(row: &Row, case: &CaseId, service: &str) -> bool {
    has(row, service, RestrictionReason::Collections, case.as_str())
}

fn lift_all(draft: &mut Draft<'_>, reason: RestrictionReason, source: &str) {
    let services: Vec<SmolStr> = held_for(&draft.row, reason, source).cloned().collect();
    for service in services {
        lift(draft, &service, reason, source);
    }
}

/// Adds a reason to bar a service.
pub(crate) fn bar(draft: &mut Draft<'_>, service: &str, reason: RestrictionReason, source: &str) {
    if !has(&draft.row, service, reason, source) {
        note(draft, service, reason, source, true);
    }
}

/// Takes a reason away.
pub(crate) fn lift(draft: &mut Draft<'_>, service: &str, reason: RestrictionReason, source: &str) {
    if has(&draft.row, service, reason, source) {
        note(draft, service, reason, source, false);
    }
}

fn has(row: &Row, service: &str, reason: RestrictionReason, source: &str) -> bool {
    row.cold()
        .restrictions
        .iter()
        .any(|held| held.service == service && held.reason == reason && held.source == source)
}

/// Why a service is barred now, each reason once, in their order.
pub(crate) fn reasons_for(row: &Row, service: &str) -> Vec<RestrictionReason> {
    let held = row
        .cold()
        .restrictions
        .iter()
        .filter(|held| held.service == service);
    let mut reasons: Vec<RestrictionReason> = held.map(|held| held.reason).collect();
    reasons.sort_unstable();
    reasons.dedup();
    reasons
}

fn note(
    draft: &mut Draft<'_>,
    service: &str,
    reason: RestrictionReason,
    source: &str,
    present: bool,
) {
    let was_barred = !reasons_for(&draft.row, service).is_empty();
    draft.push(EventBody::RestrictionNoted(RestrictionNoted {
        service: service.into(),
        reason,
        source: source.into(),
        present,
    }));
    let reasons = reasons_for(&draft.row, service);
    let barred = !reasons.is_empty();
    if barred != was_barred {
        let never_barred = match barred {
            true => draft.world.emergency_numbers(draft.now).to_vec(),
            false => Vec::new(),
        };
        draft.push(EventBody::ServiceRestrictionChanged(
            ServiceRestrictionChanged {
                service: service.into(),
                barred,
                reasons,
                never_barred,
            },
        ));
    }
}

/// Bars or frees a service by hand, or for a fraud system.
pub(crate) fn by_command(
    draft: &mut Draft<'_>,
    body: &RestrictionChanged,
) -> Result<(), Rejection> {
    if !matches!(
        body.reason,
        RestrictionReason::Manual | RestrictionReason::Fraud
    ) {
        return Err(Rejection::new(
            Reason::MalformedField,
            format!("a command sets manual or fraud, not {}", body.reason.word()),
        ));
    }
    match body.barred {
        true => bar(draft, &body.service, body.reason, &body.command),
        false => lift(draft, &body.service, body.reason, &body.command),
    }
    Ok(())
}

/// Takes a reason into the row, or out of it.
pub(crate) fn apply(row: &mut Row, body: &RestrictionNoted) {
    let restrictions = &mut row.cold_mut().restrictions;
    restrictions.retain(|held| {
        held.service != body.service || held.reason != body.reason || held.source != body.source
    });
    if body.present {
        restrictions.push(Restriction {
            service: body.service.clone(),
            reason: body.reason,
            source: body.source.clone(),
        });
    }
}

//! Limits of the customer's own, and deposits.

use crate::account::{Override, Row};
use crate::collections::step;
use crate::credit::latch;
use crate::decide::{positive_minor, whole_minor};
use crate::draft::Draft;
use umbral_catalog::tables::MeasureRule;
use umbral_model::event::{Cause, DepositPosted, EventBody, LimitSet};
use umbral_model::input::{DepositReceived, LimitOverridden, Measure};
use umbral_model::money::Money;
use umbral_model::rejection::{Reason, Rejection};

/// The limit that holds for the account: its own, else the class's; a deposit raises the exposure limit.
pub(crate) fn effective(row: &Row, rule: &MeasureRule) -> Option<Money> {
    let cold = row.cold();
    let own = cold
        .overrides
        .iter()
        .find(|own| own.measure == rule.measure && own.scope == rule.scope)
        .map(|own| own.amount);
    let limit = own.or(rule.limit)?;
    match rule.measure {
        Measure::Exposure => Some(limit + cold.deposit),
        _ => Some(limit),
    }
}

/// Sets or takes away a limit of the customer's own.
pub(crate) fn set_override(draft: &mut Draft<'_>, body: &LimitOverridden) -> Result<(), Rejection> {
    let class = draft.world.class(draft.row.class, draft.now);
    let known = class.is_some_and(|class| {
        class
            .measures
            .iter()
            .any(|r| r.measure == body.measure && r.scope == body.scope)
    });
    if !known {
        return Err(Rejection::new(
            Reason::UnknownMeasure,
            format!(
                "the class has no {} in scope {} to override",
                body.measure.word(),
                body.scope.word()
            ),
        ));
    }
    if let Some(amount) = body.amount {
        whole_minor(draft.row.currency, amount, "a limit")?;
        if amount < Money::ZERO {
            return Err(Rejection::new(
                Reason::BadAmount,
                format!("a limit cannot be below zero: {amount}"),
            ));
        }
    }
    if body.until.is_some_and(|until| until < draft.today()) {
        return Err(Rejection::new(
            Reason::BadDate,
            "the override's last day is past already",
        ));
    }
    set(
        draft,
        LimitSet {
            measure: body.measure,
            scope: body.scope,
            amount: body.amount,
            until: body.until.filter(|_| body.amount.is_some()),
        },
    );
    Ok(())
}

/// The timer of an override whose last day is over.
pub(crate) fn end_overrides(draft: &mut Draft<'_>) {
    let today = draft.today();
    let ended: Vec<Override> = draft
        .row
        .cold()
        .overrides
        .iter()
        .filter(|own| own.until.is_some_and(|until| until < today))
        .cloned()
        .collect();
    for own in ended {
        set(
            draft,
            LimitSet {
                measure: own.measure,
                scope: own.scope,
                amount: None,
                until: None,
            },
        );
    }
}

fn set(draft: &mut Draft<'_>, limit: LimitSet) {
    draft.push(EventBody::LimitSet(limit));
    latch::compare(draft, Cause::LimitChange);
}

/// A deposit raises the exposure limit.
pub(crate) fn post_deposit(draft: &mut Draft<'_>, body: &DepositReceived) -> Result<(), Rejection> {
    positive_minor(draft.row.currency, body.amount, "a deposit")?;
    draft.push(EventBody::DepositPosted(DepositPosted {
        amount: body.amount,
    }));
    latch::compare(draft, Cause::LimitChange);
    step::note_deposit(draft);
    Ok(())
}

/// Takes a limit into the row.
pub(crate) fn apply_override(row: &mut Row, body: &LimitSet) {
    let overrides = &mut row.cold_mut().overrides;
    overrides.retain(|own| own.measure != body.measure || own.scope != body.scope);
    overrides.extend(body.amount.map(|amount| Override {
        measure: body.measure,
        scope: body.scope,
        amount,
        until: body.until,
    }));
    row.forget_guards();
}

/// Takes a deposit into the row.
pub(crate) fn apply_deposit(row: &mut Row, body: &DepositPosted) {
    row.cold_mut().deposit += body.amount;
    row.forget_guards();
}

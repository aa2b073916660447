//! Promises to pay: they stop steps while they are kept, never the clock.

use super::{Collections, Promise, case};
use crate::decide::positive_minor;
use crate::draft::Draft;
use crate::rare::Rare;
use umbral_model::event::{EventBody, PromiseEnded, PromiseNoted, PromiseWithdrawn};
use umbral_model::input::{PromiseCancelled, PromiseMade};
use umbral_model::money::Money;
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::Date;

/// Takes a promise; one runs at a time.
pub(crate) fn make(draft: &mut Draft<'_>, body: &PromiseMade) -> Result<(), Rejection> {
    if let Some(running) = &draft.row.cold().collections.promise {
        return Err(Rejection::new(
            Reason::PromiseExists,
            format!(
                "promise {} runs; cancel it before a new one is made",
                running.id
            ),
        ));
    }
    if body.instalments.is_empty() {
        return Err(Rejection::new(
            Reason::BadAmount,
            "a promise needs an instalment",
        ));
    }
    let today = draft.today();
    for instalment in &body.instalments {
        positive_minor(draft.row.currency, instalment.amount, "an instalment")?;
        if instalment.due_on < today {
            return Err(Rejection::new(
                Reason::BadDate,
                format!(
                    "an instalment cannot be due on {}, which is past",
                    instalment.due_on
                ),
            ));
        }
    }
    let mut instalments = body.instalments.clone();
    instalments.sort_by_key(|instalment| instalment.due_on);
    let promise = body.promise.clone();
    draft.push(EventBody::PromiseNoted(PromiseNoted {
        promise,
        instalments,
    }));
    case::settle(draft, case::Trigger::default());
    Ok(())
}

/// Takes a promise back.
pub(crate) fn cancel(draft: &mut Draft<'_>, body: &PromiseCancelled) -> Result<(), Rejection> {
    let running = draft.row.cold().collections.promise.as_ref();
    let named = running.filter(|promise| body.promise.as_ref().is_none_or(|id| *id == promise.id));
    let Some(promise) = named.map(|promise| promise.id.clone()) else {
        return Err(Rejection::new(
            Reason::UnknownPromise,
            "the account has no such open promise",
        ));
    };
    draft.push(EventBody::PromiseWithdrawn(PromiseWithdrawn { promise }));
    case::settle(draft, ended());
    Ok(())
}

fn ended() -> case::Trigger {
    case::Trigger {
        promise_ended: true,
        ..case::Trigger::default()
    }
}

/// After a payment: the promise is kept when everything promised is paid.
pub(crate) fn end_if_kept(draft: &mut Draft<'_>) -> bool {
    let Some(promise) = &draft.row.cold().collections.promise else {
        return false;
    };
    if promise.paid < promised(promise, |_| true) {
        return false;
    }
    let kept = PromiseEnded {
        promise: promise.id.clone(),
        paid: promise.paid,
        missing: Money::ZERO,
    };
    draft.push(EventBody::PromiseKept(kept));
    true
}

/// The timer of an instalment whose last day is over.
pub(crate) fn break_if_missing(draft: &mut Draft<'_>) {
    if end_if_broken(draft) {
        case::settle(draft, ended());
    }
}

/// The promise is broken when what was due by yesterday is not paid: so it is also when a payment goes back.
pub(crate) fn end_if_broken(draft: &mut Draft<'_>) -> bool {
    let today = draft.today();
    let Some(promise) = &draft.row.cold().collections.promise else {
        return false;
    };
    let missing = promised(promise, |due_on| due_on < today) - promise.paid;
    if missing <= Money::ZERO {
        return false;
    }
    let broken = PromiseEnded {
        promise: promise.id.clone(),
        paid: promise.paid,
        missing,
    };
    draft.push(EventBody::PromiseBroken(broken));
    true
}

fn promised(promise: &Promise, is_counted: impl Fn(Date) -> bool) -> Money {
    let counted = promise
        .instalments
        .iter()
        .filter(|instalment| is_counted(instalment.due_on));
    counted.map(|instalment| instalment.amount).sum()
}

/// The last day of the first instalment that payments do not cover yet.
pub(crate) fn next_deadline(promise: &Promise) -> Option<Date> {
    let mut sum = Money::ZERO;
    promise.instalments.iter().find_map(|instalment| {
        sum += instalment.amount;
        (sum > promise.paid).then_some(instalment.due_on)
    })
}

/// Counts a payment, or its reversal, for the promise that runs.
pub(crate) fn count(collections: &mut Rare<Collections>, amount: Money) {
    if let Some(Collections {
        promise: Some(promise),
        ..
    }) = collections.get_mut()
    {
        promise.paid += amount;
    }
}

/// Whether a payment came after the promise was made.
pub(crate) fn is_after(collections: &Collections, payment_seq: u64) -> bool {
    collections
        .promise
        .as_ref()
        .is_some_and(|promise| payment_seq > promise.seq)
}

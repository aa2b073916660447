//! What an account's input leads to: the order in which the rooms are asked. Money moves first, then the
//! thresholds compare before and after, then collections look at what is overdue.

use crate::billing::{bill, dispute, payment};
use crate::collections::{case, hold, promise};
use crate::credit::{limit, restriction};
use crate::draft::Draft;
use crate::loyalty::{self, card, invoice, manual, member, redemption, refund, stock, tier};
use crate::tariff::{correction, purchase};
use crate::{customer, usage, vip};
use umbral_model::event::{EffortNoted, EventBody};
use umbral_model::input::{Body, Input};
use umbral_model::money::{Currency, Money};
use umbral_model::rejection::{Reason, Rejection};

/// The largest amount that an input may carry, so that sums stay exact: 10^12 currency units.
const LARGEST: Money = Money::from_micros(1_000_000_000_000_000_000);

/// Decides one input of an account that exists. Leaves events on the draft, or refuses the input.
pub(crate) fn decide(draft: &mut Draft<'_>, input: &Input) -> Result<(), Rejection> {
    check_currency(draft, input)?;
    match &input.body {
        Body::CustomerAdded(_) => Err(Rejection::new(
            Reason::AccountExists,
            format!("account {} exists already", input.account),
        )),
        Body::MemberAdded(body) => customer::add_member(draft, body),
        Body::MemberRemoved(body) => customer::remove_member(draft, body),
        Body::IdentifierAdded(body) => customer::note_identifier(draft, body, true),
        Body::IdentifierRemoved(body) => customer::note_identifier(draft, body, false),
        Body::ClassChanged(body) => customer::change_class(draft, input, body),
        Body::VipRankChanged(body) => {
            vip::change_rank(draft, body);
            Ok(())
        }
        Body::EffortScored(body) => {
            draft.push(EventBody::EffortNoted(EffortNoted { score: body.score }));
            Ok(())
        }
        Body::PlanChanged(body) => customer::change_plan(draft, input, body),
        Body::TimeZoneChanged(body) => customer::change_zone(draft, body),
        Body::LimitOverridden(body) => limit::set_override(draft, body),
        Body::DepositReceived(body) => limit::post_deposit(draft, body),
        Body::Usage(body) => usage::rate(draft, input, body),
        Body::ChargeAdded(body) => usage::add_charge(draft, input, body),
        Body::Purchase(body) => purchase::record(draft, input, body),
        Body::UsageCorrected(_) | Body::UsageCancelled(_) => correction::decide(draft, input),
        Body::BillIssued(_)
        | Body::BillVoided(_)
        | Body::PaymentReceived(_)
        | Body::PaymentReversed(_)
        | Body::CreditNote(_)
        | Body::WriteOff(_)
        | Body::DisputeOpened(_)
        | Body::DisputeResolved(_) => {
            let days = invoice::days_of(draft, &input.body);
            decide_bill(draft, input)?;
            invoice::settle(draft, days);
            Ok(())
        }
        Body::TierGranted(body) => tier::grant(draft, body),
        Body::CardsStocked(body) => stock::receive(draft, body),
        Body::CardIssued(body) => card::issue(draft, input, body),
        Body::CardClosed(body) => card::close(draft, body),
        Body::CardConfirmed(body) => card::confirm(draft, body),
        Body::CardLostReported(body) => card::report_lost(draft, body),
        Body::CardReplaced(body) => card::replace(draft, body),
        Body::CardRenewed(body) => card::renew(draft, body),
        Body::CardChecked(body) => card::check(draft, body),
        Body::Enrolled(body) => member::enrol(draft, input, body),
        Body::Visit(body) => manual::visit(draft, input, body),
        Body::PurchaseClaimed(body) => loyalty::purchase::claim(draft, input, body),
        Body::Refund(body) => refund::take(draft, input, body),
        Body::RedemptionRequested(body) => redemption::request(draft, body),
        Body::RedemptionCommitted(body) => redemption::commit(draft, body),
        Body::RedemptionReleased(body) => redemption::release(draft, body),
        Body::PointsAdjusted(body) => manual::adjust(draft, input, body),
        Body::PointsVoided(body) => manual::void(draft, input, body),
        Body::PromiseMade(body) => promise::make(draft, body),
        Body::PromiseCancelled(body) => promise::cancel(draft, body),
        Body::HoldSet(body) => hold::set(draft, body),
        Body::HoldCleared(body) => hold::clear(draft, body),
        Body::StepCompleted(body) => case::note_result(draft, body),
        Body::CaseClosedBy(body) => case::close_by_command(draft, body),
        Body::RestrictionChanged(body) => restriction::by_command(draft, body),
    }
}

/// Decides an input about bills and money; what bills earn follows from it.
fn decide_bill(draft: &mut Draft<'_>, input: &Input) -> Result<(), Rejection> {
    match &input.body {
        Body::BillIssued(body) => {
            bill::issue(draft, body)?;
            invoice::note(draft, body);
            Ok(())
        }
        Body::BillVoided(body) => bill::void(draft, body),
        Body::PaymentReceived(body) => payment::receive(draft, input, body),
        Body::PaymentReversed(body) => payment::reverse(draft, body),
        Body::CreditNote(body) => bill::credit(draft, body),
        Body::WriteOff(body) => bill::write_off(draft, body),
        Body::DisputeOpened(body) => dispute::open(draft, body),
        Body::DisputeResolved(body) => dispute::resolve(draft, body),
        _ => Ok(()),
    }
}

fn check_currency(draft: &Draft<'_>, input: &Input) -> Result<(), Rejection> {
    match input.currency {
        Some(currency) if currency != draft.row.currency => Err(Rejection::new(
            Reason::OtherCurrency,
            format!(
                "the input is in {currency}, the account in {}",
                draft.row.currency
            ),
        )),
        _ => Ok(()),
    }
}

/// Refuses amounts that are not positive whole minor units.
pub(crate) fn positive_minor(
    currency: Currency,
    amount: Money,
    what: &str,
) -> Result<(), Rejection> {
    if amount <= Money::ZERO {
        return Err(Rejection::new(
            Reason::BadAmount,
            format!("{what} must be above zero, not {amount}"),
        ));
    }
    whole_minor(currency, amount, what)
}

/// Refuses amounts that are not whole minor units, or beyond the range.
pub(crate) fn whole_minor(currency: Currency, amount: Money, what: &str) -> Result<(), Rejection> {
    in_range(amount, what)?;
    if currency.is_whole_minor(amount) {
        return Ok(());
    }
    Err(Rejection::new(
        Reason::BadAmount,
        format!("{what} must be a whole number of minor units of {currency}, not {amount}"),
    ))
}

/// Refuses amounts beyond 10^12 currency units.
pub(crate) fn in_range(amount: Money, what: &str) -> Result<(), Rejection> {
    if amount.micros().unsigned_abs() <= LARGEST.micros().unsigned_abs() {
        return Ok(());
    }
    Err(Rejection::new(
        Reason::BadAmount,
        format!("{what} of {amount} is beyond the range"),
    ))
}

/// Whether an event may have moved the account's next due instant.
pub(crate) fn moves_timers(body: &EventBody) -> bool {
    !matches!(
        body,
        EventBody::UsageRated(_)
            | EventBody::UsageCorrected(_)
            | EventBody::PurchaseRecorded(_)
            | EventBody::AllowanceGranted(_)
            | EventBody::AllowanceEnded(_)
            | EventBody::AllowanceCrossed(_)
            | EventBody::AllowanceRecovered(_)
            | EventBody::ThresholdCrossed(_)
            | EventBody::ThresholdRecovered(_)
            | EventBody::LatchSet(_)
            | EventBody::LimitBreached(_)
            | EventBody::LimitCured(_)
            | EventBody::RestrictionNoted(_)
            | EventBody::ServiceRestrictionChanged(_)
    )
}

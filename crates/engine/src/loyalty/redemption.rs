//! Redemptions: points are reserved, then spent or free again. Refusals are events with a reason, in the order of
//! section 4b, 3.

use super::claw;
use super::ledger::{self, club, find};
use super::{Ledger, Lot, Redemption, RedemptionState, card, member};
use crate::account::Row;
use crate::draft::Draft;
use umbral_catalog::loyalty::Programme;
use umbral_model::event::*;
use umbral_model::ids::{LedgerName, LotNo, RedemptionId};
use umbral_model::input::{RedemptionNamed, RedemptionRequested};
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::{NANOS_PER_SECOND, Timestamp};

/// Nanoseconds of a minute.
const MINUTE: i64 = 60 * NANOS_PER_SECOND;

fn bad(detail: String) -> Rejection {
    Rejection::new(Reason::BadRedemption, detail)
}

/// Reserves points, or says why not.
pub(crate) fn request(draft: &mut Draft<'_>, body: &RedemptionRequested) -> Result<(), Rejection> {
    if draft
        .row
        .cold()
        .loyalty
        .redemption(&body.redemption)
        .is_some()
    {
        return Err(bad(format!(
            "there is a redemption {} already",
            body.redemption
        )));
    }
    let name = ledger_of(draft, body)?;
    let Some(club) = club(draft.world, &name, draft.now) else {
        return Err(Rejection::new(
            Reason::UnknownLedger,
            format!("the catalog has no programme of ledger {name}"),
        ));
    };
    let asked = asked(club.programme, body);
    let spent = asked.and_then(|points| {
        check_channel(club.programme, body)?;
        check_card(draft, &name, body)?;
        if points < club.programme.redemption.min_points {
            return Err(RedemptionRefused::MinPoints);
        }
        spend(draft, &name, points).ok_or(RedemptionRefused::Insufficient)
    });
    match spent {
        Ok(spent) => accept(draft, club.programme, &name, body, spent),
        Err(reason) => {
            let balances = find(&draft.row, &name).map(Ledger::balances);
            draft.push(EventBody::RedemptionRejected(RedemptionRejected {
                redemption: body.redemption.clone(),
                ledger: name,
                points: asked.unwrap_or(0),
                reason,
                available: balances.map_or(0, |balances| balances.available),
            }));
        }
    }
    Ok(())
}

/// The ledger that is to give: the card's, the one named, or the only one.
fn ledger_of(draft: &Draft<'_>, body: &RedemptionRequested) -> Result<LedgerName, Rejection> {
    let known = body
        .card
        .as_deref()
        .and_then(|number| card::find(&draft.row, number));
    let of_card = known.and_then(|known| card::ledger_name(draft, &known.card_type));
    match (&body.ledger, of_card) {
        (Some(named), Some(of_card)) if *named != of_card => Err(Rejection::new(
            Reason::UnknownLedger,
            format!("the card is of ledger {of_card}, not of {named}"),
        )),
        (None, Some(of_card)) => Ok(of_card),
        // A card that the account does not have is refused below, with a ledger to name in the refusal.
        (None, None) if body.card.is_some() => {
            let ledgers = draft.row.cold().loyalty.ledgers.first();
            let first = ledgers.map(|ledger| ledger.name.clone());
            first.map_or_else(|| ledger::named(draft, None), Ok)
        }
        (named, _) => ledger::named(draft, named.as_ref()),
    }
}

/// How many points are asked for.
fn asked(programme: &Programme, body: &RedemptionRequested) -> Result<u64, RedemptionRefused> {
    match (&body.reward, body.points) {
        (Some(reward), _) => {
            let mut rewards = programme.redemption.rewards.iter();
            let found = rewards.find(|listed| listed.name == *reward);
            let found = found.ok_or(RedemptionRefused::Catalogue)?;
            Ok(found.points.saturating_mul(u64::from(body.quantity.max(1))))
        }
        (None, points) => Ok(points.unwrap_or_default()),
    }
}

fn check_channel(
    programme: &Programme,
    body: &RedemptionRequested,
) -> Result<(), RedemptionRefused> {
    let closed = &programme.redemption.closed_channels;
    match closed.contains(&body.channel) {
        true => Err(RedemptionRefused::Channel),
        false => Ok(()),
    }
}

fn check_card(
    draft: &Draft<'_>,
    name: &LedgerName,
    body: &RedemptionRequested,
) -> Result<(), RedemptionRefused> {
    let at = draft.effective_at;
    if ledger::is_frozen(draft, name, at) || ledger::gap(draft, name, at).is_some() {
        return Err(RedemptionRefused::CardState);
    }
    match &body.card {
        Some(number) => {
            let known = card::find(&draft.row, number).ok_or(RedemptionRefused::CardState)?;
            card::may_spend(draft, known, draft.effective_at, body.code_confirmed)
        }
        None => card::ledger_may_spend(draft, name, draft.effective_at, body.code_confirmed),
    }
}

/// What is spent, and what of it had expired after the redemption was made.
struct Spent {
    allocations: Vec<LotSpent>,
    reinstated: Vec<LotMoved>,
}

/// Chooses lots in spend order; none if they do not hold enough. Points that expired after the redemption was made
/// are spent as if it had been known in time (section 8: expiry and redemption of the same day).
fn spend(draft: &Draft<'_>, name: &LedgerName, points: u64) -> Option<Spent> {
    let ledger = find(&draft.row, name)?;
    let mut left = points;
    let mut spent = Spent {
        allocations: Vec::new(),
        reinstated: Vec::new(),
    };
    for lot in ledger.in_spend_order() {
        let back = reinstatable(draft, ledger, lot);
        let part = left.min(lot.remaining + back);
        if lot.pending || part == 0 {
            continue;
        }
        left -= part;
        if part > lot.remaining {
            spent
                .reinstated
                .push(lot.moved((part - lot.remaining) as i64));
        }
        spent.allocations.push(LotSpent {
            lot: lot.no,
            points: part,
        });
    }
    (left == 0).then_some(spent)
}

/// What of a lot expired after the redemption was made, if that may still be corrected.
fn reinstatable(draft: &Draft<'_>, ledger: &Ledger, lot: &Lot) -> u64 {
    let zone = draft.world.zone(draft.row.zone);
    let (Some(last), None) = (lot.expires_on, ledger.ended) else {
        return 0;
    };
    let club = club(draft.world, &ledger.name, draft.now);
    let days = club.map_or(0, |club| i32::from(club.programme.correction_days));
    let was_good = !lot.is_over(zone, draft.effective_at);
    let in_time = draft.today() <= last.plus_days(1 + days);
    match was_good && in_time && lot.is_over(zone, draft.now) {
        true => lot.gone,
        false => 0,
    }
}

fn accept(
    draft: &mut Draft<'_>,
    programme: &Programme,
    name: &LedgerName,
    body: &RedemptionRequested,
    spent: Spent,
) {
    let Some(ledger) = find(&draft.row, name) else {
        return;
    };
    let mut after = ledger.balances();
    if !spent.reinstated.is_empty() {
        let back: i64 = spent.reinstated.iter().map(|moved| moved.delta).sum();
        after.available += back.unsigned_abs();
        let reason = body.redemption.as_str();
        member::push_reinstated(draft, name, reason, spent.reinstated, false, after);
    }
    let points: u64 = spent.allocations.iter().map(|part| part.points).sum();
    after.available -= points;
    after.reserved += points;
    let timeout = programme.redemption.timeout_minutes;
    // What comes late has its time from then on: its commit comes late as well.
    let known_from = draft.effective_at.max(draft.now);
    draft.push(EventBody::RedemptionAccepted(Box::new(
        RedemptionAccepted {
            redemption: body.redemption.clone(),
            ledger: name.clone(),
            points,
            reward: body.reward.clone(),
            quantity: body.quantity.max(1),
            channel: body.channel.clone(),
            partner: body.partner.clone(),
            allocations: spent.allocations,
            until: timeout.map(|minutes| known_from.plus_nanos(i64::from(minutes) * MINUTE)),
            balances_after: after,
            used_before_report: is_before_report(draft, body),
        },
    )));
}

/// Whether the card that was shown is lost, and was shown before that was reported.
fn is_before_report(draft: &Draft<'_>, body: &RedemptionRequested) -> bool {
    let shown = body.card.as_deref();
    let known = shown.and_then(|number| card::find(&draft.row, number));
    let lost_at = known.and_then(|known| known.lost_at);
    lost_at.is_some_and(|lost_at| draft.effective_at < lost_at)
}

/// An open reservation.
fn reserved(draft: &Draft<'_>, id: &RedemptionId) -> Result<Redemption, Rejection> {
    let known = draft.row.cold().loyalty.redemption(id);
    match known.map(|known| known.state) {
        Some(RedemptionState::Reserved) => known.cloned().ok_or_else(|| bad(String::new())),
        Some(RedemptionState::Committed) => {
            Err(bad(format!("redemption {id} is committed already")))
        }
        Some(RedemptionState::Reversed) => Err(bad(format!(
            "redemption {id} is over: it was released, or not committed in time"
        ))),
        None => Err(bad(format!("the account has no redemption {id}"))),
    }
}

/// Reserved points are spent.
pub(crate) fn commit(draft: &mut Draft<'_>, body: &RedemptionNamed) -> Result<(), Rejection> {
    let known = reserved(draft, &body.redemption)?;
    let Some(ledger) = find(&draft.row, &known.ledger) else {
        return Ok(());
    };
    let mut after = ledger.balances();
    let points: u64 = known.allocations.iter().map(|part| part.points).sum();
    after.reserved -= points;
    draft.push(EventBody::RedemptionCommitted(Box::new(
        RedemptionCommitted {
            redemption: known.id,
            ledger: known.ledger,
            allocations: known.allocations.into_iter().collect(),
            balances_after: after,
        },
    )));
    Ok(())
}

/// Reserved points are free again.
pub(crate) fn release(draft: &mut Draft<'_>, body: &RedemptionNamed) -> Result<(), Rejection> {
    let known = reserved(draft, &body.redemption)?;
    give_back(draft, &known, ReversalReason::Released);
    Ok(())
}

/// The timer of reservations that were not committed.
pub(crate) fn time_out(draft: &mut Draft<'_>) {
    let redemptions = draft.row.cold().loyalty.redemptions.iter();
    let is_over = |known: &&Redemption| {
        known.state == RedemptionState::Reserved
            && known.until.is_some_and(|until| until <= draft.now)
    };
    let over: Vec<Redemption> = redemptions.filter(is_over).cloned().collect();
    for known in over {
        give_back(draft, &known, ReversalReason::Timeout);
    }
}

fn give_back(draft: &mut Draft<'_>, known: &Redemption, reason: ReversalReason) {
    let allocations: Vec<LotSpent> = known.allocations.iter().cloned().collect();
    let points: u64 = allocations.iter().map(|part| part.points).sum();
    let Some(ledger) = find(&draft.row, &known.ledger) else {
        return;
    };
    let mut after = ledger.balances();
    after.reserved -= points;
    after.available += points;
    push_reversed(draft, known, allocations, reason, after);
}

fn push_reversed(
    draft: &mut Draft<'_>,
    known: &Redemption,
    allocations: Vec<LotSpent>,
    reason: ReversalReason,
    balances_after: Balances,
) {
    let club = club(draft.world, &known.ledger, draft.now);
    let days = club.map_or(0, |club| club.programme.reward_grace_days);
    let zone = draft.world.zone(draft.row.zone);
    let is_over = |part: &&LotSpent| {
        let lot = find(&draft.row, &known.ledger).and_then(|ledger| lot(ledger, part.lot));
        lot.is_some_and(|lot| lot.is_over(zone, draft.now))
    };
    let over = allocations.iter().filter(is_over).map(|part| part.lot);
    let graced: Vec<LotNo> = match reason {
        ReversalReason::Refund if days > 0 => over.collect(),
        _ => Vec::new(),
    };
    let grace = claw::grace_day(draft.today(), days).filter(|_| !graced.is_empty());
    let ended = find(&draft.row, &known.ledger).is_some_and(|ledger| ledger.ended.is_some());
    draft.push(EventBody::RedemptionReversed(Box::new(
        RedemptionReversed {
            redemption: known.id.clone(),
            ledger: known.ledger.clone(),
            allocations,
            reason,
            grace_until: grace,
            balances_after,
            graced,
        },
    )));
    // What expired meanwhile, or came back to a membership that ended, is gone at once.
    claw::expire_lots(draft, &known.ledger);
    if ended {
        claw::drop_rest(draft, &known.ledger);
    }
}

fn lot(ledger: &Ledger, no: LotNo) -> Option<&Lot> {
    ledger.lots.iter().find(|lot| lot.no == no)
}

/// Whether so many points of a redemption can come back.
pub(crate) fn check_refund(
    draft: &Draft<'_>,
    id: &RedemptionId,
    points: u64,
) -> Result<(), Rejection> {
    let known = draft.row.cold().loyalty.redemption(id);
    let committed = known.filter(|known| known.state == RedemptionState::Committed);
    let Some(known) = committed else {
        return Err(bad(format!("the account has no committed redemption {id}")));
    };
    let left: u64 = known.allocations.iter().map(|part| part.points).sum();
    match points <= left {
        true => Ok(()),
        false => Err(bad(format!(
            "the refund gives back {points} points, redemption {id} has {left} left"
        ))),
    }
}

/// Gives points of a committed redemption back to their lots, those spent last first.
pub(crate) fn refund(draft: &mut Draft<'_>, id: &RedemptionId, points: u64) {
    let known = draft.row.cold().loyalty.redemption(id).cloned();
    let Some(known) = known else { return };
    let Some(ledger) = find(&draft.row, &known.ledger) else {
        return;
    };
    let mut after = ledger.balances();
    after.available += points;
    let (mut left, mut parts) = (points, Vec::new());
    for part in known.allocations.iter().rev() {
        let points = left.min(part.points);
        if points > 0 {
            left -= points;
            parts.push(LotSpent {
                lot: part.lot,
                points,
            });
        }
    }
    push_reversed(draft, &known, parts, ReversalReason::Refund, after);
}

/// Takes a reservation into the row.
pub(crate) fn apply_accepted(row: &mut Row, at: Timestamp, body: &RedemptionAccepted) {
    let loyalty = &mut *row.cold_mut().loyalty;
    if let Some(ledger) = loyalty.ledger_mut(&body.ledger) {
        for part in &body.allocations {
            if let Some(lot) = lot_mut(ledger, part.lot) {
                lot.remaining -= part.points;
                lot.reserved += part.points;
            }
        }
    }
    loyalty.redemptions.push(Redemption {
        id: body.redemption.clone(),
        ledger: body.ledger.clone(),
        state: RedemptionState::Reserved,
        allocations: body.allocations.iter().cloned().collect(),
        until: body.until,
        at,
    });
}

fn lot_mut(ledger: &mut Ledger, no: LotNo) -> Option<&mut Lot> {
    ledger.lots.iter_mut().find(|lot| lot.no == no)
}

/// Takes a commit into the row.
pub(crate) fn apply_committed(row: &mut Row, body: &RedemptionCommitted) {
    let loyalty = &mut *row.cold_mut().loyalty;
    if let Some(ledger) = loyalty.ledger_mut(&body.ledger) {
        for part in &body.allocations {
            if let Some(lot) = lot_mut(ledger, part.lot) {
                lot.reserved -= part.points;
            }
        }
    }
    let mut redemptions = loyalty.redemptions.iter_mut();
    if let Some(known) = redemptions.find(|known| known.id == body.redemption) {
        known.state = RedemptionState::Committed;
    }
}

/// Takes a reversal into the row.
pub(crate) fn apply_reversed(row: &mut Row, body: &RedemptionReversed) {
    let loyalty = &mut *row.cold_mut().loyalty;
    let refunded = body.reason == ReversalReason::Refund;
    if let Some(ledger) = loyalty.ledger_mut(&body.ledger) {
        for part in &body.allocations {
            let Some(lot) = lot_mut(ledger, part.lot) else {
                continue;
            };
            if !refunded {
                lot.reserved -= part.points;
            }
            lot.remaining += part.points;
            let lives_on = body.graced.is_empty() || body.graced.contains(&part.lot);
            if let Some(until) = body.grace_until.filter(|_| lives_on) {
                lot.expires_on = lot.expires_on.map(|last| last.max(until));
            }
        }
    }
    let mut redemptions = loyalty.redemptions.iter_mut();
    let Some(known) = redemptions.find(|known| known.id == body.redemption) else {
        return;
    };
    for part in &body.allocations {
        let mut parts = known.allocations.iter_mut();
        if let Some(left) = parts.find(|left| left.lot == part.lot) {
            left.points -= part.points;
        }
    }
    known.allocations.retain(|part| part.points > 0);
    if known.allocations.is_empty() {
        known.state = RedemptionState::Reversed;
    }
}

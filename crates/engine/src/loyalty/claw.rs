//! Points that go: taken back because what had earned them came back, voided, or expired.

use super::count::{self, ByBase, Period};
use super::earn::SourceKey;
use super::ledger::{club, find};
use super::{Earning, Ledger, Lot};
use crate::account::Row;
use crate::draft::Draft;
use smol_str::SmolStr;
use umbral_catalog::loyalty::RefundPolicy;
use umbral_model::event::*;
use umbral_model::ids::LedgerName;
use umbral_model::time::Date;

/// What is taken from which lots.
#[derive(Default)]
struct Takings {
    lots: Vec<LotMoved>,
    balances: Balances,
    taken: u64,
}

impl Takings {
    fn of(ledger: &Ledger) -> Takings {
        Takings {
            balances: ledger.balances(),
            ..Takings::default()
        }
    }

    /// Takes up to `most` of what a lot holds; gives what is left to take.
    fn take(&mut self, lot: &Lot, most: u64) -> u64 {
        let taken = most.min(lot.remaining);
        if taken > 0 {
            self.lots.push(lot.moved(-(taken as i64)));
            self.taken += taken;
            match lot.pending {
                true => self.balances.pending -= taken,
                false => self.balances.available -= taken,
            }
        }
        most - taken
    }
}

/// Takes back what a source was granted too much: of its own pending lots, its own other lots, other lots in spend
/// order, and then as debt, as far as the policy goes. The rest is forgiven and never asked for again.
pub(crate) fn take_back(
    draft: &mut Draft<'_>,
    key: SourceKey<'_>,
    points: u64,
    counter: i64,
    day: Date,
) {
    let loyalty = &draft.row.cold().loyalty;
    let (Some(ledger), Some(earning)) = (
        loyalty.ledger(key.ledger),
        loyalty.earning(key.ledger, key.kind, key.source_ref),
    ) else {
        return;
    };
    let Some(club) = club(draft.world, key.ledger, draft.now) else {
        return;
    };
    let (policy, max_debt) = (club.programme.refund_policy, club.programme.max_debt);
    let lots = ledger.in_spend_order();
    let is_own = |lot: &&&Lot| lot.source_ref == key.source_ref;
    let mut takings = Takings::of(ledger);
    let mut left = points;
    for lot in lots.iter().filter(is_own).filter(|lot| lot.pending) {
        left = takings.take(lot, left);
    }
    if policy != RefundPolicy::OnlyPending {
        let own = lots.iter().filter(is_own);
        let others = lots.iter().filter(|lot| !is_own(lot));
        for lot in own.chain(others).filter(|lot| !lot.pending) {
            left = takings.take(lot, left);
        }
    }
    let room = max_debt.map_or(u64::MAX, |most| most.saturating_sub(ledger.debt));
    let owed = match policy {
        RefundPolicy::Debt => left.min(room),
        _ => 0,
    };
    takings.balances.debt += owed;
    let by_base = earning.change(ledger, counter, ledger.base_at(day));
    let body = PointsTaken {
        ledger: key.ledger.clone(),
        delta: -((takings.taken + owed) as i64),
        lots: takings.lots,
        source: Some(key.kind),
        source_ref: SmolStr::new(key.source_ref),
        rule_version: Some(earning.rule_version.clone()),
        reason: None,
        balances_after: takings.balances,
        forgiven: left - owed,
        counter_delta: by_base.current,
        counts_for_previous: false,
        previous_delta: by_base.previous,
        past_delta: by_base.past,
        lot: None,
    };
    let body = Box::new(body);
    draft.push(match body.delta {
        0 => EventBody::PointsForgiven(body),
        _ => EventBody::PointsClawedBack(body),
    });
}

/// What is voided.
pub(crate) enum Voided<'a> {
    /// All that a source earned.
    Source(SourceKey<'a>),
    /// One lot, with the source that earned it, if one did.
    Lot(&'a Lot, Option<SourceKey<'a>>),
    /// So many points, in spend order; those that can be spent go before pending ones.
    Points(u64),
}

/// Voids points. The part that was spent becomes debt without a cap; what expired is no debt.
pub(crate) fn void(
    draft: &mut Draft<'_>,
    name: &LedgerName,
    voided: &Voided<'_>,
    (source_ref, reason): (&str, &SmolStr),
) {
    let Some(ledger) = find(&draft.row, name) else {
        return;
    };
    let mut takings = Takings::of(ledger);
    let key = match voided {
        Voided::Source(key) | Voided::Lot(_, Some(key)) => Some(*key),
        _ => None,
    };
    let loyalty = &draft.row.cold().loyalty;
    let earning = key.and_then(|key| loyalty.earning(key.ledger, key.kind, key.source_ref));
    let (mut owed, by_base) = match voided {
        Voided::Source(key) => take_source(&mut takings, ledger, key.source_ref, earning),
        Voided::Lot(lot, _) => {
            takings.take(lot, u64::MAX);
            let owed = lot.points.saturating_sub(lot.remaining + lot.gone);
            (owed, uncounted_of_lot(ledger, lot, earning))
        }
        Voided::Points(points) => take_points(&mut takings, ledger, *points),
    };
    if let Some(earning) = earning {
        owed = owed.min(earning.granted.saturating_sub(takings.taken));
    }
    takings.balances.debt += owed;
    let body = PointsTaken {
        ledger: name.clone(),
        delta: -((takings.taken + owed) as i64),
        lots: takings.lots,
        source: key.map(|key| key.kind),
        source_ref: SmolStr::new(source_ref),
        rule_version: earning.map(|earning| earning.rule_version.clone()),
        reason: Some(reason.clone()),
        balances_after: takings.balances,
        forgiven: 0,
        counter_delta: by_base.current,
        counts_for_previous: false,
        previous_delta: by_base.previous,
        past_delta: by_base.past,
        lot: match voided {
            Voided::Lot(lot, _) => Some(lot.no),
            _ => None,
        },
    };
    draft.push(EventBody::PointsVoided(Box::new(body)));
}

/// Takes all that a source earned; gives what becomes debt, and what no longer counts towards a tier.
fn take_source(
    takings: &mut Takings,
    ledger: &Ledger,
    source_ref: &str,
    earning: Option<&Earning>,
) -> (u64, ByBase) {
    let mut gone = 0;
    let lots = ledger.in_spend_order().into_iter();
    for lot in lots.filter(|lot| lot.source_ref == source_ref) {
        takings.take(lot, u64::MAX);
        gone += lot.gone;
    }
    let granted = earning.map_or(0, |earning| earning.granted);
    let all = |earning: &Earning| earning.change(ledger, -earning.counted(), Period::Current);
    (
        granted.saturating_sub(takings.taken + gone),
        earning.map_or_else(ByBase::default, all),
    )
}

/// As [`take_source`], of so many points: those that can be spent go before pending ones.
fn take_points(takings: &mut Takings, ledger: &Ledger, points: u64) -> (u64, ByBase) {
    let lots = ledger.in_spend_order();
    let free = lots.iter().filter(|lot| !lot.pending);
    let pending = lots.iter().filter(|lot| lot.pending);
    let (mut left, mut counted) = (points, points);
    for lot in free.chain(pending) {
        let still = takings.take(lot, left);
        if ledger.base_at(lot.earned_on) != Period::Current {
            counted -= left - still;
        }
        left = still;
    }
    counted -= left.min(spent_before_base(ledger));
    let by_base = ByBase::all_in(Period::Current, -(counted as i64));
    (left, by_base)
}

/// What no longer counts towards a tier when a lot is voided whole. Points by hand all count.
fn uncounted_of_lot(ledger: &Ledger, lot: &Lot, earning: Option<&Earning>) -> ByBase {
    let points = lot.points.saturating_sub(lot.gone) as i64;
    let period = ledger.base_at(lot.earned_on);
    match earning {
        Some(earning) => earning.change(ledger, -earning.counted().min(points), period),
        None if lot.source.is_none() => ByBase::all_in(period, -points),
        None => ByBase::default(),
    }
}

/// Points of before the base that were spent: what is voided beyond the balance is of these first, for the oldest
/// points go first.
fn spent_before_base(ledger: &Ledger) -> u64 {
    let before = |lot: &&Lot| ledger.base_at(lot.earned_on) != Period::Current;
    let spent = |lot: &Lot| {
        let left = lot.remaining + lot.reserved + lot.gone;
        lot.points.saturating_sub(left)
    };
    ledger.lots.iter().filter(before).map(spent).sum()
}

/// Points of lots whose last day is over go: one event a ledger.
pub(crate) fn expire(draft: &mut Draft<'_>) {
    let ledgers = draft.row.cold().loyalty.ledgers.iter();
    let names: Vec<LedgerName> = ledgers.map(|ledger| ledger.name.clone()).collect();
    for name in names {
        expire_lots(draft, &name);
    }
}

/// As [`expire`], of one ledger.
pub(crate) fn expire_lots(draft: &mut Draft<'_>, name: &LedgerName) {
    if find(&draft.row, name).is_some_and(|ledger| ledger.ages) {
        let (now, zone) = (draft.now, draft.world.zone(draft.row.zone));
        drop_lots(draft, name, |lot| lot.is_over(zone, now));
    }
}

/// Whatever came back to a membership that ended is gone.
pub(crate) fn drop_rest(draft: &mut Draft<'_>, name: &LedgerName) {
    drop_lots(draft, name, |_| true);
}

fn drop_lots(draft: &mut Draft<'_>, name: &LedgerName, is_over: impl Fn(&Lot) -> bool) {
    let Some(ledger) = find(&draft.row, name) else {
        return;
    };
    let mut takings = Takings::of(ledger);
    for lot in ledger
        .in_spend_order()
        .into_iter()
        .filter(|lot| is_over(lot))
    {
        takings.take(lot, u64::MAX);
    }
    if takings.taken == 0 {
        return;
    }
    let body = PointsTaken {
        ledger: name.clone(),
        delta: -(takings.taken as i64),
        lots: takings.lots,
        source: None,
        source_ref: SmolStr::default(),
        rule_version: None,
        reason: None,
        balances_after: takings.balances,
        forgiven: 0,
        counter_delta: 0,
        counts_for_previous: false,
        previous_delta: 0,
        past_delta: 0,
        lot: None,
    };
    draft.push(EventBody::PointsExpired(Box::new(body)));
}

/// How points went.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    Clawed,
    Voided,
    Expired,
}

/// Takes points that went into the row.
pub(crate) fn apply_taken(row: &mut Row, body: &PointsTaken, how: Taken) {
    let loyalty = &mut *row.cold_mut().loyalty;
    let found = loyalty.ledger_with_earning(&body.ledger, body.source, &body.source_ref);
    let Some((ledger, mut earning)) = found else {
        return;
    };
    for moved in &body.lots {
        let points = moved.delta.unsigned_abs();
        if let Some(lot) = ledger.lots.iter_mut().find(|lot| lot.no == moved.lot) {
            lot.remaining -= points;
            let is_own = lot.source == body.source && lot.source_ref == body.source_ref;
            match how {
                Taken::Expired => lot.gone += points,
                Taken::Voided => lot.points -= points,
                Taken::Clawed if is_own => lot.points -= points,
                // To its own source it is as good as spent.
                Taken::Clawed => {}
            }
        }
    }
    if let Some(no) = body.lot
        && let Some(lot) = ledger.lots.iter_mut().find(|lot| lot.no == no)
    {
        lot.points = lot.remaining + lot.reserved + lot.gone;
    }
    ledger.debt = body.balances_after.debt;
    count::take(ledger, earning.as_deref_mut(), ByBase::of(body));
    if let Some(earning) = earning {
        let taken = body.delta.unsigned_abs() + body.forgiven;
        earning.granted = earning.granted.saturating_sub(taken);
        earning.voided |= how == Taken::Voided;
    }
}

/// Local day on which a reversed reward's expired points are gone again.
pub(crate) fn grace_day(today: Date, days: u16) -> Option<Date> {
    (days > 0).then(|| today.plus_days(i32::from(days)))
}

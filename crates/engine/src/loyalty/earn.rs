//! What earns. Every source of points has a target that follows from what is known of it; the difference to what
//! was granted is posted, so partial payments, refunds and their order end at the same number.

use super::claw;
use super::count::{self, Period};
use super::ledger::{Club, find};
use super::tier;
use super::{Earning, Ledger, Lot};
use crate::account::Row;
use crate::draft::Draft;
use crate::world::World;
use smol_str::SmolStr;
use umbral_catalog::loyalty::Programme;
use umbral_catalog::loyalty::accrual::{self, EarnLine, Fraction};
use umbral_model::event::*;
use umbral_model::ids::{LedgerName, LotNo};
use umbral_model::money::Money;
use umbral_model::time::Date;

/// Months have their last day.
const LAST_OF_MONTH: u8 = 31;

/// What share of its value a source is counted with: all of a purchase, what is paid of a bill.
#[derive(Clone, Copy)]
pub(crate) struct Share {
    pub part: Money,
    pub whole: Money,
}

impl Share {
    pub(crate) const ALL: Share = Share {
        part: Money::from_micros(1),
        whole: Money::from_micros(1),
    };
    pub(crate) const NOTHING: Share = Share {
        part: Money::ZERO,
        whole: Money::from_micros(1),
    };
}

/// The local days by which a difference counts: what is earned more by the day of the purchase or payment, what is
/// taken back first where that day counted.
#[derive(Clone, Copy)]
pub(crate) struct Days {
    pub earned: Date,
    pub lost: Date,
}

impl Days {
    /// One day for both.
    pub(crate) fn of(day: Date) -> Days {
        Days {
            earned: day,
            lost: day,
        }
    }
}

/// Names a source of an account's points.
#[derive(Clone, Copy)]
pub(crate) struct SourceKey<'a> {
    pub ledger: &'a LedgerName,
    pub kind: EarningKind,
    pub source_ref: &'a str,
}

/// Compares what a source should have earned with what was granted, and posts the difference. `days` are those of
/// the purchase, or of the payment that made the difference. Gives the points that it is to have.
pub(crate) fn settle(draft: &mut Draft<'_>, key: SourceKey<'_>, share: Share, days: Days) -> u64 {
    let loyalty = &draft.row.cold().loyalty;
    let Some(earning) = loyalty.earning(key.ledger, key.kind, key.source_ref) else {
        return 0;
    };
    let world = draft.world;
    let Some(programme) = programme_then(world, earning).filter(|_| !earning.voided) else {
        return 0;
    };
    let target = target(programme, earning, share);
    let granted = earning.granted;
    let counter = target.qualifying as i64 - earning.counted();
    // What is paid of a bill, or used, while nobody takes part waits: it is looked at again with the next payment or
    // the next end of a cycle.
    if loyalty.ledger(key.ledger).is_some_and(Ledger::rests)
        && matches!(key.kind, EarningKind::Invoice | EarningKind::Usage)
        && (target.points > granted || target.sales > earning.sales())
    {
        return target.points;
    }
    if counts_as_sales(key.kind) {
        count::sales(draft, key, target.sales, days);
    }
    if target.points > granted {
        let more = target.points - granted;
        earn(draft, programme, key, more, counter, days.earned);
    } else if target.points < granted {
        claw::take_back(draft, key, granted - target.points, counter, days.lost);
    }
    tier::look(draft, key.ledger, TierBasis::Points);
    target.points
}

/// Sales are what was bought and what was paid of bills; the same usage comes again on a bill.
fn counts_as_sales(kind: EarningKind) -> bool {
    matches!(kind, EarningKind::Purchase | EarningKind::Invoice)
}

/// The programme with the rules under which something happened.
fn programme_then<'w>(world: &'w World, earning: &Earning) -> Option<&'w Programme> {
    let version = world.catalogs.get(earning.version)?;
    let name = super::ledger::programme_of(&earning.ledger);
    let mut programmes = version.catalog.programmes.iter();
    programmes.find(|programme| programme.name == name)
}

/// What a source is to have.
struct Target {
    points: u64,
    qualifying: u64,
    sales: Money,
}

fn target(programme: &Programme, earning: &Earning, share: Share) -> Target {
    let nothing = Target {
        points: 0,
        qualifying: 0,
        sales: Money::ZERO,
    };
    let version = programme.version(&earning.rule_version);
    let Some(version) = version.filter(|_| !earning.written_off && earning.held_back.is_none())
    else {
        return nothing;
    };
    if share.part <= Money::ZERO {
        return nothing;
    }
    let lines = bases(earning, share);
    let earned = accrual::points(
        version,
        &programme.promotions,
        &lines,
        earning.multiplier_bps,
    );
    Target {
        points: earned.points,
        qualifying: earned.qualifying,
        sales: accrual::sales(version, &lines),
    }
}

/// The basis of every line: its value less its own refunds, and less its share by value of what was refunded or
/// paid in points without naming lines; exact, before any rounding (section 4b, 10). A line gives no more than is
/// left of it: the others bear the rest, so that what came back whole earns nothing.
fn bases(earning: &Earning, share: Share) -> Vec<EarnLine> {
    let micros = |amount: Money| i128::from(amount.micros());
    let in_points = earning.points_part.as_ref().map(|paid| paid.amount);
    let spread = micros(earning.refunded) + micros(in_points.unwrap_or_default());
    let left = |line: &EarningLine| micros(line.value) - micros(line.refunded);
    let mut bears: Vec<bool> = earning.lines.iter().map(|line| left(line) > 0).collect();
    let (mut rest, mut whole);
    loop {
        let lines = || earning.lines.iter().zip(&bears);
        let given = lines().filter(|(_, bears)| !**bears);
        rest = spread - given.map(|(line, _)| left(line).max(0)).sum::<i128>();
        whole = lines()
            .filter(|(_, bears)| **bears)
            .map(|(line, _)| micros(line.value))
            .sum::<i128>();
        let is_over = |(line, bears): &(&EarningLine, &bool)| {
            **bears && left(line) * whole < rest * micros(line.value)
        };
        let Some(over) = lines().position(|line| is_over(&line)) else {
            break;
        };
        bears[over] = false;
    }
    let basis = |line: &EarningLine, bears: bool| match (spread == 0, bears) {
        (true, _) => Fraction {
            numerator: left(line) * micros(share.part),
            denominator: micros(share.whole),
        },
        (false, true) => Fraction {
            numerator: left(line) * whole - rest * micros(line.value),
            denominator: whole,
        },
        // A line that is given whole has nothing left; one below zero stays what it is.
        (false, false) => Fraction {
            numerator: left(line).min(0),
            denominator: 1,
        },
    };
    let lines = earning.lines.iter().zip(&bears);
    lines
        .map(|(line, bears)| EarnLine {
            rule: line.rule,
            promotion: line.promotion,
            basis: basis(line, *bears),
        })
        .collect()
}

fn earn(
    draft: &mut Draft<'_>,
    programme: &Programme,
    key: SourceKey<'_>,
    points: u64,
    counter: i64,
    day: Date,
) {
    let loyalty = &draft.row.cold().loyalty;
    let earning = loyalty.earning(key.ledger, key.kind, key.source_ref);
    let Some(ledger) = loyalty.ledger(key.ledger) else {
        return;
    };
    let counted_in = count::base_of(draft, ledger, day);
    let late_use = earning.is_some_and(|earning| earning.used_before_report);
    let rule_version = earning.map(|earning| earning.rule_version.clone());
    credit(
        draft,
        programme,
        key.ledger,
        Credit {
            points,
            source: Some(key.kind),
            source_ref: SmolStr::new(key.source_ref),
            rule_version,
            earned_on: day,
            available_on: day.plus_days(i32::from(programme.pending_days)),
            counter,
            counted_in,
            used_before_report: late_use,
        },
    );
}

/// Points to be given.
pub(crate) struct Credit {
    pub points: u64,
    /// What earned them; none: somebody's hand.
    pub source: Option<EarningKind>,
    pub source_ref: SmolStr,
    pub rule_version: Option<SmolStr>,
    pub earned_on: Date,
    pub available_on: Date,
    pub counter: i64,
    pub counted_in: Period,
    pub used_before_report: bool,
}

/// Gives points: a new lot. Points that can be spent at once repay debt first.
pub(crate) fn credit(
    draft: &mut Draft<'_>,
    programme: &Programme,
    name: &LedgerName,
    credit: Credit,
) {
    let Some(ledger) = find(&draft.row, name) else {
        return;
    };
    let before = ledger.balances();
    let zone = draft.world.zone(draft.row.zone);
    let pending = zone.start_of_day(credit.available_on) > draft.now;
    let repaid = if pending {
        0
    } else {
        ledger.debt.min(credit.points)
    };
    let own = credit.points - repaid;
    let mut after = before;
    after.debt -= repaid;
    match pending {
        true => after.pending += own,
        false => after.available += own,
    }
    let lot = LotMoved {
        lot: LotNo(draft.row.cold().loyalty.last_lot.0 + 1),
        delta: own as i64,
        expires_on: last_day(programme, credit.earned_on),
    };
    draft.push(EventBody::PointsEarned(Box::new(PointsEarned {
        ledger: name.clone(),
        delta: credit.points as i64,
        lots: vec![lot],
        source: credit.source,
        source_ref: credit.source_ref,
        rule_version: credit.rule_version,
        balances_after: after,
        used_before_report: credit.used_before_report,
        earned_on: credit.earned_on,
        available_on: credit.available_on,
        pending,
        counter_delta: credit.counter,
        counts_for_previous: credit.counted_in == Period::Previous,
        counts_for_none: credit.counted_in == Period::Past,
    })));
    tell_levels(draft, programme, name, before.available, after.available);
}

/// The last day of points that are earned on `day`.
fn last_day(programme: &Programme, day: Date) -> Option<Date> {
    let expiry = programme.expiry?;
    let last = day
        .plus_months(i32::from(expiry.months))
        .plus_days(i32::from(expiry.days));
    if !expiry.month_end {
        return Some(last);
    }
    let (year, month, _) = last.ymd();
    let days = umbral_model::time::days_in_month(year, month).min(LAST_OF_MONTH);
    Date::from_ymd(year, month, days)
}

/// Tells a member which rewards came within reach.
fn tell_levels(
    draft: &mut Draft<'_>,
    programme: &Programme,
    name: &LedgerName,
    before: u64,
    after: u64,
) {
    for level in &programme.reward_levels {
        if (before + 1..=after).contains(level) {
            draft.push(EventBody::RewardLevelReached(RewardLevelReached {
                ledger: name.clone(),
                level: *level,
                available: after,
            }));
        }
    }
}

/// The timer of pending points whose first day has come.
pub(crate) fn release(draft: &mut Draft<'_>) {
    let (now, zone) = (draft.now, draft.world.zone(draft.row.zone));
    let is_due =
        |lot: &&Lot| lot.pending && lot.remaining > 0 && zone.start_of_day(lot.available_on) <= now;
    let ledgers = &draft.row.cold().loyalty.ledgers;
    let due: Vec<(LedgerName, Vec<Lot>)> = ledgers
        .iter()
        .map(|ledger| {
            let lots = ledger.lots.iter().filter(is_due).cloned().collect();
            (ledger.name.clone(), lots)
        })
        .filter(|(_, lots): &(_, Vec<Lot>)| !lots.is_empty())
        .collect();
    for (name, lots) in due {
        release_lots(draft, &name, &lots);
    }
}

fn release_lots(draft: &mut Draft<'_>, name: &LedgerName, lots: &[Lot]) {
    let Some(ledger) = find(&draft.row, name) else {
        return;
    };
    let before = ledger.balances();
    let mut after = before;
    let mut moved = Vec::with_capacity(lots.len());
    for lot in lots {
        let repaid = after.debt.min(lot.remaining);
        after.debt -= repaid;
        after.pending -= lot.remaining;
        after.available += lot.remaining - repaid;
        moved.push(lot.moved((lot.remaining - repaid) as i64));
    }
    let delta: u64 = lots.iter().map(|lot| lot.remaining).sum();
    draft.push(EventBody::PointsReleased(Box::new(PointsReleased {
        ledger: name.clone(),
        delta: delta as i64,
        lots: moved,
        balances_after: after,
    })));
    if let Some(club) = super::ledger::club(draft.world, name, draft.now) {
        tell_levels(
            draft,
            club.programme,
            name,
            before.available,
            after.available,
        );
    }
}

/// Notes a source, and whether it may earn. What was noted before is left as it is.
pub(crate) fn note(draft: &mut Draft<'_>, club: Club<'_>, noted: EarningNoted) {
    debug_assert_eq!(noted.version, club.version, "rules are of one version");
    draft.push(EventBody::EarningNoted(Box::new(noted)));
}

/// Takes a source into the row.
pub(crate) fn apply_noted(world: &World, row: &mut Row, body: &EarningNoted) {
    let day = world.zone(row.zone).local(body.occurred_at).date;
    let loyalty = &mut *row.cold_mut().loyalty;
    if let Some(ledger) = loyalty
        .ledger_mut(&body.ledger)
        .filter(|_| body.is_activity)
    {
        ledger.active_on = ledger.active_on.max(day);
    }
    loyalty.earnings.push(Earning {
        ledger: body.ledger.clone(),
        kind: body.kind,
        source_ref: body.source_ref.clone(),
        occurred_at: body.occurred_at,
        version: body.version,
        rule_version: body.rule_version.clone(),
        multiplier_bps: body.multiplier_bps,
        lines: body.lines.clone(),
        points_part: body.points_part.clone(),
        refunded: Money::ZERO,
        refunds: Default::default(),
        held_back: body.held_back,
        used_before_report: body.used_before_report,
        card: body.card,
        written_off: false,
        voided: false,
        granted: 0,
        points: Default::default(),
        sales: Default::default(),
    });
}

/// What was held back counts.
pub(crate) fn apply_credited(world: &World, row: &mut Row, body: &EarningCredited) {
    let zone = row.zone;
    let loyalty = &mut *row.cold_mut().loyalty;
    let is_it =
        |earning: &&mut Earning| earning.is(&body.ledger, EarningKind::Purchase, &body.source_ref);
    let Some(earning) = loyalty.earnings.iter_mut().find(is_it) else {
        return;
    };
    earning.held_back = None;
    let day = world.zone(zone).local(earning.occurred_at).date;
    let is_activity = qualifies(world, earning);
    let mut ledgers = loyalty.ledgers.iter_mut().filter(|_| is_activity);
    if let Some(ledger) = ledgers.find(|ledger| ledger.name == body.ledger) {
        ledger.active_on = ledger.active_on.max(day);
    }
}

/// Whether a source has a line that counts towards a tier: only such purchases are activity.
fn qualifies(world: &World, earning: &Earning) -> bool {
    let programme = programme_then(world, earning);
    let version = programme.and_then(|programme| programme.version(&earning.rule_version));
    let rules = version.map_or(&[][..], |version| &version.rules[..]);
    let mut decided = earning.lines.iter().filter_map(|line| line.rule);
    decided.any(|rule| {
        rules
            .get(usize::from(rule))
            .is_some_and(|rule| rule.qualifying)
    })
}

/// Takes earned points into the row.
pub(crate) fn apply_earned(row: &mut Row, body: &PointsEarned) {
    let loyalty = &mut *row.cold_mut().loyalty;
    let found = loyalty.ledger_with_earning(&body.ledger, body.source, &body.source_ref);
    let Some((ledger, earning)) = found else {
        return;
    };
    for moved in &body.lots {
        ledger.lots.push(Lot {
            no: moved.lot,
            source: body.source,
            source_ref: body.source_ref.clone(),
            points: body.delta.unsigned_abs(),
            remaining: moved.delta.unsigned_abs(),
            reserved: 0,
            gone: 0,
            pending: body.pending,
            earned_on: body.earned_on,
            available_on: body.available_on,
            expires_on: moved.expires_on,
        });
    }
    ledger.debt = body.balances_after.debt;
    let period = match (body.counts_for_previous, body.counts_for_none) {
        (true, _) => Period::Previous,
        (_, true) => Period::Past,
        _ => Period::Current,
    };
    let base = count::add(ledger, body.counter_delta, period);
    if let Some(earning) = earning {
        earning.granted += body.delta.unsigned_abs();
        earning.add_points(base, body.counter_delta);
    }
    if let Some(newest) = body.lots.last() {
        loyalty.last_lot = newest.lot;
    }
}

/// Takes released points into the row.
pub(crate) fn apply_released(row: &mut Row, body: &PointsReleased) {
    let Some(ledger) = row.cold_mut().loyalty.ledger_mut(&body.ledger) else {
        return;
    };
    for moved in &body.lots {
        if let Some(lot) = ledger.lots.iter_mut().find(|lot| lot.no == moved.lot) {
            lot.pending = false;
            lot.remaining = moved.delta.unsigned_abs();
        }
    }
    ledger.debt = body.balances_after.debt;
}

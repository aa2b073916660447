//! What earns. Every source of points has a target that follows from what is known of it; the difference to what
//! was granted is posted, so partial payments, refunds and their order end at the same number.

use super::claw;
use super::ledger::{Club, find};
use super::tier;
use super::{Earning, Ledger, Lot, Previous};
use crate::account::Row;
use crate::draft::Draft;
use crate::world::World;
use smol_str::SmolStr;
use umbral_catalog::loyalty::Programme;
use umbral_catalog::loyalty::accrual::{self, EarnLine, Fraction};
use umbral_model::event::*;
use umbral_model::ids::{LedgerName, LotNo};
use umbral_model::money::Money;
use umbral_model::time::{Date, Timestamp};

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

/// Where a day's points and sales are counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Period {
    Current,
    /// Before the last demotion, which may still be corrected.
    Previous,
    /// It is too late for them.
    Past,
}

/// Names a source of an account's points.
#[derive(Clone, Copy)]
pub(crate) struct SourceKey<'a> {
    pub ledger: &'a LedgerName,
    pub kind: EarningKind,
    pub source_ref: &'a str,
}

/// Compares what a source should have earned with what was granted, and posts the difference. `day` is that of
/// the purchase, or of the payment that made the difference. Gives the points that it is to have.
pub(crate) fn settle(draft: &mut Draft<'_>, key: SourceKey<'_>, share: Share, day: Date) -> u64 {
    let loyalty = &draft.row.cold().loyalty;
    let Some(earning) = loyalty.earning(key.ledger, key.kind, key.source_ref) else {
        return 0;
    };
    let world = draft.world;
    let Some(programme) = programme_then(world, earning).filter(|_| !earning.voided) else {
        return 0;
    };
    let target = target(programme, earning, share);
    let (granted, counted) = (earning.granted, earning.counted);
    // What is paid of a bill, or used, while nobody takes part waits: it is looked at again with the next payment or
    // the next end of a cycle.
    if loyalty.ledger(key.ledger).is_some_and(Ledger::rests)
        && matches!(key.kind, EarningKind::Invoice | EarningKind::Usage)
        && (target.points > granted || target.sales > earning.sales)
    {
        return target.points;
    }
    if counts_as_sales(key.kind) {
        count_sales(draft, key, target.sales, day);
    }
    if target.points > granted {
        let more = target.points - granted;
        let counter = target.qualifying as i64 - counted;
        earn(draft, programme, key, more, counter, day);
    } else if target.points < granted {
        let counter = target.qualifying as i64 - counted;
        claw::take_back(draft, key, granted - target.points, counter);
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
    let eligible = lines.iter().filter(|line| line.rule.is_some());
    let positive = eligible.filter(|line| line.basis.numerator > 0);
    let sum = positive.fold(Fraction::ZERO, |sum, line| sum.plus(line.basis));
    Target {
        points: earned.points,
        qualifying: earned.qualifying,
        sales: Money::from_micros(i64::try_from(sum.whole()).unwrap_or(i64::MAX)),
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
        (false, false) => Fraction::ZERO,
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

fn count_sales(draft: &mut Draft<'_>, key: SourceKey<'_>, sales: Money, day: Date) {
    let loyalty = &draft.row.cold().loyalty;
    let (Some(ledger), Some(earning)) = (
        loyalty.ledger(key.ledger),
        loyalty.earning(key.ledger, key.kind, key.source_ref),
    ) else {
        return;
    };
    let delta = sales - earning.sales;
    if delta == Money::ZERO {
        return;
    }
    let period = match earning.sales_of {
        Some(from) => period_from(ledger, from),
        None => validity_of(draft, ledger, day),
    };
    draft.push(EventBody::SalesCounted(SalesCounted {
        ledger: key.ledger.clone(),
        kind: key.kind,
        source_ref: SmolStr::new(key.source_ref),
        sales,
        delta,
        of_previous: period == Period::Previous,
        of_none: period == Period::Past,
    }));
}

/// The period of a validity that began on `from`.
fn period_from(ledger: &Ledger, from: Date) -> Period {
    let is_previous = |previous: &Previous| previous.from == from;
    match from == ledger.validity_from {
        true => Period::Current,
        false if ledger.previous.as_deref().is_some_and(is_previous) => Period::Previous,
        false => Period::Past,
    }
}

/// The validity of a day. What was bought before the first one counts in it (a claim takes effect when made).
fn validity_of(draft: &Draft<'_>, ledger: &Ledger, day: Date) -> Period {
    let is_first = ledger.validity_from == ledger.opened_on;
    match day >= ledger.validity_from || is_first {
        true => Period::Current,
        false => {
            let begun =
                |previous: &Previous| previous.from == ledger.opened_on || previous.from <= day;
            previous_of(draft, ledger, day, begun)
        }
    }
}

/// The base of a day.
fn base_of(draft: &Draft<'_>, ledger: &Ledger, day: Date) -> Period {
    match ledger.base_on {
        Some(base) if day < base => {
            let begun = |previous: &Previous| previous.base_on.is_none_or(|base| base <= day);
            previous_of(draft, ledger, day, begun)
        }
        _ => Period::Current,
    }
}

/// The period before the last demotion, if it had `begun` by then and may still be corrected.
fn previous_of(
    draft: &Draft<'_>,
    ledger: &Ledger,
    day: Date,
    begun: impl Fn(&Previous) -> bool,
) -> Period {
    let club = super::ledger::club(draft.world, &ledger.name, draft.now);
    let days = club.map_or(0, |club| i32::from(club.programme.tier_correction_days));
    let today = draft.today();
    let may_be_corrected = |previous: &Previous| {
        begun(previous) && day <= previous.until && today <= previous.until.plus_days(1 + days)
    };
    match ledger.previous.as_deref().is_some_and(may_be_corrected) {
        true => Period::Previous,
        false => Period::Past,
    }
}

/// In which period a source's points count: where they were counted before, else by the day.
pub(crate) fn counted_in(
    draft: &Draft<'_>,
    ledger: &Ledger,
    earning: Option<&Earning>,
    day: Date,
) -> (bool, bool) {
    let period = match earning.and_then(|earning| earning.base_on) {
        Some(base) if base == ledger.base_on => Period::Current,
        Some(base) => match ledger.previous.as_deref() {
            Some(previous) if previous.base_on == base => Period::Previous,
            _ => Period::Past,
        },
        None => base_of(draft, ledger, day),
    };
    (period != Period::Past, period == Period::Previous)
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
    let (counts, counts_for_previous) = counted_in(draft, ledger, earning, day);
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
            counter: if counts { counter } else { 0 },
            counts_for_previous,
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
    pub counts_for_previous: bool,
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
        counts_for_previous: credit.counts_for_previous,
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
        written_off: false,
        voided: false,
        granted: 0,
        counted: 0,
        base_on: None,
        sales: Money::ZERO,
        sales_of: None,
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

/// Takes sales into the row. What is paid of a bill is activity of that day.
pub(crate) fn apply_sales(world: &World, row: &mut Row, at: Timestamp, body: &SalesCounted) {
    let day = world.zone(row.zone).local(at).date;
    let loyalty = &mut *row.cold_mut().loyalty;
    let Some(ledger) = loyalty.ledger_mut(&body.ledger) else {
        return;
    };
    let mut of = None;
    match ledger.previous.as_deref_mut().filter(|_| body.of_previous) {
        Some(previous) => {
            previous.sales += body.delta;
            of = Some(previous.from);
        }
        None if body.of_none => {}
        None => {
            ledger.sales += body.delta;
            of = Some(ledger.validity_from);
        }
    }
    if body.kind == EarningKind::Invoice && body.delta > Money::ZERO {
        ledger.active_on = ledger.active_on.max(day);
    }
    let is_it = |earning: &&mut Earning| earning.is(&body.ledger, body.kind, &body.source_ref);
    if let Some(earning) = loyalty.earnings.iter_mut().find(is_it) {
        earning.sales = body.sales;
        earning.sales_of = earning.sales_of.or(of);
    }
}

/// Takes earned points into the row.
pub(crate) fn apply_earned(row: &mut Row, body: &PointsEarned) {
    let loyalty = &mut *row.cold_mut().loyalty;
    let Some(ledger) = loyalty
        .ledgers
        .iter_mut()
        .find(|ledger| ledger.name == body.ledger)
    else {
        return;
    };
    for moved in &body.lots {
        loyalty.last_lot = moved.lot;
        ledger.lots.push(Lot {
            no: moved.lot,
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
    let base = count(ledger, body.counter_delta, body.counts_for_previous);
    let Some(kind) = body.source else { return };
    let is_it = |earning: &&mut Earning| earning.is(&body.ledger, kind, &body.source_ref);
    if let Some(earning) = loyalty.earnings.iter_mut().find(is_it) {
        earning.granted += body.delta.unsigned_abs();
        earning.counted += body.counter_delta;
        if body.counter_delta != 0 {
            earning.base_on = Some(base);
        }
    }
}

/// Moves the counter of a tier; gives the base in which it counts.
pub(crate) fn count(ledger: &mut Ledger, delta: i64, for_previous: bool) -> Option<Date> {
    match ledger.previous.as_deref_mut().filter(|_| for_previous) {
        Some(previous) => {
            previous.counter += delta;
            previous.base_on
        }
        None => {
            ledger.counter += delta;
            ledger.base_on
        }
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

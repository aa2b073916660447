//! What counts towards a tier: points since a base, sales of a validity. A source keeps apart what counts in which of
//! them, because its payments, and what is taken back of it, may lie on both sides of a demotion.

use super::earn::{Days, SourceKey};
use super::{CountedPoints, CountedSales, Earning, Ledger, Previous};
use crate::account::Row;
use crate::draft::Draft;
use crate::world::World;
use smol_str::SmolStr;
use umbral_model::event::{EarningKind, EventBody, PointsTaken, SalesCounted};
use umbral_model::money::Money;
use umbral_model::time::{Date, Timestamp};

/// Where points and sales count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Period {
    Current,
    /// Before the last demotion.
    Previous,
    /// In none: it is too late for them, or their time is long past.
    Past,
}

/// All of them.
const PERIODS: [Period; 3] = [Period::Current, Period::Previous, Period::Past];

/// A change of points that count towards a tier, by the base in which they do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct ByBase {
    pub current: i64,
    pub previous: i64,
    pub past: i64,
}

impl ByBase {
    /// What an event of points that went says.
    pub(crate) fn of(body: &PointsTaken) -> ByBase {
        let mut all = ByBase {
            current: 0,
            previous: body.previous_delta,
            past: body.past_delta,
        };
        *all.of_mut(match body.counts_for_previous {
            true => Period::Previous,
            false => Period::Current,
        }) += body.counter_delta;
        all
    }

    /// All of it in one base.
    pub(crate) fn all_in(period: Period, points: i64) -> ByBase {
        let mut all = ByBase::default();
        *all.of_mut(period) = points;
        all
    }

    fn of_mut(&mut self, period: Period) -> &mut i64 {
        match period {
            Period::Current => &mut self.current,
            Period::Previous => &mut self.previous,
            Period::Past => &mut self.past,
        }
    }

    /// The parts that are not nothing.
    fn parts(mut self) -> impl Iterator<Item = (Period, i64)> {
        let parts = PERIODS.map(|period| (period, *self.of_mut(period)));
        parts.into_iter().filter(|(_, points)| *points != 0)
    }
}

impl Earning {
    /// What of its points counts towards a tier, in whatever base.
    pub(crate) fn counted(&self) -> i64 {
        self.points.iter().map(|part| part.points).sum()
    }

    /// What it counts as sales, in whatever validity.
    pub(crate) fn sales(&self) -> Money {
        self.sales.iter().map(|part| part.sales).sum()
    }

    /// Counts points in a base.
    pub(crate) fn add_points(&mut self, base: Option<Option<Date>>, points: i64) {
        match self.points.iter_mut().find(|part| part.base == base) {
            Some(part) => part.points += points,
            None if points == 0 => {}
            None => self.points.push(CountedPoints { base, points }),
        }
        self.points.retain(|part| part.points != 0);
    }

    fn add_sales(&mut self, validity: Option<Date>, sales: Money) {
        match self.sales.iter_mut().find(|part| part.validity == validity) {
            Some(part) => part.sales += sales,
            None => self.sales.push(CountedSales { validity, sales }),
        }
        self.sales.retain(|part| part.sales != Money::ZERO);
    }

    /// The newest validity of its sales that is over for good.
    fn past_validity(&self, ledger: &Ledger) -> Option<Date> {
        let mut newest = self.sales.iter().rev();
        newest
            .find(|part| ledger.validity(part.validity) == Period::Past)?
            .validity
    }

    /// The points of one base are those of another from now on.
    pub(crate) fn move_points(&mut self, from: Option<Date>, to: Option<Date>) {
        let found = self.points.iter().position(|part| part.base == Some(from));
        if let Some(index) = found {
            let part = self.points.remove(index);
            self.add_points(Some(to), part.points);
        }
    }

    /// Where a change of what counts falls when points are taken back: what counts less goes from the base of
    /// `first`, then from the newest on.
    pub(crate) fn change(&self, ledger: &Ledger, delta: i64, first: Period) -> ByBase {
        if delta > 0 {
            return ByBase::all_in(first, delta);
        }
        let period = |part: &CountedPoints| ledger.base(part.base);
        let newest = || self.points.iter().rev();
        let preferred = newest().filter(|part| period(part) == first);
        let others = newest().filter(|part| period(part) != first);
        let (mut left, mut by_base) = (-delta, ByBase::default());
        for part in preferred.chain(others) {
            let taken = left.min(part.points.max(0));
            *by_base.of_mut(period(part)) -= taken;
            left -= taken;
        }
        *by_base.of_mut(first) -= left;
        by_base
    }

    /// Takes points off its parts of each base, the newest first.
    fn uncount(&mut self, ledger: &Ledger, by_base: ByBase) {
        for (period, points) in by_base.parts() {
            let mut left = points;
            for part in self.points.iter_mut().rev() {
                if ledger.base(part.base) == period {
                    let taken = left.max(-part.points.max(0));
                    part.points += taken;
                    left -= taken;
                }
            }
            self.points.retain(|part| part.points != 0);
            let base = ledger.base_day(period);
            self.add_points(base, left);
        }
    }
}

impl Ledger {
    /// The period of a base by its first day.
    fn base(&self, base: Option<Option<Date>>) -> Period {
        let previous = self.previous.as_deref();
        match base {
            Some(base) if base == self.base_on => Period::Current,
            Some(base) if previous.is_some_and(|known| known.base_on == base) => Period::Previous,
            _ => Period::Past,
        }
    }

    /// The first day of a period's base; of what counts in none there is no base.
    fn base_day(&self, period: Period) -> Option<Option<Date>> {
        match period {
            Period::Current => Some(self.base_on),
            Period::Previous => self.previous.as_deref().map(|known| known.base_on),
            Period::Past => None,
        }
    }

    /// The period of a validity by its first day.
    fn validity(&self, from: Option<Date>) -> Period {
        let previous = self.previous.as_deref();
        match from {
            Some(from) if from == self.validity_from => Period::Current,
            Some(from) if previous.is_some_and(|known| known.from == from) => Period::Previous,
            _ => Period::Past,
        }
    }

    /// The base of a day.
    pub(crate) fn base_at(&self, day: Date) -> Period {
        let has_begun = |previous: &Previous| previous.base_on.is_none_or(|base| base <= day);
        match self.base_on.is_none_or(|base| base <= day) {
            true => Period::Current,
            false => self.before_demotion(has_begun),
        }
    }

    /// The validity of a day. What was bought before the first membership counts in its first one (a claim takes
    /// effect when made).
    fn validity_at(&self, day: Date) -> Period {
        let is_first = self.base_on.is_none() && self.validity_from == self.opened_on;
        let has_begun = |previous: &Previous| {
            let is_first = previous.base_on.is_none() && previous.from == self.opened_on;
            is_first || previous.from <= day
        };
        match day >= self.validity_from || is_first {
            true => Period::Current,
            false => self.before_demotion(has_begun),
        }
    }

    fn before_demotion(&self, has_begun: impl Fn(&Previous) -> bool) -> Period {
        match self.previous.as_deref().is_some_and(has_begun) {
            true => Period::Previous,
            false => Period::Past,
        }
    }
}

/// A period as far as it is still open: what was before the last demotion may be corrected for some days.
fn open(draft: &Draft<'_>, ledger: &Ledger, period: Period, day: Date) -> Period {
    let club = super::ledger::club(draft.world, &ledger.name, draft.now);
    let days = club.map_or(0, |club| i32::from(club.programme.tier_correction_days));
    let may_be_corrected = |previous: &Previous| {
        day <= previous.until && draft.today() <= previous.until.plus_days(1 + days)
    };
    match ledger.previous.as_deref().is_some_and(may_be_corrected) {
        false if period == Period::Previous => Period::Past,
        _ => period,
    }
}

/// The base in which points of a day count.
pub(crate) fn base_of(draft: &Draft<'_>, ledger: &Ledger, day: Date) -> Period {
    open(draft, ledger, ledger.base_at(day), day)
}

/// Counts what a source has as sales by now: more by the day on which it was bought or paid, less where that day
/// counted, then from the newest validity on.
pub(crate) fn sales(draft: &mut Draft<'_>, key: SourceKey<'_>, sales: Money, days: Days) {
    let loyalty = &draft.row.cold().loyalty;
    let (Some(ledger), Some(earning)) = (
        loyalty.ledger(key.ledger),
        loyalty.earning(key.ledger, key.kind, key.source_ref),
    ) else {
        return;
    };
    let before = earning.sales();
    let mut moved: Vec<(Period, Money)> = Vec::new();
    if sales > before {
        let period = ledger.validity_at(days.earned);
        let period = open(draft, ledger, period, days.earned);
        moved.push((period, sales - before));
    } else {
        let first = ledger.validity_at(days.lost);
        let period = |part: &CountedSales| ledger.validity(part.validity);
        let newest = || earning.sales.iter().rev();
        let preferred = newest().filter(|part| period(part) == first);
        let others = newest().filter(|part| period(part) != first);
        let mut left = before - sales;
        for part in preferred.chain(others) {
            let taken = left.min(part.sales);
            moved.push((period(part), -taken));
            left -= taken;
        }
    }
    let mut sum = before;
    for (period, delta) in moved.into_iter().filter(|(_, delta)| *delta != Money::ZERO) {
        sum += delta;
        draft.push(EventBody::SalesCounted(SalesCounted {
            ledger: key.ledger.clone(),
            kind: key.kind,
            source_ref: SmolStr::new(key.source_ref),
            sales: sum,
            delta,
            of_previous: period == Period::Previous,
            of_none: period == Period::Past,
        }));
    }
}

/// Takes sales into the row. What is paid of a bill is activity of that day.
pub(crate) fn apply_sales(world: &World, row: &mut Row, at: Timestamp, body: &SalesCounted) {
    let day = world.zone(row.zone).local(at).date;
    let loyalty = &mut *row.cold_mut().loyalty;
    let found = loyalty.ledger_with_earning(&body.ledger, Some(body.kind), &body.source_ref);
    let Some((ledger, earning)) = found else {
        return;
    };
    let validity = match ledger.previous.as_deref_mut().filter(|_| body.of_previous) {
        Some(previous) => {
            previous.sales += body.delta;
            Some(previous.from)
        }
        None if body.of_none => None,
        None => {
            ledger.sales += body.delta;
            Some(ledger.validity_from)
        }
    };
    if let Some(earning) = earning {
        // What is taken of sales that no longer count goes where they did.
        let validity = match validity {
            None if body.delta < Money::ZERO => earning.past_validity(ledger),
            _ => validity,
        };
        earning.add_sales(validity, body.delta);
    }
    if body.kind == EarningKind::Invoice && body.delta > Money::ZERO {
        ledger.active_on = ledger.active_on.max(day);
    }
}

/// Moves the counter of a tier; gives the first day of the base in which it counts, if in one.
pub(crate) fn add(ledger: &mut Ledger, delta: i64, period: Period) -> Option<Option<Date>> {
    match (period, ledger.previous.as_deref_mut()) {
        (Period::Previous, Some(previous)) => previous.counter += delta,
        (Period::Past, _) => {}
        _ => ledger.counter += delta,
    }
    match period {
        Period::Previous if ledger.previous.is_none() => Some(ledger.base_on),
        _ => ledger.base_day(period),
    }
}

/// Takes points that no longer count off the counters and off their source.
pub(crate) fn take(ledger: &mut Ledger, earning: Option<&mut Earning>, by_base: ByBase) {
    for (period, points) in by_base.parts() {
        add(ledger, points, period);
    }
    if let Some(earning) = earning {
        earning.uncount(ledger, by_base);
    }
}

//! Timers are due instants that follow from the row: dates and the account's zone. Of several due, the
//! earliest fires first; at one instant in the order of `TimerKind`, then by id.

use crate::account::Row;
use crate::collections::{case, hold, overdue, promise, schedule, step};
use crate::credit::{latch, limit};
use crate::customer;
use crate::dates::end_of_day;
use crate::draft::Draft;
use crate::loyalty;
use crate::tariff::{fees, parked};
use crate::vip;
use crate::world::World;
use smol_str::{SmolStr, ToSmolStr, format_smolstr};
use umbral_model::event::{Cause, TimerCause, TimerKind};
use umbral_model::time::Timestamp;

/// The account's next timer.
pub(crate) fn next(world: &World, row: &Row) -> Option<TimerCause> {
    find(world, row, true)
}

/// When the account's next timer is due; the largest instant if it has none.
pub(crate) fn due_at(world: &World, row: &Row) -> Timestamp {
    find(world, row, false).map_or(Timestamp::MAX, |due| due.due_at)
}

fn find(world: &World, row: &Row, with_ids: bool) -> Option<TimerCause> {
    let mut earliest = Earliest {
        found: None,
        with_ids,
    };
    earliest.offer(row.cache.cycle_to, TimerKind::Cycle, || {
        row.next_cycle().to_smolstr()
    });
    if row.fees_due {
        earliest.offer(row.cache.cycle_from, TimerKind::Fee, || {
            row.cycle_start.to_smolstr()
        });
    }
    earliest.offer(row.cache.config_due, TimerKind::Config, SmolStr::default);
    if row.cold.is_some() {
        offer_dates(&mut earliest, world, row);
        offer_parked(&mut earliest, row);
        offer_collections(&mut earliest, world, row);
        loyalty::timers::offer(&mut earliest, world, row);
    }
    earliest.found.filter(|due| due.due_at < Timestamp::MAX)
}

pub(crate) struct Earliest {
    found: Option<TimerCause>,
    /// Ids are texts, and only wanted where a timer fires.
    with_ids: bool,
}

impl Earliest {
    pub(crate) fn offer(
        &mut self,
        due_at: Timestamp,
        kind: TimerKind,
        id: impl FnOnce() -> SmolStr,
    ) {
        let is_later = self
            .found
            .as_ref()
            .is_some_and(|best| (best.due_at, best.kind) < (due_at, kind));
        if is_later {
            return;
        }
        let offered = TimerCause {
            kind,
            id: if self.with_ids {
                id()
            } else {
                SmolStr::default()
            },
            due_at,
        };
        let is_earlier = self.found.as_ref().is_none_or(|best| {
            (offered.due_at, offered.kind, &offered.id) < (best.due_at, best.kind, &best.id)
        });
        if is_earlier {
            self.found = Some(offered);
        }
    }
}

fn offer_dates(earliest: &mut Earliest, world: &World, row: &Row) {
    let zone = world.zone(row.zone);
    let cold = row.cold();
    for own in &cold.overrides {
        if let Some(until) = own.until {
            earliest.offer(end_of_day(zone, until), TimerKind::OverrideEnd, || {
                format_smolstr!("{}/{}", own.measure.word(), own.scope.word())
            });
        }
    }
    if let Some(change) = &cold.tariff.class_change {
        earliest.offer(
            zone.start_of_day(change.on),
            TimerKind::ClassDate,
            SmolStr::default,
        );
    }
    for change in &cold.tariff.plan_changes {
        earliest.offer(
            zone.start_of_day(change.on),
            TimerKind::ClassDate,
            SmolStr::default,
        );
    }
}

fn offer_parked(earliest: &mut Earliest, row: &Row) {
    for parked in &row.cold().tariff.parked {
        let id = || parked.input.key.to_smolstr();
        earliest.offer(parked.until, TimerKind::Parked, id);
    }
}

fn offer_collections(earliest: &mut Earliest, world: &World, row: &Row) {
    let zone = world.zone(row.zone);
    let collections = &row.cold().collections;
    if let Some(promise) = &collections.promise
        && let Some(last_day) = promise::next_deadline(promise)
    {
        let due_at = end_of_day(zone, last_day);
        earliest.offer(due_at, TimerKind::Promise, || promise.id.as_str().into());
    }
    for hold in &collections.holds {
        if let Some(until) = hold.until {
            let due_at = end_of_day(zone, until);
            earliest.offer(due_at, TimerKind::HoldEnd, || hold.reason.word().into());
        }
    }
    let Some(open) = collections.case.as_deref() else {
        offer_entry(earliest, world, row);
        return;
    };
    let id = || SmolStr::new(open.state.case.as_str());
    if let Some(day) = open.state.grace_until {
        earliest.offer(zone.start_of_day(day), TimerKind::Grace, id);
    }
    if let Some(due_on) = overdue::next_due_after(row, open.state.day) {
        earliest.offer(end_of_day(zone, due_on), TimerKind::Case, id);
    }
    if let Some(next) = schedule::next_step(world, row, open) {
        let timer_id = || schedule::timer_id(&open.state.case, next.step);
        earliest.offer(next.at, TimerKind::Step, timer_id);
    }
}

/// When a case opens if nothing is paid until then.
fn offer_entry(earliest: &mut Earliest, world: &World, row: &Row) {
    let nothing_is_owed = row.open <= row.disputed;
    if nothing_is_owed {
        return;
    }
    // Until a later version is in force the schedule of the one in force counts; its coming is a timer of
    // its own.
    let Some((_, schedule)) = world.schedule_of(row.class, row.cache.evaluated_at) else {
        return;
    };
    if let Some((_, day)) = overdue::entry(row, schedule) {
        let due_at = world.zone(row.zone).start_of_day(day);
        earliest.offer(due_at, TimerKind::Case, SmolStr::default);
    }
}

/// What a timer does. `as_of` is the tick that fires it.
pub(crate) fn fire(draft: &mut Draft<'_>, kind: TimerKind, as_of: Timestamp) {
    match kind {
        TimerKind::Cycle => customer::close_cycle(draft),
        TimerKind::OverrideEnd => limit::end_overrides(draft),
        TimerKind::ClassDate => customer::date_of_change(draft),
        TimerKind::Fee => fees::begin_cycle(draft),
        TimerKind::Parked => {
            parked::end_waiting(draft);
            loyalty::refund::end_waiting(draft);
        }
        TimerKind::Config => look_again(draft),
        TimerKind::Promise => promise::break_if_missing(draft),
        TimerKind::HoldEnd => hold::end_past(draft),
        TimerKind::Grace | TimerKind::Case => case::settle(draft, case::Trigger::default()),
        TimerKind::Step => step::fire(draft, as_of),
        TimerKind::PointsRelease => loyalty::earn::release(draft),
        TimerKind::RedemptionTimeout => loyalty::redemption::time_out(draft),
        TimerKind::LotExpiry => loyalty::claw::expire(draft),
        TimerKind::TierEnd => loyalty::tier::end_validities(draft),
        TimerKind::CardExpiry => loyalty::card::expire(draft),
        TimerKind::CardClosing => loyalty::card::close_unrenewed(draft),
        TimerKind::Inactivity => loyalty::member::terminate(draft),
        TimerKind::LoyaltyNotice => loyalty::notice::give(draft),
    }
}

/// Another catalog version is in force: limits and what is overdue are looked at again.
pub(crate) fn look_again(draft: &mut Draft<'_>) {
    draft.row.cache.config_due = Timestamp::MAX;
    draft.row.forget_guards();
    vip::follow(draft);
    latch::compare(draft, Cause::Config);
    case::settle(draft, case::Trigger::default());
}

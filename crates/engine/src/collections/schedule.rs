//! When the next step of a case is due: schedule, gaps, calendar.

use super::{Case, DoneStep};
use crate::account::{PaymentState, Row};
use crate::world::World;
use umbral_catalog::tables::{Calendar, CollectionStep, Schedule};
use umbral_model::event::CaseState;
use umbral_model::ids::{CaseId, ScheduleName, VersionNo};
use umbral_model::money::Money;
use umbral_model::time::{Date, Timestamp, ZoneRules};

/// No calendar is searched further than this for a permitted day.
const SEARCHED_DAYS: i32 = 1_000;
const DAY_SECONDS: u32 = 86_400;

/// The step that comes next.
#[derive(Clone, Debug)]
pub(crate) struct NextStep {
    pub step: u16,
    /// Its local day.
    pub on: Date,
    /// Its instant.
    pub at: Timestamp,
}

/// The schedule that a case is pinned to.
pub(crate) fn pinned<'w>(world: &'w World, case: &Case) -> Option<&'w Schedule> {
    world.schedule(case.state.pinned_version, case.state.schedule.as_str())
}

/// A step of a case's schedule by its number.
pub(crate) fn step_of<'s>(
    schedule: &'s Schedule,
    state: &CaseState,
    step: u16,
) -> Option<&'s CollectionStep> {
    let index = i32::from(step) - 1 - state.step_shift;
    schedule.harder_step(state.severity_passed, usize::try_from(index).ok()?)
}

/// The case as it goes on by another schedule: only steps that are harder than all that were taken come, wherever
/// they stand in it, and they keep their order and gaps.
pub(crate) fn moved(mut case: Case, version: VersionNo, schedule: &Schedule) -> Case {
    let hardest = case.done.iter().map(|done| done.severity).max();
    let passed = match hardest {
        None if case.state.first_step > 1 => schedule.relapse_start.max(1) - 1,
        _ => 0,
    };
    case.state.severity_passed = hardest;
    case.state.step_shift = i32::from(next_number(&case)) - 1 - i32::from(passed);
    case.state.schedule = ScheduleName::new(schedule.name.clone());
    case.state.schedule_version = schedule.version.clone();
    case.state.pinned_version = version;
    case.exhausted = false;
    case
}

/// The number of the step after those taken.
pub(crate) fn next_number(case: &Case) -> u16 {
    (case.last_step() + 1).max(case.state.first_step)
}

/// The next step of a case that is neither held nor exhausted.
pub(crate) fn next_step(world: &World, row: &Row, case: &Case) -> Option<NextStep> {
    if case.exhausted || case.is_held() {
        return None;
    }
    let schedule = pinned(world, case)?;
    let number = next_number(case);
    let step = step_of(schedule, &case.state, number)?;
    let zone = world.zone(row.zone);
    let day = permitted_day(
        schedule.calendar.as_ref(),
        earliest_day(row, case, schedule, step),
    );
    let at = opening(zone, schedule.calendar.as_ref(), day);
    // A step follows the one before it, also where that one came late on its day.
    let not_before = case.done.last().map_or(case.state.not_before, |before| {
        case.state.not_before.max(before.at)
    });
    if at >= not_before {
        return Some(NextStep {
            step: number,
            on: day,
            at,
        });
    }
    let at = permitted_from(zone, schedule.calendar.as_ref(), not_before);
    Some(NextStep {
        step: number,
        on: zone.local(at).date,
        at,
    })
}

/// All steps to come of a case that is neither held nor exhausted, if nothing is paid.
pub(crate) fn steps_to_come<'w>(
    world: &'w World,
    row: &Row,
    case: &Case,
) -> Vec<(NextStep, &'w CollectionStep)> {
    let (mut row, mut case) = (row.clone(), case.clone());
    let mut found = Vec::new();
    while let Some(next) = next_step(world, &row, &case) {
        let schedule = pinned(world, &case);
        let Some(step) = schedule.and_then(|known| step_of(known, &case.state, next.step)) else {
            break;
        };
        suppose_taken(&mut row, &mut case, &next, step);
        found.push((next, step));
    }
    found
}

/// Row and case as they are once a step was taken.
pub(crate) fn suppose_taken(
    row: &mut Row,
    case: &mut Case,
    taken: &NextStep,
    step: &CollectionStep,
) {
    case.done.push(DoneStep {
        step: taken.step,
        action: step.action.clone(),
        severity: step.severity,
        on: taken.on,
        at: taken.at,
        seq: row.seq,
        asked: Money::ZERO,
        corrected_by: None,
        result: None,
    });
    if step.customer_facing {
        row.cold_mut().collections.last_contact_on = Some(taken.on);
    }
}

/// The day of a step by offset, gap, held time and what delays severe steps, before the calendar.
fn earliest_day(row: &Row, case: &Case, schedule: &Schedule, step: &CollectionStep) -> Date {
    let state = &case.state;
    let collections = &row.cold().collections;
    let mut day = state
        .anchor_on
        .plus_days(days(step.offset) + days(state.held_days));
    if let Some(before) = case.done.last() {
        day = day.max(before.on.plus_days(days(step.min_gap)));
    }
    if let Some(contact) = collections.last_contact_on.filter(|_| step.customer_facing) {
        day = day.max(contact.plus_days(1));
    }
    if step.severity >= schedule.severe_from {
        let announced = row
            .cold()
            .billing
            .payments
            .iter()
            .filter(|p| p.state == PaymentState::Pending);
        let graces = announced.map(|p| p.received_on.plus_days(days(schedule.pending_grace_days)));
        day = graces.chain(state.severe_not_before).fold(day, Date::max);
    }
    day
}

fn days(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX / 4)
}

fn is_permitted(calendar: &Calendar, day: Date) -> bool {
    calendar.weekdays & (1 << day.weekday()) != 0 && !calendar.holidays.contains(&day)
}

/// The first permitted day from `day` on; `day` itself where nothing is ever permitted.
fn permitted_day(calendar: Option<&Calendar>, day: Date) -> Date {
    let Some(calendar) = calendar else { return day };
    (0..SEARCHED_DAYS)
        .map(|later| day.plus_days(later))
        .find(|candidate| is_permitted(calendar, *candidate))
        .unwrap_or(day)
}

/// The first permitted instant of a day.
fn opening(zone: &ZoneRules, calendar: Option<&Calendar>, day: Date) -> Timestamp {
    zone.instant_of(day, i64::from(calendar.map_or(0, |calendar| calendar.from)))
}

/// The first permitted instant from `at` on.
pub(crate) fn permitted_from(
    zone: &ZoneRules,
    calendar: Option<&Calendar>,
    at: Timestamp,
) -> Timestamp {
    let Some(hours) = calendar else { return at };
    let today = zone.local(at).date;
    if is_permitted(hours, today) {
        let opens = opening(zone, calendar, today);
        let closes = zone.instant_of(today, i64::from(hours.to.min(DAY_SECONDS)));
        if at < opens {
            return opens;
        }
        if at < closes {
            return at;
        }
    }
    opening(zone, calendar, permitted_day(calendar, today.plus_days(1)))
}

/// The id of a step's timer.
pub(crate) fn timer_id(case: &CaseId, step: u16) -> smol_str::SmolStr {
    smol_str::format_smolstr!("{case}#{step}")
}

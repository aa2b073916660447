//! What members are told in advance: points that will expire, a tier that will be lost, a membership that will end.
//! Each is told once.

use super::ledger::{Club, club};
use super::{Ledger, Notice, member, tier};
use crate::account::Row;
use crate::draft::Draft;
use crate::world::World;
use umbral_model::event::*;
use umbral_model::ids::LedgerName;
use umbral_model::time::{Date, Timestamp};

/// A notice that is to be given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Due {
    pub at: Timestamp,
    pub ledger: LedgerName,
    pub what: Notice,
    /// The last day that it is about.
    pub last_day: Date,
    pub notice_day: u16,
}

/// All notices of an account that are still to be given.
pub(crate) fn all(world: &World, row: &Row, now: Timestamp, found: &mut Vec<Due>) {
    for ledger in &row.cold().loyalty.ledgers {
        let Some(club) = club(world, &ledger.name, now).filter(|_| ledger.ended.is_none()) else {
            continue;
        };
        of_lots(world, row, ledger, club, found);
        of_tier(world, row, ledger, club, found);
        of_membership(world, row, ledger, club, found);
    }
}

fn offer(
    world: &World,
    row: &Row,
    ledger: &Ledger,
    (what, last_day, days): (Notice, Date, &[u16]),
    begun_on: Date,
    found: &mut Vec<Due>,
) {
    for notice_day in days {
        let day = last_day.plus_days(-i32::from(*notice_day));
        let was_told = ledger.told.contains(&(what, last_day, *notice_day));
        // What is about to end before its notice comes needs none.
        if was_told || day <= begun_on {
            continue;
        }
        found.push(Due {
            at: world.zone(row.zone).start_of_day(day),
            ledger: ledger.name.clone(),
            what,
            last_day,
            notice_day: *notice_day,
        });
    }
}

fn of_lots(world: &World, row: &Row, ledger: &Ledger, club: Club<'_>, found: &mut Vec<Due>) {
    let days = &club.programme.expiry_notice_days;
    if days.is_empty() || !ledger.ages {
        return;
    }
    let mut seen: Vec<Date> = Vec::new();
    for lot in ledger.lots.iter().filter(|lot| lot.remaining > 0) {
        let Some(last) = lot.expires_on.filter(|last| !seen.contains(last)) else {
            continue;
        };
        seen.push(last);
        let of_day = ledger
            .lots
            .iter()
            .filter(|lot| lot.expires_on == Some(last));
        let first = of_day.map(|lot| lot.earned_on).min();
        let what = (Notice::Lots, last, &days[..]);
        offer(
            world,
            row,
            ledger,
            what,
            first.unwrap_or(lot.earned_on),
            found,
        );
    }
}

fn of_tier(world: &World, row: &Row, ledger: &Ledger, club: Club<'_>, found: &mut Vec<Due>) {
    let Some(last) = ledger.valid_until else {
        return;
    };
    // The first tier cannot be lost.
    if club.programme.tier(&ledger.tier).unwrap_or(0) > 0 {
        let days = &club.programme.tier_notice_days;
        let what = (Notice::Tier, last, &days[..]);
        offer(world, row, ledger, what, ledger.validity_from, found);
    }
}

fn of_membership(world: &World, row: &Row, ledger: &Ledger, club: Club<'_>, found: &mut Vec<Due>) {
    if let Some(last) = member::ends_on(club.programme.inactive_months, ledger) {
        let days = &club.programme.inactive_notice_days;
        let what = (Notice::Membership, last, &days[..]);
        offer(world, row, ledger, what, ledger.active_on, found);
    }
}

/// The timer of notices whose day has come.
pub(crate) fn give(draft: &mut Draft<'_>) {
    let mut due = Vec::new();
    all(draft.world, &draft.row, draft.now, &mut due);
    due.retain(|due| due.at <= draft.now);
    for due in due {
        let Some(ledger) = super::ledger::find(&draft.row, &due.ledger) else {
            continue;
        };
        let body = match due.what {
            Notice::Lots => EventBody::PointsExpiring(PointsExpiring {
                expires_on: due.last_day,
                points: points_of(ledger, due.last_day),
                notice_day: due.notice_day,
                ledger: due.ledger,
            }),
            Notice::Tier => match tier::will_change(draft, ledger) {
                Some(moved) => EventBody::TierWillChange(Box::new(TierMoved {
                    notice_day: Some(due.notice_day),
                    ..moved
                })),
                None => EventBody::NoticePassed(NoticePassed {
                    valid_until: due.last_day,
                    notice_day: due.notice_day,
                    ledger: due.ledger,
                }),
            },
            Notice::Membership => EventBody::MembershipWarned(MembershipWarned {
                ends_on: due.last_day,
                notice_day: due.notice_day,
                points: ledger.to_forfeit(),
                ledger: due.ledger,
            }),
        };
        draft.push(body);
    }
}

fn points_of(ledger: &Ledger, last: Date) -> u64 {
    let lots = ledger.lots.iter();
    lots.filter(|lot| lot.expires_on == Some(last))
        .map(|lot| lot.remaining)
        .sum()
}

/// Takes a notice into the row.
pub(crate) fn apply(row: &mut Row, body: &EventBody) {
    let (ledger, told) = match body {
        EventBody::PointsExpiring(body) => (
            &body.ledger,
            Some((Notice::Lots, body.expires_on, body.notice_day)),
        ),
        EventBody::TierWillChange(body) => {
            let told = body.valid_until.zip(body.notice_day);
            (
                &body.ledger,
                told.map(|(last, day)| (Notice::Tier, last, day)),
            )
        }
        EventBody::NoticePassed(body) => (
            &body.ledger,
            Some((Notice::Tier, body.valid_until, body.notice_day)),
        ),
        EventBody::MembershipWarned(body) => (
            &body.ledger,
            Some((Notice::Membership, body.ends_on, body.notice_day)),
        ),
        _ => return,
    };
    if let (Some(ledger), Some(told)) = (row.cold_mut().loyalty.ledger_mut(ledger), told) {
        ledger.told.push(told);
    }
}

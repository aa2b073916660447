//! What members are told in advance: points that will expire, a tier that will be lost, a membership that will end.
//! Each is told once.

use super::ledger::club;
use super::{Ledger, Notice, member, tier};
use crate::account::Row;
use crate::draft::Draft;
use crate::world::World;
use umbral_catalog::loyalty::Programme;
use umbral_model::event::*;
use umbral_model::ids::LedgerName;
use umbral_model::time::{Date, Timestamp, ZoneRules};

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

/// What is about to end, and when that is told.
struct Coming<'p> {
    what: Notice,
    last_day: Date,
    /// It is told so many days before.
    days: &'p [u16],
    begun_on: Date,
}

/// All notices of an account that are still to be given.
pub(crate) fn all<'r>(
    world: &'r World,
    row: &'r Row,
    now: Timestamp,
) -> impl Iterator<Item = Due> + 'r {
    let ledgers = row.cold().loyalty.ledgers.iter();
    let open = ledgers.filter(|ledger| ledger.ended.is_none());
    open.flat_map(move |ledger| {
        let club = club(world, &ledger.name, now);
        let coming = club.into_iter().flat_map(|club| {
            let tier = of_tier(ledger, club.programme);
            let membership = of_membership(ledger, club.programme);
            let lots = of_lots(ledger, club.programme);
            lots.chain(tier).chain(membership)
        });
        coming.flat_map(move |coming| to_give(world.zone(row.zone), ledger, coming))
    })
}

/// The notices of what is about to end that are still to be given.
fn to_give<'r>(
    zone: &'r ZoneRules,
    ledger: &'r Ledger,
    coming: Coming<'r>,
) -> impl Iterator<Item = Due> + 'r {
    let Coming {
        what,
        last_day,
        days,
        begun_on,
    } = coming;
    days.iter().filter_map(move |notice_day| {
        let day = last_day.plus_days(-i32::from(*notice_day));
        let was_told = ledger.told.contains(&(what, last_day, *notice_day));
        // What is about to end before its notice comes needs none.
        if was_told || day <= begun_on {
            return None;
        }
        Some(Due {
            at: zone.start_of_day(day),
            ledger: ledger.name.clone(),
            what,
            last_day,
            notice_day: *notice_day,
        })
    })
}

/// Each last day of lots that still hold points.
fn of_lots<'r>(
    ledger: &'r Ledger,
    programme: &'r Programme,
) -> impl Iterator<Item = Coming<'r>> + 'r {
    let days = &programme.expiry_notice_days;
    let lots = match days.is_empty() || !ledger.ages {
        true => &[],
        false => &ledger.lots[..],
    };
    let mut seen: Vec<Date> = Vec::new();
    let held = lots.iter().filter(|lot| lot.remaining > 0);
    held.filter_map(move |lot| {
        let last_day = lot.expires_on.filter(|last| !seen.contains(last))?;
        seen.push(last_day);
        let of_day = lots.iter().filter(|lot| lot.expires_on == Some(last_day));
        let first = of_day.map(|lot| lot.earned_on).min();
        Some(Coming {
            what: Notice::Lots,
            last_day,
            days,
            begun_on: first.unwrap_or(lot.earned_on),
        })
    })
}

fn of_tier<'r>(ledger: &Ledger, programme: &'r Programme) -> Option<Coming<'r>> {
    // The first tier cannot be lost.
    if programme.tier(&ledger.tier).unwrap_or(0) == 0 {
        return None;
    }
    Some(Coming {
        what: Notice::Tier,
        last_day: ledger.valid_until?,
        days: &programme.tier_notice_days,
        begun_on: ledger.validity_from,
    })
}

fn of_membership<'r>(ledger: &Ledger, programme: &'r Programme) -> Option<Coming<'r>> {
    Some(Coming {
        what: Notice::Membership,
        last_day: member::ends_on(programme.inactive_months, ledger)?,
        days: &programme.inactive_notice_days,
        begun_on: ledger.active_on,
    })
}

/// The timer of notices whose day has come.
pub(crate) fn give(draft: &mut Draft<'_>) {
    let notices = all(draft.world, &draft.row, draft.now);
    let due: Vec<Due> = notices.filter(|due| due.at <= draft.now).collect();
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

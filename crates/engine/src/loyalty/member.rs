//! Membership: enrolling, ending for want of purchases, and coming back by a correction.

use super::ledger::{self, Club, club, find, line_of, name_of};
use super::{Ending, Ledger, Notice, card, purchase, tier};
use crate::account::Row;
use crate::dates::end_of_day;
use crate::draft::Draft;
use smol_str::SmolStr;
use umbral_catalog::loyalty::Programme;
use umbral_model::event::*;
use umbral_model::ids::LedgerName;
use umbral_model::input::{CardIssued, Enrolled, Input};
use umbral_model::money::Money;
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::{Date, Timestamp};

/// Enrols the customer, and credits what was bought under the identifier before.
pub(crate) fn enrol(
    draft: &mut Draft<'_>,
    input: &Input,
    body: &Enrolled,
) -> Result<(), Rejection> {
    let (world, now) = (draft.world, draft.now);
    let is_meant = |club: &Club<'_>| {
        let name = &club.programme.name;
        body.programme.as_ref().is_none_or(|meant| meant == name)
    };
    let clubs: Vec<Club<'_>> = ledger::clubs(world, now).filter(is_meant).collect();
    if clubs.is_empty() {
        let detail = match &body.programme {
            Some(name) => format!("the catalog has no loyalty programme {name}"),
            None => "the catalog has no loyalty programme to enrol in".to_owned(),
        };
        return Err(Rejection::new(Reason::UnknownLedger, detail));
    }
    for club in clubs {
        let ended = ended_lines(draft, &club.programme.name);
        for line in &ended {
            ledger::open(draft, club, line, draft.effective_at, false);
        }
        let Some(line) = first_line(club.programme) else {
            if body.programme.is_some() && ended.is_empty() {
                return Err(Rejection::new(
                    Reason::UnknownLedger,
                    format!(
                        "programme {} has no ledger without a card: issue a card instead",
                        club.programme.name
                    ),
                ));
            }
            continue;
        };
        let name = name_of(&club.programme.name, line);
        let is_new = ended.contains(line) || find(&draft.row, &name).is_none();
        ledger::open(draft, club, line, draft.effective_at, false);
        if is_new {
            issue_cards(draft, input, body, club)?;
        }
    }
    for unclaimed in &body.unclaimed {
        purchase::claim_found(draft, unclaimed, purchase::Late::Silent);
    }
    Ok(())
}

/// The card line on which enrolling opens a ledger: that of purchases without a card, or of the card that comes with it.
fn first_line(programme: &Programme) -> Option<&SmolStr> {
    let issued = || programme.card_types.get(usize::from(programme.auto_issue?));
    let line = programme.default_line.as_ref();
    line.or_else(|| issued().map(|found| &found.line))
}

/// Gives out the card that comes with enrolling in a programme.
fn issue_cards(
    draft: &mut Draft<'_>,
    input: &Input,
    body: &Enrolled,
    club: Club<'_>,
) -> Result<(), Rejection> {
    let of_club = |issued: &&CardIssued| club.programme.card_type(&issued.card_type).is_some();
    for issued in body.cards.iter().filter(of_club) {
        card::issue(draft, input, issued)?;
    }
    Ok(())
}

/// Card lines of a programme whose membership ended: enrolling begins it anew.
fn ended_lines(draft: &Draft<'_>, programme: &str) -> Vec<SmolStr> {
    let ledgers = draft.row.cold().loyalty.ledgers.iter();
    let ended = ledgers.filter(|ledger| ledger.ended.is_some() && ledger.programme() == programme);
    ended
        .map(|ledger| SmolStr::new(line_of(&ledger.name)))
        .collect()
}

/// Opens a ledger that somebody enrolled in by hand, or brings back one that ended too early: something of before
/// its end came to be known within the correction window. False where neither: nothing is earned.
pub(crate) fn is_alive(draft: &mut Draft<'_>, name: &LedgerName, at: Timestamp, why: &str) -> bool {
    let Some((ended_on, ending)) = find(&draft.row, name).and_then(|ledger| ledger.ended) else {
        return true;
    };
    let Some(club) = club(draft.world, name, draft.now) else {
        return false;
    };
    let last = ended_on.plus_days(i32::from(club.programme.correction_days));
    let was_before = draft.local_date(at) < ended_on;
    if ending != Ending::Inactive || !was_before || draft.today() > last {
        return false;
    }
    reinstate(draft, name, why);
    true
}

fn reinstate(draft: &mut Draft<'_>, name: &LedgerName, why: &str) {
    let Some(ledger) = find(&draft.row, name) else {
        return;
    };
    let zone = draft.world.zone(draft.row.zone);
    let mut after = ledger.balances();
    let mut lots = Vec::new();
    for lot in ledger.lots.iter().filter(|lot| lot.gone > 0) {
        if !lot.is_over(zone, draft.now) {
            lots.push(lot.moved(lot.gone as i64));
            match lot.pending {
                true => after.pending += lot.gone,
                false => after.available += lot.gone,
            }
        }
    }
    push_reinstated(draft, name, why, lots, true, after);
}

/// Tells that points are back.
pub(crate) fn push_reinstated(
    draft: &mut Draft<'_>,
    name: &LedgerName,
    source_ref: &str,
    lots: Vec<LotMoved>,
    membership: bool,
    balances_after: Balances,
) {
    draft.push(EventBody::CorrectionApplied(CorrectionApplied {
        case: None,
        step: None,
        action: None,
        payment: None,
        reversal: None,
        reinstated: Some(Box::new(Reinstated {
            ledger: name.clone(),
            source_ref: SmolStr::new(source_ref),
            lots,
            membership,
            balances_after,
        })),
    }));
}

/// Last local day of a membership without a further purchase, where one ends after `inactive_months` without any.
pub(crate) fn ends_on(inactive_months: Option<u16>, ledger: &Ledger) -> Option<Date> {
    let months = inactive_months.filter(|_| ledger.ended.is_none())?;
    Some(ledger.active_on.plus_months(i32::from(months)))
}

/// The timer of memberships that end for want of purchases.
pub(crate) fn terminate(draft: &mut Draft<'_>) {
    let zone = draft.world.zone(draft.row.zone);
    let ledgers = draft.row.cold().loyalty.ledgers.iter();
    let is_over = |ledger: &&Ledger| {
        let club = club(draft.world, &ledger.name, draft.now);
        let months = club.and_then(|club| club.programme.inactive_months);
        ends_on(months, ledger).is_some_and(|last| end_of_day(zone, last) <= draft.now)
    };
    let over: Vec<(LedgerName, u64)> = ledgers
        .filter(is_over)
        .map(|ledger| (ledger.name.clone(), ledger.to_forfeit()))
        .collect();
    let day = draft.today();
    for (ledger, points_forfeited) in over {
        draft.push(EventBody::MembershipTerminated(MembershipTerminated {
            ledger,
            points_forfeited,
            day,
        }));
    }
}

/// Takes a membership that begins into the row. What an earlier one earned is gone; its debt is not.
pub(crate) fn apply_enrolled(row: &mut Row, at: Timestamp, body: &MemberEnrolled) {
    let tier = body.tier.clone().unwrap_or_default();
    let loyalty = &mut *row.cold_mut().loyalty;
    let fresh = Ledger {
        name: body.ledger.clone(),
        opened_on: body.from,
        ended: None,
        lots: Default::default(),
        debt: 0,
        tier: tier.clone(),
        base_tier: tier.clone(),
        base_on: None,
        counter: 0,
        validity_from: body.from,
        valid_until: body.valid_until,
        sales: Money::ZERO,
        previous: None,
        granted: None,
        active_on: body.from,
        frozen_on: None,
        gaps: Default::default(),
        ages: true,
        told: Default::default(),
    };
    match loyalty.ledger_mut(&body.ledger) {
        Some(known) => {
            let (mut lots, debt) = (std::mem::take(&mut known.lots), known.debt);
            // No correction of the new membership brings them back.
            if let Some((ended_on, _)) = known.ended {
                let last = ended_on.plus_days(-1);
                for lot in &mut lots {
                    lot.expires_on = Some(lot.expires_on.map_or(last, |own| own.min(last)));
                }
            }
            // Whose cards are all expired is frozen from its first day on, until one is renewed.
            let is_closed = known.ended.is_some_and(|(_, how)| how == Ending::Closed);
            let frozen_on = known.frozen_on.filter(|_| !is_closed);
            if let Some(since) = known.frozen_on {
                known.end_gap(since, body.from, NotEarned::CardState);
            }
            if let Some((ended_on, _)) = known.ended {
                known.end_gap(ended_on, body.from, NotEarned::NotEnrolled);
            }
            *known = Ledger {
                lots,
                debt,
                base_on: Some(body.from),
                frozen_on: frozen_on.map(|since| since.max(body.from)),
                gaps: std::mem::take(&mut known.gaps),
                ages: frozen_on.is_none() || known.ages,
                ..fresh
            };
        }
        None => loyalty.ledgers.push(fresh),
    }
    if !tier.is_empty() {
        tier::remember(row, &body.ledger, at, tier);
    }
}

/// What a ledger holds is gone.
pub(crate) fn forfeit(ledger: &mut Ledger, day: Date, ending: Ending) {
    for lot in &mut ledger.lots {
        lot.gone += std::mem::take(&mut lot.remaining);
    }
    ledger.ended = Some((day, ending));
}

/// Takes the end of a membership into the row.
pub(crate) fn apply_terminated(row: &mut Row, body: &MembershipTerminated) {
    if let Some(ledger) = row.cold_mut().loyalty.ledger_mut(&body.ledger) {
        forfeit(ledger, body.day, Ending::Inactive);
    }
}

/// Takes points that are back into the row.
pub(crate) fn apply_reinstated(row: &mut Row, body: &CorrectionApplied) {
    let Some(back) = &body.reinstated else { return };
    let Some(ledger) = row.cold_mut().loyalty.ledger_mut(&back.ledger) else {
        return;
    };
    for moved in &back.lots {
        if let Some(lot) = ledger.lots.iter_mut().find(|lot| lot.no == moved.lot) {
            let points = moved.delta.unsigned_abs();
            lot.gone -= points;
            lot.remaining += points;
        }
    }
    if back.membership {
        ledger.ended = None;
        ledger
            .told
            .retain(|(what, _, _)| *what != Notice::Membership);
    }
}

/// The ledger of a card line, opened where there is none yet.
pub(crate) fn open_line(
    draft: &mut Draft<'_>,
    club: Club<'_>,
    line: &str,
    at: Timestamp,
) -> LedgerName {
    ledger::open(draft, club, line, at, true);
    let name = name_of(&club.programme.name, line);
    debug_assert_eq!(line_of(&name), line, "names are made of their parts");
    name
}

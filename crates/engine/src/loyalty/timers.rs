//! When something of a loyalty programme is due (section 4b, 11, gives the order at one instant).

use super::ledger::club;
use super::{Ledger, RedemptionState, card, member, notice};
use crate::account::Row;
use crate::dates::end_of_day;
use crate::timers::Earliest;
use crate::world::World;
use smol_str::{SmolStr, ToSmolStr, format_smolstr};
use umbral_model::event::TimerKind;

/// Offers all due instants of an account's ledgers, cards and redemptions.
pub(crate) fn offer(earliest: &mut Earliest, world: &World, row: &Row) {
    let loyalty = &row.cold().loyalty;
    for parked in &loyalty.parked {
        let id = || parked.key.to_smolstr();
        earliest.offer(parked.until, TimerKind::Parked, id);
    }
    for ledger in &loyalty.ledgers {
        offer_ledger(earliest, world, row, ledger);
    }
    for known in &loyalty.redemptions {
        let until = known
            .until
            .filter(|_| known.state == RedemptionState::Reserved);
        if let Some(until) = until {
            let id = || SmolStr::new(known.id.as_str());
            earliest.offer(until, TimerKind::RedemptionTimeout, id);
        }
    }
    let (now, zone) = (row.cache.evaluated_at, world.zone(row.zone));
    for known in &loyalty.cards {
        let id = || format_smolstr!("{:016x}", known.card);
        if let Some(at) = card::expires_at(zone, known) {
            earliest.offer(at, TimerKind::CardExpiry, id);
        }
        if let Some(at) = card::closes_at(world, row, known, now) {
            earliest.offer(at, TimerKind::CardClosing, id);
        }
    }
    for due in notice::all(world, row, now) {
        earliest.offer(due.at, TimerKind::LoyaltyNotice, || {
            format_smolstr!("{}/{}/{}", due.ledger, due.last_day, due.notice_day)
        });
    }
}

fn offer_ledger(earliest: &mut Earliest, world: &World, row: &Row, ledger: &Ledger) {
    let zone = world.zone(row.zone);
    for lot in ledger.lots.iter().filter(|lot| lot.remaining > 0) {
        let id = || lot.no.to_smolstr();
        if lot.pending {
            let at = zone.start_of_day(lot.available_on);
            earliest.offer(at, TimerKind::PointsRelease, id);
        }
        if let Some(last) = lot.expires_on.filter(|_| ledger.ages) {
            earliest.offer(end_of_day(zone, last), TimerKind::LotExpiry, id);
        }
    }
    if ledger.ended.is_some() {
        return;
    }
    let id = || SmolStr::new(ledger.name.as_str());
    if let Some(last) = ledger.valid_until {
        earliest.offer(end_of_day(zone, last), TimerKind::TierEnd, id);
    }
    let months = club(world, &ledger.name, row.cache.evaluated_at)
        .and_then(|club| club.programme.inactive_months);
    if let Some(last) = member::ends_on(months, ledger) {
        earliest.offer(end_of_day(zone, last), TimerKind::Inactivity, id);
    }
}

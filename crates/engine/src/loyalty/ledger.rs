//! A ledger: its balances, its lots in the order in which they are spent, and where it opens.

use super::{Gap, Ledger, Lot};
use crate::account::Row;
use crate::dates::end_of_day;
use crate::draft::Draft;
use crate::world::World;
use smol_str::format_smolstr;
use umbral_catalog::loyalty::Programme;
use umbral_model::event::{Balances, EventBody, LotMoved, MemberEnrolled, NotEarned};
use umbral_model::ids::{LedgerName, VersionNo};
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::{Date, Timestamp, ZoneRules};

/// A programme with the catalog version that it is of.
#[derive(Clone, Copy)]
pub(crate) struct Club<'w> {
    pub version: VersionNo,
    pub programme: &'w Programme,
}

impl Ledger {
    pub(crate) fn balances(&self) -> Balances {
        let sum = |of: fn(&Lot) -> u64| self.lots.iter().map(of).sum();
        Balances {
            pending: sum(|lot| if lot.pending { lot.remaining } else { 0 }),
            available: sum(|lot| if lot.pending { 0 } else { lot.remaining }),
            reserved: sum(|lot| lot.reserved),
            debt: self.debt,
        }
    }

    /// The programme's part of its name.
    pub(crate) fn programme(&self) -> &str {
        programme_of(&self.name)
    }

    /// Whether nobody takes part: the membership ended, or all cards of its line are expired.
    pub(crate) fn rests(&self) -> bool {
        self.ended.is_some() || self.frozen_on.is_some()
    }

    /// As [`Ledger::rests`], by a local day: before its last card expired one took part.
    pub(crate) fn rests_on(&self, day: Date) -> bool {
        self.ended.is_some() || self.is_frozen_on(day) || self.gap_on(day).is_some()
    }

    /// Whether all cards of its line had expired by a local day.
    pub(crate) fn is_frozen_on(&self, day: Date) -> bool {
        self.frozen_on.is_some_and(|since| since <= day)
    }

    /// Why nobody took part on a local day, where somebody does again.
    pub(crate) fn gap_on(&self, day: Date) -> Option<NotEarned> {
        let mut gaps = self.gaps.iter();
        let gap = gaps.find(|gap| gap.from <= day && day < gap.to)?;
        Some(gap.reason)
    }

    /// Somebody takes part again from a day on, after a stretch without.
    pub(crate) fn end_gap(&mut self, from: Date, to: Date, reason: NotEarned) {
        if from < to {
            self.gaps.push(Gap { from, to, reason });
        }
    }

    /// No card of its line is good any more, and some can be renewed.
    pub(crate) fn freeze(&mut self, day: Date, lots_freeze: bool) {
        self.frozen_on = Some(day);
        self.ages = !lots_freeze;
    }

    /// Its lots in the order in which they are spent: the earliest last day first, then the earliest earned.
    pub(crate) fn in_spend_order(&self) -> Vec<&Lot> {
        let mut lots: Vec<&Lot> = self.lots.iter().collect();
        lots.sort_by_key(|lot| (lot.expires_on.unwrap_or(LAST_DAY), lot.earned_on, lot.no));
        lots
    }

    /// Points that would be gone if it ended now.
    pub(crate) fn to_forfeit(&self) -> u64 {
        let Balances {
            pending, available, ..
        } = self.balances();
        pending + available
    }
}

/// After every last day.
const LAST_DAY: Date = Date::from_days(i32::MAX);

impl Lot {
    /// Whether it can no longer be spent at `at`.
    pub(crate) fn is_over(&self, zone: &ZoneRules, at: Timestamp) -> bool {
        let over = |last: Date| end_of_day(zone, last) <= at;
        self.expires_on.is_some_and(over)
    }

    pub(crate) fn moved(&self, delta: i64) -> LotMoved {
        LotMoved {
            lot: self.no,
            delta,
            expires_on: self.expires_on,
        }
    }
}

/// The programme's part of a ledger's name.
pub(crate) fn programme_of(name: &LedgerName) -> &str {
    let text = name.as_str();
    text.split_once('/')
        .map_or(text, |(programme, _)| programme)
}

/// The card line's part of a ledger's name.
pub(crate) fn line_of(name: &LedgerName) -> &str {
    let text = name.as_str();
    text.split_once('/').map_or("", |(_, line)| line)
}

pub(crate) fn name_of(programme: &str, line: &str) -> LedgerName {
    LedgerName::new(format_smolstr!("{programme}/{line}"))
}

/// A ledger of the row.
pub(crate) fn find<'r>(row: &'r Row, name: &LedgerName) -> Option<&'r Ledger> {
    row.cold().loyalty.ledger(name)
}

/// Whether all cards of a ledger's line had expired by an instant.
pub(crate) fn is_frozen(draft: &Draft<'_>, name: &LedgerName, at: Timestamp) -> bool {
    let day = draft.local_date(at);
    find(&draft.row, name).is_some_and(|ledger| ledger.is_frozen_on(day))
}

/// Why nobody took part in a ledger at an instant that is over, where somebody does again.
pub(crate) fn gap(draft: &Draft<'_>, name: &LedgerName, at: Timestamp) -> Option<NotEarned> {
    find(&draft.row, name)?.gap_on(draft.local_date(at))
}

/// The programme of a ledger as the version in force at `at` has it, or the last one before that had it.
pub(crate) fn club<'w>(world: &'w World, name: &LedgerName, at: Timestamp) -> Option<Club<'w>> {
    let (version, programme) = world.programme(programme_of(name), at)?;
    Some(Club { version, programme })
}

/// All programmes of the version in force at `at`.
pub(crate) fn clubs(world: &World, at: Timestamp) -> impl Iterator<Item = Club<'_>> {
    let found = world.in_force(at);
    let version = found.and_then(|(_, number)| world.catalogs.get(number));
    version.into_iter().flat_map(|version| {
        let programmes = version.catalog.programmes.iter();
        programmes.map(|programme| Club {
            version: version.number,
            programme,
        })
    })
}

/// Opens a ledger unless it is open: membership begins on the local day of `at`. One that ended opens again only
/// where somebody enrols.
pub(crate) fn open(draft: &mut Draft<'_>, club: Club<'_>, line: &str, at: Timestamp, quiet: bool) {
    let name = name_of(&club.programme.name, line);
    match find(&draft.row, &name) {
        None => {}
        Some(ledger) if ledger.ended.is_some() && !quiet => {}
        Some(_) => return,
    }
    let from = draft.local_date(at);
    let floor = super::tier::floor_of_rank(draft, club.programme);
    let tier = club.programme.tiers.get(floor);
    let validity = club
        .programme
        .tier_validity_months
        .filter(|_| tier.is_some());
    draft.push(EventBody::MemberEnrolled(MemberEnrolled {
        ledger: name,
        tier: tier.map(|tier| tier.name.clone()),
        valid_until: validity.map(|months| from.plus_months(i32::from(months))),
        from,
        quiet,
    }));
}

/// The ledger that an input means: the one that it names, or the only one.
pub(crate) fn named(
    draft: &Draft<'_>,
    named: Option<&LedgerName>,
) -> Result<LedgerName, Rejection> {
    if let Some(name) = named {
        let known = find(&draft.row, name).is_some();
        return known.then(|| name.clone()).ok_or_else(|| unknown(name));
    }
    let mut ledgers = draft.row.cold().loyalty.ledgers.iter();
    match (ledgers.next(), ledgers.next()) {
        (Some(only), None) => Ok(only.name.clone()),
        (None, _) => default_name(draft).ok_or_else(|| {
            Rejection::new(Reason::UnknownLedger, "the account has no ledger of points")
        }),
        (Some(_), Some(_)) => Err(Rejection::new(
            Reason::UnknownLedger,
            "the account has several ledgers: name one, such as \"ledger\": \"club/-\"",
        )),
    }
}

/// The ledger that a customer without one would get: that of the only programme without a card.
pub(crate) fn default_name(draft: &Draft<'_>) -> Option<LedgerName> {
    let mut clubs = clubs(draft.world, draft.now);
    let (first, second) = (clubs.next()?, clubs.next());
    let line = first.programme.default_line.as_ref()?;
    second
        .is_none()
        .then(|| name_of(&first.programme.name, line))
}

/// As [`named`], opening the default ledger where there is none yet.
pub(crate) fn named_or_open(
    draft: &mut Draft<'_>,
    name: Option<&LedgerName>,
) -> Result<LedgerName, Rejection> {
    let name = named(draft, name)?;
    open_named(draft, &name);
    Ok(name)
}

/// Opens a ledger of this name, unless it is open or its programme is not there.
pub(crate) fn open_named(draft: &mut Draft<'_>, name: &LedgerName) {
    if let Some(club) = club(draft.world, name, draft.now) {
        open(draft, club, line_of(name), draft.effective_at, true);
    }
}

fn unknown(name: &LedgerName) -> Rejection {
    Rejection::new(
        Reason::UnknownLedger,
        format!("the account has no ledger {name}"),
    )
}

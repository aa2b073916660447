//! Purchases: in every programme that lets them earn, on the ledger of the card that was shown or on the default
//! one; and claims of purchases that nobody known made, or that a card held back.

use super::card;
use super::earn::{self, Days, Share, SourceKey};
use super::ledger::{self, Club};
use super::rules::{self, SourceRules};
use super::{Card, member, refund};
use crate::draft::Draft;
use smol_str::SmolStr;
use umbral_catalog::loyalty::{AccrualSource, LineFacts};
use umbral_model::event::*;
use umbral_model::ids::LedgerName;
use umbral_model::input::{Input, Purchase, PurchaseClaimed, PurchaseLine, UnclaimedPurchase};
use umbral_model::money::Money;
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::Timestamp;

/// A purchase with the price and category of each of its lines.
pub(crate) struct Bought<'a> {
    pub purchase: &'a Purchase,
    pub occurred_at: Timestamp,
    /// Net price and category by line, where the catalog's products gave them.
    pub lines: Vec<(Money, SmolStr)>,
}

impl<'a> Bought<'a> {
    /// A purchase whose lines all have their prices; others are nothing.
    fn priced(unclaimed: &'a UnclaimedPurchase) -> Bought<'a> {
        let lines = unclaimed.purchase.lines.iter();
        Bought {
            purchase: &unclaimed.purchase,
            occurred_at: unclaimed.occurred_at,
            lines: lines
                .map(|line| (line.net.unwrap_or_default(), line.category.clone()))
                .collect(),
        }
    }

    fn source_ref(&self) -> &str {
        self.purchase.purchase.as_str()
    }
}

/// Lets a purchase earn in every programme that lets purchases earn.
pub(crate) fn earn(draft: &mut Draft<'_>, bought: &Bought<'_>) {
    for (club, line, may) in places(draft, bought) {
        let name = ledger::name_of(&club.programme.name, &line);
        let held = match may {
            card::MayEarn::No => Some(NotEarned::CardState),
            _ => ledger::gap(draft, &name, bought.occurred_at),
        };
        earn_in(draft, (club, line, may), held, bought);
    }
    refund::take_up(draft, &bought.purchase.purchase);
}

/// A programme in which a purchase earns: its card line, and whether card and ledger let it.
type Place<'w> = (Club<'w>, SmolStr, card::MayEarn);

/// Where a purchase of the account earns: on the line of its card, or on default lines.
fn places<'w>(draft: &mut Draft<'w>, bought: &Bought<'_>) -> Vec<Place<'w>> {
    let clubs = clubs_of(draft, bought);
    let number = bought.purchase.card.as_deref();
    let Some(number) = number.filter(|_| !clubs.is_empty()) else {
        return on_default_lines(draft, clubs, bought.occurred_at);
    };
    let Some(known) = card::find(&draft.row, number) else {
        push_nothing(draft, None, bought.source_ref(), NotEarned::CardState);
        return Vec::new();
    };
    let may = card::may_earn(draft.world.zone(draft.row.zone), known, bought.occurred_at);
    on_lines_of(clubs, known, may)
}

/// Where a purchase earns that nobody known made. Its card was nobody's then: it is good where the account got it
/// since, and counts as none where it did not.
fn places_of_nobodys<'w>(draft: &Draft<'w>, bought: &Bought<'_>) -> Vec<Place<'w>> {
    let clubs = clubs_of(draft, bought);
    let number = bought.purchase.card.as_deref();
    let at = bought.occurred_at;
    match number.and_then(|number| card::find(&draft.row, number)) {
        None => on_default_lines(draft, clubs, at),
        Some(known) if at < known.from => on_lines_of(clubs, known, card::MayEarn::Yes),
        Some(known) => {
            let may = card::may_earn(draft.world.zone(draft.row.zone), known, at);
            on_lines_of(clubs, known, may)
        }
    }
}

/// The programmes in which purchases earn, as of a purchase.
fn clubs_of<'w>(draft: &Draft<'w>, bought: &Bought<'_>) -> Vec<Club<'w>> {
    let earning = |club: &Club<'_>| club.programme.accrues(AccrualSource::Purchase);
    ledger::clubs(draft.world, bought.occurred_at)
        .filter(earning)
        .collect()
}

fn on_default_lines<'w>(draft: &Draft<'w>, clubs: Vec<Club<'w>>, at: Timestamp) -> Vec<Place<'w>> {
    let with_line = clubs.into_iter().filter_map(|club| {
        let line = club.programme.default_line.clone()?;
        let name = ledger::name_of(&club.programme.name, &line);
        let may = match ledger::is_frozen(draft, &name, at) {
            true => card::MayEarn::No,
            false => card::MayEarn::Yes,
        };
        Some((club, line, may))
    });
    with_line.collect()
}

fn on_lines_of<'w>(clubs: Vec<Club<'w>>, card: &Card, may: card::MayEarn) -> Vec<Place<'w>> {
    let of_type = clubs.into_iter().filter_map(|club| {
        let line = club.programme.card_type(&card.card_type)?.line.clone();
        Some((club, line, may))
    });
    of_type.collect()
}

fn push_nothing(
    draft: &mut Draft<'_>,
    ledger: Option<LedgerName>,
    source_ref: &str,
    reason: NotEarned,
) {
    draft.push(EventBody::PointsNotEarned(PointsNotEarned {
        ledger,
        source_ref: SmolStr::new(source_ref),
        reason,
    }));
}

fn earn_in(
    draft: &mut Draft<'_>,
    (club, line, may): Place<'_>,
    held: Option<NotEarned>,
    bought: &Bought<'_>,
) {
    let name = member::open_line(draft, club, &line, bought.occurred_at);
    let source_ref = bought.source_ref();
    let known = draft.row.cold().loyalty.purchases(source_ref);
    if known.into_iter().any(|earning| earning.ledger == name) {
        push_nothing(draft, Some(name), source_ref, NotEarned::AlreadyCredited);
        return;
    }
    let noted = noted(draft, club, &name, &line, bought);
    let held_back = held.or_else(|| not_enrolled(draft, &noted));
    let has_rule = noted.lines.iter().any(|line| line.rule.is_some());
    let noted = EarningNoted {
        held_back,
        is_activity: held_back.is_none() && noted.is_activity,
        used_before_report: may == card::MayEarn::BeforeItsLoss,
        card: held_back.and(bought.purchase.card.as_deref().map(card::hash_of)),
        ..noted
    };
    earn::note(draft, club, noted);
    if let Some(reason) = held_back {
        push_nothing(draft, Some(name), source_ref, reason);
        return;
    }
    credit(draft, &name, source_ref, bought.occurred_at, has_rule);
}

/// Whether a membership that ended holds a purchase back. One that is activity may bring it back, if it was made
/// before that end.
fn not_enrolled(draft: &mut Draft<'_>, noted: &EarningNoted) -> Option<NotEarned> {
    let (name, at) = (&noted.ledger, noted.occurred_at);
    let has_ended = ledger::find(&draft.row, name).is_some_and(|ledger| ledger.ended.is_some());
    match has_ended {
        true if noted.is_activity && member::is_alive(draft, name, at, &noted.source_ref) => None,
        true => Some(NotEarned::NotEnrolled),
        false => None,
    }
}

/// Posts what a purchase earns, or says why it is nothing.
fn credit(
    draft: &mut Draft<'_>,
    name: &LedgerName,
    source_ref: &str,
    at: Timestamp,
    has_rule: bool,
) {
    let key = SourceKey {
        ledger: name,
        kind: EarningKind::Purchase,
        source_ref,
    };
    let day = draft.local_date(at);
    let points = earn::settle(draft, key, Share::ALL, Days::of(day));
    if points == 0 {
        let reason = match has_rule {
            true => NotEarned::BelowUnit,
            false => NotEarned::Excluded,
        };
        push_nothing(draft, Some(name.clone()), source_ref, reason);
    }
}

fn noted(
    draft: &Draft<'_>,
    club: Club<'_>,
    name: &LedgerName,
    card_line: &str,
    bought: &Bought<'_>,
) -> EarningNoted {
    let purchase = bought.purchase;
    let rules = SourceRules::at(draft, club, EarningKind::Purchase, bought.occurred_at);
    let line = |(line, (net, category)): (&PurchaseLine, &(Money, SmolStr))| {
        let facts = LineFacts {
            category,
            item: &line.item,
            partner: purchase.partner.as_deref(),
            location: purchase.location.as_deref(),
            method: Some(&purchase.method),
            ..rules::facts_of_all(draft, card_line)
        };
        let tax = if club.programme.with_tax {
            line.tax
        } else {
            Money::ZERO
        };
        let value = *net + tax - line.discount;
        rules.line(&facts, line.item.clone(), value)
    };
    let lines = purchase.lines.iter().zip(&bought.lines).map(line);
    let lines: Vec<EarningLine> = lines.collect();
    let qualifying = lines.iter().any(|line| rules.qualifies(line));
    let source_ref = SmolStr::new(bought.source_ref());
    EarningNoted {
        points_part: purchase.points_part.clone(),
        is_activity: qualifying,
        ..rules.noted(draft, name.clone(), source_ref, lines)
    }
}

/// What becomes of a purchase that is claimed too late.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Late {
    /// Its claimant is told.
    Told,
    /// Nobody asked for it.
    Silent,
}

/// Credits a purchase that nobody known made to who claims it now.
pub(crate) fn claim_found(draft: &mut Draft<'_>, unclaimed: &UnclaimedPurchase, late: Late) {
    let bought = Bought::priced(unclaimed);
    let on = draft.local_date(bought.occurred_at);
    let claimed_on = draft.local_date(draft.effective_at);
    for (club, line, may) in places_of_nobodys(draft, &bought) {
        let last = on.plus_days(i32::from(club.programme.claim_window_days));
        if claimed_on <= last {
            let held = (may == card::MayEarn::No).then_some(NotEarned::CardState);
            earn_in(draft, (club, line, may), held, &bought);
        } else if late == Late::Told {
            let name = ledger::name_of(&club.programme.name, &line);
            push_nothing(
                draft,
                Some(name),
                bought.source_ref(),
                NotEarned::ClaimWindow,
            );
        }
    }
    refund::take_up(draft, &bought.purchase.purchase);
}

/// Takes a claim: of a purchase that nobody known made, or of an own one that a card held back.
pub(crate) fn claim(
    draft: &mut Draft<'_>,
    input: &Input,
    body: &PurchaseClaimed,
) -> Result<(), Rejection> {
    if body
        .account
        .as_ref()
        .is_some_and(|who| *who != input.account)
    {
        return Err(Rejection::new(
            Reason::MalformedField,
            format!(
                "the claim is by {}, its account is {}",
                body.account.clone().unwrap_or_default(),
                input.account
            ),
        ));
    }
    let source_ref = body.purchase.as_str();
    if let Some(found) = &body.found {
        claim_found(draft, found, Late::Told);
        return Ok(());
    }
    if body.taken {
        push_nothing(draft, None, source_ref, NotEarned::AlreadyCredited);
        return Ok(());
    }
    let known = draft.row.cold().loyalty.purchases(source_ref);
    let known: Vec<_> = known
        .map(|known| {
            let has_rule = known.lines.iter().any(|line| line.rule.is_some());
            let held = HeldBack {
                ledger: known.ledger.clone(),
                reason: known.held_back,
                card: known.card,
            };
            (held, known.occurred_at, has_rule)
        })
        .collect();
    if known.is_empty() {
        return Err(Rejection::new(
            Reason::UnknownPurchase,
            format!(
                "nobody made purchase {source_ref} that could be claimed; resubmit when it has come"
            ),
        ));
    }
    for (held, at, has_rule) in known {
        claim_own(draft, held, source_ref, at, has_rule);
    }
    Ok(())
}

/// A purchase of the account's own, and why it earned nothing.
struct HeldBack {
    ledger: LedgerName,
    reason: Option<NotEarned>,
    /// The card that it was made with.
    card: Option<u64>,
}

fn claim_own(
    draft: &mut Draft<'_>,
    held: HeldBack,
    source_ref: &str,
    at: Timestamp,
    has_rule: bool,
) {
    let name = held.ledger;
    let Some(club) = ledger::club(draft.world, &name, draft.now) else {
        return;
    };
    let days = i32::from(club.programme.claim_window_days);
    let last = draft.local_date(at).plus_days(days);
    let is_no_good = |card: u64| !card::is_good_again(draft, card);
    let refused = match held.reason {
        None => Some(NotEarned::AlreadyCredited),
        Some(_) if draft.local_date(draft.effective_at) > last => Some(NotEarned::ClaimWindow),
        Some(_) if ledger::is_frozen(draft, &name, draft.now) => Some(NotEarned::CardState),
        Some(_) if held.card.is_some_and(is_no_good) => Some(NotEarned::CardState),
        Some(_) if ledger::find(&draft.row, &name).is_some_and(|l| l.ended.is_some()) => {
            Some(NotEarned::NotEnrolled)
        }
        Some(_) => None,
    };
    if let Some(reason) = refused {
        push_nothing(draft, Some(name), source_ref, reason);
        return;
    }
    draft.push(EventBody::EarningCredited(EarningCredited {
        ledger: name.clone(),
        source_ref: SmolStr::new(source_ref),
    }));
    credit(draft, &name, source_ref, at, has_rule);
}

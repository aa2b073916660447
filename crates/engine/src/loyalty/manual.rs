//! Points given, taken and voided by hand, and visits.

use super::claw::{self, Voided};
use super::count::Period;
use super::earn::{self, Credit, Days, Share, SourceKey};
use super::ledger::{self, club, find};
use super::rules::{self, SourceRules};
use super::{Ledger, Lot, card, member, tier};
use crate::draft::Draft;
use smol_str::{SmolStr, ToSmolStr};
use umbral_catalog::loyalty::LineFacts;
use umbral_model::event::*;
use umbral_model::ids::{LedgerName, LotNo};
use umbral_model::input::{Input, POINTS_MOST, PointsAdjusted, PointsVoided, Visit};
use umbral_model::money::Money;
use umbral_model::rejection::{Reason, Rejection};

fn unknown(detail: String) -> Rejection {
    Rejection::new(Reason::UnknownLedger, detail)
}

/// Gives or takes points by hand. What is taken goes in spend order, and becomes debt where there is less.
pub(crate) fn adjust(
    draft: &mut Draft<'_>,
    input: &Input,
    body: &PointsAdjusted,
) -> Result<(), Rejection> {
    if body.points == 0 || body.points.unsigned_abs() > POINTS_MOST {
        return Err(Rejection::new(
            Reason::BadAmount,
            format!("an adjustment is of 1 to {POINTS_MOST} points, given or taken"),
        ));
    }
    let name = ledger::named_or_open(draft, body.ledger.as_ref())?;
    let Some(club) = club(draft.world, &name, draft.now) else {
        return Err(unknown(format!("the catalog has no programme of {name}")));
    };
    let points = body.points.unsigned_abs();
    let source_ref = input.key.event_id.as_str();
    if body.points < 0 {
        let what = (source_ref, &body.reason);
        claw::void(draft, &name, &Voided::Points(points), what);
        tier::look(draft, &name, TierBasis::Void);
        return Ok(());
    }
    let today = draft.today();
    let credit = Credit {
        points,
        source: None,
        source_ref: SmolStr::new(source_ref),
        rule_version: None,
        earned_on: today,
        available_on: today,
        counter: body.points,
        counted_in: Period::Current,
        used_before_report: false,
    };
    earn::credit(draft, club.programme, &name, credit);
    tier::look(draft, &name, TierBasis::Points);
    Ok(())
}

/// Voids points: of a source, of lots, or a number of them.
pub(crate) fn void(
    draft: &mut Draft<'_>,
    input: &Input,
    body: &PointsVoided,
) -> Result<(), Rejection> {
    match &body.source_ref {
        Some(source_ref) => void_source(draft, body, source_ref)?,
        None if !body.lots.is_empty() => void_lots(draft, &body.lots, &body.reason)?,
        None => {
            let name = ledger::named(draft, body.ledger.as_ref())?;
            let points = body.points.unwrap_or_default().min(POINTS_MOST);
            let what = (input.key.event_id.as_str(), &body.reason);
            claw::void(draft, &name, &Voided::Points(points), what);
            tier::look(draft, &name, TierBasis::Void);
        }
    }
    Ok(())
}

fn void_source(
    draft: &mut Draft<'_>,
    body: &PointsVoided,
    source_ref: &str,
) -> Result<(), Rejection> {
    let loyalty = &draft.row.cold().loyalty;
    let is_meant = |ledger: &&Ledger| body.ledger.as_ref().is_none_or(|name| *name == ledger.name);
    let meant: Vec<&Ledger> = loyalty.ledgers.iter().filter(is_meant).collect();
    let earned = meant.iter().filter_map(|ledger| {
        let source = loyalty.source(&ledger.name, source_ref)?;
        Some((ledger.name.clone(), source.kind))
    });
    let found: Vec<(LedgerName, EarningKind)> = earned.collect();
    let by_hand = meant.iter().flat_map(|ledger| {
        let is_it = |lot: &&Lot| lot.source.is_none() && lot.source_ref == source_ref;
        ledger.lots.iter().filter(is_it).map(|lot| lot.no)
    });
    let by_hand: Vec<LotNo> = by_hand.collect();
    if found.is_empty() && by_hand.is_empty() {
        return Err(Rejection::new(
            Reason::UnknownPurchase,
            format!("nothing of the account earned points as {source_ref}"),
        ));
    }
    for (name, kind) in found {
        let key = SourceKey {
            ledger: &name,
            kind,
            source_ref,
        };
        let what = (source_ref, &body.reason);
        claw::void(draft, &name, &Voided::Source(key), what);
        tier::look(draft, &name, TierBasis::Void);
    }
    void_lots(draft, &by_hand, &body.reason)
}

fn void_lots(draft: &mut Draft<'_>, lots: &[LotNo], reason: &SmolStr) -> Result<(), Rejection> {
    // Lots as they are before the first of them is voided. One that is named twice counts once.
    let mut found: Vec<(LedgerName, Lot)> = Vec::with_capacity(lots.len());
    for no in lots {
        if found.iter().any(|(_, lot)| lot.no == *no) {
            continue;
        }
        let lot = draft.row.cold().loyalty.lot(*no);
        let (ledger, lot) = lot.ok_or_else(|| unknown(format!("the account has no lot {no}")))?;
        found.push((ledger.name.clone(), lot.clone()));
    }
    for (name, lot) in &found {
        let key = lot.source.map(|kind| SourceKey {
            ledger: name,
            kind,
            source_ref: &lot.source_ref,
        });
        let what = (lot.source_ref.as_str(), reason);
        claw::void(draft, name, &Voided::Lot(lot, key), what);
        tier::look(draft, name, TierBasis::Void);
    }
    Ok(())
}

/// A visit: it may earn a point in programmes that count them, and always counts in reports.
pub(crate) fn visit(draft: &mut Draft<'_>, input: &Input, body: &Visit) -> Result<(), Rejection> {
    draft.push(EventBody::ContactNoted(ContactNoted {
        kind: SmolStr::new_static("visit"),
        value: body.location.clone(),
    }));
    let known = match &body.card {
        Some(number) => match card::find(&draft.row, number) {
            Some(known) => Some(known.clone()),
            None => return Ok(()),
        },
        None => None,
    };
    let clubs: Vec<_> = ledger::clubs(draft.world, input.occurred_at).collect();
    let zone = draft.world.zone(draft.row.zone);
    for club in clubs {
        let programme = club.programme;
        let line = match &known {
            Some(known) if card::may_earn(zone, known, input.occurred_at) == card::MayEarn::No => {
                None
            }
            Some(known) => programme
                .card_type(&known.card_type)
                .map(|found| &found.line),
            None => programme.default_line.as_ref(),
        };
        if let Some(line) = line {
            earn_visit(draft, input, body, club, line);
        }
    }
    Ok(())
}

fn earn_visit(
    draft: &mut Draft<'_>,
    input: &Input,
    body: &Visit,
    club: ledger::Club<'_>,
    line: &str,
) {
    let rules = SourceRules::at(draft, club, EarningKind::Visit, input.occurred_at);
    let facts = LineFacts {
        location: Some(&body.location),
        ..rules::facts_of_all(draft, line)
    };
    let visited = rules.line(&facts, body.location.clone(), Money::ZERO);
    if visited.rule.is_none() {
        return;
    }
    let name = member::open_line(draft, club, line, input.occurred_at);
    let day = draft.local_date(input.occurred_at);
    if find(&draft.row, &name).is_none_or(|ledger| ledger.rests_on(day)) {
        return;
    }
    let source_ref = input.key.to_smolstr();
    let noted = rules.noted(draft, name.clone(), source_ref.clone(), vec![visited]);
    earn::note(draft, club, noted);
    let key = SourceKey {
        ledger: &name,
        kind: EarningKind::Visit,
        source_ref: &source_ref,
    };
    earn::settle(draft, key, Share::ALL, Days::of(day));
}

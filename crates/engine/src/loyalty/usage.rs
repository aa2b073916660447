//! Usage that earns: the money of a cycle's rated usage, summed and rounded down once. It is posted when the cycle
//! ends, and again at the next ends while late usage may still change it.

use super::earn::{self, Days, Share, SourceKey};
use super::ledger::{self, Club};
use super::rules::{self, SourceRules};
use super::{EarningKind, member};
use crate::draft::Draft;
use smol_str::{SmolStr, ToSmolStr};
use umbral_catalog::loyalty::{AccrualSource, LineFacts};
use umbral_model::event::{EarningLine, EventBody, UsageCounted};
use umbral_model::input::Scope;
use umbral_model::money::Money;
use umbral_model::time::Date;

/// Posts what the usage of the closed cycles should have earned by now.
pub(crate) fn settle(draft: &mut Draft<'_>) {
    let earning = |club: &Club<'_>| club.programme.accrues(AccrualSource::Usage);
    let clubs: Vec<Club<'_>> = ledger::clubs(draft.world, draft.now)
        .filter(earning)
        .collect();
    if clubs.is_empty() {
        return;
    }
    let closed = draft.row.cold().closed.iter().rev();
    let cycles: Vec<(Date, [Money; 4])> = closed.map(|cycle| (cycle.start, cycle.usage)).collect();
    for (start, usage) in cycles {
        for club in &clubs {
            settle_cycle(draft, *club, start, usage);
        }
    }
}

/// The cycle's usage in parts that do not overlap, by the word of their scope.
fn parts(usage: [Money; 4]) -> [(Scope, Money); 4] {
    let [all, voice, data, roaming] = usage;
    [
        (Scope::RoamingData, roaming),
        (Scope::Data, data - roaming),
        (Scope::Voice, voice),
        (Scope::All, all - voice - data),
    ]
}

fn settle_cycle(draft: &mut Draft<'_>, club: Club<'_>, start: Date, usage: [Money; 4]) {
    let programme = club.programme;
    let Some(line) = &programme.default_line else {
        return;
    };
    let zone = draft.world.zone(draft.row.zone);
    let at = zone.start_of_day(start).max(draft.row.opened_at);
    let name = ledger::name_of(&programme.name, line);
    let source_ref = start.to_smolstr();
    let kind = EarningKind::Usage;
    let values: Vec<Money> = parts(usage).map(|(_, value)| value).to_vec();
    let loyalty = &draft.row.cold().loyalty;
    match loyalty.earning(&name, kind, &source_ref) {
        // What came while nobody took part is still to be made right.
        Some(known)
            if known
                .lines
                .iter()
                .map(|line| line.value)
                .eq(values.iter().copied()) => {}
        Some(_) => draft.push(EventBody::UsageCounted(UsageCounted {
            ledger: name.clone(),
            source_ref: source_ref.clone(),
            values,
        })),
        None => {
            let rules = SourceRules::at(draft, club, kind, at);
            let lines = lines(draft, rules, line, usage);
            let earns = |line: &EarningLine| line.rule.is_some() && line.value > Money::ZERO;
            if !lines.iter().any(earns) {
                return;
            }
            member::open_line(draft, club, line, at);
            let today = draft.today();
            if ledger::find(&draft.row, &name).is_some_and(|ledger| ledger.rests_on(today)) {
                return;
            }
            let noted = rules.noted(draft, name.clone(), source_ref.clone(), lines);
            earn::note(draft, club, noted);
        }
    }
    let key = SourceKey {
        ledger: &name,
        kind,
        source_ref: &source_ref,
    };
    let day = draft.today();
    earn::settle(draft, key, Share::ALL, Days::of(day));
}

fn lines(
    draft: &Draft<'_>,
    rules: SourceRules<'_>,
    card_line: &str,
    usage: [Money; 4],
) -> Vec<EarningLine> {
    let parts = parts(usage).into_iter();
    parts
        .map(|(scope, value)| {
            let facts = LineFacts {
                category: scope.word(),
                ..rules::facts_of_all(draft, card_line)
            };
            rules.line(&facts, SmolStr::new_static(scope.word()), value)
        })
        .collect()
}

/// Takes what a cycle's usage came to by now into the row.
pub(crate) fn apply_counted(row: &mut crate::account::Row, body: &UsageCounted) {
    let earnings = &mut row.cold_mut().loyalty.earnings;
    let is_it = |e: &&mut super::Earning| e.is(&body.ledger, EarningKind::Usage, &body.source_ref);
    if let Some(earning) = earnings.iter_mut().find(is_it) {
        for (line, value) in earning.lines.iter_mut().zip(&body.values) {
            line.value = *value;
        }
    }
}

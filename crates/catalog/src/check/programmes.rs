//! Loyalty programmes: what never counts, what counts twice or without bound, and names of tiers and cards.

use super::names::unknown;
use crate::codes;
use crate::draft::Draft;
use crate::draft::programmes::{DraftProgramme, USAGE_WORDS};
use crate::loyalty::{AccrualRule, AccrualSource, LineFilter, Promotion, RuleVersion};
use crate::problem::Report;
use crate::source::{At, Spot};
use smol_str::SmolStr;
use umbral_model::money::{MICROS_PER_UNIT, Money};

/// Most points that one unit of money, or one visit, may bring.
const MOST_POINTS: u128 = 1_000_000;
/// Basis points of a whole.
const WHOLE_BPS: u128 = 10_000;
/// A filter with more combinations of words than this is taken to be reached.
const MOST_COMBINATIONS: usize = 10_000;

/// Checks all programmes.
pub(crate) fn check(draft: &Draft, report: &mut Report) {
    for programme in &draft.programmes {
        let versions = programme.programme.versions.iter();
        for (version, spots) in versions.zip(&programme.rules) {
            let rules = || version.rules.iter().zip(spots.iter().copied());
            unreachable_rules(rules(), programme, report);
            overlap(version, spots, programme, report);
            for (rule, spot) in rules() {
                bounded(rule, spot, programme, report);
            }
        }
        shadowed_promotions(programme, report);
        idle_promotions(programme, report);
        for line in &programme.card_lines {
            card_line(line, programme, report);
        }
    }
    known_tiers(draft, &draft.vip.tier_floors, report);
    numbers_once(draft, report);
}

/// Warns of types of cards whose numbers begin at the same one: their cards would mix in one row of numbers.
fn numbers_once(draft: &Draft, report: &mut Report) {
    let programmes = draft.programmes.iter();
    let numbers: Vec<_> = programmes
        .flat_map(|programme| &programme.card_numbers)
        .collect();
    for (index, (name, first)) in numbers.iter().enumerate() {
        let mut before = numbers[..index].iter();
        if let Some((other, _)) = before.find(|(_, known)| known.value == first.value) {
            let title = format!("cards {other} and {name} take their numbers from the same row");
            report
                .warn(codes::NUMBERS_TWICE, first.spot, title, "second one")
                .note("give each type a first number of its own, far enough from the others");
        }
    }
}

fn unreachable_rules<'p>(
    rules: impl Iterator<Item = (&'p AccrualRule, Spot)>,
    programme: &DraftProgramme,
    report: &mut Report,
) {
    let mut before: Vec<&AccrualRule> = Vec::new();
    for (rule, spot) in rules {
        let same = before.iter().filter(|known| known.source == rule.source);
        let earlier: Vec<&LineFilter> = same.map(|known| &known.matches).collect();
        if rule.matches.is_covered(&earlier) {
            let name = &programme.name.value;
            let title = format!("a rule of programme {name} can never match");
            report
                .error(codes::EARN_NEVER, spot, title, "an earlier rule always comes first")
                .note("the first rule that matches a line decides: put the narrower one first, or leave it out");
        }
        before.push(rule);
    }
}

fn shadowed_promotions(programme: &DraftProgramme, report: &mut Report) {
    let promotions = &programme.programme.promotions;
    for (index, (promotion, spot)) in promotions.iter().zip(&programme.promotions).enumerate() {
        let longer =
            |known: &&Promotion| known.from <= promotion.from && known.until >= promotion.until;
        let before = promotions[..index].iter().filter(longer);
        let earlier: Vec<&LineFilter> = before.map(|known| &known.matches).collect();
        if promotion.matches.is_covered(&earlier) {
            let title = format!("the promotion {} never counts", promotion.name);
            report
                .error(codes::PROMOTION_NEVER, *spot, title, "an earlier promotion always comes first")
                .note("the first promotion that matches a line counts: put the narrower one first, or leave it out");
        }
    }
}

/// Warns of promotions whose lines all fall to rules that earn nothing.
fn idle_promotions(programme: &DraftProgramme, report: &mut Report) {
    let promotions = &programme.programme.promotions;
    for (promotion, spot) in promotions.iter().zip(&programme.promotions) {
        let mut versions = programme.programme.versions.iter();
        if versions.any(|version| may_earn(version, &promotion.matches)) {
            continue;
        }
        let title = format!("the promotion {} adds to nothing", promotion.name);
        report
            .warn(
                codes::PROMOTION_NEVER,
                *spot,
                title,
                "all that it matches earns nothing",
            )
            .note("a bonus is a share of what a rule earns: mend its conditions, or add a rule");
    }
}

/// Whether a line of a promotion may come to a rule that earns.
fn may_earn(version: &RuleVersion, promoted: &LineFilter) -> bool {
    let sources = [
        AccrualSource::Purchase,
        AccrualSource::Invoice,
        AccrualSource::Usage,
        AccrualSource::Visit,
    ];
    sources.into_iter().any(|source| {
        let mut left_out: Vec<&LineFilter> = Vec::new();
        let mut rules = version.rules.iter().filter(|rule| rule.source == source);
        rules.any(|rule| {
            if rule.exclude {
                left_out.push(&rule.matches);
                return false;
            }
            let common = rule.matches.common(promoted);
            common.is_some_and(|common| !common.is_covered(&left_out))
        })
    })
}

/// Reports a rule that brings more than anybody means to give.
fn bounded(rule: &AccrualRule, spot: Spot, programme: &DraftProgramme, report: &mut Report) {
    let per = match rule.per {
        Some(per) if per > Money::ZERO => per.micros().unsigned_abs(),
        Some(_) => return,
        None => MICROS_PER_UNIT.unsigned_abs(),
    };
    let tiers = programme.programme.tiers.iter();
    let multiplier = tiers.map(|tier| tier.multiplier_bps).max();
    let multiplier = multiplier.filter(|_| rule.multiplied);
    let promotions = programme.programme.promotions.iter();
    let bonus = promotions.map(|promotion| promotion.bonus_bps).max();
    let factor = multiplier.map_or(WHOLE_BPS, u128::from) + u128::from(bonus.unwrap_or(0));
    let most = u128::from(rule.points) * factor * u128::from(MICROS_PER_UNIT.unsigned_abs())
        / WHOLE_BPS
        / u128::from(per);
    if most > MOST_POINTS {
        let title = format!(
            "a rule of programme {} earns without bound",
            programme.name.value
        );
        let what = match rule.per {
            Some(_) => "for 1.00",
            None => "a visit",
        };
        let label = format!("up to {most} points {what}, multipliers and promotions included");
        report
            .error(codes::POINTS_WITHOUT_BOUND, spot, title, label)
            .note(format!(
                "mend points, per, multiplier or bonus: at most {MOST_POINTS} {what}"
            ));
    }
}

/// Usage earns when it is rated, or when the bill is paid that it stands on; not both.
fn overlap(version: &RuleVersion, spots: &[Spot], programme: &DraftProgramme, report: &mut Report) {
    let of = |source: AccrualSource| {
        let rules = version.rules.iter().zip(spots);
        rules.filter(move |(rule, _)| rule.source == source)
    };
    let usage: Vec<&[SmolStr]> = of(AccrualSource::Usage)
        .filter(|(rule, _)| !rule.exclude)
        .map(|(rule, _)| rule.matches.categories.as_slice())
        .collect();
    let mut left_out: Vec<&SmolStr> = Vec::new();
    for (rule, spot) in of(AccrualSource::Invoice) {
        if rule.exclude {
            if rule.matches.is_of_categories_alone() {
                left_out.extend(&rule.matches.categories);
            }
            continue;
        }
        let twice =
            |credited: &&[SmolStr]| credited_twice(&rule.matches.categories, credited, &left_out);
        if usage.iter().any(twice) {
            let name = &programme.name.value;
            let title = format!("programme {name} pays points twice for usage");
            let label = "a rule on usage counts it, and this one once its bill is paid";
            report
                .error(codes::SOURCE_OVERLAP, *spot, title, label)
                .note("name the categories of bills that are not usage, or leave usage out before: { on = \"invoice\", category = [\"voice\"], earns = \"nothing\" }");
        }
    }
}

/// Whether a rule on bills reaches what a rule on usage credits.
fn credited_twice(billed: &[SmolStr], credited: &[SmolStr], left_out: &[&SmolStr]) -> bool {
    let is_usage = |word: &SmolStr| match credited {
        [] => USAGE_WORDS.contains(&word.as_str()),
        words => words.contains(word),
    };
    match (billed, credited) {
        ([], []) => true,
        ([], words) => words.iter().any(|word| !left_out.contains(&word)),
        (billed, _) => billed
            .iter()
            .any(|word| is_usage(word) && !left_out.contains(&word)),
    }
}

/// Reports a card line that neither a card of the programme nor a purchase without one has.
pub(crate) fn card_line(line: &At<SmolStr>, programme: &DraftProgramme, report: &mut Report) {
    let lines = programme.programme.lines();
    if !lines.contains(&&line.value) {
        let known = lines.iter().map(|line| line.as_str());
        unknown(codes::UNKNOWN_CARD_LINE, "card line", line, known, report)
            .note("name the line of a card of the programme, or its default_line");
    }
}

/// Reports tiers that no programme has, if there is any programme.
pub(crate) fn known_tiers(draft: &Draft, names: &[At<SmolStr>], report: &mut Report) {
    let programmes = draft.programmes.iter();
    let tiers = programmes.flat_map(|programme| &programme.programme.tiers);
    let known: Vec<&str> = tiers.map(|tier| tier.name.as_str()).collect();
    of_programmes(draft, (codes::UNKNOWN_TIER, "tier"), names, &known, report);
}

/// Reports types of cards that no programme has, if there is any programme.
pub(crate) fn known_cards(draft: &Draft, names: &[At<SmolStr>], report: &mut Report) {
    let programmes = draft.programmes.iter();
    let cards = programmes.flat_map(|programme| &programme.programme.card_types);
    let known: Vec<&str> = cards.map(|card| card.name.as_str()).collect();
    of_programmes(draft, (codes::UNKNOWN_CARD, "card"), names, &known, report);
}

fn of_programmes(
    draft: &Draft,
    (code, kind): (&'static str, &str),
    names: &[At<SmolStr>],
    known: &[&str],
    report: &mut Report,
) {
    if draft.programmes.is_empty() {
        return;
    }
    for name in names
        .iter()
        .filter(|name| !known.contains(&name.value.as_str()))
    {
        let mend = format!("define it as [programme.NAME.{kind}.{}]", name.value);
        unknown(code, kind, name, known.iter().copied(), report).note(mend);
    }
}

impl LineFilter {
    /// Whether each line of this filter is one of others too.
    fn is_covered(&self, others: &[&LineFilter]) -> bool {
        if others.is_empty() {
            return false;
        }
        if others.iter().any(|other| other.covers_all_of(self)) {
            return true;
        }
        let combinations = self.lists().iter().try_fold(1usize, |product, list| {
            product.checked_mul(list.len().max(1))
        });
        combinations.is_some_and(|number| number <= MOST_COMBINATIONS)
            && self.is_covered_word_by_word(others)
    }

    /// Several filters cover together what none of them covers alone.
    fn is_covered_word_by_word(&self, others: &[&LineFilter]) -> bool {
        let widest = self.lists().iter().position(|list| list.len() > 1);
        let Some(widest) = widest else {
            return others.iter().any(|other| other.covers_all_of(self));
        };
        let words = self.lists()[widest].clone();
        words.into_iter().all(|word| {
            let mut narrower = self.clone();
            *narrower.lists_mut()[widest] = vec![word];
            narrower.is_covered_word_by_word(others)
        })
    }

    fn covers_all_of(&self, other: &LineFilter) -> bool {
        let pairs = self.lists().into_iter().zip(other.lists());
        let mut pairs = pairs.filter(|(own, _)| !own.is_empty());
        pairs
            .all(|(own, others)| !others.is_empty() && others.iter().all(|word| own.contains(word)))
    }

    /// The lines that are of both; none where a condition of the one shuts out that of the other.
    fn common(&self, other: &LineFilter) -> Option<LineFilter> {
        let mut common = self.clone();
        for (words, others) in common.lists_mut().into_iter().zip(other.lists()) {
            if words.is_empty() {
                words.clone_from(others);
            } else if !others.is_empty() {
                words.retain(|word| others.contains(word));
                if words.is_empty() {
                    return None;
                }
            }
        }
        Some(common)
    }

    fn is_of_categories_alone(&self) -> bool {
        self.lists()[1..].iter().all(|list| list.is_empty())
    }

    fn lists(&self) -> [&Vec<SmolStr>; 7] {
        [
            &self.categories,
            &self.items,
            &self.partners,
            &self.locations,
            &self.methods,
            &self.member_categories,
            &self.card_lines,
        ]
    }

    fn lists_mut(&mut self) -> [&mut Vec<SmolStr>; 7] {
        [
            &mut self.categories,
            &mut self.items,
            &mut self.partners,
            &mut self.locations,
            &mut self.methods,
            &mut self.member_categories,
            &mut self.card_lines,
        ]
    }
}

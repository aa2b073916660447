//! The rules of a programme that decide about one source of points: those of the instant at which it came about.

use super::ledger::Club;
use super::tier;
use crate::draft::Draft;
use smol_str::SmolStr;
use umbral_catalog::loyalty::{AccrualSource, LineFacts, RuleVersion};
use umbral_model::event::{EarningKind, EarningLine, EarningNoted};
use umbral_model::ids::LedgerName;
use umbral_model::money::Money;
use umbral_model::time::{Date, Timestamp};

/// What decides about a source.
#[derive(Clone, Copy)]
pub(crate) struct SourceRules<'w> {
    club: Club<'w>,
    version: &'w RuleVersion,
    kind: EarningKind,
    at: Timestamp,
    /// Local day of `at`, by which promotions go.
    day: Date,
}

impl<'w> SourceRules<'w> {
    /// The rules for a source of `at`.
    pub(crate) fn at(
        draft: &Draft<'_>,
        club: Club<'w>,
        kind: EarningKind,
        at: Timestamp,
    ) -> SourceRules<'w> {
        SourceRules {
            club,
            version: &club.programme.versions[club.programme.version_at(at)],
            kind,
            at,
            day: draft.local_date(at),
        }
    }

    /// A line with the rule and the promotion that are about it; a rule that excludes it is none.
    pub(crate) fn line(&self, facts: &LineFacts<'_>, item: SmolStr, value: Money) -> EarningLine {
        let rule = self.version.rule_of(accrual_source(self.kind), facts);
        EarningLine {
            item,
            value,
            rule: rule.filter(|rule| !self.version.rules[usize::from(*rule)].exclude),
            promotion: self.club.programme.promotion_of(self.day, facts),
            refunded: Money::ZERO,
        }
    }

    /// Whether a line counts towards a tier.
    pub(crate) fn qualifies(&self, line: &EarningLine) -> bool {
        let rule = line.rule.map(|rule| &self.version.rules[usize::from(rule)]);
        rule.is_some_and(|rule| rule.qualifying)
    }

    /// What is noted of a source that nothing holds back.
    pub(crate) fn noted(
        &self,
        draft: &Draft<'_>,
        ledger: LedgerName,
        source_ref: SmolStr,
        lines: Vec<EarningLine>,
    ) -> EarningNoted {
        let programme = self.club.programme;
        EarningNoted {
            kind: self.kind,
            source_ref,
            occurred_at: self.at,
            version: self.club.version,
            rule_version: self.version.name.clone(),
            multiplier_bps: tier::multiplier_at(&draft.row, programme, &ledger, self.at),
            lines,
            points_part: None,
            held_back: None,
            is_activity: false,
            used_before_report: false,
            card: None,
            ledger,
        }
    }
}

/// What a rule must be about to decide about a kind of source.
fn accrual_source(kind: EarningKind) -> AccrualSource {
    match kind {
        EarningKind::Purchase => AccrualSource::Purchase,
        EarningKind::Invoice => AccrualSource::Invoice,
        EarningKind::Usage => AccrualSource::Usage,
        EarningKind::Visit => AccrualSource::Visit,
    }
}

/// What is known of every line: who earns and on which card line. All else is for its source to say.
pub(crate) fn facts_of_all<'d>(draft: &'d Draft<'_>, card_line: &'d str) -> LineFacts<'d> {
    LineFacts {
        category: "",
        item: "",
        partner: None,
        location: None,
        method: None,
        member_category: draft.row.cold().tariff.member_category.as_deref(),
        card_line,
    }
}

//! Cases of points that a catalog carries: what was bought and how many points it must bring. They need no
//! ledger, so the catalog judges them itself.

use super::accrual::{EarnLine, Fraction, points};
use super::{AccrualSource, LineFacts, Programme};
use crate::codes;
use crate::problem::Problem;
use crate::tables::Catalog;
use core::ops::Range;
use smol_str::SmolStr;
use umbral_model::money::Money;
use umbral_model::time::Timestamp;

/// A case of `[[case]]` that names a programme.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PointsCase {
    /// Its name, or `case N`.
    pub name: SmolStr,
    /// The programme.
    pub programme: SmolStr,
    /// What it is about.
    pub source: AccrualSource,
    /// When it was bought.
    pub at: Timestamp,
    /// What was bought.
    pub lines: Vec<CaseLine>,
    /// Partner.
    pub partner: Option<SmolStr>,
    /// Location.
    pub location: Option<SmolStr>,
    /// Method of payment.
    pub method: Option<SmolStr>,
    /// The customer's member category.
    pub member_category: Option<SmolStr>,
    /// The card line; none: that of purchases without a card.
    pub card_line: Option<SmolStr>,
    /// The customer's tier; none: the lowest one.
    pub tier: Option<SmolStr>,
    /// Points that must come out.
    pub expected: u64,
    /// The file that it stands in.
    pub file: SmolStr,
    /// Where the expectation stands there, in bytes.
    pub span: Range<usize>,
}

/// A line of what was bought.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CaseLine {
    /// Category of goods; of usage the word of its scope.
    pub category: SmolStr,
    /// Item.
    pub item: SmolStr,
    /// Its total before discount and without tax.
    pub net: Money,
    /// Its tax.
    pub tax: Money,
    /// Its discount.
    pub discount: Money,
}

/// A tier's multiplier where there is none.
const WHOLE_BPS: u32 = 10_000;

impl PointsCase {
    /// The points that its programme gives; none where the catalog has no such programme.
    pub fn earned(&self, catalog: &Catalog) -> Option<u64> {
        let mut programmes = catalog.programmes.iter();
        let programme = programmes.find(|programme| programme.name == self.programme)?;
        let version = programme.versions.get(programme.version_at(self.at))?;
        let Some(line) = self.card_line.as_ref().or(programme.default_line.as_ref()) else {
            return Some(0);
        };
        let day = catalog.zone.local(self.at).date;
        let lines = self.lines.iter().map(|bought| {
            let facts = self.facts(bought, line);
            EarnLine {
                rule: version.rule_of(self.source, &facts),
                promotion: programme.promotion_of(day, &facts),
                basis: Fraction::of(basis(programme, bought)),
            }
        });
        let lines: Vec<EarnLine> = lines.collect();
        let multiplier = self.multiplier_bps(programme);
        Some(points(version, &programme.promotions, &lines, multiplier).points)
    }

    /// Compares what comes out; the problem says what differs, if anything does.
    pub fn judge(&self, catalog: &Catalog) -> Option<Problem> {
        let got = match self.earned(catalog) {
            Some(points) if points == self.expected => return None,
            Some(points) => format!("the programme gives {points}"),
            None => "there is no such programme".to_owned(),
        };
        let title = format!("the catalog does not keep {}", self.name);
        let mut problem = Problem::error(
            codes::CASE_FAILED,
            self.file.clone(),
            self.span.clone(),
            title,
            got,
        );
        problem.note("mend the programme, or what the case expects");
        Some(problem)
    }

    fn facts<'c>(&'c self, bought: &'c CaseLine, card_line: &'c str) -> LineFacts<'c> {
        LineFacts {
            category: &bought.category,
            item: &bought.item,
            partner: self.partner.as_deref(),
            location: self.location.as_deref(),
            method: self.method.as_deref(),
            member_category: self.member_category.as_deref(),
            card_line,
        }
    }

    fn multiplier_bps(&self, programme: &Programme) -> u32 {
        let named = self.tier.as_ref().and_then(|name| programme.tier(name));
        let tier = programme.tiers.get(named.unwrap_or(0));
        tier.map_or(WHOLE_BPS, |tier| tier.multiplier_bps)
    }
}

/// Money of a line that counts.
fn basis(programme: &Programme, bought: &CaseLine) -> Money {
    let tax = match programme.with_tax {
        true => bought.tax,
        false => Money::ZERO,
    };
    bought.net - bought.discount + tax
}

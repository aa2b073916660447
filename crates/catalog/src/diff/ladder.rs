//! The rules that price a record of one class in one plan, best first, as rating climbs them.

use super::destinations::Reach;
use crate::tables::{Catalog, Plan, Rule, Whereabouts};
use umbral_model::ids::{BandNo, RateNo, RuleNo};
use umbral_model::input::Direction;

/// A rule that fits but for its band; the first whose band holds prices the record.
pub(super) type Rung = (Option<BandNo>, RateNo);

/// What a record is but for its destination.
#[derive(Clone, Copy, Debug)]
pub(super) struct Footing<'c> {
    pub(super) catalog: &'c Catalog,
    pub(super) plan: &'c Plan,
    /// The service's number; none where the catalog does not have it.
    pub(super) service: Option<usize>,
    pub(super) direction: Direction,
    pub(super) at: Whereabouts,
}

impl Footing<'_> {
    /// The rules for a destination in `rungs`, in place of what they held; none where the record is refused.
    pub(super) fn ladder(&self, reach: &Reach, rungs: &mut Vec<Rung>) {
        rungs.clear();
        let rules = self
            .service
            .and_then(|service| self.plan.by_service.get(service));
        let Some(rules) = rules else { return };
        let mut settled = false;
        match reach {
            Reach::Unknown => return,
            Reach::Zone(zone) => settled = self.climb(rules.by_zone.get(*zone), rungs),
            Reach::Number { sets, visited } => {
                if *visited && !rules.visited.is_empty() {
                    settled = self.climb(&rules.visited, rungs);
                }
                for set in sets {
                    if settled {
                        break;
                    }
                    settled = self.climb(rules.by_zone_set.get(*set as usize), rungs);
                }
            }
        }
        if !settled {
            self.climb(&rules.anywhere, rungs);
        }
    }

    /// Adds the rules that fit; says whether nothing after them can come into play.
    fn climb(&self, rules: &[RuleNo], rungs: &mut Vec<Rung>) -> bool {
        let before = rungs.len();
        for number in rules {
            let Some(rule) = self.catalog.rules.get(number.index()) else {
                continue;
            };
            if !self.fits(rule) {
                continue;
            }
            rungs.push((rule.band, rule.rate));
            if rule.band.is_none() {
                return true;
            }
        }
        rungs.len() > before && !self.plan.fall_through
    }

    fn fits(&self, rule: &Rule) -> bool {
        let place = match rule.roaming {
            None => self.at == Whereabouts::Home,
            Some(group) => self.at == Whereabouts::Group(group),
        };
        place
            && rule
                .direction
                .is_none_or(|direction| direction == self.direction)
    }
}

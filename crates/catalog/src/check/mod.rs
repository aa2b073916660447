//! Checks over the whole catalog: one file for each kind of problem.

pub(crate) mod allowances;
pub(crate) mod almanac;
pub(crate) mod bands;
pub(crate) mod cases;
pub(crate) mod discounts;
pub(crate) mod filters;
pub(crate) mod fit;
pub(crate) mod gaps;
pub(crate) mod groups;
pub(crate) mod names;
pub(crate) mod networks;
pub(crate) mod overlaps;
pub(crate) mod points_cases;
pub(crate) mod prefixes;
pub(crate) mod products;
pub(crate) mod profiles;
pub(crate) mod programmes;
pub(crate) mod rules;
pub(crate) mod unreachable;
pub(crate) mod unused;
pub(crate) mod words;

use crate::case::CatalogCase;
use crate::draft::Draft;
use crate::loyalty::case::PointsCase;
use crate::problem::Report;
use crate::source::Source;
use crate::tables::{Deck, Discount, NumberForm, Product};
use allowances::Allowances;
use almanac::Almanac;
use filters::Filters;
use groups::Group;
use names::Names;
use rules::ResolvedRule;

/// What compiling needs besides the draft.
#[derive(Debug)]
pub(crate) struct Checked {
    /// Prefixes.
    pub(crate) deck: Deck,
    /// Rules of all plans with numbers for names, in file order.
    pub(crate) rules: Vec<ResolvedRule>,
    /// Allowances of plans and products.
    pub(crate) allowances: Allowances,
    /// Products.
    pub(crate) products: Vec<Product>,
    /// Discounts.
    pub(crate) discounts: Vec<Discount>,
    /// The catalog's cases of records.
    pub(crate) cases: Vec<CatalogCase>,
    /// The catalog's cases of points.
    pub(crate) points_cases: Vec<PointsCase>,
}

/// Runs every check.
pub(crate) fn check(draft: &Draft, source: &Source<'_>, report: &mut Report) -> Checked {
    let names = Names::new(draft);
    let deck = prefixes::deck(&draft.zones, draft.head.numbers, report);
    prefixes::emergency(draft, report);
    let rules = rules::resolve(draft, &names, report);
    let almanac = Almanac::new(&draft.bands, draft.head.first_day());
    bands::check(draft, &almanac, report);
    fit::check(draft, &rules, report);
    let zone_sets = groups::zone_sets(&deck, draft.zones.names.len());
    for plan in 0..draft.plans.len() {
        let groups = groups::of_plan(plan, &rules, &zone_sets, draft.services.len());
        let scene = Scene {
            draft,
            almanac: &almanac,
            rules: &rules,
            groups: &groups,
            zone_sets: &zone_sets,
            plan,
        };
        gaps::check(&scene, report);
        overlaps::check(&scene, report);
        unreachable::check(&scene, report);
    }
    networks::check(draft, &rules, report);
    let filters = Filters::new(draft, &names, &deck, &rules);
    let allowances = allowances::resolve(&filters, report);
    let products = products::resolve(draft, &names, &allowances, report);
    let discounts = discounts::resolve(&filters, report);
    profiles::check(draft, &names, report);
    programmes::check(draft, report);
    let cases = cases::resolve(draft, &names, &allowances, report);
    let points_cases = points_cases::resolve(draft, report);
    unused::check(draft, source, &rules, report);
    Checked {
        deck,
        rules,
        allowances,
        products,
        discounts,
        cases,
        points_cases,
    }
}

/// A plan under the checks of its bands.
pub(crate) struct Scene<'c> {
    /// The draft.
    pub(crate) draft: &'c Draft,
    /// Days and hours.
    pub(crate) almanac: &'c Almanac,
    /// All rules.
    pub(crate) rules: &'c [ResolvedRule],
    /// Rules that meet, of this plan.
    pub(crate) groups: &'c [Group],
    /// Zones of each zone set.
    pub(crate) zone_sets: &'c groups::ZoneSets,
    /// The plan.
    pub(crate) plan: usize,
}

impl Scene<'_> {
    /// Whether overlaps and the like are for the importer to decide.
    pub(crate) fn verbatim(&self) -> bool {
        self.draft.head.numbers == NumberForm::Verbatim
    }

    /// The plan's name.
    pub(crate) fn plan_name(&self) -> &str {
        &self.draft.plans[self.plan].name.value
    }

    /// A rule's place in its plan, from 1.
    pub(crate) fn ordinal(&self, rule: u32) -> usize {
        self.rules[rule as usize].ordinal
    }
}

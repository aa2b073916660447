//! Names and units in the catalog's own cases.

use super::allowances::Allowances;
use super::names::{Names, unknown};
use crate::case::{CaseTariff, CatalogCase};
use crate::codes;
use crate::draft::Draft;
use crate::draft::cases::{DraftCase, example};
use crate::problem::Report;
use crate::source::At;
use crate::tables::Allowance;
use crate::text::units::measured;
use smol_str::SmolStr;
use umbral_model::ids::AllowanceNo;
use umbral_model::units::Measurement;

/// Checks all cases and reads the units in them.
pub(crate) fn resolve(
    draft: &Draft,
    names: &Names<'_>,
    allowances: &Allowances,
    report: &mut Report,
) -> Vec<CatalogCase> {
    let cases = Cases {
        draft,
        names,
        allowances,
    };
    draft
        .cases
        .iter()
        .filter_map(|case| cases.resolve(case, report))
        .collect()
}

struct Cases<'c> {
    draft: &'c Draft,
    names: &'c Names<'c>,
    allowances: &'c Allowances,
}

impl Cases<'_> {
    fn resolve(&self, draft: &DraftCase, report: &mut Report) -> Option<CatalogCase> {
        match &draft.tariff {
            None => {}
            Some((CaseTariff::Plan(name), place)) => {
                self.names.plan(&At::new(name.clone(), *place), report);
            }
            Some((CaseTariff::Profile(name), place)) => {
                self.names
                    .profile(&At::new(name.clone(), *place), true, report);
            }
        }
        if let Some(zone) = &draft.zone {
            self.names.zone(zone, report);
        }
        if let Some(class) = &draft.class {
            self.names.class(class, report);
        }
        let plans = draft
            .tariff
            .as_ref()
            .and_then(|(tariff, _)| self.plans_of(tariff));
        let units_left = draft.left.iter().filter_map(|(name, units)| {
            let allowance = self.allowance(name, plans.as_deref(), report);
            let units = allowance.and_then(|found| read(units, found.measurement, "left", report));
            Some((name.value.clone(), units?))
        });
        let left = units_left.collect();
        let counted = draft.so_far.iter().filter_map(|(name, units)| {
            let units = self.counted(name, units, report);
            Some((name.value.clone(), units?))
        });
        let so_far = counted.collect();
        Some(CatalogCase {
            left,
            so_far,
            ..draft.case.clone()?
        })
    }

    /// The allowance of the case's plan, or of a product; where the plan is not known, of any plan.
    fn allowance(
        &self,
        name: &At<SmolStr>,
        plans: Option<&[usize]>,
        report: &mut Report,
    ) -> Option<&Allowance> {
        let all: Vec<usize>;
        let plans = match plans {
            Some(plans) => plans,
            None => {
                all = (0..self.draft.plans.len()).collect();
                &all
            }
        };
        let of_plans = plans
            .iter()
            .filter_map(|plan| self.allowances.of_plans.get(*plan));
        let own: Vec<&Allowance> = of_plans.flat_map(|own| self.all(own)).collect();
        if let Some(found) = own.iter().copied().find(|found| found.name == name.value) {
            return Some(found);
        }
        let mut known: Vec<String> = own.iter().map(|found| found.name.to_string()).collect();
        for (product, own) in self.draft.products.iter().zip(&self.allowances.of_products) {
            for allowance in self.all(own) {
                let full = format!("{}/{}", product.name.value, allowance.name);
                if name.value == full {
                    return Some(allowance);
                }
                known.push(full);
            }
        }
        // One that could not be read is no unknown one.
        if !self.is_written(&name.value, plans) {
            let known = known.iter().map(String::as_str);
            unknown(codes::UNKNOWN_ALLOWANCE, "allowance", name, known, report).note(
                "name an allowance of the case's plan, or \"PRODUCT/NAME\" for one of a product",
            );
        }
        None
    }

    fn all<'a>(&'a self, numbers: &'a [AllowanceNo]) -> impl Iterator<Item = &'a Allowance> {
        numbers
            .iter()
            .filter_map(|number| self.allowances.all.get(number.index()))
    }

    fn is_written(&self, name: &str, plans: &[usize]) -> bool {
        let of_plan = |plan: &usize| {
            let own = self.draft.plans[*plan].allowances.iter();
            own.clone().any(|allowance| allowance.name.value == name)
        };
        let of_product = || {
            self.draft.products.iter().any(|product| {
                let own = product.allowances.iter();
                own.clone()
                    .any(|own| format!("{}/{}", product.name.value, own.name.value) == name)
            })
        };
        plans.iter().any(of_plan) || of_product()
    }

    /// Plans by which a case may be rated; none where its plan or profile is not known.
    fn plans_of(&self, tariff: &CaseTariff) -> Option<Vec<usize>> {
        let named = |name: &str| {
            let mut plans = self.draft.plans.iter();
            plans.position(|plan| plan.name.value == name)
        };
        match tariff {
            CaseTariff::Plan(name) => named(name).map(|plan| vec![plan]),
            CaseTariff::Profile(name) => {
                let any = name
                    .rsplit_once('/')
                    .map(|(rest, _)| format!("{rest}/*any"));
                let meant = |profile: &str| profile == name || Some(profile) == any.as_deref();
                let activations = self.draft.profiles.iter();
                let plans: Vec<usize> = activations
                    .filter(|activation| activation.sound && meant(&activation.profile.value))
                    .filter_map(|activation| named(&activation.plan.value))
                    .collect();
                (!plans.is_empty()).then_some(plans)
            }
        }
    }

    /// Units of a rate with tiers.
    fn counted(&self, name: &At<SmolStr>, units: &At<SmolStr>, report: &mut Report) -> Option<u64> {
        let number = self.names.rate(name, report)?;
        let rate = self.draft.rates.get(number as usize)?;
        let Some(tiers) = &rate.rate.as_ref()?.tiers else {
            let title = format!("the rate {} has no tiers", name.value);
            report
                .error(codes::CASE_COUNTER, name.spot, title, "nothing is counted")
                .note(
                    "so_far names rates with tiers: what was charged under others does not matter",
                );
            return None;
        };
        read(units, tiers.measurement, "so_far", report)
    }
}

fn read(
    text: &At<SmolStr>,
    measurement: Measurement,
    key: &str,
    report: &mut Report,
) -> Option<u64> {
    let units = measured(&text.value, measurement);
    if units.is_none() {
        let title = format!("{key} cannot be {}", text.value);
        report
            .error(codes::BAD_USAGE, text.spot, title, "")
            .note(format!("write {}", example(measurement)));
    }
    units
}

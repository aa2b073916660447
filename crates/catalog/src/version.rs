//! Catalog versions side by side, in order of activation and by date.

use crate::codes;
use crate::tables::{Catalog, CreditClass, Plan};
use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use std::sync::Arc;
use umbral_model::ids::{ClassNo, CounterNo, PlanNo, VersionNo};
use umbral_model::time::Timestamp;

/// All versions of a deployment. Names of plans and classes keep their numbers over all versions.
#[derive(Clone, Debug, Default)]
pub struct CatalogSet {
    versions: Vec<Version>,
    plans: Vec<SmolStr>,
    plan_numbers: FxHashMap<SmolStr, PlanNo>,
    classes: Vec<SmolStr>,
    counters: Vec<SmolStr>,
}

/// One activated version.
#[derive(Clone, Debug)]
pub struct Version {
    /// Its number, by order of activation.
    pub number: VersionNo,
    /// In force for usage from this instant on.
    pub effective_from: Timestamp,
    /// Its tables.
    pub catalog: Arc<Catalog>,
    /// Index into `Catalog::plans` by `PlanNo`; none where this version has no such plan.
    plan_index: Vec<Option<u32>>,
}

impl Version {
    /// The plan with the deployment's number `number`, if this version has it.
    pub fn plan(&self, number: PlanNo) -> Option<&Plan> {
        let index = (*self.plan_index.get(number.index())?)?;
        self.catalog.plans.get(index as usize)
    }
}

impl CatalogSet {
    /// No version yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a version and gives its plans the deployment's numbers.
    pub fn activate(&mut self, mut catalog: Catalog, effective_from: Timestamp) -> VersionNo {
        let number = VersionNo(self.versions.len() as u32);
        let mut plan_index = vec![None; self.plans.len()];
        for (index, plan) in catalog.plans.iter_mut().enumerate() {
            plan.number = self.number_plan(&plan.name);
            if plan.number.index() >= plan_index.len() {
                plan_index.resize(plan.number.index() + 1, None);
            }
            plan_index[plan.number.index()] = Some(index as u32);
        }
        for class in &catalog.classes {
            intern(&mut self.classes, &class.name);
        }
        for rate in &mut catalog.rates {
            if let Some(tiers) = &mut rate.tiers {
                tiers.counter = CounterNo(intern(&mut self.counters, &rate.name));
            }
        }
        let catalog = Arc::new(catalog);
        self.versions.push(Version {
            number,
            effective_from,
            catalog,
            plan_index,
        });
        number
    }

    /// The version with this number.
    pub fn get(&self, number: VersionNo) -> Option<&Version> {
        self.versions.get(number.index())
    }

    /// The newest activated version that is in force at `at`: the one with the latest `effective_from`
    /// not after `at`; of equals the one activated last.
    pub fn in_force(&self, at: Timestamp) -> Option<&Version> {
        self.versions
            .iter()
            .filter(|version| version.effective_from <= at)
            .max_by_key(|version| (version.effective_from, version.number))
    }

    /// A plan as the version in force at `at` has it; of a plan that this version dropped, the definition of
    /// the last version before it that had it: who has the plan keeps it.
    pub fn plan_at(&self, plan: PlanNo, at: Timestamp) -> Option<(&Version, &Plan)> {
        self.versions
            .iter()
            .filter(|version| version.effective_from <= at)
            .filter_map(|version| Some((version, version.plan(plan)?)))
            .max_by_key(|(version, _)| (version.effective_from, version.number))
    }

    /// The first instant after `at` at which another version comes into force.
    pub fn next_change(&self, at: Timestamp) -> Option<Timestamp> {
        self.versions
            .iter()
            .map(|version| version.effective_from)
            .filter(|from| *from > at)
            .min()
    }

    /// Why a catalog cannot stand beside the versions: amounts of one deployment are in one currency.
    pub fn other_currency(&self, catalog: &Catalog) -> Option<String> {
        let known = self.latest()?.catalog.currency;
        (known != catalog.currency).then(|| {
            format!(
                "{} {}: it is in {}, and the versions here are in {known}; all versions of a deployment have \
                 one currency, another one needs a data directory of its own",
                codes::OTHER_CURRENCY, catalog.label, catalog.currency
            )
        })
    }

    /// The version activated last.
    pub fn latest(&self) -> Option<&Version> {
        self.versions.last()
    }

    /// All versions in order of activation.
    pub fn iter(&self) -> impl Iterator<Item = &Version> {
        self.versions.iter()
    }

    /// The number of a plan's name.
    pub fn plan_no(&self, name: &str) -> Option<PlanNo> {
        self.plan_numbers.get(name).copied()
    }

    /// The name of a plan.
    pub fn plan_name(&self, number: PlanNo) -> Option<&str> {
        self.plans.get(number.index()).map(SmolStr::as_str)
    }

    /// The number of a class's name.
    pub fn class_no(&self, name: &str) -> Option<ClassNo> {
        self.classes
            .iter()
            .position(|class| class == name)
            .map(|index| ClassNo(index as u16))
    }

    /// The name of a class.
    pub fn class_name(&self, number: ClassNo) -> Option<&str> {
        self.classes.get(number.index()).map(SmolStr::as_str)
    }

    /// The name of a counter: that of its rate.
    pub fn counter_name(&self, number: CounterNo) -> Option<&str> {
        self.counters.get(number.index()).map(SmolStr::as_str)
    }

    /// The number of the counter of the rate with this name.
    pub fn counter_no(&self, name: &str) -> Option<CounterNo> {
        let found = self.counters.iter().position(|counter| counter == name);
        found.map(|index| CounterNo(index as u16))
    }

    /// A class as the version in force at `at` defines it.
    pub fn class_at(&self, number: ClassNo, at: Timestamp) -> Option<&CreditClass> {
        let name = self.class_name(number)?;
        self.in_force(at)?
            .catalog
            .classes
            .iter()
            .find(|class| class.name == name)
    }
}

impl CatalogSet {
    fn number_plan(&mut self, name: &SmolStr) -> PlanNo {
        if let Some(number) = self.plan_numbers.get(name) {
            return *number;
        }
        let number = PlanNo(self.plans.len() as u16);
        self.plans.push(name.clone());
        self.plan_numbers.insert(name.clone(), number);
        number
    }
}

fn intern(names: &mut Vec<SmolStr>, name: &SmolStr) -> u16 {
    let index = names
        .iter()
        .position(|known| known == name)
        .unwrap_or_else(|| {
            names.push(name.clone());
            names.len() - 1
        });
    index as u16
}

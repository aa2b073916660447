//! Catalog versions side by side, in order of activation and by date.

use crate::tables::{Catalog, CreditClass};
use smol_str::SmolStr;
use std::sync::Arc;
use umbral_model::ids::{ClassNo, PlanNo, VersionNo};
use umbral_model::time::Timestamp;

/// All versions of a deployment. Names of plans and classes keep their numbers over all versions.
#[derive(Clone, Debug, Default)]
pub struct CatalogSet {
    versions: Vec<Version>,
    plans: Vec<SmolStr>,
    classes: Vec<SmolStr>,
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
}

impl CatalogSet {
    /// No version yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a version and gives its plans the deployment's numbers.
    pub fn activate(&mut self, mut catalog: Catalog, effective_from: Timestamp) -> VersionNo {
        let number = VersionNo(self.versions.len() as u32);
        for plan in &mut catalog.plans {
            plan.number = PlanNo(intern(&mut self.plans, &plan.name));
        }
        for class in &catalog.classes {
            intern(&mut self.classes, &class.name);
        }
        self.versions.push(Version { number, effective_from, catalog: Arc::new(catalog) });
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

    /// The first instant after `at` at which another version comes into force.
    pub fn next_change(&self, at: Timestamp) -> Option<Timestamp> {
        self.versions.iter().map(|version| version.effective_from).filter(|from| *from > at).min()
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
        self.plans.iter().position(|plan| plan == name).map(|index| PlanNo(index as u16))
    }

    /// The name of a plan.
    pub fn plan_name(&self, number: PlanNo) -> Option<&str> {
        self.plans.get(number.index()).map(SmolStr::as_str)
    }

    /// The number of a class's name.
    pub fn class_no(&self, name: &str) -> Option<ClassNo> {
        self.classes.iter().position(|class| class == name).map(|index| ClassNo(index as u16))
    }

    /// The name of a class.
    pub fn class_name(&self, number: ClassNo) -> Option<&str> {
        self.classes.get(number.index()).map(SmolStr::as_str)
    }

    /// A class as the version in force at `at` defines it.
    pub fn class_at(&self, number: ClassNo, at: Timestamp) -> Option<&CreditClass> {
        let name = self.class_name(number)?;
        self.in_force(at)?.catalog.classes.iter().find(|class| class.name == name)
    }
}

fn intern(names: &mut Vec<SmolStr>, name: &SmolStr) -> u16 {
    let index = names.iter().position(|known| known == name).unwrap_or_else(|| {
        names.push(name.clone());
        names.len() - 1
    });
    index as u16
}

//! Rating profiles: which plan a subject uses, and whose plan stands in where that one has no rule.

use crate::record::Record;
use crate::resolve::Ladder;
use smallvec::SmallVec;
use umbral_catalog::tables::{Activation, Catalog};
use umbral_catalog::version::Version;
use umbral_model::ids::PlanNo;
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::Timestamp;

/// The subject that serves those without an active profile of their own.
const ANY: &str = "*any";
/// How many fallbacks may follow one another.
const LEVELS: u32 = 3;

/// The rules for a record whose tariff is the profile `name`.
///
/// The subject's own profile counts, or that of `*any` where it has none active. Where no rule of the plan
/// holds at `at`, the fallbacks of the subject's own profile are asked in order; the first whose plan has a
/// rule at `at` prices the record. A fallback is a profile of exactly that name.
pub(crate) fn ladder<'c>(
    version: &'c Version,
    name: &str,
    record: &Record<'_>,
    at: Timestamp,
    until: Timestamp,
) -> Result<Ladder<'c>, Rejection> {
    let mut search = Search {
        version,
        record,
        at,
        until: Timestamp::MAX,
    };
    let (activation, is_own) = search.served(name)?;
    let mut ladder = match search.plan_of(activation) {
        Ok(ladder) => ladder,
        Err(rejection) => {
            let may_fall_back = is_own && subject(name) != Some(ANY);
            let fallback = may_fall_back.then(|| search.fallback(activation, 1));
            fallback.flatten().ok_or(rejection)?
        }
    };
    ladder.until = search.until.min(until);
    Ok(ladder)
}

/// The plan of the profile `name` at the record's start, whatever its rules.
pub(crate) fn plan_at(
    version: &Version,
    name: &str,
    record: &Record<'_>,
) -> Result<PlanNo, Rejection> {
    let mut search = Search {
        version,
        record,
        at: record.start,
        until: Timestamp::MAX,
    };
    let activation = search.served(name)?.0;
    let plan = version.catalog.plans.get(activation.plan as usize);
    plan.map(|plan| plan.number)
        .ok_or(Reason::UnknownPlan.into())
}

struct Search<'c, 'r> {
    version: &'c Version,
    record: &'r Record<'r>,
    at: Timestamp,
    /// The next activation of any profile that was asked.
    until: Timestamp,
}

impl<'c> Search<'c, '_> {
    fn active(&mut self, name: &str) -> Option<&'c Activation> {
        let catalog: &'c Catalog = &self.version.catalog;
        let activations = catalog.profiles.by_name.get(name)?;
        let past = activations.partition_point(|activation| activation.from <= self.at);
        if let Some(next) = activations.get(past) {
            self.until = self.until.min(next.from);
        }
        activations.get(past.checked_sub(1)?)
    }

    /// The activation that serves `name`, and whether it is its own and not that of `*any`.
    fn served(&mut self, name: &str) -> Result<(&'c Activation, bool), Rejection> {
        if let Some(own) = self.active(name) {
            return Ok((own, true));
        }
        let any = any_subject(name).and_then(|any| self.active(&any));
        any.map(|any| (any, false)).ok_or_else(|| {
            let (at, label) = (self.at, &self.version.catalog.label);
            let detail = format!("no profile {name} is active at {at} in catalog {label}");
            Rejection::new(Reason::UnknownProfile, detail)
        })
    }

    /// The rules of the activation's plan, if one of them holds.
    fn plan_of(&self, activation: &Activation) -> Result<Ladder<'c>, Rejection> {
        let catalog: &'c Catalog = &self.version.catalog;
        let Some(plan) = catalog.plans.get(activation.plan as usize) else {
            return Err(Reason::UnknownPlan.into());
        };
        let ladder = Ladder::of(self.version, plan, self.record, self.at, Timestamp::MAX)?;
        match ladder.rule_at(self.at, self.at) {
            Some(_) => Ok(ladder),
            None => Err(ladder.gap(self.record, self.at)),
        }
    }

    fn fallback(&mut self, activation: &'c Activation, level: u32) -> Option<Ladder<'c>> {
        for name in &activation.fallbacks {
            let Some(next) = self.active(name) else {
                continue;
            };
            if let Ok(ladder) = self.plan_of(next) {
                return Some(ladder);
            }
            if level < LEVELS && subject(name) != Some(ANY) {
                let deeper = self.fallback(next, level + 1);
                if deeper.is_some() {
                    return deeper;
                }
            }
        }
        None
    }
}

fn subject(profile: &str) -> Option<&str> {
    profile.splitn(3, '/').nth(2)
}

/// `TENANT/CATEGORY/*any` of the same tenant and category.
fn any_subject(profile: &str) -> Option<ShortText> {
    let subject = subject(profile)?;
    let mut bytes = SmallVec::new();
    bytes.extend_from_slice(&profile.as_bytes()[..profile.len() - subject.len()]);
    bytes.extend_from_slice(ANY.as_bytes());
    Some(ShortText(bytes))
}

/// A name built on the stack.
struct ShortText(SmallVec<[u8; 64]>);

impl core::ops::Deref for ShortText {
    type Target = str;
    fn deref(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

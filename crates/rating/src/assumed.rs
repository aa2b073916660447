//! An account that is not there: what a catalog's case or a line of a batch says of one, by names.

use crate::account::{Account, Available, Counter, Customer};
use crate::profile;
use crate::record::{Record, Tariff};
use crate::resolve::plan_at;
use core::cmp::Reverse;
use smallvec::SmallVec;
use smol_str::SmolStr;
use umbral_catalog::tables::{Allowance, AllowanceOf, Catalog, Plan, Tiers};
use umbral_catalog::version::{CatalogSet, Version};
use umbral_model::ids::{AllowanceNo, GrantNo};
use umbral_model::rejection::{Reason, Rejection};

/// What is assumed of the account.
#[derive(Debug, Default)]
pub(crate) struct Assumed<'a> {
    pub(crate) class: Option<&'a str>,
    pub(crate) tier: Option<SmolStr>,
    pub(crate) cards: SmallVec<[SmolStr; 1]>,
    pub(crate) vip_rank: u16,
    pub(crate) grants: SmallVec<[Available<'a>; 1]>,
    pub(crate) counters: SmallVec<[Counter; 1]>,
}

impl<'a> Assumed<'a> {
    /// The account as rating takes it.
    pub(crate) fn account(&self) -> Account<'_> {
        Account {
            customer: Customer {
                class: self.class,
                tiers: self.tier.as_slice(),
                cards: &self.cards,
                vip_rank: self.vip_rank,
            },
            allowances: &self.grants,
            counters: &self.counters,
        }
    }

    /// Adds a grant that has `left` units left, abroad as many of them as the allowance lets. Grants are spent
    /// by priority; of equals the one that was named first.
    pub(crate) fn add_grant(&mut self, version: &'a Version, number: AllowanceNo, left: u64) {
        let allowances = &version.catalog.allowances;
        let Some(allowance) = allowances.get(number.index()) else {
            return;
        };
        self.grants.push(Available {
            grant: GrantNo(self.grants.len() as u32 + 1),
            version,
            allowance: number,
            left,
            left_abroad: allowance.units_abroad.map(|most| most.min(left)),
        });
        let priority = |grant: &Available<'_>| {
            let known = allowances.get(grant.allowance.index());
            known.map_or(0, |allowance| allowance.priority)
        };
        self.grants.sort_by_key(|grant| Reverse(priority(grant)));
    }

    /// Adds the units of a cycle that were charged by these tiers.
    pub(crate) fn add_counter(&mut self, tiers: &Tiers, units: u64) {
        self.counters.push(Counter {
            no: tiers.counter,
            per: tiers.per,
            units,
        });
    }
}

/// The allowance with this name: one of the plan's that prices the record, or `PRODUCT/NAME`.
pub(crate) fn allowance(
    catalogs: &CatalogSet,
    version: &Version,
    tariff: Tariff<'_>,
    record: &Record<'_>,
    name: &str,
) -> Result<AllowanceNo, Rejection> {
    let catalog = &*version.catalog;
    let plan = match tariff {
        Tariff::Plan(plan) => plan,
        Tariff::Plans(changes) => plan_at(changes, record.start)?.0,
        Tariff::Profile(profile) => profile::plan_at(version, profile, record)?,
    };
    let Some(plan) = version.plan(plan) else {
        return Err(crate::resolve::no_plan(
            catalogs,
            version,
            plan,
            record.start,
        ));
    };
    let numbered = (0..).map(AllowanceNo).zip(&catalog.allowances);
    let mut of_product = numbered.filter(|(_, allowance)| product_name(catalog, allowance, name));
    let own = plan.allowances.iter().copied();
    let mut own = own.filter(|number| name_of(catalog, *number) == Some(name));
    let found = own.next().or_else(|| Some(of_product.next()?.0));
    found.ok_or_else(|| unknown_allowance(catalog, plan, name))
}

fn name_of(catalog: &Catalog, number: AllowanceNo) -> Option<&str> {
    Some(catalog.allowances.get(number.index())?.name.as_str())
}

/// Whether `name` is `PRODUCT/NAME` of the allowance.
fn product_name(catalog: &Catalog, allowance: &Allowance, name: &str) -> bool {
    let AllowanceOf::Product(product) = allowance.of else {
        return false;
    };
    let product = catalog.products.get(product.index());
    let rest = product.and_then(|product| name.strip_prefix(product.name.as_str()));
    rest.and_then(|rest| rest.strip_prefix('/')) == Some(allowance.name.as_str())
}

fn unknown_allowance(catalog: &Catalog, plan: &Plan, name: &str) -> Rejection {
    let own = plan.allowances.iter();
    let own = own.filter_map(|number| name_of(catalog, *number));
    let known = listed(own).unwrap_or_else(|| "none".to_owned());
    let detail = format!(
        "left: plan {} has no allowance {name:?}; it has {known}. Of a product write \"PRODUCT/NAME\"",
        plan.name
    );
    Rejection::new(Reason::MalformedField, detail)
}

/// The tiers of the rate with this name.
pub(crate) fn tiers<'c>(version: &'c Version, name: &str) -> Result<&'c Tiers, Rejection> {
    let rates = &version.catalog.rates;
    let found = rates.iter().find(|rate| rate.name == name);
    if let Some(tiers) = found.and_then(|rate| rate.tiers.as_ref()) {
        return Ok(tiers);
    }
    let tiered = rates.iter().filter(|rate| rate.tiers.is_some());
    let known = listed(tiered.map(|rate| rate.name.as_str())).unwrap_or_else(|| "none".to_owned());
    let what = if found.is_some() {
        "the rate has no tiers"
    } else {
        "there is no such rate"
    };
    let detail = format!("so_far: {name:?}: {what}; rates with tiers: {known}");
    Err(Rejection::new(Reason::MalformedField, detail))
}

/// Refuses a credit class that the version does not have.
pub(crate) fn check_class(version: &Version, name: &str) -> Result<(), Rejection> {
    let classes = &version.catalog.classes;
    if classes.iter().any(|class| class.name == name) {
        return Ok(());
    }
    let known = listed(classes.iter().map(|class| class.name.as_str()));
    let label = &version.catalog.label;
    let known = known.unwrap_or_else(|| "none".to_owned());
    let detail = format!("catalog {label} has no class {name:?}; it has {known}");
    Err(Rejection::new(Reason::UnknownClass, detail))
}

/// Names in quotes, as many as a message should have; none where there are none.
fn listed<'n>(names: impl Iterator<Item = &'n str>) -> Option<String> {
    const MOST: usize = 8;
    let mut names = names.map(|name| format!("{name:?}")).peekable();
    names.peek()?;
    let mut first: Vec<String> = names.by_ref().take(MOST).collect();
    if names.next().is_some() {
        first.push("others".to_owned());
    }
    Some(first.join(", "))
}

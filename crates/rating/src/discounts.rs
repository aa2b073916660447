//! Which discounts a record gets (rule 9 of the tariff reference): those of the catalog version at its start whose
//! conditions hold there. Percentages add up, to the catalog's cap.

use crate::account::Customer;
use crate::record::Record;
use crate::segments::Walk;
use smol_str::SmolStr;
use umbral_catalog::tables::{Catalog, Discount};
use umbral_model::charge::Charge;
use umbral_model::ids::DiscountNo;

/// Notes the discounts of the record, in the order of the catalog.
pub(crate) fn apply(
    charge: &mut Charge,
    walk: &Walk<'_>,
    record: &Record<'_>,
    customer: &Customer<'_>,
) {
    let catalog = &*walk.version.catalog;
    let mut sum = 0u32;
    for (index, discount) in catalog.discounts.iter().enumerate() {
        if is_for_customer(discount, customer) && is_for_record(discount, charge, walk, record) {
            let number = DiscountNo(index as u16);
            charge.discounts.push((number, discount.bps));
            sum = sum.saturating_add(discount.bps);
        }
    }
    charge.discount_bps = sum.min(catalog.discount_cap_bps);
}

fn is_for_customer(discount: &Discount, customer: &Customer<'_>) -> bool {
    let is_class = |own: &str| discount.classes.iter().any(|name| name == own);
    let one_of = |names: &[SmolStr], own: &[SmolStr]| {
        names.is_empty() || own.iter().any(|own| names.contains(own))
    };
    customer.vip_rank >= discount.vip_rank
        && (discount.classes.is_empty() || customer.class.is_some_and(is_class))
        && one_of(&discount.tiers, customer.tiers)
        && one_of(&discount.cards, customer.cards)
}

fn is_for_record(
    discount: &Discount,
    charge: &Charge,
    walk: &Walk<'_>,
    record: &Record<'_>,
) -> bool {
    let catalog: &Catalog = &walk.version.catalog;
    let of_plan = |index: &u32| {
        let known = catalog.plans.get(*index as usize);
        known.is_some_and(|known| known.number == charge.plan)
    };
    discount.from <= record.start
        && record.start < discount.until
        && (discount.plans.is_empty() || discount.plans.iter().any(of_plan))
        && (discount.services.is_empty() || discount.services.contains(&charge.service))
        && discount
            .direction
            .is_none_or(|direction| direction == record.direction)
        && discount.networks.admits(walk.view.place)
        && walk.view.is_to(&discount.zones)
}

//! Products with numbers in place of names.

use super::allowances::Allowances;
use super::names::Names;
use super::programmes;
use crate::draft::Draft;
use crate::problem::Report;
use crate::tables::Product;

/// Resolves the plans of all products.
pub(crate) fn resolve(
    draft: &Draft,
    names: &Names<'_>,
    allowances: &Allowances,
    report: &mut Report,
) -> Vec<Product> {
    let mut products = Vec::new();
    for (product, own) in draft.products.iter().zip(&allowances.of_products) {
        let plan = product.plan.as_ref();
        programmes::known_cards(draft, product.card.as_slice(), report);
        products.push(Product {
            name: product.name.value.clone(),
            price: product.price,
            category: product.category.clone(),
            instalments: product.instalments,
            allowances: own.clone(),
            plan: plan.and_then(|name| names.plan(name, report)),
            card: product.card.as_ref().map(|card| card.value.clone()),
            descriptions: product.descriptions.clone(),
        });
    }
    products
}

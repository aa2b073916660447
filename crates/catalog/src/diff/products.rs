//! What is bought by its name.

use super::fields::{self, Field};
use super::{Change, Effect, Kind, Pair, allowances};
use crate::tables::{Catalog, Product};

/// Adds the changes of products.
pub(super) fn changes(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let [from, to] = pair.sides;
    for products in fields::paired(&from.products, &to.products, |product| &product.name) {
        let named = |product: &Product| format!("product {}", product.name);
        match products {
            (Some(old), Some(new)) => {
                let (before, after) = (facts(from, old), facts(to, new));
                changes.extend(fields::changes(Kind::Product, &named(new), &before, &after));
                let lists = [old, new].map(|product| product.allowances.as_slice());
                changes.extend(allowances::compared(
                    pair,
                    Kind::Product,
                    &named(new),
                    lists,
                ));
            }
            (Some(old), None) => {
                let mut change = Change::new(Kind::Product, named(old));
                change.from = Some(summary(pair, 0, old));
                changes.push(change);
            }
            (None, Some(new)) => {
                let mut change = Change::new(Kind::Product, named(new));
                change.to = Some(summary(pair, 1, new));
                changes.push(change);
            }
            (None, None) => {}
        }
    }
}

fn facts(catalog: &Catalog, product: &Product) -> Vec<Field> {
    let plan = product
        .plan
        .and_then(|plan| catalog.plans.get(plan as usize));
    let instalments = match product.instalments {
        0 | 1 => "at once".to_owned(),
        parts => format!("in {parts} instalments"),
    };
    let card = product.card.as_deref().unwrap_or("none");
    vec![
        Field::new("price", product.price.to_string())
            .amount(product.price.micros().into(), Effect::Dearer),
        Field::new("paid on account", instalments),
        Field::new("category", product.category.as_str()),
        Field::new(
            "plan that it changes to",
            plan.map_or("none", |plan| plan.name.as_str()),
        ),
        Field::new("card that it pays for", card),
    ]
}

/// The price, and what it grants.
fn summary(pair: &Pair<'_>, side: usize, product: &Product) -> String {
    let catalog = pair.sides[side];
    let mut text = product.price.to_string();
    for number in &product.allowances {
        if let Some(allowance) = catalog.allowances.get(number.index()) {
            text.push_str(&format!("; {}", allowances::summary(pair, side, allowance)));
        }
    }
    if let Some(plan) = product
        .plan
        .and_then(|plan| catalog.plans.get(plan as usize))
    {
        text.push_str(&format!("; changes to plan {}", plan.name));
    }
    if let Some(card) = &product.card {
        text.push_str(&format!("; card {card}"));
    }
    text
}

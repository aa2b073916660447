//! Plans that come and go, and their monthly fees.

use super::fields::{self, Field};
use super::{Change, Effect, Kind, Pair, allowances};
use crate::tables::{Catalog, Plan};
use smol_str::SmolStr;
use umbral_model::money::Money;

/// Adds the changes of plans beside prices and allowances.
pub(super) fn changes(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let [from, to] = pair.sides;
    for plans in fields::paired(&from.plans, &to.plans, |plan| &plan.name) {
        match plans {
            (Some(old), Some(new)) => {
                let found = fields::changes(Kind::Fee, "", &fees(old), &fees(new));
                changes.extend(found.into_iter().map(|change| change.of_plan(&new.name)));
            }
            (None, Some(new)) => {
                let mut change = Change::new(Kind::Plan, format!("plan {}", new.name));
                change.to = Some(summary(pair, 1, new));
                changes.push(change.of_plan(&new.name));
            }
            (Some(old), None) => {
                let mut change = Change::new(Kind::Plan, format!("plan {}", old.name));
                change.from = Some(summary(pair, 0, old));
                let note = "who has it keeps it as it was";
                changes.push(change.of_plan(&old.name).note(note));
            }
            (None, None) => {}
        }
    }
}

fn fees(plan: &Plan) -> Vec<Field> {
    let proration = if plan.by_day { "by the day" } else { "none" };
    vec![
        Field::new("monthly fee", fee(plan.monthly_fee))
            .amount(plan.monthly_fee.micros().into(), Effect::Dearer),
        Field::new("proration", proration),
    ]
}

fn fee(amount: Money) -> String {
    match amount {
        Money::ZERO => "none".to_owned(),
        amount => amount.to_string(),
    }
}

/// What a plan sells, in one line.
fn summary(pair: &Pair<'_>, side: usize, plan: &Plan) -> String {
    let catalog = pair.sides[side];
    let mut text = sold(catalog, plan).join(", ");
    if plan.monthly_fee != Money::ZERO {
        text.push_str(&format!("; monthly fee {}", plan.monthly_fee));
    }
    for allowance in &plan.allowances {
        if let Some(allowance) = catalog.allowances.get(allowance.index()) {
            let words = allowances::summary(pair, side, allowance);
            text.push_str(&format!("; {}: {words}", allowance.name));
        }
    }
    text
}

fn sold(catalog: &Catalog, plan: &Plan) -> Vec<SmolStr> {
    let services = catalog.services.iter().zip(&plan.by_service);
    let some = services.filter(|(_, rules)| {
        !rules.anywhere.is_empty()
            || !rules.visited.is_empty()
            || !rules.by_zone.is_empty()
            || !rules.by_zone_set.is_empty()
    });
    some.map(|(service, _)| service.name.clone()).collect()
}

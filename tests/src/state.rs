//! An account in the JSON form in which stories say how it must be.

use serde_json::{Map, Value, json};
use smol_str::SmolStr;
use umbral_engine::{AccountView, GrantView, LedgerView, MeasureView};
use umbral_model::input::Scope;
use umbral_model::money::Money;

/// Money, allowances, tiers, fees and instalments of an account.
pub fn of(view: &AccountView) -> Value {
    let instalments = view.instalments.iter();
    let instalments = instalments.map(|agreed| {
        json!({ "purchase_id": agreed.purchase.as_str(), "next": agreed.next, "of": agreed.count,
            "remaining": money(agreed.remaining) })
    });
    let fees = view.fees.iter().map(|fee| {
        json!({ "plan": fee.plan.as_str(), "member_id": fee.member.as_ref().map(|m| m.as_str()),
            "fee": money(fee.fee), "from": fee.from.to_string(), "until": fee.until.to_string() })
    });
    let tiers = view.tiers.iter().map(|tier| {
        json!({ "rate": tier.rate.as_str(), "units": tier.units, "tier": tier.tier,
            "member_id": tier.member.as_ref().map(|m| m.as_str()) })
    });
    let parked = view.parked.iter().map(|(correction, record, until)| {
        json!({ "correction": correction.event_id.as_str(), "record": record.event_id.as_str(),
            "until": until.to_string() })
    });
    json!({
        "plan": view.plan.as_deref(),
        "exposure": money(view.exposure),
        "unbilled": money(view.unbilled),
        "credit": money(view.credit),
        "usage": usage(view.cycles.first().map_or([Money::ZERO; 4], |cycle| cycle.usage)),
        "charges": view.cycles.first().map(|cycle| money(cycle.charges)),
        "allowances": view.allowances.iter().map(allowance).collect::<Vec<_>>(),
        "tiers": tiers.collect::<Vec<_>>(),
        "fees": fees.collect::<Vec<_>>(),
        "instalments": instalments.collect::<Vec<_>>(),
        "parked": parked.collect::<Vec<_>>(),
        "loyalty_tiers": words(&view.loyalty_tiers),
        "cards": words(&view.cards),
        "ledgers": view.ledgers.iter().map(ledger).collect::<Map<_, _>>(),
        "measures": view.measures.iter().map(measure).collect::<Map<_, _>>(),
    })
}

fn words(words: &[SmolStr]) -> Vec<&str> {
    words.iter().map(SmolStr::as_str).collect()
}

/// A ledger of points, by its name.
fn ledger(view: &LedgerView) -> (String, Value) {
    let state = json!({
        "state": view.state,
        "pending": view.balances.pending,
        "available": view.balances.available,
        "reserved": view.balances.reserved,
        "debt": view.balances.debt,
        "tier": view.tier.as_deref(),
        "counter": view.counter,
        "sales": money(view.sales),
        "valid_until": view.validity.1.map(|day| day.to_string()),
        "ends_on": view.ends_on.map(|day| day.to_string()),
    });
    (view.ledger.to_string(), state)
}

fn money(amount: Money) -> String {
    amount.to_string()
}

fn usage(money_by_scope: [Money; 4]) -> Value {
    let by_scope = Scope::ALL.iter().zip(money_by_scope);
    let by_scope = by_scope.map(|(scope, amount)| (scope.word().to_owned(), json!(money(amount))));
    Value::Object(by_scope.collect())
}

fn allowance(grant: &GrantView) -> Value {
    json!({
        "grant": grant.grant.0,
        "name": grant.name.as_str(),
        "of": grant.of.as_str(),
        "member_id": grant.member.as_ref().map(|member| member.as_str()),
        "granted": grant.granted,
        "left": grant.left,
        "left_abroad": grant.left_abroad,
        "from": grant.from.to_string(),
        "until": grant.until.to_string(),
        "warned": grant.warned.iter().map(|id| id.as_str()).collect::<Vec<_>>(),
    })
}

fn measure(view: &MeasureView) -> (String, Value) {
    let name = match view.scope {
        Scope::All => view.measure.word().to_owned(),
        scope => format!("{}/{}", view.measure.word(), scope.word()),
    };
    let fired = view.latches.iter().filter(|latch| latch.fired);
    let fired: Vec<&str> = fired.map(|latch| latch.threshold.as_str()).collect();
    (name, json!({ "value": money(view.value), "fired": fired }))
}

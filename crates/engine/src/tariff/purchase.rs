//! Purchases: on account they are charges, otherwise they were paid at once. A line that names a product of
//! the catalog is priced by the version in force and grants what the product grants (rule 12 of the tariff
//! reference).

use super::fees;
use super::grants::{self, GRANTS_MOST, Offer, Share};
use crate::account::{Instalments, Row};
use crate::credit::latch;
use crate::decide::in_range;
use crate::draft::Draft;
use crate::loyalty::{self, purchase::Bought};
use crate::usage::cycle_to_count_in;
use smol_str::SmolStr;
use umbral_catalog::tables::{Catalog, Product};
use umbral_model::event::*;
use umbral_model::ids::{PlanName, PurchaseId, VersionNo};
use umbral_model::input::{Input, Purchase, PurchaseLine};
use umbral_model::money::{Currency, Money};
use umbral_model::rejection::{Reason, Rejection};

/// The method of a purchase that is not paid at once.
const ON_ACCOUNT: &str = "on_account";
/// Code of a purchase on account.
const PURCHASE: &str = "purchase";
/// Code of a later instalment.
const INSTALMENT: &str = "instalment";
/// Instalment plans that an account may have at a time.
const INSTALMENTS_MOST: usize = 50;

/// A line as it is priced.
struct Priced<'c> {
    bought: BoughtLine,
    /// The product that it names.
    product: Option<&'c Product>,
    /// Instalments to come after the first.
    agreed: Option<InstalmentsAgreed>,
    /// Price before tax and discount.
    net: Money,
    /// Its category, or that of the product.
    category: SmolStr,
}

/// Records a purchase.
pub(crate) fn record(
    draft: &mut Draft<'_>,
    input: &Input,
    purchase: &Purchase,
) -> Result<(), Rejection> {
    let on_account = purchase.method == ON_ACCOUNT;
    let version = draft
        .world
        .in_force(input.occurred_at)
        .map(|(_, number)| number);
    let catalog = version.and_then(|number| {
        let found = draft.world.catalogs.get(number)?;
        Some((number, &*found.catalog))
    });
    let mut lines = Vec::with_capacity(purchase.lines.len());
    for line in &purchase.lines {
        lines.push(priced(draft, purchase, line, catalog, on_account)?);
    }
    has_room(draft, &lines)?;
    let total = lines
        .iter()
        .try_fold(Money::ZERO, |sum, line| sum.checked_add(line.bought.amount))
        .filter(|total| *total >= Money::ZERO)
        .ok_or_else(less_than_nothing)?;
    in_range(total, "the purchase")?;
    check_points_part(purchase, &lines)?;
    let bought = lines.iter().map(|line| line.bought.clone()).collect();
    post(draft, input, purchase, (total, bought))?;
    for line in &mut lines {
        if let Some(agreed) = line.agreed.take() {
            draft.push(EventBody::InstalmentsAgreed(agreed));
        }
        if let (Some(product), Some((version, catalog))) = (line.product, catalog) {
            give(
                draft,
                input,
                purchase,
                product,
                line.bought.qty,
                (version, catalog),
            );
        }
    }
    latch::compare(draft, Cause::Charge);
    loyalty::purchase::earn(
        draft,
        &Bought {
            purchase,
            occurred_at: input.occurred_at,
            lines: lines
                .into_iter()
                .map(|line| (line.net, line.category))
                .collect(),
        },
    );
    Ok(())
}

/// Owes the purchase, or records that it was paid at once.
fn post(
    draft: &mut Draft<'_>,
    input: &Input,
    purchase: &Purchase,
    (total, bought): (Money, Vec<BoughtLine>),
) -> Result<(), Rejection> {
    if purchase.method == ON_ACCOUNT {
        let cycle = cycle_to_count_in(draft, input)?;
        draft.push(EventBody::ChargePosted(ChargePosted {
            kind: ChargeKind::Purchase(purchase.purchase.clone(), bought),
            amount: total,
            code: SmolStr::new_static(PURCHASE),
            cycle,
        }));
        return Ok(());
    }
    let cycle = draft.row.cycle_of(draft.world, input.occurred_at);
    draft.push(EventBody::PurchaseRecorded(PurchaseRecorded {
        purchase: purchase.purchase.clone(),
        method: purchase.method.clone(),
        total,
        cycle,
        lines: bought,
    }));
    Ok(())
}

/// Points pay no more of a purchase than it comes to.
fn check_points_part(purchase: &Purchase, lines: &[Priced<'_>]) -> Result<(), Rejection> {
    let Some(part) = &purchase.points_part else {
        return Ok(());
    };
    let lines = purchase.lines.iter().zip(lines);
    let owed = lines.map(|(line, priced)| line.owed(priced.net));
    let whole = owed.reduce(|sum, owed| sum?.checked_add(owed?)).flatten();
    let whole = whole.ok_or_else(less_than_nothing)?;
    match part.amount <= whole {
        true => Ok(()),
        false => Err(Rejection::new(
            Reason::BadAmount,
            format!(
                "{} of the purchase is paid in points, and it comes to {whole}",
                part.amount
            ),
        )),
    }
}

fn less_than_nothing() -> Rejection {
    Rejection::new(
        Reason::BadAmount,
        "the lines of the purchase add up to less than nothing",
    )
}

/// The price of a line: its own, or the catalog's for the product that it names.
fn priced<'c>(
    draft: &Draft<'_>,
    purchase: &Purchase,
    line: &PurchaseLine,
    catalog: Option<(VersionNo, &'c Catalog)>,
    on_account: bool,
) -> Result<Priced<'c>, Rejection> {
    let product = catalog.and_then(|(version, catalog)| {
        let mut products = catalog.products.iter();
        let found = products.find(|product| product.name == line.item)?;
        Some((version, found))
    });
    let net = match (line.net, product) {
        (Some(net), _) => net,
        (None, Some((_, product))) => times(product.price, line.qty)?,
        (None, None) => return Err(unknown_product(line)),
    };
    let whole = line.owed(net).ok_or_else(less_than_nothing)?;
    let parts = match product {
        Some((_, product)) if on_account => product.instalments.max(1),
        _ => 1,
    };
    let (amount, agreed) = in_parts(draft.row.currency, purchase, line, whole, parts);
    let bought = BoughtLine {
        item: line.item.clone(),
        qty: line.qty,
        product: product.map(|(version, _)| version),
        amount,
        instalments: parts,
        card: product.and_then(|(_, product)| product.card.clone()),
    };
    Ok(Priced {
        bought,
        category: match product.filter(|_| line.category.is_empty()) {
            Some((_, product)) => product.category.clone(),
            None => line.category.clone(),
        },
        product: product.map(|(_, product)| product),
        agreed,
        net,
    })
}

fn unknown_product(line: &PurchaseLine) -> Rejection {
    Rejection::new(
        Reason::UnknownProduct,
        format!(
            "the line of {} has no price, and the catalog in force has no product of that name; give net, or \
             name a product",
            line.item
        ),
    )
}

fn times(price: Money, qty: u32) -> Result<Money, Rejection> {
    let product = i128::from(price.micros()) * i128::from(qty);
    let micros = i64::try_from(product).map_err(|_| less_than_nothing());
    micros.map(Money::from_micros)
}

/// The first of `parts` equal instalments in whole minor units, rounded down, and what is to come; the last
/// one takes the rest.
fn in_parts(
    currency: Currency,
    purchase: &Purchase,
    line: &PurchaseLine,
    whole: Money,
    parts: u16,
) -> (Money, Option<InstalmentsAgreed>) {
    if parts <= 1 {
        return (whole, None);
    }
    let minor = currency.minor_unit().micros();
    let each = whole
        .micros()
        .div_euclid(i64::from(parts))
        .div_euclid(minor)
        * minor;
    let amount = Money::from_micros(each);
    let last = whole.micros() - each * i64::from(parts - 1);
    let agreed = InstalmentsAgreed {
        purchase: purchase.purchase.clone(),
        product: line.item.clone(),
        count: parts,
        amount,
        last_amount: Money::from_micros(last),
    };
    (amount, Some(agreed))
}

/// Bounds of what an account can hold: the purchase is refused, not a part of it.
fn has_room(draft: &Draft<'_>, lines: &[Priced<'_>]) -> Result<(), Rejection> {
    let grants: usize = lines
        .iter()
        .filter_map(|line| line.product)
        .map(|product| product.allowances.len())
        .sum();
    let agreed = lines.iter().filter(|line| line.agreed.is_some()).count();
    let too_many_grants = draft.row.meters().grants.len() + grants > GRANTS_MOST;
    let too_many_parts = draft.row.cold().tariff.instalments.len() + agreed > INSTALMENTS_MOST;
    if too_many_grants || too_many_parts {
        return Err(Rejection::new(
            Reason::BadAmount,
            format!(
                "the account would have more than {GRANTS_MOST} allowances or {INSTALMENTS_MOST} instalment plans \
                 at a time"
            ),
        ));
    }
    Ok(())
}

/// Gives what a product grants: its allowances as often as it was bought, and its plan.
fn give(
    draft: &mut Draft<'_>,
    input: &Input,
    purchase: &Purchase,
    product: &Product,
    qty: u32,
    (version, catalog): (VersionNo, &Catalog),
) {
    for number in &product.allowances {
        let Some(allowance) = catalog.allowances.get(number.index()) else {
            continue;
        };
        let offer = Offer {
            version,
            number: *number,
            allowance,
            member: input.member.as_ref().filter(|_| !allowance.shared),
            share: Share::WHOLE,
            times: qty,
            from: input.occurred_at,
        };
        grants::grant(
            draft,
            offer,
            GrantCause::Purchase(purchase.purchase.clone()),
        );
    }
    let plan = product
        .plan
        .and_then(|index| catalog.plans.get(index as usize));
    if let Some(plan) = plan {
        fees::change_plan(
            draft,
            input.member.clone(),
            PlanName::new(plan.name.clone()),
        );
    }
}

/// Charges the instalments that a new cycle brings, in the order in which they were agreed.
pub(crate) fn charge_instalments(draft: &mut Draft<'_>) {
    let cycle = draft.row.cycle_start;
    let due = draft.row.cold().tariff.instalments.clone();
    for instalments in due {
        let is_last = instalments.next == instalments.count;
        let amount = if is_last {
            instalments.last_amount
        } else {
            instalments.amount
        };
        draft.push(EventBody::ChargePosted(ChargePosted {
            kind: ChargeKind::Instalment {
                purchase: instalments.purchase,
                product: instalments.product,
                number: instalments.next,
                of: instalments.count,
            },
            amount,
            code: SmolStr::new_static(INSTALMENT),
            cycle,
        }));
    }
}

/// Takes instalments to come into the row.
pub(crate) fn apply_agreed(row: &mut Row, body: &InstalmentsAgreed) {
    row.cold_mut().tariff.instalments.push(Instalments {
        purchase: body.purchase.clone(),
        product: body.product.clone(),
        next: 2,
        count: body.count,
        amount: body.amount,
        last_amount: body.last_amount,
    });
}

/// Takes a charged instalment into the row.
pub(crate) fn apply_instalment(
    row: &mut Row,
    purchase: &PurchaseId,
    product: &SmolStr,
    number: u16,
) {
    let instalments = &mut row.cold_mut().tariff.instalments;
    let is_it = |known: &Instalments| {
        known.purchase == *purchase && known.product == *product && known.next == number
    };
    let Some(index) = instalments.iter().position(is_it) else {
        return;
    };
    if instalments[index].next == instalments[index].count {
        instalments.remove(index);
    } else {
        instalments[index].next += 1;
    }
}

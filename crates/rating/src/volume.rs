//! Volume tiers over several records: what a record costs under its rate, and the difference for the units of
//! the cycle that were charged at another tier's price.

use crate::price::Sum;
use umbral_catalog::version::CatalogSet;
use umbral_model::charge::Charge;
use umbral_model::event::VolumeCharge;
use umbral_model::ids::CounterNo;
use umbral_model::money::{Money, Pico, Rounding};
use umbral_model::rejection::Rejection;

/// What the money units of a charge cost under the rate with this counter, before minimum, maximum, discounts
/// and rounding: to the nearest pico-unit, halves up.
///
/// # Errors
/// An amount that 128 bits do not hold.
pub fn tier_money(
    catalogs: &CatalogSet,
    charge: &Charge,
    counter: CounterNo,
) -> Result<Pico, Rejection> {
    let mut sum = Sum::starting_with(Pico::ZERO);
    for segment in charge.segments.iter().filter(|part| part.tier.is_some()) {
        let rates = catalogs
            .get(segment.version)
            .map(|version| &version.catalog.rates);
        let rate = rates.and_then(|rates| rates.get(segment.rate.index()));
        let tiers = rate.and_then(|rate| rate.tiers.as_ref());
        if tiers.is_some_and(|tiers| tiers.counter == counter) {
            sum.add(
                segment.price,
                segment.billed - segment.covered,
                segment.unit,
            )?;
        }
    }
    sum.exact().nearest_pico()
}

/// The amount of a volume charge, from its explanation alone:
/// `units_after x to_price / to_unit - units_before x from_price / from_unit - own`, less the discount, rounded
/// as the rate says. `own` is held to twelve decimals, so what is finer than ten is its rounding and no amount:
/// no mode makes money of it.
///
/// # Errors
/// An amount that 128 bits do not hold.
pub fn volume_amount(volume: &VolumeCharge, rounding: Rounding) -> Result<Money, Rejection> {
    let negative = |price: Pico| Pico::from_picos(-price.picos());
    let mut sum = Sum::starting_with(negative(volume.own));
    sum.add(volume.to_price, volume.units_after, volume.to_unit)?;
    sum.add(
        negative(volume.from_price),
        volume.units_before,
        volume.from_unit,
    )?;
    let exact = sum.exact().less(volume.discount_bps)?;
    exact.without_dust()?.round(rounding)
}

//! Loyalty programmes, each in a few lines.

use crate::loyalty::{Programme, words};
use crate::tables::Catalog;
use crate::text::spans::{shown_expiry, shown_months};
use smol_str::SmolStr;
use umbral_model::time::{Date, Timestamp};

/// A programme.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProgrammeSummary {
    /// Its name.
    pub name: SmolStr,
    /// What earns points, in the order in which it decides: `1 point per 10.00 of purchases`.
    pub earns: Vec<String>,
    /// How long points live; none: for ever.
    pub expiry: Option<String>,
    /// Promotions with what they add.
    pub promotions: Vec<(SmolStr, String)>,
    /// Tiers, the lowest first, with how they are reached and kept.
    pub tiers: Vec<(SmolStr, String)>,
    /// How long a tier holds; none: for ever.
    pub tier_validity: Option<String>,
    /// Types of cards with their particulars.
    pub cards: Vec<(SmolStr, String)>,
    /// Rewards with their points.
    pub rewards: Vec<(SmolStr, u64)>,
}

/// All programmes.
pub(super) fn programmes(catalog: &Catalog) -> Vec<ProgrammeSummary> {
    let of = |programme: &Programme| ProgrammeSummary {
        name: programme.name.clone(),
        earns: earns(catalog, programme),
        expiry: programme.expiry.as_ref().map(shown_expiry),
        promotions: named(&programme.promotions, |promotion| {
            (promotion.name.clone(), words::promotion(promotion))
        }),
        tiers: named(&programme.tiers, |tier| {
            (tier.name.clone(), words::tier(tier))
        }),
        tier_validity: programme.tier_validity_months.map(shown_months),
        cards: named(&programme.card_types, |card| {
            (card.name.clone(), words::card(card))
        }),
        rewards: named(&programme.redemption.rewards, |reward| {
            (reward.name.clone(), reward.points)
        }),
    };
    catalog.programmes.iter().map(of).collect()
}

fn named<T, W>(things: &[T], words: impl Fn(&T) -> (SmolStr, W)) -> Vec<(SmolStr, W)> {
    things.iter().map(words).collect()
}

/// The rules of all versions; each with its version where there are several.
fn earns(catalog: &Catalog, programme: &Programme) -> Vec<String> {
    let several = programme.versions.len() > 1;
    let day = |at: Timestamp| -> Date { catalog.zone.local(at).date };
    let versions = programme.versions.iter();
    let lines = versions.flat_map(|version| {
        version.rules.iter().map(move |rule| match several {
            true => {
                let (name, from) = (&version.name, day(version.from));
                format!("{name} from {from} on: {}", words::rule(rule))
            }
            false => words::rule(rule),
        })
    });
    lines.collect()
}

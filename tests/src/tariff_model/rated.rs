//! A rated record, and the short text that engine and model must both come to.

use crate::tariff_model::model::Counter;
use crate::tariff_model::tariff::{Micro, Rate};
use chrono::NaiveDate;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A run of units of a record at one price.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Piece {
    pub(crate) rate: usize,
    pub(crate) price: Micro,
    pub(crate) tier: Option<usize>,
    pub(crate) billed: i128,
    pub(crate) covered: i128,
}

/// A rated record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Rated {
    pub(crate) member: Option<usize>,
    pub(crate) scope: &'static str,
    pub(crate) cycle: NaiveDate,
    pub(crate) quantity: i128,
    pub(crate) amount: Micro,
    pub(crate) pieces: Vec<Piece>,
    /// Units by number of the grant, and what it has left, in the order in which they were taken.
    pub(crate) covered: Vec<(usize, i128, i128)>,
    pub(crate) abroad: bool,
    pub(crate) setup: Micro,
    pub(crate) bps: i128,
    /// Units that cost money under rates with tiers, and what they cost times the unit.
    pub(crate) counted: BTreeMap<Counter, (i128, i128)>,
}

impl Rated {
    /// The short text that the engine's charge must come to as well.
    pub(crate) fn text(&self, rates: &[Rate]) -> String {
        let mut out = format!(
            "{} {} {} q{} = {}",
            crate::tariff_model::model::who(self.member),
            self.scope,
            self.cycle,
            self.quantity,
            self.amount
        );
        let pieces = self.pieces.iter().map(|piece| Shown {
            rate: &rates[piece.rate].name,
            price: i128::from(piece.price),
            tier: piece.tier,
            billed: piece.billed,
            covered: piece.covered,
        });
        out.push_str(&pieces_text(pieces));
        let mut by_grant: BTreeMap<usize, (i128, i128)> = BTreeMap::new();
        for (grant, units, left) in &self.covered {
            let entry = by_grant.entry(*grant).or_default();
            *entry = (entry.0 + units, *left);
        }
        for (grant, (units, left)) in by_grant {
            let _ = write!(out, " g{grant}:{units}>{left}");
        }
        let _ = write!(out, " setup{} bps{}", self.setup, self.bps);
        out
    }
}

/// A piece as both sides show it.
pub(crate) struct Shown<'a> {
    pub(crate) rate: &'a str,
    pub(crate) price: i128,
    pub(crate) tier: Option<usize>,
    pub(crate) billed: i128,
    pub(crate) covered: i128,
}

/// Pieces in order, neighbours at one price put together; of rates with tiers what costs money by tier, and
/// how much was billed and covered in all, for which tier covered units lie in does not matter.
pub(crate) fn pieces_text<'a>(pieces: impl Iterator<Item = Shown<'a>>) -> String {
    let mut plain: Vec<(&str, i128, i128, i128)> = Vec::new();
    let mut tiers: BTreeMap<(&str, usize, i128), i128> = BTreeMap::new();
    let mut sums: BTreeMap<&str, (i128, i128)> = BTreeMap::new();
    for piece in pieces {
        let Shown {
            rate,
            price,
            tier,
            billed,
            covered,
        } = piece;
        if let Some(tier) = tier {
            *tiers.entry((rate, tier, price)).or_default() += billed - covered;
            let sum = sums.entry(rate).or_default();
            *sum = (sum.0 + billed, sum.1 + covered);
            continue;
        }
        match plain.last_mut() {
            Some(last) if (last.0, last.1) == (rate, price) => {
                last.2 += billed;
                last.3 += covered;
            }
            _ => plain.push((rate, price, billed, covered)),
        }
    }
    let mut out = String::new();
    for (rate, price, billed, covered) in plain {
        let _ = write!(out, " [{rate}@{price} {billed}-{covered}]");
    }
    for ((rate, tier, price), money) in tiers.into_iter().filter(|(_, money)| *money > 0) {
        let _ = write!(out, " [{rate} t{tier}@{price} {money}]");
    }
    for (rate, (billed, covered)) in sums {
        let _ = write!(out, " [{rate} {billed}-{covered}]");
    }
    out
}

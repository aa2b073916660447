//! The account that one record is priced for: what it has left, what it used, and who it is.

use crate::failure::Failure;
use serde_json::{Map, Value};

/// What is said of the account. The fields are those of a batch line.
#[derive(clap::Args, Debug)]
#[group(skip)]
pub(super) struct Account {
    /// Units that an allowance of the plan, or PRODUCT/NAME, has left; may be repeated. Of equal priority the
    /// one that comes first is spent first. Without it the record is priced as beyond its allowances
    #[arg(long, help_heading = "Account", conflicts_with = "batch", value_name = "NAME=UNITS", value_parser = named_units)]
    left: Vec<NamedUnits>,
    /// Units that the cycle was charged for before under a rate with tiers; may be repeated
    #[arg(long, help_heading = "Account", conflicts_with = "batch", value_name = "RATE=UNITS", value_parser = named_units)]
    so_far: Vec<NamedUnits>,
    /// Credit class, for discounts
    #[arg(long, help_heading = "Account", conflicts_with = "batch")]
    class: Option<String>,
    /// Loyalty tier, for discounts
    #[arg(long, help_heading = "Account", conflicts_with = "batch")]
    tier: Option<String>,
    /// Type of a card that the customer holds, for discounts; may be repeated
    #[arg(
        long,
        help_heading = "Account",
        conflicts_with = "batch",
        value_name = "TYPE"
    )]
    card: Vec<String>,
    /// VIP rank, for discounts
    #[arg(
        long,
        help_heading = "Account",
        conflicts_with = "batch",
        value_name = "RANK"
    )]
    vip_rank: Option<u16>,
}

/// A name and units of it, as written.
#[derive(Clone, Debug)]
struct NamedUnits {
    name: String,
    units: String,
}

fn named_units(text: &str) -> Result<NamedUnits, String> {
    match text.rsplit_once('=') {
        Some((name, units)) if !name.is_empty() && !units.is_empty() => Ok(NamedUnits {
            name: name.trim().to_owned(),
            units: units.trim().to_owned(),
        }),
        _ => Err("write a name and its units, such as '10 GB=3MB'".to_owned()),
    }
}

impl Account {
    /// Adds the fields to a line of a batch.
    pub(super) fn add_to(&self, line: &mut Map<String, Value>) -> Result<(), Failure> {
        for (field, option, entries) in [
            ("left", "--left", &self.left),
            ("so_far", "--so-far", &self.so_far),
        ] {
            if !entries.is_empty() {
                line.insert(field.to_owned(), table(option, entries)?.into());
            }
        }
        for (field, value) in [("class", &self.class), ("tier", &self.tier)] {
            if let Some(text) = value {
                line.insert(field.to_owned(), text.as_str().into());
            }
        }
        if !self.card.is_empty() {
            line.insert("card".to_owned(), self.card.clone().into());
        }
        if let Some(rank) = self.vip_rank {
            line.insert("vip_rank".to_owned(), rank.into());
        }
        Ok(())
    }
}

/// Units by name, in the order in which they are given.
fn table(option: &str, entries: &[NamedUnits]) -> Result<Map<String, Value>, Failure> {
    let mut table = Map::new();
    for NamedUnits { name, units } in entries {
        if table.insert(name.clone(), units.as_str().into()).is_some() {
            let title = format!("{option} names {name:?} twice");
            return Err(Failure::usage(title).note("give the sum of its units once"));
        }
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_follow_the_last_equals_sign() {
        let read = |text| named_units(text).map(|read| (read.name, read.units));
        let pair = |name: &str, units: &str| Ok((name.to_owned(), units.to_owned()));
        assert_eq!(read("10 GB=3MB"), pair("10 GB", "3MB"));
        assert_eq!(read("a=b = 1m30s"), pair("a=b", "1m30s"));
        for wrong in ["10 GB", "=3MB", "10 GB=", ""] {
            assert!(named_units(wrong).is_err(), "{wrong}");
        }
    }
}

//! Numbers of cards that come without one: each type that has numbers of its own gives them out one after the other.

use super::Directory;
use super::given::card;
use super::key::Key;
use smol_str::SmolStr;
use std::collections::BTreeMap;
use umbral_catalog::tables::Catalog;
use umbral_model::input::{Body, Identifier, Input};
use umbral_model::rejection::{Reason, Rejection};

/// The number after the last one that was given out, by type of card.
pub(super) type Numbers = BTreeMap<SmolStr, u64>;

impl Directory {
    /// Gives a card that comes without a number the next one of its type's own, by the catalog in force.
    ///
    /// # Errors
    /// A type without numbers of its own.
    pub fn number_card(
        &self,
        input: &mut Input,
        catalog: Option<&Catalog>,
        taken: impl Fn(&Identifier) -> bool,
    ) -> Result<(), Rejection> {
        let Body::CardIssued(issued) = &mut input.body else {
            return Ok(());
        };
        if issued.number.is_some() {
            return Ok(());
        }
        let programmes = catalog.map(|catalog| &catalog.programmes);
        let from = programmes
            .into_iter()
            .flatten()
            .find_map(|programme| programme.card_type(&issued.card_type)?.numbers_from);
        let number = from.and_then(|from| self.next_number(&issued.card_type, from, taken));
        let Some(number) = number else {
            let detail = format!(
                "cards of type {} have no numbers of their own; write the number, or give the type one to begin with \
                 in the catalog",
                issued.card_type
            );
            return Err(Rejection::new(Reason::BadCard, detail));
        };
        issued.number = Some(number);
        issued.allocated = true;
        Ok(())
    }

    /// Behind the last number that was given out, the first that no card ever had and that is not `taken`.
    fn next_number(
        &self,
        card_type: &str,
        from: u64,
        taken: impl Fn(&Identifier) -> bool,
    ) -> Option<SmolStr> {
        let goes_on = self.lock_numbers().get(card_type).copied();
        let from = goes_on.map_or(from, |next| next.max(from));
        let is_free = |identifier: &Identifier| {
            let key = Key::of(identifier).ok();
            let tenure = key.and_then(|key| self.tenures.get(&key));
            tenure.is_none_or(|tenure| tenure.last().is_none()) && !taken(identifier)
        };
        (from..=u64::MAX)
            .map(|number| card(SmolStr::new(number.to_string())))
            .find(is_free)
            .map(|identifier| identifier.value)
    }

    /// Follows a number that was given out here.
    pub(super) fn note_number(&self, body: &Body) {
        if let Body::CardIssued(issued) = body
            && issued.allocated
            && let Some(number) = issued.number.as_ref().and_then(|text| text.parse().ok())
        {
            self.go_on_after(issued.card_type.clone(), number);
        }
    }

    pub(super) fn go_on_after(&self, card_type: SmolStr, number: u64) {
        let mut numbers = self.lock_numbers();
        let next = numbers.entry(card_type).or_default();
        *next = number.saturating_add(1).max(*next);
    }
}

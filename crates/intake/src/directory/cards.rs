//! Numbers of cards that come without one: each type that has numbers of its own gives them out one after the other.

use super::Directory;
use super::given::card;
use super::key::Key;
use smol_str::SmolStr;
use std::collections::BTreeMap;
use umbral_catalog::loyalty::CardType;
use umbral_catalog::tables::Catalog;
use umbral_model::ids::AccountId;
use umbral_model::input::{Body, CardIssued, Enrolled, Identifier, Input};
use umbral_model::rejection::{Reason, Rejection};

/// The number after the last one that was given out, by type of card.
pub(super) type Numbers = BTreeMap<SmolStr, u64>;

impl Directory {
    /// Gives a card that comes without a number, or with an enrolment, the next one of its type's own, by the catalog
    /// in force.
    ///
    /// # Errors
    /// A type without numbers of its own, and one of which no card is left in stock.
    pub fn number_card(
        &self,
        input: &mut Input,
        catalog: Option<&Catalog>,
        taken: impl Fn(&Identifier) -> bool,
    ) -> Result<(), Rejection> {
        let issued = match &mut input.body {
            Body::CardIssued(issued) if issued.number.is_none() => issued,
            Body::Enrolled(enrolled) if enrolled.cards.is_empty() => {
                enrolled.cards = self.cards_on_enrolling(enrolled, catalog, &taken);
                return Ok(());
            }
            _ => return Ok(()),
        };
        let programmes = catalog.map(|catalog| &catalog.programmes);
        let found = programmes.into_iter().flatten().find_map(|programme| {
            let found = programme.card_type(&issued.card_type);
            found.filter(|found| found.has_numbers())
        });
        let Some(found) = found else {
            let detail = format!(
                "cards of type {} have no numbers of their own; write the number, or give the type one to begin with \
                 in the catalog",
                issued.card_type
            );
            return Err(Rejection::new(Reason::BadCard, detail));
        };
        let Some(number) = self.next_of(found, &input.account, taken) else {
            let detail = format!(
                "no card of type {} is left in stock that the account may have; tell of new ones with cards_stocked",
                issued.card_type
            );
            return Err(Rejection::new(Reason::BadCard, detail));
        };
        issued.number = Some(number);
        issued.allocated = true;
        Ok(())
    }

    /// The cards that the programmes meant give on enrolling, with the next numbers of their types.
    fn cards_on_enrolling(
        &self,
        enrolled: &Enrolled,
        catalog: Option<&Catalog>,
        taken: &impl Fn(&Identifier) -> bool,
    ) -> Vec<CardIssued> {
        let mut cards: Vec<CardIssued> = Vec::new();
        let programmes = catalog.map(|catalog| &catalog.programmes);
        for programme in programmes.into_iter().flatten() {
            let meant = enrolled.programme.as_ref();
            let index = programme.auto_issue.map(usize::from);
            let found = index.and_then(|index| programme.card_types.get(index));
            let Some(found) = found.filter(|_| meant.is_none_or(|name| *name == programme.name))
            else {
                continue;
            };
            let is_taken = |identifier: &Identifier| {
                let mut numbers = cards.iter().map(|card| &card.number);
                numbers.any(|number| number.as_ref() == Some(&identifier.value))
                    || taken(identifier)
            };
            let from = found.numbers_from;
            let number = from.and_then(|from| self.next_number(&found.name, from, is_taken));
            if number.is_some() {
                cards.push(CardIssued {
                    number,
                    card_type: found.name.clone(),
                    valid_until: None,
                    allocated: true,
                    stock: None,
                });
            }
        }
        cards
    }

    /// The next card of a type: from stock, or with a number of the type's own.
    fn next_of(
        &self,
        found: &CardType,
        account: &AccountId,
        taken: impl Fn(&Identifier) -> bool,
    ) -> Option<SmolStr> {
        if found.from_stock {
            return self.next_in_stock(&found.name, account, taken);
        }
        self.next_number(&found.name, found.numbers_from?, taken)
    }

    /// Behind the last number that was given out, the first that no card ever had, printed ones included, and that is not
    /// `taken`.
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
            let is_new = tenure.is_none_or(|tenure| tenure.last().is_none());
            is_new && !self.is_printed(identifier) && !taken(identifier)
        };
        (from..=u64::MAX)
            .map(|number| card(SmolStr::new(number.to_string())))
            .find(is_free)
            .map(|identifier| identifier.value)
    }

    /// Follows a number that was given out here.
    pub(super) fn note_number(&self, body: &Body) {
        let issued = match body {
            Body::CardIssued(issued) => std::slice::from_ref(issued),
            Body::Enrolled(enrolled) => &enrolled.cards,
            _ => return,
        };
        for issued in issued.iter().filter(|issued| issued.allocated) {
            if let Some(number) = issued.number.as_ref().and_then(|text| text.parse().ok()) {
                self.go_on_after(issued.card_type.clone(), number);
            }
        }
    }

    pub(super) fn go_on_after(&self, card_type: SmolStr, number: u64) {
        let mut numbers = self.lock_numbers();
        let next = numbers.entry(card_type).or_default();
        *next = number.saturating_add(1).max(*next);
    }
}

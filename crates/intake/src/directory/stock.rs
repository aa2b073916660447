//! Cards that were printed before anybody had them. What was printed stays known, so that a card which is given out is
//! held to what it was printed as; those that nobody has are given out in the order of their numbers.

use super::Directory;
use super::given::card;
use super::key::{Key, normalise};
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Unbounded};
use umbral_model::ids::AccountId;
use umbral_model::input::{Body, CardsStocked, Identifier, IdentifierKind, Input, StockedCard};

/// The number of a card, shorter ones first: numbers of digits ascend.
pub(super) type CardNumber = (usize, SmolStr);

/// Every card that was printed, and which of them nobody had yet.
#[derive(Clone, Default)]
pub(super) struct Stock {
    printed: BTreeMap<CardNumber, StockedCard>,
    free: BTreeMap<Kind, BTreeSet<CardNumber>>,
}

/// What tells cards apart that are given out: their type, and the account for which they were printed.
type Kind = (SmolStr, Option<AccountId>);

fn kind_of(stocked: &StockedCard) -> Kind {
    (stocked.card_type.clone(), stocked.personalised_for.clone())
}

/// How a number is known in stock; none if it is no number of a card.
fn number_of(text: &str) -> Option<CardNumber> {
    let number = normalise(IdentifierKind::Card, text).ok()?;
    Some((number.len(), number))
}

impl Stock {
    /// Takes a card up.
    pub(super) fn put(&mut self, number: CardNumber, stocked: StockedCard, is_free: bool) {
        if is_free {
            let free = self.free.entry(kind_of(&stocked)).or_default();
            free.insert(number.clone());
        }
        self.printed.insert(number, stocked);
    }

    /// What a card was printed as.
    fn find(&self, number: &str) -> Option<&StockedCard> {
        self.printed.get(&number_of(number)?)
    }

    /// Somebody has a card now.
    fn give_out(&mut self, number: &str) {
        let Some(number) = number_of(number) else {
            return;
        };
        let Some(stocked) = self.printed.get(&number) else {
            return;
        };
        if let Some(free) = self.free.get_mut(&kind_of(stocked)) {
            free.remove(&number);
        }
    }

    /// The next card of a type for an account: one that was printed for it before others.
    fn next(
        &self,
        card_type: &SmolStr,
        account: &AccountId,
        is_taken: impl Fn(&Identifier) -> bool,
    ) -> Option<SmolStr> {
        [Some(account.clone()), None]
            .into_iter()
            .find_map(|printed_for| {
                let free = self.free.get(&(card_type.clone(), printed_for))?;
                let mut numbers = free.iter().map(|(_, number)| number);
                numbers
                    .find(|number| !is_taken(&card((*number).clone())))
                    .cloned()
            })
    }

    /// Whether a card lies there.
    fn has(&self, number: &str) -> bool {
        let number = number_of(number);
        let found = number
            .as_ref()
            .and_then(|number| self.printed.get_key_value(number));
        found.is_some_and(|(number, stocked)| self.is_free(number, stocked))
    }

    fn is_free(&self, number: &CardNumber, stocked: &StockedCard) -> bool {
        let free = self.free.get(&kind_of(stocked));
        free.is_some_and(|free| free.contains(number))
    }

    /// The cards after a number, or all, and whether nobody had them yet.
    pub(super) fn after(
        &self,
        number: Option<&CardNumber>,
    ) -> impl Iterator<Item = (&CardNumber, &StockedCard, bool)> {
        let from = number.map_or(Unbounded, Excluded);
        let printed = self.printed.range((from, Unbounded));
        printed.map(|(number, stocked)| (number, stocked, self.is_free(number, stocked)))
    }
}

/// The numbers of cards that an input puts into stock.
pub fn stocked_by(input: &Input) -> impl Iterator<Item = Identifier> {
    let stocked = match &input.body {
        Body::CardsStocked(stocked) => stocked.numbers().ok(),
        _ => None,
    };
    stocked.into_iter().flatten().map(card)
}

impl Directory {
    /// The next card of a type in stock for an account.
    pub(super) fn next_in_stock(
        &self,
        card_type: &SmolStr,
        account: &AccountId,
        is_taken: impl Fn(&Identifier) -> bool,
    ) -> Option<SmolStr> {
        self.lock_stock().next(card_type, account, is_taken)
    }

    /// Fills in what the stock knows of the cards that an input gives out.
    pub(super) fn fill_in_stock(&self, input: &mut Input) {
        let stock = self.lock_stock();
        match &mut input.body {
            Body::CardIssued(issued) => {
                issued.stock = issued
                    .number
                    .as_ref()
                    .and_then(|number| stock.find(number))
                    .cloned();
            }
            Body::CardReplaced(replaced) => replaced.stock = stock.find(&replaced.new).cloned(),
            _ => {}
        }
    }

    /// A number that lies in stock, among those that an input stocks or gives out otherwise than as a card.
    pub(super) fn in_stock_already(&self, input: &Input) -> Option<SmolStr> {
        let named: &[Identifier] = match &input.body {
            Body::MemberAdded(added) => &added.identifiers,
            Body::IdentifierAdded(change) => std::slice::from_ref(&change.identifier),
            Body::Enrolled(enrolled) => enrolled.identifier.as_slice(),
            _ => &[],
        };
        let cards = named.iter().filter(|one| one.kind == IdentifierKind::Card);
        let stock = self.lock_stock();
        let mut numbers = cards.cloned().chain(stocked_by(input)).map(|one| one.value);
        numbers.find(|number| stock.has(number))
    }

    /// Whether a card was printed, whoever has it.
    pub(super) fn is_printed(&self, identifier: &Identifier) -> bool {
        self.lock_stock().find(&identifier.value).is_some()
    }

    /// Follows cards that were printed.
    pub(super) fn stock(&self, stocked: &CardsStocked) {
        let mut stock = self.lock_stock();
        let stock = std::sync::Arc::make_mut(&mut stock);
        for text in stocked.numbers().into_iter().flatten() {
            let known = StockedCard {
                card_type: stocked.card_type.clone(),
                personalised_for: stocked.personalised_for.clone(),
            };
            let key = Key::of(&card(text.clone())).ok();
            let is_had = key.is_some_and(|key| self.tenures.contains_key(&key));
            if let Some(number) = number_of(&text) {
                stock.put(number, known, !is_had);
            }
        }
    }

    /// Follows a card that somebody has now.
    pub(super) fn give_out(&self, identifier: &Identifier) {
        if identifier.kind != IdentifierKind::Card {
            return;
        }
        let mut stock = self.lock_stock();
        if stock.find(&identifier.value).is_some() {
            std::sync::Arc::make_mut(&mut stock).give_out(&identifier.value);
        }
    }
}

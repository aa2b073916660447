//! Cards that are printed before anybody has them. Which numbers are in stock the edge knows, because a number is
//! nobody's until it is given out; it writes what it knows into the input that gives a card out, and here that is
//! held to the type of the card and to whom it was printed for.

use super::card::{bad, card_type, check_length};
use crate::draft::Draft;
use umbral_model::event::{EventBody, StockReceived};
use umbral_model::input::{CardsStocked, StockedCard};
use umbral_model::rejection::Rejection;

/// Takes printed cards into stock.
pub(crate) fn receive(draft: &mut Draft<'_>, body: &CardsStocked) -> Result<(), Rejection> {
    let card = &body.card_type;
    match card_type(draft, card) {
        Some((_, found)) if found.from_stock => {}
        Some(_) => {
            return Err(bad(format!(
                "cards of type {card} are not given out from stock; write stock = true in the catalog"
            )));
        }
        None => return Err(bad(format!("no programme has cards of type {card}"))),
    }
    check_length(&body.number)?;
    let numbers = body.numbers().map_err(|run| bad(run.to_string()))?;
    draft.push(EventBody::CardsStocked(Box::new(StockReceived {
        card_type: card.clone(),
        number: body.number.clone(),
        last: body.last.clone(),
        count: numbers.len() as u32,
        personalised_for: body.personalised_for.clone(),
    })));
    Ok(())
}

/// Whether a card of a type may be given to the account: one from stock is of the type for which it was printed, and
/// for the account for which it was; a type that is printed beforehand has no others.
pub(super) fn check(
    draft: &Draft<'_>,
    card: &str,
    stock: Option<&StockedCard>,
) -> Result<(), Rejection> {
    match stock {
        Some(stock) => stock
            .suits(card, &draft.row.id)
            .map_err(|unsuited| bad(unsuited.to_string())),
        None if card_type(draft, card).is_some_and(|(_, found)| found.from_stock) => {
            Err(bad(format!(
                "cards of type {card} come from stock, and this one is not in it; tell of it with cards_stocked first"
            )))
        }
        None => Ok(()),
    }
}

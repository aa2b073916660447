//! What the router says of a record that it sends on, in a header: what only it knows, because it sees all partitions.
//! The record itself stays as it was sent.

use crate::input::SAID;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use umbral_model::input::{
    Body, CardIssued, Incoming, IncomingBody, StockedCard, UnclaimedPurchase,
};
use umbral_model::rejection::{Reason, Rejection};

/// What the router says.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Said {
    /// What it knows of a card that is given out.
    Card {
        /// Its number, where it came without one.
        number: Option<SmolStr>,
        /// What it was printed as.
        stock: Option<StockedCard>,
    },
    /// The purchase that is claimed.
    Found(Box<UnclaimedPurchase>),
    /// Somebody else has the purchase that is claimed.
    Taken,
    /// Purchases of who enrols, and cards that come with it.
    Enrolled {
        /// The purchases.
        unclaimed: Vec<UnclaimedPurchase>,
        /// The cards.
        cards: Vec<CardIssued>,
    },
    /// The record is not to be taken.
    Refused {
        /// Why.
        code: SmolStr,
        /// With its particulars.
        detail: String,
    },
}

impl Said {
    /// What was filled into a body.
    pub(crate) fn of(body: &Body) -> Option<Said> {
        match body {
            Body::CardIssued(issued) if issued.allocated || issued.stock.is_some() => {
                Some(Said::Card {
                    number: issued.number.clone().filter(|_| issued.allocated),
                    stock: issued.stock.clone(),
                })
            }
            Body::CardReplaced(replaced) if replaced.stock.is_some() => Some(Said::Card {
                number: None,
                stock: replaced.stock.clone(),
            }),
            Body::PurchaseClaimed(claimed) if claimed.taken => Some(Said::Taken),
            Body::PurchaseClaimed(claimed) => claimed.found.clone().map(Said::Found),
            Body::Enrolled(enrolled)
                if !enrolled.unclaimed.is_empty() || !enrolled.cards.is_empty() =>
            {
                Some(Said::Enrolled {
                    unclaimed: enrolled.unclaimed.clone(),
                    cards: enrolled.cards.clone(),
                })
            }
            _ => None,
        }
    }

    /// That a record is not to be taken.
    pub(crate) fn refused(rejection: Rejection) -> Said {
        Said::Refused {
            code: SmolStr::new_static(rejection.reason.code()),
            detail: rejection.detail,
        }
    }

    /// As the header has it.
    pub(crate) fn write(&self) -> Option<String> {
        let written = serde_json::to_string(self);
        debug_assert!(written.is_ok(), "all of it can be written");
        written.ok()
    }

    /// Fills a header into the record that it came with.
    ///
    /// # Errors
    /// What the router refused, and a header that is none of the router's.
    pub(crate) fn fill_in(header: &[u8], incoming: &mut Incoming) -> Result<(), Rejection> {
        let not_ours = || {
            let detail =
                format!("its header {SAID} is none of the router's; send the record without it");
            Rejection::new(Reason::MalformedField, detail)
        };
        let said: Said = serde_json::from_slice(header).map_err(|_| not_ours())?;
        let IncomingBody::Account(body) = &mut incoming.body else {
            return Err(not_ours());
        };
        match (said, body) {
            (Said::Card { number, stock }, Body::CardIssued(issued))
                if number.is_some() == issued.number.is_none() =>
            {
                issued.allocated = number.is_some();
                issued.number = number.or(issued.number.take());
                issued.stock = stock;
            }
            (Said::Card { stock, .. }, Body::CardReplaced(replaced)) => replaced.stock = stock,
            (Said::Found(found), Body::PurchaseClaimed(claimed)) => claimed.found = Some(found),
            (Said::Taken, Body::PurchaseClaimed(claimed)) => claimed.taken = true,
            (Said::Enrolled { unclaimed, cards }, Body::Enrolled(enrolled)) => {
                enrolled.unclaimed = unclaimed;
                enrolled.cards = cards;
            }
            (Said::Refused { code, detail }, _) => {
                let reason = Reason::from_code(&code).ok_or_else(not_ours)?;
                return Err(Rejection::new(reason, detail));
            }
            _ => return Err(not_ours()),
        }
        Ok(())
    }
}

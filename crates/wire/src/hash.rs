//! The hash of a body, by which the same key with another body is seen.

use crate::input::body;
use umbral_model::input::{Body, CardIssued, CardReplacement, Enrolled, Input, PurchaseClaimed};
use umbral_model::journal::{Entry, JournaledInput};
use xxhash_rust::xxh3::xxh3_64;

/// Hash of the input's body over its canonical protobuf bytes: the same for the same body in whichever
/// form it came. What the edge filled in is not part of it, so that a repeat is the same body although it would be filled
/// in otherwise by then.
pub fn body_hash(input: &Input) -> u64 {
    let mut bytes = Vec::new();
    match as_sent(&input.body) {
        Some(sent) => body::put(&sent, &mut bytes),
        None => body::put(&input.body, &mut bytes),
    }
    xxh3_64(&bytes)
}

/// Hash of the body of an entry's input; 0 for what is not of one account.
pub fn body_hash_of(entry: &Entry) -> u64 {
    match &entry.input {
        JournaledInput::Account(input) => body_hash(input),
        _ => 0,
    }
}

/// As [`body_hash`], of a body whose bytes are there already.
pub(crate) fn hash_of_written(content: &Body, bytes: &[u8]) -> u64 {
    let Some(sent) = as_sent(content) else {
        return xxh3_64(bytes);
    };
    let mut bytes = Vec::new();
    body::put(&sent, &mut bytes);
    xxh3_64(&bytes)
}

/// A body without what the edge filled in: what it looked up, or a number that it gave. None for what holds nothing
/// of the kind.
pub fn as_sent(content: &Body) -> Option<Body> {
    match content {
        Body::CardIssued(issued) if issued.allocated || issued.stock.is_some() => {
            Some(Body::CardIssued(CardIssued {
                number: issued.number.clone().filter(|_| !issued.allocated),
                allocated: false,
                stock: None,
                ..issued.clone()
            }))
        }
        Body::CardReplaced(replaced) if replaced.stock.is_some() => {
            Some(Body::CardReplaced(CardReplacement {
                stock: None,
                ..replaced.clone()
            }))
        }
        Body::Enrolled(enrolled)
            if !enrolled.unclaimed.is_empty() || !enrolled.cards.is_empty() =>
        {
            Some(Body::Enrolled(Enrolled {
                identifier: enrolled.identifier.clone(),
                programme: enrolled.programme.clone(),
                unclaimed: Vec::new(),
                cards: Vec::new(),
            }))
        }
        Body::PurchaseClaimed(claimed) if claimed.found.is_some() || claimed.taken => {
            Some(Body::PurchaseClaimed(PurchaseClaimed {
                purchase: claimed.purchase.clone(),
                account: claimed.account.clone(),
                found: None,
                taken: false,
            }))
        }
        Body::UsageCorrected(corrected) if corrected.original.is_some() => {
            let mut sent = corrected.clone();
            sent.original = None;
            Some(Body::UsageCorrected(sent))
        }
        Body::UsageCancelled(cancelled) if cancelled.original.is_some() => {
            let mut sent = cancelled.clone();
            sent.original = None;
            Some(Body::UsageCancelled(sent))
        }
        _ => None,
    }
}

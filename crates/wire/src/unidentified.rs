//! Purchases that nobody known made, as the journal keeps them: in the quarantine, with their bytes.

use crate::{json, proto};
use umbral_model::event::{NotEarned, PointsNotEarned};
use umbral_model::input::{Body, Incoming, IncomingBody};
use umbral_model::journal::{Entry, JournaledInput, Outcome};
use umbral_model::rejection::Reason;

/// The purchase that an entry keeps because nobody known made it, read again from its bytes, under its own key; none
/// for any other entry, and where its bytes are forgotten.
pub fn unidentified(entry: &Entry) -> Option<Incoming> {
    let (JournaledInput::Raw(raw), Outcome::Quarantined(kept)) = (&entry.input, &entry.outcome)
    else {
        return None;
    };
    if kept.reason != Reason::UnidentifiedPurchase {
        return None;
    }
    let read = match raw.format.as_str() {
        "protobuf" => proto::decode_incoming(&kept.original),
        _ => json::parse_incoming(&kept.original),
    };
    let mut incoming = read.ok()?;
    if let Some(key) = &raw.key {
        incoming.key = key.clone();
    }
    matches!(incoming.body, IncomingBody::Account(Body::Purchase(_))).then_some(incoming)
}

/// What is told of such an entry in place of its quarantine.
pub(crate) fn not_earned(entry: &Entry) -> Option<PointsNotEarned> {
    match unidentified(entry)?.body {
        IncomingBody::Account(Body::Purchase(purchase)) => Some(PointsNotEarned {
            ledger: None,
            source_ref: purchase.purchase.as_str().into(),
            reason: NotEarned::Unidentified,
        }),
        _ => None,
    }
}

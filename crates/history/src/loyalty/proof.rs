//! The proof of a purchase: where it came in, and what it earned.

use crate::bill::shown;
use crate::entries::Walk;
use crate::fields::fields_of;
use crate::{CatalogNames, History, HistoryError};
use core::ops::ControlFlow;
use serde::Serialize;
use serde_json::Value;
use umbral_model::event::{EventBody, Stream};
use umbral_model::input::Body;
use umbral_model::journal::{Entry, JournaledInput, Outcome};
use umbral_model::time::Timestamp;
use umbral_wire::{OutputBody, json, outputs};

/// Something that happened to a purchase, bill or visit.
#[derive(Clone, Debug, Serialize)]
pub struct Proof {
    /// The account; none where nobody known made it.
    pub account_id: Option<String>,
    /// Number of the input in the journal.
    pub position: u64,
    /// When it happened.
    #[serde(serialize_with = "shown")]
    pub at: Timestamp,
    /// The input, or the timer.
    pub caused_by: String,
    /// The kind of input or event.
    pub kind: String,
    /// Its fields.
    pub fields: Value,
}

impl History {
    /// All that the journal knows of a purchase, bill, visit or redemption, oldest first.
    ///
    /// # Errors
    /// A journal that cannot be read, or a reference that is not in it.
    pub fn proof(&self, source_ref: &str) -> Result<Vec<Proof>, HistoryError> {
        let mut walk = Walk::new(self, None)?;
        let mut found = Vec::new();
        walk.go(|walked| {
            let names = CatalogNames(&walked.world.catalogs);
            for (_, entry) in &walked.entries {
                found.extend(input_of(entry, source_ref));
                for output in outputs(entry) {
                    let OutputBody::Event(body) = &output.body else {
                        continue;
                    };
                    if body.stream() != Stream::Loyalty || !names_it(body, source_ref) {
                        continue;
                    }
                    let fields = fields_of(&output, &names);
                    found.push(Proof {
                        account_id: output.account_id.map(ToString::to_string),
                        position: entry.position,
                        at: output.effective_at,
                        caused_by: output.caused_by.to_string(),
                        kind: body.kind().to_owned(),
                        fields: fields.unwrap_or_default(),
                    });
                }
            }
            Ok(ControlFlow::<()>::Continue(()))
        })?;
        match found.is_empty() {
            true => Err(HistoryError::UnknownSource {
                source_ref: source_ref.to_owned(),
            }),
            false => Ok(found),
        }
    }
}

/// The input that brought it.
fn input_of(entry: &Entry, source_ref: &str) -> Option<Proof> {
    let (account, at, key, kind, fields) = match (&entry.input, &entry.outcome) {
        (JournaledInput::Account(input), Outcome::Applied) => {
            let is_it = match &input.body {
                Body::Purchase(body) => body.purchase.as_str() == source_ref,
                Body::PurchaseClaimed(body) => body.purchase.as_str() == source_ref,
                Body::Refund(body) => body.purchase.as_str() == source_ref,
                Body::BillIssued(body) => body.bill.as_str() == source_ref,
                _ => false,
            };
            if !is_it {
                return None;
            }
            let told: Value = serde_json::from_str(&json::input(input)).ok()?;
            let kind = input.body.kind();
            let fields = told.get(kind).cloned().unwrap_or_default();
            let account = Some(input.account.to_string());
            (
                account,
                input.occurred_at,
                &input.key,
                kind.to_owned(),
                fields,
            )
        }
        (JournaledInput::Raw(raw), Outcome::Quarantined(kept)) => {
            let told: Value = serde_json::from_slice(&kept.original).ok()?;
            let purchase = told.get("purchase")?;
            if purchase.get("purchase_id")?.as_str() != Some(source_ref) {
                return None;
            }
            let at = raw.occurred_at.unwrap_or(entry.clock);
            let key = raw.key.as_ref()?;
            (None, at, key, "purchase".to_owned(), purchase.clone())
        }
        _ => return None,
    };
    Some(Proof {
        account_id: account,
        position: entry.position,
        at,
        caused_by: key.to_string(),
        kind,
        fields,
    })
}

/// Whether an event is about a purchase, bill, visit or redemption of this name.
fn names_it(body: &EventBody, source_ref: &str) -> bool {
    match body {
        EventBody::PointsEarned(body) => body.source_ref == source_ref,
        EventBody::PointsClawedBack(body) | EventBody::PointsVoided(body) => {
            body.source_ref == source_ref
        }
        EventBody::PointsNotEarned(body) => body.source_ref == source_ref,
        EventBody::RedemptionAccepted(body) => body.redemption.as_str() == source_ref,
        EventBody::RedemptionCommitted(body) => body.redemption.as_str() == source_ref,
        EventBody::RedemptionRejected(body) => body.redemption.as_str() == source_ref,
        EventBody::RedemptionReversed(body) => body.redemption.as_str() == source_ref,
        EventBody::CorrectionApplied(body) => {
            let reinstated = body.reinstated.as_ref();
            reinstated.is_some_and(|back| back.source_ref == source_ref)
        }
        _ => false,
    }
}

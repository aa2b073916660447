//! What the edge does for corrections: it finds in the journal what stands for the record.

use umbral_model::event::EventBody;
use umbral_model::ids::{AccountId, EventId, Source};
use umbral_model::input::{Body, Input, InputKey, RatedRecord};
use umbral_model::journal::{Entry, JournaledInput};

/// Fills in what stands for the record that a correction names, if the entries have it.
pub fn look_up<'e>(entries: impl Iterator<Item = &'e Entry> + Clone, input: &mut Input) {
    let named = |own: &Source, source: &Option<Source>, id: &EventId| InputKey {
        source: source.clone().unwrap_or_else(|| own.clone()),
        event_id: id.clone(),
    };
    let (account, own) = (input.account.clone(), input.key.source.clone());
    match &mut input.body {
        Body::UsageCorrected(body) => {
            let key = named(&own, &body.corrects_source, &body.corrects);
            body.original = standing(entries, &account, &key).map(Box::new);
        }
        Body::UsageCancelled(body) => {
            let key = named(&own, &body.cancels_source, &body.cancels);
            body.original = standing(entries, &account, &key).map(Box::new);
        }
        _ => {}
    }
}

/// What stands for a record after all entries; `key` is its own or that of a correction of it.
fn standing<'e>(
    entries: impl Iterator<Item = &'e Entry> + Clone,
    account: &AccountId,
    key: &InputKey,
) -> Option<RatedRecord> {
    let own = |entry: &&Entry| matches!(&entry.input, JournaledInput::Account(input) if input.account == *account);
    let own = entries.filter(own);
    let root = own.clone().find_map(|entry| root_of(entry, key))?;
    own.fold(None, |stands, entry| {
        entry.events.iter().fold(stands, |stands, event| {
            match (&entry.input, &event.event.body) {
                (JournaledInput::Account(input), EventBody::UsageRated(rated))
                    if input.key == root =>
                {
                    Some(RatedRecord {
                        root: root.clone(),
                        occurred_at: input.occurred_at,
                        rated: Some(rated.clone()),
                    })
                }
                (_, EventBody::UsageCorrected(correction)) if correction.root == root => {
                    Some(RatedRecord {
                        root: root.clone(),
                        occurred_at: correction.started_at,
                        rated: correction.after.clone(),
                    })
                }
                _ => stands,
            }
        })
    })
}

/// The record that a key stands for, if it is of this entry.
fn root_of(entry: &Entry, key: &InputKey) -> Option<InputKey> {
    entry
        .events
        .iter()
        .find_map(|event| match (&entry.input, &event.event.body) {
            (JournaledInput::Account(input), EventBody::UsageRated(_)) if input.key == *key => {
                Some(input.key.clone())
            }
            (_, EventBody::UsageCorrected(correction)) if correction.correction == *key => {
                Some(correction.root.clone())
            }
            _ => None,
        })
}

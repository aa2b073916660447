//! What the edge does before an input is decided: it finds whom the input concerns, in the journal what stands for the
//! record that a correction names, and the purchases that wait for a claim.

use umbral_catalog::tables::Catalog;
use umbral_engine::World;
use umbral_intake::directory::{Directory, KeptPurchase, reason_of};
use umbral_model::event::EventBody;
use umbral_model::ids::{AccountId, EventId, Source};
use umbral_model::input::{Address, Body, Incoming, Input, InputKey, RatedRecord};
use umbral_model::journal::{Entry, JournaledInput};
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::Timestamp;

/// The catalog in force at an instant.
fn catalog_at(world: &World, at: Timestamp) -> Option<&Catalog> {
    let (_, number) = world.in_force(at)?;
    let version = world.catalogs.get(number)?;
    Some(&version.catalog)
}

/// The input of the account that it concerns; otherwise why it concerns none.
///
/// # Errors
/// The input as it came, and why.
pub fn resolve(
    directory: &Directory,
    world: &World,
    mut incoming: Incoming,
) -> Result<Input, Box<(Incoming, Rejection)>> {
    let why = match &incoming.address {
        Some(Address::Identifier(identifier)) => {
            match directory.resolve(identifier, incoming.occurred_at) {
                Some((account, member)) => {
                    incoming.address = Some(Address::Account(account, member));
                    None
                }
                None => Some(Reason::UnknownIdentifier),
            }
        }
        Some(Address::Account(..)) => None,
        None => Some(Reason::MissingField),
    };
    let why = why.unwrap_or(Reason::MissingField);
    match incoming.clone().into_input() {
        Some(input) => Ok(input),
        None => {
            let catalog = catalog_at(world, incoming.occurred_at);
            let why = reason_of(&incoming, catalog, why.into());
            Err(Box::new((incoming, why)))
        }
    }
}

/// Keeps what nobody known made.
pub fn keep(directory: &Directory, position: u64, incoming: Incoming) {
    let kept = KeptPurchase::of(position, incoming);
    kept.into_iter().for_each(|kept| directory.keep(kept));
}

/// Holds an input to who has which number, and fills in the number of a card and the purchases that wait.
///
/// # Errors
/// Why the directory refuses it.
pub fn fill_in(directory: &Directory, world: &World, input: &mut Input) -> Result<(), Rejection> {
    let catalog = catalog_at(world, input.occurred_at);
    directory.number_card(input, catalog, |_| false)?;
    directory.check(input)?;
    directory.fill_in(input);
    Ok(())
}

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

//! Whom an input concerns: resolved at its `occurred_at` through the directory, which follows identifier
//! inputs in input order. Also what accounts refer to: time zones.

use super::{Downstream, Sequencer};
use crate::error::Failure;
use crate::metrics;
use crate::originals::{Found, Wanted};
use std::sync::Arc;
use umbral_catalog::tables::Catalog;
use umbral_model::ids::{AccountId, MemberId, ZoneName};
use umbral_model::input::{Address, Body, CardIssued, Identifier, Input};
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::Timestamp;

/// Whom an input concerns, or why nobody.
pub(super) type Resolved = Result<(AccountId, Option<MemberId>), Rejection>;

impl<D: Downstream> Sequencer<D> {
    pub(super) fn resolve(
        &mut self,
        address: Option<&Address>,
        at: Timestamp,
    ) -> Result<Resolved, Failure> {
        Ok(match address {
            Some(Address::Account(account, member)) => Ok((account.clone(), member.clone())),
            Some(Address::Identifier(identifier)) => {
                if self.pending.concerns(identifier) {
                    self.wait_for_identifiers()?;
                }
                match self.directory.resolve(identifier, at) {
                    Some(found) => Ok(found),
                    None => Err(nobody(identifier, at)),
                }
            }
            None => Err(Rejection::new(
                Reason::MissingField,
                "account_id or identifier is missing: write whom the record concerns",
            )),
        })
    }

    /// The catalog in force at an instant.
    pub(super) fn catalog_at(&self, at: Timestamp) -> Option<&Catalog> {
        let (_, number) = self.world.in_force(at)?;
        let version = self.world.catalogs.get(number)?;
        Some(&version.catalog)
    }

    /// Whether the directory refuses an identifier input or a claim; waits for others that it builds on, and fills in
    /// what only the directory knows: the number of a card that names none, purchases that wait. A lane knows one
    /// partition, so it fills in nothing: whoever sees all of them did.
    pub(super) fn check_identifiers(
        &mut self,
        input: &mut Input,
    ) -> Result<Option<Rejection>, Failure> {
        if takes_next_card(&input.body) && self.pending.moves_stock() {
            self.wait_for_identifiers()?;
        }
        if let Err(refused) = self.number_card(input) {
            return Ok(Some(refused));
        }
        if !self.pending.touch(&self.directory, input) {
            self.wait_for_identifiers()?;
            self.pending.touch(&self.directory, input);
        }
        let refused = self.directory.check(input).err();
        if refused.is_none() && self.sees_all() {
            self.directory.fill_in(input);
        }
        Ok(refused)
    }

    /// Whether this is the sequencer of all partitions.
    pub(super) fn sees_all(&self) -> bool {
        self.numbering.own().is_none()
    }

    fn number_card(&self, input: &mut Input) -> Result<(), Rejection> {
        if self.sees_all() {
            let is_taken = |identifier: &Identifier| self.pending.concerns(identifier);
            let catalog = self.catalog_at(input.occurred_at);
            return self.directory.number_card(input, catalog, is_taken);
        }
        match &input.body {
            Body::CardIssued(issued) if issued.number.is_none() => Err(Rejection::new(
                Reason::BadCard,
                "the card has no number, and one partition alone cannot give it any; write the number, or send the \
                 record to the inbox",
            )),
            _ => Ok(()),
        }
    }

    pub(super) fn wait_for_identifiers(&mut self) -> Result<(), Failure> {
        metrics::record_barrier();
        self.flush()?;
        while !self.pending.is_empty() {
            self.wait_for_ack()?;
        }
        self.pending.forget_if_settled();
        Ok(())
    }

    /// The record that a correction names: among what is durable about the time of its usage, or among what is
    /// under way, which is waited for, or anywhere else. Where the time is not known all that is durable
    /// comes first.
    pub(super) fn find_original(&mut self, wanted: &Wanted<'_>) -> Result<Found, Failure> {
        let known = self.originals.len();
        let knows_time = wanted.started_at.is_some();
        let mut found = match knows_time {
            true => self.originals.find_near(wanted)?,
            false => self.originals.find_far(wanted)?,
        };
        let under_way = !self.open.is_empty() || self.in_flight > 0;
        if found.is_nothing() && under_way {
            metrics::record_barrier();
            self.flush()?;
            self.drain()?;
            found = self.originals.find_since(wanted, known)?;
        }
        if found.is_nothing() && knows_time {
            found = self.originals.find_far(wanted)?;
        }
        Ok(found)
    }

    /// The rules of a zone that an account is to use go into the journal before they are used.
    pub(super) fn know_zone_of(&mut self, body: &Body) {
        let name: &ZoneName = match body {
            Body::CustomerAdded(added) => &added.time_zone,
            Body::TimeZoneChanged(changed) => &changed.time_zone,
            _ => return,
        };
        if self.world.zones.number(name.as_str()).is_some() {
            return;
        }
        // A name that no database has stays unknown: the engine refuses the input.
        if let Some(rules) = umbral_intake::zones::iana(name.as_str()) {
            Arc::make_mut(&mut self.world).add_zone(rules.clone());
            self.open.commit.zones.push(rules);
        }
    }
}

/// Whether an input may take the next card in stock: which one that is, depends on whether those before it are taken.
fn takes_next_card(body: &Body) -> bool {
    matches!(body, Body::CardIssued(CardIssued { number: None, .. }))
}

fn nobody(identifier: &Identifier, at: Timestamp) -> Rejection {
    let kind = identifier.kind.word();
    // The number itself stays with the original bytes: details are not personal data.
    Rejection::new(
        Reason::UnknownIdentifier,
        format!("nobody held the {kind} at {at}; add the member, then resubmit"),
    )
}

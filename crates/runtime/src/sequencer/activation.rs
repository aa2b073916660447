//! Catalogs come into force: compiled from the activation's files, journaled with the zones that they use,
//! and announced to all partitions when the clock reaches them.

use super::keep::RawParts;
use super::{Downstream, Origin, Sequencer};
use crate::error::Failure;
use crate::message::{Bytes, Original, Verdict, Work};
use smol_str::SmolStr;
use std::cell::RefCell;
use std::sync::Arc;
use umbral_catalog::ZoneSource;
use umbral_catalog::problem::Severity;
use umbral_catalog::tables::{Catalog, NumberForm};
use umbral_catalog::version::CatalogSet;
use umbral_engine::World;
use umbral_model::ids::VersionNo;
use umbral_model::input::{CatalogActivated, Incoming, IncomingBody, InputKey};
use umbral_model::journal::ActivatedCatalog;
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::{Timestamp, ZoneRules};

/// Problems shown in the detail of a refused catalog.
const PROBLEMS_SHOWN: usize = 3;

/// Keys of the activations so far, and which version comes into force next.
pub(crate) struct Activations {
    keys: Vec<(InputKey, u64)>,
    next: Option<Timestamp>,
}

impl Activations {
    /// From the journal's activations in order of version.
    pub(crate) fn new(keys: Vec<(InputKey, u64)>, world: &World, clock: Timestamp) -> Activations {
        Activations {
            keys,
            next: world.next_version_at(clock),
        }
    }

    /// Whether a version comes into force by `clock`.
    pub(crate) fn due(&self, clock: Timestamp) -> bool {
        self.next.is_some_and(|next| next <= clock)
    }

    /// Goes on to the versions that come after `clock`; says whether one came into force by then.
    pub(crate) fn reach(&mut self, world: &World, clock: Timestamp) -> bool {
        let reached = self.due(clock);
        if reached {
            self.next = world.next_version_at(clock);
        }
        reached
    }

    pub(super) fn keys(&self) -> &[(InputKey, u64)] {
        &self.keys
    }

    pub(super) fn into_keys(self) -> Vec<(InputKey, u64)> {
        self.keys
    }

    fn find(&self, key: &InputKey) -> Option<u64> {
        self.keys
            .iter()
            .find(|(known, _)| known == key)
            .map(|(_, hash)| *hash)
    }
}

/// Hash of what an activation says, as it is journaled with its label, by which a repeat is told from another
/// one under the same key.
pub(crate) fn activation_hash(activation: &CatalogActivated) -> u64 {
    let mut hasher = xxhash_rust::xxh3::Xxh3::new();
    hasher.update(activation.version.as_bytes());
    for (path, content) in &activation.files {
        for text in [path, content] {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
    }
    hasher.digest()
}

/// Compiles the files of an activation, and applies its label.
pub(crate) fn compile(
    activation: &CatalogActivated,
    zones: &dyn ZoneSource,
) -> Result<Catalog, Rejection> {
    let compiled = umbral_catalog::load(&activation.files, zones).map_err(|problems| {
        let errors: Vec<_> = problems
            .iter()
            .filter(|problem| problem.severity == Severity::Error)
            .collect();
        let shown: Vec<String> = errors
            .iter()
            .take(PROBLEMS_SHOWN)
            .map(|problem| format!("{} {}: {}", problem.code, problem.file, problem.title))
            .collect();
        let more = errors.len().saturating_sub(PROBLEMS_SHOWN);
        let rest = if more > 0 {
            format!("; and {more} more")
        } else {
            String::new()
        };
        Rejection::new(Reason::BadCatalog, format!("{}{rest}", shown.join("; ")))
    })?;
    let mut catalog = compiled.catalog;
    if !activation.version.is_empty() {
        catalog.label = activation.version.clone();
    }
    if catalog.numbers == NumberForm::Verbatim {
        return Err(Rejection::new(
            Reason::BadCatalog,
            "numbers are matched as written (`verbatim`); a data directory needs numbers = \"e164\"",
        ));
    }
    Ok(catalog)
}

/// The zones of an activation, completed from the IANA database; remembers which were asked for.
pub(crate) struct RecordingZones<'a> {
    given: &'a [ZoneRules],
    used: RefCell<Vec<ZoneRules>>,
}

impl<'a> RecordingZones<'a> {
    pub(crate) fn new(given: &'a [ZoneRules]) -> Self {
        RecordingZones {
            given,
            used: RefCell::default(),
        }
    }

    pub(crate) fn into_used(self) -> Vec<ZoneRules> {
        self.used.into_inner()
    }
}

impl ZoneSource for RecordingZones<'_> {
    fn rules(&self, name: &str) -> Option<ZoneRules> {
        let given = self.given.iter().find(|rules| rules.name == name).cloned();
        let rules = given.or_else(|| umbral_intake::zones::iana(name))?;
        let mut used = self.used.borrow_mut();
        if !used.iter().any(|known| known.name == rules.name) {
            used.push(rules.clone());
        }
        Some(rules)
    }
}

/// Zones of the journal and no others: what was activated once is compiled the same way ever after.
pub(crate) struct JournaledZones<'a>(pub &'a [ZoneRules]);

impl ZoneSource for JournaledZones<'_> {
    fn rules(&self, name: &str) -> Option<ZoneRules> {
        self.0.iter().find(|rules| rules.name == name).cloned()
    }
}

/// Compiles activations as they would be, one after the other; gives the versions' labels.
pub(crate) fn check_catalogs(activations: &[CatalogActivated]) -> Result<Vec<SmolStr>, Rejection> {
    let mut catalogs = CatalogSet::new();
    let mut labels = Vec::with_capacity(activations.len());
    for activation in activations {
        let catalog = compile(activation, &RecordingZones::new(&activation.zones))?;
        if let Some(detail) = catalogs.other_currency(&catalog) {
            return Err(Rejection::new(Reason::BadCatalog, detail));
        }
        labels.push(catalog.label.clone());
        let valid_from = catalog.valid_from;
        catalogs.activate(catalog, valid_from);
    }
    Ok(labels)
}

/// Catalogs as they come in, for whoever decides nothing and only asks which is in force when.
#[derive(Debug, Default)]
pub struct Catalogs(World);

impl Catalogs {
    /// None yet.
    pub fn new() -> Catalogs {
        Catalogs(World::new())
    }

    /// Takes the next one; a repeat changes nothing.
    ///
    /// # Errors
    /// One that does not compile, or is in another currency than those before it.
    pub fn take(&mut self, key: &InputKey, activation: &CatalogActivated) -> Result<(), Rejection> {
        let catalog = compile(activation, &RecordingZones::new(&activation.zones))?;
        if let Some(detail) = self.0.catalogs.other_currency(&catalog) {
            return Err(Rejection::new(Reason::BadCatalog, detail));
        }
        let effective_from = activation.effective_from.unwrap_or(catalog.valid_from);
        self.0.activate(catalog, effective_from, key.clone());
        Ok(())
    }

    /// The one in force at an instant.
    pub fn at(&self, at: Timestamp) -> Option<&Catalog> {
        let (_, number) = self.0.in_force(at)?;
        self.0.catalogs.get(number).map(|version| &*version.catalog)
    }
}

/// The hash that an activation will have with its label; that of a catalog that does not compile is another.
fn labelled_hash(activation: &CatalogActivated) -> u64 {
    if !activation.version.is_empty() {
        return activation_hash(activation);
    }
    let mut labelled = activation.clone();
    let compiled = compile(activation, &RecordingZones::new(&activation.zones));
    labelled.version = compiled.map(|catalog| catalog.label).unwrap_or_default();
    activation_hash(&labelled)
}

impl<D: Downstream> Sequencer<D> {
    /// Takes a catalog activation: a batch of its own, because all accounts see it at the same input.
    pub(super) fn activate(
        &mut self,
        incoming: Incoming,
        original: &Original,
        origin: &Origin<'_>,
    ) -> Result<(), Failure> {
        let IncomingBody::CatalogActivated(activation) = &incoming.body else {
            return Ok(());
        };
        match self.admit_activation(&incoming, activation) {
            Err(refused) => self.keep_activation(&incoming, refused, original, origin),
            Ok((catalog, activated)) => {
                // The first catalog does not start the clock: the first record does.
                if self.clock.last() != Timestamp::MIN {
                    self.follow(incoming.occurred_at);
                }
                self.flush()?;
                // Its batch is closed when the record is counted as read of its source, too: otherwise a
                // start between the two would take it for a repeat.
                self.put_in_force(incoming.key, catalog, activated, origin);
            }
        }
        Ok(())
    }

    /// Compiles an activation; `Err(None)` for a repeat.
    fn admit_activation(
        &self,
        incoming: &Incoming,
        activation: &CatalogActivated,
    ) -> Result<(Catalog, CatalogActivated), Option<Rejection>> {
        match self.activations.find(&incoming.key) {
            Some(known) if known == labelled_hash(activation) => return Err(None),
            Some(_) => return Err(Some(Reason::KeyReused.into())),
            None => {}
        }
        if !incoming.forced && self.clock.last() != Timestamp::MIN {
            self.clock.admit(incoming.occurred_at)?;
        }
        let zones = RecordingZones::new(&activation.zones);
        let catalog = compile(activation, &zones)?;
        if let Some(detail) = self.world.catalogs.other_currency(&catalog) {
            return Err(Some(Rejection::new(Reason::BadCatalog, detail)));
        }
        let effective_from = activation.effective_from.unwrap_or(catalog.valid_from);
        if effective_from < self.clock.last() && !activation.retroactive {
            return Err(Some(Rejection::new(
                Reason::BadCatalog,
                format!(
                    "effective_from {effective_from} is before the last tick, {}; say retroactive: \
                     true to price what is not rated yet by it",
                    self.clock.last()
                ),
            )));
        }
        let activated = CatalogActivated {
            version: catalog.label.clone(),
            effective_from: Some(effective_from),
            retroactive: activation.retroactive,
            files: activation.files.clone(),
            zones: zones.into_used(),
        };
        Ok((catalog, activated))
    }

    fn put_in_force(
        &mut self,
        key: InputKey,
        catalog: Catalog,
        activated: CatalogActivated,
        origin: &Origin<'_>,
    ) {
        let effective_from = activated.effective_from.unwrap_or(catalog.valid_from);
        tracing::info!(version = %catalog.label, %effective_from, "catalog activated");
        let hash = activation_hash(&activated);
        let world = Arc::make_mut(&mut self.world);
        let number: VersionNo = world.activate(catalog, effective_from, key.clone());
        debug_assert_eq!(number.index(), self.activations.keys.len());
        self.activations.keys.push((key.clone(), hash));
        self.activations.next = self.world.next_version_at(self.clock.last());
        let position = self.number();
        self.open.counts.applied += 1;
        if origin.watched {
            self.open.verdicts.push((position, Verdict::Applied));
        }
        if effective_from <= self.clock.last() {
            self.open
                .broadcast(position, self.clock.last(), &key, Work::ConfigChanged);
        }
        self.open.commit.catalogs.push(ActivatedCatalog {
            number,
            key,
            activation: activated,
        });
    }

    /// A repeat, or a catalog that is not taken: kept like any record without an account.
    fn keep_activation(
        &mut self,
        incoming: &Incoming,
        refused: Option<Rejection>,
        original: &Original,
        origin: &Origin<'_>,
    ) {
        let bytes = match (&refused, original) {
            (None, _) => Bytes::Owned(Vec::new()),
            (_, Original::Made) => Bytes::Owned(umbral_wire::json::incoming(incoming).into_bytes()),
            _ => self.open.bytes(original, origin.bytes),
        };
        let (key, at) = (Some(incoming.key.clone()), Some(incoming.occurred_at));
        self.keep(
            RawParts {
                key,
                at,
                refused,
                bytes,
                format: origin.format.clone(),
            },
            origin,
            original,
        );
    }
}

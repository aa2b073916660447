//! Folding the control partition: catalogs and zones as they were for every batch of the journal.

use crate::error::EngineError;
use crate::sequencer::{JournaledZones, activation_hash, compile};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use umbral_engine::World;
use umbral_model::input::InputKey;
use umbral_model::journal::{ActivatedCatalog, Commit};

/// Catalogs and zones, folded from control records.
#[derive(Clone, Default)]
pub struct WorldFold {
    world: Arc<World>,
    activations: Vec<(InputKey, u64)>,
    records: Vec<WorldRecord>,
    /// Of the records so far: worlds of equal history are the same.
    history: u128,
}

/// Worlds that somebody still uses, by history. The partitions of one process that are logs of their own have the same
/// catalogs, and compiled ones are large.
static WORLDS: Mutex<Vec<(u128, Weak<World>)>> = Mutex::new(Vec::new());

/// The history after a record, whatever its batch.
fn history_after(history: u128, record: &Commit) -> u128 {
    let mut bytes = history.to_le_bytes().to_vec();
    let anywhere = Commit {
        batch: 0,
        ..record.clone()
    };
    umbral_wire::frame::encode_commit(&anywhere, &mut bytes);
    xxhash_rust::xxh3::xxh3_128(&bytes)
}

/// The world of this history that somebody uses already.
fn known_world(history: u128) -> Option<Arc<World>> {
    let worlds = WORLDS.lock().unwrap_or_else(PoisonError::into_inner);
    let mut known = worlds.iter().filter(|(of, _)| *of == history);
    known.find_map(|(_, world)| world.upgrade())
}

fn note_world(history: u128, world: &Arc<World>) {
    let mut worlds = WORLDS.lock().unwrap_or_else(PoisonError::into_inner);
    worlds.retain(|(_, world)| world.strong_count() > 0);
    worlds.push((history, Arc::downgrade(world)));
}

/// What a control record says of catalogs and zones, with its batch; nothing else is in it.
pub(crate) type WorldRecord = Arc<Commit>;

/// Keeps of a control record what concerns catalogs and zones; none if nothing does.
pub(crate) fn world_record(commit: &Commit) -> Option<WorldRecord> {
    if commit.zones.is_empty() && commit.catalogs.is_empty() {
        return None;
    }
    Some(Arc::new(Commit {
        batch: commit.batch,
        zones: commit.zones.clone(),
        catalogs: commit.catalogs.clone(),
        ..Commit::default()
    }))
}

impl WorldFold {
    /// Before the first batch.
    pub fn new() -> WorldFold {
        WorldFold::default()
    }

    /// The world as it is for the entries of the batch that was followed last.
    pub fn world(&self) -> &Arc<World> {
        &self.world
    }

    /// Keys and hashes of the activations, by version.
    pub(crate) fn activations(&self) -> &[(InputKey, u64)] {
        &self.activations
    }

    /// The control records that made this world.
    pub(crate) fn records(&self) -> &[WorldRecord] {
        &self.records
    }

    /// Follows a batch's control record; call before its frames are folded.
    pub fn follow(&mut self, commit: &Commit) -> Result<(), EngineError> {
        let Some(record) = world_record(commit) else {
            return Ok(());
        };
        self.history = history_after(self.history, &record);
        self.records.push(record);
        for activated in &commit.catalogs {
            let hash = activation_hash(&activated.activation);
            self.activations.push((activated.key.clone(), hash));
        }
        if let Some(known) = known_world(self.history) {
            self.world = known;
            return Ok(());
        }
        let world = Arc::make_mut(&mut self.world);
        for rules in &commit.zones {
            world.add_zone(rules.clone());
        }
        for activated in &commit.catalogs {
            activate(world, activated)?;
        }
        note_world(self.history, &self.world);
        Ok(())
    }

    /// Takes over what a sequencer made: its world, or the same one if another partition has it already.
    pub(crate) fn follow_made(
        &mut self,
        world: &Arc<World>,
        records: &[WorldRecord],
        activations: &[(InputKey, u64)],
    ) {
        let known = self.records.len();
        for record in &records[known..] {
            self.history = history_after(self.history, record);
            self.records.push(Arc::clone(record));
        }
        self.activations = activations.to_vec();
        self.world = known_world(self.history).unwrap_or_else(|| {
            note_world(self.history, world);
            Arc::clone(world)
        });
    }
}

/// Compiles a journaled catalog with the zones that were journaled with it, and no others.
fn activate(world: &mut World, activated: &ActivatedCatalog) -> Result<(), EngineError> {
    let failed = |problem: String| EngineError::Catalog {
        version: activated.number.0,
        problem,
    };
    let zones = JournaledZones(&activated.activation.zones);
    let catalog =
        compile(&activated.activation, &zones).map_err(|refused| failed(refused.detail))?;
    let effective_from = activated
        .activation
        .effective_from
        .unwrap_or(catalog.valid_from);
    let number = world.activate(catalog, effective_from, activated.key.clone());
    if number == activated.number {
        Ok(())
    } else {
        Err(failed(format!("it is number {number} of the journal")))
    }
}

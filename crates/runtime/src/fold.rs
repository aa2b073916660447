//! Folding the control partition: catalogs and zones as they were for every batch of the journal.

use crate::error::EngineError;
use crate::sequencer::{JournaledZones, activation_hash, compile};
use std::sync::Arc;
use umbral_engine::World;
use umbral_model::input::InputKey;
use umbral_model::journal::{ActivatedCatalog, Commit};

/// Catalogs and zones, folded from control records.
#[derive(Clone, Default)]
pub struct WorldFold {
    world: Arc<World>,
    activations: Vec<(InputKey, u64)>,
    records: Vec<WorldRecord>,
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
        self.records.push(record);
        let world = Arc::make_mut(&mut self.world);
        for rules in &commit.zones {
            world.add_zone(rules.clone());
        }
        for activated in &commit.catalogs {
            activate(world, activated)?;
            let hash = activation_hash(&activated.activation);
            self.activations.push((activated.key.clone(), hash));
        }
        Ok(())
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

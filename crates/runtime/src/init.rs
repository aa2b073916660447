//! A new data directory: its partition count is fixed, and its catalog is the first committed input.

use crate::clock::ClockMode;
use crate::engine::{Engine, journal};
use crate::error::EngineError;
use crate::message::Verdict;
use crate::options::Options;
use crate::scan::Scanner;
use crate::sequencer::check_catalogs;
use smol_str::SmolStr;
use std::path::Path;
use std::sync::Arc;
use umbral_journal::storage::{RealDisk, Storage};
use umbral_journal::{Creation, DataDir, JournalError};
use umbral_model::ids::{EventId, Source};
use umbral_model::input::{CatalogActivated, Incoming, IncomingBody, InputKey};
use umbral_model::time::Timestamp;

/// What a deployment is founded on.
#[derive(Clone, Debug)]
pub struct Founding {
    /// Partitions, fixed for good.
    pub partitions: u16,
    /// The catalog's files, path within its folder and content; of several versions one after the other.
    pub catalogs: Vec<Vec<(SmolStr, SmolStr)>>,
    /// When it is done, for the activation's envelope.
    pub at: Timestamp,
    /// What created it, for `umbral.json`.
    pub created_by: String,
}

/// Creates a data directory with its first catalog versions; gives their labels. A catalog with problems
/// creates nothing, and what an interrupted creation left is taken up.
pub fn init(dir: &Path, founding: Founding) -> Result<Vec<SmolStr>, EngineError> {
    init_on(Arc::new(RealDisk), dir, founding)
}

/// Like [`init`], on another storage: a simulated disk.
pub fn init_on(
    storage: Arc<dyn Storage>,
    dir: &Path,
    founding: Founding,
) -> Result<Vec<SmolStr>, EngineError> {
    let Founding {
        partitions,
        catalogs,
        at,
        created_by,
    } = founding;
    let activations: Vec<CatalogActivated> = catalogs.into_iter().map(activation_of).collect();
    let labels = check_catalogs(&activations).map_err(EngineError::Refused)?;
    let data = create(
        storage,
        dir,
        Creation {
            partitions,
            created_by,
        },
    )?;
    let inputs = activations
        .into_iter()
        .enumerate()
        .map(|(index, activation)| input_of(index, at, activation))
        .collect();
    // With the event clock no time passes here: the clock starts with the first record.
    let options = Options {
        workers: 1,
        ..Options::with_clock(ClockMode::Event)
    };
    let engine = Engine::on(&data, options)?;
    let receipts = engine.submit(inputs)?;
    engine.stop()?;
    let refused = receipts
        .into_iter()
        .find_map(|receipt| match receipt.verdict {
            Verdict::Quarantined(rejection) => Some(rejection),
            Verdict::Applied | Verdict::Duplicate => None,
        });
    refused.map_or(Ok(labels), |rejection| Err(EngineError::Refused(rejection)))
}

fn activation_of(files: Vec<(SmolStr, SmolStr)>) -> CatalogActivated {
    CatalogActivated {
        version: SmolStr::default(),
        effective_from: None,
        retroactive: false,
        files,
        zones: Vec::new(),
    }
}

fn input_of(index: usize, at: Timestamp, activation: CatalogActivated) -> Incoming {
    let event_id = EventId::new(format!("init-{}", index + 1));
    Incoming {
        key: InputKey {
            source: Source::new("umbral"),
            event_id,
        },
        occurred_at: at,
        address: None,
        currency: None,
        actor: None,
        reason: None,
        forced: false,
        body: IncomingBody::CatalogActivated(activation),
    }
}

fn create(
    storage: Arc<dyn Storage>,
    dir: &Path,
    creation: Creation,
) -> Result<DataDir, EngineError> {
    let failed = |source| journal(dir, source);
    match DataDir::create_on(Arc::clone(&storage), dir, &creation) {
        Err(error @ JournalError::AlreadyADataDir { .. }) => {
            let data = DataDir::open_on(storage, dir).map_err(failed)?;
            let is_empty = Scanner::on(&data)?.next_batch()?.is_none();
            let unfinished = is_empty && data.partitions() == creation.partitions;
            unfinished.then_some(data).ok_or_else(|| failed(error))
        }
        created => created.map_err(failed),
    }
}

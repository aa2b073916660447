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
use umbral_catalog::Files;
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

impl Founding {
    /// The activations of its catalogs, for a deployment that has another log than a data directory; and their labels.
    ///
    /// # Errors
    /// Catalogs with problems.
    pub fn activations(self) -> Result<(Vec<Incoming>, Vec<SmolStr>), EngineError> {
        let at = self.at;
        let activations: Vec<CatalogActivated> =
            self.catalogs.into_iter().map(activation_of).collect();
        let labels = check_catalogs(&activations).map_err(EngineError::Refused)?;
        let activations = activations.into_iter().enumerate();
        let inputs = activations.map(|(index, activation)| input_of(index, at, activation));
        Ok((inputs.collect(), labels))
    }
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
    let creation = Creation {
        partitions,
        created_by,
    };
    let (data, taken) = create(storage, dir, creation, &activations)?;
    let inputs = activations
        .into_iter()
        .enumerate()
        .skip(taken)
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
    Incoming {
        key: key_of(index),
        occurred_at: at,
        address: None,
        currency: None,
        actor: None,
        reason: None,
        forced: false,
        body: IncomingBody::CatalogActivated(activation),
    }
}

fn key_of(index: usize) -> InputKey {
    InputKey {
        source: Source::new("umbral"),
        event_id: EventId::new(format!("init-{}", index + 1)),
    }
}

/// The directory, and how many of the catalogs an interrupted creation has committed already.
fn create(
    storage: Arc<dyn Storage>,
    dir: &Path,
    creation: Creation,
    activations: &[CatalogActivated],
) -> Result<(DataDir, usize), EngineError> {
    let failed = |source| journal(dir, source);
    match DataDir::create_on(Arc::clone(&storage), dir, &creation) {
        Err(error @ JournalError::AlreadyADataDir { .. }) => {
            let data = DataDir::open_on(storage, dir).map_err(failed)?;
            let is_beginning = |found: &Vec<Files>| {
                let mut pairs = found.iter().zip(activations);
                found.len() < activations.len() && pairs.all(|(one, other)| *one == other.files)
            };
            let found = founded(&data)?.filter(is_beginning);
            match found {
                Some(found) if data.partitions() == creation.partitions => Ok((data, found.len())),
                _ => Err(failed(error)),
            }
        }
        created => created.map(|data| (data, 0)).map_err(failed),
    }
}

/// Whether a data directory holds catalogs of its founding at most: a founding that was interrupted may have
/// to be taken up.
pub fn is_new(dir: &Path) -> Result<bool, EngineError> {
    let data = DataDir::open(dir).map_err(|source| journal(dir, source))?;
    Ok(founded(&data)?.is_some())
}

/// The catalogs of the founding, as long as nothing else is committed. Each is a batch of its own.
fn founded(data: &DataDir) -> Result<Option<Vec<Files>>, EngineError> {
    let mut scanner = Scanner::on(data)?;
    let mut found = Vec::new();
    while let Some(batch) = scanner.next_batch()? {
        if batch.commit.catalogs.is_empty() || !batch.frames.is_empty() {
            return Ok(None);
        }
        for catalog in batch.commit.catalogs {
            if catalog.key != key_of(found.len()) {
                return Ok(None);
            }
            found.push(catalog.activation.files);
        }
    }
    Ok(Some(found))
}

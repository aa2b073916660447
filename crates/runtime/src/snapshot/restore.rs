//! A start from a snapshot: workers fill their partitions in parallel, the directory beside them. What cannot be
//! read, or is not of this journal, is said in the log and left; the one before it is tried, and then the journal.

use super::parts::{COMMIT, DIRECTORY, INDEX, ROWS, WORLD, read_places};
use super::{Start, VERSIONS};
use crate::fold::WorldFold;
use crate::index::BatchIndex;
use crate::worker::Worker;
use crossbeam_channel::bounded;
use std::thread;
use umbral_intake::directory::{Directory, Held};
use umbral_journal::DataDir;
use umbral_journal::snapshot::{Part, Snapshot, SnapshotError};
use umbral_model::ids::PartitionNo;
use umbral_model::journal::Commit;
use umbral_wire::frame;

/// The least that a row takes, for how much memory the number of rows may claim.
const SMALLEST_ROW_BYTES: usize = 32;

/// Pieces of the directory that may wait for the thread that puts who held what.
const PIECES_WAITING: usize = 4;

/// What was read from a snapshot.
pub(crate) struct Restored {
    /// Position, clock and counts where the snapshot begins; the sources as they are known.
    pub last: Commit,
    pub world: WorldFold,
    pub directory: Directory,
    pub index: BatchIndex,
    /// Workers with their partitions filled.
    pub workers: Vec<Worker>,
}

/// Reads the newest snapshot that can be used, if there is one.
pub(crate) fn newest(data: &DataDir, workers: usize) -> (Option<Restored>, Start) {
    let mut start = Start::default();
    let numbers = data.snapshots().list().unwrap_or_else(|error| {
        tell(0, &error);
        Vec::new()
    });
    for number in numbers {
        match restore(data, number, workers) {
            Ok(restored) => {
                start.batch = number;
                return (Some(restored), start);
            }
            Err(error) => {
                tell(number, &error);
                start.useless.insert(number);
            }
        }
    }
    (None, start)
}

fn tell(number: u64, error: &SnapshotError) {
    tracing::warn!(
        snapshot = number,
        file = %error.path.display(),
        reason = error.what,
        "Snapshot is not used; the one before it is, or the journal. Nothing is lost but time."
    );
}

fn restore(data: &DataDir, number: u64, workers: usize) -> Result<Restored, SnapshotError> {
    let partitions = data.partitions();
    let open = || data.snapshots().open(number, VERSIONS, partitions);
    let snapshot = open()?;
    let wrong = |what: String| Err(SnapshotError::new(snapshot.path(), what));
    match data.holds(snapshot.mark()) {
        Ok(true) => {}
        Ok(false) => {
            let batch = snapshot.mark().batch();
            return wrong(format!("the journal is another one at batch {batch}"));
        }
        Err(error) => return wrong(format!("the journal cannot be compared: {error}")),
    }
    thread::scope(|scope| {
        let threads: Vec<_> = (0..workers)
            .map(|number| {
                let worker = Worker::new(number, workers, partitions);
                scope.spawn(move || fill(worker, &open()?, number, (workers, partitions)))
            })
            .collect();
        let directory = scope.spawn(move || read_directory(&open()?));
        let base = read_base(&snapshot);
        let broken = || SnapshotError::new(snapshot.path(), "reading it failed");
        let workers = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err(broken())))
            .collect::<Result<Vec<Worker>, SnapshotError>>()?;
        let directory = directory.join().unwrap_or_else(|_| Err(broken()))?;
        let (last, world, index) = base?;
        Ok(Restored {
            last,
            world,
            directory,
            index,
            workers,
        })
    })
}

fn of_kind(snapshot: &Snapshot, kind: u8) -> impl Iterator<Item = &Part> {
    let parts = snapshot.parts().iter();
    parts.filter(move |part| part.kind == kind)
}

/// Fills the partitions of a worker.
fn fill(
    mut worker: Worker,
    snapshot: &Snapshot,
    number: usize,
    (workers, partitions): (usize, u16),
) -> Result<Worker, SnapshotError> {
    let is_own = |part: &&Part| usize::from(part.partition) % workers == number;
    let own: Vec<&Part> = of_kind(snapshot, ROWS).filter(is_own).collect();
    if own.iter().any(|part| part.partition >= partitions) {
        return Err(SnapshotError::new(
            snapshot.path(),
            "it has rows of no partition",
        ));
    }
    let mut room = vec![0usize; usize::from(partitions)];
    for part in &own {
        let most = part.bytes() / SMALLEST_ROW_BYTES;
        room[usize::from(part.partition)] += most.min(part.items as usize);
    }
    for (partition, accounts) in (0..).zip(room).filter(|(_, accounts)| *accounts > 0) {
        worker
            .partition_mut(PartitionNo(partition))
            .reserve(accounts);
    }
    let mut bytes = Vec::new();
    for part in own {
        snapshot.read(part, &mut bytes)?;
        let partition = worker.partition_mut(PartitionNo(part.partition));
        let rows = partition
            .read_rows(&bytes, part.as_of)
            .map_err(|bad| SnapshotError::new(snapshot.path(), bad.to_string()))?;
        if rows != part.items as usize {
            return Err(SnapshotError::new(
                snapshot.path(),
                "a part has other rows than it says",
            ));
        }
    }
    Ok(worker)
}

fn read_directory(snapshot: &Snapshot) -> Result<Directory, SnapshotError> {
    let room = of_kind(snapshot, DIRECTORY)
        .map(|part| (part.items as usize).min(part.bytes() / SMALLEST_ROW_BYTES))
        .sum();
    let directory = Directory::with_capacity(room);
    thread::scope(|scope| {
        let (line, held) = bounded::<Held>(PIECES_WAITING);
        let directory = &directory;
        scope.spawn(move || held.iter().for_each(|held| directory.put_all(held)));
        let mut bytes = Vec::new();
        for part in of_kind(snapshot, DIRECTORY) {
            snapshot.read(part, &mut bytes)?;
            let held = directory
                .read_members(&bytes)
                .map_err(|bad| SnapshotError::new(snapshot.path(), bad.to_string()))?;
            // The other thread ends only when the line does.
            let _ = line.send(held);
        }
        Ok(())
    })?;
    Ok(directory)
}

/// What concerns all partitions: the last commit, catalogs and zones, places of batches.
fn read_base(snapshot: &Snapshot) -> Result<(Commit, WorldFold, BatchIndex), SnapshotError> {
    let bad = |what: &str| SnapshotError::new(snapshot.path(), what);
    let mut bytes = Vec::new();
    let mut world = WorldFold::new();
    for part in of_kind(snapshot, WORLD) {
        snapshot.read(part, &mut bytes)?;
        let record = frame::decode_commit(&bytes).map_err(|error| bad(&error.to_string()))?;
        world
            .follow(&record)
            .map_err(|error| bad(&error.to_string()))?;
    }
    let mut index = BatchIndex::default();
    for part in of_kind(snapshot, INDEX) {
        snapshot.read(part, &mut bytes)?;
        index.extend(read_places(&bytes).ok_or_else(|| bad("its index is not whole"))?);
    }
    let commit = of_kind(snapshot, COMMIT).next();
    let commit = commit.ok_or_else(|| bad("it does not say where it begins"))?;
    snapshot.read(commit, &mut bytes)?;
    let last = frame::decode_commit(&bytes).map_err(|error| bad(&error.to_string()))?;
    if last.batch != snapshot.number() || index.len() as u64 != last.batch {
        return Err(bad("its index does not reach to where it begins"));
    }
    Ok((last, world, index))
}

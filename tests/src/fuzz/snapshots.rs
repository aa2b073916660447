//! Snapshots: manifests and parts as files, rows and pieces of the directory as bytes, and starts of the engine from a
//! snapshot one of whose parts is anything under a checksum that is right.

use super::{catalogs, seeds};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use umbral_engine::{Partition, Portion, STATE_LAYOUT};
use umbral_intake::directory::{Directory, DirectoryCopy};
use umbral_journal::DataDir;
use umbral_journal::snapshot::{Snapshot, Versions};
use umbral_journal::storage::MemoryDisk;
use umbral_model::journal::LOGIC_VERSION;
use umbral_model::time::Timestamp;
use umbral_runtime::{ClockMode, Engine, Founding, Options, SnapshotOptions, init_on};
use umbral_wire::json;

const VERSIONS: Versions = Versions {
    logic: LOGIC_VERSION,
    layout: STATE_LAYOUT,
};
const PARTITIONS: u16 = 2;
/// Kinds of parts.
const ROWS: u8 = 1;
const DIRECTORY: u8 = 2;
/// Everything of a partition in one piece.
const WHOLE: Portion = Portion {
    rows: usize::MAX,
    bytes: usize::MAX,
};

fn root() -> &'static Path {
    Path::new("/data")
}

fn open(disk: &MemoryDisk) -> DataDir {
    DataDir::open_on(Arc::new(disk.clone()), root()).expect("a data directory")
}

fn engine(disk: &MemoryDisk) -> Engine {
    let options = Options {
        workers: 1,
        snapshots: SnapshotOptions::ON_DEMAND,
        ..Options::with_clock(ClockMode::Event)
    };
    Engine::on(&open(disk), options).expect("an engine")
}

/// A directory with a snapshot, and what is in it.
struct Base {
    disk: MemoryDisk,
    number: u64,
    /// Kind, partition, items, and content of each part.
    parts: Vec<(u8, u16, usize, Vec<u8>)>,
    hashes: Vec<u128>,
}

fn base() -> &'static Base {
    static BASE: OnceLock<Base> = OnceLock::new();
    BASE.get_or_init(|| {
        let disk = MemoryDisk::new();
        let (_, text) = catalogs::WHOLE.split_once('\n').expect("a name and a text");
        let founding = Founding {
            partitions: PARTITIONS,
            catalogs: vec![vec![("catalog.toml".into(), text.into())]],
            at: Timestamp::from_seconds(0),
            created_by: "fuzz".to_owned(),
        };
        init_on(Arc::new(disk.clone()), root(), founding).expect("it is made");
        let starting = engine(&disk);
        let lines = seeds::lines();
        let inputs = lines
            .iter()
            .filter_map(|line| json::parse_incoming(line.as_bytes()).ok());
        starting.submit(inputs.collect()).expect("taken");
        let taken = starting.snapshot().expect("taken").expect("there is more");
        let (_, hashes) = starting.stop_with_hashes().expect("stopped");
        let number = taken.batch;
        let snapshot = open_snapshot(&disk, number).expect("a snapshot");
        let mut bytes = Vec::new();
        let parts = snapshot.parts().iter().map(|part| {
            snapshot.read(part, &mut bytes).expect("a part");
            (
                part.kind,
                part.partition,
                part.items as usize,
                bytes.clone(),
            )
        });
        let parts = parts.collect();
        let disk = disk.after_kill();
        Base {
            disk,
            number,
            parts,
            hashes,
        }
    })
}

fn open_snapshot(disk: &MemoryDisk, number: u64) -> Result<Snapshot, String> {
    let opened = open(disk).snapshots().open(number, VERSIONS, PARTITIONS);
    opened.map_err(|error| error.to_string())
}

fn path(number: u64, ending: &str) -> PathBuf {
    root().join(format!("snapshots/{number:020}.{ending}"))
}

fn contents(kind: u8) -> Vec<Vec<u8>> {
    let parts = base().parts.iter().filter(|part| part.0 == kind);
    parts.map(|part| part.3.clone()).collect()
}

/// The first octet says which file the others are; a manifest gets its checksum, so that more than that is read.
pub(super) fn snapshot(bytes: &[u8]) {
    let Some((which, content)) = bytes.split_first() else {
        return;
    };
    let Base { disk, number, .. } = base();
    let disk = disk.after_kill();
    let mut content = content.to_vec();
    let ending = if which % 3 == 0 { "parts" } else { "manifest" };
    if which % 3 == 2 && content.len() >= 16 {
        content[12..16].fill(0);
        let crc = crc32c::crc32c(&content);
        content[12..16].copy_from_slice(&crc.to_le_bytes());
    }
    disk.overwrite(&path(*number, ending), content);
    assert_eq!(open(&disk).snapshots().list().expect("listed"), [*number]);
    match open_snapshot(&disk, *number) {
        Ok(snapshot) => {
            let mut part_bytes = Vec::new();
            for part in snapshot.parts() {
                if snapshot.read(part, &mut part_bytes).is_ok() {
                    assert_eq!(part_bytes.len(), part.bytes());
                }
            }
        }
        Err(why) => assert!(!why.is_empty(), "a refusal says why"),
    }
}

pub(super) fn snapshot_seeds() -> Vec<Vec<u8>> {
    let Base { disk, number, .. } = base();
    let file = |which: u8, ending| {
        let mut seed = vec![which];
        seed.extend(disk.content(&path(*number, ending)).expect("it is there"));
        seed
    };
    vec![file(0, "parts"), file(1, "manifest"), file(2, "manifest")]
}

/// What is read is written and read again the same.
pub(super) fn rows(bytes: &[u8]) {
    let mut partition = Partition::new();
    let Ok(count) = partition.read_rows(bytes, 1) else {
        return;
    };
    let mut written = Vec::new();
    assert_eq!(partition.write_rows(0, &WHOLE, &mut written), count);
    let mut again = Partition::new();
    let read = again.read_rows(&written, 1).expect("own rows are read");
    assert_eq!(read, count);
    let mut rewritten = Vec::new();
    again.write_rows(0, &WHOLE, &mut rewritten);
    assert_eq!(written, rewritten, "rows come back");
    assert_eq!(partition.state_hash(), again.state_hash(), "rows come back");
}

pub(super) fn row_seeds() -> Vec<Vec<u8>> {
    contents(ROWS)
}

/// As for rows, with who holds which identifier.
pub(super) fn directory(bytes: &[u8]) {
    let read = Arc::new(Directory::new());
    if read.read_piece(bytes).is_err() {
        return;
    }
    let members = |directory: &Arc<Directory>| {
        let mut copy = DirectoryCopy::begin(directory);
        let mut pieces = Vec::new();
        while copy.next_piece(64, &mut pieces).is_some() {}
        pieces
    };
    let written = members(&read);
    let again = Arc::new(Directory::new());
    again.read_piece(&written).expect("an own piece is read");
    assert_eq!(written, members(&again), "members come back");
}

pub(super) fn directory_seeds() -> Vec<Vec<u8>> {
    contents(DIRECTORY)
}

/// The first octet says which part of a snapshot is replaced. A start takes it, or says no and takes the journal.
pub(super) fn restore(bytes: &[u8]) {
    let Some((which, content)) = bytes.split_first() else {
        return;
    };
    let Base {
        disk,
        number,
        parts,
        hashes,
    } = base();
    let disk = disk.after_kill();
    let mark = open_snapshot(&disk, *number)
        .expect("a snapshot")
        .mark()
        .clone();
    let mut writer = open(&disk).snapshots().begin(*number).expect("begun");
    let replaced = usize::from(*which) % parts.len();
    for (place, (kind, partition, items, own)) in parts.iter().enumerate() {
        let content = if place == replaced { content } else { own };
        let put = writer.put((*kind, *partition), *items, *number, content);
        put.expect("written");
    }
    writer.finish(VERSIONS, mark).expect("finished");
    let engine = engine(&disk);
    let is_own = content == parts[replaced].3;
    match engine.restored_from() {
        0 if !is_own => assert_eq!(&engine.stop_with_hashes().expect("stopped").1, hashes),
        from => assert_eq!(from, *number),
    }
}

pub(super) fn restore_seeds() -> Vec<Vec<u8>> {
    let parts = (0u8..).zip(&base().parts);
    let marked = parts.map(|(place, (.., content))| {
        let mut seed = vec![place];
        seed.extend(content);
        seed
    });
    marked.collect()
}

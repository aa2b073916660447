//! Drop folders: files that somebody puts there are taken in order of name, each when it is whole.

use super::intake::Reading;
use super::signals::Stop;
use crate::failure::{Exit, Failure, Told};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use umbral_runtime::{Engine, Go, Ingested};

/// Endings of files that are still being written or moved.
const UNFINISHED: &[&str] = &["tmp", "part", "partial", "filepart", "crdownload"];

/// Time between two looks at a folder.
const PAUSE: Duration = Duration::from_millis(500);
/// How long a file has to rest where nothing else is said: who writes one may pause for as long.
pub(crate) const REST: Duration = Duration::from_secs(2);

/// A drop folder.
pub(crate) struct Folder {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// How its files are read.
    pub(crate) reading: Reading,
    /// How long a file has to be unchanged before it is taken.
    pub(crate) rest: Duration,
}

/// What came of a file.
pub(crate) enum Came {
    /// It was read.
    Taken(Ingested),
    /// It cannot be read to its end; it is tried again when it changes.
    Refused(Told),
}

/// Takes the files that come into a folder, each when it rested, until told to stop. Only an engine that stopped, or a folder that
/// is gone, ends it early.
pub(crate) fn follow(
    folder: &Folder,
    engine: &Engine,
    stop: &Stop,
    came: &mut dyn FnMut(&str, Came),
) -> Result<(), Failure> {
    let mut follower = Follower::new(&folder.path, folder.rest);
    while !stop.is_asked() {
        let files = follower
            .look()
            .map_err(|error| Failure::file("read", &folder.path, &error))?;
        for file in files {
            let name = file.to_string_lossy();
            let mut go = |_: &_| if stop.is_asked() { Go::Stop } else { Go::On };
            match folder.reading.one(engine, &name, &mut go) {
                Ok(ingested) => came(&name, Came::Taken(ingested)),
                Err(Failure::Told(told)) if told.exit != Exit::Unusable => {
                    came(&name, Came::Refused(told));
                }
                Err(failure) => return Err(failure),
            }
            if stop.is_asked() {
                return Ok(());
            }
        }
        stop.rest(PAUSE);
    }
    Ok(())
}

/// What is known about a file from its last sight.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Sight {
    bytes: u64,
    modified: Option<SystemTime>,
}

/// Watches one folder. Files are left where they are: that they were taken stands in the journal.
#[derive(Debug)]
struct Follower {
    folder: PathBuf,
    /// Looks at which a file has to be as it was.
    looks: u32,
    /// Files, and at how many looks each was as it is.
    seen: BTreeMap<PathBuf, (Sight, u32)>,
    taken: BTreeMap<PathBuf, Sight>,
}

impl Follower {
    /// Watches a folder whose files have to rest for so long, one look at least.
    fn new(folder: &Path, rest: Duration) -> Follower {
        let looks = rest.as_millis().div_ceil(PAUSE.as_millis());
        Follower {
            folder: folder.to_owned(),
            looks: u32::try_from(looks).unwrap_or(u32::MAX).max(1),
            seen: BTreeMap::new(),
            taken: BTreeMap::new(),
        }
    }

    /// Files that have not changed for as long as they have to rest, and were not handed out as they are, by name.
    fn look(&mut self) -> io::Result<Vec<PathBuf>> {
        let mut now = BTreeMap::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            // A file that went away between listing and looking is not there.
            let Ok(metadata) = fs::metadata(&path) else {
                continue;
            };
            if metadata.is_file() && !is_unfinished(&path) {
                let sight = Sight {
                    bytes: metadata.len(),
                    modified: metadata.modified().ok(),
                };
                let still = match self.seen.get(&path) {
                    Some((before, looks)) if *before == sight => looks.saturating_add(1),
                    _ => 0,
                };
                now.insert(path, (sight, still));
            }
        }
        let ready: Vec<(PathBuf, Sight)> = now
            .iter()
            .filter(|(_, (_, still))| *still >= self.looks)
            .filter(|(path, (sight, _))| self.taken.get(*path) != Some(sight))
            .map(|(path, (sight, _))| (path.clone(), *sight))
            .collect();
        self.taken.retain(|path, _| now.contains_key(path));
        self.seen = now;
        self.taken.extend(ready.iter().cloned());
        Ok(ready.into_iter().map(|(path, _)| path).collect())
    }
}

fn is_unfinished(path: &Path) -> bool {
    let hidden = path
        .file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    hidden
        || path
            .extension()
            .is_some_and(|ending| UNFINISHED.iter().any(|known| ending == *known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_handed_out_once_and_only_when_it_rests() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut follower = Follower::new(folder.path(), Duration::ZERO);
        let file = folder.path().join("b.ndjson");
        for (name, content) in [("b.ndjson", "1"), (".hidden", "1"), ("c.ndjson.part", "1")] {
            fs::write(folder.path().join(name), content).expect("write");
        }
        assert!(
            follower.look().expect("look").is_empty(),
            "seen for the first time"
        );
        fs::write(&file, "12").expect("write");
        assert!(follower.look().expect("look").is_empty(), "it grew");
        assert_eq!(follower.look().expect("look"), vec![file.clone()]);
        assert!(
            follower.look().expect("look").is_empty(),
            "handed out already"
        );
        fs::write(&file, "123").expect("write");
        assert!(follower.look().expect("look").is_empty(), "it grew again");
        assert_eq!(follower.look().expect("look"), vec![file]);
    }

    #[test]
    fn a_pause_of_the_writer_is_not_the_end_of_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut follower = Follower::new(folder.path(), 4 * PAUSE);
        let file = folder.path().join("a.ndjson");
        let looks = |follower: &mut Follower, count: usize| {
            let mut found = Vec::new();
            for _ in 0..count {
                found.extend(follower.look().expect("look"));
            }
            found.len()
        };
        fs::write(&file, "1").expect("write");
        assert_eq!(looks(&mut follower, 4), 0, "it rested for three looks");
        fs::write(&file, "12").expect("write");
        assert_eq!(looks(&mut follower, 4), 0, "and again");
        assert_eq!(looks(&mut follower, 1), 1, "it rested for four");
        assert_eq!(looks(&mut follower, 9), 0, "it is taken once");
    }
}

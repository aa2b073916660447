//! Reading a catalog folder from disk, and writing one.

use crate::failure::Failure;
use crate::output::problem::{Place, Problem};
use smol_str::SmolStr;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// The files of a catalog: path within the folder (with `/`) and content, by path.
pub(crate) type Files = Vec<(SmolStr, SmolStr)>;

/// Largest file of a catalog, in bytes.
const MAX_FILE_BYTES: u64 = 256 << 20;
/// Most files of a catalog.
const MAX_FILES: usize = 10_000;
/// Where a catalog is put together before it takes its place.
const STAGING: &str = ".umbral-partial";
/// Deepest folder within a catalog.
const MAX_DEPTH: usize = 16;

/// Reads all files of a folder whose names end in one of `extensions`; hidden ones are left out. A file that is
/// not UTF-8 is a problem among those of its content: what is not text in it is read as replacement characters.
pub(crate) fn read(folder: &Path, extensions: &[&str]) -> Result<(Files, Vec<Problem>), Failure> {
    let metadata = fs::metadata(folder).map_err(|error| Failure::file("read", folder, &error))?;
    if !metadata.is_dir() {
        return Err(
            Failure::usage(format!("{} is not a folder", folder.display()))
                .note("a catalog is a folder of .toml and .csv files; name the folder"),
        );
    }
    let mut paths = Vec::new();
    collect(folder, 0, extensions, &mut paths)?;
    if paths.is_empty() {
        let names: Vec<String> = extensions.iter().map(|name| format!(".{name}")).collect();
        return Err(Failure::problems(format!(
            "{} holds no {} files",
            folder.display(),
            names.join(" or ")
        ))
        .note("name the folder that holds the catalog"));
    }
    paths.sort();
    let mut files = Vec::with_capacity(paths.len());
    let mut problems = Vec::new();
    for path in paths {
        let (name, bytes) = (within(folder, &path), read_bytes(&path)?);
        let text = String::from_utf8_lossy(&bytes);
        if let Err(error) = std::str::from_utf8(&bytes) {
            problems.push(not_utf8(&name, &text, error.valid_up_to()));
        }
        files.push((name, SmolStr::new(text)));
    }
    files.sort();
    Ok((files, problems))
}

/// The problem of a file whose text ends at byte `at`; `text` is what could be read of it.
fn not_utf8(name: &str, text: &str, at: usize) -> Problem {
    let span = at..at + char::REPLACEMENT_CHARACTER.len_utf8();
    Problem {
        code: Some(umbral_catalog::codes::NOT_UTF8.to_owned()),
        is_warning: false,
        title: "the file is not UTF-8 text".to_owned(),
        place: Some(Place::new(name, text, span, "is no character of UTF-8")),
        notes: vec!["save the file in UTF-8".to_owned()],
    }
}

fn collect(
    folder: &Path,
    depth: usize,
    extensions: &[&str],
    paths: &mut Vec<PathBuf>,
) -> Result<(), Failure> {
    let failed = |error| Failure::file("read", folder, &error);
    if depth > MAX_DEPTH {
        return Err(
            Failure::problems(format!("{} is nested too deeply", folder.display())).note(format!(
                "a catalog has at most {MAX_DEPTH} levels of folders"
            )),
        );
    }
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if hidden {
            continue;
        }
        let wanted = path
            .extension()
            .is_some_and(|extension| extensions.iter().any(|wanted| extension == *wanted));
        if path.is_dir() {
            collect(&path, depth + 1, extensions, paths)?;
        } else if wanted {
            let kind = fs::metadata(&path).map_err(|error| Failure::file("read", &path, &error))?;
            if !kind.is_file() {
                // A pipe would be waited for without end.
                return Err(
                    Failure::problems(format!("{} is not a regular file", path.display()))
                        .note("replace it by a file, or move it out of the folder"),
                );
            }
            paths.push(path);
        }
    }
    if paths.len() > MAX_FILES {
        return Err(Failure::problems(format!("more than {MAX_FILES} files"))
            .note("name the folder of the catalog, not one above it"));
    }
    Ok(())
}

/// A path within a folder, with `/` on every system.
fn within(folder: &Path, path: &Path) -> SmolStr {
    let inner = path.strip_prefix(folder).unwrap_or(path);
    inner
        .to_string_lossy()
        .replace(std::path::MAIN_SEPARATOR, "/")
        .into()
}

/// Reads a text file; anything that is not UTF-8 is refused with its place.
pub(crate) fn read_text(path: &Path) -> Result<SmolStr, Failure> {
    let bytes = read_bytes(path)?;
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        Failure::problems(format!("{}:{line} is not UTF-8 text", path.display()))
            .note("save the file in UTF-8")
    })?;
    Ok(SmolStr::new(text))
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error| Failure::file("read", path, &error);
    if fs::metadata(path).map_err(failed)?.len() > MAX_FILE_BYTES {
        return Err(
            Failure::problems(format!("{} is too large", path.display())).note(format!(
                "a file may have {} MB at most",
                MAX_FILE_BYTES >> 20
            )),
        );
    }
    fs::read(path).map_err(failed)
}

/// Writes a catalog into a folder that must not hold anything yet: all of it, or nothing.
pub(crate) fn write(folder: &Path, files: &[(SmolStr, SmolStr)]) -> Result<(), Failure> {
    let is_there = folder.exists();
    if is_there && !entries(folder)?.is_empty() {
        return Err(Failure::usage(format!("{} is not empty", folder.display()))
            .note("name a new folder: files of another catalog would mix with this one"));
    }
    // A folder that is there may be a mount point or somebody's current one: it stays in its place.
    let staging = if is_there {
        folder.join(STAGING)
    } else {
        let mut name = OsString::from(STAGING);
        name.push("-");
        name.push(folder.file_name().unwrap_or_default());
        folder.with_file_name(name)
    };
    if staging.exists() {
        // Left behind by a run that was killed.
        fs::remove_dir_all(&staging).map_err(|error| Failure::file("remove", &staging, &error))?;
    }
    let written = fill(&staging, files).and_then(|()| publish(&staging, folder, is_there));
    if written.is_err() {
        // The failure is told already; what cannot be removed goes with the next run.
        fs::remove_dir_all(&staging).ok();
    }
    written
}

/// What a folder holds, but for what an earlier run left behind.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error| Failure::file("read", folder, &error);
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_name() != STAGING {
            paths.push(entry.path());
        }
    }
    Ok(paths)
}

fn fill(staging: &Path, files: &[(SmolStr, SmolStr)]) -> Result<(), Failure> {
    for (name, content) in files {
        let path = staging.join(name.as_str());
        let parent = path.parent().unwrap_or(staging);
        fs::create_dir_all(parent).map_err(|error| Failure::file("create", parent, &error))?;
        fs::write(&path, content.as_str())
            .map_err(|error| Failure::file("write", &path, &error))?;
    }
    Ok(())
}

fn publish(staging: &Path, folder: &Path, is_there: bool) -> Result<(), Failure> {
    let failed = |error| Failure::file("write", folder, &error);
    if !is_there {
        return fs::rename(staging, folder).map_err(failed);
    }
    for path in entries(staging)? {
        let name = path.file_name().unwrap_or_default();
        fs::rename(&path, folder.join(name)).map_err(failed)?;
    }
    fs::remove_dir(staging).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_catalog_is_written_whole_or_not_at_all() {
        let base = tempfile::tempdir().unwrap();
        let whole = [("a.toml", "1"), ("in/b.csv", "2")].map(|(p, t)| (p.into(), t.into()));
        // A file cannot be a folder too: the second one fails as on a full disk.
        let broken = [("a", "1"), ("a/b.csv", "2")].map(|(p, t)| (p.into(), t.into()));
        let (new, there) = (base.path().join("new"), base.path().join("there"));
        fs::create_dir(&there).unwrap();
        for folder in [&new, &there] {
            assert!(write(folder, &broken).is_err());
            assert_eq!(folder.exists(), folder == &there, "nothing is left behind");
            assert_eq!(
                fs::read_dir(base.path()).unwrap().count(),
                1 + usize::from(folder == &there && new.exists())
            );
            assert!(write(folder, &whole).is_ok(), "the next run finds room");
            assert_eq!(fs::read_to_string(folder.join("in/b.csv")).unwrap(), "2");
            assert_eq!(fs::read_dir(folder).unwrap().count(), 2);
            assert!(write(folder, &whole).is_err(), "it is not empty any more");
        }
    }
}

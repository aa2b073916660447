//! Loading catalog folders, with their problems shown as people see them.

use crate::failure::Failure;
use crate::folder::{self, Files};
use crate::output::problem::{Place, Problem};
use crate::output::{Out, complain};
use crate::text::count;
use smol_str::SmolStr;
use std::path::Path;
use umbral_catalog::Compiled;
use umbral_catalog::problem as found;
use umbral_catalog::version::CatalogSet;
use umbral_intake::zones::Iana;

/// Endings of the files that belong to a catalog.
const EXTENSIONS: &[&str] = &["toml", "csv"];
/// The file that makes a folder a catalog.
const HEAD: &str = "catalog.toml";

/// One version of a catalog without errors, and its files.
pub(crate) struct Loaded {
    /// Its files, by path within its own folder.
    pub(crate) files: Files,
    /// Tables, warnings, cases, summary.
    pub(crate) compiled: Compiled,
}

/// Reads a catalog's files from disk, with the problems of those that are not text.
pub(crate) fn read(folder: &Path) -> Result<(Files, Vec<Problem>), Failure> {
    folder::read(folder, EXTENSIONS)
}

/// Compiles all versions of a folder, in order of date; `Err` holds all problems.
pub(crate) fn compile(files: &Files) -> Result<Vec<Loaded>, Vec<Problem>> {
    let versions = umbral_catalog::load_series(files, &Iana).map_err(|problems| {
        problems
            .iter()
            .map(|problem| shown(problem, files))
            .collect::<Vec<_>>()
    })?;
    let mut loaded: Vec<Loaded> = Vec::with_capacity(versions.len());
    let folders = heads(files);
    // The series is in order of date; each version is found again by its own files.
    for compiled in versions {
        let files = folders
            .iter()
            .map(|folder| inside(files, folder))
            .find(|own| {
                umbral_catalog::load(own, &Iana).is_ok_and(|other| same_version(&other, &compiled))
            });
        loaded.push(Loaded {
            files: files.unwrap_or_default(),
            compiled,
        });
    }
    Ok(loaded)
}

fn same_version(left: &Compiled, right: &Compiled) -> bool {
    left.catalog.valid_from == right.catalog.valid_from
}

/// Folders that hold a version; empty for the folder itself.
fn heads(files: &Files) -> Vec<SmolStr> {
    let heads: Vec<SmolStr> = files
        .iter()
        .filter_map(|(path, _)| path.strip_suffix(HEAD))
        .filter(|head| head.is_empty() || head.ends_with('/'))
        .map(SmolStr::new)
        .collect();
    if heads.iter().any(|head| head.is_empty()) {
        vec![SmolStr::default()]
    } else {
        heads
    }
}

fn inside(files: &Files, folder: &str) -> Files {
    files
        .iter()
        .filter_map(|(path, text)| Some((SmolStr::new(path.strip_prefix(folder)?), text.clone())))
        .collect()
}

/// A problem of the catalog as it is shown.
pub(crate) fn shown(problem: &found::Problem, files: &Files) -> Problem {
    let text = files
        .iter()
        .find(|(name, _)| *name == problem.file)
        .map(|(_, text)| text.as_str());
    Problem {
        code: Some(problem.code.to_owned()),
        is_warning: problem.severity == found::Severity::Warning,
        title: problem.title.clone(),
        place: text
            .map(|text| Place::new(&problem.file, text, problem.span.clone(), &problem.label)),
        notes: problem.notes.clone(),
    }
}

/// Loads a catalog for a command that needs one; shows its problems and fails if it has errors.
pub(crate) fn load(folder: &Path, out: &Out) -> Result<Vec<Loaded>, Failure> {
    let (files, unread) = read(folder)?;
    let compiled = match compile(&files) {
        Ok(versions) if unread.is_empty() => Ok(versions),
        Ok(_) => Err(unread),
        Err(found) => Err(unread.into_iter().chain(found).collect()),
    };
    compiled.map_err(|problems: Vec<Problem>| {
        for problem in &problems {
            complain(&problem.render(out.paint_err()));
            complain("");
        }
        let errors = problems
            .iter()
            .filter(|problem| !problem.is_warning)
            .count() as u64;
        let errors = count(errors, "error", "errors");
        Failure::problems(format!("the catalog {} has {errors}", folder.display()))
            .note("mend what is named above; umbral check shows what is left")
    })
}

/// All versions side by side, as a deployment would have them.
pub(crate) fn side_by_side(versions: &[Loaded]) -> CatalogSet {
    let mut catalogs = CatalogSet::new();
    for version in versions {
        let catalog = version.compiled.catalog.clone();
        let valid_from = catalog.valid_from;
        catalogs.activate(catalog, valid_from);
    }
    catalogs
}

/// Loads all versions of a catalog for pricing.
pub(crate) fn load_for_rating(folder: &Path, out: &Out) -> Result<CatalogSet, Failure> {
    load(folder, out).map(|versions| side_by_side(&versions))
}

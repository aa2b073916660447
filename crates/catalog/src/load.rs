//! The way from files to a compiled catalog.

use crate::case::{CatalogCase, CollectionsCase};
use crate::check;
use crate::codes;
use crate::compile::compile;
use crate::draft::Draft;
use crate::loyalty::case::PointsCase;
use crate::problem::{Problem, Report, Severity};
use crate::source::{Source, Spot};
use crate::summary::Summary;
use crate::tables::Catalog;
use crate::text::suggest::did_you_mean;
use smol_str::SmolStr;
use umbral_model::time::ZoneRules;
use xxhash_rust::xxh3::Xxh3;

/// Where the rules of time zones come from; the edges have a database of them.
pub trait ZoneSource {
    /// The rules of an IANA zone, none if there is no such zone.
    fn rules(&self, name: &str) -> Option<ZoneRules>;
}

/// Files of a catalog: path within its folder, content.
pub type Files = Vec<(SmolStr, SmolStr)>;

/// A catalog without errors.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// Its tables.
    pub catalog: Catalog,
    /// What somebody should look at.
    pub warnings: Vec<Problem>,
    /// Its own cases of records, not yet run.
    pub cases: Vec<CatalogCase>,
    /// Its own cases of points, not yet judged.
    pub points: Vec<PointsCase>,
    /// Its own cases of collections, not yet run.
    pub collections_cases: Vec<CollectionsCase>,
    /// What it sells.
    pub summary: Summary,
}

/// Reads, checks and compiles one catalog from its files (path within the folder, content). The order of the
/// files does not matter.
///
/// # Errors
/// All problems at once, warnings too, by file and line, if one of them is an error.
pub fn load(
    files: &[(SmolStr, SmolStr)],
    zones: &dyn ZoneSource,
) -> Result<Compiled, Vec<Problem>> {
    let mut files: Vec<(SmolStr, &str)> = files
        .iter()
        .map(|(path, text)| (path.clone(), text.as_str()))
        .collect();
    files.sort_by(|left, right| left.0.cmp(&right.0));
    load_sorted(&files, zones).map(|(compiled, _)| compiled)
}

/// Reads, checks and compiles several versions: a folder with one catalog, or of folders with one each.
/// The result is in order of `valid_from`.
///
/// # Errors
/// All problems of all versions, if one of them is an error.
pub fn load_series(
    files: &[(SmolStr, SmolStr)],
    zones: &dyn ZoneSource,
) -> Result<Vec<Compiled>, Vec<Problem>> {
    let mut files: Vec<(SmolStr, &str)> = files
        .iter()
        .map(|(path, text)| (path.clone(), text.as_str()))
        .collect();
    files.sort_by(|left, right| left.0.cmp(&right.0));
    let mut problems = Vec::new();
    let mut versions: Vec<(Compiled, SmolStr, Spot)> = Vec::new();
    let folders = folders(&files);
    if folders.is_empty() {
        problems.push(no_catalog(&files));
    } else {
        problems.extend(outside(&files, &folders));
    }
    for folder in folders {
        let inside = files
            .iter()
            .filter(|(path, _)| path.starts_with(folder.as_str()));
        let inside: Vec<(SmolStr, &str)> = inside.cloned().collect();
        match load_sorted(&inside, zones) {
            Ok((compiled, spot)) => {
                versions.push((
                    compiled,
                    SmolStr::new(format!("{folder}catalog.toml")),
                    spot,
                ));
            }
            Err(found) => problems.extend(found),
        }
    }
    versions.sort_by_key(|(compiled, ..)| compiled.catalog.valid_from);
    for pair in versions.windows(2) {
        if let [left, right] = pair {
            problems.extend(side_by_side(left, right));
        }
    }
    if problems
        .iter()
        .any(|problem| problem.severity == Severity::Error)
    {
        let warnings = versions
            .into_iter()
            .flat_map(|(compiled, ..)| compiled.warnings);
        problems.extend(warnings);
        return Err(problems);
    }
    Ok(versions
        .into_iter()
        .map(|(compiled, ..)| compiled)
        .collect())
}

/// Folders of catalogs, with a slash at the end; empty for the folder itself.
fn folders(files: &[(SmolStr, &str)]) -> Vec<String> {
    let heads = files
        .iter()
        .filter_map(|(path, _)| path.strip_suffix("catalog.toml"));
    let heads: Vec<String> = heads
        .filter(|head| head.is_empty() || head.ends_with('/'))
        .map(str::to_owned)
        .collect();
    if heads.iter().any(String::is_empty) {
        vec![String::new()]
    } else {
        heads
    }
}

fn no_catalog(files: &[(SmolStr, &str)]) -> Problem {
    let file = files
        .first()
        .map_or("catalog.toml", |(path, _)| path.as_str());
    let title = "there is no catalog here";
    let mut problem = Problem::error(codes::NO_CATALOG, file, 0..0, title, "");
    problem.note(
        "a catalog is a folder with a catalog.toml; several versions are folders side by side",
    );
    problem
}

/// Files in no version would be without effect: one problem for each folder without a `catalog.toml`, and for
/// each file that lies beside the folders of versions.
fn outside(files: &[(SmolStr, &str)], folders: &[String]) -> Vec<Problem> {
    let mut problems: Vec<Problem> = Vec::new();
    let mut told: Vec<&str> = Vec::new();
    for (path, _) in files {
        let read = path.ends_with(".toml") || path.ends_with(".csv");
        if !read
            || folders
                .iter()
                .any(|folder| path.starts_with(folder.as_str()))
        {
            continue;
        }
        let top = path.split_inclusive('/').next().unwrap_or(path);
        let is_folder = top.ends_with('/') && !folders.iter().any(|folder| folder.starts_with(top));
        if !is_folder {
            let title = format!("{path} belongs to no version");
            let mut problem =
                Problem::error(codes::OUTSIDE_VERSIONS, path.clone(), 0..0, title, "");
            problem.note("move it into the folder of the version that it belongs to");
            problems.push(problem);
        } else if !told.contains(&top) {
            told.push(top);
            problems.push(headless(files, top));
        }
    }
    problems
}

/// A folder beside versions that has no `catalog.toml`, at the file that was perhaps meant to be one.
fn headless(files: &[(SmolStr, &str)], folder: &str) -> Problem {
    let inside = || {
        files
            .iter()
            .filter_map(|(path, _)| Some((path, path.strip_prefix(folder)?)))
    };
    let nearly = inside().find(|(_, name)| did_you_mean(name, ["catalog.toml"]).is_some());
    let file = nearly.or_else(|| inside().next());
    let path = file.map_or("catalog.toml", |(path, _)| path.as_str());
    let title = format!("the folder {folder} has no catalog.toml");
    let mut problem = Problem::error(codes::OUTSIDE_VERSIONS, path, 0..0, title, "");
    problem.note(match nearly {
        Some((path, _)) => format!("rename {path} to {folder}catalog.toml"),
        None => "add a catalog.toml that makes it a version, or move its files into the version that they belong to".to_owned(),
    });
    problem
}

fn side_by_side(
    left: &(Compiled, SmolStr, Spot),
    right: &(Compiled, SmolStr, Spot),
) -> Option<Problem> {
    let (first, second) = (&left.0.catalog, &right.0.catalog);
    let (code, title, mend) = if first.valid_from == second.valid_from {
        let title = format!("two versions are valid from {}", second.valid_from);
        (
            codes::SAME_VALID_FROM,
            title,
            "give each version a valid_from of its own",
        )
    } else if first.currency != second.currency {
        let title = format!(
            "the versions have currencies {} and {}",
            first.currency, second.currency
        );
        (
            codes::OTHER_CURRENCY,
            title,
            "all versions of a catalog have one currency",
        )
    } else {
        return None;
    };
    let label = format!("the other one is {}", left.1);
    let mut problem = Problem::error(code, right.1.clone(), right.2.range(), title, label);
    problem.note(mend);
    Some(problem)
}

/// The catalog, and where its `valid_from` stands.
fn load_sorted(
    files: &[(SmolStr, &str)],
    zones: &dyn ZoneSource,
) -> Result<(Compiled, Spot), Vec<Problem>> {
    let mut report = Report::new(files.iter().map(|(path, _)| path.clone()).collect());
    let source = Source::parse(files, &mut report);
    let draft = Draft::read(&source, zones, &mut report);
    let checked = check::check(&draft, &source, &mut report);
    report.drop_consequences();
    let failed = report.has_errors();
    let problems = report.finish();
    if failed {
        return Err(problems);
    }
    let spot = draft.head.valid_from_spot;
    let label = draft
        .head
        .version
        .clone()
        .unwrap_or_else(|| content_label(files));
    let collections_cases = draft.collections_cases.clone();
    let (catalog, cases, summary) = compile(draft, checked, label, files);
    Ok((
        Compiled {
            catalog,
            warnings: problems,
            cases: cases.records,
            points: cases.points,
            collections_cases,
            summary,
        },
        spot,
    ))
}

/// A hash over the names and contents of the files.
fn content_label(files: &[(SmolStr, &str)]) -> SmolStr {
    let mut hash = Xxh3::new();
    for (path, text) in files {
        for part in [path.as_str(), text] {
            hash.update(&(part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
    }
    SmolStr::new(format!("{:016x}", hash.digest()))
}

//! `umbral init`: a new data directory with its first catalog.

use crate::catalogs;
use crate::failure::{Exit, Failure};
use crate::folder::Files;
use crate::output::Out;
use crate::site::Site;
use crate::text::now;
use serde_json::json;
use smol_str::SmolStr;
use std::path::{Path, PathBuf};
use umbral_journal::{DataDir, JournalError};
use umbral_runtime::{EngineError, Founding};

/// Partitions unless told otherwise.
pub(crate) const PARTITIONS: u16 = 64;

/// Create a data directory.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  umbral init --data prod --catalog my-tariff
  umbral init --data small --catalog my-tariff --partitions 8

The number of partitions is fixed for good; the number of threads is free at every start.")]
pub(crate) struct Args {
    #[command(flatten)]
    site: Site,
    /// The catalog folder that it begins with
    #[arg(long, value_name = "CATALOG", required_unless_present = "config")]
    catalog: Option<PathBuf>,
    /// Partitions, fixed for good
    #[arg(long, default_value_t = PARTITIONS, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
    partitions: u16,
}

/// Runs the command.
pub(crate) fn run(args: &Args, out: &mut Out) -> Result<Exit, Failure> {
    let why =
        "is not created by this: umbral topics create, and umbral run gives it its first catalog";
    let data = args.site.data_only(why, out)?;
    let Some(catalog) = &args.catalog else {
        return Err(Failure::usage("a data directory begins with a catalog")
            .note("give its folder with --catalog"));
    };
    let label = create(&data, catalog, args.partitions, out)?;
    if out.is_json() {
        out.json(&json!({
            "data": data.to_string_lossy(),
            "partitions": args.partitions,
            "catalog_version": label,
        }))?;
        return Ok(Exit::Done);
    }
    let paint = out.paint();
    let data = data.display();
    out.line(format!(
        "{} {data} with {} partitions and catalog version {}",
        paint.good("created"),
        args.partitions,
        paint.name(&label),
    ))?;
    out.say(format!("next: umbral ingest --data {data} FILE..."));
    Ok(Exit::Done)
}

/// Creates a data directory with all versions of a catalog; shows the catalog's problems if it has any.
pub(crate) fn create(
    data: &Path,
    catalog: &Path,
    partitions: u16,
    out: &Out,
) -> Result<SmolStr, Failure> {
    let versions = catalogs::load(catalog, out)?;
    found(
        data,
        versions.into_iter().map(|version| version.files).collect(),
        partitions,
    )
}

/// Creates the data directory that a command works on where it is not there yet, and takes up a creation that
/// was interrupted; gives the label of the last catalog where something was to be done.
pub(crate) fn create_where_missing(
    data: &Path,
    catalog: &Path,
    partitions: u16,
    out: &Out,
) -> Result<Option<SmolStr>, Failure> {
    if !DataDir::is_at(data) {
        return create(data, catalog, partitions, out).map(Some);
    }
    if !umbral_runtime::is_new(data).map_err(|error| Failure::engine(&error))? {
        return Ok(None);
    }
    let versions = catalogs::load(catalog, out)?;
    let catalogs = versions.into_iter().map(|version| version.files).collect();
    match umbral_runtime::init(data, founding(catalogs, partitions)) {
        Ok(labels) => Ok(labels.last().cloned()),
        // Whole, or founded on something else.
        Err(EngineError::Journal {
            source: JournalError::AlreadyADataDir { .. },
            ..
        }) => Ok(None),
        Err(error) => Err(Failure::engine(&error)),
    }
}

/// Creates a data directory from catalogs' files; gives the label of the last one.
pub(crate) fn found(
    data: &Path,
    catalogs: Vec<Files>,
    partitions: u16,
) -> Result<SmolStr, Failure> {
    let founding = founding(catalogs, partitions);
    let labels = umbral_runtime::init(data, founding).map_err(|error| Failure::engine(&error))?;
    Ok(labels.last().cloned().unwrap_or_default())
}

pub(crate) fn founding(catalogs: Vec<Files>, partitions: u16) -> Founding {
    Founding {
        partitions,
        catalogs,
        at: now(),
        created_by: created_by(),
    }
}

/// What makes data directories: program and version.
pub(crate) fn created_by() -> String {
    concat!("umbral ", env!("CARGO_PKG_VERSION")).to_owned()
}

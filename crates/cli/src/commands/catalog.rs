//! `umbral catalog`: catalogs from elsewhere, and new versions into a data directory.

use crate::args::{DataDir, instant};
use crate::catalogs::{self, Loaded};
use crate::failure::{Exit, Failure};
use crate::folder;
use crate::output::Out;
use crate::text::{count, now};
use serde_json::json;
use smol_str::SmolStr;
use std::path::{Path, PathBuf};
use umbral_catalog::import_cgrates;
use umbral_model::ids::{EventId, Source};
use umbral_model::input::{CatalogActivated, Incoming, IncomingBody, InputKey};
use umbral_model::time::Timestamp;
use umbral_runtime::{ClockMode, Engine, Options, Verdict};

/// Import and activate catalogs.
#[derive(clap::Subcommand, Debug)]
#[command(after_help = "Examples:
  umbral catalog import-cgrates tariff-folder --out my-tariff
  umbral catalog activate --data prod my-tariff")]
pub(crate) enum Command {
    /// Turn a tariff folder of CGRateS into a catalog
    ImportCgrates(ImportArgs),
    /// Bring a catalog into force in a data directory
    Activate(ActivateArgs),
}

/// Turn a tariff folder of CGRateS into a catalog.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  umbral catalog import-cgrates tariff-folder --out my-tariff
  umbral catalog import-cgrates tariff-folder --out my-tariff --currency USD

Reads Destinations.csv, Timings.csv, Rates.csv, DestinationRates.csv, RatingPlans.csv and
RatingProfiles.csv. What cannot be expressed is refused with file and line; nothing is dropped.")]
pub(crate) struct ImportArgs {
    /// The folder with the CSV files
    folder: PathBuf,
    /// The folder to be written; it must not hold anything yet
    #[arg(long, value_name = "CATALOG")]
    out: PathBuf,
    /// Currency of all amounts
    #[arg(long, default_value = "EUR", value_parser = currency)]
    currency: String,
    /// Zone of the timings, and of times without an offset
    #[arg(long, default_value = "UTC", value_name = "IANA", value_parser = time_zone)]
    time_zone: String,
    /// Name of the catalog [default: the folder's name]
    #[arg(long, value_parser = catalog_name)]
    name: Option<String>,
}

/// Bring a catalog into force in a data directory.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  umbral catalog activate --data prod my-tariff
  umbral catalog activate --data prod my-tariff --effective-from 2026-07-01T00:00:00+02:00
  umbral catalog activate --data prod mended --retroactive   prices what waits in the quarantine

Usage before the instant keeps the price of the version that was in force then.")]
pub(crate) struct ActivateArgs {
    /// The catalog folder
    catalog: PathBuf,
    #[command(flatten)]
    data: DataDir,
    /// From when on it prices usage [default: the catalog's valid_from]
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    effective_from: Option<Timestamp>,
    /// Permit an instant before the last tick
    #[arg(long)]
    retroactive: bool,
}

/// Runs the command.
pub(crate) fn run(command: &Command, out: &mut Out) -> Result<Exit, Failure> {
    match command {
        Command::ImportCgrates(args) => import(args, out),
        Command::Activate(args) => activate(args, out),
    }
}

fn activate(args: &ActivateArgs, out: &mut Out) -> Result<Exit, Failure> {
    let versions = catalogs::load(&args.catalog, out)?;
    if args.effective_from.is_some() && versions.len() > 1 {
        return Err(
            Failure::usage("--effective-from is for one version, and there are several")
                .note("name the folder of one version, or let each begin at its valid_from"),
        );
    }
    let activated = activate_all(
        &args.data.data,
        versions,
        args.effective_from,
        args.retroactive,
    )?;
    if out.is_json() {
        let versions: Vec<_> = activated
            .iter()
            .map(|version| {
                json!({
                    "catalog_version": version.label,
                    "effective_from": version.from.to_string(),
                    "new": version.is_new,
                })
            })
            .collect();
        out.json(&versions)?;
        return Ok(Exit::Done);
    }
    let paint = out.paint();
    for version in &activated {
        let word = if version.is_new {
            "activated"
        } else {
            "active already:"
        };
        out.line(format!(
            "{} version {}, in force for usage from {} on",
            paint.good(word),
            paint.name(&version.label),
            version.from
        ))?;
    }
    Ok(Exit::Done)
}

/// A version that is active now.
pub(crate) struct Activated {
    label: SmolStr,
    from: Timestamp,
    is_new: bool,
}

/// Activates versions in the order given.
pub(crate) fn activate_all(
    data: &Path,
    versions: Vec<Loaded>,
    effective_from: Option<Timestamp>,
    retroactive: bool,
) -> Result<Vec<Activated>, Failure> {
    let engine = Engine::open(data, Options::with_clock(ClockMode::Event))
        .map_err(|error| Failure::engine(&error))?;
    let clock = engine.committed().clock;
    // An activation must not move the clock of a data directory that lives in the past.
    let at = if clock == Timestamp::MIN {
        now()
    } else {
        clock
    };
    let mut activated = Vec::with_capacity(versions.len());
    for version in versions {
        let catalog = &version.compiled.catalog;
        let from = effective_from.unwrap_or(catalog.valid_from);
        let label = catalog.label.clone();
        let key = format!("catalog/{label}@{from}");
        let activation = CatalogActivated {
            version: SmolStr::default(),
            effective_from,
            retroactive,
            files: version.files,
            zones: Vec::new(),
        };
        let receipts = engine
            .submit(vec![input(key, at, activation)])
            .map_err(|error| Failure::engine(&error))?;
        let is_new = match receipts.into_iter().next().map(|receipt| receipt.verdict) {
            Some(Verdict::Quarantined(rejection)) => {
                return Err(Failure::problems(rejection.to_string())
                    .note(format!("umbral explain {}", rejection.reason.code())));
            }
            Some(Verdict::Duplicate) => false,
            _ => true,
        };
        activated.push(Activated {
            label,
            from,
            is_new,
        });
    }
    engine.stop().map_err(|error| Failure::engine(&error))?;
    Ok(activated)
}

fn input(event_id: String, occurred_at: Timestamp, activation: CatalogActivated) -> Incoming {
    Incoming {
        key: InputKey {
            source: Source::new("umbral"),
            event_id: EventId::new(event_id),
        },
        occurred_at,
        address: None,
        currency: None,
        actor: None,
        reason: None,
        forced: false,
        body: IncomingBody::CatalogActivated(activation),
    }
}

fn currency(text: &str) -> Result<String, String> {
    if text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
        Ok(text.to_owned())
    } else {
        Err("not a currency: write three capitals of ISO 4217, such as EUR".to_owned())
    }
}

fn time_zone(text: &str) -> Result<String, String> {
    match umbral_intake::zones::iana(text) {
        Some(_) => Ok(text.to_owned()),
        None => Err("not a time zone: write an IANA name, such as Europe/Madrid".to_owned()),
    }
}

fn catalog_name(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        Err("a catalog needs a name".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

fn import(args: &ImportArgs, out: &mut Out) -> Result<Exit, Failure> {
    let files = folder::read(&args.folder, &["csv"])?;
    let folder_name = args.folder.canonicalize().ok();
    let folder_name = folder_name.as_deref().and_then(Path::file_name);
    let options = import_cgrates::Options {
        name: match (&args.name, folder_name) {
            (Some(name), _) => name.into(),
            (None, Some(name)) => name.to_string_lossy().into(),
            (None, None) => "Imported tariff".into(),
        },
        currency: args.currency.as_str().into(),
        time_zone: args.time_zone.as_str().into(),
    };
    let refused = |problems: &[umbral_catalog::problem::Problem], files: &folder::Files| {
        for problem in problems {
            crate::output::complain(&catalogs::shown(problem, files).render(out.paint_err()));
            crate::output::complain("");
        }
        Failure::problems(format!(
            "{} cannot be imported: {}",
            args.folder.display(),
            count(problems.len() as u64, "problem", "problems")
        ))
        .note("mend what is named above, or leave it out of the tariff on purpose")
    };
    let imported =
        import_cgrates::import(&files, &options).map_err(|problems| refused(&problems, &files))?;
    // Only a catalog that would be taken is worth writing.
    umbral_catalog::load(&imported.files, &umbral_intake::zones::Iana)
        .map_err(|problems| refused(&problems, &imported.files))?;
    folder::write(&args.out, &imported.files)?;
    show_imported(args, &imported, out)
}

fn show_imported(
    args: &ImportArgs,
    imported: &import_cgrates::Imported,
    out: &mut Out,
) -> Result<Exit, Failure> {
    if out.is_json() {
        let names: Vec<&str> = imported
            .files
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        out.json(&json!({
            "catalog": args.out.to_string_lossy(),
            "files": names,
            "notes": imported.notes,
        }))?;
        return Ok(Exit::Done);
    }
    let paint = out.paint();
    out.line(format!(
        "{} {} in {}",
        paint.good("wrote"),
        count(imported.files.len() as u64, "file", "files"),
        args.out.display()
    ))?;
    for note in &imported.notes {
        out.line(format!("  {} {note}", paint.faint("·")))?;
    }
    out.say(format!("next: umbral check {}", args.out.display()));
    Ok(Exit::Done)
}

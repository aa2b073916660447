//! `umbral catalog import-cgrates`: a tariff folder of CGRateS as a catalog.

use crate::catalogs;
use crate::failure::{Exit, Failure};
use crate::folder;
use crate::output::Out;
use crate::output::problem::Problem;
use crate::output::table::{Align, Table};
use crate::text::count;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use umbral_catalog::import_cgrates::explain::{Became, Explained};
use umbral_catalog::import_cgrates::{self, Imported};

/// Turn a tariff folder of CGRateS into a catalog.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  umbral catalog import-cgrates tariff-folder --out my-tariff
  umbral catalog import-cgrates tariff-folder --out my-tariff --currency USD
  umbral catalog import-cgrates tariff-folder --out my-tariff --explain | less

Reads Destinations.csv, Timings.csv, Rates.csv, DestinationRates.csv, RatingPlans.csv and
RatingProfiles.csv. What cannot be expressed is refused with file and line; nothing is dropped.
Files of accounts and their actions are named as not imported.")]
pub(crate) struct Args {
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
    /// List what each table and row became
    #[arg(long)]
    explain: bool,
}

/// Runs the command.
pub(super) fn run(args: &Args, out: &mut Out) -> Result<Exit, Failure> {
    let (files, unread) = folder::read(&args.folder, &["csv"])?;
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
        let found: Vec<Problem> = problems
            .iter()
            .map(|problem| catalogs::shown(problem, files))
            .collect();
        for problem in unread.iter().chain(&found) {
            crate::output::complain(&problem.render(out.paint_err()));
            crate::output::complain("");
        }
        let number = (unread.len() + found.len()) as u64;
        Failure::problems(format!(
            "{} cannot be imported: {}",
            args.folder.display(),
            count(number, "problem", "problems")
        ))
        .note("mend what is named above, or leave it out of the tariff on purpose")
    };
    let imported =
        import_cgrates::import(&files, &options).map_err(|problems| refused(&problems, &files))?;
    if !unread.is_empty() {
        return Err(refused(&[], &files));
    }
    // Only a catalog that would be taken is worth writing.
    umbral_catalog::load(&imported.files, &umbral_intake::zones::Iana)
        .map_err(|problems| refused(&problems, &imported.files))?;
    folder::write(&args.out, &imported.files)?;
    show_imported(args, &imported, out)
}

fn show_imported(args: &Args, imported: &Imported, out: &mut Out) -> Result<Exit, Failure> {
    if out.is_json() {
        out.json(&as_json(args, imported))?;
        return Ok(Exit::Done);
    }
    let paint = out.paint();
    out.line(format!(
        "{} {} in {}",
        paint.good("wrote"),
        count(imported.files.len() as u64, "file", "files"),
        args.out.display()
    ))?;
    if args.explain {
        show_rows(&imported.explained, out)?;
        out.line("")?;
    }
    for note in &imported.notes {
        out.line(format!("  {} {note}", paint.faint("·")))?;
    }
    out.say(format!("next: umbral check {}", args.out.display()));
    Ok(Exit::Done)
}

fn as_json(args: &Args, imported: &Imported) -> Value {
    let names = imported.files.iter().map(|(name, _)| name.as_str());
    let mut document = json!({
        "catalog": args.out.to_string_lossy(),
        "files": names.collect::<Vec<_>>(),
        "notes": imported.notes,
    });
    if args.explain {
        document["explained"] = imported.explained.iter().map(row_json).collect();
    }
    document
}

/// A row for programs: lines, id and what it became are null where there are none.
fn row_json(row: &Explained) -> Value {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let became = row.became.as_ref().map(|became| {
        let facts = became.facts.iter();
        let facts: Map<String, Value> = facts
            .map(|(word, value)| (word.to_string(), Value::from(value.as_str())))
            .collect();
        json!({ "kind": became.kind, "name": text(&became.name), "with": facts })
    });
    json!({
        "file": row.file,
        "lines": text(&row.lines_text()),
        "id": text(&row.id),
        "became": became,
        "notes": row.notes,
    })
}

/// A table for each file, and the files that were not imported.
fn show_rows(rows: &[Explained], out: &mut Out) -> Result<(), Failure> {
    let paint = out.paint();
    for of_file in rows.chunk_by(|left, right| left.file == right.file) {
        let Some(first) = of_file.first() else {
            continue;
        };
        out.line("")?;
        if first.lines.is_empty() {
            let why = first.notes.join("; ");
            out.line(format!(
                "{} {}",
                paint.strong(&first.file),
                paint.warning(&why)
            ))?;
            continue;
        }
        out.line(paint.strong(&first.file))?;
        let mut table = Table::new(&[
            ("line", Align::Left),
            ("id", Align::Left),
            ("became", Align::Left),
            ("with", Align::Left),
        ]);
        for row in of_file {
            let (became, with) = in_words(row);
            table.row(&[row.lines_text().as_str(), &row.id, &became, &with]);
        }
        table.write(out)?;
    }
    Ok(())
}

/// What a row became, and with what.
fn in_words(row: &Explained) -> (String, String) {
    let Some(became) = &row.became else {
        return ("nothing".to_owned(), row.notes.join("; "));
    };
    let facts = became
        .facts
        .iter()
        .map(|(word, value)| match word.as_str() {
            "price" => value.clone(),
            word => format!("{word} {value}"),
        });
    (thing(became), facts.collect::<Vec<_>>().join(", "))
}

fn thing(became: &Became) -> String {
    match (became.kind, became.name.as_str()) {
        ("rules", "") => "nothing of its own".to_owned(),
        ("rules", plan) => format!("plan {plan}"),
        (kind, name) => format!("{kind} {name}"),
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

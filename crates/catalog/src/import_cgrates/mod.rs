//! Tariff folders of CGRateS as catalogs of ours: Destinations, Timings, Rates, DestinationRates, RatingPlans
//! and RatingProfiles become files that a person can read.
//!
//! `rows` reads the tables, `values` what stands in their fields; `timings`, `rates`, `plans` and `profiles`
//! hold one table each; `write` writes the catalog, `explain` says what each row became. What cannot be expressed is refused with file and line,
//! what is adjusted or lies outside of rating is noted; nothing is dropped in silence. How the tables are
//! meant is told in `docs/import-cgrates.md`.

mod desk;
mod destinations;
pub mod explain;
mod plans;
mod profiles;
mod rates;
mod rows;
mod timings;
mod values;
mod write;

use crate::codes;
use crate::draft::head::known_currency;
use crate::load::Files;
use crate::problem::Problem;
use desk::Desk;
use explain::Explained;
use rows::Folder;
use smol_str::SmolStr;

/// What the tables do not say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// Name of the catalog.
    pub name: SmolStr,
    /// Currency of all amounts, ISO 4217.
    pub currency: SmolStr,
    /// IANA zone of the timings, and of instants without an offset.
    pub time_zone: SmolStr,
}

impl Default for Options {
    /// Euro, and UTC as on a server whose zone was never set.
    fn default() -> Self {
        Options {
            name: "Imported tariff".into(),
            currency: "EUR".into(),
            time_zone: "UTC".into(),
        }
    }
}

impl Options {
    /// What no catalog would take. Whether a zone is in the database shows when the catalog is loaded.
    fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut refuse = |code, option: &str, title: String, mend: &str| {
            let mut problem = Problem::error(code, format!("option {option}"), 0..0, title, "");
            problem.note(mend);
            problems.push(problem);
        };
        if self.name.trim().is_empty() {
            let title = "the catalog's name is empty".to_owned();
            refuse(
                codes::IMPORT_OPTION,
                "name",
                title,
                "give the catalog a name",
            );
        }
        if known_currency(&self.currency).is_none() {
            let title = format!("{:?} is no currency", self.currency.as_str());
            let mend = "write its ISO 4217 code, three capitals, such as EUR";
            refuse(codes::IMPORT_OPTION, "currency", title, mend);
        }
        let letter = |c: char| c.is_ascii_alphanumeric() || "/_+-".contains(c);
        if self.time_zone.is_empty() || !self.time_zone.chars().all(letter) {
            let title = format!("{:?} is no time zone", self.time_zone.as_str());
            let mend = "write a name of the IANA database, such as Europe/Madrid";
            refuse(codes::IMPORT_OPTION, "time zone", title, mend);
        }
        problems
    }
}

/// An imported catalog.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Imported {
    /// Its files: path within the folder, content.
    pub files: Files,
    /// What was adjusted or left out, one line each, with file and line.
    pub notes: Vec<String>,
    /// What each row of the tables became, and each file that was not imported.
    pub explained: Vec<Explained>,
}

/// Turns the files of a tariff folder (path, content) into a catalog.
///
/// # Errors
/// All that cannot be read or expressed, with file and place; then nothing is imported.
pub fn import(files: &[(SmolStr, SmolStr)], options: &Options) -> Result<Imported, Vec<Problem>> {
    let mut desk = Desk::new(files);
    let folder = Folder::read(files, &mut desk);
    let timings = timings::read(&folder.timings);
    let rates = rates::read(&folder.rates);
    let destinations = destinations::destinations(&folder.destinations, &mut desk);
    let priced = destinations::destination_rates(&folder.destination_rates);
    let plans = plans::build(
        &folder.rating_plans,
        &priced,
        &destinations,
        &rates,
        &timings,
        &mut desk,
    );
    let profiles = profiles::read(&folder.rating_profiles, &plans.names, &mut desk);
    plans.note_unused(&priced, &destinations, &rates, &timings, &mut desk);
    let tables = explain::Tables {
        folder: &folder,
        timings: &timings,
        rates: &rates,
        destinations: &destinations,
        plans: &plans,
        profiles: &profiles,
    };
    let explained = explain::explain(&tables, files, &desk);
    let (mut problems, notes) = desk.finish();
    problems.extend(options.problems());
    if !problems.is_empty() {
        return Err(problems);
    }
    let catalog = write::Catalog {
        options,
        plans: &plans,
        profiles: &profiles,
        notes: &notes,
    };
    Ok(Imported {
        files: catalog.files(),
        notes,
        explained,
    })
}

//! The full mix: everything that the synthetic operator sends, nine tenths usage, the rest purchases, bills, payments,
//! debts and what members of the club do, under the demo's whole tariffs with collections and loyalty on.

use crate::embedded::{Measured, found, run, write_file};
use crate::{Row, Sizes};
use anyhow::{Context, Result};
use smol_str::SmolStr;
use std::fs;
use std::path::{Path, PathBuf};
use umbral_model::time::Date;
use umbral_workload::{Operator, Parameters};

/// Rows of the mix with 1 and 2 workers.
///
/// # Errors
/// Anything that does not work.
pub fn rows(sizes: &Sizes) -> Result<Vec<Row>> {
    let folder = tempfile::tempdir().context("make a folder")?;
    let inputs = folder.path().join("inputs.pb");
    let parameters = Parameters {
        subscribers: sizes.subscribers,
        months: 1,
        seed: 1,
        start: Date::from_ymd(2026, 3, 1).context("a day")?,
    };
    let mut operator = Operator::new(parameters)?;
    write_file(&inputs, operator.by_ref())?;
    let counts = *operator.counts();
    let mut rows = vec![Row::plain(
        "mix_usage_percent",
        100.0 * counts.usage as f64 / counts.inputs as f64,
        "%",
    )];
    let catalog = catalog()?;
    for workers in [1, 2] {
        let dir = folder.path().join("data");
        found(&dir, catalog.clone())?;
        let measured = Measured {
            path: "mix",
            suffix: "",
            replay: Some("mix_replay"),
            before: None,
            inputs: &inputs,
            count: counts.inputs,
            // A repeat of what was refused is refused again.
            refused: counts.to_quarantine() + counts.repeats,
        };
        rows.extend(run(&dir, workers, &measured)?);
        fs::remove_dir_all(&dir)?;
    }
    Ok(rows)
}

/// The files of the demo's catalog.
fn catalog() -> Result<Vec<(SmolStr, SmolStr)>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/catalogs/demo");
    let (mut files, mut folders) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(entry.path())?;
            let name = path.to_str().context("a path in UTF-8")?;
            files.push((SmolStr::new(name), SmolStr::new(text)));
        }
    }
    files.sort();
    Ok(files)
}

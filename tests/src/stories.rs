//! Stories: a text file of inputs and of what comes out, line by line.
//!
//! A story starts from a neutral configuration in JSON, or from a catalog. Its inputs go through a [`Stage`];
//! its outputs are compared in the JSON form in which they leave.

use crate::stage::Stage;
use crate::state;
use serde_json::{Map, Value, json};
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use umbral_model::time::Timestamp;

/// Kinds that a story does not list unless it says `show KIND`.
const HIDDEN: [&str; 6] = [
    "cycle_closed",
    "case_updated",
    "step_cancelled",
    "usage_rated",
    "charge_posted",
    "purchase_recorded",
];
/// The account of an input that names none.
const ACCOUNT: &str = "A";

/// What the stories of a folder start from.
#[derive(Clone, Debug)]
pub enum Base {
    /// A neutral configuration.
    Neutral(Value),
    /// A catalog, in TOML.
    Catalog(SmolStr),
}

/// A story as it is written.
#[derive(Clone, Debug)]
pub struct Story {
    /// What it is about.
    pub title: String,
    /// Laid over the configuration that stories start from.
    pub config: Value,
    /// Beside the catalog that stories start from, by name; the first one has none.
    pub catalogs: BTreeMap<String, String>,
    /// Kinds to list that are hidden by default.
    pub show: Vec<String>,
    /// Inputs with what comes out.
    pub steps: Vec<Step>,
}

/// One input and what comes out of it.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its line, from 1.
    pub line: usize,
    /// When it happened.
    pub at: Timestamp,
    /// Its kind.
    pub kind: String,
    /// Its body.
    pub body: Map<String, Value>,
    /// What must come out, in order.
    pub expected: Vec<Expected>,
    /// How accounts must be after it.
    pub states: Vec<State>,
}

/// How an account must be.
#[derive(Clone, Debug)]
pub struct State {
    /// Its line, from 1.
    pub line: usize,
    /// The account.
    pub account: String,
    /// What it must have.
    pub fields: Value,
}

/// An output that must come.
#[derive(Clone, Debug)]
pub struct Expected {
    /// Its line, from 1.
    pub line: usize,
    /// `effective_at`, or `*`.
    pub at: String,
    /// Its kind.
    pub kind: String,
    /// Fields that it must have.
    pub fields: Value,
}

impl Story {
    /// Reads a story.
    ///
    /// # Errors
    /// The line that is no line of a story, and why.
    pub fn parse(text: &str) -> Result<Story, String> {
        let mut story = Story {
            title: String::new(),
            config: json!({}),
            catalogs: BTreeMap::new(),
            show: Vec::new(),
            steps: Vec::new(),
        };
        let mut catalog = String::new();
        for (index, line) in text.lines().enumerate() {
            let number = index + 1;
            story
                .read_line(number, line.trim(), &mut catalog)
                .map_err(|why| format!("line {number}: {why}"))?;
        }
        Ok(story)
    }

    /// Reads a line; `catalog` is the name of the one whose lines are read.
    fn read_line(&mut self, number: usize, line: &str, catalog: &mut String) -> Result<(), String> {
        if line.is_empty() {
            return Ok(());
        }
        if let Some(name) = line.strip_prefix("catalog ") {
            *catalog = name.trim().to_owned();
            return Ok(());
        }
        if let Some(toml) = line.strip_prefix('|') {
            let text = self.catalogs.entry(catalog.clone()).or_default();
            let _ = writeln!(text, "{toml}");
            return Ok(());
        }
        if let Some(title) = line.strip_prefix('#') {
            if self.title.is_empty() {
                self.title = title.trim().to_owned();
            }
            return Ok(());
        }
        if let Some(config) = line.strip_prefix("config ") {
            lay_over(&mut self.config, &parse_json(config)?);
            return Ok(());
        }
        if let Some(kinds) = line.strip_prefix("show ") {
            self.show
                .extend(kinds.split_whitespace().map(str::to_owned));
            return Ok(());
        }
        if let Some(output) = line.strip_prefix("> ") {
            let (at, kind, fields) = split(output)?;
            let step = self
                .steps
                .last_mut()
                .ok_or("an output without an input above it")?;
            step.expected.push(Expected {
                line: number,
                at: at.to_owned(),
                kind: kind.to_owned(),
                fields,
            });
            return Ok(());
        }
        if let Some(state) = line.strip_prefix("= ") {
            let (account, fields) = match state.starts_with('{') {
                true => (ACCOUNT, state),
                false => state.split_once(' ').ok_or("expected = ACCOUNT {state}")?,
            };
            let step = self
                .steps
                .last_mut()
                .ok_or("a state without an input above it")?;
            step.states.push(State {
                line: number,
                account: account.to_owned(),
                fields: parse_json(fields)?,
            });
            return Ok(());
        }
        let (at, kind, body) = split(line)?;
        let at = Timestamp::parse(at).ok_or_else(|| format!("{at} is no instant"))?;
        let Value::Object(body) = body else {
            return Err("the body is no object".into());
        };
        let kind = kind.to_owned();
        self.steps.push(Step {
            line: number,
            at,
            kind,
            body,
            expected: Vec::new(),
            states: Vec::new(),
        });
        Ok(())
    }
}

/// `INSTANT KIND {body}`; the body may be left out.
fn split(line: &str) -> Result<(&str, &str, Value), String> {
    let (at, rest) = line.split_once(' ').ok_or("expected INSTANT KIND {body}")?;
    let (kind, body) = rest.split_once(' ').unwrap_or((rest, "{}"));
    Ok((at, kind, parse_json(body)?))
}

fn parse_json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("no JSON: {error}"))
}

/// Lays one configuration over another: objects merge, everything else is replaced.
pub fn lay_over(base: &mut Value, over: &Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                lay_over(base.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over.clone(),
    }
}

/// What a story's catalogs are made from.
struct Catalogs<'s> {
    base: &'s Base,
    story: &'s Story,
    /// The neutral configuration so far.
    config: Value,
}

impl<'s> Catalogs<'s> {
    fn new(base: &'s Base, story: &'s Story) -> Catalogs<'s> {
        let mut config = match base {
            Base::Neutral(config) => config.clone(),
            Base::Catalog(_) => Value::Null,
        };
        lay_over(&mut config, &story.config);
        Catalogs {
            base,
            story,
            config,
        }
    }

    /// The files of the catalog with this name; `base` is the folder's.
    fn files(&self, base: &SmolStr, name: &str) -> Result<Vec<(SmolStr, SmolStr)>, String> {
        let mut files = vec![("catalog.toml".into(), base.clone())];
        match self.story.catalogs.get(name) {
            Some(text) => files.push(("story.toml".into(), text.into())),
            None if name.is_empty() => {}
            None => return Err(format!("there is no catalog {name}")),
        }
        Ok(files)
    }

    fn stage(&self) -> Result<Stage, String> {
        match self.base {
            Base::Neutral(_) => Stage::new(self.config.clone()),
            Base::Catalog(base) => Stage::with_files(&self.files(base, "")?, 1),
        }
    }

    /// Activates what a step says; `from` is the step's instant unless it says another one.
    fn activate(&mut self, stage: &mut Stage, step: &Step) -> Result<(), String> {
        let at = step.at.to_string();
        match self.base {
            Base::Neutral(_) => {
                lay_over(&mut self.config, &Value::Object(step.body.clone()));
                stage.activate(&self.config, &at)
            }
            Base::Catalog(base) => {
                let text = |key: &str| step.body.get(key).and_then(Value::as_str);
                let files = self.files(base, text("catalog").unwrap_or_default())?;
                stage.activate_files(&files, text("from").unwrap_or(&at))
            }
        }
    }
}

/// Runs a story from what its folder starts from.
///
/// # Errors
/// Every step whose outputs or states differ, expected beside got; or why the story cannot be run.
pub fn run(text: &str, base: &Base) -> Result<(), String> {
    let story = Story::parse(text)?;
    let mut catalogs = Catalogs::new(base, &story);
    let mut stage = catalogs.stage()?;
    let mut report = String::new();
    for (index, step) in story.steps.iter().enumerate() {
        play(&mut stage, &mut catalogs, index, step)
            .map_err(|why| format!("line {}: {why}", step.line))?;
        let mut shown = stage.take_outputs();
        shown.retain(|output| is_visible(&story, output));
        compare(step, &shown, &mut report);
        compare_states(&stage, step, &mut report);
    }
    if stage.account_hashes() != stage.replayed_hashes() {
        report.push_str("  the replayed state is another one\n");
    }
    if report.is_empty() {
        Ok(())
    } else {
        Err(format!("{}\n{report}", story.title))
    }
}

/// Plays one input: its time ticks first.
fn play(
    stage: &mut Stage,
    catalogs: &mut Catalogs<'_>,
    index: usize,
    step: &Step,
) -> Result<(), String> {
    let at = step.at.to_string();
    stage.tick(&at);
    match step.kind.as_str() {
        "tick" => Ok(()),
        "config_activated" => catalogs.activate(stage, step),
        kind => {
            let body = Value::Object(step.body.clone());
            stage.input(ACCOUNT, &format!("e{index}"), &at, kind, body);
            Ok(())
        }
    }
}

/// Writes down how accounts after a step differ from those expected.
fn compare_states(stage: &Stage, step: &Step, report: &mut String) {
    for expected in &step.states {
        let got = stage.account(&expected.account);
        let got = got.map_or(Value::Null, |view| state::of(&view));
        if !has(&got, &expected.fields) {
            let _ = writeln!(
                report,
                "  line {}: account {}\n      expected: {}\n      got:      {got}",
                expected.line, expected.account, expected.fields
            );
        }
    }
}

fn is_visible(story: &Story, output: &Value) -> bool {
    let kind = output["kind"].as_str().unwrap_or_default();
    !HIDDEN.contains(&kind) || story.show.iter().any(|shown| shown == kind)
}

/// Writes down how the outputs of a step differ from those expected.
fn compare(step: &Step, got: &[Value], report: &mut String) {
    let matches = step.expected.len() == got.len()
        && step
            .expected
            .iter()
            .zip(got)
            .all(|(expected, got)| is_met(expected, got));
    if matches {
        return;
    }
    let _ = writeln!(report, "  line {}: {} {}", step.line, step.at, step.kind);
    for index in 0..step.expected.len().max(got.len()) {
        let (expected, got) = (step.expected.get(index), got.get(index));
        if let (Some(expected), Some(got)) = (expected, got)
            && is_met(expected, got)
        {
            let _ = writeln!(
                report,
                "      as expected: {} {}",
                expected.at, expected.kind
            );
            continue;
        }
        let wanted = expected.map(|e| format!("{} {} {}", e.at, e.kind, e.fields));
        let came = got.map(|g| {
            let text = |key: &str| g[key].as_str().unwrap_or_default().to_owned();
            format!("{} {} {}", text("at"), text("kind"), g["fields"])
        });
        let _ = writeln!(
            report,
            "      expected: {}",
            wanted.unwrap_or("nothing".into())
        );
        let _ = writeln!(
            report,
            "      got:      {}",
            came.unwrap_or("nothing".into())
        );
    }
}

fn is_met(expected: &Expected, got: &Value) -> bool {
    got["kind"] == expected.kind.as_str()
        && (expected.at == "*" || got["at"] == expected.at.as_str())
        && has(&got["fields"], &expected.fields)
}

/// Whether a value has what is listed: of objects the named fields, of lists every element.
pub(crate) fn has(got: &Value, listed: &Value) -> bool {
    match (got, listed) {
        (Value::Object(got), Value::Object(listed)) => listed
            .iter()
            .all(|(key, value)| has(got.get(key).unwrap_or(&Value::Null), value)),
        (Value::Array(got), Value::Array(listed)) => {
            got.len() == listed.len() && got.iter().zip(listed).all(|(g, l)| has(g, l))
        }
        (got, listed) => got == listed,
    }
}

/// What a folder's stories start from: its `base.toml` or `base.json`.
///
/// # Errors
/// A file that is missing or no JSON.
pub fn base_of(folder: &Path) -> Result<Base, String> {
    let catalog = folder.join("base.toml");
    let path = match catalog.is_file() {
        true => catalog,
        false => folder.join("base.json"),
    };
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{path:?}: {error}"))?;
    match path.extension() {
        Some(extension) if extension == "toml" => Ok(Base::Catalog(text.into())),
        _ => parse_json(&text).map(Base::Neutral),
    }
}

/// The stories of a folder, by name.
///
/// # Errors
/// A folder or file that cannot be read.
pub fn stories_in(folder: &Path) -> Result<Vec<(String, String)>, String> {
    let read = |error: std::io::Error| format!("{folder:?}: {error}");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(read)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let name = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let text = std::fs::read_to_string(&path).map_err(read)?;
            Ok((name, text))
        })
        .collect()
}

/// Runs all stories of a folder; gives the failures, each with its story's name.
///
/// # Errors
/// A folder that cannot be read.
pub fn run_folder(folder: &Path) -> Result<(usize, Vec<String>), String> {
    let base = base_of(folder)?;
    let stories = stories_in(folder)?;
    let failures = stories
        .iter()
        .filter_map(|(name, text)| run(text, &base).err().map(|why| format!("{name}: {why}")));
    Ok((stories.len(), failures.collect()))
}

/// A folder above this package that has this path inside it, if one has.
pub fn find_upwards(inside: &str) -> Option<PathBuf> {
    let start = Path::new(env!("CARGO_MANIFEST_DIR"));
    start
        .ancestors()
        .map(|folder| folder.join(inside))
        .find(|folder| folder.is_dir())
}

//! Stories: a text file of inputs and of what comes out, line by line.
//!
//! A story starts from a neutral configuration in JSON, from which a catalog is written in our own TOML. Its
//! inputs go through the JSON form of the wire, the event clock and one partition; its outputs are compared
//! in the JSON form in which they leave.

use serde_json::{Map, Value, json};
use smol_str::SmolStr;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use umbral_engine::{Decision, Partition, World};
use umbral_intake::zones;
use umbral_model::ids::{EventId, Source};
use umbral_model::input::{Address, Incoming, IncomingBody, Input, InputKey};
use umbral_model::journal::{Entry, JournaledInput, Outcome, Quarantined};
use umbral_model::time::{Date, Timestamp};
use umbral_wire::{OutputBody, OutputEvent, json as wire_json};

/// Kinds that a story does not list unless it says `show KIND`.
const HIDDEN: [&str; 3] = ["cycle_closed", "case_updated", "step_cancelled"];
/// Fields that stand in a body for short and belong to the envelope.
const ENVELOPE: [&str; 6] = [
    "source",
    "event_id",
    "currency",
    "account_id",
    "member_id",
    "forced",
];
/// The account and the plan of a story that names none.
const ACCOUNT: &str = "A";
const PLAN: &str = "story";

/// A story as it is written.
#[derive(Clone, Debug)]
pub struct Story {
    /// What it is about.
    pub title: String,
    /// Laid over the configuration that stories start from.
    pub config: Value,
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
            show: Vec::new(),
            steps: Vec::new(),
        };
        for (index, line) in text.lines().enumerate() {
            let number = index + 1;
            story
                .read_line(number, line.trim())
                .map_err(|why| format!("line {number}: {why}"))?;
        }
        Ok(story)
    }

    fn read_line(&mut self, number: usize, line: &str) -> Result<(), String> {
        if line.is_empty() {
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

/// Runs a story from a base configuration.
///
/// # Errors
/// Every step whose outputs differ, expected beside got; or why the story cannot be run.
pub fn run(text: &str, base: &Value) -> Result<(), String> {
    let story = Story::parse(text)?;
    let mut stage = Stage::new(&story, base)?;
    let mut report = String::new();
    for (index, step) in story.steps.iter().enumerate() {
        let got = stage
            .play(index, step)
            .map_err(|why| format!("line {}: {why}", step.line))?;
        let shown: Vec<Value> = got
            .into_iter()
            .filter(|output| stage.is_visible(output))
            .collect();
        compare(step, &shown, &mut report);
    }
    if report.is_empty() {
        Ok(())
    } else {
        Err(format!("{}\n{report}", story.title))
    }
}

/// The engine of one story.
struct Stage {
    world: World,
    partition: Partition,
    clock: Timestamp,
    config: Value,
    show: Vec<String>,
    position: u64,
}

impl Stage {
    fn new(story: &Story, base: &Value) -> Result<Stage, String> {
        let mut config = base.clone();
        lay_over(&mut config, &story.config);
        let mut stage = Stage {
            world: World::new(),
            partition: Partition::new(),
            clock: Timestamp::MIN,
            config,
            show: story.show.clone(),
            position: 0,
        };
        stage.activate(Timestamp::from_seconds(0))?;
        Ok(stage)
    }

    fn activate(&mut self, from: Timestamp) -> Result<(), String> {
        let files = catalog_files(&self.config)?;
        let compiled = umbral_catalog::load(&files, &zones::Iana).map_err(|problems| {
            let lines: Vec<String> = problems
                .iter()
                .map(|p| format!("{} {}: {}", p.code, p.file, p.title))
                .collect();
            format!(
                "the catalog has problems: {}\n{}",
                lines.join("; "),
                files[0].1
            )
        })?;
        let key = InputKey {
            source: Source::from("catalog"),
            event_id: EventId::new(format!("v{}", self.position)),
        };
        self.world.activate(compiled.catalog, from, key);
        Ok(())
    }

    /// Plays one input; gives all its outputs in JSON.
    fn play(&mut self, index: usize, step: &Step) -> Result<Vec<Value>, String> {
        let mut outputs = Vec::new();
        if step.at > self.clock {
            self.clock = step.at;
            self.tick(&mut outputs);
        }
        match step.kind.as_str() {
            "tick" => {}
            "config_activated" => {
                lay_over(&mut self.config, &Value::Object(step.body.clone()));
                self.activate(step.at)?;
                let mut events = Vec::new();
                self.partition
                    .config_changed(&self.world, self.clock, &mut events);
                let input = JournaledInput::ConfigChanged(self.key("config"));
                self.give(input, Outcome::Applied, events, &mut outputs);
            }
            _ => self.take(index, step, &mut outputs)?,
        }
        Ok(outputs)
    }

    fn key(&self, source: &str) -> InputKey {
        InputKey {
            source: Source::from(source),
            event_id: EventId::new(self.position.to_string()),
        }
    }

    fn tick(&mut self, outputs: &mut Vec<Value>) {
        let mut events = Vec::new();
        self.partition.tick(&self.world, self.clock, &mut events);
        let input = JournaledInput::Tick(self.key("clock"));
        self.give(input, Outcome::Applied, events, outputs);
    }

    fn take(&mut self, index: usize, step: &Step, outputs: &mut Vec<Value>) -> Result<(), String> {
        let line = input_line(index, step);
        let incoming = match wire_json::parse_incoming(line.as_bytes()) {
            Ok(incoming) => incoming,
            Err(error) => {
                let fields = json!({ "code": error.reason.code(), "reason": error.to_string() });
                let at = step.at.to_string();
                outputs.push(json!({ "kind": "quarantined", "at": at, "fields": fields }));
                return Ok(());
            }
        };
        let input = resolved(incoming).ok_or_else(|| format!("{line} has no account"))?;
        self.know_zone(&input);
        let mut events = Vec::new();
        let hash = umbral_wire::body_hash(&input);
        let decision = self
            .partition
            .process(&self.world, self.clock, &input, hash, &mut events);
        let outcome = match decision {
            Decision::Applied => Outcome::Applied,
            Decision::Duplicate => Outcome::DuplicateIgnored,
            Decision::Refused(rejection) => Outcome::Quarantined(Quarantined {
                reason: rejection.reason,
                detail: rejection.detail,
                original: line.into_bytes(),
            }),
        };
        self.give(
            JournaledInput::Account(Box::new(input)),
            outcome,
            events,
            outputs,
        );
        Ok(())
    }

    /// Zones are known to the world before an input that names them is decided.
    fn know_zone(&mut self, input: &Input) {
        use umbral_model::input::Body;
        let name = match &input.body {
            Body::CustomerAdded(body) => &body.time_zone,
            Body::TimeZoneChanged(body) => &body.time_zone,
            _ => return,
        };
        if let Some(rules) = zones::iana(name.as_str()) {
            self.world.add_zone(rules);
        }
    }

    fn give(
        &mut self,
        input: JournaledInput,
        outcome: Outcome,
        events: Vec<umbral_model::journal::AccountEvent>,
        outputs: &mut Vec<Value>,
    ) {
        self.position += 1;
        let (position, clock) = (self.position, self.clock);
        let entry = Entry {
            position,
            clock,
            version: None,
            input,
            outcome,
            events,
        };
        for output in umbral_wire::outputs(&entry) {
            outputs.extend(value_of(&output));
        }
    }

    fn is_visible(&self, output: &Value) -> bool {
        let kind = output["kind"].as_str().unwrap_or_default();
        !HIDDEN.contains(&kind) || self.show.iter().any(|shown| shown == kind)
    }
}

/// An output as a value `{kind, at, fields}`; none for what no reader of credit and collections sees.
fn value_of(output: &OutputEvent<'_>) -> Option<Value> {
    use umbral_model::event::Stream;
    let is_public = match (&output.body, output.body.stream()) {
        (OutputBody::DuplicateIgnored, _) => true,
        (_, stream) => !matches!(stream, Stream::Internal | Stream::Rated),
    };
    let written: Value = serde_json::from_str(&wire_json::output(output)).ok()?;
    let kind = output.body.kind();
    is_public
        .then(|| json!({ "kind": kind, "at": written["effective_at"], "fields": written[kind] }))
}

fn resolved(incoming: Incoming) -> Option<Input> {
    let IncomingBody::Account(body) = incoming.body else {
        return None;
    };
    let Some(Address::Account(account, member)) = incoming.address else {
        return None;
    };
    Some(Input {
        key: incoming.key,
        occurred_at: incoming.occurred_at,
        account,
        member,
        currency: incoming.currency,
        actor: incoming.actor,
        reason: incoming.reason,
        forced: incoming.forced,
        body,
    })
}

/// The input as a line of JSON: body fields that belong to the envelope move there.
fn input_line(index: usize, step: &Step) -> String {
    let mut envelope = Map::new();
    envelope.insert("source".into(), json!("story"));
    envelope.insert("event_id".into(), json!(format!("e{index}")));
    envelope.insert("occurred_at".into(), json!(step.at.to_string()));
    envelope.insert("account_id".into(), json!(ACCOUNT));
    let mut body = step.body.clone();
    for field in ENVELOPE {
        if let Some(value) = body.remove(field) {
            envelope.insert(field.into(), value);
        }
    }
    if step.kind == "customer_added" && !body.contains_key("plan") {
        body.insert("plan".into(), json!(PLAN));
    }
    envelope.insert(step.kind.clone(), Value::Object(body));
    Value::Object(envelope).to_string()
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
        if let (Some(expected), Some(got)) = (expected, got) {
            if is_met(expected, got) {
                let _ = writeln!(
                    report,
                    "      as expected: {} {}",
                    expected.at, expected.kind
                );
                continue;
            }
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
fn has(got: &Value, listed: &Value) -> bool {
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

/// The catalog that says the same as a story's configuration.
pub fn catalog_files(config: &Value) -> Result<Vec<(SmolStr, SmolStr)>, String> {
    let mut out = String::new();
    let currency = config["currency"].as_str().unwrap_or("EUR");
    let _ = writeln!(
        out,
        "name = \"story\"\ncurrency = \"{currency}\"\ntime_zone = \"UTC\"\nvalid_from = 1970-01-01\n"
    );
    write_prices(&mut out, &config["prices"]);
    for (name, calendar) in entries(&config["calendars"]) {
        write_calendar(&mut out, name, calendar)?;
    }
    for (name, schedule) in entries(&config["schedules"]) {
        write_schedule(&mut out, name, schedule);
    }
    for (name, class) in entries(&config["classes"]) {
        write_class(&mut out, name, class);
    }
    Ok(vec![("catalog.toml".into(), out.into())])
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn write_prices(out: &mut String, prices: &Value) {
    let mut rules = String::new();
    for (service, price) in entries(prices) {
        let unit = match service.as_str() {
            "voice" => "second",
            "data" => "B",
            _ => "event",
        };
        if !["voice", "data", "sms", "mms", "content"].contains(&service.as_str()) {
            let _ = writeln!(out, "[service.{service}]\nmeasured_in = \"events\"\n");
        }
        let price = price.as_str().unwrap_or_default();
        let _ = writeln!(out, "[rate.{service}]\nprice = \"{price} per {unit}\"\n");
        let _ = writeln!(
            rules,
            "  {{ service = \"{service}\", rate = \"{service}\" }},"
        );
    }
    let _ = writeln!(out, "[plan.{PLAN}]\nrules = [\n{rules}]\n");
}

fn write_calendar(out: &mut String, name: &str, calendar: &Value) -> Result<(), String> {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let _ = writeln!(out, "[calendar.{name}]");
    if let Some(weekdays) = calendar["weekdays"].as_array() {
        let names: Option<Vec<&str>> = weekdays
            .iter()
            .map(|day| DAYS.get(day.as_u64()?.checked_sub(1)? as usize).copied())
            .collect();
        let names = names.ok_or_else(|| format!("weekdays of {name} are 1 to 7"))?;
        let _ = writeln!(out, "weekdays = {}", json!(names));
    }
    if let [from, to] = calendar["hours"].as_array().map_or(&[][..], Vec::as_slice) {
        let _ = writeln!(out, "hours = \"{}:00-{}:00\"", hour(from), hour(to));
    }
    if let Some(holidays) = calendar["holidays"].as_array() {
        let _ = writeln!(out, "holidays = {}", json!(holidays));
    }
    out.push('\n');
    Ok(())
}

fn hour(value: &Value) -> String {
    format!("{:02}", value.as_u64().unwrap_or_default())
}

fn write_schedule(out: &mut String, name: &str, schedule: &Value) {
    let _ = writeln!(out, "[collections.{name}]");
    for (key, value) in entries(schedule).filter(|(key, _)| *key != "steps") {
        write_scalar(out, key, value);
    }
    let _ = writeln!(out, "steps = [");
    for step in schedule["steps"].as_array().into_iter().flatten() {
        let fields: Vec<String> = entries(step)
            .map(|(key, value)| format!("{key} = {value}"))
            .collect();
        let _ = writeln!(out, "  {{ {} }},", fields.join(", "));
    }
    let _ = writeln!(out, "]\n");
}

fn write_class(out: &mut String, name: &str, class: &Value) {
    let _ = writeln!(out, "[class.{name}]");
    for (key, value) in entries(class).filter(|(key, _)| *key != "measures") {
        write_scalar(
            out,
            if key == "schedule" {
                "collections"
            } else {
                key
            },
            value,
        );
    }
    out.push('\n');
    for measure in class["measures"].as_array().into_iter().flatten() {
        let _ = writeln!(out, "[[class.{name}.measure]]");
        for (key, value) in entries(measure).filter(|(key, _)| *key != "warn") {
            write_scalar(out, key, value);
        }
        if measure["limit"].is_null() {
            let _ = writeln!(out, "limit = \"none\"");
        }
        // A percentage of no limit means nothing; our catalog refuses what cannot act.
        let acts = |warning: &&Value| !measure["limit"].is_null() || warning["bps"].is_null();
        let listed = measure["warn"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(acts);
        let warnings = listed.map(|warning| {
            let fields: Vec<String> = entries(warning)
                .map(|(key, value)| format!("{key} = {value}"))
                .collect();
            format!("{{ {} }}", fields.join(", "))
        });
        let warnings: Vec<String> = warnings.collect();
        let _ = writeln!(out, "warn = [{}]\n", warnings.join(", "));
    }
}

/// A key with a text, number, flag or list, which are written alike in JSON and TOML.
fn write_scalar(out: &mut String, key: &str, value: &Value) {
    if !value.is_null() {
        let _ = writeln!(out, "{key} = {value}");
    }
}

/// The configuration that a folder's stories start from: its `base.json`.
///
/// # Errors
/// A file that is missing or no JSON.
pub fn base_of(folder: &Path) -> Result<Value, String> {
    let path = folder.join("base.json");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{path:?}: {error}"))?;
    parse_json(&text)
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

/// Days and instants of stories, for tests that write their own.
pub fn date(text: &str) -> Date {
    Date::parse(text).unwrap_or_default()
}

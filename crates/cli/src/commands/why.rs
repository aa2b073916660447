//! `umbral why`: the chain of inputs and events behind what happened.

use super::posted;
use crate::failure::{Exit, Failure};
use crate::output::Out;
use crate::output::tree::Tree;
use crate::site::Site;
use serde_json::Value;
use umbral_history::{History, HistoryError, LiesThere, Link, Reason};

/// Show the chain of events behind a charge, a warning or a restriction.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  umbral why med1/u-1 --data prod                             what an input did
  umbral why 9f31c2…(32 digits) --data prod                   what led to an output
  umbral tail --data prod --stream credit | head -1           where to find an out_id")]
pub(crate) struct Args {
    /// An out_id of a derived stream, or SOURCE/EVENT_ID of an input
    id: String,
    #[command(flatten)]
    site: Site,
}

/// Keys of an event that its line does not repeat.
const ENVELOPE: &[&str] = &[
    "out_id",
    "account_id",
    "account_seq",
    "effective_at",
    "recorded_at",
    "caused_by",
    "config_version",
    "currency",
];

/// Objects of an input that are not its body.
const INPUT_ENVELOPE: &[&str] = &["identifier"];

/// Runs the command.
pub(crate) fn run(args: &Args, out: &mut Out) -> Result<Exit, Failure> {
    let reason = Reason::parse(&args.id).ok_or_else(|| {
        Failure::usage(format!("{} is neither an out_id nor an input", args.id))
            .note("give the 32 hex digits of an out_id, or SOURCE/EVENT_ID such as med1/u-1")
    })?;
    let parts = args.site.parts(out)?;
    let links = links(&parts, &reason).map_err(|error| Failure::history(&error))?;
    if out.is_json() {
        out.json(&links)?;
        return Ok(Exit::Done);
    }
    for (index, link) in links.iter().enumerate() {
        if index > 0 {
            out.line(out.paint().faint("because of"))?;
        }
        for line in tree(link, out).lines(out.paint()) {
            out.line(line)?;
        }
    }
    Ok(Exit::Done)
}

/// The chain in whichever part has it.
fn links(parts: &[History], reason: &Reason) -> Result<Vec<Link>, HistoryError> {
    let mut answers = parts.iter().map(|part| part.why(reason)).peekable();
    while let Some(answer) = answers.next() {
        let is_elsewhere = matches!(answer, Err(HistoryError::UnknownId { .. }));
        if !is_elsewhere || answers.peek().is_none() {
            return answer;
        }
    }
    Ok(Vec::new())
}

fn tree(link: &Link, out: &Out) -> Tree {
    let paint = out.paint();
    let head = match &link.input {
        Some(input) => {
            let text = |key: &str| input.get(key).and_then(Value::as_str).unwrap_or_default();
            let kind = kind_of(input, INPUT_ENVELOPE);
            format!(
                "{} {} {}",
                paint.strong(&format!("{}/{}", text("source"), text("event_id"))),
                kind.map(|(kind, _)| kind).unwrap_or("input"),
                paint.faint(&format!(
                    "at {}, input {}",
                    text("occurred_at"),
                    link.position
                )),
            )
        }
        None => format!(
            "{} {}",
            paint.strong("time passed"),
            paint.faint(&format!("to {}, input {}", link.recorded_at, link.position))
        ),
    };
    let mut tree = Tree::new(head);
    let body = link.input.as_ref();
    let body = body.and_then(|input| kind_of(input, INPUT_ENVELOPE));
    if let Some((_, Value::Object(body))) = body {
        tree.leaf(paint.faint(&one_line(body, &[])));
    }
    if let Some(there) = &link.quarantine {
        tree.leaf(paint.warning(&format!("{}: {}", there.code, there.reason)));
        for line in lies_there(there) {
            tree.leaf(line);
        }
    }
    for event in &link.events {
        let is_told = link.quarantine.is_some() && event.get("quarantined").is_some();
        if !is_told {
            tree.push(event_tree(event, out));
        }
    }
    tree
}

/// Where a record of no account lies, and why.
fn lies_there(there: &LiesThere) -> Vec<String> {
    let mut lines = Vec::new();
    if !there.detail.is_empty() {
        lines.push(there.detail.clone());
    }
    if !there.place.is_empty() {
        lines.push(format!("from {}", there.place));
    }
    lines.push(format!(
        "went into the quarantine: umbral quarantine show {}",
        there.position
    ));
    lines
}

fn event_tree(event: &Value, out: &Out) -> Tree {
    let paint = out.paint();
    let sequence = event.get("account_seq").and_then(Value::as_u64);
    let sequence = sequence.map(|number| format!("event {number} of the account"));
    let Some((kind, body)) = kind_of(event, ENVELOPE) else {
        return Tree::new(event.to_string());
    };
    let mut tree = Tree::new(format!(
        "{} {}",
        paint.name(kind),
        paint.faint(&sequence.unwrap_or_default())
    ));
    let currency = event.get("currency").and_then(Value::as_str);
    let currency = currency.unwrap_or_default();
    let Value::Object(fields) = body else {
        return tree;
    };
    match kind {
        "usage_rated" => {
            let mut priced = fields.clone();
            priced.insert("currency".to_owned(), currency.into());
            tree.push(super::rate::show::charge(&priced, paint));
        }
        "usage_corrected" => posted::correction(fields, currency, &mut tree, paint),
        "charge_posted" => {
            tree.push(posted::charge(fields, currency, paint));
        }
        "purchase_recorded" => {
            tree.leaf(one_line(fields, &["lines"]));
            posted::lines(fields, &mut tree, paint);
        }
        _ if !fields.is_empty() => {
            tree.leaf(one_line(fields, &[]));
        }
        _ => {}
    }
    tree
}

/// The kind and body of a message: the one object that is not of its envelope.
fn kind_of<'a>(message: &'a Value, envelope: &[&str]) -> Option<(&'a str, &'a Value)> {
    message
        .as_object()?
        .iter()
        .find(|(key, value)| value.is_object() && !envelope.contains(&key.as_str()))
        .map(|(key, value)| (key.as_str(), value))
}

/// Fields as `name value`, in order; what is empty is left out, and what is shown elsewhere.
fn one_line(fields: &serde_json::Map<String, Value>, elsewhere: &[&str]) -> String {
    let parts: Vec<String> = fields
        .iter()
        .filter(|(name, _)| !elsewhere.contains(&name.as_str()))
        .filter(|(_, value)| !value.is_null() && value.as_array().is_none_or(|all| !all.is_empty()))
        .map(|(name, value)| format!("{} {}", name.replace('_', " "), in_words(value)))
        .collect();
    parts.join(", ")
}

/// A value without the marks of JSON.
fn in_words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Array(values) => values.iter().map(in_words).collect::<Vec<_>>().join(" + "),
        Value::Object(fields) => {
            let scalars = fields
                .iter()
                .filter(|(_, value)| value.is_string() || value.is_number());
            scalars
                .map(|(name, value)| format!("{} {}", name.replace('_', " "), in_words(value)))
                .collect::<Vec<_>>()
                .join(" ")
        }
        other => other.to_string(),
    }
}

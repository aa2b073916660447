//! The reference of inputs says what the schema says: `docs/inputs.md` has every kind of input with an example that
//! parses, and names every field that a sender may write.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on says why"
)]

use std::collections::BTreeMap;
use umbral_model::input::{Body, IncomingBody};
use umbral_model::rejection::Reason;
use umbral_wire::json;

const REFERENCE: &str = include_str!("../../../docs/inputs.md");
const INPUTS: &str = include_str!("../../../proto/umbral/v1/input.proto");
const COMMON: &str = include_str!("../../../proto/umbral/v1/common.proto");

/// Messages that have a JSON form of their own, or stand in the section of the envelope.
const NOT_BY_FIELDS: [&str; 3] = ["Effective", "Identifier", "TimeZone"];

/// A field of a message: its type and its name in JSON.
struct Field {
    kind: String,
    name: String,
}

/// The fields of all messages of a schema, by message.
fn messages(schema: &str) -> BTreeMap<String, Vec<Field>> {
    let mut found: BTreeMap<String, Vec<Field>> = BTreeMap::new();
    let mut open = None;
    for line in schema.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("message ") {
            let name = name.split_whitespace().next().expect("a name");
            found.entry(name.to_owned()).or_default();
            open = (!line.ends_with("{}")).then(|| name.to_owned());
        } else if let Some(message) = &open
            && let Some(field) = field_of(line)
        {
            found.entry(message.clone()).or_default().push(field);
        }
    }
    found
}

fn field_of(line: &str) -> Option<Field> {
    let declared = line.split_once(" = ")?.0;
    if line.starts_with("//") || line.starts_with("reserved") {
        return None;
    }
    let mut words = declared.split_whitespace().rev();
    let (name, kind) = (words.next()?, words.next()?);
    let units = ["_micros", "_days", "_ns"];
    let bare = units.iter().find_map(|unit| name.strip_suffix(unit));
    Some(Field {
        kind: kind.to_owned(),
        name: bare.unwrap_or(name).to_owned(),
    })
}

/// The sections of the reference by the kinds in their headings.
fn sections() -> BTreeMap<&'static str, &'static str> {
    let mut found = BTreeMap::new();
    for section in REFERENCE.split("\n### ").skip(1) {
        let section = section.split("\n## ").next().unwrap_or(section);
        let heading = section.lines().next().unwrap_or_default();
        for kind in heading.split(", ") {
            let before = found.insert(kind, section);
            assert!(before.is_none(), "{kind} has two sections");
        }
    }
    found
}

fn kinds() -> Vec<&'static str> {
    let rest = ["tick", "catalog_activated"];
    Body::KINDS.iter().copied().chain(rest).collect()
}

/// The kind of an input on a line of the reference.
fn kind_of(line: &str) -> &'static str {
    match json::parse_incoming(line.as_bytes()).expect(line).body {
        IncomingBody::Account(body) => body.kind(),
        IncomingBody::Tick => "tick",
        IncomingBody::CatalogActivated(_) => "catalog_activated",
    }
}

#[test]
fn every_kind_has_a_section_with_an_example_that_parses() {
    let sections = sections();
    let known = kinds();
    for kind in sections.keys() {
        assert!(known.contains(kind), "{kind} is no kind of input");
    }
    for kind in known {
        let section = sections
            .get(kind)
            .unwrap_or_else(|| panic!("docs/inputs.md has no section of {kind}"));
        let mut examples = section.lines().filter(|line| line.starts_with('{'));
        assert!(
            examples.any(|line| kind_of(line) == kind),
            "the section of {kind} has no example of it"
        );
    }
    for line in REFERENCE.lines().filter(|line| line.starts_with('{')) {
        kind_of(line);
    }
}

#[test]
fn every_field_that_a_sender_may_write_is_named_in_its_section() {
    let mut schema = messages(COMMON);
    schema.extend(messages(INPUTS));
    let sections = sections();
    let envelope = REFERENCE
        .split("\n## ")
        .find(|text| text.starts_with("The envelope"));
    let envelope = envelope.expect("a section of the envelope");
    let input = schema.get("Input").expect("the message of inputs");
    let known = kinds();
    for field in input {
        let Some(section) = sections.get(field.name.as_str()) else {
            let is_body = known.contains(&field.name.as_str());
            assert!(!is_body, "no section of {}", field.name);
            assert_named(envelope, field);
            continue;
        };
        look_into(&schema, &field.kind, (&field.name, ""), section);
    }
    for field in schema.get("Identifier").expect("identifiers") {
        assert_named(envelope, field);
    }
}

fn assert_named(section: &str, field: &Field) {
    let heading = section.lines().next().unwrap_or_default();
    let name = &field.name;
    assert!(
        section.contains(&format!("`{name}`")),
        "docs/inputs.md, {heading}: {name} is not named"
    );
}

/// Holds the fields of a message, and of the messages in it, to a section. `path` is the body's kind, and what stands
/// around the message in it.
fn look_into(
    schema: &BTreeMap<String, Vec<Field>>,
    message: &str,
    path: (&str, &str),
    section: &str,
) {
    for field in schema.get(message).into_iter().flatten() {
        let inside = format!("{}{{\"{}\":", path.1, field.name);
        if !may_be_written(path.0, &inside) {
            continue;
        }
        assert_named(section, field);
        if !NOT_BY_FIELDS.contains(&field.kind.as_str()) {
            let opening = if is_list(path.0, &inside) { "[" } else { "" };
            let inside = format!("{inside}{opening}");
            look_into(schema, &field.kind, (path.0, &inside), section);
        }
    }
}

/// What is wrong with a body that begins with `inside` and ends there.
fn refusal(kind: &str, inside: &str, value: &str) -> String {
    let closing: String = inside.chars().rev().filter_map(closing_of).collect();
    let line = format!("{{\"{kind}\":{inside}{value}{closing}}}");
    match json::parse_incoming(line.as_bytes()) {
        Ok(_) => String::new(),
        Err(error) if error.reason == Reason::UnknownField => "unknown".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn closing_of(opening: char) -> Option<char> {
    match opening {
        '{' => Some('}'),
        '[' => Some(']'),
        _ => None,
    }
}

/// Whether a sender may write the field: it is known in JSON, and not filled in where the record is taken.
fn may_be_written(kind: &str, inside: &str) -> bool {
    let refused = refusal(kind, inside, "0");
    refused != "unknown" && !refused.contains("filled in where the record is taken")
}

fn is_list(kind: &str, inside: &str) -> bool {
    refusal(kind, inside, "0").contains("a list")
}

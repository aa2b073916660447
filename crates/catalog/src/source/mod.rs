//! From file contents to a syntax tree with spans: TOML through `node`, CSV through `csv`, and `fields` to
//! read tables in which an unknown key is an error.

pub(crate) mod csv;
pub(crate) mod fields;
pub(crate) mod node;

use crate::codes;
use crate::problem::Report;
use node::{Entry, Node, Value};
use smol_str::SmolStr;

/// A stretch of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Spot {
    /// Index of the file.
    pub(crate) file: u32,
    /// First byte.
    pub(crate) start: u32,
    /// Byte after the last.
    pub(crate) end: u32,
}

impl Spot {
    /// A stretch of a file.
    pub(crate) fn new(file: u32, range: core::ops::Range<usize>) -> Spot {
        Spot {
            file,
            start: range.start as u32,
            end: range.end as u32,
        }
    }

    /// The bytes.
    pub(crate) fn range(self) -> core::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// From the start of this one to the end of the other one, of the same file.
    pub(crate) fn to(self, other: Spot) -> Spot {
        Spot {
            end: other.end.max(self.end),
            ..self
        }
    }
}

/// A value and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct At<T> {
    /// The value.
    pub(crate) value: T,
    /// Its place.
    pub(crate) spot: Spot,
}

impl<T> At<T> {
    /// A value at a place.
    pub(crate) fn new(value: T, spot: Spot) -> Self {
        At { value, spot }
    }
}

/// A named table, such as `[rate.national]`.
#[derive(Clone, Debug)]
pub(crate) struct Definition {
    /// Its name.
    pub(crate) name: At<SmolStr>,
    /// Its content.
    pub(crate) node: Node,
}

/// A CSV file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deck<'f> {
    /// Index of the file.
    pub(crate) file: u32,
    /// Its text.
    pub(crate) text: &'f str,
}

/// Everything that the files hold, by kind.
#[derive(Debug, Default)]
pub(crate) struct Source<'f> {
    /// Top-level keys of `catalog.toml`.
    pub(crate) head: Option<Node>,
    /// Named tables by kind, in order of files and lines.
    pub(crate) definitions: Vec<(&'static str, Vec<Definition>)>,
    /// Entries of `[holidays]`.
    pub(crate) holidays: Vec<Entry>,
    /// `[[case]]` tables.
    pub(crate) cases: Vec<Node>,
    /// `[[collections_case]]` tables.
    pub(crate) collections_cases: Vec<Node>,
    /// Prefix decks.
    pub(crate) zones: Vec<Deck<'f>>,
    /// Network decks.
    pub(crate) networks: Vec<Deck<'f>>,
    /// Profile decks.
    pub(crate) profiles: Vec<Deck<'f>>,
}

/// Kinds of named tables.
pub(crate) const KINDS: [&str; 13] = [
    "service",
    "zone",
    "network",
    "band",
    "rate",
    "plan",
    "product",
    "discount",
    "class",
    "vip",
    "collections",
    "calendar",
    "programme",
];
/// Tables that have their place in the grammar, and come with a later version.
const LATER: [&str; 1] = ["fee"];
/// Tables that stand inside a programme.
const OF_PROGRAMMES: [&str; 3] = ["tier", "card", "promotion"];
/// Keys of `catalog.toml` itself.
pub(crate) const HEAD_KEYS: [&str; 11] = [
    "name",
    "currency",
    "time_zone",
    "valid_from",
    "version",
    "amounts",
    "numbers",
    "home_networks",
    "emergency",
    "discount_cap",
    "description",
];

impl<'f> Source<'f> {
    /// Parses all files; what cannot be parsed is reported.
    pub(crate) fn parse(files: &[(SmolStr, &'f str)], report: &mut Report) -> Source<'f> {
        let definitions = KINDS.iter().map(|kind| (*kind, Vec::new())).collect();
        let mut source = Source {
            definitions,
            ..Source::default()
        };
        let head = head_path(files);
        for (index, (path, text)) in files.iter().enumerate() {
            let deck = Deck {
                file: index as u32,
                text,
            };
            if path.ends_with(".toml") {
                source.take_toml(head == Some(path.as_str()), deck, report);
            } else if path.ends_with(".csv") {
                source.take_csv(path, deck, report);
            }
        }
        if source.head.is_none() {
            let problem = report
                .error(
                    codes::NO_CATALOG_FILE,
                    Spot::default(),
                    "the folder has no catalog.toml",
                    "",
                )
                .note("write catalog.toml with name, currency, time_zone and valid_from");
            problem.file = SmolStr::new_static("catalog.toml");
        }
        source
    }

    /// Tables of one kind.
    pub(crate) fn of(&self, kind: &str) -> &[Definition] {
        self.definitions
            .iter()
            .find(|(name, _)| *name == kind)
            .map_or(&[], |(_, list)| list)
    }

    fn take_csv(&mut self, path: &str, deck: Deck<'f>, report: &mut Report) {
        let mut parts = path.rsplit('/');
        let name = parts.next().unwrap_or(path);
        let folders: Vec<&str> = parts.collect();
        let is = |kind: &str| name.strip_suffix(".csv") == Some(kind) || folders.contains(&kind);
        if is("zones") {
            self.zones.push(deck);
        } else if is("networks") {
            self.networks.push(deck);
        } else if is("profiles") {
            self.profiles.push(deck);
        } else {
            let spot = Spot {
                file: deck.file,
                ..Spot::default()
            };
            report
                .error(codes::UNKNOWN_FILE, spot, format!("{path} is no file of a catalog"), "")
                .note("put prefix decks into the folder zones, network groups into networks, rating profiles into profiles.csv");
        }
    }

    fn take_toml(&mut self, is_head: bool, deck: Deck<'f>, report: &mut Report) {
        let root = match node::parse(deck.file, deck.text) {
            Ok(root) => root,
            Err((spot, message)) => {
                report
                    .error(codes::SYNTAX, spot, "the file is not TOML", message)
                    .note("texts, amounts and units stand in quotes, lists in [ ], and a key once in its table");
                if is_head {
                    self.head.get_or_insert(Node::empty_table(spot));
                }
                return;
            }
        };
        let Value::Table(table) = root.value else {
            return;
        };
        let mut head = Vec::new();
        for entry in table.entries {
            if is_head && HEAD_KEYS.contains(&entry.key.as_str()) {
                head.push(entry);
            } else {
                self.take_entry(entry, is_head, report);
            }
        }
        if is_head && self.head.is_none() {
            let spot = Spot::new(deck.file, 0..0);
            self.head = Some(Node {
                spot,
                value: Value::Table(node::Table { entries: head }),
            });
        }
    }

    fn take_entry(&mut self, entry: Entry, is_head: bool, report: &mut Report) {
        let key = entry.key.clone();
        if let Some(kind) = self.definitions.iter_mut().find(|(kind, _)| *kind == key) {
            return take_definitions(kind.0, entry, &mut kind.1, report);
        }
        match (key.as_str(), entry.node.value) {
            ("holidays", Value::Table(table)) => self.holidays.extend(table.entries),
            ("case", Value::List(cases)) => self.cases.extend(cases),
            ("collections_case", Value::List(cases)) => self.collections_cases.extend(cases),
            ("case" | "collections_case", Value::Table(_)) | ("holidays", _) => {
                let wanted = match key.as_str() {
                    "holidays" => "[holidays]".to_owned(),
                    case => format!("[[{case}]]"),
                };
                report
                    .error(
                        codes::WRONG_TYPE,
                        entry.key_spot,
                        format!("{key} does not have its form"),
                        "",
                    )
                    .note(format!("write {wanted}, with its keys in the lines below"));
            }
            _ if LATER.contains(&key.as_str()) => not_yet(entry.key_spot, &key, report),
            _ => unknown_top(&key, entry.key_spot, is_head, report),
        }
    }
}

/// The `catalog.toml` that lies highest.
fn head_path<'p>(files: &'p [(SmolStr, &str)]) -> Option<&'p str> {
    let heads = files.iter().map(|(path, _)| path.as_str());
    heads
        .filter(|path| path.rsplit('/').next() == Some("catalog.toml"))
        .min_by_key(|path| path.matches('/').count())
}

/// Reports something that the grammar has a place for and this version does not do.
pub(crate) fn not_yet(spot: Spot, what: &str, report: &mut Report) {
    report
        .error(
            codes::NOT_YET,
            spot,
            format!("{what} is not taken by this version"),
            "would have no effect",
        )
        .note("leave it out; it is refused so that nothing written here is without effect");
}

fn unknown_top(key: &str, spot: Spot, is_head: bool, report: &mut Report) {
    let head: &[&str] = if is_head { &HEAD_KEYS } else { &[] };
    let known = KINDS
        .iter()
        .chain(&["holidays", "case"])
        .chain(head)
        .copied();
    let hint = crate::text::suggest::did_you_mean(key, known);
    let problem = report.error(
        codes::UNKNOWN_KEY,
        spot,
        format!("{key} is not known here"),
        hint.unwrap_or_default(),
    );
    if HEAD_KEYS.contains(&key) {
        problem.note("name, currency, time_zone and the like stand in catalog.toml");
    } else if OF_PROGRAMMES.contains(&key) {
        problem.note(format!(
            "it stands inside a programme: programme.NAME.{key}"
        ));
    } else {
        problem.note(format!("tables are {}, holidays, case", KINDS.join(", ")));
    }
}

fn take_definitions(kind: &str, entry: Entry, list: &mut Vec<Definition>, report: &mut Report) {
    let Value::Table(table) = entry.node.value else {
        report
            .error(
                codes::WRONG_TYPE,
                entry.key_spot,
                format!("{kind} does not have its form"),
                "",
            )
            .note(format!(
                "write [{kind}.NAME], with its keys in the lines below"
            ));
        return;
    };
    for entry in table.entries {
        let name = At::new(entry.key, entry.key_spot);
        check_name(kind, &name, report);
        match list.iter().find(|known| known.name.value == name.value) {
            Some(first) => {
                let first = report.file(first.name.spot).to_owned();
                report
                    .error(
                        codes::DEFINED_TWICE,
                        name.spot,
                        format!("{kind} {} is defined twice", name.value),
                        "second definition",
                    )
                    .note(format!(
                        "the first one is in {first}; give one of them another name"
                    ));
            }
            None => list.push(Definition {
                name,
                node: entry.node,
            }),
        }
    }
}

fn check_name(kind: &str, name: &At<SmolStr>, report: &mut Report) {
    if !is_name(&name.value) {
        let title = format!("this is no name for a {kind}");
        report
            .error(codes::BAD_NAME, name.spot, title, "")
            .note(NAME_FORM);
    }
}

/// What a name has to be.
pub(crate) const NAME_FORM: &str =
    "a name has 1 to 64 bytes, no blanks at its ends, no control characters, and is not *";

/// Whether a text can be the name of something, in TOML and in CSV alike.
pub(crate) fn is_name(text: &str) -> bool {
    let length = (1..=64).contains(&text.len());
    length && text != "*" && text.trim() == text && !text.contains(char::is_control)
}

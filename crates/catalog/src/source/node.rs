//! A TOML file as a plain tree in which everything knows its place.

use super::Spot;
use smol_str::SmolStr;
use toml_edit::{Document, Item, Key, TableLike};

/// A value and its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Where it stands; of a table with a header the header.
    pub(crate) spot: Spot,
    /// What it is.
    pub(crate) value: Value,
}

/// A TOML value.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// A text in quotes.
    Text(SmolStr),
    /// A whole number.
    Whole(i64),
    /// A number with a decimal point: never used, money is text.
    Fraction,
    /// `true` or `false`.
    Flag(bool),
    /// A date, a time, or both, as text.
    Moment(SmolStr),
    /// A list.
    List(Vec<Node>),
    /// A table.
    Table(Table),
}

/// A table in file order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    /// Its entries.
    pub(crate) entries: Vec<Entry>,
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// The key.
    pub(crate) key: SmolStr,
    /// Where the key stands.
    pub(crate) key_spot: Spot,
    /// Its value.
    pub(crate) node: Node,
}

impl Entry {
    /// Key and value together.
    pub(crate) fn spot(&self) -> Spot {
        if self.node.spot.start >= self.key_spot.start {
            self.key_spot.to(self.node.spot)
        } else {
            self.key_spot
        }
    }
}

impl Node {
    /// A table without entries.
    pub(crate) fn empty_table(spot: Spot) -> Node {
        Node {
            spot,
            value: Value::Table(Table::default()),
        }
    }

    /// What it is, in a word.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Text(_) => "a text",
            Value::Whole(_) => "a whole number",
            Value::Fraction => "a number with decimals",
            Value::Flag(_) => "true or false",
            Value::Moment(_) => "a date or time",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
        }
    }
}

/// Parses a file. An error has its place and the parser's words.
pub(crate) fn parse(file: u32, text: &str) -> Result<Node, (Spot, String)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Err(error) = toml::de::DeTable::parse(text) {
        // `toml_edit` panics on some texts that are no TOML, when a key is to be put below a value that it could
        // not read: it only gets what is whole.
        let spot = Spot::new(file, error.span().unwrap_or(0..0));
        return Err((spot, error.message().replace('\n', "; ")));
    }
    let document = Document::parse(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        (Spot::new(file, span), error.message().replace('\n', "; "))
    })?;
    let reader = Reader { file, text };
    let spot = Spot::new(file, 0..0);
    Ok(Node {
        spot,
        value: Value::Table(reader.table(document.as_table())),
    })
}

struct Reader<'f> {
    file: u32,
    text: &'f str,
}

impl Reader<'_> {
    fn table(&self, table: &dyn TableLike) -> Table {
        let entries = table
            .iter()
            .filter_map(|(name, _)| table.get_key_value(name))
            .filter(|(_, item)| !item.is_none())
            .map(|(key, item)| self.entry(key, item))
            .collect();
        Table { entries }
    }

    fn entry(&self, key: &Key, item: &Item) -> Entry {
        let key_spot = Spot::new(self.file, key.span().unwrap_or(0..0));
        Entry {
            key: key.get().into(),
            key_spot,
            node: self.item(item, key_spot),
        }
    }

    fn item(&self, item: &Item, around: Spot) -> Node {
        match item {
            Item::None => Node::empty_table(around),
            Item::Value(value) => self.value(value, around),
            Item::Table(table) => {
                let spot = table.span().map_or(around, |span| self.header(span.start));
                Node {
                    spot,
                    value: Value::Table(self.table(table)),
                }
            }
            Item::ArrayOfTables(tables) => {
                let nodes = tables.iter().map(|table| {
                    let spot = table.span().map_or(around, |span| self.header(span.start));
                    Node {
                        spot,
                        value: Value::Table(self.table(table)),
                    }
                });
                Node {
                    spot: around,
                    value: Value::List(nodes.collect()),
                }
            }
        }
    }

    fn value(&self, value: &toml_edit::Value, around: Spot) -> Node {
        let spot = value
            .span()
            .map_or(around, |span| Spot::new(self.file, span));
        let value = match value {
            toml_edit::Value::String(text) => Value::Text(text.value().as_str().into()),
            toml_edit::Value::Integer(number) => Value::Whole(*number.value()),
            toml_edit::Value::Float(_) => Value::Fraction,
            toml_edit::Value::Boolean(flag) => Value::Flag(*flag.value()),
            toml_edit::Value::Datetime(moment) => Value::Moment(moment.value().to_string().into()),
            toml_edit::Value::Array(list) => {
                Value::List(list.iter().map(|node| self.value(node, spot)).collect())
            }
            toml_edit::Value::InlineTable(table) => Value::Table(self.table(table)),
        };
        Node { spot, value }
    }

    /// The line of a table's header.
    fn header(&self, start: usize) -> Spot {
        let rest = self.text.get(start..).unwrap_or("");
        let length = rest.find('\n').unwrap_or(rest.len());
        let line = rest.get(..length).unwrap_or("").trim_end();
        Spot::new(self.file, start..start + line.len())
    }
}

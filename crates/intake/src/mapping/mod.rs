//! Mappings: a small TOML file that says how the rows of somebody else's CSV or fixed-width file become
//! inputs. `docs/ingest.md` is the reference.

mod decode;
mod fields;
mod parse;
mod problem;
mod records;
mod times;
mod toml_walk;
mod units;
mod values;

pub use decode::Rows;
pub use problem::Problem;

use crate::reader::ReadError;
use core::ops::Range;
use records::RecordRule;
use smol_str::SmolStr;
use std::path::Path;
use times::Times;
use umbral_model::ids::{AccountId, Source};
use umbral_model::input::{CustomerAdded, IdentifierKind};
use umbral_model::money::Currency;
use values::Text;

/// A mapping that has no problems of its own. Which columns a file has is known when it is opened.
#[derive(Clone, Debug)]
pub struct Mapping {
    file: String,
    source: Source,
    layout: Layout,
    comment: Option<SmolStr>,
    currency: Option<Currency>,
    decimal_comma: bool,
    sorted: bool,
    columns: Vec<Column>,
    event_id: EventIds,
    times: Times,
    whom: Whom,
    records: Vec<RecordRule>,
    new_accounts: Option<CustomerAdded>,
}

/// How a row is cut into fields.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Layout {
    Csv {
        delimiter: u8,
        quote: Option<u8>,
        header: bool,
    },
    Fixed,
}

/// A column that the mapping uses.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Column {
    /// As messages call it.
    name: SmolStr,
    place: Place,
}

/// Where a column stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// Under its name in the header.
    Header,
    /// At a position, from 0.
    Number(usize),
    /// At these characters, from 0; an end of `usize::MAX` is the end of the line.
    Characters(Range<usize>),
}

/// Where the event id comes from.
#[derive(Clone, Debug)]
enum EventIds {
    /// Hash of the file's content and number of the row.
    Row,
    /// A column.
    Text(Text),
}

/// Whom the rows concern.
#[derive(Clone, Debug)]
enum Whom {
    Account { account: Text, member: Option<Text> },
    Identifier { kind: IdentifierKind, value: Text },
}

impl Mapping {
    /// Reads a mapping file. A file that cannot be opened is one problem like the others.
    pub fn load(path: &Path) -> Result<Mapping, Vec<Problem>> {
        let name = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Mapping::parse(&name, &text),
            Err(error) => {
                let mut problems = problem::Problems::new(&name, "");
                problems.add(
                    crate::codes::UNREADABLE_FILE,
                    0..0,
                    format!("the mapping cannot be read: {error}"),
                    "name a mapping file that exists and may be read",
                );
                problems.unless(None)
            }
        }
    }

    /// Reads a mapping from its text; `file` is its name in messages. All problems are reported at once.
    pub fn parse(file: &str, text: &str) -> Result<Mapping, Vec<Problem>> {
        parse::parse(file, text)
    }

    /// The name of its file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The sender of all inputs read through it.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// `csv` or `fixed`.
    pub fn format(&self) -> &'static str {
        match self.layout {
            Layout::Csv { .. } => "csv",
            Layout::Fixed => "fixed",
        }
    }

    /// Whether files are read in the order of `occurred_at` rather than in their own.
    pub fn is_sorted(&self) -> bool {
        self.sorted
    }

    /// Whether event ids are made from the content of the whole file.
    pub fn needs_content_id(&self) -> bool {
        matches!(self.event_id, EventIds::Row)
    }

    /// What accounts that are not known yet begin with, if the mapping creates accounts.
    pub fn new_accounts(&self) -> Option<&CustomerAdded> {
        self.new_accounts.as_ref()
    }

    /// The event id of the `customer_added` that opens an account.
    pub fn opening_id(account: &AccountId) -> String {
        format!("account/{account}")
    }

    /// What begins a comment line.
    pub(crate) fn comment(&self) -> Option<&str> {
        self.comment.as_deref()
    }

    /// Whether the first row names the columns.
    pub(crate) fn has_header(&self) -> bool {
        matches!(self.layout, Layout::Csv { header: true, .. })
    }

    /// Ties the mapping to a file: finds its columns in the header, if it has one. `content_id` is the hash
    /// of the file's content where event ids are made from it.
    pub(crate) fn rows(
        self: std::sync::Arc<Self>,
        file: &str,
        header: Option<&str>,
        content_id: Option<&str>,
    ) -> Result<Rows, ReadError> {
        Rows::new(self, file, header, content_id)
    }
}

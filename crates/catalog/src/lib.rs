//! Tariffs and credit classes: from a folder of files to compiled tables.
//!
//! `source` reads files into a syntax tree with spans, `draft` reads the values in it, `check` finds what is
//! wrong between them, `compile` makes the tables that `umbral-rating` and `umbral-engine` use. All problems
//! are reported at once. `diff` says what changes from one catalog to another. Pure: callers hand in file contents and zone rules. The grammar is in
//! `docs/catalog.md`.

pub mod case;
mod check;
pub mod codes;
mod compile;
pub mod deck;
pub mod diff;
mod draft;
pub mod import_cgrates;
mod load;
pub mod loyalty;
mod packed;
pub mod problem;
mod rules;
mod source;
pub mod summary;
pub mod tables;
mod text;
pub mod version;

pub use draft::head::Amounts;
pub use load::{Compiled, Files, ZoneSource, load, load_series};
pub use text::suggest::did_you_mean;

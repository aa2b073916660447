//! Tariffs and credit classes: from a folder of files to compiled tables.
//!
//! `source` reads files into a syntax tree with spans, `check` finds every problem, `compile` makes the
//! tables that `umbral-rating` and `umbral-engine` use. Pure: callers hand in file contents and zone rules.

pub mod deck;
pub mod tables;
pub mod version;

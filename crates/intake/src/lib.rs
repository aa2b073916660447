//! How records get in: readers of files and streams, mappings of foreign layouts, the directory that
//! resolves identifiers, and time zones from the IANA database.
//!
//! This crate touches files and knows formats; it decides nothing. What it cannot read it hands on with
//! code, reason and original bytes. Only this crate parses files of usage records.

pub mod codes;
pub mod directory;
pub mod mapping;
pub mod reader;
pub mod zones;

//! The wire forms of Umbral: protobuf and JSON to and from the model.
//!
//! `proto/umbral/v1` is the public contract. prost generates its types into [`schema`] for whoever wants
//! them; the engine itself reads and writes the same bytes straight from the model, through the tables in
//! `input` and `event`, and tests hold the two to each other. Inputs may come as [`json`] or [`proto`] and
//! mean the same; outputs leave as either; [`frame`] is the journal's form.

mod activation;
mod allowance;
mod charge;
mod correction;
mod envelope;
mod error;
mod event;
mod fold;
pub mod frame;
mod hash;
mod identity;
mod input;
pub mod json;
mod loyalty;
mod names;
mod output;
mod pb;
mod posted;
pub mod proto;
mod published;
mod purchase;
mod scalars;
mod table;
mod unidentified;
mod usage;
mod usage_view;
mod value;
mod words;

pub use error::WireError;
pub use fold::{Entries, EntryBytes};
pub use hash::{as_sent, body_hash, body_hash_of};
pub use identity::Identity;
pub use loyalty::fill_in;
pub use names::{Names, NoNames};
pub use output::{OutputBody, OutputEvent, outputs};
pub use published::{Published, RatedBytes};
pub use unidentified::unidentified;

/// Largest input in either form, in bytes. A catalog activation with its decks is the largest there is.
pub const MAX_MESSAGE_BYTES: usize = 64 << 20;

/// The types that prost generates from `proto/umbral/v1`.
pub mod schema {
    #![allow(missing_docs, clippy::all)]
    include!(concat!(env!("OUT_DIR"), "/umbral.v1.rs"));
}

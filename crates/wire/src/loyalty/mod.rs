//! Loyalty: its inputs with what each may hold, and its events.

mod event;
mod input;

pub use input::fill_in;
pub(crate) use input::{check_range, named_by};

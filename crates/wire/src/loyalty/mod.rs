//! Loyalty: its inputs with what each may hold, and its events.

mod event;
mod input;

pub(crate) use input::{check_range, fill_in, named_by};

//! What tests across crates share.

pub mod neutral;
pub mod stage;
pub mod stories;

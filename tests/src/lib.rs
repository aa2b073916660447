//! What tests across crates share.

pub mod credit_model;
pub mod edge;
pub mod fuzz;
pub mod kafka;
pub mod loyalty_model;
pub mod loyalty_stories;
pub mod neutral;
pub mod stage;
pub mod state;
pub mod stories;
pub mod tariff_model;

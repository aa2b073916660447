//! The words of Umbral as plain data: ids, money, units, time, inputs, events, rejections.
//!
//! Nothing here reads a clock, a file or the environment; types carry no behaviour beyond their own
//! arithmetic. Wire forms (protobuf, JSON) live in `umbral-wire`.

pub mod charge;
pub mod event;
pub mod ids;
pub mod input;
pub mod journal;
pub mod money;
pub mod number;
pub mod rejection;
pub mod time;
pub mod units;
mod words;

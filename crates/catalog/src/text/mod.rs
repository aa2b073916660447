//! Small texts inside catalogs: prices and units, days and hours, names that were nearly right.

pub(crate) mod days;
pub(crate) mod spans;
pub(crate) mod suggest;
pub(crate) mod units;

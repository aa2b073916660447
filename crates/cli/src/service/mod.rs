//! What long-running commands share: drop folders, signals, the endpoint for probes and scrapers.

pub(crate) mod follow;
pub(crate) mod http;
pub(crate) mod intake;
pub(crate) mod kafka;
pub(crate) mod send;
pub(crate) mod signals;

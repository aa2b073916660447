//! One file per command: its arguments, what it does, and how the result is shown.

pub(crate) mod account;
pub(crate) mod archive;
pub(crate) mod bill;
pub(crate) mod catalog;
pub(crate) mod check;
pub(crate) mod collections;
pub(crate) mod completions;
pub(crate) mod copy;
pub(crate) mod demo;
pub(crate) mod explain;
pub(crate) mod ingest;
pub(crate) mod init;
pub(crate) mod loyalty;
pub(crate) mod posted;
pub(crate) mod quarantine;
pub(crate) mod rate;
pub(crate) mod replay;
pub(crate) mod run;
pub(crate) mod snapshot;
pub(crate) mod tail;
pub(crate) mod topics;
pub(crate) mod why;

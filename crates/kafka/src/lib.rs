//! Umbral on Apache Kafka: an instance is a member of a consumer group, owns partitions, and decides their inputs with
//! the engine's own rules. The only crate that knows rdkafka.
//!
//! ```text
//! input topics -> worker (lanes decide) -> transaction {journal, derived topics, offsets} -> durable
//!                    ^ new owner: snapshot -> journal tail -> compare -> read inputs from where the journal says
//! ```
//!
//! What is in the journal topic happened, once, and nothing else did; the group's offsets only follow it. How partitions
//! change hands, and what happens when brokers and instances fail, is in `docs/kafka.md`.

mod admin;
mod ask;
mod catalogs;
mod client;
mod copy;
mod deployment;
mod directory;
mod error;
mod group;
mod ingest;
pub mod input;
mod journal;
pub mod metrics;
mod mirror;
mod oauth;
pub mod outputs;
mod pause;
mod publish;
mod pulse;
mod reach;
mod resubmit;
mod router;
mod said;
mod secret;
mod sender;
mod service;
mod settings;
mod snapshots;
mod standby;
mod status;
mod tail;
pub mod topics;
mod transaction;
mod watch;
mod worker;

pub use admin::{Admin, AdminError};
pub use client::Role;
pub use copy::{CopiedOut, copy_out};
pub use deployment::{Deployment, Names};
pub use error::{Error, Result};
pub use ingest::{FileRecord, Ingestion, SentFile};
pub use mirror::{Following, Mirrors};
pub use oauth::OAuth;
pub use publish::{activate_catalogs, catalogs};
pub use resubmit::resubmit;
pub use secret::{Librdkafka, Secret, Source, Veil};
pub use service::Service;
pub use settings::{Format, Input, Output, Settings, SettingsError, Transaction};
pub use snapshots::SnapshotSettings;
pub use status::{Standing, WorkerStatus};
pub use watch::Watch;

/// The version of librdkafka that is built in.
pub fn library_version() -> String {
    rdkafka::util::get_rdkafka_version().1
}

/// What the built-in librdkafka can do, as it says itself: `ssl`, `sasl_scram`, `zstd` and others.
pub fn library_features() -> Vec<String> {
    let native = rdkafka::ClientConfig::new().create_native_config();
    let features = native.and_then(|native| native.get("builtin.features"));
    let features = features.unwrap_or_default();
    features.split(',').map(str::to_owned).collect()
}

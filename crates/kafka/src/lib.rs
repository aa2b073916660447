//! Umbral on Apache Kafka. The only crate that knows rdkafka.

mod admin;
mod client;
mod reach;
mod secret;
mod settings;
pub mod topics;
mod watch;

pub use admin::{Admin, AdminError};
pub use client::Role;
pub use secret::{Librdkafka, Secret, Source, Veil};
pub use settings::{Format, Input, Output, Settings, SettingsError, Transaction};
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

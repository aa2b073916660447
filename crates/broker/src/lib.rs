//! A real Apache Kafka on loopback, for tests and benchmarks.
//!
//! Its libraries come from Maven Central, once, and stay below the target directory. Brokers run in KRaft mode on
//! ports that are free, keep their data below the target directory, and end with the process that started them,
//! however that ends.
//!
//! ```no_run
//! let mut kafka = umbral_broker::Cluster::start(&umbral_broker::Settings::one())?;
//! println!("{}", kafka.bootstrap());
//! kafka.kill(1)?;
//! kafka.restart(1)?;
//! # Ok::<(), umbral_broker::BrokerError>(())
//! ```
//!
//! With `KAFKA_BOOTSTRAP` in the environment, who asks for one plain broker gets that one.

mod background;
mod cluster;
mod error;
mod library;
mod node;
mod ports;
mod properties;
mod security;
mod settings;
mod share;
mod tools;
mod wait;

pub use background::{Background, down, up};
pub use cluster::Cluster;
pub use error::BrokerError;
pub use library::prepare;
pub use security::Secured;
pub use settings::Settings;

use std::path::{Path, PathBuf};

/// Where everything of these brokers is kept, below the target directory.
fn home() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = manifest.ancestors().nth(2).unwrap_or(manifest);
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    root.join(target).join("kafka")
}

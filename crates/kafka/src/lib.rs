//! Umbral on Apache Kafka. The only crate that knows rdkafka.

pub mod input;
pub mod outputs;

/// The version of librdkafka that is built in.
pub fn library_version() -> String {
    rdkafka::util::get_rdkafka_version().1
}

//! Metrics of an instance on Kafka; those of batches and records are the runtime's.

use metrics::{counter, gauge, histogram};

/// A transaction is committed.
pub(crate) fn record_transaction(records: usize, nanos: u64) {
    counter!("umbral_kafka_transactions_total").increment(1);
    counter!("umbral_kafka_journal_records_total").increment(records as u64);
    histogram!("umbral_kafka_transaction_seconds").record(nanos as f64 / 1e9);
}

/// A transaction was not committed at the first try.
pub(crate) fn record_failed_transaction() {
    counter!("umbral_kafka_transactions_failed_total").increment(1);
}

/// Partitions were given or taken.
pub(crate) fn record_rebalance() {
    counter!("umbral_kafka_rebalances_total").increment(1);
}

/// So many partitions are driven by this worker.
pub(crate) fn record_owned(worker: usize, partitions: usize) {
    gauge!("umbral_kafka_partitions", "worker" => worker.to_string()).set(partitions as f64);
}

/// A partition was folded to the end of its journal.
pub(crate) fn record_takeover(partitions: usize, seconds: f64) {
    counter!("umbral_kafka_takeovers_total").increment(partitions as u64);
    histogram!("umbral_kafka_takeover_seconds").record(seconds);
}

/// So many records of an input topic are not read yet.
pub(crate) fn record_lag(topic: &str, partition: u16, records: i64) {
    gauge!("umbral_kafka_lag", "topic" => topic.to_owned(), "partition" => partition.to_string())
        .set(records as f64);
}

/// Records of the inbox went on: so many in all, so many parked, so many that were parked before.
pub(crate) fn record_routed(records: usize, parked: usize, freed: usize) {
    counter!("umbral_kafka_routed_total").increment(records as u64);
    counter!("umbral_kafka_parked_total").increment(parked as u64);
    counter!("umbral_kafka_unparked_total").increment(freed as u64);
}

//! Metrics of an instance on Kafka, by name, in one place; those of batches and records are the runtime's.

use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

const TRANSACTIONS: &str = "umbral_kafka_transactions_total";
const FAILED: &str = "umbral_kafka_transactions_failed_total";
const TRANSACTION_SECONDS: &str = "umbral_kafka_transaction_seconds";
const JOURNAL_RECORDS: &str = "umbral_kafka_journal_records_total";
const REBALANCES: &str = "umbral_kafka_rebalances_total";
const PARTITIONS: &str = "umbral_kafka_partitions";
const TAKEOVERS: &str = "umbral_kafka_takeovers_total";
const TAKEOVER_SECONDS: &str = "umbral_kafka_takeover_seconds";
const TAKEOVER_RECORDS: &str = "umbral_kafka_takeover_records_total";
const STANDBY_RECORDS: &str = "umbral_kafka_standby_records_total";
const LAG: &str = "umbral_kafka_lag";
const ROUTED: &str = "umbral_kafka_routed_total";
const PARKED: &str = "umbral_kafka_parked_total";
const UNPARKED: &str = "umbral_kafka_unparked_total";

/// Tells the recorder what each metric means; call once after a recorder is installed.
pub fn describe() {
    let count = Unit::Count;
    describe_counter!(TRANSACTIONS, count, "Transactions committed");
    describe_counter!(
        FAILED,
        count,
        "Transactions that did not go through at once"
    );
    describe_histogram!(
        TRANSACTION_SECONDS,
        Unit::Seconds,
        "Time of one transaction"
    );
    describe_counter!(JOURNAL_RECORDS, count, "Batches in the journal");
    describe_counter!(
        REBALANCES,
        count,
        "Times that partitions were given or taken"
    );
    describe_gauge!(PARTITIONS, count, "Partitions that a worker drives");
    describe_counter!(
        TAKEOVERS,
        count,
        "Partitions folded to the end of their journal"
    );
    describe_histogram!(
        TAKEOVER_SECONDS,
        Unit::Seconds,
        "Time of taking partitions over"
    );
    describe_counter!(
        TAKEOVER_RECORDS,
        count,
        "Records of the journal that taking partitions over had to read"
    );
    describe_counter!(
        STANDBY_RECORDS,
        count,
        "Records of the journal that were followed of partitions of others"
    );
    describe_gauge!(
        LAG,
        count,
        "Records of an input partition that are not read yet"
    );
    describe_counter!(ROUTED, count, "Records that the router sent on");
    describe_counter!(PARKED, count, "Records of numbers that nobody held");
    describe_counter!(
        UNPARKED,
        count,
        "Of these, records sent with their account since"
    );
}

/// A transaction is committed.
pub(crate) fn record_transaction(records: usize, nanos: u64) {
    counter!(TRANSACTIONS).increment(1);
    counter!(JOURNAL_RECORDS).increment(records as u64);
    histogram!(TRANSACTION_SECONDS).record(nanos as f64 / 1e9);
}

/// A transaction was not committed at the first try.
pub(crate) fn record_failed_transaction() {
    counter!(FAILED).increment(1);
}

/// Partitions were given or taken.
pub(crate) fn record_rebalance() {
    counter!(REBALANCES).increment(1);
}

/// So many partitions are driven by this worker.
pub(crate) fn record_owned(worker: usize, partitions: usize) {
    gauge!(PARTITIONS, "worker" => worker.to_string()).set(partitions as f64);
}

/// Partitions were folded to the end of their journals.
pub(crate) fn record_takeover(partitions: usize, records: u64, seconds: f64) {
    counter!(TAKEOVERS).increment(partitions as u64);
    counter!(TAKEOVER_RECORDS).increment(records);
    histogram!(TAKEOVER_SECONDS).record(seconds);
}

/// A record of a partition of others was followed.
pub(crate) fn record_followed() {
    counter!(STANDBY_RECORDS).increment(1);
}

/// So many records of an input topic are not read yet.
pub(crate) fn record_lag(topic: &str, partition: u16, records: i64) {
    let labels = [
        ("topic", topic.to_owned()),
        ("partition", partition.to_string()),
    ];
    gauge!(LAG, &labels).set(records as f64);
}

/// Records of the inbox went on: so many in all, so many parked, so many that were parked before.
pub(crate) fn record_routed(records: usize, parked: usize, freed: usize) {
    counter!(ROUTED).increment(records as u64);
    counter!(PARKED).increment(parked as u64);
    counter!(UNPARKED).increment(freed as u64);
}

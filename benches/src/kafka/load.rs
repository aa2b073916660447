//! What goes in: usage records of one size, each in the partition of its account, single or packed.

use super::PACKED_RECORDS;
use crate::{Choice, Seeded, usage};
use anyhow::{Context, Result};
use std::collections::HashMap;
use umbral_model::ids::{AccountId, EventId, MemberId};
use umbral_model::input::{Address, Incoming};
use umbral_runtime::partitioner::partition_of_account;
use umbral_wire::proto;

/// Bytes of every record, without a length before it.
pub const RECORD_BYTES: usize = 120;
/// Prefixes of called numbers.
const PREFIXES: usize = 1_000;

/// How messages hold records.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Packing {
    /// One in each.
    Single,
    /// Many, each behind its length.
    Packed,
}

/// Usage records by partition, one behind the other.
pub struct Load {
    partitions: Vec<Vec<u8>>,
    records: u64,
}

impl Load {
    /// Makes records of accounts that are chosen all alike.
    ///
    /// # Errors
    /// A record that is larger than all are to be.
    pub fn new(records: u64, accounts: u64, partitions: i32) -> Result<Load> {
        let count = u16::try_from(partitions).context("count partitions")?;
        let mut load = Load {
            partitions: vec![Vec::new(); usize::from(count)],
            records,
        };
        let mut random = Seeded::new(11);
        let mut bytes = Vec::with_capacity(RECORD_BYTES);
        for number in 0..records {
            let record = usage(number, accounts, PREFIXES, Choice::Uniform, &mut random);
            let (account, record) = of_account(record)?;
            sized(record, &mut bytes)?;
            let partition = partition_of_account(&account, count);
            load.partitions[partition.index()].extend_from_slice(&bytes);
        }
        Ok(load)
    }

    /// How many records there are.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// The records' ids, with the number of each in the order in which single ones are handed out.
    ///
    /// # Errors
    /// A record that cannot be read.
    pub fn order(&self) -> Result<HashMap<String, u64>> {
        let mut order = HashMap::new();
        self.messages(Packing::Single, |_, message| {
            let record = proto::decode_incoming(message).context("read a record")?;
            let number = order.len() as u64;
            order.insert(record.key.event_id.to_string(), number);
            Ok(())
        })?;
        Ok(order)
    }

    /// Hands out every message with its partition: one of each partition in turn, as many senders would.
    ///
    /// # Errors
    /// What `each` says.
    pub fn messages(
        &self,
        packing: Packing,
        mut each: impl FnMut(i32, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let of_message = match packing {
            Packing::Single => 1,
            Packing::Packed => PACKED_RECORDS,
        };
        let size = of_message * RECORD_BYTES;
        let longest = self.partitions.iter().map(Vec::len).max().unwrap_or(0);
        let mut message = Vec::new();
        for from in (0..longest).step_by(size) {
            for (partition, records) in (0..).zip(&self.partitions) {
                let Some(left) = records.get(from..).filter(|left| !left.is_empty()) else {
                    continue;
                };
                let records = &left[..left.len().min(size)];
                if packing == Packing::Single {
                    each(partition, records)?;
                    continue;
                }
                message.clear();
                for record in records.chunks_exact(RECORD_BYTES) {
                    pack(record, &mut message);
                }
                each(partition, &message)?;
            }
        }
        Ok(())
    }
}

/// Appends a record behind its length.
pub(super) fn pack(record: &[u8], out: &mut Vec<u8>) {
    let mut length = record.len();
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(record);
}

/// How many records a message holds, from its size: all records have the same.
pub(super) fn records_of(packing: Packing, message: &[u8]) -> u64 {
    match packing {
        Packing::Single => 1,
        Packing::Packed => (message.len() / (RECORD_BYTES + 1)) as u64,
    }
}

/// The record with its account instead of the number that belongs to it.
fn of_account(record: Incoming) -> Result<(AccountId, Incoming)> {
    let Some(Address::Identifier(identifier)) = &record.address else {
        anyhow::bail!("the record names no number");
    };
    let number: u64 = identifier.value.parse().context("read a number")?;
    let account = AccountId::new(format!("A{}", number - 34_600_000_000));
    let address = Address::Account(account.clone(), Some(MemberId::new("M1")));
    let address = Some(address);
    Ok((account, Incoming { address, ..record }))
}

/// Encodes a record, with its id as long as it takes to have the size of all.
fn sized(mut record: Incoming, out: &mut Vec<u8>) -> Result<()> {
    out.clear();
    proto::encode_incoming(&record, out);
    let missing = RECORD_BYTES
        .checked_sub(out.len())
        .context("a record is larger than all are to be")?;
    let id = record.key.event_id.as_str();
    record.key.event_id = EventId::new(format!("{id}{}", "-".repeat(missing)));
    out.clear();
    proto::encode_incoming(&record, out);
    anyhow::ensure!(out.len() == RECORD_BYTES, "a record has another size");
    Ok(())
}

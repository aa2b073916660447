//! Passing through without doing anything: records are packed again as the engine packs what it writes.

use super::load::{pack, records_of};
use super::{Output, PACKED_RECORDS, Packing, Stage};
use anyhow::{Context, Result};

/// Takes records and hands them on, many in one message.
pub struct PassThrough {
    packing: Packing,
    /// What is packed of each partition, and how many records it is.
    open: Vec<(Vec<u8>, usize)>,
}

impl PassThrough {
    /// Of messages that hold records so.
    pub fn new(packing: Packing, partitions: i32) -> PassThrough {
        PassThrough {
            packing,
            open: (0..partitions).map(|_| Default::default()).collect(),
        }
    }
}

impl Stage for PassThrough {
    fn take(&mut self, partition: i32, value: &[u8], output: &Output<'_>) -> Result<u64> {
        if self.packing == Packing::Packed {
            output.send(partition, value)?;
            return Ok(records_of(Packing::Packed, value));
        }
        let index = usize::try_from(partition).context("find a partition")?;
        let (message, count) = self.open.get_mut(index).context("find a partition")?;
        pack(value, message);
        *count += 1;
        if *count == PACKED_RECORDS {
            output.send(partition, message)?;
            message.clear();
            *count = 0;
        }
        Ok(1)
    }

    fn end(&mut self, output: &Output<'_>) -> Result<()> {
        for (partition, (message, count)) in (0..).zip(&mut self.open) {
            if *count > 0 {
                output.send(partition, message)?;
                message.clear();
                *count = 0;
            }
        }
        Ok(())
    }
}

//! Who waits for what: submitters for the verdicts on their inputs, others for a batch to be durable.

use crate::message::{Ack, Receipt, Verdict};
use crossbeam_channel::Sender;

struct Submitter {
    first: u64,
    missing: usize,
    verdicts: Vec<Option<Verdict>>,
    reply: Sender<Vec<Receipt>>,
}

/// All that wait.
#[derive(Default)]
pub(crate) struct Waiters {
    submitters: Vec<Submitter>,
    flushes: Vec<(u64, Sender<()>)>,
}

impl Waiters {
    /// Somebody waits for `count` verdicts from position `first` on.
    pub(crate) fn submitter(&mut self, first: u64, count: usize, reply: Sender<Vec<Receipt>>) {
        let verdicts = vec![None; count];
        self.submitters.push(Submitter {
            first,
            missing: count,
            verdicts,
            reply,
        });
    }

    /// Somebody waits for `batch`.
    pub(crate) fn flush(&mut self, batch: u64, reply: Sender<()>) {
        self.flushes.push((batch, reply));
    }

    /// Answers those whose wait is over. A receiver that has gone away is no error.
    pub(crate) fn settle(&mut self, ack: &Ack) {
        for (position, verdict) in &ack.verdicts {
            let owner = self.submitters.iter_mut().find(|waiter| {
                (waiter.first..waiter.first + waiter.verdicts.len() as u64).contains(position)
            });
            if let Some(waiter) = owner {
                let slot = &mut waiter.verdicts[(position - waiter.first) as usize];
                debug_assert!(slot.is_none(), "one verdict for each input");
                *slot = Some(verdict.clone());
                waiter.missing -= 1;
            }
        }
        self.submitters.retain_mut(|waiter| {
            if waiter.missing > 0 {
                return true;
            }
            let receipts = std::mem::take(&mut waiter.verdicts)
                .into_iter()
                .flatten()
                .zip(waiter.first..)
                .map(|(verdict, position)| Receipt { position, verdict })
                .collect();
            let _ = waiter.reply.send(receipts);
            false
        });
        self.flushes.retain(|(batch, reply)| {
            let waiting = *batch > ack.batch;
            if !waiting {
                let _ = reply.send(());
            }
            waiting
        });
    }
}

//! Records that mediation got wrong: some are corrected, some cancelled, minutes to two days later.

use crate::Maker;
use crate::later::Later;
use crate::random::Random;
use smol_str::SmolStr;
use umbral_model::ids::EventId;
use umbral_model::input::{
    Address, Body, Incoming, IncomingBody, Usage, UsageCancelled, UsageCorrected,
};
use umbral_model::time::Timestamp;

/// One record of so many was wrong.
pub(crate) const ONE_OF: u64 = 2_000;
const LEAST_DELAY: u64 = 600;
const MOST_DELAY: u64 = 2 * 86_400;

/// A record that was wrong.
struct Wrong {
    event_id: EventId,
    number: SmolStr,
    at: i64,
    usage: Usage,
    owner: u32,
    /// About what it cost, in 10^-4 EUR.
    cost: u64,
}

/// Wrong records in order of the second at which that is noticed.
#[derive(Default)]
pub(crate) struct Corrections {
    noticed: Later<Wrong>,
}

impl Corrections {
    /// Now and then a record turns out to be wrong.
    pub(crate) fn consider(
        &mut self,
        input: &Incoming,
        (owner, cost): (u32, u64),
        random: &mut Random,
    ) {
        if random.below(ONE_OF) > 0 {
            return;
        }
        let IncomingBody::Account(Body::Usage(usage)) = &input.body else {
            return;
        };
        let Some(Address::Identifier(identifier)) = &input.address else {
            return;
        };
        let at = input.occurred_at.seconds();
        let noticed = at + random.between(LEAST_DELAY, MOST_DELAY) as i64;
        let wrong = Wrong {
            event_id: input.key.event_id.clone(),
            number: identifier.value.clone(),
            at,
            usage: usage.clone(),
            owner,
            cost,
        };
        self.noticed.put(noticed, wrong);
    }

    /// When the next one is noticed, in seconds since 1970.
    pub(crate) fn next_second(&self) -> Option<i64> {
        self.noticed.next_second()
    }
}

impl Maker {
    /// Corrects or cancels what was noticed next. A correction happened when the usage did.
    pub(crate) fn correct(&mut self) -> Option<Incoming> {
        let (noticed, wrong) = self.corrections.noticed.take()?;
        // What was one thing is cancelled: there is nothing less to correct it to.
        if wrong.usage.quantity <= 1 || self.random.below(3) == 0 {
            self.counts.cancellations += 1;
            self.people.forgive(wrong.owner, wrong.cost);
            let body = Body::UsageCancelled(UsageCancelled {
                cancels: wrong.event_id,
                cancels_source: None,
                started_at: Some(Timestamp::from_seconds(wrong.at)),
                original: None,
            });
            return Some(self.envelope.of_number(noticed, wrong.number, body));
        }
        self.counts.corrections += 1;
        let mut usage = wrong.usage;
        let share = self.random.between(50, 95);
        usage.quantity = (usage.quantity * share / 100).max(1);
        self.people
            .forgive(wrong.owner, wrong.cost * (100 - share) / 100);
        let body = Body::UsageCorrected(Box::new(UsageCorrected {
            corrects: wrong.event_id,
            corrects_source: None,
            usage,
            original: None,
        }));
        Some(self.envelope.of_number(wrong.at, wrong.number, body))
    }
}

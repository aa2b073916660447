//! The intervals in which one identifier was held: ascending, never overlapping.

use smallvec::SmallVec;
use umbral_model::time::Timestamp;

/// One interval [from, to).
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Interval {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) holder: u32,
}

impl Interval {
    fn contains(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }
}

type Intervals = SmallVec<[Interval; 2]>;

/// Almost every number has one holder until further notice, so that case takes no list.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub(super) enum Tenure {
    /// One holder until further notice.
    Current { from: Timestamp, holder: u32 },
    /// Anything else.
    History(Box<[Interval]>),
}

impl Default for Tenure {
    fn default() -> Self {
        Tenure::History(Box::default())
    }
}

impl Tenure {
    /// Who held it at an instant.
    pub(super) fn holder_at(&self, at: Timestamp) -> Option<u32> {
        match self {
            Tenure::Current { from, holder } => (*from <= at).then_some(*holder),
            Tenure::History(list) => list
                .iter()
                .find(|interval| interval.contains(at))
                .map(|interval| interval.holder),
        }
    }

    /// Who held it last.
    pub(super) fn last_holder(&self) -> Option<u32> {
        self.last().map(|interval| interval.holder)
    }

    /// The last interval in which it was held.
    pub(super) fn last(&self) -> Option<Interval> {
        match self {
            Tenure::Current { from, holder } => Some(Interval {
                from: *from,
                to: Timestamp::MAX,
                holder: *holder,
            }),
            Tenure::History(list) => list.last().copied(),
        }
    }

    /// Opens an interval; the other holder's interval if one is in the way, and nothing changes then.
    pub(super) fn claim(&mut self, holder: u32, from: Timestamp) -> Result<(), Interval> {
        let mut list = self.intervals();
        let next = list.partition_point(|interval| interval.from <= from);
        if let Some(before) = next.checked_sub(1).map(|index| list[index])
            && before.contains(from)
        {
            return if before.holder == holder {
                Ok(())
            } else {
                Err(before)
            };
        }
        match list.get_mut(next) {
            Some(after) if after.holder == holder => after.from = from,
            Some(after) => return Err(*after),
            None => list.push(Interval {
                from,
                to: Timestamp::MAX,
                holder,
            }),
        }
        join(&mut list, next);
        *self = Tenure::of(list);
        Ok(())
    }

    /// Ends the holder's interval at an instant within it; `false` if there is none.
    pub(super) fn release(&mut self, holder: u32, at: Timestamp) -> bool {
        let mut list = self.intervals();
        let found = list
            .iter_mut()
            .find(|interval| interval.holder == holder && interval.contains(at));
        let Some(interval) = found else { return false };
        interval.to = at;
        list.retain(|interval| interval.from < interval.to);
        *self = Tenure::of(list);
        true
    }

    /// The holder ends: nothing of its own goes on at or after the instant.
    pub(super) fn end(&mut self, holder: u32, at: Timestamp) {
        let mut list = self.intervals();
        for interval in list.iter_mut().filter(|interval| interval.holder == holder) {
            interval.to = interval.to.min(at);
        }
        list.retain(|interval| interval.from < interval.to);
        *self = Tenure::of(list);
    }

    fn intervals(&self) -> Intervals {
        match self {
            Tenure::Current { from, holder } => smallvec::smallvec![Interval {
                from: *from,
                to: Timestamp::MAX,
                holder: *holder,
            }],
            Tenure::History(list) => SmallVec::from_slice(list),
        }
    }

    fn of(list: Intervals) -> Tenure {
        match list.as_slice() {
            [only] if only.to == Timestamp::MAX => Tenure::Current {
                from: only.from,
                holder: only.holder,
            },
            all => Tenure::History(all.into()),
        }
    }
}

/// Makes one interval of those at `index - 1` and `index` if they meet and have one holder.
fn join(list: &mut Intervals, index: usize) {
    let Some(before) = index.checked_sub(1) else {
        return;
    };
    if list[before].to == list[index].from && list[before].holder == list[index].holder {
        list[before].to = list[index].to;
        list.remove(index);
    }
}

//! Usage, its corrections, and what they do to the naive account.

use crate::tariff_model::days::DAY;
use crate::tariff_model::life::{Step, Use, What};
use crate::tariff_model::model::{Counter, Model, Skipped, Standing, window};
use crate::tariff_model::price::{reached, rounded};
use crate::tariff_model::rated::Rated;
use crate::tariff_model::tariff::*;
use std::collections::BTreeMap;

impl Model<'_> {
    fn repeated(&mut self) {
        self.out.push("repeated".to_owned());
    }

    fn rates(&self) -> &[Rate] {
        &self.tariff.versions[0].rates
    }

    pub(crate) fn use_service(
        &mut self,
        number: usize,
        member: Option<usize>,
        usage: &Use,
        at: i64,
    ) {
        let in_window = self.now - at <= window(usage) * DAY;
        if in_window && self.taken.contains(&number) {
            return self.repeated();
        }
        let kept = self.keeps(self.cycle_of(at));
        let taken = in_window && kept && self.takes_usage(at, member);
        let Some(rated) = taken.then(|| self.rate(at, member, usage)).flatten() else {
            return self.refuse();
        };
        self.begin();
        self.taken.insert(number);
        let before = self.counters.clone();
        self.take(&rated);
        self.post_usage(rated.cycle, rated.scope, rated.amount);
        let over = (self.exposure() - EXPOSURE_LIMIT).clamp(0, rated.amount.max(0));
        let text = rated.text(self.rates());
        self.out.push(format!("rated #{number} {text} over{over}"));
        self.post_volume(&before, None, Some(&rated));
        self.records.insert(
            number,
            Standing {
                at,
                rated: Some(rated),
            },
        );
        self.roots.insert(number, number);
        self.claim_parked(number);
        self.compare(at, "usage");
    }

    /// Takes units from grants and counts them.
    fn take(&mut self, rated: &Rated) {
        for (number, units, _) in &rated.covered {
            let grant = &mut self.grants[number - 1];
            grant.left -= units;
            if rated.abroad {
                grant.left_abroad = grant.left_abroad.map(|left| left - units);
            }
        }
        for (counter, (units, _)) in &rated.counted {
            if self.keeps(counter.0) {
                *self.counters.entry(*counter).or_default() += units;
            }
        }
    }

    fn give_back(&mut self, rated: &Rated) {
        for (number, units, _) in &rated.covered {
            let grant = &mut self.grants[number - 1];
            grant.left += units;
            if rated.abroad {
                grant.left_abroad = grant.left_abroad.map(|left| left + units);
            }
        }
        for (counter, (units, _)) in &rated.counted {
            if self.keeps(counter.0) {
                *self.counters.get_mut(counter).unwrap() -= units;
            }
        }
    }

    /// All units of a cycle have the price of the tier that is reached: what that makes of the others.
    fn post_volume(
        &mut self,
        before: &BTreeMap<Counter, i128>,
        old: Option<&Rated>,
        new: Option<&Rated>,
    ) {
        let mut own: BTreeMap<Counter, i128> = BTreeMap::new();
        for (rated, sign) in [(old, -1), (new, 1)] {
            for (counter, (_, cost)) in rated.iter().flat_map(|rated| &rated.counted) {
                *own.entry(*counter).or_default() += sign * cost;
            }
        }
        for (counter, own) in own {
            if !self.keeps(counter.0) {
                continue;
            }
            let rate = &self.tariff.versions[0].rates[counter.1];
            let tiers = rate.tiers.as_ref().filter(|tiers| tiers.volume);
            let told = new
                .filter(|rated| rated.counted.contains_key(&counter))
                .or(old);
            let (Some(tiers), Some(told)) = (tiers, told) else {
                continue;
            };
            let units_before = before.get(&counter).copied().unwrap_or(0);
            let units_after = self.counters[&counter];
            let (from, from_price) = reached(tiers, rate.service, units_before);
            let (to, to_price) = reached(tiers, rate.service, units_after);
            let whole = units_after * i128::from(to_price) - units_before * i128::from(from_price);
            let difference = (whole - own) * (10_000 - told.bps);
            let unit = rate.service.unit() * 10_000;
            // What is finer than ten decimals is no amount.
            let fine = (2 * difference * 10_000 + unit).div_euclid(2 * unit);
            let amount = rounded(fine, 10_000, rate.mode, rate.decimals);
            if amount == 0 {
                continue;
            }
            self.out.push(format!(
                "volume {} {} {} t{from}>{to} {units_before}>{units_after} = {amount}",
                rate.name,
                crate::tariff_model::model::who(counter.2),
                counter.0
            ));
            self.post_usage(counter.0, told.scope, amount);
        }
    }

    pub(crate) fn correct(&mut self, step: &Step) -> Result<(), Skipped> {
        let (of, is_new) = match &step.what {
            What::Correct { of, .. } => (*of, true),
            What::Cancel { of } => (*of, false),
            _ => return Ok(()),
        };
        if self.now - step.at > 90 * DAY {
            self.refuse();
            return Ok(());
        }
        if self.taken.contains(&step.number) {
            self.repeated();
            return Ok(());
        }
        if is_new && !self.keeps(self.cycle_of(step.at)) {
            return Err(Skipped);
        }
        if !self.roots.contains_key(&of) {
            let until = self.now + 7 * DAY;
            self.taken.insert(step.number);
            self.out
                .push(format!("parked #{} for #{of} until {until}", step.number));
            self.parked.push((until, of, step.clone()));
            return Ok(());
        }
        self.begin();
        if self.apply_correction(step, of) {
            self.taken.insert(step.number);
            self.claim_parked(step.number);
            self.compare(step.at, "replay_correction");
        } else {
            self.refuse();
        }
        Ok(())
    }

    /// Does what a correction says; false where it is refused.
    fn apply_correction(&mut self, step: &Step, of: usize) -> bool {
        let root = self.roots[&of];
        let standing = self.records[&root].clone();
        let cancels = matches!(step.what, What::Cancel { .. });
        if cancels && standing.rated.is_none() {
            return false;
        }
        let before = self.counters.clone();
        if let Some(rated) = &standing.rated {
            self.give_back(rated);
        }
        let after = match &step.what {
            What::Correct { member, usage, .. } => {
                let taken = self.takes_usage(step.at, *member);
                let rated = taken.then(|| self.rate(step.at, *member, usage)).flatten();
                let Some(rated) = rated else {
                    if let Some(rated) = &standing.rated {
                        self.take(rated);
                    }
                    return false;
                };
                Some(rated)
            }
            _ => None,
        };
        if let Some(rated) = &after {
            self.take(rated);
            self.post_usage(rated.cycle, rated.scope, rated.amount);
        }
        if let Some(rated) = &standing.rated {
            self.post_usage(rated.cycle, rated.scope, -rated.amount);
        }
        let text = |rated: &Option<Rated>| match rated {
            Some(rated) => rated.text(self.rates()),
            None => "nothing".to_owned(),
        };
        let amount = |rated: &Option<Rated>| rated.as_ref().map_or(0, |rated| rated.amount);
        let difference = amount(&after) - amount(&standing.rated);
        let number = step.number;
        self.out.push(format!(
            "corrected #{root} by #{number} ({}) to ({}) {difference}",
            text(&standing.rated),
            text(&after)
        ));
        self.post_volume(&before, standing.rated.as_ref(), after.as_ref());
        let at = if after.is_some() {
            step.at
        } else {
            standing.at
        };
        self.records.insert(root, Standing { at, rated: after });
        self.roots.insert(number, root);
        true
    }

    /// Corrections that waited for this number are applied, and those that waited for them.
    fn claim_parked(&mut self, number: usize) {
        let mut arrived = vec![number];
        let waits = |arrived: &[usize], of: usize| arrived.contains(&of);
        while let Some(place) = self
            .parked
            .iter()
            .position(|(_, of, _)| waits(&arrived, *of))
        {
            let (_, of, step) = self.parked.remove(place);
            if self.apply_correction(&step, of) {
                arrived.push(step.number);
            } else {
                self.taken.remove(&step.number);
                self.out.push(format!("unclaimed #{}", step.number));
            }
        }
    }

    /// Corrections that waited long enough.
    pub(crate) fn give_up(&mut self, at: i64) {
        let due = |(until, ..): &(i64, usize, Step)| *until <= at;
        let (due, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.parked).into_iter().partition(due);
        self.parked = rest;
        for (_, _, step) in due {
            self.taken.remove(&step.number);
            self.out.push(format!("unclaimed #{}", step.number));
        }
    }
}

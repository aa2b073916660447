//! Warnings of the naive account: of money, and of units of allowances.

use crate::tariff_model::model::{Model, who};
use crate::tariff_model::tariff::*;

const MEASURES: [&str; 3] = ["exposure", "cycle_usage", "cycle_charges"];

/// Id and amount, ascending, the limit last.
fn thresholds(measure: usize) -> Vec<(&'static str, Micro)> {
    match measure {
        0 => vec![
            ("50", EXPOSURE_LIMIT / 2),
            ("90", EXPOSURE_LIMIT / 10 * 9),
            ("limit", EXPOSURE_LIMIT),
        ],
        1 => vec![("50", USAGE_LIMIT / 2), ("limit", USAGE_LIMIT)],
        _ => vec![("80", CHARGES_LIMIT / 10 * 8), ("limit", CHARGES_LIMIT)],
    }
}

/// Rounded up.
fn share(whole: i128, bps: i128) -> i128 {
    (whole * bps + 9_999).div_euclid(10_000)
}

impl Model<'_> {
    pub(crate) fn exposure(&self) -> Micro {
        self.unbilled.values().sum::<Micro>() + self.bills
    }

    pub(crate) fn value(&self, measure: usize) -> Micro {
        let usage = self.usage.get(&(self.cycle, "all")).copied().unwrap_or(0);
        match measure {
            0 => self.exposure(),
            1 => usage,
            _ => usage + self.charges.get(&self.cycle).copied().unwrap_or(0),
        }
    }

    /// A group of events begins: what is compared with what comes after it.
    pub(crate) fn begin(&mut self) {
        self.before = (0..3).map(|measure| self.value(measure)).collect();
        self.used_before = self
            .grants
            .iter()
            .map(|grant| grant.units - grant.left)
            .collect();
    }

    /// Cycle measures start anew: what was breached is cured.
    pub(crate) fn end_epoch(&mut self) {
        for measure in &MEASURES[1..] {
            if self.fired.contains(&(measure, "limit")) {
                self.out.push(format!("{measure} cured 0"));
            }
            self.fired.retain(|(of, _)| of != measure);
            self.told.retain(|(of, _), _| of != measure);
        }
    }

    /// The group is over.
    pub(crate) fn compare(&mut self, at: i64, cause: &str) {
        self.compare_allowances(at, cause);
        for measure in 0..3 {
            self.compare_measure(measure, at, cause);
        }
    }

    fn compare_measure(&mut self, measure: usize, at: i64, cause: &str) {
        let value = self.value(measure);
        let name = MEASURES[measure];
        let (mut crossed, mut recovered) = (Vec::new(), Vec::new());
        for (id, amount) in thresholds(measure) {
            let is_limit = id == "limit";
            let margin = if is_limit {
                0
            } else {
                share(i128::from(amount), 500) as Micro
            };
            let is_fired = self.fired.contains(&(name, id));
            let reached = if is_limit {
                value > amount
            } else {
                value >= amount
            };
            if !is_fired && reached {
                self.fired.insert((name, id));
                crossed.push(id);
            } else if is_fired && value <= amount - margin && !reached {
                self.fired.remove(&(name, id));
                recovered.push(id);
            }
        }
        if !crossed.is_empty() {
            let told = crossed.iter().any(|id| {
                let last = self.told.get(&(name, *id));
                *id == "limit" || last.is_none_or(|last| at - last >= 1_440)
            });
            if told {
                self.told.extend(crossed.iter().map(|id| ((name, *id), at)));
            }
            let before = self.before[measure];
            let list = crossed.join("+");
            self.out.push(format!(
                "{name} crossed {list} {before}>{value} {cause} {told}"
            ));
            if crossed.contains(&"limit") {
                self.out.push(format!("{name} breached {value}"));
            }
        }
        for id in &recovered {
            self.out
                .push(format!("{name} recovered {id} {value} {cause}"));
        }
        if recovered.contains(&"limit") {
            self.out.push(format!("{name} cured {value}"));
        }
    }

    /// Grants that still hold warn of units that are used; what rolled over is silent.
    fn compare_allowances(&mut self, at: i64, cause: &str) {
        let now = self.now;
        for number in 0..self.grants.len() {
            let grant = &mut self.grants[number];
            let used = grant.units - grant.left;
            let before = self.used_before.get(number).copied().unwrap_or(0);
            let rolled_over = grant.plan.is_some() && grant.cycle != self.cycle;
            if used == before || grant.until <= now || rolled_over {
                continue;
            }
            let (mut crossed, mut recovered) = (Vec::new(), Vec::new());
            for bps in &grant.allowance.warn {
                let threshold = share(grant.units, *bps);
                let margin = share(threshold, grant.allowance.margin);
                let is_fired = grant.fired.contains(bps);
                if !is_fired && used >= threshold {
                    crossed.push(*bps);
                } else if is_fired && used <= threshold - margin && used < threshold {
                    recovered.push(*bps);
                }
            }
            let (name, owner) = (
                format!("g{} {}", number + 1, grant.allowance.name),
                who(grant.member),
            );
            if !crossed.is_empty() {
                let told = crossed.iter().any(|bps| {
                    let last = grant.told.get(bps);
                    last.is_none_or(|last| at - last >= grant.allowance.cooldown)
                });
                if told {
                    grant.told.extend(crossed.iter().map(|bps| (*bps, at)));
                }
                let list: Vec<String> = crossed.iter().map(i128::to_string).collect();
                let list = list.join("+");
                self.out.push(format!(
                    "{name} {owner} crossed {list} {before}>{used} {cause} {told}"
                ));
            }
            for bps in recovered {
                grant.fired.remove(&bps);
                self.out
                    .push(format!("{name} {owner} recovered {bps} {used} {cause}"));
            }
            grant.fired.extend(crossed);
        }
    }
}

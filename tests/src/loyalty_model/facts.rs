//! What is known of a source of points, and what it should have earned: exact fractions, recomputed from all facts.

use super::life::{cents, number, text};
use chrono::NaiveDate;
use serde_json::Value;

/// An exact amount of cents.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Cents {
    over: i128,
    under: i128,
}

impl Cents {
    pub(crate) const ZERO: Cents = Cents { over: 0, under: 1 };

    pub(crate) fn new(over: i128, under: i128) -> Cents {
        let (mut left, mut right) = (over.abs(), under.abs());
        while right != 0 {
            (left, right) = (right, left % right);
        }
        let shared = left.max(1);
        Cents {
            over: over / shared,
            under: under / shared,
        }
    }

    pub(crate) fn of(cents: i64) -> Cents {
        Cents::new(cents.into(), 1)
    }

    pub(crate) fn plus(self, other: Cents) -> Cents {
        Cents::new(
            self.over * other.under + other.over * self.under,
            self.under * other.under,
        )
    }

    pub(crate) fn minus(self, other: Cents) -> Cents {
        self.plus(Cents::new(-other.over, other.under))
    }

    pub(crate) fn times(self, over: i64, under: i64) -> Cents {
        Cents::new(self.over * i128::from(over), self.under * i128::from(under))
    }

    pub(crate) fn is_positive(self) -> bool {
        self.over > 0
    }

    /// Full units of so many cents.
    fn units(self, per: i64) -> i64 {
        self.over.div_euclid(self.under * i128::from(per)) as i64
    }

    /// Full millionths of a currency unit.
    pub(crate) fn micros(self) -> i64 {
        (self.over * 10_000).div_euclid(self.under) as i64
    }
}

/// A line of a purchase, bill or visit.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub item: String,
    pub value: i64,
    /// The rule that decides it, if one lets it earn.
    pub rule: Option<usize>,
}

/// A refund: its lines as item and cents, and what names no line.
#[derive(Clone, Debug)]
pub(crate) struct Refund {
    pub id: String,
    pub lines: Vec<(String, i64)>,
    pub amount: i64,
}

/// Something that earns.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub kind: &'static str,
    pub name: String,
    pub line: String,
    pub at: i64,
    pub lines: Vec<Line>,
    pub version: String,
    pub rules: Value,
    pub multiplier: i64,
    /// Redemption and cents of the part that was paid in points.
    pub in_points: Option<(String, i64)>,
    pub refunds: Vec<Refund>,
    pub held: Option<&'static str>,
    /// The card that held it back.
    pub card: Option<String>,
    pub voided: bool,
    pub written_off: bool,
    pub granted: i64,
    /// What of it counts towards a tier, and what are its sales.
    pub counted: Parts,
    pub sales: Parts,
}

/// Amounts by the base or validity in which they count, none where in none, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parts(Vec<(Option<usize>, i64)>);

impl Parts {
    pub(crate) fn sum(&self) -> i64 {
        self.0.iter().map(|(_, amount)| *amount).sum()
    }

    pub(crate) fn of(&self, period: usize) -> i64 {
        let own = self.0.iter().filter(|(known, _)| *known == Some(period));
        own.map(|(_, amount)| *amount).sum()
    }

    pub(crate) fn add(&mut self, period: Option<usize>, amount: i64) {
        match self.0.iter_mut().find(|(known, _)| *known == period) {
            Some((_, known)) => *known += amount,
            None => self.0.push((period, amount)),
        }
        self.0.retain(|(_, amount)| *amount != 0);
    }

    /// Takes an amount where `first` counted, then from the newest on.
    pub(crate) fn take(&mut self, amount: i64, first: Option<usize>) {
        let (mut left, periods) = (amount, self.0.iter().map(|(period, _)| *period));
        let newest: Vec<Option<usize>> = periods.rev().collect();
        let order = newest.iter().filter(|known| **known == first);
        for period in order.chain(newest.iter().filter(|known| **known != first)) {
            let (_, known) = self
                .0
                .iter_mut()
                .find(|(known, _)| known == period)
                .unwrap();
            let part = left.min(*known);
            *known -= part;
            left -= part;
        }
        self.0.retain(|(_, amount)| *amount != 0);
    }

    /// What counted in one counts in another.
    pub(crate) fn merge(&mut self, from: usize, to: usize) {
        let amount = self.of(from);
        self.0.retain(|(known, _)| *known != Some(from));
        self.add(Some(to), amount);
    }
}

/// What a source should have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Target {
    pub points: i64,
    pub qualifying: i64,
    pub sales: i64,
}

/// What is left of each line after refunds of its item, first line to last.
pub(crate) fn left_of(lines: &[Line], refunds: &[Refund]) -> Option<Vec<i64>> {
    let mut left: Vec<i64> = lines.iter().map(|line| line.value).collect();
    for (item, net) in refunds.iter().flat_map(|refund| &refund.lines) {
        let mut rest = *net;
        for (line, left) in lines
            .iter()
            .zip(&mut left)
            .filter(|(line, _)| line.item == *item)
        {
            debug_assert!(line.value >= *left, "refunds only lower");
            let part = rest.min(*left);
            *left -= part;
            rest -= part;
        }
        if rest > 0 {
            return None;
        }
    }
    Some(left)
}

/// Spreads an amount over lines by value; no line gives more than is left of it, the others bear the rest.
fn spread(values: &[i64], left: &[i64], amount: i64) -> Vec<Cents> {
    let mut bases: Vec<Cents> = left.iter().map(|left| Cents::of(*left)).collect();
    let mut rest = Cents::of(amount);
    loop {
        let open: Vec<usize> = (0..bases.len())
            .filter(|line| bases[*line].is_positive())
            .collect();
        let whole: i64 = open.iter().map(|line| values[*line]).sum();
        if !rest.is_positive() || open.is_empty() {
            return bases;
        }
        let mut over = Cents::ZERO;
        for line in open {
            let after = bases[line].minus(rest.times(values[line], whole));
            let below = Cents::ZERO.minus(after);
            if below.is_positive() {
                over = over.plus(below);
            }
            bases[line] = if after.is_positive() {
                after
            } else {
                Cents::ZERO
            };
        }
        rest = over;
    }
}

impl Source {
    /// The basis of every line, of a bill for the share that is paid.
    fn bases(&self, share: (i64, i64)) -> Vec<Cents> {
        let values: Vec<i64> = self.lines.iter().map(|line| line.value).collect();
        let left = left_of(&self.lines, &self.refunds).unwrap();
        let amounts: i64 = self.refunds.iter().map(|refund| refund.amount).sum();
        let amount = amounts + self.in_points.as_ref().map_or(0, |(_, cents)| *cents);
        let bases = spread(&values, &left, amount);
        bases
            .into_iter()
            .map(|basis| basis.times(share.0, share.1))
            .collect()
    }

    pub(crate) fn target(&self, share: (i64, i64)) -> Target {
        if self.held.is_some() || self.written_off || share.0 <= 0 {
            return Target::default();
        }
        let bases = self.bases(share);
        let mut target = Target::default();
        let (mut all, mut qualifying, mut sales) = (0, 0, Cents::ZERO);
        for (index, rule) in self.rules.as_array().unwrap().iter().enumerate() {
            let own = |line: &Line| line.rule == Some(index);
            let of_rule = self.lines.iter().zip(&bases).filter(|(line, _)| own(line));
            let sum = of_rule.fold(Cents::ZERO, |sum, (_, basis)| sum.plus(*basis));
            let sum = if sum.is_positive() { sum } else { Cents::ZERO };
            sales = sales.plus(sum);
            let units = match rule["per"].is_null() {
                true => self.lines.iter().filter(|line| own(line)).count() as i64,
                false => sum.units(cents(&rule["per"])),
            };
            if units < number(&rule["min_units"]) {
                continue;
            }
            let multiplier = if rule["multiplied"] == false {
                10_000
            } else {
                self.multiplier
            };
            let points = units * number(&rule["points"]) * multiplier;
            all += points;
            if rule["qualifying"] != false {
                qualifying += points;
            }
        }
        target.points = all / 10_000;
        target.qualifying = qualifying / 10_000;
        target.sales = sales.micros();
        target
    }
}

/// What rules ask of a line.
pub(crate) struct Asked<'a> {
    pub category: &'a str,
    pub item: &'a str,
    pub partner: &'a str,
    pub location: &'a str,
    pub method: &'a str,
    pub member_category: &'a str,
    pub card_line: &'a str,
}

/// The first rule of a source that is about a line, unless it excludes it.
pub(crate) fn rule_of(rules: &Value, source: &str, asked: &Asked<'_>) -> Option<usize> {
    let is_it = |rule: &Value| {
        let own = rule["source"].as_str().unwrap_or("purchase");
        let holds = |(key, wanted): (&String, &Value)| {
            let value = match key.as_str() {
                "category" => asked.category,
                "item" => asked.item,
                "partner" => asked.partner,
                "location" => asked.location,
                "method" => asked.method,
                "member_category" => asked.member_category,
                _ => asked.card_line,
            };
            match wanted {
                Value::Array(all) => all.iter().any(|one| one == value),
                one => one == value,
            }
        };
        own == source && rule["match"].as_object().into_iter().flatten().all(holds)
    };
    let rules = rules.as_array().unwrap();
    let found = rules.iter().position(is_it)?;
    (rules[found]["exclude"] != true).then_some(found)
}

/// Name and rules of the version of an instant; before the first one it is the first.
pub(crate) fn version_at(club: &Value, at: i64) -> (String, Value) {
    let versions = club["versions"].as_array().unwrap();
    let from = |version: &Value| {
        let text = text(&version["effective_from"]);
        chrono::DateTime::parse_from_rfc3339(text)
            .unwrap()
            .timestamp()
            / 60
    };
    let found = versions.iter().rfind(|version| from(version) <= at);
    let version = found.unwrap_or(&versions[0]);
    (
        text(&version["version"]).to_owned(),
        version["rules"].clone(),
    )
}

/// The last day of points that are earned on a day.
pub(crate) fn last_day(club: &Value, day: NaiveDate) -> Option<NaiveDate> {
    let expiry = club["expiry"].as_object()?;
    let part = |key: &str| expiry.get(key).map_or(0, number);
    let mut last = super::life::months_after(day, part("months"));
    last += chrono::TimeDelta::days(part("days"));
    if expiry.get("month_end") == Some(&Value::Bool(true)) {
        while last
            .succ_opt()
            .is_some_and(|next| chrono::Datelike::day(&next) != 1)
        {
            last = last.succ_opt().unwrap();
        }
    }
    Some(last)
}

//! Purchases and instalments of the naive account.

use crate::tariff_model::life::{Line, Step, What};
use crate::tariff_model::model::{Instalments, Model, Skipped};
use crate::tariff_model::tariff::*;

impl Model<'_> {
    pub(crate) fn post_instalments(&mut self, at: i64) {
        let cycle = self.cycle_of(at);
        for agreed in std::mem::take(&mut self.instalments) {
            let amount = if agreed.next == agreed.count {
                agreed.last
            } else {
                agreed.each
            };
            self.out.push(format!(
                "instalment S{} {} {}/{} = {amount}",
                agreed.purchase, agreed.product, agreed.next, agreed.count
            ));
            self.post_charge(cycle, amount);
            if agreed.next < agreed.count {
                let next = agreed.next + 1;
                self.instalments.push(Instalments { next, ..agreed });
            }
        }
    }

    pub(crate) fn buy(&mut self, step: &Step) -> Result<(), Skipped> {
        let What::Buy {
            member,
            on_account,
            lines,
        } = &step.what
        else {
            return Ok(());
        };
        let (number, at) = (step.number, step.at);
        let alive = member.is_none_or(|id| {
            let known = self.member(id);
            known.is_some_and(|known| known.opened <= at && known.closed.is_none_or(|to| at < to))
        });
        if !alive || at < self.opened {
            return Err(Skipped);
        }
        let products = &self.tariff.versions[self.version_at(at)].products;
        if lines
            .iter()
            .any(|line| line.product.is_none() && line.net.is_none())
        {
            self.refuse();
            return Ok(());
        }
        let changes = |line: &Line| line.product.and_then(|product| products[product].plan);
        if lines.iter().any(|line| changes(line).is_some()) && self.is_late_for_plans(*member, at) {
            return Err(Skipped);
        }
        if self.owed(lines, at) < 0 {
            self.refuse();
            return Ok(());
        }
        self.begin();
        self.post_purchase(number, *on_account, lines, at);
        for line in lines {
            self.grant_product(line, *member, at);
            if let Some(plan) = changes(line) {
                self.change_plan(*member, plan, at, false);
            }
        }
        self.purchases.insert(number);
        self.compare(at, "charge");
        Ok(())
    }

    fn owed(&self, lines: &[Line], at: i64) -> Micro {
        let products = &self.tariff.versions[self.version_at(at)].products;
        let line = |line: &Line| {
            let listed = line
                .product
                .map_or(0, |product| products[product].price * line.count);
            line.net.map_or(listed, |cents| cents * 10_000) - line.discount * 10_000
        };
        lines.iter().map(line).sum()
    }

    fn post_purchase(&mut self, number: usize, on_account: bool, lines: &[Line], at: i64) {
        let products = &self.tariff.versions[self.version_at(at)].products;
        let (mut total, mut texts, mut agreed) = (0, Vec::new(), Vec::new());
        for line in lines {
            let product = line.product.map(|product| &products[product]);
            let listed = product.map_or(0, |product| product.price * line.count);
            let owed = line.net.map_or(listed, |cents| cents * 10_000) - line.discount * 10_000;
            let count = product.map_or(1, |product| product.instalments);
            let count = if on_account { count } else { 1 };
            let cents = owed / 10_000;
            let each = if count == 1 {
                owed
            } else {
                cents.div_euclid(count) * 10_000
            };
            let name = product.map_or("unknown", |product| product.name.as_str());
            texts.push(format!("{name}x{}={each}/{count}", line.count));
            total += each;
            if count > 1 {
                agreed.push(Instalments {
                    purchase: number,
                    product: name.to_owned(),
                    next: 2,
                    count,
                    each,
                    last: owed - each * (count - 1),
                });
            }
        }
        let cycle = self.cycle_of(at);
        let word = if on_account { "bought" } else { "paid" };
        self.out.push(format!(
            "{word} S{number} {cycle} {} = {total}",
            texts.join(" ")
        ));
        if on_account {
            self.post_charge(cycle, total);
        }
        self.instalments.extend(agreed);
    }

    fn grant_product(&mut self, line: &Line, member: Option<usize>, at: i64) {
        let version = self.version_at(at);
        let Some(product) = line.product else {
            return;
        };
        let tariff = self.tariff;
        for allowance in &tariff.versions[version].products[product].allowances {
            let count = i128::from(line.count);
            let units = (
                allowance.units * count,
                allowance.abroad.map(|units| units * count),
            );
            let owner = member.filter(|_| !allowance.shared);
            let until = self.end_of_grant(allowance.valid, at);
            self.grant(allowance, units, owner, at, until, None);
        }
    }
}

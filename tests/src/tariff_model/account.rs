//! Fees, grants, members and plans of the naive account.

use crate::tariff_model::days::{days_between, plus_days};
use crate::tariff_model::life::When;
use crate::tariff_model::model::{Grant, Member, Model, Paid, Skipped, who};
use crate::tariff_model::price::rounded;
use crate::tariff_model::tariff::*;
use chrono::NaiveDate;

impl Model<'_> {
    /// The fee of a plan from a day on to the end of its cycle.
    pub(crate) fn charge_fee(
        &mut self,
        plan: usize,
        member: Option<usize>,
        day: NaiveDate,
        at: i64,
    ) {
        let definition = &self.tariff.versions[self.version_at(at)].plans[plan];
        if definition.fee == 0 {
            return;
        }
        let (cycle, until, days, rest) = self.days_from(day);
        let (from, amount) = match definition.by_day {
            true => (day, by_the_day(definition.fee, rest, days)),
            false => (cycle, definition.fee),
        };
        if amount == 0 {
            return;
        }
        let (fee, by_day) = (definition.fee, definition.by_day);
        let name = &definition.name;
        let text = format!(
            "fee {name} {} {from}..{until} of {days} = {amount}",
            who(member)
        );
        self.out.push(text);
        self.post_charge(cycle, amount);
        self.paid.push(Paid {
            plan,
            member,
            fee,
            from,
            until,
            days,
            by_day,
        });
    }

    /// Gives back the unused days of a fee that is counted by the day.
    fn credit_fee(&mut self, plan: usize, member: Option<usize>, day: NaiveDate) {
        let open = |paid: &Paid| paid.plan == plan && paid.member == member && paid.until > day;
        let Some(number) = self.paid.iter().position(open) else {
            return;
        };
        let paid = self.paid.remove(number);
        if !paid.by_day {
            return;
        }
        let from = paid.from.max(day);
        let amount = -by_the_day(paid.fee, days_between(from, paid.until), paid.days);
        if amount == 0 {
            return;
        }
        let name = &self.tariff.versions[0].plans[plan].name;
        let (until, days) = (paid.until, paid.days);
        let text = format!(
            "credit {name} {} {from}..{until} of {days} = {amount}",
            who(member)
        );
        self.out.push(text);
        self.post_charge(self.days_from(day).0, amount);
    }

    /// Members on the account's plan at the moment.
    fn on_the_plan(&self) -> Vec<usize> {
        let open = self.members.iter().filter(|member| member.closed.is_none());
        open.filter(|member| member.plans.is_empty())
            .map(|member| member.id)
            .collect()
    }

    /// The allowances of a plan from a day on; of the account's plan also those of its members.
    pub(crate) fn grant_plan(
        &mut self,
        plan: usize,
        member: Option<usize>,
        day: NaiveDate,
        at: i64,
    ) {
        let version = self.version_at(at);
        let tariff = self.tariff;
        for allowance in &tariff.versions[version].plans[plan].allowances {
            let owners = match member {
                Some(_) => vec![member],
                None if allowance.shared => vec![None],
                None => {
                    let members: Vec<Option<usize>> =
                        self.on_the_plan().into_iter().map(Some).collect();
                    if members.is_empty() {
                        vec![None]
                    } else {
                        members
                    }
                }
            };
            for owner in owners {
                self.grant_of_plan(plan, allowance, (owner, member.is_some()), day, at);
            }
        }
    }

    fn grant_of_plan(
        &mut self,
        plan: usize,
        allowance: &Allowance,
        (owner, own_plan): (Option<usize>, bool),
        day: NaiveDate,
        at: i64,
    ) {
        let by_day = self.tariff.versions[self.version_at(at)].plans[plan].by_day;
        let (_, _, days, rest) = self.days_from(day);
        let share = |units: i128| match by_day {
            true => units * i128::from(rest) / i128::from(days),
            false => units,
        };
        let (units, abroad) = (share(allowance.units), allowance.abroad.map(share));
        let until = self.end_of_grant(allowance.valid, at);
        self.grant(
            allowance,
            (units, abroad),
            owner,
            at,
            until,
            Some((plan, own_plan)),
        );
    }

    pub(crate) fn end_of_grant(&self, valid: Valid, at: i64) -> i64 {
        match valid {
            Valid::Hours(hours) => at + hours * 60,
            Valid::Days(days) => self.zone.start_of(plus_days(self.zone.date(at), days + 1)),
            Valid::Cycles(more) => {
                let mut end = self.next_cycle(self.cycle_of(at));
                for _ in 0..more {
                    end = self.next_cycle(end);
                }
                self.zone.start_of(end)
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    pub(crate) fn grant(
        &mut self,
        allowance: &Allowance,
        (units, abroad): (i128, Option<i128>),
        member: Option<usize>,
        from: i64,
        until: i64,
        plan: Option<(usize, bool)>,
    ) {
        if units == 0 {
            return;
        }
        let number = self.grants.len() + 1;
        let abroad_text = abroad.map_or("-".to_owned(), |units| units.to_string());
        self.out.push(format!(
            "grant g{number} {} {} {units}/{abroad_text} {from}..{until}",
            allowance.name,
            who(member)
        ));
        self.grants.push(Grant {
            number,
            plan: plan.map(|(plan, _)| plan),
            own_plan: plan.is_some_and(|(_, own)| own),
            allowance: allowance.clone(),
            member,
            units,
            left: units,
            left_abroad: abroad,
            from,
            until,
            ended: false,
            cycle: self.cycle_of(from),
            fired: Default::default(),
            told: Default::default(),
        });
    }

    /// Ends grants before their time.
    fn end_grants(&mut self, at: i64, which: impl Fn(&Grant) -> bool) {
        for grant in self
            .grants
            .iter_mut()
            .filter(|grant| grant.until > at.max(grant.from) && which(grant))
        {
            grant.until = at.max(grant.from);
            grant.ended = true;
            let (number, name) = (grant.number, &grant.allowance.name);
            self.out.push(format!(
                "ended g{number} {name} {} {}",
                grant.left, grant.until
            ));
        }
    }

    pub(crate) fn add_member(
        &mut self,
        member: usize,
        plan: Option<usize>,
        at: i64,
    ) -> Result<(), Skipped> {
        match self.member(member) {
            Some(known) if known.closed.is_none() => {
                self.refuse();
                return Ok(());
            }
            Some(_) => return Err(Skipped),
            None => {}
        }
        if self.cycle_of(at) != self.cycle || at < self.plans.last().unwrap().0 {
            return Err(Skipped);
        }
        self.begin();
        let plans = plan.map(|plan| (at, plan)).into_iter().collect();
        self.members.push(Member {
            id: member,
            opened: at,
            closed: None,
            plans,
        });
        let day = self.zone.date(at);
        if let Some(plan) = plan {
            self.charge_fee(plan, Some(member), day, at);
            self.grant_plan(plan, Some(member), day, at);
        } else {
            self.grant_to_new(member, day, at);
        }
        self.compare(at, "charge");
        Ok(())
    }

    /// The first member on the account's plan takes over what the account had for itself; others get their own.
    fn grant_to_new(&mut self, member: usize, day: NaiveDate, at: i64) {
        let is_accounts = |grant: &&mut Grant| {
            let for_one = grant.plan.is_some() && !grant.allowance.shared;
            for_one && grant.member.is_none() && grant.until > at
        };
        let mut takes_over = false;
        for grant in self.grants.iter_mut().filter(is_accounts) {
            grant.member = Some(member);
            takes_over = true;
        }
        if takes_over {
            return;
        }
        let plan = self.plan_at(at, None);
        let tariff = self.tariff;
        for allowance in &tariff.versions[self.version_at(at)].plans[plan].allowances {
            if !allowance.shared {
                self.grant_of_plan(plan, allowance, (Some(member), false), day, at);
            }
        }
    }

    pub(crate) fn remove_member(&mut self, member: usize, at: i64) -> Result<(), Skipped> {
        let Some(known) = self.member(member).filter(|known| known.closed.is_none()) else {
            self.refuse();
            return Ok(());
        };
        let last = known.plans.last().map_or(known.opened, |(from, _)| *from);
        let plan = known.plans.last().map(|(_, plan)| *plan);
        if at < last || self.cycle_of(at) != self.cycle {
            return Err(Skipped);
        }
        self.begin();
        self.members
            .iter_mut()
            .rfind(|known| known.id == member)
            .unwrap()
            .closed = Some(at);
        self.coming_plans
            .retain(|(whose, ..)| *whose != Some(member));
        if let Some(plan) = plan {
            self.credit_fee(plan, Some(member), self.zone.date(at));
        }
        self.end_grants(at, |grant| grant.member == Some(member));
        self.compare(at, "charge");
        Ok(())
    }

    pub(crate) fn order_plan(
        &mut self,
        member: Option<usize>,
        plan: usize,
        when: When,
        at: i64,
    ) -> Result<(), Skipped> {
        if let Some(id) = member {
            match self.member(id) {
                Some(known) if known.closed.is_none() && known.opened <= at => {}
                Some(known) if known.closed.is_none() => return Err(Skipped),
                _ => {
                    self.refuse();
                    return Ok(());
                }
            }
        }
        match when {
            When::Now => {
                if self.is_late_for_plans(member, at) {
                    return Err(Skipped);
                }
                self.begin();
                self.change_plan(member, plan, at, false);
                self.compare(at, "charge");
            }
            When::NextCycle => {
                let date = self.next_cycle(self.cycle);
                self.plan_to_come(member, date, plan);
            }
            When::InDays(days) => {
                let date = plus_days(self.zone.date(at), days);
                if self.zone.start_of(date) <= self.now {
                    return Err(Skipped);
                }
                self.plan_to_come(member, date, plan);
            }
        }
        Ok(())
    }

    /// One change is to come for each holder: the last one ordered.
    fn plan_to_come(&mut self, member: Option<usize>, date: NaiveDate, plan: usize) {
        self.coming_plans.retain(|(whose, ..)| *whose != member);
        self.coming_plans.push((member, date, plan));
    }

    /// Whether something that was decided already would have to be decided anew.
    pub(crate) fn is_late_for_plans(&self, member: Option<usize>, at: i64) -> bool {
        let own = member.and_then(|id| self.member(id));
        let last = match own {
            Some(member) => member.plans.last().map_or(member.opened, |(from, _)| *from),
            None => self.plans.last().unwrap().0,
        };
        let last = last.max(self.plans.last().unwrap().0);
        let members = self.members.iter();
        let later = |member: &Member| {
            let last = member.plans.last().map_or(member.opened, |(from, _)| *from);
            last > at || member.closed.is_some_and(|to| to > at)
        };
        at < last || self.cycle_of(at) != self.cycle || members.clone().any(later)
    }

    /// The plan changes at a minute; at the first of a cycle the cycle itself brings fee and grants.
    pub(crate) fn change_plan(
        &mut self,
        member: Option<usize>,
        plan: usize,
        at: i64,
        at_cycle: bool,
    ) {
        let before = match member {
            Some(id) => self.member(id).unwrap().plans.last().map(|(_, plan)| *plan),
            None => self.plans.last().map(|(_, plan)| *plan),
        };
        match member {
            Some(id) => {
                let known = self
                    .members
                    .iter_mut()
                    .rfind(|known| known.id == id)
                    .unwrap();
                known.plans.push((at, plan));
            }
            None => self.plans.push((at, plan)),
        }
        if before == Some(plan) {
            return;
        }
        match member {
            Some(_) => {
                self.end_grants(at, |grant| grant.plan.is_some() && grant.member == member);
            }
            None => {
                self.end_grants(at, |grant| grant.plan.is_some() && !grant.own_plan);
            }
        }
        if at_cycle {
            return;
        }
        let day = self.zone.date(at);
        if let Some(before) = before {
            self.credit_fee(before, member, day);
        }
        self.charge_fee(plan, member, day, at);
        self.grant_plan(plan, member, day, at);
    }
}

/// `fee x days / days in the cycle`, half up to cents.
fn by_the_day(fee: Micro, days: i64, of: i64) -> Micro {
    rounded(
        i128::from(fee) * i128::from(days),
        i128::from(of),
        Mode::HalfUp,
        2,
    )
}

//! The naive account: plain lists, counted anew whenever something is asked. It shares no code with the
//! engine and knows the rules only from the design. What must come out is written as short texts.

use crate::tariff_model::days::{cycle_of, days_between, next_cycle, plus_days};
use crate::tariff_model::life::{Life, Step, Use, What, When, ZONES};
use crate::tariff_model::rated::Rated;
use crate::tariff_model::tariff::*;
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

/// Who holds a grant, and of what it is.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) number: usize,
    /// Its plan, or none for a product's.
    pub(crate) plan: Option<usize>,
    /// It comes with a member's own plan.
    pub(crate) own_plan: bool,
    pub(crate) allowance: Allowance,
    pub(crate) member: Option<usize>,
    pub(crate) units: i128,
    pub(crate) left: i128,
    pub(crate) left_abroad: Option<i128>,
    pub(crate) from: i64,
    pub(crate) until: i64,
    /// It ended before its time.
    pub(crate) ended: bool,
    /// The cycle in which it was given.
    pub(crate) cycle: NaiveDate,
    /// Warnings that are reached.
    pub(crate) fired: BTreeSet<i128>,
    /// When a warning was told last.
    pub(crate) told: BTreeMap<i128, i64>,
}

#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) id: usize,
    pub(crate) opened: i64,
    pub(crate) closed: Option<i64>,
    pub(crate) plans: Vec<(i64, usize)>,
}

/// A fee that is paid.
#[derive(Clone, Debug)]
pub(crate) struct Paid {
    pub(crate) plan: usize,
    pub(crate) member: Option<usize>,
    pub(crate) fee: Micro,
    pub(crate) from: NaiveDate,
    pub(crate) until: NaiveDate,
    pub(crate) days: i64,
    pub(crate) by_day: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Instalments {
    pub(crate) purchase: usize,
    pub(crate) product: String,
    pub(crate) next: i64,
    pub(crate) count: i64,
    pub(crate) each: Micro,
    pub(crate) last: Micro,
}

#[derive(Clone, Debug)]
pub(crate) struct Card {
    pub(crate) number: usize,
    pub(crate) card: usize,
    pub(crate) from: i64,
    pub(crate) until: Option<NaiveDate>,
    pub(crate) closed: Option<i64>,
}

/// What stands for a record.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) at: i64,
    pub(crate) rated: Option<Rated>,
}

/// A counter of a rate with tiers: cycle, rate, member where each counts by itself.
pub(crate) type Counter = (NaiveDate, usize, Option<usize>);

/// Why a step cannot be told by the rules: it is left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Skipped;

#[derive(Clone, Debug)]
pub(crate) struct Model<'t> {
    pub(crate) tariff: &'t Tariff,
    pub(crate) catalog_zone: crate::tariff_model::days::Zone,
    pub(crate) zone: crate::tariff_model::days::Zone,
    pub(crate) cycle_day: u32,
    pub(crate) vip: u16,
    pub(crate) now: i64,
    pub(crate) opened: i64,
    pub(crate) first_cycle: NaiveDate,
    pub(crate) cycle: NaiveDate,
    pub(crate) cycles_closed: usize,
    pub(crate) plans: Vec<(i64, usize)>,
    pub(crate) coming_plans: Vec<(Option<usize>, NaiveDate, usize)>,
    pub(crate) classes: Vec<(i64, usize)>,
    pub(crate) coming_class: Option<(NaiveDate, usize)>,
    /// From when on, which, to the end of which local day.
    pub(crate) tiers: Vec<(i64, Option<usize>, Option<NaiveDate>)>,
    pub(crate) cards: Vec<Card>,
    pub(crate) members: Vec<Member>,
    pub(crate) grants: Vec<Grant>,
    pub(crate) counters: BTreeMap<Counter, i128>,
    pub(crate) paid: Vec<Paid>,
    pub(crate) instalments: Vec<Instalments>,
    /// Money of usage by cycle and scope.
    pub(crate) usage: BTreeMap<(NaiveDate, &'static str), Micro>,
    pub(crate) charges: BTreeMap<NaiveDate, Micro>,
    pub(crate) unbilled: BTreeMap<NaiveDate, Micro>,
    pub(crate) billed_to: NaiveDate,
    pub(crate) bills: Micro,
    pub(crate) purchases: BTreeSet<usize>,
    /// Records by the number of their step, and the record of every correction.
    pub(crate) records: BTreeMap<usize, Standing>,
    pub(crate) roots: BTreeMap<usize, usize>,
    /// Numbers that are taken: a repeat changes nothing.
    pub(crate) taken: BTreeSet<usize>,
    /// Corrections that wait: until when, for which number, the correction.
    pub(crate) parked: Vec<(i64, usize, Step)>,
    pub(crate) fired: BTreeSet<(&'static str, &'static str)>,
    pub(crate) told: BTreeMap<(&'static str, &'static str), i64>,
    /// Values and units used before the group of events.
    pub(crate) before: Vec<Micro>,
    pub(crate) used_before: Vec<i128>,
    pub(crate) out: Vec<String>,
}

impl<'t> Model<'t> {
    pub(crate) fn open(tariff: &'t Tariff, life: &Life) -> Model<'t> {
        let day = life.zone.date(life.opened);
        let cycle = cycle_of(day, life.cycle_day);
        let mut model = Model {
            tariff,
            catalog_zone: crate::tariff_model::days::Zone::new(tariff.zone),
            zone: life.zone.clone(),
            cycle_day: life.cycle_day,
            vip: life.vip,
            now: life.opened,
            opened: life.opened,
            first_cycle: cycle,
            cycle,
            cycles_closed: 0,
            plans: vec![(life.opened, life.plan)],
            coming_plans: Vec::new(),
            classes: vec![(life.opened, 0)],
            coming_class: None,
            tiers: Vec::new(),
            cards: Vec::new(),
            members: Vec::new(),
            grants: Vec::new(),
            counters: BTreeMap::new(),
            paid: Vec::new(),
            instalments: Vec::new(),
            usage: BTreeMap::new(),
            charges: BTreeMap::new(),
            unbilled: BTreeMap::new(),
            billed_to: cycle,
            bills: 0,
            purchases: BTreeSet::new(),
            records: BTreeMap::new(),
            roots: BTreeMap::new(),
            taken: BTreeSet::new(),
            parked: Vec::new(),
            fired: BTreeSet::new(),
            told: BTreeMap::new(),
            before: vec![0; 3],
            used_before: Vec::new(),
            out: Vec::new(),
        };
        model.begin();
        model.charge_fee(life.plan, None, day, life.opened);
        model.grant_plan(life.plan, None, day, life.opened);
        model.compare(life.opened, "charge");
        model
    }

    /// The cycle of a minute; an account that is young has none before its first.
    pub(crate) fn cycle_of(&self, minute: i64) -> NaiveDate {
        let cycle = cycle_of(self.zone.date(minute), self.cycle_day);
        match self.keeps(self.first_cycle) && self.cycles_closed < 2 {
            true => cycle.max(self.first_cycle),
            false => cycle,
        }
    }

    /// Whether a cycle is the current one or one of the two before it.
    pub(crate) fn keeps(&self, cycle: NaiveDate) -> bool {
        let before = |cycle: NaiveDate| cycle_of(cycle.pred_opt().unwrap(), self.cycle_day);
        cycle >= before(before(self.cycle))
    }

    pub(crate) fn next_cycle(&self, cycle: NaiveDate) -> NaiveDate {
        next_cycle(cycle, self.cycle_day)
    }

    pub(crate) fn version_at(&self, minute: i64) -> usize {
        let mut versions = self.tariff.versions.iter();
        versions
            .rposition(|version| version.from <= minute)
            .unwrap()
    }

    pub(crate) fn member(&self, id: usize) -> Option<&Member> {
        self.members.iter().rfind(|member| member.id == id)
    }

    pub(crate) fn plan_at(&self, minute: i64, member: Option<usize>) -> usize {
        let own = member.and_then(|id| self.member(id));
        let own = own.and_then(|member| last_before(&member.plans, minute));
        own.or(last_before(&self.plans, minute))
            .unwrap_or(self.plans[0].1)
    }

    /// Lets time pass: every timer at its own instant.
    pub(crate) fn advance(&mut self, to: i64) {
        loop {
            let cycle_end = self.next_cycle(self.cycle);
            let cycle_at = self.zone.start_of(cycle_end);
            let coming = self.coming_plans.iter().map(|(_, date, _)| *date);
            let coming = coming.chain(self.coming_class.map(|(date, _)| date));
            let coming_at = coming
                .min()
                .map_or(i64::MAX, |date| self.zone.start_of(date));
            let parked_at = self.parked.iter().map(|(until, ..)| *until).min();
            let parked_at = parked_at.unwrap_or(i64::MAX);
            let due = cycle_at.min(coming_at).min(parked_at);
            if due > to {
                break;
            }
            self.now = due;
            if due == cycle_at {
                self.close_cycle(cycle_end);
            }
            if due == coming_at {
                self.change_by_date(due, due == cycle_at);
            }
            if due == cycle_at {
                self.begin_cycle(due);
            }
            if due == parked_at {
                self.give_up(due);
            }
        }
        self.now = to;
    }

    fn close_cycle(&mut self, next: NaiveDate) {
        let usage = |scope| self.usage.get(&(self.cycle, scope)).copied().unwrap_or(0);
        let usage = ["all", "voice", "data", "roaming_data"].map(usage);
        let charges = self.charges.get(&self.cycle).copied().unwrap_or(0);
        self.out
            .push(format!("closed {} {usage:?} {charges}", self.cycle));
        self.end_epoch();
        self.cycle = next;
        self.cycles_closed += 1;
    }

    fn change_by_date(&mut self, at: i64, at_cycle: bool) {
        let today = self.zone.date(at);
        if let Some((date, class)) = self.coming_class
            && date <= today
        {
            self.coming_class = None;
            self.classes.push((at, class));
        }
        let is_due = |(_, date, _): &(Option<usize>, NaiveDate, usize)| *date <= today;
        let coming = std::mem::take(&mut self.coming_plans);
        let (due, rest): (Vec<_>, Vec<_>) = coming.into_iter().partition(is_due);
        self.coming_plans = rest;
        self.begin();
        for (member, _, plan) in due {
            self.change_plan(member, plan, at, at_cycle);
        }
        self.compare(at, "charge");
    }

    /// What a cycle brings: fees, grants, instalments.
    fn begin_cycle(&mut self, at: i64) {
        self.begin();
        let first = self.cycle;
        let plan = self.plans.last().unwrap().1;
        self.charge_fee(plan, None, first, at);
        self.grant_plan(plan, None, first, at);
        let owners = self.members.iter().filter(|member| member.closed.is_none());
        let owners = owners.filter_map(|member| Some((member.id, member.plans.last()?.1)));
        for (member, plan) in owners.collect::<Vec<_>>() {
            self.charge_fee(plan, Some(member), first, at);
            self.grant_plan(plan, Some(member), first, at);
        }
        self.post_instalments(at);
        self.compare(at, "charge");
    }

    /// One step; the texts of what comes out are in `out`.
    pub(crate) fn step(&mut self, step: &Step) -> Result<(), Skipped> {
        self.advance(step.arrives);
        let at = step.at;
        match &step.what {
            What::Tick => {}
            What::AddMember { member, plan } => return self.add_member(*member, *plan, at),
            What::RemoveMember { member } => return self.remove_member(*member, at),
            What::ChangePlan { member, plan, when } => {
                return self.order_plan(*member, *plan, *when, at);
            }
            What::ChangeClass { class, when } => self.order_class(*class, *when, at),
            What::Tier { tier, days } => {
                let until = self.day_after(at, *days);
                self.tiers.push((at, *tier, until));
            }
            What::IssueCard { number, card, days } => self.issue_card(*number, *card, *days, at),
            What::CloseCard { number } => self.close_card(*number, at),
            What::Use { member, usage } => self.use_service(step.number, *member, usage, at),
            What::Correct { .. } | What::Cancel { .. } => return self.correct(step),
            What::Buy { .. } => return self.buy(step),
            What::Charge { cents } => {
                self.begin();
                let cycle = self.cycle_of(at);
                if at < self.opened {
                    return Err(Skipped);
                }
                self.post_charge(cycle, cents * 10_000);
                self.out.push(format!("charge {cycle} {}", cents * 10_000));
                self.compare(at, "charge");
            }
            What::Move { zone } => {
                return self.move_to(crate::tariff_model::days::Zone::new(ZONES[*zone]));
            }
            What::Bill { cycles_back } => return self.bill(*cycles_back, at),
        }
        Ok(())
    }

    /// The local day so many days later.
    fn day_after(&self, at: i64, days: Option<i64>) -> Option<NaiveDate> {
        days.map(|days| plus_days(self.zone.date(at), days))
    }

    /// Another zone's days: what ends with a local day ends with it there. Days that have begun there already are
    /// left out.
    fn move_to(&mut self, zone: crate::tariff_model::days::Zone) -> Result<(), Skipped> {
        let coming = self.coming_plans.iter().map(|(_, date, _)| *date);
        let coming = coming.chain(self.coming_class.map(|(date, _)| date));
        let mut days = coming.chain([self.next_cycle(self.cycle)]);
        if days.any(|day| zone.start_of(day) <= self.now) {
            return Err(Skipped);
        }
        for grant in &mut self.grants {
            let by_days = !matches!(grant.allowance.valid, Valid::Hours(_)) && !grant.ended;
            let day = self.zone.date(grant.until);
            if by_days {
                grant.until = zone.start_of(day).max(grant.from);
            }
        }
        self.zone = zone;
        Ok(())
    }

    fn order_class(&mut self, class: usize, when: When, at: i64) {
        let current = self.classes.last().unwrap().1;
        match when {
            When::Now => {
                if class != current {
                    self.classes.push((at, class));
                }
            }
            When::NextCycle => self.coming_class = Some((self.next_cycle(self.cycle), class)),
            When::InDays(days) => {
                self.coming_class = Some((plus_days(self.zone.date(at), days), class));
            }
        }
    }

    fn issue_card(&mut self, number: usize, card: usize, days: Option<i64>, at: i64) {
        let until = self.day_after(at, days);
        if self.cards.iter().any(|known| known.number == number) {
            return self.refuse();
        }
        self.cards.push(Card {
            number,
            card,
            from: at,
            until,
            closed: None,
        });
    }

    fn close_card(&mut self, number: usize, at: i64) {
        match self.cards.iter_mut().find(|card| card.number == number) {
            Some(card) if card.closed.is_none() => card.closed = Some(at),
            _ => self.refuse(),
        }
    }

    fn bill(&mut self, cycles_back: i64, at: i64) -> Result<(), Skipped> {
        let mut end = self.cycle;
        for _ in 0..cycles_back {
            end = cycle_of(end.pred_opt().unwrap(), self.cycle_day);
        }
        if end <= self.first_cycle {
            return Err(Skipped);
        }
        self.begin();
        let taken: Micro = self.unbilled.range(..end).map(|(_, amount)| *amount).sum();
        self.unbilled.retain(|cycle, _| *cycle >= end);
        self.billed_to = self.billed_to.max(end);
        self.bills += 10_000_000;
        self.out.push(format!("bill {end} {taken}"));
        self.compare(at, "charge");
        Ok(())
    }

    pub(crate) fn refuse(&mut self) {
        self.out.push("refused".to_owned());
    }

    /// The cycle whose bill will ask for an amount: its own, or the current one where that is billed.
    pub(crate) fn post_unbilled(&mut self, cycle: NaiveDate, amount: Micro) {
        let cycle = if cycle < self.billed_to {
            self.cycle
        } else {
            cycle
        };
        *self.unbilled.entry(cycle).or_default() += amount;
    }

    pub(crate) fn post_charge(&mut self, cycle: NaiveDate, amount: Micro) {
        self.post_unbilled(cycle, amount);
        *self.charges.entry(cycle).or_default() += amount;
    }

    pub(crate) fn post_usage(&mut self, cycle: NaiveDate, scope: &'static str, amount: Micro) {
        self.post_unbilled(cycle, amount);
        let scopes: &[&'static str] = match scope {
            "voice" => &["all", "voice"],
            "data" => &["all", "data"],
            "roaming_data" => &["all", "data", "roaming_data"],
            _ => &["all"],
        };
        for scope in scopes {
            *self.usage.entry((cycle, scope)).or_default() += amount;
        }
    }

    /// Days of the cycle, and those of it from a day on.
    pub(crate) fn days_from(&self, day: NaiveDate) -> (NaiveDate, NaiveDate, i64, i64) {
        let cycle = cycle_of(day, self.cycle_day);
        let end = self.next_cycle(cycle);
        (cycle, end, days_between(cycle, end), days_between(day, end))
    }
}

/// What held at a minute, of a list by minutes.
pub(crate) fn last_before<T: Copy>(list: &[(i64, T)], minute: i64) -> Option<T> {
    list.iter()
        .rfind(|(from, _)| *from <= minute)
        .map(|(_, value)| *value)
}

/// A short name of a member.
pub(crate) fn who(member: Option<usize>) -> String {
    member.map_or("-".to_owned(), |member| format!("M{member}"))
}

/// Whether usage older than its window is refused, in days of its age.
pub(crate) fn window(usage: &Use) -> i64 {
    match usage.network {
        Some(_) => 45,
        None => 7,
    }
}

//! Engine and model side by side, step by step, and the shortest life in which they differ.

use crate::stage::Stage;
use crate::tariff_model::days::cycle_of;
use crate::tariff_model::events;
use crate::tariff_model::inputs::{self, ACCOUNT, instant};
use crate::tariff_model::life::{Life, Step, What};
use crate::tariff_model::model::Model;
use crate::tariff_model::tariff::*;
use crate::tariff_model::text::{percent, toml};
use std::collections::BTreeMap;
use umbral_engine::World;
use umbral_intake::zones;
use umbral_model::ids::{EventId, Source};
use umbral_model::input::{Input, InputKey};
use umbral_model::time::Timestamp;

/// How much was compared.
#[derive(Clone, Default, Debug)]
pub struct Counts {
    /// Lives of accounts.
    pub lives: usize,
    /// Steps of these lives.
    pub steps: usize,
    /// Steps that the model does not take.
    pub skipped: usize,
    /// Usage records.
    pub records: usize,
    /// Corrections of records.
    pub corrections: usize,
    /// Events and refusals by kind.
    pub events: BTreeMap<&'static str, usize>,
}

/// Words by which events are counted, the first that a text has.
const KINDS: [&str; 22] = [
    "crossed",
    "recovered",
    "breached",
    "cured",
    "refused",
    "repeated",
    "rated",
    "corrected",
    "parked",
    "unclaimed",
    "volume",
    "fee",
    "credit",
    "grant",
    "ended",
    "bought",
    "paid",
    "instalment",
    "charge",
    "bill",
    "closed",
    "late",
];

impl Counts {
    pub(crate) fn add(&mut self, other: &Counts) {
        self.lives += other.lives;
        self.steps += other.steps;
        self.skipped += other.skipped;
        self.records += other.records;
        self.corrections += other.corrections;
        for (kind, count) in &other.events {
            *self.events.entry(kind).or_default() += count;
        }
    }

    fn count(&mut self, text: &str) {
        let is_word = |kind: &&str| text.split(' ').take(4).any(|word| word == *kind);
        let kind = KINDS.into_iter().find(is_word).unwrap_or("other");
        *self.events.entry(kind).or_default() += 1;
    }

    /// Kinds of events that were not compared at least so often.
    pub(crate) fn rarer_than(&self, least: usize) -> Vec<&'static str> {
        let often = |kind: &&str| self.events.get(kind).is_some_and(|count| *count >= least);
        KINDS
            .into_iter()
            .filter(|kind| *kind != "late" && !often(kind))
            .collect()
    }
}

/// A world with all versions of a tariff; the problems of the catalog where it has some.
pub(crate) fn world(tariff: &Tariff) -> Result<World, String> {
    let mut world = World::new();
    for (number, version) in tariff.versions.iter().enumerate() {
        let text = toml(tariff, version);
        let files = [("catalog.toml".into(), text.as_str().into())];
        let compiled = umbral_catalog::load(&files, &zones::Iana).map_err(|problems| {
            let lines: Vec<String> = problems
                .iter()
                .map(|p| format!("{} {}", p.code, p.title))
                .collect();
            format!("{}\n{text}", lines.join("\n"))
        })?;
        let key = InputKey {
            source: Source::from("catalog"),
            event_id: EventId::new(format!("v{number}")),
        };
        let from = match number {
            0 => Timestamp::from_seconds(0),
            _ => instant(version.from),
        };
        world.activate(compiled.catalog, from, key);
    }
    Ok(world)
}

/// Both, with how far their texts are read.
pub(crate) struct Pair<'t> {
    pub(crate) stage: Stage,
    pub(crate) model: Model<'t>,
    pub(crate) life: &'t Life,
    tariff: &'t Tariff,
    read: usize,
    /// Inputs that the engine got, each with the minute at which it arrived.
    pub(crate) played: Vec<(i64, Input)>,
    pub(crate) counts: Counts,
}

impl<'t> Pair<'t> {
    pub(crate) fn new(
        tariff: &'t Tariff,
        world: &World,
        life: &'t Life,
    ) -> Result<Pair<'t>, String> {
        let mut world = world.clone();
        world.add_zone(zones::iana(life.zone.name()).unwrap());
        let mut pair = Pair {
            stage: Stage::in_world(world, 1),
            model: Model::open(tariff, life),
            life,
            tariff,
            read: 0,
            played: Vec::new(),
            counts: Counts {
                lives: 1,
                ..Counts::default()
            },
        };
        pair.stage
            .decide(inputs::opening(tariff, life), String::new());
        pair.compare("opening")?;
        Ok(pair)
    }

    pub(crate) fn step(&mut self, step: &Step) -> Result<(), String> {
        let label = format!("step {step:?}");
        self.stage.tick_at(instant(step.arrives));
        self.counts.steps += 1;
        if self.model.step(step).is_err() {
            self.counts.skipped += 1;
            return self.compare(&label);
        }
        let cycle = match &step.what {
            What::Bill { cycles_back } => (0..*cycles_back).fold(self.model.cycle, |end, _| {
                cycle_of(end.pred_opt().unwrap(), self.life.cycle_day)
            }),
            _ => self.model.cycle,
        };
        if let Some(input) = inputs::input(self.tariff, &self.model.zone, step, cycle) {
            self.played.push((step.arrives, input.clone()));
            self.stage.decide(input, String::new());
        }
        match step.what {
            What::Use { .. } => self.counts.records += 1,
            What::Correct { .. } | What::Cancel { .. } => self.counts.corrections += 1,
            _ => {}
        }
        self.compare(&label)
    }

    /// The texts since the last comparison, and the money.
    fn compare(&mut self, label: &str) -> Result<(), String> {
        let expected = std::mem::take(&mut self.model.out);
        let mut got = Vec::new();
        for entry in self.stage.entries().skip(self.read) {
            got.extend(events::texts(&self.stage, entry));
        }
        self.read = self.stage.entries().len();
        got.iter().for_each(|text| self.counts.count(text));
        if expected != got {
            return Err(format!("{label}\n{}", differences(&expected, &got)));
        }
        let view = self.stage.account(ACCOUNT).ok_or("no account")?;
        let money = (view.exposure.micros(), view.unbilled.micros());
        let model = (
            self.model.exposure(),
            self.model.unbilled.values().sum::<Micro>(),
        );
        if money != model {
            return Err(format!(
                "{label}\n  exposure, unbilled: model {model:?} engine {money:?}"
            ));
        }
        Ok(())
    }

    /// Everything that is kept of an account.
    pub(crate) fn compare_state(&self) -> Result<(), String> {
        let view = self.stage.account(ACCOUNT).ok_or("no account")?;
        let model = &self.model;
        let same = |what: &str, model: String, engine: String| match model == engine {
            true => Ok(()),
            false => Err(format!("  {what}\n    model  {model}\n    engine {engine}")),
        };
        let id = |bps: &i128| percent(*bps).trim_end_matches('%').to_owned();
        let mut open: Vec<_> = model
            .grants
            .iter()
            .filter(|grant| model.now < grant.until)
            .collect();
        open.sort_by_key(|grant| (-grant.allowance.priority, grant.until, grant.number));
        let grants = open.iter().map(|grant| {
            let mut fired: Vec<String> = grant.fired.iter().map(id).collect();
            fired.sort();
            let owner = crate::tariff_model::model::who(grant.member);
            let abroad = grant.left_abroad.map(|abroad| abroad.min(grant.left));
            (
                grant.number,
                owner,
                grant.units,
                grant.left,
                abroad,
                grant.until,
                fired,
            )
        });
        let theirs = view.allowances.iter().map(|grant| {
            let mut fired: Vec<String> = grant
                .warned
                .iter()
                .map(|id| id.as_str().to_owned())
                .collect();
            fired.sort();
            let (units, left) = (i128::from(grant.granted), i128::from(grant.left));
            let abroad = grant.left_abroad.map(i128::from);
            let until = grant.until.nanos() / 60_000_000_000;
            (
                grant.grant.0 as usize,
                events::who(&grant.member),
                units,
                left,
                abroad,
                until,
                fired,
            )
        });
        let (grants, theirs): (Vec<_>, Vec<_>) = (grants.collect(), theirs.collect());
        same("allowances", format!("{grants:?}"), format!("{theirs:?}"))?;
        let counted = model
            .counters
            .iter()
            .filter(|((cycle, ..), _)| *cycle == model.cycle);
        let counted: BTreeMap<(String, String), i128> = counted
            .filter(|(_, units)| **units > 0)
            .map(|((_, rate, member), units)| {
                let rate = self.tariff.versions[0].rates[*rate].name.clone();
                ((rate, crate::tariff_model::model::who(*member)), *units)
            })
            .collect();
        let theirs: BTreeMap<(String, String), i128> = view
            .tiers
            .iter()
            .filter(|tier| tier.units > 0)
            .map(|tier| {
                (
                    (tier.rate.to_string(), events::who(&tier.member)),
                    tier.units.into(),
                )
            })
            .collect();
        same("counters", format!("{counted:?}"), format!("{theirs:?}"))?;
        for cycle in &view.cycles {
            let first = chrono::NaiveDate::parse_from_str(&cycle.start.to_string(), "%F").unwrap();
            let usage = ["all", "voice", "data", "roaming_data"]
                .map(|scope| model.usage.get(&(first, scope)).copied().unwrap_or(0));
            let charges = model.charges.get(&first).copied().unwrap_or(0);
            let theirs = (
                cycle.usage.map(|money| money.micros()),
                cycle.charges.micros(),
            );
            let what = format!("usage and charges of {first}");
            same(
                &what,
                format!("{:?}", (usage, charges)),
                format!("{theirs:?}"),
            )?;
        }
        let instalments: Vec<_> = model
            .instalments
            .iter()
            .map(|one| {
                let rest = one.each * (one.count - one.next) + one.last;
                (format!("S{}", one.purchase), one.next, one.count, rest)
            })
            .collect();
        let theirs: Vec<_> = view
            .instalments
            .iter()
            .map(|one| {
                let (next, count) = (i64::from(one.next), i64::from(one.count));
                (
                    one.purchase.to_string(),
                    next,
                    count,
                    one.remaining.micros(),
                )
            })
            .collect();
        same(
            "instalments",
            format!("{instalments:?}"),
            format!("{theirs:?}"),
        )?;
        let parked = model.parked.iter().map(|(_, of, step)| (step.number, *of));
        let mut parked: Vec<_> = parked.collect();
        let theirs = view.parked.iter().map(|(own, of, _)| {
            let number = |key: &InputKey| key.event_id.as_str().parse::<usize>().unwrap();
            (number(own), number(of))
        });
        let mut theirs: Vec<_> = theirs.collect();
        parked.sort_unstable();
        theirs.sort_unstable();
        same("parked", format!("{parked:?}"), format!("{theirs:?}"))?;
        match self.stage.account_hashes() == self.stage.replayed_hashes() {
            true => Ok(()),
            false => Err("  the replayed state is another one".to_owned()),
        }
    }
}

fn differences(expected: &[String], got: &[String]) -> String {
    let mut out = String::new();
    for index in 0..expected.len().max(got.len()) {
        let (left, right) = (expected.get(index), got.get(index));
        if left == right {
            out.push_str(&format!("    both   {}\n", left.unwrap()));
            continue;
        }
        out.push_str(&format!(
            "    model  {}\n",
            left.map_or("nothing", String::as_str)
        ));
        out.push_str(&format!(
            "    engine {}\n",
            right.map_or("nothing", String::as_str)
        ));
    }
    out
}

/// Lives a life in both; what was compared, or the first difference.
pub(crate) fn compare(tariff: &Tariff, world: &World, life: &Life) -> Result<Counts, String> {
    let mut pair = Pair::new(tariff, world, life)?;
    for step in &life.steps {
        pair.step(step)?;
    }
    pair.compare_state()?;
    Ok(pair.counts)
}

/// A life with as few steps as possible in which something still differs.
pub(crate) fn shrunk(life: &Life, differs: impl Fn(&Life) -> bool) -> Life {
    let mut life = life.clone();
    let mut size = life.steps.len();
    while size > 0 {
        let mut from = 0;
        while from < life.steps.len() {
            let mut shorter = life.clone();
            shorter
                .steps
                .drain(from..(from + size).min(life.steps.len()));
            if differs(&shorter) {
                life = shorter;
            } else {
                from += size;
            }
        }
        size /= 2;
    }
    life
}

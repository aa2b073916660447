//! Engine and model side by side, input by input.

use super::account::{Account, Now, Told};
use super::life::{ACCOUNTS, Life, Step, instant};
use super::model::Model;
use crate::stage::Stage;
use crate::state;
use crate::tariff_model::days::{DAY, Zone};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use umbral_model::time::Timestamp;

/// Beginnings of the kinds that are compared.
const KINDS: [&str; 8] = [
    "points_",
    "redemption_",
    "reward_level_",
    "tier_",
    "membership_",
    "quarantined",
    "correction_applied",
    "card_",
];

/// How much was compared: lives, inputs, and outputs by kind.
#[derive(Clone, Default, Debug)]
pub struct Counts {
    /// Lives.
    pub lives: usize,
    /// Inputs of these lives.
    pub steps: usize,
    /// Outputs by kind and reason.
    pub outputs: BTreeMap<String, usize>,
}

impl Counts {
    pub(crate) fn add(&mut self, other: &Counts) {
        self.lives += other.lives;
        self.steps += other.steps;
        for (kind, count) in &other.outputs {
            *self.outputs.entry(kind.clone()).or_default() += count;
        }
    }
}

pub(crate) struct Pair<'l> {
    pub stage: Stage,
    pub model: Model<'l>,
    life: &'l Life,
    pub counts: Counts,
    /// Points by what became of them, summed over the engine's own events, by account and ledger.
    sums: BTreeMap<(String, String), i64>,
}

impl<'l> Pair<'l> {
    pub(crate) fn new(life: &'l Life) -> Result<Pair<'l>, String> {
        let counts = Counts {
            lives: 1,
            ..Counts::default()
        };
        Ok(Pair {
            stage: opened(life)?,
            model: Model::new(life),
            life,
            counts,
            sums: BTreeMap::new(),
        })
    }

    pub(crate) fn step(&mut self, step: &Step) -> Result<(), String> {
        self.counts.steps += 1;
        self.model.step(step);
        give(&mut self.stage, step);
        let expected = std::mem::take(&mut self.model.out);
        let got = self.stage.take_outputs();
        let label = format!("input e{} {}", step.id, step.kind);
        self.count(&got);
        let differences = differences(&expected, &got);
        if !differences.is_empty() {
            return Err(format!("{label}\n{differences}"));
        }
        self.compare_state()
            .map_err(|why| format!("{label}\n{why}"))
    }

    fn count(&mut self, outputs: &[Value]) {
        for output in outputs.iter().filter(|output| is_compared(output)) {
            let kind = output["kind"].as_str().unwrap();
            let reason = output["fields"]["reason"]
                .as_str()
                .filter(|_| kind.contains("_not_") || kind.contains("_re"));
            let name = reason.map_or_else(|| kind.to_owned(), |reason| format!("{kind} {reason}"));
            *self.counts.outputs.entry(name).or_default() += 1;
            let fields = &output["fields"];
            let account = output["account"].as_str().unwrap_or_default();
            let ledger = fields["ledger"]
                .as_str()
                .or(fields["reinstated"]["ledger"].as_str());
            let ledger = ledger.unwrap_or_default();
            let sum = self
                .sums
                .entry((account.to_owned(), ledger.to_owned()))
                .or_default();
            let sum_of = |list: &Value, key: &str| -> i64 {
                list.as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(|one| one[key].as_i64())
                    .sum()
            };
            *sum += match kind {
                "points_earned" | "points_clawed_back" | "points_voided" | "points_expired" => {
                    fields["delta"].as_i64().unwrap()
                }
                "redemption_accepted" => -sum_of(&fields["allocations"], "points"),
                "redemption_reversed" => sum_of(&fields["allocations"], "points"),
                "membership_terminated" | "card_closed" => {
                    -fields["points_forfeited"].as_i64().unwrap_or(0)
                }
                "correction_applied" => sum_of(&fields["reinstated"]["lots"], "delta"),
                _ => 0,
            };
        }
    }

    /// Balances, tier, counter and dates of all ledgers.
    fn compare_state(&self) -> Result<(), String> {
        for id in ACCOUNTS {
            let view = self.stage.account(id).map(|view| state::of(&view));
            let got = view.map_or(Value::Null, |view| view["ledgers"].clone());
            let account = &self.model.accounts[id];
            let expected = ledgers(account, self.life);
            if !is_same(&expected, &got) {
                return Err(format!("  {id}\n    model  {expected}\n    engine {got}"));
            }
            for (name, ledger) in got.as_object().into_iter().flatten() {
                let part = |key: &str| ledger[key].as_i64().unwrap_or(0);
                let held = part("pending") + part("available") - part("debt");
                let sum = self
                    .sums
                    .get(&(id.to_owned(), name.clone()))
                    .copied()
                    .unwrap_or(0);
                if held != sum {
                    return Err(format!(
                        "  {id} {name}: events sum up to {sum}, it holds {held}"
                    ));
                }
            }
        }
        Ok(())
    }

    pub(crate) fn compare_replay(&self) -> Result<(), String> {
        match self.stage.account_hashes() == self.stage.replayed_hashes() {
            true => Ok(()),
            false => Err("  the replayed state is another one".to_owned()),
        }
    }
}

/// A stage with the accounts of a life.
pub(crate) fn opened(life: &Life) -> Result<Stage, String> {
    let mut stage = Stage::new(life.config())?;
    let at = instant(life.opened - DAY);
    for (account, body) in life.openings() {
        stage.input(
            account,
            &format!("add-{account}"),
            &at,
            "customer_added",
            body,
        );
    }
    let refused = stage.take_outputs();
    match refused
        .iter()
        .find(|output| output["kind"] == "quarantined")
    {
        Some(refused) => Err(format!("an account cannot be added: {refused}")),
        None => Ok(stage),
    }
}

pub(crate) fn give(stage: &mut Stage, step: &Step) {
    stage.tick_at(Timestamp::from_seconds(step.recorded * 60));
    if step.kind != "tick" {
        stage.line(&instant(step.occurred), step.line());
    }
}

pub(crate) fn is_compared(output: &Value) -> bool {
    let kind = output["kind"].as_str().unwrap_or_default();
    KINDS.iter().any(|beginning| kind.starts_with(beginning))
}

fn ledgers(account: &Account, life: &Life) -> Value {
    let zone = Zone::new(life.zone);
    let now = Now {
        club: &life.club,
        zone: &zone,
        now: 0,
        at: 0,
    };
    let ledgers = account.ledgers.iter().enumerate().map(|(index, ledger)| {
        let state = match (ledger.ended, ledger.frozen_on) {
            (Some((_, true)), _) => "terminated",
            (Some((_, false)), _) => "closed",
            (None, Some(_)) => "frozen",
            (None, None) => "active",
        };
        let tier = now
            .tiers()
            .get(ledger.tier)
            .map(|tier| tier["name"].clone());
        let sales = account.sales(index, ledger.validities.len() - 1);
        let state = json!({
            "state": state, "pending": ledger.pending(), "available": ledger.available(),
            "reserved": ledger.reserved(), "debt": ledger.debt, "tier": tier,
            "counter": account.counter(index), "sales": Decimal::new(sales, 6).to_string(),
            "valid_until": ledger.valid_until.map(|day| day.to_string()),
            "ends_on": account.ends_on(&now, index).map(|day| day.to_string()),
        });
        (ledger.name(), state)
    });
    Value::Object(ledgers.collect())
}

/// What is listed is the same; nothing, zero, an empty text and no field are the same, and so are amounts of one value.
fn is_same(expected: &Value, got: &Value) -> bool {
    match (expected, got) {
        (Value::Object(expected), _) => expected
            .iter()
            .all(|(key, value)| is_same(value, got.get(key).unwrap_or(&Value::Null))),
        (Value::Array(expected), Value::Array(got)) => {
            expected.len() == got.len() && expected.iter().zip(got).all(|(e, g)| is_same(e, g))
        }
        _ => plain(expected) == plain(got),
    }
}

fn plain(value: &Value) -> Value {
    match value {
        Value::Null | Value::Bool(false) => json!(""),
        Value::Number(number) if number.as_i64() == Some(0) => json!(""),
        Value::Number(number) => json!(number.to_string()),
        Value::Array(all) if all.is_empty() => json!(""),
        Value::String(text) => match text.parse::<Decimal>() {
            Ok(number) => json!(number.normalize().to_string()),
            Err(_) => value.clone(),
        },
        other => other.clone(),
    }
}

/// How outputs differ, account by account: nothing orders what accounts do among each other at one instant.
fn differences(expected: &[Told], got: &[Value]) -> String {
    let mut report = String::new();
    let accounts = ACCOUNTS.iter().copied().map(Some).chain([None]);
    for account in accounts {
        let expected: Vec<&Told> = expected
            .iter()
            .filter(|told| told.account.as_deref() == account)
            .collect();
        let got = got
            .iter()
            .filter(|output| is_compared(output) && output["account"].as_str() == account);
        let got: Vec<&Value> = got.collect();
        let is_met = |told: &Told, output: &Value| {
            output["at"] == instant(told.at)
                && output["kind"] == told.kind
                && is_same(&told.fields, &output["fields"])
        };
        if expected.len() == got.len()
            && expected
                .iter()
                .zip(&got)
                .all(|(told, output)| is_met(told, output))
        {
            continue;
        }
        report.push_str(&format!("  {}\n", account.unwrap_or("nobody")));
        for index in 0..expected.len().max(got.len()) {
            let model = expected
                .get(index)
                .map(|told| format!("{} {} {}", instant(told.at), told.kind, told.fields));
            let engine = got.get(index).map(|o| {
                format!(
                    "{} {} {}",
                    o["at"].as_str().unwrap(),
                    o["kind"].as_str().unwrap(),
                    o["fields"]
                )
            });
            let nothing = || "nothing".to_owned();
            report.push_str(&format!(
                "    model  {}\n    engine {}\n",
                model.unwrap_or_else(nothing),
                engine.unwrap_or_else(nothing)
            ));
        }
    }
    report
}

/// Lives a life in both; what was compared, or the first difference.
pub(crate) fn compare(life: &Life) -> Result<Counts, String> {
    let mut pair = Pair::new(life)?;
    for step in &life.steps {
        pair.step(step)?;
    }
    pair.compare_replay()?;
    Ok(pair.counts)
}

//! `umbral check`: everything that is wrong with a catalog, its own cases, and what it sells.

use crate::catalogs::{self, Loaded};
use crate::failure::{Exit, Failure};
use crate::folder::Files;
use crate::output::Out;
use crate::output::problem::Problem;
use crate::output::table::{Align, Table};
use crate::text::{count, in_zone};
use serde_json::{Value, json};
use smol_str::SmolStr;
use std::path::PathBuf;
use umbral_catalog::summary::{
    AllowanceSummary, ClassSummary, LimitSummary, PlanSummary, ProgrammeSummary, ServiceSummary,
    Summary,
};
use umbral_model::money::Money;

/// Report every problem of a catalog, run its own cases, and say what it sells.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  umbral check my-tariff
  umbral check my-tariff -o json
  umbral check my-tariff --strict      warnings count as errors, for a build server

Ends with 0 if the catalog may be used, with 1 if it has errors or breaks one of its own cases.")]
pub(crate) struct Args {
    /// The catalog folder, or a folder with one version in each subfolder
    catalog: PathBuf,
    /// End with exit code 1 on warnings too
    #[arg(long)]
    strict: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, out: &mut Out) -> Result<Exit, Failure> {
    let (files, mut problems) = catalogs::read(&args.catalog)?;
    let versions = match catalogs::compile(&files) {
        Ok(versions) => versions,
        Err(found) => {
            problems.extend(found);
            Vec::new()
        }
    };
    for version in &versions {
        let warnings = version.compiled.warnings.iter();
        problems.extend(warnings.map(|warning| catalogs::shown(warning, &files)));
    }
    let cases: u64 = versions
        .iter()
        .map(|version| &version.compiled)
        .map(|compiled| {
            let cases = compiled.cases.len() + compiled.points.len();
            (cases + compiled.collections_cases.len()) as u64
        })
        .sum();
    let failed = failed_cases(&versions, &files);
    let kept = cases - failed.len() as u64;
    problems.extend(failed);
    if out.is_json() {
        let problems: Vec<_> = problems.iter().map(Problem::to_json).collect();
        let versions: Vec<Value> = versions
            .iter()
            .map(|version| summary_json(&version.compiled.summary))
            .collect();
        out.json(&json!({
            "catalog": args.catalog.to_string_lossy(),
            "problems": problems,
            "cases": { "run": cases, "kept": kept },
            "versions": versions,
        }))?;
    } else {
        show(&versions, &problems, (cases, kept), out)?;
    }
    let errors = problems
        .iter()
        .filter(|problem| args.strict || !problem.is_warning)
        .count();
    Ok(if errors > 0 {
        Exit::Problems
    } else {
        Exit::Done
    })
}

/// Runs the cases of all versions, side by side as they would be in force.
fn failed_cases(versions: &[Loaded], files: &Files) -> Vec<Problem> {
    let catalogs = catalogs::side_by_side(versions);
    let mut failed = Vec::new();
    for Loaded { compiled, .. } in versions {
        failed.extend(umbral_rating::cases::run(&catalogs, &compiled.cases));
        let cases = &compiled.collections_cases;
        failed.extend(umbral_engine::run_collections_cases(&catalogs, cases));
        let points = compiled.points.iter();
        failed.extend(points.filter_map(|case| case.judge(&compiled.catalog)));
    }
    failed
        .iter()
        .map(|problem| catalogs::shown(problem, files))
        .collect()
}

fn show(
    versions: &[Loaded],
    problems: &[Problem],
    (cases, kept): (u64, u64),
    out: &mut Out,
) -> Result<(), Failure> {
    let paint = out.paint();
    for version in versions {
        show_summary(&version.compiled.summary, out)?;
        out.line("")?;
    }
    for problem in problems {
        out.line(problem.render(paint))?;
        out.line("")?;
    }
    let warnings = problems.iter().filter(|problem| problem.is_warning).count() as u64;
    let errors = problems.len() as u64 - warnings;
    let verdict = if errors > 0 {
        paint.error(&count(errors, "error", "errors"))
    } else {
        paint.good("no errors")
    };
    let warnings = match warnings {
        0 => String::new(),
        number => format!(", {}", paint.warning(&count(number, "warning", "warnings"))),
    };
    let cases = match cases {
        0 if versions.is_empty() => String::new(),
        0 => ", no cases of its own".to_owned(),
        all if all == kept => format!(", {} kept", count(all, "case", "cases")),
        all => format!(", {kept} of {} kept", count(all, "case", "cases")),
    };
    out.line(format!("{verdict}{warnings}{cases}"))
}

fn show_summary(summary: &Summary, out: &mut Out) -> Result<(), Failure> {
    let paint = out.paint();
    out.line(format!(
        "{} {}",
        paint.strong(&summary.name),
        paint.faint(&format!(
            "version {}, from {} on, {}, {}",
            summary.label,
            in_zone(summary.valid_from, &summary.time_zone),
            summary.currency,
            summary.time_zone
        ))
    ))?;
    out.line(paint.faint(&sizes(summary)))?;
    if !summary.plans.is_empty() {
        out.line("")?;
        plans_table(&summary.plans).write(out)?;
    }
    for table in offers(summary) {
        out.line("")?;
        table.write(out)?;
    }
    if !summary.classes.is_empty() {
        out.line("")?;
        classes_table(&summary.classes).write(out)?;
    }
    if !summary.programmes.is_empty() {
        out.line("")?;
        programmes_table(&summary.programmes).write(out)?;
    }
    Ok(())
}

fn sizes(summary: &Summary) -> String {
    let mut parts = vec![
        count(summary.plans.len() as u64, "plan", "plans"),
        count(summary.rates as u64, "rate", "rates"),
        count(summary.zones.len() as u64, "zone", "zones"),
        count(summary.prefixes as u64, "prefix", "prefixes"),
    ];
    for (number, one, many) in [
        (summary.numbers, "short number", "short numbers"),
        (
            summary.emergency.len(),
            "emergency number",
            "emergency numbers",
        ),
        (summary.networks.len(), "network group", "network groups"),
        (summary.bands.len(), "time band", "time bands"),
        (summary.classes.len(), "credit class", "credit classes"),
        (
            summary.schedules.len(),
            "collection schedule",
            "collection schedules",
        ),
        (
            summary.programmes.len(),
            "loyalty programme",
            "loyalty programmes",
        ),
        (summary.profiles, "profile", "profiles"),
    ] {
        if number > 0 {
            parts.push(count(number as u64, one, many));
        }
    }
    parts.join(", ")
}

/// Most plans that a summary shows.
const PLANS_SHOWN: usize = 40;

fn plans_table(plans: &[PlanSummary]) -> Table {
    let mut table = Table::new(&[
        ("plan", Align::Left),
        ("service", Align::Left),
        ("where", Align::Left),
        ("lowest", Align::Right),
        ("highest", Align::Right),
        ("per", Align::Left),
    ]);
    for plan in plans.iter().take(PLANS_SHOWN) {
        for (index, service) in plan.services.iter().enumerate() {
            let name = if index == 0 { plan.name.as_str() } else { "" };
            table.row(&[
                name,
                &service.service,
                &reach(service),
                &service.lowest.to_string(),
                &service.highest.to_string(),
                service.per,
            ]);
        }
    }
    if plans.len() > PLANS_SHOWN {
        let more = format!("and {} more", plans.len() - PLANS_SHOWN);
        table.row(&[more.as_str(), "", "", "", "", ""]);
    }
    table
}

/// Tables of fees, tiers, products and discounts; none of what a catalog does not have.
fn offers(summary: &Summary) -> Vec<Table> {
    let tables = [
        fees_table(summary),
        tiers_table(summary),
        products_table(summary),
        discounts_table(summary),
    ];
    tables.into_iter().flatten().collect()
}

fn fees_table(summary: &Summary) -> Option<Table> {
    let with_fee =
        |plan: &&PlanSummary| plan.monthly_fee > Money::ZERO || !plan.allowances.is_empty();
    let mut table = Table::new(&[
        ("plan", Align::Left),
        ("monthly fee", Align::Right),
        ("by the day", Align::Left),
        ("included", Align::Left),
    ]);
    for plan in summary.plans.iter().filter(with_fee).take(PLANS_SHOWN) {
        let fee = plan.monthly_fee.to_string();
        let by_day = if plan.by_day { "yes" } else { "no" };
        let included = plan.allowances.iter().map(AllowanceSummary::line);
        rows(&mut table, [&plan.name, &fee, by_day], included.collect());
    }
    summary
        .plans
        .iter()
        .any(|plan| with_fee(&plan))
        .then_some(table)
}

fn tiers_table(summary: &Summary) -> Option<Table> {
    let mut table = Table::new(&[
        ("rate", Align::Left),
        ("tiers", Align::Left),
        ("per", Align::Left),
        ("prices in a cycle", Align::Left),
    ]);
    for rate in summary.tiers.iter().take(PLANS_SHOWN) {
        let first = [rate.rate.as_str(), rate.kind, rate.per];
        rows(&mut table, first, rate.prices.clone());
    }
    (!summary.tiers.is_empty()).then_some(table)
}

fn products_table(summary: &Summary) -> Option<Table> {
    let mut table = Table::new(&[
        ("product", Align::Left),
        ("price", Align::Right),
        ("instalments", Align::Right),
        ("gives", Align::Left),
    ]);
    for product in summary.products.iter().take(PLANS_SHOWN) {
        let parts = match product.instalments {
            1 => String::new(),
            parts => parts.to_string(),
        };
        let price = product.price.to_string();
        let first = [product.name.as_str(), &price, &parts];
        rows(&mut table, first, product.gives());
    }
    (!summary.products.is_empty()).then_some(table)
}

fn discounts_table(summary: &Summary) -> Option<Table> {
    let cap = format!("at most {} in all, for", summary.discount_cap);
    let mut table = Table::new(&[
        ("discount", Align::Left),
        ("off", Align::Right),
        (&cap, Align::Left),
    ]);
    for discount in summary.discounts.iter().take(PLANS_SHOWN) {
        let conditions = match discount.conditions.as_slice() {
            [] => "everything".to_owned(),
            conditions => conditions.join(", "),
        };
        table.row(&[discount.name.as_str(), &discount.percent, &conditions]);
    }
    (!summary.discounts.is_empty()).then_some(table)
}

/// A row of `first` and the first of `lines`, and a row for each further line.
fn rows(table: &mut Table, first: [&str; 3], lines: Vec<String>) {
    let [name, second, third] = first;
    let mut lines = lines.iter().map(String::as_str);
    table.row(&[name, second, third, lines.next().unwrap_or("")]);
    for line in lines {
        table.row(&["", "", "", line]);
    }
}

/// Where a service is sold.
fn reach(service: &ServiceSummary) -> String {
    let mut parts = Vec::new();
    if service.zones > 0 {
        parts.push(count(service.zones as u64, "zone", "zones"));
    }
    if service.anywhere {
        parts.push(
            if service.zones > 0 {
                "elsewhere"
            } else {
                "anywhere"
            }
            .to_owned(),
        );
    }
    if service.roaming > 0 {
        parts.push(count(
            service.roaming as u64,
            "roaming group",
            "roaming groups",
        ));
    }
    parts.join(", ")
}

fn classes_table(classes: &[ClassSummary]) -> Table {
    let mut table = Table::new(&[
        ("class", Align::Left),
        ("limit of", Align::Left),
        ("amount", Align::Right),
        ("warnings at", Align::Left),
        ("on breach", Align::Left),
        ("collections", Align::Left),
    ]);
    for class in classes {
        let schedule = class.schedule.as_deref().unwrap_or("none");
        if class.limits.is_empty() {
            table.row(&[class.name.as_str(), "", "no limit", "", "", schedule]);
        }
        for (index, limit) in class.limits.iter().enumerate() {
            let first = index == 0;
            table.row(&[
                if first { class.name.as_str() } else { "" },
                &measure(limit),
                &limit
                    .limit
                    .map(|amount| amount.to_string())
                    .unwrap_or_default(),
                &limit.warnings.join(", "),
                &limit.on_breach.join(", "),
                if first { schedule } else { "" },
            ]);
        }
    }
    table
}

/// What earns points, and what tiers, cards, rewards and promotions there are.
fn programmes_table(programmes: &[ProgrammeSummary]) -> Table {
    let mut table = Table::new(&[
        ("programme", Align::Left),
        ("", Align::Left),
        ("", Align::Left),
        ("particulars", Align::Left),
    ]);
    for programme in programmes {
        let mut name = programme.name.as_str();
        let mut add = |kind: &str, thing: &str, particulars: &str| {
            table.row(&[name, kind, thing, particulars]);
            name = "";
        };
        for rule in &programme.earns {
            add("earns", "", rule);
        }
        let expiry = programme.expiry.as_deref().unwrap_or("for ever");
        add("points live", "", expiry);
        for (promotion, words) in &programme.promotions {
            add("promotion", promotion, words);
        }
        for (tier, words) in &programme.tiers {
            add("tier", tier, words);
        }
        if let Some(validity) = &programme.tier_validity {
            add("tiers hold", "", validity);
        }
        for (card, words) in &programme.cards {
            add("card", card, words);
        }
        for (reward, points) in &programme.rewards {
            add("reward", reward, &count(*points, "point", "points"));
        }
    }
    table
}

fn measure(limit: &LimitSummary) -> String {
    match (limit.measure, limit.scope) {
        (measure, "all") => measure.replace('_', " "),
        (measure, scope) => format!(
            "{} of {}",
            measure.replace('_', " "),
            scope.replace('_', " ")
        ),
    }
}

fn named(counts: &[(SmolStr, usize)]) -> Value {
    counts
        .iter()
        .map(|(name, number)| (name.to_string(), Value::from(*number)))
        .collect()
}

fn summary_json(summary: &Summary) -> Value {
    let plans: Vec<Value> = summary
        .plans
        .iter()
        .map(|plan| {
            let services: Vec<Value> = plan.services.iter().map(service_json).collect();
            json!({
                "plan": plan.name,
                "rules": plan.rules,
                "monthly_fee": plan.monthly_fee.to_string(),
                "by_day": plan.by_day,
                "allowances": plan.allowances.iter().map(allowance_json).collect::<Vec<_>>(),
                "services": services,
            })
        })
        .collect();
    let classes: Vec<Value> = summary
        .classes
        .iter()
        .map(|class| {
            let limits: Vec<Value> = class.limits.iter().map(limit_json).collect();
            json!({ "class": class.name, "collections": class.schedule, "limits": limits })
        })
        .collect();
    json!({
        "name": summary.name,
        "catalog_version": summary.label,
        "currency": summary.currency.code(),
        "time_zone": summary.time_zone,
        "valid_from": summary.valid_from.to_string(),
        "prefixes": summary.prefixes,
        "numbers": summary.numbers,
        "emergency": summary.emergency,
        "rates": summary.rates,
        "profiles": summary.profiles,
        "zones": named(&summary.zones),
        "networks": named(&summary.networks),
        "bands": summary.bands,
        "plans": plans,
        "tiers": tiers_json(summary),
        "products": products_json(summary),
        "discounts": discounts_json(summary),
        "discount_cap": summary.discount_cap,
        "classes": classes,
        "schedules": named(&summary.schedules),
        "programmes": programmes_json(summary),
    })
}

fn allowance_json(allowance: &AllowanceSummary) -> Value {
    json!({
        "name": allowance.name,
        "units": allowance.units,
        "services": allowance.services,
        "particulars": allowance.particulars,
    })
}

fn tiers_json(summary: &Summary) -> Value {
    let rates = summary.tiers.iter().map(|rate| {
        json!({ "rate": rate.rate, "kind": rate.kind, "per": rate.per, "prices": rate.prices })
    });
    rates.collect()
}

fn products_json(summary: &Summary) -> Value {
    let products = summary.products.iter().map(|product| {
        json!({
            "product": product.name,
            "price": product.price.to_string(),
            "instalments": product.instalments,
            "allowances": product.allowances.iter().map(allowance_json).collect::<Vec<_>>(),
            "plan": product.plan,
            "card": product.card,
        })
    });
    products.collect()
}

fn discounts_json(summary: &Summary) -> Value {
    let discounts = summary.discounts.iter().map(|discount| {
        json!({
            "discount": discount.name,
            "percent": discount.percent,
            "conditions": discount.conditions,
        })
    });
    discounts.collect()
}

fn programmes_json(summary: &Summary) -> Value {
    let texts = |parts: &[(SmolStr, String)]| -> Value {
        let parts = parts.iter();
        parts
            .map(|(name, words)| (name.to_string(), Value::from(words.as_str())))
            .collect()
    };
    let programmes = summary.programmes.iter().map(|programme| {
        let rewards = programme.rewards.iter();
        let rewards: Value = rewards
            .map(|(name, points)| (name.to_string(), Value::from(*points)))
            .collect();
        json!({
            "programme": programme.name,
            "earns": programme.earns,
            "expiry": programme.expiry,
            "promotions": texts(&programme.promotions),
            "tiers": texts(&programme.tiers),
            "tier_validity": programme.tier_validity,
            "cards": texts(&programme.cards),
            "rewards": rewards,
        })
    });
    programmes.collect()
}

fn service_json(service: &ServiceSummary) -> Value {
    json!({
        "service": service.service,
        "zones": service.zones,
        "anywhere": service.anywhere,
        "roaming": service.roaming,
        "lowest": service.lowest.to_string(),
        "highest": service.highest.to_string(),
        "per": service.per,
    })
}

fn limit_json(limit: &LimitSummary) -> Value {
    json!({
        "measure": limit.measure,
        "scope": limit.scope,
        "limit": limit.limit.map(|amount| amount.to_string()),
        "warnings": limit.warnings,
        "on_breach": limit.on_breach,
    })
}

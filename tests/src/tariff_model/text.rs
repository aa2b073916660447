//! A tariff as a catalog in TOML.

use crate::tariff_model::tariff::*;
use std::fmt::Write as _;

pub(crate) fn decimal(micro: Micro) -> String {
    let sign = if micro < 0 { "-" } else { "" };
    let text = format!("{}.{:06}", micro.abs() / 1_000_000, micro.abs() % 1_000_000);
    let (whole, fraction) = text.split_once('.').unwrap();
    let fraction = fraction.trim_end_matches('0');
    format!("{sign}{whole}.{fraction:0<2}")
}

/// Without zeros at the end: a warning is known by its number as it is written.
pub(crate) fn percent(bps: i128) -> String {
    let text = format!("{}.{:02}", bps / 100, bps % 100);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

fn quoted(words: impl IntoIterator<Item = &'static str>) -> String {
    let words: Vec<String> = words.into_iter().map(|w| format!("\"{w}\"")).collect();
    format!("[{}]", words.join(", "))
}

fn price(service: Service, micro: Micro) -> String {
    match micro {
        0 => "free".to_owned(),
        _ => format!("{} per {}", decimal(micro), service.per()),
    }
}

/// The whole catalog.
pub(crate) fn toml(tariff: &Tariff, version: &Version) -> String {
    let mut out = String::new();
    let _ = write!(
        out,
        "name = \"random\"\ncurrency = \"EUR\"\ntime_zone = \"{}\"\nvalid_from = 1970-01-01\n\
         home_networks = [\"21407\"]\nemergency = [\"061\", \"112\"]\ndiscount_cap = \"{}\"\n\n\
         [zone.national]\nprefixes = [\"34\"]\n[zone.mobile]\nprefixes = [\"346\"]\n\
         [zone.france]\nprefixes = [\"33\"]\n\
         [network.eu]\nnetworks = [\"208\", \"262\"]\n[network.world]\nnetworks = [\"*\"]\n\
         [band.day]\nfrom = \"08:00\"\nto = \"20:00\"\n[band.night]\nfrom = \"20:00\"\nto = \"08:00\"\n\n",
        tariff.zone.name(),
        percent(version.cap)
    );
    for class in CLASSES {
        let limit = |amount: Micro, warn: &str| {
            format!("{{ amount = \"{}\", warn_at = {warn} }}", decimal(amount))
        };
        let _ = write!(
            out,
            "[class.{class}]\nlimit.exposure = {}\nlimit.cycle_usage = {}\nlimit.cycle_charges = {}\n\n",
            limit(EXPOSURE_LIMIT, "[\"50%\", \"90%\"]"),
            limit(USAGE_LIMIT, "[\"50%\"]"),
            limit(CHARGES_LIMIT, "[\"80%\"]")
        );
    }
    version
        .rates
        .iter()
        .for_each(|rate| write_rate(&mut out, rate));
    version
        .plans
        .iter()
        .for_each(|plan| write_plan(&mut out, version, plan));
    version
        .products
        .iter()
        .for_each(|product| write_product(&mut out, version, product));
    version
        .discounts
        .iter()
        .for_each(|discount| write_discount(&mut out, version, discount));
    out
}

fn write_rate(out: &mut String, rate: &Rate) {
    let service = rate.service;
    let _ = writeln!(out, "[rate.{}]", rate.name);
    if let Some(tiers) = &rate.tiers {
        let list: Vec<String> = tiers
            .tiers
            .iter()
            .map(|(up_to, micro)| {
                let up_to = up_to.map(|units| format!("up_to = \"{}\", ", service.text(units)));
                format!(
                    "{{ {}price = \"{}\" }}",
                    up_to.unwrap_or_default(),
                    price(service, *micro)
                )
            })
            .collect();
        let kind = if tiers.volume { "volume" } else { "graduated" };
        let per = if tiers.per_member {
            "member"
        } else {
            "account"
        };
        let _ = writeln!(
            out,
            "tiers = [{}]\ntier_kind = \"{kind}\"\nper = \"{per}\"\nincrement = \"{}\"",
            list.join(", "),
            service.text(rate.steps[0].block)
        );
    } else {
        let list: Vec<String> = rate
            .steps
            .iter()
            .map(|step| {
                let from = match step.from {
                    0 => String::new(),
                    units => format!("from = \"{}\", ", service.text(units)),
                };
                let block = service.text(step.block);
                format!(
                    "{{ {from}price = \"{}\", increment = \"{block}\" }}",
                    price(service, step.price)
                )
            })
            .collect();
        let _ = writeln!(out, "steps = [{}]", list.join(", "));
    }
    let mut amount = |key: &str, value: Option<Micro>| {
        if let Some(value) = value {
            let _ = writeln!(out, "{key} = \"{}\"", decimal(value));
        }
    };
    amount("setup", Some(rate.setup).filter(|setup| *setup > 0));
    amount("minimum", rate.minimum);
    amount("maximum", rate.maximum);
    let _ = writeln!(
        out,
        "rounding = \"{} to {}\"\n",
        rate.mode.word(),
        rate.decimals
    );
}

fn write_plan(out: &mut String, version: &Version, plan: &Plan) {
    let proration = if plan.by_day { "daily" } else { "none" };
    let _ = writeln!(
        out,
        "[plan.{}]\nmonthly_fee = \"{}\"\nproration = \"{proration}\"\nrules = [",
        plan.name,
        decimal(plan.fee)
    );
    for rule in &plan.rules {
        let _ = write!(out, "  {{ service = \"{}\"", rule.service.word());
        if let Some(zone) = rule.zone {
            let _ = write!(out, ", zone = \"{}\"", zone.word());
        }
        if let Some(made) = rule.made {
            let _ = write!(out, ", direction = \"{}\"", direction(made));
        }
        if rule.place != Place::Home {
            let _ = write!(out, ", roaming = \"{}\"", rule.place.word());
        }
        if let Some(band) = rule.band {
            let _ = write!(out, ", band = \"{}\"", band.word());
        }
        let _ = writeln!(out, ", rate = \"{}\" }},", version.rates[rule.rate].name);
    }
    let _ = writeln!(out, "]");
    write_allowances(out, &plan.allowances, true);
}

pub(crate) fn direction(made: bool) -> &'static str {
    match made {
        true => "originating",
        false => "terminating",
    }
}

fn write_allowances(out: &mut String, allowances: &[Allowance], of_plan: bool) {
    let _ = writeln!(out, "allowances = [");
    for allowance in allowances {
        let unit = allowance.service.unit();
        let text = |base: i128| allowance.service.text(base / unit);
        let _ = write!(
            out,
            "  {{ name = \"{}\", service = \"{}\", units = \"{}\", priority = {}, shared = {}, waive_setup = {}",
            allowance.name,
            allowance.service.word(),
            text(allowance.units),
            allowance.priority,
            allowance.shared,
            allowance.waives_setup
        );
        let valid = match (allowance.valid, of_plan) {
            (Valid::Cycles(0), true) => "per = \"cycle\"".to_owned(),
            (Valid::Cycles(more), true) => format!("roll_over = \"{more} cycle\""),
            (Valid::Cycles(more), false) => format!("valid = \"{} cycles\"", more + 1),
            (Valid::Days(days), _) => format!("valid = \"{days} days\""),
            (Valid::Hours(hours), _) => format!("valid = \"{hours}h\""),
        };
        let _ = write!(out, ", {}", valid.replace("\"1 cycles\"", "\"1 cycle\""));
        if !allowance.zones.is_empty() {
            let _ = write!(
                out,
                ", zone = {}",
                quoted(allowance.zones.iter().map(|zone| zone.word()))
            );
        }
        if let Some(band) = allowance.band {
            let _ = write!(out, ", band = \"{}\"", band.word());
        }
        if let Some(made) = allowance.made {
            let _ = write!(out, ", direction = \"{}\"", direction(made));
        }
        let places = quoted(allowance.places.iter().map(|place| place.word()));
        let _ = write!(out, ", roaming = {places}");
        if let Some(abroad) = allowance.abroad {
            let _ = write!(out, ", units_abroad = \"{}\"", text(abroad));
        }
        if !allowance.warn.is_empty() {
            let shares: Vec<String> = allowance
                .warn
                .iter()
                .map(|bps| format!("\"{}\"", percent(*bps)))
                .collect();
            let _ = write!(out, ", warn_at = [{}]", shares.join(", "));
        }
        let _ = writeln!(
            out,
            ", margin = \"{}\", cooldown = \"{}m\" }},",
            percent(allowance.margin),
            allowance.cooldown
        );
    }
    let _ = writeln!(out, "]\n");
}

fn write_product(out: &mut String, version: &Version, product: &Product) {
    let _ = writeln!(
        out,
        "[product.{}]\nprice = \"{}\"",
        product.name,
        decimal(product.price)
    );
    if product.instalments > 1 {
        let _ = writeln!(out, "instalments = {}", product.instalments);
    }
    if let Some(plan) = product.plan {
        let _ = writeln!(out, "plan = \"{}\"", version.plans[plan].name);
    }
    write_allowances(out, &product.allowances, false);
}

fn write_discount(out: &mut String, version: &Version, discount: &Discount) {
    let _ = writeln!(
        out,
        "[discount.{}]\npercent = \"{}\"",
        discount.name,
        percent(discount.bps)
    );
    let mut list = |key: &str, word: Option<&str>| {
        if let Some(word) = word {
            let _ = writeln!(out, "{key} = [\"{word}\"]");
        }
    };
    list("class", discount.class.map(|class| CLASSES[class]));
    list("tier", discount.tier);
    list("card", discount.card);
    list(
        "plan",
        discount.plan.map(|plan| version.plans[plan].name.as_str()),
    );
    list("service", discount.service.map(Service::word));
    list("zone", discount.zone.map(Zone::word));
    if let Some(places) = &discount.places {
        let _ = writeln!(
            out,
            "roaming = {}",
            quoted(places.iter().map(|place| place.word()))
        );
    }
    if discount.vip > 0 {
        let _ = writeln!(out, "vip_rank = {}", discount.vip);
    }
    for (key, date) in [("from", discount.from), ("until", discount.until)] {
        if let Some(date) = date {
            let _ = writeln!(out, "{key} = {date}");
        }
    }
    out.push('\n');
}

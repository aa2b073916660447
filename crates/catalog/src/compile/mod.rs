//! From a draft without errors to the tables that rating reads.

mod plans;

use crate::case::CatalogCase;
use crate::check::Checked;
use crate::draft::Draft;
use crate::loyalty::case::PointsCase;
use crate::summary::{self, Summary};
use crate::tables::{
    Activation, Catalog, NetworkGroup, NetworkIndex, Profiles, Rate, Service, Step,
};
use plans::EMERGENCY;
use smol_str::SmolStr;
use umbral_model::ids::RuleNo;
use umbral_model::money::{Pico, Rounding};

/// A catalog's own cases.
pub(crate) struct Cases {
    /// Of records and their charges.
    pub(crate) records: Vec<CatalogCase>,
    /// Of purchases and their points.
    pub(crate) points: Vec<PointsCase>,
}

/// A draft's catalog, its cases and its summary. Names were resolved and values read before.
pub(crate) fn compile(
    draft: Draft,
    checked: Checked,
    label: SmolStr,
    files: &[(SmolStr, &str)],
) -> (Catalog, Cases, Summary) {
    let (rules, plans) = plans::compile(&draft, &checked, files);
    let amounts = draft.head.amounts;
    let descriptions = draft.head.descriptions.clone();
    let emergency = emergency(&draft);
    let catalog = Catalog {
        name: draft.head.name.clone(),
        label,
        currency: draft.head.currency,
        valid_from: draft.head.valid_from,
        numbers: draft.head.numbers,
        services: services(&draft),
        destinations: draft
            .zones
            .names
            .iter()
            .map(|zone| zone.value.clone())
            .collect(),
        deck: checked.deck,
        networks: networks(&draft),
        network_index: network_index(&draft),
        emergency_rule: (!emergency.is_empty()).then(|| RuleNo(rules.len() as u32 - 1)),
        emergency,
        allowances: checked.allowances.all,
        products: checked.products,
        discounts: checked.discounts,
        discount_cap_bps: draft.head.discount_cap,
        bands: draft
            .bands
            .iter()
            .filter_map(|band| band.band.clone())
            .collect(),
        rates: rates(&draft),
        rules,
        plans,
        profiles: profiles(&draft),
        classes: draft.classes,
        vip_levels: draft.vip.levels,
        schedules: draft.schedules,
        programmes: draft
            .programmes
            .into_iter()
            .map(|draft| draft.programme)
            .collect(),
        zone: draft.head.zone,
    };
    let summary = summary::of(&catalog, amounts, descriptions);
    let cases = Cases {
        records: checked.cases,
        points: checked.points_cases,
    };
    (catalog, cases, summary)
}

fn services(draft: &Draft) -> Vec<Service> {
    let known = draft.services.iter().filter_map(|service| {
        Some(Service {
            name: service.name.clone(),
            measurement: service.measurement?,
        })
    });
    known.collect()
}

fn networks(draft: &Draft) -> Vec<NetworkGroup> {
    let group = |(index, name): (usize, &SmolStr)| {
        let mut networks: Vec<SmolStr> = draft
            .networks
            .codes
            .iter()
            .filter(|network| network.group == index)
            .map(|network| network.code.clone())
            .collect();
        networks.sort_unstable();
        if draft.networks.rest.is_some_and(|(rest, _)| rest == index) {
            networks.push(SmolStr::new_static("*"));
        }
        NetworkGroup {
            name: name.clone(),
            networks,
        }
    };
    draft.networks.names.iter().enumerate().map(group).collect()
}

fn network_index(draft: &Draft) -> NetworkIndex {
    let home = draft.head.home_networks.iter();
    let mut index = NetworkIndex {
        home: home.map(|code| code.value.clone()).collect(),
        rest: draft.networks.rest.map(|(group, _)| group as u16),
        ..NetworkIndex::default()
    };
    index.home.sort_unstable();
    for network in &draft.networks.codes {
        index
            .groups
            .insert(network.code.clone(), network.group as u16);
        if let Some(country) = &network.country {
            index
                .countries
                .insert(network.code.clone(), country.clone());
        }
    }
    index
}

fn emergency(draft: &Draft) -> Vec<SmolStr> {
    let numbers = draft.head.emergency.iter();
    let mut numbers: Vec<SmolStr> = numbers.map(|number| number.value.clone()).collect();
    numbers.sort_unstable();
    numbers
}

/// The rate of emergency numbers: usage as it is, at nothing.
fn nothing() -> Rate {
    Rate {
        name: SmolStr::new_static(EMERGENCY),
        setup: Pico::ZERO,
        steps: vec![Step {
            start: 0,
            price: Pico::ZERO,
            unit: 1,
            increment: 1,
        }],
        tiers: None,
        minimum: None,
        maximum: None,
        rounding: Rounding::default(),
    }
}

fn rates(draft: &Draft) -> Vec<Rate> {
    let own = draft.rates.iter().filter_map(|rate| rate.rate.clone());
    let emergency = (!draft.head.emergency.is_empty()).then(nothing);
    own.chain(emergency).collect()
}

fn profiles(draft: &Draft) -> Profiles {
    let mut profiles = Profiles::default();
    for activation in &draft.profiles {
        let plan = draft
            .plans
            .iter()
            .position(|plan| plan.name.value == activation.plan.value);
        let Some(plan) = plan else { continue };
        profiles
            .by_name
            .entry(activation.profile.value.clone())
            .or_default()
            .push(Activation {
                from: activation.from,
                plan: plan as u32,
                fallbacks: activation
                    .fallbacks
                    .iter()
                    .map(|name| name.value.clone())
                    .collect(),
            });
    }
    for activations in profiles.by_name.values_mut() {
        activations.sort_by_key(|activation| activation.from);
    }
    profiles
}

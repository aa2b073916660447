//! From a draft without errors to the tables that rating reads.

mod plans;

use crate::case::CatalogCase;
use crate::check::Checked;
use crate::draft::Draft;
use crate::summary::{self, Summary};
use crate::tables::{Activation, Catalog, NetworkGroup, NetworkIndex, Profiles, Rate, Service};
use smol_str::SmolStr;

/// Discounts of a record add up to at most this (rule 9 of the tariff reference), in basis points.
const DISCOUNT_CAP_BPS: u32 = 8_000;

/// A draft's catalog, its cases and its summary. Names were resolved and values read before.
pub(crate) fn compile(
    draft: Draft,
    checked: Checked,
    label: SmolStr,
    files: &[(SmolStr, &str)],
) -> (Catalog, Vec<CatalogCase>, Summary) {
    let (rules, plans) = plans::compile(&draft, &checked, files);
    let amounts = draft.head.amounts;
    let descriptions = draft.head.descriptions.clone();
    let cases = draft.cases.iter().map(|draft| draft.case.clone()).collect();
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
        emergency: Vec::new(),
        emergency_rule: None,
        allowances: Vec::new(),
        products: Vec::new(),
        discounts: Vec::new(),
        discount_cap_bps: DISCOUNT_CAP_BPS,
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
        schedules: draft.schedules,
        zone: draft.head.zone,
    };
    let summary = summary::of(&catalog, amounts, descriptions);
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
            .filter(|(_, group, _)| *group == index)
            .map(|(code, ..)| code.clone())
            .collect();
        networks.sort_unstable();
        NetworkGroup {
            name: name.clone(),
            networks,
        }
    };
    draft.networks.names.iter().enumerate().map(group).collect()
}

fn network_index(draft: &Draft) -> NetworkIndex {
    let mut index = NetworkIndex::default();
    for (code, group, _) in &draft.networks.codes {
        index.groups.insert(code.clone(), *group as u16);
    }
    index
}

fn rates(draft: &Draft) -> Vec<Rate> {
    draft
        .rates
        .iter()
        .filter_map(|rate| rate.rate.clone())
        .collect()
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

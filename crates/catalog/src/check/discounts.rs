//! Discounts with numbers in place of names; one that can never hold is a mistake.

use super::filters::{Filters, Sale, Usage};
use super::programmes;
use crate::codes;
use crate::draft::discounts::DraftDiscount;
use crate::problem::Report;
use crate::source::At;
use crate::tables::{Discount, NetworkFilter};
use smol_str::SmolStr;
use umbral_model::ids::ServiceNo;

/// Resolves all discounts.
pub(crate) fn resolve(filters: &Filters<'_>, report: &mut Report) -> Vec<Discount> {
    let drafts = filters.draft.discounts.iter();
    drafts
        .filter_map(|draft| discount(filters, draft, report))
        .collect()
}

fn discount(filters: &Filters<'_>, draft: &DraftDiscount, report: &mut Report) -> Option<Discount> {
    let unknown = draft
        .classes
        .iter()
        .filter(|name| !filters.names.class(name, report))
        .count();
    programmes::known_tiers(filters.draft, &draft.tiers, report);
    programmes::known_cards(filters.draft, &draft.cards, report);
    let plans = filters.plans(&draft.plans, report);
    let services = filters.services(&draft.services, report);
    let zones = filters.zones(&draft.zones, report);
    let everywhere = NetworkFilter {
        everywhere: true,
        ..NetworkFilter::default()
    };
    let networks = filters.networks(&draft.roaming, everywhere, report);
    let discount = Discount {
        name: draft.name.value.clone(),
        bps: draft.bps,
        classes: values(&draft.classes),
        tiers: values(&draft.tiers),
        cards: values(&draft.cards),
        vip_rank: draft.vip_rank,
        plans: plans?,
        services: services?,
        zones: zones?,
        networks: networks?,
        direction: draft.direction,
        from: draft.from,
        until: draft.until,
    };
    if unknown == 0 && !draft.broken {
        may_hold(filters, draft, &discount, report);
    }
    Some(discount)
}

fn values(names: &[At<SmolStr>]) -> Vec<SmolStr> {
    names.iter().map(|name| name.value.clone()).collect()
}

/// Reports a discount that no record can have.
fn may_hold(
    filters: &Filters<'_>,
    draft: &DraftDiscount,
    discount: &Discount,
    report: &mut Report,
) {
    let name = &discount.name;
    let title = format!("the discount {name} can never hold");
    let head = &filters.draft.head;
    if discount.until <= head.valid_from && discount.from < discount.until {
        let label = format!("the catalog begins on {}", head.first_day());
        report
            .error(codes::DISCOUNT_NEVER, draft.until_spot, title, label)
            .note("leave the discount out, or mend the promotion or valid_from");
        return;
    }
    if filters.draft.plans.is_empty() {
        return;
    }
    let usage = Usage {
        direction: discount.direction,
        networks: &discount.networks,
    };
    let all: Vec<ServiceNo>;
    let services = if discount.services.is_empty() {
        all = (0..filters.draft.services.len() as u8)
            .map(ServiceNo)
            .collect();
        &all
    } else {
        &discount.services
    };
    let sold = services
        .iter()
        .any(|service| filters.sale(&discount.plans, *service, &usage) == Sale::Sold);
    let to_zone =
        |zone: &At<SmolStr>| filters.is_sold_to(&zone.value, &discount.plans, services, &usage);
    if sold && !draft.zones.is_empty() && !draft.zones.iter().any(to_zone) {
        report
            .error(
                codes::DISCOUNT_NEVER,
                draft.name.spot,
                title,
                "nothing is sold to its zones",
            )
            .note("no rule of its plans is for its zones: mend them, or leave the discount out");
        return;
    }
    if !sold {
        report
            .error(
                codes::DISCOUNT_NEVER,
                draft.name.spot,
                title,
                "nothing that is sold meets its conditions",
            )
            .note("no rule of its plans is for its services, networks and direction: mend them, or leave the discount out");
    }
}

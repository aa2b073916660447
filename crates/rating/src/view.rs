//! A record as one catalog version sees it: which service, destination and serving network it is. Allowances
//! and discounts are for one of these each.

use crate::record::Record;
use umbral_catalog::tables::{Catalog, Whereabouts, ZoneFilter};
use umbral_model::ids::{DestinationNo, PrefixNo, ServiceNo};

/// Numbers of a record in one catalog version.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    /// The service; none where the version does not have it.
    pub(crate) service: Option<ServiceNo>,
    /// The zone that the record names.
    zone: Option<DestinationNo>,
    /// The longest prefix of its number, or the number itself, where it names no zone.
    pub(crate) prefix: Option<PrefixNo>,
    /// The set of zones that list that prefix.
    pub(crate) zone_set: Option<u32>,
    /// Where its serving network is.
    pub(crate) place: Whereabouts,
}

impl View {
    /// What `catalog` makes of the record; what it does not know is left out.
    #[inline]
    pub(crate) fn of(catalog: &Catalog, record: &Record<'_>) -> View {
        let service = catalog
            .services
            .iter()
            .position(|service| service.name == record.service);
        let zone = record.zone.and_then(|name| {
            let index = catalog.destinations.iter().position(|zone| zone == name)?;
            Some(DestinationNo(index as u16))
        });
        let found = match record.zone {
            None if !record.to.is_empty() => catalog.deck.look_up(record.to, record.whole),
            _ => None,
        };
        View {
            service: service.map(|index| ServiceNo(index as u8)),
            zone,
            prefix: found.map(|(prefix, _)| prefix),
            zone_set: found.map(|(_, zone_set)| zone_set),
            place: catalog.network_index.whereabouts(record.network),
        }
    }

    /// Whether the record's destination is one of the filter's.
    pub(crate) fn is_to(&self, filter: &ZoneFilter) -> bool {
        filter.admits(self.zone, self.zone_set)
    }

    /// The zone that the record names, as an index.
    pub(crate) fn named_zone(&self) -> Option<usize> {
        self.zone.map(DestinationNo::index)
    }
}

//! Names of the small numbers in events, from the catalogs of the journal.

use smol_str::SmolStr;
use umbral_catalog::version::CatalogSet;
use umbral_model::ids::{
    BandNo, DestinationNo, PlanNo, PrefixNo, RateNo, RuleNo, ServiceNo, VersionNo,
};
use umbral_model::units::Measurement;
use umbral_wire::Names;

/// Names as the catalogs give them.
#[derive(Clone, Copy, Debug)]
pub struct CatalogNames<'c>(pub &'c CatalogSet);

impl CatalogNames<'_> {
    fn catalog(&self, version: VersionNo) -> Option<&umbral_catalog::tables::Catalog> {
        self.0.get(version).map(|version| &*version.catalog)
    }
}

impl Names for CatalogNames<'_> {
    fn version(&self, version: VersionNo) -> Option<SmolStr> {
        Some(self.catalog(version)?.label.clone())
    }

    fn plan(&self, plan: PlanNo) -> Option<SmolStr> {
        self.0.plan_name(plan).map(SmolStr::new)
    }

    fn service(&self, version: VersionNo, service: ServiceNo) -> Option<(SmolStr, Measurement)> {
        let service = self.catalog(version)?.services.get(service.index())?;
        Some((service.name.clone(), service.measurement))
    }

    fn rule(&self, version: VersionNo, rule: RuleNo) -> Option<SmolStr> {
        Some(
            self.catalog(version)?
                .rules
                .get(rule.index())?
                .label
                .clone(),
        )
    }

    fn rate(&self, version: VersionNo, rate: RateNo) -> Option<SmolStr> {
        Some(self.catalog(version)?.rates.get(rate.index())?.name.clone())
    }

    fn band(&self, version: VersionNo, band: BandNo) -> Option<SmolStr> {
        Some(self.catalog(version)?.bands.get(band.index())?.name.clone())
    }

    fn prefix(&self, version: VersionNo, prefix: PrefixNo) -> Option<SmolStr> {
        self.catalog(version)?
            .deck
            .prefixes
            .get(prefix.index())
            .cloned()
    }

    fn zone(&self, version: VersionNo, zone: DestinationNo) -> Option<SmolStr> {
        self.catalog(version)?
            .destinations
            .get(zone.index())
            .cloned()
    }
}

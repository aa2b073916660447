//! Names of the small numbers in events, from the catalogs of the journal.

use smol_str::SmolStr;
use umbral_catalog::tables::{Catalog, Rate};
use umbral_catalog::version::CatalogSet;
use umbral_model::ids::{
    AllowanceNo, BandNo, DestinationNo, DiscountNo, PlanNo, PrefixNo, RateNo, RuleNo, ServiceNo,
    VersionNo,
};
use umbral_model::money::Currency;
use umbral_model::units::Measurement;
use umbral_wire::Names;

/// Names as the catalogs give them.
#[derive(Clone, Copy, Debug)]
pub struct CatalogNames<'c>(pub &'c CatalogSet);

impl CatalogNames<'_> {
    /// The currency of all amounts: a deployment has one, in all versions of its catalog.
    pub fn currency(&self) -> Option<Currency> {
        Some(self.0.latest()?.catalog.currency)
    }

    fn catalog(&self, version: VersionNo) -> Option<&Catalog> {
        self.0.get(version).map(|version| &*version.catalog)
    }
}

/// What a rate with tiers is measured in: as the services of a rule that uses it.
fn measured(catalog: &Catalog, rate: &str) -> Option<Measurement> {
    let with_tiers = |known: &Rate| known.tiers.is_some() && known.name == rate;
    let number = catalog.rates.iter().position(with_tiers)?;
    let mut rules = catalog.rules.terms().iter();
    let rule = rules.find(|rule| rule.rate.index() == number && !rule.services.is_empty())?;
    let service = catalog.services.get(rule.services.first()?.index())?;
    Some(service.measurement)
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

    fn allowance(
        &self,
        version: VersionNo,
        allowance: AllowanceNo,
    ) -> Option<(SmolStr, Measurement)> {
        let allowance = self.catalog(version)?.allowances.get(allowance.index())?;
        Some((allowance.name.clone(), allowance.measurement))
    }

    fn discount(&self, version: VersionNo, discount: DiscountNo) -> Option<SmolStr> {
        let discounts = &self.catalog(version)?.discounts;
        Some(discounts.get(discount.index())?.name.clone())
    }

    /// The newest version counts that has such a rate.
    fn tiers_of(&self, rate: &str) -> Option<Measurement> {
        let catalogs = self.0.iter().map(|version| &*version.catalog);
        catalogs
            .filter_map(|catalog| measured(catalog, rate))
            .last()
    }
}

//! The catalog as its files say it: values are read, names are not yet resolved.

pub(crate) mod allowances;
pub(crate) mod amounts;
pub(crate) mod bands;
pub(crate) mod cases;
pub(crate) mod classes;
pub(crate) mod collections;
pub(crate) mod collections_cases;
pub(crate) mod discounts;
pub(crate) mod head;
pub(crate) mod measures;
pub(crate) mod networks;
pub(crate) mod plans;
pub(crate) mod points_cases;
pub(crate) mod products;
pub(crate) mod profiles;
pub(crate) mod programmes;
pub(crate) mod rates;
pub(crate) mod services;
mod tiers;
pub(crate) mod vip;
pub(crate) mod zones;

use crate::ZoneSource;
use crate::case::CollectionsCase;
use crate::problem::Report;
use crate::source::Source;
use crate::tables::{CreditClass, Schedule};

/// Everything that was read.
#[derive(Debug)]
pub(crate) struct Draft {
    /// From `catalog.toml`.
    pub(crate) head: head::Head,
    /// Services, the built-in ones first.
    pub(crate) services: Vec<services::DraftService>,
    /// Zones and prefixes.
    pub(crate) zones: zones::Zones,
    /// Network groups.
    pub(crate) networks: networks::Networks,
    /// Bands.
    pub(crate) bands: Vec<bands::DraftBand>,
    /// Rates.
    pub(crate) rates: Vec<rates::DraftRate>,
    /// Plans.
    pub(crate) plans: Vec<plans::DraftPlan>,
    /// Products.
    pub(crate) products: Vec<products::DraftProduct>,
    /// Discounts.
    pub(crate) discounts: Vec<discounts::DraftDiscount>,
    /// Profiles.
    pub(crate) profiles: Vec<profiles::DraftActivation>,
    /// Classes.
    pub(crate) classes: Vec<CreditClass>,
    /// VIP levels.
    pub(crate) vip: vip::DraftLevels,
    /// Schedules.
    pub(crate) schedules: Vec<Schedule>,
    /// Loyalty programmes.
    pub(crate) programmes: Vec<programmes::DraftProgramme>,
    /// Cases of records.
    pub(crate) cases: Vec<cases::DraftCase>,
    /// Cases of points.
    pub(crate) points_cases: Vec<points_cases::DraftPointsCase>,
    /// Cases of collections.
    pub(crate) collections_cases: Vec<CollectionsCase>,
}

impl Draft {
    /// Reads everything and reports every value that cannot be read.
    pub(crate) fn read(source: &Source<'_>, zones: &dyn ZoneSource, report: &mut Report) -> Draft {
        let head = head::read(source, zones, report);
        let services = services::read(source, report);
        let holidays = bands::holidays(source, report);
        let calendars = collections::calendars(source, &holidays, report);
        let schedules = collections::schedules(source, &head, &services, &calendars, report);
        Draft {
            zones: zones::read(source, head.numbers, report),
            networks: networks::read(source, report),
            bands: bands::read(source, &holidays, report),
            rates: rates::read(source, head.numbers, report),
            plans: plans::read(source, &head, report),
            products: products::read(source, &head, report),
            discounts: discounts::read(source, &head, report),
            profiles: profiles::read(source, &head, report),
            classes: classes::read(source, &head, &services, report),
            programmes: programmes::read(source, &head, report),
            vip: vip::read(source, report),
            cases: cases::read(source, &head, &services, report),
            points_cases: points_cases::read(source, &head, report),
            collections_cases: collections_cases::read(source, &head, report),
            schedules,
            services,
            head,
        }
    }
}

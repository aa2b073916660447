//! What allowances take of a record before it costs money (rule 8 of the tariff reference).
//!
//! Each billed unit, in order of time, is taken by the first grant that covers it and has units left. Between
//! two edges of the grants' time bands nothing changes but what is left, so the units are taken a stretch at a
//! time: the work depends on segments, grants and edges of bands.

use crate::account::Available;
use crate::band::WallClock;
use crate::record::{Axis, Record};
use crate::segments::Walk;
use crate::view::View;
use smallvec::SmallVec;
use umbral_catalog::tables::{Allowance, Band, Whereabouts};
use umbral_catalog::version::Version;
use umbral_model::charge::{Charge, Covered};
use umbral_model::ids::VersionNo;
use umbral_model::money::Pico;
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::Timestamp;

/// A grant that may cover the record as far as its bands hold.
#[derive(Debug)]
struct Candidate<'a> {
    available: &'a Available<'a>,
    allowance: &'a Allowance,
    /// Units left of the grant.
    left: u64,
    /// Units of them that may be used where the record is.
    usable: u64,
    /// Whether one of its bands holds, for units before this one.
    holds: bool,
    known_until: u64,
}

impl<'a> Candidate<'a> {
    fn bands(&self) -> impl Iterator<Item = &'a Band> + use<'a> {
        let (allowance, catalog) = (self.allowance, &self.available.version.catalog);
        let bands = allowance.bands.iter();
        bands.filter_map(|band| catalog.bands.get(band.index()))
    }

    /// Finds out whether one of its bands holds for the unit after `at` units, and before which unit that
    /// cannot change.
    fn look_up(&mut self, axis: &Axis, clocks: &mut Clocks, at: u64) {
        let clock = clocks.at(self.available.version, axis.instant(at));
        let windows = self.bands().flat_map(|band| &band.windows);
        self.known_until = axis.units_until(clock.next_edge(windows));
        self.holds = self.bands().any(|band| clock.holds(band));
    }
}

/// Lets the grants take what they cover of the record's billed units. Units that cost nothing are never taken.
pub(crate) fn cover(
    charge: &mut Charge,
    walk: &Walk<'_>,
    record: &Record<'_>,
    grants: &[Available<'_>],
) -> Result<(), Rejection> {
    let mut candidates = SmallVec::new();
    select(&mut candidates, walk, record, grants)?;
    if candidates.is_empty() {
        return Ok(());
    }
    let mut clocks = Clocks::default();
    for index in 0..charge.segments.len() {
        let segment = &charge.segments[index];
        if segment.price <= Pico::ZERO && segment.tier.is_none() {
            continue;
        }
        let mut at = segment.offset;
        let end = segment.offset.saturating_add(segment.billed);
        while at < end {
            let (chosen, until) = choose(&mut candidates, &walk.axis, &mut clocks, at);
            let until = until.min(end);
            at = match chosen {
                None => until,
                Some(chosen) => {
                    let candidate = &mut candidates[chosen];
                    let units = (until - at).min(candidate.usable);
                    candidate.left -= units;
                    candidate.usable -= units;
                    take(charge, index, candidate, units);
                    at + units
                }
            };
        }
    }
    if charge.setup != Pico::ZERO && candidates.iter().any(waives_setup) {
        charge.setup = Pico::ZERO;
    }
    Ok(())
}

fn waives_setup(candidate: &Candidate<'_>) -> bool {
    candidate.allowance.waives_setup && candidate.left < candidate.available.left
}

/// Selects the grants that may cover the record by service, direction, destination and serving network, each as its
/// own catalog version defines it.
fn select<'a>(
    candidates: &mut SmallVec<[Candidate<'a>; 4]>,
    walk: &Walk<'_>,
    record: &Record<'_>,
    grants: &'a [Available<'a>],
) -> Result<(), Rejection> {
    let (mut version, mut view) = (walk.version.number, walk.view);
    for available in grants {
        let catalog = &*available.version.catalog;
        if available.version.number != version {
            version = available.version.number;
            view = View::of(catalog, record);
        }
        let Some(allowance) = catalog.allowances.get(available.allowance.index()) else {
            let label = &catalog.label;
            let detail = format!("catalog {label} has no allowance {}", available.allowance);
            return Err(Rejection::new(Reason::BadCatalog, detail));
        };
        let usable = match (view.place, available.left_abroad) {
            (Whereabouts::Home, _) | (_, None) => available.left,
            (_, Some(abroad)) => available.left.min(abroad),
        };
        if usable > 0 && covers(allowance, &view, record) {
            candidates.push(Candidate {
                available,
                allowance,
                left: available.left,
                usable,
                holds: false,
                known_until: 0,
            });
        }
    }
    Ok(())
}

fn covers(allowance: &Allowance, view: &View, record: &Record<'_>) -> bool {
    let of_service = view
        .service
        .is_some_and(|service| allowance.services.binary_search(&service).is_ok());
    of_service
        && allowance
            .direction
            .is_none_or(|direction| direction == record.direction)
        && allowance.networks.admits(view.place)
        && view.is_to(&allowance.zones)
}

/// The grant that takes the unit after `at` units, if one does, and the unit before which that cannot change
/// but by what is left.
fn choose(
    candidates: &mut [Candidate<'_>],
    axis: &Axis,
    clocks: &mut Clocks,
    at: u64,
) -> (Option<usize>, u64) {
    let mut until = u64::MAX;
    for (index, candidate) in candidates.iter_mut().enumerate() {
        if candidate.usable == 0 {
            continue;
        }
        if candidate.allowance.bands.is_empty() {
            return (Some(index), until);
        }
        if at >= candidate.known_until {
            candidate.look_up(axis, clocks, at);
        }
        until = until.min(candidate.known_until);
        if candidate.holds {
            return (Some(index), until);
        }
    }
    (None, until)
}

/// The wall clock that was read last: most grants are of one version, and time goes on.
#[derive(Debug, Default)]
struct Clocks(Option<(VersionNo, WallClock)>);

impl Clocks {
    /// The clock of a version's zone, at an instant not before those that were asked for.
    fn at(&mut self, version: &Version, at: Timestamp) -> &WallClock {
        let (number, zone) = (version.number, &version.catalog.zone);
        let clock = match &self.0 {
            Some((known, clock)) if *known == number => clock.later(zone, at),
            _ => WallClock::at(zone, at),
        };
        &self.0.insert((number, clock)).1
    }
}

/// Notes what a grant took of a segment; what it took before of the same segment is added to.
fn take(charge: &mut Charge, segment: usize, candidate: &Candidate<'_>, units: u64) {
    charge.segments[segment].covered += units;
    let grant = candidate.available.grant;
    let of_segment = charge
        .covered
        .iter_mut()
        .rev()
        .take_while(|covered| usize::from(covered.segment) == segment);
    for covered in of_segment {
        if covered.grant == grant {
            covered.units += units;
            covered.left = candidate.left;
            return;
        }
    }
    charge.covered.push(Covered {
        segment: segment as u16,
        grant,
        version: candidate.available.version.number,
        allowance: candidate.available.allowance,
        units,
        left: candidate.left,
    });
}

//! Time zones from the IANA database as plain data. Only edges call this: the rules found here go into the
//! journal, and the core reads them from there.

use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::Tz;
use rustc_hash::FxHashMap;
use std::sync::{LazyLock, Mutex, PoisonError};
use umbral_model::time::ZoneRules;

/// First second covered: 1970-01-01. Before it the offset of that day holds.
const FIRST: i64 = 0;
/// End of the cover: 2100-01-01. From then on the last offset holds.
const LAST: i64 = 4_102_444_800;
/// Step of the scan. No zone changes its offset and takes the change back within a day.
const STEP: i64 = 86_400;

static CACHE: LazyLock<Mutex<FxHashMap<Tz, ZoneRules>>> = LazyLock::new(Mutex::default);

/// The rules of an IANA zone such as `Europe/Madrid` from 1970 to 2100; `None` for a name that the database
/// does not have. Names are exact, upper and lower case included.
pub fn iana(name: &str) -> Option<ZoneRules> {
    let zone: Tz = name.parse().ok()?;
    let mut cache = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
    Some(
        cache
            .entry(zone)
            .or_insert_with(|| scan(name, zone))
            .clone(),
    )
}

/// The IANA database as the source of zones for catalogs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Iana;

impl umbral_catalog::ZoneSource for Iana {
    fn rules(&self, name: &str) -> Option<ZoneRules> {
        iana(name)
    }
}

fn scan(name: &str, zone: Tz) -> ZoneRules {
    let initial_offset = offset_at(zone, FIRST);
    let mut transitions = Vec::new();
    let (mut before, mut second) = (initial_offset, FIRST);
    while second < LAST {
        let next = (second + STEP).min(LAST);
        let after = offset_at(zone, next);
        if after != before {
            transitions.push((first_second_of(zone, after, second, next), after));
            before = after;
        }
        second = next;
    }
    ZoneRules {
        name: name.into(),
        initial_offset,
        transitions,
    }
}

/// The first second with `offset`, which does not hold at `before` and holds at `after`.
fn first_second_of(zone: Tz, offset: i32, mut before: i64, mut after: i64) -> i64 {
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        if offset_at(zone, middle) == offset {
            after = middle;
        } else {
            before = middle;
        }
    }
    after
}

fn offset_at(zone: Tz, second: i64) -> i32 {
    DateTime::from_timestamp(second, 0).map_or(0, |at| {
        zone.offset_from_utc_datetime(&at.naive_utc())
            .fix()
            .local_minus_utc()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use umbral_model::time::{Date, LocalMeaning, LocalTime, Timestamp};

    #[test]
    fn transitions_stand_on_the_second() {
        let cases = [
            // zone, instant, seconds east of UTC
            ("Europe/Madrid", "2026-03-29T00:59:59Z", 3600),
            ("Europe/Madrid", "2026-03-29T01:00:00Z", 7200),
            ("Europe/Madrid", "2026-10-25T00:59:59Z", 7200),
            ("Europe/Madrid", "2026-10-25T01:00:00Z", 3600),
            ("Europe/Dublin", "2014-10-26T00:59:59Z", 3600),
            ("Europe/Dublin", "2014-10-26T01:00:00Z", 0),
            ("America/New_York", "1997-04-06T06:59:59Z", -18000),
            ("America/New_York", "1997-04-06T07:00:00Z", -14400),
            ("Asia/Kathmandu", "1985-12-31T18:29:59Z", 19800),
            ("Asia/Kathmandu", "1985-12-31T18:30:00Z", 20700),
            ("Australia/Lord_Howe", "2026-01-01T00:00:00Z", 39600),
            ("Europe/Madrid", "2099-07-01T00:00:00Z", 7200),
            ("UTC", "2026-07-01T00:00:00Z", 0),
        ];
        for (zone, at, offset) in cases {
            let rules = iana(zone).unwrap();
            let at = Timestamp::parse(at).unwrap();
            assert_eq!(rules.offset_at(at), offset, "{zone} at {at}");
        }
    }

    #[test]
    fn a_day_that_a_zone_left_out_is_a_gap() {
        // Samoa crossed the date line: 2011-12-30 did not happen there.
        let apia = iana("Pacific/Apia").unwrap();
        let noon = LocalTime {
            date: Date::from_ymd(2011, 12, 30).unwrap(),
            nano_of_day: 43_200_000_000_000,
        };
        assert_eq!(
            apia.meaning(noon),
            LocalMeaning::Gap(Timestamp::parse("2011-12-30T10:00:00Z").unwrap())
        );
    }

    #[test]
    fn unknown_names_are_none() {
        for name in ["", "Europe/Atlantis", "europe/madrid", "CEST"] {
            assert!(iana(name).is_none(), "{name}");
        }
    }
}

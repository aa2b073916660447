//! Instants, dates and zones, with the two days a year on which clocks change.

#![allow(clippy::expect_used, reason = "a test that cannot go on says why")]

use umbral_model::time::{Date, LocalMeaning, LocalTime, Timestamp, ZoneRules};

/// Madrid in 2026: clocks go forward on 29 March at 01:00Z and back on 25 October at 01:00Z.
fn madrid() -> ZoneRules {
    let second = |text: &str| Timestamp::parse(text).expect("an instant").seconds();
    ZoneRules {
        name: "Europe/Madrid".into(),
        initial_offset: 3_600,
        transitions: vec![
            (second("2026-03-29T01:00:00Z"), 7_200),
            (second("2026-10-25T01:00:00Z"), 3_600),
        ],
    }
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("an instant")
}

#[test]
fn instants_are_read_and_written() {
    let cases = [
        ("2026-03-02T10:00:00+01:00", "2026-03-02T09:00:00Z"),
        ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.5Z"),
        (
            "2024-02-29T00:00:00.000000001-00:30",
            "2024-02-29T00:30:00.000000001Z",
        ),
        ("2026-03-02t10:00:00z", "2026-03-02T10:00:00Z"),
    ];
    for (text, shown) in cases {
        assert_eq!(at(text).to_string(), shown, "{text}");
    }
    let bad = [
        "2026-03-02",
        "2026-03-02T10:00:00",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-03-02T24:00:00Z",
        "2026-03-02T10:60:00Z",
        "2026-03-02T10:00:00.Z",
        "2026-03-02T10:00:00+1:00",
        "2026-03-02T10:00:00.0000000001Z",
        "9999-03-02T10:00:00Z",
        "2026-03-02T10:00:00ZZ",
        "２026-03-02T10:00:00Z",
    ];
    for text in bad {
        assert_eq!(Timestamp::parse(text), None, "{text}");
    }
}

#[test]
fn dates_count_days_weekdays_and_months() {
    let date = |text: &str| Date::parse(text).expect("a date");
    assert_eq!(date("1970-01-01").days(), 0);
    assert_eq!(date("2000-03-01").days() - date("2000-02-28").days(), 2);
    assert_eq!(date("1900-03-01").days() - date("1900-02-28").days(), 1);
    assert_eq!(date("2026-03-02").weekday(), 1);
    assert_eq!(date("1969-12-28").weekday(), 7);
    let cases = [
        ("2024-01-31", 1, "2024-02-29"),
        ("2026-01-31", 13, "2027-02-28"),
        ("2026-03-31", -1, "2026-02-28"),
    ];
    for (from, months, to) in cases {
        assert_eq!(
            date(from).plus_months(months),
            date(to),
            "{from} + {months}"
        );
    }
    for days in (-800_000..800_000).step_by(37) {
        let date = Date::from_days(days);
        let (year, month, day) = date.ymd();
        assert_eq!(Date::from_ymd(year, month, day), Some(date));
    }
}

#[test]
fn local_times_meet_the_clock_changes() {
    let zone = madrid();
    let local = |text: &str, hour: i64, minute: i64| LocalTime {
        date: Date::parse(text).expect("a date"),
        nano_of_day: (hour * 3_600 + minute * 60) * 1_000_000_000,
    };
    let cases = [
        (
            local("2026-03-29", 1, 59),
            LocalMeaning::Single(at("2026-03-29T00:59:00Z")),
        ),
        (
            local("2026-03-29", 2, 30),
            LocalMeaning::Gap(at("2026-03-29T01:00:00Z")),
        ),
        (
            local("2026-03-29", 3, 0),
            LocalMeaning::Single(at("2026-03-29T01:00:00Z")),
        ),
        (
            local("2026-10-25", 2, 30),
            LocalMeaning::Ambiguous(at("2026-10-25T00:30:00Z"), at("2026-10-25T01:30:00Z")),
        ),
        (
            local("2026-10-25", 3, 0),
            LocalMeaning::Single(at("2026-10-25T02:00:00Z")),
        ),
        (
            local("2026-07-01", 0, 0),
            LocalMeaning::Single(at("2026-06-30T22:00:00Z")),
        ),
    ];
    for (wall, meaning) in cases {
        assert_eq!(zone.meaning(wall), meaning, "{wall:?}");
    }
}

#[test]
fn every_instant_is_one_of_the_meanings_of_its_wall_clock() {
    let zone = madrid();
    let start = at("2026-03-27T00:00:00Z");
    for quarter in 0..(220 * 96) {
        let instant = start.plus_nanos(quarter * 900 * 1_000_000_000);
        let meaning = zone.meaning(zone.local(instant));
        let found = match meaning {
            LocalMeaning::Single(only) => only == instant,
            LocalMeaning::Ambiguous(early, late) => early == instant || late == instant,
            LocalMeaning::Gap(_) => false,
        };
        assert!(found, "{instant} {meaning:?}");
    }
}

#[test]
fn a_day_whose_midnight_does_not_exist_begins_after_the_gap() {
    let change = at("2026-09-06T04:00:00Z").seconds();
    let zone = ZoneRules {
        name: "Test/Gap".into(),
        initial_offset: -4 * 3_600,
        transitions: vec![(change, -3 * 3_600)],
    };
    let day = Date::parse("2026-09-06").expect("a date");
    assert_eq!(zone.start_of_day(day), at("2026-09-06T04:00:00Z"));
    assert_eq!(
        zone.local(at("2026-09-06T04:00:00Z")).nano_of_day,
        3_600 * 1_000_000_000
    );
}

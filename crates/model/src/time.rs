//! Instants, civil dates and time zones in integers. Zone rules are data: the edges read them from the
//! IANA database, the journal holds them, and no calculation here asks the machine for anything.

use core::fmt;
use smol_str::SmolStr;

/// Nanoseconds in a second.
pub const NANOS_PER_SECOND: i64 = 1_000_000_000;
/// Seconds in a civil day.
pub const SECONDS_PER_DAY: i64 = 86_400;
/// Nanoseconds of a day without a change of clocks.
pub const NANOS_PER_DAY: i64 = SECONDS_PER_DAY * NANOS_PER_SECOND;

/// An instant: nanoseconds since 1970-01-01T00:00:00Z. Covers 1677-09-21 to 2262-04-11.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize,
)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Before everything.
    pub const MIN: Timestamp = Timestamp(i64::MIN);
    /// After everything.
    pub const MAX: Timestamp = Timestamp(i64::MAX);

    /// From nanoseconds since the epoch.
    pub const fn from_nanos(nanos: i64) -> Self {
        Timestamp(nanos)
    }

    /// From whole seconds since the epoch, held at the ends of the range.
    pub const fn from_seconds(seconds: i64) -> Self {
        Timestamp(seconds.saturating_mul(NANOS_PER_SECOND))
    }

    /// Nanoseconds since the epoch.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(NANOS_PER_SECOND)
    }

    /// The instant `nanos` later (earlier if negative), held at the ends of the range.
    pub const fn plus_nanos(self, nanos: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(nanos))
    }

    /// Nanoseconds from `earlier` to `self`, held at the ends of the range.
    pub const fn since(self, earlier: Timestamp) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The UTC date.
    pub fn utc_date(self) -> Date {
        Date::from_days(self.seconds().div_euclid(SECONDS_PER_DAY) as i32)
    }

    /// Reads RFC 3339 (`2026-03-02T10:00:00.5+01:00`, `...Z`); `None` for anything else.
    pub fn parse(text: &str) -> Option<Timestamp> {
        parse_rfc3339(text)
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, with only the decimals that are needed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let second_of_day = self.seconds().rem_euclid(SECONDS_PER_DAY);
        let [h, m, s] = [
            second_of_day / 3600,
            second_of_day / 60 % 60,
            second_of_day % 60,
        ]
        .map(|part| two_digits(part as u8));
        let time = [b'T', h[0], h[1], b':', m[0], m[1], b':', s[0], s[1]];
        fmt::Display::fmt(&self.utc_date(), f)?;
        write_ascii(&time, f)?;
        let mut fraction = self.0.rem_euclid(NANOS_PER_SECOND);
        if fraction != 0 {
            let mut width = 9;
            while fraction % 10 == 0 {
                fraction /= 10;
                width -= 1;
            }
            write!(f, ".{fraction:0width$}")?;
        }
        f.write_str("Z")
    }
}

/// A number below 100.
fn two_digits(number: u8) -> [u8; 2] {
    [b'0' + number / 10, b'0' + number % 10]
}

fn write_ascii(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(core::str::from_utf8(bytes).map_err(|_| fmt::Error)?)
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn digits(bytes: &[u8]) -> Option<i64> {
    bytes.iter().try_fold(0i64, |value, byte| {
        byte.is_ascii_digit()
            .then(|| value * 10 + i64::from(byte - b'0'))
    })
}

fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    if bytes.len() < 20 || bytes[13] != b':' || bytes[16] != b':' {
        return None;
    }
    if !matches!(bytes[10], b'T' | b't' | b' ') {
        return None;
    }
    let date = Date::parse(text.get(..10)?)?;
    let (h, m, s) = (
        digits(&bytes[11..13])?,
        digits(&bytes[14..16])?,
        digits(&bytes[17..19])?,
    );
    if h > 23 || m > 59 || s > 59 {
        return None;
    }
    let mut rest = &bytes[19..];
    let mut nanos = 0;
    if let [b'.', tail @ ..] = rest {
        let count = tail.iter().take_while(|b| b.is_ascii_digit()).count();
        if count == 0 || count > 9 {
            return None;
        }
        nanos = digits(&tail[..count])? * 10i64.pow(9 - count as u32);
        rest = &tail[count..];
    }
    let offset = match rest {
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (oh, om) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?);
            if oh > 23 || om > 59 {
                return None;
            }
            let seconds = oh * 3600 + om * 60;
            if *sign == b'-' { -seconds } else { seconds }
        }
        _ => return None,
    };
    let seconds = i64::from(date.days()) * SECONDS_PER_DAY + h * 3600 + m * 60 + s - offset;
    seconds
        .checked_mul(NANOS_PER_SECOND)?
        .checked_add(nanos)
        .map(Timestamp)
}

/// A civil date: days since 1970-01-01 in the proleptic Gregorian calendar.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize,
)]
pub struct Date(i32);

impl Date {
    /// From days since 1970-01-01.
    pub const fn from_days(days: i32) -> Self {
        Date(days)
    }

    /// Days since 1970-01-01.
    pub const fn days(self) -> i32 {
        self.0
    }

    /// From year, month (1 to 12) and day; `None` if there is no such day.
    pub fn from_ymd(year: i32, month: u8, day: u8) -> Option<Date> {
        if !(1..=12).contains(&month) || day == 0 || day > days_in_month(year, month) {
            return None;
        }
        let shifted_year = i64::from(year) - i64::from(month <= 2);
        let era = shifted_year.div_euclid(400);
        let year_of_era = shifted_year.rem_euclid(400);
        let shifted_month = (i64::from(month) + 9) % 12;
        let day_of_year = (153 * shifted_month + 2) / 5 + i64::from(day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        i32::try_from(era * 146_097 + day_of_era - 719_468)
            .ok()
            .map(Date)
    }

    /// Year, month (1 to 12) and day (1 to 31).
    pub fn ymd(self) -> (i32, u8, u8) {
        let shifted = i64::from(self.0) + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = (day_of_year - (153 * shifted_month + 2) / 5 + 1) as u8;
        let month = if shifted_month < 10 {
            shifted_month + 3
        } else {
            shifted_month - 9
        } as u8;
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        (year as i32, month, day)
    }

    /// ISO weekday: 1 is Monday, 7 is Sunday.
    pub fn weekday(self) -> u8 {
        ((i64::from(self.0) + 3).rem_euclid(7) + 1) as u8
    }

    /// The date `days` later (earlier if negative).
    pub const fn plus_days(self, days: i32) -> Date {
        Date(self.0.saturating_add(days))
    }

    /// The same day `months` later, clamped to the month's end.
    pub fn plus_months(self, months: i32) -> Date {
        let (year, month, day) = self.ymd();
        let total = year * 12 + i32::from(month) - 1 + months;
        let (year, month) = (total.div_euclid(12), (total.rem_euclid(12) + 1) as u8);
        Date::from_ymd(year, month, day.min(days_in_month(year, month))).unwrap_or(self)
    }

    /// Reads `YYYY-MM-DD`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Date> {
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return None;
        }
        let year = digits(&bytes[..4])? as i32;
        Date::from_ymd(
            year,
            digits(&bytes[5..7])? as u8,
            digits(&bytes[8..])? as u8,
        )
    }
}

/// Days of a month, 28 to 31; `month` is 1 to 12.
pub fn days_in_month(year: i32, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.ymd();
        let [m, d] = [two_digits(month), two_digits(day)];
        let day = [b'-', m[0], m[1], b'-', d[0], d[1]];
        match year {
            0..=9999 => {
                let (y, z) = (
                    two_digits((year / 100) as u8),
                    two_digits((year % 100) as u8),
                );
                write_ascii(&[y[0], y[1], z[0], z[1]], f)?;
            }
            _ => write!(f, "{year:04}")?,
        }
        write_ascii(&day, f)
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A local wall-clock time: date and nanosecond of the day.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct LocalTime {
    /// Local date.
    pub date: Date,
    /// Nanoseconds since local midnight by the wall clock, `0..86_400 * 10^9`.
    pub nano_of_day: i64,
}

/// What a local time means in a zone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LocalMeaning {
    /// Exactly one instant.
    Single(Timestamp),
    /// Two instants, when clocks go back: the earlier and the later one.
    Ambiguous(Timestamp, Timestamp),
    /// No instant, when clocks go forward; holds the first valid instant after the gap.
    Gap(Timestamp),
}

/// The offsets of one time zone: what holds before the first change, then the changes in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ZoneRules {
    /// IANA name, such as `Europe/Madrid`.
    pub name: SmolStr,
    /// Seconds east of UTC before the first transition.
    pub initial_offset: i32,
    /// (UTC second of the change, seconds east of UTC from then on), ascending.
    pub transitions: Vec<(i64, i32)>,
}

impl ZoneRules {
    /// UTC itself.
    pub fn utc() -> ZoneRules {
        ZoneRules {
            name: SmolStr::new_static("UTC"),
            initial_offset: 0,
            transitions: Vec::new(),
        }
    }

    /// Seconds east of UTC at an instant.
    pub fn offset_at(&self, at: Timestamp) -> i32 {
        let second = at.seconds();
        match self
            .transitions
            .partition_point(|(change, _)| *change <= second)
        {
            0 => self.initial_offset,
            n => self.transitions[n - 1].1,
        }
    }

    /// The wall clock at an instant.
    pub fn local(&self, at: Timestamp) -> LocalTime {
        let shifted =
            i128::from(at.nanos()) + i128::from(self.offset_at(at)) * i128::from(NANOS_PER_SECOND);
        let day = i128::from(NANOS_PER_DAY);
        LocalTime {
            date: Date::from_days(shifted.div_euclid(day) as i32),
            nano_of_day: shifted.rem_euclid(day) as i64,
        }
    }

    /// The instants at which the wall clock shows `local`.
    pub fn meaning(&self, local: LocalTime) -> LocalMeaning {
        let wall = i64::from(local.date.days()) * SECONDS_PER_DAY
            + local.nano_of_day.div_euclid(NANOS_PER_SECOND);
        let fraction = local.nano_of_day.rem_euclid(NANOS_PER_SECOND);
        let mut found: [Option<Timestamp>; 2] = [None, None];
        let from = self
            .transitions
            .partition_point(|(change, _)| *change < wall - 172_800);
        let mut before = if from == 0 {
            self.initial_offset
        } else {
            self.transitions[from - 1].1
        };
        let mut lower = i64::MIN;
        for index in from..=self.transitions.len() {
            let (upper, next) = self
                .transitions
                .get(index)
                .copied()
                .unwrap_or((i64::MAX, before));
            let candidate = wall - i64::from(before);
            if candidate >= lower && candidate < upper {
                let at = Timestamp::from_seconds(candidate).plus_nanos(fraction);
                if found[0].is_none() {
                    found[0] = Some(at)
                } else {
                    found[1] = Some(at)
                }
            } else if candidate < lower && found[0].is_none() {
                return LocalMeaning::Gap(Timestamp::from_seconds(lower));
            }
            if upper > wall + 172_800 {
                break;
            }
            (lower, before) = (upper, next);
        }
        match found {
            [Some(early), Some(late)] => LocalMeaning::Ambiguous(early, late),
            [Some(only), None] => LocalMeaning::Single(only),
            _ => LocalMeaning::Gap(Timestamp::from_seconds(lower)),
        }
    }

    /// The instant of a wall-clock second of a day: the earlier of two, the first valid after a gap.
    pub fn instant_of(&self, date: Date, second_of_day: i64) -> Timestamp {
        let local = LocalTime {
            date,
            nano_of_day: second_of_day * NANOS_PER_SECOND,
        };
        match self.meaning(local) {
            LocalMeaning::Single(at) | LocalMeaning::Ambiguous(at, _) | LocalMeaning::Gap(at) => at,
        }
    }

    /// The first instant of a local day (the first valid one where midnight does not exist).
    pub fn start_of_day(&self, date: Date) -> Timestamp {
        self.instant_of(date, 0)
    }
}

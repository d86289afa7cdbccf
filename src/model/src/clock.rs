//! Time as an argument: wall-clock milliseconds that are read in one place.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(u64);

impl Timestamp {
    /// From milliseconds since the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// From seconds since the Unix epoch, as JWT claims count (RFC 7519, section 2).
    #[must_use]
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    #[must_use]
    pub const fn as_seconds(self) -> u64 {
        self.0 / 1000
    }

    /// From a date and time in UTC as web interfaces write it (RFC 3339), such as `2026-11-20T14:10:26Z`. A fraction of a second is
    /// dropped. `None` for anything else, an offset other than `Z` and years before 1970 included.
    #[must_use]
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
        let time = match time.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit()) => whole,
            Some(_) => return None,
            None => time,
        };
        let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
        let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
        let is_leap_year = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let february = if is_leap_year { 29 } else { 28 };
        let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let days_in_month = *months.get(usize::try_from(month.checked_sub(1)?).ok()?)?;
        // A leap second is counted as the one after it.
        if year < 1970 || !(1..=days_in_month).contains(&day) || hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let before: u64 = months.iter().zip(1..month).map(|(days, _)| days).sum();
        let leap_days = |year: u64| year / 4 - year / 100 + year / 400;
        let days = (year - 1970) * 365 + leap_days(year - 1) - leap_days(1969) + before + day - 1;
        Some(Self::from_seconds(((days * 24 + hour) * 60 + minute) * 60 + second))
    }

    /// The day in UTC, as ISO 8601 writes it.
    #[must_use]
    pub fn to_day(self) -> String {
        // Years of 365.2425 days that begin in March, so that the day of a leap year is the last one.
        const DAYS_TO_1970_FROM_MARCH_OF_0: u64 = 719_468;
        const DAYS_IN_400_YEARS: u64 = 146_097;
        let days = self.as_seconds() / 86_400 + DAYS_TO_1970_FROM_MARCH_OF_0;
        let (era, day) = (days / DAYS_IN_400_YEARS, days % DAYS_IN_400_YEARS);
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = era * 400 + year + u64::from(month <= 2);
        format!("{year:04}-{month:02}-{day:02}")
    }

    /// This moment and a while.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }

    /// How long from `earlier` until this moment; zero where `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// Three numbers of so many digits each.
fn numbers(text: &str, separator: char, lengths: [usize; 3]) -> Option<[u64; 3]> {
    let mut parts = text.split(separator);
    let mut found = [0; 3];
    for (number, length) in found.iter_mut().zip(lengths) {
        let part = parts.next().filter(|part| part.len() == length && part.bytes().all(|b| b.is_ascii_digit()))?;
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(found)
}

/// Tells the time. The system's clock in the program, a clock moved by hand in tests.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// The clock of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
        let now = SystemTime::now();
        let millis = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        Timestamp(u64::try_from(millis).unwrap_or(u64::MAX))
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock(AtomicU64);

impl ManualClock {
    /// A clock that shows `now`.
    #[must_use]
    pub const fn at(now: Timestamp) -> Self {
        Self(AtomicU64::new(now.0))
    }

    /// Moves the clock forward.
    pub fn advance(&self, duration: Duration) {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_the_second_that_it_names() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1972-02-29T23:59:59Z", 68_255_999),
            ("2000-02-29T12:00:00Z", 951_825_600),
            ("2000-03-01T00:00:00.999999999Z", 951_868_800),
            ("2016-07-11T22:14:10Z", 1_468_275_250),
            ("2026-12-31T23:59:60Z", 1_798_761_600),
            ("2100-03-01T00:00:00Z", 4_107_542_400),
        ] {
            assert_eq!(Timestamp::from_rfc3339(text), Some(Timestamp::from_seconds(seconds)), "{text}");
        }
    }

    #[test]
    fn every_day_is_written_as_it_is_read() {
        for day in 0..(400 * 366) {
            let second = Timestamp::from_seconds(day * 86_400 + 86_399);
            assert_eq!(Timestamp::from_rfc3339(&format!("{}T23:59:59Z", second.to_day())), Some(second));
        }
    }

    #[test]
    fn what_is_no_date_in_utc_is_refused() {
        for text in [
            "",
            "2026-11-20",
            "2026-11-20T14:10:26",
            "2026-11-20T14:10:26+01:00",
            "2026-11-20T14:10:26.Z",
            "2026-11-20T14:10:26.1aZ",
            "2026-11-20 14:10:26Z",
            "2026-11-20T14:10Z",
            "2026-11-20T14:10:26:00Z",
            "2026-00-20T14:10:26Z",
            "2026-13-20T14:10:26Z",
            "2026-02-29T14:10:26Z",
            "2026-11-31T14:10:26Z",
            "2026-11-00T14:10:26Z",
            "2026-11-20T24:10:26Z",
            "2026-11-20T14:60:26Z",
            "2026-11-20T14:10:61Z",
            "1969-12-31T23:59:59Z",
            "12026-11-20T14:10:26Z",
            "2026-1-20T14:10:26Z",
            "+026-11-20T14:10:26Z",
        ] {
            assert_eq!(Timestamp::from_rfc3339(text), None, "{text}");
        }
    }
}

//! Times as signatures write them: `20150830T123600Z`, always in UTC.

use model::Timestamp;

const LENGTH: usize = 16;
const SECONDS_PER_DAY: u64 = 24 * 60 * 60;

/// Reads a time. A day that the month does not have is taken as one of the next month; such a time verifies nothing.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    if bytes.len() != LENGTH || bytes.get(8) != Some(&b'T') || bytes.get(15) != Some(&b'Z') {
        return None;
    }
    let number = |from: usize, to: usize| {
        let digits = bytes.get(from..to)?;
        digits.iter().try_fold(0_u64, |sum, b| b.is_ascii_digit().then(|| sum * 10 + u64::from(b - b'0')))
    };
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    let (hour, minute, second) = (number(9, 11)?, number(11, 13)?, number(13, 15)?);
    let fits = year >= 1970 && (1..=12).contains(&month) && (1..=31).contains(&day);
    let fits = fits && hour < 24 && minute < 60 && second < 60;
    fits.then(|| days(year, month, day) * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second)
        .map(Timestamp::from_seconds)
}

/// Writes a time.
pub(crate) fn format(time: Timestamp) -> String {
    format_extended(time).replace(['-', ':'], "")
}

/// Writes a time as RFC 3339 has it: `2015-08-30T12:36:00Z`.
pub(crate) fn format_extended(time: Timestamp) -> String {
    let seconds = time.as_seconds();
    let (year, month, day) = date(seconds / SECONDS_PER_DAY);
    let second = seconds % SECONDS_PER_DAY;
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

/// Days from 1970-01-01 to a date of the Gregorian calendar. Years are counted from March, so that a leap day ends its year.
const fn days(year: u64, month: u64, day: u64) -> u64 {
    let year_from_march = if month < 3 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let days_before_month = (153 * month_from_march + 2) / 5;
    let leap_days = year_from_march / 4 - year_from_march / 100 + year_from_march / 400;
    // 719,468 days lie between March 1st of the year 0 and the epoch.
    year_from_march * 365 + leap_days + days_before_month + day - 1 - 719_468
}

/// The date of a day that many days after 1970-01-01.
const fn date(days_since_epoch: u64) -> (u64, u64, u64) {
    const DAYS_PER_ERA: u64 = 146_097; // 400 years
    let days = days_since_epoch + 719_468;
    let (era, day_of_era) = (days / DAYS_PER_ERA, days % DAYS_PER_ERA);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = 400 * era + year_of_era;
    (if month < 3 { year + 1 } else { year }, month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_times_are_read_and_written() {
        for (text, seconds) in [
            ("19700101T000000Z", 0),
            ("20000229T235959Z", 951_868_799),
            ("20150830T123600Z", 1_440_938_160),
            ("21000301T000000Z", 4_107_542_400),
        ] {
            let time = Timestamp::from_seconds(seconds);
            assert_eq!((parse(text), format(time).as_str()), (Some(time), text));
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "20150830",
            "2015-08-30T12:36Z",
            "20151330T123600Z",
            "20150830T243600Z",
            "20150830t123600z",
            "2015083\u{660}T12360Z",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_second_comes_back(seconds in 0_u64..100_000_000_000) {
            let time = Timestamp::from_seconds(seconds);
            prop_assert_eq!(parse(&format(time)), (seconds < 253_402_300_800).then_some(time));
        }
    }
}

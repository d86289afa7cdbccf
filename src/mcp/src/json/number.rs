//! A number that keeps its spelling, and the exact decimal behind it.

use std::{fmt, str};

/// A JSON number as it was spelled. As a double it is finite, and zero only where it says zero.
#[derive(Clone, PartialEq, Eq)]
pub struct Number(Box<str>);

/// `1e-0400` is refused by its length: a double needs three digits.
const EXPONENT_DIGITS_MAX: usize = 4;

impl Number {
    /// Reads a number; `None` where `text` is not one, or leaves the range of a double.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (end(text.as_bytes()) == Some(text.len())).then(|| Self::from_grammatical(text)).flatten()
    }

    /// From a text that follows the grammar: only the range is left to check.
    pub(super) fn from_grammatical(text: &str) -> Option<Self> {
        // Without an exponent, the limit on length keeps a number inside the range of a double.
        const RANGE_IS_SAFE_LENGTH_MAX: usize = 300;
        if let Some((mantissa, exponent)) = text.split_once(['e', 'E']) {
            let digits = exponent.trim_start_matches(['+', '-']);
            let vanishes = as_double(text) == 0.0 && mantissa.bytes().any(|b| matches!(b, b'1'..=b'9'));
            if digits.len() > EXPONENT_DIGITS_MAX || vanishes {
                return None;
            }
        } else if text.len() <= RANGE_IS_SAFE_LENGTH_MAX {
            return Some(Self(text.into()));
        }
        as_double(text).is_finite().then(|| Self(text.into()))
    }

    /// The spelling.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The nearest double.
    #[must_use]
    pub fn as_f64(&self) -> f64 {
        as_double(&self.0)
    }

    /// The value where it is an integer that fits; `42.0` and `4.2e1` are 42.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        if let Ok(value) = self.0.parse() {
            return Some(value);
        }
        let decimal = self.decimal();
        let zeros = u32::try_from(decimal.exponent).ok()?;
        let digits: i64 = decimal.digits().parse().ok()?;
        let value = digits.checked_mul(10_i64.checked_pow(zeros)?)?;
        Some(if decimal.negative { -value } else { value })
    }

    /// Whether the value has no fraction, however it is spelled.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        !self.0.contains(['.', 'e', 'E']) || self.decimal().exponent >= 0
    }

    /// Whether both are the same number, exactly, however they are spelled.
    #[must_use]
    pub fn is_same_value(&self, other: &Self) -> bool {
        self.0 == other.0 || self.decimal() == other.decimal()
    }

    pub(super) fn decimal(&self) -> Decimal {
        Decimal::of(&self.0)
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("number")
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(value.to_string().into())
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self(value.to_string().into())
    }
}

/// Rust reads every number of the JSON grammar, so the fallback is never taken.
fn as_double(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}

/// Where the number at the start of `bytes` ends, by the grammar of RFC 8259 section 6.
pub(super) fn end(bytes: &[u8]) -> Option<usize> {
    let digits = |from: usize| bytes.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count();
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    at += match bytes.get(at)? {
        b'0' => 1,
        b'1'..=b'9' => digits(at),
        _ => return None,
    };
    if bytes.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if fraction == 0 {
            return None;
        }
        at += 1 + fraction;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at);
        if exponent == 0 {
            return None;
        }
        at += exponent;
    }
    Some(at)
}

/// `digits` × 10^`exponent`, in normal form: no zero at either end of the digits, and zero has none and no sign.
#[derive(PartialEq, Eq)]
pub(super) struct Decimal {
    pub(super) negative: bool,
    digits: Vec<u8>,
    pub(super) exponent: i64,
}

impl Decimal {
    pub(super) fn of(text: &str) -> Self {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let magnitude = mantissa.trim_start_matches('-');
        let (whole, fraction) = magnitude.split_once('.').unwrap_or((magnitude, ""));
        // The constructor bounds exponents to four digits, and a fraction by the length of the number.
        let shift = i64::try_from(fraction.len()).unwrap_or(i64::MAX);
        let mut exponent = exponent.parse::<i64>().unwrap_or(0).saturating_sub(shift);
        let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).skip_while(|&digit| digit == b'0').collect();
        while digits.pop_if(|digit| *digit == b'0').is_some() {
            exponent += 1;
        }
        if digits.is_empty() {
            return Self { negative: false, digits, exponent: 0 };
        }
        Self { negative: mantissa.starts_with('-'), digits, exponent }
    }

    /// The digits; `0` for zero.
    pub(super) fn digits(&self) -> &str {
        str::from_utf8(&self.digits).ok().filter(|digits| !digits.is_empty()).unwrap_or("0")
    }
}

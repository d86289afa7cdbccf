//! The JSON canonicalization scheme (RFC 8785), for digests.
//!
//! RFC 8785 speaks of I-JSON, whose numbers are doubles. Rounding `9007199254740993` to a double would give it the digest of
//! `9007199254740992`, and a person could approve one and see the other run. So a number that its double does not spell
//! keeps its exact value, in a normal form of its own; every number that survives a double is written as the RFC says.

use std::cmp::Ordering;

use super::{
    Json, Number, Object,
    number::Decimal,
    write::{write_string, write_word},
};

/// Appends the canonical form of `value`.
pub(super) fn write(value: &Json, out: &mut Vec<u8>) {
    match value {
        Json::Null | Json::Bool(_) => write_word(value, out),
        Json::Number(number) => write_number(number, out),
        Json::String(text) => write_string(text, out),
        Json::Array(elements) => {
            out.push(b'[');
            for (n, element) in elements.iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                write(element, out);
            }
            out.push(b']');
        }
        Json::Object(object) => write_object(object, out),
    }
}

/// The canonical form of an object.
pub(super) fn object(object: &Object) -> Vec<u8> {
    let mut out = Vec::with_capacity(256); // most arguments fit
    write_object(object, &mut out);
    out
}

fn write_object(object: &Object, out: &mut Vec<u8>) {
    let mut members: Vec<(&str, &Json)> = object.iter().collect();
    members.sort_unstable_by(|(one, _), (other, _)| in_utf16(one, other));
    out.push(b'{');
    for (n, (key, member)) in members.into_iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        write_string(key, out);
        out.push(b':');
        write(member, out);
    }
    out.push(b'}');
}

/// The order of two keys by their UTF-16 code units (RFC 8785, section 3.2.3), which for ASCII is that of their bytes.
fn in_utf16(one: &str, other: &str) -> Ordering {
    if one.is_ascii() && other.is_ascii() { one.cmp(other) } else { one.encode_utf16().cmp(other.encode_utf16()) }
}

/// SHA-256 of `bytes`.
pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    let mut out = [0; 32];
    for (place, byte) in out.iter_mut().zip(digest.as_ref()) {
        *place = *byte;
    }
    out
}

fn write_number(number: &Number, out: &mut Vec<u8>) {
    const EXACT_DIGITS_MAX: usize = 15; // every integer of 15 digits is a double and is spelled alike
    let text = number.as_str();
    if text.len() <= EXACT_DIGITS_MAX && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return out.extend_from_slice(text.as_bytes());
    }
    let rounded = ecmascript(number.as_f64());
    let exact = number.decimal();
    if Decimal::of(&rounded) == exact {
        return out.extend_from_slice(rounded.as_bytes());
    }
    if exact.negative {
        out.push(b'-');
    }
    out.extend_from_slice(exact.digits().as_bytes());
    match usize::try_from(exact.exponent) {
        Ok(zeros) => out.resize(out.len() + zeros, b'0'),
        Err(_) => out.extend_from_slice(format!("e{}", exact.exponent).as_bytes()),
    }
}

/// `Number::toString` of ECMAScript (ECMA-262, section 6.1.6.1.20), for a finite double.
fn ecmascript(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let sign = if value < 0.0 { "-" } else { "" };
    let shortest = format!("{:e}", value.abs());
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let digits = mantissa.replace('.', "");
    // `point` digits stand before the decimal point.
    let point = exponent.parse::<i64>().unwrap_or(0) + 1;
    let count = i64::try_from(digits.len()).unwrap_or(i64::MAX);
    let zeros = |n: i64| "0".repeat(usize::try_from(n).unwrap_or(0));
    match point {
        1..=21 if count <= point => format!("{sign}{digits}{}", zeros(point - count)),
        1..=21 => {
            let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or(0));
            format!("{sign}{whole}.{fraction}")
        }
        -5..=0 => format!("{sign}0.{}{digits}", zeros(-point)),
        _ => {
            let (first, rest) = digits.split_at(1);
            let dot = if rest.is_empty() { "" } else { "." };
            format!("{sign}{first}{dot}{rest}e{:+}", point - 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8785, appendix B.
    #[test]
    fn doubles_are_spelled_as_ecmascript_spells_them() {
        for (bits, spelled) in [
            (0x0000_0000_0000_0000_u64, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"),
        ] {
            assert_eq!(ecmascript(f64::from_bits(bits)), spelled);
        }
    }

    #[test]
    fn no_two_numbers_share_a_form_and_no_number_has_two() {
        let form = |text: &str| {
            let mut out = Vec::new();
            write_number(&Number::parse(text).unwrap(), &mut out);
            String::from_utf8(out).unwrap()
        };
        for (text, expected) in [
            ("1.0", "1"),
            ("-0", "0"),
            ("-0.0e5", "0"),
            ("100e-2", "1"),
            ("0.1", "0.1"),
            ("1E3", "1000"),
            ("4.50", "4.5"),
            ("2e-3", "0.002"),
            ("333333333.33333329", "33333333333333329e-8"),
            ("9007199254740993", "9007199254740993"),
            ("-9007199254740993.0", "-9007199254740993"),
            ("9007199254740992", "9007199254740992"),
            ("0.1000000000000000055511151231257827", "1000000000000000055511151231257827e-34"),
            ("123456789012345678901234567890e3", "123456789012345678901234567890000"),
        ] {
            assert_eq!(form(text), expected, "{text}");
        }
    }
}

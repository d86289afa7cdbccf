//! W3C Trace Context: the id that ties a call to the traces around it.

use std::fmt;

/// The length of the text: `00-`, two ids and the flags.
const TEXT_LENGTH: usize = 55;

/// A `traceparent` (W3C Trace Context, section 3.2): trace id, parent id and flags. An invalid one never fails a call; the
/// reader starts a new trace instead.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceContext {
    trace_id: [u8; 16],
    parent_id: [u8; 8],
    flags: u8,
}

impl TraceContext {
    /// A new trace, or a new span of one, from random bytes. All-zero ids are invalid in the standard, so a zero becomes one.
    #[must_use]
    pub fn new(mut trace_id: [u8; 16], mut parent_id: [u8; 8], flags: u8) -> Self {
        if trace_id == [0; 16] {
            trace_id[15] = 1;
        }
        if parent_id == [0; 8] {
            parent_id[7] = 1;
        }
        Self { trace_id, parent_id, flags }
    }

    /// Reads a `traceparent`; `None` where the standard calls it invalid.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let version = hex::<1>(bytes.get(0..2)?)?[0];
        let separators = [bytes.get(2)?, bytes.get(35)?, bytes.get(52)?];
        let end_fits = match version {
            0xff => false,
            0 => bytes.len() == 55,
            _ => bytes.len() == 55 || bytes.get(55) == Some(&b'-'),
        };
        if !end_fits || separators != [&b'-'; 3] {
            return None;
        }
        let trace_id = hex::<16>(bytes.get(3..35)?)?;
        let parent_id = hex::<8>(bytes.get(36..52)?)?;
        let flags = hex::<1>(bytes.get(53..55)?)?[0] & 1;
        (trace_id != [0; 16] && parent_id != [0; 8]).then_some(Self { trace_id, parent_id, flags })
    }

    /// The same trace with another span.
    #[must_use]
    pub fn child(self, span: [u8; 8]) -> Self {
        Self::new(self.trace_id, span, self.flags)
    }

    /// The trace id in lowercase hexadecimal.
    #[must_use]
    pub fn trace_id(&self) -> String {
        self.trace_id.iter().flat_map(|byte| digits(*byte)).map(char::from).collect()
    }

    /// The trace id as it is.
    #[must_use]
    pub const fn trace_id_bytes(&self) -> &[u8; 16] {
        &self.trace_id
    }

    /// The `traceparent`.
    #[must_use]
    pub fn to_text(&self) -> TraceText {
        let mut text = *b"00-................................-................-..";
        let (_, places) = text.split_at_mut(3);
        let (trace_id, places) = places.split_at_mut(2 * self.trace_id.len());
        trace_id.copy_from_slice(self.trace_id.map(digits).as_flattened());
        let (parent_id, places) = places.split_at_mut(1).1.split_at_mut(2 * self.parent_id.len());
        parent_id.copy_from_slice(self.parent_id.map(digits).as_flattened());
        places.split_at_mut(1).1.copy_from_slice(&digits(self.flags));
        TraceText(text)
    }
}

/// The text of a [`TraceContext`], without an allocation: every call to an upstream carries one.
#[derive(Debug, Clone, Copy)]
pub struct TraceText([u8; TEXT_LENGTH]);

impl TraceText {
    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).expect("invariant: digits and hyphens")
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_text().as_str())
    }
}

impl fmt::Debug for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A byte as two lowercase hexadecimal digits.
fn digits(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)])
}

/// Lowercase hexadecimal only, as the standard has it.
fn hex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let digit = |b: &u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    let mut out = [0; N];
    for (byte, pair) in out.iter_mut().zip(text.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = digit(high)? << 4 | digit(low)?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_traceparent_round_trips() {
        let trace = TraceContext::parse(GOOD).unwrap();
        assert_eq!(trace.to_string(), GOOD);
        assert_eq!(trace.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(trace.child([1; 8]).to_string(), "00-4bf92f3577b34da6a3ce929d0e0e4736-0101010101010101-01");
    }

    #[test]
    fn an_invalid_traceparent_is_no_trace() {
        for bad in [
            "",
            "00",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra",
        ] {
            assert_eq!(TraceContext::parse(bad), None, "{bad}");
        }
        let later = "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-will-be-like";
        assert!(TraceContext::parse(later).is_some());
    }
}

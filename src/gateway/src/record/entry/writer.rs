//! Writes an entry: one flat JSON object in one buffer.

use egress::HandleId;
use model::Timestamp;
use redact::{Class, Profile};

/// The version of the format; it is the first member of each entry.
const VERSION: u32 = 1;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Whether a byte stands in a JSON string as it is.
const fn is_plain(byte: u8) -> bool {
    (byte >= 0x20) & (byte != b'"') & (byte != b'\\') & (byte != 0x7f)
}

/// Writes one flat JSON object into one buffer.
pub(super) struct Writer(Vec<u8>);

impl Writer {
    /// Most entries fit; a longer one grows.
    const TYPICAL_BYTES: usize = 640;

    pub(super) fn open(kind: &str, at: Timestamp) -> Self {
        let mut json = Self(Vec::with_capacity(Self::TYPICAL_BYTES));
        json.0.extend_from_slice(b"{\"version\":");
        json.digits(u64::from(VERSION));
        json.text("kind", kind);
        json.number("time_ms", at.as_millis());
        json
    }

    fn name(&mut self, name: &str) {
        self.0.extend_from_slice(b",\"");
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
    }

    pub(super) fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        self.quoted(value);
    }

    pub(super) fn optional_text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    pub(super) fn optional_party(&mut self, name: &str, party: Option<(&str, &str)>) {
        if let Some((issuer, id)) = party {
            self.name(name);
            self.0.extend_from_slice(b"{\"iss\":");
            self.quoted(issuer);
            self.0.extend_from_slice(b",\"sub\":");
            self.quoted(id);
            self.0.push(b'}');
        }
    }

    /// Handles by their ids; nothing where there are none.
    pub(super) fn handles(&mut self, name: &str, ids: impl Iterator<Item = HandleId>) {
        let mut ids = ids.enumerate().peekable();
        if ids.peek().is_none() {
            return;
        }
        self.name(name);
        for (i, id) in ids {
            self.0.push(if i == 0 { b'[' } else { b',' });
            self.quoted(&id.to_string());
        }
        self.0.push(b']');
    }

    pub(super) fn number(&mut self, name: &str, value: u64) {
        self.name(name);
        self.digits(value);
    }

    /// How often each class occurred, as an object; nothing where none did.
    pub(super) fn counts(&mut self, name: &str, counts: impl Iterator<Item = (Class, u64)>, names: &Profile) {
        let mut counts = counts.peekable();
        if counts.peek().is_none() {
            return;
        }
        self.name(name);
        let mut before = b'{';
        for (class, count) in counts {
            self.0.push(before);
            self.quoted(names.name(class));
            self.0.push(b':');
            self.digits(count);
            before = b',';
        }
        self.0.push(b'}');
    }

    fn digits(&mut self, mut value: u64) {
        let mut digits = [0_u8; 20];
        let mut at = digits.len();
        for slot in digits.iter_mut().rev() {
            *slot = b'0' + u8::try_from(value % 10).unwrap_or(0);
            value /= 10;
            at -= 1;
            if value == 0 {
                break;
            }
        }
        self.0.extend_from_slice(digits.get(at..).unwrap_or_default());
    }

    pub(super) fn hex<const N: usize>(&mut self, name: &str, bytes: &[u8; N]) {
        self.name(name);
        self.0.push(b'"');
        let digits = bytes.map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        self.0.extend_from_slice(digits.as_flattened());
        self.0.push(b'"');
    }

    /// A JSON string. Control characters are escaped, so that no value can break a line of the record.
    fn quoted(&mut self, value: &str) {
        self.0.push(b'"');
        // Names and ids have nothing to escape. No short circuit: this is turned into vector comparisons.
        if value.bytes().fold(true, |plain, byte| plain & is_plain(byte)) {
            self.0.extend_from_slice(value.as_bytes());
        } else {
            value.bytes().for_each(|byte| self.escaped(byte));
        }
        self.0.push(b'"');
    }

    fn escaped(&mut self, byte: u8) {
        match byte {
            b'"' | b'\\' => self.0.extend_from_slice(&[b'\\', byte]),
            byte if is_plain(byte) => self.0.push(byte),
            byte => {
                self.0.extend_from_slice(b"\\u00");
                self.0.extend([DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
            }
        }
    }

    pub(super) fn close(mut self) -> Vec<u8> {
        self.0.push(b'}');
        self.0
    }
}

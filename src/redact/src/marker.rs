//! The text that stands where something was masked.

use bytes::Bytes;

use crate::class::Class;

/// What replaces a masked secret, whichever it was: one text of one length for every secret and size, so that nothing can be
/// learned from it. All its characters may stand as they are in a JSON string, a header value (RFC 9110 section 5.5), any part of a
/// URL after the host (RFC 3986 section 3.3) and a line of an event stream.
pub const MARKER: &str = "(masked-secret)";

pub(crate) const fn marker() -> Bytes {
    Bytes::from_static(MARKER.as_bytes())
}

/// What replaces a text of this class, which has this name. Personal data says of which kind it was, for an agent has to know what stood there;
/// its length is that of the kind.
pub(crate) fn marker_of(class: Class, name: &str) -> Bytes {
    match class {
        Class::LiveSecret | Class::NamedField | Class::IssuedToken | Class::Credential => marker(),
        Class::Personal(_) => {
            let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
            let kind: String = name.chars().map(plain).collect();
            Bytes::from(format!("(masked-{kind})"))
        }
    }
}

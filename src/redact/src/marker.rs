//! The text that stands where something was masked.

use bytes::Bytes;

/// What replaces a masked text, whatever it was: one text of one length for every class and size, so that nothing can be learned
/// from it. All its characters may stand as they are in a JSON string, a header value (RFC 9110 section 5.5), any part of a URL
/// after the host (RFC 3986 section 3.3) and a line of an event stream.
pub const MARKER: &str = "(masked-secret)";

pub(crate) fn marker() -> Bytes {
    Bytes::from_static(MARKER.as_bytes())
}

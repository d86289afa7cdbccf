//! What is known to come through although it must not: each hole by where it is, so that a new one is noticed.

use crate::corpus::Case;

/// Compressed with Brotli, which has no sign by which it is known, so base64 of it is not looked into.
const WITHOUT_A_SIGN: &str = "base64_of_br";

/// Channels in which a credential comes ten characters at a time: what is written in several of them for one of its own comes through
/// in a few cases.
const IN_PIECES: [&str; 3] = ["mcp_progress_pieces", "sse_lines", "sse_events"];

/// Compressed data is looked into where it stands in the text, and not in what a list of numbers means.
const LISTS_OF_NUMBERS: [&str; 2] = ["json_numbers", "mcp_structured_numbers"];

/// What spends several bytes on a character, in base64 of `resource.blob`.
const WIDE: [&str; 6] = ["utf16_le", "utf16_be", "utf32_le", "utf32_be", "zero_width_between", "full_width"];

/// Whether a case of class A belongs to a hole that is known.
#[must_use]
pub fn is_open(case: &Case) -> bool {
    let (encoding, channel) = (case.encoding.name, case.channel.name);
    encoding == WITHOUT_A_SIGN
        || IN_PIECES.contains(&channel)
        || encoding.starts_with("base64_of_") && LISTS_OF_NUMBERS.contains(&channel)
        || WIDE.contains(&encoding) && channel == "mcp_blob"
}

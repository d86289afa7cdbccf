//! Compressed data in base64: where it starts in a text, and what it holds.
//!
//! Data without a magic number is told by the header that its first bytes must be. It is looked into as a stream where its characters
//! are spelled in one of a few ways ([`Spelling`]), and as a whole anywhere else.

mod bits;
mod brotli;
mod deflate;

use bytes::Bytes;
use secret::FingerprintSet;

use super::alphabets::{BASE64, is_in};
use super::{Text, digit, look_at_whole};
use crate::decode::Decoder;

/// Sixteen bytes that are compressed fill so many characters.
pub(crate) const RUN_MIN: usize = 24;
/// So many characters are read to tell what they may be.
pub(super) const HEAD_LENGTH_MAX: usize = 64;
/// What data that is looked at as a whole expands to at most, with all data in it: so much in any case, and however few its characters
/// are, and for each of them. What goes on as a stream has no such bound.
const WHOLE_LENGTH_MAX: usize = 64 * 1024;
const WHOLE_FREE: usize = 512;
const WHOLE_EXPANSION_MAX: usize = 40;
/// So much of them is decoded at once, so that they do not expand much further.
const WHOLE_STEP: usize = 64;
/// In how many views data is looked into that stands there as a whole.
const WHOLE_DEPTH_MAX: usize = 4;

/// How the characters of base64 stand in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// As they are.
    Plain,
    /// As decimal numbers in a list.
    Numbers,
    /// In base64 again.
    Base64,
}

/// What compressed data begins with.
#[derive(Debug, Clone)]
pub(crate) struct Unmarked {
    /// Where its first character stands.
    pub(crate) at: usize,
    /// What is known of it ends here.
    pub(crate) decided: usize,
    /// Its first characters.
    pub(crate) digits: Vec<u8>,
    /// Where those end, and it goes on.
    pub(crate) goes_on: usize,
    /// A content coding.
    pub(crate) coding: &'static str,
    pub(crate) spelling: Spelling,
}

/// What compressed data a run of base64 may be that starts at a place, if one does.
pub(super) fn codings_at(text: &[u8], at: usize) -> impl Iterator<Item = &'static str> {
    let before = at.checked_sub(1).and_then(|before| text.get(before));
    let goes_on = before.is_some_and(|byte| is_in(*byte, BASE64));
    let head = if goes_on { &[] } else { run(text, at, HEAD_LENGTH_MAX) };
    let codings = if head.len() < RUN_MIN { [None; 2] } else { codings(head, is_ended(text, at, head)) };
    codings.into_iter().flatten()
}

/// Calls `each` with what compressed data may start in a text and is long enough only with what follows a place.
pub(crate) fn each_that_ends_behind(text: &[u8], place: usize, mut each: impl FnMut(usize, &'static str)) {
    let before = text.get(..place).unwrap_or_default();
    let mut at = place - before.iter().rev().take_while(|byte| is_in(**byte, BASE64)).count();
    while at < text.len() {
        let length = run(text, at, text.len()).len();
        if length >= RUN_MIN && at + RUN_MIN > place {
            codings_at(text, at).for_each(|coding| each(at, coding));
        }
        at += length.max(1);
    }
}

/// The digits of base64 that stand together from a place on.
fn run(text: &[u8], from: usize, length_max: usize) -> &[u8] {
    let rest = text.get(from..).unwrap_or_default();
    let rest = rest.get(..length_max).unwrap_or(rest);
    let length = rest.iter().take_while(|byte| is_in(**byte, BASE64)).count();
    rest.get(..length).unwrap_or_default()
}

/// Whether a run is known whole that starts at a place.
const fn is_ended(text: &[u8], at: usize, head: &[u8]) -> bool {
    head.len() < HEAD_LENGTH_MAX && at + head.len() < text.len()
}

/// What data may be that begins with these characters, which may be all of it.
fn codings(digits: &[u8], is_ended: bool) -> [Option<&'static str>; 2] {
    // Hashes, paths and names in one case are no such data, in which both cases stand among so many characters.
    if !digits.iter().any(u8::is_ascii_lowercase) || !digits.iter().any(u8::is_ascii_uppercase) {
        return [None; 2];
    }
    let mut head = [0; HEAD_LENGTH_MAX / 4 * 3];
    let length = decode_into(digits, &mut head);
    let head = head.get(..length).unwrap_or_default();
    match head {
        [0x1f, 0x8b, 8, ..] => [Some("gzip"), None],
        [0x28, 0xb5, 0x2f, 0xfd, ..] => [Some("zstd"), None],
        // RFC 1950 section 2.2.
        [one, two, ..] if one & 0x0f == 8 && u16::from_be_bytes([*one, *two]).is_multiple_of(31) => {
            [Some("deflate"), None]
        }
        _ => {
            // What is not even a whole header holds nothing.
            let may = |header: Option<bool>| header.unwrap_or(!is_ended);
            [may(deflate::block(head)).then_some("deflate"), may(brotli::header(head)).then_some("br")]
        }
    }
}

/// The bytes of whole groups; how many there are.
fn decode_into(digits: &[u8], bytes: &mut [u8]) -> usize {
    let mut length = 0;
    for (group, three) in digits.chunks_exact(4).zip(bytes.chunks_exact_mut(3)) {
        let number = group.iter().fold(0_u32, |number, byte| number << 6 | u32::from(digit(*byte).unwrap_or(0)));
        three.copy_from_slice(number.to_be_bytes().get(1..).unwrap_or_default());
        length += 3;
    }
    length
}

/// What stands in the stream of data that starts in a view, if it can be followed there.
pub(super) fn start(text: Text<'_>, at: usize, coding: &'static str) -> Option<Unmarked> {
    let start = |digits: &[u8], decided, goes_on, spelling| {
        Some(Unmarked { at: text.origin(at, at + 1).0, decided, digits: digits.to_vec(), goes_on, coding, spelling })
    };
    let end = at + RUN_MIN;
    match (text.spelling?, text.from) {
        (Spelling::Plain, None) => start(text.bytes.get(at..end)?, end, end, Spelling::Plain),
        (Spelling::Numbers, Some(from)) => {
            let goes_on = from.get(end - 1)?.1;
            start(text.bytes.get(at..end)?, goes_on, goes_on, Spelling::Numbers)
        }
        (Spelling::Base64, Some(from)) => {
            // A group of four characters begins where the first of its three bytes shares none with the byte before.
            let begins_group = |place: &usize| {
                let pair = from.get(place - 1).zip(from.get(*place));
                pair.is_some_and(|(before, first)| before.1 == first.0)
            };
            let goes_on = (end - 2..=end).find(begins_group)?;
            let position = from.get(goes_on)?.0;
            start(text.bytes.get(at..goes_on)?, position, position, Spelling::Base64)
        }
        _ => None,
    }
}

/// What data that starts at a place may expand to when it is looked at as a whole.
pub(super) fn room(text: &[u8], at: usize) -> usize {
    let length = run(text, at, WHOLE_LENGTH_MAX).len();
    (WHOLE_FREE + length * WHOLE_EXPANSION_MAX).min(WHOLE_LENGTH_MAX)
}

/// Looks into data as a whole that starts at a place, as far as there is room; where it ends and the secret that it holds.
pub(super) fn look(
    set: &FingerprintSet,
    text: Text<'_>,
    at: usize,
    coding: &str,
    depth: usize,
    room: &mut usize,
) -> Option<(usize, u32)> {
    if depth > WHOLE_DEPTH_MAX || *room == 0 {
        return None;
    }
    let digits = run(text.bytes, at, text.bytes.len());
    let mut compressed = vec![0; digits.len().div_ceil(4) * 3];
    let padded = [digits, b"AAA".get(..digits.len().next_multiple_of(4) - digits.len()).unwrap_or_default()].concat();
    decode_into(&padded, &mut compressed);
    compressed.truncate(digits.len() * 6 / 8);
    let mut decoded = Vec::new();
    let mut decoder = Decoder::within(Some(coding), *room as u64).ok()?;
    for piece in compressed.chunks(WHOLE_STEP) {
        let pushed = decoder.push(Bytes::copy_from_slice(piece), &mut |piece: Bytes| decoded.extend_from_slice(&piece));
        // What came before an error was still readable.
        if pushed.is_err() || decoded.len() > *room {
            break;
        }
    }
    *room = room.saturating_sub(decoded.len());
    let mut tag = None;
    look_at_whole(set, &decoded, depth + 1, Some(room), &mut |found| tag = Some(found.tag));
    tag.map(|tag| (at + digits.len(), tag))
}

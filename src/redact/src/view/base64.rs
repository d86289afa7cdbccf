//! The view of base64 in which text is encoded: base64 again, a JSON document, a header.
//!
//! A secret in plain base64 is known in that form. This view is for what is encoded twice, and is entered where every fourth
//! character is one with which a group of text begins, which other data and identifiers hardly ever have.

use super::alphabets::{BASE64, BASE64_OF_TEXT, is_in};
use super::{Spelling, Text, View};

/// Sixteen bytes in base64, and those again, fill so many characters.
pub(crate) const RUN_MIN: usize = 28;
/// How many groups in a row tell of text: as many as sixteen bytes fill that were encoded twice.
pub(crate) const GROUPS_MIN: usize = 7;
/// What is decoded is a text if so many bytes in a row are characters.
const TEXT_LENGTH_MIN: usize = 11;
/// Three bytes are four characters.
const GROUP: usize = 4;

/// Takes the places of groups, and calls `look` with what they and those around them hold.
#[derive(Debug, Default)]
pub(super) struct Base64 {
    view: View,
    /// For each of the four ways to cut a run into groups, up to where it was decoded.
    done: [usize; GROUP],
}

impl Base64 {
    pub(super) fn take(&mut self, text: Text<'_>, at: usize, look: &mut dyn FnMut(&View)) {
        let Some(done) = self.done.get_mut(at % GROUP) else { return };
        if at < *done {
            return;
        }
        let before = (1..).map(|groups| at.checked_sub(groups * GROUP));
        let start = before.map_while(|start| start.filter(|start| is_group_of_text(text, *start))).last().unwrap_or(at);
        let end = (at..text.bytes.len()).step_by(GROUP).find(|at| !is_group_of_text(text, *at));
        // The last group of a run may be shorter.
        let end = end.unwrap_or(text.bytes.len()) + GROUP - 1;
        *done = end;
        self.view.spelling = text.from.is_none().then_some(Spelling::Base64);
        decode(text, (start, end), is_of_text, &mut self.view, &mut |view| look_at(view, look));
    }
}

/// Whether four digits of base64 start at a place, the first of which can begin a group of text.
fn is_group_of_text(text: Text<'_>, at: usize) -> bool {
    let group = text.bytes.get(at..).and_then(<[u8]>::first_chunk::<GROUP>);
    group.is_some_and(|group| is_in(group[0], BASE64_OF_TEXT) && group.iter().all(|byte| is_in(*byte, BASE64)))
}

/// Decodes from the start of a group and calls `look` with each stretch that is text of some kind.
pub(super) fn decode(
    text: Text<'_>,
    (start, end): (usize, usize),
    is_text: fn(u8) -> bool,
    view: &mut View,
    look: &mut dyn FnMut(&View),
) {
    view.clear();
    let mut bits = 0_u32;
    for at in start..end {
        let Some(value) = text.get(at).and_then(digit) else { break };
        bits = bits << 6 | u32::from(value);
        let place = (at - start) % GROUP;
        let Some(before) = place.checked_sub(1) else { continue };
        // After the second character of a group four bits are left over, after the third two.
        let byte = (bits >> (4 - 2 * before)) as u8;
        if is_text(byte) {
            view.push(byte, (text.origin(at - 1, at).0, text.origin(at, at + 1).1));
        } else {
            look(view);
            view.clear();
        }
    }
    look(view);
}

/// A character of ASCII that is seen, or a blank.
pub(super) const fn is_of_text(byte: u8) -> bool {
    byte.is_ascii_graphic() || byte.is_ascii_whitespace()
}

fn look_at(view: &View, look: &mut dyn FnMut(&View)) {
    if view.bytes.len() >= TEXT_LENGTH_MIN {
        look(view);
    }
}

/// The six bits that a character of base64 or base64url stands for (RFC 4648, sections 4 and 5).
pub(crate) const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

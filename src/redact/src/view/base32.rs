//! The view of base32 and base32hex (RFC 4648 sections 6 and 7), in upper and in lower case.

use secret::FingerprintSet;

use super::alphabets::{LOWER, UPPER, is_in, run_length};
use super::{Text, View};
use crate::live::Found;

/// Eleven bytes, the shortest secret, fill so many characters.
pub(crate) const RUN_MIN: usize = 18;
/// A group of five bytes is eight characters, so the run may start anywhere in one.
const GROUP: usize = 8;

/// Takes places in runs in order, and looks at the runs.
#[derive(Debug, Default)]
pub(super) struct Base32 {
    /// Up to where runs were looked at.
    done: usize,
}

impl Base32 {
    pub(super) fn take(&mut self, set: &FingerprintSet, text: Text<'_>, at: usize, found: &mut dyn FnMut(Found)) {
        if at < self.done {
            return;
        }
        for case in [LOWER, UPPER] {
            let before = text.bytes.get(self.done..at).unwrap_or_default();
            let start = at - before.iter().rev().take_while(|byte| is_in(**byte, case)).count();
            let end = start + run_length(text.bytes, start, case);
            if end - start >= RUN_MIN {
                look_at_run(set, text, start, end, found);
                self.done = end;
                break;
            }
        }
    }
}

/// Decodes a run in both alphabets from each place in a group, but for one of hexadecimal digits alone.
fn look_at_run(set: &FingerprintSet, text: Text<'_>, start: usize, end: usize, found: &mut dyn FnMut(Found)) {
    let run = text.bytes.get(start..end).unwrap_or_default();
    if run.iter().all(u8::is_ascii_hexdigit) {
        return;
    }
    let mut view = View::default();
    for value in [standard, hexadecimal as fn(u8) -> Option<u8>] {
        // A digit that the alphabet lacks parts the run.
        let mut at = start;
        for part in run.split(|byte| value(*byte).is_none()) {
            if part.len() >= RUN_MIN {
                for skipped in 0..GROUP {
                    decode(text, at + skipped, at + part.len(), value, &mut view);
                    view.find(set, found);
                }
            }
            at += part.len() + 1;
        }
    }
}

fn decode(text: Text<'_>, start: usize, end: usize, value: fn(u8) -> Option<u8>, view: &mut View) {
    view.clear();
    let (mut bits, mut held) = (0_u32, 0);
    for at in start..end {
        let Some(value) = text.get(at).and_then(value) else { break };
        bits = bits << 5 | u32::from(value);
        held += 5;
        if held >= 8 {
            held -= 8;
            // The lowest bits after those still held make a byte, which began in the character before this one or earlier.
            let (first, _) = text.origin(at - 1, at);
            let (_, last) = text.origin(at, at + 1);
            view.push((bits >> held) as u8, (first, last));
        }
    }
}

fn standard(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a'),
        b'2'..=b'7' => Some(byte - b'2' + 26),
        _ => None,
    }
}

fn hexadecimal(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'V' => Some(byte - b'A' + 10),
        b'a'..=b'v' => Some(byte - b'a' + 10),
        _ => None,
    }
}

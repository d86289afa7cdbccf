//! Says whether a secret can be read out of what arrived, with decoders of its own.
//!
//! What arrived is undone in every way known here, and again what came of that, a few levels deep. In each of these views it looks
//! for sixteen bytes of the secret that stand together; and for sixteen of its letters and digits with anything but letters and
//! digits between them, in either case, forwards and backwards. It is free to find more than the scanner: what only it finds is a
//! leak.

mod blobs;
mod escapes;
mod packed;

use std::collections::HashSet;

use crate::{
    channel::{AFTER, BEFORE},
    encoding::Encoding,
    shape::Credential,
};

/// How many bytes of a secret must not arrive together.
pub const WINDOW: usize = 16;
/// Fewer bits that nobody can know are no window: to mask them would tell a guesser that a guess was right.
const UNKNOWN_BITS: f64 = 64.0;
/// Every level may be an escape inside a blob inside an escape.
const LEVELS: usize = 4;
/// More views of one answer than any honest one has.
const VIEWS_MAX: usize = 600;

/// The judge of one secret.
#[derive(Debug)]
pub struct Judge {
    exact: Windows,
    folded: Windows,
}

impl Judge {
    /// Looks for a credential.
    #[must_use]
    pub fn of(credential: &Credential) -> Self {
        Self::new(credential.secret_part(), |window| credential.unknown_bits(window) >= UNKNOWN_BITS)
    }

    /// Looks for this secret, of which everything is unknown.
    #[must_use]
    pub fn of_unknown(secret: &[u8]) -> Self {
        Self::new(secret, |_| true)
    }

    fn new(secret: &[u8], counts: impl Fn(&[u8]) -> bool) -> Self {
        let backwards = |text: &[u8]| text.iter().rev().copied().collect::<Vec<_>>();
        let folded = [0, 3, 13].map(|places| folded(&crate::encoding::rotate(secret, places)));
        let exact = [secret.to_vec(), backwards(secret)];
        let exact = Windows::of(exact.iter().map(Vec::as_slice), counts);
        let folded = folded.iter().flat_map(|text| [text.clone(), backwards(text)]).collect::<Vec<_>>();
        Self { exact, folded: Windows::of(folded.iter().map(Vec::as_slice), |_| true) }
    }

    /// Whether any window of the secret can be read out of this.
    #[must_use]
    pub fn finds(&self, arrived: &[u8]) -> bool {
        let arrived = without_filler(arrived);
        let mut seen = HashSet::from([arrived.clone()]);
        let mut level = vec![arrived];
        for depth in 0..=LEVELS {
            let mut next = Vec::new();
            for view in level {
                if self.reads(&view) {
                    return true;
                }
                if depth == LEVELS {
                    continue;
                }
                let mut views = escapes::views(&view);
                views.extend(blobs::views(&view, depth));
                views.extend(packed::views(&view));
                next.extend(views.into_iter().filter(|view| view.len() >= WINDOW && seen.insert(view.clone())));
                if seen.len() > VIEWS_MAX {
                    break;
                }
            }
            level = next;
        }
        false
    }

    /// Whether any window of the secret stands in this as it is.
    #[must_use]
    pub fn reads(&self, view: &[u8]) -> bool {
        self.exact.stand_in(view) || self.folded.stand_in(&folded(view))
    }
}

/// Long runs of one byte made short: they hold nothing, and everything else is looked at many times.
fn without_filler(text: &[u8]) -> Vec<u8> {
    let mut run = 0;
    let mut last = None;
    let mut keeps = |byte: &u8| {
        run = if last == Some(*byte) { run + 1 } else { 0 };
        last = Some(*byte);
        run < WINDOW
    };
    text.iter().copied().filter(|byte| keeps(byte)).collect()
}

/// Letters and digits alone, in lower case.
fn folded(text: &[u8]) -> Vec<u8> {
    text.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect()
}

/// Windows that are looked for, with the pairs that they begin with.
#[derive(Debug)]
struct Windows {
    pairs: Vec<bool>,
    windows: HashSet<[u8; WINDOW]>,
}

impl Windows {
    fn of<'text>(texts: impl Iterator<Item = &'text [u8]>, counts: impl Fn(&[u8]) -> bool) -> Self {
        let mut pairs = vec![false; 1 << 16];
        let mut windows = HashSet::new();
        let all = texts.flat_map(|text| text.windows(WINDOW)).filter(|window| counts(window));
        for window in all.filter_map(|window| window.first_chunk::<WINDOW>()) {
            if let Some(pair) = pairs.get_mut(pair(window)) {
                *pair = true;
            }
            windows.insert(*window);
        }
        Self { pairs, windows }
    }

    fn stand_in(&self, text: &[u8]) -> bool {
        text.windows(WINDOW)
            .filter_map(|window| window.first_chunk::<WINDOW>())
            .any(|window| self.pairs.get(pair(window)).copied().unwrap_or_default() && self.windows.contains(window))
    }
}

fn pair(window: &[u8; WINDOW]) -> usize {
    usize::from(window[0]) << 8 | usize::from(window[1])
}

/// What became of one case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// A marker arrived, and nothing of the secret.
    Masked,
    /// The answer was refused or cut.
    Refused,
    /// What the secret stood in did not arrive.
    Dropped,
    /// It arrived without a marker, though this judge cannot read the secret out of it.
    Unscanned,
    /// The secret can be read out of what arrived.
    Leaked,
}

impl Verdict {
    /// Whether the caller learned nothing.
    #[must_use]
    pub const fn is_stopped(self) -> bool {
        matches!(self, Self::Masked | Self::Refused | Self::Dropped)
    }
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// As its framing said, with this status.
    Whole(u16),
    /// Before that.
    Cut,
}

impl Judge {
    /// Judges all that arrived of an answer.
    #[must_use]
    pub fn verdict(&self, arrived: &[u8], ending: Ending) -> Verdict {
        let holds = |needle: &[u8]| arrived.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle));
        if self.finds(arrived) {
            return Verdict::Leaked;
        }
        if holds(redact::MARKER.as_bytes()) {
            return Verdict::Masked;
        }
        let is_there = holds(BEFORE.trim_end().as_bytes()) || holds(AFTER.trim_start().as_bytes());
        match ending {
            Ending::Cut => Verdict::Refused,
            Ending::Whole(_) if is_there => Verdict::Unscanned,
            Ending::Whole(400..) => Verdict::Refused,
            Ending::Whole(_) => Verdict::Dropped,
        }
    }

    /// Whether this judge can read a secret in an encoding at all. It cannot read what is encrypted.
    #[must_use]
    pub fn reads_encoding(secret: &[u8], encoding: &Encoding) -> bool {
        let written = encoding.write(secret);
        let written = encoding.coding().map_or(written.clone(), |coding| coding.encode(&written));
        Self::of_unknown(secret).finds(&written)
    }
}

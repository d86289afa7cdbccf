//! Follows compressed data without a magic number, and such data in a list of numbers or in base64, through the stream.

use super::LiveScanner;
use super::blob::{self, Blob, Fed};
use crate::report::Report;
use crate::view::Unmarked;

impl LiveScanner {
    /// Looks into the data without a magic number that goes on in a piece, and into that which starts in what was looked at with it.
    pub(super) fn look_into_unmarked(&mut self, piece: &[u8], starts: Vec<(Unmarked, u64)>, report: &mut Report) {
        let mut going_on = std::mem::take(&mut self.unmarked);
        going_on.retain_mut(|blob| self.feed_unmarked(blob, piece, self.seen, report));
        for (start, origin) in starts {
            let (at, goes_on) = (origin + start.at as u64, origin + start.goes_on as u64);
            let blob = (self.depth < blob::DEPTH_MAX)
                .then(|| Blob::unmarked(&self.set, start, self.depth + 1, &self.expansion, at));
            let Some(mut blob) = blob.flatten() else { continue };
            // It may go on in what was seen before this piece.
            let seen = self.context.len() - (self.seen.saturating_sub(goes_on) as usize).min(self.context.len());
            let seen = self.context.get(seen..).unwrap_or_default().to_vec();
            let from = (goes_on.saturating_sub(self.seen) as usize).min(piece.len());
            let rest = piece.get(from..).unwrap_or_default();
            if self.feed_unmarked(&mut blob, &seen, self.seen - seen.len() as u64, report)
                && self.feed_unmarked(&mut blob, rest, self.seen + from as u64, report)
            {
                going_on.push(blob);
            }
        }
        self.unmarked = going_on;
    }

    /// Feeds bytes that stand at a position to compressed data; whether it goes on.
    fn feed_unmarked(&mut self, blob: &mut Blob, bytes: &[u8], position: u64, report: &mut Report) -> bool {
        let fed = blob.feed(bytes, position);
        let length = if let Fed::Until(length) = fed { length } else { bytes.len() };
        self.note_blob(blob, position + length as u64, report);
        matches!(fed, Fed::All)
    }
}

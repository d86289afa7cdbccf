//! Where the finds of a scan stand: lines and columns, counted from one.

use std::{collections::VecDeque, sync::Arc};

use parking_lot::Mutex;
use redact::{Class, Finding, Observe};

/// A find is decided soon after its text; the starts of this many bytes of lines are kept for it.
const KEPT_BYTES: u64 = 64 * 1024;

/// One find.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) class: Class,
    pub(super) rule: String,
    pub(super) score: u8,
    pub(super) line: u64,
    /// In bytes; `None` where only the line is known.
    pub(super) column: Option<u64>,
    /// In bytes; `None` where it is not known.
    pub(super) length: Option<u64>,
    pub(super) is_allowed: bool,
}

/// The finds that are not told of yet, and the lines that they may be in.
#[derive(Debug, Clone, Default)]
pub(super) struct Places(Arc<Mutex<Lines>>);

#[derive(Debug, Default)]
struct Lines {
    /// Position and number of each line that may still hold a find.
    starts: VecDeque<(u64, u64)>,
    seen: u64,
    is_within_line: bool,
    found: Vec<Place>,
}

impl Places {
    /// A line follows, or a piece of one.
    pub(super) fn line_follows(&self, piece: &[u8]) {
        let mut lines = self.0.lock();
        let Lines { starts, seen, is_within_line, .. } = &mut *lines;
        if !*is_within_line {
            let number = starts.back().map_or(1, |(_, number)| number + 1);
            starts.push_back((*seen, number));
        }
        *seen += piece.len() as u64;
        *is_within_line = !piece.ends_with(b"\n");
        while starts.get(1).is_some_and(|(start, _)| start + KEPT_BYTES < *seen) {
            starts.pop_front();
        }
    }

    /// What was found since this was last asked.
    pub(super) fn take(&self) -> Vec<Place> {
        std::mem::take(&mut self.0.lock().found)
    }

    /// A named field, which ends in the last line that followed.
    pub(super) fn named_field(&self) -> Place {
        let line = self.0.lock().starts.back().map_or(1, |(_, number)| *number);
        let (class, rule) = (Class::NamedField, "a field of a telling name".to_owned());
        Place { class, rule, score: 100, line, column: None, length: None, is_allowed: false }
    }
}

impl Observe for Places {
    fn observe(&mut self, finding: &Finding<'_>) {
        let mut lines = self.0.lock();
        let of_find = lines.starts.iter().rev().find(|(start, _)| *start <= finding.start).copied();
        let (start, line) = of_find.unwrap_or_default();
        lines.found.push(Place {
            class: finding.class,
            rule: finding.rule.to_owned(),
            score: finding.score,
            line,
            column: Some(finding.start - start + 1),
            length: Some(finding.end - finding.start),
            is_allowed: finding.is_allowed,
        });
    }
}

//! Of finds that overlap, keeps the surest.

use super::sight::Sight;
use crate::recognizer::{Found, KEPT_MAX};

/// Gives what was found before the place that is still open, in order, and returns that place.
pub(super) fn settle(sight: Sight<'_>, from: usize, found: &mut dyn FnMut(Found)) -> usize {
    let Sight { text, found: mut finds, open, .. } = sight;
    // Nothing keeps back more than that: a longer chain of finds is cut.
    let furthest = if sight.is_end { text.len() } else { text.len().saturating_sub(KEPT_MAX) };
    let mut decided = open.max(furthest).max(from);
    finds.retain(|find| find.start >= from);
    // Stable, so that of two that are alike in all but their kind the same is given whatever else was found.
    finds.sort_by_key(|find| (find.start, find.end));
    // What overlaps with what is open is open.
    for find in finds.iter().rev() {
        if find.start < decided && find.end > decided {
            decided = find.start;
        }
    }
    finds.retain(|find| find.end <= decided);
    let mut rest = finds.as_slice();
    while let Some((first, others)) = rest.split_first() {
        let mut end = first.end;
        let count = 1 + others
            .iter()
            .take_while(|find| {
                find.start < end && {
                    end = end.max(find.end);
                    true
                }
            })
            .count();
        let (group, later) = rest.split_at(count);
        give_surest(group, found);
        rest = later;
    }
    decided
}

/// Gives the surest of a group of finds, the longest of several, and what does not overlap with it.
fn give_surest(group: &[Found], found: &mut dyn FnMut(Found)) {
    let Some(best) = group.iter().max_by_key(|find| (find.score, find.end - find.start, std::cmp::Reverse(find.start)))
    else {
        return;
    };
    let before: Vec<Found> = group.iter().filter(|find| find.end <= best.start).copied().collect();
    let after: Vec<Found> = group.iter().filter(|find| find.start >= best.end).copied().collect();
    give_surest(&before, found);
    found(*best);
    give_surest(&after, found);
}

//! Cuts texts into parts and puts parts together, so that a request is neither tiny nor too long for its deadline.

use std::ops::Range;

/// A model reads some hundred kilobytes a second; this much leaves room within a deadline of two seconds.
const PART_LENGTH_MAX: usize = 16 * 1024;

/// Bytes of text in one request.
const BATCH_LENGTH_MAX: usize = 64 * 1024;

/// Texts in one request.
const BATCH_COUNT_MAX: usize = 128;

/// How far back a place is looked for at which no word is cut.
const GAP_REACH: usize = 512;

/// A part of one of the texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// Which text.
    pub(crate) text: usize,
    /// Which of its bytes.
    pub(crate) bytes: Range<usize>,
}

/// The parts of all texts, batch by batch. Empty texts have none.
pub(crate) fn batches(texts: &[&str]) -> Vec<Vec<Part>> {
    let mut batches: Vec<Vec<Part>> = Vec::new();
    let mut length = 0;
    for part in texts.iter().enumerate().flat_map(|(text, written)| parts(text, written)) {
        let fits = length + part.bytes.len() <= BATCH_LENGTH_MAX;
        match batches.last_mut() {
            Some(batch) if fits && batch.len() < BATCH_COUNT_MAX => {
                length += part.bytes.len();
                batch.push(part);
            }
            _ => {
                length = part.bytes.len();
                batches.push(vec![part]);
            }
        }
    }
    batches
}

/// The parts of one text, cut between words where there are any.
fn parts(text: usize, written: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut start = 0;
    while start < written.len() {
        let end = cut(written, start);
        parts.push(Part { text, bytes: start..end });
        start = end;
    }
    parts
}

fn cut(text: &str, start: usize) -> usize {
    if text.len() - start <= PART_LENGTH_MAX {
        return text.len();
    }
    let furthest = text.floor_char_boundary(start + PART_LENGTH_MAX);
    let nearest = text.floor_char_boundary(furthest - GAP_REACH);
    let gap = text.get(nearest..furthest).and_then(|end| end.rfind(char::is_whitespace));
    gap.map_or(furthest, |gap| text.ceil_char_boundary(nearest + gap + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_texts_travel_together_and_empty_ones_do_not() {
        let part = |text, length| Part { text, bytes: 0..length };
        assert_eq!(batches(&["one", "", "three"]), [vec![part(0, 3), part(2, 5)]]);
        assert_eq!(batches(&["", ""]), Vec::<Vec<Part>>::new());
        assert_eq!(batches(&["x"; 300]).iter().map(Vec::len).collect::<Vec<_>>(), [128, 128, 44]);
    }

    #[test]
    fn a_long_text_is_cut_between_words_and_within_no_character() {
        for word in ["wörd ", "ö", "a\u{3000}"] {
            let text = word.repeat(40_000);
            let parts = batches(&[&text]).concat();
            assert_eq!(parts.iter().map(|part| &text[part.bytes.clone()]).collect::<String>(), text);
            assert!(parts.iter().all(|part| part.bytes.len() <= PART_LENGTH_MAX));
            assert!(word == "ö" || parts.iter().all(|part| text[part.bytes.clone()].ends_with(char::is_whitespace)));
            assert!(
                batches(&[&text]).iter().all(|batch| batch.len() <= BATCH_LENGTH_MAX / (PART_LENGTH_MAX - GAP_REACH))
            );
        }
    }
}

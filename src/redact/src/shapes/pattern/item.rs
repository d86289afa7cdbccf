//! The pieces of a pattern: what of a text is of each.

use crate::shapes::classes::{Set, holds};
use crate::shapes::pem;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    Text {
        bytes: Vec<u8>,
        in_any_case: bool,
    },
    Run {
        set: Set,
        min: usize,
        max: Option<usize>,
    },
    /// The inside and the end of a PEM block, of so many bytes at least.
    Pem {
        min: usize,
    },
}

impl Item {
    /// What of the text is of the item: none if too little is.
    pub(super) fn length(&self, text: &[u8]) -> Option<usize> {
        match self {
            Self::Text { bytes, in_any_case } => {
                let start = text.get(..bytes.len())?;
                // Most differ in the first byte: no call for these.
                let is_alike = |(one, other): (&u8, &u8)| one == other;
                let is_here = if *in_any_case {
                    start.eq_ignore_ascii_case(bytes)
                } else {
                    start.iter().zip(bytes).all(is_alike)
                };
                is_here.then_some(bytes.len())
            }
            Self::Run { set, min, max } => {
                let text = text.get(..max.unwrap_or(usize::MAX)).unwrap_or(text);
                let length = text.iter().take_while(|byte| holds(*set, **byte)).count();
                (length >= *min).then_some(length)
            }
            Self::Pem { min } => {
                let (length, _) = pem::go_on(pem::START, text);
                (length >= *min).then_some(length)
            }
        }
    }

    /// Whether a text that is too short for the item is the start of it.
    pub(super) fn may_begin(&self, text: &[u8]) -> bool {
        match self {
            Self::Text { bytes, in_any_case } => {
                let start = bytes.get(..text.len());
                start.is_some_and(|start| if *in_any_case { start.eq_ignore_ascii_case(text) } else { start == text })
            }
            Self::Run { set, .. } => text.iter().all(|byte| holds(*set, *byte)),
            Self::Pem { .. } => pem::go_on(pem::START, text).1.is_some(),
        }
    }

    pub(super) const fn is_full(&self, length: usize) -> bool {
        match self {
            Self::Text { .. } => true,
            Self::Run { max, .. } => matches!(max, Some(max) if *max == length),
            Self::Pem { .. } => false,
        }
    }

    pub(super) const fn goes_on(&self) -> bool {
        matches!(self, Self::Run { max: None, .. } | Self::Pem { .. })
    }

    pub(super) const fn is_long(&self) -> bool {
        matches!(self, Self::Run { max: Some(257..), .. })
    }

    pub(super) fn has_one_length(&self) -> bool {
        match self {
            Self::Text { .. } => true,
            Self::Run { min, max, .. } => *max == Some(*min),
            Self::Pem { .. } => false,
        }
    }

    pub(super) fn bytes_min(&self) -> usize {
        match self {
            Self::Text { bytes, .. } => bytes.len(),
            Self::Run { min, .. } | Self::Pem { min } => *min,
        }
    }

    pub(super) fn set_at(&self, at: usize) -> Set {
        match self {
            Self::Text { bytes, in_any_case } => bytes.get(at).map_or(0, |byte| {
                let set = 1 << (byte & 127);
                if *in_any_case { set | 1 << byte.to_ascii_lowercase() | 1 << byte.to_ascii_uppercase() } else { set }
            }),
            Self::Run { set, .. } => *set,
            Self::Pem { .. } => pem::INSIDE,
        }
    }
}

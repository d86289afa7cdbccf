//! Lets values pass that the operator says are harmless: one is kept back as long as it may turn out to be such a value.

use std::sync::Arc;

use bytes::Bytes;

use super::{FieldScanner, Output};

/// How many backslashes may come last: they can be of the quote that ends a value.
const SLASHES_MAX: usize = 8;

/// The values that pass, and what has come of one that may be one of them.
#[derive(Debug, Default)]
pub(super) struct Allowance {
    values: Arc<[Box<[u8]>]>,
    /// Empty after a boundary, if what came before it passed.
    kept: Option<Vec<u8>>,
    /// Stand around the marker, where a number was.
    quote: &'static str,
}

impl Allowance {
    pub(super) fn new(values: Arc<[Box<[u8]>]>) -> Self {
        Self { values, ..Self::default() }
    }

    /// Whether a value that begins so may pass.
    fn may_pass(&self, beginning: &[u8]) -> bool {
        let slashes = beginning.iter().rev().take_while(|byte| **byte == b'\\').count();
        let certain = beginning.get(..beginning.len() - slashes).unwrap_or_default();
        let fits = |value: &[u8]| value.starts_with(certain) && beginning.len() <= value.len() + SLASHES_MAX;
        self.values.iter().any(|value| fits(value))
    }
}

impl FieldScanner {
    /// A value begins that is to be masked. `quote` stands around the marker.
    pub(super) fn hide(&mut self, beginning: &[u8], quote: &'static str, output: &mut Output<'_, impl FnMut(Bytes)>) {
        self.allowance.quote = quote;
        if self.allowance.may_pass(beginning) {
            self.allowance.kept = Some(beginning.to_vec());
        } else {
            self.mark(output);
        }
    }

    /// The value goes on.
    pub(super) fn hide_more(&mut self, byte: u8, output: &mut Output<'_, impl FnMut(Bytes)>) {
        let Some(mut kept) = self.allowance.kept.take() else { return };
        kept.push(byte);
        if self.allowance.may_pass(&kept) {
            self.allowance.kept = Some(kept);
        } else {
            self.mark(output);
        }
    }

    /// The value has ended, and the last `closing` of its backslashes are of what ends it.
    pub(super) fn value_ends(&mut self, closing: u8, output: &mut Output<'_, impl FnMut(Bytes)>) {
        let Some(kept) = self.allowance.kept.take() else { return };
        let value = kept.get(..kept.len().saturating_sub(usize::from(closing))).unwrap_or_default();
        if value.is_empty() || self.allowance.values.iter().any(|allowed| **allowed == *value) {
            output.put(Bytes::copy_from_slice(value));
        } else {
            self.mark(output);
        }
    }

    /// Nobody should wait for what is kept back. What comes after it is judged by itself.
    pub(super) fn release_value(&mut self, output: &mut Output<'_, impl FnMut(Bytes)>) {
        if self.allowance.kept.is_some() {
            let masked = output.report.count();
            self.value_ends(0, output);
            self.allowance.kept = (masked == output.report.count()).then(Vec::new);
        }
    }

    fn mark(&self, output: &mut Output<'_, impl FnMut(Bytes)>) {
        output.put(Bytes::from_static(self.allowance.quote.as_bytes()));
        output.mask();
        output.put(Bytes::from_static(self.allowance.quote.as_bytes()));
    }
}

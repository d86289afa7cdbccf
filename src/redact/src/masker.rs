//! Masks one stream: a response body, or what is inside the events of one.

use std::sync::Arc;

use bytes::Bytes;
use secret::FingerprintSet;

use crate::content::Content;
use crate::fields::FieldScanner;
use crate::live::LiveScanner;
use crate::report::Report;

/// Masks live secrets and named secret fields in one stream of any length.
///
/// How the stream is cut into chunks makes no difference to what comes out. Clean bytes come out as slices of what went in.
/// Kept back is only what could be the start of a secret: 15 bytes at most (23 or 47 inside percent or `\u` escapes), and
/// a bare word of up to 24 letters after a telling name.
#[derive(Debug)]
pub struct Masker {
    live: LiveScanner,
    fields: Option<FieldScanner>,
    report: Report,
}

impl Masker {
    /// A masker for a new stream.
    #[must_use]
    pub fn new(secrets: Arc<FingerprintSet>, content: Content) -> Self {
        let fields = match content {
            Content::Text => Some(FieldScanner::new()),
            Content::Binary => None,
        };
        Self { live: LiveScanner::new(secrets), fields, report: Report::default() }
    }

    /// Takes the next bytes of the stream and gives those that are ready to `out`.
    pub fn push(&mut self, chunk: Bytes, out: &mut impl FnMut(Bytes)) {
        if chunk.is_empty() {
            return;
        }
        let Self { live, fields, report } = self;
        let mut live_report = std::mem::take(report);
        match fields {
            Some(fields) => {
                let mut field_report = Report::default();
                live.push(chunk, &mut live_report, &mut |clean| fields.push(clean, &mut field_report, out));
                live_report.merge(&field_report);
            }
            None => live.push(chunk, &mut live_report, out),
        }
        *report = live_report;
    }

    /// Says that a message or event ends here: all that is kept back is given to `out`, for nobody should wait for the next
    /// message to read this one. State stays, so what continues a secret or a value in the next message is masked from there on.
    pub fn boundary(&mut self, out: &mut impl FnMut(Bytes)) {
        let Self { live, fields, report } = self;
        let mut live_report = std::mem::take(report);
        match fields {
            Some(fields) => {
                let mut field_report = Report::default();
                live.boundary(&mut live_report, &mut |clean| fields.push(clean, &mut field_report, out));
                fields.boundary(&mut field_report, out);
                live_report.merge(&field_report);
            }
            None => live.boundary(&mut live_report, out),
        }
        *report = live_report;
    }

    /// Ends the stream: gives the rest to `out` and says what was masked.
    pub fn finish(&mut self, out: &mut impl FnMut(Bytes)) -> Report {
        self.boundary(out);
        std::mem::take(&mut self.report)
    }

    /// What was masked so far, for ending a session at the first leak.
    #[must_use]
    pub const fn report(&self) -> &Report {
        &self.report
    }
}

#[cfg(test)]
mod tests;

//! Masks one stream: a response body, or what is inside the events of one.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use secret::FingerprintSet;

use crate::{
    class::Class,
    content::Content,
    fields::FieldScanner,
    issued::{IssuedScanner, Piece},
    live::LiveScanner,
    observe::Observe,
    profile::{Action, Profile},
    report::Report,
    spans::{Listeners, Sinks, SpanScanner},
    substitute::Substitute,
};

/// Masks live secrets, named secret fields and what the recognizers of a profile find, in one stream of any length.
///
/// How the stream is cut into chunks makes no difference to what comes out. Clean bytes come out as slices of what went in.
/// Kept back are the last 640 bytes, whatever they are, the first 128 bytes of a value in an event stream, and of compressed data in
/// base64 what is not known to be clean; besides, after a telling name, a bare word of up to 24 letters and the beginning of a value that
/// is allowed, and what a recognizer is in the midst of.
pub struct Masker {
    /// Comes before what masks.
    issued: Option<IssuedScanner>,
    /// `None` where no live secret is looked for.
    live: Option<LiveScanner>,
    content: Content,
    /// `None` for content that is not text.
    text: Option<TextScanner>,
    report: Report,
    listeners: Listeners,
}

/// What is looked for in text alone.
#[derive(Debug)]
struct TextScanner {
    fields: NamedFields,
    /// `None` where no shape is looked for.
    spans: Option<SpanScanner>,
    profile: Arc<Profile>,
}

impl Masker {
    /// A masker for a new stream.
    #[must_use]
    pub fn new(secrets: Arc<FingerprintSet>, profile: &Arc<Profile>, content: Content) -> Self {
        Self { live: Some(LiveScanner::new(secrets, content)), ..Self::without_secrets(profile, content) }
    }

    /// A masker for a stream that comes from somebody who was never given a live secret.
    #[must_use]
    pub fn without_secrets(profile: &Arc<Profile>, content: Content) -> Self {
        let text = match content {
            Content::Json | Content::Events | Content::Text => Some(TextScanner {
                fields: NamedFields(FieldScanner::new(profile.allowed_values())),
                spans: (!profile.recognizers().is_empty()).then(|| SpanScanner::new(content)),
                profile: Arc::clone(profile),
            }),
            Content::Binary => None,
        };
        Self { issued: None, live: None, content, text, report: Report::default(), listeners: Listeners::default() }
    }

    /// What stands for the finds that the profile says to tokenize.
    #[must_use]
    pub fn with_substitute(mut self, substitute: Box<dyn Substitute>) -> Self {
        self.listeners.substitute = Some(substitute);
        self
    }

    /// Offers the values of fields with telling names to `substitute` before anything is masked, whole and as their owner will use
    /// them ([`Class::IssuedToken`]). Kept back is then also such a value until it ends, and no more than 16 KiB of it.
    #[must_use]
    pub fn with_issued(mut self, substitute: Box<dyn Substitute>) -> Self {
        self.issued = self.text.is_some().then(|| IssuedScanner::offering(substitute));
        self
    }

    /// Has a stream refused that has such a value.
    #[must_use]
    pub fn refusing_issued(mut self) -> Self {
        self.issued = self.text.is_some().then(IssuedScanner::refusing);
        self
    }

    /// Who is told of each find of a recognizer of shapes.
    #[must_use]
    pub fn with_observer(mut self, observer: Box<dyn Observe>) -> Self {
        self.listeners.observer = Some(observer);
        self
    }

    /// Takes the next bytes of the stream and gives those that are ready to `out`.
    pub fn push(&mut self, chunk: Bytes, out: &mut impl FnMut(Bytes)) {
        if chunk.is_empty() {
            return;
        }
        let Some(mut issued) = self.issued.take() else { return self.mask(chunk, out) };
        let mut report = Report::default();
        issued.push(&chunk, &mut report, &mut |piece| self.place(piece, out));
        self.report.merge(&report);
        self.issued = Some(issued);
    }

    fn place(&mut self, piece: Piece, out: &mut impl FnMut(Bytes)) {
        match piece {
            Piece::Text(text) => self.mask(text, out),
            Piece::Instead { instead, secrets } => {
                self.release(out);
                out(instead);
                if let Some(secrets) = secrets {
                    self.live = Some(LiveScanner::new(secrets, self.content));
                }
            }
        }
    }

    fn mask(&mut self, chunk: Bytes, out: &mut impl FnMut(Bytes)) {
        let Self { live, text, report, listeners, .. } = self;
        let Some(text) = text else { return push_live(live, chunk, report, out) };
        let mut later = Report::default();
        push_live(live, chunk, report, &mut |clean| text.push(clean, &mut later, listeners, out));
        report.merge(&later);
    }

    /// Takes the last bytes of a stream, after which only [`Masker::finish`] is called. The same comes out as from [`Masker::push`], all
    /// at once: of a stream that comes whole nothing is looked at twice, and what is masked is copied once instead of cut up.
    pub fn push_last(&mut self, chunk: Bytes, out: &mut impl FnMut(Bytes)) {
        if self.issued.is_some() {
            self.push(chunk, out);
            return self.boundary(out);
        }
        let Self { live, text, report, listeners, .. } = self;
        let Some(text) = text else { return push_last_live(live, chunk, report, out) };
        let (mut later, mut clean) = (Report::default(), Joined::default());
        push_last_live(live, chunk, report, &mut |piece| clean.push(piece));
        text.push_last(clean.into_bytes(), &mut later, listeners, out);
        report.merge(&later);
    }

    /// Says that a message or event ends here: all that is kept back is given to `out`, for nobody should wait for the next
    /// message to read this one. State stays, so what continues a secret or a value in the next message is masked from there on.
    pub fn boundary(&mut self, out: &mut impl FnMut(Bytes)) {
        if let Some(mut issued) = self.issued.take() {
            let mut report = Report::default();
            issued.boundary(&mut report, &mut |piece| self.place(piece, out));
            self.report.merge(&report);
            self.issued = Some(issued);
        }
        self.release(out);
    }

    fn release(&mut self, out: &mut impl FnMut(Bytes)) {
        let Self { live, text, report, listeners, .. } = self;
        let Some(text) = text else { return end_live(live, report, out) };
        let mut later = Report::default();
        end_live(live, report, &mut |clean| text.push(clean, &mut later, listeners, out));
        text.boundary(&mut later, listeners, out);
        report.merge(&later);
    }

    /// Says that nothing has come for a while: what is kept back for live secrets is given to `out`, but for a word that may go on.
    pub fn pause(&mut self, out: &mut impl FnMut(Bytes)) {
        let Self { live, text, report, listeners, .. } = self;
        let Some(live) = live else { return };
        let Some(text) = text else { return live.pause(report, out) };
        let mut later = Report::default();
        live.pause(report, &mut |clean| text.push(clean, &mut later, listeners, out));
        report.merge(&later);
    }

    /// Ends the stream: gives the rest to `out` and says what was found.
    pub fn finish(&mut self, out: &mut impl FnMut(Bytes)) -> Report {
        self.boundary(out);
        std::mem::take(&mut self.report)
    }

    /// What was found so far, for ending a session at the first leak.
    #[must_use]
    pub const fn report(&self) -> &Report {
        &self.report
    }
}

fn push_live(live: &mut Option<LiveScanner>, chunk: Bytes, report: &mut Report, out: &mut impl FnMut(Bytes)) {
    match live {
        Some(live) => live.push(chunk, report, out),
        None => out(chunk),
    }
}

fn push_last_live(live: &mut Option<LiveScanner>, chunk: Bytes, report: &mut Report, out: &mut impl FnMut(Bytes)) {
    match live {
        Some(live) => live.push_last(chunk, report, out),
        None => out(chunk),
    }
}

fn end_live(live: &mut Option<LiveScanner>, report: &mut Report, out: &mut impl FnMut(Bytes)) {
    if let Some(live) = live {
        live.boundary(report, out);
    }
}

/// Pieces of a text as one; a single one is not copied.
#[derive(Debug, Default)]
struct Joined {
    first: Bytes,
    /// All of them, if there are more.
    all: Vec<u8>,
}

impl Joined {
    fn push(&mut self, piece: Bytes) {
        if self.first.is_empty() {
            self.first = piece;
            return;
        }
        if self.all.is_empty() {
            self.all.extend_from_slice(&self.first);
        }
        self.all.extend_from_slice(&piece);
    }

    fn into_bytes(self) -> Bytes {
        if self.all.is_empty() { self.first } else { Bytes::from(self.all) }
    }
}

/// The scanner of named fields, and what the profile says of what it finds.
#[derive(Debug)]
struct NamedFields(FieldScanner);

impl NamedFields {
    fn push(&mut self, chunk: Bytes, profile: &Profile, report: &mut Report, out: &mut impl FnMut(Bytes)) {
        match profile.action(Class::NamedField) {
            Action::Detect => {
                let mut found = Report::default();
                self.0.push(chunk.clone(), &mut found, &mut |_| {});
                report.merge_as_detected(&found);
                out(chunk);
            }
            action => {
                self.0.push(chunk, report, out);
                refuse(action, report);
            }
        }
    }

    fn boundary(&mut self, profile: &Profile, report: &mut Report, out: &mut impl FnMut(Bytes)) {
        match profile.action(Class::NamedField) {
            Action::Detect => {
                let mut found = Report::default();
                self.0.boundary(&mut found, &mut |_| {});
                report.merge_as_detected(&found);
            }
            action => {
                self.0.boundary(report, out);
                refuse(action, report);
            }
        }
    }
}

fn refuse(action: Action, report: &mut Report) {
    if action == Action::Block && report.count_of(Class::NamedField) > 0 {
        report.note_block(Class::NamedField);
    }
}

impl TextScanner {
    fn push(&mut self, chunk: Bytes, report: &mut Report, listeners: &mut Listeners, out: &mut impl FnMut(Bytes)) {
        if chunk.is_empty() {
            return;
        }
        let Self { fields, spans, profile } = self;
        let Some(spans) = spans else { return fields.push(chunk, profile, report, out) };
        let mut later = Report::default();
        let mut sinks = Sinks { profile, report: &mut later, listeners, out };
        fields.push(chunk, profile, report, &mut |clean| spans.push(clean, &mut sinks));
        report.merge(&later);
    }

    /// The same, and all that is kept back.
    fn push_last(&mut self, chunk: Bytes, report: &mut Report, listeners: &mut Listeners, out: &mut impl FnMut(Bytes)) {
        let Self { fields, spans, profile } = self;
        let Some(spans) = spans else {
            fields.push(chunk, profile, report, out);
            return fields.boundary(profile, report, out);
        };
        let (mut later, mut clean) = (Report::default(), Joined::default());
        fields.push(chunk, profile, report, &mut |piece| clean.push(piece));
        fields.boundary(profile, report, &mut |piece| clean.push(piece));
        spans.push_last(clean.into_bytes(), &mut Sinks { profile, report: &mut later, listeners, out });
        report.merge(&later);
    }

    fn boundary(&mut self, report: &mut Report, listeners: &mut Listeners, out: &mut impl FnMut(Bytes)) {
        let Self { fields, spans, profile } = self;
        let Some(spans) = spans else { return fields.boundary(profile, report, out) };
        let mut later = Report::default();
        let mut sinks = Sinks { profile, report: &mut later, listeners, out };
        fields.boundary(profile, report, &mut |clean| spans.push(clean, &mut sinks));
        spans.boundary(&mut sinks);
        report.merge(&later);
    }
}

impl fmt::Debug for Masker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Masker").field("report", &self.report).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

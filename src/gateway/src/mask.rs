//! Masks the answer of an upstream: the only way from what came back to what a caller may read.

mod held;
mod issued;
mod pseudonyms;
mod stream;
mod told;

use std::{
    borrow::Cow,
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use egress::{Coding, Issued, Unscanned, UnscannedParts, UpstreamBody};
use http::{HeaderMap, HeaderName, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use mcp::Object;
use redact::{Class, Content, Decoder, Masker, Profile, Report, mask_header};

use self::{held::Held, issued::watching, pseudonyms::pseudonymizing, stream::MaskedStream};
use crate::{
    analysis::Unanalyzed,
    denial::Denial,
    leak::LeakAlarm,
    record::{Ending, PendingOutcome},
    upstream::Upstream,
};

/// An answer whose length is known and no more than this is scanned whole: one write to the caller instead of chunks. A text of 64 KB
/// and what stands around it fit.
const WHOLE_BYTES_MAX: u64 = 128 * 1024;

/// Pieces of no more than this are joined: copying them costs less than handing on each.
const JOINED_BYTES_MAX: usize = 8 * 1024;

/// The headers of an upstream's answer that a caller may read, each masked. Everything else stays here: challenges, cookies,
/// upstream addresses, framing.
const PASSED_ON: [HeaderName; 14] = [
    header::CONTENT_TYPE,
    header::CONTENT_LANGUAGE,
    header::CONTENT_DISPOSITION,
    header::CACHE_CONTROL,
    header::ETAG,
    header::LAST_MODIFIED,
    header::EXPIRES,
    header::VARY,
    header::RETRY_AFTER,
    header::LOCATION,
    header::LINK,
    header::ACCEPT_RANGES,
    header::CONTENT_RANGE,
    // For this service itself, as the client of a server of the older era; its own answers are built anew.
    mcp::legacy::MCP_SESSION_ID,
];

/// A body that was scanned, or that this service wrote itself. Nothing else is sent to a caller.
#[derive(Debug)]
pub struct Clean {
    kind: Kind,
    /// What its reader is told of finds in it; of a stream, the stream says so far.
    told: Object,
}

#[derive(Debug)]
enum Kind {
    Whole(Bytes),
    /// All there too, and too long to be copied into one piece.
    Pieces(VecDeque<Bytes>),
    Stream(Box<MaskedStream>),
    /// Frames that a stage of ours makes from clean ones.
    Derived(Pin<Box<dyn DerivedBody>>),
}

/// A body that is derived from clean frames and our own words alone. Implementations stand in this crate.
pub(crate) trait DerivedBody: Send + std::fmt::Debug {
    /// The next bytes, or the end.
    fn poll_bytes(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Interrupted>>>;
}

/// Why a body ends before it is whole: the caller's connection is cut, and the record says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Interrupted {
    /// The upstream broke off or stalled.
    #[error("the upstream's answer broke off")]
    Upstream,
    /// The answer cannot be decoded any further.
    #[error("the upstream's answer cannot be scanned")]
    Unscannable,
    /// The answer holds what the operator says to refuse.
    #[error("the upstream's answer holds what the operator refuses")]
    Blocked(Class),
    /// Nobody looked for names and places in the answer.
    #[error("the upstream's answer was not analyzed")]
    Unanalyzed(Unanalyzed),
    /// The answer is not one of the protocol.
    #[error("the upstream's answer is not one of the protocol")]
    Protocol,
    /// The session ended.
    #[error("the session has ended")]
    SessionEnded,
    /// The outcome cannot be recorded.
    #[error("the outcome cannot be recorded")]
    Unrecorded,
}

impl Clean {
    /// Words of our own.
    pub(crate) fn ours(bytes: impl Into<Bytes>) -> Self {
        Self::of(Kind::Whole(bytes.into()))
    }

    fn of(kind: Kind) -> Self {
        Self { kind, told: Object::new() }
    }

    /// Clean pieces, in their order.
    pub(crate) fn in_pieces(mut pieces: VecDeque<Bytes>) -> Self {
        let length = pieces.iter().map(Bytes::len).sum();
        if pieces.len() <= 1 {
            return Self::of(Kind::Whole(pieces.pop_front().unwrap_or_default()));
        }
        if length > JOINED_BYTES_MAX {
            return Self::of(Kind::Pieces(pieces));
        }
        let mut joined = Vec::with_capacity(length);
        pieces.iter().for_each(|piece| joined.extend_from_slice(piece));
        Self::of(Kind::Whole(joined.into()))
    }

    /// A body that a stage of ours derives from clean ones.
    pub(crate) fn derived(body: impl DerivedBody + 'static) -> Self {
        Self::of(Kind::Derived(Box::pin(body)))
    }

    /// The bytes, where they are all there already.
    pub(crate) const fn whole(&self) -> Option<&Bytes> {
        match &self.kind {
            Kind::Whole(bytes) => Some(bytes),
            Kind::Pieces(_) | Kind::Stream(_) | Kind::Derived(_) => None,
        }
    }

    /// The pieces, where they are all there already and several.
    pub(crate) const fn pieces(&self) -> Option<&VecDeque<Bytes>> {
        match &self.kind {
            Kind::Pieces(pieces) => Some(pieces),
            Kind::Whole(_) | Kind::Stream(_) | Kind::Derived(_) => None,
        }
    }

    /// What goes into the `_meta` of the result that it holds: what was found in it so far. Nothing where nothing was.
    pub(crate) fn told(&self) -> Object {
        match &self.kind {
            Kind::Stream(stream) => stream.told(),
            Kind::Whole(_) | Kind::Pieces(_) | Kind::Derived(_) => self.told.clone(),
        }
    }

    /// The next clean bytes; `None` at the end, which is after the outcome was recorded.
    pub(crate) async fn next(&mut self) -> Option<Result<Bytes, Interrupted>> {
        std::future::poll_fn(|cx| self.poll_bytes(cx)).await
    }

    /// Reads to the end.
    ///
    /// # Errors
    /// [`Denial::UpstreamProtocol`] beyond `bytes_max`, otherwise what interrupted the body.
    pub(crate) async fn collect(&mut self, bytes_max: usize) -> Result<Bytes, Denial> {
        if let Kind::Whole(bytes) = &mut self.kind {
            return Ok(std::mem::take(bytes));
        }
        let mut all = Vec::new();
        while let Some(bytes) = self.next().await {
            let bytes = bytes.map_err(Denial::Interrupted)?;
            if all.len() + bytes.len() > bytes_max {
                return Err(Denial::UpstreamProtocol { reason: "a message that must be read whole is too long" });
            }
            all.extend_from_slice(&bytes);
        }
        Ok(all.into())
    }

    /// The answer is complete, and what follows is not passed on. Reading on to the end waits for the outcome's record.
    pub(crate) fn conclude(&mut self) {
        match &mut self.kind {
            Kind::Stream(stream) => stream.conclude(),
            Kind::Whole(bytes) => bytes.clear(),
            Kind::Pieces(pieces) => pieces.clear(),
            Kind::Derived(_) => {}
        }
    }

    pub(crate) fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Interrupted>>> {
        match &mut self.kind {
            Kind::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Kind::Whole(bytes) => Poll::Ready(Some(Ok(std::mem::take(bytes)))),
            Kind::Pieces(pieces) => Poll::Ready(pieces.pop_front().map(Ok)),
            Kind::Stream(stream) => stream.poll_bytes(cx),
            Kind::Derived(body) => body.as_mut().poll_bytes(cx),
        }
    }
}

impl Body for Clean {
    type Data = Bytes;
    type Error = Interrupted;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Interrupted>>> {
        self.poll_bytes(cx).map(|next| next.map(|bytes| bytes.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Whole(bytes) => bytes.is_empty(),
            Kind::Pieces(pieces) => pieces.is_empty(),
            Kind::Stream(_) | Kind::Derived(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Pieces(pieces) => SizeHint::with_exact(pieces.iter().map(|piece| piece.len() as u64).sum()),
            Kind::Stream(_) | Kind::Derived(_) => SizeHint::default(),
        }
    }
}

/// Masks an answer. A short one is scanned whole, and its outcome is recorded before this returns; a longer one streams, and
/// its outcome is recorded before its end. One that is analyzed is whole as well, unless it is a stream of events, each of which is
/// analyzed when it is whole.
///
/// # Errors
/// [`Denial::Unscannable`] for a coding that cannot be undone, [`Denial::Blocked`] and [`Denial::Unanalyzed`]; then the outcome says
/// so.
pub(crate) async fn mask(
    answer: Response<Unscanned>,
    mut outcome: PendingOutcome,
    mut alarm: LeakAlarm,
    upstream: &Upstream,
) -> Result<Response<Clean>, Denial> {
    let profile = upstream.masking();
    let (parts, unscanned) = answer.into_parts();
    let unscanned = unscanned.into_parts();
    let mut masked = Report::default();
    let mut headers = mask_headers(&unscanned, profile, &mut masked);
    outcome.note_head(parts.status.as_u16(), unscanned.lease.clone(), &masked);
    if let Issued::Capture(capture) = &unscanned.issued {
        outcome.note_capture(capture);
    }
    if masked.count_of(Class::LiveSecret) > 0 {
        alarm.raise();
    }
    if let Some(class) = masked.blocked_by() {
        return Err(fail(outcome, Denial::Blocked { class }).await);
    }
    let decoder = match decoder_for(unscanned.coding) {
        Ok(decoder) => decoder,
        Err(unscannable) => return Err(fail(outcome, Denial::Unscannable(unscannable)).await),
    };
    let UnscannedParts { body, fingerprints, issued, pseudonyms, headers: unscanned_headers, .. } = unscanned;
    let content_type = unscanned_headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let (content, is_event_stream) = (Content::of(content_type), is_event_stream(content_type));
    let masker = watching(Masker::new(fingerprints, profile, content), issued);
    let masker = pseudonymizing(masker, pseudonyms);
    let is_skipped = cfg!(claviger_broken = "no_error_bodies") && parts.status.as_u16() >= 400
        || cfg!(claviger_broken = "no_events") && is_event_stream;
    let masker = if is_skipped { Masker::without_secrets(profile, Content::Binary) } else { masker };
    let analysis = upstream.analysis().filter(|_| content != Content::Binary);
    let is_analyzed_whole = analysis.is_some() && !is_event_stream;
    let held = analysis.map(|analysis| Held::new(analysis, is_event_stream));
    let stream = MaskedStream::new(decoder, masker, held, outcome, alarm, is_event_stream);
    let is_short = body.size_hint().exact().is_some_and(|bytes| bytes <= WHOLE_BYTES_MAX);
    let clean = if is_short || is_analyzed_whole {
        let (clean, found) = whole(stream, body).await?;
        // Of one that streams on after all, nobody knows yet what is in the rest.
        if !matches!(clean.kind, Kind::Stream(_)) {
            masked.merge(&found);
            told::write_fields(&masked, profile, &mut headers);
        }
        clean
    } else {
        Clean::of(Kind::Stream(Box::new(stream.reading(body))))
    };
    let mut response = Response::new(clean);
    *response.status_mut() = parts.status;
    *response.headers_mut() = headers;
    Ok(response)
}

/// Scans an answer to its end and records its outcome. One that is too long to be analyzed, and passes, streams on. Gives what was
/// found, too.
async fn whole(mut stream: MaskedStream, mut body: UpstreamBody) -> Result<(Clean, Report), Denial> {
    let session = Arc::clone(stream.session());
    let mut is_first = true;
    loop {
        let frame = tokio::select! {
            biased; // what is there costs no registration
            frame = body.frame() => frame,
            () = session.end().cancelled() => return Err(fail(stream.into_outcome(), Denial::SessionEnded).await),
        };
        let Some(frame) = frame else { break };
        let scanned = match frame.map(Frame::into_data) {
            Ok(Ok(data)) if is_first && body.is_end_stream() => stream.scan_whole(data).map_err(Denial::from),
            Ok(Ok(data)) => stream.scan(data).map_err(Denial::from),
            // Trailers are dropped: a caller cannot tell a masked one from a missing one.
            Ok(Err(_trailers)) => Ok(()),
            Err(error) => Err(Denial::Egress(error)),
        };
        if let Err(denial) = scanned {
            return Err(fail(stream.into_outcome(), denial).await);
        }
        is_first = false;
        if stream.passes_unanalyzed() {
            let found = stream.report();
            return Ok((Clean::of(Kind::Stream(Box::new(stream.reading(body)))), found));
        }
    }
    if let Err(withheld) = stream.finish() {
        return Err(fail(stream.into_outcome(), withheld.into()).await);
    }
    let analyzed = tokio::select! {
        biased; // most answers are not analyzed
        analyzed = stream.analyze() => analyzed.map_err(Denial::from),
        () = session.end().cancelled() => Err(Denial::SessionEnded),
    };
    if let Err(denial) = analyzed {
        return Err(fail(stream.into_outcome(), denial).await);
    }
    let clean = Clean { told: stream.told(), ..Clean::in_pieces(stream.take()) };
    let found = stream.report();
    let settled = stream.into_outcome().settle(Ending::Complete).await;
    settled.map_err(|error| Denial::OutcomeUnrecorded { reason: error.to_string() })?;
    Ok((clean, found))
}

/// Records that an exchange failed, and gives the reason back.
pub(crate) async fn fail(mut outcome: PendingOutcome, denial: Denial) -> Denial {
    let ending = match &denial {
        Denial::SessionEnded => Ending::Cut,
        denial => Ending::Failed(denial.told().error),
    };
    match outcome.settle(ending).await {
        Ok(()) => denial,
        Err(error) => Denial::OutcomeUnrecorded { reason: error.to_string() },
    }
}

/// An answer of our own in JSON.
pub(crate) fn ours_json(status: StatusCode, body: impl Into<Bytes>) -> Response<Clean> {
    let mut response = ours(status, body);
    response.headers_mut().insert(header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    response
}

/// An answer of our own, never stored by anyone.
pub(crate) fn ours(status: StatusCode, body: impl Into<Bytes>) -> Response<Clean> {
    let mut response = Response::new(Clean::ours(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
    response
}

fn mask_headers(unscanned: &UnscannedParts, profile: &Arc<Profile>, masked: &mut Report) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(4);
    for (name, value) in unscanned.headers.iter().filter(|(name, _)| PASSED_ON.contains(name)) {
        if cfg!(claviger_broken = "no_headers") {
            headers.append(name, value.clone());
            continue;
        }
        match mask_header(&unscanned.fingerprints, profile, name.as_str(), value.as_bytes(), masked) {
            Cow::Borrowed(clean) if clean == value.as_bytes() => _ = headers.append(name, value.clone()),
            masked => {
                if let Ok(value) = http::HeaderValue::from_bytes(&masked) {
                    headers.append(name, value);
                }
            }
        }
    }
    // An answer to HEAD says how long the one to GET would be (RFC 9110, section 9.3.2).
    if unscanned.body.is_end_stream()
        && let Some(length) = unscanned.headers.get(header::CONTENT_LENGTH).filter(|length| *length != "0")
    {
        headers.insert(header::CONTENT_LENGTH, length.clone());
    }
    headers
}

/// What undoes a coding. The upstream was asked for none, so anything but these is its mistake.
fn decoder_for(coding: Coding) -> Result<Decoder, redact::Unscannable> {
    match coding {
        Coding::Identity => Decoder::new(None),
        Coding::Gzip if cfg!(claviger_broken = "no_gzip") => Decoder::new(None),
        Coding::Gzip => Decoder::new(Some("gzip")),
        Coding::Deflate => Decoder::new(Some("deflate")),
        Coding::Brotli => Decoder::new(Some("br")),
        Coding::Zstd => Decoder::new(Some("zstd")),
        Coding::Other => Err(redact::Unscannable::UnknownCoding),
    }
}

/// Whether a content type is that of server-sent events.
pub(crate) fn is_event_stream(content_type: Option<&str>) -> bool {
    let essence = content_type.and_then(|value| value.split(';').next()).unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("text/event-stream")
}

#[cfg(test)]
mod tests;

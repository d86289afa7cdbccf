//! Masks the answer of an upstream: the only way from what came back to what a caller may read.

mod clean;
mod headers;
mod held;
mod issued;
mod line_end;
mod pseudonyms;
mod quiet;
mod stream;
mod told;
mod withheld;

use std::sync::Arc;

use egress::{Coding, Issued, Unscanned, UnscannedParts, UpstreamBody};
use http::{Response, header};
use http_body::{Body as _, Frame};
use http_body_util::BodyExt as _;
use redact::{Class, Content, Decoder, Masker, Report};

pub use self::clean::{Clean, Interrupted};
pub(crate) use self::clean::{DerivedBody, ours, ours_json};
use self::{headers::masked_headers, held::Held, issued::watching, pseudonyms::pseudonymizing, stream::MaskedStream};
use crate::{
    denial::Denial,
    leak::LeakAlarm,
    record::{Ending, PendingOutcome},
    upstream::Upstream,
};

/// An answer whose length is known and no more than this is scanned whole: one write to the caller instead of chunks. A text of 64 KB
/// and what stands around it fit.
const WHOLE_BYTES_MAX: u64 = 128 * 1024;

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
    let mut headers = masked_headers(&unscanned.headers, &unscanned.fingerprints, profile, &mut masked);
    headers::write_length(&unscanned.headers, unscanned.body.is_end_stream(), &mut headers);
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
        if !clean.is_stream() {
            masked.merge(&found);
            told::write_fields(&masked, profile, &mut headers);
        }
        clean
    } else {
        Clean::streaming(stream.reading(body))
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
            return Ok((Clean::streaming(stream.reading(body)), found));
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
    let clean = Clean::in_pieces(stream.take()).telling(stream.told());
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

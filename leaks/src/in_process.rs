//! The corpus over the scanner alone: what the gateway does with a body, without the gateway.

use std::sync::Arc;

use bytes::Bytes;
use redact::{Content, Decoder, Masker, Profile, Report, mask_header};
use secret::{FingerprintKey, FingerprintSet, Secret};
use zeroize::Zeroizing;

use crate::{
    channel::Reply,
    corpus::{Case, Corpus},
    judge::{Ending, Judge, Verdict},
    shape::Credential,
    tally::Tally,
};

/// Threads that judge; more than the smallest machine that this runs on has would not help it.
const THREADS: usize = 2;

/// Runs the cases of a corpus and counts what became of them.
#[must_use]
pub fn run(corpus: &Corpus) -> Tally {
    let credentials = Credential::one_of_each(corpus.seed);
    let judges = credentials.iter().map(Judge::of).collect::<Vec<_>>();
    let secrets = fingerprints(credentials.iter().map(Credential::text));
    let cases = corpus.cases(&credentials);
    let share = |cases: &[Case]| {
        let mut tally = Tally::default();
        for case in cases {
            let of_case = credentials.get(case.credential).zip(judges.get(case.credential));
            let Some((credential, judge)) = of_case else { continue };
            let reply = case.reply(credential.text().as_bytes(), &serde_json::Value::from(1));
            if let Some(reply) = reply.filter(|reply| reply.place.is_some()) {
                tally.add(case, &credentials, verdict(&secrets, judge, case, &reply));
            }
        }
        tally
    };
    let mut tally = Tally::default();
    std::thread::scope(|scope| {
        let share = &share;
        let shares = cases.chunks(cases.len().div_ceil(THREADS).max(1));
        let running = shares.map(|cases| scope.spawn(move || share(cases))).collect::<Vec<_>>();
        for thread in running {
            // A share that panicked would be a run that found nothing.
            tally.merge(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
    });
    tally
}

/// Runs the case of this name: the answer, what arrives of it, and what became of it. `None` where there is no such case.
#[must_use]
pub fn run_case(seed: u64, id: &str) -> Option<(Reply, Vec<u8>, Verdict)> {
    let credentials = Credential::one_of_each(seed);
    let secrets = fingerprints(credentials.iter().map(Credential::text));
    let case = Case::of_id(id)?;
    let credential = credentials.get(case.credential)?;
    let reply = case.reply(credential.text().as_bytes(), &serde_json::Value::from(1))?;
    let mut arrived = Vec::new();
    mask(&secrets, &case, &reply, &mut arrived);
    let verdict = verdict(&secrets, &Judge::of(credential), &case, &reply);
    Some((reply, arrived, verdict))
}

/// The set of these secrets.
///
/// # Panics
///
/// When one of them cannot be masked: a corpus of such secrets proves nothing.
#[must_use]
pub fn fingerprints<'text>(secrets: impl Iterator<Item = &'text str>) -> Arc<FingerprintSet> {
    let key = FingerprintKey::random().unwrap_or_else(|error| panic!("{error}"));
    let mut set = FingerprintSet::new(&key);
    for (tag, text) in (0..).zip(secrets) {
        let added = set.add(&Secret::new(Zeroizing::new(text.to_owned())), tag);
        assert!(added.is_ok(), "{added:?}: {text}");
    }
    Arc::new(set)
}

fn verdict(secrets: &Arc<FingerprintSet>, judge: &Judge, case: &Case, reply: &Reply) -> Verdict {
    let mut arrived = Vec::new();
    let was_whole = mask(secrets, case, reply, &mut arrived);
    judge.verdict(&arrived, if was_whole { Ending::Whole(reply.status) } else { Ending::Cut })
}

/// Masks as the gateway does: what is kept back goes out where an event ends.
fn mask(secrets: &Arc<FingerprintSet>, case: &Case, reply: &Reply, arrived: &mut Vec<u8>) -> bool {
    let Ok(mut decoder) = Decoder::new(case.encoding.coding().map(crate::encoding::Coding::token)) else {
        return false;
    };
    let (profile, content_type) = (Arc::new(Profile::new()), reply.content_type());
    if let Some(content_type) = content_type {
        let mut report = Report::default();
        arrived.extend_from_slice(&mask_header(
            secrets,
            &profile,
            "content-type",
            content_type.as_bytes(),
            &mut report,
        ));
        arrived.push(b'\n');
    }
    let mut masker = Masker::new(Arc::clone(secrets), &profile, Content::of(content_type));
    let is_event_stream = content_type.is_some_and(|kind| kind.starts_with("text/event-stream"));
    let mut last = Vec::new();
    let mut pieces = case.split.pieces(reply, case.salt).into_iter().peekable();
    let mut is_first = true;
    while let Some(piece) = pieces.next() {
        // What comes whole is masked in one go.
        if std::mem::take(&mut is_first) && pieces.peek().is_none() && decoder.is_identity() {
            masker.push_last(Bytes::from(piece), &mut |clean| arrived.extend_from_slice(&clean));
            break;
        }
        let decoded = decoder.push(Bytes::from(piece), &mut |decoded: Bytes| {
            last.extend_from_slice(&decoded);
            masker.push(decoded, &mut |clean| arrived.extend_from_slice(&clean));
        });
        if decoded.is_err() {
            return false;
        }
        if is_event_stream && last.ends_with(b"\n\n") {
            masker.boundary(&mut |clean| arrived.extend_from_slice(&clean));
        }
    }
    let ended = decoder.finish(&mut |decoded| masker.push(decoded, &mut |clean| arrived.extend_from_slice(&clean)));
    masker.finish(&mut |clean| arrived.extend_from_slice(&clean));
    ended.is_ok()
}

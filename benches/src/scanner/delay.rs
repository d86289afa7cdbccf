//! How long the first bytes of an answer wait for the scanner with everything on.

use std::{error::Error, hint::black_box, time::Duration};

use bytes::Bytes;
use redact::Content;

use crate::{looks::Scanner, rates::thread_time, texts::Text};

/// The first read of an answer, at most: what HTTP libraries read into at once.
const FIRST_READ_BYTES: usize = 16 << 10;
/// How many answers begin.
const ANSWERS: usize = 5000;

/// Prints the wait from the first read until the first clean bytes, in time of this thread: an answer that goes on, and an event.
pub(crate) fn measure() -> Result<(), Box<dyn Error>> {
    let scanner = Scanner::new()?;
    for (name, text, bytes, is_event) in [
        ("first 16 KB of a JSON answer", Text::Json, FIRST_READ_BYTES, false),
        ("first 16 KB of documentation", Text::Documentation, FIRST_READ_BYTES, false),
        ("event of 200 bytes", Text::Events, 200, true),
        ("event of 16 KB", Text::Json, FIRST_READ_BYTES, true),
    ] {
        let body = text.write(bytes);
        let content = if is_event { Content::Text } else { text.content() };
        let waits = (0..ANSWERS).map(|_| wait(&scanner, content, &body, is_event)).collect::<Option<Vec<_>>>();
        let mut waits = waits.ok_or("nothing came out before the end")?;
        waits.sort_unstable();
        let at = |share: usize| waits.get(waits.len() * share / 100).map_or(0.0, |wait| wait.as_secs_f64() * 1e6);
        println!("p50_us={} p99_us={} what={name}", at(50), at(99));
    }
    Ok(())
}

/// `None` if all is kept back.
fn wait(scanner: &Scanner, content: Content, body: &Bytes, is_event: bool) -> Option<Duration> {
    let began = thread_time();
    let mut first = None;
    let mut out = |clean: Bytes| {
        black_box(clean);
        first.get_or_insert_with(thread_time);
    };
    let mut masker = scanner.masker(content);
    masker.push(body.clone(), &mut out);
    if is_event {
        masker.boundary(&mut out);
    }
    Some(first?.saturating_sub(began))
}

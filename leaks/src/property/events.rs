//! Event streams: however one is cut, it holds the events that a plain reading of the standard finds in it, and data comes back as it
//! was written.

use bytes::Bytes;
use mcp::sse::{Decoder, Encoder, Event, Item, SseError};

use super::Control;
use crate::random::Random;

/// Short, so that it is reached.
const EVENT_LENGTH_MAX: usize = 2048;

pub(super) fn check(input: &[u8]) {
    let Some((control, body)) = Control::of(input) else { return };
    let whole = decoded([body].into_iter());
    let in_pieces = decoded(control.pieces(body).into_iter());
    assert_eq!(whole, in_pieces, "a cut changes what the stream holds");
    let (items, end) = whole;
    if end.is_ok() {
        assert_eq!(items, read(body), "the standard reads it otherwise");
    }
    // What was written comes back, however it was cut; a line may end in three ways and ends in one.
    if str::from_utf8(body).is_ok() && body.len() * 2 <= EVENT_LENGTH_MAX {
        let mut written = Vec::new();
        let mut encoder = Encoder::begin(None, None, &mut written);
        control.pieces(body).into_iter().for_each(|piece| encoder.data(piece, &mut written));
        encoder.end(&mut written);
        let (items, end) = decoded([written.as_slice()].into_iter());
        let data = Bytes::from(lines(body).join(b"\n".as_slice()));
        assert_eq!((items, end), (vec![Item::Event(Event { kind: None, data, id: None })], Ok(())));
    }
}

pub(super) fn seeds(random: &mut Random) -> Vec<Vec<u8>> {
    let mut seeds = super::bodies(random);
    seeds.extend(
        [
            "\u{feff}data: a\r\ndata:b\rid: 7\nevent: x\n\nretry: 20\n: comment\nid\0: 1\ndata\n\n",
            "data: one\n\ndata: two\r\n\r\ndata: three\r\rid: 1\n\nretry: 99999999999999999999999\n\n",
        ]
        .map(|text| Control::input(1, 0, random, text.as_bytes())),
    );
    seeds
}

fn decoded<'piece>(pieces: impl Iterator<Item = &'piece [u8]>) -> (Vec<Item>, Result<(), SseError>) {
    let mut decoder = Decoder::new(EVENT_LENGTH_MAX);
    let mut items = Vec::new();
    for piece in pieces {
        decoder.feed(Bytes::copy_from_slice(piece));
        loop {
            match decoder.next_item() {
                Ok(Some(item)) => items.push(item),
                Ok(None) => break,
                Err(error) => return (items, Err(error)),
            }
        }
    }
    (items, decoder.finish())
}

/// The lines of a text: they end with a line feed, a carriage return, or both (HTML, section 9.2.5).
fn lines(text: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(text).replace("\r\n", "\n").replace('\r', "\n");
    text.split('\n').map(|line| line.as_bytes().to_vec()).collect()
}

/// A stream that is whole, line by line as the standard has it (HTML, section 9.2.6).
fn read(text: &[u8]) -> Vec<Item> {
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    let (mut items, mut data, mut kind, mut id) = (Vec::new(), Vec::new(), None, None);
    let mut lines = lines(text);
    // What stands behind the last end of a line is no line.
    lines.pop();
    for line in lines {
        let line = String::from_utf8_lossy(&line).into_owned();
        let (name, value) = line.split_once(':').unwrap_or((line.as_str(), ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "" if line.is_empty() => {
                let kind = kind.take();
                if !data.is_empty() {
                    let data = Bytes::from(std::mem::take(&mut data).join("\n"));
                    items.push(Item::Event(Event { kind, data, id: id.take() }));
                }
            }
            "" => items.push(Item::Comment),
            "data" => data.push(value.to_owned()),
            "event" => kind = Some(value.to_owned()).filter(|kind| !kind.is_empty()),
            "id" if !value.contains('\0') => id = Some(value.to_owned()),
            "retry" if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                items.extend(value.parse().ok().map(Item::Retry));
            }
            _ => {}
        }
    }
    items
}

//! The decoder at every split, and against what was encoded.

use bytes::Bytes;
use proptest::prelude::*;

use super::*;

fn decode(chunks: &[&[u8]], limit: usize) -> (Vec<Item>, Result<(), SseError>) {
    let mut decoder = Decoder::new(limit);
    let mut items = Vec::new();
    for chunk in chunks {
        decoder.feed(Bytes::copy_from_slice(chunk));
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

fn event(data: &str) -> Item {
    Item::Event(Event { kind: None, data: Bytes::copy_from_slice(data.as_bytes()), id: None })
}

fn full(kind: Option<&str>, data: &str, id: Option<&str>) -> Item {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Item::Event(Event { kind: owned(kind), data: Bytes::copy_from_slice(data.as_bytes()), id: owned(id) })
}

#[test]
fn events_are_read_as_the_standard_says_at_every_split() {
    for (text, items) in [
        ("data: a\n\n", vec![event("a")]),
        ("data: a\r\n\r\n", vec![event("a")]),
        ("data: a\r\r", vec![event("a")]),
        ("data: a\r\n\rdata: b\n\r\n", vec![event("a"), event("b")]),
        ("\u{feff}data: a\n\n", vec![event("a")]),
        ("data: a\n\n\u{feff}data: b\n\n", vec![event("a")]),
        ("data: a\ndata: b\ndata\ndata:c\n\n", vec![event("a\nb\n\nc")]),
        ("data:  two spaces\n\n", vec![event(" two spaces")]),
        ("data:\n\n", vec![event("")]),
        ("data\n\n", vec![event("")]),
        ("\n\n\n", vec![]),
        ("event: x\n\ndata: a\n\n", vec![event("a")]),
        ("event: x\nid: 7\ndata: a\n\ndata: b\n\n", vec![full(Some("x"), "a", Some("7")), event("b")]),
        ("id: 7\n\ndata: a\n\n", vec![full(None, "a", Some("7"))]),
        ("id: 7\nid\ndata: a\n\n", vec![full(None, "a", Some(""))]),
        ("id: 7\0\ndata: a\n\n", vec![event("a")]),
        ("event:\ndata: a\n\n", vec![event("a")]),
        (":\n: hi\ndata: a\n\n", vec![Item::Comment, Item::Comment, event("a")]),
        ("retry: 250\nretry: 1s\nretry: -1\ndata: a\n\n", vec![Item::Retry(250), event("a")]),
        ("Data: a\ndata : b\n data: c\nfoo: d\ndata: e\n\n", vec![event("e")]),
        ("data: é😀\n\n", vec![event("é😀")]),
    ] {
        assert_eq!(decode(&[text.as_bytes()], 1_000), (items.clone(), Ok(())), "{text:?}");
        for cut in 0..=text.len() {
            let (head, tail) = text.as_bytes().split_at(cut);
            assert_eq!(decode(&[head, tail], 1_000), (items.clone(), Ok(())), "{text:?} at {cut}");
        }
        let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(decode(&bytes, 1_000), (items, Ok(())), "{text:?} byte by byte");
    }
}

#[test]
fn a_stream_that_cannot_be_read_ends() {
    for (text, limit, before, error) in [
        (&b"data: a\n\ndata: \xff\n\ndata: b\n\n"[..], 100, 1, SseError::NotUtf8),
        (b": \xc3\n", 100, 0, SseError::NotUtf8),
        (b"data: 12345", 10, 0, SseError::TooLarge),
        (b"data: 12345\n\n", 10, 0, SseError::TooLarge),
        (b"data: 1234\ndata: 12345\n\n", 10, 0, SseError::TooLarge),
        (b"data: 12\ndata: 34\ndata: 56\ndata: 78\n\n", 10, 0, SseError::TooLarge),
        (b"data: a\n\ndata: b\n", 100, 1, SseError::Truncated),
        (b"data: a\n\ndata: b", 100, 1, SseError::Truncated),
    ] {
        let (items, end) = decode(&[text], limit);
        assert_eq!((items.len(), end), (before, Err(error)), "{:?}", String::from_utf8_lossy(text));
    }
    let mut decoder = Decoder::new(5);
    decoder.feed(Bytes::from_static(b"data: too long\n\ndata: a\n\n"));
    assert_eq!(decoder.next_item(), Err(SseError::TooLarge));
    assert_eq!(decoder.next_item(), Err(SseError::TooLarge));
}

#[test]
fn one_line_of_data_is_not_copied() {
    let chunk = Bytes::from(b"data: {\"a\":1}\n\n".to_vec());
    let mut decoder = Decoder::new(100);
    decoder.feed(chunk.clone());
    let Ok(Some(Item::Event(event))) = decoder.next_item() else { panic!("an event") };
    assert_eq!(event.data.as_ptr(), chunk[6..].as_ptr());
}

#[test]
fn feeding_before_the_last_chunk_is_read_loses_nothing() {
    let mut decoder = Decoder::new(100);
    decoder.feed(Bytes::from_static(b"data: a\n\nda"));
    decoder.feed(Bytes::from_static(b"ta: b\n\n"));
    assert_eq!(decoder.next_item(), Ok(Some(event("a"))));
    assert_eq!(decoder.next_item(), Ok(Some(event("b"))));
    assert_eq!(decoder.next_item(), Ok(None));
}

#[test]
fn fields_cannot_be_smuggled_in() {
    let mut out = Vec::new();
    Encoder::event(Some("a\ndata: x"), Some("1\r\n\r\n"), b"b", &mut out);
    assert_eq!(out, b"data: b\n\n");
    out.clear();
    Encoder::event(Some("message"), Some("1"), b"x\r\ny\rz\n", &mut out);
    assert_eq!(out, b"event: message\nid: 1\ndata: x\ndata: y\ndata: z\ndata: \n\n");
    out.clear();
    Encoder::keep_alive(&mut out);
    Encoder::retry(9, &mut out);
    assert_eq!(decode(&[&out], 100).0, [Item::Comment, Item::Retry(9)]);
}

proptest! {
    #[test]
    fn what_is_encoded_in_any_pieces_is_decoded_in_any_chunks(
        events in proptest::collection::vec("[a\r\n: é]{0,12}", 0..4), piece in 1usize..5, chunk in 1usize..9,
    ) {
        let mut out = Vec::new();
        for data in &events {
            let mut encoder = Encoder::begin(Some("message"), None, &mut out);
            data.as_bytes().chunks(piece).for_each(|piece| encoder.data(piece, &mut out));
            encoder.end(&mut out);
        }
        let chunks: Vec<&[u8]> = out.chunks(chunk).collect();
        let (items, end) = decode(&chunks, 1_000);
        let normal = |data: &str| data.replace("\r\n", "\n").replace('\r', "\n");
        let expected: Vec<Item> = events.iter().map(|data| full(Some("message"), &normal(data), None)).collect();
        prop_assert_eq!((items, end), (expected, Ok(())));
    }

    #[test]
    fn any_bytes_give_the_same_at_any_split(bytes in proptest::collection::vec(
        proptest::sample::select(b"data:event id\r\n\r\n: \xff\xef\xbb\xbf7\0".to_vec()), 0..60), chunk in 1usize..9,
    ) {
        let chunks: Vec<&[u8]> = bytes.chunks(chunk).collect();
        let (whole, split) = (decode(&[&bytes], 40), decode(&chunks, 40));
        prop_assert_eq!(whole, split);
    }
}

//! Undoes compression, wherever in the bytes it begins.

use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// More than any answer of the corpus unpacks to.
const UNPACKED_MAX: u64 = 1 << 20;
/// Starts of compressed data that are tried in one view.
const STARTS_MAX: usize = 8;

/// Everything that comes of undoing one level.
pub(super) fn views(bytes: &[u8]) -> Vec<Vec<u8>> {
    if bytes.is_ascii() {
        return Vec::new();
    }
    let mut views = Vec::new();
    for start in starts(bytes, |rest| rest.starts_with(&[0x1f, 0x8b, 8])) {
        views.extend(unpacked(MultiGzDecoder::new(start)));
    }
    for start in starts(bytes, |rest| matches!(rest, [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..])) {
        views.extend(unpacked(ZlibDecoder::new(start)));
    }
    for start in starts(bytes, |rest| rest.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])) {
        views.extend(zstd::stream::read::Decoder::new(start).ok().and_then(unpacked));
    }
    for start in starts(bytes, |rest| rest.starts_with(b"PK\x03\x04")) {
        let name = start.get(26..28).map_or(0, |length| usize::from(length[0]) | usize::from(length[1]) << 8);
        views.extend(start.get(30 + name..).and_then(|data| unpacked(DeflateDecoder::new(data))));
    }
    views.extend(unpacked(brotli::Decompressor::new(bytes, 4096)));
    views
}

fn starts(bytes: &[u8], is_start: impl Fn(&[u8]) -> bool) -> impl Iterator<Item = &[u8]> {
    (0..bytes.len()).filter_map(|at| bytes.get(at..)).filter(move |rest| is_start(rest)).take(STARTS_MAX)
}

/// What can be read before the data end or turn out not to be any.
fn unpacked(reader: impl Read) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    // What came before an error was still readable.
    let _whole_or_not = reader.take(UNPACKED_MAX).read_to_end(&mut out);
    (out.len() >= super::WINDOW).then_some(out)
}

//! Reads a body in chunks that are signed one by one, and gives each out when its signature was verified.
//!
//! It is read as strictly as it is written by SDKs, so that what is written again has the same length.

use bytes::{Buf as _, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{
    Payload, Refusal,
    chain::{Chain, Link},
    chunk_signer::canonical_trailer,
    payload::from_hex,
};

/// The longest chunk, in bytes: it is held until it was verified. SDKs send chunks of 64 or 128 KiB.
pub const CHUNK_LENGTH_MAX: usize = 1024 * 1024;

/// Stands between the length of a chunk and its signature.
pub(crate) const SIGNATURE: &str = ";chunk-signature=";
/// The last field of a trailer.
pub(crate) const TRAILER_SIGNATURE: &str = "x-amz-trailer-signature";
/// What a trailer may say; nothing else that AWS reads would stand in the record of the call.
const TRAILER_PREFIX: &str = "x-amz-checksum-";
const LINE_END: &[u8] = b"\r\n";
const TRAILER_END: &[u8] = b"\r\n\r\n";
/// Six digits, the signature and what is between.
const HEAD_LENGTH_MAX: usize = 6 + SIGNATURE.len() + 64 + LINE_END.len();
/// One checksum and one signature need a quarter of it.
const TRAILER_LENGTH_MAX: usize = 1024;

/// The body of a verified request, as it comes in.
#[derive(Debug)]
pub struct SignedChunks {
    chain: Chain,
    has_trailer: bool,
    buffer: BytesMut,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Head,
    Chunk { length: usize, signature: [u8; 32] },
    Trailer,
    Ended,
}

/// What was verified.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// The bytes of one chunk.
    Chunk(Bytes),
    /// The end, with the fields of the trailer where there is one.
    End(Option<HeaderMap>),
}

impl SignedChunks {
    pub(crate) fn new(payload: Payload, chain: Chain) -> Option<Self> {
        let has_trailer = match payload {
            Payload::SignedChunks => false,
            Payload::SignedChunksAndTrailer => true,
            Payload::Sha256(_) | Payload::Unsigned | Payload::UnsignedChunks => return None,
        };
        Some(Self { chain, has_trailer, buffer: BytesMut::new(), state: State::Head })
    }

    /// Takes the next bytes of the body. All pieces are to be taken before the next bytes come, so that no more is held than a chunk.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next piece; `None` until more bytes come, and after the end.
    ///
    /// # Errors
    /// [`Refusal::Chunk`] for what is not signed; nothing of the body may be used any more.
    pub fn take_piece(&mut self) -> Result<Option<Piece>, Refusal> {
        loop {
            match self.state {
                State::Head => {
                    let Some(head) = self.take_through(LINE_END, HEAD_LENGTH_MAX)? else { return Ok(None) };
                    let (length, signature) = parse_head(&head).ok_or(Refusal::Chunk)?;
                    self.state = State::Chunk { length, signature };
                }
                State::Chunk { length: 0, signature } => {
                    self.verify(Link::Chunk(&[]), signature)?;
                    self.state = State::Trailer;
                }
                State::Chunk { length, signature } => {
                    if self.buffer.len() < length + LINE_END.len() {
                        return Ok(None);
                    }
                    let bytes = self.buffer.split_to(length).freeze();
                    if !self.buffer.starts_with(LINE_END) {
                        return Err(Refusal::Chunk);
                    }
                    self.buffer.advance(LINE_END.len());
                    self.verify(Link::Chunk(&bytes), signature)?;
                    self.state = State::Head;
                    return Ok(Some(Piece::Chunk(bytes)));
                }
                State::Trailer => {
                    let end = if self.has_trailer { TRAILER_END } else { LINE_END };
                    let Some(text) = self.take_through(end, TRAILER_LENGTH_MAX)? else { return Ok(None) };
                    let fields = if self.has_trailer { Some(self.trailer(&text)?) } else { None };
                    // Without a trailer, nothing stands before the last line break.
                    if !self.has_trailer && !text.is_empty() {
                        return Err(Refusal::Chunk);
                    }
                    self.state = State::Ended;
                    return Ok(Some(Piece::End(fields)));
                }
                State::Ended if self.buffer.is_empty() => return Ok(None),
                State::Ended => return Err(Refusal::Chunk),
            }
        }
    }

    fn verify(&mut self, link: Link<'_>, signature: [u8; 32]) -> Result<(), Refusal> {
        if self.chain.verifies(link, signature) { Ok(()) } else { Err(Refusal::Chunk) }
    }

    /// What stands before `end`, which is taken off too; `None` until it is there.
    fn take_through(&mut self, end: &[u8], length_max: usize) -> Result<Option<Bytes>, Refusal> {
        let Some(at) = self.buffer.windows(end.len()).take(length_max).position(|window| window == end) else {
            return if self.buffer.len() < length_max { Ok(None) } else { Err(Refusal::Chunk) };
        };
        let text = self.buffer.split_to(at).freeze();
        self.buffer.advance(end.len());
        Ok(Some(text))
    }

    /// The fields of a trailer: checksums, and last the signature over them.
    fn trailer(&mut self, text: &[u8]) -> Result<HeaderMap, Refusal> {
        let (fields, signature) = parse_trailer(text).ok_or(Refusal::Chunk)?;
        self.verify(Link::Trailer(&canonical_trailer(&fields)), signature)?;
        Ok(fields)
    }
}

fn parse_head(head: &[u8]) -> Option<(usize, [u8; 32])> {
    let (length, signature) = str::from_utf8(head).ok()?.split_once(SIGNATURE)?;
    let is_canonical = length.bytes().all(|b| b.is_ascii_hexdigit()) && (length == "0" || !length.starts_with('0'));
    let length = usize::from_str_radix(length, 16).ok().filter(|length| is_canonical && *length <= CHUNK_LENGTH_MAX)?;
    Some((length, from_hex(signature)?))
}

fn parse_trailer(text: &[u8]) -> Option<(HeaderMap, [u8; 32])> {
    let (fields, signature) = str::from_utf8(text).ok()?.rsplit_once("\r\n")?;
    let signature = signature.strip_prefix(TRAILER_SIGNATURE)?.strip_prefix(':')?;
    let mut map = HeaderMap::new();
    for field in fields.split("\r\n") {
        let (name, value) = field.split_once(':').filter(|(_, value)| value.bytes().all(|b| b.is_ascii_graphic()))?;
        let name: HeaderName =
            name.parse().ok().filter(|name: &HeaderName| name.as_str().starts_with(TRAILER_PREFIX))?;
        if map.insert(name, HeaderValue::from_str(value).ok()?).is_some() {
            return None;
        }
    }
    Some((map, from_hex(signature)?))
}

//! Undoes the content coding of a body piece by piece, within bounds.

mod sink;

use std::fmt;
use std::io::Write;

use brotli::DecompressorWriter;
use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use flate2::{Decompress, FlushDecompress, Status};
use sink::{EXPANSION_FREE, Sink};
use zstd::stream::raw::{DParameter, Operation};

/// Compressed bytes are worked on in pieces of this size, so that what they expand to is looked at before it is much.
const INPUT_LENGTH: usize = 512;
/// The size of the decoders' output buffers.
const OUTPUT_LENGTH: usize = 16 * 1024;
/// The largest window of a zstd body on the web, 8 MiB (RFC 9659 section 3): what one decoder may cost in memory.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// A body that cannot be scanned, and so must not be passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unscannable {
    /// A content coding other than gzip, br, zstd, deflate and identity.
    #[error("the upstream answered in an unknown content coding")]
    UnknownCoding,
    /// More than one content coding.
    #[error("the upstream answered in nested content codings")]
    NestedCodings,
    /// The bytes are not of the content coding that was declared.
    #[error("the upstream's answer is not in the content coding that it declares")]
    Corrupt,
    /// The compressed body ends too early.
    #[error("the upstream's compressed answer was cut short")]
    Truncated,
    /// The body expands to more than any honest one.
    #[error("the upstream's compressed answer expands too much")]
    Expands,
}

/// The decoder of one body.
pub struct Decoder(Coding);

enum Coding {
    Identity,
    Gzip {
        decoder: Box<MultiGzDecoder<Sink>>,
        is_started: bool,
    },
    /// Before the first two bytes of `deflate` have said whether it is wrapped in zlib.
    Deflate {
        first: Option<u8>,
        free: u64,
    },
    Inflate {
        decoder: Decompress,
        sink: Sink,
        is_ended: bool,
    },
    Brotli {
        decoder: Box<DecompressorWriter<Sink>>,
        is_started: bool,
    },
    Zstd {
        decoder: zstd::stream::raw::Decoder<'static>,
        sink: Sink,
        is_ended: bool,
    },
    Failed(Unscannable),
}

impl Decoder {
    /// A decoder for a body with this `Content-Encoding` (RFC 9110 section 8.4); several header lines are joined with commas first.
    ///
    /// # Errors
    /// The coding is unknown, or there is more than one.
    pub fn new(content_encoding: Option<&str>) -> Result<Self, Unscannable> {
        Self::within(content_encoding, EXPANSION_FREE)
    }

    /// The same for a body that may expand to no more than `free` bytes where it is short.
    pub(crate) fn within(content_encoding: Option<&str>, free: u64) -> Result<Self, Unscannable> {
        let mut codings = content_encoding
            .unwrap_or_default()
            .split(',')
            .map(|coding| coding.trim().to_ascii_lowercase())
            .filter(|coding| !coding.is_empty() && coding != "identity");
        let coding = codings.next();
        if codings.next().is_some() {
            return Err(Unscannable::NestedCodings);
        }
        Ok(Self(match coding.as_deref() {
            None => Coding::Identity,
            Some("gzip" | "x-gzip") => {
                Coding::Gzip { decoder: Box::new(MultiGzDecoder::new(Sink::new(free))), is_started: false }
            }
            Some("deflate") => Coding::Deflate { first: None, free },
            Some("br") => Coding::Brotli {
                decoder: Box::new(DecompressorWriter::new(Sink::new(free), OUTPUT_LENGTH)),
                is_started: false,
            },
            Some("zstd") => Coding::Zstd { decoder: zstd_decoder()?, sink: Sink::new(free), is_ended: true },
            Some(_) => return Err(Unscannable::UnknownCoding),
        }))
    }

    /// Whether bodies pass unchanged, so that their declared length holds.
    #[must_use]
    pub const fn is_identity(&self) -> bool {
        matches!(self.0, Coding::Identity)
    }

    /// Takes the next bytes of the body and gives what they decode to, in pieces of bounded size, to `out`.
    ///
    /// # Errors
    /// The bytes are not of the declared coding, or expand too much. What was given out before is good; nothing follows.
    pub fn push(&mut self, input: Bytes, out: &mut impl FnMut(Bytes)) -> Result<(), Unscannable> {
        if self.is_identity() {
            if !input.is_empty() {
                out(input);
            }
            return Ok(());
        }
        if let Some(sink) = self.sink() {
            sink.start_push();
        }
        for piece in input.chunks(INPUT_LENGTH) {
            if let Some(sink) = self.sink() {
                sink.allow_for(piece.len());
            }
            let fed = self.feed(piece);
            let Some(sink) = self.sink() else {
                fed?;
                continue;
            };
            let expands = sink.is_exceeded();
            if let Err(error) = fed {
                let error = if expands { Unscannable::Expands } else { error };
                self.0 = Coding::Failed(error);
                return Err(error);
            }
            sink.drain(out);
        }
        Ok(())
    }

    /// Ends the body.
    ///
    /// # Errors
    /// The compressed body was not complete.
    pub fn finish(&mut self, out: &mut impl FnMut(Bytes)) -> Result<(), Unscannable> {
        let is_complete = match &mut self.0 {
            Coding::Identity => true,
            Coding::Gzip { decoder, is_started } => !*is_started || decoder.try_finish().is_ok(),
            Coding::Brotli { decoder, is_started } => !*is_started || decoder.close().is_ok(),
            Coding::Deflate { first, .. } => first.is_none(),
            Coding::Inflate { is_ended, .. } | Coding::Zstd { is_ended, .. } => *is_ended,
            Coding::Failed(error) => return Err(*error),
        };
        let Some(sink) = self.sink() else {
            return if is_complete { Ok(()) } else { Err(Unscannable::Truncated) };
        };
        if sink.is_exceeded() {
            return Err(Unscannable::Expands);
        }
        sink.drain(out);
        if is_complete { Ok(()) } else { Err(Unscannable::Truncated) }
    }

    fn sink(&mut self) -> Option<&mut Sink> {
        match &mut self.0 {
            Coding::Gzip { decoder, .. } => Some(decoder.get_mut()),
            Coding::Brotli { decoder, .. } => Some(decoder.get_mut()),
            Coding::Inflate { sink, .. } | Coding::Zstd { sink, .. } => Some(sink),
            Coding::Identity | Coding::Deflate { .. } | Coding::Failed(_) => None,
        }
    }

    fn feed(&mut self, piece: &[u8]) -> Result<(), Unscannable> {
        match &mut self.0 {
            Coding::Gzip { decoder, is_started } => {
                *is_started = true;
                write_and_flush(decoder, piece)
            }
            Coding::Brotli { decoder, is_started } => {
                *is_started = true;
                write_and_flush(decoder, piece)
            }
            Coding::Deflate { first, free } => {
                let start: Vec<u8> = first.iter().chain(piece).copied().collect();
                let [one, two, ..] = start.as_slice() else {
                    *first = start.first().copied();
                    return Ok(());
                };
                // RFC 1950 section 2.2; many servers send RFC 1951 without the wrapper.
                let is_zlib = one & 0x0f == 8 && u16::from_be_bytes([*one, *two]) % 31 == 0;
                let mut sink = Sink::new(*free);
                sink.allow_for(start.len());
                self.0 = Coding::Inflate { decoder: Decompress::new(is_zlib), sink, is_ended: false };
                self.feed(&start)
            }
            Coding::Inflate { decoder, sink, is_ended } => inflate(decoder, sink, is_ended, piece),
            Coding::Zstd { decoder, sink, is_ended } => unzstd(decoder, sink, is_ended, piece),
            Coding::Identity => Ok(()),
            Coding::Failed(error) => Err(*error),
        }
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Coding::Identity => "Decoder(identity)",
            Coding::Gzip { .. } => "Decoder(gzip)",
            Coding::Deflate { .. } | Coding::Inflate { .. } => "Decoder(deflate)",
            Coding::Brotli { .. } => "Decoder(br)",
            Coding::Zstd { .. } => "Decoder(zstd)",
            Coding::Failed(_) => "Decoder(failed)",
        })
    }
}

fn zstd_decoder() -> Result<zstd::stream::raw::Decoder<'static>, Unscannable> {
    let mut decoder = zstd::stream::raw::Decoder::new().map_err(|_| Unscannable::UnknownCoding)?;
    decoder.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG_MAX)).map_err(|_| Unscannable::UnknownCoding)?;
    Ok(decoder)
}

/// The flush makes the decoder give out what it has: an event must not wait for the next one.
fn write_and_flush(decoder: &mut impl Write, piece: &[u8]) -> Result<(), Unscannable> {
    decoder.write_all(piece).and_then(|()| decoder.flush()).map_err(|_| Unscannable::Corrupt)
}

fn inflate(decoder: &mut Decompress, sink: &mut Sink, is_ended: &mut bool, piece: &[u8]) -> Result<(), Unscannable> {
    let mut buffer = [0; OUTPUT_LENGTH];
    let mut rest = piece;
    // Each round takes input or fills the buffer; the sink refuses when the output is too much for the input.
    loop {
        if *is_ended {
            return if rest.is_empty() { Ok(()) } else { Err(Unscannable::Corrupt) };
        }
        let (taken, given) = (decoder.total_in(), decoder.total_out());
        let status = decoder.decompress(rest, &mut buffer, FlushDecompress::None).map_err(|_| Unscannable::Corrupt)?;
        let taken = usize::try_from(decoder.total_in() - taken).unwrap_or(usize::MAX);
        let given = usize::try_from(decoder.total_out() - given).unwrap_or(usize::MAX);
        rest = rest.get(taken..).unwrap_or_default();
        sink.write_all(buffer.get(..given).unwrap_or_default()).map_err(|_| Unscannable::Expands)?;
        *is_ended = status == Status::StreamEnd;
        if !*is_ended && rest.is_empty() && given < buffer.len() {
            return Ok(());
        }
        if !*is_ended && taken == 0 && given == 0 {
            return Err(Unscannable::Corrupt);
        }
    }
}

fn unzstd(
    decoder: &mut zstd::stream::raw::Decoder<'static>,
    sink: &mut Sink,
    is_ended: &mut bool,
    piece: &[u8],
) -> Result<(), Unscannable> {
    let mut buffer = [0; OUTPUT_LENGTH];
    let mut rest = piece;
    // Each round takes input or fills the buffer; the sink refuses when the output is too much for the input.
    loop {
        let status = decoder.run_on_buffers(rest, &mut buffer).map_err(|_| Unscannable::Corrupt)?;
        rest = rest.get(status.bytes_read..).unwrap_or_default();
        sink.write_all(buffer.get(..status.bytes_written).unwrap_or_default()).map_err(|_| Unscannable::Expands)?;
        *is_ended = status.remaining == 0;
        if rest.is_empty() && (*is_ended || status.bytes_written < buffer.len()) {
            return Ok(());
        }
        if status.bytes_read == 0 && status.bytes_written == 0 {
            return Err(Unscannable::Corrupt);
        }
    }
}

#[cfg(test)]
mod tests;

//! How an answer is cut on the wire: chunks, writes, and where the secret lies across the buffers of those who read.

use crate::channel::Reply;

/// Positions at which common buffers end: of hyper's reads, of TLS records, of pipes, and of what the gateway scans whole.
const BUFFERS: [usize; 4] = [8 << 10, 16 << 10, 64 << 10, 128 << 10];
/// A piece of a body that is longer than any answer without filler.
const FILLER_CHUNK: usize = 8000;

/// One way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Split {
    /// With its length, in one write.
    Whole,
    /// Without a length, up to the end of the connection.
    UntilClose,
    /// In chunks of so many bytes; 0 is one chunk.
    Chunks(usize),
    /// In two chunks, cut inside the secret.
    CutChunk,
    /// The same, and the second one comes later.
    PausedChunk,
    /// With its length, in two writes, cut inside the secret or the head.
    CutWrite,
    /// With its length, in writes of one byte.
    ByteWrites,
    /// Moved so far back that the secret lies across the end of a buffer.
    Straddle,
}

/// What a server does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Writes this, and sees to it that it is sent.
    Write(Vec<u8>),
    /// Waits a little.
    Pause,
}

impl Split {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Whole,
        Self::UntilClose,
        Self::Chunks(0),
        Self::Chunks(1),
        Self::Chunks(2),
        Self::Chunks(3),
        Self::Chunks(7),
        Self::Chunks(15),
        Self::Chunks(16),
        Self::Chunks(17),
        Self::Chunks(64),
        Self::CutChunk,
        Self::PausedChunk,
        Self::CutWrite,
        Self::ByteWrites,
        Self::Straddle,
    ];

    /// Its name in reports and in the paths of requests.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Whole => "whole".to_owned(),
            Self::UntilClose => "until_close".to_owned(),
            Self::Chunks(0) => "one_chunk".to_owned(),
            Self::Chunks(length) => format!("chunks_of_{length}"),
            Self::CutChunk => "cut_chunk".to_owned(),
            Self::PausedChunk => "paused_chunk".to_owned(),
            Self::CutWrite => "cut_write".to_owned(),
            Self::ByteWrites => "byte_writes".to_owned(),
            Self::Straddle => "straddle".to_owned(),
        }
    }

    /// Whether it makes a difference for an answer.
    #[must_use]
    pub fn applies_to(self, reply: &Reply) -> bool {
        let in_head = reply.place.is_none();
        let needs_chunks = !reply.trailers.is_empty() || !reply.chunk_extension.is_empty();
        match self {
            Self::Whole => !needs_chunks,
            Self::CutWrite | Self::ByteWrites => true,
            Self::Chunks(1) => !in_head || needs_chunks,
            Self::Chunks(0) => !in_head || needs_chunks,
            Self::UntilClose | Self::Chunks(_) | Self::CutChunk | Self::PausedChunk | Self::Straddle => !in_head,
        }
    }

    /// Where a body is cut, for one that is scanned as it comes. `salt` says which of the possible places.
    #[must_use]
    pub fn pieces(self, reply: &Reply, salt: usize) -> Vec<Vec<u8>> {
        let body = &reply.body;
        let pieces = match self {
            Self::Whole | Self::UntilClose | Self::Chunks(0) => vec![body.clone()],
            Self::Chunks(length) => body.chunks(length).map(<[u8]>::to_vec).collect(),
            Self::ByteWrites => body.chunks(1).map(<[u8]>::to_vec).collect(),
            Self::Straddle => body.chunks(FILLER_CHUNK).map(<[u8]>::to_vec).collect(),
            Self::CutChunk | Self::PausedChunk | Self::CutWrite => {
                let place = reply.place.clone().unwrap_or(0..body.len());
                let (one, other) = body.split_at((place.start + salt % place.len().max(1)).min(body.len()));
                vec![one.to_vec(), other.to_vec()]
            }
        };
        pieces.into_iter().filter(|piece| !piece.is_empty()).collect()
    }

    /// The answer as it is cut, with what the split itself changes in it.
    #[must_use]
    pub fn prepare(self, reply: Reply, salt: usize) -> Reply {
        match (self, BUFFERS.get(salt % BUFFERS.len())) {
            (Self::Straddle, Some(position)) => reply.moved_across(*position, salt / BUFFERS.len()),
            _ => reply,
        }
    }

    /// What a server writes, and whether it closes the connection behind it.
    #[must_use]
    pub fn steps(self, reply: &Reply, salt: usize) -> (Vec<Step>, bool) {
        let pieces = self.pieces(reply, salt);
        let framing = match self {
            Self::UntilClose => "connection: close\r\n".to_owned(),
            Self::Chunks(_) | Self::CutChunk | Self::PausedChunk => "transfer-encoding: chunked\r\n".to_owned(),
            _ if !reply.trailers.is_empty() || !reply.chunk_extension.is_empty() => {
                "transfer-encoding: chunked\r\n".to_owned()
            }
            Self::Whole | Self::CutWrite | Self::ByteWrites | Self::Straddle => {
                format!("content-length: {}\r\n", reply.body.len())
            }
        };
        let head = head(reply, &framing);
        let is_chunked = framing.starts_with("transfer");
        let mut writes = vec![head];
        writes.extend(pieces.into_iter().map(|piece| if is_chunked { chunk(&piece, reply) } else { piece }));
        if is_chunked {
            writes.push(last_chunk(reply));
        }
        let steps = match self {
            Self::ByteWrites => writes.concat().chunks(1).map(|byte| Step::Write(byte.to_vec())).collect(),
            Self::CutWrite if reply.place.is_none() => {
                let all = writes.concat();
                let (one, other) = all.split_at(salt % all.len());
                vec![Step::Write(one.to_vec()), Step::Write(other.to_vec())]
            }
            Self::PausedChunk => writes.into_iter().flat_map(|write| [Step::Write(write), Step::Pause]).collect(),
            Self::Whole | Self::UntilClose | Self::Chunks(0) => vec![Step::Write(writes.concat())],
            Self::Chunks(_) | Self::CutChunk | Self::CutWrite | Self::Straddle => {
                writes.into_iter().map(Step::Write).collect()
            }
        };
        (steps, self == Self::UntilClose)
    }
}

fn head(reply: &Reply, framing: &str) -> Vec<u8> {
    let mut head = reply.early.clone();
    head.extend_from_slice(format!("HTTP/1.1 {} ", reply.status).as_bytes());
    head.extend_from_slice(&reply.reason);
    head.extend_from_slice(b"\r\n");
    head.extend_from_slice(framing.as_bytes());
    head.extend(fields(&reply.headers));
    head.extend_from_slice(b"\r\n");
    head
}

fn fields(fields: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    fields.iter().flat_map(|(name, value)| [name.as_slice(), b": ", value, b"\r\n"].concat()).collect()
}

/// RFC 9112, section 7.1.
fn chunk(piece: &[u8], reply: &Reply) -> Vec<u8> {
    [format!("{:x}", piece.len()).as_bytes(), &reply.chunk_extension, b"\r\n", piece, b"\r\n"].concat()
}

fn last_chunk(reply: &Reply) -> Vec<u8> {
    [b"0".as_slice(), &reply.chunk_extension, b"\r\n", &fields(&reply.trailers), b"\r\n"].concat()
}

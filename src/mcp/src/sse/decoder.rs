//! Bytes to events, in any chunks, copying only what a chunk's end cuts.

use std::{mem, str};

use bytes::{Buf, Bytes, BytesMut};

/// One event with data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its type; `message` where the stream does not say.
    pub kind: Option<String>,
    /// Its data; lines are joined by a line feed.
    pub data: Bytes,
    /// The id that it sets for resuming.
    pub id: Option<String>,
}

/// What a stream holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// An event.
    Event(Event),
    /// How long to wait before connecting again, in milliseconds.
    Retry(u64),
    /// A comment: a sign of life. What it says is dropped.
    Comment,
}

/// Why a stream ends early. Every later call repeats it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SseError {
    /// A line or an event beyond the limit.
    #[error("an event is larger than the limit")]
    TooLarge,
    /// A line that is not UTF-8.
    #[error("a line is not UTF-8")]
    NotUtf8,
    /// The stream ended inside of an event.
    #[error("the stream ends inside an event")]
    Truncated,
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Type and id of an event: names and cursors, never payloads.
const FIELD_LENGTH_MAX: usize = 4_096;

/// The decoder of one stream.
#[derive(Debug)]
pub struct Decoder {
    event_length_max: usize,
    /// What is fed and not decoded yet.
    input: Bytes,
    /// The start of a line whose end has not come.
    partial: BytesMut,
    /// The last line ended with a carriage return: a line feed that follows belongs to it.
    after_return: bool,
    at_start: bool,
    kind: Option<String>,
    id: Option<String>,
    data: Data,
    failed: Option<SseError>,
}

/// The data of the event that is being read.
#[derive(Debug, Default)]
enum Data {
    #[default]
    None,
    /// One line, not copied.
    One(Bytes),
    /// Several, joined.
    Many(BytesMut),
}

impl Decoder {
    /// A decoder for a stream whose events hold at most `event_length_max` bytes.
    #[must_use]
    pub fn new(event_length_max: usize) -> Self {
        Self {
            event_length_max,
            input: Bytes::new(),
            partial: BytesMut::new(),
            after_return: false,
            at_start: true,
            kind: None,
            id: None,
            data: Data::None,
            failed: None,
        }
    }

    /// Takes the next bytes; call [`Decoder::next_item`] until it gives none before feeding more, or the rest is copied.
    pub fn feed(&mut self, chunk: Bytes) {
        if self.input.is_empty() {
            self.input = chunk;
        } else {
            let mut joined = BytesMut::from(mem::take(&mut self.input));
            joined.extend_from_slice(&chunk);
            self.input = joined.freeze();
        }
    }

    /// The next item of what was fed; `None` where more bytes are needed.
    ///
    /// # Errors
    /// Where the stream is over: nothing after the error is decoded.
    pub fn next_item(&mut self) -> Result<Option<Item>, SseError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let item = self.read();
        self.failed = item.as_ref().err().copied();
        item
    }

    /// Ends the stream.
    ///
    /// # Errors
    /// Where an event is not complete; the standard says to drop it, and a caller that waits for it must know.
    pub fn finish(self) -> Result<(), SseError> {
        match self.failed {
            Some(error) => Err(error),
            None if !self.partial.is_empty() || !matches!(self.data, Data::None) => Err(SseError::Truncated),
            None => Ok(()),
        }
    }

    fn read(&mut self) -> Result<Option<Item>, SseError> {
        while let Some(line) = self.line()? {
            if line.is_empty() {
                if let Some(event) = self.dispatch() {
                    return Ok(Some(Item::Event(event)));
                }
            } else if let Some(item) = self.field(line)? {
                return Ok(Some(item));
            }
        }
        Ok(None)
    }

    /// The next whole line, without its end.
    fn line(&mut self) -> Result<Option<Bytes>, SseError> {
        if self.after_return && !self.input.is_empty() {
            self.after_return = false;
            if self.input.first() == Some(&b'\n') {
                self.input.advance(1);
            }
        }
        let Some(end) = memchr::memchr2(b'\r', b'\n', &self.input) else {
            let rest = mem::take(&mut self.input);
            self.check_length(self.partial.len() + rest.len())?;
            self.partial.extend_from_slice(&rest);
            return Ok(None);
        };
        self.check_length(self.partial.len() + end)?;
        let tail = self.input.split_to(end);
        self.after_return = self.input.first() == Some(&b'\r');
        self.input.advance(1);
        let mut line = if self.partial.is_empty() {
            tail
        } else {
            self.partial.extend_from_slice(&tail);
            self.partial.split().freeze()
        };
        if mem::take(&mut self.at_start) && line.starts_with(BYTE_ORDER_MARK) {
            line.advance(BYTE_ORDER_MARK.len());
        }
        if str::from_utf8(&line).is_err() {
            return Err(SseError::NotUtf8);
        }
        Ok(Some(line))
    }

    /// One line that is not empty: a field, or a comment.
    fn field(&mut self, mut line: Bytes) -> Result<Option<Item>, SseError> {
        let (name, mut value) = match memchr::memchr(b':', &line) {
            None => (line, Bytes::new()),
            Some(colon) => {
                let name = line.split_to(colon);
                line.advance(1);
                (name, line)
            }
        };
        if value.first() == Some(&b' ') {
            value.advance(1);
        }
        match name.as_ref() {
            b"" => return Ok(Some(Item::Comment)),
            b"data" => self.push_data(value)?,
            b"event" => self.kind = Some(short(&value)?).filter(|kind| !kind.is_empty()),
            // An id with a null byte is ignored, and so is a retry that is not a number.
            b"id" if !value.contains(&0) => self.id = Some(short(&value)?),
            b"retry" if value.iter().all(u8::is_ascii_digit) => {
                return Ok(str::from_utf8(&value).ok().and_then(|digits| digits.parse().ok()).map(Item::Retry));
            }
            _ => {}
        }
        Ok(None)
    }

    fn push_data(&mut self, line: Bytes) -> Result<(), SseError> {
        self.data = match mem::take(&mut self.data) {
            Data::None => Data::One(line),
            Data::One(first) => {
                self.check_length(first.len() + 1 + line.len())?;
                let mut joined = BytesMut::from(first);
                joined.extend_from_slice(b"\n");
                joined.extend_from_slice(&line);
                Data::Many(joined)
            }
            Data::Many(mut joined) => {
                self.check_length(joined.len() + 1 + line.len())?;
                joined.extend_from_slice(b"\n");
                joined.extend_from_slice(&line);
                Data::Many(joined)
            }
        };
        Ok(())
    }

    /// The end of an event. One without data is none; its id counts for the next.
    fn dispatch(&mut self) -> Option<Event> {
        let kind = self.kind.take();
        let data = match mem::take(&mut self.data) {
            Data::None => return None,
            Data::One(line) => line,
            Data::Many(joined) => joined.freeze(),
        };
        Some(Event { kind, data, id: self.id.take() })
    }

    fn check_length(&self, length: usize) -> Result<(), SseError> {
        if length <= self.event_length_max { Ok(()) } else { Err(SseError::TooLarge) }
    }
}

fn short(value: &[u8]) -> Result<String, SseError> {
    if value.len() > FIELD_LENGTH_MAX {
        return Err(SseError::TooLarge);
    }
    str::from_utf8(value).map(str::to_owned).map_err(|_| SseError::NotUtf8)
}

//! Reads the digits of base64 out of a stream in which they are spelled in some way.

use crate::view::{GAP_LENGTH_MAX, Spelling, digit};

/// What a byte of the stream brings.
pub(super) enum Read {
    /// The next digit; whether this byte is no part of it, and the data ends with it.
    Digit(u8),
    /// Nothing yet.
    Nothing,
    /// The end of the data, perhaps behind a last digit.
    End(Option<u8>),
}

/// What is held of a digit whose end has not come.
#[derive(Debug)]
pub(super) struct Spelled {
    spelling: Spelling,
    /// The number so far, or the bits that are left over.
    held: u32,
    /// How many decimal digits, or bits, that is.
    count: u32,
    /// How many bytes stand between two numbers so far.
    gap: usize,
    /// The byte before was a backslash.
    is_escaped: bool,
}

impl Spelled {
    pub(super) const fn new(spelling: Spelling) -> Self {
        Self { spelling, held: 0, count: 0, gap: 0, is_escaped: false }
    }

    /// Takes a byte of the stream.
    pub(super) fn take(&mut self, byte: u8) -> Read {
        let read = match self.spelling {
            Spelling::Plain => self.take_plain(byte),
            Spelling::Numbers => self.take_of_number(byte),
            Spelling::Base64 => self.take_encoded(byte),
        };
        match read {
            Read::Digit(of_data) if digit(of_data).is_none() => Read::End(None),
            read => read,
        }
    }

    /// The digit that the end of the stream completes.
    pub(super) fn end(&mut self) -> Option<u8> {
        self.number().filter(|of_data| digit(*of_data).is_some())
    }

    fn take_plain(&mut self, byte: u8) -> Read {
        match (std::mem::replace(&mut self.is_escaped, byte == b'\\'), byte) {
            // Line ends, and a slash as some writers of JSON escape it.
            (_, b'\r' | b'\n' | b'\\') | (true, b'n' | b'r') => Read::Nothing,
            _ => Read::Digit(byte),
        }
    }

    fn take_of_number(&mut self, byte: u8) -> Read {
        if byte.is_ascii_digit() {
            (self.held, self.count, self.gap) = (self.held * 10 + u32::from(byte - b'0'), self.count + 1, 0);
            return if self.count > 3 { Read::End(None) } else { Read::Nothing };
        }
        let number = self.number();
        self.gap += 1;
        let is_end = byte.is_ascii_alphanumeric()
            || matches!(byte, b'{' | b'}' | b'[' | b']')
            || self.gap > GAP_LENGTH_MAX
            || number == Some(0);
        match number {
            number if is_end => Read::End(number.filter(|of_data| digit(*of_data).is_some())),
            Some(of_data) => Read::Digit(of_data),
            None => Read::Nothing,
        }
    }

    /// The number that has ended; 0 for one that is no character.
    fn number(&mut self) -> Option<u8> {
        if self.spelling != Spelling::Numbers || self.count == 0 {
            return None;
        }
        self.count = 0;
        Some(u8::try_from(std::mem::take(&mut self.held)).unwrap_or(0))
    }

    fn take_encoded(&mut self, byte: u8) -> Read {
        let Some(value) = digit(byte) else {
            let is_line_end = matches!(self.take_plain(byte), Read::Nothing);
            return if is_line_end { Read::Nothing } else { Read::End(None) };
        };
        if self.is_escaped && matches!(byte, b'n' | b'r') {
            self.is_escaped = false;
            return Read::Nothing;
        }
        self.is_escaped = false;
        (self.held, self.count) = (self.held << 6 | u32::from(value), self.count + 6);
        if self.count < 8 {
            return Read::Nothing;
        }
        self.count -= 8;
        let of_data = (self.held >> self.count) as u8;
        self.held &= (1 << self.count) - 1;
        Read::Digit(of_data)
    }
}

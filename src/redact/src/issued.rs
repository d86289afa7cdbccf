//! Takes the values of fields with telling names out of a stream, so that something else stands for a token that was issued.
//!
//! A token that is put aside must be known whole and as its owner will use it. So a value is kept back until it ends, and only where
//! its end and its escapes are certain: strings of JSON, also two levels deep inside JSON strings; parameters of forms and URLs;
//! elements of XML that hold nothing but text. Whatever is not taken out goes on to be masked like everything else.

mod unescape;

use std::{fmt, sync::Arc};

use bytes::Bytes;
use memchr::memchr3_iter;
use secret::FingerprintSet;
use zeroize::Zeroizing;

use self::unescape::{from_json, from_percent, from_xml};
use crate::{
    class::Class,
    keys::{Form, LOOK_BACK, Quote, Separator, secret_field},
    names::is_secret_name,
    report::Report,
    substitute::Substitute,
};

/// The longest value that is taken out, as it is written. Signed tokens with many claims have up to 8 KiB.
const VALUE_BYTES_MAX: usize = 16 * 1024;

/// What comes out, in the order of the stream.
#[derive(Debug)]
pub(crate) enum Piece {
    /// What is to be masked as usual.
    Text(Bytes),
    /// What stands in the place of a value, and what is a live secret from there on.
    Instead { instead: Bytes, secrets: Option<Arc<FingerprintSet>> },
}

/// The state of one stream.
pub(crate) struct IssuedScanner {
    /// `None` where the stream is refused.
    substitute: Option<Box<dyn Substitute>>,
    state: State,
    /// The last bytes of the chunks before.
    context: Vec<u8>,
    /// The value that has not ended, as it is written; of an element, also what may be its end tag.
    held: Zeroizing<Vec<u8>>,
    /// The end tag that is waited for.
    end_tag: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// In text of which nothing is known.
    Clear,
    /// After the colon of a member with a secret name, and so many backslashes.
    Separated { depth: u8, slashes: u8 },
    /// In its string, and after so many backslashes.
    Member { depth: u8, slashes: usize },
    /// In the value of a parameter.
    Parameter,
    /// In the text of an element.
    Element,
    /// In what may be its end tag, after a text of this length.
    EndTag { length: usize },
}

impl IssuedScanner {
    pub(crate) fn offering(substitute: Box<dyn Substitute>) -> Self {
        Self::new(Some(substitute))
    }

    pub(crate) fn refusing() -> Self {
        Self::new(None)
    }

    fn new(substitute: Option<Box<dyn Substitute>>) -> Self {
        let (context, held, end_tag) = (Vec::new(), Zeroizing::default(), Vec::new());
        Self { substitute, state: State::Clear, context, held, end_tag }
    }

    pub(crate) fn push(&mut self, chunk: &Bytes, report: &mut Report, out: &mut impl FnMut(Piece)) {
        // Bytes before `passed` are passed on or held.
        let (mut passed, mut at) = (0, 0);
        while at < chunk.len() {
            if matches!(self.state, State::Clear) {
                let Some((state, value)) = self.next_field(chunk, at) else { break };
                (self.state, at) = (state, value);
                if !matches!(state, State::Separated { .. }) {
                    self.hold_from(chunk, &mut passed, at, out);
                }
                continue;
            }
            let Some(byte) = chunk.get(at).copied() else { break };
            if let State::Separated { depth, slashes } = self.state {
                self.state = after_colon(depth, slashes, byte);
                at += usize::from(!matches!(self.state, State::Clear));
                if matches!(self.state, State::Member { .. }) {
                    self.hold_from(chunk, &mut passed, at, out);
                }
                continue;
            }
            // What ends a value is looked at again as text, but for the end tag, which is held.
            let is_held = self.follow(byte, report, out);
            at += usize::from(is_held);
            passed = at;
        }
        if passed < chunk.len() {
            out(Piece::Text(chunk.slice(passed..)));
        }
        self.remember(chunk);
    }

    /// Nothing may be kept back any longer: what has not ended by itself is text, but for a parameter, which this ends.
    pub(crate) fn boundary(&mut self, report: &mut Report, out: &mut impl FnMut(Piece)) {
        match self.state {
            State::Clear | State::Separated { .. } => {}
            State::Parameter => self.settle(self.held.len(), from_percent, report, out),
            State::Member { .. } | State::Element | State::EndTag { .. } => self.give_up(out),
        }
    }

    /// The next field whose value may be taken out, and where that begins.
    fn next_field(&mut self, chunk: &[u8], from: usize) -> Option<(State, usize)> {
        let rest = chunk.get(from..)?;
        memchr3_iter(b':', b'=', b'>', rest).find_map(|at| {
            let at = from + at;
            let byte = *chunk.get(at)?;
            let state = if at >= LOOK_BACK || self.context.is_empty() {
                let is_start = self.context.is_empty() && at < LOOK_BACK;
                self.field(chunk.get(at.saturating_sub(LOOK_BACK)..at)?, is_start, byte)
            } else {
                let mut text = self.context.clone();
                text.extend_from_slice(chunk.get(..at)?);
                // A context that is not full is all that came before.
                let is_start = self.context.len() < LOOK_BACK && text.len() < LOOK_BACK;
                self.field(text.get(text.len().saturating_sub(LOOK_BACK)..)?, is_start, byte)
            };
            state.map(|state| (state, at + 1))
        })
    }

    /// What follows `text` and this byte. `is_start` says that nothing stands before the text.
    fn field(&mut self, text: &[u8], is_start: bool, byte: u8) -> Option<State> {
        match byte {
            b'>' => {
                self.end_tag = end_tag(text)?;
                Some(State::Element)
            }
            b'=' => {
                let is_bare = secret_field(text, byte) == Some(Form::Bare(Separator::Equals));
                (is_bare && is_parameter(text, is_start)).then_some(State::Parameter)
            }
            _ => match secret_field(text, byte)? {
                Form::Quoted(Quote::Double { depth }) => Some(State::Separated { depth, slashes: 0 }),
                Form::Quoted(Quote::Single) | Form::Bare(_) => None,
            },
        }
    }

    fn hold_from(&mut self, chunk: &Bytes, passed: &mut usize, at: usize, out: &mut impl FnMut(Piece)) {
        if *passed < at {
            out(Piece::Text(chunk.slice(*passed..at)));
        }
        *passed = at;
        // It never grows, and so leaves no copies behind.
        self.held = Zeroizing::new(Vec::with_capacity(VALUE_BYTES_MAX));
    }

    /// Follows a value by one byte. Whether the byte is held, or passed on with what was.
    fn follow(&mut self, byte: u8, report: &mut Report, out: &mut impl FnMut(Piece)) -> bool {
        let is_full = self.held.len() >= VALUE_BYTES_MAX;
        match self.state {
            State::Clear | State::Separated { .. } => return false,
            _ if is_full => {
                self.give_up(out);
                return false;
            }
            State::Member { depth, slashes } => match (byte, ends(depth, slashes)) {
                (b'"', Some(Quoted::Closes)) => {
                    let length = self.held.len() - delimiter(depth);
                    self.settle(length, |raw| from_json(raw, depth), report, out);
                    return false;
                }
                (b'"', None) | (b'\r' | b'\n', _) => {
                    self.give_up(out);
                    return false;
                }
                (b'\\', _) => self.state = State::Member { depth, slashes: slashes + 1 },
                _ => self.state = State::Member { depth, slashes: 0 },
            },
            State::Parameter if ends_parameter(byte) => {
                self.settle(self.held.len(), from_percent, report, out);
                return false;
            }
            State::Parameter => {}
            State::Element if byte == b'<' => self.state = State::EndTag { length: self.held.len() },
            State::Element => {}
            State::EndTag { length } => {
                let so_far = self.held.len() - length;
                if self.end_tag.get(so_far) != Some(&byte) {
                    self.give_up(out);
                    return false;
                }
                if so_far + 1 == self.end_tag.len() {
                    self.held.push(byte);
                    self.settle(length, from_xml, report, out);
                    return true;
                }
            }
        }
        self.held.push(byte);
        true
    }

    /// Puts something in the place of the first `length` bytes of what is held, if the value can be had, and passes on the rest.
    fn settle(
        &mut self,
        length: usize,
        read: impl FnOnce(&[u8]) -> Option<Zeroizing<Vec<u8>>>,
        report: &mut Report,
        out: &mut impl FnMut(Piece),
    ) {
        let raw = self.held.get(..length).unwrap_or_default();
        let value = read(raw).filter(|value| !value.is_empty());
        let Some(substitute) = &mut self.substitute else {
            // A value that cannot be read is one all the same.
            if !raw.is_empty() {
                report.note_block(Class::IssuedToken);
            }
            return self.give_up(out);
        };
        let Some(instead) = value.and_then(|value| substitute.substitute(Class::IssuedToken, &value)) else {
            return self.give_up(out);
        };
        // What stays as it is was let through, and is nothing to tell of.
        if *instead != *raw {
            report.note(Class::IssuedToken);
        }
        out(Piece::Instead { instead, secrets: substitute.secrets() });
        let rest = Bytes::copy_from_slice(self.held.get(length..).unwrap_or_default());
        if !rest.is_empty() {
            out(Piece::Text(rest));
        }
        self.clear();
    }

    /// Passes on what is held, as text.
    fn give_up(&mut self, out: &mut impl FnMut(Piece)) {
        if !self.held.is_empty() {
            out(Piece::Text(Bytes::from_owner(std::mem::take(&mut self.held))));
        }
        self.clear();
    }

    fn clear(&mut self) {
        (self.state, self.held) = (State::Clear, Zeroizing::default());
    }

    fn remember(&mut self, chunk: &[u8]) {
        self.context.extend_from_slice(chunk.get(chunk.len().saturating_sub(LOOK_BACK)..).unwrap_or_default());
        let surplus = self.context.len().saturating_sub(LOOK_BACK);
        self.context.drain(..surplus);
    }
}

impl fmt::Debug for IssuedScanner {
    /// Shows nothing of what is held.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedScanner").field("state", &self.state).finish_non_exhaustive()
    }
}

/// Goes on between the colon of a member and its string, which is quoted as the name is.
const fn after_colon(depth: u8, slashes: u8, byte: u8) -> State {
    match byte {
        b' ' | b'\t' | b'\r' | b'\n' if slashes == 0 => State::Separated { depth, slashes },
        b'\\' if (slashes as usize) < delimiter(depth) => State::Separated { depth, slashes: slashes + 1 },
        b'"' if slashes as usize == delimiter(depth) => State::Member { depth, slashes: 0 },
        _ => State::Clear,
    }
}

/// How many backslashes stand before a quote at this depth.
const fn delimiter(depth: u8) -> usize {
    (1 << depth) - 1
}

/// What a quote after so many backslashes is to the string at a depth.
enum Quoted {
    Closes,
    IsPart,
}

/// `None` where it ends a string around this one, so that this one was none.
const fn ends(depth: u8, slashes: usize) -> Option<Quoted> {
    let (closing, cycle) = (delimiter(depth), delimiter(depth + 1) + 1);
    match slashes % cycle {
        count if count == closing => Some(Quoted::Closes),
        count if count == cycle - 1 => Some(Quoted::IsPart),
        _ => None,
    }
}

/// Whether the name at the end of a text is that of a parameter: it stands behind a sign of URLs and forms, or begins the stream.
fn is_parameter(text: &[u8], is_start: bool) -> bool {
    let length = text.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(byte)).count();
    match text.get(..text.len() - length).and_then(<[u8]>::last) {
        Some(before) => matches!(before, b'?' | b'&' | b'#'),
        None => is_start,
    }
}

const fn ends_parameter(byte: u8) -> bool {
    !(byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'%' | b'+' | b'/' | b'=' | b':' | b'!' | b'*'))
}

/// The end tag of an element with a secret name whose start tag ends with this text.
fn end_tag(text: &[u8]) -> Option<Vec<u8>> {
    let start = text.iter().rposition(|byte| *byte == b'<')? + 1;
    let name = text.get(start..)?.split(u8::is_ascii_whitespace).next()?;
    let local = name.rsplit(|byte| *byte == b':').next()?;
    let is_name = name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-.:".contains(byte));
    (is_name && is_secret_name(local)).then(|| [b"</", name, b">"].concat())
}

#[cfg(test)]
mod tests;

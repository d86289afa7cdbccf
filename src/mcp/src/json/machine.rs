//! Checks the grammar of one JSON object as its bytes stream by, and marks where its outer members begin and end.

use super::{
    limits::DEPTH_CEILING,
    scan::{is_whitespace, text_prefix},
};

/// Marks are given down to the members of the members of the root, no deeper.
const WATCHED_DEPTH_MAX: u8 = 2;

/// A place in the chunk that was just fed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    /// In bytes from the start of the chunk.
    pub(crate) at: usize,
    /// How many containers are open around the key or value: a member of the root has 1.
    pub(crate) depth: u8,
    pub(crate) what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// At the opening quote of a key.
    KeyStart,
    /// Behind the closing quote of a key.
    KeyEnd,
    /// At the first byte of a value, which is given.
    ValueStart(u8),
    /// Behind the last byte of a value.
    ValueEnd,
    /// At the closing bracket of a container, whose members had `depth`.
    Closing,
}

/// Why the bytes are not one JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    Syntax,
    TooDeep,
    TrailingBytes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Root,
    Value,
    FirstElement,
    FirstKey,
    Key,
    Colon,
    Next,
    String { key: bool },
    Escape { key: bool },
    Hex { key: bool, left: u8 },
    Word(&'static [u8]),
    Minus,
    Zero,
    Whole,
    Point,
    Fraction,
    ExponentSign,
    ExponentStart,
    Exponent,
    Done,
}

/// The state between two chunks: no buffer, and one bit for each open container.
#[derive(Debug)]
pub(crate) struct Machine {
    state: State,
    depth: u8,
    /// The kinds of the open containers, the innermost in the lowest bit: 1 is an object.
    kinds: u128,
}

impl Machine {
    pub(crate) fn new() -> Self {
        Self { state: State::Root, depth: 0, kinds: 0 }
    }

    /// Whether the object is complete.
    pub(crate) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Takes the next bytes and calls `on` for each mark in them.
    pub(crate) fn feed<E: From<Broken>>(
        &mut self,
        chunk: &[u8],
        on: &mut impl FnMut(Mark) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut at = 0;
        while let Some(&byte) = chunk.get(at) {
            match self.state {
                State::String { key } => {
                    // Text of JSON within JSON is full of short escapes, so they take no turn of their own.
                    at += text_prefix(chunk.get(at..).unwrap_or_default());
                    match chunk.get(at) {
                        Some(b'"') => {
                            at += 1;
                            self.state = if key { State::Colon } else { State::Next };
                            self.mark(at, if key { What::KeyEnd } else { What::ValueEnd }, on)?;
                        }
                        Some(b'\\') => {
                            at += 1;
                            self.state = State::Escape { key };
                        }
                        Some(_) => return Err(Broken::Syntax.into()),
                        None => {}
                    }
                }
                State::Root
                | State::Value
                | State::FirstElement
                | State::FirstKey
                | State::Key
                | State::Colon
                | State::Next => {
                    if !is_whitespace(byte) {
                        self.structural(byte, at, on)?;
                    }
                    at += 1;
                }
                State::Done if is_whitespace(byte) => at += 1,
                State::Done => return Err(Broken::TrailingBytes.into()),
                State::Escape { key } => {
                    self.state = match byte {
                        b'u' => State::Hex { key, left: 4 },
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => State::String { key },
                        _ => return Err(Broken::Syntax.into()),
                    };
                    at += 1;
                }
                State::Hex { key, left } => {
                    if !byte.is_ascii_hexdigit() {
                        return Err(Broken::Syntax.into());
                    }
                    self.state = if left > 1 { State::Hex { key, left: left - 1 } } else { State::String { key } };
                    at += 1;
                }
                State::Word(left) => {
                    let Some((&expected, left)) = left.split_first() else { return Err(Broken::Syntax.into()) };
                    if byte != expected {
                        return Err(Broken::Syntax.into());
                    }
                    at += 1;
                    if left.is_empty() {
                        self.state = State::Next;
                        self.mark(at, What::ValueEnd, on)?;
                    } else {
                        self.state = State::Word(left);
                    }
                }
                State::Minus
                | State::Zero
                | State::Whole
                | State::Point
                | State::Fraction
                | State::ExponentSign
                | State::ExponentStart
                | State::Exponent => match self.numeric(byte)? {
                    Some(state) => {
                        self.state = state;
                        at += 1;
                    }
                    None => {
                        self.state = State::Next;
                        self.mark(at, What::ValueEnd, on)?;
                    }
                },
            }
        }
        Ok(())
    }

    /// A byte between strings, numbers and words.
    fn structural<E: From<Broken>>(
        &mut self,
        byte: u8,
        at: usize,
        on: &mut impl FnMut(Mark) -> Result<(), E>,
    ) -> Result<(), E> {
        match (self.state, byte) {
            (State::Root, b'{') => self.open(byte, at, on),
            (State::FirstKey | State::Key, b'"') => {
                self.state = State::String { key: true };
                self.mark(at, What::KeyStart, on)
            }
            (State::FirstKey, b'}') | (State::FirstElement, b']') => self.close(at, on),
            (State::Colon, b':') => {
                self.state = State::Value;
                Ok(())
            }
            (State::Next, b',') => {
                self.state = if self.in_object() { State::Key } else { State::Value };
                Ok(())
            }
            (State::Next, b'}') if self.in_object() => self.close(at, on),
            (State::Next, b']') if !self.in_object() => self.close(at, on),
            (State::Value | State::FirstElement, b'{' | b'[') => self.open(byte, at, on),
            (State::Value | State::FirstElement, _) => {
                self.state = match byte {
                    b'"' => State::String { key: false },
                    b't' => State::Word(b"rue"),
                    b'f' => State::Word(b"alse"),
                    b'n' => State::Word(b"ull"),
                    b'-' => State::Minus,
                    b'0' => State::Zero,
                    b'1'..=b'9' => State::Whole,
                    _ => return Err(Broken::Syntax.into()),
                };
                self.mark(at, What::ValueStart(byte), on)
            }
            _ => Err(Broken::Syntax.into()),
        }
    }

    /// The state after one more byte of a number; `None` where the number ended before it.
    fn numeric(&self, byte: u8) -> Result<Option<State>, Broken> {
        let next = match (self.state, byte) {
            (State::Minus, b'0') => State::Zero,
            (State::Minus, b'1'..=b'9') | (State::Whole, b'0'..=b'9') => State::Whole,
            (State::Zero | State::Whole, b'.') => State::Point,
            (State::Point | State::Fraction, b'0'..=b'9') => State::Fraction,
            (State::Zero | State::Whole | State::Fraction, b'e' | b'E') => State::ExponentSign,
            (State::ExponentSign, b'+' | b'-') => State::ExponentStart,
            (State::ExponentSign | State::ExponentStart | State::Exponent, b'0'..=b'9') => State::Exponent,
            (State::Zero | State::Whole | State::Fraction | State::Exponent, _) => return Ok(None),
            _ => return Err(Broken::Syntax),
        };
        Ok(Some(next))
    }

    fn open<E: From<Broken>>(
        &mut self,
        bracket: u8,
        at: usize,
        on: &mut impl FnMut(Mark) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.depth == DEPTH_CEILING {
            return Err(Broken::TooDeep.into());
        }
        self.mark(at, What::ValueStart(bracket), on)?;
        let object = bracket == b'{';
        self.depth += 1;
        self.kinds = self.kinds << 1 | u128::from(object);
        self.state = if object { State::FirstKey } else { State::FirstElement };
        Ok(())
    }

    fn close<E: From<Broken>>(&mut self, at: usize, on: &mut impl FnMut(Mark) -> Result<(), E>) -> Result<(), E> {
        self.mark(at, What::Closing, on)?;
        self.depth -= 1;
        self.kinds >>= 1;
        self.state = if self.depth == 0 { State::Done } else { State::Next };
        self.mark(at + 1, What::ValueEnd, on)
    }

    fn in_object(&self) -> bool {
        self.kinds & 1 == 1
    }

    fn mark<E>(&self, at: usize, what: What, on: &mut impl FnMut(Mark) -> Result<(), E>) -> Result<(), E> {
        if self.depth <= WATCHED_DEPTH_MAX { on(Mark { at, depth: self.depth, what }) } else { Ok(()) }
    }
}

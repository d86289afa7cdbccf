//! Rewrites one JSON-RPC response as its bytes stream by: the caller's id for ours, the structure checked, no tree.
//!
//! The grammar of the whole is checked as it passes. Keys are compared at the top and in `result` or `error`, where something
//! depends on them; what lies deeper passes through as it came. An error can come after bytes were given out: the caller then
//! cuts the answer off, and the agent sees a broken body and no other message.

mod tracker;

use std::mem::replace;

use bytes::Bytes;

use crate::{
    json::{
        Json, Object,
        machine::{Broken, Machine},
        utf8::Utf8Stream,
    },
    rpc::Id,
};
use tracker::{Change, Piece, Tracker};

/// Why an upstream's answer is not the one response that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Not UTF-8.
    #[error("the answer is not UTF-8")]
    NotUtf8,
    /// Not a JSON object.
    #[error("the answer is not a JSON object")]
    Syntax,
    /// Too many levels.
    #[error("the answer is nested too deeply")]
    TooDeep,
    /// Something after the object.
    #[error("bytes follow the answer")]
    TrailingBytes,
    /// The object is not complete.
    #[error("the answer ends too early")]
    UnexpectedEnd,
    /// A member that no message has.
    #[error("the answer has a member that JSON-RPC does not define")]
    UnknownMember,
    /// A member that counts stands twice.
    #[error("the answer has a member twice")]
    DuplicateMember,
    /// `jsonrpc` is missing or another version.
    #[error("the answer is not JSON-RPC 2.0")]
    JsonRpcVersion,
    /// The id is missing or of no valid type.
    #[error("the answer has no valid id")]
    Id,
    /// The id of another request.
    #[error("the answer belongs to another request")]
    OtherId,
    /// Not exactly one of `result` and `error`, or not an object.
    #[error("the answer must hold one object, `result` or `error`")]
    Shape,
    /// A `resultType` that no specification knows, or that was not expected here.
    #[error("the answer has an unknown or unexpected result type")]
    ResultType,
}

impl From<Broken> for EnvelopeError {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Syntax => Self::Syntax,
            Broken::TooDeep => Self::TooDeep,
            Broken::TrailingBytes => Self::TrailingBytes,
        }
    }
}

/// What a response said, known at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// A result.
    Result {
        /// Its type.
        result_type: ResultType,
        /// Whether a tool says that it failed.
        is_error: bool,
    },
    /// A JSON-RPC error.
    Error {
        /// Its code, where it was an integer.
        code: Option<i64>,
    },
}

/// The types of results. Without one, a result is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultType {
    /// Nothing is missing.
    Complete,
    /// The client must ask again, with more.
    InputRequired,
    /// The work goes on as a task.
    Task,
}

/// The rewriter of one response.
#[derive(Debug)]
pub struct Envelope {
    machine: Machine,
    utf8: Utf8Stream,
    tracker: Tracker,
    failed: Option<EnvelopeError>,
}

impl Envelope {
    /// A rewriter for the response to the request that we sent as `sent`, for a caller who knows it as `callers`.
    #[must_use]
    pub fn new(sent: Id, callers: &Id) -> Self {
        let mut callers_id = Vec::new();
        callers.write_to(&mut callers_id);
        let tracker = Tracker::new(sent, callers_id.into());
        Self { machine: Machine::new(), utf8: Utf8Stream::default(), tracker, failed: None }
    }

    /// Sets a member of `result`, whatever the upstream says.
    #[must_use]
    pub fn with_member(mut self, key: &'static str, value: &Json) -> Self {
        self.tracker.edit(key, value, Change::Set);
        self
    }

    /// Adds a member to `result` where the upstream does not say it.
    #[must_use]
    pub fn with_default(mut self, key: &'static str, value: &Json) -> Self {
        self.tracker.edit(key, value, Change::Default);
        self
    }

    /// Adds members to the `_meta` of `result`, in place of those of the same keys; without any, nothing changes.
    #[must_use]
    pub fn with_meta(mut self, members: &Object) -> Self {
        if !members.is_empty() {
            self.tracker.edit("_meta", &Json::Object(members.clone()), Change::Merge);
        }
        self
    }

    /// Leaves a member of `result` out. What it says is still in [`Answer`].
    #[must_use]
    pub fn without_member(mut self, key: &'static str) -> Self {
        self.tracker.edit(key, &Json::Null, Change::Drop);
        self
    }

    /// Refuses a result that is not complete.
    #[must_use]
    pub fn complete_only(mut self) -> Self {
        self.tracker.expect_complete();
        self
    }

    /// Takes the next bytes and gives out what replaces them, in slices.
    ///
    /// # Errors
    /// Where the bytes so far cannot be the response. Every later call repeats the error.
    pub fn push(&mut self, chunk: &[u8], mut out: impl FnMut(&[u8])) -> Result<(), EnvelopeError> {
        self.pieces(chunk, &mut |piece| match piece {
            Piece::Through(range) => out(chunk.get(range).unwrap_or_default()),
            Piece::Own(bytes) => out(bytes),
        })
    }

    /// Takes the next bytes and gives out what replaces them, without copying any.
    ///
    /// # Errors
    /// As [`Envelope::push`].
    pub fn push_bytes(&mut self, chunk: &Bytes, mut out: impl FnMut(Bytes)) -> Result<(), EnvelopeError> {
        self.pieces(chunk, &mut |piece| match piece {
            Piece::Through(range) => out(chunk.slice(range)),
            Piece::Own(bytes) => out(bytes.clone()),
        })
    }

    /// Ends the response.
    ///
    /// # Errors
    /// Where something is missing.
    pub fn finish(self) -> Result<Answer, EnvelopeError> {
        match self.failed {
            Some(error) => Err(error),
            None if !self.machine.is_done() || !self.utf8.is_complete() => Err(EnvelopeError::UnexpectedEnd),
            None => self.tracker.finish(),
        }
    }

    fn pieces(&mut self, chunk: &[u8], out: &mut impl FnMut(Piece<'_>)) -> Result<(), EnvelopeError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let Self { machine, utf8, tracker, .. } = self;
        if !utf8.push(chunk) {
            self.failed = Some(EnvelopeError::NotUtf8);
            return Err(EnvelopeError::NotUtf8);
        }
        // What passes from one mark to the next is given out in one piece.
        let mut run = 0..0;
        let mut join = |piece: Piece<'_>| match piece {
            Piece::Through(next) if next.start == run.end => run.end = next.end,
            Piece::Through(next) => {
                let before = replace(&mut run, next);
                if !before.is_empty() {
                    out(Piece::Through(before));
                }
            }
            Piece::Own(bytes) => {
                let before = replace(&mut run, 0..0);
                if !before.is_empty() {
                    out(Piece::Through(before));
                }
                out(Piece::Own(bytes));
            }
        };
        let fed = machine
            .feed(chunk, &mut |mark| tracker.mark(mark, chunk, &mut join))
            .and_then(|()| tracker.end_of_chunk(chunk, &mut join));
        if fed.is_ok() && !run.is_empty() {
            out(Piece::Through(run));
        }
        self.failed = fed.err();
        fed
    }
}

#[cfg(test)]
pub(crate) use tests::nearly_messages;

#[cfg(test)]
mod tests;

//! Follows the outer members of a response and decides which bytes pass, which are kept to be read, and which are replaced.

mod capture;
mod edit;

use std::{mem::replace, ops::Range, str};

use bytes::Bytes;

use self::{capture::Capture, edit::Edit};
use super::{Answer, EnvelopeError, ResultType};
use crate::{
    json::{
        Json, Number,
        machine::{Mark, What},
    },
    rpc::Id,
};

pub(super) use self::edit::Change;

/// What is given out: a part of the chunk, or bytes of ours.
pub(super) enum Piece<'a> {
    Through(Range<usize>),
    Own(&'a Bytes),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outer {
    Version,
    Id,
    Result,
    Error,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inner {
    /// One that passes unread.
    Other,
    /// One that does not pass.
    Dropped,
    /// The edit at this place.
    Edit(usize),
    /// An object to which the edit at this place adds members.
    Merge(usize),
    ResultType,
    IsError,
    Code,
}

#[derive(Debug)]
pub(super) struct Tracker {
    sent: Id,
    callers_id: Bytes,
    edits: Vec<Edit>,
    /// Some members of `result` do not pass: the separators in it are written anew.
    has_drops: bool,
    /// A result of another type than `complete` is none.
    complete_only: bool,
    /// Nothing has been given out yet of the member whose key is being read.
    holding: bool,
    /// Up to where the chunk is dealt with.
    done: usize,
    passing: bool,
    capture: Capture,
    outer: Outer,
    inner: Inner,
    seen: [bool; 4],
    seen_inner: [bool; 3],
    has_inner_members: bool,
    id_is_null: bool,
    result_type: ResultType,
    is_error: bool,
    code: Option<i64>,
}

static COMMA: Bytes = Bytes::from_static(b",");
static ID_MEMBER_START: Bytes = Bytes::from_static(br#","id":"#);

impl Tracker {
    pub(super) fn new(sent: Id, callers_id: Bytes) -> Self {
        Self {
            sent,
            callers_id,
            edits: Vec::new(),
            has_drops: false,
            complete_only: false,
            holding: false,
            done: 0,
            passing: true,
            capture: Capture::default(),
            outer: Outer::Version,
            inner: Inner::Other,
            seen: [false; 4],
            seen_inner: [false; 3],
            has_inner_members: false,
            id_is_null: false,
            result_type: ResultType::Complete,
            is_error: false,
            code: None,
        }
    }

    pub(super) fn edit(&mut self, key: &'static str, value: &Json, change: Change) {
        self.edits.push(Edit::new(key, value, change));
        self.has_drops |= change == Change::Drop;
    }

    pub(super) fn expect_complete(&mut self) {
        self.complete_only = true;
    }

    pub(super) fn mark(
        &mut self,
        mark: Mark,
        chunk: &[u8],
        out: &mut impl FnMut(Piece<'_>),
    ) -> Result<(), EnvelopeError> {
        let watched_member = mark.depth == 1 || (mark.depth == 2 && matches!(self.outer, Outer::Result | Outer::Error));
        if !watched_member {
            return Ok(());
        }
        // Inside of `result`, most values are neither read nor replaced: they pass without a cut.
        let is_unread = match mark.what {
            What::ValueStart(_) => true,
            What::ValueEnd => !self.drops(),
            What::KeyStart | What::KeyEnd | What::Closing => false,
        };
        if mark.depth == 2 && self.inner == Inner::Other && is_unread {
            return Ok(());
        }
        self.advance(mark.at, chunk, out)?;
        match (mark.depth, mark.what) {
            (depth, What::KeyStart) => {
                self.holding = depth == 2 && self.drops();
                self.passing &= !self.holding;
                self.capture.start();
                Ok(())
            }
            (1, What::KeyEnd) => self.outer_key(),
            (_, What::KeyEnd) => self.inner_key(out),
            (1, What::ValueStart(byte)) => self.outer_value(byte, out),
            (_, What::ValueStart(_)) => {
                self.inner_value(out);
                Ok(())
            }
            (1, What::ValueEnd) => self.outer_value_end(),
            (_, What::ValueEnd) => self.inner_value_end(out),
            (1, What::Closing) => {
                let [_, has_id, ..] = self.seen;
                if !has_id {
                    out(Piece::Own(&ID_MEMBER_START));
                    out(Piece::Own(&self.callers_id));
                }
                Ok(())
            }
            (_, What::Closing) => {
                self.passing = true;
                self.add_missing(out);
                Ok(())
            }
        }
    }

    pub(super) fn end_of_chunk(&mut self, chunk: &[u8], out: &mut impl FnMut(Piece<'_>)) -> Result<(), EnvelopeError> {
        self.advance(chunk.len(), chunk, out)?;
        self.done = 0;
        Ok(())
    }

    pub(super) fn finish(&self) -> Result<Answer, EnvelopeError> {
        let [version, id, result, error] = self.seen;
        if !version {
            return Err(EnvelopeError::JsonRpcVersion);
        }
        match (result, error) {
            // The other side may have been unable to read the id; a result without one belongs to nobody.
            (true, false) if !id || self.id_is_null => Err(EnvelopeError::Id),
            (true, false) => Ok(Answer::Result { result_type: self.result_type, is_error: self.is_error }),
            (false, true) => Ok(Answer::Error { code: self.code }),
            (true, true) | (false, false) => Err(EnvelopeError::Shape),
        }
    }

    /// Deals with the chunk up to `to`.
    fn advance(&mut self, to: usize, chunk: &[u8], out: &mut impl FnMut(Piece<'_>)) -> Result<(), EnvelopeError> {
        let range = self.done..to;
        self.done = to;
        if range.is_empty() {
            return Ok(());
        }
        if self.capture.is_on() {
            let taken = self.capture.take(chunk.get(range.clone()).unwrap_or_default());
            let rest = range.start + taken..range.end;
            // A key this long is none of those that do not pass.
            if self.holding && self.capture.is_cut_off() {
                self.release_key(out);
                out(Piece::Through(rest));
                return Ok(());
            }
            // Nothing is added to an object this long.
            if matches!(self.inner, Inner::Merge(_)) && self.capture.is_cut_off() {
                out(Piece::Own(&self.capture.copy()));
                out(Piece::Through(rest));
                self.capture.stop();
                (self.inner, self.passing) = (Inner::Other, true);
                return Ok(());
            }
        }
        if self.passing {
            out(Piece::Through(range));
        }
        Ok(())
    }

    fn outer_key(&mut self) -> Result<(), EnvelopeError> {
        self.capture.stop();
        let outer = match self.capture.text().as_deref() {
            Some("jsonrpc") => Outer::Version,
            Some("id") => Outer::Id,
            Some("result") => Outer::Result,
            Some("error") => Outer::Error,
            _ => return Err(EnvelopeError::UnknownMember),
        };
        let [version, id, result, error] = &mut self.seen;
        let (seen, other) = match outer {
            Outer::Version => (version, false),
            Outer::Id => (id, false),
            Outer::Result => (result, *error),
            Outer::Error => (error, *result),
        };
        if *seen {
            return Err(EnvelopeError::DuplicateMember);
        }
        *seen = true;
        self.outer = outer;
        if other { Err(EnvelopeError::Shape) } else { Ok(()) }
    }

    fn outer_value(&mut self, first: u8, out: &mut impl FnMut(Piece<'_>)) -> Result<(), EnvelopeError> {
        self.inner = Inner::Other;
        match self.outer {
            Outer::Version => {
                self.capture.start();
                Ok(())
            }
            Outer::Id => {
                self.passing = false;
                out(Piece::Own(&self.callers_id));
                self.capture.start();
                Ok(())
            }
            Outer::Result | Outer::Error if first != b'{' => Err(EnvelopeError::Shape),
            Outer::Result | Outer::Error => Ok(()),
        }
    }

    fn outer_value_end(&mut self) -> Result<(), EnvelopeError> {
        self.capture.stop();
        self.passing = true;
        match self.outer {
            Outer::Version if self.capture.bytes() == b"\"2.0\"" => Ok(()),
            Outer::Version => Err(EnvelopeError::JsonRpcVersion),
            Outer::Id if self.capture.bytes() == b"null" => {
                self.id_is_null = true;
                Ok(())
            }
            Outer::Id if self.capture.is_cut_off() => Err(EnvelopeError::Id),
            Outer::Id => match Id::parse(self.capture.bytes()) {
                None => Err(EnvelopeError::Id),
                Some(id) if id == self.sent => Ok(()),
                Some(_) => Err(EnvelopeError::OtherId),
            },
            Outer::Result | Outer::Error => Ok(()),
        }
    }

    /// Whether members of the container that is being read may be dropped.
    fn drops(&self) -> bool {
        self.outer == Outer::Result && self.has_drops
    }

    /// Gives out the key that was held, with the separator before it.
    fn release_key(&mut self, out: &mut impl FnMut(Piece<'_>)) {
        if self.has_inner_members {
            out(Piece::Own(&COMMA));
        }
        out(Piece::Own(&self.capture.copy()));
        (self.holding, self.passing, self.has_inner_members) = (false, true, true);
    }

    fn inner_key(&mut self, out: &mut impl FnMut(Piece<'_>)) -> Result<(), EnvelopeError> {
        self.capture.stop();
        let key = self.capture.text().unwrap_or_default();
        let place = self.edits.iter().position(|edit| edit.key == key && self.outer == Outer::Result);
        let read = match (self.outer, key.as_ref()) {
            (Outer::Result, "resultType") => Inner::ResultType,
            (Outer::Result, "isError") => Inner::IsError,
            (Outer::Error, "code") => Inner::Code,
            _ => Inner::Other,
        };
        self.inner = read;
        let [result_type, is_error, code] = &mut self.seen_inner;
        let mut again = match read {
            Inner::ResultType => replace(result_type, true),
            Inner::IsError => replace(is_error, true),
            Inner::Code => replace(code, true),
            Inner::Other | Inner::Dropped | Inner::Edit(_) | Inner::Merge(_) => false,
        };
        let mut is_dropped = false;
        if let Some((place, edit)) = place.and_then(|place| Some((place, self.edits.get_mut(place)?))) {
            again |= replace(&mut edit.seen, true);
            is_dropped = edit.change == Change::Drop;
            match edit.change {
                Change::Set => self.inner = Inner::Edit(place),
                Change::Merge => self.inner = Inner::Merge(place),
                // What is read is read, whether or not it passes.
                Change::Drop if read == Inner::Other => self.inner = Inner::Dropped,
                Change::Default | Change::Drop => {}
            }
        }
        if self.holding && !is_dropped {
            self.release_key(out);
        }
        self.has_inner_members |= !is_dropped;
        if again { Err(EnvelopeError::DuplicateMember) } else { Ok(()) }
    }

    fn inner_value(&mut self, out: &mut impl FnMut(Piece<'_>)) {
        match self.inner {
            Inner::Other | Inner::Dropped => {}
            Inner::Edit(place) => {
                self.passing = false;
                if let Some(edit) = self.edits.get(place) {
                    out(Piece::Own(&edit.value));
                }
            }
            Inner::Merge(_) => {
                self.passing = false;
                self.capture.start_whole();
            }
            Inner::ResultType | Inner::IsError | Inner::Code => self.capture.start(),
        }
    }

    fn inner_value_end(&mut self, out: &mut impl FnMut(Piece<'_>)) -> Result<(), EnvelopeError> {
        self.capture.stop();
        self.passing = !self.drops();
        match self.inner {
            Inner::Other | Inner::Dropped | Inner::Edit(_) => {}
            Inner::Merge(place) => {
                let read = self.capture.copy();
                out(Piece::Own(&self.edits.get(place).map_or_else(|| read.clone(), |edit| edit.added_to(&read))));
            }
            Inner::ResultType => {
                self.result_type = match self.capture.text().as_deref() {
                    Some("complete") => ResultType::Complete,
                    Some("input_required") if !self.complete_only => ResultType::InputRequired,
                    Some("task") if !self.complete_only => ResultType::Task,
                    _ => return Err(EnvelopeError::ResultType),
                }
            }
            Inner::IsError => self.is_error = self.capture.bytes() == b"true",
            Inner::Code => {
                let text = str::from_utf8(self.capture.bytes()).ok();
                self.code = text.and_then(Number::parse).and_then(|number| number.as_i64());
            }
        }
        Ok(())
    }

    fn add_missing(&mut self, out: &mut impl FnMut(Piece<'_>)) {
        if self.outer != Outer::Result {
            return;
        }
        for edit in self.edits.iter().filter(|edit| !edit.seen && edit.change != Change::Drop) {
            if self.has_inner_members {
                out(Piece::Own(&COMMA));
            }
            out(Piece::Own(&edit.member));
            self.has_inner_members = true;
        }
    }
}

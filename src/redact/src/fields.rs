//! Finds and masks the values of fields whose name says that they are secret, in a stream of JSON, event-stream or other text.
//!
//! A field is found by its separator, `:` or `=`, with its name looked up in the bytes before; so names need not be kept back, and
//! text without separators costs a search for two bytes. Understood are members of JSON objects, also two levels deep inside JSON
//! strings, and the same with single quotes; `name=value` in queries, forms and configuration files; `name: value` on a line of its
//! own, and the blocks of YAML. Objects, arrays, `null`, `true` and `false` stay: a JSON schema has its properties' names for keys, too.

mod allowed;
mod block;
pub(crate) mod markup;
mod output;

use std::sync::Arc;

use bytes::Bytes;

use self::{
    allowed::Allowance,
    block::Block,
    output::{Output, slashes_of},
};
use crate::bare::{self, Verdict, WORD_LENGTH_MAX, are_alike};
use crate::keys::{Form, LOOK_BACK, Quote, Separator, secret_field};
use crate::report::Report;
use crate::separators::gather;

/// The state of one stream.
#[derive(Debug)]
pub(crate) struct FieldScanner {
    state: State,
    /// The last bytes of the chunks before.
    context: Vec<u8>,
    /// The separators of a chunk that may follow a secret name; kept to reuse its memory.
    separators: Vec<usize>,
    /// The start of a value that is not judged yet: a word, and up to one byte after it.
    word: Vec<u8>,
    allowance: Allowance,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// In text of which nothing is known.
    Clear,
    /// After the separator of a field with a secret name, and so many backslashes.
    Separated { form: Form, slashes: u8 },
    /// After the opening quote of its value, and so many backslashes, which are kept back.
    Opened { quote: Quote, is_bare: bool, slashes: u8 },
    /// In a value that may yet turn out to be prose.
    Undecided(Separator),
    /// In a value whose marker is out, after so many backslashes (modulo eight: more make no difference at the depths we read).
    Masking { end: End, slashes: u8 },
    /// In a block of YAML.
    Block(Block),
}

/// What ends a masked value.
#[derive(Debug, Clone, Copy)]
enum End {
    Quote(Quote),
    Number,
    Word,
    Line,
}

/// Whether a byte is done with, or is to be looked at again in the next state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Next,
    Again,
}

impl FieldScanner {
    /// Masks all values but these.
    pub(crate) fn new(allowed: Arc<[Box<[u8]>]>) -> Self {
        Self {
            state: State::Clear,
            context: Vec::new(),
            separators: Vec::new(),
            word: Vec::new(),
            allowance: Allowance::new(allowed),
        }
    }

    pub(crate) fn push(&mut self, chunk: Bytes, report: &mut Report, out: &mut impl FnMut(Bytes)) {
        gather(&chunk, &mut self.separators);
        let mut output = Output { chunk: &chunk, clean: 0, report, out };
        let mut at = 0;
        while let Some(byte) = chunk.get(at).copied() {
            let step = match self.state {
                State::Clear => match self.next_field(&chunk, at) {
                    Some((form, value)) => {
                        self.state = State::Separated { form, slashes: 0 };
                        at = value;
                        continue;
                    }
                    None => break,
                },
                State::Separated { form, slashes } => self.separated(form, slashes, byte, at, &mut output),
                State::Opened { quote, is_bare, slashes } => {
                    self.opened(quote, is_bare, slashes, byte, at, &mut output)
                }
                State::Undecided(separator) => self.undecided(separator, byte, at, &mut output),
                State::Masking { end, slashes } => self.masking(end, slashes, byte, at, &mut output),
                State::Block(block) => self.in_block(block, byte, at, &mut output),
            };
            at += usize::from(step == Step::Next);
        }
        output.pass_until(chunk.len());
        self.remember(&chunk);
    }

    /// Passes on all that is kept back; a value that is being masked goes on being masked.
    pub(crate) fn boundary(&mut self, report: &mut Report, out: &mut impl FnMut(Bytes)) {
        let mut output = Output { chunk: &Bytes::new(), clean: 0, report, out };
        match self.state {
            State::Undecided(separator) => {
                self.decide(separator, None, &mut output);
                self.release_value(&mut output);
            }
            State::Opened { quote, is_bare, slashes } => {
                output.put_slashes(slashes);
                self.state = State::Opened { quote, is_bare, slashes: 0 };
            }
            State::Block(block) => self.release_block(block, &mut output),
            State::Masking { .. } => self.release_value(&mut output),
            State::Clear | State::Separated { .. } => {}
        }
    }

    /// The next field with a secret name, and where its value begins.
    fn next_field(&self, chunk: &[u8], from: usize) -> Option<(Form, usize)> {
        let first = self.separators.partition_point(|separator| *separator < from);
        self.separators.get(first..)?.iter().find_map(|at| Some((self.field_before(chunk, *at)?, at + 1)))
    }

    /// The form of the field whose separator stands at this place, if it has a secret name.
    fn field_before(&self, chunk: &[u8], at: usize) -> Option<Form> {
        let mut near = [0; 2 * LOOK_BACK];
        secret_field(self.text_before(chunk, at, &mut near), *chunk.get(at)?)
    }

    /// What stands before a place of a chunk, as far back as a name is looked for; put together in `near` where it began in a chunk before.
    fn text_before<'text>(&self, chunk: &'text [u8], at: usize, near: &'text mut [u8; 2 * LOOK_BACK]) -> &'text [u8] {
        if at >= LOOK_BACK || self.context.is_empty() {
            return chunk.get(at.saturating_sub(LOOK_BACK)..at).unwrap_or_default();
        }
        let length = self.context.len() + at;
        let (Some(before), Some(here)) = (near.get_mut(..length), chunk.get(..at)) else { return &[] };
        let (one, other) = before.split_at_mut(self.context.len());
        one.copy_from_slice(&self.context);
        other.copy_from_slice(here);
        before.get(length.saturating_sub(LOOK_BACK)..).unwrap_or_default()
    }

    fn separated(
        &mut self,
        form: Form,
        slashes: u8,
        byte: u8,
        at: usize,
        output: &mut Output<'_, impl FnMut(Bytes)>,
    ) -> Step {
        let is_bare = matches!(form, Form::Bare(_));
        match (byte, form) {
            (b'"', _) => {
                self.state =
                    Quote::double(slashes).map_or(State::Clear, |quote| State::Opened { quote, is_bare, slashes: 0 });
                return Step::Next;
            }
            (b'\\', _) if slashes < 3 => self.state = State::Separated { form, slashes: slashes + 1 },
            _ if slashes > 0 => return self.clear(),
            (b'\'', _) => self.state = State::Opened { quote: Quote::Single, is_bare, slashes: 0 },
            (b' ' | b'\t', Form::Bare(Separator::Equals)) => {
                self.state = State::Separated { form: Form::Bare(Separator::SpacedEquals), slashes };
            }
            (b' ' | b'\t', _) | (b'\r' | b'\n', Form::Quoted(_)) => {}
            // `"name" => value`
            (b'>', Form::Quoted(_)) => {}
            (b'0'..=b'9' | b'-', Form::Quoted(quote)) => {
                // What was a number becomes a string, so that JSON stays JSON.
                output.pass_until(at);
                self.hide(&[], quote.as_str(), output);
                self.state = State::Masking { end: End::Number, slashes: 0 };
                return Step::Again;
            }
            (b'|' | b'>', Form::Bare(Separator::Colon)) => return self.block_begins(at, output.chunk),
            // `name := value`
            (b'=', Form::Bare(Separator::Colon)) => {
                self.state = State::Separated { form: Form::Bare(Separator::SpacedEquals), slashes };
            }
            (_, Form::Bare(separator)) if are_alike(byte, byte) => {
                output.pass_until(at);
                self.word.clear();
                self.state = State::Undecided(separator);
                return Step::Again;
            }
            (_, Form::Bare(_)) if bare::may_start(byte) => {
                output.pass_until(at);
                self.hide(&[], "", output);
                self.state = State::Masking { end: End::Word, slashes: 0 };
                return Step::Again;
            }
            (_, Form::Bare(_) | Form::Quoted(_)) => return self.clear(),
        }
        Step::Next
    }

    fn opened(
        &mut self,
        quote: Quote,
        is_bare: bool,
        slashes: u8,
        byte: u8,
        at: usize,
        output: &mut Output<'_, impl FnMut(Bytes)>,
    ) -> Step {
        output.pass_until(at);
        let is_empty = closes(quote, slashes, byte) && slashes == delimiting(slashes) || byte == b'\n';
        // The quote after a bare name may as well be the end of a JSON string: `"enter the token: ", "next": …`.
        let was_closing = is_bare
            && match slashes {
                0 => matches!(byte, b',' | b':' | b'}' | b']' | b')' | b' ' | b'\t' | b'\r'),
                _ => slashes % 2 == 1 && matches!(byte, b'n' | b'r' | b't'),
            };
        if is_empty || was_closing {
            output.put_slashes(slashes);
            return self.clear();
        }
        if byte == b'\\' && slashes < 7 {
            output.drop_until(at + 1);
            self.state = State::Opened { quote, is_bare, slashes: slashes + 1 };
            return Step::Next;
        }
        self.hide(slashes_of(slashes), "", output);
        self.state = State::Masking { end: End::Quote(quote), slashes };
        Step::Again
    }

    fn undecided(
        &mut self,
        separator: Separator,
        byte: u8,
        at: usize,
        output: &mut Output<'_, impl FnMut(Bytes)>,
    ) -> Step {
        let is_more = self
            .word
            .last()
            .is_none_or(|last| are_alike(*last, byte) || are_alike(*last, *last) && bare::needs_next(byte));
        if is_more && self.word.len() < WORD_LENGTH_MAX {
            self.word.push(byte);
            output.drop_until(at + 1);
            return Step::Next;
        }
        output.drop_until(at);
        self.decide(separator, Some(byte), output)
    }

    /// Judges the word that was kept back, before `next` or at the end of a text.
    fn decide(&mut self, separator: Separator, next: Option<u8>, output: &mut Output<'_, impl FnMut(Bytes)>) -> Step {
        let (word, mut after) = match self.word.split_last() {
            Some((last, word)) if bare::needs_next(*last) => (word, vec![*last]),
            _ => (self.word.as_slice(), Vec::new()),
        };
        let is_cut = after.is_empty() && word.last().zip(next).is_some_and(|(last, next)| are_alike(*last, next));
        after.extend(next);
        let verdict = if is_cut { Verdict::MaskWord } else { bare::judge(separator, word, &after) };
        match verdict {
            Verdict::Keep => {
                output.put(Bytes::copy_from_slice(&self.word));
                self.clear()
            }
            Verdict::MaskWord if self.word.last() == Some(&b' ') => {
                let word = std::mem::take(&mut self.word);
                self.hide(word.strip_suffix(b" ").unwrap_or(&word), "", output);
                self.value_ends(0, output);
                output.put(Bytes::from_static(b" "));
                self.clear()
            }
            Verdict::MaskWord | Verdict::MaskLine => {
                let word = std::mem::take(&mut self.word);
                self.hide(&word, "", output);
                let end = if verdict == Verdict::MaskLine { End::Line } else { End::Word };
                self.state = State::Masking { end, slashes: 0 };
                Step::Again
            }
        }
    }

    fn masking(
        &mut self,
        end: End,
        slashes: u8,
        byte: u8,
        at: usize,
        output: &mut Output<'_, impl FnMut(Bytes)>,
    ) -> Step {
        output.drop_until(at);
        let is_escape = slashes % 2 == 1;
        let is_over = match end {
            End::Quote(quote) => closes(quote, slashes, byte) || byte == b'\n',
            End::Number => !matches!(byte, b'0'..=b'9' | b'.' | b'+' | b'-' | b'e' | b'E'),
            End::Word => {
                matches!(byte, 0..=b' ' | b'"' | b'\'' | b'`' | b'&' | b'<' | b'>' | b';' | b',')
                    || is_escape && matches!(byte, b'n' | b'r' | b't')
            }
            End::Line => matches!(byte, b'\r' | b'\n' | b'"' | b'\'') || is_escape && matches!(byte, b'n' | b'r'),
        };
        if is_over {
            // The backslashes say at which depth a quote closes, so they stay with it; those before them were of the value.
            let closing = match byte {
                b'"' => delimiting(slashes),
                b'n' | b'r' | b't' => slashes % 2,
                _ => 0,
            };
            self.value_ends(closing, output);
            output.put_slashes(closing);
            return self.clear();
        }
        self.hide_more(byte, output);
        let slashes = if byte == b'\\' { (slashes + 1) % 8 } else { 0 };
        self.state = State::Masking { end, slashes };
        output.drop_until(at + 1);
        Step::Next
    }

    const fn clear(&mut self) -> Step {
        self.state = State::Clear;
        Step::Again
    }

    fn remember(&mut self, chunk: &[u8]) {
        if let Some(tail) = chunk.last_chunk::<LOOK_BACK>() {
            self.context.clear();
            self.context.extend_from_slice(tail);
        } else {
            self.context.extend_from_slice(chunk);
            let surplus = self.context.len().saturating_sub(LOOK_BACK);
            self.context.drain(..surplus);
        }
    }
}

/// Whether a quote after so many backslashes ends a string that was opened by `quote`, or one around it. Backslashes are halved at
/// each depth: what escapes the quote at the depth of the string leaves it open.
const fn closes(quote: Quote, slashes: u8, byte: u8) -> bool {
    match (quote, byte) {
        (Quote::Single, b'\'') => slashes.is_multiple_of(2),
        (Quote::Single, b'"') => true,
        (Quote::Double { depth }, b'"') => {
            slashes.is_multiple_of(2) || depth >= 1 && slashes % 4 == 1 || depth >= 2 && slashes % 8 == 3
        }
        _ => false,
    }
}

/// How many of so many backslashes before a double quote belong to the quote at its depth, and not to the text before it.
const fn delimiting(slashes: u8) -> u8 {
    match slashes % 8 {
        0 | 2 | 4 | 6 => 0,
        1 | 5 => 1,
        3 => 3,
        _ => 7,
    }
}

#[cfg(test)]
mod tests;

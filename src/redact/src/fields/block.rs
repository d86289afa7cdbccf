//! The block scalars of YAML after a telling name: `password: |`, and the lines below it that stand further to the right.

use bytes::Bytes;

use super::{FieldScanner, Output, State, Step, closes, delimiting};
use crate::keys::{LOOK_BACK, Quote, is_of_name};

/// How much between two lines of a block is kept back. What is more is passed on before it is known whether the block goes on.
const KEPT_MAX: usize = 1024;

/// A block, as far as it has come. What is kept back of it, blanks and backslashes, is in the scanner.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    phase: Phase,
    /// How far to the right its name stands.
    name_indent: usize,
    /// How many backslashes stand before the `n` of a line break, in strings of JSON. None where it is a line break.
    break_slashes: u8,
    /// How many backslashes came last, modulo eight.
    slashes: u8,
    /// Whether its marker is out.
    is_marked: bool,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// After `|` or `>`, where signs say what becomes of line breaks.
    Signs,
    /// After a blank behind them.
    Blank,
    Comment,
    /// At the beginning of a line, after so many blanks.
    Indent(usize),
    /// In a line of the value.
    Line,
}

/// A byte, as YAML sees it.
#[derive(Debug, Clone, Copy)]
enum Sign {
    /// It says with the next one what both are.
    Slash,
    Break,
    Blank,
    Other,
    /// The string of JSON that all this stands in ends here.
    End,
}

impl FieldScanner {
    /// A block begins, if the name before `|` or `>` is the first of its line.
    pub(super) fn block_begins(&mut self, at: usize, chunk: &[u8]) -> Step {
        let mut near = [0; 2 * LOOK_BACK];
        let Some(name_indent) = indent(self.text_before(chunk, at, &mut near)) else { return self.clear() };
        self.word.clear();
        let block = Block { phase: Phase::Signs, name_indent, break_slashes: 0, slashes: 0, is_marked: false };
        self.state = State::Block(block);
        Step::Next
    }

    pub(super) fn in_block(
        &mut self,
        mut block: Block,
        byte: u8,
        at: usize,
        output: &mut Output<'_, impl FnMut(Bytes)>,
    ) -> Step {
        output.pass_until(at);
        let sign = block.sign(byte);
        let phase = match (block.phase, sign) {
            (phase, Sign::Slash) => phase,
            (phase, Sign::Break) => {
                self.line_ends(phase, block);
                Phase::Indent(0)
            }
            (Phase::Indent(indent), Sign::Blank) => Phase::Indent(indent + 1),
            (Phase::Indent(indent), Sign::Other) if indent > block.name_indent => {
                self.line_begins(&mut block, output);
                Phase::Line
            }
            (Phase::Line, Sign::Blank | Sign::Other) => Phase::Line,
            (Phase::Comment, Sign::Blank | Sign::Other) => Phase::Comment,
            (Phase::Signs | Phase::Blank, Sign::Blank) => Phase::Blank,
            (Phase::Blank, Sign::Other) if byte == b'#' => Phase::Comment,
            (Phase::Signs, Sign::Other) if matches!(byte, b'+' | b'-' | b'1'..=b'9') => Phase::Signs,
            (Phase::Signs | Phase::Blank | Phase::Indent(_), Sign::Other) | (_, Sign::End) => {
                return self.block_ends(block, output);
            }
        };
        output.drop_until(at + 1);
        self.keep(phase, sign, byte, output);
        block.slashes = if matches!(sign, Sign::Slash) { (block.slashes + 1) % 8 } else { 0 };
        self.state = State::Block(Block { phase, ..block });
        Step::Next
    }

    /// What is kept back: in a line of the value the last backslashes, elsewhere all.
    fn keep(&mut self, phase: Phase, sign: Sign, byte: u8, output: &mut Output<'_, impl FnMut(Bytes)>) {
        match (phase, sign) {
            (Phase::Line, Sign::Slash) if self.word.len() >= 8 => {}
            (Phase::Line, Sign::Break | Sign::Blank | Sign::Other | Sign::End) => self.word.clear(),
            (Phase::Line, Sign::Slash) | (_, Sign::Slash | Sign::Other | Sign::End) => self.word.push(byte),
            (_, Sign::Break | Sign::Blank) => {
                self.word.push(byte);
                if self.word.len() > KEPT_MAX {
                    output.put(Bytes::from(std::mem::take(&mut self.word)));
                }
            }
        }
    }

    /// The backslashes before a line break are of it, and those before them of the value.
    fn line_ends(&mut self, phase: Phase, block: Block) {
        if matches!(phase, Phase::Line) {
            let surplus = self.word.len().saturating_sub(usize::from(block.break_slashes));
            self.word.drain(..surplus);
        }
    }

    /// What was kept back before a line is of the value too, if this is not its first.
    fn line_begins(&mut self, block: &mut Block, output: &mut Output<'_, impl FnMut(Bytes)>) {
        if !block.is_marked {
            let slashes = self.word.iter().rev().take_while(|byte| **byte == b'\\').count();
            let before = self.word.get(..self.word.len() - slashes).unwrap_or_default();
            output.put(Bytes::copy_from_slice(before));
            output.mask();
            block.is_marked = true;
        }
        self.word.clear();
    }

    fn block_ends(&mut self, block: Block, output: &mut Output<'_, impl FnMut(Bytes)>) -> Step {
        if matches!(block.phase, Phase::Line) {
            output.put_slashes(delimiting(block.slashes));
            self.word.clear();
        } else {
            output.put(Bytes::from(std::mem::take(&mut self.word)));
        }
        self.clear()
    }

    /// Nobody should wait for what is kept back.
    pub(super) fn release_block(&mut self, block: Block, output: &mut Output<'_, impl FnMut(Bytes)>) {
        output.put(Bytes::from(std::mem::take(&mut self.word)));
        self.state = State::Block(Block { slashes: 0, ..block });
    }
}

impl Block {
    fn sign(&mut self, byte: u8) -> Sign {
        let is_header = matches!(self.phase, Phase::Signs | Phase::Blank | Phase::Comment);
        let slashes = if is_header { self.slashes } else { self.break_slashes };
        let is_escape = matches!(slashes, 1 | 2 | 4) && self.slashes % (2 * slashes) == slashes;
        match byte {
            b'\\' => Sign::Slash,
            b'n' if is_escape => {
                self.break_slashes = slashes;
                Sign::Break
            }
            b'r' if is_escape => Sign::Blank,
            b'\n' if self.break_slashes == 0 => Sign::Break,
            b'\n' => Sign::End,
            b' ' | b'\t' | b'\r' if self.slashes == 0 => Sign::Blank,
            b'"' if self.string().is_some_and(|quote| closes(quote, self.slashes, byte)) => Sign::End,
            _ => Sign::Other,
        }
    }

    /// The quotes around a string of JSON in which line breaks are written so.
    const fn string(&self) -> Option<Quote> {
        match self.break_slashes {
            1 => Some(Quote::Double { depth: 0 }),
            2 => Some(Quote::Double { depth: 1 }),
            4 => Some(Quote::Double { depth: 2 }),
            _ => None,
        }
    }
}

/// How far to the right the name at the end of a text stands, before a colon and blanks; `None` where it is not the first of its line.
fn indent(text: &[u8]) -> Option<usize> {
    let name = text.trim_ascii_end().strip_suffix(b":")?;
    let length = name.iter().rev().take_while(|byte| is_of_name(**byte)).count();
    let (before, name) = name.split_at(name.len() - length);
    // After `\n` in a JSON string the `n` looks like a part of the name.
    if before.ends_with(b"\\") && name.starts_with(b"n") {
        return Some(0);
    }
    // The dash of a list counts, as in YAML.
    let indent = before.iter().rev().take_while(|byte| matches!(**byte, b' ' | b'-')).count();
    let line = before.get(..before.len() - indent)?;
    let is_first = line.is_empty() || line.ends_with(b"\n") || line.ends_with(b"\\n") || line.ends_with(b"\"");
    is_first.then_some(indent)
}

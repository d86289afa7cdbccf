//! Undoes what is written in another base: runs of digits, wherever they begin.

use super::escapes::number;

/// Runs of fewer digits hold no window in any base.
const DIGITS_MIN: usize = 16;
/// Runs of alphabets of nearly everything that are tried in one view.
const RUNS_MAX: usize = 6;
/// A number of more digits is no secret in base 58, and the arithmetic is quadratic.
const BASE58_DIGITS_MAX: usize = 500;

/// Everything that comes of undoing one level. What is rare inside of something else is looked for at the first levels alone.
pub(super) fn views(text: &[u8], depth: usize) -> Vec<Vec<u8>> {
    let mut views = Vec::new();
    hexadecimal(text, &mut views);
    codes(text, &mut views);
    let is_between = |byte: u8| byte.is_ascii_whitespace();
    digits(text, base64_digit, is_between, 6, &mut views);
    if depth < 2 {
        digits(text, base32_digit, is_between, 5, &mut views);
        digits(text, base32hex_digit, is_between, 5, &mut views);
        base58(text, &mut views);
        ascii85(text, &mut views);
        binary(text, &mut views);
        base45(text, &mut views);
        base91(text, &mut views);
    }
    views
}

/// Pairs of digits, with whatever lists put between them.
fn hexadecimal(text: &[u8], views: &mut Vec<Vec<u8>>) {
    let mut run = Vec::new();
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'0' | b'\\' if matches!(text.get(at + 1), Some(b'x' | b'X')) => at += 1,
            b' ' | b':' | b',' | b'-' | b';' | b'\n' | b'\r' | b'\t' => {}
            byte if byte.is_ascii_hexdigit() => run.push(byte),
            _ => pairs(&std::mem::take(&mut run), views),
        }
        at += 1;
    }
    pairs(&run, views);
}

fn pairs(run: &[u8], views: &mut Vec<Vec<u8>>) {
    if run.len() < 2 * DIGITS_MIN {
        return;
    }
    for start in 0..2 {
        let pairs = run.get(start..).unwrap_or_default().chunks_exact(2);
        views.push(pairs.filter_map(|pair| number(pair, 16)).filter_map(|value| u8::try_from(value).ok()).collect());
    }
}

/// Numbers of characters, in lists.
fn codes(text: &[u8], views: &mut Vec<Vec<u8>>) {
    let (mut run, mut held, mut is_held) = (Vec::new(), 0_u32, false);
    for &byte in text.iter().chain(b".") {
        if byte.is_ascii_digit() {
            held = held.saturating_mul(10).saturating_add(u32::from(byte - b'0'));
            is_held = true;
            continue;
        }
        let is_code = u8::try_from(held);
        if std::mem::take(&mut is_held) {
            run.extend(is_code);
        }
        held = 0;
        if !b" ,;\n\r\t".contains(&byte) || is_code.is_err() {
            if run.len() >= DIGITS_MIN {
                views.push(std::mem::take(&mut run));
            }
            run.clear();
        }
    }
}

fn base64_digit(byte: u8) -> Option<u32> {
    Some(match byte {
        b'A'..=b'Z' => u32::from(byte - b'A'),
        b'a'..=b'z' => u32::from(byte - b'a') + 26,
        b'0'..=b'9' => u32::from(byte - b'0') + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

fn base32_digit(byte: u8) -> Option<u32> {
    Some(match byte.to_ascii_uppercase() {
        upper @ b'A'..=b'Z' => u32::from(upper - b'A'),
        digit @ b'2'..=b'7' => u32::from(digit - b'2') + 26,
        _ => return None,
    })
}

fn base32hex_digit(byte: u8) -> Option<u32> {
    Some(match byte.to_ascii_uppercase() {
        digit @ b'0'..=b'9' => u32::from(digit - b'0'),
        upper @ b'A'..=b'V' => u32::from(upper - b'A') + 10,
        _ => return None,
    })
}

/// Runs of digits of so many bits each, from every place at which a group may begin; over white space, and each word alone.
fn digits(text: &[u8], value: fn(u8) -> Option<u32>, is_between: fn(u8) -> bool, bits: u32, views: &mut Vec<Vec<u8>>) {
    let mut spoken = Vec::new();
    for spans in [false, true] {
        let mut run = Vec::new();
        for &byte in text.iter().chain(b"\0") {
            match value(byte) {
                Some(value) => run.push(value),
                None if spans && is_between(byte) => {}
                None => {
                    if run.len() >= DIGITS_MIN && !spoken.contains(&run) {
                        spoken.push(std::mem::take(&mut run));
                    }
                    run.clear();
                }
            }
        }
    }
    let group = if bits == 6 { 4 } else { 8 };
    for run in spoken {
        views.extend((0..group).filter_map(|start| run.get(start..)).map(|run| bytes(run, bits)));
    }
}

fn bytes(digits: &[u32], bits: u32) -> Vec<u8> {
    let (mut out, mut held, mut count) = (Vec::with_capacity(digits.len()), 0_u32, 0);
    for digit in digits {
        held = held << bits | digit;
        count += bits;
        if count >= 8 {
            count -= 8;
            out.push((held >> count) as u8);
            held &= (1 << count) - 1;
        }
    }
    out
}

fn base58(text: &[u8], views: &mut Vec<Vec<u8>>) {
    const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    for run in text.split(|byte| !ALPHABET.contains(byte)) {
        if !(DIGITS_MIN..=BASE58_DIGITS_MAX).contains(&run.len()) {
            continue;
        }
        let mut number: Vec<u32> = Vec::new();
        for byte in run {
            let mut carry = ALPHABET.iter().position(|known| known == byte).unwrap_or_default() as u32;
            for limb in &mut number {
                carry += *limb * 58;
                *limb = carry & 0xff;
                carry >>= 8;
            }
            while carry > 0 {
                number.push(carry & 0xff);
                carry >>= 8;
            }
        }
        views.push(number.iter().rev().map(|limb| *limb as u8).collect());
    }
}

fn ascii85(text: &[u8], views: &mut Vec<Vec<u8>>) {
    for run in longest(text, |byte| (b'!'..=b'u').contains(&byte)) {
        // A run of digits in a document begins behind a quote, and behind `<~` of its own.
        let starts = (0..run.len().min(5)).chain(run.windows(2).position(|pair| pair == b"<~").map(|at| at + 2));
        for run in starts.filter_map(|start| run.get(start..)) {
            let mut out = Vec::with_capacity(run.len());
            for group in run.chunks(5) {
                let digits = group.iter().map(|byte| u32::from(byte - b'!')).chain([84; 4]).take(5);
                let number = digits.fold(0_u32, |number, digit| number.wrapping_mul(85).wrapping_add(digit));
                out.extend(number.to_be_bytes().iter().take(group.len() - 1));
            }
            views.push(out);
        }
    }
}

/// The longest runs of such bytes: in alphabets of nearly everything, every word is a run.
fn longest(text: &[u8], is_digit: impl Fn(u8) -> bool) -> impl Iterator<Item = &[u8]> {
    let mut runs = text.split(|byte| !is_digit(*byte)).filter(|run| run.len() >= DIGITS_MIN).collect::<Vec<_>>();
    runs.sort_by_key(|run| std::cmp::Reverse(run.len()));
    runs.into_iter().take(RUNS_MAX)
}

/// Groups of eight binary digits.
fn binary(text: &[u8], views: &mut Vec<Vec<u8>>) {
    let words = text.split(|byte| byte.is_ascii_whitespace());
    let values = words.filter(|word| word.len() == 8).filter_map(|word| number(word, 2));
    let values = values.filter_map(|value| u8::try_from(value).ok()).collect::<Vec<_>>();
    if values.len() >= DIGITS_MIN {
        views.push(values);
    }
}

/// RFC 9285.
fn base45(text: &[u8], views: &mut Vec<Vec<u8>>) {
    const ALPHABET: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
    let value = |byte: &u8| ALPHABET.iter().position(|known| known == byte);
    for run in longest(text, |byte| ALPHABET.contains(&byte)) {
        for start in 0..3 {
            let run = run.get(start..).unwrap_or_default();
            if run.len() < DIGITS_MIN * 3 / 2 {
                continue;
            }
            let groups = run.chunks(3).map(|group| {
                let digits = group.iter().rev().filter_map(value);
                digits.fold(0_usize, |number, digit| number * 45 + digit)
            });
            views.push(groups.flat_map(|number| [(number >> 8) as u8, number as u8]).collect());
        }
    }
}

fn base91(text: &[u8], views: &mut Vec<Vec<u8>>) {
    let alphabet = (0x21..0x7f_u8).filter(|byte| !b"-\\'".contains(byte)).collect::<Vec<_>>();
    for word in longest(text, |byte| !byte.is_ascii_whitespace()) {
        let (mut out, mut held, mut count) = (Vec::new(), 0_u32, 0);
        let values = word.iter().filter_map(|byte| alphabet.iter().position(|known| known == byte)).collect::<Vec<_>>();
        for pair in values.chunks_exact(2) {
            let value = pair.iter().rev().fold(0, |value, digit| value * 91 + *digit as u32);
            held |= value << count;
            count += if value & 8191 > 88 { 13 } else { 14 };
            while count > 7 {
                out.push(held as u8);
                held >>= 8;
                count -= 8;
            }
        }
        views.push(out);
    }
}

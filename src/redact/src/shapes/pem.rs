//! Where a private key in PEM or its like (RFC 7468, RFC 9580 section 6.2) ends.

use super::classes::{Set, holds};

/// How many dashes in a row belong to a boundary and not to a header inside.
const DASHES: u8 = 4;
/// Set in the state once the dashes before `END` were seen.
const IN_END: u8 = 8;

/// The state after the dashes of the `BEGIN` line.
pub(crate) const START: u8 = 0;
/// What stands inside: base64, headers, and line ends also as they are written in JSON strings, URLs and markup.
pub(crate) const INSIDE: Set = inside();

/// Goes on to the end of the `END` line, or to what cannot be inside. Gives how far, and the state there if it is not over.
pub(crate) fn go_on(state: u8, text: &[u8]) -> (usize, Option<u8>) {
    let mut state = state;
    for (at, byte) in text.iter().enumerate() {
        let dashes = state & !IN_END;
        state = match byte {
            b'-' if dashes < DASHES => state + 1,
            b'-' => state,
            _ if dashes == DASHES && state & IN_END != 0 => return (at, None),
            _ if !holds(INSIDE, *byte) => return (at, None),
            _ if dashes == DASHES => IN_END,
            _ => state & IN_END,
        };
    }
    (text.len(), Some(state))
}

const fn inside() -> Set {
    let (mut set, mut byte) = (0, 0_u8);
    while byte < 128 {
        if byte.is_ascii_alphanumeric() {
            set |= 1 << byte;
        }
        byte += 1;
    }
    let (others, mut at) = (b"+/= \t\r\n\\-:,.()@%&#;", 0);
    while at < others.len() {
        set |= 1 << others[at];
        at += 1;
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapes::classes::class;

    #[test]
    fn a_block_ends_with_its_end_line_wherever_it_is_cut() {
        for (inside, after) in [
            ("\nMII+/=\nAB\n-----END RSA PRIVATE KEY-----", "\nnext"),
            ("\\nMII\\n-----END PRIVATE KEY-----", "\\n\",\"a\":1"),
            ("\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nMII\n-----END RSA PRIVATE KEY-----", ""),
            ("\nMII", "\",\"cut\":1"),
            ("\nabc\n---- END SSH2 ENCRYPTED PRIVATE KEY ----", "\n"),
        ] {
            let text = [inside, after].concat();
            for cut in 0..=text.len() {
                let (first, state) = go_on(START, &text.as_bytes()[..cut]);
                let rest = state.map_or(0, |state| go_on(state, &text.as_bytes()[cut..]).0);
                assert_eq!(first + rest, inside.len(), "{text:?} at {cut}");
            }
        }
        assert!(class("base64").is_some_and(|base64| base64 & !INSIDE == 0));
    }
}

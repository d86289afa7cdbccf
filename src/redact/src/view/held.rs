//! How much of a text goes out when nothing more comes for a while.
//!
//! It depends on the text alone. The secrets have no say in it, for whoever has guesses echoed would read them from what is kept back.

use super::alphabets::{ALPHANUMERIC, is_in};
use super::{REACH, chains};

/// So many short pieces in a row are no prose, and may be a secret with something between its characters.
const PIECES_MIN: usize = 8;

/// Where the word starts that may go on at the end of a text, or the row of short pieces.
pub(crate) fn word_start(text: &[u8]) -> usize {
    let ends_word = |byte: u8| byte.is_ascii_whitespace() || byte == b'"';
    let word = text.iter().rev().take(REACH).take_while(|byte| !ends_word(**byte)).count();
    (text.len() - word).min(chain_start(text))
}

/// Where the row of short pieces starts at the end of a text; its end if there is none.
fn chain_start(text: &[u8]) -> usize {
    let (mut start, mut pieces) = (text.len(), 0);
    while text.len() - start < REACH {
        let before = text.get(..start).unwrap_or_default();
        let count = |bytes: &[u8], is_piece: bool, length_max: usize| {
            bytes.iter().rev().take(length_max + 1).take_while(|byte| is_in(**byte, ALPHANUMERIC) == is_piece).count()
        };
        let gap = count(before, false, chains::GAP_LENGTH_MAX);
        let piece = count(before.get(..start - gap).unwrap_or_default(), true, chains::PIECE_LENGTH_MAX);
        if gap > chains::GAP_LENGTH_MAX || piece == 0 || piece > chains::PIECE_LENGTH_MAX {
            break;
        }
        start -= gap + piece;
        pieces += 1;
    }
    if pieces < PIECES_MIN { text.len() } else { start }
}

#[cfg(test)]
mod tests {
    use super::word_start;

    fn goes_out(text: &str) -> &str {
        &text[..word_start(text.as_bytes())]
    }

    #[test]
    fn what_ends_with_a_word_goes_out() {
        for text in [
            "a beginning ",
            "{\"step\":1}\n",
            "data: first\n\n",
            "{\"step\":\"first\"",
            "it is what it is, or so\n",
            "",
        ] {
            assert_eq!(goes_out(text), text);
        }
    }

    #[test]
    fn a_word_that_may_go_on_is_kept_back_and_a_row_of_pieces_too() {
        assert_eq!(goes_out("a beginning"), "a ");
        assert_eq!(goes_out("echo: sk_Zr9+kQ/2vB7x"), "echo: ");
        assert_eq!(goes_out("spelled: Z r 9 k Q 2 v B 7 "), "spelled: ");
        assert_eq!(goes_out("codes: [90, 114, 57, 107, 81, 50, 118, 66, 55,\n"), "codes: [");
        let endless = "x".repeat(5000);
        assert_eq!(goes_out(&endless).len(), 5000 - super::REACH);
    }
}

//! The HTML names of ASCII punctuation.

/// A name with its semicolon, and the byte (HTML, section 13.5).
const NAMES: [(&[u8], u8); 46] = [
    (b"quot;", b'"'),
    (b"amp;", b'&'),
    (b"lt;", b'<'),
    (b"gt;", b'>'),
    (b"apos;", b'\''),
    (b"QUOT;", b'"'),
    (b"AMP;", b'&'),
    (b"LT;", b'<'),
    (b"GT;", b'>'),
    (b"Tab;", b'\t'),
    (b"NewLine;", b'\n'),
    (b"excl;", b'!'),
    (b"num;", b'#'),
    (b"dollar;", b'$'),
    (b"percnt;", b'%'),
    (b"lpar;", b'('),
    (b"rpar;", b')'),
    (b"ast;", b'*'),
    (b"midast;", b'*'),
    (b"plus;", b'+'),
    (b"comma;", b','),
    (b"period;", b'.'),
    (b"sol;", b'/'),
    (b"colon;", b':'),
    (b"semi;", b';'),
    (b"equals;", b'='),
    (b"quest;", b'?'),
    (b"commat;", b'@'),
    (b"lsqb;", b'['),
    (b"lbrack;", b'['),
    (b"bsol;", b'\\'),
    (b"rsqb;", b']'),
    (b"rbrack;", b']'),
    (b"Hat;", b'^'),
    (b"lowbar;", b'_'),
    (b"UnderBar;", b'_'),
    (b"grave;", b'`'),
    (b"DiacriticalGrave;", b'`'),
    (b"lcub;", b'{'),
    (b"lbrace;", b'{'),
    (b"verbar;", b'|'),
    (b"vert;", b'|'),
    (b"VerticalLine;", b'|'),
    (b"rcub;", b'}'),
    (b"rbrace;", b'}'),
    (b"dash;", b'-'),
];

/// With its semicolon.
const NAME_LENGTH_MAX: usize = 17;

/// The byte whose name stands at the start of a text, and the name's length.
pub(super) fn named(text: &[u8]) -> Option<(u8, usize)> {
    memchr::memchr(b';', text.get(..NAME_LENGTH_MAX).unwrap_or(text))?;
    NAMES.iter().find(|(name, _)| text.starts_with(name)).map(|(name, byte)| (*byte, name.len()))
}

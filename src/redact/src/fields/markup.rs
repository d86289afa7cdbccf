//! Recognizes the values of secret fields in XML and HTML: `<password>…</password>`, and `<input name="token" value="…">` in any order.

use memchr::{memchr, memchr2_iter};

use crate::{
    bare,
    class::Class,
    names::{is_secret_name, may_end_secret_name},
    recognizer::{Found, Open, Recognizer},
};

/// How long a tag with its attributes can be; a longer one is none of a form or a setting.
const TAG_MAX: usize = 1024;
/// How long the name of an element can be.
const NAME_MAX: usize = 64;
/// A name tells the meaning of a value as surely as anywhere.
const SCORE: u8 = 80;
/// How tags begin whose attributes are a name and a value.
const TAGS: [&[u8; LENGTH]; 8] = [b"<inpu", b"<meta", b"<add ", b"<para", b"<prop", b"<entr", b"<vari", b"<sett"];
/// Attributes that hold the name of a field, and those that hold its value.
const NAMING: [&str; 5] = ["name", "id", "key", "type", "property"];
const HOLDING: [&str; 2] = ["value", "content"];
const LENGTH: usize = 5;

/// The rules: what stands between tags, and what stands in one.
const ELEMENT: u16 = 0;
const ATTRIBUTE: u16 = 1;

/// Recognizes fields of markup.
#[derive(Debug)]
pub(crate) struct Markup;

enum Sight {
    Found(Found),
    More(usize),
}

impl Recognizer for Markup {
    fn look(&self, text: &[u8], from: usize, is_end: bool, found: &mut dyn FnMut(Found)) -> usize {
        // Most texts have no tag at all.
        if memchr(b'<', text.get(from.saturating_sub(NAME_MAX + 2)..).unwrap_or_default()).is_none() {
            return text.len();
        }
        let origin = from.saturating_sub(NAME_MAX);
        let shown = text.get(origin..).unwrap_or_default();
        let mut sights = Vec::new();
        for at in memchr2_iter(b'<', b'>', shown) {
            let (before, rest) = shown.split_at(at);
            if !rest.starts_with(b"<") {
                let may_be_name = may_end_secret_name(before);
                sights.extend(may_be_name.then(|| element(text, origin + at + 1)).flatten());
            } else if begins_tag(rest) {
                sights.extend(tag(text, origin + at, is_end));
            }
        }
        if !is_end {
            let last = text.len().saturating_sub(LENGTH - 1)..text.len();
            sights.extend(last.filter(|at| text.get(*at) == Some(&b'<')).map(Sight::More).next());
        }
        sights.sort_unstable_by_key(|sight| match sight {
            Sight::More(start) => (*start, 0),
            Sight::Found(found) => (found.start, found.end),
        });
        let mut decided = from;
        for sight in sights {
            match sight {
                Sight::More(start) if start >= decided => return start,
                Sight::Found(field) if field.start >= decided => {
                    decided = field.end;
                    found(field);
                }
                Sight::More(_) | Sight::Found(_) => {}
            }
        }
        text.len()
    }

    fn open(&self, found: &Found, text: &[u8]) -> Option<Open> {
        (found.rule == ELEMENT && found.end == text.len()).then_some(Open { rule: ELEMENT, state: 0 })
    }

    fn go_on(&self, open: Open, text: &[u8]) -> (usize, Option<Open>) {
        let length = text.iter().take_while(|byte| !ends_element(**byte)).count();
        (length, (length == text.len()).then_some(open))
    }

    fn rule_name(&self, rule: u16) -> &str {
        if rule == ELEMENT { "element" } else { "attribute" }
    }
}

/// Whether a text begins with one of [`TAGS`].
fn begins_tag(text: &[u8]) -> bool {
    let Some([b'<', name @ ..]) = text.first_chunk::<LENGTH>() else { return false };
    TAGS.iter().any(|[_, tag @ ..]| vector::key(*tag) == vector::key(*name) && tag.eq_ignore_ascii_case(name))
}

/// The text of an element whose start tag ends right before `start`, as far as it is there.
fn element(text: &[u8], start: usize) -> Option<Sight> {
    let before = text.get(..start.checked_sub(1)?)?;
    let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'_' | b'-' | b'.' | b':');
    let length = before.iter().rev().take(NAME_MAX).take_while(is_name).count();
    let (before, name) = before.split_at_checked(before.len() - length)?;
    let local = name.rsplit(|byte| *byte == b':').next().unwrap_or_default();
    let first = text.get(start)?;
    let is_field = before.ends_with(b"<") && is_secret_name(local) && bare::may_start(*first) && !ends_element(*first);
    let value = text.get(start..)?.iter().take_while(|byte| !ends_element(**byte)).count();
    is_field.then(|| Sight::Found(field(start, start + value, ELEMENT)))
}

const fn ends_element(byte: u8) -> bool {
    matches!(byte, b'<' | b'"')
}

/// The value in a tag that begins at `start`, if its name is that of a secret.
fn tag(text: &[u8], start: usize, is_end: bool) -> Option<Sight> {
    let (mut at, mut is_secret, mut value) = (start + LENGTH, false, None);
    let limit = start + TAG_MAX;
    loop {
        match next_attribute(text.get(..limit.min(text.len()))?, at) {
            Attribute::Tag => break,
            Attribute::Unfinished if text.len() >= limit || is_end => return None,
            Attribute::Unfinished => return Some(Sight::More(start)),
            Attribute::Pair { name, content, next } => {
                let is_one_of = |names: &[&str]| names.iter().any(|of| name.eq_ignore_ascii_case(of.as_bytes()));
                let text = text.get(content.0..content.1)?;
                is_secret |= is_one_of(&NAMING) && (is_secret_name(text) || text.eq_ignore_ascii_case(b"password"));
                if is_one_of(&HOLDING) && text.first().is_some_and(|first| bare::may_start(*first)) {
                    value = Some(content);
                }
                at = next;
            }
        }
    }
    value.filter(|_| is_secret).map(|(start, end)| Sight::Found(field(start, end, ATTRIBUTE)))
}

enum Attribute<'text> {
    Pair {
        name: &'text [u8],
        content: (usize, usize),
        next: usize,
    },
    /// No more before the end of the tag.
    Tag,
    Unfinished,
}

/// The next attribute with a value. Quotes may stand behind backslashes, as in a JSON string.
fn next_attribute(text: &[u8], from: usize) -> Attribute<'_> {
    let skip = |at: usize, until: &dyn Fn(u8) -> bool| {
        text.get(at..).and_then(|rest| rest.iter().position(|byte| until(*byte))).map(|length| at + length)
    };
    let Some(equals) = skip(from, &|byte| matches!(byte, b'=' | b'>' | b'<')) else { return Attribute::Unfinished };
    if text.get(equals) != Some(&b'=') {
        return Attribute::Tag;
    }
    let before = text.get(from..equals).unwrap_or_default().trim_ascii_end();
    let length = before.iter().rev().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let name = before.get(before.len() - length..).unwrap_or_default();
    let Some(opening) = skip(equals + 1, &|byte| !matches!(byte, b' ' | b'\\')) else { return Attribute::Unfinished };
    let quote = text.get(opening).copied().filter(|byte| matches!(byte, b'"' | b'\''));
    let start = opening + usize::from(quote.is_some());
    let is_end = |byte: u8| match quote {
        Some(quote) => byte == quote || byte == b'\\',
        None => matches!(byte, b' ' | b'>' | b'/' | b'"' | b'\\' | b'\n' | b'\t'),
    };
    let Some(end) = skip(start, &is_end) else { return Attribute::Unfinished };
    let closing = if quote.is_some() { skip(end, &|byte| byte != b'\\').map_or(end, |at| at + 1) } else { end };
    Attribute::Pair { name, content: (start, end), next: closing }
}

const fn field(start: usize, end: usize, rule: u16) -> Found {
    Found { start, end, class: Class::NamedField, rule, score: SCORE }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text with `#` for what is found, when all before a place was shown first.
    fn masked(text: &str, cut: usize) -> String {
        let (mut finds, mut open) = (Vec::<Found>::new(), None);
        let first = text.as_bytes().get(..cut).unwrap_or_default();
        let mut from = Markup.look(first, 0, false, &mut |found| {
            open = Markup.open(&found, first);
            finds.push(found);
        });
        if let Some(open) = open {
            let (length, _) = Markup.go_on(open, &text.as_bytes()[cut..]);
            finds.last_mut().unwrap().end += length;
            from = cut + length;
        }
        Markup.look(text.as_bytes(), from, true, &mut |found| finds.push(found));
        let mut masked = text.to_owned();
        finds.iter().rev().for_each(|found| masked.replace_range(found.start..found.end, "#"));
        masked
    }

    #[test]
    fn fields_of_markup_are_masked_wherever_the_text_is_cut() {
        for (text, expected) in [
            ("<user>u</user><password>hunter2</password>", "<user>u</user><password>#</password>"),
            ("<ns:apiKey>ab cd</ns:apiKey>", "<ns:apiKey>#</ns:apiKey>"),
            ("{\"text\":\"<token>abc\",\"n\":1}", "{\"text\":\"<token>#\",\"n\":1}"),
            ("<input name=\"api_key\" value=\"abc\">", "<input name=\"api_key\" value=\"#\">"),
            ("<input value='a b' type='password'/>", "<input value='#' type='password'/>"),
            ("<INPUT TYPE=password VALUE=abc>", "<INPUT TYPE=password VALUE=#>"),
            (
                "<input class=\\\"x\\\" name=\\\"token\\\" value=\\\"abc\\\">",
                "<input class=\\\"x\\\" name=\\\"token\\\" value=\\\"#\\\">",
            ),
            ("<add key=\"ClientSecret\" value=\"abc\" />", "<add key=\"ClientSecret\" value=\"#\" />"),
        ] {
            for cut in 0..=text.len() {
                assert_eq!(masked(text, cut), expected, "{text} cut at {cut}");
            }
        }
    }

    #[test]
    fn markup_without_a_secret_stays() {
        for text in [
            "<token></token><password><rule/></password>",
            "<password>${PASSWORD}</password>",
            "a <= b, the <password> is",
            "<input name=\"user\" value=\"u\"><input type=\"password\" name=\"p\">",
            "<input type=\"password\" value=\"\">",
            "<meta name=\"description\" content=\"a token\">",
            "<tokens>12</tokens>",
            "<input name=\"token",
        ] {
            for cut in [text.len(), text.len() / 2, 3] {
                assert_eq!(masked(text, cut), text);
            }
        }
        let long = format!("<input name=\"token\" {} value=\"abc\">", "x=1 ".repeat(400));
        assert_eq!(masked(&long, 1500), long);
    }
}

//! Streams through a whole masker whose substitute keeps what it is offered.

use std::sync::Mutex;

use proptest::prelude::*;
use secret::{FingerprintKey, Secret};

use super::*;
use crate::{Content, Masker, Profile, holds_secret};

/// Keeps a token as [`Kept`] does, and has it looked for.
struct Learning(Kept, FingerprintSet);

impl Substitute for Learning {
    fn substitute(&mut self, class: Class, value: &[u8]) -> Option<Bytes> {
        let text = String::from_utf8(value.to_vec()).unwrap();
        self.1.add(&Secret::new(Zeroizing::new(text)), 8).unwrap();
        self.0.substitute(class, value)
    }

    fn secrets(&self) -> Option<Arc<FingerprintSet>> {
        Some(Arc::new(self.1.clone()))
    }
}

/// Long enough to be kept; what is shorter is not taken.
const LENGTH_MIN: usize = 8;

/// Numbers what it takes.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<String>>>);

impl Substitute for Kept {
    fn substitute(&mut self, class: Class, value: &[u8]) -> Option<Bytes> {
        assert_eq!(class, Class::IssuedToken);
        if holds_secret(&stored(), value) {
            return None;
        }
        let mut kept = self.0.lock().unwrap();
        (value.len() >= LENGTH_MIN).then(|| {
            kept.push(String::from_utf8(value.to_vec()).unwrap());
            Bytes::from(format!("handle-{}", kept.len()))
        })
    }
}

/// What comes out, and what was taken out.
fn scanned<'text>(chunks: impl IntoIterator<Item = &'text [u8]>) -> (String, Vec<String>) {
    let secrets = Arc::new(stored());
    let kept = Kept::default();
    let mut masker = masker(secrets).with_issued(Box::new(kept.clone()));
    let mut text = Vec::new();
    let mut out = |clean: Bytes| text.extend_from_slice(&clean);
    for chunk in chunks {
        masker.push(Bytes::copy_from_slice(chunk), &mut out);
    }
    let report = masker.finish(&mut out);
    let kept = kept.0.lock().unwrap().clone();
    assert_eq!(report.count_of(Class::IssuedToken), kept.len() as u64);
    (String::from_utf8(text).unwrap(), kept)
}

fn masker(secrets: Arc<FingerprintSet>) -> Masker {
    Masker::new(secrets, &Arc::new(Profile::new()), Content::Text)
}

const STORED: &str = "Zr9kQ2vB7xLm4Tn8pWc1";

fn stored() -> FingerprintSet {
    // One key for all runs of a comparison is not needed: nothing depends on it.
    let mut set = FingerprintSet::new(&FingerprintKey::random().unwrap());
    set.add(&Secret::new(Zeroizing::new(STORED.to_owned())), 7).unwrap();
    set
}

#[test]
fn issued_tokens_are_taken_out_wherever_their_value_is_certain() {
    for (text, expected, taken) in [
        (
            r#"{"access_token": "tok-11111111","token_type":"Bearer","refresh_token":"tok-22222222"}"#,
            r#"{"access_token": "handle-1","token_type":"Bearer","refresh_token":"handle-2"}"#,
            vec!["tok-11111111", "tok-22222222"],
        ),
        (r#"{"id_token":"a\/b\u002bcdefgh"}"#, r#"{"id_token":"handle-1"}"#, vec!["a/b+cdefgh"]),
        (r#"{"token":"ends-with-\\"}"#, r#"{"token":"handle-1"}"#, vec!["ends-with-\\"]),
        (
            r#"{"text":"{\"token\":\"tok-\\\"1111\",\"a\":1}"}"#,
            r#"{"text":"{\"token\":\"handle-1\",\"a\":1}"}"#,
            vec!["tok-\"1111"],
        ),
        (
            r#"{"t":"{\"u\":\"{\\\"token\\\":\\\"tok-11111111\\\"}\"}"}"#,
            r#"{"t":"{\"u\":\"{\\\"token\\\":\\\"handle-1\\\"}\"}"}"#,
            vec!["tok-11111111"],
        ),
        ("access_token=tok-1%2F1111&scope=", "access_token=handle-1&scope=", vec!["tok-1/1111"]),
        ("scope=a&access_token=tok-11111111", "scope=a&access_token=handle-1", vec!["tok-11111111"]),
        (
            r#"{"next":"https://app.example/cb#access_token=tok-11111111&state=1"}"#,
            r#"{"next":"https://app.example/cb#access_token=handle-1&state=1"}"#,
            vec!["tok-11111111"],
        ),
        (
            "<Credentials><SessionToken>\n tok/1+1=&amp; \n</SessionToken><a:SecretAccessKey x='1'>key-1111</a:SecretAccessKey></Credentials>",
            "<Credentials><SessionToken>handle-1</SessionToken><a:SecretAccessKey x='1'>handle-2</a:SecretAccessKey></Credentials>",
            vec!["tok/1+1=&", "key-1111"],
        ),
        ("data: {\"token\":\"tok-11111111\"}\n\n", "data: {\"token\":\"handle-1\"}\n\n", vec!["tok-11111111"]),
    ] {
        assert_eq!(scanned([text.as_bytes()]), (expected.to_owned(), taken.iter().map(ToString::to_string).collect()));
    }
}

#[test]
fn what_is_not_taken_out_is_masked_or_left_as_without() {
    let long = format!(r#"{{"token":"{}","a":1}}"#, "x".repeat(VALUE_BYTES_MAX + 1));
    let echoed = format!(r#"{{"token":"Bearer {STORED}"}}"#);
    for text in [
        r#"{"token":"short","a":1}"#,
        r#"{"token":"","a":1}"#,
        r#"{"token":12345678901,"a":{"token":null}}"#,
        r#"{"token":["tok-11111111"]}"#,
        r#"{"token":"tok-\ud83d\ude00-1111"}"#,
        r#"{"token":"never ends"#,
        "{\"token\":\"broken\n line 11111\"}",
        r#"{"text":"{\"token\":\"tok-11111111","a":1}"#,
        "{'token':'tok-11111111'}",
        "password: tok-11111111\n",
        "let token=lexer.next();",
        "fn f(a: Option<Token>) -> Vec<Token> { let b = 1; a < b }",
        "access_token=a+b+c+d+e+f",
        "<token>a<b>c</b></token>",
        long.as_str(),
        echoed.as_str(),
    ] {
        let mut masker = masker(Arc::new(stored()));
        let mut without = Vec::new();
        masker.push(Bytes::copy_from_slice(text.as_bytes()), &mut |clean| without.extend_from_slice(&clean));
        masker.finish(&mut |clean| without.extend_from_slice(&clean));
        assert_eq!(scanned([text.as_bytes()]), (String::from_utf8(without).unwrap(), Vec::new()), "{text}");
    }
}

#[test]
fn what_was_taken_out_is_masked_from_there_on() {
    let (secrets, kept) = (stored(), Kept::default());
    let learning = Box::new(Learning(kept, secrets.clone()));
    let secrets = Arc::new(secrets);
    let mut masker = masker(secrets).with_issued(learning);
    let text = format!(r#"{{"token":"Kq3wX9dTz5Rb","url":"https://h/Kq3wX9dTz5Rb/{STORED}"}}"#);
    let mut masked = Vec::new();
    masker.push(Bytes::from(text), &mut |clean| masked.extend_from_slice(&clean));
    masker.finish(&mut |clean| masked.extend_from_slice(&clean));
    let expected = r#"{"token":"handle-1","url":"https://h/(masked-secret)/(masked-secret)"}"#;
    assert_eq!(str::from_utf8(&masked), Ok(expected));
}

#[test]
fn a_stream_that_issues_a_token_is_refused_where_that_is_said() {
    for (text, refused) in [
        (r#"{"token":"tok-11111111"}"#, Some(Class::IssuedToken)),
        (r#"{"token":"\ud83d\ude00"}"#, Some(Class::IssuedToken)),
        ("access_token=tok-11111111", Some(Class::IssuedToken)),
        ("<SessionToken>tok-11111111</SessionToken>", Some(Class::IssuedToken)),
        (r#"{"token":"","nextToken":"tok-11111111"}"#, None),
    ] {
        let mut masker = masker(Arc::new(stored())).refusing_issued();
        masker.push(Bytes::copy_from_slice(text.as_bytes()), &mut |_| {});
        assert_eq!(masker.finish(&mut |_| {}).blocked_by(), refused, "{text}");
    }
}

#[test]
fn an_event_that_ends_in_the_midst_of_a_value_ends_the_wait() {
    let secrets = Arc::new(stored());
    let kept = Kept::default();
    let mut masker = masker(secrets).with_issued(Box::new(kept.clone()));
    let mut text = Vec::new();
    masker.push(Bytes::from_static(br#"{"token":"tok-1111"#), &mut |clean| text.extend_from_slice(&clean));
    masker.boundary(&mut |clean| text.extend_from_slice(&clean));
    assert_eq!(str::from_utf8(&text), Ok(r#"{"token":"(masked-secret)"#));
    masker.push(Bytes::from_static(br#"1111"}"#), &mut |clean| text.extend_from_slice(&clean));
    masker.finish(&mut |clean| text.extend_from_slice(&clean));
    assert_eq!(str::from_utf8(&text), Ok(r#"{"token":"(masked-secret)"}"#));
    assert!(kept.0.lock().unwrap().is_empty());
}

const PIECES: [&str; 22] = [
    "{",
    "}",
    ",",
    "\"token\"",
    "\\\"token\\\"",
    ":",
    " ",
    "\"",
    "\\\"",
    "\\",
    "tok-11111111",
    "&",
    "access_token=",
    "%2F",
    "<Token>",
    "</Token>",
    "<",
    "\n",
    "é",
    "password: ",
    STORED,
    "a",
];

proptest! {
    #[test]
    fn it_makes_no_difference_where_a_stream_is_cut(
        pieces in prop::collection::vec(prop::sample::select(PIECES.as_slice()), 0..24),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let text = pieces.concat().into_bytes();
        let whole = scanned([text.as_slice()]);
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(text.len() + 1)).chain([0, text.len()]).collect();
        cuts.sort_unstable();
        let chunks = cuts.windows(2).filter_map(|cut| text.get(cut[0]..cut[1]));
        prop_assert_eq!(&scanned(chunks), &whole);
        prop_assert_eq!(&scanned(text.chunks(1)), &whole);
    }
}

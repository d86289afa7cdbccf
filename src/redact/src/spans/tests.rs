//! Streams of words, with a recognizer that finds some of them.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::{Class, Entity, recognizer::Recognizer};

/// Finds runs of one digit.
#[derive(Debug)]
struct Runs {
    digit: u8,
    class: Class,
}

impl Recognizer for Runs {
    fn look(&self, text: &[u8], from: usize, is_end: bool, found: &mut dyn FnMut(Found)) -> usize {
        let mut at = from;
        while let Some(byte) = text.get(at) {
            if *byte != self.digit || at.checked_sub(1).and_then(|before| text.get(before)) == Some(&self.digit) {
                at += 1;
                continue;
            }
            let length = text[at..].iter().take_while(|byte| **byte == self.digit).count();
            if at + length == text.len() && !is_end {
                return at;
            }
            found(Found { start: at, end: at + length, class: self.class, rule: 0, score: 100 });
            at += length;
        }
        text.len()
    }

    fn rule_name(&self, _: u16) -> &str {
        "runs"
    }
}

fn profile() -> Profile {
    let runs = |digit, class| Arc::new(Runs { digit, class }) as Arc<dyn Recognizer>;
    Profile::new()
        .with_recognizer(runs(b'1', Class::Credential))
        .with_recognizer(runs(b'2', Class::Personal(Entity::UsSsn)))
        .with_recognizer(runs(b'3', Class::Personal(Entity::CreditCard)))
        .with_action(Class::Personal(Entity::UsSsn), Action::Mask)
        .with_allowed([crate::Allowed { text: "1111".to_owned(), class: None }])
}

fn scanned<'text>(chunks: impl IntoIterator<Item = &'text [u8]>) -> (String, Report) {
    let (mut scanner, profile, mut report) = (SpanScanner::new(Content::Json), profile(), Report::default());
    let mut text = Vec::new();
    let mut out = |clean: Bytes| text.extend_from_slice(&clean);
    let mut listeners = Listeners::default();
    let mut sinks = Sinks { profile: &profile, report: &mut report, listeners: &mut listeners, out: &mut out };
    for chunk in chunks {
        scanner.push(Bytes::copy_from_slice(chunk), &mut sinks);
    }
    scanner.boundary(&mut sinks);
    (String::from_utf8(text).unwrap(), report)
}

#[test]
fn each_class_gets_what_the_profile_says() {
    let (text, report) = scanned([&b"\"a 11 b 222 c 33 d 1111\""[..]]);
    assert_eq!(text, "\"a (masked-secret) b (masked-us-ssn) c 33 d 1111\"");
    assert_eq!(report.classes().collect::<Vec<_>>(), [(Class::Credential, 1), (Class::Personal(Entity::UsSsn), 1)]);
    assert_eq!(report.detected().collect::<Vec<_>>(), [(Class::Personal(Entity::CreditCard), 1)]);
}

#[test]
fn a_number_that_is_masked_leaves_json_behind() {
    let (text, _) = scanned([&br#"{"a":222,"b":"c: 222, 222","d":[222, 3],"e\"":"222"}"#[..]]);
    let masked = "(masked-us-ssn)";
    let expected = [
        r#"{"a":""#,
        masked,
        r#"","b":"c: "#,
        masked,
        ", ",
        masked,
        r#"","d":[""#,
        masked,
        r#"", 3],"e\"":""#,
        masked,
        r#""}"#,
    ];
    assert_eq!(text, expected.concat());
}

#[test]
fn a_number_in_documents_in_strings_leaves_documents_behind() {
    let inner = r#"{"a": 222, "b": "c: 222, 222", "d": [222, 222], "e": 4}"#;
    let pretty = "{\n  \"a\":\n    222,\n  \"b\": [\n\t222\n  ]\n}";
    for text in [inner, pretty] {
        let mut document = text.to_owned();
        for depth in 0..3 {
            let (masked, report) = scanned(document.as_bytes().chunks(5));
            assert_eq!(report.count(), text.matches("222").count() as u64);
            let mut value: serde_json::Value = serde_json::from_str(&masked).unwrap();
            for _ in 0..depth {
                value = serde_json::from_str(value["text"].as_str().unwrap()).unwrap();
            }
            assert_eq!(value["a"], "(masked-us-ssn)", "{masked}");
            document = serde_json::json!({ "text": document }).to_string();
        }
    }
    let prose = r#"{"text":"[note] call 222 or {222}"}"#;
    assert_eq!(scanned([prose.as_bytes()]).0, prose.replace("222", "(masked-us-ssn)"));
}

proptest! {
    #[test]
    fn it_makes_no_difference_where_a_stream_is_cut(text in r#"[123 a{,"\\]{0,60}"#, cuts in prop::collection::vec(0_usize..60, 0..6)) {
        let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut < text.len()).collect();
        cuts.sort_unstable();
        let mut rest = text.as_bytes();
        let mut chunks = Vec::new();
        for cut in cuts.iter().rev() {
            let (before, after) = rest.split_at(*cut);
            chunks.push(after);
            rest = before;
        }
        chunks.push(rest);
        chunks.reverse();
        let whole = scanned([text.as_bytes()]);
        prop_assert_eq!(&scanned(chunks), &whole);
        prop_assert_eq!(&scanned(text.as_bytes().chunks(1)), &whole);
    }
}

//! What an analyzer is shown of bodies, and where its finds are masked.

use proptest::prelude::*;

use super::*;

const PERSON: Entity = Entity::Analyzed(0);
const PLACE: Entity = Entity::Analyzed(1);

fn profile(action: Action) -> Profile {
    let names = vec!["PERSON".to_owned(), "US_PLACE".to_owned()];
    Profile::new()
        .with_analyzed(names, [PERSON, PLACE, Entity::UsDriverLicense])
        .with_action(Class::Personal(PERSON), action)
        .with_action(Class::Personal(PLACE), Action::Mask)
        .with_action(Class::Personal(Entity::UsDriverLicense), Action::Mask)
}

/// Finds a word in each text.
fn finding(texts: &Texts, word: &str, entity: Entity) -> Vec<Vec<Span>> {
    let of_text = |text: &str| {
        let spans = text.match_indices(word).map(|(start, _)| Span { start, end: start + word.len(), entity });
        spans.collect()
    };
    texts.shown().into_iter().map(of_text).collect()
}

fn masked(texts: Texts, word: &str, entity: Entity, action: Action) -> (String, Report) {
    let mut report = Report::default();
    let found = finding(&texts, word, entity);
    let body = texts.mask(&found, &profile(action), &mut report).unwrap();
    (String::from_utf8_lossy(&body).into_owned(), report)
}

#[test]
fn of_json_the_values_are_shown_as_they_are_read() {
    let json = r#"{"Ann": ["J\u00f6rg \ud83d\ude00\n\"Ann\"", -1.5e3, true, "", "\ud83dx"], "b" : "Ann"}"#;
    let texts = Texts::of(json.into());
    assert_eq!(texts.shown(), ["Jörg 😀\n\"Ann\"", "\u{fffd}x", "Ann"]);
    let (body, report) = masked(texts, "Ann", PERSON, Action::Mask);
    assert_eq!(
        body,
        r#"{"Ann": ["J\u00f6rg \ud83d\ude00\n\"(masked-person)\"", -1.5e3, true, "", "\ud83dx"], "b" : "(masked-person)"}"#
    );
    assert_eq!(report.count_of(Class::Personal(PERSON)), 2);
    for (word, expected) in [
        ("Jörg", r#"["(masked-us-place) \ud83d\ude00!"]"#),
        ("😀", r#"["J\u00f6rg (masked-us-place)!"]"#),
        ("!", r#"["J\u00f6rg \ud83d\ude00(masked-us-place)"]"#),
    ] {
        assert_eq!(masked(Texts::of(r#"["J\u00f6rg \ud83d\ude00!"]"#.into()), word, PLACE, Action::Mask).0, expected);
    }
}

#[test]
fn what_is_no_json_is_one_text() {
    for text in ["[INFO] Ann calls", "{\"a\": \"Ann", "Ann\r\nof Zürich", "{name: 'Ann'}", "[\"Ann\\x\"]"] {
        let texts = Texts::of(text.into());
        assert_eq!(texts.shown(), [text]);
        assert_eq!(masked(texts, "Ann", PERSON, Action::Mask).0, text.replace("Ann", "(masked-person)"));
    }
    let latin = Texts::of(Bytes::from_static(b"Z\xfcrich, Ann\xff"));
    assert_eq!(latin.shown(), ["Z\u{fffd}rich, Ann\u{fffd}"]);
    let body = latin.mask(
        &[vec![Span { start: 10, end: 13, entity: PERSON }]],
        &profile(Action::Mask),
        &mut Report::default(),
    );
    assert_eq!(body.unwrap().as_ref(), b"Z\xfcrich, (masked-person)\xff");
    assert!(Texts::of("{\"a\": [1, \"--\", null]}".into()).shown().is_empty());
}

#[test]
fn of_events_each_line_is_looked_at() {
    let events = "event: message\r\ndata: {\"Ann\":\r\ndata: \"Ann\"}\r\n\r\n: Ann\ndata:Ann [\n\n";
    let texts = Texts::of_events(events.into());
    assert_eq!(texts.shown(), ["event: message", "Ann", ": Ann", "Ann ["]);
    let (body, _) = masked(texts, "Ann", PERSON, Action::Mask);
    assert_eq!(
        body,
        "event: message\r\ndata: {\"Ann\":\r\ndata: \"(masked-person)\"}\r\n\r\n: (masked-person)\ndata:(masked-person) [\n\n"
    );
}

#[test]
fn what_is_done_is_what_the_profile_says() {
    let (body, report) = masked(Texts::of("Ann".into()), "Ann", PERSON, Action::Detect);
    assert_eq!((body.as_str(), report.detected().count(), report.count()), ("Ann", 1, 0));
    let (_, report) = masked(Texts::of("Ann".into()), "Ann", PERSON, Action::Block);
    assert_eq!(report.blocked_by(), Some(Class::Personal(PERSON)));
    let (body, _) = masked(Texts::of("D1".into()), "D1", Entity::UsDriverLicense, Action::Mask);
    assert_eq!(body, "(masked-us-driver-license)");
    let (body, report) = masked(Texts::of("Ann".into()), "Ann", Entity::Analyzed(2), Action::Mask);
    assert!(body == "Ann" && report.is_empty(), "nobody asked for it");
    assert_eq!(profile(Action::Mask).name(Class::Personal(PLACE)), "US_PLACE");
}

#[test]
fn what_the_operator_allows_is_left() {
    let allowed = crate::Allowed { text: "Ann".to_owned(), class: Some(Class::Personal(PERSON)) };
    let profile = profile(Action::Mask).with_allowed([allowed]);
    let texts = Texts::of("Ann".into());
    let found = finding(&texts, "Ann", PERSON);
    let mut report = Report::default();
    assert_eq!(texts.mask(&found, &profile, &mut report).unwrap(), "Ann");
    assert!(report.is_empty());
}

#[test]
fn finds_that_overlap_are_one_and_finds_elsewhere_are_refused() {
    let span = |start, end, entity| Span { start, end, entity };
    let mask = |spans: Vec<Span>| {
        let (mut report, texts) = (Report::default(), Texts::of("of Zürich and more".into()));
        texts.mask(&[spans], &profile(Action::Mask), &mut report).map(|body| (body, report.count()))
    };
    let overlapping = vec![span(8, 14, PLACE), span(3, 10, PERSON), span(15, 19, PLACE)];
    assert_eq!(mask(overlapping), Ok(("of (masked-person) (masked-us-place)".into(), 2)));
    for wrong in [span(3, 5, PERSON), span(3, 99, PERSON), span(3, 3, PERSON)] {
        assert_eq!(mask(vec![wrong]), Err(Misplaced), "{wrong:?}");
    }
    assert_eq!(Texts::of("Ann".into()).mask(&[], &profile(Action::Mask), &mut Report::default()), Err(Misplaced));
}

proptest! {
    #[test]
    fn any_bytes_stand_where_their_text_says(body: Vec<u8>, is_events: bool) {
        let texts = if is_events { Texts::of_events(body.clone().into()) } else { Texts::of(body.clone().into()) };
        let all: Vec<Vec<Span>> =
            texts.shown().iter().map(|text| vec![Span { start: 0, end: text.len(), entity: PERSON }]).collect();
        let count = all.len() as u64;
        let mut report = Report::default();
        let masked = texts.mask(&all, &profile(Action::Mask), &mut report).unwrap();
        prop_assert_eq!(report.count(), count);
        prop_assert!(count > 0 || masked == body);
    }

    #[test]
    fn a_word_is_masked_however_it_is_written(before in ".{0,8}", word in "[a-z山][a-zäß山😀]{0,6}", after in ".{0,8}", ascii: bool) {
        let text = format!("{before}{word}{after}");
        let written = if ascii {
            let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
            format!("\"{}\"", units.collect::<String>())
        } else {
            format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
        };
        let texts = Texts::of(written.into());
        let shown: String = texts.shown().concat();
        prop_assert_eq!(&shown, &text);
        let span = Span { start: before.len(), end: before.len() + word.len(), entity: PERSON };
        let masked = texts.mask(&[vec![span]], &profile(Action::Mask), &mut Report::default()).unwrap();
        let again = Texts::of(masked);
        prop_assert_eq!(again.shown().concat(), format!("{before}(masked-person){after}"));
    }
}

//! The strict parser against its table of refusals and against `serde_json`.

use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Result<Json, Reason> {
    Json::parse(text.as_bytes(), &Limits::MESSAGE).map_err(|malformed| malformed.reason())
}

fn compact(json: &Json) -> String {
    String::from_utf8(json.to_vec()).unwrap()
}

#[test]
fn each_way_not_to_be_strict_has_its_reason() {
    let deep = "[".repeat(100_000);
    let giant_key = format!("{{\"{}\":1}}", "k".repeat(5_000));
    let many_keys = format!("{{{}}}", (0..5_000).map(|n| format!("\"{n}\":0")).collect::<Vec<_>>().join(","));
    let many_values = format!("[{}0]", "0,".repeat(140_000));
    let long_number = "1".repeat(129);
    for (text, reason) in [
        ("", Reason::UnexpectedEnd),
        ("  ", Reason::UnexpectedEnd),
        ("\u{feff}{}", Reason::ByteOrderMark),
        ("{} {}", Reason::TrailingBytes),
        ("{}\0", Reason::TrailingBytes),
        ("{}//", Reason::TrailingBytes),
        ("{\"a\":1,\"a\":1}", Reason::DuplicateKey),
        ("{\"a\":1,\"\\u0061\":1}", Reason::DuplicateKey),
        ("[{\"b\":{\"a\":1,\"b\":2,\"a\":3}}]", Reason::DuplicateKey),
        ("{\"a\":1,}", Reason::UnexpectedByte),
        ("[1,]", Reason::UnexpectedByte),
        ("{'a':1}", Reason::UnexpectedByte),
        ("{a:1}", Reason::UnexpectedByte),
        ("/* c */1", Reason::UnexpectedByte),
        ("NaN", Reason::UnexpectedByte),
        ("Infinity", Reason::UnexpectedByte),
        ("-Infinity", Reason::UnexpectedByte),
        ("nul", Reason::UnexpectedByte),
        ("+1", Reason::UnexpectedByte),
        ("01", Reason::TrailingBytes),
        ("1.", Reason::UnexpectedByte),
        (".5", Reason::UnexpectedByte),
        ("1e", Reason::UnexpectedByte),
        ("0x10", Reason::TrailingBytes),
        ("1e400", Reason::NumberRange),
        ("-1e400", Reason::NumberRange),
        ("1e-400", Reason::NumberRange),
        ("0e99999", Reason::NumberRange),
        (&long_number, Reason::NumberRange),
        ("\"a\nb\"", Reason::ControlCharacter),
        ("\"\t\"", Reason::ControlCharacter),
        ("\"\\x\"", Reason::InvalidEscape),
        ("\"\\u12g4\"", Reason::InvalidEscape),
        ("\"\\u+123\"", Reason::InvalidEscape),
        ("\"\\ud800\"", Reason::LoneSurrogate),
        ("\"\\udc00\"", Reason::LoneSurrogate),
        ("\"\\ud800\\u0041\"", Reason::LoneSurrogate),
        ("\"\\ud800\\ud800\"", Reason::LoneSurrogate),
        ("\"abc", Reason::UnexpectedEnd),
        ("[1", Reason::UnexpectedEnd),
        (&deep, Reason::TooDeep),
        (&giant_key, Reason::KeyTooLong),
        (&many_keys, Reason::TooManyKeys),
        (&many_values, Reason::TooManyValues),
    ] {
        assert_eq!(parse(text).err(), Some(reason), "{:.60}", text);
    }
    let not_utf8 = Json::parse(b"\"\xff\"", &Limits::MESSAGE).unwrap_err();
    assert_eq!((not_utf8.reason(), not_utf8.offset()), (Reason::NotUtf8, 1));
    let too_long = Json::parse(b"[1,2,3]", &Limits::MESSAGE.with_bytes_max(6)).unwrap_err();
    assert_eq!(too_long.reason(), Reason::TooLong);
}

#[test]
fn what_reaches_a_limit_exactly_is_accepted() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(&nested(64)).is_ok());
    assert_eq!(parse(&nested(65)).err(), Some(Reason::TooDeep));
    let lists = Limits::LIST.with_depth_max(255);
    assert!(Json::parse(nested(128).as_bytes(), &lists).is_ok());
    assert!(Json::parse(nested(129).as_bytes(), &lists).is_err());
    assert!(parse(&"9".repeat(128)).is_ok());
    assert!(Json::parse(b"[1,2,3]", &Limits::MESSAGE.with_bytes_max(7)).is_ok());
}

#[test]
fn a_value_costs_what_the_limits_say() {
    assert!(size_of::<Json>() <= 32);
    assert!(size_of::<(String, Json)>() <= 56);
}

#[test]
fn large_objects_are_searched_for_duplicates_too() {
    let mut members: Vec<String> = (0..1_000).map(|n| format!("\"k{n}\":{n}")).collect();
    assert!(parse(&format!("{{{}}}", members.join(","))).is_ok());
    members.push("\"k500\":0".to_owned());
    assert_eq!(parse(&format!("{{{}}}", members.join(","))).err(), Some(Reason::DuplicateKey));
}

#[test]
fn spelling_of_numbers_and_order_of_members_survive() {
    let text = r#"{"z":1.0,"a":12345678901234567890,"m":[1E2,-0,0.10],"n":{"b":null,"a":true}}"#;
    assert_eq!(compact(&parse(text).unwrap()), text);
}

#[test]
fn strings_are_written_with_the_fewest_escapes() {
    let json = parse(r#""\u0041\/\"\\\b\f\n\r\t\u0000\u001f\u007f\ud83d\ude00é""#).unwrap();
    assert_eq!(compact(&json), "\"A/\\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f\u{7f}😀é\"");
}

#[test]
fn canonical_members_are_ordered_by_utf_16() {
    let json =
        parse("{\"\u{20ac}\":1,\"\\r\":2,\"\u{fb33}\":3,\"1\":4,\"\u{1f600}\":5,\"\u{80}\":6,\"\u{f6}\":7}").unwrap();
    let expected = "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}";
    assert_eq!(String::from_utf8(json.canonical()).unwrap(), expected);
    assert_eq!(
        parse("{\"b\":1.0,\"a\":[ ]}").unwrap().canonical_sha256(),
        parse("{\"a\":[],\"b\":1}").unwrap().canonical_sha256()
    );
}

#[test]
fn integers_are_read_by_value() {
    let number = |text| Number::parse(text).unwrap();
    for (text, value) in [("42", Some(42)), ("42.0", Some(42)), ("4.2e1", Some(42)), ("-0.0", Some(0)), ("1.5", None)] {
        assert_eq!(number(text).as_i64(), value, "{text}");
        assert_eq!(number(text).is_integer(), value.is_some(), "{text}");
    }
    assert_eq!(number("-9223372036854775808").as_i64(), Some(i64::MIN));
    assert_eq!(number("9223372036854775808").as_i64(), None);
    assert!(number("9223372036854775808").is_integer());
    assert!(number("10").is_same_value(&number("1e1")));
    assert!(!number("9007199254740993").is_same_value(&number("9007199254740992")));
    assert!(Number::parse("1 ").is_none());
}

#[test]
fn a_member_is_added_where_the_pointer_says_and_nothing_is_overwritten() {
    let mut json = parse(r#"{"params":{"arguments":{"a":[{"x":1}],"n":null}}}"#).unwrap();
    json.insert_at_pointer("/params/arguments/api~1key~0", "k".into()).unwrap();
    json.insert_at_pointer("/params/arguments/a/0/y", true.into()).unwrap();
    assert_eq!(compact(&json), r#"{"params":{"arguments":{"a":[{"x":1,"y":true}],"n":null,"api/key~":"k"}}}"#);
    for (pointer, error) in [
        ("", PointerError::Syntax),
        ("params", PointerError::Syntax),
        ("/a~2", PointerError::Syntax),
        ("/params", PointerError::Occupied),
        ("/params/arguments/n", PointerError::Occupied),
        ("/params/arguments/n/x", PointerError::NoParent),
        ("/params/arguments/a/00/y", PointerError::NoParent),
        ("/params/arguments/a/1", PointerError::NoParent),
        ("/missing/x", PointerError::NoParent),
    ] {
        assert_eq!(json.insert_at_pointer(pointer, Json::Null), Err(error), "{pointer}");
    }
}

#[test]
fn nothing_foreign_is_printed() {
    let json = parse(r#"{"password":"canary-7f3a","n":[12345]}"#).unwrap();
    let shown = format!("{json:?} {:?}", json.member("n"));
    assert_eq!(shown, "object of 2 Some(array of 1)");
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<f64>().prop_filter("finite", |value| value.is_finite()).prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..8).prop_map(Into::into),
            proptest::collection::btree_map(any::<String>(), inner, 0..8)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Every number of a tree as a double, sorted: what canonicalization must not change.
fn same_doubles(json: &Json) -> Vec<f64> {
    let mut doubles = match json {
        Json::Number(number) => vec![number.as_f64() + 0.0],
        Json::Array(elements) => elements.iter().flat_map(same_doubles).collect(),
        Json::Object(object) => object.iter().flat_map(|(_, value)| same_doubles(value)).collect(),
        Json::Null | Json::Bool(_) | Json::String(_) => Vec::new(),
    };
    doubles.sort_by(f64::total_cmp);
    doubles
}

/// Texts that are nearly JSON: pieces of the grammar in any order.
fn nearly_json() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        proptest::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"",
            "\"a\"",
            "\"b\":",
            "{}",
            "[]",
            "1",
            "-",
            "0",
            ".5",
            "e1",
            "E-3",
            "true",
            "null",
            " ",
            "\n",
            "\\",
            "\\u00e9",
            "\\ud83d",
            "\\ude00",
            "\u{e9}",
            "1e308",
            "-0",
            "1.0",
            "12345678901234567890",
        ])
        .prop_map(str::to_owned),
        "[ -~]{0,3}",
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn what_serde_writes_we_read_alike(value in any_json()) {
        let bytes = serde_json::to_vec_pretty(&value).unwrap();
        let json = Json::parse(&bytes, &Limits::MESSAGE).unwrap();
        // By default serde_json may be one unit off in the last place of a double, so it reads both texts.
        let reread = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap();
        prop_assert_eq!(reread(&json.to_vec()), reread(&bytes));
        let canonical = Json::parse(&json.canonical(), &Limits::MESSAGE).unwrap();
        prop_assert_eq!(canonical.canonical(), json.canonical());
        prop_assert_eq!(same_doubles(&canonical), same_doubles(&json));
    }

    #[test]
    fn we_accept_what_serde_accepts_except_for_what_we_say(text in nearly_json()) {
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        match (parse(&text), theirs) {
            (Ok(ours), Ok(theirs)) => {
                let ours: serde_json::Value = serde_json::from_slice(&ours.to_vec()).unwrap();
                prop_assert_eq!(ours, theirs);
            }
            (Err(reason), Ok(_)) => prop_assert!(
                matches!(reason, Reason::DuplicateKey | Reason::NumberRange | Reason::ByteOrderMark), "{} {:?}", text, reason),
            (Ok(_), Err(error)) => prop_assert!(false, "accepted {:?}, but {}", text, error),
            (Err(_), Err(_)) => {}
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(json) = Json::parse(&bytes, &Limits::MESSAGE) {
            let written = json.to_vec();
            prop_assert_eq!(Json::parse(&written, &Limits::MESSAGE).unwrap(), json);
        }
    }
}

//! Texts with personal data, whole and in pieces.

use proptest::prelude::*;

use super::*;

fn found_by(personal: &Personal, text: &str) -> Vec<(String, String)> {
    let mut finds = Vec::new();
    let decided = personal.look(text.as_bytes(), 0, true, &mut |find| finds.push(find));
    assert_eq!(decided, text.len());
    finds.iter().map(|find| (personal.rule_name(find.rule).to_owned(), text[find.start..find.end].to_owned())).collect()
}

fn found(text: &str) -> Vec<(String, String)> {
    found_by(&Personal::new(PersonalSettings::default()).unwrap(), text)
}

fn assert_found(cases: &[(&str, &str, &str)]) {
    for (text, kind, value) in cases {
        assert_eq!(found(text), [((*kind).to_owned(), (*value).to_owned())], "{text}");
    }
}

#[test]
fn numbers_that_prove_themselves_are_found_without_a_word() {
    assert_found(&[
        ("pay with 4111 1111 1111 1111 now", "CREDIT_CARD", "4111 1111 1111 1111"),
        ("{\"n\":\"378282246310005\"}", "CREDIT_CARD", "378282246310005"),
        ("to DE89 3704 0044 0532 0130 00.", "IBAN_CODE", "DE89 3704 0044 0532 0130 00"),
        ("is 536-22-8341,", "US_SSN", "536-22-8341"),
        ("529.982.247-25", "BR_CPF", "529.982.247-25"),
        ("11.222.333/0001-81", "BR_CNPJ", "11.222.333/0001-81"),
        ("11010519491231002X", "CN_RESIDENT_ID", "11010519491231002X"),
        ("A123456(3)", "HK_ID_CARD", "A123456(3)"),
        ("S1234567D", "SG_NRIC_FIN", "S1234567D"),
        ("RSSMRA85T10A562S", "IT_FISCAL_CODE", "RSSMRA85T10A562S"),
        ("12345678Z", "ES_NIF", "12345678Z"),
        ("X1234567L", "ES_NIE", "X1234567L"),
        ("131052-308T", "FI_PERSONAL_IDENTITY_CODE", "131052-308T"),
        ("811218-9876", "SE_PERSONNUMMER", "811218-9876"),
        ("756.9217.0769.85", "CH_AHV", "756.9217.0769.85"),
        ("86 095 742 719", "DE_TAX_ID", "86 095 742 719"),
        ("15070649C103", "DE_SOCIAL_SECURITY", "15070649C103"),
        ("85.07.30-033.28", "BE_NATIONAL_NUMBER", "85.07.30-033.28"),
        ("51 824 753 556", "AU_ABN", "51 824 753 556"),
        ("2123 45670 1", "AU_MEDICARE", "2123 45670 1"),
        ("AB 12 34 56 C", "UK_NINO", "AB 12 34 56 C"),
        ("from 192.0.2.7:443", "IP_ADDRESS", "192.0.2.7"),
        ("from 2001:db8::7, yes", "IP_ADDRESS", "2001:db8::7"),
        ("at\\n2001:db8::7, yes", "IP_ADDRESS", "2001:db8::7"),
        ("at\\f5:2001:3:4:5:6:7:8\\n", "IP_ADDRESS", "5:2001:3:4:5:6:7:8"),
        ("<alice@corp.test>", "EMAIL_ADDRESS", "alice@corp.test"),
        ("+44 20 7946 0018", "PHONE_NUMBER", "+44 20 7946 0018"),
        ("(212) 736-5000", "PHONE_NUMBER", "(212) 736-5000"),
        ("L898902C36UTO7408122F1204159ZE184226B<<<<<10", "PASSPORT", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"),
        ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "PASSPORT", "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<"),
    ]);
}

#[test]
fn weak_numbers_are_found_behind_a_word_and_only_there() {
    let cases = [
        ("{\"ssn\":\"", "536228341", "US_SSN"),
        ("passport no. ", "C01X00T47", "PASSPORT"),
        ("taxFileNumber: ", "123456782", "AU_TFN"),
        ("SIN ", "130692544", "CA_SIN"),
        ("BSN: ", "111222333", "NL_BSN"),
        ("PESEL ", "44051401359", "PL_PESEL"),
        ("NIP ", "1234563218", "PL_NIP"),
        ("contribuinte ", "123456789", "PT_NIF"),
        ("CPR ", "0707614285", "DK_CPR"),
        ("UTR ", "1123456789", "UK_UTR"),
        ("NHS number: ", "9434765919", "UK_NHS"),
        ("kimlik ", "10000000146", "TR_NATIONAL_ID"),
        ("identity number ", "8001015009087", "ZA_ID_NUMBER"),
        ("Date of birth: ", "1985-03-12", "DATE_OF_BIRTH"),
        ("born on ", "March 12, 1985", "DATE_OF_BIRTH"),
        ("phone=", "2127365000", "PHONE_NUMBER"),
        ("Driver's license: ", "A1234567", "US_DRIVER_LICENSE"),
    ];
    for (word, number, kind) in cases {
        let with = found(&format!("{word}{number}"));
        assert_eq!(with, [(kind.to_owned(), number.to_owned())], "{word}{number}");
        assert_eq!(found(&format!("the value {number}")), [], "{number}");
    }
}

#[test]
fn what_looks_like_a_number_is_left_alone() {
    for text in [
        "{\"id\":123456789012,\"at\":1763650000123,\"sum\":19.99,\"x\":[1,2,3]}",
        "2026-11-20T16:49:45.123Z 2026-11-20 16:49:45",
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "v1.2.3 and 127.0.0.1, 10.20.30",
        "std::f64::consts::PI << 4, a@b",
        "4111111111111112 000-12-3456 666-12-3456 900-12-3456",
        "0.123456789 1e10 0x1234567890 100,000,000",
        "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn of_finds_that_overlap_the_surest_is_given() {
    assert_eq!(found("4111 1111 1111 1111, card").len(), 1);
    assert_eq!(
        found("12345678901.5555555555554444@example.org"),
        [("EMAIL_ADDRESS".to_owned(), "12345678901.5555555555554444@example.org".to_owned())]
    );
}

#[test]
fn settings_choose_kinds_threshold_words_and_region() {
    let text = "tax 536228341, 030 901820, a@b.test";
    let with = |settings| {
        found_by(&Personal::new(settings).unwrap(), text).into_iter().map(|(kind, _)| kind).collect::<Vec<_>>()
    };
    let default = PersonalSettings::default();
    assert_eq!(with(default.clone()), ["EMAIL_ADDRESS"]);
    assert_eq!(
        with(PersonalSettings { entities: vec![Entity::UsSsn], score_threshold: 20, ..default.clone() }),
        ["US_SSN"]
    );
    let context_words = vec![(Entity::UsSsn, "tax".to_owned())];
    assert_eq!(with(PersonalSettings { context_words, ..default.clone() }), ["US_SSN", "EMAIL_ADDRESS"]);
    let germany = PersonalSettings { default_region: Some("DE".to_owned()), ..default.clone() };
    assert_eq!(with(germany), ["PHONE_NUMBER", "EMAIL_ADDRESS"]);
    let refused = Personal::new(PersonalSettings { default_region: Some("Utopia".to_owned()), ..default }).unwrap_err();
    assert_eq!(refused.to_string(), "`Utopia` is not a region; give its two letters of ISO 3166-1, such as `US`");
}

#[test]
fn own_patterns_are_found_by_their_names() {
    let own = |name: &str, pattern: &str, score, words: &[&str]| OwnPattern {
        name: name.to_owned(),
        pattern: pattern.to_owned(),
        score,
        context_words: words.iter().map(|word| (*word).to_owned()).collect(),
    };
    let own = vec![own("account", r"ACCT-\d{6,10}", 80, &[]), own("badge", r"\bB\d{5}\b", 20, &["badge"])];
    let personal = Personal::new(PersonalSettings { own, ..PersonalSettings::default() }).unwrap();
    let found = found_by(&personal, "B12345, badge B12345, ACCT-12345678");
    let expected = [("badge", "B12345"), ("account", "ACCT-12345678")];
    assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

/// What is found when the text comes in pieces, with as little before each as a stream keeps.
fn found_in_pieces(personal: &Personal, text: &[u8], cuts: &[usize]) -> Vec<Found> {
    let (mut finds, mut from) = (Vec::new(), 0_usize);
    for end in cuts.iter().copied().chain([text.len()]) {
        let start = from.saturating_sub(crate::recognizer::CONTEXT_MAX);
        let decided = personal.look(&text[start..end], from - start, end == text.len(), &mut |find| {
            finds.push(Found { start: start + find.start, end: start + find.end, ..find });
        });
        assert!(start + decided >= from && start + decided <= end);
        assert!(finds.last().is_none_or(|find| find.end <= start + decided));
        from = start + decided;
    }
    finds
}

fn pieces() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "4111 1111 1111 1111",
        "378282246310005",
        "DE89 3704 0044 0532 0130 00",
        "536-22-8341",
        "alice.smith@corp.test",
        "2001:db8::7",
        "192.0.2.7",
        "+44 (20) 7946 0018",
        "(212) 736-5000 x12",
        "AB 12 34 56 C",
        "born March 12, 1985",
        "date of birth 12/03/1985",
        "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
        "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
        "ssn 536228341",
        "ACCT-1234567",
        "\\n",
        "\", \"",
        "A123456(3)",
    ]);
    prop::collection::vec(prop_oneof![known.prop_map(str::to_owned), "[ -~]{0,12}", "[0-9 .@<:-]{0,20}", " "], 1..12)
        .prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn the_same_is_found_however_the_text_is_cut(text in pieces(), cuts in prop::collection::vec(0_usize..400, 0..8)) {
        let own = vec![OwnPattern { name: "account".into(), pattern: r"ACCT-\d{6,10}\b".into(), score: 80, context_words: vec![] }];
        let personal = Personal::new(PersonalSettings { own, ..PersonalSettings::default() }).unwrap();
        let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut <= text.len()).collect();
        cuts.sort_unstable();
        let whole = found_in_pieces(&personal, text.as_bytes(), &[]);
        prop_assert_eq!(&found_in_pieces(&personal, text.as_bytes(), &cuts), &whole);
        let each: Vec<usize> = (0..text.len()).collect();
        prop_assert_eq!(&found_in_pieces(&personal, text.as_bytes(), &each), &whole);
    }

    #[test]
    fn bytes_that_are_no_text_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..400), cut in 0_usize..400) {
        let personal = Personal::new(PersonalSettings::default()).unwrap();
        found_in_pieces(&personal, &bytes, &[cut.min(bytes.len())]);
    }
}

#[test]
fn identifiers_hashes_and_years_are_nobodys() {
    for text in [
        "{\"number\":4136815663499169827,\"price\":1}",
        "(merge cacae4329f jk/harden-protocol-v2-delim-handling later to maint)",
        "Copyright: 2001-2003 Sun Microsystems Inc.",
        "a reach of 38.7083333 to 951.2357864",
        "[.2110.0020.0014] # MODIFIER LETTER SMALL M",
        "97 98 99 100 101 102 103 104 105 106 107 108",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
    assert_found(&[
        ("card number 4136815663499169827", "CREDIT_CARD", "4136815663499169827"),
        ("aadhaar 2341 2341 2346", "IN_AADHAAR", "2341 2341 2346"),
        ("of ABCPE1234F,", "IN_PAN", "ABCPE1234F"),
        ("pan abcpe1234f,", "IN_PAN", "abcpe1234f"),
    ]);
}

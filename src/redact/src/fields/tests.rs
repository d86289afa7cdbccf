//! Which values are masked and which stay, as tables.

use super::*;
use crate::MARKER;

/// Pushes a text in pieces of this length.
fn masked(text: &str, chunk_length: usize) -> (String, u64) {
    masked_but(&[], text, chunk_length)
}

/// The same, where these values are allowed.
fn masked_but(allowed: &[&str], text: &str, chunk_length: usize) -> (String, u64) {
    let allowed = allowed.iter().map(|value| value.as_bytes().into()).collect();
    let (mut scanner, mut report, mut masked) = (FieldScanner::new(allowed), Report::default(), Vec::new());
    let mut out = |clean: Bytes| masked.extend_from_slice(&clean);
    for chunk in text.as_bytes().chunks(chunk_length) {
        scanner.push(Bytes::copy_from_slice(chunk), &mut report, &mut out);
    }
    scanner.boundary(&mut report, &mut out);
    (String::from_utf8(masked).unwrap(), report.count())
}

fn check(text: &str, expected: &str) {
    let expected = expected.replace('#', MARKER);
    let count = expected.matches(MARKER).count() as u64;
    for chunk_length in [text.len(), 1, 2, 3, 7] {
        assert_eq!(masked(text, chunk_length), (expected.clone(), count), "{text} in pieces of {chunk_length}");
    }
}

#[test]
fn members_of_json_objects_with_telling_names_are_masked() {
    for (text, expected) in [
        (r#"{"api_key":"abc"}"#, r##"{"api_key":"#"}"##),
        (r#"{"apiKey" : "a","n":1}"#, r##"{"apiKey" : "#","n":1}"##),
        ("{\"token\":\n\t\"a b c\"}", "{\"token\":\n\t\"#\"}"),
        (r#"{"password":"a\"b\\","user":"u"}"#, r##"{"password":"#","user":"u"}"##),
        (r#"{"password":"\\","user":"u"}"#, r##"{"password":"#","user":"u"}"##),
        (r#"{"password":"\"\"","user":"u"}"#, r##"{"password":"#","user":"u"}"##),
        (r#"{"secret":12345,"n":-1.5e3}"#, r##"{"secret":"#","n":-1.5e3}"##),
        (r#"{"secret":-1.5e3}"#, r##"{"secret":"#"}"##),
        (r#"{"private_key":"-----BEGIN\nabc\n-----END\n","x":1}"#, r##"{"private_key":"#","x":1}"##),
        (
            r#"{"headers":{"Authorization":"Bearer abc","Accept":"*/*"}}"#,
            r##"{"headers":{"Authorization":"#","Accept":"*/*"}}"##,
        ),
        ("data: {\"id_token\":\"e.y.J\"}\n\ndata: {}\n\n", "data: {\"id_token\":\"#\"}\n\ndata: {}\n\n"),
        ("{'token': 'abc', 'b': 1}", "{'token': '#', 'b': 1}"),
        ("{'token': \"abc\", 'secret': 5}", "{'token': \"#\", 'secret': '#'}"),
        (r#"{"token"=>"abc"}"#, r##"{"token"=>"#"}"##),
    ] {
        check(text, expected);
    }
}

#[test]
fn members_inside_json_strings_are_masked_two_levels_deep_and_stay_json() {
    for (text, expected) in [
        (r#"{"text":"{\"api_key\": \"abc\", \"n\": 1}"}"#, r##"{"text":"{\"api_key\": \"#\", \"n\": 1}"}"##),
        (
            r#"{"text":"{\n  \"token\": \"a\\\"b\",\n  \"n\": 1\n}"}"#,
            r##"{"text":"{\n  \"token\": \"#\",\n  \"n\": 1\n}"}"##,
        ),
        (r#"{"text":"{\"token\": 17}"}"#, r##"{"text":"{\"token\": \"#\"}"}"##),
        (
            r#"{"t":"{\"u\":\"{\\\"token\\\":\\\"abc\\\",\\\"n\\\":1}\"}"}"#,
            r##"{"t":"{\"u\":\"{\\\"token\\\":\\\"#\\\",\\\"n\\\":1}\"}"}"##,
        ),
        (r#"{"text":"{\"token\": \"a\\\\\"}"}"#, r##"{"text":"{\"token\": \"#\"}"}"##),
        // Cut off inside: the outer string still ends.
        (r#"{"text":"{\"token\": \"abc","n":1}"#, r##"{"text":"{\"token\": \"#","n":1}"##),
    ] {
        check(text, expected);
        let out = masked(text, 1).0;
        assert!(out.ends_with('}'), "{out}");
    }
}

#[test]
fn fields_in_text_are_masked() {
    for (text, expected) in [
        ("https://h/p?access_token=abc1&x=y", "https://h/p?access_token=#&x=y"),
        ("https://h/p?x=1&token=letmein&y=2", "https://h/p?x=1&token=#&y=2"),
        ("password=hunter2", "password=#"),
        ("user=u;Password=hunter2;Database=d", "user=u;Password=#;Database=d"),
        ("aws_secret_access_key = wJalr/K7+x\nregion = eu", "aws_secret_access_key = #\nregion = eu"),
        ("password: swordfish\nnext", "password: #\nnext"),
        ("password: swordfish", "password: #"),
        ("X-Api-Key: 12ab\r\nAccept: */*\r\n", "X-Api-Key: #\r\nAccept: */*\r\n"),
        ("X-Api-Key:12ab\r\n", "X-Api-Key:#\r\n"),
        ("Authorization: Bearer abc.def\nAccept: */*", "Authorization: #\nAccept: */*"),
        ("authorization: Basic dTpw", "authorization: #"),
        ("curl -H 'Authorization: Bearer abc' https://h", "curl -H 'Authorization: #' https://h"),
        (r#"{"text":"Authorization: Bearer abc\nAccept: all"}"#, r##"{"text":"Authorization: #\nAccept: all"}"##),
        (r#"{"text":"password: swordfish"}"#, r##"{"text":"password: #"}"##),
        (r#"{"text":"a\ntoken=ab1\nb"}"#, r##"{"text":"a\ntoken=#\nb"}"##),
        (r#"{"text":"export GITHUB_TOKEN=\"ghp_1\"\nb"}"#, r##"{"text":"export GITHUB_TOKEN=\"#\"\nb"}"##),
        ("api_key = \"abc\" # comment", "api_key = \"#\" # comment".replacen("# comment", "\u{1}", 1).as_str()),
        ("let token = \"abc\";", "let token = \"#\";"),
        ("token := 'abc'", "token := '#'"),
        ("--password=abc1 --user=u", "--password=# --user=u"),
        ("user[password]=abc1&x", "user[password]=#&x"),
        ("token: abcdefghijklmnopqrstuvwxyzabc def", "token: # def"),
        ("password=swordfish and more", "password=# and more"),
    ] {
        // The comment above keeps its own number sign.
        if expected.contains('\u{1}') {
            let expected = expected.replace('#', MARKER).replace('\u{1}', "# comment");
            assert_eq!(masked(text, 1).0, expected);
            continue;
        }
        check(text, expected);
    }
}

#[test]
fn blocks_of_yaml_are_masked_as_far_as_they_go() {
    for (text, expected) in [
        ("password: |\n  one\n  two\nuser: u\n", "password: |\n  #\nuser: u\n"),
        ("a:\n  password: |-\n    one\n\n    two\n\n  user: u\n", "a:\n  password: |-\n    #\n\n  user: u\n"),
        ("a:\n  - token: >2+\n\n     one\n       two\n    user: u", "a:\n  - token: >2+\n\n     #\n    user: u"),
        ("password: |\r\n  one\r\n  two\r\nuser: u", "password: |\r\n  #\nuser: u"),
        ("password: |\n  \\one\\\n  two", "password: |\n  #"),
        (
            r#"{"text":"password: |\n  one\\\n  \"two\"\nuser: u\n","n":1}"#,
            r##"{"text":"password: |\n  #\nuser: u\n","n":1}"##,
        ),
        (r#"{"text":"a:\n  password: |\n    one","n":1}"#, r##"{"text":"a:\n  password: |\n    #","n":1}"##),
        (r#"{"t":"{\"u\":\"token: |\\n  one\\n  two\",\"n\":1}"}"#, r##"{"t":"{\"u\":\"token: |\\n  #\",\"n\":1}"}"##),
    ] {
        check(text, expected);
    }
}

#[test]
fn a_comment_may_stand_behind_the_sign_of_a_block() {
    for chunk_length in [1, 2, 3, 99] {
        let (masked, count) = masked("password: | # of \"May\"\n  one", chunk_length);
        assert_eq!((masked, count), (format!("password: | # of \"May\"\n  {MARKER}"), 1));
    }
}

#[test]
fn what_only_looks_like_a_block_stays() {
    for text in [
        "password: |\nuser: u\n",
        "  password: |\n  user: u\n",
        "password: > 8 letters\n  more",
        "token: | string\n  more",
        "the password: |\n  more",
        "| name | password: |\n  | x | y |",
        r#"{"text":"password: |","next":"  x"}"#,
        r#"{"text":"token: |\n","next":"  x"}"#,
    ] {
        check(text, text);
    }
}

#[test]
fn a_value_that_is_allowed_stays_wherever_it_is_cut_and_no_other_does() {
    let allowed = ["nothing-yet", "abc", "a\\\"b", "1234", "example", "Bearer example", "${x} y"];
    for (text, expected) in [
        (r#"{"token":"abc","secret":"abcd","password":"ab"}"#, r##"{"token":"abc","secret":"#","password":"#"}"##),
        (r#"{"token":"a\"b","secret":"a\"","password":"a\\"}"#, r##"{"token":"a\"b","secret":"#","password":"#"}"##),
        (r#"{"token":1234,"secret":12345,"n":1}"#, r##"{"token":1234,"secret":"#","n":1}"##),
        (r#"{"t":"{\"token\":\"abc\",\"secret\":\"abcd\"}"}"#, r##"{"t":"{\"token\":\"abc\",\"secret\":\"#\"}"}"##),
        ("password: example\ntoken: examples\n", "password: example\ntoken: #\n"),
        ("password=nothing-yet&token=nothing-yet2&secret=example", "password=nothing-yet&token=#&secret=example"),
        ("password=example and more, token=1234 too", "password=example and more, token=1234 too"),
        ("Authorization: Bearer example\nX-Api-Key: 1234", "Authorization: Bearer example\nX-Api-Key: 1234"),
    ] {
        let expected = expected.replace('#', MARKER);
        let count = expected.matches(MARKER).count() as u64;
        for chunk_length in [text.len(), 1, 2, 3, 7] {
            assert_eq!(masked_but(&allowed, text, chunk_length), (expected.clone(), count), "{text}");
        }
    }
}

#[test]
fn what_goes_on_after_an_allowed_value_that_an_event_ended_is_masked() {
    let allowed = [b"abc".as_slice().into()].into();
    let (mut scanner, mut report, mut masked) = (FieldScanner::new(allowed), Report::default(), Vec::new());
    let mut out = |clean: Bytes| masked.push(clean);
    for piece in [r#"{"token":"abc"#, r#"def","secret":"ab"#, r#"c","password":"abc"#, "\"}"] {
        scanner.push(Bytes::from_static(piece.as_bytes()), &mut report, &mut out);
        scanner.boundary(&mut report, &mut out);
    }
    let expected = r##"{"token":"abc#","secret":"#","password":"abc"}"##.replace('#', MARKER);
    assert_eq!(masked.concat(), expected.as_bytes());
    assert_eq!(report.count(), 2);
}

#[test]
fn what_is_no_secret_value_stays() {
    for text in [
        r#"{"token":null,"secret":true,"password":false,"api_key":""}"#,
        r#"{"max_tokens":512,"progressToken":"abc","nextPageToken":"def","pageToken":"x","continuationToken":"y","nextCursor":"z"}"#,
        r#"{"type":"object","properties":{"password":{"type":"string","description":"The password"},"token":{"type":"string"}},"required":["password","token"]}"#,
        r#"{"name":"login","description":"Logs in.\n\nArgs:\n    token: The token to use\n    password (str): the password\n    api_key: required"}"#,
        r#"{"text":"Enter the token: ","next":"x","also":["password: ","b"]}"#,
        r#"{"text":"{\"prompt\":\"token: \",\"n\":1}"}"#,
        "fn next(token: &str, secret: Option<Secret>, password: String) -> Token { token: token }",
        "def login(token: str, password: Optional[str] = None, api_key=None):",
        "interface A { token: string; password?: string | null; secret: Secret; }",
        "let token = lexer.next();\nlet token = next(1);\ntoken = self.token\nif token == other { secret => 1, }",
        "connect(api_key=api_key, password=password)",
        "TOKEN=$TOKEN password=${PASSWORD} api_key=<your key> secret=****",
        "arn:aws:secretsmanager:eu-central-1:1:secret:name-AbCdEf",
        "Authorization: Bearer <token>\nAuthorization: Bearer $TOKEN",
        "tokens: 12, tokenizer: fast, eos_token: </s>",
        "password:\n  - the rules",
        "https://h/token: a list",
        "use secret::FingerprintSet; a secret: 15 bytes at most",
        "e=mc2: a=b",
    ] {
        check(text, text);
    }
}

#[test]
fn a_text_that_never_ends_its_quote_is_masked_to_the_end_of_its_line() {
    check("password='it is\nnext line: 1", "password='#\nnext line: 1");
    check("{\"token\":\"abc\n{\"n\":1}", "{\"token\":\"#\n{\"n\":1}");
}

#[test]
fn a_value_cut_by_the_end_of_an_event_is_masked_on_both_sides() {
    let (mut scanner, mut report, mut masked) = (FieldScanner::new([].into()), Report::default(), Vec::new());
    let mut out = |clean: Bytes| masked.push(clean);
    scanner.push(Bytes::from_static(b"password: sword"), &mut report, &mut out);
    scanner.boundary(&mut report, &mut out);
    scanner.push(Bytes::from_static(b"fish and chips"), &mut report, &mut out);
    scanner.boundary(&mut report, &mut out);
    assert_eq!(masked.concat(), format!("password: {MARKER} and chips").as_bytes());
    assert_eq!(report.count(), 1);
}

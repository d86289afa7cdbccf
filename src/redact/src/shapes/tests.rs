//! That each rule finds what it is for, wherever a text is cut, and leaves what it is not for.

use proptest::prelude::*;

use super::*;

/// Numbers that differ from call to call and are the same from run to run.
fn numbers(seed: usize) -> impl FnMut() -> usize {
    let mut state = seed as u64;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((mixed ^ mixed >> 27) >> 16) as usize
    }
}

/// A credential of this shape that its rule takes, and where the secret part is; the words that stand before it with it.
fn sample(shapes: &Shapes, number: usize, random: &mut impl FnMut() -> usize) -> Option<(Vec<u8>, (usize, usize))> {
    let shape = &shapes.shapes[number];
    let (_, rule) = &shapes.rules[usize::from(shape.rule)];
    (0..50).find_map(|_| {
        let (mut text, secret) = shape.pattern.sample(random);
        if rule.checksum == Some(Checksum::Jwt) {
            let end = text.iter().position(|byte| *byte == b'.').unwrap();
            let header: &[u8] = match text[..4] {
                [b'e', b'y', b'J', _] => b"eyJhbGciOiJFUzI1NiJ9",
                [b'e', b'y', b'A', _] => b"eyAiYWxnIjoiRVMyNTYifQ",
                _ => b"ewogICJhbGciOiJFUzI1NiJ9",
            };
            text.splice(..end, header.iter().copied());
        }
        let secret = if rule.checksum == Some(Checksum::Jwt) { (0, text.len()) } else { secret };
        let before = rule.after.first().map_or(String::new(), |word| format!("{word}_x = \""));
        let text = [before.as_bytes(), &text].concat();
        let secret = (secret.0 + before.len(), secret.1 + before.len());
        let is_taken = rule.checksum == Some(Checksum::Bech32)
            || shapes.all(&text).iter().any(|sight| sight.start <= secret.0 && secret.1 <= sight.end);
        is_taken.then_some((text, secret))
    })
}

#[test]
fn all_rules_that_come_with_the_program_can_be_looked_for() {
    let rules = Rules::built_in().unwrap();
    let alone =
        |(name, rule): (&str, &Rule)| Shapes::new(&Rules::default().with(name.to_owned(), rule.clone()).unwrap()).err();
    let wrong = rules.iter().filter_map(alone).map(|error| error.to_string()).collect::<Vec<_>>();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let shapes = Shapes::new(&rules).unwrap();
    assert!(shapes.count() >= 250, "{}", shapes.count());
    assert!(shapes.rules.iter().all(|(_, rule)| rule.score <= 100));
    assert!(Shapes::built_in().rules.iter().map(|(name, _)| name).eq(shapes.rules.iter().map(|(name, _)| name)));
}

#[test]
fn each_shape_of_each_rule_is_found_in_texts_of_many_kinds() {
    let shapes = &*Shapes::built_in();
    let (mut random, mut missed) = (numbers(1), Vec::new());
    for (number, shape) in shapes.shapes.iter().enumerate() {
        let name = shapes.rule_name(number as u16);
        if shapes.rules[usize::from(shape.rule)].1.checksum == Some(Checksum::Bech32) {
            continue;
        }
        let Some((text, secret)) = sample(shapes, number, &mut random) else {
            missed.push(format!("{name}, shape {number}"));
            continue;
        };
        for (before, after) in
            [("", ""), ("{\"a\":\"", "\"}"), ("key ", "\nnext"), ("x\\n", "\\n"), ("x=", "\r\n"), ("%20", "")]
        {
            let whole = [before.as_bytes(), &text, after.as_bytes()].concat();
            let (start, end) = (secret.0 + before.len(), secret.1 + before.len());
            let sights = shapes.all(&whole);
            let covers = sights.iter().any(|sight| sight.start <= start && end <= sight.end);
            if !covers {
                missed.push(format!("{name}: {} in {sights:?}", String::from_utf8_lossy(&whole)));
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// The places that are masked, when a text comes in these pieces and only what was promised is shown again.
fn masked(shapes: &Shapes, text: &[u8], cuts: &[usize]) -> Vec<(usize, usize)> {
    let (mut masked, mut from, mut seen, mut open) = (Vec::<(usize, usize)>::new(), 0, 0, None);
    let mut ends = cuts.iter().map(|cut| cut % (text.len() + 1)).collect::<Vec<_>>();
    ends.sort_unstable();
    ends.push(text.len());
    for end in ends {
        let is_end = end == text.len();
        if let Some(before) = open {
            let (length, after) = shapes.go_on(before, &text[seen..end]);
            masked.last_mut().unwrap().1 += length;
            (open, from) = (after, seen + length);
        }
        seen = end;
        if open.is_some() {
            continue;
        }
        let origin = from.saturating_sub(CONTEXT);
        let shown = &text[origin..end];
        from = origin
            + shapes.look(shown, from - origin, is_end, &mut |sight| {
                masked.push((origin + sight.start, origin + sight.end));
                open = if is_end { None } else { shapes.open(&sight, shown) };
            });
        assert!(end - from <= 2048, "no more is kept back");
    }
    masked
}

const FILLERS: [&str; 10] = [
    " ",
    "\n",
    "{\"name\":\"x\",",
    "https://host/path?x=1&",
    "datadog",
    "aws_secret = ",
    "e",
    "\"",
    "-",
    "A plain sentence. ",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn a_text_is_masked_in_the_same_places_however_it_is_cut(
        seed in any::<usize>(),
        pieces in proptest::collection::vec((any::<prop::sample::Index>(), 0_usize..4, any::<prop::sample::Index>()), 1..12),
        cuts in proptest::collection::vec(any::<usize>(), 0..20),
    ) {
        let shapes = &*Shapes::built_in();
        let mut random = numbers(seed);
        let mut text = Vec::new();
        for (shape, kind, filler) in pieces {
            text.extend_from_slice(FILLERS[filler.index(FILLERS.len())].as_bytes());
            let (sample, _) = shapes.shapes[shape.index(shapes.shapes.len())].pattern.sample(&mut random);
            match kind {
                0 => text.extend_from_slice(&sample[..random() % sample.len()]),
                1 => {
                    let rule = &shapes.rules[usize::from(shapes.shapes[shape.index(shapes.shapes.len())].rule)].1;
                    text.extend_from_slice(rule.after.first().map_or("", String::as_str).as_bytes());
                    text.extend_from_slice(b"=\"");
                    text.extend_from_slice(&sample);
                }
                _ => text.extend_from_slice(&sample),
            }
        }
        let whole = masked(shapes, &text, &[]);
        prop_assert_eq!(&masked(shapes, &text, &cuts), &whole, "{}", String::from_utf8_lossy(&text));
        let everywhere = (0..text.len()).collect::<Vec<_>>();
        prop_assert_eq!(masked(shapes, &text, &everywhere), whole, "{}", String::from_utf8_lossy(&text));
    }
}

#[test]
fn a_credential_that_begins_in_another_one_is_found_however_the_text_is_cut() {
    let shapes = &*Shapes::built_in();
    let mut random = numbers(7);
    let mut letters = |count: usize| (0..count).map(|_| char::from(b'a' + (random() % 26) as u8)).collect::<String>();
    let text = format!("glagent-{}Z7-connect.sid=s%3A{}", letters(60), letters(50));
    let whole = masked(shapes, text.as_bytes(), &[]);
    assert_eq!(whole.len(), 2, "{whole:?} in {text}");
    let everywhere = (0..text.len()).collect::<Vec<_>>();
    assert_eq!(masked(shapes, text.as_bytes(), &everywhere), whole, "{text}");
}

#[test]
fn a_value_is_found_however_the_text_is_cut_before_it_can_be_told_from_words() {
    let shapes = &*Shapes::built_in();
    let mut random = numbers(7);
    let mut digits = |count: usize| (0..count).map(|_| char::from(b'a' + (random() % 16) as u8)).collect::<String>();
    // What a value must have, sixteen letters or digits in a row, begins with the last byte that is certain.
    let text = format!("cookie: name=1:b2{{#9t3*T!s4({}7{}; path=/", digits(4), digits(60));
    let whole = masked(shapes, text.as_bytes(), &[]);
    assert_eq!(whole.len(), 1, "{whole:?} in {text}");
    let everywhere = (0..text.len()).collect::<Vec<_>>();
    assert_eq!(masked(shapes, text.as_bytes(), &everywhere), whole, "{text}");
}

/// The names of what is found, each with its text.
fn found(text: &str) -> Vec<(String, String)> {
    let shapes = &*Shapes::built_in();
    let named = |found: &Found| (shapes.rule(found).to_owned(), text[found.start..found.end].to_owned());
    shapes.all(text.as_bytes()).iter().map(named).collect()
}

#[test]
fn only_the_secret_part_is_masked() {
    for (text, secret, name) in [
        ("postgres://app:s3cr3t%21x@db:5432/x", "s3cr3t%21x", "postgres-url-password"),
        ("postgresql+psycopg2://app:hunter22@db", "hunter22", "url-password"),
        ("redis://:hunter22@h:6379", "hunter22", "redis-url-password"),
        ("Authorization: Bearer 9f8A7c6b5D4e3f2a1b0c9d", "9f8A7c6b5D4e3f2a1b0c9d", "bearer-token"),
        ("Authorization: Basic dXNlcjpwYXNz", "Basic dXNlcjpwYXNz", "basic-credentials"),
        ("Set-Cookie: sid=8f3kd92jfk20dk39fk20; Path=/; HttpOnly", "8f3kd92jfk20dk39fk20", "cookie-header"),
        ("DefaultEndpointsProtocol=https;AccountName=a;AccountKey=", "", ""),
        ("Server=db,1433;Uid=app;Pwd=Tr0ub4dor;Encrypt=yes", "Tr0ub4dor", "connection-string-password"),
        ("CREATE USER 'app' IDENTIFIED BY 'Tr0ub4dor&3';", "Tr0ub4dor&3", "sql-user-password"),
        ("machine example.org login ann password Tr0ub4dor", "Tr0ub4dor", "netrc-password"),
        ("mysqldump --password Tr0ub4dor --all", "Tr0ub4dor", "command-line-password"),
        ("requirepass Tr0ub4dor", "Tr0ub4dor", "redis-config-password"),
    ] {
        if secret.is_empty() {
            assert_eq!(found(text), []);
            continue;
        }
        let secret = secret.strip_prefix("Basic ").unwrap_or(secret);
        assert_eq!(found(text), [(name.to_owned(), secret.to_owned())], "{text}");
    }
}

#[test]
fn a_checksum_makes_a_find_certain_and_its_lack_less_so() {
    let fits = ["ghp_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ", "0mLq17"].concat();
    let wrong = ["ghp_zQWBuTSOoRi4A9spHcVY5ncnsDkxkK", "0mLq17"].concat();
    let score = |text: &str| Shapes::built_in().all(text.as_bytes()).first().map(|sight| sight.score);
    assert_eq!((score(&fits), score(&wrong)), (Some(100), Some(60)));
}

#[test]
fn examples_of_documentation_and_what_only_looks_alike_stay() {
    for text in [
        "AKIAIOSFODNN7EXAMPLE",
        "postgres://user:password@localhost/db",
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
        "const HEADER: &str = \"-----BEGIN RSA PRIVATE KEY-----\";",
        "Authorization: Bearer <token>",
        "a bearer authentication-scheme-is-used here",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "commit 2722063f8a2682a4b90c6c0ac620b0e80325f1aa",
        "https://example.org/a:b@c",
        "https://user@example.org/",
        "eyJub3QiOiJhIGp3dCJ9.abcdefghijklmnop",
        "see datadog: the 8 dashboards, e.g. 'sk-'",
        "cookie: a small text that a server sets",
        "mysqldump --password secret, or --password $PASSWORD; requirepass sets it",
        "SELECT 1 -- IDENTIFIED BY 'password', WITH PASSWORD 'secret'",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn a_rule_of_the_operator_is_looked_for_beside_the_others() {
    let rules = Rules::built_in().unwrap().and("acme-key = { shapes = [\"'acme_' hex{32}\"], entropy = 2 }").unwrap();
    let shapes = Shapes::new(&rules).unwrap();
    let sights = shapes.all(b"key acme_00112233445566778899aabbccddeeff");
    assert_eq!(sights.iter().map(|sight| (shapes.rule(sight), sight.start)).collect::<Vec<_>>(), [("acme-key", 4)]);
}

#[test]
fn a_rule_that_cannot_be_looked_for_is_refused_with_its_reason() {
    let refused = |file: &str| {
        let rules = Rules::built_in().unwrap().and(file);
        rules.and_then(|rules| Shapes::new(&rules)).unwrap_err().to_string()
    };
    for (file, reason) in [
        ("x = 1", "the rules cannot be read"),
        ("x = { shapes = [] }", "rule `x` has no shape"),
        ("x = { shapes = [\"hex\"] }", "rule `x`: one of its shapes has nothing in it to look for"),
        ("x = { shapes = [\"alnum{40}\"] }", "rule `x`: one of its shapes has nothing in it to look for"),
        ("x = { shapes = [\"'a' x\"] }", "rule `x`, shape `'a' x`: the class at byte 4"),
        ("x = { shapes = [\"hex{8}\"], after = [\"abc\"] }", "rule `x`, word `abc`"),
        ("x = { shapes = [\"'abcd'\"], colour = 1 }", "the rules cannot be read"),
        ("npm-token = { shapes = [\"'abcd'\"] }", "rule `npm-token` is there already"),
    ] {
        assert!(refused(file).starts_with(reason), "{file}: {}", refused(file));
    }
}

#[test]
fn what_begins_right_after_a_find_is_waited_for() {
    let hash = "$2a$14$Z5Of293bkwC2h052tVB.3DaslMVSRNx1X4eovDDE4oujBWMxlP/J1";
    let text = format!("{hash}-gb_api_H3AHa2vIW008IhGAHnQgIBd7f1auEg3wH6jFRDGK ");
    for cut in 0..text.len() {
        assert_eq!(masked(Shapes::built_in().as_ref(), text.as_bytes(), &[cut]).len(), 2, "cut at {cut}");
    }
}

/// What is found when every rule is tried at every place.
fn tried_everywhere(shapes: &Shapes, text: &[u8]) -> Vec<(usize, usize)> {
    let searches = shapes.searches.iter();
    let starts = searches.flat_map(|search| (0..text.len()).map(move |start| (search, start)));
    let tried = starts.filter(|(search, start)| search.may_start(text, *start));
    let mut sights =
        tried.filter_map(|(search, start)| shapes.judge(search.shape, text, start, true, None)).collect::<Vec<_>>();
    sights.sort_unstable_by_key(Sight::order);
    let mut found = Vec::<(usize, usize)>::new();
    for sight in sights {
        match sight {
            Sight::Found(Found { start, end, .. }) if found.last().is_none_or(|(_, last)| start >= *last) => {
                found.push((start, end));
            }
            Sight::Found(_) | Sight::More(_) => {}
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn nothing_is_missed_that_a_rule_has_anywhere(
        seed in any::<usize>(),
        pieces in proptest::collection::vec((any::<prop::sample::Index>(), 0_usize..4, any::<prop::sample::Index>()), 1..6),
    ) {
        let shapes = &*Shapes::built_in();
        let mut random = numbers(seed);
        let mut text = Vec::new();
        for (shape, kind, filler) in pieces {
            text.extend_from_slice([FILLERS[filler.index(FILLERS.len())], "\\n", "%3D", "\\u003d"][kind].as_bytes());
            let (sample, _) = shapes.shapes[shape.index(shapes.shapes.len())].pattern.sample(&mut random);
            text.extend_from_slice(&sample);
        }
        let found = shapes.all(&text);
        for (start, end) in tried_everywhere(shapes, &text) {
            // A value after a word may begin before it.
            let is_found = found.iter().any(|of| of.start <= start && end.min(of.end) > start);
            prop_assert!(is_found, "{start}..{end} in {}", String::from_utf8_lossy(&text));
        }
    }
}

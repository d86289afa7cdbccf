//! `[masking]`, and what an upstream's own table changes.

use config::{Action, LeakAction, WhenDown};
use model::Timestamp;

use crate::support::{errors, load_text, with_parts};

#[test]
fn an_upstream_is_masked_as_its_own_table_says_and_then_as_the_one_for_all() {
    let text = with_parts(
        r#"
[upstreams.masking.answers]
live_secrets = "end_session"
kinds = { US_SSN = "block" }

[masking]
score_min = 40
region = "DE"
[masking.answers]
personal_data = "mask"
kinds = { US_SSN = "mask", IP_ADDRESS = "detect" }
[masking.calls]
credentials = "block"
[[masking.patterns]]
name = "ACCOUNT"
pattern = 'ACCT-\d{6,10}'
context = ["account"]
[[masking.allow]]
text = "4111 1111 1111 1111"
class = "CREDIT_CARD"
owner = "payments"
until = 2027-01-31
"#,
    );
    let loaded = load_text(&text).unwrap();
    let [github, billing] = [0, 1].map(|place: usize| &loaded.upstreams[place].masking);
    assert_eq!((github.live_secrets, billing.live_secrets), (LeakAction::Mask, LeakAction::EndSession));
    assert_eq!((github.answers.kinds["US_SSN"], billing.answers.kinds["US_SSN"]), (Action::Mask, Action::Block));
    assert_eq!(billing.answers.kinds["IP_ADDRESS"], Action::Detect);
    assert_eq!((billing.answers.personal_data, billing.calls.personal_data), (Action::Mask, Action::Detect));
    assert_eq!((billing.answers.credentials, billing.calls.credentials), (Action::Mask, Action::Block));
    let masking = &loaded.masking;
    assert_eq!((masking.score_min, masking.region.as_deref(), masking.patterns[0].score), (40, Some("DE"), 60));
    assert_eq!(masking.allowed[0].until, Timestamp::from_rfc3339("2027-01-31T23:59:59Z").unwrap());
}

#[test]
fn a_text_is_allowed_by_somebody_until_some_day() {
    let entry = "[[masking.allow]]\ntext = \"x\"\n";
    let said = errors(&with_parts(&format!("{entry}until = 2027-01-31\n")));
    assert!(said.contains("owner"), "{said}");
    let said = errors(&with_parts(&format!("{entry}owner = \"ann\"\nuntil = 2027-01-31T10:00:00Z\n")));
    assert!(said.contains("a day, such as 2027-01-31"), "{said}");
}

#[test]
fn a_pattern_has_a_name_of_its_own_and_a_region_two_letters() {
    let pattern = "[[masking.patterns]]\nname = \"A\"\npattern = \"a\"\n";
    let said = errors(&with_parts(&pattern.repeat(2)));
    assert!(said.contains("two patterns `A`"), "{said}");
    let said = errors(&with_parts("[masking]\nregion = \"Germany\"\n"));
    assert!(said.contains("two capital letters"), "{said}");
}

#[test]
fn files_of_rules_are_named_with_stars_and_exist() {
    let loaded = load_text(&with_parts("[masking]\nrules = [\"*.key\"]\n")).unwrap().masking;
    let names: Vec<_> = loaded.rule_files.iter().filter_map(|file| file.file_name()?.to_str()).collect();
    assert_eq!(names, ["closed.key", "open.key"]);
    assert!(load_text(&with_parts("")).unwrap().masking.rule_files.is_empty());
    let said = errors(&with_parts("[masking]\nrules = [\"own.toml\"]\n"));
    assert!(said.contains("no file is named own.toml") && said.contains("how a rule is written"), "{said}");
}

#[test]
fn an_analyzer_that_is_down_denies_unless_the_file_says_otherwise() {
    let analyzer = |lines: &str| with_parts(&format!("[masking.analyzer]\nkind = \"presidio\"\n{lines}\n"));
    let loaded = load_text(&analyzer("url = \"https://presidio.example\"")).unwrap().masking.analyzer.unwrap();
    assert_eq!((loaded.when_down, loaded.deadline.as_millis(), loaded.text_bytes_max), (WhenDown::Deny, 2000, 131_072));
    assert_eq!(loaded.entities, ["PERSON", "LOCATION"]);
    let lines = "url = \"http://127.0.0.1:5002\"\naddresses = \"loopback\"\nwhen_down = \"pass\"";
    assert_eq!(load_text(&analyzer(lines)).unwrap().masking.analyzer.unwrap().when_down, WhenDown::Pass);
}

#[test]
fn an_analyzer_is_asked_for_kinds_of_one_meaning_and_not_in_the_clear() {
    let analyzer = |lines: &str| {
        let pattern = "[[masking.patterns]]\nname = \"PLACE\"\npattern = \"a\"\n";
        errors(&with_parts(&format!("[masking.analyzer]\nkind = \"presidio\"\n{lines}\n{pattern}")))
    };
    let url = "url = \"https://presidio.example\"\n";
    assert!(analyzer("url = \"http://presidio.example\"").contains("without TLS"));
    assert!(analyzer("url = \"https://127.0.0.1\"").contains("addresses = \"loopback\""));
    for (entities, why) in [
        ("[\"PERSON\", \"PERSON\"]", "stands here twice"),
        ("[\"PLACE\"]", "name of a pattern as well"),
        ("[\"Person\"]", "such as PERSON"),
    ] {
        let said = analyzer(&format!("{url}entities = {entities}"));
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn a_pseudonym_stands_for_personal_data_in_answers_and_for_nothing_else() {
    let loaded = load_text(&with_parts("[masking.answers.kinds]\nUS_SSN = \"tokenize\"\n")).unwrap();
    assert!(loaded.upstreams.iter().all(|upstream| upstream.masking.answers.tokenize()));
    assert!(!loaded.upstreams.iter().any(|upstream| upstream.masking.calls.tokenize()));
    for refused in ["answers]\nnamed_fields", "answers]\ncredentials", "calls]\npersonal_data", "calls.kinds]\nUS_SSN"]
    {
        let said = errors(&with_parts(&format!("[masking.{refused} = \"tokenize\"\n")));
        assert!(said.contains("`tokenize`") && said.contains("`mask`"), "{refused}: {said}");
    }
}

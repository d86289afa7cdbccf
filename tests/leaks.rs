//! Every way in which an upstream may give the injected credential back, through the running broker, judged by decoders of its own.
//!
//! Without more said this is a run of a few thousand cases; `cargo xtask leaks` makes the whole one.

mod benign;
mod bombs;
mod caller;
mod run;
mod timing;
mod upstream;

use std::env;

use ::leaks::{
    corpus::Corpus,
    encoding::{Class, Encoding},
    judge::Judge,
    shape::Credential,
};

use self::run::Run;

/// Every so many-th case of the corpus is run where nobody asked for more.
const EVERY: usize = 101;
const SEED: u64 = 1;

#[tokio::test]
async fn no_credential_comes_back_in_any_encoding_channel_or_split() {
    let seed = number("CLAVIGER_LEAKS_SEED").unwrap_or(SEED);
    let every = number("CLAVIGER_LEAKS_EVERY").map_or(EVERY, |every| usize::try_from(every).expect("a small number"));
    let only = env::var_os("CLAVIGER_LEAKS_ONLY").unwrap_or_default();
    let only = only.to_string_lossy().split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let is_slice = !only.is_empty();
    let corpus = Corpus { seed, classes: &[Class::A, Class::B, Class::C], every, only };
    let is_long = env::var_os("CLAVIGER_LEAKS_EVERY").is_some();
    let run = Run::start(&corpus, is_long).await;
    let report = run.finish().await;
    println!("{report}");
    report.judge(is_slice);
}

#[test]
fn the_judge_reads_every_encoding_that_must_be_stopped() {
    for credential in Credential::one_of_each(SEED) {
        for encoding in Encoding::all().filter(|encoding| encoding.class == Class::A) {
            let is_read = Judge::reads_encoding(credential.text().as_bytes(), &encoding);
            assert!(is_read, "{} of {}", encoding.name, credential.shape().as_str());
        }
        let other = Credential::one_of_each(SEED + 1).into_iter().find(|other| other.shape() == credential.shape());
        let other = other.expect("there is one of each shape");
        for encoding in Encoding::all() {
            let written = encoding.write(other.text().as_bytes());
            assert!(!Judge::of(&credential).finds(&written), "{} of another secret", encoding.name);
        }
    }
}

#[test]
fn a_corpus_of_one_seed_is_always_the_same_and_names_its_cases() {
    let credentials = Credential::one_of_each(SEED);
    let cases = |seed| Corpus { seed, classes: &[Class::A], every: 5000, only: Vec::new() }.cases(&credentials);
    let ids = |seed| cases(seed).iter().map(::leaks::corpus::Case::id).collect::<Vec<_>>();
    assert_eq!(ids(7), ids(7));
    assert_ne!(ids(7), ids(8));
    for id in ids(7) {
        assert_eq!(::leaks::corpus::Case::of_id(&id).map(|case| case.id()), Some(id));
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = env::var_os(variable)?;
    let number = text.to_str().and_then(|text| text.parse().ok());
    Some(number.unwrap_or_else(|| panic!("{variable} is a whole number")))
}

//! `[masking.analyzer]`: the service that finds names and places.

use std::{fmt, ops::Range, path::PathBuf, str::FromStr, time::Duration};

use model::{AddressClass, Destination};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    address::{Addresses, check_reach, existing_file, is_readable_on_the_way},
    at::{At, Number, Text, text},
    problem::Problems,
};

/// The service that finds what has no form.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Analyzer {
    /// Where it is; `https`, or this machine.
    pub url: Destination,
    /// Which addresses its host may resolve to.
    pub addresses: AddressClass,
    /// Trusted in place of the operating system's certificate authorities; PEM, and the file exists.
    pub certificate_authority: Option<PathBuf>,
    /// The kinds that it may be asked for, by its names; each once.
    pub entities: Vec<String>,
    /// The language of the texts.
    pub language: String,
    /// How sure a find must be, from 0 to 100.
    pub score_min: u8,
    /// How long an analysis may take.
    pub deadline: Duration,
    /// How many requests it gets at once.
    pub requests_max: usize,
    /// The most bytes of one text that it is asked about.
    pub text_bytes_max: usize,
    /// What becomes of what it did not look at.
    pub when_down: WhenDown,
}

/// What becomes of what an analyzer did not look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WhenDown {
    /// It is refused.
    #[default]
    Deny,
    /// It passes as it is, and the log says so.
    Pass,
}

/// What an analyzer speaks.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// The HTTP interface of Presidio's analyzer: `POST /analyze`.
    Presidio,
}

/// A service with a language model, which finds what has no form, such as names and places. Calls and answers are sent to it only
/// where `kinds` says what is done with one of its `entities`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnalyzerTable {
    /// What it speaks.
    #[serde(rename = "kind")]
    _kind: Kind,
    /// Where it is; `analyze` is asked below it. With `https`, or on this machine: personal data is sent there.
    url: At<Destination>,
    /// Which addresses its host may resolve to.
    #[serde(default)]
    addresses: Addresses,
    /// A PEM file of certificate authorities, trusted here in place of the operating system's.
    certificate_authority: Option<At<PathBuf>>,
    /// The kinds that it may be asked for, by its names. In `kinds` they stand beside those that Claviger finds itself.
    #[serde(default = "entities_default")]
    entities: Vec<At<EntityName>>,
    /// The language of the texts, as in ISO 639-1; the service must have a model of it.
    #[serde(default = "language_default")]
    language: At<Text>,
    /// How sure it must be of a find, from 0 to 100.
    #[serde(default = "score_min_default")]
    score_min: At<Number<0, 100>>,
    /// How long it may take over one call, one answer or one event, in milliseconds.
    #[serde(default = "deadline_default")]
    deadline_ms: At<Number<1, 60_000>>,
    /// How many requests it gets at once; others wait, within their deadline.
    #[serde(default = "requests_max_default")]
    requests_max: At<Number<1, 256>>,
    /// The most bytes of one call, one answer or one event that it is asked about. Up to so many are held in memory until it answers.
    #[serde(default = "text_bytes_max_default")]
    text_bytes_max: At<Number<1024, 1_048_576>>,
    /// What becomes of a call or an answer when it does not answer in time, or when there is more than `text_bytes_max` of it. What
    /// is only detected always passes.
    #[serde(default)]
    when_down: WhenDown,
}

fn entities_default() -> Vec<At<EntityName>> {
    ["PERSON", "LOCATION"].map(|name| At::implied(EntityName(name.to_owned()))).into()
}

fn language_default() -> At<Text> {
    At::implied(Text("en".to_owned()))
}

const fn score_min_default() -> At<Number<0, 100>> {
    Number::implied(50)
}

const fn deadline_default() -> At<Number<1, 60_000>> {
    Number::implied(2000)
}

const fn requests_max_default() -> At<Number<1, 256>> {
    Number::implied(8)
}

const fn text_bytes_max_default() -> At<Number<1024, 1_048_576>> {
    Number::implied(131_072)
}

impl AnalyzerTable {
    /// `own` are the names of the operator's own kinds.
    pub(crate) fn check(self, own: &[&str], problems: &mut Problems<'_>) -> Analyzer {
        if is_readable_on_the_way(&self.url.value) {
            problems
                .at(&self.url.span, "personal data would travel to this URL without TLS")
                .help_with("write an https URL; http is for a service on this machine");
        } else {
            check_reach(&self.url.value, &self.url.span, self.addresses, problems);
        }
        let mut entities: Vec<String> = Vec::new();
        for At { value: EntityName(name), span } in self.entities {
            if own.contains(&name.as_str()) {
                clash(&span, format!("`{name}` is the name of a pattern as well"), problems);
            } else if entities.contains(&name) {
                clash(&span, format!("`{name}` stands here twice"), problems);
            }
            entities.push(name);
        }
        let certificate_authority = self.certificate_authority.map(|path| existing_file(&path, false, problems));
        Analyzer {
            url: self.url.value,
            addresses: self.addresses.into(),
            certificate_authority,
            entities,
            language: self.language.value.0,
            score_min: u8::try_from(self.score_min.value.0).unwrap_or(100),
            deadline: Duration::from_millis(u64::from(self.deadline_ms.value.0)),
            requests_max: self.requests_max.value.0 as usize,
            text_bytes_max: self.text_bytes_max.value.0 as usize,
            when_down: self.when_down,
        }
    }
}

fn clash(span: &Range<usize>, what: String, problems: &mut Problems<'_>) {
    problems.at(span, what).help_with("a name in `kinds` stands for one kind; remove one of the two");
}

/// An analyzer's name for a kind of personal data.
#[derive(Debug)]
struct EntityName(String);

impl FromStr for EntityName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        if (1..=64).contains(&text.len()) && text.bytes().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err("not a kind as an analyzer names it: A-Z, 0-9 and '_', such as PERSON")
        }
    }
}

impl fmt::Display for EntityName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text!(EntityName: "name of a kind");

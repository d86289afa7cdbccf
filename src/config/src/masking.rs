//! `[masking]`: what is looked for in answers and in calls, and what is done with what is found.

use std::{collections::BTreeMap, fmt, ops::Range, path::PathBuf, str::FromStr};

use model::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::{
    analyzer::{Analyzer, AnalyzerTable},
    at::{At, Number, Text, Value, text},
    file::all_default,
    named_files::{FilePattern, named_files},
    problem::Problems,
};

/// What is looked for everywhere, besides what an upstream's own table says.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Masking {
    /// The files of the operator's own rules of credentials, in order and each once; all exist.
    pub rule_files: Vec<PathBuf>,
    /// The patterns of the operator's own kinds of personal data.
    pub patterns: Vec<OwnPattern>,
    /// Texts that are left as they are.
    pub allowed: Vec<AllowedText>,
    /// How sure a find of personal data must be, from 0 to 100.
    pub score_min: u8,
    /// The region whose telephone numbers are recognized without a country code, as two letters of ISO 3166.
    pub region: Option<String>,
    /// Who finds what has no form; `None` where nobody does.
    pub analyzer: Option<Analyzer>,
    /// What is done with finds in answers, where an upstream has no table of its own.
    pub answers: Actions,
}

/// What is done with finds in the traffic of one upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UpstreamMasking {
    /// With a credential that Claviger holds.
    pub live_secrets: LeakAction,
    /// With other finds in answers.
    pub answers: Actions,
    /// With finds in calls.
    pub calls: Actions,
}

/// What is done with a credential that Claviger holds and that an upstream sends back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeakAction {
    /// A marker takes its place, and an alarm is raised.
    #[default]
    Mask,
    /// The rest of the answer is withheld as well.
    Block,
    /// The answer is masked, and the session ends.
    EndSession,
}

/// What is done with a find.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Counted, not changed.
    Detect,
    /// A marker takes its place.
    Mask,
    /// A pseudonym takes its place, which is turned back on its way to the same upstream in the same session.
    Tokenize,
    /// Refused.
    Block,
}

/// What is done with a find for which no pseudonym stands: a secret goes nowhere that a caller chooses, and what an agent sends comes
/// from no upstream that it could go back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum OneWayAction {
    /// Counted, not changed.
    Detect,
    /// A marker takes its place.
    Mask,
    /// Refused.
    Block,
}

impl From<OneWayAction> for Action {
    fn from(action: OneWayAction) -> Self {
        match action {
            OneWayAction::Detect => Self::Detect,
            OneWayAction::Mask => Self::Mask,
            OneWayAction::Block => Self::Block,
        }
    }
}

/// What is done with finds that are no credentials of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Actions {
    /// With the value of a field whose name says that it is secret.
    pub named_fields: Action,
    /// With a text of the shape of a credential.
    pub credentials: Action,
    /// With personal data of any kind that is not named below.
    pub personal_data: Action,
    /// With personal data of one kind, by its name.
    pub kinds: BTreeMap<String, Action>,
}

impl Actions {
    /// Whether pseudonyms take the place of anything.
    #[must_use]
    pub fn tokenize(&self) -> bool {
        self.personal_data == Action::Tokenize || self.kinds.values().any(|action| *action == Action::Tokenize)
    }
}

/// A kind of personal data that the operator describes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OwnPattern {
    /// Its name in records and in `kinds`.
    pub name: String,
    /// A regular expression.
    pub pattern: String,
    /// How sure a match alone is, from 0 to 100.
    pub score: u8,
    /// Words that make a match near them surer.
    pub context: Vec<String>,
}

/// A text that looks like something and is known to be harmless.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AllowedText {
    /// The text, whole.
    pub text: String,
    /// The class or kind as which it is allowed; `None` for any.
    pub class: Option<String>,
    /// Who answers for it.
    pub owner: String,
    /// The last second in which it holds.
    pub until: Timestamp,
}

/// What is looked for in what upstreams answer and agents send, and what is done with it. An upstream can have a table of its own,
/// `[upstreams.masking]`, whose keys go before those of `answers` and `calls` here.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MaskingTable {
    /// How sure a find of personal data must be, from 0 to 100. A number with a checksum that holds is surer than one without; a
    /// telling word near it makes either surer.
    #[serde(default = "score_min_default")]
    score_min: At<Number<0, 100>>,
    /// The region whose telephone numbers are recognized without a country code: two letters of ISO 3166. Without it, only numbers
    /// that begin with `+` are.
    region: Option<At<Region>>,
    /// Files of rules of credentials of your own, beside those that are built in. A `*` in the last part of a path stands for any
    /// characters; each entry names at least one file. docs/detection.md says how a rule is written.
    #[serde(default)]
    rules: Vec<At<FilePattern>>,
    /// Who finds names and places.
    analyzer: Option<AnalyzerTable>,
    /// Kinds of personal data of your own.
    #[serde(default)]
    patterns: Vec<PatternTable>,
    /// Texts that look like something and are known to be harmless.
    #[serde(default)]
    allow: Vec<AllowTable>,
    /// What is done with finds in what upstreams answer.
    #[serde(default)]
    answers: AnswersTable,
    /// What is done with finds in what agents send.
    #[serde(default)]
    calls: CallsTable,
}

all_default!(MaskingTable);

/// What is done with finds in the traffic of this upstream. What is left out is as `[masking]` has it.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpstreamMaskingTable {
    /// In what it answers.
    #[serde(default)]
    answers: AnswersTable,
    /// In what agents send to it.
    #[serde(default)]
    calls: CallsTable,
}

/// What is done with finds in what upstreams answer.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AnswersTable {
    /// What is done with a credential that Claviger holds and that comes back. Unsaid: `mask`.
    live_secrets: Option<LeakAction>,
    /// What is done with the value of a field whose name says that it is secret, such as `api_key`. Unsaid: `mask`.
    named_fields: Option<OneWayAction>,
    /// What is done with a text of the shape of a credential, such as `ghp_…`. Unsaid: `mask`.
    credentials: Option<OneWayAction>,
    /// What is done with personal data. Unsaid: `detect`.
    personal_data: Option<Action>,
    /// What is done with personal data of one kind, such as `US_SSN = "mask"`.
    #[serde(default)]
    kinds: BTreeMap<String, Action>,
}

/// What is done with finds in what agents send.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CallsTable {
    /// What is done with the value of a field whose name says that it is secret. Unsaid: `detect`.
    named_fields: Option<OneWayAction>,
    /// What is done with a text of the shape of a credential. Unsaid: `detect`.
    credentials: Option<OneWayAction>,
    /// What is done with personal data. Unsaid: `detect`.
    personal_data: Option<OneWayAction>,
    /// What is done with personal data of one kind.
    #[serde(default)]
    kinds: BTreeMap<String, OneWayAction>,
}

/// A kind of personal data that you describe.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PatternTable {
    /// Its name in the record, in metrics and in `kinds`.
    name: At<Text>,
    /// A regular expression, such as `ACCT-\d{6,10}`. It is matched in time linear in the text, so it has no look-around and no
    /// back-references.
    pattern: At<Text>,
    /// How sure a match is without a word of `context` near it.
    #[serde(default = "score_default")]
    score: At<Number<0, 100>>,
    /// Words that make a match near them surer.
    #[serde(default)]
    context: Vec<At<Text>>,
}

/// A text that looks like something and is known to be harmless.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AllowTable {
    /// The text, whole and as it stands in the traffic. Never a credential: this file is no place for one.
    text: At<Text>,
    /// The class or kind as which it is allowed; unsaid: any.
    class: Option<At<Text>>,
    /// Who answers for it.
    owner: At<Text>,
    /// The last day on which it holds, such as `2027-01-31`.
    until: At<Day>,
}

/// Where a file of rules comes from.
const RULES_SOURCE: &str = "docs/detection.md says how a rule is written";

const fn score_min_default() -> At<Number<0, 100>> {
    Number::implied(50)
}

const fn score_default() -> At<Number<0, 100>> {
    Number::implied(60)
}

impl MaskingTable {
    pub(crate) fn check(self, problems: &mut Problems<'_>) -> (Masking, UpstreamMaskingTable) {
        check_names(&self.patterns, problems);
        let own: Vec<_> = self.patterns.iter().map(|table| table.name.value.0.as_str()).collect();
        let analyzer = self.analyzer.map(|table| table.check(&own, problems));
        let patterns = self.patterns.into_iter().map(|table| OwnPattern {
            name: table.name.value.0,
            pattern: table.pattern.value.0,
            score: share(table.score.value),
            context: table.context.into_iter().map(|word| word.value.0).collect(),
        });
        let allowed = self.allow.into_iter().map(|table| AllowedText {
            text: table.text.value.0,
            class: table.class.map(|class| class.value.0),
            owner: table.owner.value.0,
            until: table.until.value.end,
        });
        let upstreams = UpstreamMaskingTable { answers: self.answers, calls: self.calls };
        let masking = Masking {
            answers: UpstreamMaskingTable::default().over(&upstreams).answers,
            analyzer,
            rule_files: named_files(&self.rules, RULES_SOURCE, problems),
            patterns: patterns.collect(),
            allowed: allowed.collect(),
            score_min: share(self.score_min.value),
            region: self.region.map(|region| region.value.0),
        };
        (masking, upstreams)
    }
}

/// A name of a kind stands for one pattern.
fn check_names(patterns: &[PatternTable], problems: &mut Problems<'_>) {
    let mut seen: BTreeMap<&str, &Range<usize>> = BTreeMap::new();
    for table in patterns {
        if seen.insert(&table.name.value.0, &table.name.span).is_some() {
            problems
                .at(&table.name.span, format!("there are two patterns `{}`", table.name.value))
                .help_with("give this one another name; one expression can hold both: `first|second`");
        }
    }
}

fn share(number: Number<0, 100>) -> u8 {
    u8::try_from(number.0).unwrap_or(100)
}

/// The actions of an upstream's own kinds, then of those for all.
fn joined<A: Copy + Into<Action>>(one: &BTreeMap<String, A>, all: &BTreeMap<String, A>) -> BTreeMap<String, Action> {
    all.iter().chain(one).map(|(kind, action)| (kind.clone(), (*action).into())).collect()
}

impl UpstreamMaskingTable {
    /// What holds for an upstream: its own table, then the one for all.
    pub(crate) fn over(&self, all: &Self) -> UpstreamMasking {
        let (answers, all_answers) = (&self.answers, &all.answers);
        let (calls, all_calls) = (&self.calls, &all.calls);
        UpstreamMasking {
            live_secrets: answers.live_secrets.or(all_answers.live_secrets).unwrap_or_default(),
            answers: Actions {
                named_fields: answers.named_fields.or(all_answers.named_fields).map_or(Action::Mask, Action::from),
                credentials: answers.credentials.or(all_answers.credentials).map_or(Action::Mask, Action::from),
                personal_data: answers.personal_data.or(all_answers.personal_data).unwrap_or(Action::Detect),
                kinds: joined(&answers.kinds, &all_answers.kinds),
            },
            calls: Actions {
                named_fields: calls.named_fields.or(all_calls.named_fields).map_or(Action::Detect, Action::from),
                credentials: calls.credentials.or(all_calls.credentials).map_or(Action::Detect, Action::from),
                personal_data: calls.personal_data.or(all_calls.personal_data).map_or(Action::Detect, Action::from),
                kinds: joined(&calls.kinds, &all_calls.kinds),
            },
        }
    }
}

/// Two letters of ISO 3166.
#[derive(Debug)]
struct Region(String);

impl FromStr for Region {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
            Ok(Self(text.to_owned()))
        } else {
            Err("a region is two capital letters of ISO 3166, such as US or DE")
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text!(Region: "ISO 3166 region");

/// A day of the calendar.
#[derive(Debug)]
struct Day {
    date: toml::value::Date,
    end: Timestamp,
}

impl Value for Day {
    type Written = toml::value::Datetime;

    fn read(written: Self::Written) -> Result<Self, String> {
        let toml::value::Datetime { date: Some(date), time: None, offset: None } = written else {
            return Err("a day, such as 2027-01-31, without a time and without quotes".to_owned());
        };
        let end = Timestamp::from_rfc3339(&format!("{date}T23:59:59Z")).ok_or("a day from 1970 on")?;
        Ok(Self { date, end })
    }

    fn write(&self) -> Self::Written {
        self.date.into()
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date" })
    }
}

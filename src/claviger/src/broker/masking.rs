//! What is looked for in traffic, and what is done with it, from the configuration's words into the scanner's.

use std::{collections::BTreeMap, fs, path::PathBuf, sync::Arc};

use config::{Actions, Config, LeakAction, UpstreamMasking};
use dial::Dialer;
use gateway::{Analyze, Masking};
use model::{Clock as _, SystemClock};
use redact::{Action, Allowed, Class, Entity, OwnPattern, Personal, PersonalSettings, Profile, Rules, Shapes};

use super::analyzing;
use crate::output::Failure;

/// Prepared once for a configuration, and shared by the profiles of its upstreams.
#[derive(Debug)]
pub(super) struct Recognizers {
    personal: Arc<Personal>,
    shapes: Arc<Shapes>,
    allowed: Vec<Allowed>,
    /// Every kind that an action can be said for, by its name.
    kinds: BTreeMap<String, Entity>,
    /// The kinds that an analyzer may be asked for, by its names.
    analyzed: BTreeMap<String, Entity>,
    /// What it calls those that it alone knows.
    analyzed_names: Vec<String>,
    /// `None` where there is none, and where nothing is analyzed, as when a file is scanned.
    analyzer: Option<Arc<dyn Analyze>>,
}

impl Recognizers {
    /// The recognizers that `[masking]` describes.
    pub(super) fn new(masking: &config::Masking) -> Result<Self, Failure> {
        let own = masking.patterns.iter().map(|pattern| OwnPattern {
            name: pattern.name.clone(),
            pattern: pattern.pattern.clone(),
            score: pattern.score,
            context_words: pattern.context.clone(),
        });
        let mut recognizers = Self::of(PersonalSettings {
            score_threshold: masking.score_min,
            default_region: masking.region.clone(),
            own: own.collect(),
            ..PersonalSettings::default()
        })?;
        for name in masking.analyzer.iter().flat_map(|analyzer| &analyzer.entities) {
            recognizers.learn_analyzed(name);
        }
        recognizers.shapes = shapes(&masking.rule_files)?;
        recognizers.allowed = allowed(masking, &recognizers.kinds)?;
        Ok(recognizers)
    }

    fn of(settings: PersonalSettings) -> Result<Self, Failure> {
        let own = (0..).zip(&settings.own).map(|(place, pattern)| (pattern.name.clone(), Entity::Own(place)));
        let known = Entity::ALL.iter().map(|entity| (entity.as_str().to_owned(), *entity));
        let kinds = known.chain(own).collect();
        let personal = Personal::new(settings).map_err(|error| Failure::new(format!("[masking]: {error}")))?;
        Ok(Self {
            personal: Arc::new(personal),
            shapes: Shapes::built_in(),
            allowed: Vec::new(),
            kinds,
            analyzed: BTreeMap::new(),
            analyzed_names: Vec::new(),
            analyzer: None,
        })
    }

    /// A kind that the scanner knows as well is one and the same, whoever finds it.
    fn learn_analyzed(&mut self, name: &str) {
        let place = u16::try_from(self.analyzed_names.len()).unwrap_or(u16::MAX);
        let entity = *self.kinds.entry(name.to_owned()).or_insert(Entity::Analyzed(place));
        if entity == Entity::Analyzed(place) {
            self.analyzed_names.push(name.to_owned());
        }
        self.analyzed.insert(name.to_owned(), entity);
    }

    /// The same, with the analyzer asked that `[masking.analyzer]` names.
    pub(super) fn asking(self, dialer: &Dialer, masking: &config::Masking) -> Result<Self, Failure> {
        let configured = masking.analyzer.as_ref();
        let analyzer = configured.map(|analyzer| analyzing::asking(analyzer, self.analyzed.clone(), dialer));
        Ok(Self { analyzer: analyzer.transpose()?, ..self })
    }

    /// What is looked for in the traffic of an upstream.
    pub(super) fn masking(&self, upstream: &UpstreamMasking) -> Result<Masking, Failure> {
        let live_secrets = match upstream.live_secrets {
            LeakAction::Mask | LeakAction::EndSession => Action::Mask,
            LeakAction::Block => Action::Block,
        };
        let answers = self.profile(&upstream.answers)?.with_action(Class::LiveSecret, live_secrets);
        Ok(Masking {
            profile: Arc::new(answers),
            inspection: Arc::new(self.profile(&upstream.calls)?),
            ends_leaking_sessions: upstream.live_secrets == LeakAction::EndSession,
            analyzer: self.analyzer.clone(),
        })
    }

    fn profile(&self, actions: &Actions) -> Result<Profile, Failure> {
        let by_form = self.kinds.values().filter(|kind| !matches!(kind, Entity::Analyzed(_)));
        let mut of_kinds: BTreeMap<Entity, Action> =
            by_form.map(|kind| (*kind, action(actions.personal_data))).collect();
        for (name, said) in &actions.kinds {
            of_kinds.insert(self.kind(name)?, action(*said));
        }
        let asked = self.analyzed.iter().filter(|(name, _)| actions.kinds.contains_key(*name)).map(|(_, kind)| *kind);
        let profile = Profile::new()
            .with_analyzed(self.analyzed_names.clone(), asked)
            .with_action(Class::NamedField, action(actions.named_fields))
            .with_action(Class::Credential, action(actions.credentials))
            .with_allowed(self.allowed.iter().cloned())
            .with_shapes(Arc::clone(&self.shapes))
            .with_personal(Arc::clone(&self.personal));
        Ok(of_kinds
            .into_iter()
            .fold(profile, |profile, (kind, action)| profile.with_action(Class::Personal(kind), action)))
    }

    fn kind(&self, name: &str) -> Result<Entity, Failure> {
        let known = || self.kinds.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        let kind = self.kinds.get(name).copied();
        kind.ok_or_else(|| Failure::new(format!("[masking]: there is no kind `{name}`; the kinds are {}", known())))
    }
}

/// The rules of credentials that are built in, and the operator's own.
fn shapes(files: &[PathBuf]) -> Result<Arc<Shapes>, Failure> {
    let mut rules = Rules::built_in().map_err(|error| Failure::new(error.to_string()))?;
    let mut shapes = Shapes::built_in();
    for file in files {
        let failed = |error: String| Failure::new(format!("[masking] rules: {}: {error}", file.display()));
        let text = fs::read_to_string(file).map_err(|error| failed(error.to_string()))?;
        rules = rules.and(&text).map_err(|error| failed(error.to_string()))?;
        // With each file, so that what is wrong has a file.
        shapes = Shapes::new(&rules).map(Arc::new).map_err(|error| failed(error.to_string()))?;
    }
    Ok(shapes)
}

/// The texts that are allowed today.
fn allowed(masking: &config::Masking, kinds: &BTreeMap<String, Entity>) -> Result<Vec<Allowed>, Failure> {
    let now = SystemClock.now();
    let mut allowed = Vec::new();
    for entry in &masking.allowed {
        if entry.until < now {
            tracing::warn!(owner = %entry.owner, "an entry of [[masking.allow]] is over, and its text is masked again");
            continue;
        }
        let class = entry.class.as_deref().map(|name| class(name, kinds)).transpose()?;
        allowed.push(Allowed { text: entry.text.clone(), class });
    }
    Ok(allowed)
}

fn class(name: &str, kinds: &BTreeMap<String, Entity>) -> Result<Class, Failure> {
    let known = [Class::NamedField, Class::Credential].into_iter().find(|class| class.as_str() == name);
    let known = known.or_else(|| kinds.get(name).map(|kind| Class::Personal(*kind)));
    known.ok_or_else(|| {
        let why = "it is `credential`, `named_field` or a kind of personal data; a live secret is never allowed";
        Failure::new(format!("[[masking.allow]]: there is no class `{name}`; {why}"))
    })
}

const fn action(said: config::Action) -> Action {
    match said {
        config::Action::Detect => Action::Detect,
        config::Action::Mask => Action::Mask,
        config::Action::Tokenize => Action::Tokenize,
        config::Action::Block => Action::Block,
    }
}

/// What is looked for in answers where there is no configuration: everything, masked.
pub(crate) fn built_in_masking() -> Result<Arc<Profile>, Failure> {
    let recognizers = Recognizers::of(PersonalSettings { default_region: None, ..PersonalSettings::default() })?;
    let profile = recognizers
        .kinds
        .values()
        .fold(Profile::new(), |profile, kind| profile.with_action(Class::Personal(*kind), Action::Mask));
    Ok(Arc::new(profile.with_shapes(Shapes::built_in()).with_personal(recognizers.personal)))
}

/// What is looked for in answers, by a configuration: those of an upstream, or those of which no table of its own speaks.
pub(crate) fn masking(config: &Config, upstream: Option<&str>) -> Result<Arc<Profile>, Failure> {
    let recognizers = Recognizers::new(&config.masking)?;
    let actions = match upstream {
        None => &config.masking.answers,
        Some(name) => {
            let named = config.upstreams.iter().find(|upstream| upstream.name.as_str() == name);
            &named.ok_or_else(|| Failure::new(format!("there is no upstream `{name}`")))?.masking.answers
        }
    };
    recognizers.profile(actions).map(Arc::new)
}

/// Whether the scanner can be made of what `[masking]` says.
pub(crate) fn check_masking(config: &Config) -> Result<(), Failure> {
    let recognizers = Recognizers::new(&config.masking)?;
    config.upstreams.iter().try_for_each(|upstream| recognizers.masking(&upstream.masking).map(drop))
}

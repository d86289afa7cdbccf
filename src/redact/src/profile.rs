//! What is looked for in a stream, and what is done with what is found.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    class::Class, entity::Entity, fields::markup::Markup, personal::Personal, recognizer::Recognizer, shapes::Shapes,
};

/// What is done with a find.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// It is counted, and nothing is changed.
    Detect,
    /// A pseudonym takes its place, which is turned back on its way to where the text came from; without a
    /// [`Substitute`](crate::Substitute) it is masked.
    Tokenize,
    /// A marker takes its place.
    Mask,
    /// The whole answer is refused.
    Block,
}

/// A text that the operator knows to be harmless although it looks like something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// The text, whole.
    pub text: String,
    /// Of which class it is allowed; `None` for any. A live secret is never allowed.
    pub class: Option<Class>,
}

/// What is looked for, and what is done with it. One profile serves any number of streams.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    recognizers: Vec<Arc<dyn Recognizer>>,
    actions: BTreeMap<Class, Action>,
    allowed: Vec<Allowed>,
    /// Those of them that are allowed as the value of a named field.
    allowed_values: Arc<[Box<[u8]>]>,
    /// What the operator calls the kinds of personal data that are its own.
    own: Vec<String>,
    /// What an analyzer calls the kinds of personal data that it alone knows.
    analyzed: Vec<String>,
    /// The kinds that an analyzer is asked for.
    asked: BTreeSet<Entity>,
}

impl Profile {
    /// Only live secrets and fields of telling names, both masked.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets what is done with a class. A live secret is masked or blocks, whatever is said here.
    #[must_use]
    pub fn with_action(mut self, class: Class, action: Action) -> Self {
        self.actions.insert(class, action);
        self
    }

    /// Adds texts that are left as they are.
    #[must_use]
    pub fn with_allowed(mut self, allowed: impl IntoIterator<Item = Allowed>) -> Self {
        self.allowed.extend(allowed);
        let of_fields = |allowed: &&Allowed| allowed.class.is_none_or(|class| class == Class::NamedField);
        let values = self.allowed.iter().filter(of_fields).map(|allowed| allowed.text.as_bytes().into());
        self.allowed_values = values.collect();
        self
    }

    /// Looks for personal data as well.
    #[must_use]
    pub fn with_personal(self, personal: Arc<Personal>) -> Self {
        let own = personal.own_names().to_vec();
        Self { own, ..self.with_recognizer(personal) }
    }

    /// Looks for credentials by their shapes as well, and for secret fields in markup.
    #[must_use]
    pub fn with_shapes(self, shapes: Arc<Shapes>) -> Self {
        self.with_recognizer(shapes).with_recognizer(Arc::new(Markup))
    }

    /// Has an analyzer asked for these kinds as well. `names` are what it calls the kinds that it alone knows.
    #[must_use]
    pub fn with_analyzed(self, names: Vec<String>, asked: impl IntoIterator<Item = Entity>) -> Self {
        Self { analyzed: names, asked: asked.into_iter().collect(), ..self }
    }

    pub(crate) fn with_recognizer(mut self, recognizer: Arc<dyn Recognizer>) -> Self {
        self.recognizers.push(recognizer);
        self
    }

    /// The name of a class, for records and for people.
    #[must_use]
    pub fn name(&self, class: Class) -> &str {
        let given = match class {
            Class::Personal(Entity::Own(place)) => self.own.get(usize::from(place)),
            Class::Personal(Entity::Analyzed(place)) => self.analyzed.get(usize::from(place)),
            Class::LiveSecret | Class::NamedField | Class::Credential | Class::IssuedToken | Class::Personal(_) => None,
        };
        given.map_or(class.as_str(), String::as_str)
    }

    /// What is done with a class.
    #[must_use]
    pub fn action(&self, class: Class) -> Action {
        let action = self.actions.get(&class).copied();
        match class {
            Class::LiveSecret => action.unwrap_or(Action::Mask).max(Action::Mask),
            Class::NamedField | Class::IssuedToken | Class::Credential => action.unwrap_or(Action::Mask),
            Class::Personal(_) => action.unwrap_or(Action::Detect),
        }
    }

    /// Whether anything that may be found is more than counted.
    #[must_use]
    pub fn changes_anything(&self) -> bool {
        let is_more = |action: &Action| *action != Action::Detect;
        let secrets = [Class::NamedField, Class::Credential].map(|class| self.action(class));
        secrets.iter().chain(self.actions.values()).any(is_more)
    }

    /// Whether an analyzer is asked for anything.
    #[must_use]
    pub fn is_analyzed(&self) -> bool {
        !self.asked.is_empty()
    }

    /// Whether anything that an analyzer may find is more than counted.
    #[must_use]
    pub fn analysis_changes_anything(&self) -> bool {
        self.asked.iter().any(|entity| self.action(Class::Personal(*entity)) != Action::Detect)
    }

    pub(crate) fn asks_for(&self, entity: Entity) -> bool {
        self.asked.contains(&entity)
    }

    pub(crate) fn recognizers(&self) -> &[Arc<dyn Recognizer>] {
        &self.recognizers
    }

    /// The values that stay in a field, whatever its name.
    pub(crate) fn allowed_values(&self) -> Arc<[Box<[u8]>]> {
        Arc::clone(&self.allowed_values)
    }

    /// Whether the operator says that this text is harmless.
    pub(crate) fn allows(&self, found: Class, text: &[u8]) -> bool {
        self.allowed
            .iter()
            .any(|allowed| allowed.text.as_bytes() == text && allowed.class.is_none_or(|class| class == found))
    }
}

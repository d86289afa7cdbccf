//! An analyzer that a test plays.

use async_trait::async_trait;
use redact::{Action, Class, Entity, Profile, Span};

use super::{Analyze, Unanalyzed};

/// What the analyzer alone knows.
pub(crate) const PERSON: Entity = Entity::Analyzed(0);

/// Finds `Änn` in each text, as a person.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Played {
    pub(crate) manner: Manner,
    pub(crate) text_bytes_max: usize,
    pub(crate) passes: bool,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Manner {
    Finds,
    IsDown,
    KeepsSilent,
    /// Its finds belong to other texts.
    Misplaces,
}

impl Played {
    pub(crate) const FINDS: Self = Self { manner: Manner::Finds, text_bytes_max: 4096, passes: false };
    pub(crate) const IS_DOWN: Self = Self { manner: Manner::IsDown, ..Self::FINDS };
}

#[async_trait]
impl Analyze for Played {
    fn text_bytes_max(&self) -> usize {
        self.text_bytes_max
    }

    fn passes_unanalyzed(&self) -> bool {
        self.passes
    }

    async fn analyze(&self, texts: &[&str]) -> Result<Vec<Vec<Span>>, Unanalyzed> {
        let shift = match self.manner {
            Manner::Finds => 0,
            Manner::IsDown => return Err(Unanalyzed::NoAnswer),
            Manner::KeepsSilent => return std::future::pending().await,
            Manner::Misplaces => 1,
        };
        let spans = |text: &&str| {
            let found = text.match_indices("Änn");
            found.map(|(at, name)| Span { start: at + shift, end: at + name.len(), entity: PERSON }).collect()
        };
        Ok(texts.iter().map(spans).collect())
    }
}

/// Asks for persons.
pub(crate) fn asking(action: Action) -> Profile {
    Profile::new().with_analyzed(vec!["PERSON".to_owned()], [PERSON]).with_action(Class::Personal(PERSON), action)
}

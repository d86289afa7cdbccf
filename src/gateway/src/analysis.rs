//! Names and places have no form: an analyzer with a model finds them, or what it should have looked at is refused.

use std::{fmt::Debug, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use redact::{Profile, Report, Span, Texts};

/// Finds in texts what has no form.
#[async_trait]
pub trait Analyze: Debug + Send + Sync {
    /// The most bytes of a call, of an answer, or of one event of an answer, that are analyzed.
    fn text_bytes_max(&self) -> usize;

    /// Whether the operator says that what nobody looked at passes.
    fn passes_unanalyzed(&self) -> bool;

    /// What was found in each text, in the order of the texts. An implementation has a deadline of its own, and gives up when the
    /// future is dropped.
    ///
    /// # Errors
    /// [`Unanalyzed::NoAnswer`].
    async fn analyze(&self, texts: &[&str]) -> Result<Vec<Vec<Span>>, Unanalyzed>;
}

/// Why nobody looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unanalyzed {
    /// The analyzer gave no answer that counts, or none in time.
    #[error("the analyzer of personal data gave no answer")]
    NoAnswer,
    /// It is not asked about so much.
    #[error("it is longer than what the analyzer of personal data is asked about")]
    TooLong,
}

/// An analyzer, and the profile that says what of its finds counts.
#[derive(Debug, Clone)]
pub(crate) struct Analysis {
    analyzer: Arc<dyn Analyze>,
    profile: Arc<Profile>,
}

impl Analysis {
    /// `None` where `profile` asks for nothing that an analyzer finds.
    pub(crate) fn over(analyzer: Option<&Arc<dyn Analyze>>, profile: &Arc<Profile>) -> Option<Self> {
        let analyzer = analyzer.filter(|_| profile.is_analyzed())?;
        Some(Self { analyzer: Arc::clone(analyzer), profile: Arc::clone(profile) })
    }

    /// Whether so many bytes are analyzed; where they are not, they pass as they are.
    ///
    /// # Errors
    /// [`Unanalyzed::TooLong`] where they do not pass.
    pub(crate) fn admits(&self, bytes: usize) -> Result<bool, Unanalyzed> {
        if bytes <= self.analyzer.text_bytes_max() {
            Ok(true)
        } else {
            self.excuse(Unanalyzed::TooLong).map(|()| false)
        }
    }

    /// What may pass of these texts, and what was found in them.
    ///
    /// # Errors
    /// [`Unanalyzed`] where nobody looked and they do not pass.
    pub(crate) async fn mask(&self, body: Bytes, texts: Texts) -> Result<(Bytes, Report), Unanalyzed> {
        let mut report = Report::default();
        let shown = texts.shown();
        if shown.is_empty() {
            return Ok((body, report));
        }
        let found = self.analyzer.analyze(&shown).await;
        let masked = found.and_then(|found| {
            texts.mask(&found, &self.profile, &mut report).map_err(|error| {
                tracing::warn!(%error, "an answer of the analyzer does not count");
                Unanalyzed::NoAnswer
            })
        });
        match masked {
            Ok(masked) => Ok((masked, report)),
            Err(unanalyzed) => self.excuse(unanalyzed).map(|()| (body, Report::default())),
        }
    }

    /// What nobody looked at passes where the operator says so, and where nothing would have been changed.
    fn excuse(&self, unanalyzed: Unanalyzed) -> Result<(), Unanalyzed> {
        let passes = self.analyzer.passes_unanalyzed() || !self.profile.analysis_changes_anything();
        tracing::warn!(error = %unanalyzed, passes, "nobody looked for names and places");
        if passes { Ok(()) } else { Err(unanalyzed) }
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

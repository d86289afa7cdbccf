//! The analyzer of `[masking.analyzer]`: asked over HTTP, its kinds given as the scanner's.

use std::{collections::BTreeMap, sync::Arc};

use analyzer::{Analysis, Analyzer, AnalyzerSettings, WhenDown};
use async_trait::async_trait;
use config::Config;
use dial::{Dialer, Target, Timeouts};
use gateway::{Analyze, Unanalyzed};
use redact::{Entity, Span};
use url::Url;

use super::issuers::trust_anchors;
use crate::output::Failure;

#[derive(Debug)]
struct Asking {
    analyzer: Analyzer,
    /// What its names mean.
    kinds: BTreeMap<String, Entity>,
    text_bytes_max: usize,
    passes_unanalyzed: bool,
}

/// Asks the configured analyzer for these kinds, by its names for them.
pub(super) fn asking(
    configured: &config::Analyzer,
    kinds: BTreeMap<String, Entity>,
    dialer: &Dialer,
) -> Result<Arc<dyn Analyze>, Failure> {
    let failed = |error: String| Failure::new(format!("[masking.analyzer]: {error}"));
    let url = Url::parse(&configured.url.to_string()).map_err(|error| failed(error.to_string()))?;
    let anchors = configured.certificate_authority.as_deref().map(trust_anchors).transpose()?;
    let passes_unanalyzed = configured.when_down == config::WhenDown::Pass;
    let settings = AnalyzerSettings {
        anchors,
        language: configured.language.clone(),
        entities: configured.entities.clone(),
        score_threshold: configured.score_min,
        deadline: configured.deadline,
        concurrency_max: configured.requests_max,
        when_down: if passes_unanalyzed { WhenDown::Pass } else { WhenDown::Deny },
        ..AnalyzerSettings::new(url, configured.addresses)
    };
    let analyzer = Analyzer::new(dialer.clone(), settings).map_err(|error| failed(error.to_string()))?;
    let text_bytes_max = configured.text_bytes_max;
    Ok(Arc::new(Asking { analyzer, kinds, text_bytes_max, passes_unanalyzed }))
}

/// How the configured analyzer is reached.
pub(crate) fn analyzer_target(config: &Config) -> Result<Option<Target>, Failure> {
    let Some(analyzer) = &config.masking.analyzer else { return Ok(None) };
    let anchors = analyzer.certificate_authority.as_deref().map(trust_anchors).transpose()?;
    let (destination, class, timeouts) = (analyzer.url.clone(), analyzer.addresses, Timeouts::default());
    Ok(Some(Target { destination, class, anchors, timeouts }))
}

#[async_trait]
impl Analyze for Asking {
    fn text_bytes_max(&self) -> usize {
        self.text_bytes_max
    }

    fn passes_unanalyzed(&self) -> bool {
        self.passes_unanalyzed
    }

    async fn analyze(&self, texts: &[&str]) -> Result<Vec<Vec<Span>>, Unanalyzed> {
        let Ok(Analysis::Complete(found)) = self.analyzer.analyze(texts).await else {
            return Err(Unanalyzed::NoAnswer);
        };
        // A kind that it was not asked for is none that anything is done with.
        let span = |finding: analyzer::Finding| {
            let entity = *self.kinds.get(&finding.entity)?;
            Some(Span { start: finding.start, end: finding.end, entity })
        };
        Ok(found.into_iter().map(|of_text| of_text.into_iter().filter_map(span).collect()).collect())
    }
}

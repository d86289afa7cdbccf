//! One analysis: texts go out in batches, each answer is read, and what is missing at the deadline is down.

use std::fmt;

use bytes::Bytes;
use dial::{Dialer, FetchError, FetchLimits, Reach, Submission};
use futures_util::future::try_join_all;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde::Serialize;
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};
use url::Url;

use crate::{
    AnalyzerSettings, Finding, InvalidAnalyzerSettings, WhenDown,
    answer::{self, Malformed},
    batch::{self, Part},
    breaker::Breaker,
};

/// Findings of a batch: some hundred bytes for each ten bytes of text would still fit.
const ANSWER_LENGTH_MAX: usize = 1024 * 1024;

/// Asks one service.
pub struct Analyzer {
    dialer: Dialer,
    settings: AnalyzerSettings,
    endpoint: Url,
    reach: Reach,
    turns: Semaphore,
    breaker: Breaker,
}

/// What became of texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Analysis {
    /// The findings of each text, in the order of the texts and of their places.
    Complete(Vec<Vec<Finding>>),
    /// Nobody looked, and the settings say that texts pass then.
    Skipped,
}

/// Nobody looked at the texts, so that they must not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// It was asked, and there is no answer that counts.
    #[error("the analyzer of personal data did not answer")]
    NoAnswer,
    /// There was no time left for an answer.
    #[error("the analyzer of personal data did not answer in time")]
    Late,
    /// It failed several times, and is left alone for a while.
    #[error("the analyzer of personal data is not asked for a few seconds, for it failed several times")]
    Resting,
}

/// A request, as Presidio reads it.
#[derive(Serialize)]
struct Asked<'a> {
    text: &'a [&'a str],
    language: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    entities: Option<&'a [String]>,
    score_threshold: f64,
}

impl Analyzer {
    /// An analyzer that dials with `dialer`.
    ///
    /// # Errors
    /// See [`InvalidAnalyzerSettings`].
    pub fn new(dialer: Dialer, settings: AnalyzerSettings) -> Result<Self, InvalidAnalyzerSettings> {
        settings.judge()?;
        Ok(Self {
            dialer,
            endpoint: settings.endpoint(),
            reach: settings.reach(),
            turns: Semaphore::new(settings.concurrency_max),
            breaker: Breaker::default(),
            settings,
        })
    }

    /// Asks what personal data is in the texts. Returns within the deadline of the settings. Dropping the future gives up.
    ///
    /// # Errors
    /// See [`Unavailable`]; none where the settings let texts pass when the service is down.
    pub async fn analyze(&self, texts: &[&str]) -> Result<Analysis, Unavailable> {
        match self.complete(texts).await {
            Ok(findings) => Ok(Analysis::Complete(findings)),
            Err(unavailable) => {
                tracing::warn!(error = %unavailable, text_count = texts.len(), "personal data was not analyzed");
                match self.settings.when_down {
                    WhenDown::Deny => Err(unavailable),
                    WhenDown::Pass => Ok(Analysis::Skipped),
                }
            }
        }
    }

    async fn complete(&self, texts: &[&str]) -> Result<Vec<Vec<Finding>>, Unavailable> {
        let batches = batch::batches(texts);
        let mut findings = vec![Vec::new(); texts.len()];
        if batches.is_empty() {
            return Ok(findings);
        }
        if !self.breaker.admits() {
            return Err(Unavailable::Resting);
        }
        let deadline = Instant::now() + self.settings.deadline;
        let asked = try_join_all(batches.iter().map(|batch| self.ask(texts, batch)));
        let answers = match timeout_at(deadline, asked).await {
            Ok(Ok(answers)) => answers,
            Err(_) => {
                self.breaker.note_failure();
                return Err(Unavailable::Late);
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "the analyzer did not answer");
                self.breaker.note_failure();
                return Err(Unavailable::NoAnswer);
            }
        };
        self.breaker.note_answer();
        for (part, found) in batches.iter().flatten().zip(answers.into_iter().flatten()) {
            let moved = found.into_iter().map(|finding| Finding {
                start: finding.start + part.bytes.start,
                end: finding.end + part.bytes.start,
                ..finding
            });
            if let Some(of_text) = findings.get_mut(part.text) {
                of_text.extend(moved);
            }
        }
        Ok(findings)
    }

    /// Asks about one batch.
    async fn ask(&self, texts: &[&str], batch: &[Part]) -> Result<Vec<Vec<Finding>>, NoAnswer> {
        let parts = batch.iter().filter_map(|part| texts.get(part.text)?.get(part.bytes.clone())).collect::<Vec<_>>();
        let asked = Asked {
            text: &parts,
            language: &self.settings.language,
            entities: (!self.settings.entities.is_empty()).then_some(&self.settings.entities),
            score_threshold: f64::from(self.settings.score_threshold) / 100.0,
        };
        let body = serde_json::to_vec(&asked).map_err(|_| NoAnswer::Unwritable)?;
        let _turn = self.turns.acquire().await.map_err(|_| NoAnswer::Unwritable)?;
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let submission = Submission { method: Method::POST, url: &self.endpoint, headers, body: Bytes::from(body) };
        // The deadline of the analysis ends it before.
        let limits = FetchLimits { body_length_max: ANSWER_LENGTH_MAX, timeout: self.settings.deadline * 2 };
        let fetched = self.dialer.submit(submission, limits, &self.reach).await?;
        if fetched.status != StatusCode::OK {
            return Err(NoAnswer::Status(fetched.status));
        }
        Ok(answer::read(&fetched.body, &parts)?)
    }
}

impl fmt::Debug for Analyzer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Analyzer").field("endpoint", &self.endpoint.as_str()).finish_non_exhaustive()
    }
}

/// Why there is no answer; for the log.
#[derive(Debug, thiserror::Error)]
enum NoAnswer {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error("the analyzer answered with status {0}")]
    Status(StatusCode),
    #[error("the request could not be written")]
    Unwritable,
}

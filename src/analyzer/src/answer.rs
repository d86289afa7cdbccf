//! What a service answers: findings, whose places are counted in characters and become places in bytes here.

use serde::Deserialize;

/// Something that was found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is, by the service's name for it, such as `PERSON`: capital letters, digits and underscores.
    pub entity: String,
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
    /// How sure that is, from 0 to 100.
    pub score: u8,
}

/// Why an answer is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("the analyzer answered something else than a list of findings for each text")]
    Shape,
    #[error("the analyzer found something outside of the text")]
    Place,
    #[error("the analyzer named a kind with other characters than capital letters, digits and underscores")]
    Name,
}

/// One finding, as it is written.
#[derive(Deserialize)]
struct Written {
    entity_type: String,
    start: usize,
    end: usize,
    score: f64,
}

/// No kind of Presidio's has a longer name than half of this.
const NAME_LENGTH_MAX: usize = 64;

/// Reads the findings of each text of a batch.
pub(crate) fn read(body: &[u8], texts: &[&str]) -> Result<Vec<Vec<Finding>>, Malformed> {
    let answers: Vec<Vec<Written>> = serde_json::from_slice(body).map_err(|_| Malformed::Shape)?;
    if answers.len() != texts.len() {
        return Err(Malformed::Shape);
    }
    answers.into_iter().zip(texts).map(|(answer, text)| of_text(answer, text)).collect()
}

fn of_text(answer: Vec<Written>, text: &str) -> Result<Vec<Finding>, Malformed> {
    let places = Places::of(text);
    let read = |written: Written| {
        let (start, end) = places.byte(written.start).zip(places.byte(written.end)).ok_or(Malformed::Place)?;
        if start >= end {
            return Err(Malformed::Place);
        }
        let is_name = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        if !(1..=NAME_LENGTH_MAX).contains(&written.entity_type.len()) || !written.entity_type.bytes().all(is_name) {
            return Err(Malformed::Name);
        }
        let score = (written.score.clamp(0.0, 1.0) * 100.0).round();
        Ok(Finding { entity: written.entity_type, start, end, score: score as u8 })
    };
    let mut findings = answer.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    findings.sort_unstable_by_key(|finding| (finding.start, finding.end));
    Ok(findings)
}

/// Where the characters of a text begin.
enum Places {
    /// Each character is a byte.
    Same {
        length: usize,
    },
    Counted(Vec<usize>),
}

impl Places {
    fn of(text: &str) -> Self {
        if text.is_ascii() {
            return Self::Same { length: text.len() };
        }
        Self::Counted(text.char_indices().map(|(byte, _)| byte).chain([text.len()]).collect())
    }

    fn byte(&self, character: usize) -> Option<usize> {
        match self {
            Self::Same { length } => (character <= *length).then_some(character),
            Self::Counted(bytes) => bytes.get(character).copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_characters_become_places_in_bytes() {
        let text = "Grüße von 山田 😀 Ann";
        let body = br#"[[{"entity_type":"PERSON","start":15,"end":18,"score":0.85},
            {"entity_type":"PERSON","start":10,"end":12,"score":1.0,"analysis_explanation":null}]]"#;
        let findings = read(body, &[text]).unwrap().concat();
        let found: Vec<_> = findings.iter().map(|finding| (&text[finding.start..finding.end], finding.score)).collect();
        assert_eq!(found, [("山田", 100), ("Ann", 85)]);
    }

    #[test]
    fn an_answer_to_something_else_is_refused() {
        let finding = |name: &str, start, end| {
            format!("[[{{\"entity_type\":\"{name}\",\"start\":{start},\"end\":{end},\"score\":0.5}}]]")
        };
        for (body, expected) in [
            ("{\"error\":\"no\"}".to_owned(), Malformed::Shape),
            ("[]".to_owned(), Malformed::Shape),
            ("[[],[]]".to_owned(), Malformed::Shape),
            (finding("PERSON", 0, 4), Malformed::Place),
            (finding("PERSON", 2, 2), Malformed::Place),
            (finding("Person", 0, 2), Malformed::Name),
            (finding("", 0, 2), Malformed::Name),
        ] {
            assert_eq!(read(body.as_bytes(), &["abc"]), Err(expected), "{body}");
        }
        assert!(read(finding("PERSON", 0, 3).as_bytes(), &["abc"]).is_ok());
    }
}

//! The operator's own patterns: regular expressions that match in linear time, with a bound on what they match.

use regex_automata::{
    Input,
    meta::{BuildError, Regex},
    util::syntax,
};
use regex_syntax::{ParserBuilder, hir::Hir};

use super::settings::{InvalidPersonalSettings, OwnPattern};

/// The patterns, as one automaton.
#[derive(Debug)]
pub(super) struct Own {
    regex: Regex,
    patterns: Vec<OwnPattern>,
    length_max: usize,
}

/// A longer match would be kept in memory while it may go on.
const LENGTH_MAX: usize = 256;

/// More patterns than an operator writes by hand; together they stay within the sizes below.
const COUNT_MAX: usize = 256;

/// Bytes of the compiled patterns, and of what is remembered while they run.
const SIZE_MAX: usize = 1 << 20;

impl Own {
    pub(super) fn new(patterns: Vec<OwnPattern>) -> Result<Self, InvalidPersonalSettings> {
        if patterns.len() > COUNT_MAX {
            return Err(InvalidPersonalSettings::TooManyPatterns(COUNT_MAX));
        }
        let parsed = patterns.iter().map(parse).collect::<Result<Vec<Hir>, _>>()?;
        let length_max = parsed.iter().filter_map(|hir| hir.properties().maximum_len()).max().unwrap_or(0);
        let config = Regex::config().nfa_size_limit(Some(SIZE_MAX)).hybrid_cache_capacity(SIZE_MAX).utf8_empty(false);
        let regex = Regex::builder()
            .configure(config)
            .syntax(syntax::Config::new().utf8(false))
            .build_many_from_hir(&parsed)
            .map_err(|error| InvalidPersonalSettings::Pattern {
                name: named(&patterns, &error),
                reason: error.to_string(),
            })?;
        Ok(Self { regex, patterns, length_max })
    }

    pub(super) fn patterns(&self) -> &[OwnPattern] {
        &self.patterns
    }

    /// Calls `matched` with the place of each match and its pattern's, from `from` on. Returns where a match may still begin.
    pub(super) fn look(
        &self,
        text: &[u8],
        from: usize,
        is_end: bool,
        mut matched: impl FnMut(std::ops::Range<usize>, usize),
    ) -> usize {
        // A match and the byte after it, at which it may look, must be there.
        let decided = if is_end { text.len() } else { text.len().saturating_sub(self.length_max).max(from) };
        let mut at = from;
        while at < decided
            && let Some(found) = self.regex.search(&Input::new(text).span(at..text.len()))
            && found.start() < decided
        {
            matched(found.range(), found.pattern().as_usize());
            at = found.end().max(found.start() + 1);
        }
        decided
    }
}

/// Reads one pattern and judges how long its matches are.
fn parse(pattern: &OwnPattern) -> Result<Hir, InvalidPersonalSettings> {
    let hir =
        ParserBuilder::new().unicode(false).utf8(false).build().parse(&pattern.pattern).map_err(|error| {
            InvalidPersonalSettings::Pattern { name: pattern.name.clone(), reason: error.to_string() }
        })?;
    let is_bounded = hir.properties().minimum_len().is_some_and(|length| length > 0)
        && hir.properties().maximum_len().is_some_and(|length| length <= LENGTH_MAX);
    if is_bounded {
        Ok(hir)
    } else {
        Err(InvalidPersonalSettings::Unbounded { name: pattern.name.clone(), length_max: LENGTH_MAX })
    }
}

/// The pattern that an error is about, or all of them.
fn named(patterns: &[OwnPattern], error: &BuildError) -> String {
    let about = error.pattern().and_then(|pattern| patterns.get(pattern.as_usize()));
    about.map_or_else(|| "all of them together".to_owned(), |pattern| pattern.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(pattern: &str) -> OwnPattern {
        OwnPattern { name: "account".to_owned(), pattern: pattern.to_owned(), score: 80, context_words: Vec::new() }
    }

    #[test]
    fn matches_are_found_and_the_tail_stays_open() {
        let own = Own::new(vec![pattern(r"ACCT-\d{6,10}\b"), pattern(r"\bEMP\d{4}\b")]).unwrap();
        let mut found = Vec::new();
        let text = b"see ACCT-1234567, EMP0042 and ACCT-123456";
        let decided = own.look(text, 0, false, |range, pattern| found.push((range, pattern)));
        assert_eq!((found.as_slice(), decided), ([(4..16, 0), (18..25, 1)].as_slice(), text.len() - 15));
        let decided = own.look(text, decided, true, |range, pattern| found.push((range, pattern)));
        assert_eq!((found.last(), decided), (Some(&(30..41, 0)), text.len()));
    }

    #[test]
    fn a_pattern_without_bound_syntax_or_measure_is_refused_by_its_name() {
        let refused = |text: &str| Own::new(vec![pattern(text)]).unwrap_err().to_string();
        assert_eq!(
            refused(r"\d+"),
            "the pattern `account` must match 1 to 256 bytes; give its repetitions an upper bound, as in `{1,20}`"
        );
        assert!(refused(r"\d{0,3}").contains("must match 1 to 256 bytes"));
        assert!(refused("(").starts_with("the pattern `account` cannot be used: "));
        assert!(refused(r"(?:(?:\pL{0,8}){0,8}x){1,8}").contains("must match") || !refused(r"\pL{999}").is_empty());
    }
}

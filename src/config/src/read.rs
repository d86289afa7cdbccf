//! From text to tables: every problem with keys, types and single values, and not only the first.
//!
//! A deserializer stops at its first error. So the part that it stopped at is taken out, and the rest is read again,
//! until nothing is left to complain of.

use std::ops::Range;

use serde::Deserialize;
use toml::{
    Spanned,
    de::{DeTable, DeValue, ValueDeserializer},
};

use crate::{
    file::FileTable,
    problem::Problems,
    similar::{choices, similar},
};

/// Reads the whole file; none where there was a problem.
pub(crate) fn read(problems: &mut Problems<'_>) -> Option<FileTable> {
    let (mut document, errors) = DeTable::parse_recoverable(problems.source().text());
    if !errors.is_empty() {
        report_syntax(&errors, problems);
        return None;
    }
    let mut taken_out: Vec<TakenOut> = Vec::new();
    while !problems.is_full() {
        let whole = Spanned::new(document.span(), DeValue::Table(document.get_ref().clone()));
        let error = match FileTable::deserialize(ValueDeserializer::from(whole)) {
            Ok(file) => return problems.is_empty().then_some(file),
            Err(error) => error,
        };
        let whole = document.span();
        let span = error.span().unwrap_or_else(|| whole.clone());
        let mut proposed = None;
        if !follows_from(&taken_out, error.message(), &span) {
            proposed = report(error.message(), &span, &whole, problems);
        }
        let Some(part) = take_out(document.get_mut(), &whole, &span) else { break };
        // A key that was misspelt is not missing as well.
        taken_out.extend(proposed.map(|key| TakenOut { table: part.table.clone(), key }));
        taken_out.push(part);
    }
    None
}

/// A key that was taken out of its table; that it is missing since then is no problem of the file.
struct TakenOut {
    table: Range<usize>,
    key: String,
}

/// Whether an error is there only because a part of its table was taken out.
fn follows_from(taken_out: &[TakenOut], message: &str, span: &Range<usize>) -> bool {
    let missing = quoted(message, "missing field ");
    taken_out.iter().any(|part| part.table == *span && missing.is_none_or(|key| key == part.key))
}

/// Takes the entry out whose key or value stands at `span`, the innermost one first.
fn take_out(table: &mut DeTable<'_>, place: &Range<usize>, span: &Range<usize>) -> Option<TakenOut> {
    for (_, value) in table.iter_mut() {
        let place = value.span();
        if let Some(part) = take_out_of_value(value.get_mut(), &place, span) {
            return Some(part);
        }
    }
    let here = |value: &Spanned<DeValue<'_>>| {
        value.span() == *span
            || matches!(value.get_ref(), DeValue::Array(array) if array.iter().any(|item| item.span() == *span))
    };
    let key = table.iter().find(|(key, value)| key.span() == *span || here(value)).map(|(key, _)| key.clone())?;
    let value = table.get_mut(&key)?;
    // One of several tables is taken out alone, so that the others are still read.
    if let DeValue::Array(array) = value.get_mut()
        && array.iter().any(|item| item.span() == *span)
    {
        let mut rest = toml::de::DeArray::new();
        array.iter().filter(|item| item.span() != *span).for_each(|item| rest.push(item.clone()));
        *array = rest;
    } else {
        table.remove(&key);
    }
    Some(TakenOut { table: place.clone(), key: key.into_inner().into_owned() })
}

fn take_out_of_value(value: &mut DeValue<'_>, place: &Range<usize>, span: &Range<usize>) -> Option<TakenOut> {
    match value {
        DeValue::Table(table) => take_out(table, place, span),
        DeValue::Array(array) => array.iter_mut().find_map(|item| {
            let place = item.span();
            take_out_of_value(item.get_mut(), &place, span)
        }),
        DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {
            None
        }
    }
}

fn report_syntax(errors: &[toml::de::Error], problems: &mut Problems<'_>) {
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        // A line that does not parse may hold a secret anywhere, but a syntax error that is not shown helps nobody.
        problems.at(&span, error.message().lines().collect::<Vec<_>>().join(", "));
    }
}

/// Says a deserializer's complaint in the words of TOML. Gives the key back that an unknown one is likely a slip of.
fn report(message: &str, span: &Range<usize>, whole: &Range<usize>, problems: &mut Problems<'_>) -> Option<String> {
    let known = || message.split_once(", expected ").map_or("", |(_, known)| known).split('`').skip(1).step_by(2);
    if let Some(key) = quoted(message, "missing field ") {
        if span == whole {
            problems.at_top(format!("the section `[{key}]` is missing")).help_with(format!("add `[{key}]`"));
        } else {
            // An inline table may hold a secret in the wrong place.
            let is_inline = problems.source().text().get(span.start..).is_some_and(|text| text.starts_with('{'));
            let message = format!("the key `{key}` is missing");
            let problem = if is_inline { problems.at_hidden(span, message) } else { problems.at(span, message) };
            problem.help_with(format!("add `{key} = …`"));
        }
    } else if let Some(key) = quoted(message, "unknown field ") {
        let slip = similar(key, known());
        problems.at_key(span, format!("unknown key `{key}`")).help_with(match slip {
            Some(word) => format!("did you mean `{word}`?"),
            None => format!("the keys here are {}", choices(known(), "and")),
        });
        return slip.map(str::to_owned);
    } else if let Some(word) = quoted(message, "unknown variant ") {
        let help = format!("write {}", choices(known(), "or"));
        problems.at(span, format!("`{word}` is not known here")).help_with(help);
    } else if let Some((found, wanted)) = message.strip_prefix("invalid type: ").and_then(|rest| rest.split_once(", "))
    {
        problems.at(span, format!("this is of the wrong type: {found}")).help_with(format!("write {}", kind(wanted)));
    } else if message == "wanted string or table" {
        problems.at(span, "this is of the wrong type").help_with("write a string");
    } else {
        problems.at(span, message);
    }
    None
}

/// What a deserializer expected, in the words of TOML.
fn kind(expected: &str) -> &str {
    match expected.strip_prefix("expected ").unwrap_or(expected) {
        "i64" => "a whole number",
        "a boolean" => "`true` or `false`",
        "a sequence" => "a list, such as [\"…\"]",
        "a map" => "a table",
        table if table.starts_with("struct ") => "a table",
        other => other,
    }
}

/// What stands in backquotes after `prefix`. The text is foreign, and its own backquotes end nothing.
fn quoted<'a>(message: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = message.strip_prefix(prefix)?.strip_prefix('`')?;
    rest.split_once("`, ").map(|(word, _)| word).or_else(|| rest.strip_suffix('`'))
}

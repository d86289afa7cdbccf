//! `docs/errors.md` has every word that a refused call is told, with its status, and no other.

use std::{collections::BTreeSet, fs};

use http::StatusCode;

use super::{
    holds,
    sources::{Source, root},
};

/// A word and its status; without one where the message decides.
type Told = (String, Option<u16>);

#[test]
fn every_refusal_stands_in_the_documents_with_its_word_and_status() {
    let path = "src/gateway/src/denial/told.rs";
    let code = fs::read_to_string(root().join(path)).expect("the file of the refusals");
    let code = told_in_code(&Source::new(path, &code));
    let documents = fs::read_to_string(root().join("docs/errors.md")).expect("the table of the refusals");
    let documents = told_in_documents(&documents);
    assert!(code.len() > 30, "{code:?}");
    holds("docs/errors.md and src/gateway/src/denial/told.rs tell different words", &differences(&code, &documents));
}

#[test]
fn a_word_without_its_row_and_a_row_without_its_word_are_found() {
    let code = "match self {\n Self::A => told(S::FORBIDDEN, \"a\", \"no\"),\n Self::B { .. } => told(\n S::BAD_GATEWAY,\n \
                \"b\",\n \"no\",\n ),\n Self::C => Self::A.told(),\n}\n";
    let code = told_in_code(&Source::new("denial.rs", code));
    assert_eq!(code, [("a".to_owned(), Some(403)), ("b".to_owned(), Some(502))].into());
    let table = |rows: &str| {
        told_in_documents(&format!("# Errors\n## Refusals of a call\n{rows}## Faults of messages\n| `z` | 1 |\n"))
    };
    assert_eq!(differences(&code, &table("| `a` | 403; MCP 200 | |\n| `b` | 502 | |\n")), Vec::<String>::new());
    assert_eq!(differences(&code, &table("| `a` | see below | |\n| `b` | 502 | |\n")), Vec::<String>::new());
    for rows in ["| `a` | 403 |\n", "| `a` | 403 |\n| `b` | 500 |\n", "| `a` | 403 |\n| `b` | 502 |\n| `c` | 502 |\n"] {
        assert!(!differences(&code, &table(rows)).is_empty(), "{rows}");
    }
}

/// Each `told(S::STATUS, "word", …)`.
fn told_in_code(source: &Source) -> BTreeSet<Told> {
    let lines: Vec<_> = source.product_lines().into_iter().map(|(_, line)| line.trim()).collect();
    let text = lines.join(" ");
    let calls = text.split("told(").skip(1).filter_map(|call| call.trim_start().strip_prefix("S::"));
    let told = calls.filter_map(|call| {
        let (status, rest) = call.split_once(',')?;
        Some((rest.split('"').nth(1)?.to_owned(), number_of(status)))
    });
    told.collect()
}

/// The number of a status that is written as the constant of [`StatusCode`].
fn number_of(constant: &str) -> Option<u16> {
    let statuses = (100..600).filter_map(|number| StatusCode::from_u16(number).ok());
    let mut named = statuses.filter(|status| {
        let reason = status.canonical_reason().unwrap_or_default();
        reason.to_ascii_uppercase().replace([' ', '-'], "_") == constant
    });
    named.next().map(|status| status.as_u16())
}

/// The rows of both tables of refusals: a word, then its status.
fn told_in_documents(text: &str) -> BTreeSet<Told> {
    let tables = text
        .lines()
        .skip_while(|line| *line != "## Refusals of a call")
        .take_while(|line| *line != "## Faults of messages");
    let rows = tables.filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let told = rows.map(|(word, rest)| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        (word.to_owned(), digits.parse().ok())
    });
    told.collect()
}

fn differences(code: &BTreeSet<Told>, documents: &BTreeSet<Told>) -> Vec<String> {
    let stands_in = |told: &Told, others: &BTreeSet<Told>| {
        let is_same = |other: &Told| other.0 == told.0 && (other.1 == told.1 || other.1.is_none() || told.1.is_none());
        others.iter().any(is_same)
    };
    let undocumented =
        code.iter().filter(|told| !stands_in(told, documents)).map(|told| format!("only in the code: {told:?}"));
    let untold =
        documents.iter().filter(|told| !stands_in(told, code)).map(|told| format!("only in the documents: {told:?}"));
    undocumented.chain(untold).collect()
}

//! The reference of the file, rendered from its JSON Schema and so from the doc comments of the types.

use std::fmt::Write as _;

use serde_json::Value;

use crate::schema::schema;

/// The sections in the order in which a reader needs them; a test holds that none is left out.
const SECTIONS: [&str; 12] = [
    "server",
    "admin",
    "vault",
    "session",
    "policy",
    "audit",
    "masking",
    "issuers",
    "agents",
    "introspection_clients",
    "providers",
    "upstreams",
];

const HEAD: &str = "\
# Configuration

<!-- Rendered from the types in src/config. Do not edit: change their doc comments and run `cargo xtask docs`. -->

One file of TOML. An unknown key is an error, and every error says the line, the column and what would be right; `claviger check
-c FILE` finds them all without starting anything. Relative paths begin at the folder of the file. No secret stands in it: a
credential is stored with `claviger secret set`, and the file names where its key comes from.

`[name]` is a section that stands once, `[[name]]` one that may stand several times. `a.b` is the key `b` in a table `a`.
";

/// `docs/configuration.md`: each key with its type, its default and its meaning.
#[must_use]
pub fn reference_markdown() -> String {
    let schema = schema();
    let mut text = HEAD.to_owned();
    for name in SECTIONS {
        render_section(name, &schema["properties"][name], &mut text);
    }
    text
}

/// A section, and then those of the lists of tables in it.
fn render_section(path: &str, section: &Value, text: &mut String) {
    let repeats = section.get("items");
    let table = repeats.unwrap_or(section);
    let heading = if repeats.is_some() { format!("[[{path}]]") } else { format!("[{path}]") };
    let (mut rows, mut lists) = (String::new(), Vec::new());
    render_keys("", table, &mut rows, &mut lists);
    let _infallible = write!(text, "\n## `{heading}`\n\n{}\n", meaning(section));
    if !rows.is_empty() {
        let _infallible = write!(text, "\n| key | type | default | meaning |\n|---|---|---|---|\n{rows}");
    }
    for (name, list) in lists {
        render_section(&format!("{path}.{name}"), list, text);
    }
}

fn render_keys<'a>(prefix: &str, table: &'a Value, text: &mut String, lists: &mut Vec<(String, &'a Value)>) {
    let is_required = |key: &str| table["required"].as_array().is_some_and(|all| all.iter().any(|one| one == key));
    let mut sorted: Vec<_> = table["properties"].as_object().into_iter().flatten().collect();
    // By name, because the order in which a JSON object keeps its members depends on what else is in the build.
    sorted.sort_by_key(|(key, _)| (!is_required(key), key.as_str()));
    for (key, value) in sorted {
        let name = format!("{prefix}{key}");
        if value["items"]["properties"].is_object() {
            lists.push((name, value));
            continue;
        }
        let is_table = value["properties"].is_object();
        let kind = if is_table { "table".to_owned() } else { kind(value) };
        let default = match value.get("default") {
            Some(default) => format!("`{}`", written(default)),
            None if is_required(key) => "required".to_owned(),
            None => String::new(),
        };
        let _infallible = writeln!(text, "| `{name}` | {kind} | {default} | {} |", meaning(value));
        if is_table {
            render_keys(&format!("{name}."), value, text, lists);
        }
    }
}

/// What may stand there, in words.
fn kind(value: &Value) -> String {
    let words = words(value);
    if !words.is_empty() {
        let quoted: Vec<_> = words.iter().map(|(word, _)| format!("`\"{word}\"`")).collect();
        return quoted.join(", ");
    }
    if let Some(format) = value["format"].as_str() {
        return format.to_owned();
    }
    match value["type"].as_str() {
        Some("array") => format!("list of {}", kind(&value["items"])),
        Some("integer") => format!("{} to {}", value["minimum"], value["maximum"]),
        Some("string") => "text".to_owned(),
        Some("boolean") => "`true` or `false`".to_owned(),
        other => other.unwrap_or("").to_owned(),
    }
}

/// The words of an enumeration, each with its meaning where it has one.
fn words(value: &Value) -> Vec<(&str, &str)> {
    let documented = value["oneOf"].as_array().into_iter().flatten();
    let plain = value["enum"].as_array().into_iter().flatten();
    let documented = documented.flat_map(|one| {
        let single = one["const"].as_str().map(|word| (word, one["description"].as_str().unwrap_or("")));
        let several = one["enum"].as_array().into_iter().flatten().filter_map(|word| Some((word.as_str()?, "")));
        single.into_iter().chain(several)
    });
    let constant = value["const"].as_str().map(|word| (word, ""));
    documented.chain(plain.filter_map(|word| Some((word.as_str()?, "")))).chain(constant).collect()
}

fn meaning(value: &Value) -> String {
    let mut text = value["description"].as_str().unwrap_or("").replace('\n', " ").replace('|', "\\|");
    for (word, meaning) in words(value).into_iter().filter(|(_, meaning)| !meaning.is_empty()) {
        let _infallible = write!(text, " `\"{word}\"`: {}", meaning.replace('\n', " "));
    }
    text
}

/// A default as it would stand in the file.
fn written(value: &Value) -> String {
    match value {
        Value::Array(values) => format!("[{}]", values.iter().map(written).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_reference_is_up_to_date() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
        let stands = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            stands == reference_markdown(),
            "docs/configuration.md is stale: run `cargo xtask docs`, or \
             `cargo run -p config --example reference > docs/configuration.md`, and commit it"
        );
    }

    #[test]
    fn no_section_is_left_out() {
        let schema = schema();
        let mut sections: Vec<_> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        let mut known = SECTIONS.to_vec();
        sections.sort_unstable();
        known.sort_unstable();
        assert_eq!(sections, known);
    }

    #[test]
    fn every_key_says_its_type_and_its_meaning() {
        let text = reference_markdown();
        let rows: Vec<_> = text.lines().filter(|line| line.starts_with("| `")).collect();
        assert!(rows.len() > 50, "{text}");
        for row in rows {
            let cells: Vec<_> = row.replace("\\|", "").split('|').map(|cell| cell.trim().to_owned()).collect();
            assert_eq!(cells.len(), 6, "{row}");
            assert!(!cells[2].is_empty() && cells[4].len() > 10, "{row}");
        }
    }
}

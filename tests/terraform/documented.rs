//! Every variable and output of a module says what it is, and every variable refuses what cannot be meant.

use std::fs;

use super::modules;
use crate::support::terraform::source;

/// A block of one file: its name, and its lines.
struct Block {
    name: String,
    text: String,
}

#[test]
fn variables_are_described_and_validated() {
    for module in modules() {
        let variables = blocks(&module, "variables.tf", "variable");
        assert!(variables.len() >= 3, "{module} has {} variables", variables.len());
        for Block { name, text } in variables {
            assert!(text.contains("\n  description = "), "{module}: {name} is not described");
            // Nothing can be wrong about a yes or no, and Terraform does not let a secret decide what is shown.
            let is_free = text.contains("= bool\n") || text.contains("sensitive   = true");
            assert!(is_free || text.contains("\n  validation {"), "{module}: {name} takes anything");
            assert!(readme(&module).contains(&format!("`{name}`")), "{module}: {name} is not in the README");
        }
    }
}

#[test]
fn outputs_are_described() {
    for module in modules() {
        let outputs = blocks(&module, "outputs.tf", "output");
        assert!(!outputs.is_empty(), "{module} has no output");
        for Block { name, text } in outputs {
            assert!(text.contains("\n  description = "), "{module}: {name} is not described");
            assert!(readme(&module).contains(&format!("`{name}`")), "{module}: {name} is not in the README");
        }
    }
}

#[test]
fn readmes_fit_on_a_screen() {
    /// As many lines as a tall window shows.
    const LINES_MAX: usize = 70;
    for module in modules() {
        let readme = readme(&module);
        assert!(readme.lines().count() <= LINES_MAX && readme.contains("**Tests.**"), "{module}");
    }
}

fn readme(module: &str) -> String {
    fs::read_to_string(source().join("modules").join(module).join("README.md")).expect("a module has a README")
}

fn blocks(module: &str, file: &str, kind: &str) -> Vec<Block> {
    let path = source().join("modules").join(module).join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let begin = format!("{kind} \"");
    let starts = text.match_indices(&begin).filter(|(at, _)| *at == 0 || text[..*at].ends_with('\n'));
    let found = starts.map(|(at, _)| {
        let rest = &text[at + begin.len()..];
        let (name, _) = rest.split_once('"').expect("a name ends");
        let end = rest.find("\n}").expect("a block ends");
        Block { name: name.to_owned(), text: rest[..end].to_owned() }
    });
    found.collect()
}

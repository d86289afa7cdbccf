//! Our sources: with comments and tests, or what of them is the product.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// One file, by its path below the root of the repository.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) path: String,
    pub(super) text: String,
    pub(super) is_test: bool,
}

impl Source {
    /// A file that a control makes up.
    pub(super) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), is_test: false }
    }

    /// The lines that are compiled into the product, by number: without comments, and without the tests at the end.
    pub(super) fn product_lines(&self) -> Vec<(usize, &str)> {
        let mut lines = Vec::new();
        let mut after_test_mark = false;
        for (number, line) in (1..).zip(self.text.lines()) {
            let bare = line.trim_start();
            if after_test_mark && bare.starts_with("mod ") && bare.ends_with('{') {
                // Tests stand last in a file.
                break;
            }
            after_test_mark = bare == TEST_MARK || (after_test_mark && bare.starts_with("#["));
            if !self.is_test && !bare.starts_with("//") {
                lines.push((number, line.split(" // ").next().unwrap_or_default()));
            }
        }
        lines
    }

    /// Where the product has one of these words, as `path:line: word`. A word that goes on to the left or right is another.
    pub(super) fn uses(&self, words: &[&str]) -> Vec<String> {
        let mut found = Vec::new();
        for (number, line) in self.product_lines() {
            let used = words.iter().filter(|word| has_word(line, word));
            found.extend(used.map(|word| format!("{}:{number}: {word}", self.path)));
        }
        found
    }
}

const TEST_MARK: &str = "#[cfg(test)]";

fn has_word(line: &str, word: &str) -> bool {
    let is_name = |character: char| character.is_alphanumeric() || character == '_';
    let begins = word.starts_with(is_name);
    let ends = word.ends_with(is_name);
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(is_name);
        let after = line[at + word.len()..].chars().next().is_some_and(is_name);
        !((begins && before) || (ends && after))
    })
}

/// Every file of the product crates, in which tests are marked as such.
pub(super) fn product() -> Vec<Source> {
    let mut sources = Vec::new();
    for kind in ["src", "providers"] {
        for folder in folders(&root().join(kind)) {
            walk(&folder.join("src"), &mut sources);
        }
    }
    let tests = sources.iter().flat_map(test_modules).collect::<Vec<_>>();
    assert!(sources.len() > 100 && tests.len() > 5, "the sources of the product are where they were");
    for source in &mut sources {
        let stem = source.path.trim_end_matches(".rs");
        source.is_test = tests.iter().any(|test| stem == test || stem.starts_with(&format!("{test}/")));
    }
    sources
}

/// Every file of ours.
pub(super) fn all() -> Vec<Source> {
    let mut sources = Vec::new();
    for folder in ["src", "providers", "tests", "xtask"] {
        walk(&root().join(folder), &mut sources);
    }
    assert!(sources.len() > 200, "the sources are where they were");
    sources
}

/// The root of the repository.
pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests stand below the root").to_owned()
}

/// The modules that a file declares for tests alone, as paths without their ending.
fn test_modules(source: &Source) -> Vec<String> {
    let path = Path::new(&source.path);
    let (folder, stem) = (path.parent().unwrap_or(Path::new("")), path.file_stem().unwrap_or_default());
    let inner =
        if matches!(stem.to_str(), Some("lib" | "main" | "mod")) { folder.to_owned() } else { folder.join(stem) };
    let mut modules = Vec::new();
    let mut marked = false;
    let mut named = None;
    for line in source.text.lines().map(str::trim) {
        if let Some(file) = line.strip_prefix("#[path = \"").and_then(|rest| rest.strip_suffix("\"]")) {
            named = Some(folder.join(file.trim_end_matches(".rs")));
        } else if let Some(module) = line
            .trim_start_matches("pub(crate) ")
            .strip_prefix("mod ")
            .and_then(|rest| rest.strip_suffix(';'))
            .filter(|_| marked)
        {
            modules.push(named.take().unwrap_or_else(|| inner.join(module)).to_string_lossy().into_owned());
            marked = false;
        } else {
            marked = line == TEST_MARK || (marked && line.starts_with("#["));
            named = None;
        }
    }
    modules
}

fn walk(folder: &Path, sources: &mut Vec<Source>) {
    let mut entries = listed(folder);
    entries.sort();
    for path in entries {
        if path.is_dir() {
            walk(&path, sources);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let path = path.strip_prefix(root()).expect("it was found there").to_string_lossy().into_owned();
            sources.push(Source { path, text, is_test: false });
        }
    }
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    listed(folder).into_iter().filter(|path| path.is_dir()).collect()
}

fn listed(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.expect("it can be listed").path()).collect()
}

#[test]
fn a_word_is_found_in_code_and_nowhere_else() {
    let text = "//! a.word()\nlet a = b.word(); // word()\n/// word()\nsword(); wordy();\n#[cfg(test)]\nmod tests {\n word();\n}\n";
    let source = Source::new("src/a/src/b.rs", text);
    assert_eq!(source.uses(&["word("]), ["src/a/src/b.rs:2: word("]);
}

#[test]
fn modules_of_tests_are_found_by_their_declarations() {
    let text = "#[cfg(test)]\npub(crate) mod testing;\nmod real;\n#[cfg(test)]\n#[path = \"b_tests.rs\"]\nmod tests;\n";
    assert_eq!(test_modules(&Source::new("src/a/src/lib.rs", text)), ["src/a/src/testing", "src/a/src/b_tests"]);
    assert_eq!(test_modules(&Source::new("src/a/src/b.rs", text))[0], "src/a/src/b/testing");
}

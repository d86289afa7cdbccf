//! What a file looks like: short, with a sentence at its top, with nothing left undone.

use super::{
    holds,
    sources::{self, Source},
};

/// A file is read as a whole; past this it holds two ideas.
const LINES_MAX: usize = 500;

/// Files that are longer nevertheless. This list only shrinks.
const LONGER: &[&str] = &[];

/// Tests that do not run by themselves: a test starts them as its child, to kill it.
const STARTED_BY_A_TEST: &[&str] = &["src/vault/tests/vault/kill.rs", "src/store/tests/killed.rs"];

#[test]
fn files_of_the_product_stay_short() {
    let sources = sources::product();
    holds("a file is too long: find the half that is the guest, and give it a file of its own", &too_long(&sources));
    for file in LONGER {
        let still = sources.iter().any(|source| source.path == *file && source.text.lines().count() > LINES_MAX);
        assert!(still, "{file} is short now; take it off the list");
    }
}

#[test]
fn each_file_says_at_its_top_what_it_does() {
    holds("a file begins with `//!` and one sentence that says what it does", &untitled(&sources::all()));
}

#[test]
fn nothing_is_left_undone() {
    holds("finish it, or take it away", &undone(&sources::all()));
}

#[test]
fn a_long_an_untitled_and_an_unfinished_file_are_found() {
    let source = |text: &str| [Source::new("src/a/src/lib.rs", text)];
    assert!(too_long(&source(&"x\n".repeat(LINES_MAX))).is_empty());
    assert_eq!(too_long(&source(&"x\n".repeat(LINES_MAX + 1))).len(), 1);
    assert_eq!(untitled(&source("use a;\n//! Late.\n")).len(), 1);
    assert_eq!(untitled(&source("//!\n")).len(), 1);
    for (left, right) in
        [("todo", "!()"), ("dbg", "!(x)"), ("#[ign", "ore]"), ("#[ign", "ore = \"slow\"]"), ("unimplemented", "!()")]
    {
        assert_eq!(undone(&source(&format!("//! A.\nfn f() {{ {left}{right} }}\n"))).len(), 1, "{left}{right}");
    }
}

fn too_long(sources: &[Source]) -> Vec<String> {
    let long = sources.iter().filter(|source| !source.is_test && !LONGER.contains(&source.path.as_str()));
    let long = long.map(|source| (source, source.text.lines().count())).filter(|(_, lines)| *lines > LINES_MAX);
    long.map(|(source, lines)| format!("{}: {lines} lines", source.path)).collect()
}

/// Files that the compiler shall refuse are as short as they can be.
fn untitled(sources: &[Source]) -> Vec<String> {
    let ours = sources.iter().filter(|source| !is_refused(&source.path));
    let titled = |source: &Source| source.text.lines().next().and_then(|line| line.strip_prefix("//! ")).is_some();
    ours.filter(|source| !titled(source)).map(|source| source.path.clone()).collect()
}

fn is_refused(path: &str) -> bool {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    ["/tests/refused", "/tests/skipped_stages"].iter().any(|refused| folder.ends_with(refused))
}

fn undone(sources: &[Source]) -> Vec<String> {
    // In two parts, so that this file holds none of them.
    let marks =
        [("todo", "!("), ("dbg", "!("), ("unimplemented", "!("), ("#[ign", "ore")].map(|(a, b)| format!("{a}{b}"));
    let mut found = Vec::new();
    for source in sources {
        let ignored = |mark: &str| mark.starts_with('#') && STARTED_BY_A_TEST.contains(&source.path.as_str());
        let marks = marks.iter().filter(|mark| !ignored(mark));
        let marks = marks.filter(|mark| source.text.lines().any(|line| line.contains(mark.as_str())));
        found.extend(marks.map(|mark| format!("{}: {mark}", source.path)));
    }
    found
}

//! Paths with `*`, and the files that they name.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use crate::{
    address::why,
    at::{At, text},
    problem::Problems,
};

/// The files that the patterns name, in order and each once; a problem for each pattern that names none, with a word on where one
/// comes from.
pub(crate) fn named_files(patterns: &[At<FilePattern>], source: &str, problems: &mut Problems<'_>) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for pattern in patterns {
        let directory = problems.source().resolve(&pattern.value.directory);
        match pattern.value.expand(&directory) {
            Ok(found) if found.is_empty() => {
                let help = format!("a relative path begins at the folder of the configuration file; {source}");
                problems.at(&pattern.span, format!("no file is named {}", pattern.value)).help_with(help);
            }
            Ok(found) => files.extend(found),
            Err(error) => {
                problems
                    .at(&pattern.span, format!("{} cannot be read: {}", directory.display(), why(&error)))
                    .help_with("a relative path begins at the folder of the configuration file");
            }
        }
    }
    files.sort();
    files.dedup();
    files
}

/// A path whose last part may hold `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FilePattern {
    directory: PathBuf,
    name: String,
}

impl FromStr for FilePattern {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let path = Path::new(text);
        let name = path.file_name().and_then(|name| name.to_str()).ok_or("a path to a file, such as policy/*.cedar")?;
        let directory = path.parent().unwrap_or(Path::new(""));
        if directory.to_string_lossy().contains('*') {
            return Err("`*` may stand in the last part of a path only, such as policy/*.cedar");
        }
        Ok(Self { directory: directory.to_owned(), name: name.to_owned() })
    }
}

impl fmt::Display for FilePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.directory.join(&self.name).display())
    }
}

text!(FilePattern: "path with `*`");

impl FilePattern {
    fn expand(&self, directory: &Path) -> std::io::Result<Vec<PathBuf>> {
        let here = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
        let mut files = Vec::new();
        for entry in std::fs::read_dir(here)? {
            let name = entry?.file_name();
            let path = directory.join(&name);
            if name.to_str().is_some_and(|name| matches(&self.name, name)) && path.is_file() {
                files.push(path);
            }
        }
        Ok(files)
    }
}

/// Whether `name` is `pattern`, in which each `*` stands for any characters. A hidden file is matched only by its dot.
fn matches(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut rest) = name.strip_prefix(head) else { return false };
    let mut parts = tail.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or("");
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, name, fits) in [
            ("*.cedar", "a.cedar", true),
            ("*.cedar", "a.cedar.bak", false),
            ("*.cedar", ".a.cedar", false),
            ("a*b*c", "a--b--c", true),
            ("a*b*c", "a--c--b", false),
            ("a*a", "a", false),
            ("a.cedar", "a.cedar", true),
            ("a.cedar", "b.cedar", false),
            ("*", "anything", true),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }
}

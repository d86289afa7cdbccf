//! What kind of traffic a file is.

use std::{fmt, path::Path};

use redact::Content;

/// How much of a file without a telling name says whether it is text.
const LOOKED_AT: usize = 4096;

/// One kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Files of JSON.
    Json,
    /// Text inside of a string of JSON, as the answers of tools have it.
    ToolResult,
    /// Event streams with the lines of a text, and generated ones.
    Events,
    /// HTML and XML.
    Markup,
    /// Source code.
    Source,
    /// Documentation.
    Document,
    /// Rows of logs.
    Log,
    /// Other text.
    Text,
    /// Pictures.
    Image,
    /// Archives.
    Archive,
    /// Programs and other files that are no text.
    Binary,
}

impl Kind {
    pub(super) fn of(path: &Path, bytes: &[u8]) -> Self {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        match path.extension().and_then(|extension| extension.to_str()).unwrap_or_default() {
            "json" | "map" | "ipynb" => Self::Json,
            "html" | "htm" | "xml" | "svg" => Self::Markup,
            "md" | "txt" | "rst" | "tex" | "adoc" => Self::Document,
            "png" | "jpg" | "jpeg" | "gif" | "webp" | "ico" => Self::Image,
            "gz" | "zip" | "tgz" | "xz" | "bz2" | "zst" | "crate" | "whl" | "jar" => Self::Archive,
            "log" => Self::Log,
            "rs" | "c" | "h" | "cc" | "cpp" | "hpp" | "java" | "js" | "ts" | "mjs" | "cjs" | "py" | "go" | "S"
            | "s" | "toml" | "yaml" | "yml" | "css" | "sh" | "pl" | "pm" | "rb" => Self::Source,
            _ if name.to_ascii_lowercase().starts_with("readme") || name == "copyright" => Self::Document,
            _ if str::from_utf8(bytes.get(..LOOKED_AT).unwrap_or(bytes)).is_ok_and(|text| !text.contains('\0')) => {
                Self::Text
            }
            _ => Self::Binary,
        }
    }

    /// Whether it is what people write and tools read to agents.
    pub(super) const fn is_written_by_people(self) -> bool {
        matches!(self, Self::Json | Self::Markup | Self::Source | Self::Document | Self::Text)
    }

    /// What the scanner takes it for.
    pub(super) fn content(self) -> Content {
        Content::of(Some(self.media_type()))
    }

    /// How it would be labeled.
    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Self::Json | Self::ToolResult => "application/json",
            Self::Events => "text/event-stream",
            Self::Markup => "text/html",
            Self::Source | Self::Document | Self::Log | Self::Text => "text/plain",
            Self::Image | Self::Archive | Self::Binary => "application/octet-stream",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Json => "JSON",
            Self::ToolResult => "answers of tools",
            Self::Events => "event streams",
            Self::Markup => "HTML and XML",
            Self::Source => "source code",
            Self::Document => "documentation",
            Self::Log => "logs",
            Self::Text => "other text",
            Self::Image => "images",
            Self::Archive => "archives",
            Self::Binary => "programs and the like",
        })
    }
}

//! What a body is, as far as masking must know.

/// Whether fields with names are looked for in a body. Live secrets are looked for in every body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// JSON.
    Json,
    /// Event streams, which nearly always hold JSON.
    Events,
    /// Forms, markup and any other text.
    Text,
    /// Pictures, archives and the like, in which a replaced value would be damage by chance.
    Binary,
}

/// Types whose bytes are not text, by what their essence starts with.
const BINARY: [&str; 12] = [
    "image/",
    "audio/",
    "video/",
    "font/",
    "application/octet-stream",
    "application/pdf",
    "application/zip",
    "application/gzip",
    "application/zstd",
    "application/wasm",
    "application/vnd.openxmlformats",
    "application/x-tar",
];

impl Content {
    /// Judges by a `Content-Type` value (RFC 9110 section 8.3). What is missing or not known to be binary is taken for text.
    #[must_use]
    pub fn of(content_type: Option<&str>) -> Self {
        let essence =
            content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        // `image/svg+xml` and `application/vnd.….…+json` are text whatever they start with.
        if !essence.ends_with("+xml")
            && !essence.ends_with("+json")
            && BINARY.iter().any(|start| essence.starts_with(start))
        {
            Self::Binary
        } else if essence == "text/event-stream" {
            Self::Events
        } else if essence == "application/json" || essence.ends_with("+json") {
            Self::Json
        } else {
            Self::Text
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_to_be_binary_is_binary() {
        for text in [None, Some(""), Some("image/svg+xml"), Some("x")] {
            assert_eq!(Content::of(text), Content::Text, "{text:?}");
        }
        for json in ["application/json", "application/problem+json"] {
            assert_eq!(Content::of(Some(json)), Content::Json, "{json}");
        }
        assert_eq!(Content::of(Some("text/event-stream; charset=utf-8")), Content::Events);
        for binary in ["image/png", "Application/Octet-Stream", "video/mp4; codecs=x"] {
            assert_eq!(Content::of(Some(binary)), Content::Binary, "{binary}");
        }
    }
}

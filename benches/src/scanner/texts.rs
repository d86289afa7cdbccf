//! The texts that are looked through: what a tool answers, a stream of events, and documentation.

use bytes::Bytes;
use redact::Content;

/// The documentation is our own, over and over.
const DOCUMENTATION: &str = concat!(
    include_str!("../../../docs/configuration.md"),
    include_str!("../../../docs/errors.md"),
    include_str!("../../../docs/logging.md")
);

const TITLES: [&str; 5] = [
    "the build fails on a machine without a network",
    "wrong order of the columns after an export",
    "documentation of the retry policy is out of date",
    "crash when a folder is moved while it is being read",
    "allow several addresses for one customer",
];

/// What kind of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Text {
    Json,
    Events,
    Documentation,
}

impl Text {
    pub(crate) const ALL: [Self; 3] = [Self::Json, Self::Events, Self::Documentation];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Events => "events",
            Self::Documentation => "documentation",
        }
    }

    pub(crate) const fn content(self) -> Content {
        match self {
            Self::Json => Content::Json,
            Self::Events | Self::Documentation => Content::Text,
        }
    }

    /// As much of it; the same for the same length.
    pub(crate) fn write(self, bytes: usize) -> Bytes {
        let mut text = match self {
            Self::Json => String::from(r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"["#),
            Self::Events | Self::Documentation => String::new(),
        };
        let mut number = 0;
        while text.len() < bytes {
            number += 1;
            match self {
                Self::Json => text.push_str(&issue(number).replace('"', "\\\"")),
                Self::Events => text.push_str(&event(number)),
                Self::Documentation => text.push_str(DOCUMENTATION),
            }
        }
        let mut text = text.into_bytes();
        text.truncate(bytes);
        Bytes::from(text)
    }
}

/// An issue as servers of source code list them: identifiers, addresses, times, a hash and a little prose.
fn issue(number: u64) -> String {
    let (title, hash) = (TITLES[number as usize % TITLES.len()], mixed(number));
    format!(
        r#"{{"id":{},"number":{number},"title":"Issue {number}: {title}","state":"open","labels":["bug","help wanted"],"url":"https://git.example.org/repos/octo/tools/issues/{number}","commit":"{hash:016x}{:016x}{:08x}","author":"user-{}","comments":{},"created_at":"2026-{:02}-{:02}T{:02}:{:02}:11Z","body":"It happens since the last release: {title}. Steps: open the settings, choose a folder, and wait for the first result. We expected it to work as in the version before."}},"#,
        hash % 1_000_000_000,
        mixed(hash),
        mixed(hash + 1) as u32,
        number % 50,
        number % 9,
        number % 12 + 1,
        number % 28 + 1,
        number % 24,
        number % 60,
    )
}

fn event(number: u64) -> String {
    format!(
        "event: message\ndata: {{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{{\"progressToken\":\"t{}\",\"progress\":{number},\"message\":\"step {number}: {}\"}}}}\n\n",
        number % 100,
        TITLES[number as usize % TITLES.len()]
    )
}

/// A number that has nothing to do with the one before.
pub(crate) const fn mixed(number: u64) -> u64 {
    let number = (number ^ number >> 29).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (number ^ number >> 32).wrapping_mul(0xc2b2_ae3d_27d4_eb4f)
}

//! What several sections check alike: files that must be there, and URLs that can be reached at all.

use std::{net::IpAddr, ops::Range, path::PathBuf};

use model::{AddressClass, Destination, Scheme};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{at::At, problem::Problems};

/// Which addresses a name may resolve to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Addresses {
    /// Addresses of the public internet only.
    #[default]
    Public,
    /// Also those of private networks (RFC 1918, RFC 4193).
    Private,
    /// Only this machine's own.
    Loopback,
}

impl From<Addresses> for AddressClass {
    fn from(addresses: Addresses) -> Self {
        match addresses {
            Addresses::Public => Self::Public,
            Addresses::Private => Self::Private,
            Addresses::Loopback => Self::Loopback,
        }
    }
}

/// The path, resolved; a problem where no file is there, or where others may read or change what is `private`.
pub(crate) fn existing_file(path: &At<PathBuf>, private: bool, problems: &mut Problems<'_>) -> PathBuf {
    let resolved = problems.source().resolve(&path.value);
    match std::fs::metadata(&resolved) {
        Ok(found) if !found.is_file() => {
            problems.at(&path.span, format!("{} is not a file", resolved.display()));
        }
        Ok(found) if private && others_may_open(&found) => {
            problems
                .at(&path.span, format!("others may read or change {}", resolved.display()))
                .help_with(format!("chmod 600 {}", resolved.display()));
        }
        Ok(_) => {}
        Err(error) => {
            problems
                .at(&path.span, format!("{} cannot be read: {}", resolved.display(), why(&error)))
                .help_with("a relative path begins at the folder of the configuration file");
        }
    }
    resolved
}

/// Why a file cannot be read, in words for a person.
pub(crate) fn why(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "it does not exist".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(unix)]
fn others_may_open(found: &std::fs::Metadata) -> bool {
    /// Its group may read it, so that a secret can be mounted for one group; all else is the owner's.
    const OTHERS: u32 = 0o037;
    std::os::unix::fs::MetadataExt::mode(found) & OTHERS != 0
}

#[cfg(not(unix))]
fn others_may_open(_: &std::fs::Metadata) -> bool {
    false
}

/// Whether a host is this machine by its spelling alone.
pub(crate) fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost") || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// A problem where a URL's host is an address that `allowed` rules out, which no call could ever reach.
pub(crate) fn check_reach(url: &Destination, span: &Range<usize>, allowed: Addresses, problems: &mut Problems<'_>) {
    let host = url.host();
    let wanted = match host.parse::<IpAddr>() {
        _ if is_loopback(host) => Addresses::Loopback,
        Ok(IpAddr::V4(ip)) if ip.is_private() => Addresses::Private,
        Ok(IpAddr::V6(ip)) if ip.is_unique_local() => Addresses::Private,
        Ok(_) => Addresses::Public,
        Err(_) => return,
    };
    let fits = match allowed {
        Addresses::Public => wanted == Addresses::Public,
        Addresses::Private => wanted != Addresses::Loopback,
        Addresses::Loopback => wanted == Addresses::Loopback,
    };
    if !fits {
        let word = |class| match class {
            Addresses::Public => "public",
            Addresses::Private => "private",
            Addresses::Loopback => "loopback",
        };
        problems
            .at(span, format!("{host} is a {} address, and only {} ones are allowed here", word(wanted), word(allowed)))
            .help_with(format!("add `addresses = \"{}\"`", word(wanted)));
    }
}

/// Whether what is sent there can be read on the way.
pub(crate) fn is_readable_on_the_way(url: &Destination) -> bool {
    url.scheme() == Scheme::Http && !is_loopback(url.host())
}

/// Problems with a URL that secrets are sent to: it is `https`, or on this machine.
pub(crate) fn check_secret_url(
    url: &Destination,
    span: &Range<usize>,
    allowed: Addresses,
    problems: &mut Problems<'_>,
) {
    if is_readable_on_the_way(url) {
        problems
            .at(span, "tokens and secrets would travel to this URL without TLS")
            .help_with("write an https URL; http is for a server on this machine");
    } else {
        check_reach(url, span, allowed, problems);
    }
}
